import { NODES } from "../../api/resources.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Gen, sleep } from "../../kernel/index.ts";
import { isNetError } from "../../network/error.ts";
import { KERNEL_RELEASE } from "../base/proc.ts";
import { firmwareUuid, uuidOf } from "../hardware.ts";
import { RUNTIME_VERSION } from "../runtime/index.ts";
import type { KubeletContext } from "./context.ts";
import { KUBELET } from "./durations.ts";
import { type EvictionConfig, keptBack } from "./eviction/thresholds.ts";
import { allocatable } from "./resources.ts";

const OS_IMAGE = "Debian GNU/Linux 12 (bookworm)";
/** nodeStatusMaxImages. */
const MAX_IMAGES = 50;
/** What the node says before its runtime was first looked at. */
const UNCHECKED = "[container runtime status check may not have completed yet]";

/** What a node may run out of: reason and message while it does not, and while it does (pkg/kubelet/nodestatus/setters.go). */
const PRESSURES = [
  [
    "MemoryPressure",
    ["HasSufficientMemory", "sufficient memory available"],
    ["HasInsufficientMemory", "insufficient memory available"],
  ],
  ["DiskPressure", ["HasNoDiskPressure", "no disk pressure"], ["HasDiskPressure", "disk pressure"]],
  [
    "PIDPressure",
    ["HasSufficientPID", "sufficient PID available"],
    ["HasInsufficientPID", "insufficient PID available"],
  ],
] as const;

interface NodeCondition {
  type: string;
  status: string;
  lastHeartbeatTime: string;
  lastTransitionTime: string;
  reason: string;
  message: string;
}

interface StatusKey {
  readonly registered: boolean;
  readonly version: number;
  readonly ip: string | undefined;
  readonly pressures: readonly string[];
  readonly why: string | undefined;
  readonly key: string;
}

/** Registers the node and reports its status when it changed, at the latest every five minutes. */
export class NodeReporter {
  private readonly ctx: KubeletContext;
  private readonly limits: EvictionConfig;
  private readonly reason: () => string | undefined;
  private readonly pressures: () => readonly string[];
  private conditions: NodeCondition[] = [];
  private sent = "";
  private sentAt = 0;
  private reporting = false;
  private readonly event: string;
  private readonly wake = () => this.tick();
  /** The last key, and what it is of. */
  private last: StatusKey | undefined;
  registered = false;
  /** The node as it was created, until the informer has it. */
  created: KubeObject | undefined;

  /** `notReady`: why the node cannot run Pods, undefined when it can; `pressures`: conditions of what it runs out of. */
  constructor(
    ctx: KubeletContext,
    limits: EvictionConfig,
    notReady: () => string | undefined,
    pressures: () => readonly string[],
  ) {
    this.ctx = ctx;
    this.event = `node status ${ctx.nodeName}`;
    this.limits = limits;
    this.reason = notReady;
    this.pressures = pressures;
  }

  /** Reference of the node for events: its uid is its name. */
  get reference(): { kind: string; name: string; uid: string } {
    const { nodeName } = this.ctx;
    return { kind: "Node", name: nodeName, uid: nodeName };
  }

  /** Creates the Node, or takes over the one that is there. Tries until the API server answers. */
  *register(): Gen<void> {
    const { ctx } = this;
    let pause: number = KUBELET.registerFirst;
    for (;;) {
      ctx.log("I", "kubelet_node_status.go:75", "Attempting to register node", { node: ctx.nodeName });
      try {
        yield* this.createOrUpdate();
        ctx.log("I", "kubelet_node_status.go:78", "Successfully registered node", { node: ctx.nodeName });
        this.registered = true;
        this.tick();
        return;
      } catch (error) {
        if (!(error instanceof StatusError) && !isNetError(error)) throw error;
        ctx.log("E", "kubelet_node_status.go:107", "Unable to register node with API server", {
          err: error.message,
          node: ctx.nodeName,
        });
        yield* sleep(pause);
        pause = Math.min(pause * 2, KUBELET.registerLast);
      }
    }
  }

