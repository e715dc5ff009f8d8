import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { decode, encode } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { calendar, SHORT_DAYS, SHORT_MONTHS } from "../../text/time.ts";
import type { Location, Server } from "./config.ts";

const REASONS: Record<number, string> = {
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Authorization Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Not Allowed",
  413: "Request Entity Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Temporarily Unavailable",
  504: "Gateway Time-out",
};

const TYPES: Record<string, string> = {
  html: "text/html",
  htm: "text/html",
  css: "text/css",
  xml: "text/xml",
  js: "application/javascript",
  json: "application/json",
  txt: "text/plain",
  png: "image/png",
  jpg: "image/jpeg",
  svg: "image/svg+xml",
};

type Return = NonNullable<Server["returns"]>;

/** What a request answers, and what the error log says about it. */
export interface Answer {
  response: HttpResponse;
  bodySize: number;
  error?: string;
}

const two = (n: number) => String(n).padStart(2, "0");

interface Parts {
  year: number;
  month: number;
  day: number;
  clock: string;
  weekday: string;
}

let lastSecond = Number.NaN;
let lastParts: Parts | undefined;

/** Lines come in runs of the same second. */
function parts(wallMs: number): Parts {
  const second = Math.floor(wallMs / 1000);
  if (lastParts === undefined || second !== lastSecond) {
    lastParts = split(second);
    lastSecond = second;
  }
  return lastParts;
}

function split(seconds: number): Parts {
  const { year, month, day, hour, minute, second, weekday } = calendar(seconds);
  return { year, month, day, clock: `${two(hour)}:${two(minute)}:${two(second)}`, weekday: SHORT_DAYS[weekday]! };
}

/** `Mon, 23 Nov 2026 10:00:00 GMT`. */
export function httpDate(wallMs: number): string {
  const { year, month, day, clock, weekday } = parts(wallMs);
  return `${weekday}, ${two(day)} ${SHORT_MONTHS[month - 1]} ${year} ${clock} GMT`;
}

/** `23/Nov/2026:10:00:00 +0000`, as in the access log. */
export function logDate(wallMs: number): string {
  const { year, month, day, clock } = parts(wallMs);
  return `${two(day)}/${SHORT_MONTHS[month - 1]}/${year}:${clock} +0000`;
}

/** `2026/11/23 10:00:00`, as in the error log. */
export function errorDate(wallMs: number): string {
  const { year, month, day, clock } = parts(wallMs);
  return `${year}/${two(month)}/${two(day)} ${clock}`;
}

/** Serves one request from the container's files. */
export function serve(p: Process, server: Server, request: HttpRequest, version: string, port = 80): Answer {
  const uri = decodePath(request.path.split("?")[0]!);
  const host = request.headers["host"] ?? "localhost";
  if (server.returns) return simple(p, version, server, server.returns, request, port);
  const location = locate(server.locations, uri);
  if (location?.returns) return simple(p, version, server, location.returns, request, port);
  if (request.method !== "GET" && request.method !== "HEAD") return page(p, version, 405, server, request);
  return file(p, version, server, location, uri, host, request, port);
}

/** The location that a request is for. */
export function locationOf(server: Server, request: HttpRequest): { location: Location | undefined; uri: string } {
  const uri = decodePath(request.path.split("?")[0]!);
  return { location: server.returns ? undefined : locate(server.locations, uri), uri };
}

