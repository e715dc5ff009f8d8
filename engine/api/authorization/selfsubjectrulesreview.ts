import { DEFAULT_COLUMNS, defaultCells } from "../columns.ts";
import { define } from "../define.ts";

export const selfSubjectRulesReview = define({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectRulesReview",
  plural: "selfsubjectrulesreviews",
  namespaced: false,
  etcdPrefix: "",
  verbs: ["create"],
  columns: DEFAULT_COLUMNS,
  cells: defaultCells,
});
