import type { KubeObject } from "../api/types.ts";
import { type Kernel, type KernelEvent, MINUTE, SECOND } from "../kernel/index.ts";
import type { ClusterEvent, Plugin, Profile } from "./framework.ts";

export interface QueuedPod {
  pod: KubeObject;
  /** µs: when it came to the queue it is in. */
  timestamp: number;
  attempts: number;
  /** When the attempt that is under way began, in µs. */
  poppedAt: number;
  /** Plugins that rejected it in its last attempt. */
  rejectedBy: ReadonlySet<string>;
  where: "active" | "backoff" | "unschedulable" | "gated" | "out";
}

/** Seconds that a Pod waits after its first attempt and at most (podInitialBackoffSeconds, podMaxBackoffSeconds). */
export interface Backoff {
  initial: number;
  max: number;
}

const USUAL_BACKOFF: Backoff = { initial: 1, max: 10 };
/** The back-off queue is looked at every second, the unschedulable Pods every 30 s for those older than 5 min. */
const BACKOFF_TICK = SECOND;
const LEFTOVER_TICK = 30 * SECOND;
const LEFTOVER_AGE = 5 * MINUTE;

function priorityOf(pod: KubeObject): number {
  return pod.spec.priority ?? 0;
}

/**
 * Pods that wait for a node (pkg/scheduler/backend/queue): ready ones by priority and age, those that back off, and
 * those that no event has given hope yet. `onReady` is called when a Pod becomes ready.
 */
export class SchedulingQueue {
  onReady: () => void = () => {};
  private readonly kernel: Kernel;
  /** Plugins by name, of each profile. */
  private readonly plugins: ReadonlyMap<string, ReadonlyMap<string, Plugin>>;
  private readonly backoff: Backoff;
  private readonly pods = new Map<string, QueuedPod>();
  private readonly active: QueuedPod[] = [];
  private backoffTimer: KernelEvent | undefined;
  private leftoverTimer: KernelEvent | undefined;

  constructor(kernel: Kernel, profiles: readonly Profile[], backoff = USUAL_BACKOFF) {
    this.kernel = kernel;
    this.backoff = backoff;
    this.plugins = new Map(
      profiles.map(({ schedulerName, preFilter, filter }) => [
        schedulerName,
        new Map([...preFilter, ...filter].map((plugin) => [plugin.name, plugin])),
      ]),
    );
  }

  get size(): number {
    return this.pods.size;
  }

  /** How many Pods are where. */
  get pending(): Record<"active" | "backoff" | "gated" | "unschedulable", number> {
    const counts = { active: 0, backoff: 0, gated: 0, unschedulable: 0 };
    for (const { where } of this.pods.values()) if (where !== "out") counts[where]++;
    return counts;
  }

  /** A Pod without a node appeared. */
  add(pod: KubeObject): void {
    if (this.pods.has(pod.metadata.uid)) {
      this.update(pod);
      return;
    }
    const queued: QueuedPod = {
      pod,
      timestamp: this.kernel.now,
      attempts: 0,
      poppedAt: 0,
      rejectedBy: new Set(),
      where: "out",
    };
    this.pods.set(pod.metadata.uid, queued);
    this.enqueue(queued);
  }

  /** A waiting Pod was changed; it is looked at again when that may help. */
  update(pod: KubeObject): void {
    const queued = this.pods.get(pod.metadata.uid);
    if (queued === undefined) {
      this.add(pod);
      return;
    }
    const old = queued.pod;
    queued.pod = pod;
    if (queued.where === "gated") this.enqueue(queued);
    else if (queued.where === "unschedulable") {
      // Only its own status changed: that was our own doing.
      const same =
        old.spec === pod.spec || JSON.stringify(old.spec) === JSON.stringify(pod.spec)
          ? old.metadata.labels === pod.metadata.labels ||
            JSON.stringify(old.metadata.labels) === JSON.stringify(pod.metadata.labels)
          : false;
      if (!same && this.hopes(queued, { type: "PodUpdate", pod, old })) this.revive(queued);
    }
  }

  delete(pod: KubeObject): void {
    const queued = this.pods.get(pod.metadata.uid);
    if (queued === undefined) return;
    this.pods.delete(pod.metadata.uid);
    this.leave(queued);
  }

