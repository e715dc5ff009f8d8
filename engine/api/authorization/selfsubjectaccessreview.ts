import { DEFAULT_COLUMNS, defaultCells } from "../columns.ts";
import { define } from "../define.ts";

export const selfSubjectAccessReview = define({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectAccessReview",
  plural: "selfsubjectaccessreviews",
  namespaced: false,
  etcdPrefix: "",
  verbs: ["create"],
  columns: DEFAULT_COLUMNS,
  cells: defaultCells,
});