/** The page of a status, the server's own where it has one. */
export function errorAnswer(p: Process, server: Server, code: number, request: HttpRequest, version: string): Answer {
  return page(p, version, code, server, request);
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function locate(locations: readonly Location[], uri: string): Location | undefined {
  let best: Location | undefined;
  for (const location of locations) {
    if (location.modifier === "=" && location.path === uri) return location;
    if (location.modifier === "~" || location.modifier === "=") continue;
    if (uri.startsWith(location.path) && (best === undefined || location.path.length > best.path.length))
      best = location;
  }
  return best;
}

function file(
  p: Process,
  version: string,
  server: Server,
  location: Location | undefined,
  uri: string,
  host: string,
  request: HttpRequest,
  port: number,
): Answer {
  const base = location?.alias
    ? location.alias + uri.slice(location.path.length)
    : (location?.root ?? server.root) + uri;
  const where = `client: ${request.remoteAddress}, server: ${server.names[0] ?? ""}, request: "${request.method} ${request.path} HTTP/1.1", host: "${host}"`;
  try {
    let path = base;
    let node = sys.stat(p, path);
    if (node.kind === "dir") {
      if (!uri.endsWith("/")) return redirect(p, version, absolute(server, request, port, `${uri}/`), request);
      const names = location?.index ?? server.index;
      const found = names.map((name) => `${base}${name}`).find((candidate) => sys.find(p, candidate) !== undefined);
      if (found === undefined) {
        return {
          ...page(p, version, 403, server, request),
          error: `directory index of "${base}" is forbidden, ${where}`,
        };
      }
      path = found;
      node = sys.stat(p, path);
    }
    if (node.kind !== "file") return page(p, version, 404, server, request);
    const bytes = sys.readBytes(p, path);
    const { kernel } = p.machine;
    const modified = kernel.epochMs + Math.floor(node.mtime / 1000);
    const headers = {
      ...common(p, version, TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream", bytes.length),
      "last-modified": httpDate(modified),
      etag: `"${Math.floor(modified / 1000).toString(16)}-${bytes.length.toString(16)}"`,
      "accept-ranges": "bytes",
    };
    if (request.headers["if-none-match"] === headers.etag) {
      const {
        "content-type": _type,
        "content-length": _length,
        "accept-ranges": _ranges,
        ...told
      } = headers as Record<string, string>;
      return finish(304, told, new Uint8Array(0), request);
    }
    const range = rangeOf(request.headers["range"], bytes.length);
    if (range === "none") {
      const answer = page(p, version, 416, server, request);
      const { response } = answer;
      const told = { ...response.headers, "content-range": `bytes */${bytes.length}` };
      return { ...answer, response: { ...response, headers: told } };
    }
    if (range !== undefined) {
      const part = bytes.subarray(range.first, range.last + 1);
      const { "accept-ranges": _, ...rest } = headers;
      const shown = {
        ...rest,
        "content-length": String(part.length),
        "content-range": `bytes ${range.first}-${range.last}/${bytes.length}`,
      };
      return finish(206, shown, part, request);
    }
    return finish(200, headers, bytes, request);
  } catch (error) {
    if (!isErrno(error)) throw error;
    const missing = error.code === "ENOENT" || error.code === "ENOTDIR";
    const number = error.code === "ENOENT" ? 2 : error.code === "ENOTDIR" ? 20 : 13;
    const answer = page(p, version, missing ? 404 : 403, server, request);
    return { ...answer, error: `open() "${base}" failed (${number}: ${error.message}), ${where}` };
  }
}

/** The one range that a request wants of so many bytes; `none`: it lies beyond them; undefined: all, or several. */
function rangeOf(header: string | undefined, size: number): { first: number; last: number } | "none" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const [, from = "", to = ""] = match;
  const first = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  return first > last ? "none" : { first, last };
}

function common(p: Process, version: string, type: string, size: number): Record<string, string> {
  return {
    server: `nginx/${version}`,
    date: httpDate(p.machine.kernel.wallMs),
    "content-type": type,
    "content-length": String(size),
    connection: "keep-alive",
  };
}

/** Fields that stand before others, whenever they were added (ngx_http_header_filter_module.c). */
const FIRST = ["server", "date", "content-type", "content-length", "last-modified", "location", "connection"];

function finish(status: number, given: Record<string, string>, bytes: Uint8Array, request: HttpRequest): Answer {
  const headers: Record<string, string> = {};
  for (const name of FIRST) if (given[name] !== undefined) headers[name] = given[name];
  Object.assign(headers, given);
  if (request.version === "1.0" && headers["connection"] !== undefined) headers["connection"] = "close";
  const body = request.method === "HEAD" ? new Uint8Array(0) : bytes;
  return { response: { status, headers, body: { type: "bytes", bytes: body } }, bodySize: body.length };
}

function errorHtml(code: number, version: string): Uint8Array {
  return errorPage(code, `nginx/${version}`);
}

/** nginx's own page for a status. `name`: `nginx/1.27.4`, or `nginx` with `server_tokens off`. */
export function errorPage(code: number, name: string): Uint8Array {
  const title = `${code} ${REASONS[code] ?? ""}`.trim();
  return encode(
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n` +
      `<hr><center>${name}</center>\r\n</body>\r\n</html>\r\n`,
  );
}

function page(p: Process, version: string, code: number, server: Server, request: HttpRequest): Answer {
  const custom = server.errorPages.get(code);
  if (custom !== undefined && sys.find(p, server.root + custom)?.kind === "file") {
    const bytes = encode(decode(sys.readBytes(p, server.root + custom)));
    return finish(code, common(p, version, "text/html", bytes.length), bytes, request);
  }
  const bytes = errorHtml(code, version);
  return finish(code, common(p, version, "text/html", bytes.length), bytes, request);
}

/** What is said to somebody who speaks plain HTTP on a port of TLS. */
export function plainOnTls(p: Process, _server: Server, request: HttpRequest, version: string): Answer {
  const why = "The plain HTTP request was sent to HTTPS port";
  const bytes = encode(
    decode(errorHtml(400, version))
      .replace("<title>400 Bad Request", `<title>400 ${why}`)
      .replace("</h1></center>", `</h1></center>\r\n<center>${why}</center>`),
  );
  return finish(400, common(p, version, "text/html", bytes.length), bytes, request);
}

function redirect(p: Process, version: string, to: string, request: HttpRequest, code = 301): Answer {
  const bytes = errorHtml(code, version);
  return finish(code, { ...common(p, version, "text/html", bytes.length), location: to }, bytes, request);
}

/** Where a path of this server leads: to the name that it was asked for, at the port that it listens on itself. */
function absolute(server: Server, request: HttpRequest, port: number, path: string): string {
  const secure = server.listens.some((one) => one.ssl && one.port === port);
  const host = (request.headers["host"] ?? server.names[0] ?? "localhost").replace(/:\d+$/, "");
  return `${secure ? "https" : "http"}://${host}${port === (secure ? 443 : 80) ? "" : `:${port}`}${path}`;
}

/** A text with nginx's variables filled in. */
function filledIn(p: Process, server: Server, text: string, request: HttpRequest, port: number): string {
  const host = (request.headers["host"] ?? "").split(":")[0]!;
  return text
    .replace(/\$http_(\w+)/g, (_, name: string) => request.headers[name.toLowerCase().replaceAll("_", "-")] ?? "")
    .replaceAll("$request_method", request.method)
    .replaceAll("$server_port", String(port))
    .replaceAll("$hostname", p.ns.uts.hostname)
    .replaceAll("$remote_addr", request.remoteAddress)
    .replaceAll("$request_uri", request.path)
    .replaceAll("$server_name", server.names[0] ?? "")
    .replaceAll("$host", host);
}

/** Statuses whose answers get the fields of `add_header` (ngx_http_headers_filter_module.c). */
const ADDED_TO = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);

/** An answer with the fields that the location, or else the server, adds. */
export function withAdded(
  p: Process,
  server: Server,
  location: Location | undefined,
  request: HttpRequest,
  response: HttpResponse,
  port: number,
): HttpResponse {
  const added = (location?.addHeaders ?? server.addHeaders)?.filter(
    ({ always, value }) => value !== "" && (always || ADDED_TO.has(response.status)),
  );
  if (added === undefined || added.length === 0) return response;
  const headers: Record<string, string> = { ...response.headers };
  for (const { name, value } of added) {
    const key = name.toLowerCase();
    const text = filledIn(p, server, value, request, port);
    headers[key] = headers[key] === undefined ? text : `${headers[key]}${key === "set-cookie" ? "\n" : ", "}${text}`;
  }
  return { ...response, headers };
}

/** The `return` directive: a redirect, or a body of its own. */
function simple(
  p: Process,
  version: string,
  server: Server,
  { code, text }: Return,
  request: HttpRequest,
  port: number,
): Answer {
  const expanded = filledIn(p, server, text, request, port);
  if ([301, 302, 303, 307, 308].includes(code)) {
    const to = expanded.startsWith("/") ? absolute(server, request, port, expanded) : expanded;
    return redirect(p, version, to, request, code);
  }
  if (expanded === "" && code >= 400) {
    const bytes = errorHtml(code, version);
    return finish(code, common(p, version, "text/html", bytes.length), bytes, request);
  }
  const bytes = encode(expanded);
  if (code === 204) {
    const { server: name, date, connection } = common(p, version, "", 0);
    return finish(code, { server: name!, date: date!, connection: connection! }, bytes, request);
  }
  return finish(code, common(p, version, "application/octet-stream", bytes.length), bytes, request);
}
