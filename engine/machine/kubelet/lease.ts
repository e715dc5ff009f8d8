import type { Beat } from "../../api/http.ts";
import { LEASES, NODES } from "../../api/resources.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import { formatMicroTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Gen, MS } from "../../kernel/index.ts";
import { isNetError } from "../../network/error.ts";
import type { KubeletContext } from "./context.ts";
import { KUBELET } from "./durations.ts";

const NAMESPACE = "kube-node-lease";

/** The node's heartbeat: a Lease renewed every ten seconds (component-helpers apimachinery/lease). */
export class NodeLease {
  private readonly ctx: KubeletContext;
  private latest: KubeObject | undefined;
  private busy = false;
  private readonly event: string;
  private readonly wake = () => this.beat();
  private short: Beat | undefined;

  constructor(ctx: KubeletContext) {
    this.ctx = ctx;
    this.event = `lease ${ctx.nodeName}`;
  }

  start(): void {
    this.beat();
  }

  private beat(): void {
    const { ctx } = this;
    if (!this.busy && !this.renewedAtOnce()) {
      this.busy = true;
      if (this.latest === undefined) ctx.spawn(this.event, this.renew());
      else ctx.begin(this.event, this.renew());
    }
    const jitter = ctx.random.int(0, KUBELET.leaseJitterMs) * MS;
    ctx.after(KUBELET.leasePeriod + jitter, this.event, this.wake);
  }

  private get micros(): number {
    const { kernel } = this.ctx;
    return kernel.epochMs * 1000 + kernel.now;
  }

  private renewedAtOnce(): boolean {
    const { latest, ctx } = this;
    if (latest === undefined) return false;
    this.short ??= ctx.heartbeatClient.beat(NAMESPACE, ctx.nodeName);
    const renewed = this.short?.renew(latest, this.micros);
    if (renewed !== undefined) this.latest = renewed;
    return renewed !== undefined;
  }

  private *renew(): Gen {
    const { ctx } = this;
    const renewTime = formatMicroTime(this.micros);
    try {
      if (this.latest !== undefined) {
        try {
          const spec = { ...this.latest["spec"], renewTime };
          this.latest = yield* ctx.heartbeatClient.update(LEASES, { ...this.latest, spec });
          return;
        } catch (error) {
          if (!isStatus(error, "Conflict") && !isStatus(error, "NotFound")) throw error;
          this.latest = undefined;
        }
      }
      this.latest = yield* this.ensure(renewTime);
    } catch (error) {
      if (!(error instanceof StatusError) && !isNetError(error)) throw error;
      ctx.log("E", "controller.go:195", "Failed to update lease", { err: error.message });
    } finally {
      this.busy = false;
    }
  }

  private *ensure(renewTime: string): Gen<KubeObject> {
    const { heartbeatClient: client, nodeName } = this.ctx;
    const spec = { holderIdentity: nodeName, leaseDurationSeconds: KUBELET.leaseSeconds, renewTime };
    try {
      const found = yield* client.get<KubeObject>(LEASES, NAMESPACE, nodeName);
      return yield* client.update(LEASES, { ...found, spec: { ...found["spec"], ...spec } });
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
    const node = this.ctx.node() ?? (yield* client.get<KubeObject>(NODES, undefined, nodeName));
    const ownerReferences = [{ apiVersion: "v1", kind: "Node", name: nodeName, uid: node.metadata.uid }];
    const metadata = { name: nodeName, namespace: NAMESPACE, ownerReferences };
    return yield* client.create(LEASES, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec });
  }
}
