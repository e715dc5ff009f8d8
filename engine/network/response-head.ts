import { encodeBody } from "../api/encode.ts";
import type { HttpBody, HttpResponse } from "../api/http.ts";
import { encode } from "../kernel/index.ts";
import { calendar, strftime } from "../text/time.ts";

/**
 * An answer with what servers add to it by themselves: the time, and how long it is. nginx's order is its own name, then the
 * time; Go's is what the handler has set, the time and the length (net/http server.go, extraHeader), the other way round in
 * HTTP/2.
 */
export function completed(response: HttpResponse, wallMs: number, method: string, two: boolean): HttpResponse {
  const { headers, headText, status, body, version } = response;
  if (headText !== undefined || version === "1.0" || status < 200 || "date" in headers) return response;
  const { server, "content-length": told, ...rest } = headers;
  const date = strftime("%a, %d %b %Y %H:%M:%S GMT", calendar(Math.floor(wallMs / 1000)));
  const measured = method !== "HEAD" && body.type === "bytes" && status !== 204 && status !== 304;
  const length =
    told ?? (measured && !("transfer-encoding" in headers) ? String(body.bytes.length) : buffered(body, two));
  const size: Record<string, string> = length === undefined ? {} : { "content-length": length };
  if (length === undefined && body.type === "object" && !two) size["transfer-encoding"] = "chunked";
  if (server !== undefined) return { ...response, headers: { server, date, ...headers, ...size } };
  // What a server finds out about a body by itself stands behind what it was told.
  const { "content-type": type, ...set } = rest;
  const last = told !== undefined && Object.keys(headers).at(-1) === "content-type";
  const before = last || type === undefined ? set : rest;
  const behind: Record<string, string> = last && type !== undefined ? { "content-type": type } : {};
  const own = two ? { ...behind, ...size, date } : { date, ...size, ...behind };
  return { ...response, headers: { ...before, ...own } };
}

/** Go's buffers in front of HTTP/1.1 and 2: what fits is measured, what does not goes out in pieces (net/http server.go, h2_bundle.go). */
const [SMALL, LARGE] = [2048, 4096];

/** How long a body is that a Go server sends over HTTP/2, where it tells so; undefined: it goes out in pieces. */
export function lengthOf(body: HttpBody): number | undefined {
  if (body.type === "bytes") return body.bytes.length;
  const length = buffered(body, true);
  return length === undefined ? undefined : Number(length);
}

/** The length of a value as a body, where a Go server that has not been told finds it out; undefined: it does not. */
function buffered(body: HttpBody, two: boolean): string | undefined {
  if (body.type !== "object") return undefined;
  const { length } = encode(encodeBody(body));
  return length > (two ? LARGE : SMALL) ? undefined : String(length);
}

/** What nginx writes first, whoever has said it (ngx_http_header_filter_module.c). */
const NGINX_FIRST = [
  ...["server", "date", "content-type", "content-length", "last-modified", "location"],
  ...["transfer-encoding", "connection", "keep-alive", "vary"],
];

/** An answer's header fields in nginx's order. */
export function nginxOrder(headers: Readonly<Record<string, string>>): Record<string, string> {
  const first = NGINX_FIRST.filter((name) => name in headers).map((name): [string, string] => [name, headers[name]!]);
  return { ...Object.fromEntries(first), ...headers };
}
