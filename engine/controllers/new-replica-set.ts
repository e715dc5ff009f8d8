import { DEPLOYMENTS, REPLICA_SETS } from "../api/resources.ts";
import { isStatus, StatusError } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import type { Rollout } from "./deployment.ts";
import { hasDeadline, withCondition } from "./deployment-status.ts";
import { controllerOf } from "./informers.ts";
import { condition, controllerRef } from "./pods.ts";
import { limits } from "./rollout.ts";
import { computeHash, templateText } from "./template-hash.ts";

export const REVISION = "deployment.kubernetes.io/revision";
const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
export const DESIRED = "deployment.kubernetes.io/desired-replicas";
export const MAX = "deployment.kubernetes.io/max-replicas";
/** Annotations of a Deployment that its ReplicaSets do not take over. */
const OWN_ANNOTATIONS = [
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  REVISION_HISTORY,
  DESIRED,
  MAX,
  "deprecated.deployment.rollback.to",
];

export const replicasOf = (set: KubeObject): number => set.spec.replicas ?? 0;
export const total = (sets: readonly KubeObject[]): number => sets.reduce((sum, set) => sum + replicasOf(set), 0);

/** The ReplicaSet of a Deployment's present template (pkg/controller/deployment/sync.go getNewReplicaSet). */
export class NewReplicaSet {
  private readonly context: ControllerContext;

  constructor(context: ControllerContext) {
    this.context = context;
  }

  /** Made if missing, with its revision and annotations right. */
  *ensure(rollout: Rollout): Gen<KubeObject> {
    if (rollout.current === undefined) yield* this.create(rollout);
    else yield* this.follow(rollout);
    return rollout.current!;
  }

  /** Brings the existing one, and the Deployment's revision, up to what the Deployment says. */
  *follow(rollout: Rollout): Gen {
    const { deployment, old, current: set } = rollout;
    if (set === undefined) return;
    const annotations = annotationsOf(deployment, set, nextRevision(old));
    const minReadySeconds = deployment.spec.minReadySeconds;
    let current = set;
    if (annotations !== undefined || (set.spec.minReadySeconds ?? 0) !== (minReadySeconds ?? 0))
      current = yield* this.context.client.update(REPLICA_SETS, {
        ...set,
        metadata: { ...set.metadata, annotations: annotations ?? set.metadata.annotations },
        spec: { ...set.spec, minReadySeconds },
      });
    rollout.current = current;
    const found = condition(deployment, "Progressing")
      ? undefined
      : (["True", "FoundNewReplicaSet", `Found new replica set "${current.metadata.name}"`] as const);
    yield* this.tell(rollout, current.metadata.annotations?.[REVISION], found);
  }

