import { AGE, age, column, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { defaultWebhooks, validateWebhooks } from "./defaults.ts";

export const mutatingWebhookConfiguration = define({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingWebhookConfiguration",
  plural: "mutatingwebhookconfigurations",
  namespaced: false,
  categories: ["api-extensions"],
  hasGeneration: true,
  defaults: (draft) => defaultWebhooks(draft, true),
  validateBody: validateWebhooks,
  columns: [
    NAME,
    column("Webhooks", "integer", "Webhooks indicates the number of webhooks registered in this configuration"),
    AGE,
  ],
  cells: (object, nowMs) => [object.metadata.name, object.webhooks?.length ?? 0, age(object, nowMs)],
});
