import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";

export const secret = define({
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
  fields: (object) => ({ type: object.type ?? "" }),
  columns: [
    NAME,
    column("Type", "string", doc("io.k8s.api.core.v1.Secret#type")),
    column("Data", "string", doc("io.k8s.api.core.v1.Secret#data")),
    AGE,
  ],
  cells: (object, nowMs) => [
    object.metadata.name,
    object.type ?? "",
    Object.keys(object.data ?? {}).length,
    age(object, nowMs),
  ],
});
