import { keyOf } from "../../api/informer.ts";
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS } from "../../api/resources.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeObject, Resource } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import type { ControllerContext } from "../context.ts";
import { usesClaim } from "./uses.ts";

const CLAIM_FINALIZER = "kubernetes.io/pvc-protection";
const VOLUME_FINALIZER = "kubernetes.io/pv-protection";

/** Lets a claim that is to go go once no Pod uses it any more (pkg/controller/volume/pvcprotection). */
export function startClaimProtection(context: ControllerContext): void {
  const { informers } = context;
  const queue = context.queue({
    name: "pvc-protection",
    *reconcile(key) {
      const claim = informers.get(PERSISTENT_VOLUME_CLAIMS, key);
      if (claim === undefined) return;
      if (lacks(claim, CLAIM_FINALIZER)) return yield* hold(context, PERSISTENT_VOLUME_CLAIMS, claim, CLAIM_FINALIZER);
      if (!awaits(claim, CLAIM_FINALIZER)) return;
      const { namespace, name } = claim.metadata;
      for (const pod of informers.list(PODS)) {
        if (pod.metadata.namespace === namespace && !finished(pod) && usesClaim(pod, name)) return;
      }
      yield* letGo(context, PERSISTENT_VOLUME_CLAIMS, claim, CLAIM_FINALIZER);
    },
  });
  informers.handle(PERSISTENT_VOLUME_CLAIMS, ({ object }) => {
    if (lacks(object, CLAIM_FINALIZER) || object.metadata.deletionTimestamp) queue.add(keyOf(object));
  });
  informers.handle(PODS, ({ type, object }) => {
    if (type !== "deleted" && !finished(object)) return;
    const { namespace, name } = object.metadata;
    for (const { persistentVolumeClaim, ephemeral, name: volume } of object["spec"].volumes ?? []) {
      if (persistentVolumeClaim) queue.add(`${namespace}/${persistentVolumeClaim.claimName}`);
      else if (ephemeral) queue.add(`${namespace}/${name}-${volume}`);
    }
  });
}

/** Lets a volume that is to go go once it is bound no more (pkg/controller/volume/pvprotection). */
export function startVolumeProtection(context: ControllerContext): void {
  const { informers } = context;
  const queue = context.queue({
    name: "pv-protection",
    *reconcile(key) {
      const volume = informers.get(PERSISTENT_VOLUMES, key);
      if (volume === undefined) return;
      if (lacks(volume, VOLUME_FINALIZER)) return yield* hold(context, PERSISTENT_VOLUMES, volume, VOLUME_FINALIZER);
      if (!awaits(volume, VOLUME_FINALIZER) || volume["status"]?.phase === "Bound") return;
      yield* letGo(context, PERSISTENT_VOLUMES, volume, VOLUME_FINALIZER);
    },
  });
  informers.handle(PERSISTENT_VOLUMES, ({ object }) => {
    if (lacks(object, VOLUME_FINALIZER) || object.metadata.deletionTimestamp) queue.add(keyOf(object));
  });
}

/** Admission gives every one its finalizer; who takes it away from one that stays finds it there again. */
function lacks({ metadata }: KubeObject, finalizer: string): boolean {
  return metadata.deletionTimestamp === undefined && metadata.finalizers?.includes(finalizer) !== true;
}

function awaits({ metadata }: KubeObject, finalizer: string): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(finalizer) === true;
}

/** A Pod that has ended, or never got a node before it was deleted, holds nothing. */
function finished(pod: KubeObject): boolean {
  const phase = pod["status"]?.phase;
  return (
    phase === "Succeeded" || phase === "Failed" || (!pod["spec"].nodeName && Boolean(pod.metadata.deletionTimestamp))
  );
}

function hold(context: ControllerContext, resource: Resource, object: KubeObject, finalizer: string): Gen {
  return keep(context, resource, object, [...(object.metadata.finalizers ?? []), finalizer]);
}

function letGo(context: ControllerContext, resource: Resource, object: KubeObject, finalizer: string): Gen {
  const rest = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer);
  return keep(context, resource, object, rest);
}

function* keep({ client }: ControllerContext, resource: Resource, object: KubeObject, finalizers: string[]): Gen {
  try {
    yield* client.update(resource, { ...object, metadata: { ...object.metadata, finalizers } });
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}
