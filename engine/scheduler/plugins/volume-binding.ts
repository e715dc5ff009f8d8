import { matchesTerm, type NodeSelectorTerm } from "../../api/node-selector.ts";
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from "../../api/resources.ts";
import { storageClassOf } from "../../api/storage/access.ts";
import { BIND_COMPLETED, BOUND_BY_CONTROLLER, SELECTED_NODE } from "../../api/storage/annotations.ts";
import { findVolume } from "../../api/storage/match.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Gen, MS, SECOND, sleep } from "../../kernel/index.ts";
import { type Binder, type ClusterView, type Cycle, type Plugin, unresolvable } from "../framework.ts";
import { concerns } from "./volume-events.ts";

const NO_PROVISIONER = "kubernetes.io/no-provisioner";
/** bindTimeoutSeconds of the plugin's arguments. */
const BIND_TIMEOUT = 600 * SECOND;
const POLL = 100 * MS;

interface Claims {
  bound: KubeObject[];
  /** Bound once the Pod has a node. */
  delayed: KubeObject[];
}

/** The Pod's claims, or why it cannot be placed yet. */
function claimsOf(pod: KubeObject, view: ClusterView): Claims | string {
  const claims: Claims = { bound: [], delayed: [] };
  for (const volume of pod.spec.volumes ?? []) {
    const name = volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral && `${pod.metadata.name}-${volume.name}`);
    if (name === undefined) continue;
    const claim = view.claim(pod.metadata.namespace ?? "", name);
    if (claim === undefined && volume.ephemeral)
      return `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`;
    if (claim === undefined) return `persistentvolumeclaim "${name}" not found`;
    if (volume.ephemeral && !claim.metadata.ownerReferences?.some((owner) => owner.uid === pod.metadata.uid)) {
      const both = [claim, pod].map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
      return `PVC ${both[0]} was not created for pod ${both[1]} (pod is not owner)`;
    }
    if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
    if (claim.status?.phase === "Lost")
      return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName}"`;
    const done = claim.spec.volumeName && claim.metadata.annotations?.[BIND_COMPLETED] !== undefined;
    if (done) claims.bound.push(claim);
    else if (
      view.storageClass(storageClassOf(claim))?.["volumeBindingMode"] !== "WaitForFirstConsumer" ||
      claim.spec.volumeName
    ) {
      return "pod has unbound immediate PersistentVolumeClaims";
    } else claims.delayed.push(claim);
  }
  return claims;
}

function cached(cycle: Cycle): Claims | string {
  return cycle.once("volumes", () => claimsOf(cycle.pod, cycle.view));
}

/** The node may use the volume (component-helpers storage/volume CheckNodeAffinity). */
function reaches(volume: KubeObject, node: KubeObject): boolean {
  const terms: NodeSelectorTerm[] | undefined = volume.spec.nodeAffinity?.required?.nodeSelectorTerms;
  return terms === undefined || terms.some((term) => matchesTerm(term, node));
}

/** Volumes for the delayed claims on a node, each once; undefined for a claim that a provisioner is to serve. */
function plan(
  claims: readonly KubeObject[],
  node: KubeObject,
  view: ClusterView,
): Map<KubeObject, KubeObject | undefined> | undefined {
  const out = new Map<KubeObject, KubeObject | undefined>();
  for (const claim of claims) {
    const taken = new Set([...out.values()]);
    const volume = findVolume(claim, view.volumes(), (one) => !taken.has(one) && reaches(one, node));
    if (volume === undefined && view.storageClass(storageClassOf(claim))?.["provisioner"] === NO_PROVISIONER)
      return undefined;
    out.set(claim, volume);
  }
  return out;
}

/** Claims are bound, or can be bound on the node (plugins/volumebinding). */
export const volumeBinding: Plugin = {
  name: "VolumeBinding",
  preFilter: (cycle) => {
    const claims = cached(cycle);
    return typeof claims === "string" ? { rejection: unresolvable(claims) } : undefined;
  },
  filter: (cycle, { node }) => {
    const claims = cached(cycle);
    if (typeof claims === "string" || (claims.bound.length === 0 && claims.delayed.length === 0)) return undefined;
    for (const claim of claims.bound) {
      const volume = cycle.view.volume(claim.spec.volumeName);
      if (volume === undefined)
        return unresolvable("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
      if (!reaches(volume, node)) return unresolvable("node(s) had volume node affinity conflict");
    }
    if (plan(claims.delayed, node, cycle.view) === undefined) {
      return unresolvable("node(s) didn't find available persistent volumes to bind");
    }
    return undefined;
  },
  preBind,
  requeue: (pod, event) => event.type === "NodeAdd" || event.type === "NodeUpdate" || concerns(pod, event),
};

/** Promises volumes to the claims, or names the node to their provisioners, and waits until all are bound. */
function* preBind(pod: KubeObject, node: KubeObject, { client, view, kernel }: Binder): Gen<string | undefined> {
  const claims = claimsOf(pod, view);
  if (typeof claims === "string") return claims;
  if (claims.delayed.length === 0) return undefined;
  for (const [claim, volume] of plan(claims.delayed, node, view) ?? []) {
    const { namespace, name, uid, resourceVersion } = claim.metadata;
    if (volume === undefined) {
      const annotations = { ...claim.metadata.annotations, [SELECTED_NODE]: node.metadata.name };
      yield* client.update(PERSISTENT_VOLUME_CLAIMS, { ...claim, metadata: { ...claim.metadata, annotations } });
    } else if (volume.spec.claimRef?.uid !== uid) {
      const claimRef = { kind: "PersistentVolumeClaim", namespace, name, uid, apiVersion: "v1", resourceVersion };
      const annotations = { ...volume.metadata.annotations, [BOUND_BY_CONTROLLER]: "yes" };
      yield* client.update(PERSISTENT_VOLUMES, {
        ...volume,
        metadata: { ...volume.metadata, annotations },
        spec: { ...volume.spec, claimRef },
      } as KubeObject);
    }
  }
  for (const until = kernel.now + BIND_TIMEOUT; kernel.now < until; ) {
    const now = claimsOf(pod, view);
    if (typeof now === "string") return now;
    if (now.delayed.length === 0) return undefined;
    yield* sleep(POLL);
  }
  return "timed out waiting for the condition";
}
