import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { type Gen, SECOND } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { reasonOf } from "../../network/reason.ts";
import { resolveHost } from "../../network/resolver.ts";
import { nginxOrder } from "../../network/response-head.ts";
import {
  authority,
  exchange,
  type HttpFailure,
  isFailure,
  parseUrl,
  type Url,
} from "../../tools/system/http-client.ts";
import { type Config, ConfigError, type Directive, type Location, type Server } from "./config.ts";
import { type Answer, errorAnswer, httpDate } from "./http.ts";

/** Where a location's requests are passed on to (ngx_http_proxy_module). */
export interface Passing {
  /** As it is written: `http://backend:8080/api/`. */
  target: string;
  /** `FILE:LINE`. */
  at: string;
  /** Fields that are set, by their lower-case names. */
  headers: Map<string, string>;
  /** Addresses of its hosts, looked up when the configuration was read. */
  peers: Peer[];
  /** Whose turn it is. */
  next: number;
}

interface Peer {
  address: string;
  port: number;
}

/** µs that nginx waits for a connection to a backend, and for its answer. */
const PATIENCE = 60 * SECOND;

/** Takes a location's directive in; false when it is none of proxying. */
export function readProxy(location: Location, { name, args, file, line }: Directive): boolean {
  if (name === "proxy_pass")
    location.proxy = { target: args[0] ?? "", at: `${file}:${line}`, headers: new Map(), peers: [], next: 0 };
  else if (name === "proxy_set_header")
    location.setHeaders = [...(location.setHeaders ?? []), [(args[0] ?? "").toLowerCase(), args[1] ?? ""]];
  else return false;
  return true;
}

/** Looks up the hosts of every `proxy_pass` without variables, as nginx does before it serves. Throws ConfigError. */
export function* findPeers(p: Process, config: Config): Gen<void> {
  for (const server of config.servers) {
    for (const location of server.locations) {
      const { proxy } = location;
      if (proxy === undefined) continue;
      // Fields of the server hold where a location sets none of its own.
      for (const [name, value] of location.setHeaders ?? server.setHeaders ?? []) proxy.headers.set(name, value);
      if (proxy.target.includes("$")) continue;
      const url = parseUrl(proxy.target);
      if (url === undefined || !/^https?:\/\//.test(proxy.target))
        throw new ConfigError(`invalid URL prefix in ${proxy.at}`);
      const upstream = config.upstreams.get(url.host);
      for (const peer of upstream ?? [{ host: url.host, port: url.port, at: proxy.at }]) {
        const found = yield* resolveHost(p, peer.host);
        if (!found.ok)
          throw new ConfigError(
            `host not found in upstream "${withPort(peer, url, upstream !== undefined)}" in ${peer.at}`,
          );
        for (const address of found.addresses) proxy.peers.push({ address, port: peer.port });
      }
    }
  }
}

/** As the configuration names it: with its port where that is written. */
function withPort({ host, port }: { host: string; port: number }, url: Url, inUpstream: boolean): string {
  return inUpstream ? (port === 80 ? host : `${host}:${port}`) : authority(url);
}

/** Passes a request on, to the next backend when one cannot be connected to. */
export function* passOn(
  p: Process,
  { server, location, uri, secure }: { server: Server; location: Location; uri: string; secure: boolean },
  request: HttpRequest,
  version: string,
): Gen<Answer> {
  const proxy = location.proxy!;
  const host = request.headers["host"] ?? "";
  const variables: Record<string, string> = {
    host: host.split(":")[0]! || (server.names[0] ?? ""),
    http_host: host,
    remote_addr: request.remoteAddress,
    request_uri: request.path,
    uri,
    scheme: secure ? "https" : "http",
    server_name: server.names[0] ?? "",
    proxy_host: "",
    args: request.path.split("?")[1] ?? "",
    proxy_add_x_forwarded_for: [request.headers["x-forwarded-for"], request.remoteAddress].filter(Boolean).join(", "),
  };
  const expand = (text: string) =>
    text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced: string | undefined, bare: string | undefined) => {
      const name = (braced ?? bare)!;
      return (
        variables[name] ?? (name.startsWith("http_") ? (request.headers[name.slice(5).replaceAll("_", "-")] ?? "") : "")
      );
    });
  const target = expand(proxy.target);
  const url = parseUrl(target);
  if (url === undefined) return errorAnswer(p, server, 500, request, version);
  variables["proxy_host"] = authority(url);
  const [, ownPath] = /^https?:\/\/[^/]*(\/.*)?$/.exec(target) ?? [];
  const [path = "/", query] = [request.path.split("?")[0], request.path.split("?").slice(1).join("?")];
  const rewritten =
    ownPath === undefined || location.modifier === "~"
      ? request.path
      : `${ownPath}${path.slice(location.path.length)}${query ? `?${query}` : ""}`;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (!["connection", "keep-alive", "upgrade", "te", "host"].includes(name)) headers[name] = value;
  headers["host"] = variables["proxy_host"];
  headers["connection"] = "close";
  for (const [name, value] of proxy.headers) {
    const set = expand(value);
    if (set === "") delete headers[name];
    else headers[name] = set;
  }
  const peers: Peer[] = proxy.peers.length > 0 ? proxy.peers : yield* lookedUp(p, url);
  if (peers.length === 0) {
    const error = `no resolver defined to resolve ${url.host}, ${whereabouts(server, request)}`;
    return { ...errorAnswer(p, server, 502, request, version), error };
  }
  let failed: HttpFailure | undefined;
  let asked = "";
  for (let tries = 0; tries < peers.length; tries++) {
    const peer = peers[proxy.next++ % peers.length]!;
    asked = `${url.scheme}://${peer.address}:${peer.port}${rewritten}`;
    const result = yield* exchange(
      p,
      { ...url, port: peer.port, path: rewritten },
      { method: request.method, headers, body: request.body },
      { address: peer.address, connectTimeout: PATIENCE, maxTime: PATIENCE, insecure: true },
    );
    if (!isFailure(result)) return passedBack(p, result.response, version);
    failed = result;
  }
  const late = failed?.kind === "timeout";
  const answer = errorAnswer(p, server, late ? 504 : 502, request, version);
  return { ...answer, error: `${complaint(failed)}, ${whereabouts(server, request, asked)}` };
}

