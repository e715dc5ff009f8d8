import { matchesSelector } from "../../api/label-selector.ts";
import type { KubeObject } from "../../api/types.ts";

/** What Gateways and HTTPRoutes come to (Gateway API v1; nginx-gateway-fabric internal/mode/static/state/graph). Pure. */

export const GROUP = "gateway.networking.k8s.io";

export interface Sources {
  gateways: readonly KubeObject[];
  routes: readonly KubeObject[];
  service(key: string): KubeObject | undefined;
  secret(key: string): KubeObject | undefined;
  namespace(name: string): KubeObject | undefined;
  grants: readonly KubeObject[];
}

/** A condition without its time. */
export interface Said {
  type: string;
  status: "True" | "False";
  reason: string;
  message: string;
}

export interface Listener {
  gateway: KubeObject;
  name: string;
  port: number;
  tls: boolean;
  hostname: string;
  /** `namespace/name` of its certificate. */
  secret: string | undefined;
  attached: number;
  /** Why it serves nothing; undefined: it does. */
  fault: Said | undefined;
}

export interface Backend {
  /** `namespace/name`; undefined where the reference leads to nothing. */
  service: string | undefined;
  port: number;
  weight: number;
}

/** One way of one rule, for one host. */
export interface Way {
  listener: Listener;
  host: string;
  route: KubeObject;
  rule: number;
  match: RouteMatch;
  filters: readonly Filter[];
  backends: readonly Backend[];
}

export interface Named {
  type?: string;
  name: string;
  value: string;
}

export interface RouteMatch {
  path?: { type?: string; value?: string };
  headers?: readonly Named[];
  queryParams?: readonly Named[];
  method?: string;
}

interface PathChange {
  type: string;
  replaceFullPath?: string;
  replacePrefixMatch?: string;
}

interface HeaderChange {
  set?: readonly Named[];
  add?: readonly Named[];
  remove?: readonly string[];
}

export interface Filter {
  type: string;
  requestHeaderModifier?: HeaderChange;
  responseHeaderModifier?: HeaderChange;
  requestRedirect?: { scheme?: string; hostname?: string; port?: number; statusCode?: number; path?: PathChange };
  urlRewrite?: { hostname?: string; path?: PathChange };
}

export interface RouteStatus {
  route: KubeObject;
  parents: { parentRef: object; conditions: Said[] }[];
}

export interface Model {
  listeners: Listener[];
  ways: Way[];
  statuses: RouteStatus[];
}

interface Ref {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
  port?: number;
  sectionName?: string;
  weight?: number;
}

const yes = (type: string, reason: string, message: string): Said => ({ type, status: "True", reason, message });
const no = (type: string, reason: string, message: string): Said => ({ type, status: "False", reason, message });

/** Whether a ReferenceGrant lets one kind of one namespace refer to an object of another. */
function granted(
  grants: readonly KubeObject[],
  from: { kind: string; namespace: string },
  kind: string,
  to: string,
): boolean {
  const [namespace, name] = to.split("/");
  return grants.some(
    (grant) =>
      grant.metadata.namespace === namespace &&
      grant["spec"].from.some(
        (one: Ref) => one.group === GROUP && one.kind === from.kind && one.namespace === from.namespace,
      ) &&
      grant["spec"].to.some((one: Ref) => one.group === "" && one.kind === kind && (one.name ?? name) === name),
  );
}

