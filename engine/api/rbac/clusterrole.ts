import { DEFAULT_COLUMNS, defaultCells } from "../columns.ts";
import { define } from "../define.ts";

export const clusterRole = define({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  plural: "clusterroles",
  namespaced: false,
  columns: DEFAULT_COLUMNS,
  cells: defaultCells,
});
