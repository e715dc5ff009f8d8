import { DEFAULT_COLUMNS, defaultCells } from "../columns.ts";
import { define } from "../define.ts";

export const subjectAccessReview = define({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SubjectAccessReview",
  plural: "subjectaccessreviews",
  namespaced: false,
  etcdPrefix: "",
  verbs: ["create"],
  columns: DEFAULT_COLUMNS,
  cells: defaultCells,
});
