import { parseTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { controllerRef, podFromTemplate } from "./pods.ts";

/** Facts about a Job's Pods, all pure (pkg/controller/job: indexed_job_utils.go, pod_failure_policy.go, backoff_utils.go). */

export const TRACKING = "batch.kubernetes.io/job-tracking";
const INDEX = "batch.kubernetes.io/job-completion-index";
/** How often Pods of this index had failed before this one. */
const FAILURE_COUNT = "batch.kubernetes.io/job-index-failure-count";
const IGNORED_COUNT = "batch.kubernetes.io/job-index-ignored-failure-count";
/** A Pod's name has to keep room for the five random characters (names.MaxGeneratedNameLength). */
const MAX_GENERATED = 58;

export const isIndexed = (job: KubeObject): boolean => job.spec.completionMode === "Indexed";
export const isSuspended = (job: KubeObject): boolean => job.spec.suspend === true;
export const isFinished = (job: KubeObject): boolean =>
  (job.status?.conditions ?? []).some(
    (c: { type: string; status: string }) => (c.type === "Complete" || c.type === "Failed") && c.status === "True",
  );

/** Pods are replaced only once they have really ended (podReplacementPolicy: Failed, or any podFailurePolicy). */
export const replacesFailedOnly = (job: KubeObject): boolean =>
  job.spec.podReplacementPolicy === "Failed" || job.spec.podFailurePolicy !== undefined;

export const isTracked = (pod: KubeObject): boolean => pod.metadata.finalizers?.includes(TRACKING) ?? false;

/** Being deleted, and still at work (controller.IsPodTerminating). */
export function isLeaving(pod: KubeObject): boolean {
  const phase = pod.status?.phase;
  return pod.metadata.deletionTimestamp !== undefined && phase !== "Succeeded" && phase !== "Failed";
}

export function hasFailed(pod: KubeObject, job: KubeObject): boolean {
  if (pod.status?.phase === "Failed") return true;
  if (replacesFailedOnly(job)) return false;
  return pod.metadata.deletionTimestamp !== undefined && pod.status?.phase !== "Succeeded";
}

/** The completion index a Pod carries; -1 without one. */
export function indexOf(pod: KubeObject): number {
  const text = pod.metadata.annotations?.[INDEX];
  return text === undefined || !/^\d+$/.test(text) ? -1 : Number(text);
}

/** `1,3-5,7`: the numbers as status.completedIndexes has them. */
export function intervals(sorted: readonly number[]): string {
  const out: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let j = i;
    while (j + 1 < sorted.length && sorted[j + 1] === sorted[j]! + 1) j++;
    // Two neighbours are listed, three make a range.
    out.push(j === i ? `${sorted[i]}` : j === i + 1 ? `${sorted[i]},${sorted[j]}` : `${sorted[i]}-${sorted[j]}`);
    i = j + 1;
  }
  return out.join(",");
}

/** The inverse, without numbers from `completions` on. */
export function parseIntervals(text: string | undefined, completions: number): Set<number> {
  const out = new Set<number>();
  for (const part of (text ?? "").split(",")) {
    if (part === "") continue;
    const [first = "", last = first] = part.split("-");
    for (let i = Number(first); i <= Number(last) && i < completions; i++) out.add(i);
  }
  return out;
}

/** Indexes that have succeeded: those the status knows and those of Pods not counted yet. */
export function succeededIndexes(job: KubeObject, pods: readonly KubeObject[]): Set<number> {
  const completions: number = job.spec.completions ?? 0;
  const out = parseIntervals(job.status?.completedIndexes, completions);
  for (const pod of pods) {
    const index = indexOf(pod);
    if (pod.status?.phase === "Succeeded" && index >= 0 && index < completions && isTracked(pod)) out.add(index);
  }
  return out;
}

/** The first `count` indexes that are not done, have no Pod at work and need not wait (`waits`: ms still to wait). */
export function pendingIndexes(
  job: KubeObject,
  done: ReadonlySet<number>,
  active: readonly KubeObject[],
  count: number,
  waits: (index: number) => number = () => 0,
): { slots: number[]; wait: number } {
  const busy = new Set(active.map(indexOf));
  const slots: number[] = [];
  let wait = Number.POSITIVE_INFINITY;
  for (let i = 0; i < job.spec.completions && slots.length < count; i++) {
    if (done.has(i) || busy.has(i)) continue;
    const left = waits(i);
    if (left > 0) wait = Math.min(wait, left);
    else slots.push(i);
  }
  return { slots, wait };
}

/** Each index has failures of its own to spend (KEP-3850). */
export const countsPerIndex = (job: KubeObject): boolean =>
  isIndexed(job) && job.spec.backoffLimitPerIndex !== undefined;

const numberAt = (pod: KubeObject, annotation: string): number => Number(pod.metadata.annotations?.[annotation] ?? 0);
const priorFailures = (pod: KubeObject): number => numberAt(pod, FAILURE_COUNT);
/** Failures before this Pod's, those that do not count among them. */
const allFailures = (pod: KubeObject): number => priorFailures(pod) + numberAt(pod, IGNORED_COUNT);

