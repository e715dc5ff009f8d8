import { NODES, PODS } from "../../api/resources.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Gen, sleep } from "../../kernel/index.ts";
import { isNetError } from "../../network/error.ts";
import { drawMs, type KubeletContext } from "./context.ts";
import { KUBELET } from "./durations.ts";
import { type Pod, podKey } from "./types.ts";

const HASH = "kubernetes.io/config.hash";
const MIRROR = "kubernetes.io/config.mirror";

/** True when a mirror Pod shows this version of the static Pod. */
export function mirrors(mirror: Pod, pod: Pod): boolean {
  return mirror.metadata.annotations?.[MIRROR] === pod.metadata.annotations?.[HASH];
}

/**
 * Sees to it that the API shows a static Pod: an outdated mirror goes, a missing one is made
 * (pkg/kubelet/pod/mirror_client.go). An API server that does not answer is no reason not to run the Pod.
 */
export function* ensureMirror(ctx: KubeletContext, pod: Pod, mirror: Pod | undefined): Gen<void> {
  try {
    if (mirror && !mirror.metadata.deletionTimestamp && mirrors(mirror, pod)) return;
    if (mirror) yield* deleteMirror(ctx, mirror);
    const node = ctx.node() ?? (yield* ctx.client.get<KubeObject>(NODES, undefined, ctx.nodeName));
    const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, ...metadata } = pod.metadata;
    yield* ctx.client.create(PODS, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...metadata,
        annotations: { ...pod.metadata.annotations, [MIRROR]: pod.metadata.annotations![HASH]! },
        ownerReferences: [
          { apiVersion: "v1", kind: "Node", name: ctx.nodeName, uid: node.metadata.uid, controller: true },
        ],
      },
      spec: pod.spec,
    });
  } catch (error) {
    if (isStatus(error, "AlreadyExists")) return;
    if (!(error instanceof StatusError) && !isNetError(error)) throw error;
    ctx.log("E", "mirror_client.go:138", "Failed creating a mirror pod for", { err: error.message, pod: podKey(pod) });
    ctx.after(drawMs(ctx.random, KUBELET.volumeRefreshMs), `resync ${podKey(pod)}`, () => ctx.touch(pod.metadata.uid));
  }
}

export function* deleteMirror(ctx: KubeletContext, mirror: Pod): Gen<void> {
  ctx.log("I", "mirror_client.go:130", "Deleting a mirror pod", { pod: podKey(mirror), podUID: mirror.metadata.uid });
  const { namespace, name, uid } = mirror.metadata;
  try {
    yield* ctx.client.delete(PODS, namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } });
  } catch (error) {
    if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
  }
}

/** Deletes a mirror that has no static Pod any more, however long the API server is away (HandlePodCleanups, every 2 s). */
export function* deleteOrphanedMirror(ctx: KubeletContext, mirror: Pod): Gen<void> {
  for (;;) {
    try {
      yield* deleteMirror(ctx, mirror);
      return;
    } catch (error) {
      if (!(error instanceof StatusError) && !isNetError(error)) throw error;
      const pod = podKey(mirror);
      ctx.log("E", "mirror_client.go:141", "Failed deleting a mirror pod", { err: error.message, pod });
      yield* sleep(KUBELET.housekeeping);
    }
  }
}
