import { keyOf } from "../api/informer.ts";
import { NODES } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { Gen } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";

const TTL = "node.alpha.kubernetes.io/ttl";
/**
 * How long kubelets may believe what they know of Secrets and ConfigMaps, in seconds, by the size of the cluster; the
 * lower bound of a step lies below the upper of the one before, so that a cluster at the edge does not go to and fro.
 */
const STEPS = [
  { from: 0, to: 100, seconds: 0 },
  { from: 90, to: 500, seconds: 15 },
  { from: 450, to: 1000, seconds: 30 },
  { from: 900, to: 2000, seconds: 60 },
  { from: 1800, to: Number.POSITIVE_INFINITY, seconds: 300 },
];

/** Keeps the annotation that tells each kubelet so (pkg/controller/ttl). */
class NodeTtl implements Reconciler {
  readonly name = "node-ttl";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  private nodes = 0;
  private step = 0;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    context.informers.handle(NODES, ({ type, object, old }) => {
      if (type === "added") this.nodes++;
      if (type === "deleted") this.nodes--;
      while (this.nodes > STEPS[this.step]!.to) this.step++;
      while (this.nodes < STEPS[this.step]!.from) this.step--;
      const same = old && old.metadata.annotations === object.metadata.annotations;
      if (type !== "deleted" && !same) this.queue.add(keyOf(object));
    });
  }

  *reconcile(name: string): Gen {
    const { informers, client } = this.context;
    const wanted = String(STEPS[this.step]!.seconds);
    const node = informers.get(NODES, name);
    if (node === undefined || node.metadata.annotations?.[TTL] === wanted) return;
    try {
      yield* client.patch(NODES, undefined, name, { metadata: { annotations: { [TTL]: wanted } } }, "strategic");
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
}

export function startNodeTtl(context: ControllerContext): void {
  new NodeTtl(context);
}
