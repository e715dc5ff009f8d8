import { keyOf } from "../api/informer.ts";
import { CUSTOM_RESOURCE_DEFINITIONS, ENDPOINT_SLICES, NODES, SERVICES } from "../api/resources.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";

/** Keeps a Service until its load balancer is gone. */
const FINALIZER = "service.kubernetes.io/load-balancer-cleanup";
/** Nodes that no load balancer sends anything to; kubeadm puts it on control planes. */
const EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers";

/** Where the addresses of load balancers come from, and who answers for them. */
export interface LoadBalancers {
  /** Addresses that may be given out, in order. */
  readonly addresses: readonly string[];
  /** Packets for an address go to the node with another address from now on; undefined: to nobody. */
  route(address: string, node: string | undefined): void;
}

/**
 * Gives Services of type LoadBalancer an address of a pool, lowest first, and a node that answers for it
 * (cloud-provider controllers/service; the balancer announces addresses on the rack's network, as MetalLB does in
 * layer 2 mode, and keeps the source address).
 */
class ServiceLoadBalancers implements Reconciler {
  readonly name = "service-lb";
  private readonly context: ControllerContext;
  private readonly balancers: LoadBalancers;
  private readonly queue: WorkQueue;
  /** Services by the address they hold. */
  private readonly held = new Map<string, string>();
  private readonly routes = new Map<string, string | undefined>();
  /** Version of each Service as this controller last wrote it: what the informer has before that is old news. */
  private readonly wrote = new Map<string, number>();

  constructor(context: ControllerContext, balancers: LoadBalancers) {
    this.context = context;
    this.balancers = balancers;
    this.queue = context.queue(this);
    const { informers } = context;
    for (const service of informers.list(SERVICES)) {
      const address = addressOf(service);
      if (address !== undefined) this.held.set(address, keyOf(service));
    }
    informers.handle(SERVICES, ({ object, type }) => {
      const known = object.metadata.finalizers?.includes(FINALIZER) || addressOf(object) !== undefined;
      if (known || wants(object) || type === "deleted") this.queue.add(keyOf(object));
    });
    informers.handle(NODES, ({ object, old }) => {
      if (old === undefined || usable(object) !== usable(old)) this.requeueHeld();
    });
    informers.handle(ENDPOINT_SLICES, ({ object }) => {
      if (this.held.size === 0) return;
      const key = `${object.metadata.namespace}/${object.metadata.labels?.["kubernetes.io/service-name"]}`;
      if (informers.get(SERVICES, key)?.spec.externalTrafficPolicy === "Local") this.queue.add(key);
    });
  }

  private requeueHeld(): void {
    for (const key of this.held.values()) this.queue.add(key);
  }

  *reconcile(key: string): Gen {
    const service = this.context.informers.get(SERVICES, key);
    if (service === undefined) {
      this.free(key);
      this.wrote.delete(key);
    } else if (Number(service.metadata.resourceVersion) < (this.wrote.get(key) ?? 0)) return;
    else if (service.metadata.deletionTimestamp || !wants(service)) yield* this.remove(key, service);
    else yield* this.ensure(key, service);
  }

