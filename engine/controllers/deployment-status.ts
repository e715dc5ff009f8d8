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
  conditions?: readonly Condition[];
}

/** Without a deadline Progressing is not kept (math.MaxInt32 in upstream). */
const NO_DEADLINE = 2_147_483_647;

/** A field of the sets' statuses, added up. */
export const sum = (sets: readonly KubeObject[], field: string): number =>
  sets.reduce((total, set) => total + (set.status?.[field] ?? 0), 0);

/** Status from the ReplicaSets' own, and whether enough is available (pkg/controller/deployment/sync.go calculateStatus). */
export function deploymentStatus(
  deployment: KubeObject,
  current: KubeObject | undefined,
  old: readonly KubeObject[],
  nowMs: number,
): DeploymentStatus {
  const all = current ? [...old, current] : old;
  const available = sum(all, "availableReplicas");
  const wanted = all.reduce((n, set) => n + (set.spec.replicas ?? 0), 0);
  const enough = available >= deployment.spec.replicas - limits(deployment).unavailable;
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sum(all, "replicas"),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sum(all, "readyReplicas"),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
    ...(deployment.status?.collisionCount !== undefined && { collisionCount: deployment.status.collisionCount }),
    conditions: withCondition(
      deployment.status?.conditions,
      enough
        ? ["Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."]
        : ["Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."],
      nowMs,
    ),
  };
}

/** The same while a template is rolled out: with Progressing and ReplicaFailure (progress.go syncRolloutStatus). */
export function rolloutStatus(
  deployment: KubeObject,
  current: KubeObject | undefined,
  old: readonly KubeObject[],
  nowMs: number,
): DeploymentStatus {
  const status = deploymentStatus(deployment, current, old, nowMs);
  const conditions = progressing(deployment, current, status, nowMs);
  const failure = [current, ...old]
    .flatMap((s) => (s?.status?.conditions ?? []) as Condition[])
    .find((c) => c.type === "ReplicaFailure");
  return {
    ...status,
    conditions: failure
      ? withCondition(
          conditions,
          ["ReplicaFailure", failure.status, failure.reason ?? "", failure.message ?? ""],
          nowMs,
        )
      : conditions.filter((c) => c.type !== "ReplicaFailure"),
  };
}

/** Somebody cares how long a rollout takes. */
export function hasDeadline(deployment: KubeObject): boolean {
  const seconds: number | undefined = deployment.spec.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== NO_DEADLINE;
}

/** Every Pod is of the present template and available (deployment_util.go DeploymentComplete). */
export function isComplete(deployment: KubeObject, status: DeploymentStatus): boolean {
  const wanted: number = deployment.spec.replicas;
  return (
    status.updatedReplicas === wanted &&
    status.replicas === wanted &&
    status.availableReplicas === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

const progressOf = (conditions: readonly Condition[] | undefined): Condition | undefined =>
  conditions?.find((c) => c.type === "Progressing");

function progressing(
  deployment: KubeObject,
  current: KubeObject | undefined,
  status: DeploymentStatus,
  nowMs: number,
): readonly Condition[] {
  const conditions = status.conditions ?? [];
  if (!hasDeadline(deployment)) return conditions.filter((c) => c.type !== "Progressing");
  const present = progressOf(conditions);
  // Once complete the condition rests until the template changes again.
  if (status.replicas === status.updatedReplicas && present?.reason === "NewReplicaSetAvailable") return conditions;
  const what = current ? `ReplicaSet "${current.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  if (isComplete(deployment, status)) {
    const message = `${what} has successfully progressed.`;
    return withCondition(conditions, ["Progressing", "True", "NewReplicaSetAvailable", message], nowMs);
  }
  if (moved(deployment.status ?? {}, status)) {
    // Every step counts: the time of the last one is written even where nothing else changes.
    const lastTransitionTime = present?.status === "True" ? present.lastTransitionTime : undefined;
    const rest = conditions.filter((c) => c.type !== "Progressing");
    const next: Progress = ["Progressing", "True", "ReplicaSetUpdated", `${what} is progressing.`];
    return [...rest, entry(next, lastTransitionTime, nowMs)];
  }
  if (present === undefined || present.reason === "NewReplicaSetAvailable") return conditions;
  const due = parseTime(present.lastUpdateTime ?? "") + deployment.spec.progressDeadlineSeconds * 1000;
  if (present.reason !== "ProgressDeadlineExceeded" && due >= nowMs) return conditions;
  const message = `${what} has timed out progressing.`;
  return withCondition(conditions, ["Progressing", "False", "ProgressDeadlineExceeded", message], nowMs);
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

type Progress = readonly [type: string, status: string, reason: string, message: string];

function entry([type, status, reason, message]: Progress, since: string | undefined, nowMs: number): Condition {
  const time = formatTime(nowMs);
  return { type, status, lastUpdateTime: time, lastTransitionTime: since ?? time, reason, message };
}

/** Conditions with this one in place; one of the same status and reason stays as it is (SetDeploymentCondition). */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  next: Progress,
  nowMs: number,
): readonly Condition[] {
  const [type, status, reason] = next;
  const present = conditions?.find((c) => c.type === type);
  if (present?.status === status && present.reason === reason) return conditions ?? [];
  const since = present?.status === status ? present.lastTransitionTime : undefined;
  return [...(conditions ?? []).filter((c) => c.type !== type), entry(next, since, nowMs)];
}

/** Wall clock (ms) at which the deadline of a rollout in progress passes; undefined when none runs. */
export function deadline(deployment: KubeObject, status: DeploymentStatus): number | undefined {
  const present = progressOf(status.conditions);
  if (!hasDeadline(deployment) || present === undefined || isComplete(deployment, status)) return undefined;
  if (present.reason === "ProgressDeadlineExceeded" || present.reason === "NewReplicaSetAvailable") return undefined;
  return parseTime(present.lastUpdateTime ?? "") + deployment.spec.progressDeadlineSeconds * 1000;
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
