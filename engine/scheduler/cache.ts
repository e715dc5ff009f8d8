import type { KubeObject } from "../api/types.ts";
import { interleaveZones, NodeInfo, zoneOf } from "./node-info.ts";

/** Nodes and the Pods on them, assumed ones included (pkg/scheduler/backend/cache). */
export class SchedulerCache {
  private readonly nodes = new Map<string, NodeInfo>();
  private readonly placed = new Map<string, { pod: KubeObject; node: string; assumed: boolean }>();
  private order: NodeInfo[] | undefined;

  /** Nodes in the order in which they are tried. */
  list(): readonly NodeInfo[] {
    this.order ??= interleaveZones(this.nodes.values());
    return this.order;
  }

  node(name: string): NodeInfo | undefined {
    return this.nodes.get(name);
  }

  setNode(node: KubeObject): void {
    const { name } = node.metadata;
    const known = this.nodes.get(name);
    if (known === undefined || zoneOf(known.node) !== zoneOf(node)) this.order = undefined;
    if (known !== undefined) {
      known.update(node);
      return;
    }
    const info = new NodeInfo(node);
    this.nodes.set(name, info);
    for (const entry of this.placed.values()) if (entry.node === name) info.addPod(entry.pod);
  }

  removeNode(name: string): void {
    this.nodes.delete(name);
    this.order = undefined;
  }

  /** A Pod was seen on its node; an assumption about it is confirmed or corrected. */
  setPod(pod: KubeObject): void {
    this.place(pod, pod.spec.nodeName, false);
  }

  /** The Pod counts on the node before it is bound. */
  assume(pod: KubeObject, node: string): void {
    this.place(pod, node, true);
  }

  /** The binding failed. */
  forget(pod: KubeObject): void {
    if (this.placed.get(pod.metadata.uid)?.assumed) this.removePod(pod);
  }

  isAssumed(uid: string): boolean {
    return this.placed.get(uid)?.assumed === true;
  }

  removePod(pod: KubeObject): void {
    const entry = this.placed.get(pod.metadata.uid);
    if (entry === undefined) return;
    this.nodes.get(entry.node)?.removePod(entry.pod);
    this.placed.delete(pod.metadata.uid);
  }

  private place(pod: KubeObject, node: string, assumed: boolean): void {
    if (this.placed.get(pod.metadata.uid)?.node !== node) this.removePod(pod);
    this.placed.set(pod.metadata.uid, { pod, node, assumed });
    this.nodes.get(node)?.addPod(pod);
  }
}
