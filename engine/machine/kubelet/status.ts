import { formatTime } from "../../api/time.ts";
import { decode } from "../../kernel/index.ts";
import { entriesOf } from "../inode.ts";
import { hostView } from "../runtime/host-view.ts";
import type { Container } from "../runtime/index.ts";
import * as sys from "../sys.ts";
import type { KubeletContext } from "./context.ts";
import { qosClass } from "./resources.ts";
import type { RuntimePod } from "./runtime-view.ts";
import {
  type Condition,
  type ContainerSpec,
  type ContainerState,
  type ContainerStatus,
  isSidecar,
  type Pod,
  type PodStatus,
} from "./types.ts";

/** Why a container waits, as the last sync found it. */
export interface WaitReason {
  reason: string;
  message: string;
}

/** What a container's probes say now. */
export interface ProbeView {
  ready(containerId: string, container: ContainerSpec): boolean;
  started(containerId: string, container: ContainerSpec): boolean;
}

export interface StatusInput {
  pod: Pod;
  runtime: RuntimePod;
  reasons: ReadonlyMap<string, WaitReason>;
  probes: ProbeView;
  /** Status before, for start time and transition times. */
  old: PodStatus | undefined;
  /** The Pod has ended for good: its phase is a final one. */
  terminal: boolean;
}

const MAX_MESSAGE = 4096;

function stamp(ctx: KubeletContext, us: number): string {
  return formatTime(ctx.kernel.epochMs + Math.floor(us / 1000));
}

/** Status of a Pod from its specification and what the runtime has (pkg/kubelet/kubelet_pods.go generateAPIPodStatus). */
export function podStatus(ctx: KubeletContext, input: StatusInput): PodStatus {
  const { pod, old } = input;
  const { spec } = pod;
  const initialized = (spec.initContainers ?? []).length > 0;
  const initStatuses = (spec.initContainers ?? []).map((c) => containerStatus(ctx, input, c, "PodInitializing", true));
  const waiting = initialized ? "PodInitializing" : "ContainerCreating";
  const statuses = spec.containers.map((c) => containerStatus(ctx, input, c, waiting, false));
  const phase = final(pod, old) ?? phaseOf(pod, initStatuses, statuses, input.terminal);
  const status: PodStatus = { phase };
  if (old?.reason === "Evicted" || old?.reason === "DeadlineExceeded") {
    status.reason = old.reason;
    if (old.message) status.message = old.message;
  }
  const [hostIp] = ctx.hostIps();
  if (hostIp) {
    status.hostIP = hostIp;
    status.hostIPs = ctx.hostIps().map((ip) => ({ ip }));
  }
  const ips = podIps(ctx, pod, input.runtime);
  if (ips.length > 0) {
    status.podIP = ips[0]!;
    status.podIPs = ips.map((ip) => ({ ip }));
  } else if (old?.podIPs && (phase === "Succeeded" || phase === "Failed")) {
    status.podIP = old.podIP!;
    status.podIPs = old.podIPs;
  }
  status.startTime = old?.startTime ?? formatTime(ctx.kernel.wallMs);
  status.conditions = conditions(ctx, input, phase, initStatuses, statuses);
  if (initStatuses.length > 0) status.initContainerStatuses = initStatuses;
  status.containerStatuses = [...statuses].sort((a, b) => (a.name < b.name ? -1 : 1));
  const debugging = spec.ephemeralContainers ?? [];
  if (debugging.length > 0) {
    status.ephemeralContainerStatuses = debugging.map((one) => ephemeralStatus(ctx, input, one));
  }
  status.qosClass = pod.status?.qosClass ?? qosClass(pod);
  return status;
}

/** A Pod that has ended stays ended. */
function final(pod: Pod, old: PodStatus | undefined): string | undefined {
  const phase = old?.phase ?? pod.status?.phase;
  return phase === "Succeeded" || phase === "Failed" ? phase : undefined;
}

export function podIps(ctx: KubeletContext, pod: Pod, runtime: RuntimePod): string[] {
  if (pod.spec.hostNetwork) return ctx.hostIps();
  const sandbox = runtime.sandboxes[0];
  return sandbox && sandbox.state === "ready" ? sandbox.ips : [];
}

