import { AGE, age, column, doc, NAME, since } from "../columns.ts";
import { define } from "../define.ts";
import type { Cell, Draft } from "../kind.ts";
import type { KubeObject } from "../types.ts";
import { syncAppArmor } from "./app-armor.ts";
import { prepareEphemeralContainers, validateEphemeralContainers } from "./ephemeral-containers.ts";
import { applyLabelKeys } from "./label-keys.ts";
import { defaultPod } from "./pod-defaults.ts";
import { validatePodUpdate } from "./pod-update.ts";
import { validateNewPod } from "./pod-validation.ts";
import { qosClass } from "./qos.ts";

const V1 = "io.k8s.api.core.v1";

interface ContainerState {
  waiting?: { reason?: string };
  running?: object;
  terminated?: { exitCode: number; signal?: number; reason?: string; finishedAt?: string };
}

interface ContainerStatus {
  name: string;
  restartCount: number;
  ready: boolean;
  started?: boolean;
  state?: ContainerState;
  lastState?: ContainerState;
}

interface Condition {
  type: string;
  status: string;
  reason?: string;
}

const has = (conditions: readonly Condition[] | undefined, type: string) =>
  (conditions ?? []).some((c) => c.type === type && c.status === "True");

/** `ExitCode:1` or `Signal:9`, for a container that ended without a reason. */
function exit(terminated: NonNullable<ContainerState["terminated"]>): string {
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

const later = (a: string | undefined, b: string | undefined) => (b !== undefined && (a === undefined || a < b) ? b : a);

/** READY, STATUS and RESTARTS of a Pod (pkg/printers/internalversion/printers.go printPod). */
export function podSummary(pod: KubeObject): {
  ready: number;
  total: number;
  reason: string;
  restarts: number;
  lastRestart: string | undefined;
} {
  const { spec = {}, status = {} } = pod;
  const inits: readonly { name: string; restartPolicy?: string }[] = spec.initContainers ?? [];
  const sidecars = new Set<string>();
  for (const init of inits) if (init.restartPolicy === "Always") sidecars.add(init.name);
  const total = (spec.containers?.length ?? 0) + sidecars.size;
  let ready = 0;
  let restarts = 0;
  let sidecarRestarts = 0;
  let lastRestart: string | undefined;
  let lastSidecarRestart: string | undefined;
  let reason: string = status.reason || status.phase || "";
  for (const condition of status.conditions ?? []) {
    if (condition.type === "PodScheduled" && condition.reason === "SchedulingGated") reason = condition.reason;
  }

  let initializing = false;
  const initStatuses: readonly ContainerStatus[] = status.initContainerStatuses ?? [];
  for (let i = 0; i < initStatuses.length; i++) {
    const container = initStatuses[i]!;
    const sidecar = sidecars.has(container.name);
    const before = container.lastState?.terminated?.finishedAt;
    restarts += container.restartCount;
    lastRestart = later(lastRestart, before);
    if (sidecar) {
      sidecarRestarts += container.restartCount;
      lastSidecarRestart = later(lastSidecarRestart, before);
    }
    const { terminated, waiting } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecar && container.started) {
      if (container.ready) ready++;
      continue;
    }
    initializing = true;
    if (terminated) reason = `Init:${terminated.reason || exit(terminated)}`;
    else if (waiting?.reason && waiting.reason !== "PodInitializing") reason = `Init:${waiting.reason}`;
    else reason = `Init:${i}/${inits.length}`;
    break;
  }

  if (!initializing || has(status.conditions, "Initialized")) {
    restarts = sidecarRestarts;
    lastRestart = lastSidecarRestart;
    let running = false;
    const statuses: readonly ContainerStatus[] = status.containerStatuses ?? [];
    for (let i = statuses.length - 1; i >= 0; i--) {
      const container = statuses[i]!;
      restarts += container.restartCount;
      lastRestart = later(lastRestart, container.lastState?.terminated?.finishedAt);
      const { waiting, terminated } = container.state ?? {};
      if (waiting?.reason) reason = waiting.reason;
      else if (terminated) reason = terminated.reason || exit(terminated);
      else if (container.ready && container.state?.running) {
        running = true;
        ready++;
      }
    }
    if (reason === "Completed" && running) reason = has(status.conditions, "Ready") ? "Running" : "NotReady";
  }

  if (pod.metadata.deletionTimestamp) {
    if (status.reason === "NodeLost") reason = "Unknown";
    else if (status.phase !== "Succeeded" && status.phase !== "Failed") reason = "Terminating";
  }
  return { ready, total, reason, restarts, lastRestart };
}

