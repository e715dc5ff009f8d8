/** One request of curl's: over a connection that is still open, or one of its own; with what -v tells of it. */
import { pairProblem } from "../../api/key-pair.ts";
import { documentsIn } from "../../api/trust.ts";
import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import type { Connection } from "../../network/index.ts";
import { CurlError } from "./curl-error.ts";
import { farewell, type Hello, handshake, hello, tickets } from "./curl-handshake.ts";
import { outgoing } from "./curl-request.ts";
import type { Pooled, Run } from "./curl-run.ts";
import type { Settings } from "./curl-settings.ts";
import { closing, failure } from "./curl-words.ts";
import {
  authority,
  type Exchange,
  type ExchangeOptions,
  exchange,
  type HttpFailure,
  headerName,
  isFailure,
  type Open,
  parseUrl,
  readable,
  TLS_VERSIONS,
  type Url,
} from "./http-client.ts";

export interface Sent {
  result: Exchange;
  pooled: Pooled;
  uploaded: number;
  /** The server was asked whether it wants the body. */
  expects: boolean;
  /** Bytes of the request's head. */
  bytes: number;
  /** µs until the connection stood; undefined where it stood before. */
  connected: number | undefined;
}

/** What makes this request another than the first of its transfer: where a redirect has led to. */
export interface Hop {
  method: string;
  /** The body is not sent again. */
  bodyless: boolean;
  /** Another host is asked: it is not told who the user is. */
  foreign: boolean;
}

