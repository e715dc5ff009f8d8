import { AGE, age, column, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { validateCsiNode, validateCsiNodeUpdate } from "./driver-validation.ts";

export const csiNode = define({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSINode",
  plural: "csinodes",
  namespaced: false,
  validateBody: validateCsiNode,
  validateBodyUpdate: validateCsiNodeUpdate,
  columns: [
    NAME,
    column("Drivers", "integer", "Drivers indicates the number of CSI drivers registered on the node"),
    AGE,
  ],
  cells: (object, nowMs) => [object.metadata.name, object.spec?.drivers?.length ?? 0, age(object, nowMs)],
});
