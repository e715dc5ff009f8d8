import { encodeBody } from "../api/encode.ts";
import type { HttpBody, HttpRequest, HttpResponse } from "../api/http.ts";
import { concat, decode, encode, type Gen, type Pipe } from "../kernel/index.ts";
import { isNetError } from "./error.ts";
import type { Socket } from "./namespace.ts";
import { reasonOf } from "./reason.ts";

/** Largest head of a request, and most bytes of its body that are read. */
const MAX_HEAD = 64 * 1024;
const MAX_BODY = 4 * 1024 * 1024;
const BLOCK = 65_536;

/** Reads what the other side sends, piece by piece. */
export class ByteReader {
  private readonly pipe: Pipe;
  private held: Uint8Array = new Uint8Array(0);

  constructor(pipe: Pipe) {
    this.pipe = pipe;
  }

  /** More bytes, false at the end. */
  private *fill(): Gen<boolean> {
    for (;;) {
      const bytes = yield* this.pipe.read(BLOCK);
      if (bytes === "interrupted") continue;
      if (bytes.length === 0) return false;
      this.held = this.held.length === 0 ? bytes : concat([this.held, bytes]);
      return true;
    }
  }

  /** Up to and without a line's end; undefined at the end or when it grows too long. */
  *line(): Gen<string | undefined> {
    for (;;) {
      const at = this.held.indexOf(10);
      if (at >= 0) {
        const line = decode(this.held.subarray(0, at));
        this.held = this.held.subarray(at + 1);
        return line.endsWith("\r") ? line.slice(0, -1) : line;
      }
      if (this.held.length > MAX_HEAD || !(yield* this.fill())) return undefined;
    }
  }

  *bytes(count: number): Gen<Uint8Array | undefined> {
    while (this.held.length < count) if (!(yield* this.fill())) return undefined;
    return this.take(count);
  }

  /** What comes next, at most `most` bytes; none at the end. */
  *some(most: number): Gen<Uint8Array> {
    if (this.held.length === 0) yield* this.fill();
    return this.take(most);
  }

  /** The next `count` bytes (fewer at the end), which stay. */
  *peek(count: number): Gen<Uint8Array> {
    while (this.held.length < count && (yield* this.fill()));
    return this.held.subarray(0, count);
  }

  private take(most: number): Uint8Array {
    const out = this.held.subarray(0, most);
    this.held = this.held.subarray(out.length);
    return out;
  }
}

interface Head {
  method: string;
  path: string;
  version: string;
  headers: Record<string, string>;
}