  private *create(rollout: Rollout): Gen {
    const { client, recorder } = this.context;
    const { deployment, old } = rollout;
    const { spec, metadata } = deployment;
    const revision = nextRevision(old);
    const hash = computeHash(spec.template, deployment.status?.collisionCount);
    const label = { "pod-template-hash": hash };
    const replicas = newReplicas(deployment, old, undefined);
    const annotations: Record<string, string> = {};
    for (const [key, value] of Object.entries(metadata.annotations ?? {}))
      if (!OWN_ANNOTATIONS.includes(key)) annotations[key] = value;
    annotations[REVISION] = revision;
    annotations[DESIRED] = String(spec.replicas);
    annotations[MAX] = String(spec.replicas + limits(deployment).surge);
    const templateLabels = { ...spec.template.metadata?.labels, ...label };
    const name = `${metadata.name}-${hash}`;
    try {
      rollout.current = yield* client.create(REPLICA_SETS, {
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        metadata: {
          name,
          namespace: metadata.namespace,
          labels: templateLabels,
          annotations,
          ownerReferences: [controllerRef(deployment)],
        },
        spec: {
          replicas,
          ...(spec.minReadySeconds && { minReadySeconds: spec.minReadySeconds }),
          selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, ...label } },
          template: { ...spec.template, metadata: { ...spec.template.metadata, labels: templateLabels } },
        },
      });
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      if (!isStatus(error, "AlreadyExists")) {
        yield* this.refused(rollout, `Failed to create new replica set "${name}": ${error.message}`, error);
        throw error;
      }
      rollout.current = yield* this.namesake(deployment, name, error);
      return yield* this.tell(rollout, revision, undefined);
    }
    if (replicas > 0) {
      const message = `Scaled up replica set ${name} from 0 to ${replicas}`;
      recorder.event(deployment, "Normal", "ScalingReplicaSet", message);
    }
    yield* this.tell(rollout, revision, ["True", "NewReplicaSetCreated", `Created new replica set "${name}"`]);
  }

  /** What is there by the name that was to be created: one's own, which the informer has not shown yet, or another's. */
  private *namesake(deployment: KubeObject, name: string, error: StatusError): Gen<KubeObject> {
    const { client } = this.context;
    const { metadata, spec, status } = deployment;
    const there = yield* client.get(REPLICA_SETS, metadata.namespace, name);
    const own = controllerOf(there)?.uid === metadata.uid;
    if (own && templateText(there.spec.template) === templateText(spec.template)) return there;
    // Two templates with one hash: the count makes the next hash another one.
    const collisionCount = (status?.collisionCount ?? 0) + 1;
    yield* client.update(DEPLOYMENTS, { ...deployment, status: { ...status, collisionCount } }, "status");
    throw error;
  }

  /** A quota or an admission plugin would not have it. */
  private *refused(rollout: Rollout, message: string, error: StatusError): Gen {
    if (error.status.details?.causes?.some((cause) => cause.reason === "NamespaceTerminating")) return;
    const reason = "ReplicaSetCreateError";
    yield* this.tell(rollout, undefined, ["False", reason, message]);
    this.context.recorder.event(rollout.deployment, "Warning", reason, message);
  }

  /** Writes the revision and what Progressing has to say in one go; a status update leaves the generation alone. */
  private *tell(
    rollout: Rollout,
    revision: string | undefined,
    progress: readonly [status: string, reason: string, message: string] | undefined,
  ): Gen {
    const { client, kernel } = this.context;
    const { deployment } = rollout;
    const { metadata, status } = deployment;
    const before: object[] = status?.conditions ?? [];
    const conditions =
      progress && hasDeadline(deployment)
        ? withCondition(status?.conditions, ["Progressing", ...progress], kernel.wallMs)
        : before;
    const known = revision === undefined || metadata.annotations?.[REVISION] === revision;
    if (known && conditions === before) return;
    const annotations = known ? metadata.annotations : { ...metadata.annotations, [REVISION]: revision };
    const changed = { ...deployment, metadata: { ...metadata, annotations }, status: { ...status, conditions } };
    rollout.deployment = yield* client.update(DEPLOYMENTS, changed, "status");
  }
}

/** One more than that of any old ReplicaSet. */
function nextRevision(old: readonly KubeObject[]): string {
  return String(Math.max(0, ...old.map((set) => Number(set.metadata.annotations?.[REVISION] ?? 0))) + 1);
}

/** Annotations of an existing new ReplicaSet when they have to change. */
function annotationsOf(deployment: KubeObject, set: KubeObject, revision: string): Record<string, string> | undefined {
  const before = set.metadata.annotations ?? {};
  const after: Record<string, string> = { ...before };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {}))
    if (!OWN_ANNOTATIONS.includes(key)) after[key] = value;
  if (Number(before[REVISION] ?? 0) < Number(revision)) {
    after[REVISION] = revision;
    const was = before[REVISION];
    if (was !== undefined) {
      const history = before[REVISION_HISTORY]?.split(",") ?? [];
      after[REVISION_HISTORY] = [...history, was].join(",");
    }
  }
  // Desired and greatest numbers are written with a scaling, which shares out by what they were before.
  const same = Object.keys(after).every((key) => after[key] === before[key]);
  return same ? undefined : after;
}

/** How many Pods the new ReplicaSet may have now (deployment_util.go NewRSNewReplicas). */
export function newReplicas(
  deployment: KubeObject,
  all: readonly KubeObject[],
  current: KubeObject | undefined,
): number {
  const wanted: number = deployment.spec.replicas;
  const now = current ? replicasOf(current) : 0;
  if (deployment.spec.strategy?.type === "Recreate") return wanted;
  if (now >= wanted) return wanted;
  const most = wanted + limits(deployment).surge;
  const sum = total(all);
  return sum >= most ? now : now + Math.min(most - sum, wanted - now);
}
