import { httpDate, logDate } from "../../images/nginx/http.ts";
import { page } from "../../images/servers/httpd.ts";
import { answer, say, serving } from "../../images/servers/serving.ts";
import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { parseDate } from "../../text/date-parse.ts";

/** `python3 -m http.server [--directory DIR] [PORT]`: serves a directory until it is interrupted. */
export function* httpServer(p: Process, rest: readonly string[]): Gen<number> {
  const port = Number(rest.find((arg) => /^\d+$/.test(arg)) ?? 8000);
  const at = rest.findIndex((arg) => arg === "-d" || arg === "--directory");
  const root = (at >= 0 ? rest[at + 1]! : p.cwd).replace(/\/$/, "");
  p.comm = "python3";
  p.rssKib = 19_000;
  yield* sys.print(p, `Serving HTTP on 0.0.0.0 port ${port} (http://0.0.0.0:${port}/) ...\n`);
  yield* serving(
    p,
    [
      {
        port,
        *http(request) {
          const { status, body, type } = page(p, root, ["index.html", "index.htm"], request.path);
          const date = logDate(p.machine.kernel.wallMs).replace(/:(\d\d:\d\d:\d\d).*/, " $1");
          say(
            p,
            2,
            `${request.remoteAddress} - - [${date}] "${request.method} ${request.path} HTTP/1.1" ${status} -\n`,
          );
          const { kernel } = p.machine;
          const file =
            status === 200 ? sys.find(p, root + decodeURIComponent(request.path.replace(/[?#].*$/, ""))) : undefined;
          const changed = file?.kind === "file" ? Math.floor((kernel.epochMs + file.mtime / 1000) / 1000) : undefined;
          const since = request.headers?.["if-modified-since"];
          const known = since === undefined ? undefined : parseDate(since, kernel.wallMs);
          if (changed !== undefined && known !== undefined && known >= changed * 1000) return answer(304, "", {});
          return answer(status, body, {
            ...(changed === undefined ? {} : { "last-modified": httpDate(changed * 1000) }),
            server: `SimpleHTTP/0.6 Python/${p.env.get("PYTHON_VERSION")}`,
            "content-type": type,
          });
        },
      },
    ],
    ["INT"],
  );
  yield* sys.print(p, "\nKeyboard interrupt received, exiting.\n");
  return 0;
}
