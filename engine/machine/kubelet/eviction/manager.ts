import { formatQuantity } from "../../../api/quantity.ts";
import { type Gen, sleep } from "../../../kernel/index.ts";
import { MAX_PROCESSES } from "../../costs.ts";
import { usedKib } from "../../memory.ts";
import type { KubeletContext } from "../context.ts";
import { KUBELET } from "../durations.ts";
import { amount, isCritical, podRequest, qosClass } from "../resources.ts";
import { runtimePod } from "../runtime-view.ts";
import { type Condition, type Pod, podKey } from "../types.ts";
import {
  conditionOf,
  type EvictionConfig,
  met,
  type Observation,
  resourceOf,
  type Threshold,
  unitsOf,
} from "./thresholds.ts";
import { diskOf, isLimited, memoryOf, overLimit, type PodUsage, podUsage } from "./usage.ts";

const { evictionPeriod, evictionCleanupSeconds, evictionPoll, evictionAtOnceSeconds: AT_ONCE } = KUBELET;
/** A node without pressure. */
const NONE: readonly string[] = [];
const NO_THRESHOLDS: Threshold[] = [];

/** What the manager needs of its kubelet. */
export interface Evicting {
  /** Pods that take resources of the node. */
  activePods(): Pod[];
  /** Ends a Pod as failed. `grace` in s. */
  putOut(pod: Pod, message: string, grace: number, condition: Condition | undefined): void;
  /** Nothing of the Pod runs any more. */
  isEnded(pod: Pod): boolean;
}

/**
 * Looks after what a node may run out of (pkg/kubelet/eviction/eviction_manager.go): tells of pressure, frees what
 * nobody uses, then ends one Pod after the other; and ends those that take more of the disk than their limits say.
 */
export class EvictionManager {
  private readonly ctx: KubeletContext;
  private readonly config: EvictionConfig;
  private readonly pods: Evicting;
  /** When each pressure was last seen, in µs. */
  private readonly seenAt = new Map<string, number>();
  private metSince = new Map<Threshold, number>();
  private lasting: Threshold[] = [];
  /** KiB of memory in use and of disk free, and processes, when nothing was met: nothing is as long as they stay. */
  private calm: readonly [number, number, number] | undefined;
  private readonly event: string;
  private readonly wake = () => this.look();
  /** Pods that may take no more than so much of the disk, by uid: the others are not looked at. */
  private readonly limited = new Map<string, Pod>();
  /** MemoryPressure and its like, as they are told now. */
  conditions: readonly string[] = NONE;

  constructor(ctx: KubeletContext, config: EvictionConfig, pods: Evicting) {
    this.ctx = ctx;
    this.event = `eviction ${ctx.nodeName}`;
    this.config = config;
    this.pods = pods;
  }

  start(): void {
    this.plan();
  }

  /** A Pod runs here. */
  admit(pod: Pod): void {
    if (isLimited(pod)) this.limited.set(pod.metadata.uid, pod);
  }

  forget(uid: string): void {
    this.limited.delete(uid);
  }

  private plan(): void {
    this.ctx.after(evictionPeriod, this.event, this.wake);
  }

  /** Why the node takes no more of such Pods; undefined when it does (Admit). */
  refusal(pod: Pod): string | undefined {
    const { conditions } = this;
    if (conditions.length === 0 || isCritical(pod)) return undefined;
    if (conditions.length === 1 && conditions[0] === "MemoryPressure") {
      if (qosClass(pod) !== "BestEffort" || toleratesMemoryPressure(pod)) return undefined;
    }
    return `The node had condition: [${conditions.join(" ")}]. `;
  }

  /** One look (synchronize). What there is to be done takes time, hence a task. */
  private look(): void {
    const due = this.observe();
    if (due.length === 0 && this.limited.size === 0) {
      this.plan();
      return;
    }
    const over: [Pod, string][] = [];
    for (const pod of this.limited.values()) {
      if (this.pods.isEnded(pod)) continue;
      const why = overLimit(this.ctx, pod);
      if (why !== undefined && this.mayEvict(pod)) over.push([pod, why]);
    }
    if (over.length === 0 && due.length === 0) this.plan();
    else this.ctx.spawn(`evict ${this.ctx.nodeName}`, this.act(over, due));
  }

  private *act(over: readonly [Pod, string][], due: readonly Threshold[]): Gen {
    for (const [pod, why] of over) yield* this.evict(pod, why, AT_ONCE);
    const evicted = over.length > 0 ? over.map(([pod]) => pod) : yield* this.reclaim(due);
    if (evicted.length === 0) {
      this.plan();
      return;
    }
    const names = evicted.map(podKey);
    this.log("I", 208, "pods evicted, waiting for pod to be cleaned up", { pods: names });
    for (let s = 0; s < evictionCleanupSeconds && !evicted.every((pod) => this.isCleanedUp(pod)); s++)
      yield* sleep(evictionPoll);
    if (evicted.every((pod) => this.isCleanedUp(pod)))
      this.log("I", 457, "pods successfully cleaned up", { pods: names });
    else this.log("I", 447, "timed out waiting for pods to be cleaned up", { pods: names });
    this.look();
  }

