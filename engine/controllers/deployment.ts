import { keyOf } from "../api/informer.ts";
import { matchesSelector } from "../api/label-selector.ts";
import { DEPLOYMENTS, PODS, REPLICA_SETS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import { parseTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, SECOND } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { deploymentStatus, progress, sameStatus, sum } from "./deployment-status.ts";
import { controllerOf } from "./informers.ts";
import { controllerRef } from "./pods.ts";
import type { ReconcileResult, Reconciler, WorkQueue } from "./reconciler.ts";
import { limits } from "./rollout.ts";
import { computeHash, templateText } from "./template-hash.ts";

const REVISION = "deployment.kubernetes.io/revision";
const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
const DESIRED = "deployment.kubernetes.io/desired-replicas";
const MAX = "deployment.kubernetes.io/max-replicas";
/** Annotations of a Deployment that its ReplicaSets do not take over. */
const OWN_ANNOTATIONS = [
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  REVISION_HISTORY,
  DESIRED,
  MAX,
  "deprecated.deployment.rollback.to",
];

const replicasOf = (set: KubeObject): number => set.spec.replicas ?? 0;
const total = (sets: readonly KubeObject[]) => sets.reduce((sum, set) => sum + replicasOf(set), 0);
const availableOf = (set: KubeObject): number => set.status?.availableReplicas ?? 0;
const byAge = (a: KubeObject, b: KubeObject) =>
  a.metadata.creationTimestamp !== b.metadata.creationTimestamp
    ? a.metadata.creationTimestamp < b.metadata.creationTimestamp
      ? -1
      : 1
    : a.metadata.name < b.metadata.name
      ? -1
      : 1;

/** Moves a Deployment's Pods from ReplicaSet to ReplicaSet (pkg/controller/deployment). */
class DeploymentController implements Reconciler {
  readonly name = "deployment";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    const { informers } = context;
    informers.handle(DEPLOYMENTS, ({ object }) => this.queue.add(keyOf(object)));
    informers.handle(REPLICA_SETS, ({ object, old }) => {
      this.addOwner(object);
      if (old) this.addOwner(old);
    });
    // Recreate waits for the last old Pod to be gone.
    informers.handle(PODS, ({ type, object }) => {
      if (type !== "deleted") return;
      const owner = controllerOf(object);
      if (owner?.kind !== "ReplicaSet") return;
      const set = informers.get(REPLICA_SETS, `${object.metadata.namespace}/${owner.name}`);
      if (set) this.addOwner(set);
    });
  }

  private addOwner(set: KubeObject): void {
    const owner = controllerOf(set);
    if (owner?.kind === "Deployment") this.queue.add(`${set.metadata.namespace}/${owner.name}`);
  }

  *reconcile(key: string): Gen<ReconcileResult | void> {
    const deployment = this.context.informers.get(DEPLOYMENTS, key);
    if (deployment === undefined) return;
    const sets = yield* this.claim(deployment);
    const text = templateText(deployment.spec.template);
    const current = [...sets].sort(byAge).find((set) => templateText(set.spec.template) === text);
    const old = sets.filter((set) => set !== current);
    if (deployment.metadata.deletionTimestamp) return yield* this.updateStatus(deployment, current, old);
    if (deployment.spec.paused || this.isScaling(deployment, sets)) {
      const fresh = current && (yield* this.ensureNew(deployment, current, old, sets));
      const moved = yield* this.scaleAll(deployment, fresh, old);
      return yield* this.updateStatus(deployment, moved.current, moved.old);
    }
    return deployment.spec.strategy?.type === "Recreate"
      ? yield* this.recreate(deployment, current, old, sets)
      : yield* this.roll(deployment, current, old, sets);
  }

  private *claim(deployment: KubeObject): Gen<KubeObject[]> {
    const { informers, client } = this.context;
    const { uid, namespace, deletionTimestamp } = deployment.metadata;
    const matches = (set: KubeObject) => matchesSelector(deployment.spec.selector, set.metadata.labels);
    const mine = informers.replicaSets.owned(uid).filter(matches);
    if (deletionTimestamp) return mine;
    for (const set of informers.replicaSets.orphans(namespace ?? "")) {
      if (set.metadata.deletionTimestamp || !matches(set)) continue;
      const patch = { metadata: { uid: set.metadata.uid, ownerReferences: [controllerRef(deployment)] } };
      mine.push(yield* client.patch(REPLICA_SETS, namespace, set.metadata.name, patch, "strategic"));
    }
    return mine;
  }

  /** The Deployment was scaled, not changed: some ReplicaSet still carries another number. */
  private isScaling(deployment: KubeObject, sets: readonly KubeObject[]): boolean {
    return sets.some((set) => {
      const desired = set.metadata.annotations?.[DESIRED];
      return replicasOf(set) > 0 && desired !== undefined && Number(desired) !== deployment.spec.replicas;
    });
  }

  // ---- the new ReplicaSet -----------------------------------------------------------------------------------------

  /** The ReplicaSet of the present template, made if missing, with its revision and annotations right. */
  private *ensureNew(
    deployment: KubeObject,
    current: KubeObject | undefined,
    old: readonly KubeObject[],
    all: readonly KubeObject[],
  ): Gen<KubeObject> {
    const revision = String(Math.max(0, ...old.map((set) => Number(set.metadata.annotations?.[REVISION] ?? 0))) + 1);
    let set: KubeObject;
    if (current === undefined) set = yield* this.create(deployment, all, revision);
    else {
      set = current;
      const annotations = this.annotations(deployment, set, revision);
      const minReadySeconds = deployment.spec.minReadySeconds;
      if (annotations !== undefined || (set.spec.minReadySeconds ?? 0) !== (minReadySeconds ?? 0)) {
        set = yield* this.context.client.update(REPLICA_SETS, {
          ...set,
          metadata: { ...set.metadata, annotations: annotations ?? set.metadata.annotations },
          spec: { ...set.spec, minReadySeconds },
        });
      }
    }
    const mine = set.metadata.annotations?.[REVISION];
    if (mine !== undefined && deployment.metadata.annotations?.[REVISION] !== mine) {
      const latest = this.context.informers.get(DEPLOYMENTS, keyOf(deployment)) ?? deployment;
      yield* this.context.client.update(DEPLOYMENTS, {
        ...latest,
        metadata: { ...latest.metadata, annotations: { ...latest.metadata.annotations, [REVISION]: mine } },
      });
    }
    return set;
  }

  /** Annotations of an existing new ReplicaSet when they have to change. */
  private annotations(deployment: KubeObject, set: KubeObject, revision: string): Record<string, string> | undefined {
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

  private *create(deployment: KubeObject, all: readonly KubeObject[], revision: string): Gen<KubeObject> {
    const { client, recorder } = this.context;
    const { spec, metadata } = deployment;
    const hash = computeHash(spec.template, deployment.status?.collisionCount);
    const label = { "pod-template-hash": hash };
    const replicas = newReplicas(deployment, all, undefined);
    const annotations: Record<string, string> = {};
    for (const [key, value] of Object.entries(metadata.annotations ?? {}))
      if (!OWN_ANNOTATIONS.includes(key)) annotations[key] = value;
    annotations[REVISION] = revision;
    annotations[DESIRED] = String(spec.replicas);
    annotations[MAX] = String(spec.replicas + limits(deployment).surge);
    const templateLabels = { ...spec.template.metadata?.labels, ...label };
    const name = `${metadata.name}-${hash}`;
    try {
      const set = yield* client.create(REPLICA_SETS, {
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
      if (replicas > 0)
        recorder.event(
          deployment,
          "Normal",
          "ScalingReplicaSet",
          `Scaled up replica set ${name} from 0 to ${replicas}`,
        );
      return set;
    } catch (error) {
      if (!isStatus(error, "AlreadyExists")) throw error;
      const there = yield* client.get(REPLICA_SETS, metadata.namespace, name);
      if (
        controllerOf(there)?.uid === metadata.uid &&
        templateText(there.spec.template) === templateText(spec.template)
      )
        return there;
      // Two templates with one hash: the count makes the next hash another one.
      const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
      yield* client.update(DEPLOYMENTS, { ...deployment, status: { ...deployment.status, collisionCount } }, "status");
      throw error;
    }
  }

  // ---- scaling ----------------------------------------------------------------------------------------------------

  /** Gives a ReplicaSet a number of Pods, and says so. */
  private *scale(deployment: KubeObject, set: KubeObject, to: number): Gen<KubeObject> {
    const from = replicasOf(set);
    const desired = String(deployment.spec.replicas);
    const max = String(deployment.spec.replicas + limits(deployment).surge);
    const before = set.metadata.annotations ?? {};
    if (from === to && before[DESIRED] === desired && before[MAX] === max) return set;
    const updated = yield* this.context.client.update(REPLICA_SETS, {
      ...set,
      metadata: { ...set.metadata, annotations: { ...before, [DESIRED]: desired, [MAX]: max } },
      spec: { ...set.spec, replicas: to },
    });
    if (from !== to) {
      const message = `Scaled ${from < to ? "up" : "down"} replica set ${set.metadata.name} from ${from} to ${to}`;
      this.context.recorder.event(deployment, "Normal", "ScalingReplicaSet", message);
    }
    return updated;
  }

  /** The Deployment's number changed: share it out over what is there (sync.go scale). */
  private *scaleAll(deployment: KubeObject, current: KubeObject | undefined, old: readonly KubeObject[]) {
    const wanted: number = deployment.spec.replicas;
    const all = current ? [...old, current] : [...old];
    const active = all.filter((set) => replicasOf(set) > 0);
    const replaced = new Map<KubeObject, KubeObject>();
    const scale = function* (this: DeploymentController, set: KubeObject, to: number): Gen {
      replaced.set(set, yield* this.scale(deployment, set, to));
    }.bind(this);
    const only =
      active.length === 1 ? active[0] : active.length === 0 ? (current ?? [...old].sort(byAge).at(-1)) : undefined;
    const saturated = current !== undefined && replicasOf(current) === wanted && availableOf(current) === wanted;
    if (only !== undefined) yield* scale(only, wanted);
    else if (saturated) for (const set of active) yield* scale(set, set === current ? wanted : 0);
    else if (deployment.spec.strategy?.type !== "Recreate" && active.length > 0) {
      const most = wanted > 0 ? wanted + limits(deployment).surge : 0;
      const sum = total(active);
      let toAdd = most - sum;
      // The largest first when growing, the oldest of equals first; what rounding leaves goes to the first.
      const sorted = active.sort((a, b) => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? byAge(b, a) : byAge(a, b)));
      const sizes = sorted.map((set) => {
        const before = Number(set.metadata.annotations?.[MAX] ?? deployment.status?.replicas ?? sum);
        const share = Math.round((replicasOf(set) * most) / Math.max(1, before)) - replicasOf(set);
        const part = toAdd > 0 ? Math.min(Math.max(share, 0), toAdd) : Math.max(Math.min(share, 0), toAdd);
        toAdd -= part;
        return replicasOf(set) + part;
      });
      sizes[0] = Math.max(0, sizes[0]! + toAdd);
      for (const [i, set] of sorted.entries()) yield* scale(set, sizes[i]!);
    }
    const now = (set: KubeObject) => replaced.get(set) ?? set;
    return { current: current && now(current), old: old.map(now) };
  }

  // ---- strategies -------------------------------------------------------------------------------------------------

  private *roll(
    deployment: KubeObject,
    found: KubeObject | undefined,
    old: readonly KubeObject[],
    all: readonly KubeObject[],
  ): Gen<ReconcileResult | void> {
    const wanted: number = deployment.spec.replicas;
    const current = yield* this.ensureNew(deployment, found, old, all);
    const to = newReplicas(deployment, [...old, current], current);
    if (to !== replicasOf(current)) {
      const grown = yield* this.scale(deployment, current, to);
      return yield* this.updateStatus(deployment, grown, old);
    }
    const shrunk = yield* this.shrinkOld(deployment, current, old);
    if (shrunk !== undefined) return yield* this.updateStatus(deployment, current, shrunk);
    const sets = [...old, current];
    const updated = current.status?.replicas ?? 0;
    if (updated === wanted && sum(sets, "replicas") === wanted && sum(sets, "availableReplicas") === wanted)
      yield* this.cleanUp(deployment, old);
    return yield* this.updateStatus(deployment, current, old);
  }

  /** Takes as many Pods from the old ReplicaSets as availability allows, broken ones first (rolling.go). */
  private *shrinkOld(
    deployment: KubeObject,
    current: KubeObject,
    old: readonly KubeObject[],
  ): Gen<KubeObject[] | undefined> {
    if (total(old) === 0) return undefined;
    const least = deployment.spec.replicas - limits(deployment).unavailable;
    const missing = replicasOf(current) - availableOf(current);
    const most = total(old) + replicasOf(current) - least - missing;
    if (most <= 0) return undefined;
    const sizes = new Map(old.map((set) => [set, replicasOf(set)]));
    const oldest = [...old].sort(byAge);
    let taken = 0;
    for (const set of oldest) {
      const broken = Math.min(most - taken, sizes.get(set)! - availableOf(set));
      if (sizes.get(set) === 0 || broken <= 0) continue;
      sizes.set(set, sizes.get(set)! - broken);
      taken += broken;
    }
    let spare = [...old, current].reduce((sum, set) => sum + availableOf(set), 0) - least;
    for (const set of oldest) {
      if (spare <= 0) break;
      const part = Math.min(sizes.get(set)!, spare);
      sizes.set(set, sizes.get(set)! - part);
      spare -= part;
      taken += part;
    }
    if (taken === 0) return undefined;
    const out: KubeObject[] = [];
    for (const set of old)
      out.push(sizes.get(set) === replicasOf(set) ? set : yield* this.scale(deployment, set, sizes.get(set)!));
    return out;
  }

  private *recreate(
    deployment: KubeObject,
    found: KubeObject | undefined,
    old: readonly KubeObject[],
    all: readonly KubeObject[],
  ): Gen<ReconcileResult | void> {
    const { informers } = this.context;
    if (total(old) > 0) {
      const emptied: KubeObject[] = [];
      for (const set of old) emptied.push(replicasOf(set) > 0 ? yield* this.scale(deployment, set, 0) : set);
      return yield* this.updateStatus(deployment, found, emptied);
    }
    const running = old.some((set) =>
      informers.pods
        .owned(set.metadata.uid)
        .some((pod) => pod.status?.phase !== "Failed" && pod.status?.phase !== "Succeeded"),
    );
    if (running) return yield* this.updateStatus(deployment, found, old);
    const current = yield* this.ensureNew(deployment, found, old, all);
    const full = yield* this.scale(deployment, current, deployment.spec.replicas);
    yield* this.cleanUp(deployment, old);
    return yield* this.updateStatus(deployment, full, old);
  }

  /** Old ReplicaSets beyond the history limit go, oldest revision first. */
  private *cleanUp(deployment: KubeObject, old: readonly KubeObject[]): Gen {
    const limit = deployment.spec.revisionHistoryLimit ?? 10;
    const alive = old.filter((set) => !set.metadata.deletionTimestamp);
    const revision = (set: KubeObject) => Number(set.metadata.annotations?.[REVISION] ?? 0);
    const sorted = alive.sort((a, b) => revision(a) - revision(b));
    for (const set of sorted.slice(0, Math.max(0, alive.length - limit))) {
      if ((set.status?.replicas ?? 0) !== 0 || replicasOf(set) !== 0) continue;
      if ((set.metadata.generation ?? 0) > (set.status?.observedGeneration ?? 0)) continue;
      yield* this.context.client.delete(REPLICA_SETS, set.metadata.namespace, set.metadata.name);
    }
  }

  private *updateStatus(
    stale: KubeObject,
    current: KubeObject | undefined,
    old: readonly KubeObject[],
  ): Gen<ReconcileResult | void> {
    const { client, kernel, informers } = this.context;
    // The revision annotation may have raised its version meanwhile; the informer knows in a millisecond.
    const deployment = informers.get(DEPLOYMENTS, keyOf(stale)) ?? stale;
    const status = deploymentStatus(stale, current, old, kernel.wallMs);
    if (!sameStatus(deployment.status ?? {}, status))
      try {
        yield* client.update(DEPLOYMENTS, { ...deployment, status }, "status");
      } catch (error) {
        if (isStatus(error, "NotFound")) return;
        throw error;
      }
    const deadline = progress(stale, status);
    if (deadline === undefined) return;
    const left = parseTime(deadline) - kernel.wallMs;
    return { requeueAfter: Math.max(SECOND, (left + 1000) * 1000) };
  }
}

/** How many Pods the new ReplicaSet may have now (deployment_util.go NewRSNewReplicas). */
function newReplicas(deployment: KubeObject, all: readonly KubeObject[], current: KubeObject | undefined): number {
  const wanted: number = deployment.spec.replicas;
  const now = current ? replicasOf(current) : 0;
  if (deployment.spec.strategy?.type === "Recreate") return wanted;
  if (now >= wanted) return wanted;
  const most = wanted + limits(deployment).surge;
  const sum = total(all);
  return sum >= most ? now : now + Math.min(most - sum, wanted - now);
}

export function startDeploymentController(context: ControllerContext): void {
  new DeploymentController(context);
}
