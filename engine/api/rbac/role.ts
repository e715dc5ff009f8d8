import { DEFAULT_COLUMNS, defaultCells } from "../columns.ts";
import { define } from "../define.ts";
import { pathSegment } from "../validation/names.ts";
import { validateRules } from "./validation.ts";

export const role = define({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "Role",
  plural: "roles",
  namespaced: true,
  metadataOnce: true,
  nameCheck: pathSegment,
  validateBody: (object) => validateRules(object["rules"] ?? [], true),
  columns: DEFAULT_COLUMNS,
  cells: defaultCells,
});
