import { AGE, age, column, formatLabelSelector, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { defaultBinding } from "./defaults.ts";
import { validateBinding } from "./validation.ts";

export const validatingAdmissionPolicyBinding = define({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingAdmissionPolicyBinding",
  plural: "validatingadmissionpolicybindings",
  namespaced: false,
  categories: ["api-extensions"],
  hasGeneration: true,
  defaults: defaultBinding,
  validateBody: validateBinding,
  columns: [
    NAME,
    column("PolicyName", "string", "PolicyName indicates the policy definition which the policy binding binded to"),
    column("ParamRef", "string", "ParamRef indicates the param resource which sets the configration param"),
    AGE,
  ],
  cells: (object, nowMs) => {
    const ref = object.spec?.paramRef;
    const named = ref?.name ? (ref.namespace ? `${ref.namespace}/${ref.name}` : `*/${ref.name}`) : undefined;
    return [
      object.metadata.name,
      object.spec?.policyName ?? "",
      ref ? (named ?? formatLabelSelector(ref.selector)) : "<unset>",
      age(object, nowMs),
    ];
  },
});
