import { DEFAULT_COLUMNS, defaultCells } from "../columns.ts";
import { define } from "../define.ts";
import { pathSegment } from "../validation/names.ts";
import { validateAggregation, validateRules } from "./validation.ts";

export const clusterRole = define({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  plural: "clusterroles",
  namespaced: false,
  metadataOnce: true,
  nameCheck: pathSegment,
  validateBody: (object) => [
    ...validateRules(object["rules"] ?? [], false),
    ...validateAggregation(object["aggregationRule"]),
  ],
  columns: DEFAULT_COLUMNS,
  cells: defaultCells,
});