/** What a new Pod of an index says of those before it. */
export interface IndexFailures {
  counted: number;
  ignored: number;
}

/** After the last failed Pod of the index (getNewIndexFailureCounts). */
export function failuresAfter(job: KubeObject, last: KubeObject | undefined): IndexFailures {
  if (last === undefined) return { counted: 0, ignored: 0 };
  const ignores = failureVerdict(job, last).action === "Ignore";
  const [counted, ignored] = [priorFailures(last), numberAt(last, IGNORED_COUNT)];
  return ignores ? { counted, ignored: ignored + 1 } : { counted: counted + 1, ignored };
}

/**
 * By index, the last failed Pod that nothing has taken the place of: it stays tracked until then, since it alone knows
 * how often its index has failed (getPodsWithDelayedDeletionPerIndex).
 */
export function lastFailed(
  job: KubeObject,
  pods: readonly KubeObject[],
  settled: (index: number) => boolean,
  now: number,
): Map<number, KubeObject> {
  const out = new Map<number, KubeObject>();
  for (const pod of pods) {
    const index = indexOf(pod);
    if (!isTracked(pod) || !hasFailed(pod, job) || index < 0 || index >= job.spec.completions || settled(index))
      continue;
    const known = out.get(index);
    if (known && (allFailures(known) > allFailures(pod) || endedAt(pod, now) < endedAt(known, now))) continue;
    out.set(index, pod);
  }
  return out;
}

/** Back-off of an index whose last Pod failed (getRemainingTimePerIndex). */
export function indexBackoff(last: KubeObject | undefined, now: number): number {
  if (last === undefined) return 0;
  return backoffLeft({ failures: allFailures(last) + 1, lastFailure: endedAt(last, now) }, now);
}

/** Indexes that have spent their failures or that a rule has given up: those the status knows and those of Pods. */
export function failedIndexes(job: KubeObject, pods: readonly KubeObject[]): Set<number> {
  const completions: number = job.spec.completions ?? 0;
  const out = parseIntervals(job.status?.failedIndexes, completions);
  for (const pod of pods) {
    const index = indexOf(pod);
    if (index < 0 || index >= completions || !isTracked(pod) || !hasFailed(pod, job)) continue;
    const { action } = failureVerdict(job, pod);
    if (action === "Ignore") continue;
    if (action === "FailIndex" || priorFailures(pod) >= job.spec.backoffLimitPerIndex) out.add(index);
  }
  return out;
}

/** `Matched rules at index 0`, once the indexes that successPolicy asks for have succeeded (success_policy.go). */
export function successPolicyMet(job: KubeObject, done: ReadonlySet<number>): string | undefined {
  const rules: readonly { succeededIndexes?: string; succeededCount?: number }[] = job.spec.successPolicy?.rules ?? [];
  for (const [i, { succeededIndexes, succeededCount }] of rules.entries()) {
    const met = succeededIndexes === undefined ? done : parseIntervals(succeededIndexes, job.spec.completions ?? 0);
    let count = 0;
    for (const index of met) if (done.has(index)) count++;
    const wanted: number = succeededCount ?? met.size;
    if (count >= wanted && (succeededIndexes !== undefined || succeededCount !== undefined)) {
      return `Matched rules at index ${i}`;
    }
  }
  return undefined;
}

/** A new Pod of the Job; with `index` as an Indexed Job has it: in its name, host name, label, annotation and environment. */
export function jobPod(job: KubeObject, index?: number, failures: IndexFailures = { counted: 0, ignored: 0 }): object {
  const pod = podFromTemplate(job.spec.template, job);
  const { metadata } = pod;
  const finalizers = [...(metadata.finalizers ?? []).filter((f) => f !== TRACKING), TRACKING];
  if (index === undefined) return { ...pod, metadata: { ...metadata, finalizers } };
  const suffix = `-${index}-`;
  const generateName = job.metadata.name.slice(0, MAX_GENERATED - suffix.length) + suffix;
  const variable = {
    name: "JOB_COMPLETION_INDEX",
    valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: `metadata.labels['${INDEX}']` } },
  };
  const indexed = (containers: readonly KubeObject[] | undefined) =>
    containers?.map((c) =>
      c["env"]?.some((e: { name: string }) => e.name === variable.name)
        ? c
        : { ...c, env: [...(c["env"] ?? []), variable] },
    );
  const { initContainers, containers } = pod.spec;
  return {
    ...pod,
    metadata: {
      ...metadata,
      generateName,
      finalizers,
      annotations: {
        ...metadata.annotations,
        [INDEX]: String(index),
        ...(countsPerIndex(job) && { [FAILURE_COUNT]: String(failures.counted) }),
        ...(failures.ignored > 0 && { [IGNORED_COUNT]: String(failures.ignored) }),
      },
      labels: { ...metadata.labels, [INDEX]: String(index) },
      ownerReferences: [controllerRef(job)],
    },
    spec: {
      ...pod.spec,
      ...(initContainers && { initContainers: indexed(initContainers) }),
      containers: indexed(containers),
      hostname: `${job.metadata.name}-${index}`,
    },
  };
}

