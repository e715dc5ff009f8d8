import type { Cluster } from "../cluster.ts";
import type { NetNamespace } from "../network/index.ts";
import type { Walk } from "../network/path.ts";
import { pictureOf, type WalkPicture } from "./walk.ts";

/** Walks kept until they are told. */
const KEPT = 20;
/** Ports by which the cluster's own parts speak to each other. */
const SYSTEM_PORTS: ReadonlySet<number> = new Set([6443, 2379, 2380, 10250]);

/** The walks of connections that programs really open, while somebody looks. */
export class WalkFeed {
  private readonly clusters: readonly Cluster[];
  private readonly changed: () => void;
  private waiting: WalkPicture[] = [];
  /** Namespaces of Pods, by name. */
  private readonly pods = new Map<string, NetNamespace>();

  /** `changed`: called within the connection that is the first since the last `take`. */
  constructor(clusters: Iterable<Cluster>, changed: () => void) {
    this.clusters = [...clusters];
    this.changed = changed;
    for (const cluster of this.clusters) cluster.network.onWalk = (walk) => this.note(cluster, walk);
  }

  stop(): void {
    for (const { network } of this.clusters) network.onWalk = undefined;
  }

  /** Those since the last time, oldest first. */
  take(): WalkPicture[] {
    const { waiting } = this;
    this.waiting = [];
    return waiting;
  }

  private note(cluster: Cluster, walk: Walk): void {
    const { address, path } = walk;
    if (SYSTEM_PORTS.has(walk.port) || SYSTEM_PORTS.has(path.port)) return;
    const machine = cluster.machines.get(walk.from)?.net;
    // What machines ask their own Pods are probes.
    if (machine && path.outcome === "pass" && path.address === address && isLocal(cluster, machine, address)) return;
    const from = machine ?? this.podNamespace(cluster, walk.from);
    if (from === undefined) return;
    const picture = pictureOf(cluster, walk, from);
    if (picture.from.name.startsWith("kube-")) return;
    if (this.waiting.length === 0) this.changed();
    this.waiting.push(picture);
    if (this.waiting.length > KEPT) this.waiting.shift();
  }

  private podNamespace(cluster: Cluster, name: string): NetNamespace | undefined {
    const known = this.pods.get(name);
    if (known) return known;
    for (const pod of cluster.objects("", "pods")) {
      const address: string | undefined = pod["status"]?.podIP;
      const ns = address === undefined ? undefined : cluster.network.ownerOf(address);
      if (ns && ns.host !== ns) this.pods.set(ns.name, ns);
    }
    return this.pods.get(name);
  }
}

const isLocal = ({ network }: Cluster, machine: NetNamespace, address: string): boolean =>
  machine.owns(address) || network.ownerOf(address)?.host === machine;
