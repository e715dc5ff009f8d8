import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { WebSocket } from "ws";
import { type ApiDoor, MAX_UNREAD } from "./api-door.ts";
import { acceptSpdy, messageOf, type Refusal, refuse } from "./spdy-door.ts";
import { applySize } from "./terminal-size.ts";
import { framed, hangUp, isWebSocket, openWebSocket, unframed } from "./websocket.ts";

/** Channels of the remote command protocol (KEP-4006). */
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
const CLOSE = 255;

/** How a protocol writes: in base64 for those who cannot take bytes, and whether the result is a Status as JSON. */
interface Codec {
  base64: boolean;
  json: boolean;
}

/** The kubelet's protocols for WebSockets (staging/src/k8s.io/kubelet pkg/cri/streaming/remotecommand/websocket.go) and KEP-4006's. */
const PROTOCOLS: Readonly<Record<string, Codec>> = {
  "v5.channel.k8s.io": { base64: false, json: true },
  "v4.channel.k8s.io": { base64: false, json: true },
  "v4.base64.channel.k8s.io": { base64: true, json: true },
  "channel.k8s.io": { base64: false, json: false },
  "base64.channel.k8s.io": { base64: true, json: false },
  "": { base64: false, json: false },
};

/** Answers an upgrade request (exec, attach): WebSocket here, SPDY/3.1 in spdy-door.ts. */
export function acceptExec(door: ApiDoor, request: IncomingMessage, socket: TLSSocket, head: Buffer): void {
  socket.on("error", () => socket.destroy());
  if (!isWebSocket(request)) {
    acceptSpdy(door, request, socket, head);
    return;
  }
  let connection: { web: WebSocket; codec: Codec } | undefined;
  const early: { bytes: Uint8Array; channel: number }[] = [];
  let ended = false;
  const send = (bytes: Uint8Array, channel: number) => {
    if (connection === undefined) early.push({ bytes, channel });
    else if (connection.web.bufferedAmount > MAX_UNREAD) connection.web.terminate();
    else write(connection.web, connection.codec, channel, bytes);
  };
  let refused: Refusal | undefined;
  const id = door.nextId();
  door.send(id, request, undefined, {
    head: (status, headers, channels) => {
      if (channels === undefined) {
        refused = { status, headers, body: [] };
        return;
      }
      openWebSocket(request, socket, head, Object.keys(PROTOCOLS), (web, protocol) => {
        const codec = PROTOCOLS[protocol]!;
        connection = { web, codec };
        listen(door, id, web, codec);
        // Tells the client that it is connected.
        const first = firstOutput(request);
        if (first !== undefined) web.send(framed(first, Buffer.alloc(0), codec.base64));
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
      if (connection) hangUp(connection.web, socket);
    },
    error: () => socket.destroy(),
  });
  socket.on("close", () => door.abandon(id));
}

/** The lowest channel that the request wants written. */
function firstOutput(request: IncomingMessage): number | undefined {
  const query = new URL(request.url ?? "/", "http://api").searchParams;
  const wants = (name: string) => ["1", "true"].includes(query.get(name) ?? "");
  return wants("stdout") ? STDOUT : wants("stderr") ? STDERR : undefined;
}

function write(web: WebSocket, codec: Codec, channel: number, bytes: Uint8Array): void {
  const content = channel === ERROR && !codec.json ? messageOf(bytes) : bytes;
  if (content.length > 0) web.send(framed(channel, content, codec.base64));
}

function listen(door: ApiDoor, id: string, web: WebSocket, codec: Codec): void {
  web.on("message", (message) => {
    const { channel, content } = unframed(message, codec.base64);
    if (channel === STDIN) door.input({ type: "api-input", id, bytes: content.toString("base64") });
    else if (channel === CLOSE && content[0] === STDIN) door.input({ type: "api-input", id, bytes: "", end: true });
    else if (channel === RESIZE) applySize(door, id, content.toString("utf8"));
  });
  web.on("close", () => door.abandon(id));
}
