import { AGE, age, column, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { defaultPolicy } from "./defaults.ts";
import { validatePolicy } from "./validation.ts";

export const validatingAdmissionPolicy = define({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingAdmissionPolicy",
  plural: "validatingadmissionpolicies",
  namespaced: false,
  categories: ["api-extensions"],
  hasGeneration: true,
  defaults: defaultPolicy,
  validateBody: validatePolicy,
  status: true,
  columns: [
    NAME,
    column(
      "Validations",
      "integer",
      "Validations indicates the number of validation rules defined in this configuration",
    ),
    column("ParamKind", "string", "ParamKind specifies the kind of resources used to parameterize this policy"),
    AGE,
  ],
  cells: (object, nowMs) => {
    const kind = object.spec?.paramKind;
    return [
      object.metadata.name,
      object.spec?.validations?.length ?? 0,
      kind ? `${kind.apiVersion}/${kind.kind}` : "<unset>",
      age(object, nowMs),
    ];
  },
});
