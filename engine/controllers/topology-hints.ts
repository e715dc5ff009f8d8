import { milliUnits } from "../api/quantity.ts";
import type { KubeObject } from "../api/types.ts";
import { condition } from "./pods.ts";
import type { Endpoint, Packing } from "./slice-packing.ts";

const ZONE = "topology.kubernetes.io/zone";
const MODE = "service.kubernetes.io/topology-mode";
const OLD_MODE = "service.kubernetes.io/topology-aware-hints";
const EXCLUDED = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];
/** How much more than its share an endpoint may get. */
const OVERLOAD = 0.2;

export interface HintEvent {
  type: "Normal" | "Warning";
  reason: string;
  message: string;
}

interface Allocation {
  least: number;
  most: number;
  desired: number;
}

type Plan = Pick<Packing, "create" | "update" | "unchanged">;
type Counts = Map<string, number>;

/** Whether a Service asks for hints by its annotation; the older one counts first. */
export function asksForHints(service: KubeObject): boolean {
  const annotations = service.metadata.annotations;
  const mode = annotations?.[OLD_MODE] ?? annotations?.[MODE];
  return mode === "Auto" || mode === "auto";
}

export const isReadyEndpoint = (endpoint: Endpoint): boolean =>
  (endpoint["conditions"] as { ready?: boolean } | undefined)?.ready === true;

const zonesOf = (endpoint: Endpoint): string[] =>
  (endpoint["hints"] as { forZones?: { name: string }[] } | undefined)?.forZones?.map(({ name }) => name) ?? [];

const hinted = ({ hints: _hints, ...endpoint }: Endpoint, zone: string | undefined): Endpoint => {
  const { zone: own, ...rest } = endpoint;
  const hints = zone !== undefined && { hints: { forZones: [{ name: zone }] } };
  return { ...(rest as Endpoint), ...hints, ...(own !== undefined && { zone: own }) };
};

/** Gives each endpoint the zone that `wanted` says, or none; slices that stay as they are but for that are updated. */
export function setHints(plan: Plan, wanted: (endpoint: Endpoint) => string | undefined): void {
  const set = (list: Endpoint[]) => {
    for (const [i, one] of list.entries()) {
      const zone = wanted(one);
      if (zone !== undefined || one["hints"] !== undefined) list[i] = hinted(one, zone);
    }
  };
  for (const list of plan.create) set(list);
  for (const { endpoints } of plan.update) set(endpoints);
  plan.unchanged = plan.unchanged.filter((one) => {
    const stored: readonly Endpoint[] = one.slice["endpoints"] ?? [];
    const fits = stored.every((endpoint) => {
      const zone = wanted(endpoint);
      const zones = zonesOf(endpoint);
      return zone === undefined ? zones.length === 0 : zones.length === 1 && zones[0] === zone;
    });
    if (fits) return true;
    set(one.endpoints);
    plan.update.push(one);
    return false;
  });
}

/** Which zone is to use which endpoint, by the CPUs of its nodes (k8s.io/endpointslice/topologycache). */
export class TopologyCache {
  /** Share of all CPUs by zone; undefined: there are no zones to tell apart. */
  private ratios: ReadonlyMap<string, number> | undefined;
  private readonly services = new Map<string, Counts>();

  setNodes(nodes: Iterable<KubeObject>): void {
    const cpus: Counts = new Map();
    let total = 0;
    this.ratios = undefined;
    for (const node of nodes) {
      const labels = node.metadata.labels ?? {};
      if (EXCLUDED.some((label) => label in labels) || condition(node, "Ready")?.status !== "True") continue;
      const zone = labels[ZONE];
      const cpu = milliUnits(node.status?.allocatable?.cpu ?? "0");
      if (!zone || cpu === 0) return;
      cpus.set(zone, (cpus.get(zone) ?? 0) + cpu);
      total += cpu;
    }
    if (total === 0 || cpus.size < 2) return;
    this.ratios = new Map([...cpus].sort(byName).map(([zone, cpu]) => [zone, cpu / total]));
  }

  /** Services with hints that give some zone too little now. */
  *overloaded(): Iterable<string> {
    for (const [service, counts] of this.services) {
      if (counts.size === 0) continue;
      const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
      const short = ([zone, ratio]: [string, number]) =>
        !counts.has(zone) || counts.get(zone)! < Math.ceil(total * ratio * (1 / (1 + OVERLOAD)));
      if (this.ratios === undefined || [...this.ratios].some(short)) yield service;
    }
  }

  /** Takes a Service's hints away. */
  remove(service: string, plan: Plan): HintEvent[] {
    setHints(plan, () => undefined);
    return this.services.delete(service) ? [disabled("Topology Aware Hints has been disabled")] : [];
  }

