import type { KubeObject } from "../../api/types.ts";
import { answer, type DnsMessage, type DnsQuestion, type DnsRecord, type Rcode } from "../../network/dns.ts";
import type { ClusterView } from "./plugin.ts";

interface Endpoint {
  addresses: string[];
  hostname?: string;
  targetRef?: { name?: string };
  conditions?: { ready?: boolean };
}

interface Port {
  name?: string;
  port: number;
  protocol?: string;
}

/** What a zone is made from. */
export interface ZoneSource extends ClusterView {
  domain: string;
  /** Seconds. */
  ttl: number;
  /** Which names `1-2-3-4.ns.pod` there are: none, any address, those of Pods. */
  pods: "disabled" | "insecure" | "verified";
  /** Endpoints are named by their Pods. */
  podNames: boolean;
  /** A Service without endpoints is no name. */
  ignoresEmpty: boolean;
  noEndpoints: boolean;
  suits(service: KubeObject): boolean;
  /** Whether names of a namespace are told. */
  exposes(namespace: string): boolean;
}

/** The version of the DNS specification (kubernetes.go DNSSchemaVersion), and how long it is told. */
const SCHEMA_VERSION = "1.1.0";
const SCHEMA_TTL = 28_800;

/**
 * Answers a question as CoreDNS's kubernetes plugin does (github.com/kubernetes/dns, specification.md): Services,
 * headless endpoints, SRV, `1-2-3-4.ns.pod` names and reverse lookups. Undefined for names outside the zone.
 */
export function answerFromZone(source: ZoneSource, asked: DnsMessage): DnsMessage | undefined {
  const question = asked.questions[0];
  if (question === undefined) return undefined;
  const name = question.name.toLowerCase();
  const { domain } = source;
  if (name.endsWith(".in-addr.arpa")) {
    const found = reverse(source, name);
    return found === undefined
      ? undefined
      : answer(asked, "NOERROR", [record(source, question.name, "PTR", found)], {
          authoritative: true,
          recursion: false,
        });
  }
  if (name !== domain && !name.endsWith(`.${domain}`)) return undefined;
  const soa: DnsRecord = {
    name: domain,
    type: "SOA",
    ttl: source.ttl,
    data: `ns.dns.${domain} hostmaster.${domain} ${source.modified()} 7200 1800 86400 ${source.ttl}`,
  };
  const own = { authoritative: true, recursion: false };
  if (name === domain && question.type === "SOA") return answer(asked, "NOERROR", [soa], own);
  if (name === domain && question.type === "NS") return nameServers(source, asked);
  if (name === `dns-version.${domain}` && question.type === "TXT") {
    const version: DnsRecord = { name: question.name, type: "TXT", ttl: SCHEMA_TTL, data: SCHEMA_VERSION };
    return answer(asked, "NOERROR", [version], own);
  }
  const labels = name === domain ? [] : name.slice(0, -domain.length - 1).split(".");
  const found = lookup(source, question, labels);
  const matching =
    found?.filter(({ type }) => type === question.type || type === "CNAME" || question.type === "ANY") ?? [];
  const rcode: Rcode = found === undefined ? "NXDOMAIN" : "NOERROR";
  if (matching.length > 0) {
    const told = answer(asked, rcode, matching, { authoritative: true, recursion: false });
    return question.type === "SRV" ? { ...told, additionals: targetsOf(source, matching) } : told;
  }
  return answer(asked, rcode, [], { authoritative: true, authorities: [soa], recursion: false });
}

/** The Services in front of this server, which are the zone's name servers; else the server itself (ns.go nsAddrs). */
function serversOf(source: ZoneSource): { name: string; address: string }[] {
  const self = source.self();
  const out: { name: string; address: string }[] = [];
  for (const service of source.services()) {
    const { clusterIP } = service.spec;
    if (!clusterIP || clusterIP === "None") continue;
    if (!endpointsOf(source, service).some(({ endpoint }) => endpoint.addresses.includes(self))) continue;
    out.push({ name: baseOf(source, service), address: clusterIP });
  }
  return out.length > 0 ? out : [{ name: `ns.dns.${source.domain}`, address: self }];
}

function nameServers(source: ZoneSource, asked: DnsMessage): DnsMessage {
  const servers = serversOf(source);
  const records = servers.map(({ name }) => record(source, source.domain, "NS", name));
  const additionals = servers.map(({ name, address }) => record(source, name, "A", address));
  return { ...answer(asked, "NOERROR", records, { authoritative: true, recursion: false }), additionals };
}

const baseOf = ({ domain }: ZoneSource, { metadata }: KubeObject): string =>
  `${metadata.name}.${metadata.namespace}.svc.${domain}`;

/** Addresses of the names that SRV records lead to. */
function targetsOf(source: ZoneSource, records: readonly DnsRecord[]): DnsRecord[] {
  const names = new Set(records.filter(({ type }) => type === "SRV").map(({ data }) => data.split(" ")[3]!));
  return [...names].flatMap((name) => {
    const labels = name.slice(0, -source.domain.length - 1).split(".");
    return lookup(source, { name, type: "A" }, labels)?.filter(({ type }) => type === "A") ?? [];
  });
}

function record({ ttl }: ZoneSource, name: string, type: DnsRecord["type"], data: string): DnsRecord {
  return { name, type, ttl, data };
}

