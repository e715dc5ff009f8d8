import type { KubeObject } from "../api/types.ts";
import type { RandomStream } from "../kernel/index.ts";

interface Target {
  address: string;
  port: number;
}

/** Service addresses and ports of a node with the endpoints behind them. */
export class ServiceTable {
  private readonly random: RandomStream;
  private readonly services = new Map<string, KubeObject>();
  /** Slices by Service, then by slice name. */
  private readonly slices = new Map<string, Map<string, KubeObject>>();
  /** Where a `protocol address:port` leads: Service key and port name. */
  private readonly fronts = new Map<string, { service: string; port: string }>();

  constructor(random: RandomStream) {
    this.random = random;
  }

  service(object: KubeObject, deleted: boolean): void {
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    const old = this.services.get(key);
    if (old) for (const front of frontsOf(old)) this.fronts.delete(front.at);
    this.services.delete(key);
    if (deleted) return;
    this.services.set(key, object);
    for (const { at, port } of frontsOf(object)) this.fronts.set(at, { service: key, port });
  }

  slice(object: KubeObject, deleted: boolean): void {
    const name = object.metadata.labels?.["kubernetes.io/service-name"];
    if (name === undefined) return;
    const key = `${object.metadata.namespace}/${name}`;
    const own = this.slices.get(key) ?? new Map<string, KubeObject>();
    this.slices.set(key, own);
    if (deleted) own.delete(object.metadata.name);
    else own.set(object.metadata.name, object);
  }

  /** A ready endpoint for a connection (address `node` for a NodePort); `refused` without one, undefined for what is no Service's address. */
  lookup(protocol: string, address: string, port: number): Target | "refused" | undefined {
    const front = this.fronts.get(`${protocol} ${address}:${port}`);
    if (front === undefined) return undefined;
    const targets: Target[] = [];
    for (const slice of this.slices.get(front.service)?.values() ?? []) {
      const found = (slice.ports as { name?: string; port: number }[] | undefined)?.find(
        (candidate) => (candidate.name ?? "") === front.port,
      );
      if (found === undefined) continue;
      for (const endpoint of slice.endpoints as { addresses: string[]; conditions?: { ready?: boolean } }[]) {
        if (endpoint.conditions?.ready !== false) targets.push({ address: endpoint.addresses[0]!, port: found.port });
      }
    }
    return targets.length === 0 ? "refused" : this.random.pick(targets);
  }
}

function frontsOf(service: KubeObject): { at: string; port: string }[] {
  const out: { at: string; port: string }[] = [];
  const addresses = [
    ...((service.spec.clusterIPs as string[] | undefined) ?? []).filter((ip) => ip !== "None"),
    ...((service.spec.externalIPs as string[] | undefined) ?? []),
  ];
  for (const port of (service.spec.ports ?? []) as {
    name?: string;
    port: number;
    nodePort?: number;
    protocol?: string;
  }[]) {
    const protocol = (port.protocol ?? "TCP").toLowerCase();
    const name = port.name ?? "";
    for (const address of addresses) out.push({ at: `${protocol} ${address}:${port.port}`, port: name });
    if (port.nodePort) out.push({ at: `${protocol} node:${port.nodePort}`, port: name });
  }
  return out;
}
