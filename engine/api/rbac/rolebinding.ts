import { define } from "../define.ts";
import { pathSegment } from "../validation/names.ts";
import { bindingCells, bindingColumns } from "./columns.ts";
import { defaultBinding, immutableRoleRef, validateBinding } from "./validation.ts";

export const roleBinding = define({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "RoleBinding",
  plural: "rolebindings",
  namespaced: true,
  metadataOnce: true,
  nameCheck: pathSegment,
  defaults: defaultBinding,
  validateBody: (object) => validateBinding(object, true),
  validateBodyUpdate: immutableRoleRef,
  columns: bindingColumns("RoleBinding"),
  cells: bindingCells,
});