/** Sends one request. Throws `CurlError`. */
export function* send(p: Process, s: Settings, url: Url, hop: Hop, run: Run, begin: () => Gen): Gen<Sent> {
  const { version, trace: t } = run;
  const old = version.startsWith("7");
  const asked = yield* outgoing(p, s, url, run, hop);
  const { headers, spelled, lines, body } = asked;
  let { path } = asked;
  const proxy = proxyOf(p, s, url);
  if (proxy !== undefined) {
    headers["proxy-connection"] = "Keep-Alive";
    lines?.push(["proxy-connection", "Keep-Alive"]);
    if (url.scheme === "http") path = `${url.scheme}://${authority(url)}${path}`;
  }
  const target = proxy === undefined ? { ...url, path } : { ...proxy, path };
  const detour = s.connectTo.find(
    ({ host, port }) => (host === "" || host === url.host) && (port === "" || port === String(url.port)),
  );
  const dial = detour && { host: detour.toHost || url.host, port: Number(detour.toPort || url.port) };
  const place = `${dial?.host ?? target.host}:${dial?.port ?? target.port}`;
  if (s.badResolve !== undefined) throw new CurlError(49, `Couldn't parse CURLOPT_RESOLVE entry '${s.badResolve}'`);
  if (!run.resolved) for (const [name, address] of s.resolve) yield* t.info(`Added ${name}:${address} to DNS cache`);
  if (!run.resolved) for (const name of s.resolve.keys()) run.known.add(name);
  run.resolved = true;
  if (detour?.toHost) yield* t.info(`Connecting to hostname: ${detour.toHost}`);
  if (detour?.toPort) yield* t.info(`Connecting to port: ${detour.toPort}`);
  yield* begin();
  const key = `${target.scheme}://${url.scheme === "https" ? url.host : ""}@${place}`;
  const kept = run.pool.get(key);
  const reused = kept?.connection.alive() ? kept : undefined;
  run.pool.delete(key);
  const client: Hello = {
    host: url.host,
    old,
    trust: s.insecure ? undefined : (s.cacert ?? "/etc/ssl/certs/ca-certificates.crt"),
    offers: !s.alpn ? [] : s.http1 ? ["http/1.1"] : ["h2", "http/1.1"],
    certificate: undefined,
    versions: TLS_VERSIONS.filter((each) => each >= (s.tlsFrom ?? each) && each <= (s.tlsTo ?? each)),
  };
  const name = detour?.toHost ? (old ? "(nil)" : detour.toHost) : target.host;
  const number = reused?.number ?? run.dialled++;
  let streams = reused?.streams ?? 0;
  if (reused !== undefined) {
    if (old) {
      const random = p.machine.kernel.random(`curl ${p.machine.hostname}`);
      yield* t.info(`Found bundle for host: 0x55${random.hex(10)} [${reused.two ? "can multiplex" : "serially"}]`);
      if (!reused.two) yield* t.info("Can not multiplex, even if we wanted to");
      yield* t.info(`Re-using existing connection #${number} with host ${name}`);
    } else yield* t.info(`Re-using existing ${target.scheme}: connection with host ${name}`);
  } else {
    if (run.known.has(place)) yield* t.info(`Hostname ${dial?.host ?? target.host} was found in DNS cache`);
  }
  const device = s.interface;
  if (device !== undefined && !isOwn(p, device)) {
    const error = new CurlError(45, `Couldn't bind to '${device}'${old ? "" : " with errno 19: No such device"}`);
    throw told(run, error, number);
  }
  const http10 = s.http10 || run.old.has(place);
  const words: Words = { method: hop.method, path, headers, spelled, lines, http10 };
  let two = reused?.two ?? false;
  let pooled: Pooled | undefined = reused;
  let dialled: string | undefined;
  const connected = function* (): Gen {
    const where = `Connected to ${name} (${dialled}) port ${dial?.port ?? target.port}`;
    yield* t.info(old ? `${where} (#${number})` : where);
  };
  const options: ExchangeOptions = {
    connectTimeout: s.connectTimeout,
    maxTime: s.maxTime === undefined ? undefined : Math.max(1, run.deadline - p.machine.kernel.now),
    dial,
    address: s.resolve.get(place),
    insecure: s.insecure,
    tlsVersions: client.versions,
    two: (connection) => speaksTwo(connection, target, s),
    authorities: () => authorities(p, s),
    over: reused,
    keep: true,
    told: {
      *dialling(address) {
        dialled = address.replace(/^\[(.*)\]$/, "$1");
        run.known.add(place);
        yield* t.info(`  Trying ${address}:${dial?.port ?? target.port}...`);
      },
      *connected() {
        if (target.scheme === "https") client.certificate = options.clientCertificate = clientCertificate(p, s);
        if (old || target.scheme !== "https") yield* connected();
        if (!old && target.scheme !== "https") yield* t.info("using HTTP/1.x");
      },
      *secured(open: Open) {
        const { connection, certificate, problem } = open;
        two = speaksTwo(connection, target, s);
        pooled = { ...open, number, streams: 0, two, key, name };
        if (target.scheme !== "https") return;
        yield* handshake(t, { listener: connection.server, certificate, problem }, client);
        if (!old) yield* connected();
        if (two && old) yield* t.tls("out", 5);
        if (two) yield* t.info("using HTTP/2");
        else if (old && s.alpn) yield* t.info("using HTTP/1.1");
        else if (!old) yield* t.info("using HTTP/1.x");
      },
      *asking() {
        if (s.user !== undefined && headers["authorization"] !== undefined && !hop.foreign)
          yield* t.info(`Server auth using Basic with user '${s.user.split(":")[0]}'`);
        if (two) yield* stream(run, url, words, streams * 2 + 1);
        streams++;
        if (target.scheme === "https") yield* t.tls("out", 5);
        yield* t.head("out", requestText(words, two, old));
        const waits = headers["expect"] !== undefined;
        if (body !== undefined && body.length > 0 && !waits) yield* t.data("out", body);
        if (!old && !waits)
          yield* t.info(
            body === undefined || body.length === 0
              ? "Request completely sent off"
              : `upload completely sent off: ${body.length} bytes`,
          );
      },
    },
  };
  const result = yield* exchange(
    p,
    target,
    {
      method: hop.method,
      headers,
      spelled,
      ...(lines && { lines }),
      ...(http10 && { version: "1.0" as const }),
      ...(body === undefined ? {} : { body: { type: "bytes" as const, bytes: body } }),
    },
    options,
  );
  if (isFailure(result)) {
    const port = dial?.port ?? target.port;
    yield* brokenOff(run, result, { client, port, number, address: dialled, name: target.host });
    const why = failure(result, target, version, proxy !== undefined, s.connectTimeout !== undefined);
    if (result.kind === "tls" && result.why === "name") {
      const { listener } = result;
      why.after = function* () {
        yield* tickets(t, { listener }, client);
        yield* farewell(t, client);
      };
    }
    throw told(run, why, number);
  }
  const { connection, address, connect } = result;
  pooled ??= { connection, address, number, streams, two, key, name };
  pooled.streams = streams;
  const fresh = reused === undefined;
  if (target.scheme === "https") {
    if (fresh) yield* tickets(t, { listener: connection.server }, client);
    else yield* t.tls("in", 5);
  }
  if (result.response.version === "1.0") run.old.add(place);
  return {
    result,
    pooled,
    uploaded: body?.length ?? 0,
    expects: headers["expect"] !== undefined,
    bytes: requestText(words, two, old).length + (body?.length ?? 0),
    connected: fresh ? connect : undefined,
  };
}

