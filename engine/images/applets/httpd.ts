import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { encode, type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError } from "../../network/index.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../../tools/options.ts";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html",
  htm: "text/html",
  txt: "text/plain",
  css: "text/css",
  js: "application/javascript",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  png: "image/png",
  svg: "image/svg+xml",
};

function page(status: number, title: string, text: string): HttpResponse {
  const body = `<HTML><HEAD><TITLE>${status} ${title}</TITLE></HEAD>\n<BODY><H1>${status} ${title}</H1>\n${text}\n</BODY></HTML>\n`;
  return {
    status,
    headers: { "Content-type": "text/html", Connection: "close" },
    body: { type: "bytes", bytes: encode(body) },
  };
}

function answer(p: Process, root: string, request: HttpRequest): HttpResponse {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return page(501, "Not Implemented", "The requested method is not recognized");
  }
  const path = decodeURI(request.path.split("?")[0]!);
  if (path.split("/").includes("..")) return page(400, "Bad Request", "Unsupported method");
  let file = root + path;
  try {
    if (sys.stat(p, file).kind === "dir") {
      if (!path.endsWith("/")) {
        const moved = page(302, "Found", `The requested file has moved to <A HREF="${path}/">${path}/</A>`);
        return { ...moved, headers: { ...moved.headers, Location: `${path}/` } };
      }
      file += "index.html";
    }
    const bytes = sys.readBytes(p, file);
    const type = TYPES[file.slice(file.lastIndexOf(".") + 1)] ?? "application/octet-stream";
    const headers = { "Content-type": type, "Content-Length": String(bytes.length), Connection: "close" };
    return { status: 200, headers, body: { type: "bytes", bytes } };
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (error.code === "EACCES") return page(403, "Forbidden", "");
    return page(404, "Not Found", "The requested URL was not found");
  }
}

/** httpd of BusyBox: serves the files of a directory; goes to the background unless `-f`. */
export const httpd: Program = function* (p): Gen<number> {
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), { short: "ivfp:u:c:h:r:d:e:m:", standard: false });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(
      p,
      `httpd: ${error.message}\nBusyBox v1.37.0 multi-call binary.\n\nUsage: httpd [-ifv[v]] [-c CONFFILE] [-p [IP:]PORT] [-u USER[:GRP]] [-r REALM] [-h HOME]\n`,
    );
    return 1;
  }
  if (o.has("d")) {
    yield* sys.print(p, `${decodeURIComponent(o.value("d")!.replaceAll("+", " "))}\n`);
    return 0;
  }
  const home = o.value("h") ?? p.cwd;
  const root = home.startsWith("/") ? home : `${p.cwd}/${home}`;
  if (sys.find(p, root)?.kind !== "dir") {
    yield* sys.printError(p, `httpd: can't change directory to '${home}': No such file or directory\n`);
    return 1;
  }
  const [port, address = "0.0.0.0"] = (o.value("p") ?? "80").split(":").reverse() as [string, string?];
  if (!o.has("f")) {
    const nothing = sys.openFile(p, "/dev/null", { read: true, write: true });
    const fds = new Map([0, 1, 2].map((fd) => [fd, nothing]));
    sys.fork(p, (child) => serve(child, root.replace(/\/$/, ""), address, Number(port)), { newSession: true, fds });
    return 0;
  }
  return yield* serve(p, root.replace(/\/$/, ""), address, Number(port));
};

function* serve(p: Process, root: string, address: string, port: number): Gen<number> {
  let close: () => void;
  try {
    close = p.ns.net.listen({
      protocol: "tcp",
      address,
      port,
      program: "httpd",
      pid: p.pid,
      *http(request) {
        return answer(p, root, request);
      },
    });
  } catch (error) {
    if (!isNetError(error)) throw error;
    yield* sys.printError(p, "httpd: bind: Address already in use\n");
    return 1;
  }
  try {
    const never = new WaitQueue();
    for (;;) yield* wait(never);
  } finally {
    close();
  }
}
