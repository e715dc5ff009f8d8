import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { decode, sleep } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { errorDate } from "../nginx/http.ts";
import { answer, say, serving } from "./serving.ts";

/** A header's name as Go's textproto writes it. */
const canonical = (name: string): string => name.replace(/(^|-)[a-z]/g, (c) => c.toUpperCase());

/** A request as Go's net/http writes it again: whom it is for, who asks, then the other fields by name. */
function written(request: HttpRequest): string {
  const { host = "", "user-agent": agent, ...others } = request.headers;
  const lines = [`${request.method} ${request.path} HTTP/1.1`, `Host: ${host}`];
  if (agent !== undefined) lines.push(`User-Agent: ${agent}`);
  const rest = Object.entries(others).map(([name, value]) => `${canonical(name)}: ${value}`);
  return [...lines, ...rest.sort(), "", ""].join("\r\n");
}

const truthy = (value: string | null): boolean => /^(1|t|true)$/i.test(value ?? "");

/** traefik/whoami: tells who it is and what it was asked (traefik/whoami app.go). */
export const whoami: Program = function* (p) {
  const option = (name: string, fallback: string): string => {
    for (const [i, arg] of p.argv.entries()) {
      const match = /^--?([a-z-]+)(?:=(.*))?$/.exec(arg);
      if (match?.[1] === name) return match[2] ?? p.argv[i + 1] ?? "";
    }
    return fallback;
  };
  const port = Number(option("port", p.env.get("WHOAMI_PORT_NUMBER") ?? "80"));
  const name = option("name", p.env.get("WHOAMI_NAME") ?? "");
  const verbose = p.argv.some((arg) => /^--?verbose(=true)?$/.test(arg));
  const secure = option("cert", "") !== "" && option("key", "") !== "";
  const stamp = () => errorDate(p.machine.kernel.wallMs);
  let health = 200;
  yield* sys.printError(p, `${stamp()} Starting up ${secure ? "with TLS " : ""}on port ${port}\n`);
  yield* serving(
    p,
    [
      {
        port,
        ...(secure && { tls: true }),
        *http(request) {
          const { pathname, searchParams } = new URL(request.path, "http://whoami");
          const from = `${request.remoteAddress}:${p.ns.net.ephemeralPort()}`;
          const seconds = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(searchParams.get("wait") ?? "");
          if (pathname !== "/health" && pathname !== "/api" && seconds !== null) {
            yield* sleep(Number(seconds[1]) * { ms: 1e3, s: 1e6, m: 6e7 }[seconds[2] as "ms" | "s" | "m"]);
          }
          if (verbose) say(p, 2, `${stamp()} ${from} - - "${request.method} ${pathname} HTTP/1.1" - -\n`);
          if (pathname === "/health") {
            if (request.method !== "POST") return answer(health, "");
            const text = request.body?.type === "bytes" ? decode(request.body.bytes) : "";
            if (!/^\s*\d+\s*$/.test(text)) return answer(400, "invalid status code\n");
            health = Number(text);
            say(p, 1, `Update health check status code [${health}]\n`);
            return answer(200, "");
          }
          if (pathname === "/bench") return answer(200, "1", { "content-type": "text/plain" });
          const environment = truthy(searchParams.get("env"));
          return pathname === "/api"
            ? described(p, request, { name, from, environment })
            : answer(200, told(p, request, { name, from, environment }));
        },
      },
    ],
    ["TERM", "INT"],
  );
  return 0;
};

interface Asked {
  name: string;
  from: string;
  environment: boolean;
}

const hostname = (p: Process): string => p.env.get("HOSTNAME") ?? p.ns.uts.hostname;

const addresses = (p: Process): string[] => [
  "127.0.0.1",
  ...p.ns.net.addresses().filter((address) => address !== "127.0.0.1"),
];

function told(p: Process, request: HttpRequest, { name, from, environment }: Asked): string {
  const lines = [`Hostname: ${hostname(p)}`, ...addresses(p).map((ip) => `IP: ${ip}`), `RemoteAddr: ${from}`];
  if (name !== "") lines.unshift(`Name: ${name}`);
  const variables = environment ? [...p.env].map(([key, value]) => `${key}=${value}\n`).join("") : "";
  return `${lines.join("\n")}\n${written(request)}${variables}`;
}

function described(p: Process, request: HttpRequest, { name, from, environment }: Asked): HttpResponse {
  const { host = "", ...others } = request.headers;
  const fields = Object.entries(others).map(([key, value]) => [canonical(key), [value]] as const);
  const value = {
    hostname: hostname(p),
    ip: addresses(p),
    headers: Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1))),
    url: request.path,
    host,
    method: request.method,
    ...(name !== "" && { name }),
    remoteAddr: from,
    ...(environment && { environ: Object.fromEntries([...p.env].sort(([a], [b]) => (a < b ? -1 : 1))) }),
  };
  return answer(200, `${JSON.stringify(value)}\n`, { "content-type": "application/json" });
}
