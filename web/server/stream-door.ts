import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { WebSocket } from "ws";
import { type ApiDoor, MAX_UNREAD } from "./api-door.ts";
import { type Refusal, refuse } from "./spdy-door.ts";
import { forbid, hangUp, isWebSocket, openWebSocket } from "./websocket.ts";

/** Protocols in which a WebSocket carries a log (apimachinery pkg/util/httpstream/wsstream/stream.go). */
const LOG_PROTOCOLS = ["", "binary.k8s.io", "base64.binary.k8s.io"];

type Kind = "watch" | "log";

/** What a WebSocket is asked to carry that is an ordinary response else. */
function kindOf(request: IncomingMessage): Kind | undefined {
  if (!isWebSocket(request)) return undefined;
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://api");
  if (["1", "true"].includes(searchParams.get("watch") ?? "") || /^\/apis?\/([^/]+\/)?[^/]+\/watch\//.test(pathname)) {
    return "watch";
  }
  return /^\/api\/v1\/namespaces\/[^/]+\/pods\/[^/]+\/log$/.test(pathname) ? "log" : undefined;
}

export function isStream(request: IncomingMessage): boolean {
  return kindOf(request) !== undefined;
}

/**
 * Answers a watch or a log over a WebSocket, as browsers and some client libraries ask for them: an event a message
 * (apiserver pkg/endpoints/handlers/watch.go), or the log's bytes as they come.
 */
export function acceptStream(door: ApiDoor, request: IncomingMessage, socket: TLSSocket, head: Buffer): void {
  socket.on("error", () => socket.destroy());
  const kind = kindOf(request);
  // golang.org/x/net/websocket wants an origin of whoever opens a watch.
  if (kind === "watch" && request.headers.origin === undefined) {
    forbid(socket);
    return;
  }
  const offered = request.headers["sec-websocket-protocol"];
  const known = kind === "log" ? LOG_PROTOCOLS : [offered === undefined ? "" : offered.trim()];
  let web: WebSocket | undefined;
  let protocol = "";
  let ended = false;
  const early: Uint8Array[] = [];
  const send = (bytes: Uint8Array) => {
    if (web === undefined) early.push(bytes);
    else if (web.bufferedAmount > MAX_UNREAD) web.terminate();
    else for (const message of messages(kind, protocol, bytes)) web.send(message);
  };
  let refused: Refusal | undefined;
  const id = door.nextId();
  door.send(id, request, undefined, {
    head: (status, headers) => {
      if (status !== 200) {
        refused = { status, headers, body: [] };
        return;
      }
      openWebSocket(request, socket, head, known, (opened, agreed) => {
        web = opened;
        protocol = agreed;
        opened.on("close", () => door.abandon(id));
        for (const bytes of early) send(bytes);
        if (ended) hangUp(opened, socket);
      });
    },
    data: (bytes) => {
      if (refused) refused.body.push(Buffer.from(bytes));
      else send(bytes);
    },
    end: () => {
      if (refused) refuse(socket, refused);
      ended = true;
      if (web) hangUp(web, socket);
    },
    error: () => socket.destroy(),
  });
  socket.on("close", () => door.abandon(id));
}

function messages(kind: Kind | undefined, protocol: string, bytes: Uint8Array): (Uint8Array | string)[] {
  if (kind === "watch")
    return Buffer.from(bytes)
      .toString("utf8")
      .split(/(?<=\n)/);
  return [protocol === "base64.binary.k8s.io" ? Buffer.from(bytes).toString("base64") : bytes];
}