export interface FailureVerdict {
  action: "FailJob" | "Ignore" | "Count" | "FailIndex";
  /** Why the Job fails, for FailJob. */
  message?: string;
}

/** The first rule of podFailurePolicy that a failed Pod matches; Count when none does. */
export function failureVerdict(job: KubeObject, pod: KubeObject): FailureVerdict {
  const rules: readonly KubeObject[] = job.spec.podFailurePolicy?.rules ?? [];
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
  for (const [i, rule] of rules.entries()) {
    const action = rule["action"] as FailureVerdict["action"];
    const { onExitCodes, onPodConditions } = rule as KubeObject;
    if (onExitCodes) {
      const found = endedContainers(pod).find(({ container, exitCode }) => {
        if (onExitCodes.containerName && onExitCodes.containerName !== container) return false;
        return onExitCodes.values.includes(exitCode) === (onExitCodes.operator === "In");
      });
      if (found === undefined) continue;
      const message = `Container ${found.container} for pod ${name} failed with exit code ${found.exitCode} matching ${action} rule at index ${i}`;
      return { action, message };
    }
    for (const { type, status = "True" } of onPodConditions ?? []) {
      const conditions: readonly { type: string; status: string }[] = pod.status?.conditions ?? [];
      if (!conditions.some((c) => c.type === type && c.status === status)) continue;
      return { action, message: `Pod ${name} has condition ${type} matching ${action} rule at index ${i}` };
    }
  }
  return { action: "Count" };
}

function endedContainers(pod: KubeObject): { container: string; exitCode: number }[] {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  return statuses
    .filter((s) => s.state?.terminated && s.state.terminated.exitCode !== 0)
    .map((s) => ({ container: s.name, exitCode: s.state.terminated.exitCode }));
}

/** When a Pod ended, in wall ms: its last container, else when it was no longer ready, else when it was told to go (getFinishedTime). */
export function endedAt(pod: KubeObject, now: number): number {
  const statuses: readonly KubeObject[] = pod.status?.containerStatuses ?? [];
  const ends = statuses.map((s) => parseTime(s["state"]?.terminated?.finishedAt ?? ""));
  if (ends.length > 0 && ends.every((t) => !Number.isNaN(t))) return Math.max(...ends);
  const ready = pod.status?.conditions?.find((c: { type: string }) => c.type === "Ready");
  const unready = ready?.status === "False" ? parseTime(ready.lastTransitionTime ?? "") : Number.NaN;
  if (!Number.isNaN(unready)) return unready;
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = pod.metadata;
  if (deletionTimestamp) return parseTime(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
  const made = parseTime(creationTimestamp ?? "");
  return Number.isNaN(made) ? now : made;
}

export interface Backoff {
  /** Failures after the last success. */
  failures: number;
  /** Wall ms of the last one. */
  lastFailure: number;
}

/** The record with the Pods that ended since. */
export function backoffAfter(
  before: Backoff,
  succeeded: readonly KubeObject[],
  failed: readonly KubeObject[],
  now: number,
): Backoff {
  const lastSuccess = Math.max(-1, ...succeeded.map((pod) => endedAt(pod, now)));
  const later = failed.map((pod) => endedAt(pod, now)).filter((time) => time > lastSuccess);
  const kept = succeeded.length > 0 && before.lastFailure <= lastSuccess ? 0 : before.failures;
  if (later.length === 0) return { failures: kept, lastFailure: before.lastFailure };
  return { failures: kept + later.length, lastFailure: Math.max(before.lastFailure, ...later) };
}

const FIRST_MS = 10_000;
const LAST_MS = 600_000;

/** ms until the next Pod may be made: 10 s after a failure, doubling to 10 min. */
export function backoffLeft({ failures, lastFailure }: Backoff, now: number): number {
  if (failures === 0) return 0;
  const pause = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 30), LAST_MS);
  return Math.max(0, lastFailure + pause - now);
}

/** With restartPolicy OnFailure the restarts in place count against backoffLimit (pastBackoffLimitOnFailure). */
export function pastRestarts(job: KubeObject, pods: readonly KubeObject[]): boolean {
  if (job.spec.template.spec.restartPolicy !== "OnFailure") return false;
  let restarts = 0;
  for (const pod of pods) {
    if (pod.status?.phase !== "Running" && pod.status?.phase !== "Pending") continue;
    for (const list of [pod.status.initContainerStatuses, pod.status.containerStatuses])
      for (const status of list ?? []) restarts += status.restartCount ?? 0;
  }
  const limit: number = job.spec.backoffLimit;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}
