import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { type RawData, type WebSocket, WebSocketServer } from "ws";

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
