import { define } from "../define.ts";
import { bindingCells, bindingColumns } from "./columns.ts";

export const clusterRoleBinding = define({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  namespaced: false,
  columns: bindingColumns("ClusterRoleBinding"),
  cells: bindingCells,
});
