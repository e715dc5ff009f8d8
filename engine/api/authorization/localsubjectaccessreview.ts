import { DEFAULT_COLUMNS, defaultCells } from "../columns.ts";
import { define } from "../define.ts";

export const localSubjectAccessReview = define({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "LocalSubjectAccessReview",
  plural: "localsubjectaccessreviews",
  namespaced: true,
  etcdPrefix: "",
  verbs: ["create"],
  columns: DEFAULT_COLUMNS,
  cells: defaultCells,
});
