import { define } from "../define.ts";
import { pathSegment } from "../validation/names.ts";
import { bindingCells, bindingColumns } from "./columns.ts";
import { defaultBinding, immutableRoleRef, validateBinding } from "./validation.ts";

export const clusterRoleBinding = define({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  namespaced: false,
  metadataOnce: true,
  nameCheck: pathSegment,
  defaults: defaultBinding,
  validateBody: (object) => validateBinding(object, false),
  validateBodyUpdate: immutableRoleRef,
  columns: bindingColumns("ClusterRoleBinding"),
  cells: bindingCells,
});
