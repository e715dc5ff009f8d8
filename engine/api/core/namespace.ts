import { AGE, age, column, NAME } from "../columns.ts";
import { define } from "../define.ts";

export const namespace = define({
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  namespaced: false,
  shortNames: ["ns"],
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  subresources: [{ name: "finalize", kind: "Namespace", group: "", version: "v1", verbs: ["update"] }],
  status: true,
  fields: (object) => ({ "status.phase": object.status?.phase ?? "" }),
  columns: [NAME, column("Status", "string", "The status of the namespace"), AGE],
  cells: (object, nowMs) => [object.metadata.name, object.status?.phase ?? "", age(object, nowMs)],
});
