import { needsHealthCheckPort } from "../api/core/service-behaviour.ts";
import { validateClusterIps } from "../api/core/service-validation.ts";
import type { Draft, KindDef } from "../api/kind.ts";
import type { StatusCause } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { invalid as invalidField, invalidText } from "../api/validation/field.ts";
import { goStrings } from "../api/validation/value.ts";
import type { Gen } from "../kernel/index.ts";
import { ipv4Number, ipv4Text } from "../text/ipv4.ts";
import type { ResourceContext } from "./context.ts";
import { internalError, invalid } from "./errors.ts";
import type { Registry } from "./registry.ts";
import type { ServiceRanges, Why } from "./service-ranges.ts";
import { guaranteedUpdate } from "./store.ts";

export function isService(def: KindDef): boolean {
  return def.resource.group === "" && def.resource.resource === "services";
}

/** What a Service was given and gives back, which is settled when it is written or is not (storage/transaction.go). */
export class Allocation {
  private readonly ranges: ServiceRanges;
  private readonly dryRun: boolean;
  private readonly random: () => (n: number) => number;
  private readonly ips: string[] = [];
  private readonly ports: number[] = [];
  private readonly goneIps: string[] = [];
  private readonly gonePorts: number[] = [];

  constructor({ registry }: ResourceContext, dryRun: boolean) {
    this.ranges = registry.ranges;
    this.dryRun = dryRun;
    this.random = () => {
      const random = registry.kernel.random("apiserver services");
      return (n) => random.int(0, n - 1);
    };
  }

  /** Takes this address; answers why not. */
  *takeIp(ip: string): Gen<Why> {
    const { ips } = this.ranges;
    if (!ips.includes(ipv4Number(ip))) {
      return `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${ips.range.text}`;
    }
    if (this.dryRun) return undefined;
    const why = yield* ips.take(ipv4Number(ip));
    if (why === undefined) this.ips.push(ip);
    return why;
  }

  /** Takes any address; a dry run shows that of the network, which nobody has. */
  *nextIp(): Gen<string> {
    const { ips } = this.ranges;
    if (this.dryRun) return ips.range.text.split("/")[0]!;
    const found = yield* ips.takeNext(this.random());
    if (typeof found === "string") throw internalError(`failed to allocate a serviceIP: ${found}`);
    this.ips.push(ipv4Text(found));
    return ipv4Text(found);
  }

  *takePort(port: number): Gen<Why> {
    const { ports } = this.ranges;
    if (this.dryRun) {
      if (this.ports.includes(port) || (yield* ports.has(port))) return "provided port is already allocated";
    } else {
      if (!ports.includes(port)) {
        return `provided port is not in the valid range. The range of valid ports is ${ports.range.text}`;
      }
      const why = yield* ports.take(port);
      if (why !== undefined) return why;
    }
    this.ports.push(port);
    return undefined;
  }

  /** Takes any port; a dry run shows one behind all that may be taken (portallocator/operation.go AllocateNext). */
  *nextPort(): Gen<number | string> {
    const found = this.dryRun ? Math.max(32_768, ...this.ports) + 1 : yield* this.ranges.ports.takeNext(this.random());
    if (typeof found === "number") this.ports.push(found);
    return found;
  }

  /** What the Service held and holds no longer is free once that is written. */
  leave(ips: readonly string[], ports: readonly number[]): void {
    this.goneIps.push(...ips);
    this.gonePorts.push(...ports);
  }

  *commit(): Gen {
    if (!this.dryRun) yield* giveBack(this.ranges, this.goneIps, this.gonePorts);
  }

  *revert(): Gen {
    if (!this.dryRun) yield* giveBack(this.ranges, this.ips, this.ports);
  }
}

function* giveBack(ranges: ServiceRanges, ips: readonly string[], ports: readonly number[]): Gen {
  for (const ip of ips) yield* ranges.ips.release(ipv4Number(ip));
  for (const port of ports) yield* ranges.ports.release(port);
}

const ipsOf = (spec: Draft | undefined): string[] =>
  (spec?.clusterIPs ?? [spec?.clusterIP]).filter((ip: string | undefined) => ip && ip !== "None" && !ip.includes(":"));

/** One number serves a port under several protocols; twice under one it counts twice (collectServiceNodePorts). */
function portsOf(spec: Draft | undefined): number[] {
  const protocols = new Map<number, Set<string>>();
  const out: number[] = [];
  for (const { nodePort, protocol } of spec?.ports ?? []) {
    if (!nodePort) continue;
    const seen = protocols.get(nodePort) ?? new Set();
    if (seen.size === 0 || seen.has(protocol)) out.push(nodePort);
    protocols.set(nodePort, seen.add(protocol));
  }
  const health = spec?.healthCheckNodePort;
  if (health && protocols.get(health)?.has("TCP") !== false) out.push(health);
  return out;
}

/** What a Service that is gone had is free, and so is the name of its Endpoints (storage/storage.go afterDelete). */
export function* releaseService({ registry }: ResourceContext, { metadata, ...gone }: KubeObject): Gen {
  const endpoints = registry.kind("", "v1", "endpoints");
  const { namespace = "", name } = metadata;
  if (endpoints !== undefined && registry.cache(endpoints).get(namespace, name) !== undefined) {
    yield* guaranteedUpdate(registry, endpoints, namespace, name, function* () {
      return "delete";
    });
  }
  yield* giveBack(registry.ranges, ipsOf(gone["spec"]), portsOf(gone["spec"]));
}

/** Complaints of the repair of a range: reason and words of an event about the Service. */
export type Complain = (service: KubeObject, kind: "ip" | "port", reason: string, message: string) => void;

