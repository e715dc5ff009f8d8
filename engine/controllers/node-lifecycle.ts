import { LEASES, NODES, PODS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import { formatTime } from "../api/time.ts";
import type { Taint } from "../api/tolerations.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, MS, SECOND } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { NodeZones } from "./node-zones.ts";
import { type Condition, condition } from "./pods.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";
import { TaintEviction } from "./taint-eviction.ts";

/** --node-monitor-period and --node-monitor-grace-period of 1.32. */
const MONITOR_PERIOD = 5 * SECOND;
const GRACE = 50 * SECOND;
const STARTUP_GRACE = 60 * SECOND;
/** How often nodes that wait for the taint NoExecute are looked at (scheduler.NodeEvictionPeriod). */
const EVICTION_PERIOD = 100 * MS;

const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";
/** Taints NoSchedule that conditions bring: type, status, key (node_lifecycle_controller.go nodeConditionToTaintKeyStatusMap). */
const CONDITION_TAINTS = [
  ["Ready", "False", NOT_READY],
  ["Ready", "Unknown", UNREACHABLE],
  ["MemoryPressure", "True", "node.kubernetes.io/memory-pressure"],
  ["DiskPressure", "True", "node.kubernetes.io/disk-pressure"],
  ["NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"],
  ["PIDPressure", "True", "node.kubernetes.io/pid-pressure"],
] as const;
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";
const OURS = new Set<string>([...CONDITION_TAINTS.map(([, , key]) => key), UNSCHEDULABLE]);

interface Health {
  /** µs of virtual time when a heartbeat was last seen. */
  seen: number;
  /** What shows a heartbeat: the Ready condition's and the lease's own marks. */
  readonly beat: string | false | undefined;
  readonly renewed: string | undefined;
  /** What these were read from. */
  readonly node: KubeObject;
  readonly lease: KubeObject | undefined;
  readonly leaseKey: string;
  /** The node's taint NoExecute is not what its condition asks for. */
  readonly isMarkedWrong: boolean;
}

/** Judges nodes by their heartbeats, taints the bad ones and has their Pods go (pkg/controller/nodelifecycle). */
class NodeLifecycleController implements Reconciler {
  readonly name = "nodelifecycle";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  private readonly health = new Map<string, Health>();
  /** Nodes that were told of, as they were then. */
  private readonly known = new Map<string, KubeObject>();
  private readonly zones = new NodeZones();
  private readonly evictions: TaintEviction;
  /** Nodes came, went or changed since the monitor's last look. */
  private news = true;
  /** Nodes that are to be tainted NoExecute when their zone has a turn. */
  private readonly waiting = new Set<string>();
  /** Nodes whose taint NoExecute is to be decided now: that is done at each look of the monitor alone. */
  private readonly judged = new Set<string>();

  constructor(context: ControllerContext) {
    this.context = context;
    this.evictions = new TaintEviction(context);
    this.queue = context.queue(this);
    const { informers } = context;
    informers.handle(NODES, ({ type, object, old }) => {
      const { name } = object.metadata;
      this.news = true;
      if (type === "deleted") {
        this.health.delete(name);
        this.waiting.delete(name);
        return;
      }
      const { labels } = object.metadata;
      const parts = old !== undefined && old.spec === object.spec && old.metadata.labels === labels;
      if (parts && sameStates(old.status?.conditions, object.status?.conditions)) return;
      if (old === undefined || face(old) !== face(object)) this.queue.add(name);
    });
    informers.handle(PODS, ({ type, object, old }) => {
      const node: string | undefined = object.spec.nodeName;
      if (type === "deleted" || !node || old?.spec.nodeName === node) return;
      const taints = (informers.get(NODES, node)?.spec?.taints ?? []) as Taint[];
      if (taints.some((taint) => taint.effect === "NoExecute")) this.queue.add(node);
    });
    this.monitor();
  }

  private monitor(): void {
    if (this.context.stopped()) return;
    const { news } = this;
    if (news) this.tellNews();
    for (const node of this.context.informers.list(NODES)) {
      if (this.isSilent(node) || this.health.get(node.metadata.name)!.isMarkedWrong) this.judge(node.metadata.name);
    }
    if (news) this.lookAtZones();
    this.news = false;
    this.context.kernel.after(MONITOR_PERIOD, "node monitor", () => this.monitor());
  }

  private judge(name: string): void {
    this.judged.add(name);
    this.queue.add(name);
  }

  /** Nodes that came and went since the last look (classifyNodes). */
  private tellNews(): void {
    const { informers, recorder } = this.context;
    const tell = (node: KubeObject, reason: string, message: string) =>
      recorder.event(nodeRef(node), "Normal", reason, `Node ${node.metadata.name} event: ${message} Controller`);
    for (const node of informers.list(NODES)) {
      const { name } = node.metadata;
      if (this.known.has(name)) continue;
      this.known.set(name, node);
      tell(node, "RegisteredNode", `Registered Node ${name} in`);
    }
    for (const [name, node] of this.known) {
      if (informers.get(NODES, name) !== undefined) continue;
      this.known.delete(name);
      tell(node, "RemovingNode", `Removing Node ${name} from`);
    }
  }

  /** When the whole cluster goes off nothing is evicted any more; when it is back all heartbeats count from now. */
  private lookAtZones(): void {
    const { informers, kernel } = this.context;
    const change = this.zones.look(informers.list(NODES), kernel.now);
    if (change === undefined) return;
    if (change === "left") for (const health of this.health.values()) health.seen = kernel.now;
    for (const node of informers.list(NODES)) this.judge(node.metadata.name);
  }

  /** No heartbeat within the grace period, and not yet said so. */
  private isSilent(node: KubeObject): boolean {
    const { now } = this.context.kernel;
    const { name } = node.metadata;
    const known = this.health.get(name);
    const leaseKey = known?.leaseKey ?? `kube-node-lease/${name}`;
    const lease = this.context.informers.get(LEASES, leaseKey);
    if (known?.node !== node || known.lease !== lease) {
      const health = healthOf(node, lease, leaseKey, now);
      this.health.set(name, health);
      if (known === undefined || known.beat !== health.beat || known.renewed !== health.renewed) return false;
      health.seen = known.seen;
    }
    const { seen } = this.health.get(name)!;
    if (now <= seen + GRACE) return false;
    const ready = condition(node, "Ready");
    const grace = ready === undefined ? STARTUP_GRACE : GRACE;
    return now > seen + grace && ready?.status !== "Unknown";
  }

  /** Nodes whose Pods have not been marked since they were last Ready. */
  private readonly wasReady = new Set<string>();

  *reconcile(name: string): Gen<{ requeueAfter: number } | void> {
    let node = this.context.informers.get(NODES, name);
    if (node === undefined) return;
    const judged = this.judged.delete(name);
    if (this.isSilent(node)) node = yield* this.markUnknown(node);
    node = yield* this.label(node);
    const [tainted, wait] = yield* this.taint(node, judged);
    node = tainted;
    // Only a node that was Ready before: Pods of one that has not come up yet speak for themselves.
    if (condition(node, "Ready")?.status === "True") this.wasReady.add(name);
    else if (this.wasReady.has(name)) {
      yield* this.markPods(node);
      this.wasReady.delete(name);
    }
    const next = yield* this.evictions.look(node);
    const requeueAfter = Math.min(next ?? Number.POSITIVE_INFINITY, wait ?? Number.POSITIVE_INFINITY);
    return requeueAfter === Number.POSITIVE_INFINITY ? undefined : { requeueAfter };
  }

  /** Labels of old names say what their successors say (reconcileNodeLabels). */
  private *label(node: KubeObject): Gen<KubeObject> {
    const { name, labels: before = {} } = node.metadata;
    const labels: Record<string, string> = {};
    for (const what of ["os", "arch"]) {
      const value = before[`kubernetes.io/${what}`];
      if (value !== undefined && before[`beta.kubernetes.io/${what}`] !== value)
        labels[`beta.kubernetes.io/${what}`] = value;
    }
    if (Object.keys(labels).length === 0) return node;
    return yield* this.context.client.patch(NODES, undefined, name, { metadata: { labels } }, "strategic");
  }

  private *markUnknown(node: KubeObject): Gen<KubeObject> {
    const { client, kernel } = this.context;
    const now = formatTime(kernel.wallMs);
    const conditions: Condition[] = [...(node.status?.conditions ?? [])];
    for (const type of ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"]) {
      const at = conditions.findIndex((c) => c.type === type);
      const old = conditions[at];
      if (old?.status === "Unknown") continue;
      const entry = {
        type,
        status: "Unknown",
        lastHeartbeatTime:
          (old as { lastHeartbeatTime?: string } | undefined)?.lastHeartbeatTime ?? node.metadata.creationTimestamp,
        lastTransitionTime: now,
        reason: old ? "NodeStatusUnknown" : "NodeStatusNeverUpdated",
        message: old ? "Kubelet stopped posting node status." : "Kubelet never posted node status.",
      };
      if (at < 0) conditions.push(entry);
      else conditions[at] = entry;
    }
    const updated = yield* client.update(NODES, { ...node, status: { ...node.status, conditions } }, "status");
    const { name } = node.metadata;
    // One that was not ready before has nothing new to tell.
    if (condition(node, "Ready")?.status === "True")
      this.context.recorder.event(nodeRef(node), "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
    return updated;
  }

  /**
   * Sets the taints that conditions and cordoning ask for, and takes away those they no longer ask for; with the µs
   * until a node that waits for NoExecute is to be looked at again.
   */
  private *taint(node: KubeObject, judged: boolean): Gen<[KubeObject, number | undefined]> {
    const { client, kernel } = this.context;
    const before = (node.spec?.taints ?? []) as (Taint & { timeAdded?: string })[];
    const wanted: (Taint & { timeAdded?: string })[] = [];
    const now = formatTime(kernel.wallMs);
    const want = (key: string, effect: string) => {
      const there = before.find((taint) => taint.key === key && taint.effect === effect);
      wanted.push(there ?? { key, effect, timeAdded: now });
    };
    const decides = judged || this.waiting.has(node.metadata.name);
    const wait = decides ? this.waitForEviction(node, before) : undefined;
    if (wait === undefined) wanted.push(...before.filter(evicts));
    for (const [type, status, key] of CONDITION_TAINTS) {
      if (condition(node, type)?.status !== status) continue;
      want(key, "NoSchedule");
      if (type === "Ready" && wait === 0) want(key, "NoExecute");
    }
    const again = wait || undefined;
    if (node.spec?.unschedulable) want(UNSCHEDULABLE, "NoSchedule");
    const others = before.filter((taint) => !OURS.has(taint.key));
    const after = [...others, ...wanted];
    const id = (list: readonly Taint[]) =>
      list
        .map((taint) => `${taint.key}:${taint.effect}`)
        .sort()
        .join();
    if (id(before) === id(after)) return [node, again];
    const { taints: _taints, ...spec } = node.spec ?? {};
    const changed = { ...node, spec: { ...spec, ...(after.length > 0 && { taints: after }) } };
    return [yield* client.update(NODES, changed), again];
  }

  /** µs until a node that is not ready may be tainted NoExecute; 0: it may be now. */
  private waitForEviction(node: KubeObject, taints: readonly Taint[]): number {
    const { name } = node.metadata;
    const ready = condition(node, "Ready");
    if (ready === undefined || ready.status === "True") {
      this.waiting.delete(name);
      return 0;
    }
    if (!this.waiting.has(name)) {
      if (taints.some(evicts) && !this.zones.disrupted) return 0;
      this.waiting.add(name);
      return EVICTION_PERIOD;
    }
    this.lookAtZones();
    const wait = this.zones.take(node, this.context.kernel.now);
    if (wait === 0) this.waiting.delete(name);
    return Math.min(wait, MONITOR_PERIOD);
  }

  /** Pods on a node that is not ready are not ready either, for their Services' sake. */
  private *markPods(node: KubeObject): Gen {
    const { informers, client, recorder, kernel } = this.context;
    if (condition(node, "Ready") === undefined) return;
    for (const pod of [...informers.list(PODS)]) {
      if (pod.spec.nodeName !== node.metadata.name || condition(pod, "Ready")?.status !== "True") continue;
      const entry = { type: "Ready", status: "False", lastTransitionTime: formatTime(kernel.wallMs) };
      const { namespace, name } = pod.metadata;
      try {
        yield* client.patch(PODS, namespace, name, { status: { conditions: [entry] } }, "strategic", "status");
        recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready");
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
    }
  }
}

/** What a node's condition and Lease show at a first look. */
function healthOf(node: KubeObject, lease: KubeObject | undefined, leaseKey: string, now: number): Health {
  const ready = condition(node, "Ready") as (Condition & { lastHeartbeatTime?: string }) | undefined;
  const beat = ready?.status !== "Unknown" && ready?.lastHeartbeatTime;
  const renewed: string | undefined = lease?.["spec"]?.renewTime;
  const key = ready?.status === "False" ? NOT_READY : ready?.status === "Unknown" ? UNREACHABLE : undefined;
  const there = ((node["spec"]?.taints ?? []) as Taint[]).filter(evicts);
  const isMarkedWrong = key === undefined ? there.length > 0 : there.length !== 1 || there[0]!.key !== key;
  return { seen: now, beat, renewed, node, lease, leaseKey, isMarkedWrong };
}

/** Has Pods go from a node that is not ready. */
const evicts = ({ key, effect }: Taint) => effect === "NoExecute" && (key === NOT_READY || key === UNREACHABLE);

/** Events about nodes name them by uid = name and live in `default` (nodeutil RecordNodeEvent). */
function nodeRef(node: KubeObject) {
  return { kind: "Node", apiVersion: "v1", name: node.metadata.name, uid: node.metadata.uid };
}

/** Conditions that differ in their times at most. */
function sameStates(a: readonly Condition[] = [], b: readonly Condition[] = []): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i]!.type !== b[i]!.type || a[i]!.status !== b[i]!.status) return false;
  return true;
}

/** What of a node asks for action; heartbeats do not. */
function face(node: KubeObject): string {
  const conditions = (node.status?.conditions ?? []).map((c: Condition) => `${c.type}${c.status}`);
  return JSON.stringify([node.spec, conditions, node.metadata.labels]);
}

export function startNodeLifecycleController(context: ControllerContext): void {
  new NodeLifecycleController(context);
}
