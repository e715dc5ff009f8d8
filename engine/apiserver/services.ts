import { needsHealthCheckPort } from "../api/core/service-behaviour.ts";
import { validateClusterIps } from "../api/core/service-validation.ts";
import type { Draft, KindDef } from "../api/kind.ts";
import type { StatusCause } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { invalid as invalidField, invalidText } from "../api/validation/field.ts";
import { goStrings } from "../api/validation/value.ts";
import { ipv4Number, ipv4Text } from "../text/ipv4.ts";
import type { ResourceContext } from "./context.ts";
import { invalid } from "./errors.ts";
import type { Registry } from "./registry.ts";

/** NodePorts of `--service-node-port-range`. */
const FIRST_PORT = 30_000;
const LAST_PORT = 32_767;

export function isService(def: KindDef): boolean {
  return def.resource.group === "" && def.resource.resource === "services";
}

/** What the Services of a cluster hold, kept by their events so that a new one costs no walk over all. */
class Held {
  readonly ips = new Map<string, number>();
  readonly ports = new Map<number, number>();

  count({ spec }: Draft, by: 1 | -1): void {
    if (spec?.clusterIP) add(this.ips, spec.clusterIP, by);
    for (const port of spec?.ports ?? []) if (port.nodePort) add(this.ports, port.nodePort, by);
    if (spec?.healthCheckNodePort) add(this.ports, spec.healthCheckNodePort, by);
  }
}

function add<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

const heldIn = new WeakMap<Registry, Held>();

function heldOf(registry: Registry): Held {
  let held = heldIn.get(registry);
  if (held === undefined) {
    const made = new Held();
    heldIn.set(registry, (held = made));
    const cache = registry.cacheOf("", "v1", "services");
    for (const service of cache?.everything() ?? []) made.count(service, 1);
    cache?.onEvent(({ type, object, old }) => {
      if (old !== undefined) made.count(old, -1);
      else if (type === "DELETED") made.count(object, -1);
      if (type !== "DELETED") made.count(object, 1);
    });
  }
  return held;
}

/** Ports that are taken: by the Services there are, and by those chosen for this one. */
class TakenPorts {
  private readonly held: Held;
  private readonly chosen = new Set<number>();

  constructor(held: Held) {
    this.held = held;
  }

  has(port: number): boolean {
    return this.held.ports.has(port) || this.chosen.has(port);
  }

  add(port: number): void {
    this.chosen.add(port);
  }
}

/**
 * ClusterIP and NodePorts of a Service, which its storage allocates (pkg/registry/core/service). What is taken is what
 * the Services hold, so nothing has to be repaired. The lower part of each range is left to addresses asked for by name.
 */
export function allocateService(context: ResourceContext, draft: Draft, old: KubeObject | undefined): void {
  const { spec } = draft;
  if (spec === undefined) return;
  if (spec.type === "ExternalName") {
    delete spec.clusterIP;
    delete spec.clusterIPs;
    return;
  }
  chooseFamilies(draft, old);
  const held = heldOf(context.registry);
  allocateIp(context, draft, old, held);
  const taken = new TakenPorts(held);
  if (spec.type === "NodePort" || spec.type === "LoadBalancer") allocatePorts(context, draft, old, taken);
  if (needsHealthCheckPort(spec) && !spec.healthCheckNodePort) {
    spec.healthCheckNodePort = old?.["spec"]?.healthCheckNodePort || freePort(context, taken);
  }
}

function allocateIp(context: ResourceContext, draft: Draft, old: KubeObject | undefined, held: Held): void {
  const { spec, metadata } = draft;
  if (spec.clusterIP !== "None") {
    const taken = held.ips;
    if (!spec.clusterIP) spec.clusterIP = freeIp(context, taken);
    else if (spec.clusterIP !== old?.["spec"]?.clusterIP) {
      const why = taken.has(spec.clusterIP)
        ? "provided IP is already allocated"
        : inRange(context, spec.clusterIP)
          ? undefined
          : `the provided IP (${spec.clusterIP}) is not in the valid range. The range of valid IPs is ${context.server.serviceCidr}`;
      if (why !== undefined) {
        throw invalid("", "Service", metadata.name, [
          {
            reason: "FieldValueInvalid",
            message: `Invalid value: []string{"${spec.clusterIP}"}: failed to allocate IP ${spec.clusterIP}: ${why}`,
            field: "spec.clusterIPs",
          },
        ]);
      }
    }
  }
  spec.clusterIPs = [spec.clusterIP];
}

