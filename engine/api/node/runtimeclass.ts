import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { invalid } from "../validation/field.ts";
import { validateRuntimeClass } from "./validation.ts";

export const runtimeClass = define({
  group: "node.k8s.io",
  version: "v1",
  kind: "RuntimeClass",
  plural: "runtimeclasses",
  namespaced: false,
  validateBody: validateRuntimeClass,
  updateJudges: "alone",
  validateBodyUpdate: (object, old) =>
    object["handler"] === old["handler"] ? [] : [invalid("handler", object["handler"] ?? "", "field is immutable")],
  columns: [NAME, column("Handler", "string", doc("io.k8s.api.node.v1.RuntimeClass#handler")), AGE],
  cells: (object, nowMs) => [object.metadata.name, object.handler ?? "", age(object, nowMs)],
});
