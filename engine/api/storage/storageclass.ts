import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { validateStorageClass, validateStorageClassUpdate } from "./validation.ts";

const CLASS = "io.k8s.api.storage.v1.StorageClass";

function isDefault(annotations: Record<string, string> | undefined): boolean {
  return (
    annotations?.["storageclass.kubernetes.io/is-default-class"] === "true" ||
    annotations?.["storageclass.beta.kubernetes.io/is-default-class"] === "true"
  );
}

export const storageClass = define({
  group: "storage.k8s.io",
  version: "v1",
  kind: "StorageClass",
  plural: "storageclasses",
  namespaced: false,
  defaults: (draft) => {
    draft.reclaimPolicy ??= "Delete";
    draft.volumeBindingMode ??= "Immediate";
  },
  shortNames: ["sc"],
  validateBody: validateStorageClass,
  validateBodyUpdate: validateStorageClassUpdate,
  columns: [
    NAME,
    column("Provisioner", "string", doc(`${CLASS}#provisioner`)),
    column("ReclaimPolicy", "string", doc(`${CLASS}#reclaimPolicy`)),
    column("VolumeBindingMode", "string", doc(`${CLASS}#volumeBindingMode`)),
    column("AllowVolumeExpansion", "string", doc(`${CLASS}#allowVolumeExpansion`)),
    AGE,
  ],
  cells: (object, nowMs) => [
    object.metadata.name + (isDefault(object.metadata.annotations) ? " (default)" : ""),
    object.provisioner ?? "",
    object.reclaimPolicy ?? "Delete",
    object.volumeBindingMode ?? "Immediate",
    object.allowVolumeExpansion ?? false,
    age(object, nowMs),
  ],
});
