import { storageClassOf } from "../../api/storage/access.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Cycle, type Plugin, type Rejection, unresolvable } from "../framework.ts";
import { concerns } from "./volume-events.ts";

const OLD_LABELS: Readonly<Record<string, string>> = {
  "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
};
const LABELS = [...Object.keys(OLD_LABELS), ...Object.values(OLD_LABELS)];

/** Where a volume can be reached: a label and what it may say. */
interface Place {
  key: string;
  values: readonly string[];
}

function placesOf({ metadata: { labels = {} } }: KubeObject): Place[] {
  // Several zones of one volume are joined so.
  return LABELS.filter((key) => labels[key] !== undefined).map((key) => ({ key, values: labels[key]!.split("__") }));
}

/** Places of the volumes behind the Pod's claims; those that are bound with the Pod have none yet. */
function places({ pod, view }: Cycle): Place[] | Rejection {
  const out: Place[] = [];
  for (const { persistentVolumeClaim } of pod.spec.volumes ?? []) {
    if (persistentVolumeClaim === undefined) continue;
    const { claimName } = persistentVolumeClaim;
    const claim = view.claim(pod.metadata.namespace ?? "", claimName);
    if (claim === undefined) return unresolvable(`persistentvolumeclaim "${claimName}" not found`);
    const volumeName: string | undefined = claim.spec.volumeName;
    if (volumeName) {
      const volume = view.volume(volumeName);
      if (volume === undefined) return unresolvable(`persistentvolume "${volumeName}" not found`);
      out.push(...placesOf(volume));
      continue;
    }
    const name = storageClassOf(claim);
    if (name === "") return unresolvable("PersistentVolumeClaim had no pv name and storageClass name");
    const storageClass = view.storageClass(name);
    if (storageClass === undefined) return unresolvable(`storageclass.storage.k8s.io "${name}" not found`);
    if (storageClass["volumeBindingMode"] !== "WaitForFirstConsumer") {
      return unresolvable("PersistentVolume had no name");
    }
  }
  return out;
}

const found = (cycle: Cycle) => cycle.once("VolumeZone", () => places(cycle));

/** A bound volume is in a zone or region, so its Pod is too; a node that names neither will do (plugins/volumezone). */
export const volumeZone: Plugin = {
  name: "VolumeZone",
  preFilter: (cycle) => {
    const wanted = found(cycle);
    return Array.isArray(wanted) ? undefined : { rejection: wanted };
  },
  filter: (cycle, { node }) => {
    const wanted = found(cycle);
    if (!Array.isArray(wanted) || wanted.length === 0) return undefined;
    const labels = node.metadata.labels ?? {};
    if (!LABELS.some((key) => labels[key] !== undefined)) return undefined;
    const fits = wanted.every(({ key, values }) => {
      const value = labels[key] ?? labels[OLD_LABELS[key] ?? key];
      return value !== undefined && values.includes(value);
    });
    return fits ? undefined : unresolvable("node(s) had no available volume zone");
  },
  requeue: (pod, event) => event.type === "NodeAdd" || event.type === "NodeUpdate" || concerns(pod, event),
};