function listenersOf(gateway: KubeObject, sources: Sources): Listener[] {
  const { namespace = "" } = gateway.metadata;
  return (gateway["spec"].listeners as KubeObject[]).map((spec, i): Listener => {
    const at = `spec.listeners[${i}]`;
    const tls = spec["protocol"] === "HTTPS";
    const [ref] = (spec["tls"]?.certificateRefs ?? []) as Ref[];
    const secret = ref && `${ref.namespace ?? namespace}/${ref.name}`;
    let fault: Said | undefined;
    if (spec["protocol"] !== "HTTP" && !tls)
      fault = no(
        "Accepted",
        "UnsupportedProtocol",
        `${at}.protocol: Unsupported value: "${spec["protocol"]}": supported values: "HTTP", "HTTPS"`,
      );
    else if (tls && secret === undefined)
      fault = no(
        "Accepted",
        "UnsupportedValue",
        `${at}.tls.certificateRefs: Required value: certificateRefs must be defined for TLS mode terminate`,
      );
    else if (
      tls &&
      ref?.namespace !== undefined &&
      ref.namespace !== namespace &&
      !granted(sources.grants, { kind: "Gateway", namespace }, "Secret", secret!)
    )
      fault = no(
        "ResolvedRefs",
        "RefNotPermitted",
        `Certificate ref to secret ${secret} not permitted by any ReferenceGrant`,
      );
    else if (tls && sources.secret(secret!) === undefined)
      fault = no(
        "ResolvedRefs",
        "InvalidCertificateRef",
        `${at}.tls.certificateRefs[0]: Invalid value: "${secret}": secret does not exist`,
      );
    const { port, name, hostname = "" } = spec as unknown as { port: number; name: string; hostname?: string };
    return { gateway, name, port, tls, hostname, secret, attached: 0, fault };
  });
}

/** The host that a listener and a route have in common: the narrower of two; undefined for none. */
export function commonHost(listener: string, route: string): string | undefined {
  if (listener === "" || listener === route) return route;
  if (route === "") return listener;
  const covers = (wild: string, other: string) =>
    wild.startsWith("*.") && other.endsWith(wild.slice(1)) && other !== wild.slice(1);
  if (covers(listener, route)) return route;
  return covers(route, listener) ? listener : undefined;
}

function admits(listener: Listener, route: KubeObject, sources: Sources): boolean {
  const spec = (listener.gateway["spec"].listeners as KubeObject[]).find((one) => one["name"] === listener.name);
  const { from = "Same", selector } = spec?.["allowedRoutes"]?.namespaces ?? {};
  const { namespace = "" } = route.metadata;
  if (from === "All") return true;
  if (from === "Same") return namespace === listener.gateway.metadata.namespace;
  return matchesSelector(selector, sources.namespace(namespace)?.metadata.labels);
}

/** Backends of a rule, and what is wrong with the first that is. */
function backendsOf(
  route: KubeObject,
  rule: KubeObject,
  number: number,
  sources: Sources,
): [Backend[], Said | undefined] {
  const { namespace = "" } = route.metadata;
  let fault: Said | undefined;
  const backends = ((rule["backendRefs"] ?? []) as Ref[]).map((ref, i): Backend => {
    const at = `spec.rules[${number}].backendRefs[${i}]`;
    const key = `${ref.namespace ?? namespace}/${ref.name}`;
    const fail = (said: Said): Backend => {
      fault ??= said;
      return { service: undefined, port: 0, weight: ref.weight ?? 1 };
    };
    if ((ref.kind ?? "Service") !== "Service" || (ref.group ?? "") !== "")
      return fail(
        no("ResolvedRefs", "InvalidKind", `${at}.kind: Unsupported value: "${ref.kind}": supported values: "Service"`),
      );
    if (
      ref.namespace !== undefined &&
      ref.namespace !== namespace &&
      !granted(sources.grants, { kind: "HTTPRoute", namespace }, "Service", key)
    )
      return fail(
        no("ResolvedRefs", "RefNotPermitted", `Backend ref to Service ${key} not permitted by any ReferenceGrant`),
      );
    if (ref.port === undefined)
      return fail(no("ResolvedRefs", "UnsupportedValue", `${at}.port: Required value: port cannot be nil`));
    const service = sources.service(key);
    if (service === undefined)
      return fail(no("ResolvedRefs", "BackendNotFound", `${at}.name: Not found: "${ref.name}"`));
    if (!service["spec"].ports?.some((one: { port: number }) => one.port === ref.port))
      return fail(no("ResolvedRefs", "UnsupportedValue", `${at}.port: Not found: ${ref.port}`));
    return { service: key, port: ref.port, weight: ref.weight ?? 1 };
  });
  return [backends, fault];
}

const DEFAULT_MATCH: RouteMatch = { path: { type: "PathPrefix", value: "/" } };

