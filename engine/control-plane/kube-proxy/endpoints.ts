import type { KubeObject } from "../../api/types.ts";
import { type ServicePort, usesClusterEndpoints, usesLocalEndpoints } from "./service-ports.ts";

/** One address and port behind a Service port (pkg/proxy/endpoint.go BaseEndpointInfo). */
export interface Endpoint {
  address: string;
  port: number;
  /** `address:port`. */
  text: string;
  nodeName: string | undefined;
  ready: boolean;
  serving: boolean;
  terminating: boolean;
  /** Zones whose nodes should use it; empty without hints. */
  zones: readonly string[];
}

export type EndpointList = readonly Endpoint[];

/** All endpoints of a Service port, by their text. Shared between nodes: equal slices give the same object. */
export class EndpointSet {
  readonly list: EndpointList;
  /** What nodes made of it; see proxier.ts. */
  readonly made: unknown[] = [];

  constructor(list: EndpointList) {
    this.list = list;
  }
}

/** What an EndpointSlice says, by `port name:PROTOCOL`. */
interface SliceEndpoints {
  ports: ReadonlyMap<string, EndpointSet>;
  /** Equal for slices that give equal rules: annotations and versions do not count. */
  signature: string;
  /** Some endpoint has hints for zones. */
  hinted: boolean;
}

interface SlicePort {
  name?: string;
  port?: number;
  protocol?: string;
}

interface SliceEndpoint {
  addresses: string[];
  nodeName?: string;
  conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean };
  hints?: { forZones?: { name: string }[] };
}

const EMPTY: EndpointList = [];
const NOTHING: SliceEndpoints = { ports: new Map(), signature: "", hinted: false };
const known = new WeakMap<KubeObject, SliceEndpoints>();

/** The Service (`namespace/name`) that a slice belongs to; undefined for slices that proxies ignore. */
export function serviceOf(slice: KubeObject): string | undefined {
  const labels = slice.metadata.labels;
  const name = labels?.["kubernetes.io/service-name"];
  if (name === undefined || labels?.["service.kubernetes.io/headless"] !== undefined) return undefined;
  return labels?.["service.kubernetes.io/service-proxy-name"] === undefined
    ? `${slice.metadata.namespace}/${name}`
    : undefined;
}

/** Endpoints of a slice. */
export function endpointsOf(slice: KubeObject): SliceEndpoints {
  let found = known.get(slice);
  if (found === undefined) known.set(slice, (found = derive(slice)));
  return found;
}

function derive(slice: KubeObject): SliceEndpoints {
  if (slice.addressType !== "IPv4") return NOTHING;
  const ports = (slice.ports ?? []) as SlicePort[];
  const endpoints = (slice.endpoints ?? []) as SliceEndpoint[];
  const sets = new Map<string, EndpointSet>();
  for (const { name, port, protocol } of ports) {
    if (port === undefined || port === 0) continue;
    const list: Endpoint[] = [];
    for (const { addresses, nodeName, conditions, hints } of endpoints) {
      const address = addresses[0];
      if (address === undefined) continue;
      list.push({
        address,
        port,
        text: `${address}:${port}`,
        nodeName,
        ready: conditions?.ready ?? true,
        serving: conditions?.serving ?? true,
        terminating: conditions?.terminating ?? false,
        zones: hints?.forZones?.map((zone) => zone.name) ?? [],
      });
    }
    if (list.length > 0) sets.set(`${name ?? ""}:${protocol ?? "TCP"}`, new EndpointSet(list.sort(byText)));
  }
  const signature: string[] = ports.map(({ name, port, protocol }) => `${name ?? ""} ${port} ${protocol}`);
  for (const { addresses, nodeName, conditions, hints } of endpoints) {
    const flags = `${conditions?.ready} ${conditions?.serving} ${conditions?.terminating}`;
    signature.push(`${addresses} ${nodeName} ${flags} ${hints?.forZones?.map((zone) => zone.name) ?? ""}`);
  }
  const hinted = endpoints.some(({ hints }) => (hints?.forZones?.length ?? 0) > 0);
  return { ports: sets, signature: signature.join("\n"), hinted };
}

