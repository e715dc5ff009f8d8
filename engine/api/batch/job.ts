import { CONTAINERS, IMAGES, SELECTOR } from "../apps/columns.ts";
import { AGE, age, column, containerCells, doc, formatLabelSelector, NAME, since } from "../columns.ts";
import { define, dropStatus } from "../define.ts";
import { parseTime } from "../time.ts";
import type { KubeObject } from "../types.ts";
import { defaultJob } from "./defaults.ts";
import { generateSelector, validateJob, validateJobUpdate } from "./job-strategy.ts";

function completions({ spec = {}, status = {} }: KubeObject): string {
  const succeeded = status.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  return spec.parallelism > 1 ? `${succeeded}/1 of ${spec.parallelism}` : `${succeeded}/1`;
}

/** First of these that holds (printers.go printJob). */
function statusCell(job: KubeObject): string {
  const conditions: readonly { type: string; status: string }[] = job.status?.conditions ?? [];
  const has = (type: string) => conditions.some((c) => c.type === type && c.status === "True");
  if (has("Complete")) return "Complete";
  if (has("Failed")) return "Failed";
  if (job.metadata.deletionTimestamp) return "Terminating";
  if (has("Suspended")) return "Suspended";
  if (has("FailureTarget")) return "FailureTarget";
  if (has("SuccessCriteriaMet")) return "SuccessCriteriaMet";
  return "Running";
}

export const job = define({
  group: "batch",
  version: "v1",
  kind: "Job",
  plural: "jobs",
  namespaced: true,
  defaults: defaultJob,
  validateBody: validateJob,
  validateBodyUpdate: validateJobUpdate,
  prepareForCreate: (draft) => {
    dropStatus("io.k8s.api.batch.v1.Job")(draft);
    generateSelector(draft);
  },
  categories: ["all"],
  hasGeneration: true,
  orphans:
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",
  status: true,
  fields: (object) => ({ "status.successful": String(object.status?.succeeded ?? 0) }),
  columns: [
    NAME,
    column("Status", "string", "Status of the job."),
    column("Completions", "string", doc("io.k8s.api.batch.v1.JobStatus#succeeded")),
    column("Duration", "string", "Time required to complete the job."),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR("io.k8s.api.batch.v1.JobSpec#selector"),
  ],
  cells: (object, nowMs) => {
    const { spec = {}, status = {} } = object;
    return [
      object.metadata.name,
      statusCell(object),
      completions(object),
      status.startTime ? since(status.startTime, status.completionTime ? parseTime(status.completionTime) : nowMs) : "",
      age(object, nowMs),
      ...containerCells(spec.template),
      formatLabelSelector(spec.selector),
    ];
  },
});