  private isCleanedUp(pod: Pod): boolean {
    return (
      this.pods.isEnded(pod) &&
      runtimePod(this.ctx.runtime, pod.metadata.uid).containers.every(({ state }) => state !== "running")
    );
  }

  private log(severity: "I" | "E", line: number, message: string, kv: Readonly<Record<string, unknown>>): void {
    this.ctx.log(severity, `eviction_manager.go:${line}`, `Eviction manager: ${message}`, kv);
  }

  /** What there is of each signal. The image file system is the node's own. */
  private observations(): Map<string, Observation> {
    const { machine } = this.ctx;
    const capacity = machine.hardware.memoryKib * 1024;
    const available = Math.max(0, capacity - usedKib(machine) * 1024);
    const disk = { available: machine.disk.availableKib * 1024, capacity: machine.disk.sizeKib * 1024 };
    const seen = new Map<string, Observation>([
      ["memory.available", { available, capacity }],
      ["nodefs.available", disk],
      ["imagefs.available", disk],
      ["containerfs.available", disk],
      ["pid.available", { available: MAX_PROCESSES - machine.processes.size, capacity: MAX_PROCESSES }],
    ]);
    const reserved = this.config.reserved.get("memory");
    if (reserved !== undefined) {
      const kept = reserved.reduce((sum, text) => sum + amount("memory", text), 0);
      let used = 0;
      for (const { ns, rssKib } of machine.processes.values()) if (ns.cgroup.startsWith("/kubepods")) used += rssKib;
      const own = capacity - kept;
      seen.set("allocatableMemory.available", { available: Math.max(0, own - used * 1024), capacity: own });
    }
    return seen;
  }

  /** Keeps the conditions, and says which thresholds Pods are to be evicted for. */
  private observe(): Threshold[] {
    const { now } = this.ctx.kernel;
    const { thresholds, transition, reserved } = this.config;
    const { memory, disk, processes } = this.ctx.machine;
    const [resident, available, running] = this.calm ?? [];
    if (resident === memory.resident && available === disk.availableKib && running === processes.size)
      return NO_THRESHOLDS;
    const seen = this.observations();
    const found = met(thresholds, seen);
    for (const one of met(this.lasting, seen, true)) if (!found.includes(one)) found.push(one);
    this.metSince = new Map(found.map((one) => [one, this.metSince.get(one) ?? now]));
    for (const one of found) this.seenAt.set(conditionOf(one), now);
    for (const [condition, at] of this.seenAt) if (now - at >= transition && at !== now) this.seenAt.delete(condition);
    this.conditions = this.seenAt.size === 0 ? NONE : [...this.seenAt.keys()];
    this.lasting = found.filter((one) => now - this.metSince.get(one)! >= one.grace);
    const isCalm = found.length === 0 && this.seenAt.size === 0 && !reserved.has("memory");
    this.calm = isCalm ? [memory.resident, disk.availableKib, processes.size] : undefined;
    return this.lasting;
  }

  /** Frees what nobody uses, or else evicts the Pod that is first in line. */
  private *reclaim(due: readonly Threshold[]): Gen<Pod[]> {
    const [first] = due;
    if (first === undefined) return [];
    const { recorder, nodeName } = this.ctx;
    const resourceName = resourceOf(first);
    this.log("I", 376, "attempting to reclaim", { resourceName });
    const node = { kind: "Node", name: nodeName, uid: nodeName };
    recorder.event(node, "Warning", "EvictionThresholdMet", `Attempting to reclaim ${resourceName}`);
    if (resourceName === "ephemeral-storage") {
      this.deleteUnusedImages();
      if (met(this.config.thresholds, this.observations(), true).length === 0) {
        this.log("I", 384, "able to reduce resource pressure without evicting pods.", { resourceName });
        return [];
      }
    }
    this.log("I", 387, "must evict pod(s) to reclaim", { resourceName });
    const uses = this.pods.activePods().map((pod) => podUsage(this.ctx, pod) ?? pod);
    if (uses.length === 0) {
      this.log("E", 398, "eviction thresholds have been met, but no pods are active to evict", {});
      return [];
    }
    const ranked = rank(uses, resourceName);
    this.log("I", 405, "pods ranked for eviction", { pods: ranked.map((one) => podKey(podOf(one))) });
    const seen = this.observations();
    for (const one of ranked) {
      const pod = podOf(one);
      if (!this.mayEvict(pod)) continue;
      const message = evictionMessage(one, resourceName, due, seen);
      const condition: Condition = {
        type: "DisruptionTarget",
        status: "True",
        reason: "TerminationByKubelet",
        message,
        lastProbeTime: null,
        lastTransitionTime: "",
      };
      yield* this.evict(pod, message, first.grace === 0 ? AT_ONCE : this.config.maxPodGrace, condition);
      return [pod];
    }
    this.log("I", 432, "unable to evict any pods from the node", {});
    return [];
  }