/** Records of a name within the zone, of whatever type; undefined when there is no such name. */
function lookup(source: ZoneSource, { name, type }: DnsQuestion, labels: string[]): DnsRecord[] | undefined {
  const kind = labels.at(-1);
  if (kind === undefined) return [];
  if (kind === "dns" && labels.length === 2 && labels[0] === "ns")
    return serversOf(source).map(({ address }) => record(source, name, "A", address));
  const namespace = labels.at(-2);
  if (kind !== "svc" && kind !== "pod") return undefined;
  if (namespace === undefined) return [];
  if (!source.exposes(namespace)) return undefined;
  if (kind === "pod") return podRecords(source, name, namespace, labels);
  if (labels.length === 2) return [];
  const service = source.service(`${namespace}/${labels.at(-3)}`);
  if (service === undefined || !source.suits(service)) return undefined;
  const before = labels.slice(0, -3);
  if (service.spec.type === "ExternalName") {
    return before.length === 0 ? [record(source, name, "CNAME", String(service.spec.externalName))] : undefined;
  }
  const headless = service.spec.clusterIP === "None";
  if (source.ignoresEmpty && !headless && endpointsOf(source, service).length === 0) return undefined;
  if (before.length === 0) {
    const addresses = headless
      ? endpointsOf(source, service).flatMap(({ endpoint }) => endpoint.addresses)
      : [String(service.spec.clusterIP)];
    return type === "SRV"
      ? serviceRecords(source, service, name, undefined, undefined)
      : headless && addresses.length === 0
        ? undefined
        : addresses.map((address) => record(source, name, "A", address));
  }
  if (before.length === 2 && before[0]!.startsWith("_") && before[1]!.startsWith("_")) {
    const out = serviceRecords(source, service, name, before[0]!.slice(1), before[1]!.slice(1));
    return out.length > 0 ? out : undefined;
  }
  if (before.length !== 1) return undefined;
  const own = endpointsOf(source, service).filter(({ endpoint }) => hostName(source, endpoint) === before[0]);
  return own.length > 0
    ? own.flatMap(({ endpoint }) => endpoint.addresses.map((address) => record(source, name, "A", address)))
    : undefined;
}

function podRecords(
  source: ZoneSource,
  name: string,
  namespace: string,
  labels: readonly string[],
): DnsRecord[] | undefined {
  if (source.pods === "disabled") return undefined;
  if (labels.length === 2) return [];
  const address = labels.at(-3)!.split("-").join(".");
  if (labels.length !== 3 || !/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return undefined;
  if (source.pods === "verified" && source.podAt(address)?.metadata.namespace !== namespace) return undefined;
  return [record(source, name, "A", address)];
}

/** An endpoint's own label: its hostname, its Pod where that is asked for, or its address with dashes. */
function hostName(source: ZoneSource, endpoint: Endpoint): string {
  const pod = source.podNames ? endpoint.targetRef?.name : undefined;
  return endpoint.hostname || pod || endpoint.addresses[0]!.split(".").join("-");
}

function endpointsOf(source: ZoneSource, service: KubeObject): { endpoint: Endpoint; ports: Port[] }[] {
  const { name, namespace } = service.metadata;
  const all = service.spec.publishNotReadyAddresses === true;
  const out: { endpoint: Endpoint; ports: Port[] }[] = [];
  if (source.noEndpoints) return out;
  for (const slice of source.slices()) {
    if (slice.metadata.namespace !== namespace || slice.metadata.labels?.["kubernetes.io/service-name"] !== name)
      continue;
    for (const endpoint of (slice.endpoints as Endpoint[] | undefined) ?? []) {
      if (all || endpoint.conditions?.ready !== false)
        out.push({ endpoint, ports: (slice.ports as Port[] | undefined) ?? [] });
    }
  }
  return out;
}

function serviceRecords(
  source: ZoneSource,
  service: KubeObject,
  name: string,
  port: string | undefined,
  protocol: string | undefined,
): DnsRecord[] {
  const { domain } = source;
  const base = `${service.metadata.name}.${service.metadata.namespace}.svc.${domain}`;
  const fits = (one: Port) =>
    (port === undefined || one.name === port) &&
    (protocol === undefined || (one.protocol ?? "TCP").toLowerCase() === protocol);
  const rows: [number, string][] =
    service.spec.clusterIP === "None"
      ? endpointsOf(source, service).flatMap(({ endpoint, ports }) =>
          ports.filter(fits).map((one): [number, string] => [one.port, `${hostName(source, endpoint)}.${base}`]),
        )
      : ((service.spec.ports ?? []) as Port[]).filter(fits).map((one): [number, string] => [one.port, base]);
  const weight = rows.length === 0 ? 0 : Math.floor(100 / rows.length);
  return rows.map(([number, target]) => record(source, name, "SRV", `0 ${weight} ${number} ${target}`));
}

/** The name behind an address: a Service's, or a named headless endpoint's. */
function reverse(source: ZoneSource, name: string): string | undefined {
  const address = name
    .replace(/\.in-addr\.arpa$/, "")
    .split(".")
    .reverse()
    .join(".");
  for (const service of source.services()) {
    if (!source.exposes(service.metadata.namespace ?? "")) continue;
    const base = baseOf(source, service);
    if (service.spec.clusterIP === address) return base;
    if (service.spec.clusterIP !== "None") continue;
    for (const { endpoint } of endpointsOf(source, service)) {
      if (endpoint.addresses.includes(address)) return `${hostName(source, endpoint)}.${base}`;
    }
  }
  return undefined;
}
