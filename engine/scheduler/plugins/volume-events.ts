import type { KubeObject } from "../../api/types.ts";
import type { ClusterEvent } from "../framework.ts";

/** Names of the claims of a Pod, those of its ephemeral volumes among them. */
export const claimNames = (pod: KubeObject): string[] =>
  (pod.spec.volumes ?? []).flatMap(
    (volume: KubeObject) =>
      volume["persistentVolumeClaim"]?.claimName ??
      (volume["ephemeral"] ? `${pod.metadata.name}-${volume["name"]}` : []),
  );

/** A change of volumes that a Pod may have waited for: of a claim only where it is its own. */
export function concerns(pod: KubeObject, event: ClusterEvent): boolean {
  if (event.type !== "VolumeChange") return false;
  const { kind, metadata } = event.object;
  if (kind !== "PersistentVolumeClaim") return true;
  return metadata.namespace === pod.metadata.namespace && claimNames(pod).includes(metadata.name);
}
