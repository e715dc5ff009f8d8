import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";

export const runtimeClass = define({
  group: "node.k8s.io",
  version: "v1",
  kind: "RuntimeClass",
  plural: "runtimeclasses",
  namespaced: false,
  columns: [NAME, column("Handler", "string", doc("io.k8s.api.node.v1.RuntimeClass#handler")), AGE],
  cells: (object, nowMs) => [object.metadata.name, object.handler ?? "", age(object, nowMs)],
});
