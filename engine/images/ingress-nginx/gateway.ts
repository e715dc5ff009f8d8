import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import type { KubeObject } from "../../api/types.ts";
import { encode, fnv1a, type Gen, type RandomStream, SECOND } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { plainOnTls } from "../../network/http-bytes.ts";
import { isNetError } from "../../network/index.ts";
import { reasonOf } from "../../network/reason.ts";
import { resolveHost } from "../../network/resolver.ts";
import { nginxOrder } from "../../network/response-head.ts";
import { inNetwork } from "../../text/ipv4.ts";
import { compileRegex } from "../../text/regex/index.ts";
import { withTimeout } from "../../tools/system/http-client.ts";
import { errorDate, errorPage, httpDate, logDate } from "../nginx/http.ts";
import type { Options, Settings } from "./annotations.ts";
import { allowsOrigin, cookieOf, isKnown, userOf } from "./callers.ts";
import { clientHeaders, clientRefusal } from "./client-auth.ts";
import { askAuth, type ExternalAuth } from "./external-auth.ts";
import { type Backend, DEFAULT_BACKEND, type Endpoint, locationFor, type Model, serverFor } from "./model.ts";
import { expand, type Passage, rewritten, variables } from "./passage.ts";

/** Tries of one request at different endpoints (proxy-next-upstream-tries). */
const TRIES = 3;
const NOTHING = new Uint8Array(0);

/** nginx as the controller configures it: answers requests by the model, passes them on to endpoints, writes logs. */
export class Gateway {
  model: Model;
  settings: Settings;
  private readonly p: Process;
  private readonly random: RandomStream;
  private readonly secret: (key: string) => KubeObject | undefined;
  private readonly configMap: (key: string) => KubeObject | undefined;
  private readonly say: (line: string) => void;
  /** Whose turn it is, by backend. */
  private readonly turns = new Map<string, number>();
  /** Requests that an address may still make at once, and when that was so. */
  private readonly buckets = new Map<string, { left: number; at: number }>();
  private connections = 0;

  constructor(
    p: Process,
    start: { model: Model; settings: Settings },
    found: {
      secret: (key: string) => KubeObject | undefined;
      configMap: (key: string) => KubeObject | undefined;
    },
    say: (line: string) => void,
  ) {
    this.p = p;
    this.model = start.model;
    this.settings = start.settings;
    this.secret = found.secret;
    this.configMap = found.configMap;
    this.say = say;
    this.random = p.machine.kernel.random(`ingress-nginx ${p.ns.uts.hostname}`);
  }

  *handle(request: HttpRequest, secure: boolean): Gen<HttpResponse> {
    const { kernel } = this.p.machine;
    const start = kernel.now;
    const host = request.headers["host"] ?? "";
    const mark = request.path.indexOf("?");
    const path = mark < 0 ? request.path : request.path.slice(0, mark);
    const server = serverFor(this.model, host);
    if (path === "/healthz" && server.host === "_") return this.page(200, request, NOTHING);
    const passage: Passage = {
      request,
      secure,
      host,
      path,
      query: mark < 0 ? "" : request.path.slice(mark),
      id: this.random.hex(32),
      server,
      location: locationFor(server, path),
      upstream: "",
      alternative: "",
      tried: [],
    };
    passage.upstream = passage.location.backend;
    const response = this.withHeaders(passage, yield* this.answer(passage));
    if (!this.settings.disableAccessLog && passage.location.options?.accessLog !== false)
      this.log(passage, response, kernel.now - start);
    return response;
  }

  private *answer(passage: Passage): Gen<HttpResponse> {
    const { request, server, location, path, host, secure } = passage;
    const { options } = location;
    const scheme = secure ? "https" : "http";
    const stranger =
      secure && server.clientAuth && clientRefusal(server.clientAuth, request, this.p.machine.kernel.wallMs);
    if (stranger) return stranger;
    if (server.redirectTo !== undefined) {
      return this.redirect(request, this.settings.redirectCode, `${scheme}://${server.redirectTo}${request.path}`);
    }
    if (options?.appRoot && path === "/") return this.redirect(request, 302, `${scheme}://${host}${options.appRoot}`);
    const mayCross = options?.cors && allowsOrigin(options.cors.origin, request.headers["origin"]);
    if (mayCross && request.method === "OPTIONS") return this.page(204, request, NOTHING);
    const own = options?.snippet.returns;
    if (own !== undefined) return this.returned(passage, own);
    if (options?.redirect) return this.redirect(request, options.redirect.code, expand(passage, options.redirect.to));
    const scheme0 = this.settings.useForwardedHeaders ? (request.headers["x-forwarded-proto"] ?? scheme) : scheme;
    const wantsTls = options?.forceSslRedirect || (options?.sslRedirect && server.secret !== undefined);
    if (scheme0 === "http" && wantsTls) {
      const to = request.path.endsWith("/") ? request.path.slice(0, -1) : request.path;
      return this.redirect(request, this.settings.redirectCode, `https://${host.replace(/:\d+$/, "")}${to}`);
    }
    const refused = options && this.refusal(passage, options);
    if (refused) return refused;
    const turnedAway = options?.external && (yield* this.askOutside(passage, options.external));
    if (turnedAway) return turnedAway;
    return yield* this.forward(passage);
  }

