/** HTTP as command line clients make it: URL, name, connection, TLS, request, body. */
import { encodeBody } from "../../api/encode.ts";
import type { HttpBody, HttpRequest, HttpResponse } from "../../api/http.ts";
import { decode, decodeBase64, encode, type Gen, wait } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { plainOnTls } from "../../network/http-bytes.ts";
import { type Connection, isNetError, type Listener, type NetErrorCode } from "../../network/index.ts";
import { resolveHost } from "../../network/resolver.ts";
import { completed } from "../../network/response-head.ts";
import { ipv6Groups } from "../../text/ipv6.ts";
import { chainProblem, nameProblem, type TlsProblem } from "./tls-check.ts";

export interface Url {
  scheme: string;
  user?: string;
  host: string;
  port: number;
  /** Path and query, beginning with a slash. */
  path: string;
}

/** Parts of a URL; `http` when it names no scheme. Undefined when it has no host. */
export function parseUrl(text: string): Url | undefined {
  const match =
    /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?(?:([^@/?#]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?([/?][^#]*)?(?:#.*)?$/.exec(
      text,
    );
  if (match === null || !match[3]) return undefined;
  const scheme = (match[1] ?? "http").toLowerCase();
  const path = match[5] ?? "/";
  return {
    scheme,
    ...(match[2] === undefined ? {} : { user: match[2] }),
    host: match[3],
    port: match[4] === undefined ? (scheme === "https" ? 443 : 80) : Number(match[4]),
    path: path.startsWith("/") ? path : `/${path}`,
  };
}

/** Host and port as the Host header has them. */
export function authority(url: Url): string {
  const usual = url.scheme === "https" ? 443 : 80;
  return url.port === usual ? url.host : `${url.host}:${url.port}`;
}

export type HttpFailure =
  | { kind: "resolve"; why: "again" | "none" }
  | { kind: "connect"; code: NetErrorCode; address: string; ms: number }
  | { kind: "timeout"; phase: "connect" | "transfer"; ms: number }
  | { kind: "tls"; why: "not-tls" }
  | { kind: "tls"; why: "version" }
  | { kind: "tls"; why: "eof" }
  | ({ kind: "tls"; address: string; certificate: string; listener: Listener } & TlsProblem)
  | { kind: "reset" };

/** What OpenSSL 3 speaks unless it is told otherwise. */
export const TLS_VERSIONS: readonly string[] = ["1.2", "1.3"];

export interface ExchangeOptions {
  /** µs for the connection, and for everything. */
  connectTimeout?: number | undefined;
  maxTime?: number | undefined;
  /** Whom the connection is made to instead of the URL's own. */
  dial?: { host: string; port: number } | undefined;
  /** Address instead of a lookup. */
  address?: string | undefined;
  insecure?: boolean;
  /** PEM texts. */
  authorities?: (() => string | undefined) | undefined;
  clientCertificate?: string | undefined;
  /** Versions of TLS that it offers; all of them when absent. */
  tlsVersions?: readonly string[] | undefined;
  /** An open connection that the request goes over. */
  over?: Open | undefined;
  /** Whether HTTP/2 is spoken on a connection; 1.1 by default. */
  two?: (connection: Connection) => boolean;
  /** The caller closes the connection. */
  keep?: boolean;
  /** Told as it goes on: whom it calls, who has answered, with which certificate, and that the request goes out. */
  told?: {
    dialling(address: string): Gen;
    connected(connection: Connection, address: string): Gen;
    secured(open: Open): Gen;
    asking(): Gen;
  };
}

/** A connection, and what TLS on it came to. */
export interface Open {
  connection: Connection;
  address: string;
  certificate?: string | undefined;
  problem?: TlsProblem | undefined;
}

export interface Exchange {
  connection: Connection;
  /** Address that was dialled: a Service's own, whatever endpoint answered. */
  address: string;
  response: HttpResponse;
  /** µs it took to look up, to connect, to get the head. */
  lookup: number;
  connect: number;
  head: number;
  /** PEM of the server's certificate, and what would have been wrong with it. */
  certificate?: string;
  problem?: TlsProblem | undefined;
}

/** Sends one request. A failure comes back as a value for the caller's own words. */
export function* exchange(
  p: Process,
  url: Url,
  request: Omit<HttpRequest, "remoteAddress" | "path">,
  options: ExchangeOptions,
): Gen<Exchange | HttpFailure> {
  const { kernel } = p.machine;
  const start = kernel.now;
  const since = () => kernel.now - start;
  const deadline = options.maxTime === undefined ? Number.POSITIVE_INFINITY : start + options.maxTime;
  const opened = options.over ?? (yield* open(p, url, options, start));
  if ("kind" in opened) return opened;
  const { connection, address, lookup = 0, connect = 0, certificate: presented, problem } = opened as Dialled;
  const { server: listener } = connection;
  if (url.scheme !== "https" && listener.tls) {
    yield* options.told?.asking() ?? nothing();
    const plain = { ...request, path: url.path, remoteAddress: connection.localAddress };
    const response = yield* listener.plain?.(plain) ?? plainOnTls();
    return { connection, address, response, lookup, connect, head: since() };
  }
  if (listener.http === undefined && listener.accept === undefined) return { kind: "reset" };
  const full: HttpRequest = { ...request, path: url.path, remoteAddress: connection.localAddress };
  if (options.clientCertificate !== undefined && url.scheme === "https")
    full.clientCertificate = options.clientCertificate;
  yield* options.told?.asking() ?? nothing();
  try {
    const came = yield* withTimeout(p, connection.http(full), deadline - kernel.now);
    const response = came && completed(came, kernel.wallMs, request.method, options.two?.(connection) === true);
    if (response === undefined) {
      connection.close();
      return { kind: "timeout", phase: "transfer", ms: Math.floor(since() / 1000) };
    }
    if (!options.keep && (response.body.type === "bytes" || response.body.type === "object")) connection.close();
    const tls = presented === undefined ? {} : { certificate: presented, problem };
    return { connection, address, response, lookup, connect, head: since(), ...tls };
  } catch (error) {
    if (!isNetError(error)) throw error;
    return { kind: "reset" };
  }
}

/** A connection that was opened, and the µs that the lookup and it took. */
interface Dialled extends Open {
  lookup?: number;
  connect?: number;
}

function* nothing(): Gen {}

/** Looks a URL's host up, connects and shakes hands. */
function* open(p: Process, url: Url, options: ExchangeOptions, start: number): Gen<Dialled | HttpFailure> {
  const { kernel, network } = p.machine;
  const since = () => kernel.now - start;
  const deadline = options.maxTime === undefined ? Number.POSITIVE_INFINITY : start + options.maxTime;
  let address = options.address;
  if (address === undefined) {
    // No machine has an address of IPv6, nor a route to one.
    const six = url.host.replace(/^\[(.*)\]$/, "$1");
    if (options.dial === undefined && ipv6Groups(six) !== undefined) {
      yield* options.told?.dialling(`[${six}]`) ?? nothing();
      return { kind: "connect", code: "EADDRNOTAVAIL", address: six, ms: 0 };
    }
    const found = yield* withTimeout(p, resolveHost(p, options.dial?.host ?? url.host), deadline - kernel.now);
    if (found === undefined) return { kind: "timeout", phase: "connect", ms: Math.floor(since() / 1000) };
    if (!found.ok) return { kind: "resolve", why: found.why };
    address = found.addresses[0]!;
  }
  const lookup = since();
  yield* options.told?.dialling(address) ?? nothing();
  const patience = Math.min(options.connectTimeout ?? Number.POSITIVE_INFINITY, deadline - kernel.now);
  let connection: Connection;
  try {
    connection = yield* network.connect(p.ns.net, address, options.dial?.port ?? url.port, {
      ...(Number.isFinite(patience) && { timeout: patience }),
      ...(url.scheme === "https" && { serverName: url.host }),
    });
  } catch (error) {
    if (!isNetError(error)) throw error;
    const ms = Math.floor(since() / 1000);
    if (Number.isFinite(patience) && since() >= patience) return { kind: "timeout", phase: "connect", ms };
    if (error.code === "EOF") return url.scheme === "https" ? { kind: "tls", why: "eof" } : { kind: "reset" };
    return { kind: "connect", code: error.code, address, ms };
  }
  const connect = since();
  const { server: listener } = connection;
  let presented: string | undefined;
  let problem: TlsProblem | undefined;
  yield* options.told?.connected(connection, address) ?? nothing();
  if (url.scheme === "https") {
    if (!listener.tls) return { kind: "tls", why: "not-tls" };
    const { tlsVersions = TLS_VERSIONS } = listener;
    if (!tlsVersions.some((each) => (options.tlsVersions ?? TLS_VERSIONS).includes(each)))
      return { kind: "tls", why: "version" };
    presented = listener.certificate?.(url.host) ?? "";
    if (!listener.publicAuthority) {
      const untrusted = chainProblem(presented, options.authorities?.(), kernel.wallMs);
      problem = untrusted ?? nameProblem(presented, url.host);
      if (problem && !options.insecure) return { kind: "tls", address, certificate: presented, listener, ...problem };
    }
  }
  const opened = { connection, address, lookup, connect, certificate: presented, problem };
  yield* options.told?.secured(opened) ?? nothing();
  return opened;
}

/** Runs a generator for at most `us` µs; undefined when it takes longer (it is ended then). */
export function* withTimeout<T>(p: Process, work: Gen<T>, us: number): Gen<T | undefined> {
  if (!Number.isFinite(us)) return yield* work;
  const { kernel } = p.machine;
  const deadline = kernel.now + Math.max(0, us);
  let failure: unknown;
  const task = kernel.spawn(
    `${p.comm} ${p.pid} request`,
    (function* (): Gen<T | undefined> {
      try {
        return yield* work;
      } catch (error) {
        failure = error;
        return undefined;
      }
    })(),
  );
  try {
    while (task.state !== "done" && kernel.now < deadline) yield* wait(task.ended, deadline - kernel.now);
  } finally {
    kernel.kill(task);
  }
  if (failure !== undefined) throw failure;
  return task.state === "done" ? (task.value as T) : undefined;
}

export function pemBlocks(pem: string): Uint8Array[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g)].map(
    (match) => decodeBase64(match[1]!) ?? new Uint8Array(0),
  );
}

