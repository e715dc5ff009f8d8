import { formatTime, parseTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import type { Condition } from "./pods.ts";
import { limits } from "./rollout.ts";

/** DeploymentStatus as the API has it. */
export interface DeploymentStatus {
  observedGeneration?: number;
  replicas?: number;
  updatedReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  unavailableReplicas?: number;
  collisionCount?: number;
  conditions?: Condition[];
}

/** Without a deadline Progressing is not kept (math.MaxInt32 in upstream). */
const NO_DEADLINE = 2_147_483_647;

/** A field of the sets' statuses, added up. */
export const sum = (sets: readonly KubeObject[], field: string): number =>
  sets.reduce((total, set) => total + (set.status?.[field] ?? 0), 0);

/** Status from the ReplicaSets' own (pkg/controller/deployment/sync.go calculateStatus, progress.go). */
export function deploymentStatus(
  deployment: KubeObject,
  current: KubeObject | undefined,
  old: readonly KubeObject[],
  nowMs: number,
): Required<Pick<DeploymentStatus, "replicas" | "updatedReplicas" | "availableReplicas">> & DeploymentStatus {
  const all = current ? [...old, current] : old;
  const available = sum(all, "availableReplicas");
  const wanted = all.reduce((n, set) => n + (set.spec.replicas ?? 0), 0);
  const status = {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sum(all, "replicas"),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sum(all, "readyReplicas"),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
    ...(deployment.status?.collisionCount !== undefined && { collisionCount: deployment.status.collisionCount }),
  };
  const before: readonly Condition[] = deployment.status?.conditions ?? [];
  const enough = available >= deployment.spec.replicas - limits(deployment).unavailable;
  let conditions = set(
    before,
    enough
      ? ["Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."]
      : ["Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."],
    nowMs,
  );
  const failure = [current, ...old]
    .flatMap((s) => (s?.status?.conditions ?? []) as Condition[])
    .find((c) => c.type === "ReplicaFailure");
  conditions = progressing(deployment, current, status, conditions, nowMs);
  conditions = failure
    ? set(conditions, ["ReplicaFailure", failure.status, failure.reason ?? "", failure.message ?? ""], nowMs)
    : conditions.filter((c) => c.type !== "ReplicaFailure");
  return { ...status, conditions };
}

function progressing(
  deployment: KubeObject,
  current: KubeObject | undefined,
  status: DeploymentStatus,
  conditions: Condition[],
  nowMs: number,
): Condition[] {
  const seconds = deployment.spec.progressDeadlineSeconds ?? 600;
  if (seconds === NO_DEADLINE) return conditions.filter((c) => c.type !== "Progressing");
  const old = deployment.status ?? {};
  const present = conditions.find((c) => c.type === "Progressing");
  const what = current ? `ReplicaSet "${current.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  if (deployment.spec.paused)
    return set(conditions, ["Progressing", "Unknown", "DeploymentPaused", "Deployment is paused"], nowMs);
  const wanted: number = deployment.spec.replicas;
  const complete =
    status.updatedReplicas === wanted && status.replicas === wanted && status.availableReplicas === wanted;
  // Once complete, the condition rests until something moves again.
  if (
    present?.reason === "NewReplicaSetAvailable" &&
    status.replicas === status.updatedReplicas &&
    !complete &&
    moved(old, status) === false
  )
    return conditions;
  if (complete) {
    if (present?.reason === "NewReplicaSetAvailable" && present.message?.startsWith(what)) return conditions;
    return set(
      conditions,
      ["Progressing", "True", "NewReplicaSetAvailable", `${what} has successfully progressed.`],
      nowMs,
    );
  }
  if (present === undefined && current)
    return set(
      conditions,
      ["Progressing", "True", "NewReplicaSetCreated", `Created new replica set "${current.metadata.name}"`],
      nowMs,
    );
  if (present === undefined || moved(old, status)) {
    const message = `${what} is progressing.`;
    const rest = conditions.filter((c) => c.type !== "Progressing");
    const time = formatTime(nowMs);
    const lastTransitionTime = present?.status === "True" ? present.lastTransitionTime : time;
    const entry = {
      type: "Progressing",
      status: "True",
      lastUpdateTime: time,
      lastTransitionTime,
      reason: "ReplicaSetUpdated",
      message,
    };
    return [...rest, entry as Condition];
  }
  const since = parseTime(present.lastUpdateTime ?? "");
  if (present.status === "True" && present.reason !== "NewReplicaSetAvailable" && since + seconds * 1000 < nowMs)
    return set(
      conditions,
      ["Progressing", "False", "ProgressDeadlineExceeded", `${what} has timed out progressing.`],
      nowMs,
    );
  return conditions;
}

/** DeploymentProgressing: more new Pods, fewer old ones, more ready or available. */
function moved(old: DeploymentStatus, now: DeploymentStatus): boolean {
  const oldOnes = (s: DeploymentStatus) => (s.replicas ?? 0) - (s.updatedReplicas ?? 0);
  return (
    (now.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    oldOnes(now) < oldOnes(old) ||
    (now.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  );
}

function set(
  conditions: readonly Condition[],
  [type, status, reason, message]: readonly [string, string, string, string],
  nowMs: number,
): Condition[] {
  const present = conditions.find((c) => c.type === type);
  if (present?.status === status && present.reason === reason) return [...conditions];
  const time = formatTime(nowMs);
  const lastTransitionTime = present?.status === status ? present.lastTransitionTime : time;
  const entry: Condition = {
    type,
    status,
    lastUpdateTime: time,
    ...(lastTransitionTime && { lastTransitionTime }),
    reason,
    message,
  };
  return [...conditions.filter((c) => c.type !== type), entry];
}

/** When the deadline of a rollout in progress passes, as a time; undefined when none runs. */
export function progress(deployment: KubeObject, status: DeploymentStatus): string | undefined {
  const seconds = deployment.spec.progressDeadlineSeconds ?? 600;
  if (seconds === NO_DEADLINE || deployment.spec.paused) return undefined;
  const present = status.conditions?.find((c) => c.type === "Progressing");
  if (present?.status !== "True" || present.reason === "NewReplicaSetAvailable") return undefined;
  return formatTime(parseTime(present.lastUpdateTime ?? "") + seconds * 1000);
}

/** Equal as far as a write is concerned: zero and absent are the same. */
export function sameStatus(a: DeploymentStatus, b: DeploymentStatus): boolean {
  const fields = [
    "observedGeneration",
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "unavailableReplicas",
    "collisionCount",
  ] as const;
  return (
    fields.every((field) => (a[field] ?? 0) === (b[field] ?? 0)) &&
    JSON.stringify(a.conditions ?? []) === JSON.stringify(b.conditions ?? [])
  );
}
