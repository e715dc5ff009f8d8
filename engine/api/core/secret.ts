import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { invalid } from "../validation/field.ts";
import { defaultSecret, validateImmutable, validateSecret } from "./data-validation.ts";

export const secret = define({
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
  defaults: defaultSecret,
  validateBody: validateSecret,
  validateBodyUpdate: (object, old) => [
    ...(object["type"] === old["type"] ? [] : [invalid("type", object["type"] ?? "", "field is immutable")]),
    ...validateImmutable(["data"])(object, old),
  ],
  // A client that leaves the type out of an update means the one there was.
  prepareForUpdate: (draft, old) => {
    draft.type ||= old["type"];
  },
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
