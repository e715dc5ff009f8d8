import type { KubeObject } from "../api/types.ts";
import { deepEqual } from "../api/validation/value.ts";
import { add, podRequests, type Resources, resources } from "./resources.ts";

/** What the scheduler knows of a node: the object, the Pods on it (assumed ones too) and their sums. */
export class NodeInfo {
  node: KubeObject;
  readonly pods = new Map<string, KubeObject>();
  /** The Pods among them that ask to be near or far from others. */
  readonly withAffinity = new Map<string, KubeObject>();
  allocatable: Resources;
  readonly requested: Resources = {};
  readonly nonZero = { cpu: 0, memory: 0 };
  /** `<protocol>/<port>` → host addresses in use, each with its count. */
  readonly ports = new Map<string, Map<string, number>>();
  /** Image name → bytes. */
  images: Map<string, number>;
  /** How many Pods have a priority. */
  private readonly priorities = new Map<number, number>();
  /** How many Pods match what was asked for last, kept up to date. */
  private readonly counters = new Map<string, Counter>();

  constructor(node: KubeObject) {
    this.node = node;
    this.allocatable = resources(node.status?.allocatable);
    this.images = imagesOf(node);
  }

  get name(): string {
    return this.node.metadata.name;
  }

  update(node: KubeObject): void {
    if (node.status?.allocatable !== this.node.status?.allocatable)
      this.allocatable = resources(node.status?.allocatable);
    if (node.status?.images !== this.node.status?.images) this.images = imagesOf(node);
    this.node = node;
  }

  addPod(pod: KubeObject): void {
    const known = this.pods.get(pod.metadata.uid);
    if (known !== undefined && countsTheSame(known, pod)) {
      this.pods.set(pod.metadata.uid, pod);
      if (this.withAffinity.has(pod.metadata.uid)) this.withAffinity.set(pod.metadata.uid, pod);
      return;
    }
    if (known !== undefined) this.removePod(known);
    this.pods.set(pod.metadata.uid, pod);
    const affinity = pod.spec.affinity;
    if (affinity?.podAffinity || affinity?.podAntiAffinity) this.withAffinity.set(pod.metadata.uid, pod);
    this.count(pod, 1);
  }

  removePod(pod: KubeObject): void {
    const known = this.pods.get(pod.metadata.uid);
    if (known === undefined) return;
    this.pods.delete(pod.metadata.uid);
    this.withAffinity.delete(pod.metadata.uid);
    this.count(known, -1);
  }

  /** A copy to try things on. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.node);
    for (const pod of this.pods.values()) copy.addPod(pod);
    return copy;
  }

  /** Living Pods of a namespace whose labels match. `key` names namespace and selector. */
  matching(key: string, namespace: string | undefined, matches: Counter["matches"]): number {
    let counter = this.counters.get(key);
    if (counter === undefined) {
      counter = { namespace, matches, count: 0 };
      for (const pod of this.pods.values()) if (isCounted(counter, pod)) counter.count++;
      if (this.counters.size >= MAX_COUNTERS) this.counters.clear();
      this.counters.set(key, counter);
    }
    return counter.count;
  }

  /** Some Pod here has a lower priority than this. */
  hasBelow(priority: number): boolean {
    for (const one of this.priorities.keys()) if (one < priority) return true;
    return false;
  }

  private count(pod: KubeObject, sign: 1 | -1): void {
    const priority: number = pod.spec.priority ?? 0;
    const equals = (this.priorities.get(priority) ?? 0) + sign;
    if (equals > 0) this.priorities.set(priority, equals);
    else this.priorities.delete(priority);
    for (const counter of this.counters.values()) if (isCounted(counter, pod)) counter.count += sign;
    const { requests, nonZero } = podRequests(pod);
    add(this.requested, requests, sign);
    this.nonZero.cpu += sign * nonZero.cpu;
    this.nonZero.memory += sign * nonZero.memory;
    for (const { key, ip } of hostPorts(pod)) {
      let used = this.ports.get(key);
      if (used === undefined) this.ports.set(key, (used = new Map()));
      const count = (used.get(ip) ?? 0) + sign;
      if (count > 0) used.set(ip, count);
      else used.delete(ip);
    }
  }
}

interface Counter {
  readonly namespace: string | undefined;
  readonly matches: (labels: Record<string, string> | undefined) => boolean;
  count: number;
}

const MAX_COUNTERS = 8;

function isCounted({ namespace, matches }: Counter, pod: KubeObject): boolean {
  const { metadata } = pod;
  return !metadata.deletionTimestamp && metadata.namespace === namespace && matches(metadata.labels);
}

/** Only its status has changed. */
function countsTheSame(a: KubeObject, b: KubeObject): boolean {
  return (
    a.spec === b.spec &&
    a.metadata.labels === b.metadata.labels &&
    a.metadata.deletionTimestamp === b.metadata.deletionTimestamp
  );
}

/** Host ports of a Pod's containers and sidecars. */
export function hostPorts(pod: KubeObject): { key: string; ip: string }[] {
  const out: { key: string; ip: string }[] = [];
  const add = (container: KubeObject): void => {
    for (const port of container["ports"] ?? []) {
      if (port.hostPort > 0)
        out.push({ key: `${port.protocol ?? "TCP"}/${port.hostPort}`, ip: port.hostIP || "0.0.0.0" });
    }
  };
  for (const container of pod.spec.containers) add(container);
  for (const container of pod.spec.initContainers ?? []) if (container["restartPolicy"] === "Always") add(container);
  return out;
}

function imagesOf(node: KubeObject): Map<string, number> {
  const images = new Map<string, number>();
  for (const image of node.status?.images ?? [])
    for (const name of image.names ?? []) images.set(name, image.sizeBytes ?? 0);
  return images;
}

/** Zone of a node as the scheduler spreads its walk over zones (component-helpers/node/topology). */
export function zoneOf(node: KubeObject): string {
  const labels = node.metadata.labels ?? {};
  return `${labels["topology.kubernetes.io/region"] ?? ""}:\0:${labels["topology.kubernetes.io/zone"] ?? ""}`;
}

/** Nodes in the order in which they are tried: one of each zone in turn (internal/cache/node_tree.go). */
export function interleaveZones(nodes: Iterable<NodeInfo>): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>();
  for (const node of nodes) {
    const zone = zoneOf(node.node);
    const members = zones.get(zone);
    if (members) members.push(node);
    else zones.set(zone, [node]);
  }
  const out: NodeInfo[] = [];
  for (let i = 0, found = true; found; i++) {
    found = false;
    for (const members of zones.values()) {
      const node = members[i];
      if (node === undefined) continue;
      out.push(node);
      found = true;
    }
  }
  return out;
}

/** Changes of a node that a plugin may wait for; heartbeats are none. */
export function nodeChanged(old: KubeObject, node: KubeObject): boolean {
  if (!deepEqual(old["spec"], node["spec"]) || !deepEqual(old.metadata.labels, node.metadata.labels)) return true;
  const [was, is] = [old["status"], node["status"]];
  return !deepEqual(was?.allocatable, is?.allocatable) || was?.images?.length !== is?.images?.length;
}
