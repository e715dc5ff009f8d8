import { keyOf } from "../api/informer.ts";
import { NODES, PODS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, SECOND } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";

/** A node must be missing this long before its Pods are taken for orphans (podgc quarantineTime). */
const QUARANTINE = 40 * SECOND;

/** Deletes Pods whose node is gone (pkg/controller/podgc). */
class PodGarbageCollector implements Reconciler {
  readonly name = "podgc";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    context.informers.handle(NODES, ({ type, object }) => {
      if (type === "deleted") this.queue.addAfter(object.metadata.name, QUARANTINE);
    });
    context.informers.handle(PODS, ({ type, object }) => {
      if (type !== "deleted") this.suspect(object);
    });
    for (const pod of context.informers.list(PODS)) this.suspect(pod);
  }

  /** Bound to a node that is not there: looked at again after the quarantine. */
  private suspect({ spec }: KubeObject): void {
    const node: string | undefined = spec.nodeName;
    if (node && this.context.informers.get(NODES, node) === undefined) this.queue.addAfter(node, QUARANTINE);
  }

  *reconcile(node: string): Gen {
    const { informers, client } = this.context;
    if (informers.get(NODES, node) !== undefined) return;
    for (const pod of [...informers.list(PODS)]) {
      if (pod.spec.nodeName !== node || informers.get(PODS, keyOf(pod)) === undefined) continue;
      try {
        yield* client.delete(PODS, pod.metadata.namespace, pod.metadata.name, { gracePeriodSeconds: 0 });
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
    }
  }
}

export function startPodGarbageCollector(context: ControllerContext): void {
  new PodGarbageCollector(context);
}
