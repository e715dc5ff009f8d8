import type { KubeObject } from "../../api/types.ts";
import { answer, type DnsMessage, type DnsQuestion, type DnsRecord, type Rcode } from "../../network/dns.ts";

interface Endpoint {
  addresses: string[];
  hostname?: string;
  conditions?: { ready?: boolean };
}

interface Port {
  name?: string;
  port: number;
  protocol?: string;
}

/** What the zone is made from; both are read anew at each question. */
export interface ZoneSource {
  domain: string;
  /** Seconds. */
  ttl: number;
  /** Whether `1-2-3-4.ns.pod` is a name (`pods insecure`, `verified`). */
  pods: boolean;
  service(key: string): KubeObject | undefined;
  services(): Iterable<KubeObject>;
  slices(): Iterable<KubeObject>;
}

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
  const labels = name === domain ? [] : name.slice(0, -domain.length - 1).split(".");
  const found = lookup(source, question, labels);
  const matching =
    found?.filter(({ type }) => type === question.type || type === "CNAME" || question.type === "ANY") ?? [];
  const rcode: Rcode = found === undefined ? "NXDOMAIN" : "NOERROR";
  if (matching.length > 0) {
    const told = answer(asked, rcode, matching, { authoritative: true, recursion: false });
    return question.type === "SRV" ? { ...told, additionals: targetsOf(source, matching) } : told;
  }
  const soa: DnsRecord = {
    name: domain,
    type: "SOA",
    ttl: source.ttl,
    data: `ns.dns.${domain} hostmaster.${domain} 1740819600 7200 1800 86400 ${source.ttl}`,
  };
  return answer(asked, rcode, [], { authoritative: true, authorities: [soa], recursion: false });
}

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
  if (kind === "dns" && labels[0] === "ns") return [];
  const namespace = labels.at(-2);
  if (kind === "pod" && labels.length === 3 && source.pods) {
    const address = labels[0]!.split("-").join(".");
    return /^\d+\.\d+\.\d+\.\d+$/.test(address) ? [record(source, name, "A", address)] : undefined;
  }
  if (kind !== "svc") return undefined;
  if (labels.length <= 2) return hasNamespace(source, namespace) ? [] : undefined;
  const service = source.service(`${namespace}/${labels.at(-3)}`);
  if (service === undefined) return undefined;
  const before = labels.slice(0, -3);
  if (service.spec.type === "ExternalName") {
    return before.length === 0 ? [record(source, name, "CNAME", String(service.spec.externalName))] : undefined;
  }
  const headless = service.spec.clusterIP === "None";
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
  if (!headless || before.length !== 1) return undefined;
  const own = endpointsOf(source, service).filter(({ endpoint }) => hostName(endpoint) === before[0]);
  return own.length > 0
    ? own.flatMap(({ endpoint }) => endpoint.addresses.map((address) => record(source, name, "A", address)))
    : undefined;
}

function hasNamespace(source: ZoneSource, namespace: string | undefined): boolean {
  if (namespace === undefined) return true;
  for (const service of source.services()) if (service.metadata.namespace === namespace) return true;
  return false;
}

/** An endpoint's own label: its hostname, or its address with dashes. */
function hostName(endpoint: Endpoint): string {
  return endpoint.hostname ?? endpoint.addresses[0]!.split(".").join("-");
}

function endpointsOf(source: ZoneSource, service: KubeObject): { endpoint: Endpoint; ports: Port[] }[] {
  const { name, namespace } = service.metadata;
  const all = service.spec.publishNotReadyAddresses === true;
  const out: { endpoint: Endpoint; ports: Port[] }[] = [];
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
          ports.filter(fits).map((one): [number, string] => [one.port, `${hostName(endpoint)}.${base}`]),
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
    const base = `${service.metadata.name}.${service.metadata.namespace}.svc.${source.domain}`;
    if (service.spec.clusterIP === address) return base;
    if (service.spec.clusterIP !== "None") continue;
    for (const { endpoint } of endpointsOf(source, service)) {
      if (endpoint.addresses.includes(address)) return `${hostName(endpoint)}.${base}`;
    }
  }
  return undefined;
}
