import { encodeBody } from "../api/encode.ts";
import type { HttpBody, HttpRequest, HttpResponse } from "../api/http.ts";
import { concat, encode, type Gen, type Kernel, Pipe } from "../kernel/index.ts";
import { NetError } from "./error.ts";
import { ByteReader, titled } from "./http-bytes.ts";
import type { Socket } from "./namespace.ts";

/** How a body ends: after so many bytes, with its chunks, or with the connection. */
type Ending = number | "chunks" | "connection";

/**
 * Asks a server that knows bytes only, e.g. `nc -l`: the request is written out, the answer read as HTTP/1.1. Throws
 * ECONNRESET when nothing comes; status 0 and the bytes themselves when they are no HTTP.
 */
export function* askInBytes(kernel: Kernel, socket: Socket, request: HttpRequest): Gen<HttpResponse> {
  yield* socket.output.write(requestBytes(request));
  const reader = new ByteReader(socket.input);
  let head = yield* readHead(reader);
  while (head?.status !== undefined && head.status >= 100 && head.status < 200 && head.status !== 101)
    head = yield* readHead(reader);
  if (head === undefined) {
    socket.close();
    throw new NetError("ECONNRESET");
  }
  const { status, headers, text } = head;
  const bare = request.method === "HEAD" || status === 204 || status === 304;
  if (bare) {
    socket.close();
    return { status, headers, headText: text, body: { type: "bytes", bytes: new Uint8Array(0) } };
  }
  const length = headers["content-length"];
  const ending: Ending = /\bchunked\b/i.test(headers["transfer-encoding"] ?? "")
    ? "chunks"
    : length === undefined || status === 0
      ? "connection"
      : Number(length);
  const pipe = new Pipe();
  pipe.readers = pipe.writers = 1;
  const body: HttpBody & { type: "stream" } = { type: "stream", pipe, missing: 0 };
  kernel.spawn("http body", carry(reader, pipe, ending, body, socket), { instant: false });
  return { status, headers, headText: text, body };
}

/** Carries a body's bytes on as they come. */
function* carry(
  reader: ByteReader,
  pipe: Pipe,
  ending: Ending,
  body: { missing?: number | "chunks" },
  socket: Socket,
): Gen {
  try {
    let left = ending;
    for (;;) {
      if (left === "chunks") {
        const size = Number.parseInt((yield* reader.line()) ?? "x", 16);
        if (!(size >= 0)) {
          body.missing = "chunks";
          return;
        }
        if (size === 0) {
          while ((yield* reader.line()) || "");
          return;
        }
        const chunk = yield* reader.bytes(size);
        if (chunk === undefined) {
          body.missing = "chunks";
          return;
        }
        yield* reader.line();
        if ((yield* pipe.write(chunk)) === "broken") return;
        continue;
      }
      if (left === 0) return;
      const bytes = yield* reader.some(left === "connection" ? Number.POSITIVE_INFINITY : left);
      if (bytes.length === 0) {
        if (left !== "connection") body.missing = left;
        return;
      }
      if (left !== "connection") left -= bytes.length;
      if ((yield* pipe.write(bytes)) === "broken") return;
    }
  } finally {
    pipe.closeWriter();
    socket.close();
  }
}

function requestBytes({ method, path, headers, body, spelled, lines, version }: HttpRequest): Uint8Array {
  const text = (lines ?? Object.entries(headers))
    .map(([name, value]) => `${spelled?.[name] ?? titled(name)}:${value === "" ? "" : ` ${value}`}\r\n`)
    .join("");
  const head = encode(`${method} ${path} HTTP/${version ?? "1.1"}\r\n${text}\r\n`);
  const bytes = body?.type === "bytes" ? body.bytes : body?.type === "object" ? encode(encodeBody(body)) : undefined;
  if (bytes === undefined) return head;
  if (headers["transfer-encoding"] !== "chunked") return concat([head, bytes]);
  const chunk = bytes.length === 0 ? [] : [encode(`${bytes.length.toString(16)}\r\n`), bytes, encode("\r\n")];
  return concat([head, ...chunk, encode("0\r\n\r\n")]);
}

interface Head {
  status: number;
  headers: Record<string, string>;
  /** As it came, with the empty line. */
  text: string;
}

/** The head of an answer; status 0 when it is none, undefined when the connection ends before anything came. */
function* readHead(reader: ByteReader): Gen<Head | undefined> {
  const first = yield* reader.peek(5);
  if (first.length === 0) return undefined;
  if (!/^HTTP\/?$/.test(String.fromCharCode(...first))) return { status: 0, headers: {}, text: "" };
  const line = (yield* reader.line()) ?? "";
  let text = `${line}\r\n`;
  const status = Number(/^HTTP\/[\d.]+ (\d{3})/.exec(line)?.[1] ?? 0);
  const headers: Record<string, string> = {};
  for (;;) {
    const next = yield* reader.line();
    text += `${next ?? ""}\r\n`;
    if (next === undefined || next === "") return { status, headers, text };
    const colon = next.indexOf(":");
    if (colon <= 0) continue;
    const name = next.slice(0, colon).toLowerCase();
    const value = next.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}${name === "set-cookie" ? "\n" : ", "}${value}` : value;
  }
}