  /** `return 200 "text"`, `return 302 https://…`. */
  private returned(passage: Passage, { code, text }: { code: number; text: string }): HttpResponse {
    const shown = expand(passage, text);
    if ([301, 302, 303, 307, 308].includes(code)) return this.redirect(passage.request, code, shown);
    const page = text === "" ? this.page(code, passage.request) : this.page(code, passage.request, encode(shown));
    return text === "" ? page : { ...page, headers: { ...page.headers, "content-type": "text/plain" } };
  }

  /** A service of the user's own has a say (auth-url); who is not known may be sent to sign in. */
  private *askOutside(passage: Passage, auth: ExternalAuth): Gen<HttpResponse | undefined> {
    const { request, host, secure } = passage;
    const original = `${secure ? "https" : "http"}://${host}${request.path}`;
    const answer = yield* askAuth(this.p, auth, request, original);
    if (!("status" in answer)) {
      passage.request = { ...request, headers: { ...request.headers, ...answer.headers } };
      return undefined;
    }
    if (answer.status === 401 && auth.signin !== undefined) {
      const to = expand(passage, auth.signin);
      const back = /[?&]rd=/.test(to) ? "" : `${to.includes("?") ? "&" : "?"}rd=${encodeURIComponent(original)}`;
      return this.redirect(request, 302, to + back);
    }
    const page = this.page(answer.status, request);
    return { ...page, headers: { ...page.headers, ...answer.headers } };
  }

  /** What keeps a request out before it reaches a backend. */
  private refusal({ request, location, host }: Passage, options: Options): HttpResponse | undefined {
    const { remoteAddress } = request;
    const spared = options.limit?.spared.some((cidr) => inNetwork(cidr, remoteAddress));
    if (options.limit && !spared && !this.withinLimit(`${location.ingress} ${host} ${remoteAddress}`, options.limit)) {
      return this.page(this.settings.limitStatus, request);
    }
    const denied = options.deny.some((cidr) => inNetwork(cidr, remoteAddress));
    const allowed = options.allow.some((cidr) => inNetwork(cidr, remoteAddress));
    // With `satisfy any` an address that may is asked for no password, and a password opens to any address.
    const byAddress = options.satisfyAny && options.auth !== undefined;
    if (!byAddress && (denied || (options.allow.length > 0 && !allowed))) return this.page(403, request);
    if (options.auth && !(byAddress && allowed && !denied)) {
      const secret = this.secret(options.auth.secret);
      // Without the Secret nobody can be let in: the location is denied (annotations/auth).
      if (secret === undefined) return this.page(503, request);
      if (!isKnown(request.headers["authorization"], secret, options.auth.byUser)) {
        const answer = this.page(401, request);
        return { ...answer, headers: { ...answer.headers, "www-authenticate": `Basic realm="${options.auth.realm}"` } };
      }
    }
    const size =
      request.body?.type === "bytes" ? request.body.bytes.length : Number(request.headers["content-length"] ?? 0);
    return options.bodySize > 0 && size > options.bodySize ? this.page(413, request) : undefined;
  }

  private withinLimit(key: string, { rate, burst }: { rate: number; burst: number }): boolean {
    const { now } = this.p.machine.kernel;
    const bucket = this.buckets.get(key) ?? { left: burst + 1, at: now };
    bucket.left = Math.min(burst + 1, bucket.left + ((now - bucket.at) / SECOND) * rate);
    bucket.at = now;
    if (this.buckets.size > 10_000) this.buckets.clear();
    this.buckets.set(key, bucket);
    if (bucket.left < 1) return false;
    bucket.left--;
    return true;
  }

