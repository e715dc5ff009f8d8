import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { type Gen, MS } from "../../kernel/index.ts";
import { work } from "../../machine/cpu.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { debianTree } from "../debian.ts";
import type { ImageDef } from "../image.ts";
import { httpDate, logDate } from "../nginx/http.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "../rootfs.ts";
import { answer, say, serving } from "./serving.ts";

/** CPU in µs of a page that takes a million square roots. */
const REQUEST = 28 * MS;
const SERVER = "Apache/2.4.10 (Debian) PHP/5.6.40";

/** Apache with PHP and one page that computes: what the walkthrough of horizontal autoscaling puts under load. */
const phpApache: Program = function* (p) {
  p.comm = "apache2";
  p.rssKib = 11_400;
  const address = p.ns.net.addresses()[0] ?? "127.0.0.1";
  const words = `AH00558: apache2: Could not reliably determine the server's fully qualified domain name, using ${address}. Set the 'ServerName' directive globally to suppress this message\n`;
  yield* sys.printError(p, words + words);
  const http = function* ({ path, method, remoteAddress, headers }: HttpRequest): Gen<HttpResponse> {
    const file = path.replace(/\?.*/, "");
    const found = file === "/" || file === "/index.php";
    if (found) yield* work(p, REQUEST);
    const body = found ? "OK!" : "<h1>Not Found</h1>\n";
    const status = found ? 200 : 404;
    const agent = headers["user-agent"] ?? "-";
    const stamp = logDate(p.machine.kernel.wallMs);
    say(p, 1, `${remoteAddress} - - [${stamp}] "${method} ${path} HTTP/1.1" ${status} ${body.length} "-" "${agent}"\n`);
    const date = httpDate(p.machine.kernel.wallMs);
    const type = "text/html; charset=UTF-8";
    return answer(status, body, { date, server: SERVER, "x-powered-by": "PHP/5.6.40", "content-type": type });
  };
  yield* serving(p, [{ port: 80, http }], ["TERM", "WINCH", "INT"]);
  return 0;
};

export const hpaExamplePrograms: Readonly<Record<string, Program>> = { "php-apache": phpApache };

export const hpaExample: ImageDef = {
  names: ["registry.k8s.io/hpa-example", "k8s.gcr.io/hpa-example", "gcr.io/google_containers/hpa-example"],
  tags: /^latest$/,
  sizeBytes: 199_000_000,
  rootfs: () =>
    rootfs(SKELETON, debianTree(), {
      "usr/local/bin/apache2-foreground": { program: "php-apache" },
      "var/www/html": { dir: 0o755 },
    }),
  entrypoint: [],
  cmd: ["apache2-foreground"],
  env: () => ({ PATH: DEFAULT_PATH, PHP_VERSION: "5.6.40" }),
  workingDir: "/var/www/html",
  exposedPorts: ["80/tcp"],
  stopSignal: "WINCH",
};