/** Makes the ranges hold what the Services have (ipallocator/controller/repair.go, portallocator/controller/repair.go). */
export function* repairRanges(registry: Registry, complain: Complain = () => {}): Gen {
  const { ips, ports } = registry.ranges;
  const services = [...(registry.cacheOf("", "v1", "services")?.everything() ?? [])];
  const RECREATE = "please recreate service";
  const addresses = services.flatMap((object) =>
    ipsOf(object["spec"]).map((ip) => ({ number: ipv4Number(ip), object })),
  );
  yield* ips.repair(addresses, (fault, number, object) => {
    const ip = `Cluster IP [IPv4]:${ipv4Text(number)}`;
    const why = {
      NotAllocated: "is not allocated; repairing",
      AlreadyAllocated: `was assigned to multiple services; ${RECREATE}`,
      OutOfRange: `is not within the service CIDR ${ips.range.text}; ${RECREATE}`,
    }[fault];
    complain(object, "ip", `ClusterIP${fault}`, `${ip} ${why}`);
  });
  const numbers = services.flatMap((object) => portsOf(object["spec"]).map((number) => ({ number, object })));
  yield* ports.repair(numbers, (fault, number, object) => {
    const why = {
      NotAllocated: "is not allocated; repairing",
      AlreadyAllocated: `was assigned to multiple services; ${RECREATE}`,
      OutOfRange: `is not within the port range ${ports.range.text}; ${RECREATE}`,
    }[fault];
    complain(object, "port", `Port${fault}`, `Port ${number} ${why}`);
  });
}

/**
 * ClusterIP and NodePorts of a Service, which its storage takes from ranges that it keeps in etcd
 * (pkg/registry/core/service/storage/alloc.go). Nothing is taken when it throws; else the caller commits or reverts.
 */
export function* allocateService(
  context: ResourceContext,
  draft: Draft,
  old: KubeObject | undefined,
  dryRun: boolean,
): Gen<Allocation> {
  const { spec } = draft;
  const allocation = new Allocation(context, dryRun);
  if (spec === undefined) return allocation;
  try {
    if (spec.type === "ExternalName") {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    } else {
      chooseFamilies(draft, old);
      yield* allocateIp(allocation, draft, old);
    }
    if (spec.type === "NodePort" || spec.type === "LoadBalancer") yield* allocatePorts(allocation, draft, old);
    yield* allocateHealthPort(allocation, spec, old);
  } catch (error) {
    yield* allocation.revert();
    throw error;
  }
  const [ips, ports] = [new Set(ipsOf(spec)), new Set(portsOf(spec))];
  allocation.leave(
    ipsOf(old?.["spec"]).filter((ip) => !ips.has(ip)),
    portsOf(old?.["spec"]).filter((port) => !ports.has(port)),
  );
  return allocation;
}

function* allocateIp(allocation: Allocation, draft: Draft, old: KubeObject | undefined): Gen {
  const { spec, metadata } = draft;
  if (spec.clusterIP !== "None") {
    if (!spec.clusterIP) spec.clusterIP = yield* allocation.nextIp();
    else if (spec.clusterIP !== old?.["spec"]?.clusterIP) {
      const why = yield* allocation.takeIp(spec.clusterIP);
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

/** updateHealthCheckNodePort: a Service that begins to need one is given the one that it asks for, or any. */
function* allocateHealthPort(allocation: Allocation, spec: Draft, old: KubeObject | undefined): Gen {
  const before = old?.["spec"];
  if (!needsHealthCheckPort(spec)) return;
  if (before !== undefined && needsHealthCheckPort(before)) {
    spec.healthCheckNodePort ||= before.healthCheckNodePort;
    return;
  }
  if (spec.healthCheckNodePort) {
    const why = yield* allocation.takePort(spec.healthCheckNodePort);
    if (why === undefined) return;
    throw internalError(`failed to allocate requested HealthCheck NodePort ${spec.healthCheckNodePort}: ${why}`);
  }
  const port = yield* allocation.nextPort();
  if (typeof port === "string") throw internalError(`failed to allocate a HealthCheck NodePort 0: ${port}`);
  spec.healthCheckNodePort = port;
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

/** One number serves a port under all its protocols (initNodePorts, updateNodePorts). */
function* allocatePorts(allocation: Allocation, draft: Draft, old: KubeObject | undefined): Gen {
  const { spec } = draft;
  const ports: Draft[] = spec.ports ?? [];
  const before: Draft[] = old?.["spec"]?.ports ?? [];
  const held = new Set(before.map((port) => port.nodePort));
  const chosen = new Map<number, number>();
  const wanted = spec.type === "NodePort" || spec.allocateLoadBalancerNodePorts !== false;
  for (const [i, port] of ports.entries()) {
    const same = before.find((one) => one.port === port.port && one.protocol === port.protocol);
    port.nodePort ||= same?.nodePort;
    if (!port.nodePort) {
      if (!wanted) continue;
      port.nodePort =
        chosen.get(port.port) ??
        ports.find((one, at) => at > i && one.port === port.port && one.nodePort)?.nodePort ??
        0;
      if (port.nodePort === 0) {
        const found = yield* allocation.nextPort();
        if (typeof found === "string") throw internalError(`failed to allocate a nodePort: ${found}`);
        port.nodePort = found;
        chosen.set(port.port, found);
        continue;
      }
    }
    if (!held.has(port.nodePort) && chosen.get(port.port) !== port.nodePort) {
      const why = yield* allocation.takePort(port.nodePort);
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
    chosen.set(port.port, port.nodePort);
  }
}
