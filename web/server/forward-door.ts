import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { createWebSocketStream, type WebSocket } from "ws";
import { type ApiDoor, MAX_UNREAD } from "./api-door.ts";
import { SpdyConnection, type SpdyStream } from "./spdy.ts";
import { type Refusal, refuse } from "./spdy-door.ts";
import { framed, hangUp, isWebSocket, openWebSocket, unframed } from "./websocket.ts";

/** SPDY frames inside a WebSocket: what kubectl speaks since 1.31 (KEP-4006). */
const TUNNEL = "SPDY/3.1+portforward.k8s.io";
/** The protocol inside of SPDY: a data and an error stream for each connection. */
const FORWARD = "portforward.k8s.io";
/**
 * WebSocket without SPDY: two channels a port, each beginning with the port's number (pkg/kubelet … portforward/websocket.go).
 * Whether they are in base64.
 */
const CHANNELS: Readonly<Record<string, boolean>> = {
  "": false,
  "v4.channel.k8s.io": false,
  "v4.base64.channel.k8s.io": true,
};

export function isPortForward(request: IncomingMessage): boolean {
  return /^\/api\/v1\/namespaces\/[^/]+\/pods\/[^/]+\/portforward(\?|$)/.test(request.url ?? "");
}

/** Answers an upgrade request for ports of a Pod: asks the session first, and opens what the client speaks when it may. */
export function acceptForward(door: ApiDoor, request: IncomingMessage, socket: TLSSocket, head: Buffer): void {
  const id = door.nextId();
  let refusal: Refusal | undefined;
  door.send(id, request, undefined, {
    head(status, headers, channels) {
      if (channels === undefined) refusal = { status, headers, body: [] };
      else upgrade(door, id, request, socket, head);
    },
    data: (bytes) => refusal?.body.push(Buffer.from(bytes)),
    end() {
      if (refusal) refuse(socket, refusal);
      else socket.end();
    },
    error: () => socket.destroy(),
  });
  socket.on("close", () => door.abandon(id));
}

function upgrade(door: ApiDoor, id: string, request: IncomingMessage, socket: TLSSocket, head: Buffer): void {
  if (isWebSocket(request)) {
    openWebSocket(request, socket, head, [TUNNEL, ...Object.keys(CHANNELS)], (web, protocol) => {
      if (protocol === TUNNEL) serveSpdy(door, id, createWebSocketStream(web), Buffer.alloc(0));
      else serveChannels(door, id, web, socket, portsOf(request), CHANNELS[protocol]!);
    });
    return;
  }
  const offered = String(request.headers["x-stream-protocol-version"] ?? "").split(/,\s*/);
  if (!offered.includes(FORWARD)) {
    const message = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(" ")}], server accepts [${FORWARD}]`;
    refuse(socket, { status: 403, headers: { "content-type": "text/plain" }, body: [Buffer.from(message)] });
    door.abandon(id);
    return;
  }
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${FORWARD}\r\n\r\n`,
  );
  serveSpdy(door, id, socket, head);
}

/** The streams of one connection, which the client opens one after the other. */
interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
}

function serveSpdy(door: ApiDoor, id: string, duplex: Duplex, head: Buffer): void {
  const pairs = new Map<string, Pair>();
  const open = new Set<string>();
  new SpdyConnection(duplex, head, (stream) => {
    const type = stream.headers.get("streamtype");
    const key = stream.headers.get("requestid") ?? stream.headers.get("port") ?? "";
    if (type !== "data" && type !== "error") return;
    const pair = pairs.get(key) ?? {};
    pair[type] = stream;
    pairs.set(key, pair);
    const { data, error } = pair;
    if (data === undefined || error === undefined) return;
    pairs.delete(key);
    const connection = door.nextId();
    open.add(connection);
    door.forward(id, connection, Number(data.headers.get("port") ?? 0), {
      data: (bytes) => {
        if (duplex.writableLength > MAX_UNREAD) duplex.destroy();
        else data.write(bytes);
      },
      failed: (message) => error.write(message),
      end() {
        open.delete(connection);
        error.end();
        data.end();
      },
    });
    let over = false;
    data.onData = (bytes) => door.input({ type: "api-input", id: connection, bytes: bytes.toString("base64") });
    data.onEnd = () => {
      if (!over) door.input({ type: "api-input", id: connection, bytes: "", end: true });
      over = true;
    };
  });
  duplex.on("error", () => duplex.destroy());
  duplex.on("close", () => {
    for (const connection of open) door.abandon(connection);
    door.abandon(id);
  });
}

function portsOf(request: IncomingMessage): number[] {
  const query = new URL(request.url ?? "/", "http://api").searchParams;
  return query
    .getAll("ports")
    .flatMap((text) => text.split(","))
    .map(Number)
    .filter((port) => port > 0 && port < 65_536);
}

function serveChannels(
  door: ApiDoor,
  id: string,
  web: WebSocket,
  socket: TLSSocket,
  ports: readonly number[],
  base64: boolean,
): void {
  const send = (channel: number, bytes: Uint8Array): void => {
    if (web.bufferedAmount > MAX_UNREAD) web.terminate();
    else web.send(framed(channel, bytes, base64));
  };
  let open = ports.length;
  const connections = ports.map((port, i) => {
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    send(2 * i, number);
    send(2 * i + 1, number);
    const connection = door.nextId();
    door.forward(id, connection, port, {
      data: (bytes) => send(2 * i, bytes),
      failed: (message) => send(2 * i + 1, message),
      end: () => {
        if (--open === 0) hangUp(web, socket);
      },
    });
    return connection;
  });
  web.on("message", (message) => {
    const { channel, content } = unframed(message, base64);
    const connection = channel % 2 === 0 ? connections[channel / 2] : undefined;
    if (connection === undefined) return;
    door.input({ type: "api-input", id: connection, bytes: content.toString("base64") });
  });
  web.on("close", () => {
    for (const connection of connections) door.abandon(connection);
    door.abandon(id);
  });
}
