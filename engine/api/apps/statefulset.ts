import { AGE, age, containerCells, NAME } from "../columns.ts";
import { define, SCALE } from "../define.ts";
import { dns1123Label } from "../validation/names.ts";
import { CONTAINERS, IMAGES, READY } from "./columns.ts";
import { defaultStatefulSet } from "./defaults.ts";
import { validateStatefulSet, validateStatefulSetUpdate } from "./validation.ts";

export const statefulSet = define({
  group: "apps",
  version: "v1",
  kind: "StatefulSet",
  plural: "statefulsets",
  namespaced: true,
  metadataOnce: true,
  shortNames: ["sts"],
  categories: ["all"],
  hasGeneration: true,
  subresources: [SCALE],
  status: true,
  defaults: defaultStatefulSet,
  nameCheck: dns1123Label,
  validateBody: validateStatefulSet,
  validateBodyUpdate: validateStatefulSetUpdate,
  columns: [NAME, READY, AGE, CONTAINERS, IMAGES],
  cells: (object, nowMs) => [
    object.metadata.name,
    `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`,
    age(object, nowMs),
    ...containerCells(object.spec?.template),
  ],
});