  private *createOrUpdate(): Gen<void> {
    const { ctx } = this;
    const labels = this.labels();
    const { status, told } = this.status();
    this.tell(told);
    const node = {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: ctx.nodeName,
        labels,
        annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
      },
      spec: ctx.options.taints.length > 0 ? { taints: ctx.options.taints } : {},
      status,
    };
    try {
      this.created = yield* ctx.client.create<KubeObject>(NODES, node);
      this.sent = this.key();
      this.sentAt = ctx.kernel.now;
      return;
    } catch (error) {
      if (!isStatus(error, "AlreadyExists")) throw error;
    }
    const found = yield* ctx.client.get<KubeObject>(NODES, undefined, ctx.nodeName);
    this.conditions = (found["status"]?.conditions ?? []) as NodeCondition[];
    const lastBoot: string | undefined = found["status"]?.nodeInfo?.bootID;
    const bootId = this.bootId();
    if (lastBoot && lastBoot !== bootId) {
      const message = `Node ${ctx.nodeName} has been rebooted, boot id: ${bootId}`;
      ctx.recorder.event(this.reference, "Warning", "Rebooted", message);
    }
    ctx.log("I", "kubelet_node_status.go:117", "Node was previously registered", { node: ctx.nodeName });
    const missing = Object.entries(labels).some(([key, value]) => found.metadata.labels?.[key] !== value);
    const annotated = found.metadata.annotations?.["volumes.kubernetes.io/controller-managed-attach-detach"] === "true";
    if (missing || !annotated) {
      const { annotations } = node.metadata;
      yield* ctx.client.patch(NODES, undefined, ctx.nodeName, { metadata: { labels, annotations } }, "merge");
    }
  }

  /** /proc/sys/kernel/random/boot_id. */
  private bootId(): string {
    const { journal, machineId } = this.ctx.machine;
    return journal.bootIds.at(-1)?.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-") ?? uuidOf(machineId, 3);
  }

  private labels(): Record<string, string> {
    return {
      "beta.kubernetes.io/arch": "amd64",
      "beta.kubernetes.io/os": "linux",
      "kubernetes.io/arch": "amd64",
      "kubernetes.io/hostname": this.ctx.machine.hostname,
      "kubernetes.io/os": "linux",
      ...this.ctx.options.nodeLabels,
    };
  }

  /** Looks whether there is something to report, and plans the next look. */
  tick(): void {
    const { ctx } = this;
    const why = this.reason();
    const ready = why === undefined;
    const key = this.key(why);
    if (!this.reporting && (key !== this.sent || ctx.kernel.now - this.sentAt >= KUBELET.nodeStatusReport)) {
      const { status, told } = this.status();
      this.tell(told);
      this.reporting = true;
      ctx.spawn(`node status ${ctx.nodeName}`, this.report(status, key));
    }
    ctx.after(ready ? KUBELET.nodeStatusPeriod : KUBELET.notReadyPeriod, this.event, this.wake);
  }

  /** What a status follows from, apart from time: cheap to compare. */
  private key(why = this.reason()): string {
    const { ctx, registered } = this;
    const { version } = ctx.runtime.images;
    const [ip] = ctx.hostIps();
    const pressures = this.pressures();
    const { last } = this;
    const same = last?.registered === registered && last.version === version && last.ip === ip;
    if (same && last.pressures === pressures && last.why === why) return last.key;
    const key = `${registered} ${version} ${ip} ${pressures.join(",")} ${why ?? ""}`;
    this.last = { registered, version, ip, pressures, why, key };
    return key;
  }

  private tell(reasons: readonly string[]): void {
    const { recorder, nodeName } = this.ctx;
    for (const reason of reasons) {
      recorder.event(this.reference, "Normal", reason, `Node ${nodeName} status is now: ${reason}`);
    }
  }

  private *report(status: Record<string, unknown>, key: string): Gen {
    const { ctx } = this;
    try {
      const node = ctx.node() ?? (yield* ctx.heartbeatClient.get<KubeObject>(NODES, undefined, ctx.nodeName));
      const foreign = ((node["status"]?.conditions ?? []) as NodeCondition[]).filter(
        (condition) => !this.conditions.some((own) => own.type === condition.type),
      );
      const conditions = [...foreign, ...this.conditions];
      const patch = { status: { ...status, conditions } };
      yield* ctx.heartbeatClient.patch(NODES, undefined, ctx.nodeName, patch, "merge", "status");
      this.sent = key;
      this.sentAt = ctx.kernel.now;
    } catch (error) {
      if (!(error instanceof StatusError) && !isNetError(error)) throw error;
      ctx.log("E", "kubelet_node_status.go:549", "Error updating node status, will retry", {
        err: `error getting node "${ctx.nodeName}": ${error.message}`,
      });
    } finally {
      this.reporting = false;
    }
  }

  /** The status as it is now; `told` are the reasons of conditions that have turned. */
  private status(): { status: Record<string, unknown>; told: string[] } {
    const { ctx } = this;
    const { hardware, hostname } = ctx.machine;
    const now = formatTime(ctx.kernel.wallMs);
    const told: string[] = [];
    const why = this.registered ? this.reason() : (this.reason() ?? UNCHECKED);
    const make = (type: string, status: boolean, reason: string, message: string, event: string): NodeCondition => {
      const value = status ? "True" : "False";
      const before = this.conditions.find((c) => c.type === type);
      // Of the Ready condition only a change is told (nodestatus/setters.go).
      if (before === undefined ? type !== "Ready" : before.status !== value) told.push(event);
      const lastTransitionTime = before?.status === value ? before.lastTransitionTime : now;
      return { type, status: value, lastHeartbeatTime: now, lastTransitionTime, reason, message };
    };
    const pressures = this.pressures();
    this.conditions = [
      ...PRESSURES.map(([type, not, is]) => {
        const under = pressures.includes(type);
        const [reason, message] = under ? is : not;
        return make(type, under, `Kubelet${reason}`, `kubelet has ${message}`, `Node${reason}`);
      }),
      why === undefined
        ? make("Ready", true, "KubeletReady", "kubelet is posting ready status", "NodeReady")
        : make("Ready", false, "KubeletNotReady", why, "NodeNotReady"),
    ];
    const capacity = {
      cpu: String(hardware.cpus),
      "ephemeral-storage": `${hardware.diskKib}Ki`,
      "hugepages-1Gi": "0",
      "hugepages-2Mi": "0",
      memory: `${hardware.memoryKib}Ki`,
      pods: String(ctx.options.maxPods),
    };
    const machineId = ctx.machine.machineId;
    const addresses = ctx.hostIps().map((address) => ({ type: "InternalIP", address }));
    const status = {
      addresses: [...addresses, { type: "Hostname", address: hostname }],
      allocatable: allocatable(capacity, this.limits.reserved, (resource, units) =>
        keptBack(this.limits, resource, units),
      ),
      capacity,
      conditions: this.conditions,
      daemonEndpoints: { kubeletEndpoint: { Port: ctx.options.port } },
      images: this.images(),
      nodeInfo: {
        architecture: "amd64",
        bootID: this.bootId(),
        containerRuntimeVersion: `containerd://${RUNTIME_VERSION}`,
        kernelVersion: KERNEL_RELEASE,
        kubeProxyVersion: ctx.release,
        kubeletVersion: ctx.release,
        machineID: machineId,
        operatingSystem: "linux",
        osImage: OS_IMAGE,
        systemUUID: firmwareUuid(machineId),
      },
      runtimeHandlers: [
        { features: { recursiveReadOnlyMounts: true, userNamespaces: false }, name: "runc" },
        { features: { recursiveReadOnlyMounts: true, userNamespaces: false }, name: "" },
      ],
    };
    return { status, told };
  }

  private images(): { names: string[]; sizeBytes: number }[] {
    return this.ctx.runtime.images
      .list()
      .map(({ image, tags, digests }) => ({ names: [...digests, ...tags], sizeBytes: image.sizeBytes }))
      .sort((a, b) => b.sizeBytes - a.sizeBytes)
      .slice(0, MAX_IMAGES);
  }
}
