import type { Environment } from "@marcbachmann/cel-js";
import { CelError } from "../error.ts";

/** URLs (apiserver pkg/cel/library/urls.go over Go's net/url). */

class CelURL {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;

  constructor(scheme: string, host: string, path: string, query: string) {
    this.scheme = scheme;
    this.host = host;
    this.path = path;
    this.query = query;
  }
}

/** A URL, or what url.ParseRequestURI says of a text that is none. */
export function parseRequestUri(text: string): CelURL | string {
  const fail = (why: string) => `parse ${JSON.stringify(text)}: ${why}`;
  if (/[\0-\x1f\x7f]/.test(text)) return fail("net/url: invalid control character in URL");
  if (text === "") return fail("empty url");
  if (text === "*") return new CelURL("", "", "*", "");
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1];
  if (scheme === undefined && text.startsWith(":")) return fail("missing protocol scheme");
  if (scheme === undefined && /^[a-zA-Z0-9+.-]*:/.test(text))
    return fail("first path segment in URL cannot contain colon");
  const rest = scheme === undefined ? text : text.slice(scheme.length + 1);
  const question = rest.indexOf("?");
  const before = question < 0 ? rest : rest.slice(0, question);
  const query = question < 0 ? "" : rest.slice(question + 1);
  if (!before.startsWith("/")) {
    if (scheme !== undefined) return new CelURL(scheme.toLowerCase(), "", "", query);
    return fail("invalid URI for request");
  }
  let path = before;
  let host = "";
  if (before.startsWith("//") && (scheme !== undefined || !before.startsWith("///"))) {
    const end = before.indexOf("/", 2);
    host = before.slice(2, end < 0 ? undefined : end);
    path = end < 0 ? "" : before.slice(end);
    host = host.slice(host.lastIndexOf("@") + 1);
    const odd = /[ "<>^`{|}\\]/.exec(host)?.[0];
    if (odd !== undefined) return fail(`invalid character ${JSON.stringify(odd)} in host name`);
    const port = /^(?:\[[^\]]*\]|[^:]*)(:.*)?$/.exec(host)?.[1] ?? "";
    if (!/^(:\d*)?$/.test(port)) return fail(`invalid port ${JSON.stringify(port)} after host`);
    if (host.startsWith("[") && !host.includes("]")) return fail("missing ']' in host");
  }
  const broken = /%(?![\da-fA-F]{2}).{0,2}/.exec(path)?.[0];
  if (broken !== undefined) return fail(`invalid URL escape ${JSON.stringify(broken)}`);
  return new CelURL((scheme ?? "").toLowerCase(), host, path, query);
}

function urlOf(text: string): CelURL {
  const url = parseRequestUri(text);
  if (typeof url === "string") throw new CelError(`URL parse error during conversion from string: ${url}`, "url");
  return url;
}

const hostname = ({ host }: CelURL): string => /^\[([^\]]*)\]/.exec(host)?.[1] ?? host.replace(/:\d*$/, "");

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

function queryOf({ query }: CelURL): Record<string, string[]> {
  const out: Record<string, string[]> = {};
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
    (out[name] ??= []).push(equals < 0 ? "" : decoded(pair.slice(equals + 1)));
  }
  return out;
}

export function registerUrl(env: Environment): void {
  env
    .registerType("kubernetes.URL", CelURL)
    .registerFunction("url(string): kubernetes.URL", urlOf)
    .registerFunction("isURL(string): bool", (text: string) => typeof parseRequestUri(text) !== "string")
    .registerFunction("kubernetes.URL.getScheme(): string", ({ scheme }: CelURL) => scheme)
    .registerFunction("kubernetes.URL.getHost(): string", ({ host }: CelURL) => host)
    .registerFunction("kubernetes.URL.getHostname(): string", hostname)
    .registerFunction("kubernetes.URL.getPort(): string", ({ host }: CelURL) => /:(\d*)$/.exec(host)?.[1] ?? "")
    .registerFunction("kubernetes.URL.getEscapedPath(): string", ({ path }: CelURL) => path)
    .registerFunction("kubernetes.URL.getQuery(): map<string, list<string>>", queryOf);
}