function* readHead(reader: ByteReader): Gen<Head | "bad" | undefined> {
  let first = yield* reader.line();
  // Servers pass over an empty line before a request (RFC 9112, 2.2).
  while (first === "") first = yield* reader.line();
  if (first === undefined) return undefined;
  const [, method, path, version] = /^([A-Za-z]+) (\S+) (HTTP\/1\.[01])$/.exec(first) ?? [];
  if (method === undefined) return "bad";
  const headers: Record<string, string> = {};
  for (;;) {
    const line = yield* reader.line();
    if (line === undefined) return undefined;
    if (line === "") return { method, path: path!, version: version!, headers };
    const colon = line.indexOf(":");
    if (colon <= 0) return "bad";
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
}

function* readBody(reader: ByteReader, headers: Readonly<Record<string, string>>): Gen<Uint8Array | undefined> {
  if (/\bchunked\b/i.test(headers["transfer-encoding"] ?? "")) {
    const chunks: Uint8Array[] = [];
    let total = 0;
    for (;;) {
      const size = Number.parseInt((yield* reader.line()) ?? "", 16);
      if (!(size >= 0) || (total += size) > MAX_BODY) return undefined;
      if (size === 0) {
        while ((yield* reader.line()) || "");
        return concat(chunks);
      }
      const chunk = yield* reader.bytes(size);
      if (chunk === undefined) return undefined;
      chunks.push(chunk);
      yield* reader.line();
    }
  }
  const length = Number(headers["content-length"] ?? 0);
  if (!(length >= 0) || length > MAX_BODY) return undefined;
  return length === 0 ? new Uint8Array(0) : yield* reader.bytes(length);
}

/**
 * Speaks HTTP/1.1 in bytes for a server whose requests are values: what a client of plain sockets sends is read, asked
 * through `ask`, and the answer written back, until the client or `Connection: close` ends it.
 */
export function* serveHttpBytes(
  socket: Socket,
  ask: (request: HttpRequest) => Gen<HttpResponse>,
  remoteAddress: string,
): Gen {
  const reader = new ByteReader(socket.input);
  const send = function* (bytes: Uint8Array | string): Gen<boolean> {
    return (yield* socket.output.write(typeof bytes === "string" ? encode(bytes) : bytes)) !== "broken";
  };
  try {
    for (;;) {
      const head = yield* readHead(reader);
      if (head === undefined) return;
      if (head === "bad") {
        yield* send("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n400 Bad Request");
        return;
      }
      const { method, path, version, headers } = head;
      if (/100-continue/i.test(headers["expect"] ?? "")) yield* send("HTTP/1.1 100 Continue\r\n\r\n");
      const body = yield* readBody(reader, headers);
      if (body === undefined) return;
      const response = yield* ask({
        method,
        path,
        headers,
        remoteAddress,
        ...(body.length > 0 && { body: { type: "bytes", bytes: body } as const }),
      });
      const close =
        version === "HTTP/1.0" || response.version === "1.0" || /\bclose\b/i.test(headers["connection"] ?? "");
      if (!(yield* writeAnswer(send, response, method === "HEAD", close, version)) || close) return;
    }
  } catch (error) {
    if (!isNetError(error)) throw error;
  } finally {
    socket.close();
  }
}

/** What a Go server says to who does not begin with a TLS handshake. */
export function* plainOnTls(): Gen<HttpResponse> {
  const bytes = encode("Client sent an HTTP request to an HTTPS server.\n");
  return { status: 400, headers: {}, body: { type: "bytes", bytes } };
}

type Send = (bytes: Uint8Array | string) => Gen<boolean>;

function* writeAnswer(
  send: Send,
  response: HttpResponse,
  bare: boolean,
  close: boolean,
  version: string,
): Gen<boolean> {
  const { status, headers, body } = response;
  const whole = bytesOf(body);
  const chunked = whole === undefined && version === "HTTP/1.1";
  let text = `HTTP/${response.version ?? "1.1"} ${status} ${reasonOf(response) || "Unknown"}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (name !== "transfer-encoding" && (name !== "content-length" || whole !== undefined))
      text += `${response.spelled?.[name] ?? titled(name)}: ${value}\r\n`;
  }
  const empty = status === 204 || status === 304;
  if (chunked) text += "Transfer-Encoding: chunked\r\n";
  else if (whole !== undefined && !empty && !("content-length" in headers))
    text += `Content-Length: ${whole.length}\r\n`;
  if (close || (whole === undefined && !chunked)) text += "Connection: close\r\n";
  if (!(yield* send(`${text}\r\n`))) return false;
  if (bare || empty) return true;
  if (whole !== undefined) return yield* send(whole);
  if (body.type !== "stream") return false;
  for (;;) {
    const bytes = yield* body.pipe.read(BLOCK);
    if (bytes === "interrupted") continue;
    if (bytes.length === 0) return chunked ? yield* send("0\r\n\r\n") : false;
    const piece = chunked ? concat([encode(`${bytes.length.toString(16)}\r\n`), bytes, encode("\r\n")]) : bytes;
    if (!(yield* send(piece))) {
      body.pipe.closeReader();
      return false;
    }
  }
}

function bytesOf(body: HttpBody): Uint8Array | undefined {
  if (body.type === "bytes") return body.bytes;
  return body.type === "object" ? encode(encodeBody(body)) : undefined;
}

/** `content-type` → `Content-Type`, as most servers and clients write it. */
export function titled(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_all, dash: string, letter: string) => dash + letter.toUpperCase());
}
