import { CONTAINERS, IMAGES, SELECTOR } from "../apps/columns.ts";
import { AGE, age, column, containerCells, doc, formatLabelSelector, NAME, since } from "../columns.ts";
import { define } from "../define.ts";
import { validateCronJob } from "./cronjob-validation.ts";
import { defaultCronJob } from "./defaults.ts";

const SPEC = "io.k8s.api.batch.v1.CronJobSpec";

export const cronJob = define({
  group: "batch",
  version: "v1",
  kind: "CronJob",
  plural: "cronjobs",
  namespaced: true,
  metadataOnce: true,
  defaults: defaultCronJob,
  validateBody: validateCronJob,
  shortNames: ["cj"],
  categories: ["all"],
  hasGeneration: true,
  status: true,
  columns: [
    NAME,
    column("Schedule", "string", doc(`${SPEC}#schedule`)),
    column("Timezone", "string", doc(`${SPEC}#timeZone`)),
    column("Suspend", "boolean", doc(`${SPEC}#suspend`)),
    column("Active", "integer", doc("io.k8s.api.batch.v1.CronJobStatus#active")),
    column("Last Schedule", "string", doc("io.k8s.api.batch.v1.CronJobStatus#lastScheduleTime")),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR("io.k8s.api.batch.v1.JobSpec#selector"),
  ],
  cells: (object, nowMs) => {
    const { spec = {}, status = {} } = object;
    const jobSpec = spec.jobTemplate?.spec ?? {};
    return [
      object.metadata.name,
      spec.schedule ?? "",
      spec.timeZone ?? "<none>",
      spec.suspend === undefined ? "<unset>" : spec.suspend ? "True" : "False",
      status.active?.length ?? 0,
      status.lastScheduleTime ? since(status.lastScheduleTime, nowMs) : "<none>",
      age(object, nowMs),
      ...containerCells(jobSpec.template),
      formatLabelSelector(jobSpec.selector),
    ];
  },
});
