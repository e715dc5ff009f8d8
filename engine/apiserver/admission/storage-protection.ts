import type { AdmissionPlugin } from "./admission.ts";
import { isResource } from "./refuse.ts";

/** Finalizers that keep volumes and claims while they are used (plugin/pkg/admission/storage/storageobjectinuseprotection). */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  mutate(attributes) {
    if (attributes.operation !== "CREATE") return;
    let finalizer: string;
    if (isResource(attributes, "", "persistentvolumes")) finalizer = "kubernetes.io/pv-protection";
    else if (isResource(attributes, "", "persistentvolumeclaims")) finalizer = "kubernetes.io/pvc-protection";
    else return;
    const { metadata } = attributes.object;
    if (!metadata.finalizers?.includes(finalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
  },
};