function containerStatus(
  ctx: KubeletContext,
  input: StatusInput,
  spec: ContainerSpec,
  defaultReason: string,
  init: boolean,
): ContainerStatus {
  const { pod, runtime, reasons, probes } = input;
  const [latest, previous] = runtime.runs(spec.name);
  const known = [...(input.old?.containerStatuses ?? []), ...(input.old?.initContainerStatuses ?? [])].find(
    (status) => status.name === spec.name,
  );
  const out: ContainerStatus = {
    name: spec.name,
    state: { waiting: { reason: defaultReason } },
    lastState: {},
    ready: false,
    restartCount: 0,
    image: spec.image,
    imageID: "",
    started: false,
  };
  if (latest !== undefined && latest.state !== "created") {
    out.containerID = `containerd://${latest.id}`;
    out.image = latest.image.reference;
    out.imageID = latest.image.repoDigest;
    out.restartCount = latest.config.metadata.attempt;
    out.state = stateOf(ctx, latest, spec);
    if (previous) out.lastState = stateOf(ctx, previous, spec);
    if (latest.state === "running") {
      out.started = init && !isSidecar(spec) ? false : probes.started(latest.id, spec);
      if (init && !isSidecar(spec)) out.ready = false;
      else out.ready = out.started && probes.ready(latest.id, spec);
    } else if (init && !isSidecar(spec)) out.ready = latest.exitCode === 0;
    const wait = reasons.get(spec.name);
    // A container that waits for its restart shows why it waits, and what ended as its last state.
    if (latest.state === "exited" && wait !== undefined && willRestart(pod, spec, latest, init)) {
      out.lastState = out.state;
      out.state = { waiting: { reason: wait.reason, message: wait.message } };
    }
  } else {
    const wait = reasons.get(spec.name);
    if (wait) out.state = { waiting: { reason: wait.reason, message: wait.message } };
    if (latest) {
      out.restartCount = latest.config.metadata.attempt;
      if (previous) out.lastState = stateOf(ctx, previous, spec);
    } else if (known && (input.terminal || final(pod, input.old) !== undefined) && known.state.terminated) return known;
  }
  const mounts = spec.volumeMounts ?? [];
  if (mounts.length > 0) {
    out.volumeMounts = mounts.map((mount) => ({
      mountPath: mount.mountPath,
      name: mount.name,
      ...(mount.readOnly ? { readOnly: true, recursiveReadOnly: "Disabled" } : {}),
    }));
  }
  return out;
}

/** A debugging container has no probes: it is never said to be ready or started. */
function ephemeralStatus(ctx: KubeletContext, input: StatusInput, spec: ContainerSpec): ContainerStatus {
  const { started: _, ...status } = containerStatus(ctx, input, spec, "ContainerCreating", true);
  return { ...status, ready: false };
}

/** Whether an ended container is to run again (pkg/kubelet/container/helpers.go ShouldContainerBeRestarted). */
export function willRestart(pod: Pod, spec: ContainerSpec, container: Container, init: boolean): boolean {
  if (pod.metadata.deletionTimestamp) return false;
  const policy = pod.spec.restartPolicy ?? "Always";
  if (isSidecar(spec)) return true;
  if (init) return container.exitCode !== 0 && policy !== "Never";
  if (policy === "Always") return true;
  return policy === "OnFailure" && container.exitCode !== 0;
}

function stateOf(ctx: KubeletContext, container: Container, spec: ContainerSpec): ContainerState {
  if (container.state === "running") return { running: { startedAt: stamp(ctx, container.startedAt) } };
  if (container.state === "created") return { waiting: { reason: "ContainerCreating" } };
  const terminated: NonNullable<ContainerState["terminated"]> = {
    exitCode: container.exitCode,
    reason: container.reason,
    startedAt: container.startedAt === 0 ? "1970-01-01T00:00:00Z" : stamp(ctx, container.startedAt),
    finishedAt: stamp(ctx, container.finishedAt),
    containerID: `containerd://${container.id}`,
  };
  const message = container.message || terminationMessage(ctx, container, spec);
  if (message) terminated.message = message;
  return { terminated };
}

/** What the container wrote to its termination log, or the end of its log where the policy says so. */
function terminationMessage(ctx: KubeletContext, container: Container, spec: ContainerSpec): string {
  const path = spec.terminationMessagePath ?? "/dev/termination-log";
  const mount = container.config.mounts.find((m) => m.containerPath === path);
  const node = mount && sys.find(hostView(ctx.machine), mount.hostPath);
  let text = node?.kind === "file" ? decode(node.content.bytes().subarray(0, MAX_MESSAGE)) : "";
  if (text === "" && spec.terminationMessagePolicy === "FallbackToLogsOnError" && container.exitCode !== 0) {
    const log = entriesOf(container.log.dir).get(container.log.name);
    const lines = log?.kind === "file" ? decode(log.content.bytes()).split("\n").slice(-81) : [];
    text = lines
      .map((line) => line.split(" ").slice(3).join(" "))
      .join("\n")
      .slice(-2048);
  }
  return text;
}

