import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define, keepStatus } from "../define.ts";
import { accessModes, storageClassOf } from "../storage/access.ts";
import { validateClaim, validateClaimUpdate } from "./claim-validation.ts";
import { settleDataSource } from "./disabled-fields.ts";

const SPEC = "io.k8s.api.core.v1.PersistentVolumeClaimSpec";
const STATUS = "io.k8s.api.core.v1.PersistentVolumeClaimStatus";

export const persistentVolumeClaim = define({
  group: "",
  version: "v1",
  kind: "PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
  namespaced: true,
  defaults: (draft) => {
    (draft.status ??= {}).phase ||= "Pending";
    draft.spec ??= {};
    draft.spec.volumeMode ??= "Filesystem";
  },
  prepareForCreate: (draft) => {
    draft.status = { phase: "Pending" };
    settleDataSource(draft.spec);
  },
  prepareForUpdate: (draft, old) => {
    keepStatus(draft, old);
    settleDataSource(draft.spec, old["spec"]);
  },
  shortNames: ["pvc"],
  status: true,
  validateBody: validateClaim,
  validateBodyUpdate: validateClaimUpdate,
  columns: [
    NAME,
    column("Status", "string", doc(`${STATUS}#phase`)),
    column("Volume", "string", doc(`${SPEC}#volumeName`)),
    column("Capacity", "string", doc(`${STATUS}#capacity`)),
    column("Access Modes", "string", doc(`${STATUS}#accessModes`)),
    column("StorageClass", "string", "StorageClass of the pvc"),
    column("VolumeAttributesClass", "string", "VolumeAttributesClass of the pvc"),
    AGE,
    column("VolumeMode", "string", doc(`${SPEC}#volumeMode`), { wide: true }),
  ],
  cells: (object, nowMs) => {
    const { spec = {}, status = {} } = object;
    const bound = Boolean(spec.volumeName);
    return [
      object.metadata.name,
      object.metadata.deletionTimestamp ? "Terminating" : (status.phase ?? ""),
      spec.volumeName ?? "",
      bound ? (status.capacity?.storage ?? "0") : "",
      bound ? accessModes(status.accessModes) : "",
      storageClassOf(object),
      spec.volumeAttributesClassName ?? "<unset>",
      age(object, nowMs),
      spec.volumeMode ?? "<unset>",
    ];
  },
});