/** Makes the model of all Gateways of the class and all routes. */
export function buildModel(sources: Sources): Model {
  const listeners = sources.gateways.flatMap((gateway) => listenersOf(gateway, sources));
  const ways: Way[] = [];
  const statuses: RouteStatus[] = [];
  for (const route of sources.routes) {
    const status: RouteStatus = { route, parents: [] };
    for (const ref of (route["spec"].parentRefs ?? []) as Ref[]) {
      if ((ref.kind ?? "Gateway") !== "Gateway") continue;
      const namespace = ref.namespace ?? route.metadata.namespace;
      const ours = sources.gateways.some(
        ({ metadata }) => metadata.name === ref.name && metadata.namespace === namespace,
      );
      if (!ours) continue;
      const conditions = attach(route, ref, namespace ?? "", listeners, sources, ways);
      status.parents.push({ parentRef: ref, conditions });
    }
    if (status.parents.length > 0) statuses.push(status);
  }
  return { listeners, ways: ways.sort(byRank), statuses };
}

function attach(
  route: KubeObject,
  ref: Ref,
  namespace: string,
  listeners: readonly Listener[],
  sources: Sources,
  ways: Way[],
): Said[] {
  const named = listeners.filter(
    ({ gateway, name, port }) =>
      gateway.metadata.name === ref.name &&
      gateway.metadata.namespace === namespace &&
      (ref.sectionName === undefined || ref.sectionName === name) &&
      (ref.port === undefined || ref.port === port),
  );
  const rules = (route["spec"].rules ?? []) as KubeObject[];
  const resolved = rules.map((rule, i) => backendsOf(route, rule, i, sources));
  const fault = resolved.map(([, said]) => said).find((said) => said !== undefined);
  const refs = fault ?? yes("ResolvedRefs", "ResolvedRefs", "All references are resolved");
  if (named.length === 0)
    return [no("Accepted", "NoMatchingParent", "Listener is not found for this parent ref"), refs];
  const admitting = named.filter((listener) => admits(listener, route, sources));
  if (admitting.length === 0)
    return [no("Accepted", "NotAllowedByListeners", "Route is not allowed by any listener"), refs];
  const hosts: string[] = (route["spec"].hostnames as string[] | undefined) ?? [""];
  let attached = false;
  for (const listener of admitting) {
    const common = hosts.map((host) => commonHost(listener.hostname, host)).filter((host) => host !== undefined);
    if (common.length === 0) continue;
    attached = true;
    listener.attached++;
    for (const host of common)
      rules.forEach((rule, number) => {
        const matches = (rule["matches"] ?? [DEFAULT_MATCH]) as RouteMatch[];
        for (const match of matches)
          ways.push({
            listener,
            host,
            route,
            rule: number,
            match,
            filters: rule["filters"] ?? [],
            backends: resolved[number]![0],
          });
      });
  }
  if (!attached)
    return [no("Accepted", "NoMatchingListenerHostname", "Listener hostname does not match the route hostnames"), refs];
  return [yes("Accepted", "Accepted", "The route is accepted"), refs];
}

const PATHS = ["Exact", "PathPrefix", "RegularExpression"];

/** Hosts without a star first, then the longer ones; then by what matches more (HTTPRouteRule.matches). */
function byRank(a: Way, b: Way): number {
  const host = (way: Way) => (way.host === "" ? -1 : (way.host.startsWith("*") ? 0 : 1000) + way.host.length);
  const kind = ({ match }: Way) => PATHS.indexOf(match.path?.type ?? "PathPrefix");
  const length = ({ match }: Way) => (match.path?.value ?? "/").length;
  const age = ({ route }: Way) =>
    `${route.metadata.creationTimestamp} ${route.metadata.namespace}/${route.metadata.name}`;
  return (
    host(b) - host(a) ||
    kind(a) - kind(b) ||
    length(b) - length(a) ||
    Number(b.match.method !== undefined) - Number(a.match.method !== undefined) ||
    (b.match.headers?.length ?? 0) - (a.match.headers?.length ?? 0) ||
    (b.match.queryParams?.length ?? 0) - (a.match.queryParams?.length ?? 0) ||
    (age(a) < age(b) ? -1 : age(a) > age(b) ? 1 : 0) ||
    a.rule - b.rule
  );
}