function byText(a: Endpoint, b: Endpoint): number {
  return a.text < b.text ? -1 : a.text > b.text ? 1 : 0;
}

/** Sets made of several slices, by the set of the first one. */
const merged = new WeakMap<EndpointSet, { parts: EndpointSet[]; set: EndpointSet }>();
/** Sets of ports without endpoints. */
const none = new WeakMap<ServicePort, EndpointSet>();

/** Endpoints of a Service port: those of all its slices, each address and port once (endpointslicecache.go). */
export function endpointsFor(slices: Iterable<KubeObject>, port: ServicePort): EndpointSet {
  const key = `${port.port}:${port.protocol.toUpperCase()}`;
  const parts: EndpointSet[] = [];
  for (const slice of slices) {
    const set = endpointsOf(slice).ports.get(key);
    if (set !== undefined) parts.push(set);
  }
  const first = parts[0];
  if (first === undefined) {
    let empty = none.get(port);
    if (empty === undefined) none.set(port, (empty = new EndpointSet(EMPTY)));
    return empty;
  }
  if (parts.length === 1) return first;
  const before = merged.get(first);
  if (before?.parts.length === parts.length && parts.every((part, i) => before.parts[i] === part)) return before.set;
  const byAddress = new Map<string, Endpoint>();
  for (const { list } of parts) {
    for (const endpoint of list) if (!byAddress.has(endpoint.text)) byAddress.set(endpoint.text, endpoint);
  }
  const set = new EndpointSet([...byAddress.values()].sort(byText));
  merged.set(first, { parts, set });
  return set;
}

/** Which endpoints a node uses for a port, and for which traffic. */
export interface Choice {
  cluster: EndpointList;
  local: EndpointList;
  /** All that this node may send packets to. */
  reachable: EndpointList;
  /** Some node has a usable endpoint. */
  any: boolean;
}

/**
 * Chooses endpoints by traffic policy, topology hints and state: terminating ones that still serve are used when none
 * is ready (pkg/proxy/topology.go CategorizeEndpoints). `zone` is the node's, or undefined.
 */
export function categorize(all: EndpointList, port: ServicePort, node: string, zone: string | undefined): Choice {
  let cluster: EndpointList = EMPTY;
  let any = false;
  let byZone = false;
  if (usesClusterEndpoints(port)) {
    byZone = hintsApply(all, zone);
    cluster = keep(all, (each) => each.ready && (!byZone || each.zones.includes(zone!)));
    if (cluster.length === 0) cluster = keep(all, (each) => each.serving && each.terminating);
    any = cluster.length > 0;
  }
  if (!usesLocalEndpoints(port)) return { cluster, local: EMPTY, reachable: cluster, any };

  const here = all.filter((each) => each.nodeName === node);
  let local = here.filter((each) => each.ready);
  const terminating = local.length === 0;
  if (terminating) local = here.filter((each) => each.serving && each.terminating);
  any = all.some((each) => each.ready || (each.serving && each.terminating));
  if (!usesClusterEndpoints(port)) return { cluster, local, reachable: local, any };
  if (!byZone && (!terminating || local.length === 0)) return { cluster, local, reachable: cluster, any };
  const both = new Map([...cluster, ...local].map((each) => [each.text, each]));
  return { cluster, local, reachable: [...both.values()], any };
}

/** The list itself when all are kept: it then stays the key of what was made from it. */
function keep(all: EndpointList, wanted: (endpoint: Endpoint) => boolean): EndpointList {
  const kept = all.filter(wanted);
  return kept.length === all.length ? all : kept;
}

/** Hints count when every ready endpoint has some and one is for the node's zone. */
function hintsApply(all: EndpointList, zone: string | undefined): boolean {
  if (zone === undefined) return false;
  let found = false;
  for (const { ready, zones } of all) {
    if (!ready) continue;
    if (zones.length === 0) return false;
    found ||= zones.includes(zone);
  }
  return found;
}