function* lookedUp(p: Process, url: Url): Gen<Peer[]> {
  const found = yield* resolveHost(p, url.host);
  return found.ok ? found.addresses.map((address) => ({ address, port: url.port })) : [];
}

function complaint(failed: HttpFailure | undefined): string {
  if (failed?.kind === "timeout") {
    const during = failed.phase === "connect" ? "connecting to upstream" : "reading response header from upstream";
    return `upstream timed out (110: Connection timed out) while ${during}`;
  }
  if (failed?.kind === "connect") {
    const why = failed.code === "ECONNREFUSED" ? "111: Connection refused" : "113: No route to host";
    return `connect() failed (${why}) while connecting to upstream`;
  }
  if (failed?.kind === "tls") return "SSL_do_handshake() failed while SSL handshaking to upstream";
  return "upstream prematurely closed connection while reading response header from upstream";
}

function whereabouts(server: Server, request: HttpRequest, upstream?: string): string {
  const { remoteAddress, method, path, headers } = request;
  const asked = upstream === undefined ? "" : `, upstream: "${upstream}"`;
  return `client: ${remoteAddress}, server: ${server.names[0] ?? ""}, request: "${method} ${path} HTTP/1.1"${asked}, host: "${headers["host"] ?? ""}"`;
}

function passedBack(p: Process, answer: HttpResponse, version: string): Answer {
  const { status, headers, body } = answer;
  const own: Record<string, string> = { server: `nginx/${version}`, date: httpDate(p.machine.kernel.wallMs) };
  for (const [name, value] of Object.entries(headers))
    if (!["server", "date", "connection", "keep-alive"].includes(name)) own[name] = value;
  own["connection"] = "keep-alive";
  const size = body.type === "bytes" ? body.bytes.length : Number(headers["content-length"] ?? 0);
  // The status line is the upstream's own.
  return { response: { status, reason: reasonOf(answer), headers: nginxOrder(own), body }, bodySize: size };
}