  private *forward(passage: Passage): Gen<HttpResponse> {
    const { request, location } = passage;
    const { options } = location;
    let backend = this.choose(passage, this.model.backends.get(location.backend));
    if (backend.endpoints.length === 0 && options?.defaultBackend) {
      backend = this.customBackend(passage, options.defaultBackend) ?? backend;
    }
    if (backend.endpoints.length === 0) {
      // The default backend's own server answers for itself on port 8181.
      if (backend.name !== DEFAULT_BACKEND) return this.page(503, request);
      passage.tried.push({ address: "127.0.0.1:8181", length: "146", seconds: "0.000", status: "404" });
      return this.page(404, request);
    }
    const response = yield* this.proxy(passage, backend);
    if (!options?.customErrors.includes(response.status)) return response;
    const fallback =
      (options.defaultBackend && this.customBackend(passage, options.defaultBackend)) ||
      this.model.backends.get(DEFAULT_BACKEND);
    if (fallback === undefined || fallback.endpoints.length === 0) return this.page(404, request);
    const [namespace = "", name = ""] = location.ingress.split("/");
    const headers = {
      ...request.headers,
      "x-code": String(response.status),
      "x-original-uri": request.path,
      "x-namespace": namespace,
      "x-ingress-name": name,
      "x-service-name": backend.service,
      "x-service-port": backend.port,
    };
    const again = {
      ...passage,
      request: { ...request, path: "/", headers },
      location: { ...location, rewrite: undefined },
    };
    const page = yield* this.proxy(again, fallback);
    return { ...page, status: page.status === 200 ? response.status : page.status };
  }

  /** The Service of the annotation default-backend: its first port. */
  private customBackend({ location }: Passage, service: string): Backend | undefined {
    const prefix = `${location.ingress.split("/")[0]}-${service}-`;
    for (const [name, backend] of this.model.backends) if (name.startsWith(prefix)) return backend;
    return undefined;
  }

  /** A canary's backend, if it is its turn (rootfs/etc/nginx/lua/balancer.lua route_to_alternative_balancer). */
  private choose(passage: Passage, backend: Backend | undefined): Backend {
    if (backend === undefined) return this.model.backends.get(DEFAULT_BACKEND)!;
    const other = this.model.backends.get(backend.alternatives[0] ?? "");
    if (other?.canary === undefined || !this.isCanary(passage.request, other.canary)) return backend;
    passage.alternative = other.name;
    return other;
  }

  private isCanary({ headers }: HttpRequest, canary: NonNullable<Backend["canary"]>): boolean {
    const header = canary.header === "" ? undefined : headers[canary.header];
    if (header !== undefined) {
      if (canary.headerValue !== "") {
        if (header === canary.headerValue) return true;
      } else if (canary.headerPattern !== "") {
        if (compileRegex(canary.headerPattern, { syntax: "perl" }).test(header)) return true;
      } else if (header === "always" || header === "never") return header === "always";
    }
    const cookie = canary.cookie === "" ? undefined : cookieOf(headers, canary.cookie);
    if (cookie === "always" || cookie === "never") return cookie === "always";
    return this.random.int(1, canary.total) <= canary.weight;
  }

  private *proxy(passage: Passage, backend: Backend): Gen<HttpResponse> {
    const { kernel } = this.p.machine;
    const { request } = passage;
    const count = Math.min(TRIES, backend.endpoints.length);
    const first = this.firstOf(passage, backend);
    let status = 502;
    for (let tried = 0; tried < count; tried++) {
      const endpoint = backend.endpoints[(first + tried) % backend.endpoints.length]!;
      const start = kernel.now;
      const result = yield* this.ask(passage, endpoint);
      const seconds = ((kernel.now - start) / SECOND).toFixed(3);
      const failed = typeof result === "number";
      if (failed) status = result;
      const length = failed ? "0" : String(sizeOf(result));
      const code = String(failed ? result : result.status);
      passage.tried.push({ address: `${endpoint.address}:${endpoint.port}`, length, seconds, status: code });
      if (!failed) return this.sticky(passage, backend, endpoint, result);
    }
    return this.page(status, request);
  }

  private firstOf(passage: Passage, backend: Backend): number {
    const cookie = passage.location.options?.cookie;
    const known = cookie && cookieOf(passage.request.headers, cookie.name);
    if (known !== undefined) {
      const at = backend.endpoints.findIndex((endpoint) => this.cookieFor(backend, endpoint) === known);
      if (at >= 0) return at;
    }
    const { hashBy } = passage.location.options ?? { hashBy: "" };
    if (hashBy !== "") {
      const key = variables(passage, hashBy);
      return (fnv1a(key) >>> 0) % backend.endpoints.length;
    }
    const turn = this.turns.get(backend.name) ?? this.random.int(0, backend.endpoints.length - 1);
    this.turns.set(backend.name, turn + 1);
    return turn % backend.endpoints.length;
  }

