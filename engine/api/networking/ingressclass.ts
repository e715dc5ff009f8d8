import { AGE, age, column, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { invalid } from "../validation/field.ts";
import { validateIngressClass } from "./validation.ts";

export const ingressClass = define({
  group: "networking.k8s.io",
  version: "v1",
  kind: "IngressClass",
  plural: "ingressclasses",
  namespaced: false,
  hasGeneration: true,
  defaults: ({ spec }) => {
    if (spec?.parameters) spec.parameters.scope ??= "Cluster";
  },
  validateBody: validateIngressClass,
  updateJudges: "first",
  validateBodyUpdate: ({ spec }, old) =>
    spec?.controller === old["spec"]?.controller
      ? []
      : [invalid("spec.controller", spec?.controller ?? "", "field is immutable")],
  columns: [
    NAME,
    column("Controller", "string", "Controller that is responsible for handling this class"),
    column("Parameters", "string", "A reference to a resource with additional parameters"),
    AGE,
  ],
  cells: (object, nowMs) => {
    const parameters = object.spec?.parameters;
    const group = parameters?.apiGroup ? `.${parameters.apiGroup}` : "";
    return [
      object.metadata.name,
      object.spec?.controller ?? "",
      parameters ? `${parameters.kind}${group}/${parameters.name}` : "<none>",
      age(object, nowMs),
    ];
  },
});
