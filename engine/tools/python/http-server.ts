import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { httpDate, logDate } from "../../images/nginx/http.ts";
import { say, serving } from "../../images/servers/serving.ts";
import { decode, encode, type Gen } from "../../kernel/index.ts";
import { entriesOf } from "../../machine/inode.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { NetError } from "../../network/index.ts";
import { parseDate } from "../../text/date-parse.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";

/** Types of files by their endings (Lib/mimetypes.py of 3.11, and what Debian's /etc/mime.types adds). */
const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  csv: "text/csv",
  gif: "image/gif",
  gz: "application/gzip",
  htm: "text/html",
  html: "text/html",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "text/javascript",
  json: "application/json",
  md: "text/markdown",
  pdf: "application/pdf",
  png: "image/png",
  py: "text/x-python",
  sh: "text/x-sh",
  svg: "image/svg+xml",
  tar: "application/x-tar",
  tgz: "application/gzip",
  txt: "text/plain",
  xml: "text/xml",
  yaml: "application/yaml",
  yml: "application/yaml",
  zip: "application/zip",
};

const EXPLAINED: Readonly<Record<number, string>> = {
  404: "Nothing matches the given URI",
  501: "Server does not support this operation",
};

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function errorPage(code: number, message: string): string {
  return `<!DOCTYPE HTML>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <title>Error response</title>
    </head>
    <body>
        <h1>Error response</h1>
        <p>Error code: ${code}</p>
        <p>Message: ${message}.</p>
        <p>Error code explanation: ${code} - ${EXPLAINED[code]}.</p>
    </body>
</html>
`;
}

/** A folder's entries, whatever their case in order (SimpleHTTPRequestHandler.list_directory). */
function listing(p: Process, folder: string, path: string): string {
  const node = sys.find(p, folder);
  const names = node?.kind === "dir" ? [...entriesOf(node).keys()] : [];
  const lower = (name: string) => name.toLowerCase();
  names.sort((a, b) => (lower(a) < lower(b) ? -1 : lower(a) > lower(b) ? 1 : 0));
  const items = names.map((name) => {
    const child = `${folder}/${name}`;
    const slash = sys.find(p, child)?.kind === "dir" ? "/" : "";
    const shown = sys.find(p, child, false)?.kind === "symlink" ? "@" : slash;
    return `<li><a href="${encodeURIComponent(name)}${slash}">${escaped(name)}${shown}</a></li>\n`;
  });
  const title = `Directory listing for ${escaped(path)}`;
  return `<!DOCTYPE HTML>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
</head>
<body>
<h1>${title}</h1>
<hr>
<ul>
${items.join("")}</ul>
<hr>
</body>
</html>
`;
}

interface Served {
  status: number;
  bytes: Uint8Array;
  headers: Record<string, string>;
  /** What the log says of an error. */
  message?: string;
}

const failed = (status: number, message: string): Served => ({
  status,
  bytes: encode(errorPage(status, message)),
  headers: { "content-type": "text/html;charset=utf-8" },
  message,
});

/** The path below the folder: escapes that are none stay as they are, and nothing leads out (translate_path). */
function pathOf(plain: string): string {
  const bytes: number[] = [];
  for (const [part, hex] of plain.matchAll(/%([0-9a-fA-F]{2})|[^%]+|%/g)) {
    if (hex === undefined) bytes.push(...encode(part));
    else bytes.push(Number.parseInt(hex, 16));
  }
  const out: string[] = [];
  for (const word of decode(Uint8Array.from(bytes)).split("/")) {
    if (word === "..") out.pop();
    else if (word !== "" && word !== ".") out.push(word);
  }
  return `/${out.join("/")}${out.length > 0 && plain.endsWith("/") ? "/" : ""}`;
}

