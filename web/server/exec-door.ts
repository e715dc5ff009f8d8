import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { WebSocket } from "ws";
import type { ApiDoor } from "./api-door.ts";
import { acceptSpdy, messageOf } from "./spdy-door.ts";
import { applySize } from "./terminal-size.ts";
import { carry, framed, isWebSocket, unframed } from "./websocket.ts";

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
  if (!isWebSocket(request)) {
    socket.on("error", () => socket.destroy());
    acceptSpdy(door, request, socket, head);
    return;
  }
  carry(door, request, socket, head, {
    known: Object.keys(PROTOCOLS),
    accepts: (_status, isCommand) => isCommand,
    opened: (web, protocol, id) => {
      const codec = PROTOCOLS[protocol]!;
      listen(door, id, web, codec);
      // Tells the client that it is connected.
      const first = firstOutput(request);
      return first === undefined ? undefined : framed(first, Buffer.alloc(0), codec.base64);
    },
    messages: (protocol, bytes, channel) => {
      const { base64, json } = PROTOCOLS[protocol]!;
      const content = channel === ERROR && !json ? messageOf(bytes) : bytes;
      return content.length > 0 ? [framed(channel, content, base64)] : [];
    },
  });
}

/** The lowest channel that the request wants written. */
function firstOutput(request: IncomingMessage): number | undefined {
  const query = new URL(request.url ?? "/", "http://api").searchParams;
  const wants = (name: string) => ["1", "true"].includes(query.get(name) ?? "");
  return wants("stdout") ? STDOUT : wants("stderr") ? STDERR : undefined;
}

function listen(door: ApiDoor, id: string, web: WebSocket, codec: Codec): void {
  web.on("message", (message) => {
    const { channel, content } = unframed(message, codec.base64);
    if (channel === STDIN) door.input({ type: "api-input", id, bytes: content.toString("base64") });
    else if (channel === CLOSE && content[0] === STDIN) door.input({ type: "api-input", id, bytes: "", end: true });
    else if (channel === RESIZE) applySize(door, id, content.toString("utf8"));
  });
}
