import { keyOf } from "../api/informer.ts";
import { matchesSelector } from "../api/label-selector.ts";
import { DEPLOYMENTS, PODS, REPLICA_SETS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, MS, SECOND } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import {
  type DeploymentStatus,
  deadline,
  deploymentStatus,
  hasDeadline,
  isComplete,
  rolloutStatus,
  sameStatus,
  withCondition,
} from "./deployment-status.ts";
import { controllerOf } from "./informers.ts";
import { DESIRED, MAX, NewReplicaSet, newReplicas, REVISION, replicasOf, total } from "./new-replica-set.ts";
import { condition, controllerRef } from "./pods.ts";
import type { ReconcileResult, Reconciler, WorkQueue } from "./reconciler.ts";
import { limits } from "./rollout.ts";
import { templateText } from "./template-hash.ts";

const availableOf = (set: KubeObject): number => set.status?.availableReplicas ?? 0;
const byAge = (a: KubeObject, b: KubeObject) =>
  a.metadata.creationTimestamp !== b.metadata.creationTimestamp
    ? a.metadata.creationTimestamp < b.metadata.creationTimestamp
      ? -1
      : 1
    : a.metadata.name < b.metadata.name
      ? -1
      : 1;

/** One look at a Deployment; its parts are replaced by what the server made of them. */
export interface Rollout {
  deployment: KubeObject;
  /** The ReplicaSet of the present template. */
  current: KubeObject | undefined;
  old: KubeObject[];
}

