import { SECOND } from "../kernel/index.ts";
import type { Exposition, Sample } from "../text/exposition.ts";
import { exponentialBounds, Histogram } from "../text/histogram.ts";
import type { WorkQueue } from "./reconciler.ts";

/** Seconds (component-base metrics/prometheus/workqueue/metrics.go). */
const BOUNDS = exponentialBounds(1e-8, 10, 10);

/** What a work queue counts of its keys. */
export class WorkCounts {
  adds = 0;
  retries = 0;
  readonly waits = new Histogram(BOUNDS);
  readonly work = new Histogram(BOUNDS);
  private readonly since = new Map<string, number>();

  /** A key begins to wait; times in µs. */
  added(key: string, now: number): void {
    this.adds++;
    this.since.set(key, now);
  }

  begun(key: string, now: number): void {
    this.waits.observe((now - (this.since.get(key) ?? now)) / SECOND);
    this.since.delete(key);
  }
}

/** Queues whose names are not those of their controllers. */
const NAMES: Readonly<Record<string, string>> = {
  endpoints: "endpoint",
  endpointslice: "endpoint_slice",
  "endpointslice-mirroring": "endpoint_slice_mirroring",
  garbagecollector: "garbage_collector_attempt_to_delete",
  nodelifecycle: "node_lifecycle_controller",
  "node-ttl": "ttlcontroller",
  "serviceaccount-token": "serviceaccount_tokens_service",
  resourcequota: "resourcequota_primary",
  "horizontal-pod-autoscaler": "horizontalpodautoscaler",
  csrapproving: "certificate",
  csrsigning: "certificate",
  "ttl-after-finished": "ttl_jobs_to_delete",
  bootstrap_signer: "bootstrap_signer_queue",
};

/** The families `workqueue_…` of a process's queues; `now` in µs. */
export function queueFamilies(out: Exposition, queues: readonly WorkQueue[], now: number): void {
  const named = new Map<string, WorkQueue>();
  for (const queue of queues) {
    const name = NAMES[queue.name] ?? queue.name.replaceAll("-", "_");
    if (!named.has(name)) named.set(name, queue);
  }
  const all = [...named].sort(([a], [b]) => (a < b ? -1 : 1));
  const each = (value: (queue: WorkQueue) => number): Sample[] =>
    all.map(([name, queue]) => ({ labels: { name }, value: value(queue) }));
  const times = (of: (queue: WorkQueue) => Histogram): Sample[] =>
    all.flatMap(([name, queue]) => of(queue).samples({ name }));
  const ages = (queue: WorkQueue): number[] => [...queue.underway].map((began) => (now - began) / SECOND);
  const add = (name: string, type: "counter" | "gauge" | "histogram", help: string, samples: Sample[]) =>
    out.add(`workqueue_${name}`, type, `[ALPHA] ${help}`, samples);
  add(
    "adds_total",
    "counter",
    "Total number of adds handled by workqueue",
    each(({ counts }) => counts.adds),
  );
  add(
    "depth",
    "gauge",
    "Current depth of workqueue",
    each(({ depth }) => depth),
  );
  add(
    "longest_running_processor_seconds",
    "gauge",
    "How many seconds has the longest running processor for workqueue been running.",
    each((queue) => Math.max(0, ...ages(queue))),
  );
  add(
    "queue_duration_seconds",
    "histogram",
    "How long in seconds an item stays in workqueue before being requested.",
    times(({ counts }) => counts.waits),
  );
  add(
    "retries_total",
    "counter",
    "Total number of retries handled by workqueue",
    each(({ counts }) => counts.retries),
  );
  add(
    "unfinished_work_seconds",
    "gauge",
    "How many seconds of work has done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which this increases.",
    each((queue) => ages(queue).reduce((sum, age) => sum + age, 0)),
  );
  add(
    "work_duration_seconds",
    "histogram",
    "How long in seconds processing an item from workqueue takes.",
    times(({ counts }) => counts.work),
  );
}
