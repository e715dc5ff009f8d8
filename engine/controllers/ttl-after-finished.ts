import { keyOf } from "../api/informer.ts";
import { JOBS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import { parseTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, MS } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { isFinished } from "./job-pods.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";

/** Deletes finished Jobs after ttlSecondsAfterFinished (pkg/controller/ttlafterfinished). */
class TtlAfterFinished implements Reconciler {
  readonly name = "ttl-after-finished";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    context.informers.handle(JOBS, ({ type, object }) => {
      if (type !== "deleted" && object.spec.ttlSecondsAfterFinished !== undefined && isFinished(object))
        this.queue.add(keyOf(object));
    });
  }

  *reconcile(key: string): Gen {
    const { informers, client, kernel } = this.context;
    const job = informers.get(JOBS, key);
    const ttl: number | undefined = job?.spec.ttlSecondsAfterFinished;
    if (job === undefined || ttl === undefined || !isFinished(job) || job.metadata.deletionTimestamp) return;
    const left = finishedAt(job) + ttl * 1000 - kernel.wallMs;
    if (left > 0) return this.queue.addAfter(key, Math.ceil(left) * MS);
    const { namespace, name, uid } = job.metadata;
    try {
      yield* client.delete(JOBS, namespace, name, { propagationPolicy: "Foreground", preconditions: { uid } });
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
}

function finishedAt(job: KubeObject): number {
  const last = job.status.conditions.find((c: { type: string }) => c.type === "Complete" || c.type === "Failed");
  return parseTime(last.lastTransitionTime);
}

export function startTtlAfterFinished(context: ControllerContext): void {
  new TtlAfterFinished(context);
}