/** Moves a Deployment's Pods from ReplicaSet to ReplicaSet (pkg/controller/deployment). */
class DeploymentController implements Reconciler {
  readonly name = "deployment";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  private readonly newest: NewReplicaSet;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    this.newest = new NewReplicaSet(context);
    const { informers } = context;
    informers.handle(DEPLOYMENTS, ({ object }) => this.queue.add(keyOf(object)));
    informers.handle(REPLICA_SETS, ({ type, object, old }) => {
      this.addOwner(object);
      if (old) this.addOwner(old);
      if (type !== "deleted" && !controllerOf(object)) this.addAdopters(object);
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

  private addAdopters({ metadata }: KubeObject): void {
    for (const deployment of this.context.informers.list(DEPLOYMENTS)) {
      if (deployment.metadata.namespace !== metadata.namespace) continue;
      if (matchesSelector(deployment.spec.selector, metadata.labels)) this.queue.add(keyOf(deployment));
    }
  }

  *reconcile(key: string): Gen<ReconcileResult | void> {
    let deployment = this.context.informers.get(DEPLOYMENTS, key);
    if (deployment === undefined) return;
    const sets = yield* this.claim(deployment);
    const text = templateText(deployment.spec.template);
    const current = [...sets].sort(byAge).find((set) => templateText(set.spec.template) === text);
    const old = sets.filter((set) => set !== current);
    const rollout: Rollout = { deployment, current, old };
    if (deployment.metadata.deletionTimestamp) return yield* this.updateStatus(rollout);
    rollout.deployment = deployment = yield* this.notePause(deployment);
    if (deployment.spec.paused || this.isScaling(deployment, sets)) {
      if (current) yield* this.newest.follow(rollout);
      yield* this.scaleAll(rollout);
      if (deployment.spec.paused) yield* this.cleanUp(rollout);
      return yield* this.updateStatus(rollout);
    }
    if (deployment.spec.strategy?.type === "Recreate") yield* this.recreate(rollout);
    else yield* this.roll(rollout);
    return yield* this.updateProgress(rollout);
  }

  /** Time that passes in a pause does not count against the deadline (sync.go checkPausedConditions). */
  private *notePause(deployment: KubeObject): Gen<KubeObject> {
    const present = condition(deployment, "Progressing")?.reason;
    const paused = deployment.spec.paused === true;
    if (!hasDeadline(deployment) || present === "ProgressDeadlineExceeded") return deployment;
    if (paused === (present === "DeploymentPaused")) return deployment;
    const what = paused ? "paused" : "resumed";
    const reason = paused ? "DeploymentPaused" : "DeploymentResumed";
    const { client, kernel } = this.context;
    const { status } = deployment;
    const next = ["Progressing", "Unknown", reason, `Deployment is ${what}`] as const;
    const conditions = withCondition(status?.conditions, next, kernel.wallMs);
    return yield* client.update(DEPLOYMENTS, { ...deployment, status: { ...status, conditions } }, "status");
  }

  private *claim(deployment: KubeObject): Gen<KubeObject[]> {
    const { informers, client } = this.context;
    const { uid, namespace, deletionTimestamp } = deployment.metadata;
    const matches = (set: KubeObject) => matchesSelector(deployment.spec.selector, set.metadata.labels);
    const mine: KubeObject[] = [];
    for (const set of informers.replicaSets.owned(uid)) {
      if (matches(set)) mine.push(set);
      else if (!deletionTimestamp) yield* this.release(set, uid);
    }
    if (deletionTimestamp) return mine;
    for (const set of informers.replicaSets.orphans(namespace ?? "")) {
      if (set.metadata.deletionTimestamp || !matches(set)) continue;
      const patch = { metadata: { uid: set.metadata.uid, ownerReferences: [controllerRef(deployment)] } };
      mine.push(yield* client.patch(REPLICA_SETS, namespace, set.metadata.name, patch, "strategic"));
    }
    return mine;
  }

  /** A ReplicaSet whose labels no longer match is nobody's. */
  private *release({ metadata }: KubeObject, uid: string): Gen {
    const patch = { metadata: { uid: metadata.uid, ownerReferences: [{ $patch: "delete", uid }] } };
    try {
      yield* this.context.client.patch(REPLICA_SETS, metadata.namespace, metadata.name, patch, "strategic");
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }

  /** The Deployment was scaled, not changed: some ReplicaSet still carries another number. */
  private isScaling(deployment: KubeObject, sets: readonly KubeObject[]): boolean {
    return sets.some((set) => {
      const desired = set.metadata.annotations?.[DESIRED];
      return replicasOf(set) > 0 && desired !== undefined && Number(desired) !== deployment.spec.replicas;
    });
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
  private *scaleAll(rollout: Rollout): Gen {
    const { deployment, current, old } = rollout;
    const wanted: number = deployment.spec.replicas;
    const all = current ? [...old, current] : [...old];
    const active = all.filter((set) => replicasOf(set) > 0);
    const replaced = new Map<KubeObject, KubeObject>();
    const scale = function* (this: DeploymentController, set: KubeObject, to: number): Gen {
      replaced.set(set, yield* this.scale(deployment, set, to));
    }.bind(this);
    const only =
      active.length === 1 ? active[0] : active.length === 0 ? (current ?? [...old].sort(byAge).at(-1)) : undefined;
    const saturated =
      current !== undefined &&
      replicasOf(current) === wanted &&
      current.metadata.annotations?.[DESIRED] === String(wanted) &&
      availableOf(current) === wanted;
    if (only !== undefined) yield* scale(only, wanted);
    else if (saturated) for (const set of active) yield* scale(set, set === current ? wanted : 0);
    else if (deployment.spec.strategy?.type !== "Recreate" && active.length > 0) {
      const most = wanted > 0 ? wanted + limits(deployment).surge : 0;
      const sum = total(active);
      let toAdd = most - sum;
      // The largest first, of equals the newest when growing and the oldest when shrinking; the first takes what rounding leaves.
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
    rollout.current = current && now(current);
    rollout.old = old.map(now);
  }

  // ---- strategies -------------------------------------------------------------------------------------------------

  private *roll(rollout: Rollout): Gen {
    const current = yield* this.newest.ensure(rollout);
    const { deployment, old } = rollout;
    const to = newReplicas(deployment, [...old, current], current);
    if (to !== replicasOf(current)) rollout.current = yield* this.scale(deployment, current, to);
    else if (!(yield* this.shrinkOld(rollout, current)) && isComplete(deployment, deployment.status ?? {}))
      yield* this.cleanUp(rollout);
  }

  /** Takes as many Pods from the old ReplicaSets as availability allows, broken ones first (rolling.go). */
  private *shrinkOld(rollout: Rollout, current: KubeObject): Gen<boolean> {
    const { deployment, old } = rollout;
    if (total(old) === 0) return false;
    const least = deployment.spec.replicas - limits(deployment).unavailable;
    const missing = replicasOf(current) - availableOf(current);
    const most = total(old) + replicasOf(current) - least - missing;
    if (most <= 0) return false;
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
    if (taken === 0) return false;
    const out: KubeObject[] = [];
    for (const set of old)
      out.push(sizes.get(set) === replicasOf(set) ? set : yield* this.scale(deployment, set, sizes.get(set)!));
    rollout.old = out;
    return true;
  }

  /** All old Pods go before the first new one comes (recreate.go). */
  private *recreate(rollout: Rollout): Gen {
    const { informers } = this.context;
    if (rollout.current) yield* this.newest.follow(rollout);
    const { deployment, old } = rollout;
    if (total(old) > 0) {
      const emptied: KubeObject[] = [];
      for (const set of old) emptied.push(replicasOf(set) > 0 ? yield* this.scale(deployment, set, 0) : set);
      rollout.old = emptied;
      return;
    }
    const running = old.some((set) =>
      informers.pods
        .owned(set.metadata.uid)
        .some((pod) => pod.status?.phase !== "Failed" && pod.status?.phase !== "Succeeded"),
    );
    if (running) return;
    const current = rollout.current ?? (yield* this.newest.ensure(rollout));
    rollout.current = yield* this.scale(rollout.deployment, current, deployment.spec.replicas);
    if (isComplete(rollout.deployment, rollout.deployment.status ?? {})) yield* this.cleanUp(rollout);
  }

  /** Old ReplicaSets beyond the history limit go, oldest revision first. */
  private *cleanUp({ deployment, old }: Rollout): Gen {
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

  private *updateStatus({ deployment, current, old }: Rollout): Gen {
    yield* this.write(deployment, deploymentStatus(deployment, current, old, this.context.kernel.wallMs));
  }

  /** The status of a rollout, which has a deadline to be looked at. */
  private *updateProgress({ deployment, current, old }: Rollout): Gen<ReconcileResult | void> {
    const now = this.context.kernel.wallMs;
    const status = rolloutStatus(deployment, current, old, now);
    yield* this.write(deployment, status);
    const due = deadline(deployment, status);
    if (due !== undefined) return { requeueAfter: Math.max(SECOND, (due - now + 1000) * MS) };
  }

  private *write(deployment: KubeObject, status: DeploymentStatus): Gen {
    if (sameStatus(deployment.status ?? {}, status)) return;
    try {
      yield* this.context.client.update(DEPLOYMENTS, { ...deployment, status }, "status");
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
}

export function startDeploymentController(context: ControllerContext): void {
  new DeploymentController(context);
}
