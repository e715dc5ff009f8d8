import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { TLSSocket } from "node:tls";
import { type ApiDoor, MAX_UNREAD } from "./api-door.ts";
import { SpdyConnection, type SpdyStream } from "./spdy.ts";
import { applySize } from "./terminal-size.ts";

/** Protocols of SPDY exec and attach, best first (kubelet's remotecommand constants): v4 ends with a Status as JSON. */
const PROTOCOLS = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io"];

const OUTPUTS = ["stdout", "stderr", "error"] as const;
type Output = (typeof OUTPUTS)[number];

/** Serves an exec or attach over SPDY/3.1, which clients fall back to when they cannot open a WebSocket. */
export function acceptSpdy(door: ApiDoor, request: IncomingMessage, socket: TLSSocket, head: Buffer): void {
  const offered = String(request.headers["x-stream-protocol-version"] ?? "").split(/,\s*/);
  const protocol = PROTOCOLS.find((each) => offered.includes(each));
  const streams = new Map<string, SpdyStream>();
  /** What came before its stream was opened. */
  const early = new Map<Output, Uint8Array[]>();
  let opened = false;
  let over = false;
  let refusal: Refusal | undefined;

  const send = (type: Output, bytes: Uint8Array) => {
    const stream = streams.get(type);
    if (socket.writableLength > MAX_UNREAD) socket.destroy();
    else if (stream) stream.write(bytes);
    else early.set(type, [...(early.get(type) ?? []), bytes]);
  };
  const accept = (stream: SpdyStream) => {
    const type = stream.headers.get("streamtype") ?? "";
    streams.set(type, stream);
    if (type === "stdin") readStdin(door, id, stream);
    else if (type === "resize") readSizes(door, id, stream);
    const output = OUTPUTS.find((each) => each === type);
    if (output === undefined) return;
    for (const bytes of early.get(output) ?? []) stream.write(bytes);
    if (over) stream.end();
  };

  const id = door.nextId();
  door.send(id, request, undefined, {
    head(status, headers, channels) {
      if (channels === undefined) {
        refusal = { status, headers, body: [] };
        return;
      }
      if (protocol === undefined) {
        const message = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(" ")}], server accepts [${PROTOCOLS.join(" ")}]`;
        refuse(socket, { status: 403, headers: { "content-type": "text/plain" }, body: [Buffer.from(message)] });
        door.abandon(id);
        return;
      }
      opened = true;
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
      );
      new SpdyConnection(socket, head, accept);
    },
    data(bytes, channel) {
      if (refusal) refusal.body.push(bytes);
      else if (channel === 3) send("error", protocol === PROTOCOLS[0] ? bytes : messageOf(bytes));
      else send(channel === 1 ? "stdout" : "stderr", bytes);
    },
    end() {
      over = true;
      if (refusal) refuse(socket, refusal);
      else for (const type of OUTPUTS) streams.get(type)?.end();
    },
    error() {
      if (!opened) socket.destroy();
    },
  });
  socket.on("close", () => door.abandon(id));
}

/** How protocols before v4 tell the result: silence for success, else the message. */
export function messageOf(bytes: Uint8Array): Uint8Array {
  const { status, message = "" } = JSON.parse(Buffer.from(bytes).toString("utf8")) as Record<string, string>;
  return Buffer.from(status === "Success" ? "" : message);
}

function readStdin(door: ApiDoor, id: string, stream: SpdyStream): void {
  let ended = false;
  stream.onData = (bytes) => door.input({ type: "api-input", id, bytes: bytes.toString("base64") });
  stream.onEnd = () => {
    if (!ended) door.input({ type: "api-input", id, bytes: "", end: true });
    ended = true;
  };
}

/** Sizes come as JSON values one after another. */
function readSizes(door: ApiDoor, id: string, stream: SpdyStream): void {
  let text = "";
  stream.onData = (bytes) => {
    text += bytes.toString("utf8");
    for (let end = text.indexOf("}"); end >= 0; end = text.indexOf("}")) {
      applySize(door, id, text.slice(0, end + 1));
      text = text.slice(end + 1);
    }
    if (text.length > 1000) text = "";
  };
}

export interface Refusal {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array[];
}

/** Answers an upgrade request with an ordinary response. */
export function refuse(socket: TLSSocket, { status, headers, body }: Refusal): void {
  const content = Buffer.concat(body);
  const lines = Object.entries(headers)
    .filter(([name]) => name !== "content-length")
    .map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Status"}\r\n${lines.join("")}content-length: ${content.length}\r\nconnection: close\r\n\r\n`,
  );
  socket.end(content);
}
