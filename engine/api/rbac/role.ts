import { DEFAULT_COLUMNS, defaultCells } from "../columns.ts";
import { define } from "../define.ts";

export const role = define({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "Role",
  plural: "roles",
  namespaced: true,
  columns: DEFAULT_COLUMNS,
  cells: defaultCells,
});
