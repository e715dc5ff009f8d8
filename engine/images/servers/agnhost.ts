import { type Gen, SECOND } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError } from "../../network/index.ts";
import { resolveHost } from "../../network/resolver.ts";
import { alpineTree } from "../alpine.ts";
import type { ImageDef } from "../image.ts";
import { httpDate } from "../nginx/http.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "../rootfs.ts";
import { netexec as serveTests } from "./agnhost-netexec.ts";
import { agnhostWebhooks } from "./agnhost-webhooks.ts";
import { answer, serving } from "./serving.ts";

/** The image of Kubernetes' own tests, which its documentation uses, too (kubernetes test/images/agnhost). */

const hostOf = (p: Process): string => p.env.get("HOSTNAME") ?? p.machine.hostname;

type Run = (p: Process, words: readonly string[]) => Gen<number>;

function optionOf(words: readonly string[], name: string, fallback: string): string {
  for (const [i, word] of words.entries()) {
    if (word === `--${name}`) return words[i + 1] ?? fallback;
    if (word.startsWith(`--${name}=`)) return word.slice(name.length + 3);
  }
  return fallback;
}

type Page = (path: string, query: string, request: Request) => ReturnType<typeof answer>;
interface Request {
  headers: Readonly<Record<string, string>>;
  remoteAddress?: string;
}

function pages(p: Process, port: number, page: Page): Gen<unknown> {
  return serving(
    p,
    [
      {
        port,
        *http(request) {
          const mark = request.path.indexOf("?");
          const [path, query] =
            mark < 0 ? [request.path, ""] : [request.path.slice(0, mark), request.path.slice(mark + 1)];
          return page(path, query, request as Request);
        },
      },
    ],
    ["TERM", "INT"],
  );
}

const date = (p: Process) => ({ date: httpDate(p.machine.kernel.wallMs) });

const pause: Run = function* (p) {
  yield* sys.print(p, "Paused\n");
  yield* serving(p, [], ["TERM", "INT"]);
  return 0;
};

const serveHostname: Run = function* (p, words) {
  yield* pages(p, Number(optionOf(words, "port", "9376")), () => answer(200, hostOf(p), date(p)));
  return 0;
};

/** Well for ten seconds, then not: what a liveness probe is shown with. */
const liveness: Run = function* (p) {
  const { kernel } = p.machine;
  const started = kernel.now;
  yield* pages(p, 8080, (path) => {
    const seconds = (kernel.now - started) / SECOND;
    if (path !== "/healthz") return answer(404, "404 page not found\n", date(p));
    return seconds > 10 ? answer(500, `error: ${seconds.toFixed(6)}`, date(p)) : answer(200, "ok", date(p));
  });
  return 0;
};

const netexec: Run = (p, words) =>
  serveTests(p, {
    http: Number(optionOf(words, "http-port", "8080")),
    udp: Number(optionOf(words, "udp-port", "8081")),
    delay: Number(optionOf(words, "delay-shutdown", "0")) * SECOND,
  });

/** Whether a port can be reached, told by its exit status and one word (connect/connect.go). */
const connect: Run = function* (p, words) {
  const complain = function* (text: string): Gen<number> {
    yield* sys.printError(p, `${text}\n`);
    return 1;
  };
  const at = words.findIndex((word, i) => !word.startsWith("--") && !/^--(timeout|protocol)$/.test(words[i - 1] ?? ""));
  const destination = words[at];
  if (destination === undefined) return yield* complain("Error: accepts 1 arg(s), received 0");
  const colon = destination.lastIndexOf(":");
  if (colon < 0) return yield* complain(`address ${destination}: missing port in address`);
  const [host, port] = [destination.slice(0, colon), destination.slice(colon + 1)];
  const found = yield* resolveHost(p, host);
  if (!found.ok) {
    const why = found.why === "none" ? "no such host" : "server misbehaving";
    return yield* complain(`DNS: lookup ${host}: ${why}`);
  }
  const seconds = Number.parseFloat(optionOf(words, "timeout", "1s"));
  const { network } = p.machine;
  try {
    const options = { timeout: Math.max(1, Math.round(seconds * SECOND)) };
    const connection = yield* network.connect(p.ns.net, found.addresses[0]!, Number(port), options);
    connection.close();
    return 0;
  } catch (error) {
    if (!isNetError(error)) throw error;
    if (error.code === "ETIMEDOUT") return yield* complain("TIMEOUT");
    if (error.code === "ECONNREFUSED") return yield* complain("REFUSED");
    const text = error.code === "EHOSTUNREACH" ? "no route to host" : "network is unreachable";
    return yield* complain(`OTHER: dial tcp ${found.addresses[0]}:${port}: connect: ${text}`);
  }
};

