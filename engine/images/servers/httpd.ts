import { entriesOf } from "../../machine/inode.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { calendar, strftime } from "../../text/time.ts";
import { debianTree } from "../debian.ts";
import type { ImageDef } from "../image.ts";
import { httpDate, logDate } from "../nginx/http.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "../rootfs.ts";
import { answer, say, serving } from "./serving.ts";

const VERSION = "2.4.63";
const CONF = "/usr/local/apache2/conf/httpd.conf";

/** The directives of httpd.conf that are read: Listen, DocumentRoot, ServerName, DirectoryIndex. */
function directive(p: Process, name: string, fallback: string): string {
  const node = sys.find(p, CONF);
  if (node?.kind !== "file") return fallback;
  for (const line of sys.readText(p, CONF).split("\n")) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word?.toLowerCase() === name.toLowerCase()) return rest.join(" ").replace(/^"|"$/g, "");
  }
  return fallback;
}

/** `Mon Mar 02 09:00:00.123456 2026`. */
export function stamp(p: Process): string {
  const { wallMs } = p.machine.kernel;
  const time = calendar(Math.floor(wallMs / 1000));
  const micros = String(Math.floor((wallMs * 1000) % 1_000_000)).padStart(6, "0");
  return strftime(`%a %b %d %H:%M:%S.${micros} %Y`, time);
}

/** The Apache HTTP server in the foreground, as its image runs it: files of DocumentRoot, logs to stdout and stderr. */
export const apache: Program = function* (p) {
  if (p.argv.includes("-v")) {
    yield* sys.print(p, `Server version: Apache/${VERSION} (Unix)\n`);
    return 0;
  }
  if (p.argv.includes("-t")) {
    yield* sys.printError(p, "Syntax OK\n");
    return 0;
  }
  p.comm = "httpd";
  p.rssKib = 5_900;
  const port = Number(directive(p, "Listen", "80").split(":").pop());
  const root = directive(p, "DocumentRoot", "/usr/local/apache2/htdocs").replace(/\/$/, "");
  const index = directive(p, "DirectoryIndex", "index.html").split(" ");
  const note = (level: string, text: string) => `[${stamp(p)}] [${level}] [pid ${p.nsPid}:tid ${p.nsPid}] ${text}\n`;
  if (directive(p, "ServerName", "") === "") {
    const address = p.ns.net.addresses()[0] ?? "127.0.0.1";
    const words = `AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using ${address}. Set the 'ServerName' directive globally to suppress this message\n`;
    yield* sys.printError(p, words + words);
  }
  yield* sys.printError(
    p,
    note("mpm_event:notice", `AH00489: Apache/${VERSION} (Unix) configured -- resuming normal operations`),
  );
  yield* sys.printError(p, note("core:notice", "AH00094: Command line: 'httpd -D FOREGROUND'"));
  const signal = yield* serving(
    p,
    [
      {
        port,
        *http(request) {
          const { status, body, type } = page(p, root, index, request.path);
          const size = body.length === 0 ? "-" : String(body.length);
          say(
            p,
            1,
            `${request.remoteAddress} - - [${logDate(p.machine.kernel.wallMs)}] "${request.method} ${request.path} HTTP/1.1" ${status} ${size}\n`,
          );
          const headers = {
            date: httpDate(p.machine.kernel.wallMs),
            server: `Apache/${VERSION} (Unix)`,
            "content-type": type,
          };
          return answer(status, body, headers);
        },
      },
    ],
    ["TERM", "WINCH", "INT"],
  );
  const how =
    signal === "WINCH"
      ? "AH00492: caught SIGWINCH, shutting down gracefully"
      : "AH00491: caught SIGTERM, shutting down";
  yield* sys.printError(p, note("mpm_event:notice", how));
  return 0;
};

/** What a path under a directory answers: a file, an index of it, or 404. */
export function page(
  p: Process,
  root: string,
  index: readonly string[],
  asked: string,
): { status: number; body: string; type: string } {
  const path = decodeURIComponent(asked.split("?")[0]!);
  let node = sys.find(p, root + path);
  let file = root + path;
  if (node?.kind === "dir") {
    const entries = entriesOf(node);
    const name = index.find((one) => entries.has(one));
    if (name === undefined) {
      const items = [...entries.keys()].sort().map((one) => `<li><a href="${one}"> ${one}</a></li>\n`);
      const title = `Index of ${path.replace(/(.)\/$/, "$1")}`;
      const body = `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<html>\n <head>\n  <title>${title}</title>\n </head>\n <body>\n<h1>${title}</h1>\n<ul>${items.join("")}</ul>\n</body></html>\n`;
      return { status: 200, body, type: "text/html;charset=ISO-8859-1" };
    }
    file = `${file.replace(/\/$/, "")}/${name}`;
    node = sys.find(p, file);
  }
  if (node?.kind !== "file") {
    const body =
      '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>404 Not Found</title>\n</head><body>\n' +
      "<h1>Not Found</h1>\n<p>The requested URL was not found on this server.</p>\n</body></html>\n";
    return { status: 404, body, type: "text/html; charset=iso-8859-1" };
  }
  return { status: 200, body: sys.readText(p, file), type: /\.html?$/.test(file) ? "text/html" : "text/plain" };
}

export const httpdImage: ImageDef = {
  names: ["docker.io/library/httpd"],
  tags: /^(latest|alpine|bookworm|trixie|2|2\.[24]|2\.[24]\.\d{1,2})(-(\d|alpine(3\.\d+)?|bookworm|trixie|bullseye))?$/,
  sizeBytes: 58_100_000,
  rootfs: () =>
    rootfs(SKELETON, debianTree(), {
      "usr/local/apache2/htdocs/index.html": "<html><body><h1>It works!</h1></body></html>\n",
      "usr/local/apache2/conf/httpd.conf":
        'ServerRoot "/usr/local/apache2"\nListen 80\nServerAdmin you@example.com\n' +
        'DocumentRoot "/usr/local/apache2/htdocs"\nDirectoryIndex index.html\n',
      "usr/local/apache2/logs": { dir: 0o755 },
      "usr/local/apache2/bin/httpd": { program: "apache" },
      "usr/local/bin/httpd-foreground": { program: "apache" },
    }),
  entrypoint: [],
  cmd: ["httpd-foreground"],
  env: () => ({
    PATH: `/usr/local/apache2/bin:${DEFAULT_PATH}`,
    HTTPD_PREFIX: "/usr/local/apache2",
    HTTPD_VERSION: VERSION,
  }),
  workingDir: "/usr/local/apache2",
  exposedPorts: ["80/tcp"],
  stopSignal: "WINCH",
};
