import { type Cycle, type Plugin, unschedulable } from "../framework.ts";
import { claimNames, concerns } from "./volume-events.ts";

/** Names of the Pod's claims that one Pod alone may use. */
function exclusive({ pod, view }: Cycle): string[] {
  const { namespace = "" } = pod.metadata;
  return claimNames(pod).filter((name) => view.claim(namespace, name)?.spec.accessModes?.includes("ReadWriteOncePod"));
}

function isUsed({ pod, view }: Cycle, names: readonly string[]): boolean {
  for (const node of view.nodes())
    for (const other of node.pods.values())
      if (other.metadata.namespace === pod.metadata.namespace && claimNames(other).some((name) => names.includes(name)))
        return true;
  return false;
}

/** A claim of mode ReadWriteOncePod serves one Pod of the cluster (plugins/volumerestrictions). */
export const volumeRestrictions: Plugin = {
  name: "VolumeRestrictions",
  filter: (cycle) => {
    const names = cycle.once("VolumeRestrictions", () => exclusive(cycle));
    if (names.length === 0 || !isUsed(cycle, names)) return undefined;
    return unschedulable(
      "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",
    );
  },
  requeue: (pod, event) => {
    if (event.type === "VolumeChange") return event.object.kind === "PersistentVolumeClaim" && concerns(pod, event);
    if (event.type !== "AssignedPodDelete" || event.pod.metadata.namespace !== pod.metadata.namespace) return false;
    const mine = claimNames(pod);
    return claimNames(event.pod).some((name) => mine.includes(name));
  },
};
