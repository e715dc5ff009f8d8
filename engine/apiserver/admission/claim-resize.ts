import { compareQuantities, quantity } from "../../api/quantity.ts";
import { storageClassOf } from "../../api/storage/access.ts";
import type { KubeObject } from "../../api/types.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { isResource, refuse } from "./refuse.ts";

/** Claims grow only when bound, and where their class allows it (plugin/pkg/admission/storage/persistentvolume/resize). */
export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: "PersistentVolumeClaimResize",
  validate(attributes) {
    const { operation, object, old, context } = attributes;
    if (!isResource(attributes, "", "persistentvolumeclaims") || operation !== "UPDATE" || !object || !old) return;
    if (compareQuantities(sizeOf(object as KubeObject), sizeOf(old)) <= 0) return;
    if (old["status"]?.phase !== "Bound")
      throw refuse(attributes, "Only bound persistent volume claims can be expanded");
    const name = storageClassOf(object as KubeObject);
    const cls = context.registry.cacheOf("storage.k8s.io", "v1", "storageclasses")?.get("", name);
    if (name !== "" && name === storageClassOf(old) && cls?.["allowVolumeExpansion"] === true) return;
    throw refuse(
      attributes,
      "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
    );
  },
};

function sizeOf(claim: KubeObject) {
  return quantity(claim["spec"]?.resources?.requests?.storage ?? "0");
}
