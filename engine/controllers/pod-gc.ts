import { conditionPatch } from "../api/condition-patch.ts";
import { keyOf } from "../api/informer.ts";
import { NODES, PODS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import { formatTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, SECOND } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { condition } from "./pods.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";

/** A node must be missing this long before its Pods are taken for orphans (podgc quarantineTime). */
const QUARANTINE = 40 * SECOND;
/** How often upstream looks around (gcCheckPeriod). */
const PERIOD = 20 * SECOND;

/** An administrator's word that a node is down for good, so that nothing runs there any more (KEP-2268). */
const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

/** Deletes Pods whose node is gone, or out of service while they wait for it (pkg/controller/podgc). */
class PodGarbageCollector implements Reconciler {
  readonly name = "podgc";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    context.informers.handle(NODES, ({ type, object }) => {
      if (type === "deleted") this.queue.addAfter(object.metadata.name, QUARANTINE);
      else if (isOutOfService(object)) this.queue.addAfter(object.metadata.name, PERIOD);
    });
    context.informers.handle(PODS, ({ type, object }) => {
      if (type !== "deleted") this.suspect(object);
    });
    for (const pod of context.informers.list(PODS)) this.suspect(pod);
  }

  /** Bound to a node that is not there, or leaving one that is out of service. */
  private suspect({ spec, metadata }: KubeObject): void {
    const name: string | undefined = spec.nodeName;
    if (!name) return;
    const node = this.context.informers.get(NODES, name);
    if (node === undefined) this.queue.addAfter(name, QUARANTINE);
    else if (metadata.deletionTimestamp && isOutOfService(node)) this.queue.addAfter(name, PERIOD);
  }

  *reconcile(name: string): Gen {
    const { informers } = this.context;
    const node = informers.get(NODES, name);
    if (node !== undefined && !isOutOfService(node)) return;
    for (const pod of [...informers.list(PODS)]) {
      if (pod.spec.nodeName !== name || informers.get(PODS, keyOf(pod)) === undefined) continue;
      if (node === undefined) yield* this.remove(pod, "PodGC: node no longer exists");
      else if (pod.metadata.deletionTimestamp) yield* this.remove(pod);
    }
  }

  /** A Pod that had not ended has failed (markFailedAndDeletePodWithCondition); `why`: what disrupted it. */
  private *remove(pod: KubeObject, why?: string): Gen {
    const { client, kernel } = this.context;
    const { namespace, name } = pod.metadata;
    const phase = pod.status?.phase;
    try {
      if (phase !== "Succeeded" && phase !== "Failed") {
        const target = {
          type: "DisruptionTarget",
          status: "True",
          reason: "DeletionByPodGC",
          message: why,
          lastTransitionTime: formatTime(kernel.wallMs),
        };
        const status = { phase: "Failed", ...(why && conditionPatch(pod, target)) };
        yield* client.patch(PODS, namespace, name, { status }, "strategic", "status");
      }
      yield* client.delete(PODS, namespace, name, { gracePeriodSeconds: 0 });
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
}

/** Tainted so, and not ready: a node that still reports is not believed to be down. */
function isOutOfService(node: KubeObject): boolean {
  const taints: readonly { key: string }[] = node.spec?.taints ?? [];
  return taints.some(({ key }) => key === OUT_OF_SERVICE) && condition(node, "Ready")?.status !== "True";
}

export function startPodGarbageCollector(context: ControllerContext): void {
  new PodGarbageCollector(context);
}
