import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { type WebSocket, WebSocketServer } from "ws";
import { type ApiDoor, MAX_UNREAD } from "./api-door.ts";
import { acceptSpdy, refuse } from "./spdy-door.ts";
import { applySize } from "./terminal-size.ts";

/** Channels of the remote command protocol (KEP-4006). */
const STDIN = 0;
const RESIZE = 4;
const CLOSE = 255;

const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io"];

const sockets = new WebSocketServer({
  noServer: true,
  handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
});

/** Answers an upgrade request (exec, attach): WebSocket here, SPDY/3.1 in spdy-door.ts. */
export function acceptExec(door: ApiDoor, request: IncomingMessage, socket: TLSSocket, head: Buffer): void {
  socket.on("error", () => socket.destroy());
  if (request.headers.upgrade?.toLowerCase() !== "websocket") {
    acceptSpdy(door, request, socket, head);
    return;
  }
  let web: WebSocket | undefined;
  const early: { bytes: Uint8Array; channel: number }[] = [];
  let ended = false;
  const send = (bytes: Uint8Array, channel: number) => {
    if (web === undefined) early.push({ bytes, channel });
    else if (web.bufferedAmount > MAX_UNREAD) web.terminate();
    else web.send(Buffer.concat([Buffer.of(channel), bytes]));
  };
  let refused: { status: number; headers: Readonly<Record<string, string>>; body: Buffer[] } | undefined;
  const id = door.nextId();
  door.send(id, request, undefined, {
    head: (status, headers, channels) => {
      if (channels === undefined) {
        refused = { status, headers, body: [] };
        return;
      }
      sockets.handleUpgrade(request, socket, head, (opened) => {
        web = opened;
        listen(door, id, opened);
        for (const { bytes, channel } of early) send(bytes, channel);
        if (ended) opened.close(1000);
      });
    },
    data: (bytes, channel) => {
      if (refused) refused.body.push(Buffer.from(bytes));
      else send(bytes, channel);
    },
    end: () => {
      if (refused) refuse(socket, refused);
      ended = true;
      web?.close(1000);
    },
    error: () => socket.destroy(),
  });
  socket.on("close", () => door.abandon(id));
}

function listen(door: ApiDoor, id: string, web: WebSocket): void {
  web.on("message", (message) => {
    const bytes = Array.isArray(message) ? Buffer.concat(message) : Buffer.from(message as ArrayBuffer);
    const channel = bytes[0];
    const payload = bytes.subarray(1);
    if (channel === STDIN) door.input({ type: "api-input", id, bytes: payload.toString("base64") });
    else if (channel === CLOSE && payload[0] === STDIN) door.input({ type: "api-input", id, bytes: "", end: true });
    else if (channel === RESIZE) applySize(door, id, payload.toString("utf8"));
  });
  web.on("close", () => door.abandon(id));
  web.on("error", () => web.terminate());
}