/** Whether a device or an address is this machine's (--interface). */
const isOwn = (p: Process, name: string): boolean =>
  [...p.ns.net.interfaces.values()].some(
    (one) => one.name === name.replace(/^(if|host)!/, "") || one.addresses.some((each) => each.split("/")[0] === name),
  );

/** An error that curl closes a connection over. */
function told(run: Run, error: CurlError, number: number): CurlError {
  error.closes = closing(number, run.version, error.code === 6 || error.code === 5 || error.code === 52);
  return error;
}

const speaksTwo = (connection: Connection, url: Url, s: Settings): boolean =>
  url.scheme === "https" && s.alpn && !s.http1 && !connection.server.http1;

interface Words {
  method: string;
  path: string;
  headers: Record<string, string>;
  spelled: Record<string, string>;
  lines: [name: string, value: string][] | undefined;
  http10: boolean;
}

/** What -v shows of a request's way over HTTP/2. */
function* stream(run: Run, url: Url, { method, path, headers }: Words, id: number): Gen {
  const { trace: t, version } = run;
  const others = Object.entries(headers).filter(([name]) => name !== "host");
  const target = headers["host"] ?? authority(url);
  if (version.startsWith("7")) {
    for (const line of [`:method: ${method}`, `:path: ${path}`, `:scheme: ${url.scheme}`, `:authority: ${target}`])
      yield* t.info(`h2h3 [${line}]`);
    for (const [name, value] of others) yield* t.info(`h2h3 [${name}: ${value}]`);
    run.handle ??= `0x55${run.random.hex(10)}`;
    yield* t.info(`Using Stream ID: ${id} (easy handle ${run.handle})`);
    return;
  }
  yield* t.info(`[HTTP/2] [${id}] OPENED stream for ${url.scheme}://${authority(url)}${path}`);
  for (const line of [`:method: ${method}`, `:scheme: ${url.scheme}`, `:authority: ${target}`, `:path: ${path}`])
    yield* t.info(`[HTTP/2] [${id}] [${line}]`);
  for (const [name, value] of others) yield* t.info(`[HTTP/2] [${id}] [${name}: ${value}]`);
}

function requestText({ method, path, headers, spelled, lines, http10 }: Words, two: boolean, old: boolean): string {
  const shown = (name: string) => (two && old && name !== "host" ? name : (spelled[name] ?? headerName(name)));
  const fields = (lines ?? Object.entries(headers)).map(
    ([name, value]) => `${shown(name)}:${value === "" ? "" : ` ${value}`}`,
  );
  return `${[`${method} ${path} HTTP/${two ? "2" : http10 ? "1.0" : "1.1"}`, ...fields].join("\r\n")}\r\n\r\n`;
}

