import { conditionPatch } from "../api/condition-patch.ts";
import { EventRecorder } from "../api/event-recorder.ts";
import { keyOf } from "../api/informer.ts";
import { PODS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import { formatTime } from "../api/time.ts";
import { type Taint, type Toleration, tolerates } from "../api/tolerations.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";

interface Scheduled {
  pod: KubeObject;
  node: string;
  /** ms since 1970. */
  at: number;
}

/**
 * Pods that do not tolerate a taint NoExecute go from its node: at once, or when their time is up, which counts from when
 * the taint was noticed (pkg/controller/tainteviction/taint_eviction.go processPodOnNode).
 */
export class TaintEviction {
  private readonly context: ControllerContext;
  /** Pods whose time runs, by uid. */
  private readonly scheduled = new Map<string, Scheduled>();

  private readonly recorder: EventRecorder;

  constructor(context: ControllerContext) {
    this.context = context;
    const { kernel, client } = context;
    this.recorder = new EventRecorder({ kernel, client, component: "taint-eviction-controller" });
  }

  /** Looks at the Pods of a node; µs until the next one's time. */
  *look(node: KubeObject): Gen<number | undefined> {
    const { informers, kernel } = this.context;
    const { name } = node.metadata;
    const all = (node.spec?.taints ?? []) as Taint[];
    const taints = all.filter(({ effect }) => effect === "NoExecute");
    if (taints.length === 0) {
      for (const [uid, each] of this.scheduled) if (each.node === name) this.cancel(uid);
      return undefined;
    }
    let next: number | undefined;
    for (const pod of [...informers.list(PODS)]) {
      if (pod.spec.nodeName !== name) continue;
      const { uid } = pod.metadata;
      if (pod.metadata.deletionTimestamp) {
        this.scheduled.delete(uid);
        continue;
      }
      const seconds = patience((pod.spec.tolerations ?? []) as Limited[], taints);
      if (seconds === undefined || seconds === 0) this.cancel(uid);
      if (seconds === undefined) continue;
      // What was decided first stands, even when another taint would have it go sooner.
      const at = this.scheduled.get(uid)?.at ?? kernel.wallMs + seconds * 1000;
      const left = Math.ceil((at - kernel.wallMs) * 1000);
      if (left > 0) {
        this.scheduled.set(uid, { pod, node: name, at });
        next = Math.min(next ?? left, left);
        continue;
      }
      this.scheduled.delete(uid);
      yield* this.evict(pod);
    }
    return next;
  }

  private cancel(uid: string): void {
    const found = this.scheduled.get(uid);
    if (found === undefined) return;
    this.scheduled.delete(uid);
    const { informers } = this.context;
    const pod = informers.get(PODS, keyOf(found.pod));
    if (pod === undefined || pod.metadata.uid !== uid) return;
    this.recorder.event(pod, "Normal", "TaintManagerEviction", `Cancelling deletion of Pod ${keyOf(pod)}`);
  }

  private *evict(pod: KubeObject): Gen {
    const { client, kernel } = this.context;
    this.recorder.event(pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${keyOf(pod)}`);
    const entry = {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByTaintManager",
      message: "Taint manager: deleting due to NoExecute taint",
      lastTransitionTime: formatTime(kernel.wallMs),
    };
    const { namespace, name } = pod.metadata;
    try {
      yield* client.patch(PODS, namespace, name, { status: conditionPatch(pod, entry) }, "strategic", "status");
      yield* client.delete(PODS, namespace, name);
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
}

type Limited = Toleration & { tolerationSeconds?: number };

/** Seconds for which a Pod may stay with taints; undefined: for good. Of each taint the first toleration counts. */
function patience(tolerations: readonly Limited[], taints: readonly Taint[]): number | undefined {
  let least: number | undefined;
  for (const taint of taints) {
    const tolerating = tolerations.find((each) => tolerates(each, taint));
    if (tolerating === undefined) return 0;
    const { tolerationSeconds: seconds } = tolerating;
    if (seconds !== undefined) least = Math.min(least ?? Number.POSITIVE_INFINITY, Math.max(0, seconds));
  }
  return least;
}
