import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { defaultPriorityLevel, validatePriorityLevel } from "./level-validation.ts";

const LIMITED = "io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration";

export const priorityLevelConfiguration = define({
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "PriorityLevelConfiguration",
  plural: "prioritylevelconfigurations",
  namespaced: false,
  hasGeneration: true,
  status: true,
  defaults: defaultPriorityLevel,
  validateBody: validatePriorityLevel,
  columns: [
    NAME,
    column("Type", "string", doc("io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec#type")),
    column("NominalConcurrencyShares", "string", doc(`${LIMITED}#nominalConcurrencyShares`)),
    column("Queues", "string", doc("io.k8s.api.flowcontrol.v1.QueuingConfiguration#queues")),
    column("HandSize", "string", doc("io.k8s.api.flowcontrol.v1.QueuingConfiguration#handSize")),
    column("QueueLengthLimit", "string", doc("io.k8s.api.flowcontrol.v1.QueuingConfiguration#queueLengthLimit")),
    AGE,
  ],
  cells: (object, nowMs) => {
    const limited = object.spec?.limited;
    const queuing = limited?.limitResponse?.queuing;
    return [
      object.metadata.name,
      object.spec?.type ?? "",
      limited?.nominalConcurrencyShares ?? "<none>",
      queuing?.queues ?? "<none>",
      queuing?.handSize ?? "<none>",
      queuing?.queueLengthLimit ?? "<none>",
      age(object, nowMs),
    ];
  },
});