const WHY: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  EHOSTUNREACH: "No route to host",
  ETIMEDOUT: "Connection timed out",
};

/** What -v tells of a connection that did not come about. */
function* brokenOff(
  run: Run,
  result: HttpFailure,
  to: { client: Hello; port: number; number: number; address: string | undefined; name: string },
): Gen {
  const { trace: t, version } = run;
  const { client, port, address = to.name } = to;
  const old = version.startsWith("7");
  if (result.kind === "connect") {
    const why = WHY[result.code];
    const from = old ? "" : ` from ${run.source(address)} port ${run.port()}`;
    yield* t.info(
      why === undefined
        ? `Immediate connect fail for ${address}: ${result.code === "EADDRNOTAVAIL" ? "Cannot assign requested address" : "Network is unreachable"}`
        : `connect to ${address} port ${port}${from} failed: ${why}`,
    );
  } else if (result.kind === "timeout" && result.phase === "connect" && old && run.patience !== undefined)
    yield* t.info(`ipv4 connect timeout after ${run.patience}ms, move on!`);
  else if (result.kind === "reset" && !old) yield* t.info("abort upload");
  else if (result.kind === "tls" && (result.why === "not-tls" || result.why === "version" || result.why === "eof")) {
    yield* hello(t, client);
    if (result.why === "version")
      yield* t.info(`TLSv${client.versions.at(-1) ?? "1.1"} (IN), TLS alert, protocol version (582):`);
    yield* t.tls("in", result.why === "version" ? 2 : 5);
  } else if (result.kind === "tls")
    yield* handshake(t, { listener: result.listener, certificate: result.certificate, problem: result }, client);
}

/** The proxy that a URL goes through: `-x`, or the variables of the environment. */
function proxyOf(p: Process, s: Settings, url: Url): Url | undefined {
  const env = (name: string) => p.env.get(name) ?? p.env.get(name.toUpperCase());
  const text = s.proxy ?? (url.scheme === "https" ? env("https_proxy") : p.env.get("http_proxy")) ?? env("all_proxy");
  if (!text) return undefined;
  const spared = (s.noproxy ?? env("no_proxy") ?? "").split(",").map((one) => one.trim().replace(/^\./, ""));
  if (spared.some((one) => one === "*" || one === url.host || (one !== "" && url.host.endsWith(`.${one}`))))
    return undefined;
  const proxy = parseUrl(text);
  return proxy && { ...proxy, port: /:\d+\/?$/.test(text) ? proxy.port : 1080 };
}

function authorities(p: Process, s: Settings): string | undefined {
  if (s.cacert === undefined) return undefined;
  const text = readable(p, s.cacert);
  if (text === undefined || !text.includes("BEGIN CERTIFICATE")) {
    throw new CurlError(77, `error setting certificate file: ${s.cacert}`);
  }
  return text;
}

function clientCertificate(p: Process, s: Settings): string | undefined {
  if (s.cert === undefined) return undefined;
  const text = readable(p, s.cert);
  if (text === undefined || documentsIn(text).length === 0) {
    const why =
      text === undefined
        ? "80000002:system library::No such file or directory"
        : "0480006C:PEM routines::no start line";
    throw new CurlError(
      58,
      `could not load PEM client certificate from ${s.cert}, OpenSSL error error:${why}, (no key found, wrong pass phrase, or wrong file format?)`,
    );
  }
  // The key may stand beside the certificate, and must be the one it was made for.
  const from = s.key ?? s.cert;
  if (pairProblem(text, readable(p, from) ?? "") !== undefined)
    throw new CurlError(58, `unable to set private key file: '${from}' type PEM`);
  return text;
}
