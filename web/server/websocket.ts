import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { type ApiDoor, MAX_UNREAD } from "./api-door.ts";
import { type Refusal, refuse } from "./spdy-door.ts";

/** The protocols that a client offers, in its order. */
function offeredBy(request: IncomingMessage): string[] {
  const header = request.headers["sec-websocket-protocol"];
  return header === undefined ? [] : header.split(/\s*,\s*/);
}

const sockets = new WebSocketServer({
  noServer: true,
  // What was agreed on has been put first by `openWebSocket`.
  handleProtocols: (offered) => [...offered][0] ?? false,
});

/**
 * Completes the handshake with the first of the client's protocols that is `known`; "" stands for a client that offers
 * none. Where they cannot agree the answer is a bare 403, as wsstream's handshake has it
 * (apimachinery pkg/util/httpstream/wsstream/conn.go).
 */
export function openWebSocket(
  request: IncomingMessage,
  socket: TLSSocket,
  head: Buffer,
  known: readonly string[],
  opened: (web: WebSocket, protocol: string) => void,
): void {
  const offered = offeredBy(request);
  const protocol = (offered.length === 0 ? [""] : offered).find((each) => known.includes(each));
  if (protocol === undefined) {
    forbid(socket);
    return;
  }
  if (protocol !== "") request.headers["sec-websocket-protocol"] = protocol;
  sockets.handleUpgrade(request, socket, head, (web) => {
    web.on("error", () => web.terminate());
    opened(web, protocol);
  });
}

/** What golang.org/x/net/websocket answers when a handshake is not to its liking. */
export function forbid(socket: TLSSocket): void {
  socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
}

/**
 * Says good-bye and closes the connection, without waiting for the client to say it, too: Go's server does so, and clients
 * that look at the socket rather than at its last bytes (Python's) go by that.
 */
export function hangUp(web: WebSocket, socket: TLSSocket): void {
  web.close(1000);
  socket.end();
}

/** How an answer of the session travels over a WebSocket. */
export interface Way {
  /** Protocols, "" for none. */
  known: readonly string[];
  /** Whether an answer with this head is to be carried; any other is told as an ordinary response. */
  accepts(status: number, isCommand: boolean): boolean;
  /** Hears of the client from here on, and gives what it is sent at first. */
  opened?(web: WebSocket, protocol: string, id: string): Buffer | string | undefined;
  /** What bytes of a channel are sent as. */
  messages(protocol: string, bytes: Uint8Array, channel: number): readonly (Uint8Array | string)[];
}

/** Sends a request into the session and carries the answer over a WebSocket; a client that does not read is cut off. */
export function carry(door: ApiDoor, request: IncomingMessage, socket: TLSSocket, head: Buffer, way: Way): void {
  socket.on("error", () => socket.destroy());
  const early: { bytes: Uint8Array; channel: number }[] = [];
  let open: { web: WebSocket; protocol: string } | undefined;
  let refused: Refusal | undefined;
  let ended = false;
  const send = (bytes: Uint8Array, channel: number) => {
    if (open === undefined) early.push({ bytes, channel });
    else if (open.web.bufferedAmount > MAX_UNREAD) open.web.terminate();
    else for (const message of way.messages(open.protocol, bytes, channel)) open.web.send(message);
  };
  const id = door.nextId();
  door.send(id, request, undefined, {
    head: (status, headers, channels) => {
      if (!way.accepts(status, channels !== undefined)) {
        refused = { status, headers, body: [] };
        return;
      }
      openWebSocket(request, socket, head, way.known, (web, protocol) => {
        open = { web, protocol };
        web.on("close", () => door.abandon(id));
        const first = way.opened?.(web, protocol, id);
        if (first !== undefined) web.send(first);
        for (const { bytes, channel } of early) send(bytes, channel);
        if (ended) hangUp(web, socket);
      });
    },
    data: (bytes, channel) => {
      if (refused) refused.body.push(Buffer.from(bytes));
      else send(bytes, channel);
    },
    end: () => {
      if (refused) refuse(socket, refused);
      ended = true;
      if (open) hangUp(open.web, socket);
    },
    error: () => socket.destroy(),
  });
  socket.on("close", () => door.abandon(id));
}

/** A message of a channel: its number and its bytes, or both as text for those who cannot take bytes (wsstream's base64). */
export function framed(channel: number, content: Uint8Array, base64: boolean): Buffer | string {
  if (base64) return `${channel}${Buffer.from(content).toString("base64")}`;
  return Buffer.concat([Buffer.of(channel), content]);
}

/** The channel and the bytes of a message. */
export function unframed(message: RawData, base64: boolean): { channel: number; content: Buffer } {
  const bytes = Array.isArray(message) ? Buffer.concat(message) : Buffer.from(message as ArrayBuffer);
  if (!base64) return { channel: bytes[0] ?? -1, content: bytes.subarray(1) };
  return {
    channel: Number(bytes.toString("latin1", 0, 1) || -1),
    content: Buffer.from(bytes.toString("latin1", 1), "base64"),
  };
}

export function isWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === "websocket";
}
