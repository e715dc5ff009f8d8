import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import transport from "spdy-transport";
import type { ApiDoor } from "./api-door.ts";

/** Protocols of SPDY exec and attach, best first (kubelet's remotecommand constants): v4 ends with a Status as JSON. */
const PROTOCOLS = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io"];

type StreamType = "error" | "stdin" | "stdout" | "stderr" | "resize";

interface SpdyStream extends Duplex {
  headers: Record<string, string | string[]>;
  respond(status: number, headers: Record<string, string>): void;
}

/** Serves an exec or attach over SPDY/3.1, which clients fall back to when they cannot open a WebSocket. */
export function acceptSpdy(door: ApiDoor, request: IncomingMessage, socket: TLSSocket): void {
  const offered = String(request.headers["x-stream-protocol-version"] ?? "").split(/,\s*/);
  const protocol = PROTOCOLS.find((each) => offered.includes(each));
  const streams = new Map<StreamType, SpdyStream>();
  /** What came before its stream was opened. */
  const early: { bytes: Uint8Array; type: StreamType }[] = [];
  let opened = false;
  let over = false;
  let refusal: { status: number; headers: Readonly<Record<string, string>>; body: Uint8Array[] } | undefined;

  const send = (type: StreamType, bytes: Uint8Array) => {
    const stream = streams.get(type);
    if (stream === undefined) early.push({ type, bytes });
    else stream.write(Buffer.from(bytes));
  };
  const finish = () => {
    for (const type of ["stdout", "stderr", "error"] as const) streams.get(type)?.end();
  };

  const id = door.nextId();
  door.send(id, request, undefined, {
    head(status, headers, channels) {
      if (channels === undefined || protocol === undefined) {
        refusal = { status: channels === undefined ? status : 403, headers, body: [] };
        return;
      }
      opened = true;
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
      );
      const connection = transport.connection.create(socket, { protocol: "spdy", isServer: true });
      connection.on("error", () => socket.destroy());
      connection.on("stream", (stream: SpdyStream) => {
        stream.respond(200, {});
        stream.on("error", () => {});
        const type = String(stream.headers["streamtype"]) as StreamType;
        streams.set(type, stream);
        if (type === "stdin") readStdin(door, id, stream);
        else if (type === "resize") readSizes(door, id, stream);
        else stream.resume();
        for (const part of early.splice(0)) send(part.type, part.bytes);
        if (over && streams.has("error")) finish();
      });
      connection.start(3.1);
    },
    data(bytes, channel) {
      if (refusal) refusal.body.push(bytes);
      else send(channel === 1 ? "stdout" : channel === 2 ? "stderr" : "error", channel === 3 ? resultOf(bytes) : bytes);
    },
    end() {
      over = true;
      if (refusal) refuse(socket, refusal);
      else if (early.length === 0) finish();
    },
    error() {
      if (!opened) socket.destroy();
    },
  });
  socket.on("close", () => door.abandon(id));
}

/** Success is told by silence. */
function resultOf(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString("utf8");
  return (JSON.parse(text) as { status?: string }).status === "Success" ? new Uint8Array(0) : bytes;
}

function readStdin(door: ApiDoor, id: string, stream: SpdyStream): void {
  stream.on("data", (bytes: Buffer) => door.input({ type: "api-input", id, bytes: bytes.toString("base64") }));
  stream.on("end", () => door.input({ type: "api-input", id, bytes: "", end: true }));
}

function readSizes(door: ApiDoor, id: string, stream: SpdyStream): void {
  stream.on("data", (bytes: Buffer) => {
    for (const line of bytes.toString("utf8").split("\n")) {
      if (line.trim() === "") continue;
      try {
        const { Width, Height } = JSON.parse(line) as { Width: number; Height: number };
        if (Number.isInteger(Width) && Number.isInteger(Height)) {
          door.input({ type: "api-resize", id, columns: Width, rows: Height });
        }
      } catch {
        // A malformed size is no reason to end somebody's shell.
      }
    }
  });
}

/** Answers an upgrade request with an ordinary response. */
export function refuse(
  socket: TLSSocket,
  { status, headers, body }: { status: number; headers: Readonly<Record<string, string>>; body: Uint8Array[] },
): void {
  const content = Buffer.concat(body);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    `HTTP/1.1 ${status} Status\r\n${lines.join("")}content-length: ${content.length}\r\nconnection: close\r\n\r\n`,
  );
  socket.end(content);
}
