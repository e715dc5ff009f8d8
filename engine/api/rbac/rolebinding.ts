import { define } from "../define.ts";
import { bindingCells, bindingColumns } from "./columns.ts";

export const roleBinding = define({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "RoleBinding",
  plural: "rolebindings",
  namespaced: true,
  columns: bindingColumns("RoleBinding"),
  cells: bindingCells,
});
