import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { validateFlowSchema } from "./flowschema-validation.ts";

export const flowSchema = define({
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "FlowSchema",
  plural: "flowschemas",
  namespaced: false,
  hasGeneration: true,
  status: true,
  defaults: (draft) => {
    const spec = (draft.spec ??= {});
    spec.matchingPrecedence ||= 1000;
  },
  validateBody: validateFlowSchema,
  columns: [
    NAME,
    column("PriorityLevel", "string", doc("io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationReference#name")),
    column("MatchingPrecedence", "string", doc("io.k8s.api.flowcontrol.v1.FlowSchemaSpec#matchingPrecedence")),
    column("DistinguisherMethod", "string", doc("io.k8s.api.flowcontrol.v1.FlowSchemaSpec#distinguisherMethod")),
    AGE,
    column("MissingPL", "string", "references a broken or non-existent PriorityLevelConfiguration"),
  ],
  cells: (object, nowMs) => {
    const { spec = {}, status = {} } = object;
    const dangling = (status.conditions ?? []).find((c: { type: string }) => c.type === "Dangling");
    return [
      object.metadata.name,
      spec.priorityLevelConfiguration?.name ?? "",
      spec.matchingPrecedence ?? 0,
      spec.distinguisherMethod?.type ?? "<none>",
      age(object, nowMs),
      dangling?.status ?? "?",
    ];
  },
});
