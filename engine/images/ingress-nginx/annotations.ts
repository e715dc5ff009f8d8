import type { KubeObject } from "../../api/types.ts";
import type { ExternalAuth } from "./external-auth.ts";
import { type Snippet, snippetIn } from "./snippet.ts";

const PREFIX = "nginx.ingress.kubernetes.io/";

/** The value of one of the controller's annotations; undefined when it is not there. */
export function annotation(ingress: KubeObject, name: string): string | undefined {
  return ingress.metadata.annotations?.[PREFIX + name];
}

/** Annotations that put configuration of the user's own into nginx.conf: refused unless the administrator allows them. */
const SNIPPETS = ["configuration-snippet", "server-snippet", "auth-snippet", "stream-snippet", "modsecurity-snippet"];

/** The first of them that an Ingress carries, with its full name. */
export function snippetOf(ingress: KubeObject): string | undefined {
  const name = SNIPPETS.find((each) => annotation(ingress, each) !== undefined);
  return name && PREFIX + name;
}

/** What the controller's ConfigMap says, with upstream's defaults (internal/ingress/controller/config/config.go). */
export interface Settings {
  sslRedirect: boolean;
  forceSslRedirect: boolean;
  hsts: boolean;
  hstsMaxAge: string;
  serverTokens: boolean;
  /** Largest body of a request in bytes; 0: any. */
  bodySize: number;
  /** Seconds. */
  connectTimeout: number;
  readTimeout: number;
  snippets: boolean;
  customErrors: readonly number[];
  redirectCode: number;
  useForwardedHeaders: boolean;
  disableAccessLog: boolean;
  /** What a request beyond a rate is answered with. */
  limitStatus: number;
  /** ConfigMaps (`namespace/name`) of headers for clients and for backends. */
  addHeaders: string | undefined;
  setHeaders: string | undefined;
  /** Headers that an Ingress may add; empty: none. */
  allowedHeaders: readonly string[];
}

export function settingsOf(data: Readonly<Record<string, string>> = {}): Settings {
  const flag = (name: string, fallback: boolean) => (data[name] === undefined ? fallback : data[name] === "true");
  const number = (name: string, fallback: number) => whole(data[name]) ?? fallback;
  return {
    sslRedirect: flag("ssl-redirect", true),
    forceSslRedirect: flag("force-ssl-redirect", false),
    hsts: flag("hsts", true),
    hstsMaxAge: data["hsts-max-age"] ?? "31536000",
    serverTokens: flag("server-tokens", false),
    bodySize: bytesOf(data["proxy-body-size"]) ?? 1 << 20,
    connectTimeout: number("proxy-connect-timeout", 5),
    readTimeout: number("proxy-read-timeout", 60),
    snippets: flag("allow-snippet-annotations", false),
    customErrors: codesOf(data["custom-http-errors"]),
    redirectCode: number("http-redirect-code", 308),
    useForwardedHeaders: flag("use-forwarded-headers", false),
    disableAccessLog: flag("disable-access-log", false),
    limitStatus: number("limit-req-status-code", 503),
    addHeaders: data["add-headers"],
    setHeaders: data["proxy-set-headers"],
    allowedHeaders: list(data["global-allowed-response-headers"]).map((name) => name.toLowerCase()),
  };
}

/** What the annotations of an Ingress mean for its locations. */
export interface Options {
  rewriteTarget: string;
  useRegex: boolean;
  appRoot: string;
  sslRedirect: boolean;
  forceSslRedirect: boolean;
  redirect: { code: number; to: string } | undefined;
  /** Networks that may, and that may not; empty: all, none. */
  allow: readonly string[];
  deny: readonly string[];
  /** Basic authentication by a Secret: `namespace/name`. */
  auth: { secret: string; realm: string; byUser: boolean } | undefined;
  external: ExternalAuth | undefined;
  https: boolean;
  host: string;
  forwardedPrefix: string;
  bodySize: number;
  connectTimeout: number;
  readTimeout: number;
  cors: { origin: string; methods: string; headers: string; credentials: boolean; maxAge: string } | undefined;
  /** Requests a second of one address, and how many more at once. */
  limit: { rate: number; burst: number; spared: readonly string[] } | undefined;
  cookie:
    | {
        name: string;
        maxAge: string | undefined;
        path: string | undefined;
        domain: string | undefined;
        sameSite: string | undefined;
        /** Seconds. */
        expires: number | undefined;
      }
    | undefined;
  /** What a client stays with an endpoint by: text with nginx's variables. */
  hashBy: string;
  /** One of the conditions of access is enough. */
  satisfyAny: boolean;
  sslPassthrough: boolean;
  accessLog: boolean;
  /** ConfigMap of headers for clients. */
  customHeaders: string | undefined;
  /** Directives of the user's own. */
  snippet: Snippet;
  serviceUpstream: boolean;
  customErrors: readonly number[];
  defaultBackend: string | undefined;
  aliases: readonly string[];
  fromToWww: boolean;
}

const CORS_HEADERS =
  "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization";