  /** The cookie's value that stands for an endpoint. */
  private cookieFor(backend: Backend, { address, port }: Endpoint): string {
    let sum = 2_166_136_261;
    for (const char of `${backend.name} ${address}:${port}`) sum = Math.imul(sum ^ char.charCodeAt(0), 16_777_619);
    const hex = (sum >>> 0).toString(16).padStart(8, "0");
    return `${Math.floor(this.p.machine.kernel.epochMs / 1000)}.${(sum >>> 8) % 1000}.28.${(sum >>> 20) % 1000000}|${hex.repeat(4)}`;
  }

  private sticky(passage: Passage, backend: Backend, endpoint: Endpoint, response: HttpResponse): HttpResponse {
    const { location, secure, request } = passage;
    const cookie = location.options?.cookie;
    if (cookie === undefined || cookieOf(request.headers, cookie.name) === this.cookieFor(backend, endpoint))
      return response;
    const parts = [`${cookie.name}=${this.cookieFor(backend, endpoint)}`, `Path=${cookie.path ?? location.path}`];
    if (cookie.domain !== undefined) parts.push(`Domain=${cookie.domain}`);
    if (cookie.expires !== undefined) {
      parts.push(`Expires=${httpDate(this.p.machine.kernel.wallMs + cookie.expires * 1000)}`);
    }
    if (cookie.maxAge !== undefined) parts.push(`Max-Age=${cookie.maxAge}`);
    if (secure || cookie.sameSite === "None") parts.push("Secure");
    parts.push("HttpOnly");
    if (cookie.sameSite !== undefined) parts.push(`SameSite=${cookie.sameSite}`);
    return { ...response, headers: { ...response.headers, "set-cookie": parts.join("; ") } };
  }

  /** One endpoint's answer, or the status that its silence comes to. */
  private *ask(passage: Passage, endpoint: Endpoint): Gen<HttpResponse | number> {
    const { p } = this;
    const { request, location, server } = passage;
    const { options } = location;
    const where = `client: ${request.remoteAddress}, server: ${server.host}, request: "${request.method} ${request.path} HTTP/1.1", upstream: "${options?.https ? "https" : "http"}://${endpoint.address}:${endpoint.port}${rewritten(passage)}", host: "${passage.host}"`;
    const failed = (what: string, status: number): number => {
      const number = ++this.connections;
      this.say(`${errorDate(p.machine.kernel.wallMs)} [error] 27#27: *${number} ${what}, ${where}`);
      return status;
    };
    let { address } = endpoint;
    const found = yield* resolveHost(p, address);
    if (!found.ok) return failed(`${address} could not be resolved (3: Host not found)`, 503);
    address = found.addresses[0]!;
    try {
      const timeout = (options?.connectTimeout ?? this.settings.connectTimeout) * SECOND;
      const connection = yield* p.machine.network.connect(p.ns.net, address, endpoint.port, { timeout });
      const { server: listener } = connection;
      if (options?.https && !listener.tls) {
        return failed(
          "SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream",
          502,
        );
      }
      if (!options?.https && listener.tls) return yield* plainOnTls();
      if (listener.http === undefined)
        return failed("upstream prematurely closed connection while reading response header from upstream", 502);
      const asked = connection.http({
        ...request,
        path: rewritten(passage),
        headers: this.headersFor(passage),
        remoteAddress: connection.localAddress,
      });
      const patience = (options?.readTimeout ?? this.settings.readTimeout) * SECOND;
      const answer = request.instant ? yield* asked : yield* withTimeout(p, asked, patience);
      return (
        answer ??
        failed("upstream timed out (110: Operation timed out) while reading response header from upstream", 504)
      );
    } catch (error) {
      if (!isNetError(error)) throw error;
      if (error.code === "ETIMEDOUT")
        return failed("upstream timed out (110: Operation timed out) while connecting to upstream", 504);
      if (error.code === "ECONNRESET")
        return failed("recv() failed (104: Connection reset by peer) while reading response header from upstream", 502);
      const [number, words] =
        error.code === "ECONNREFUSED" ? [111, "Connection refused"] : [113, "Host is unreachable"];
      return failed(`connect() failed (${number}: ${words}) while connecting to upstream`, 502);
    }
  }

