import { parseDuration } from "../../../api/go-time.ts";
import { parseQuantity, wholeUnits } from "../../../api/quantity.ts";

/** What the kubelet watches for (pkg/kubelet/eviction/api/types.go), and what each means. */
const SIGNALS: Readonly<Record<string, { condition: string; resource: string }>> = {
  "memory.available": { condition: "MemoryPressure", resource: "memory" },
  "allocatableMemory.available": { condition: "MemoryPressure", resource: "memory" },
  "nodefs.available": { condition: "DiskPressure", resource: "ephemeral-storage" },
  "nodefs.inodesFree": { condition: "DiskPressure", resource: "inodes" },
  "imagefs.available": { condition: "DiskPressure", resource: "ephemeral-storage" },
  "imagefs.inodesFree": { condition: "DiskPressure", resource: "inodes" },
  "containerfs.available": { condition: "DiskPressure", resource: "ephemeral-storage" },
  "containerfs.inodesFree": { condition: "DiskPressure", resource: "inodes" },
  "pid.available": { condition: "PIDPressure", resource: "pids" },
};

/** A part of the capacity, or an amount. */
type Value = { readonly share: number } | { readonly units: number };

export interface Threshold {
  readonly signal: string;
  readonly value: Value;
  /** µs that it must last before Pods are evicted; 0: a hard one. */
  readonly grace: number;
  readonly minReclaim: Value | undefined;
}

export interface EvictionConfig {
  readonly thresholds: readonly Threshold[];
  /** µs for which a node goes on to tell of a pressure that is over. */
  readonly transition: number;
  /** s that a Pod gets to end when a soft threshold was met. */
  readonly maxPodGrace: number;
  /** By resource, what is kept from Pods: kubeReserved and systemReserved together. */
  readonly reserved: ReadonlyMap<string, string[]>;
}

/** What there is of a signal, and how much there could be. */
export interface Observation {
  readonly available: number;
  readonly capacity: number;
}

export const conditionOf = ({ signal }: Threshold): string => SIGNALS[signal]!.condition;
export const resourceOf = ({ signal }: Threshold): string => SIGNALS[signal]!.resource;

/** Units of a value; a share is a float32 of the capacity (api.GetThresholdQuantity). */
export function unitsOf(value: Value, capacity: number): number {
  return "units" in value ? value.units : Math.floor(capacity * Math.fround(value.share));
}

/** Thresholds that are met; `reclaim`: with what is to be reclaimed on top (helpers.go thresholdsMet). */
export function met(
  thresholds: readonly Threshold[],
  seen: ReadonlyMap<string, Observation>,
  reclaim = false,
): Threshold[] {
  return thresholds.filter(({ signal, value, minReclaim }) => {
    const found = seen.get(signal);
    if (found === undefined) return false;
    const more = reclaim && minReclaim !== undefined ? unitsOf(minReclaim, found.capacity) : 0;
    return unitsOf(value, found.capacity) + more > found.available;
  });
}

type Texts = Readonly<Record<string, string>>;

interface Settings {
  evictionHard?: Texts;
  evictionSoft?: Texts;
  evictionSoftGracePeriod?: Texts;
  evictionMinimumReclaim?: Texts;
  evictionMaxPodGracePeriod?: number;
  evictionPressureTransitionPeriod?: string;
  kubeReserved?: Texts;
  systemReserved?: Texts;
}

/**
 * What a KubeletConfiguration says of eviction (ParseThresholdConfig). A node's container file system is its own, so
 * containerfs has the thresholds of nodefs; the Pods' control group has those of the machine's memory.
 */
export function evictionConfig(configuration: object): EvictionConfig {
  const said = configuration as Settings;
  const thresholds: Threshold[] = [];
  const add = (signal: string, text: string, grace: number): void => {
    const value = signal in SIGNALS ? parseValue(text) : undefined;
    if (value === undefined) return;
    const least = said.evictionMinimumReclaim?.[signal];
    const minReclaim = least === undefined ? undefined : parseValue(least);
    const one = { signal, value, grace, minReclaim };
    thresholds.push(one);
    if (signal === "memory.available" && grace === 0)
      thresholds.push({ ...one, signal: "allocatableMemory.available" });
    if (signal === "nodefs.available") thresholds.push({ ...one, signal: "containerfs.available" });
  };
  for (const [signal, text] of Object.entries(said.evictionHard ?? {})) add(signal, text, 0);
  for (const [signal, text] of Object.entries(said.evictionSoft ?? {}))
    add(signal, text, durationOf(said.evictionSoftGracePeriod?.[signal] ?? "0s"));
  // Memory before all else (byEvictionPriority).
  thresholds.sort((a, b) => Number(resourceOf(b) === "memory") - Number(resourceOf(a) === "memory"));
  const reserved = new Map<string, string[]>();
  for (const one of [said.kubeReserved, said.systemReserved])
    for (const [name, text] of Object.entries(one ?? {})) reserved.set(name, [...(reserved.get(name) ?? []), text]);
  return {
    thresholds,
    transition: durationOf(said.evictionPressureTransitionPeriod ?? "5m0s"),
    maxPodGrace: said.evictionMaxPodGracePeriod ?? 0,
    reserved,
  };
}

/** Units that the hard thresholds keep from Pods of `memory` or `ephemeral-storage` (cm.hardEvictionReservation). */
export function keptBack({ thresholds }: EvictionConfig, resource: string, capacity: number): number {
  const signal = resource === "memory" ? "memory.available" : "nodefs.available";
  const hard = thresholds.find((one) => one.signal === signal && one.grace === 0);
  return hard === undefined ? 0 : unitsOf(hard.value, capacity);
}

function parseValue(text: string): Value | undefined {
  if (text.endsWith("%")) {
    const share = Number(text.slice(0, -1)) / 100;
    return share > 0 && share < 1 ? { share } : undefined;
  }
  const amount = parseQuantity(text);
  return "error" in amount || amount.nano <= 0n ? undefined : { units: wholeUnits(text) };
}

/** `1m30s` in µs; what is none is nothing. */
function durationOf(text: string): number {
  const ns = parseDuration(text);
  return typeof ns === "number" ? ns / 1000 : 0;
}
