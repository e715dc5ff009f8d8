import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { ApiDoor } from "./api-door.ts";
import { carry, forbid, isWebSocket } from "./websocket.ts";

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
  const kind = kindOf(request);
  // golang.org/x/net/websocket wants an origin of whoever opens a watch, and takes whatever protocol it offers.
  if (kind === "watch" && request.headers.origin === undefined) {
    forbid(socket);
    return;
  }
  carry(door, request, socket, head, {
    known: kind === "log" ? LOG_PROTOCOLS : [request.headers["sec-websocket-protocol"]?.trim() ?? ""],
    accepts: (status) => status === 200,
    messages: (protocol, bytes) => messages(kind, protocol, bytes),
  });
}

function messages(kind: Kind | undefined, protocol: string, bytes: Uint8Array): (Uint8Array | string)[] {
  if (kind === "watch")
    return Buffer.from(bytes)
      .toString("utf8")
      .split(/(?<=\n)/);
  return [protocol === "base64.binary.k8s.io" ? Buffer.from(bytes).toString("base64") : bytes];
}
