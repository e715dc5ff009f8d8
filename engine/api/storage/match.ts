import { matchesSelector } from "../label-selector.ts";
import { compareQuantities, quantity } from "../quantity.ts";
import type { KubeObject } from "../types.ts";
import { storageClassOf } from "./access.ts";

/** Whether a volume's claimRef names this claim, bound or promised (pv_controller_base IsVolumeBoundToClaim). */
export function refersTo(volume: KubeObject, claim: KubeObject): boolean {
  const ref = volume["spec"].claimRef;
  if (ref === undefined || ref.name !== claim.metadata.name || ref.namespace !== claim.metadata.namespace) return false;
  return !ref.uid || ref.uid === claim.metadata.uid;
}

/**
 * The volume that suits a claim best: one that was promised to it, else the smallest that is free and has its class, mode,
 * access modes, labels and size (component-helpers storage/volume/pv_helpers.go FindMatchingVolume). `suits`: a further
 * condition, e.g. the node.
 */
export function findVolume(
  claim: KubeObject,
  volumes: Iterable<KubeObject>,
  suits: (volume: KubeObject) => boolean = () => true,
): KubeObject | undefined {
  const { spec } = claim;
  const wanted = quantity(spec.resources?.requests?.storage ?? "0");
  const size = (volume: KubeObject) => quantity(volume["spec"].capacity?.storage ?? "0");
  let best: KubeObject | undefined;
  for (const volume of volumes) {
    const { spec: has, metadata, status } = volume;
    if (metadata.deletionTimestamp || (has.volumeMode ?? "Filesystem") !== (spec.volumeMode ?? "Filesystem")) continue;
    const promised = has.claimRef !== undefined;
    if (promised && !refersTo(volume, claim)) continue;
    if (compareQuantities(size(volume), wanted) < 0 || !suits(volume)) continue;
    if (promised) return volume;
    if (status?.phase !== "Available" || storageClassOf(volume) !== storageClassOf(claim)) continue;
    if (spec.selector && !matchesSelector(spec.selector, metadata.labels)) continue;
    const modes: readonly string[] = has.accessModes ?? [];
    if (!(spec.accessModes ?? []).every((mode: string) => modes.includes(mode))) continue;
    const order = best && compareQuantities(size(volume), size(best));
    if (order === undefined || order < 0 || (order === 0 && metadata.name < best!.metadata.name)) best = volume;
  }
  return best;
}