export function optionsOf(ingress: KubeObject, settings: Settings): Options {
  const text = (name: string): string | undefined => annotation(ingress, name);
  const flag = (name: string, fallback = false) => {
    const value = text(name);
    return value === "true" || value === "false" ? value === "true" : fallback;
  };
  const number = (name: string, fallback: number) => whole(text(name)) ?? fallback;
  return {
    rewriteTarget: text("rewrite-target") ?? "",
    useRegex: flag("use-regex"),
    appRoot: text("app-root")?.startsWith("/") ? text("app-root")! : "",
    sslRedirect: flag("ssl-redirect", settings.sslRedirect),
    forceSslRedirect: flag("force-ssl-redirect", settings.forceSslRedirect),
    redirect: redirectOf(text),
    allow: list(text("whitelist-source-range") ?? text("allowlist-source-range")),
    deny: list(text("denylist-source-range")),
    auth: authOf(ingress, text),
    external: externalOf(text),
    https: text("backend-protocol")?.toUpperCase() === "HTTPS",
    host: text("upstream-vhost") ?? "",
    forwardedPrefix: text("x-forwarded-prefix") ?? "",
    bodySize: bytesOf(text("proxy-body-size")) ?? settings.bodySize,
    connectTimeout: number("proxy-connect-timeout", settings.connectTimeout),
    readTimeout: number("proxy-read-timeout", settings.readTimeout),
    cors: flag("enable-cors")
      ? {
          origin: text("cors-allow-origin") ?? "*",
          methods: text("cors-allow-methods") ?? "GET, PUT, POST, DELETE, PATCH, OPTIONS",
          headers: text("cors-allow-headers") ?? CORS_HEADERS,
          credentials: flag("cors-allow-credentials", true),
          maxAge: text("cors-max-age") ?? "1728000",
        }
      : undefined,
    limit: limitOf(text),
    cookie:
      text("affinity") === "cookie"
        ? {
            name: text("session-cookie-name") ?? "INGRESSCOOKIE",
            maxAge: text("session-cookie-max-age"),
            path: text("session-cookie-path"),
            domain: text("session-cookie-domain"),
            sameSite: text("session-cookie-samesite"),
            expires: whole(text("session-cookie-expires")),
          }
        : undefined,
    hashBy: text("upstream-hash-by") ?? "",
    satisfyAny: text("satisfy") === "any",
    sslPassthrough: flag("ssl-passthrough"),
    accessLog: flag("enable-access-log", true),
    customHeaders: text("custom-headers"),
    snippet: snippetIn(settings.snippets ? (text("configuration-snippet") ?? "") : ""),
    serviceUpstream: flag("service-upstream"),
    customErrors:
      text("custom-http-errors") === undefined ? settings.customErrors : codesOf(text("custom-http-errors")),
    defaultBackend: text("default-backend"),
    aliases: list(text("server-alias")),
    fromToWww: flag("from-to-www-redirect"),
  };
}

type Reader = (name: string) => string | undefined;

function externalOf(text: Reader): ExternalAuth | undefined {
  const url = text("auth-url");
  if (url === undefined) return undefined;
  const pass = list(text("auth-response-headers")).map((name) => name.toLowerCase());
  return { url, method: text("auth-method") ?? "GET", signin: text("auth-signin"), pass };
}

function redirectOf(text: Reader): Options["redirect"] {
  const temporal = text("temporal-redirect");
  if (temporal !== undefined) return { code: 302, to: temporal };
  const permanent = text("permanent-redirect");
  if (permanent === undefined) return undefined;
  const code = whole(text("permanent-redirect-code"));
  return { code: code !== undefined && code >= 300 && code <= 308 ? code : 301, to: permanent };
}

function authOf(ingress: KubeObject, text: Reader): Options["auth"] {
  const secret = text("auth-secret");
  if (text("auth-type") !== "basic" || secret === undefined) return undefined;
  return {
    secret: secret.includes("/") ? secret : `${ingress.metadata.namespace}/${secret}`,
    realm: text("auth-realm") ?? "",
    byUser: text("auth-secret-type") === "auth-map",
  };
}

/** nginx takes `burst` more requests at once than the rate (template.go buildRateLimit, multiplier 5). */
function limitOf(text: Reader): Options["limit"] {
  const burst = whole(text("limit-burst-multiplier")) ?? 5;
  const spared = list(text("limit-allowlist") ?? text("limit-whitelist"));
  const second = whole(text("limit-rps"));
  if (second) return { rate: second, burst: second * burst, spared };
  const minute = whole(text("limit-rpm"));
  return minute ? { rate: minute / 60, burst: minute * burst, spared } : undefined;
}

/** What sends a part of the requests to another Service than the main Ingress for the same host and path does. */
export interface Canary {
  header: string;
  headerValue: string;
  headerPattern: string;
  cookie: string;
  weight: number;
  total: number;
}

export function canaryOf(ingress: KubeObject): Canary | undefined {
  if (annotation(ingress, "canary") !== "true") return undefined;
  return {
    header: (annotation(ingress, "canary-by-header") ?? "").toLowerCase(),
    headerValue: annotation(ingress, "canary-by-header-value") ?? "",
    headerPattern: annotation(ingress, "canary-by-header-pattern") ?? "",
    cookie: annotation(ingress, "canary-by-cookie") ?? "",
    weight: whole(annotation(ingress, "canary-weight")) ?? 0,
    total: Math.max(100, whole(annotation(ingress, "canary-weight-total")) ?? 100),
  };
}

function list(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

function codesOf(text: string | undefined): number[] {
  return list(text).flatMap((word) => whole(word) ?? []);
}

function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text.trim()) ? Number(text) : undefined;
}

/** `8m` of nginx in bytes. */
function bytesOf(text: string | undefined): number | undefined {
  const match = /^(\d+)([kmg]?)$/i.exec(text?.trim() ?? "");
  if (match === null) return undefined;
  const unit = { "": 1, k: 1024, m: 1 << 20, g: 1 << 30 }[match[2]!.toLowerCase() as "" | "k" | "m" | "g"];
  return Number(match[1]) * unit;
}
