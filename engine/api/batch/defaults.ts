import { defaultTemplate } from "../core/pod-defaults.ts";
import type { Draft } from "../kind.ts";

/** Defaults of Jobs and CronJobs (pkg/apis/batch/v1/defaults.go). */

function defaultJobSpec(spec: Draft): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1;
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed";
  spec.manualSelector ??= false;
  for (const rule of spec.podFailurePolicy?.rules ?? [])
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= "True";
  defaultTemplate(spec.template);
}

export function defaultJob(draft: Draft): void {
  const spec = (draft.spec ??= {});
  defaultJobSpec(spec);
  const labels = spec.template?.metadata?.labels;
  if (labels && Object.keys(draft.metadata.labels ?? {}).length === 0) draft.metadata.labels = labels;
}

export function defaultCronJob(draft: Draft): void {
  const spec = (draft.spec ??= {});
  spec.concurrencyPolicy ||= "Allow";
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  defaultTemplate(spec.jobTemplate?.spec?.template);
}
