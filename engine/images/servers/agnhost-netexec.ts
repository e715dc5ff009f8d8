import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { call, decode, encode, type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { SinkFile } from "../../machine/login.ts";
import type { OpenFile } from "../../machine/open-file.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError } from "../../network/index.ts";
import { resolveHost } from "../../network/resolver.ts";
import { errorDate, httpDate } from "../nginx/http.ts";
import { answer, type Port, serving } from "./serving.ts";

/** `agnhost netexec`: the server that Kubernetes' own network tests ask (test/images/agnhost/netexec/netexec.go). */

const PATIENCE = 5 * SECOND;
const hostOf = (p: Process): string => p.env.get("HOSTNAME") ?? p.machine.hostname;

interface Settings {
  http: number;
  /** 0: none. */
  udp: number;
  /** µs that it goes on serving when it is told to end. */
  delay: number;
}

export function* netexec(p: Process, settings: Settings): Gen<number> {
  const { kernel } = p.machine;
  const note = (text: string) => sys.printError(p, `${errorDate(kernel.wallMs)} ${text}\n`);
  yield* note(`Started HTTP server on port ${settings.http}`);
  const ports: Port[] = [{ port: settings.http, http: (request) => page(p, request) }];
  if (settings.udp > 0) {
    yield* note(`Started UDP server on port  ${settings.udp}`);
    ports.push({ port: settings.udp, datagram: (payload, from) => datagram(p, payload, from) });
  }
  yield* serving(p, ports, ["TERM", "INT"], function* () {
    if (settings.delay === 0) return;
    yield* note(`Sleeping ${settings.delay / SECOND} seconds before terminating...`);
    yield* sleep(settings.delay);
  });
  return 0;
}

/** What a datagram is answered with: none for words that are no command. */
function* datagram(
  p: Process,
  payload: Uint8Array,
  from: { address: string; port: number },
): Gen<Uint8Array | undefined> {
  const words = decode(payload).trim().split(/\s+/);
  switch (words[0]?.toLowerCase()) {
    case "hostname":
      return encode(hostOf(p));
    case "echo":
      return encode(words.slice(1).join(" "));
    case "clientip":
      return encode(`${from.address}:${from.port}`);
    default:
      return undefined;
  }
}

type Query = ReadonlyMap<string, string>;

function queryOf(text: string): Query {
  const decoded = (part: string) => {
    try {
      return decodeURIComponent(part.replaceAll("+", " "));
    } catch {
      return part;
    }
  };
  return new Map(
    text
      .split("&")
      .filter((part) => part !== "")
      .map((part) => {
        const equals = part.indexOf("=");
        return equals < 0 ? [decoded(part), ""] : [decoded(part.slice(0, equals)), decoded(part.slice(equals + 1))];
      }),
  );
}

function* page(p: Process, request: HttpRequest): Gen<HttpResponse> {
  const { kernel } = p.machine;
  const mark = request.path.indexOf("?");
  const path = mark < 0 ? request.path : request.path.slice(0, mark);
  const query = queryOf(mark < 0 ? "" : request.path.slice(mark + 1));
  const date = { date: httpDate(kernel.wallMs) };
  switch (path) {
    case "/hostname":
    case "/hostName":
      return answer(200, hostOf(p), date);
    case "/clientip":
      return answer(200, `${request.remoteAddress}:${p.ns.net.ephemeralPort()}`, date);
    case "/header":
      return answer(200, request.headers[(query.get("key") ?? "").toLowerCase()] ?? "", date);
    case "/echo":
      return answer(Number(query.get("code") || 200), query.get("msg") ?? "", date);
    case "/healthz":
      return answer(200, "", date);
    case "/redirect":
      return answer(Number(query.get("code") || 302), "", { ...date, location: query.get("location") ?? "" });
    case "/exit":
    case "/shutdown": {
      const code = path === "/exit" ? Number(query.get("code") ?? 0) : 0;
      kernel.after(0, "agnhost exit", () => p.machine.signal(p, code === 0 ? "TERM" : "KILL"));
      return answer(200, "", date);
    }
    case "/dial":
      return yield* dial(p, query);
    case "/shell":
    case "/shell.": {
      const { output, status } = yield* run(p, query.get("shellCommand") ?? query.get("cmd") ?? "");
      const failed = status === 0 ? {} : { error: `exit status ${status}` };
      return answer(200, JSON.stringify({ ...failed, output }), date);
    }
    case "/":
      return answer(200, `NOW: ${errorDate(kernel.wallMs)}`, date);
    default:
      return answer(404, "404 page not found\n", date);
  }
}

/** Asks another server so often, over HTTP or UDP, and tells what each try came to (dialHandler). */
function* dial(p: Process, query: Query): Gen<HttpResponse> {
  const [host, port, request] = ["host", "port", "request"].map((name) => query.get(name) ?? "") as [
    string,
    string,
    string,
  ];
  const protocol = (query.get("protocol") || "http").toLowerCase();
  const missing = host === "" ? "host" : port === "" ? "port" : request === "" ? "request" : undefined;
  if (missing !== undefined) return answer(400, `${missing} parameter not specified. Please specify ${missing}. \n`);
  if (protocol !== "http" && protocol !== "udp") return answer(400, `unsupported protocol. ${protocol}\n`);
  const responses: string[] = [];
  const errors: string[] = [];
  for (let tried = Number(query.get("tries") || 1); tried > 0; tried--) {
    const result = yield* once(p, protocol, host, Number(port), request);
    (typeof result === "string" ? responses : errors).push(typeof result === "string" ? result : result.error);
  }
  const told = { ...(errors.length > 0 && { errors }), ...(responses.length > 0 && { responses }) };
  return answer(200, JSON.stringify(told));
}

function* once(
  p: Process,
  protocol: "http" | "udp",
  host: string,
  port: number,
  request: string,
): Gen<string | { error: string }> {
  const { network } = p.machine;
  const found = yield* resolveHost(p, host);
  if (!found.ok) return { error: `dial tcp: lookup ${host}: no such host` };
  const address = found.addresses[0]!;
  try {
    if (protocol === "udp") {
      return decode(yield* network.exchange(p.ns.net, address, port, encode(request), PATIENCE));
    }
    const connection = yield* network.connect(p.ns.net, address, port, { timeout: PATIENCE });
    const response = yield* connection.http({
      method: "GET",
      path: `/${request}`,
      headers: { host: `${host}:${port}`, "user-agent": "Go-http-client/1.1" },
      remoteAddress: connection.localAddress,
    } as HttpRequest);
    connection.close();
    if (response.status !== 200) return { error: `HTTP request to ${host}:${port} failed: ${response.status}` };
    return response.body.type === "bytes" ? decode(response.body.bytes) : "";
  } catch (error) {
    if (!isNetError(error)) throw error;
    const why = error.code === "ECONNREFUSED" ? "connect: connection refused" : "i/o timeout";
    return {
      error:
        protocol === "udp"
          ? `reading from udp connection failed. err:'read udp ${address}:${port}: ${why}'`
          : `Get "http://${host}:${port}/${request}": dial tcp ${address}:${port}: ${why}`,
    };
  }
}

/** A command under the image's shell, with what it writes. */
function* run(p: Process, command: string): Gen<{ output: string; status: number }> {
  let output = "";
  const decoder = new TextDecoder();
  const sink = new SinkFile((bytes) => {
    output += decoder.decode(bytes, { stream: true });
  });
  const fds = new Map<number, OpenFile>([
    [1, sink],
    [2, sink],
  ]);
  const child = yield* sys.spawn(p, "/bin/sh", { argv: ["sh", "-c", command], fds });
  const ended = yield* call(sys.waitFor(p, child));
  return { output, status: ended === undefined ? 0 : exitCode(ended.status) };
}