function cells(pod: KubeObject, nowMs: number): Cell[] {
  const { ready, total, reason, restarts, lastRestart } = podSummary(pod);
  const { spec = {}, status = {} } = pod;
  const gates: readonly { conditionType: string }[] = spec.readinessGates ?? [];
  let gateCell = "<none>";
  if (gates.length > 0) {
    const met = gates.filter((g) => has(status.conditions, g.conditionType)).length;
    gateCell = `${met}/${gates.length}`;
  }
  return [
    pod.metadata.name,
    `${ready}/${total}`,
    reason,
    restarts !== 0 && lastRestart ? `${restarts} (${since(lastRestart, nowMs)} ago)` : String(restarts),
    age(pod, nowMs),
    status.podIPs?.[0]?.ip || "<none>",
    spec.nodeName || "<none>",
    status.nominatedNodeName || "<none>",
    gateCell,
  ];
}

/** registry/core/pod/strategy.go: a new Pod is Pending, and its QoS class is settled for good. */
/** What a Pod with scheduling gates is born with (pkg/registry/core/pod/strategy.go applySchedulingGatedCondition). */
function gated(lastTransitionTime: string): object {
  const message = "Scheduling is blocked due to non-empty scheduling gates";
  const state = { type: "PodScheduled", status: "False", lastProbeTime: null, lastTransitionTime };
  return { ...state, reason: "SchedulingGated", message };
}

function prepareForCreate(draft: Draft): string[] {
  draft.status = { phase: "Pending", qosClass: qosClass(draft.spec ?? {}) };
  if (draft.spec?.schedulingGates?.length > 0) draft.status.conditions = [gated(draft.metadata.creationTimestamp)];
  applyLabelKeys(draft);
  return syncAppArmor(draft);
}

/** An update through `/status` touches neither spec nor owners, and the QoS class stays. */
function prepareForStatusUpdate(draft: Draft, old: KubeObject): void {
  draft.spec = old["spec"];
  if (draft.metadata !== old.metadata) {
    if (old.metadata.ownerReferences) draft.metadata.ownerReferences = old.metadata.ownerReferences;
    else delete draft.metadata.ownerReferences;
  }
  draft.status ??= {};
  draft.status.qosClass ||= old["status"]?.qosClass;
}

export const pod = define({
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  namespaced: true,
  shortNames: ["po"],
  categories: ["all"],
  status: true,
  defaults: defaultPod,
  specApart: true,
  prepareForCreate,
  prepareForStatusUpdate,
  validate: validateNewPod,
  validateUpdate: validatePodUpdate,
  updates: { ephemeralcontainers: { prepare: prepareEphemeralContainers, validate: validateEphemeralContainers } },
  subresources: [
    { name: "attach", kind: "PodAttachOptions", group: "", version: "v1", verbs: ["create", "get"] },
    { name: "binding", kind: "Binding", group: "", version: "v1", verbs: ["create"] },
    { name: "ephemeralcontainers", kind: "Pod", group: "", version: "v1", verbs: ["get", "patch", "update"] },
    { name: "eviction", kind: "Eviction", group: "policy", version: "v1", verbs: ["create"] },
    { name: "exec", kind: "PodExecOptions", group: "", version: "v1", verbs: ["create", "get"] },
    { name: "log", kind: "Pod", group: "", version: "v1", verbs: ["get"] },
    { name: "portforward", kind: "PodPortForwardOptions", group: "", version: "v1", verbs: ["create", "get"] },
    {
      name: "proxy",
      kind: "PodProxyOptions",
      group: "",
      version: "v1",
      verbs: ["create", "delete", "get", "patch", "update"],
    },
  ],
  fields: (object) => ({
    "spec.nodeName": object.spec?.nodeName ?? "",
    "spec.restartPolicy": object.spec?.restartPolicy ?? "",
    "spec.schedulerName": object.spec?.schedulerName ?? "",
    "spec.serviceAccountName": object.spec?.serviceAccountName ?? "",
    "spec.hostNetwork": object.spec?.hostNetwork ? "true" : "false",
    "status.phase": object.status?.phase ?? "",
    "status.podIP": object.status?.podIPs?.[0]?.ip ?? "",
    "status.podIPs": "",
    "status.nominatedNodeName": object.status?.nominatedNodeName ?? "",
  }),
  columns: [
    NAME,
    column("Ready", "string", "The aggregate readiness state of this pod for accepting traffic."),
    column("Status", "string", "The aggregate status of the containers in this pod."),
    column(
      "Restarts",
      "string",
      "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.",
    ),
    AGE,
    column("IP", "string", doc(`${V1}.PodStatus#podIP`), { wide: true }),
    column("Node", "string", doc(`${V1}.PodSpec#nodeName`), { wide: true }),
    column("Nominated Node", "string", doc(`${V1}.PodStatus#nominatedNodeName`), { wide: true }),
    column("Readiness Gates", "string", doc(`${V1}.PodSpec#readinessGates`), { wide: true }),
  ],
  cells,
});