  private headersFor(passage: Passage): Record<string, string> {
    const { request, secure, host, id, location } = passage;
    const { headers, remoteAddress } = request;
    const scheme = secure ? "https" : "http";
    const { options } = location;
    const out: Record<string, string> = {
      ...headers,
      host: options?.host || host,
      "x-request-id": headers["x-request-id"] ?? id,
      "x-real-ip": remoteAddress,
      "x-forwarded-for": remoteAddress,
      "x-forwarded-host": host,
      "x-forwarded-port": secure ? "443" : "80",
      "x-forwarded-proto": scheme,
      "x-forwarded-scheme": scheme,
      "x-scheme": scheme,
    };
    if (headers["x-forwarded-for"] !== undefined) out["x-original-forwarded-for"] = headers["x-forwarded-for"];
    if (options?.forwardedPrefix) out["x-forwarded-prefix"] = options.forwardedPrefix;
    if (options?.auth) delete out["authorization"];
    const { clientAuth } = passage.server;
    if (clientAuth) Object.assign(out, clientHeaders(clientAuth, request, this.p.machine.kernel.wallMs));
    for (const [name, value] of this.headersIn(this.settings.setHeaders)) out[name] = variables(passage, value);
    for (const [name, value] of options?.snippet.proxyHeaders ?? []) {
      out[name.toLowerCase()] = variables(passage, value);
    }
    return out;
  }

  /** Headers that a ConfigMap names, in small letters. */
  private headersIn(key: string | undefined): [string, string][] {
    const data: Record<string, string> = key === undefined ? {} : (this.configMap(key)?.["data"] ?? {});
    return Object.entries(data).map(([name, value]) => [name.toLowerCase(), value]);
  }

  private withHeaders(passage: Passage, response: HttpResponse): HttpResponse {
    const { secure, location, request } = passage;
    const { settings } = this;
    const { server: _, date: __, connection: ___, ...rest } = response.headers;
    const headers = nginxOrder({
      ...rest,
      ...(settings.serverTokens && { server: "nginx" }),
      date: httpDate(this.p.machine.kernel.wallMs),
      connection: "keep-alive",
    });
    if (secure && settings.hsts)
      headers["strict-transport-security"] = `max-age=${settings.hstsMaxAge}; includeSubDomains`;
    const cors = location.options?.cors;
    if (cors && allowsOrigin(cors.origin, request.headers["origin"])) {
      headers["access-control-allow-origin"] = cors.origin === "*" ? "*" : request.headers["origin"]!;
      if (cors.credentials) headers["access-control-allow-credentials"] = "true";
      headers["access-control-allow-methods"] = cors.methods;
      headers["access-control-allow-headers"] = cors.headers;
      headers["access-control-max-age"] = cors.maxAge;
    }
    const { customHeaders, snippet } = location.options ?? {};
    const added = [
      ...this.headersIn(settings.addHeaders),
      ...this.headersIn(customHeaders).filter(([name]) => settings.allowedHeaders.includes(name)),
      ...(snippet?.headers ?? []),
    ];
    for (const [name, value] of added) headers[name.toLowerCase()] = variables(passage, value);
    return { ...response, reason: reasonOf(response), headers };
  }

  private page(status: number, request: HttpRequest, body?: Uint8Array): HttpResponse {
    const bytes = body ?? errorPage(status, "nginx");
    const shown = request.method === "HEAD" ? NOTHING : bytes;
    return {
      status,
      // Whose words they are; the header itself is hidden behind.
      headers: { server: "nginx", "content-type": "text/html", "content-length": String(bytes.length) },
      body: { type: "bytes", bytes: shown },
    };
  }

  private redirect(request: HttpRequest, code: number, to: string): HttpResponse {
    const page = this.page(code, request);
    return { ...page, headers: { ...page.headers, location: to } };
  }

  private log({ request, upstream, alternative, tried, id }: Passage, response: HttpResponse, us: number): void {
    const { headers, method, path, remoteAddress } = request;
    const size = sizeOf(response);
    const length = Object.entries(headers).reduce(
      (sum, [name, value]) => sum + name.length + value.length + 4,
      method.length + path.length + 13,
    );
    const all = (key: "address" | "length" | "seconds" | "status") => tried.map((one) => one[key]).join(", ") || "-";
    const user = userOf(headers["authorization"]) ?? "-";
    this.say(
      `${remoteAddress} - ${user} [${logDate(this.p.machine.kernel.wallMs)}] "${method} ${path} HTTP/1.1" ${response.status} ${size} ` +
        `"${headers["referer"] ?? "-"}" "${headers["user-agent"] ?? "-"}" ${length} ${(us / SECOND).toFixed(3)} [${upstream}] [${alternative}] ` +
        `${all("address")} ${all("length")} ${all("seconds")} ${all("status")} ${id}`,
    );
  }
}

function sizeOf({ body }: HttpResponse): number {
  return body.type === "bytes" ? body.bytes.length : 0;
}
