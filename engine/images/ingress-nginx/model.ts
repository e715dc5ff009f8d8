import type { KubeObject } from "../../api/types.ts";
import { decode, decodeBase64 } from "../../kernel/index.ts";
import { parseCertificate } from "../../pki/x509.ts";
import { compileRegex, type Regex, RegexError } from "../../text/regex/index.ts";
import { type Canary, canaryOf, type Options, optionsOf, type Settings } from "./annotations.ts";
import { type ClientAuth, clientAuthOf } from "./client-auth.ts";

/** What the controller sees of the cluster. */
export interface Sources {
  /** The Ingresses that are its own. */
  ingresses: readonly KubeObject[];
  service(key: string): KubeObject | undefined;
  /** EndpointSlices of a Service. */
  slices(key: string): readonly KubeObject[];
  secret(key: string): KubeObject | undefined;
  settings: Settings;
  /** `--default-backend-service`: `namespace/name`. */
  defaultBackend: string | undefined;
}

export interface Endpoint {
  /** An address, or the name of a Service of type ExternalName. */
  address: string;
  port: number;
}

export interface Backend {
  /** `default-web-80`. */
  name: string;
  namespace: string;
  service: string;
  port: string;
  endpoints: readonly Endpoint[];
  canary?: Canary;
  /** Canaries of other Ingresses for the same place. */
  alternatives: string[];
}

export interface Location {
  path: string;
  /** nginx's modifier: none for a prefix. */
  modifier: "" | "=" | "~*";
  regex: Regex | undefined;
  /** What a rewrite-target replaces. */
  rewrite: Regex | undefined;
  backend: string;
  /** "" for what no Ingress asks for. */
  ingress: string;
  options: Options | undefined;
}

export interface VirtualServer {
  /** `_`: whoever names no other. */
  host: string;
  aliases: string[];
  locations: Location[];
  /** PEM; undefined: the fake certificate. */
  certificate: string | undefined;
  secret: string | undefined;
  clientAuth?: ClientAuth;
  /** `host` is only sent on to another. */
  redirectTo?: string;
}

export interface Model {
  servers: Map<string, VirtualServer>;
  backends: Map<string, Backend>;
  /** Lines for the log: severity, source, message. */
  notes: ["W" | "E", string, string][];
}

export const DEFAULT_BACKEND = "upstream-default-backend";

interface Path {
  path?: string;
  pathType?: string;
  backend: { service?: { name: string; port?: { number?: number; name?: string } } };
}

interface Draft {
  path: string;
  type: string;
  backend: string;
  ingress: KubeObject | undefined;
  options: Options | undefined;
}

/**
 * The servers, locations and backends that Ingresses come to (internal/ingress/controller/controller.go
 * getBackendServers): the older Ingress has a path that two ask for; what nobody asks for is the default backend's.
 */
export function buildModel(sources: Sources): Model {
  const builder = new Builder(sources);
  const ingresses = [...sources.ingresses].sort(byAge);
  for (const ingress of ingresses) if (canaryOf(ingress) === undefined) builder.add(ingress);
  for (const ingress of ingresses) builder.addCanary(ingress, canaryOf(ingress));
  return builder.finish();
}

