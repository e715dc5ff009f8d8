import { AGE, age, column, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { defaultWebhooks } from "./defaults.ts";
import { validateWebhooks } from "./validation.ts";

/** MutatingWebhookConfiguration or ValidatingWebhookConfiguration: but for defaults they are one kind. */
export const webhookConfiguration = (kind: string, mutating: boolean) =>
  define({
    group: "admissionregistration.k8s.io",
    version: "v1",
    kind,
    plural: `${kind.toLowerCase()}s`,
    namespaced: false,
    categories: ["api-extensions"],
    hasGeneration: true,
    emptyIsChange: true,
    defaults: (draft) => defaultWebhooks(draft, mutating),
    validateBody: validateWebhooks,
    columns: [
      NAME,
      column("Webhooks", "integer", "Webhooks indicates the number of webhooks registered in this configuration"),
      AGE,
    ],
    cells: (object, nowMs) => [object.metadata.name, object.webhooks?.length ?? 0, age(object, nowMs)],
  });