  private deleteUnusedImages(): void {
    const { runtime } = this.ctx;
    this.ctx.log("I", "container_gc.go:88", "Attempting to delete unused containers");
    this.ctx.log("I", "image_gc_manager.go:431", "Attempting to delete unused images");
    const used = new Set([...runtime.containers.values()].map(({ image }) => image.id));
    for (const { image } of runtime.images.list()) {
      if (used.has(image.id) || /(^|\/)pause:/.test(image.reference)) continue;
      this.ctx.log("I", "image_gc_manager.go:487", "Removing image to free bytes", {
        imageID: image.id,
        size: image.sizeBytes,
        runtimeHandler: "",
      });
      runtime.images.remove(image.id);
    }
  }

  private mayEvict(pod: Pod): boolean {
    if (!isCritical(pod)) return true;
    this.log("E", 602, "cannot evict a critical pod", { pod: podKey(pod) });
    return false;
  }

  private *evict(pod: Pod, message: string, grace: number, condition?: Condition): Gen<void> {
    this.ctx.recorder.event(pod, "Warning", "Evicted", message);
    this.pods.putOut(pod, message, grace, condition);
    for (let s = 0; s < grace + AT_ONCE + evictionCleanupSeconds && !this.pods.isEnded(pod); s++)
      yield* sleep(evictionPoll);
    this.log("I", 614, "pod is evicted successfully", { pod: podKey(pod) });
  }
}

const priorityOf = ({ spec }: Pod): number => spec.priority ?? 0;

function toleratesMemoryPressure({ spec }: Pod): boolean {
  return (spec.tolerations ?? []).some(
    ({ key, effect, operator, value }) =>
      (!key || key === "node.kubernetes.io/memory-pressure") &&
      (!effect || effect === "NoSchedule") &&
      (operator === "Exists" || (key !== undefined && (value ?? "") === "")),
  );
}

/** A Pod with what it takes, or one of which that is not known. */
type Candidate = PodUsage | Pod;

const isKnown = (one: Candidate): one is PodUsage => "containers" in one;
const podOf = (one: Candidate): Pod => (isKnown(one) ? one.pod : one);

/**
 * Who goes first: of whom nothing is known, who takes more than was asked for, the least important, who takes most beyond
 * that (helpers.go rankMemoryPressure, rankDiskPressureFunc, rankPIDPressure).
 */
function rank(candidates: readonly Candidate[], resource: string): Candidate[] {
  const use = resource === "memory" ? memoryOf : diskOf;
  const excess = (one: Candidate): number =>
    isKnown(one) ? use(one) - podRequest(one.pod, resource) : Number.POSITIVE_INFINITY;
  return [...candidates].sort((a, b) => {
    const [x, y] = [excess(a), excess(b)];
    const exceeds = resource === "pids" ? 0 : Number(y > 0) - Number(x > 0);
    return exceeds || priorityOf(podOf(a)) - priorityOf(podOf(b)) || (x === y ? 0 : y - x);
  });
}

/** `resource.NewQuantity(n, resource.BinarySI).String()`. */
function binary(bytes: number): string {
  return formatQuantity({ nano: BigInt(Math.round(bytes)) * 1_000_000_000n, format: "BinarySI" });
}

/** What an evicted Pod's status says (helpers.go evictionMessage). */
function evictionMessage(
  one: Candidate,
  resource: string,
  thresholds: readonly Threshold[],
  seen: ReadonlyMap<string, Observation>,
): string {
  let out = `The node was low on resource: ${resource}. `;
  const threshold = thresholds.find((each) => resourceOf(each) === resource);
  const found = threshold && seen.get(threshold.signal);
  if (found) {
    const units = unitsOf(threshold.value, found.capacity);
    out += `Threshold quantity: ${binary(units)}, available: ${binary(found.available)}. `;
  }
  if (!isKnown(one) || resource === "pids") return out;
  for (const { spec, memory, rootfs, logs } of one.containers) {
    const used = resource === "memory" ? memory : rootfs + logs;
    const request = spec.resources?.requests?.[resource];
    if (used <= (request === undefined ? 0 : amount(resource, request))) continue;
    out += `Container ${spec.name} was using ${binary(used)}, request is ${request ?? "0"}, has larger consumption of ${resource}. `;
  }
  return out;
}
