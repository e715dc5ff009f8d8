import type { KubeObject } from "../../api/types.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { isResource } from "./refuse.ts";

const ANNOTATIONS = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
] as const;

/** Claims that name no class get the default one; of several the newest (plugin/pkg/admission/storage/storageclass). */
export const defaultStorageClass: AdmissionPlugin = {
  name: "DefaultStorageClass",
  mutate(attributes) {
    if (!isResource(attributes, "", "persistentvolumeclaims") || attributes.operation !== "CREATE") return;
    const { spec, metadata } = attributes.object;
    if (spec.storageClassName !== undefined && spec.storageClassName !== null) return;
    if (metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] !== undefined) return;
    const classes = attributes.context.registry.cacheOf("storage.k8s.io", "v1", "storageclasses")?.everything() ?? [];
    const [first] = classes.filter(isDefault).sort(newestFirst);
    if (first) spec.storageClassName = first.metadata.name;
  },
};

function isDefault({ metadata }: KubeObject): boolean {
  return ANNOTATIONS.some((annotation) => metadata.annotations?.[annotation] === "true");
}

function newestFirst(a: KubeObject, b: KubeObject): number {
  const [x, y] = [a.metadata, b.metadata];
  if (x.creationTimestamp !== y.creationTimestamp) return x.creationTimestamp > y.creationTimestamp ? -1 : 1;
  return x.name < y.name ? -1 : 1;
}
