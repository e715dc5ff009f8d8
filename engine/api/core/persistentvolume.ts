import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { accessModes, storageClassOf } from "../storage/access.ts";
import { defaultStorage } from "./pod-defaults.ts";
import { validatePersistentVolume, validatePersistentVolumeUpdate } from "./storage-validation.ts";

const SPEC = "io.k8s.api.core.v1.PersistentVolumeSpec";

export const persistentVolume = define({
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  plural: "persistentvolumes",
  namespaced: false,
  defaults: (draft) => {
    (draft.status ??= {}).phase ||= "Pending";
    draft.spec ??= {};
    delete draft.spec.volumeAttributesClassName;
    draft.spec.persistentVolumeReclaimPolicy ||= "Retain";
    draft.spec.volumeMode ??= "Filesystem";
    if (draft.spec.hostPath) draft.spec.hostPath.type ??= "";
    defaultStorage(draft.spec);
  },
  prepareForCreate: (draft) => {
    draft.status = { phase: "Pending", lastPhaseTransitionTime: draft.metadata.creationTimestamp };
  },
  statusChanged: (draft, old, now) => {
    if (draft.status?.phase !== old["status"]?.phase) draft.status.lastPhaseTransitionTime = now;
  },
  shortNames: ["pv"],
  status: true,
  validateBody: validatePersistentVolume,
  validateBodyUpdate: validatePersistentVolumeUpdate,
  columns: [
    NAME,
    column("Capacity", "string", doc(`${SPEC}#capacity`)),
    column("Access Modes", "string", doc(`${SPEC}#accessModes`)),
    column("Reclaim Policy", "string", doc(`${SPEC}#persistentVolumeReclaimPolicy`)),
    column("Status", "string", doc("io.k8s.api.core.v1.PersistentVolumeStatus#phase")),
    column("Claim", "string", doc(`${SPEC}#claimRef`)),
    column("StorageClass", "string", "StorageClass of the pv"),
    column("VolumeAttributesClass", "string", "VolumeAttributesClass of the pv"),
    column("Reason", "string", doc("io.k8s.api.core.v1.PersistentVolumeStatus#reason")),
    AGE,
    column("VolumeMode", "string", doc(`${SPEC}#volumeMode`), { wide: true }),
  ],
  cells: (object, nowMs) => {
    const { spec = {}, status = {} } = object;
    const claim = spec.claimRef;
    return [
      object.metadata.name,
      spec.capacity?.storage ?? "0",
      accessModes(spec.accessModes),
      spec.persistentVolumeReclaimPolicy ?? "",
      object.metadata.deletionTimestamp ? "Terminating" : (status.phase ?? ""),
      claim ? `${claim.namespace ?? ""}/${claim.name ?? ""}` : "",
      storageClassOf(object),
      spec.volumeAttributesClassName ?? "<unset>",
      status.reason ?? "",
      age(object, nowMs),
      spec.volumeMode ?? "<unset>",
    ];
  },
});
