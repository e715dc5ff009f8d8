import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Gen, type RandomStream, SECOND } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { isNetError } from "../../network/index.ts";
import { compileRegex } from "../../text/regex/index.ts";
import { withTimeout } from "../../tools/system/http-client.ts";
import { errorPage, httpDate } from "../nginx/http.ts";
import type { Backend, Filter, Model, Named, RouteMatch, Way } from "./model.ts";

const NGINX = "nginx";
/** proxy_connect_timeout and proxy_read_timeout of nginx. */
const CONNECT = 60 * SECOND;
const READ = 60 * SECOND;

const hostFits = (pattern: string, host: string): boolean =>
  pattern === "" ||
  pattern === host ||
  (pattern.startsWith("*.") && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1);

function textFits({ type = "Exact", value }: Named, given: string | undefined): boolean {
  if (given === undefined) return false;
  return type === "Exact" ? given === value : compileRegex(value, { syntax: "perl" }).test(given);
}

/** Whether a request's path is that of a match. */
export function pathFits({ path }: RouteMatch, asked: string): boolean {
  const { type = "PathPrefix", value = "/" } = path ?? {};
  if (type === "Exact") return asked === value;
  if (type === "RegularExpression") return compileRegex(value, { syntax: "perl" }).test(asked);
  const prefix = value.replace(/\/$/, "");
  return asked === prefix || asked.startsWith(`${prefix}/`);
}

function fits(match: RouteMatch, { method, headers }: HttpRequest, path: string, query: string): boolean {
  if (!pathFits(match, path) || (match.method !== undefined && match.method !== method)) return false;
  const args = new Map(query.split("&").map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string]));
  return (
    (match.headers ?? []).every((one) => textFits(one, headers[one.name.toLowerCase()])) &&
    (match.queryParams ?? []).every((one) => textFits(one, args.get(one.name)))
  );
}

/** The path after a filter's change; a prefix gives way to another. */
export function changedPath(
  change: { type: string; replaceFullPath?: string; replacePrefixMatch?: string } | undefined,
  match: RouteMatch,
  path: string,
): string {
  if (change === undefined) return path;
  if (change.type === "ReplaceFullPath") return change.replaceFullPath ?? path;
  const prefix = (match.path?.value ?? "/").replace(/\/$/, "");
  const rest = path.slice(prefix.length);
  const base = (change.replacePrefixMatch ?? "").replace(/\/$/, "");
  return base + (rest.startsWith("/") || rest === "" ? rest : `/${rest}`) || "/";
}

/** nginx as the fabric configures it. */
export class RouteProxy {
  model: Model = { listeners: [], ways: [], statuses: [] };
  private readonly p: Process;
  private readonly random: RandomStream;
  private readonly slices: (service: string) => readonly KubeObject[];
  private readonly service: (key: string) => KubeObject | undefined;
  private readonly turns = new Map<string, number>();

  constructor(
    p: Process,
    slices: (service: string) => readonly KubeObject[],
    service: (key: string) => KubeObject | undefined,
  ) {
    this.p = p;
    this.slices = slices;
    this.service = service;
    this.random = p.machine.kernel.random(`nginx-gateway ${p.ns.uts.hostname}`);
  }

  *handle(request: HttpRequest, port: number): Gen<HttpResponse> {
    const host = (request.headers["host"] ?? "").replace(/:\d+$/, "").toLowerCase();
    const mark = request.path.indexOf("?");
    const [path, query] = mark < 0 ? [request.path, ""] : [request.path.slice(0, mark), request.path.slice(mark + 1)];
    const known = this.model.ways.filter(
      (way) => way.listener.port === port && !way.listener.fault && hostFits(way.host, host),
    );
    // The most specific host alone has a say.
    const best = known[0]?.host;
    const way = known.find((one) => one.host === best && fits(one.match, request, path, query));
    const response = way === undefined ? this.page(404, request) : yield* this.pass(way, request, host, path, query);
    const { server: _, date: __, connection: ___, ...rest } = response.headers;
    return {
      ...response,
      headers: { server: NGINX, date: httpDate(this.p.machine.kernel.wallMs), ...rest, connection: "keep-alive" },
    };
  }

