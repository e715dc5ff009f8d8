import type { KubeObject } from "../../api/types.ts";

/** Whether a Pod mounts a claim of this name. */
export function usesClaim(pod: KubeObject, name: string): boolean {
  for (const volume of pod["spec"].volumes ?? []) {
    if (volume.persistentVolumeClaim?.claimName === name) return true;
    if (volume.ephemeral && `${pod.metadata.name}-${volume.name}` === name) return true;
  }
  return false;
}