function served(p: Process, root: string, { method, path: asked, headers = {} }: HttpRequest): Served {
  if (method !== "GET" && method !== "HEAD") return failed(501, `Unsupported method ('${method}')`);
  const [plain = "/", query] = asked.split(/[?#](.*)/s);
  const path = pathOf(plain);
  let file = (root + path).replace(/\/+$/, "") || "/";
  let node = sys.find(p, file);
  if (node?.kind === "dir") {
    if (!path.endsWith("/")) {
      const location = `${plain}/${query === undefined ? "" : `?${query}`}`;
      return { status: 301, bytes: new Uint8Array(0), headers: { location } };
    }
    const index = ["index.html", "index.htm"].find((name) => sys.find(p, `${file}/${name}`)?.kind === "file");
    if (index === undefined) {
      const bytes = encode(listing(p, file, path));
      return { status: 200, bytes, headers: { "content-type": "text/html; charset=utf-8" } };
    }
    file = `${file}/${index}`;
    node = sys.find(p, file);
  } else if (path.endsWith("/")) node = undefined;
  if (node?.kind !== "file") return failed(404, "File not found");
  const changed = Math.floor((p.machine.kernel.epochMs + node.mtime / 1000) / 1000) * 1000;
  const since = headers["if-modified-since"];
  const known = since === undefined ? undefined : parseDate(since, p.machine.kernel.wallMs);
  if (known !== undefined && known >= changed) return { status: 304, bytes: new Uint8Array(0), headers: {} };
  const type = TYPES[/\.([^./]+)$/.exec(file)?.[1]?.toLowerCase() ?? ""] ?? "application/octet-stream";
  return {
    status: 200,
    bytes: sys.readBytes(p, file),
    headers: { "content-type": type, "last-modified": httpDate(changed) },
  };
}

const SPEC = { short: "hb:d:p:", long: "help=h cgi bind:=b directory:=d protocol:=p", standard: false };
const USAGE = "usage: server.py [-h] [--cgi] [-b ADDRESS] [-d DIRECTORY] [-p VERSION] [port]\n";

function* refused(p: Process, why: string): Gen<number> {
  yield* sys.printError(p, `${USAGE}server.py: error: ${why}\n`);
  return 2;
}

/** `python3 -m http.server [--bind ADDRESS] [--directory DIR] [PORT]`: serves a directory until it is interrupted. */
export function* httpServer(p: Process, rest: readonly string[]): Gen<number> {
  let o: ParsedOptions;
  try {
    o = parseOptions(rest, SPEC);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return yield* refused(p, `unrecognized arguments: ${rest.filter((word) => word.startsWith("-")).join(" ")}`);
  }
  if (o.has("h")) {
    yield* sys.print(p, USAGE);
    return 0;
  }
  const [word = "8000", ...more] = o.operands;
  if (!/^[-+]?\d+$/.test(word)) return yield* refused(p, `argument port: invalid int value: '${word}'`);
  if (more.length > 0) return yield* refused(p, `unrecognized arguments: ${more.join(" ")}`);
  const port = Number(word) & 0xffff;
  const root = (o.value("d") ?? p.cwd).replace(/\/$/, "");
  const address = o.value("b");
  const place = address ?? "0.0.0.0";
  const answered = (request: HttpRequest): HttpResponse => {
    const { status, bytes, headers, message } = served(p, root, request);
    const date = logDate(p.machine.kernel.wallMs).replace(/:(\d\d:\d\d:\d\d).*/, " $1");
    const line = `${request.remoteAddress} - - [${date}] `;
    if (message !== undefined) say(p, 2, `${line}code ${status}, message ${message}\n`);
    say(p, 2, `${line}"${request.method} ${request.path} HTTP/1.1" ${status} -\n`);
    const first = {
      server: `SimpleHTTP/0.6 Python/${p.env.get("PYTHON_VERSION")}`,
      date: httpDate(p.machine.kernel.wallMs),
    };
    const { "last-modified": changed, ...told } = headers;
    const length: Record<string, string> = status === 304 ? {} : { "content-length": String(bytes.length) };
    const body = request.method === "HEAD" ? new Uint8Array(0) : bytes;
    const close: Record<string, string> = message === undefined ? {} : { connection: "close" };
    const old = o.value("p") !== "HTTP/1.1";
    return {
      status,
      headers: { ...first, ...close, ...told, ...length, ...(changed !== undefined && { "last-modified": changed }) },
      ...(message === undefined ? { spelled: { "content-type": "Content-type" } } : { reason: message }),
      body: { type: "bytes", bytes: body },
      ...(old && { version: "1.0" as const }),
    };
  };
  yield* sys.print(p, `Serving HTTP on ${place} port ${port} (http://${place}:${port}/) ...\n`);
  try {
    yield* serving(
      p,
      [
        {
          port,
          ...(address !== undefined && { address }),
          *http(request) {
            return answered(request);
          },
        },
      ],
      ["INT"],
    );
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    yield* sys.printError(p, "OSError: [Errno 98] Address already in use\n");
    return 1;
  }
  yield* sys.print(p, "\nKeyboard interrupt received, exiting.\n");
  return 0;
}
