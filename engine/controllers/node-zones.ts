import type { KubeObject } from "../api/types.ts";
import { SECOND } from "../kernel/index.ts";
import { condition } from "./pods.ts";

/** --node-eviction-rate, --secondary-node-eviction-rate (nodes a second), --large-cluster-size-threshold, --unhealthy-zone-threshold. */
const RATE = 0.1;
const SECONDARY_RATE = 0.01;
const LARGE = 50;
const UNHEALTHY = 0.55;

const EXCLUDED = "node.kubernetes.io/exclude-disruption";

export type ZoneState = "Normal" | "PartialDisruption" | "FullDisruption";

/** How bad a zone is off by the number of its nodes (ComputeZoneState). */
export function zoneState(ready: number, notReady: number): ZoneState {
  if (ready === 0 && notReady > 0) return "FullDisruption";
  if (notReady > 2 && notReady / (ready + notReady) >= UNHEALTHY) return "PartialDisruption";
  return "Normal";
}

/** Nodes a second that are tainted NoExecute in a zone of so many nodes. */
export function evictionRate(state: ZoneState, size: number): number {
  if (state !== "PartialDisruption") return RATE;
  return size > LARGE ? SECONDARY_RATE : 0;
}

/** Region and zone of a node (component-helpers node/topology GetZoneKey). */
export function zoneKey(node: KubeObject): string {
  const labels = node.metadata.labels ?? {};
  return `${labels["topology.kubernetes.io/region"] ?? ""}:${labels["topology.kubernetes.io/zone"] ?? ""}`;
}

interface Zone {
  state: ZoneState | undefined;
  /** Nodes a second; 0: none at all. */
  rate: number;
  /** µs at which the bucket, which holds one, is full again. */
  full: number;
}

/**
 * How fast nodes that are not ready lose their Pods, by zone (pkg/controller/nodelifecycle handleDisruption): one node
 * in ten seconds; hardly any where most nodes of a zone are off; none where all nodes are, since then the fault is rather
 * the control plane's.
 */
export class NodeZones {
  private readonly zones = new Map<string, Zone>();
  /** All zones are fully disrupted. */
  disrupted = false;

  /** Looks at all nodes; tells that the whole cluster went off, or came back. */
  look(nodes: Iterable<KubeObject>, now: number): "entered" | "left" | undefined {
    const counts = new Map<string, [ready: number, notReady: number]>();
    for (const node of nodes) {
      const ready = condition(node, "Ready");
      if (ready === undefined || node.metadata.labels?.[EXCLUDED] !== undefined) continue;
      const key = zoneKey(node);
      const count = counts.get(key) ?? [0, 0];
      counts.set(key, count);
      count[ready.status === "True" ? 0 : 1]++;
    }
    for (const key of this.zones.keys()) if (!counts.has(key)) this.zones.delete(key);
    const states = new Map([...counts].map(([key, [ready, off]]) => [key, zoneState(ready, off)]));
    const all = states.size > 0 && [...states.values()].every((state) => state === "FullDisruption");
    const before = this.disrupted;
    this.disrupted = all;
    for (const [key, state] of states) {
      const zone: Zone = this.zones.get(key) ?? { state: undefined, rate: RATE, full: 0 };
      this.zones.set(key, zone);
      if (zone.state === state && before === all) continue;
      zone.state = state;
      const [ready, off] = counts.get(key)!;
      swap(zone, all ? 0 : evictionRate(state, ready + off), now);
    }
    return before === all ? undefined : all ? "entered" : "left";
  }

  /** Takes a turn of the node's zone: 0, or the µs to wait for the next one. */
  take(node: KubeObject, now: number): number {
    const zone = this.zones.get(zoneKey(node));
    if (zone === undefined) return 0;
    if (zone.rate === 0) return Number.POSITIVE_INFINITY;
    if (zone.full > now) return zone.full - now;
    zone.full = now + Math.round(SECOND / zone.rate);
    return 0;
  }
}

/** The new bucket is as full as the old one was (RateLimitedTimedQueue SwapLimiter). */
function swap(zone: Zone, rate: number, now: number): void {
  if (zone.rate === rate) return;
  const empty = zone.rate === 0 || zone.full > now;
  zone.rate = rate;
  zone.full = rate > 0 && empty ? now + Math.round(SECOND / rate) : 0;
}
