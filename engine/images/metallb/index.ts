import { EventRecorder } from "../../api/event-recorder.ts";
import { Informer, keyOf } from "../../api/informer.ts";
import { inClusterClient } from "../../api/kubeconfig.ts";
import { ENDPOINT_SLICES, NODES, SERVICES } from "../../api/resources.ts";
import { StatusError } from "../../api/status.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject, Resource } from "../../api/types.ts";
import { fail, healthPages, logger, untilTerminated } from "../../control-plane/daemon.ts";
import { fnv1a, type Gen, MS, sleep } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import { isNetError } from "../../network/index.ts";
import type { ImageDef } from "../image.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "../rootfs.ts";
import { freeIn, holds, serves } from "./pools.ts";

const own = (resource: string, kind: string): Resource => ({
  group: "metallb.io",
  version: "v1beta1",
  resource,
  kind,
  namespaced: true,
});
const POOLS = own("ipaddresspools", "IPAddressPool");
const ADVERTISEMENTS = own("l2advertisements", "L2Advertisement");
const EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers";
const PAUSE = 50 * MS;

/** Either part of MetalLB in layer 2 mode: watches, and puts in order what it has to after each change. */
abstract class Part {
  protected readonly p: Process;
  protected readonly client: NonNullable<ReturnType<typeof inClusterClient>>;
  protected readonly recorder: EventRecorder;
  private readonly informers = new Map<Resource, Informer>();
  private pending = false;
  private working = false;
  protected stopped = false;

  constructor(p: Process, name: string, resources: readonly Resource[]) {
    this.p = p;
    const client = inClusterClient(p, `metallb-${name}/v0.14.9 (linux/amd64) kubernetes/$Format`);
    if (client === undefined) {
      logger(p)('{"level":"error","op":"startup","msg":"failed to create k8s client"}');
      fail(1);
    }
    this.client = client;
    this.recorder = new EventRecorder({ kernel: p.machine.kernel, client, component: `metallb-${name}` });
    for (const resource of resources) {
      const informer = new Informer(p.machine.kernel, client, resource);
      this.informers.set(resource, informer);
      informer.onChange(() => this.wake());
    }
  }

  protected abstract settle(): Gen;
  protected end(): void {}