  /** The next ready Pod, now in nobody's queue; give it back by `failed` or forget it by `delete`. */
  pop(): QueuedPod | undefined {
    const queued = this.active.shift();
    if (queued === undefined) return undefined;
    queued.where = "out";
    queued.attempts++;
    return queued;
  }

  /** No node did, or (with no plugin named) something went wrong on the way. */
  failed(queued: QueuedPod, rejectedBy: ReadonlySet<string>): void {
    if (this.pods.get(queued.pod.metadata.uid) !== queued || queued.where !== "out") return;
    queued.timestamp = this.kernel.now;
    queued.rejectedBy = rejectedBy;
    if (rejectedBy.size === 0) this.backOff(queued);
    else {
      queued.where = "unschedulable";
      this.watchLeftovers();
    }
  }

  /** Something happened: unschedulable Pods whom it may help are tried again. */
  cluster(event: ClusterEvent): void {
    // The timer runs as long as there are any.
    if (this.leftoverTimer === undefined) return;
    for (const queued of this.pods.values())
      if (queued.where === "unschedulable" && this.hopes(queued, event)) this.revive(queued);
  }

  private hopes(queued: QueuedPod, event: ClusterEvent): boolean {
    const plugins = this.plugins.get(queued.pod.spec.schedulerName ?? "default-scheduler");
    for (const name of queued.rejectedBy) {
      const requeue = plugins?.get(name)?.requeue;
      if (requeue === undefined || requeue(queued.pod, event)) return true;
    }
    return false;
  }

  private enqueue(queued: QueuedPod): void {
    this.leave(queued);
    if ((queued.pod.spec.schedulingGates ?? []).length > 0) {
      queued.where = "gated";
      return;
    }
    queued.where = "active";
    let low = 0;
    let high = this.active.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comesBefore(queued, this.active[middle]!)) high = middle;
      else low = middle + 1;
    }
    this.active.splice(low, 0, queued);
    this.onReady();
  }

  private leave(queued: QueuedPod): void {
    if (queued.where === "active") this.active.splice(this.active.indexOf(queued), 1);
    queued.where = "out";
  }

  private revive(queued: QueuedPod): void {
    if (this.backoffEnd(queued) > this.kernel.now) this.backOff(queued);
    else this.enqueue(queued);
  }

  /** By default 1 s, doubling to 10 s with each attempt. */
  private backoffEnd(queued: QueuedPod): number {
    const last = this.backoff.max * SECOND;
    let duration = this.backoff.initial * SECOND;
    for (let i = 1; i < queued.attempts && duration < last; i++) duration *= 2;
    return queued.timestamp + Math.min(duration, last);
  }

  private backOff(queued: QueuedPod): void {
    queued.where = "backoff";
    if (this.backoffTimer === undefined || this.backoffTimer.cancelled) this.tickBackoff();
  }

  private tickBackoff(): void {
    const untilTick = BACKOFF_TICK - (this.kernel.now % BACKOFF_TICK);
    this.backoffTimer = this.kernel.after(untilTick, "scheduler backoffQ", () => {
      let left = false;
      const done: QueuedPod[] = [];
      for (const queued of this.pods.values()) {
        if (queued.where !== "backoff") continue;
        if (this.backoffEnd(queued) <= this.kernel.now) done.push(queued);
        else left = true;
      }
      for (const queued of done) this.enqueue(queued);
      this.backoffTimer = undefined;
      if (left) this.tickBackoff();
    });
  }

  private watchLeftovers(): void {
    if (this.leftoverTimer !== undefined && !this.leftoverTimer.cancelled) return;
    this.leftoverTimer = this.kernel.after(LEFTOVER_TICK, "scheduler unschedulable Pods", () => {
      this.leftoverTimer = undefined;
      let left = false;
      for (const queued of [...this.pods.values()]) {
        if (queued.where !== "unschedulable") continue;
        if (this.kernel.now - queued.timestamp > LEFTOVER_AGE) this.revive(queued);
        else left = true;
      }
      if (left) this.watchLeftovers();
    });
  }
}

function comesBefore(a: QueuedPod, b: QueuedPod): boolean {
  const p = priorityOf(a.pod);
  const q = priorityOf(b.pod);
  return p !== q ? p > q : a.timestamp < b.timestamp;
}