/** Families of addresses of a Service, on a cluster that has IPv4 only (storage/alloc.go initIPFamilyFields). */
function chooseFamilies(draft: Draft, old: KubeObject | undefined): void {
  const { spec, metadata } = draft;
  const causes: StatusCause[] = [];
  const settle = () => {
    if (causes.length > 0) throw invalid("", "Service", metadata.name ?? "", causes);
  };
  if (old !== undefined && !spec.clusterIP && !(spec.clusterIPs?.length > 0) && old["spec"]?.clusterIP) {
    // An update that does not say keeps what there is.
    spec.clusterIP = old["spec"].clusterIP;
    spec.clusterIPs = old["spec"].clusterIPs;
  }
  const anyFamily = spec.clusterIP === "None" && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.["spec"]?.ipFamilyPolicy ?? (anyFamily ? "RequireDualStack" : "SingleStack");
  causes.push(...validateClusterIps(spec));
  settle();
  const policy = (why: string) => causes.push(invalidField("spec.ipFamilyPolicy", spec.ipFamilyPolicy, why));
  const before = old?.["spec"];
  if (before !== undefined && before.type !== "ExternalName") release(spec, before, policy);
  const ips: string[] = spec.clusterIPs ?? [];
  const families: string[] = [...(spec.ipFamilies ?? [])];
  if (spec.ipFamilyPolicy === "SingleStack") {
    const MORE = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
    if (ips.length === 2) policy(`${MORE} cluster IPs are specified`);
    if (families.length === 2) policy(`${MORE} IP families are specified`);
  }
  if (ips[0] !== "None") {
    ips.forEach((ip, i) => {
      if (i < families.length) return;
      if (!ip.includes(":")) families.push("IPv4");
      else causes.push(invalidText(`spec.clusterIPs[${i}]`, goStrings(ips), "IPv6 is not configured on this cluster"));
    });
  }
  settle();
  if (anyFamily) {
    if (families.length === 0) families.push("IPv4");
    if (families.length < 2 && spec.ipFamilyPolicy !== "SingleStack")
      families.push(families[0] === "IPv4" ? "IPv6" : "IPv4");
    spec.ipFamilies = families;
    return;
  }
  if (spec.ipFamilyPolicy === "RequireDualStack") policy("this cluster is not configured for dual-stack services");
  families.forEach((family, i) => {
    if (family !== "IPv4") causes.push(invalidField(`spec.ipFamilies[${i}]`, family, "not configured on this cluster"));
  });
  settle();
  spec.ipFamilies = families.length > 0 ? families : ["IPv4"];
}

/**
 * A second family goes when the policy alone says so; who takes it away without saying so is refused
 * (initIPFamilyFields, reducedClusterIPs and reducedIPFamilies).
 */
function release(spec: Draft, before: Draft, refuse: (why: string) => void): void {
  for (const [field, what] of [
    ["clusterIPs", "cluster IP"],
    ["ipFamilies", "IP family"],
  ] as const) {
    const [had, has]: [string[], string[]] = [before[field] ?? [], spec[field] ?? []];
    if (spec.ipFamilyPolicy === "SingleStack") {
      const same = had.length === has.length && had.every((one, i) => one === has[i]);
      if (same && has.length > 1) spec[field] = has.slice(0, 1);
    } else if (has.length > 0 && has.length < had.length) {
      refuse(`must be 'SingleStack' to release the secondary ${what}`);
    }
  }
}

function bounds(cidr: string): { base: number; size: number } {
  const [ip, bits] = cidr.split("/") as [string, string];
  return { base: ipv4Number(ip), size: 2 ** (32 - Number(bits)) };
}

function inRange({ server }: ResourceContext, ip: string): boolean {
  const { base, size } = bounds(server.serviceCidr);
  const offset = ipv4Number(ip) - base;
  return offset > 0 && offset < size - 1;
}

/** The lower band, at most 256 addresses, is for those chosen by hand (KEP-3070). */
function freeIp({ server, registry }: ResourceContext, taken: ReadonlyMap<string, number>): string {
  const { base, size } = bounds(server.serviceCidr);
  const band = Math.min(Math.max(16, Math.floor(size / 16)), 256);
  const random = registry.kernel.random("apiserver services");
  for (;;) {
    const ip = ipv4Text(base + random.int(band + 1, size - 2));
    if (!taken.has(ip)) return ip;
  }
}

function freePort({ registry }: ResourceContext, taken: TakenPorts): number {
  const random = registry.kernel.random("apiserver services");
  for (;;) {
    const port = random.int(FIRST_PORT + 86, LAST_PORT);
    if (taken.has(port)) continue;
    taken.add(port);
    return port;
  }
}

/** One number serves a port under all its protocols (registry/core/service/storage/alloc.go initNodePorts). */
function allocatePorts(context: ResourceContext, draft: Draft, old: KubeObject | undefined, taken: TakenPorts): void {
  const { spec } = draft;
  const ports: Draft[] = spec.ports ?? [];
  const before: Draft[] = old?.["spec"]?.ports ?? [];
  const held = new Set(before.map((port) => port.nodePort));
  const chosen = new Map<number, number>();
  const wanted = spec.type === "NodePort" || spec.allocateLoadBalancerNodePorts !== false;
  ports.forEach((port, i) => {
    const same = before.find((one) => one.port === port.port && one.protocol === port.protocol);
    port.nodePort ||= same?.nodePort;
    if (!port.nodePort) {
      if (!wanted) return;
      port.nodePort =
        chosen.get(port.port) ??
        ports.find((one, at) => at > i && one.port === port.port && one.nodePort)?.nodePort ??
        0;
      if (port.nodePort === 0) {
        port.nodePort = freePort(context, taken);
        chosen.set(port.port, port.nodePort);
        return;
      }
    }
    if (!held.has(port.nodePort) && chosen.get(port.port) !== port.nodePort) {
      const why = taken.has(port.nodePort)
        ? "provided port is already allocated"
        : port.nodePort < FIRST_PORT || port.nodePort > LAST_PORT
          ? `provided port is not in the valid range. The range of valid ports is ${FIRST_PORT}-${LAST_PORT}`
          : undefined;
      if (why !== undefined) {
        throw invalid("", "Service", draft.metadata.name, [
          {
            reason: "FieldValueInvalid",
            message: `Invalid value: ${port.nodePort}: ${why}`,
            field: `spec.ports[${i}].nodePort`,
          },
        ]);
      }
    }
    taken.add(port.nodePort);
    chosen.set(port.port, port.nodePort);
  });
}
