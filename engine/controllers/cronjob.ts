import { nextTime, parseSchedule, rfc1123z, type Schedule, ScheduleError } from "../api/batch/schedule.ts";
import { type Zone, zoneOf } from "../api/batch/zones.ts";
import { keyOf } from "../api/informer.ts";
import { CRON_JOBS, JOBS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import { formatTime, parseTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, MS } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { controllerOf } from "./informers.ts";
import { isFinished } from "./job-pods.ts";
import { controllerRef } from "./pods.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";

/** A CronJob is looked at this long after its time (cronjob_controllerv2.go nextScheduleDelta), in ms. */
const DELTA_MS = 100;
/** More missed times than this are complained about. */
const MANY_MISSED = 100;

interface Reference {
  apiVersion: string;
  kind: string;
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
}

/** Starts Jobs at their times (pkg/controller/cronjob); each CronJob waits on one event in virtual time. */
class CronJobController implements Reconciler {
  readonly name = "cronjob";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  /** By key: what was last written, which the informer may not show yet; an event would be told twice. */
  private readonly written = new Map<string, KubeObject>();

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    const { informers } = context;
    informers.handle(CRON_JOBS, ({ type, object }) => {
      if (type === "deleted") this.written.delete(keyOf(object));
      this.queue.add(keyOf(object));
    });
    informers.handle(JOBS, ({ object }) => {
      const owner = controllerOf(object);
      if (owner?.kind === "CronJob") this.queue.add(`${object.metadata.namespace}/${owner.name}`);
    });
  }

  *reconcile(key: string): Gen {
    const { informers, client } = this.context;
    const cronJob = this.latest(key);
    if (cronJob === undefined) return;
    const jobs = informers.jobs.owned(cronJob.metadata.uid);
    const status = { ...cronJob.status };
    yield* this.cleanUp(cronJob, jobs, status);
    let problem: unknown;
    try {
      yield* this.sync(key, cronJob, jobs, status);
    } catch (error) {
      problem = error;
    }
    if (status.active?.length === 0) delete status.active;
    if (JSON.stringify(status) !== JSON.stringify(cronJob.status ?? {}))
      this.written.set(key, yield* client.update(CRON_JOBS, { ...cronJob, status }, "status"));
    if (problem !== undefined) throw problem;
  }

  private latest(key: string): KubeObject | undefined {
    const shown = this.context.informers.get(CRON_JOBS, key);
    const written = this.written.get(key);
    if (shown === undefined || written?.metadata.uid !== shown.metadata.uid) return shown;
    return Number(written.metadata.resourceVersion) > Number(shown.metadata.resourceVersion) ? written : shown;
  }

  /** Finished Jobs beyond the history limits go, oldest first. */
  // biome-ignore lint/suspicious/noExplicitAny: the status under construction
  private *cleanUp(cronJob: KubeObject, jobs: readonly KubeObject[], status: Record<string, any>): Gen {
    const ended = (type: string) =>
      jobs.filter((job) =>
        job.status?.conditions?.some((c: { type: string; status: string }) => c.type === type && c.status === "True"),
      );
    const since = (job: KubeObject) => job.status?.startTime ?? job.metadata.creationTimestamp;
    const older = (a: KubeObject, b: KubeObject) =>
      since(a) !== since(b) ? (since(a) < since(b) ? -1 : 1) : a.metadata.name < b.metadata.name ? -1 : 1;
    const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cronJob.spec;
    for (const [list, limit] of [
      [ended("Complete"), successfulJobsHistoryLimit],
      [ended("Failed"), failedJobsHistoryLimit],
    ] as const) {
      if (limit === undefined) continue;
      for (const job of [...list].sort(older).slice(0, Math.max(0, list.length - limit))) {
        if (job.metadata.deletionTimestamp) continue;
        yield* this.remove(cronJob, job);
        drop(status, job.metadata.uid);
      }
    }
  }

  private *remove(cronJob: KubeObject, job: { metadata: { namespace?: string; name: string } }): Gen {
    const { client, recorder } = this.context;
    const { namespace, name } = job.metadata;
    try {
      yield* client.delete(JOBS, namespace, name, { propagationPolicy: "Background" });
      recorder.event(cronJob, "Normal", "SuccessfulDelete", `Deleted job ${name}`);
    } catch (error) {
      if (isStatus(error, "NotFound")) return;
      recorder.event(cronJob, "Warning", "FailedDelete", `Deleted job: ${(error as Error).message}`);
      throw error;
    }
  }

  private *sync(
    key: string,
    cronJob: KubeObject,
    jobs: readonly KubeObject[],
    // biome-ignore lint/suspicious/noExplicitAny: the status under construction
    status: Record<string, any>,
  ): Gen {
    const { recorder, kernel, client } = this.context;
    this.follow(cronJob, jobs, status);
    const { spec, metadata } = cronJob;
    if (metadata.deletionTimestamp || spec.suspend) return;
    const zone = zoneOf(spec.timeZone);
    if (zone === undefined) {
      const why = `unknown time zone ${spec.timeZone}`;
      return recorder.event(cronJob, "Warning", "UnknownTimeZone", `invalid timeZone: "${spec.timeZone}": ${why}`);
    }
    let schedule: Schedule;
    try {
      schedule = parseSchedule(spec.schedule);
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
      const message = `unparseable schedule: ${JSON.stringify(spec.schedule)} : ${error.message}`;
      return recorder.event(cronJob, "Warning", "UnparseableSchedule", message);
    }
    const now = kernel.wallMs;
    const next = nextTime(schedule, now, zone);
    if (next === undefined) {
      // The 31st of February never comes: no two of its times are a second apart.
      const why = "time difference between two schedules is less than 1 second";
      return recorder.event(cronJob, "Warning", "InvalidSchedule", `invalid schedule: ${spec.schedule} : ${why}`);
    }
    this.queue.addAfter(key, (next + DELTA_MS - now) * MS);
    const due = this.due(cronJob, status, schedule, zone, now);
    if (due === undefined) return;
    const deadline: number | undefined = spec.startingDeadlineSeconds;
    if (deadline !== undefined && due + deadline * 1000 < now)
      return recorder.event(
        cronJob,
        "Warning",
        "MissSchedule",
        `Missed scheduled time to start a job: ${rfc1123z(due)}`,
      );
    const name = `${metadata.name}-${Math.floor(due / 60_000)}`;
    const active: readonly Reference[] = status["active"] ?? [];
    if (active.some((r) => r.name === name) || status["lastScheduleTime"] === formatTime(due)) return;
    if (spec.concurrencyPolicy === "Forbid" && active.length > 0) {
      const why = "Not starting job because prior execution is running and concurrency policy is Forbid";
      return recorder.event(cronJob, "Normal", "JobAlreadyActive", why);
    }
    if (spec.concurrencyPolicy === "Replace") {
      for (const reference of active) yield* this.remove(cronJob, { metadata: reference });
      status["active"] = [];
    }
    let job: KubeObject;
    try {
      job = yield* client.create(JOBS, jobOf(cronJob, name, due, zone.offsetAt(due)));
    } catch (error) {
      if (isStatus(error, "AlreadyExists")) {
        status["lastScheduleTime"] = formatTime(due);
        return;
      }
      recorder.event(cronJob, "Warning", "FailedCreate", `Error creating job: ${(error as Error).message}`);
      throw error;
    }
    recorder.event(cronJob, "Normal", "SuccessfulCreate", `Created job ${name}`);
    const { uid, resourceVersion, namespace } = job.metadata;
    status["active"] = [
      ...(status["active"] ?? []),
      { kind: "Job", namespace, name, uid, apiVersion: "batch/v1", resourceVersion },
    ];
    status["lastScheduleTime"] = formatTime(due);
  }

  /** Brings status.active and lastSuccessfulTime up to what the Jobs say. */
  // biome-ignore lint/suspicious/noExplicitAny: the status under construction
  private follow(cronJob: KubeObject, jobs: readonly KubeObject[], status: Record<string, any>): void {
    const { recorder } = this.context;
    const there = new Set<string>();
    for (const job of jobs) {
      const { uid, name } = job.metadata;
      there.add(uid);
      const listed = (status["active"] ?? []).some((r: Reference) => r.uid === uid);
      const over = isFinished(job);
      if (!listed && !over) {
        // One of its own whose status write the informer has not shown yet carries its time.
        if (job.metadata.annotations?.[SCHEDULED] === undefined)
          recorder.event(
            cronJob,
            "Warning",
            "UnexpectedJob",
            `Saw a job that the controller did not create or forgot: ${name}`,
          );
        continue;
      }
      const complete = job.status?.conditions?.some(
        (c: { type: string; status: string }) => c.type === "Complete" && c.status === "True",
      );
      if (listed && over) {
        drop(status, uid);
        const how = complete ? "Complete" : "Failed";
        recorder.event(cronJob, "Normal", "SawCompletedJob", `Saw completed job: ${name}, condition: ${how}`);
      }
      const last: string | undefined = status["lastSuccessfulTime"];
      const time: string | undefined = job.status?.completionTime;
      if (complete && time !== undefined && (last === undefined || last < time)) status["lastSuccessfulTime"] = time;
    }
    for (const reference of (status["active"] ?? []) as readonly Reference[]) {
      if (there.has(reference.uid) || this.context.informers.get(JOBS, `${reference.namespace}/${reference.name}`))
        continue;
      // A Job that its informer has not shown yet is younger than what the informer knows.
      if (Number(reference.resourceVersion) > Number(cronJob.metadata.resourceVersion)) continue;
      recorder.event(cronJob, "Normal", "MissingJob", `Active job went missing: ${reference.name}`);
      drop(status, reference.uid);
    }
  }

  /** The latest time that has passed since the last one that was started; undefined when none has. */
  private due(
    cronJob: KubeObject,
    status: Record<string, unknown>,
    schedule: Schedule,
    zone: Zone,
    now: number,
  ): number | undefined {
    let from = parseTime((status["lastScheduleTime"] as string | undefined) ?? cronJob.metadata.creationTimestamp);
    const deadline: number | undefined = cronJob.spec.startingDeadlineSeconds;
    if (deadline !== undefined) from = Math.max(from, now - deadline * 1000);
    const first = nextTime(schedule, from, zone);
    if (first === undefined || first > now) return undefined;
    const second = nextTime(schedule, first, zone);
    if (second === undefined || second > now) return first;
    const missed = Math.floor((now - first) / (second - first)) + 1;
    if (missed > MANY_MISSED)
      this.context.recorder.event(
        cronJob,
        "Warning",
        "TooManyMissedTimes",
        "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
      );
    let last = first;
    // Far from now the times in between do not matter; irregular schedules never leave out more than a few periods.
    let at: number | undefined = Math.max(second, now - 10 * (second - first));
    at = at === second ? second : nextTime(schedule, at, zone);
    while (at !== undefined && at <= now) {
      last = at;
      at = nextTime(schedule, at, zone);
    }
    return last;
  }
}

/** A Job that is not to be followed any more. */
// biome-ignore lint/suspicious/noExplicitAny: the status under construction
function drop(status: Record<string, any>, uid: string): void {
  if (status["active"] === undefined) return;
  status["active"] = status["active"].filter((r: Reference) => r.uid !== uid);
}

const SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp";

function jobOf(cronJob: KubeObject, name: string, due: number, offset: number): object {
  const { metadata = {}, spec } = cronJob.spec.jobTemplate;
  const east = Math.abs(offset) / 60_000;
  const zone = `${offset < 0 ? "-" : "+"}${String(Math.floor(east / 60)).padStart(2, "0")}:${String(east % 60).padStart(2, "0")}`;
  const stamp = offset === 0 ? formatTime(due) : formatTime(due + offset).slice(0, -1) + zone;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      namespace: cronJob.metadata.namespace,
      ...(metadata.labels && { labels: metadata.labels }),
      annotations: { ...metadata.annotations, [SCHEDULED]: stamp },
      ownerReferences: [controllerRef(cronJob)],
    },
    spec,
  };
}

export function startCronJobController(context: ControllerContext): void {
  new CronJobController(context);
}