  /** Puts hints for zones into a Service's slices, or says why that cannot be (AddHints). */
  add(service: string, plan: Plan): HintEvent[] {
    const fail = (message: string): HintEvent[] => {
      setHints(plan, () => undefined);
      this.services.delete(service);
      return [disabled(message)];
    };
    const allocations = this.allocations(readyIn(plan));
    if (typeof allocations === "string") return fail(allocations);
    const counts = keptHints(plan, allocations);
    const lists = [...plan.create, ...plan.update.map(({ endpoints }) => endpoints)];
    for (const endpoint of lists.flat()) {
      if (!isReadyEndpoint(endpoint)) continue;
      const zone = endpoint["zone"] as string | undefined;
      if (!zone) return fail("One or more endpoints do not have a zone specified");
      counts.set(zone, (counts.get(zone) ?? 0) + 1);
    }
    const [giving, receiving] = exchange(allocations, counts);
    for (const list of lists)
      for (const [i, endpoint] of list.entries()) {
        if (!isReadyEndpoint(endpoint)) continue;
        const own = endpoint["zone"] as string;
        const other = take(giving, own) ? ([...receiving.keys()].find((zone) => take(receiving, zone)) ?? own) : own;
        list[i] = hinted(endpoint, other);
        if (other === own) continue;
        counts.set(own, counts.get(own)! - 1);
        counts.set(other, (counts.get(other) ?? 0) + 1);
      }
    if (counts.size === 0) return fail("No hints allocated for zones");
    const before = this.services.has(service);
    this.services.set(service, counts);
    const message = said("Topology Aware Hints has been enabled");
    return before ? [] : [{ type: "Normal", reason: "TopologyAwareHintsEnabled", message }];
  }

  /** Least, most and fair number of endpoints of each zone, or why there is no such division. */
  private allocations(endpoints: number): Map<string, Allocation> | string {
    const ratios = this.ratios;
    if (ratios === undefined)
      return "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes";
    const numbers = `(${endpoints} endpoints, ${ratios.size} zones)`;
    if (ratios.size > endpoints) return `Insufficient number of endpoints ${numbers}`;
    const shares = [...ratios].map(([zone, ratio]): [string, number, number] => {
      const fair = ratio * endpoints;
      return [zone, fair, Math.ceil(fair * (1 / (1 + OVERLOAD)))];
    });
    const least = shares.reduce((sum, [, , count]) => sum + count, 0);
    if (least > endpoints)
      return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${numbers}`;
    const room = endpoints - least;
    return new Map(
      shares.map(([zone, fair, count]) => [
        zone,
        { least: count, most: count + room, desired: Math.max(fair, count) } satisfies Allocation,
      ]),
    );
  }
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : a > b ? 1 : 0);
const said = (message: string) => `${message}, addressType: IPv4`;
const disabled = (message: string): HintEvent => ({
  type: "Warning",
  reason: "TopologyAwareHintsDisabled",
  message: said(message),
});

function readyIn({ create, update, unchanged }: Plan): number {
  const lists = [...create, ...[...update, ...unchanged].map(({ endpoints }) => endpoints)];
  return lists.reduce((sum, list) => sum + list.filter(isReadyEndpoint).length, 0);
}

/** The hints of slices that stay as they are; those whose hints do not do any more are to be updated. */
function keptHints(plan: Plan, allocations: ReadonlyMap<string, Allocation>): Counts {
  const counts: Counts = new Map();
  plan.unchanged = plan.unchanged.filter((one) => {
    const own = hintsOf(one.slice["endpoints"] ?? [], counts, allocations);
    if (own === undefined) plan.update.push(one);
    for (const [zone, count] of own ?? []) counts.set(zone, (counts.get(zone) ?? 0) + count);
    return own !== undefined;
  });
  return counts;
}

function hintsOf(
  stored: readonly Endpoint[],
  before: Counts,
  allocations: ReadonlyMap<string, Allocation>,
): Counts | undefined {
  const counts: Counts = new Map();
  for (const endpoint of stored) {
    if (!isReadyEndpoint(endpoint)) continue;
    const zones = zonesOf(endpoint);
    if (zones.length === 0 || zones.some((zone) => !allocations.has(zone))) return undefined;
    for (const zone of zones) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  }
  const many = ([zone, count]: [string, number]) => count + (before.get(zone) ?? 0) > allocations.get(zone)!.most;
  return [...counts].some(many) ? undefined : counts;
}

/** How many endpoints each zone gives to others, and how many it gets (getGivingAndReceivingZones). */
function exchange(allocations: ReadonlyMap<string, Allocation>, counts: Counts): [Counts, Counts] {
  const gives: Counts = new Map();
  const gets: Counts = new Map();
  for (const [zone, { desired }] of allocations) {
    const off = (counts.get(zone) ?? 0) - desired;
    if (off > 0) gives.set(zone, off);
    else if (off < 0) gets.set(zone, -off);
  }
  const giving: Counts = new Map();
  const receiving: Counts = new Map();
  for (;;) {
    const [from, give] = greatest(gives);
    const [to, get] = greatest(gets);
    if (from === undefined || to === undefined || (give < 1 && get < 1) || give < 0.5 || get < 0.5) break;
    giving.set(from, (giving.get(from) ?? 0) + 1);
    gives.set(from, give - 1);
    receiving.set(to, (receiving.get(to) ?? 0) + 1);
    gets.set(to, get - 1);
  }
  return [giving, receiving];
}

function greatest(counts: Counts): [string | undefined, number] {
  let best: [string | undefined, number] = [undefined, 0];
  for (const [zone, count] of counts) if (count > best[1]) best = [zone, count];
  return best;
}

/** One less of a zone, where there is one. */
function take(counts: Counts, zone: string): boolean {
  const count = counts.get(zone) ?? 0;
  if (count === 0) return false;
  counts.set(zone, count - 1);
  return true;
}
