import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";

const CLASS = "io.k8s.api.scheduling.v1.PriorityClass";

export const priorityClass = define({
  group: "scheduling.k8s.io",
  version: "v1",
  kind: "PriorityClass",
  plural: "priorityclasses",
  namespaced: false,
  shortNames: ["pc"],
  hasGeneration: true,
  columns: [
    NAME,
    column("Value", "integer", doc(`${CLASS}#value`)),
    column("Global-Default", "boolean", doc(`${CLASS}#globalDefault`)),
    AGE,
    column("PreemptionPolicy", "string", doc(`${CLASS}#preemptionPolicy`)),
  ],
  cells: (object, nowMs) => [
    object.metadata.name,
    object.value ?? 0,
    object.globalDefault ?? false,
    age(object, nowMs),
    object.preemptionPolicy ?? "",
  ],
});
