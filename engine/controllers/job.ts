import { keyOf } from "../api/informer.ts";
import { matchesSelector } from "../api/label-selector.ts";
import { JOBS, PODS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import { formatTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, MS, SECOND } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { Expectations } from "./expectations.ts";
import { controllerOf } from "./informers.ts";
import {
  type Backoff,
  backoffAfter,
  backoffLeft,
  countsPerIndex,
  failedIndexes,
  failuresAfter,
  failureVerdict,
  hasFailed,
  indexBackoff,
  indexOf,
  intervals,
  isFinished,
  isIndexed,
  isLeaving,
  isSuspended,
  isTracked,
  jobPod,
  lastFailed,
  pendingIndexes,
  replacesFailedOnly,
  succeededIndexes,
  TRACKING,
} from "./job-pods.ts";
import { type Look, type Verdict, verdictOf } from "./job-verdict.ts";
import { BURST, PodControl } from "./pod-control.ts";
import { type Condition, controllerRef, isActive, isReady } from "./pods.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";

/** Changes of Pods are looked at together (job_controller.go syncJobBatchPeriod). */
const BATCH = SECOND;

/** DefaultJobApiBackOff, MaxJobApiBackOff. */
const RETRY = { first: SECOND, last: 60 * SECOND };

/** Runs Pods to completion (pkg/controller/job). */
class JobController implements Reconciler {
  readonly name = "job";
  readonly retry = RETRY;
  private readonly context: ControllerContext;
  private readonly expectations: Expectations;
  private readonly pods: PodControl;
  private readonly queue: WorkQueue;
  private readonly backoffs = new Map<string, Backoff>();
  private readonly orphans: WorkQueue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.expectations = new Expectations(context.kernel);
    this.pods = new PodControl(context, this.expectations);
    this.queue = context.queue(this);
    this.orphans = context.queue({ name: "job-orphan", retry: RETRY, reconcile: (key) => this.release(key) });
    const { informers } = context;
    informers.handle(JOBS, ({ type, object, old }) => {
      const key = keyOf(object);
      if (type === "deleted") {
        this.forget(key);
        for (const pod of informers.pods.owned(object.metadata.uid)) if (isTracked(pod)) this.orphans.add(keyOf(pod));
      } else if (old && old.metadata.generation === object.metadata.generation) this.queue.addAfter(key, BATCH);
      else this.queue.add(key);
    });
    informers.handle(PODS, (change) => this.note(change.type, change.object));
  }

  private note(type: string, pod: KubeObject): void {
    const owner = controllerOf(pod);
    if (owner === undefined && type !== "deleted") this.addAdopters(pod);
    if (owner?.kind !== "Job") return;
    const key = `${pod.metadata.namespace}/${owner.name}`;
    const job = this.context.informers.get(JOBS, key);
    if (type === "added") this.expectations.created(key);
    if (type === "deleted" || pod.metadata.deletionTimestamp) this.expectations.deleted(key, keyOf(pod));
    const gone = job === undefined || job.metadata.uid !== owner.uid || isFinished(job);
    if (gone && type !== "deleted" && isTracked(pod)) this.orphans.add(keyOf(pod));
    if (!gone) this.queue.addAfter(key, BATCH);
  }

  /** Jobs that an orphan would belong to; almost no Job shares its selector with anybody. */
  private addAdopters(pod: KubeObject): void {
    const { labels, namespace } = pod.metadata;
    if (labels === undefined) return;
    for (const job of this.context.informers.jobs.inNamespace(namespace ?? ""))
      if (!isFinished(job) && matchesSelector(job.spec.selector, labels)) this.queue.addAfter(keyOf(job), BATCH);
  }

  private forget(key: string): void {
    this.expectations.forget(key);
    this.backoffs.delete(key);
  }

  /** Pods of a Job that is gone or finished are no longer tracked. */
  private *release(key: string): Gen {
    const pod = this.context.informers.get(PODS, key);
    if (pod === undefined || !isTracked(pod)) return;
    const owner = controllerOf(pod);
    const job = owner && this.context.informers.get(JOBS, `${pod.metadata.namespace}/${owner.name}`);
    if (job && job.metadata.uid === owner.uid && !isFinished(job)) return;
    yield* this.untrack(pod);
  }

  private *untrack(pod: KubeObject): Gen {
    const patch = { metadata: { uid: pod.metadata.uid, "$deleteFromPrimitiveList/finalizers": [TRACKING] } };
    try {
      yield* this.context.client.patch(PODS, pod.metadata.namespace, pod.metadata.name, patch, "strategic");
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }

  *reconcile(key: string): Gen {
    const { informers, kernel } = this.context;
    const stored = informers.get(JOBS, key);
    if (stored === undefined) return this.forget(key);
    if (
      isFinished(stored) ||
      (stored.spec.managedBy ?? "kubernetes.io/job-controller") !== "kubernetes.io/job-controller"
    )
      return;
    const satisfied = this.expectations.satisfied(key);
    const now = kernel.wallMs;
    const status: Record<string, unknown> = { ...stored.status };
    if (status["startTime"] === undefined && !isSuspended(stored)) status["startTime"] = formatTime(now);
    const job: KubeObject = { ...stored, status };
    const pods = yield* this.claim(stored);
    const look = this.look(key, job, pods, now);
    let { active } = look;
    let running = active.length;
    let terminating = look.terminating;
    let verdict = verdictOf(look, now, (ms) => this.queue.addAfter(key, Math.ceil(ms) * MS));
    let problem: Error | undefined;
    let conditions: readonly Condition[] = stored.status?.conditions ?? [];
    let settled = true;
    let suspended: "Suspended" | "Resumed" | undefined;
    if (verdict !== undefined) {
      problem = yield* this.pods.delete(key, stored, active);
      if (problem === undefined) {
        terminating += active.length;
        running = 0;
        active = [];
      } else settled = false;
    } else {
      let managed = false;
      if (satisfied && !stored.metadata.deletionTimestamp) {
        managed = true;
        const outcome = yield* this.manage(look, now);
        problem = outcome.problem;
        terminating += outcome.removed;
        running += outcome.created - outcome.removed;
        active = active.filter((pod) => !outcome.victims.includes(pod));
      }
      const { completions } = stored.spec;
      const complete = completions === undefined ? look.succeeded > 0 && running === 0 : look.succeeded >= completions;
      if (complete) {
        verdict = {
          type: "Complete",
          reason: "CompletionsReached",
          message: "Reached expected number of succeeded pods",
        };
        // Those still at work are of no use any more: the next look removes them.
        if (running > 0) {
          const left = informers.pods.owned(stored.metadata.uid).filter(isActive);
          problem = yield* this.pods.delete(key, stored, left);
          terminating += left.length;
          running = 0;
        }
      } else if (managed) {
        const was = conditions.find((c) => c.type === "Suspended");
        const is = isSuspended(stored);
        if (is ? was?.status !== "True" : was?.status === "True") {
          suspended = is ? "Suspended" : "Resumed";
          const entry = this.condition("Suspended", `Job${suspended}`, `Job ${suspended.toLowerCase()}`, is);
          conditions = was ? conditions.map((c) => (c === was ? entry : c)) : [...conditions, entry];
          if (!is) status["startTime"] = formatTime(now);
        }
      }
    }
    const ready = active.filter(isReady).length;
    yield* this.record(
      look,
      {
        ...status,
        active: running,
        ready,
        terminating,
        conditions,
      },
      settled && satisfied ? verdict : undefined,
    );
    if (suspended) this.context.recorder.event(stored, "Normal", suspended, `Job ${suspended.toLowerCase()}`);
    if (problem) throw problem;
  }

  /** Its own Pods, with orphans that match adopted and its own that no longer match released (getPodsForJob). */
  private *claim(job: KubeObject): Gen<KubeObject[]> {
    const { client, informers } = this.context;
    const { uid, namespace, deletionTimestamp } = job.metadata;
    const fits = (pod: KubeObject) => matchesSelector(job.spec.selector, pod.metadata.labels);
    const mine: KubeObject[] = [];
    const change = function* (pod: KubeObject, metadata: object): Gen<KubeObject | undefined> {
      try {
        const patch = { metadata: { uid: pod.metadata.uid, ...metadata } };
        return yield* client.patch(PODS, namespace, pod.metadata.name, patch, "strategic");
      } catch (error) {
        if (isStatus(error, "NotFound")) return undefined;
        throw error;
      }
    };
    for (const pod of informers.pods.owned(uid)) {
      if (fits(pod)) mine.push(pod);
      else if (!deletionTimestamp) {
        const tracking = isTracked(pod) && { "$deleteFromPrimitiveList/finalizers": [TRACKING] };
        yield* change(pod, { ownerReferences: [{ $patch: "delete", uid }], ...tracking });
      }
    }
    if (deletionTimestamp) return mine;
    for (const pod of informers.pods.orphans(namespace ?? "")) {
      if (pod.metadata.deletionTimestamp || !fits(pod)) continue;
      const adopted = yield* change(pod, { ownerReferences: [controllerRef(job)], finalizers: [TRACKING] });
      if (adopted !== undefined) mine.push(adopted);
    }
    return mine;
  }

  private look(key: string, job: KubeObject, pods: readonly KubeObject[], now: number): Look {
    const status = job.status;
    const uncounted = status.uncountedTerminatedPods ?? {};
    const known = new Set<string>([...(uncounted.succeeded ?? []), ...(uncounted.failed ?? [])]);
    const fresh = pods.filter((pod) => isTracked(pod) && !known.has(pod.metadata.uid));
    const newDone = fresh.filter((pod) => pod.status?.phase === "Succeeded");
    const newFailed = fresh.filter((pod) => hasFailed(pod, job));
    const counted = newFailed.filter((pod) => failureVerdict(job, pod).action !== "Ignore");
    const indexes = isIndexed(job) ? succeededIndexes(job, pods) : undefined;
    const active = pods.filter(isActive);
    const lost = countsPerIndex(job) ? failedIndexes(job, pods) : undefined;
    const busy = new Set(active.map(indexOf));
    const settled = (index: number) => indexes?.has(index) || lost?.has(index) || busy.has(index);
    const before = this.backoffs.get(key) ?? { failures: 0, lastFailure: 0 };
    return {
      key,
      job,
      pods,
      active,
      succeeded: indexes?.size ?? (status.succeeded ?? 0) + newDone.length + (uncounted.succeeded?.length ?? 0),
      failed: (status.failed ?? 0) + counted.length + (uncounted.failed?.length ?? 0),
      terminating: pods.filter(isLeaving).length,
      indexes,
      failedIndexes: lost,
      lastFailed: lost ? lastFailed(job, pods, (index) => settled(index) === true, now) : new Map(),
      backoff: backoffAfter(before, newDone, newFailed, now),
    };
  }

  /** Brings the number of Pods at work to what is still to be done (manageJob). */
  private *manage(
    look: Look,
    now: number,
  ): Gen<{
    created: number;
    removed: number;
    victims: readonly KubeObject[];
    problem: Error | undefined;
  }> {
    const { key, job, active, succeeded, indexes } = look;
    const { completions, parallelism } = job.spec;
    const none = { created: 0, removed: 0, victims: [] as readonly KubeObject[], problem: undefined };
    const wanted = isSuspended(job)
      ? 0
      : completions === undefined
        ? succeeded > 0
          ? active.length
          : parallelism
        : Math.max(0, Math.min(completions - succeeded - (look.failedIndexes?.size ?? 0), parallelism));
    const victims = this.surplus(look, active.length - wanted).slice(0, BURST);
    if (victims.length > 0) {
      // Nobody failed who is not wanted any more: such Pods are not counted (deleteJobPods).
      const problem = yield* this.pods.delete(key, job, victims, (pod) => this.untrack(pod));
      return { ...none, removed: victims.length, victims, problem };
    }
    const waiting = replacesFailedOnly(job) ? look.terminating : 0;
    let missing = Math.min(wanted - waiting - active.length, BURST);
    if (missing <= 0) return none;
    const lost = look.failedIndexes;
    const pause = lost ? 0 : backoffLeft(look.backoff, now);
    if (pause > 0) {
      this.queue.addAfter(key, Math.ceil(pause) * MS);
      return none;
    }
    const waits = lost && ((index: number) => indexBackoff(look.lastFailed.get(index), now));
    // An index is replaced only when its Pod has ended, where that is asked for.
    const held = replacesFailedOnly(job) ? look.pods.filter(isLeaving) : [];
    const busy = [...active, ...held];
    const found = indexes && pendingIndexes(job, lost ? union(indexes, lost) : indexes, busy, missing, waits);
    if (found && found.wait !== Number.POSITIVE_INFINITY) this.queue.addAfter(key, Math.ceil(found.wait) * MS);
    const slots = found?.slots;
    missing = slots?.length ?? missing;
    if (missing === 0) return none;
    const made = Array.from({ length: missing }, (_, i) => {
      const index = slots?.[i];
      return jobPod(job, index, failuresAfter(job, index === undefined ? undefined : look.lastFailed.get(index)));
    });
    const problem = yield* this.pods.create(key, job, made);
    return { ...none, created: problem ? 0 : missing, problem };
  }

  /** Pods to remove: indexes that are done, out of range or doubled, then the least useful (activePodsForRemoval). */
  private surplus({ job, active, indexes, failedIndexes: lost }: Look, atLeast: number): KubeObject[] {
    const out: KubeObject[] = [];
    if (indexes) {
      const seen = new Set<number>();
      for (const pod of active) {
        const index = indexOf(pod);
        if (index < 0 || index >= job.spec.completions || indexes.has(index) || lost?.has(index) || seen.has(index)) {
          out.push(pod);
        }
        seen.add(index);
      }
    }
    if (out.length >= atLeast) return out;
    const rank = (pod: KubeObject) => (pod.spec.nodeName ? 1 : 0) * 4 + (isReady(pod) ? 2 : 0);
    const rest = active.filter((pod) => !out.includes(pod)).sort((a, b) => rank(a) - rank(b));
    return [...out, ...rest.slice(0, atLeast - out.length)];
  }

  private condition(type: string, reason: string, message: string, on = true): Condition {
    const time = formatTime(this.context.kernel.wallMs);
    const state = { type, status: on ? "True" : "False", lastProbeTime: time, lastTransitionTime: time };
    return { ...state, reason, message };
  }

  /**
   * Counts Pods that ended: first their uids go to the status, then their finalizers go, then the counters rise, so
   * that none is counted twice or lost (trackJobStatusAndRemoveFinalizers). The verdict `over` is told in the first write
   * and becomes lasting in the last, when no Pod is left to end.
   */
  private *record(look: Look, status: Record<string, unknown>, over: Verdict | undefined): Gen {
    const { key, job, pods } = look;
    const before = (this.context.informers.get(JOBS, key) ?? job).status ?? {};
    const uncounted = before.uncountedTerminatedPods ?? {};
    let succeeded: string[] = [...(uncounted.succeeded ?? [])];
    let failed: string[] = [...(uncounted.failed ?? [])];
    const known = new Set([...succeeded, ...failed]);
    const release: KubeObject[] = [];
    for (const pod of pods) {
      if (!isTracked(pod)) continue;
      const done = pod.status?.phase === "Succeeded";
      const failing = !done && hasFailed(pod, job);
      const ends = done || over || job.metadata.deletionTimestamp;
      if (!ends && (!failing || look.lastFailed.get(indexOf(pod)) === pod)) continue;
      release.push(pod);
      // Who still works when the Job has failed counts as failed; when it is complete, not at all.
      const bad = failing || (!done && over?.type === "Failed");
      if (known.has(pod.metadata.uid)) continue;
      if (done && look.indexes === undefined) succeeded.push(pod.metadata.uid);
      else if (bad && failureVerdict(job, pod).action !== "Ignore") failed.push(pod.metadata.uid);
    }
    const conditions = [...(status["conditions"] as Condition[])];
    const interim = over?.type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget";
    if (over && !conditions.some((c) => c.type === interim))
      conditions.push(this.condition(interim, over.reason, over.message));
    const counters = { succeeded: before.succeeded ?? 0, failed: before.failed ?? 0 };
    let current = this.context.informers.get(JOBS, key) ?? job;
    if (release.length > 0 || (over && conditions.length !== (before.conditions ?? []).length)) {
      current = yield* this.write(current, { ...status, ...counters, conditions }, succeeded, failed);
      for (const pod of release) yield* this.untrack(pod);
      if (release.length > 0) this.backoffs.set(key, look.backoff);
    }
    // Every finalizer of theirs is gone now; what is uncounted otherwise waits for the Pod informer.
    const still = new Set(
      pods.filter((pod) => isTracked(pod) && !release.includes(pod)).map((pod) => pod.metadata.uid),
    );
    counters.succeeded += succeeded.filter((uid) => !still.has(uid)).length;
    counters.failed += failed.filter((uid) => !still.has(uid)).length;
    succeeded = succeeded.filter((uid) => still.has(uid));
    failed = failed.filter((uid) => still.has(uid));
    const extra: Record<string, unknown> = {};
    if (look.indexes) {
      counters.succeeded = look.indexes.size;
      const text = intervals([...look.indexes].sort((a, b) => a - b));
      if (text) extra["completedIndexes"] = text;
      if (look.failedIndexes) extra["failedIndexes"] = intervals([...look.failedIndexes].sort((a, b) => a - b));
    }
    const lasts = status["terminating"] === 0 && succeeded.length + failed.length === 0;
    if (over && lasts) {
      const last = this.condition(over.type, over.reason, over.message);
      conditions.push(last);
      if (over.type === "Complete") extra["completionTime"] = last.lastTransitionTime;
    }
    yield* this.write(current, { ...status, ...extra, ...counters, conditions }, succeeded, failed);
    if (!over || !lasts) return;
    const { recorder } = this.context;
    if (over.type === "Complete") {
      if (counters.succeeded > (job.spec.completions ?? counters.succeeded)) {
        const message = "Too many succeeded pods running after completion count reached";
        recorder.event(job, "Warning", "TooManySucceededPods", message);
      }
      recorder.event(job, "Normal", "Completed", "Job completed");
    } else recorder.event(job, "Warning", over.reason, over.message);
  }

  private *write(
    job: KubeObject,
    { active, succeeded, failed, conditions, ...rest }: Record<string, unknown>,
    doneUids: readonly string[],
    failedUids: readonly string[],
  ): Gen<KubeObject> {
    const uncountedTerminatedPods = {
      ...(doneUids.length > 0 && { succeeded: doneUids }),
      ...(failedUids.length > 0 && { failed: failedUids }),
    };
    const list = conditions as readonly Condition[];
    const status = {
      ...rest,
      ...(list.length > 0 && { conditions: list }),
      ...(active ? { active } : {}),
      ...(succeeded ? { succeeded } : {}),
      ...(failed ? { failed } : {}),
      uncountedTerminatedPods,
    };
    const old = job.status ?? {};
    const names = new Set([...Object.keys(old), ...Object.keys(status)]);
    const same = [...names].every(
      (name) => JSON.stringify(old[name]) === JSON.stringify((status as Record<string, unknown>)[name]),
    );
    if (same) return job;
    return yield* this.context.client.update(JOBS, { ...job, status }, "status");
  }
}

export function startJobController(context: ControllerContext): void {
  new JobController(context);
}

function union(a: ReadonlySet<number>, b: ReadonlySet<number>): Set<number> {
  return new Set([...a, ...b]);
}