function byAge(a: KubeObject, b: KubeObject): number {
  const [first, second] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  if (first !== second) return first < second ? -1 : 1;
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.name}`;

class Builder {
  private readonly sources: Sources;
  private readonly drafts = new Map<string, Draft[]>();
  private readonly model: Model = { servers: new Map(), backends: new Map(), notes: [] };

  constructor(sources: Sources) {
    this.sources = sources;
    const own = sources.defaultBackend;
    const service = own === undefined ? undefined : sources.service(own);
    const port = service?.["spec"]?.ports?.[0]?.port;
    this.model.backends.set(DEFAULT_BACKEND, {
      name: DEFAULT_BACKEND,
      namespace: own?.split("/")[0] ?? "",
      service: own?.split("/")[1] ?? "",
      port: String(port ?? ""),
      endpoints: own === undefined || port === undefined ? [] : this.endpoints(own, { number: port }, false),
      alternatives: [],
    });
    this.server("_");
  }

  private server(host: string): VirtualServer {
    let found = this.model.servers.get(host);
    if (found === undefined) {
      found = { host, aliases: [], locations: [], certificate: undefined, secret: undefined };
      this.model.servers.set(host, found);
      this.drafts.set(host, []);
    }
    return found;
  }

  add(ingress: KubeObject): void {
    const spec = ingress["spec"] as {
      rules?: { host?: string; http?: { paths?: Path[] } }[];
      defaultBackend?: Path["backend"];
    };
    const options = optionsOf(ingress, this.sources.settings);
    const fallback = spec.defaultBackend?.service && this.backend(ingress, spec.defaultBackend.service, options);
    if (fallback !== undefined && (spec.rules ?? []).length === 0)
      this.put("_", "/", "Prefix", fallback, ingress, options);
    for (const rule of spec.rules ?? []) {
      const host = rule.host || "_";
      const server = this.server(host);
      for (const alias of options.aliases) if (!server.aliases.includes(alias)) server.aliases.push(alias);
      for (const { path, pathType, backend } of rule.http?.paths ?? []) {
        if (backend.service === undefined) continue;
        const name = this.backend(ingress, backend.service, options);
        this.put(host, path || "/", pathType ?? "ImplementationSpecific", name, ingress, options);
      }
      if (fallback !== undefined) this.put(host, "/", "Prefix", fallback, ingress, options);
      if (options.fromToWww && host !== "_") this.redirectWww(host);
    }
    this.secure(ingress);
  }

  private put(host: string, path: string, type: string, backend: string, ingress: KubeObject, options: Options): void {
    this.server(host);
    const drafts = this.drafts.get(host)!;
    if (drafts.some((one) => one.path === path && (one.type === "Exact") === (type === "Exact"))) return;
    drafts.push({ path, type, backend, ingress, options });
  }

  private redirectWww(host: string): void {
    const other = host.startsWith("www.") ? host.slice(4) : `www.${host}`;
    if (this.model.servers.has(other)) return;
    this.server(other).redirectTo = host;
  }

  addCanary(ingress: KubeObject, canary: Canary | undefined): void {
    if (canary === undefined) return;
    const options = optionsOf(ingress, this.sources.settings);
    for (const rule of (ingress["spec"]?.rules ?? []) as { host?: string; http?: { paths?: Path[] } }[]) {
      for (const { path, backend } of rule.http?.paths ?? []) {
        if (backend.service === undefined) continue;
        const name = this.backend(ingress, backend.service, options);
        const drafts = this.drafts.get(rule.host || "_");
        if (drafts === undefined) {
          const host = rule.host ?? "";
          const message = `cannot merge alternative backend ${name} into hostname ${host} that does not exist`;
          this.model.notes.push(["E", "controller.go:1603", message]);
          continue;
        }
        const main = drafts.find((draft) => draft.path === (path || "/"));
        if (main === undefined || main.backend === name) continue;
        this.model.backends.get(name)!.canary = canary;
        const { alternatives } = this.model.backends.get(main.backend)!;
        if (!alternatives.includes(name)) alternatives.push(name);
      }
    }
  }

  private backend(
    { metadata: { namespace = "" } }: KubeObject,
    service: { name: string; port?: { number?: number; name?: string } },
    options: Options,
  ): string {
    const port = service.port?.name ?? String(service.port?.number ?? "");
    const name = `${namespace}-${service.name}-${port}`;
    if (!this.model.backends.has(name)) {
      const key = `${namespace}/${service.name}`;
      const found = this.sources.service(key);
      const note = (message: string) => this.model.notes.push(["W", "controller.go:1126", message]);
      const endpoints = this.endpoints(key, service.port ?? {}, options.serviceUpstream);
      if (found === undefined)
        note(`Error obtaining Endpoints for Service "${key}": no object matching key "${key}" in local store`);
      else if (endpoints.length === 0) note(`Service "${key}" does not have any active Endpoint.`);
      this.model.backends.set(name, { name, namespace, service: service.name, port, endpoints, alternatives: [] });
    }
    return name;
  }

  private endpoints(key: string, port: { number?: number; name?: string }, upstream: boolean): Endpoint[] {
    const spec = this.sources.service(key)?.["spec"];
    if (spec === undefined) return [];
    const found = (spec.ports ?? []).find(
      (one: { port: number; name?: string }) =>
        one.port === port.number ||
        (port.name !== undefined && (one.name === port.name || String(one.port) === port.name)),
    );
    if (spec.type === "ExternalName") {
      const number = found?.targetPort ?? port.number;
      return number === undefined ? [] : [{ address: spec.externalName, port: Number(number) }];
    }
    if (found === undefined) return [];
    if (upstream) return [{ address: spec.clusterIP, port: found.port }];
    const out: Endpoint[] = [];
    for (const slice of this.sources.slices(key)) {
      if (slice["addressType"] !== "IPv4") continue;
      const number: number | undefined = (slice["ports"] ?? []).find(
        (one: { name?: string }) => (one.name ?? "") === (found.name ?? ""),
      )?.port;
      if (number === undefined) continue;
      for (const { addresses, conditions } of slice["endpoints"] ?? []) {
        if (conditions?.ready !== false) for (const address of addresses) out.push({ address, port: number });
      }
    }
    return out.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port));
  }

  /** Certificates of the hosts that the Ingress names under `tls`. */
  private secure(ingress: KubeObject): void {
    const sections = (ingress["spec"]?.tls ?? []) as { hosts?: string[]; secretName?: string }[];
    for (const rule of (ingress["spec"]?.rules ?? []) as { host?: string }[]) {
      const host = rule.host || "_";
      const server = this.model.servers.get(host);
      const clients = clientAuthOf(ingress, (key) => this.sources.secret(key));
      if (typeof clients === "string") this.model.notes.push(["W", "controller.go:1252", clients]);
      else if (server !== undefined && clients !== undefined) server.clientAuth ??= clients;
      const section = sections.find(({ hosts }) => hosts?.some((name) => covers(name, host)));
      const name =
        section?.secretName ??
        (sections.length > 0 && sections[0]!.hosts === undefined ? sections[0]!.secretName : undefined);
      if (server === undefined || server.secret !== undefined || (section === undefined && name === undefined))
        continue;
      // A host without a secret of its own is served over TLS all the same.
      server.secret = name ?? "";
      if (name === undefined || name === "") continue;
      const key = `${ingress.metadata.namespace}/${name}`;
      const certificate = certificateIn(this.sources.secret(key));
      if (certificate === undefined) {
        const message = `Error getting SSL certificate "${key}": local SSL certificate ${key} was not found. Using default certificate`;
        this.model.notes.push(["W", "controller.go:1434", message]);
        continue;
      }
      const names = parseCertificate(certificate)?.dnsNames ?? [];
      const common = parseCertificate(certificate)?.subject.commonName ?? "";
      const { notes } = this.model;
      if (host !== "_" && !names.some((each) => covers(each, host))) {
        // Its common name counts as well, though Go's verification does without (controller.go, verifyHostname).
        const isNamed = covers(common, host);
        const why =
          names.length > 0
            ? `certificate is valid for ${names.join(", ")}, not ${host}`
            : isNamed
              ? "certificate relies on legacy Common Name field, use SANs instead"
              : `certificate is not valid for any names, but wanted to match ${host}`;
        const note = (at: number, text: string) => notes.push(["W", `controller.go:${at}`, text]);
        note(1451, `Unexpected error validating SSL certificate "${key}" for server "${host}": x509: ${why}`);
        note(1452, "Validating certificate against DNS names. This will be deprecated in a future version");
        if (!isNamed) {
          const missing = `does not contain a Common Name or Subject Alternative Name for server "${host}"`;
          note(1457, `SSL certificate "${key}" ${missing}: x509: ${why}`);
          note(1458, "Using default certificate");
          continue;
        }
      }
      server.certificate = certificate;
    }
  }

  finish(): Model {
    for (const [host, drafts] of this.drafts) {
      const server = this.model.servers.get(host)!;
      if (!drafts.some(({ path }) => path === "/")) {
        drafts.push({
          path: "/",
          type: "Prefix",
          backend: DEFAULT_BACKEND,
          ingress: undefined,
          options: drafts[0]?.options,
        });
      }
      server.locations = locationsOf(drafts);
    }
    return this.model;
  }
}

function certificateIn(secret: KubeObject | undefined): string | undefined {
  const data = secret?.["data"]?.["tls.crt"];
  if (data === undefined || secret?.["data"]?.["tls.key"] === undefined) return undefined;
  const pem = decode(decodeBase64(data) ?? new Uint8Array(0));
  return parseCertificate(pem) === undefined ? undefined : pem;
}

/** Whether a name, perhaps `*.example.com`, covers a host. */
export function covers(name: string, host: string): boolean {
  if (name.toLowerCase() === host.toLowerCase()) return true;
  return (
    name.startsWith("*.") &&
    host.includes(".") &&
    host.slice(host.indexOf(".")).toLowerCase() === name.slice(1).toLowerCase()
  );
}

/**
 * nginx's locations for a host's paths, the longest first (controller/location.go, template.go buildLocation). One that
 * rewrites or uses regular expressions makes all of them regular expressions that ignore case, tried in this order; else
 * a path of type Prefix matches whole elements: `/foo/…` and `/foo` itself.
 */
function locationsOf(drafts: readonly Draft[]): Location[] {
  const rewrites = ({ options, path }: Draft) =>
    options !== undefined && options.rewriteTarget !== "" && options.rewriteTarget !== path;
  const regex = drafts.some((draft) => draft.options?.useRegex || rewrites(draft));
  const sorted = [...drafts].sort((a, b) => b.path.length - a.path.length || (b.path < a.path ? -1 : 1));
  const out: Location[] = [];
  for (const draft of sorted) {
    const { path, type, backend, options } = draft;
    const make = (at: string, modifier: Location["modifier"]): Location => ({
      path: at,
      modifier: regex ? "~*" : modifier,
      regex: regex ? compiled(`^${at}`) : undefined,
      rewrite: rewrites(draft) ? compiled(at) : undefined,
      backend,
      ingress: draft.ingress === undefined ? "" : keyOf(draft.ingress),
      options,
    });
    const plain = path === "/" || type !== "Prefix" || rewrites(draft) || options?.useRegex;
    if (plain) out.push(make(path, type === "Exact" ? "=" : ""));
    else {
      out.push(make(path.endsWith("/") ? path : `${path}/`, ""));
      if (!drafts.some((one) => one.type === "Exact" && one.path === path)) out.push(make(path, "="));
    }
  }
  return out;
}

function compiled(pattern: string): Regex | undefined {
  try {
    return compileRegex(pattern, { syntax: "perl", ignoreCase: true });
  } catch (error) {
    if (error instanceof RegexError) return undefined;
    throw error;
  }
}

/** The server for a Host header: by name, alias, wildcard, or the one for all others. */
export function serverFor(model: Model, header: string): VirtualServer {
  const host = header.replace(/:\d+$/, "").toLowerCase();
  const exact = model.servers.get(host);
  if (exact !== undefined && host !== "_") return exact;
  for (const server of model.servers.values())
    if (server.aliases.some((alias) => alias.toLowerCase() === host)) return server;
  const dot = host.indexOf(".");
  return (dot > 0 ? model.servers.get(`*${host.slice(dot)}`) : undefined) ?? model.servers.get("_")!;
}

/** The location for a path, as nginx chooses: exact, then regular expressions in order, then the longest prefix. */
export function locationFor({ locations }: VirtualServer, path: string): Location {
  const exact = locations.find(({ modifier, path: own }) => modifier === "=" && own === path);
  if (exact !== undefined) return exact;
  const regex = locations.find(({ regex: own }) => own?.test(path));
  if (regex !== undefined) return regex;
  const prefixes = locations.filter(({ modifier, path: own }) => modifier === "" && path.startsWith(own));
  return prefixes[0] ?? locations.at(-1)!;
}