/**
 * Gives a body's bytes to `sink` as they come; objects as the JSON that the API server makes of them.
 * `more` is asked before each wait for further bytes.
 */
export function* readBody(body: HttpBody, sink: (bytes: Uint8Array) => Gen): Gen {
  switch (body.type) {
    case "bytes":
      if (body.bytes.length > 0) yield* sink(body.bytes);
      return;
    case "object":
      yield* sink(encode(encodeBody(body)));
      return;
    case "stream":
      try {
        for (;;) {
          const bytes = yield* body.pipe.read(65_536);
          if (bytes === "interrupted") continue;
          if (bytes.length === 0) return;
          yield* sink(bytes);
        }
      } finally {
        body.pipe.closeReader();
      }
    case "watch": {
      const { watch } = body;
      try {
        for (;;) {
          for (const event of watch.buffer.splice(0)) {
            yield* sink(encode(`${JSON.stringify({ type: event.type, object: event.object })}\n`));
          }
          if (watch.ended) return;
          yield* wait(watch.ready);
        }
      } finally {
        watch.close();
      }
    }
    default:
      return;
  }
}

/** Names of header fields as HTTP/1.1 servers write them. */
export function headerName(name: string): string {
  if (name === "etag") return "ETag";
  if (name === "www-authenticate") return "WWW-Authenticate";
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}

/** A file's text, or undefined when it cannot be read. */
export function readable(p: Process, path: string): string | undefined {
  try {
    return decode(sys.readBytes(p, path));
  } catch (error) {
    if (isErrno(error)) return undefined;
    throw error;
  }
}

export function isFailure(result: Exchange | HttpFailure): result is HttpFailure {
  return "kind" in result;
}
