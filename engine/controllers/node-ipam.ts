import { keyOf } from "../api/informer.ts";
import { NODES } from "../api/resources.ts";
import type { Gen } from "../kernel/index.ts";
import { ipv4Number, ipv4Text } from "../text/ipv4.ts";
import type { ControllerContext } from "./context.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";

/** --node-cidr-mask-size: every node gets 256 addresses. */
const NODE_MASK = 24;

/** Gives each node its part of the Pods' addresses (pkg/controller/nodeipam, RangeAllocator). */
class NodeIpamController implements Reconciler {
  readonly name = "nodeipam";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  /** Taken parts by their number. */
  private readonly taken = new Set<number>();
  private readonly base: number;
  private readonly count: number;
  private next = 0;

  constructor(context: ControllerContext) {
    this.context = context;
    const [address, mask] = context.options.clusterCidr.split("/") as [string, string];
    this.base = ipv4Number(address);
    this.count = 2 ** (NODE_MASK - Number(mask));
    this.queue = context.queue(this);
    context.informers.handle(NODES, ({ type, object }) => {
      const cidr: string | undefined = object.spec?.podCIDR;
      if (cidr) {
        const part = (ipv4Number(cidr.split("/")[0]!) - this.base) / 2 ** (32 - NODE_MASK);
        if (type === "deleted") this.taken.delete(part);
        else this.taken.add(part);
      } else if (type !== "deleted") this.queue.add(keyOf(object));
    });
  }

  *reconcile(name: string): Gen {
    const { informers, client, recorder } = this.context;
    const node = informers.get(NODES, name);
    if (node === undefined || node.spec?.podCIDR) return;
    const part = this.free();
    if (part === undefined) {
      recorder.event(node, "Normal", "CIDRNotAvailable", `Node ${name} status is now: CIDRNotAvailable`);
      return;
    }
    this.taken.add(part);
    const cidr = `${ipv4Text(this.base + part * 2 ** (32 - NODE_MASK))}/${NODE_MASK}`;
    try {
      yield* client.patch(NODES, undefined, name, { spec: { podCIDR: cidr, podCIDRs: [cidr] } }, "strategic");
    } catch (error) {
      this.taken.delete(part);
      throw error;
    }
  }

  /** The next free part, going round as upstream's CidrSet does. */
  private free(): number | undefined {
    for (let i = 0; i < this.count; i++) {
      const part = (this.next + i) % this.count;
      if (this.taken.has(part)) continue;
      this.next = (part + 1) % this.count;
      return part;
    }
    return undefined;
  }
}

export function startNodeIpamController(context: ControllerContext): void {
  // Without --allocate-node-cidrs nobody shares addresses out.
  if (context.options.clusterCidr === "") return;
  new NodeIpamController(context);
}