  private *pass(way: Way, request: HttpRequest, host: string, path: string, query: string): Gen<HttpResponse> {
    const redirect = way.filters.find(({ type }) => type === "RequestRedirect")?.requestRedirect;
    const tail = query === "" ? "" : `?${query}`;
    if (redirect !== undefined) {
      const scheme = redirect.scheme ?? (way.listener.tls ? "https" : "http");
      const port = redirect.port ?? (redirect.scheme === undefined ? way.listener.port : scheme === "https" ? 443 : 80);
      const shown = port === (scheme === "https" ? 443 : 80) ? "" : `:${port}`;
      const to = `${scheme}://${redirect.hostname ?? host}${shown}${changedPath(redirect.path, way.match, path)}${tail}`;
      const page = this.page(redirect.statusCode ?? 302, request);
      return { ...page, headers: { ...page.headers, location: to } };
    }
    const backend = this.choose(way.backends);
    if (backend?.service === undefined) return this.page(500, request);
    const endpoints = this.endpoints(backend);
    if (endpoints.length === 0) return this.page(503, request);
    const rewrite = way.filters.find(({ type }) => type === "URLRewrite")?.urlRewrite;
    const headers = changedHeaders(
      {
        ...request.headers,
        host: rewrite?.hostname ?? request.headers["host"] ?? host,
        "x-forwarded-for": [request.headers["x-forwarded-for"], request.remoteAddress].filter(Boolean).join(", "),
        "x-real-ip": request.remoteAddress,
        "x-forwarded-proto": way.listener.tls ? "https" : "http",
        "x-forwarded-host": host,
        "x-forwarded-port": String(way.listener.port),
      },
      way.filters,
      "requestHeaderModifier",
    );
    const asked = { ...request, path: changedPath(rewrite?.path, way.match, path) + tail, headers };
    const answer = yield* this.ask(backend.service, endpoints, asked);
    return { ...answer, headers: changedHeaders(answer.headers, way.filters, "responseHeaderModifier") };
  }

  /** By weight (split_clients). */
  private choose(backends: readonly Backend[]): Backend | undefined {
    const total = backends.reduce((sum, { weight }) => sum + weight, 0);
    if (total === 0) return undefined;
    let left = this.random.int(1, total);
    return backends.find(({ weight }) => (left -= weight) <= 0);
  }

  private endpoints({ service = "", port }: Backend): { address: string; port: number }[] {
    const name: string =
      this.service(service)?.["spec"].ports.find((one: { port: number }) => one.port === port)?.name ?? "";
    return this.slices(service).flatMap((slice) => {
      const own = (slice["ports"] ?? []).find((one: { name?: string }) => (one.name ?? "") === name)?.port;
      const list = (slice["endpoints"] ?? []) as { addresses: string[]; conditions?: { ready?: boolean } }[];
      return own === undefined
        ? []
        : list
            .filter(({ conditions }) => conditions?.ready !== false)
            .flatMap(({ addresses }) => addresses.map((address) => ({ address, port: own })));
    });
  }

  private *ask(
    service: string,
    endpoints: readonly { address: string; port: number }[],
    request: HttpRequest,
  ): Gen<HttpResponse> {
    const { p } = this;
    const turn = this.turns.get(service) ?? this.random.int(0, endpoints.length - 1);
    this.turns.set(service, turn + 1);
    let status = 502;
    for (let i = 0; i < endpoints.length; i++) {
      const { address, port } = endpoints[(turn + i) % endpoints.length]!;
      try {
        const connection = yield* p.machine.network.connect(p.ns.net, address, port, { timeout: CONNECT });
        if (connection.server.http === undefined) continue;
        const work = connection.http({ ...request, remoteAddress: connection.localAddress });
        const answer = request.instant ? yield* work : yield* withTimeout(p, work, READ);
        if (answer !== undefined) return answer;
        status = 504;
      } catch (error) {
        if (!isNetError(error)) throw error;
        if (error.code === "ETIMEDOUT") status = 504;
      }
    }
    return this.page(status, request);
  }

  private page(status: number, { method }: HttpRequest): HttpResponse {
    const bytes = errorPage(status, NGINX);
    return {
      status,
      headers: { "content-type": "text/html", "content-length": String(bytes.length) },
      body: { type: "bytes", bytes: method === "HEAD" ? new Uint8Array(0) : bytes },
    };
  }
}

function changedHeaders(
  headers: Record<string, string>,
  filters: readonly Filter[],
  key: "requestHeaderModifier" | "responseHeaderModifier",
): Record<string, string> {
  const out = { ...headers };
  for (const { [key]: change } of filters) {
    for (const { name, value } of change?.set ?? []) out[name.toLowerCase()] = value;
    for (const { name, value } of change?.add ?? []) {
      const before = out[name.toLowerCase()];
      out[name.toLowerCase()] = before === undefined ? value : `${before},${value}`;
    }
    for (const name of change?.remove ?? []) delete out[name.toLowerCase()];
  }
  return out;
}
