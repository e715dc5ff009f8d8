import { formatLabelSelector } from "../../../api/columns.ts";
import { humanDuration } from "../../../api/duration.ts";
import { parseTime } from "../../../api/time.ts";
import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { controllerOf, type Document, dateText } from "./document.ts";
import { eventsOf, writeEvents } from "./events.ts";
import { writePodTemplate } from "./pod-parts.ts";

/** describe job. */
export function* describeJob(d: Document, object: KubeObject): Gen {
  const { metadata, spec, status = {} } = object;
  const events = yield* eventsOf(d, object);
  d.line(0, `Name:\t${metadata.name}`);
  d.line(0, `Namespace:\t${metadata.namespace}`);
  d.line(0, `Selector:\t${selectorText(spec.selector)}`);
  d.labels("Labels", metadata.labels);
  d.annotations("Annotations", metadata.annotations);
  const controller = controllerOf(object);
  if (controller) d.line(0, `Controlled By:\t${controller.kind}/${controller.name}`);
  if (spec.parallelism !== undefined) d.line(0, `Parallelism:\t${spec.parallelism}`);
  d.line(0, `Completions:\t${spec.completions ?? "<unset>"}`);
  if (spec.completionMode !== undefined) d.line(0, `Completion Mode:\t${spec.completionMode}`);
  if (spec.suspend !== undefined) d.line(0, `Suspend:\t${spec.suspend}`);
  if (spec.backoffLimit !== undefined) d.line(0, `Backoff Limit:\t${spec.backoffLimit}`);
  if (spec.ttlSecondsAfterFinished !== undefined) {
    d.line(0, `TTL Seconds After Finished:\t${spec.ttlSecondsAfterFinished}`);
  }
  const { startTime, completionTime } = status;
  if (startTime) d.line(0, `Start Time:\t${dateText(startTime)}`);
  if (completionTime) d.line(0, `Completed At:\t${dateText(completionTime)}`);
  if (startTime && completionTime) {
    d.line(0, `Duration:\t${humanDuration(parseTime(completionTime) - parseTime(startTime))}`);
  }
  if (spec.activeDeadlineSeconds !== undefined) d.line(0, `Active Deadline Seconds:\t${spec.activeDeadlineSeconds}s`);
  const ready = status.ready === undefined ? "" : ` (${status.ready} Ready)`;
  d.line(
    0,
    `Pods Statuses:\t${status.active ?? 0} Active${ready} / ${status.succeeded ?? 0} Succeeded / ${status.failed ?? 0} Failed`,
  );
  if (spec.completionMode === "Indexed") d.line(0, `Completed Indexes:\t${indexes(status.completedIndexes ?? "")}`);
  writePodTemplate(d, spec.template);
  writeEvents(d, events);
}

const SHOWN_INDEXES = 50;

function indexes(text: string): string {
  if (text === "") return "<none>";
  const comma = text.indexOf(",", SHOWN_INDEXES);
  return comma < 0 ? text : `${text.slice(0, comma + 1)}...`;
}

/** LabelSelectorAsSelector's text: nothing selects nothing, an empty one everything. */
function selectorText(selector: Parameters<typeof formatLabelSelector>[0]): string {
  const text = formatLabelSelector(selector);
  return text === "<none>" ? "" : text;
}

/** describe cronjob. */
export function* describeCronJob(d: Document, object: KubeObject): Gen {
  const { metadata, spec, status = {} } = object;
  const events = yield* eventsOf(d, object);
  d.head(metadata);
  d.line(0, `Schedule:\t${spec.schedule}`);
  d.line(0, `Concurrency Policy:\t${spec.concurrencyPolicy ?? ""}`);
  d.line(0, `Suspend:\t${boolText(spec.suspend)}`);
  d.line(0, `Successful Job History Limit:\t${spec.successfulJobsHistoryLimit ?? "<unset>"}`);
  d.line(0, `Failed Job History Limit:\t${spec.failedJobsHistoryLimit ?? "<unset>"}`);
  const { startingDeadlineSeconds: deadline } = spec;
  d.line(0, `Starting Deadline Seconds:\t${deadline === undefined ? "<unset>" : `${deadline}s`}`);
  const job = spec.jobTemplate.spec;
  d.line(0, `Selector:\t${job.selector ? selectorText(job.selector) : "<unset>"}`);
  d.line(0, `Parallelism:\t${job.parallelism ?? "<unset>"}`);
  d.line(0, `Completions:\t${job.completions ?? "<unset>"}`);
  if (job.activeDeadlineSeconds !== undefined) d.line(0, `Active Deadline Seconds:\t${job.activeDeadlineSeconds}s`);
  writePodTemplate(d, job.template);
  d.line(0, `Last Schedule Time:\t${status.lastScheduleTime ? dateText(status.lastScheduleTime) : "<unset>"}`);
  const active = (status.active ?? []) as { name: string }[];
  d.line(0, `Active Jobs:\t${active.map(({ name }) => name).join(", ") || "<none>"}`);
  writeEvents(d, events);
}

/** `True`, `False` or `<unset>`. */
export function boolText(value: boolean | undefined): string {
  return value === undefined ? "<unset>" : value ? "True" : "False";
}