  protected all(resource: Resource): KubeObject[] {
    return [...this.informers.get(resource)!.items.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  protected say(more: Record<string, unknown>): void {
    logger(this.p)(
      JSON.stringify({ caller: "main.go:1", level: "info", ts: formatTime(this.p.machine.kernel.wallMs), ...more }),
    );
  }

  *run(): Gen<number> {
    const { p } = this;
    this.say({ version: "v0.14.9", msg: "MetalLB starting" });
    for (const informer of this.informers.values()) informer.start();
    const close = p.ns.net.listen({
      protocol: "tcp",
      address: "0.0.0.0",
      port: 7472,
      program: p.comm,
      pid: p.pid,
      ...healthPages("/metrics"),
    });
    try {
      yield* untilTerminated(p);
      return 0;
    } finally {
      this.stopped = true;
      close();
      for (const informer of this.informers.values()) informer.stop();
      this.end();
    }
  }

  private wake(): void {
    if (this.pending || this.stopped) return;
    this.pending = true;
    const { kernel } = this.p.machine;
    kernel.after(PAUSE, "metallb", () => {
      this.pending = false;
      if (this.stopped || this.p.status !== undefined) return;
      const synced = [...this.informers.values()].every((informer) => informer.synced);
      if (this.working || !synced) this.wake();
      else kernel.spawn("metallb", this.work(), { instant: false });
    });
  }

  private *work(): Gen {
    this.working = true;
    try {
      yield* this.settle();
    } catch (error) {
      if (!isNetError(error) && !(error instanceof StatusError)) throw error;
      yield* sleep(1000 * MS);
      this.wake();
    } finally {
      this.working = false;
    }
  }
}

const wants = ({ spec }: KubeObject): boolean => spec.type === "LoadBalancer" && !spec.loadBalancerClass;
const addressOf = (service: KubeObject): string | undefined => service.status?.loadBalancer?.ingress?.[0]?.ip;

/** What a Service asks for by an annotation, of either of its names. */
function asked({ metadata }: KubeObject, name: string): string | undefined {
  return metadata.annotations?.[`metallb.io/${name}`] ?? metadata.annotations?.[`metallb.universe.tf/${name}`];
}

/** Gives Services addresses of the pools (controller/service.go). */
class Allocator extends Part {
  /** Events that were said, so that a Service that waits says so once. */
  private readonly said = new Map<string, string>();

  constructor(p: Process) {
    super(p, "controller", [SERVICES, POOLS]);
  }

  protected *settle(): Gen {
    const pools = this.all(POOLS);
    const services = this.all(SERVICES);
    const held = new Map<string, string>();
    for (const service of services) {
      const address = wants(service) ? addressOf(service) : undefined;
      if (address !== undefined) held.set(address, keyOf(service));
    }
    for (const service of services) {
      if (!wants(service) || service.metadata.deletionTimestamp || addressOf(service) !== undefined) continue;
      const chosen = this.choose(service, pools, held);
      if (typeof chosen === "string") {
        if (this.said.get(keyOf(service)) === chosen) continue;
        this.said.set(keyOf(service), chosen);
        this.recorder.event(
          service,
          "Warning",
          "AllocationFailed",
          `Failed to allocate IP for "${keyOf(service)}": ${chosen}`,
        );
        continue;
      }
      const { address, pool } = chosen;
      held.set(address, keyOf(service));
      const { namespace, name } = service.metadata;
      const annotations = { "metallb.io/ip-allocated-from-pool": pool };
      yield* this.client.patch(SERVICES, namespace, name, { metadata: { annotations } }, "merge");
      const status = { loadBalancer: { ingress: [{ ip: address, ipMode: "VIP" }] } };
      yield* this.client.patch(SERVICES, namespace, name, { status }, "merge", "status");
      this.recorder.event(service, "Normal", "IPAllocated", `Assigned IP ["${address}"]`);
    }
  }

  private choose(
    service: KubeObject,
    pools: readonly KubeObject[],
    held: ReadonlyMap<string, string>,
  ): { address: string; pool: string } | string {
    const wanted = asked(service, "loadBalancerIPs") ?? (service.spec.loadBalancerIP as string | undefined);
    if (wanted) {
      const pool = pools.find((one) => holds(one, wanted));
      if (pool === undefined) return `["${wanted}"] is not allowed in config`;
      const holder = held.get(wanted);
      return holder === undefined
        ? { address: wanted, pool: pool.metadata.name }
        : `can't change sharing key for "${keyOf(service)}", address also in use by ${holder}`;
    }
    const named = asked(service, "address-pool");
    if (named !== undefined) {
      const pool = pools.find(({ metadata }) => metadata.name === named);
      if (pool === undefined) return `unknown pool "${named}"`;
      const address = freeIn(pool, (one) => held.has(one));
      return address === undefined ? `no available IPs in pool "${named}" for ipv4 IPFamily` : { address, pool: named };
    }
    for (const pool of pools) {
      if (pool["spec"].autoAssign === false || !serves(pool, service)) continue;
      const address = freeIn(pool, (one) => held.has(one));
      if (address !== undefined) return { address, pool: pool.metadata.name };
    }
    return "no available IPs";
  }
}

/** Answers on its node's network for the addresses that fall to it (speaker/layer2_controller.go). */
class Speaker extends Part {
  private readonly node: string;
  private readonly mine = new Map<string, string>();

  constructor(p: Process) {
    super(p, "speaker", [SERVICES, ENDPOINT_SLICES, NODES, POOLS, ADVERTISEMENTS]);
    this.node = p.env.get("METALLB_NODE_NAME") ?? p.machine.hostname;
  }

  protected *settle(): Gen {
    const { network, net } = this.p.machine;
    const kept = new Set<string>();
    for (const service of this.all(SERVICES)) {
      const address = wants(service) ? addressOf(service) : undefined;
      if (address === undefined || this.speakerFor(service, address) !== this.node) continue;
      kept.add(address);
      if (this.mine.get(address) === keyOf(service)) continue;
      this.mine.set(address, keyOf(service));
      network.claim(address, net);
      this.recorder.event(
        service,
        "Normal",
        "nodeAssigned",
        `announcing from node "${this.node}" with protocol "layer2"`,
      );
    }
    for (const address of [...this.mine.keys()]) {
      if (kept.has(address)) continue;
      this.mine.delete(address);
      network.release(address, net);
    }
  }

  protected override end(): void {
    for (const address of this.mine.keys()) this.p.machine.network.release(address, this.p.machine.net);
    this.mine.clear();
  }

  /** The node that announces an address: the first by a hash of both, of those that may. */
  private speakerFor(service: KubeObject, address: string): string | undefined {
    const pool = this.all(POOLS).find((one) => holds(one, address));
    const announced = this.all(ADVERTISEMENTS).some(({ spec }) => {
      const names: string[] = spec?.ipAddressPools ?? [];
      return pool !== undefined && (names.length === 0 || names.includes(pool.metadata.name));
    });
    if (!announced) return undefined;
    const slices = this.all(ENDPOINT_SLICES).filter(
      ({ metadata }) =>
        metadata.namespace === service.metadata.namespace &&
        metadata.labels?.["kubernetes.io/service-name"] === service.metadata.name,
    );
    const ready = slices
      .flatMap((slice) => (slice["endpoints"] ?? []) as { nodeName?: string; conditions?: { ready?: boolean } }[])
      .filter(({ conditions }) => conditions?.ready !== false);
    // Without endpoints nobody announces it.
    if (ready.length === 0) return undefined;
    const local = service.spec.externalTrafficPolicy === "Local";
    const near = new Set(ready.map(({ nodeName }) => nodeName));
    const nodes = this.all(NODES).filter(({ metadata, status }) => {
      const conditions = (status?.conditions ?? []) as { type: string; status: string }[];
      const up = conditions.some((one) => one.type === "Ready" && one.status === "True");
      return up && metadata.labels?.[EXCLUDED] === undefined && (!local || near.has(metadata.name));
    });
    const rank = ({ metadata }: KubeObject) => fnv1a(`${metadata.name}#${address}`, 0x811c9dc5) >>> 0;
    return nodes.sort((a, b) => rank(a) - rank(b))[0]?.metadata.name;
  }
}

export const metallbPrograms: Readonly<Record<string, Program>> = {
  "metallb-controller": (p) => new Allocator(p).run(),
  "metallb-speaker": (p) => new Speaker(p).run(),
};

const image = (part: string): ImageDef => ({
  names: [`quay.io/metallb/${part}`],
  tags: /^v0\.1[345]\.\d{1,2}$/,
  sizeBytes: 28_000_000,
  rootfs: () => rootfs(SKELETON, { [part]: { program: `metallb-${part}` } }),
  entrypoint: [`/${part}`],
  cmd: [],
  env: () => ({ PATH: DEFAULT_PATH }),
});

/** MetalLB's images. */
export const METALLB_IMAGES: readonly ImageDef[] = [image("controller"), image("speaker")];
