import { parseTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import {
  type Backoff,
  failureVerdict,
  hasFailed,
  isSuspended,
  isTracked,
  pastRestarts,
  successPolicyMet,
} from "./job-pods.ts";
import { condition } from "./pods.ts";

/** What a Job comes to: the lasting condition's type, and why. */
export interface Verdict {
  type: "Complete" | "Failed";
  reason: string;
  message: string;
}

/** One look at a Job. */
export interface Look {
  key: string;
  job: KubeObject;
  pods: readonly KubeObject[];
  active: readonly KubeObject[];
  succeeded: number;
  failed: number;
  terminating: number;
  indexes: ReadonlySet<number> | undefined;
  /** Indexes that have failed for good; undefined unless failures count by index. */
  failedIndexes: ReadonlySet<number> | undefined;
  /** By such an index, its last Pod, which failed and is to be replaced. */
  lastFailed: ReadonlyMap<number, KubeObject>;
  backoff: Backoff;
}

/** Whether the Job is over, before its Pods are managed. `lookIn`: asks for another look in so many ms. */
export function verdictOf(
  { job, pods, failed, indexes, failedIndexes: lost }: Look,
  now: number,
  lookIn: (ms: number) => void,
): Verdict | undefined {
  const met = condition(job, "SuccessCriteriaMet");
  if (met?.status === "True") return { type: "Complete", reason: met.reason ?? "", message: met.message ?? "" };
  const target = condition(job, "FailureTarget");
  if (target?.status === "True") return { type: "Failed", reason: target.reason ?? "", message: target.message ?? "" };
  for (const pod of pods) {
    if (!job.spec.podFailurePolicy || !isTracked(pod) || !hasFailed(pod, job)) continue;
    const { action, message = "" } = failureVerdict(job, pod);
    if (action === "FailJob") return { type: "Failed", reason: "PodFailurePolicy", message };
  }
  if (failed > job.spec.backoffLimit || pastRestarts(job, pods))
    return {
      type: "Failed",
      reason: "BackoffLimitExceeded",
      message: "Job has reached the specified backoff limit",
    };
  const deadline: number | undefined = job.spec.activeDeadlineSeconds;
  if (deadline !== undefined && !isSuspended(job)) {
    const left = parseTime(job.status.startTime) + deadline * 1000 - now;
    if (left <= 0)
      return { type: "Failed", reason: "DeadlineExceeded", message: "Job was active longer than specified deadline" };
    lookIn(left);
  }
  const { completions, maxFailedIndexes } = job.spec;
  if (lost && maxFailedIndexes !== undefined && lost.size > maxFailedIndexes) {
    const message = "Job has exceeded the specified maximal number of failed indexes";
    return { type: "Failed", reason: "MaxFailedIndexesExceeded", message };
  }
  if (lost && lost.size > 0 && lost.size + (indexes?.size ?? 0) >= completions) {
    return { type: "Failed", reason: "FailedIndexes", message: "Job has failed indexes" };
  }
  const message = indexes && successPolicyMet(job, indexes);
  if (message) return { type: "Complete", reason: "SuccessPolicy", message };
  return undefined;
}