/** Words of resolv.conf behind a key. */
function resolverWords(p: Process, key: string): string[] {
  const lines = sys.readText(p, "/etc/resolv.conf").split("\n");
  return lines.filter((line) => line.startsWith(`${key} `)).flatMap((line) => line.split(/\s+/).slice(1));
}

const printing = (text: (p: Process, words: readonly string[]) => string): Run =>
  function* (p, words) {
    yield* sys.print(p, text(p, words));
    return 0;
  };

const webhook =
  (command: "webhook" | "crd-conversion-webhook"): Run =>
  (p, words) =>
    agnhostWebhooks(p, command, Number(optionOf(words, "port", "443")));

const COMMANDS: Readonly<Record<string, readonly [short: string, run: Run]>> = {
  connect: ["Attempts a TCP, UDP or SCTP connection and returns useful errors", connect],
  "crd-conversion-webhook": [
    "Starts an HTTP server on port 443 (default) for CRD conversion",
    webhook("crd-conversion-webhook"),
  ],
  "dns-server-list": ["Prints DNS server list", printing((p) => `${resolverWords(p, "nameserver").join(",")}\n`)],
  "dns-suffix": ["Prints the host's DNS suffix list", printing((p) => `${resolverWords(p, "search").join(",")}\n`)],
  "entrypoint-tester": [
    "Prints the args it's passed and exits",
    printing((_p, words) => `[/agnhost entrypoint-tester${words.map((word) => ` ${word}`).join("")}]\n`),
  ],
  "etc-hosts": ["Prints the host's /etc/hosts file", printing((p) => sys.readText(p, "/etc/hosts"))],
  liveness: ["Starts a server that is alive for 10 seconds", liveness],
  netexec: ["Creates HTTP(S), UDP, and (optionally) SCTP servers", netexec],
  pause: ["Pauses the execution", pause],
  "serve-hostname": ["Serves the hostname", serveHostname],
  webhook: [
    "Starts an HTTP server, useful for testing MutatingAdmissionWebhook and ValidatingAdmissionWebhook",
    webhook("webhook"),
  ],
};

export const agnhost: Program = function* (p) {
  const [command = "pause", ...words] = p.argv.slice(1);
  if (command === "--version") {
    yield* sys.print(p, "app version 2.45\n");
    return 0;
  }
  if (["help", "--help", "-h"].includes(command)) {
    const list = Object.entries(COMMANDS).map(([name, [short]]) => `  ${name.padEnd(24)} ${short}\n`);
    yield* sys.print(
      p,
      `Usage:\n  app [command]\n\nAvailable Commands:\n${list.join("")}\nFlags:\n  -h, --help   help for app\n\nUse "app [command] --help" for more information about a command.\n`,
    );
    return 0;
  }
  if (Object.hasOwn(COMMANDS, command)) return yield* COMMANDS[command]![1](p, words);
  const text = `Error: unknown command ${JSON.stringify(command)} for "app"\nRun 'app --help' for usage.\n`;
  yield* sys.printError(p, text);
  return 1;
};

/** Alpine with BIND's tools, curl, OpenBSD's nc, iproute2 and bash (agnhost/Dockerfile). */
export const AGNHOST_IMAGE: ImageDef = {
  names: ["registry.k8s.io/e2e-test-images/agnhost"],
  tags: /^2\.\d{1,2}(\.\d)?$/,
  sizeBytes: 50_000_000,
  rootfs: () =>
    rootfs(SKELETON, alpineTree("3.21.3"), {
      agnhost: { program: "agnhost" },
      ...Object.fromEntries(
        ["curl", "dig", "host", "nslookup", "nc"].map((name) => [`usr/bin/${name}`, { program: name }]),
      ),
      "bin/bash": { program: "bash" },
      "sbin/ip": { program: "ip" },
      "sbin/ss": { program: "ss" },
    }),
  entrypoint: ["/agnhost"],
  cmd: ["pause"],
  env: () => ({ PATH: DEFAULT_PATH }),
};
