import { keyOf } from "../../api/informer.ts";
import { PERSISTENT_VOLUME_CLAIMS, PODS } from "../../api/resources.ts";
import { failure } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import type { ControllerContext } from "../context.ts";
import { controllerRef } from "../pods.ts";

interface EphemeralVolume {
  name: string;
  ephemeral?: { volumeClaimTemplate: { metadata?: Record<string, object>; spec: object } };
}

/** Makes the claims of a Pod's generic ephemeral volumes, which go with the Pod (pkg/controller/volume/ephemeral). */
export function startEphemeralVolumes(context: ControllerContext): void {
  const { informers } = context;
  const queue = context.queue({ name: "ephemeral-volume", reconcile: (key) => sync(context, key) });
  informers.handle(PODS, ({ type, object }) => {
    if (type !== "added" || object.metadata.deletionTimestamp) return;
    if (volumesOf(object).length > 0) queue.add(keyOf(object));
  });
  informers.handle(PERSISTENT_VOLUME_CLAIMS, ({ type, object }) => {
    if (type !== "deleted") return;
    const owner = object.metadata.ownerReferences?.find(({ controller, kind }) => controller && kind === "Pod");
    if (owner) queue.add(`${object.metadata.namespace}/${owner.name}`);
  });
}

const volumesOf = (pod: KubeObject) =>
  ((pod.spec.volumes ?? []) as EphemeralVolume[]).filter(({ ephemeral }) => ephemeral !== undefined);

function* sync(context: ControllerContext, key: string): Gen {
  const { informers, recorder } = context;
  const pod = informers.get(PODS, key);
  if (pod === undefined || pod.metadata.deletionTimestamp) return;
  const { namespace, name: podName, uid } = pod.metadata;
  for (const volume of volumesOf(pod)) {
    const fail = (why: string) =>
      recorder.event(pod, "Warning", "FailedBinding", `ephemeral volume ${volume.name}: ${why}`);
    const name = `${podName}-${volume.name}`;
    const found = informers.get(PERSISTENT_VOLUME_CLAIMS, `${namespace}/${name}`);
    if (found?.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid)) continue;
    if (found !== undefined) {
      const why = `PVC ${namespace}/${name} was not created for pod ${namespace}/${podName} (pod is not owner)`;
      fail(why);
      throw failure(500, "InternalError", why);
    }
    try {
      yield* context.client.create(PERSISTENT_VOLUME_CLAIMS, claimFor(pod, volume, name));
    } catch (error) {
      fail(`create PVC ${name}: ${(error as Error).message}`);
      throw error;
    }
  }
}

function claimFor(pod: KubeObject, { ephemeral }: EphemeralVolume, name: string): object {
  const { metadata, spec } = ephemeral!.volumeClaimTemplate;
  const { annotations, labels } = metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name,
      namespace: pod.metadata.namespace,
      ...(annotations && { annotations }),
      ...(labels && { labels }),
      ownerReferences: [controllerRef({ ...pod, apiVersion: "v1", kind: "Pod" })],
    },
    spec,
  };
}