  private *ensure(key: string, service: KubeObject): Gen {
    const { recorder, informers } = this.context;
    const has = addressOf(service);
    // Who installs MetalLB wants its pools to be used.
    if ((has === undefined || !this.balancers.addresses.includes(has)) && this.isReplaced(informers)) return;
    if (has !== undefined && this.held.get(has) === key && (service.spec.loadBalancerIP || has) === has) {
      this.route(has, service);
      return;
    }
    if (!service.metadata.finalizers?.includes(FINALIZER)) {
      yield* this.patch(service, { metadata: { finalizers: [...(service.metadata.finalizers ?? []), FINALIZER] } });
    }
    recorder.event(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer");
    const wanted = service.spec.loadBalancerIP as string | undefined;
    const address = wanted ?? this.balancers.addresses.find((each) => !this.held.has(each));
    const why =
      address === undefined
        ? "no available IPs"
        : !this.balancers.addresses.includes(address)
          ? `["${address}"] is not allowed in config`
          : (this.held.get(address) ?? key) !== key
            ? `address ${address} is in use by ${this.held.get(address)}`
            : undefined;
    if (why !== undefined || address === undefined) {
      const message = `Error syncing load balancer: failed to ensure load balancer: ${why}`;
      recorder.event(service, "Warning", "SyncLoadBalancerFailed", message);
      return;
    }
    if (has !== undefined && has !== address) this.free(key);
    this.held.set(address, key);
    this.route(address, service);
    yield* this.patch(service, { status: { loadBalancer: { ingress: [{ ip: address, ipMode: "VIP" }] } } });
    recorder.event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer");
  }

  private isReplaced(informers: ControllerContext["informers"]): boolean {
    return informers.get(CUSTOM_RESOURCE_DEFINITIONS, "ipaddresspools.metallb.io") !== undefined;
  }

  private *remove(key: string, service: KubeObject): Gen {
    const { recorder } = this.context;
    const finalizers = service.metadata.finalizers ?? [];
    if (!finalizers.includes(FINALIZER) && addressOf(service) === undefined) return;
    recorder.event(service, "Normal", "DeletingLoadBalancer", "Deleting load balancer");
    this.free(key);
    if (!service.metadata.deletionTimestamp && addressOf(service) !== undefined) {
      yield* this.patch(service, { status: { loadBalancer: { ingress: null } } });
    }
    yield* this.patch(service, { metadata: { finalizers: finalizers.filter((each) => each !== FINALIZER) } });
    recorder.event(service, "Normal", "DeletedLoadBalancer", "Deleted load balancer");
    // Somebody may have waited for the address.
    for (const other of this.context.informers.list(SERVICES)) {
      if (wants(other) && addressOf(other) === undefined) this.queue.add(keyOf(other));
    }
  }

  private free(key: string): void {
    for (const [address, holder] of this.held) {
      if (holder !== key) continue;
      this.held.delete(address);
      this.routes.delete(address);
      this.balancers.route(address, undefined);
    }
  }

  /** One node answers for an address: under policy Local one with a ready endpoint. */
  private route(address: string, service: KubeObject): void {
    const { informers } = this.context;
    let nodes = [...informers.list(NODES)].filter(usable);
    if (service.spec.externalTrafficPolicy === "Local") {
      const near = new Set<string>();
      for (const slice of informers.list(ENDPOINT_SLICES)) {
        if (slice.metadata.namespace !== service.metadata.namespace) continue;
        if (slice.metadata.labels?.["kubernetes.io/service-name"] !== service.metadata.name) continue;
        for (const endpoint of (slice.endpoints ?? []) as { nodeName?: string; conditions?: { ready?: boolean } }[]) {
          if (endpoint.conditions?.ready !== false && endpoint.nodeName) near.add(endpoint.nodeName);
        }
      }
      nodes = nodes.filter((node) => near.has(node.metadata.name));
    }
    const before = this.routes.get(address);
    const last = Number(address.slice(address.lastIndexOf(".") + 1));
    const hosts = nodes.flatMap((node) => internalIp(node) ?? []).sort();
    const node = before !== undefined && hosts.includes(before) ? before : hosts[last % Math.max(hosts.length, 1)];
    if (this.routes.has(address) && node === before) return;
    this.routes.set(address, node);
    this.balancers.route(address, node);
  }

  /** As upstream, through the status: the controller may not write Services themselves. */
  private *patch(service: KubeObject, change: object): Gen {
    const { name, namespace } = service.metadata;
    const written = yield* this.context.client.patch(SERVICES, namespace, name, change, "merge", "status");
    this.wrote.set(keyOf(service), Number(written.metadata.resourceVersion));
  }
}

function wants(service: KubeObject): boolean {
  return service.spec.type === "LoadBalancer" && !service.spec.loadBalancerClass;
}

function addressOf(service: KubeObject): string | undefined {
  return service.status?.loadBalancer?.ingress?.[0]?.ip;
}

function internalIp(node: KubeObject): string | undefined {
  const addresses = (node.status?.addresses ?? []) as { type: string; address: string }[];
  return addresses.find(({ type }) => type === "InternalIP")?.address;
}

function usable(node: KubeObject): boolean {
  if (node.metadata.labels?.[EXCLUDED] !== undefined || node.metadata.deletionTimestamp) return false;
  const conditions = (node.status?.conditions ?? []) as { type: string; status: string }[];
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

/** Starts it where there are load balancers at all; without, Services keep waiting for an address. */
export function startServiceLoadBalancers(context: ControllerContext): void {
  const { loadBalancers } = context.options;
  if (loadBalancers !== undefined) new ServiceLoadBalancers(context, loadBalancers);
}
