import { DEFAULT_COLUMNS, defaultCells } from "../columns.ts";
import { define } from "../define.ts";

export const selfSubjectReview = define({
  group: "authentication.k8s.io",
  version: "v1",
  kind: "SelfSubjectReview",
  plural: "selfsubjectreviews",
  namespaced: false,
  etcdPrefix: "",
  verbs: ["create"],
  columns: DEFAULT_COLUMNS,
  cells: defaultCells,
});