/** pkg/kubelet/kubelet_pods.go getPhase. */
export function phaseOf(
  pod: Pod,
  inits: readonly ContainerStatus[],
  containers: readonly ContainerStatus[],
  terminal: boolean,
): string {
  const { spec } = pod;
  const policy = spec.restartPolicy ?? "Always";
  let pendingInit = 0;
  let failedInit = 0;
  for (const [i, status] of inits.entries()) {
    const sidecar = isSidecar(spec.initContainers![i]!);
    if (sidecar) {
      if (!status.started && !terminal) pendingInit++;
      continue;
    }
    const ended = status.state.terminated ?? (status.state.waiting ? status.lastState.terminated : undefined);
    if (status.state.running) pendingInit++;
    else if (status.state.terminated) {
      if (status.state.terminated.exitCode !== 0) failedInit++;
    } else if (ended) {
      if (ended.exitCode !== 0) pendingInit++;
    } else pendingInit++;
  }
  let running = 0;
  let stopped = 0;
  let succeeded = 0;
  let waiting = 0;
  for (const status of containers) {
    if (status.state.running) running++;
    else if (status.state.terminated) {
      stopped++;
      if (status.state.terminated.exitCode === 0) succeeded++;
    } else if (status.lastState.terminated) stopped++;
    else waiting++;
  }
  const total = containers.length;
  if (failedInit > 0 && policy === "Never") return "Failed";
  if (terminal && running === 0) {
    if (total > 0 && succeeded === total) return "Succeeded";
    return "Failed";
  }
  if (pendingInit > 0 && failedInit === 0 && running === 0 && stopped === 0) return "Pending";
  if (waiting > 0) return "Pending";
  if (running > 0) return "Running";
  if (stopped > 0) {
    if (policy === "Always") return "Running";
    if (stopped === succeeded) return "Succeeded";
    if (policy === "Never") return "Failed";
    return "Running";
  }
  return "Pending";
}

function conditions(
  ctx: KubeletContext,
  input: StatusInput,
  phase: string,
  inits: readonly ContainerStatus[],
  containers: readonly ContainerStatus[],
): Condition[] {
  const { pod, runtime } = input;
  const now = formatTime(ctx.kernel.wallMs);
  const make = (type: string, status: boolean, reason?: string, message?: string): Condition => {
    const before =
      input.old?.conditions?.find((c) => c.type === type) ?? pod.status?.conditions?.find((c) => c.type === type);
    const value = status ? "True" : "False";
    const lastTransitionTime = before?.status === value ? before.lastTransitionTime : now;
    const out: Condition = { lastProbeTime: null, lastTransitionTime, status: value, type };
    if (reason) out.reason = reason;
    if (message) out.message = message;
    return out;
  };
  const sandbox = runtime.sandboxes[0];
  const hasSandbox = sandbox !== undefined && sandbox.state === "ready";
  return [
    // Why the node has ended it stays.
    ...(input.old?.conditions ?? []).filter(({ type }) => type === "DisruptionTarget"),
    make("PodReadyToStartContainers", hasSandbox),
    initializedCondition(pod, phase, inits, containers, make),
    readyCondition("Ready", pod, phase, inits, containers, make),
    readyCondition("ContainersReady", pod, phase, inits, containers, make),
    make("PodScheduled", true),
  ];
}

type Make = (type: string, status: boolean, reason?: string, message?: string) => Condition;

function initializedCondition(
  pod: Pod,
  phase: string,
  inits: readonly ContainerStatus[],
  containers: readonly ContainerStatus[],
  make: Make,
): Condition {
  const undone: string[] = [];
  for (const [i, status] of inits.entries()) {
    const done = isSidecar(pod.spec.initContainers![i]!) ? status.started : status.ready;
    if (!done) undone.push(status.name);
  }
  if (phase === "Succeeded" && undone.length === 0) return make("Initialized", true, "PodCompleted");
  const anyRan = containers.some((c) => c.state.running || c.state.terminated || c.lastState.terminated);
  if (undone.length > 0 && !anyRan) {
    return make(
      "Initialized",
      false,
      "ContainersNotInitialized",
      `containers with incomplete status: [${undone.join(" ")}]`,
    );
  }
  return make("Initialized", true);
}

function readyCondition(
  type: "Ready" | "ContainersReady",
  pod: Pod,
  phase: string,
  inits: readonly ContainerStatus[],
  containers: readonly ContainerStatus[],
  make: Make,
): Condition {
  if (phase === "Succeeded") return make(type, false, "PodCompleted");
  if (phase === "Failed") return make(type, false, "PodFailed");
  const unready: string[] = [];
  for (const [i, status] of inits.entries()) {
    if (isSidecar(pod.spec.initContainers![i]!) && !status.ready) unready.push(status.name);
  }
  for (const status of containers) if (!status.ready) unready.push(status.name);
  if (unready.length > 0) {
    return make(type, false, "ContainersNotReady", `containers with unready status: [${unready.join(" ")}]`);
  }
  if (type === "Ready") {
    const unmet: string[] = [];
    for (const { conditionType } of pod.spec.readinessGates ?? []) {
      const found = pod.status?.conditions?.find((c) => c.type === conditionType);
      if (found === undefined)
        unmet.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
      else if (found.status !== "True") {
        unmet.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`);
      }
    }
    if (unmet.length > 0) return make(type, false, "ReadinessGatesNotReady", unmet.join(", "));
  }
  return make(type, true);
}
