import { keyOf } from "../api/informer.ts";
import { matchesSelector } from "../api/label-selector.ts";
import { PODS, STATEFUL_SETS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, SECOND } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { Expectations } from "./expectations.ts";
import { controllerOf } from "./informers.ts";
import { controllerRef, isAvailable, isReady } from "./pods.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";
import { Revisions, STATEFUL_SET_MARKS } from "./revisions.ts";
import { StatefulClaims } from "./stateful-claims.ts";
import { identityOf, ordinalOf, revisionOf, statefulPod } from "./stateful-pods.ts";

const isTerminating = (pod: KubeObject): boolean => pod.metadata.deletionTimestamp !== undefined;
const isRunning = (pod: KubeObject): boolean => pod.status?.phase === "Running" && isReady(pod);
const isHealthy = (pod: KubeObject): boolean => isRunning(pod) && !isTerminating(pod);

/** The two revisions a set moves between. */
interface Move {
  set: KubeObject;
  from: KubeObject;
  to: KubeObject;
  pods: readonly KubeObject[];
}

/** Pods with names that last, made and removed in order (pkg/controller/statefulset). */
class StatefulSetController implements Reconciler {
  readonly name = "statefulset";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  private readonly revisions: Revisions;
  private readonly claims: StatefulClaims;
  private readonly expectations: Expectations;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    this.revisions = new Revisions(context, STATEFUL_SET_MARKS);
    this.claims = new StatefulClaims(context);
    this.expectations = new Expectations(context.kernel);
    const { informers } = context;
    informers.handle(STATEFUL_SETS, ({ type, object }) => {
      if (type === "deleted") {
        this.revisions.forget(object.metadata.uid);
        this.expectations.forget(keyOf(object));
      } else this.queue.add(keyOf(object));
    });
    informers.handle(PODS, ({ type, object }) => {
      const owner = controllerOf(object);
      if (owner?.kind === "StatefulSet") {
        const key = `${object.metadata.namespace}/${owner.name}`;
        if (type === "added") this.expectations.created(key);
        if (isTerminating(object) || type === "deleted") this.expectations.deleted(key, keyOf(object));
        this.queue.add(key);
      } else if (!owner && type !== "deleted")
        for (const set of informers.list(STATEFUL_SETS)) if (this.fits(set, object)) this.queue.add(keyOf(set));
    });
  }

  private fits(set: KubeObject, pod: KubeObject): boolean {
    return (
      set.metadata.namespace === pod.metadata.namespace &&
      ordinalOf(set, pod) >= 0 &&
      matchesSelector(set.spec.selector, pod.metadata.labels)
    );
  }

  *reconcile(key: string): Gen {
    const set = this.context.informers.get(STATEFUL_SETS, key);
    // Upstream reads its own writes from the cache, too; a set whose last step is not seen yet waits for it.
    if (set === undefined || !this.expectations.satisfied(key)) return;
    const pods = yield* this.claim(set);
    const to = yield* this.revisions.current(set);
    const all = yield* this.revisions.of(set);
    const from = all.find((revision) => revision.metadata.name === set.status?.currentRevision) ?? to;
    const move: Move = { set, from, to, pods };
    let problem: unknown;
    try {
      if (!set.metadata.deletionTimestamp) yield* this.manage(key, move);
    } catch (error) {
      problem = error;
    }
    yield* this.updateStatus(key, move);
    if (problem !== undefined) throw problem;
    const used = new Set([from.metadata.name, to.metadata.name, ...pods.map(revisionOf)]);
    yield* this.revisions.truncate(set, used, set.spec.revisionHistoryLimit ?? 10);
  }

  private *claim(set: KubeObject): Gen<KubeObject[]> {
    const { informers, client } = this.context;
    const { uid, namespace, deletionTimestamp } = set.metadata;
    const mine: KubeObject[] = [];
    for (const pod of informers.pods.owned(uid)) {
      if (this.fits(set, pod)) mine.push(pod);
      else if (!deletionTimestamp && !isTerminating(pod)) yield* this.release(pod, uid);
    }
    if (deletionTimestamp) return mine;
    for (const pod of informers.pods.orphans(namespace ?? "")) {
      if (isTerminating(pod) || !this.fits(set, pod)) continue;
      const patch = { metadata: { uid: pod.metadata.uid, ownerReferences: [controllerRef(set)] } };
      mine.push(yield* client.patch(PODS, namespace, pod.metadata.name, patch, "strategic"));
    }
    return mine;
  }

  /** A Pod whose labels no longer match is nobody's; its name stays taken. */
  private *release({ metadata }: KubeObject, uid: string): Gen {
    const patch = { metadata: { uid: metadata.uid, ownerReferences: [{ $patch: "delete", uid }] } };
    try {
      yield* this.context.client.patch(PODS, metadata.namespace, metadata.name, patch, "strategic");
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }

  /** One step, or all at once for Parallel (stateful_set_control.go updateStatefulSet). */
  private *manage(key: string, move: Move): Gen {
    const { set, to } = move;
    const { replicas, podManagementPolicy, updateStrategy, ordinals, minReadySeconds = 0 } = set.spec;
    const inOrder = podManagementPolicy !== "Parallel";
    const start: number = ordinals?.start ?? 0;
    const byOrdinal = new Map(move.pods.map((pod) => [ordinalOf(set, pod), pod]));
    const unhealthy = [...byOrdinal.entries()].sort(([a], [b]) => a - b).find(([, pod]) => !isHealthy(pod))?.[1];
    for (let ordinal = start; ordinal < start + replicas; ordinal++) {
      const pod = byOrdinal.get(ordinal);
      if (pod === undefined) {
        yield* this.create(key, move, ordinal);
        if (inOrder) return;
        continue;
      }
      const phase = pod.status?.phase;
      // What has ended is made anew once it is gone.
      if (phase === "Failed" || phase === "Succeeded") {
        if (!isTerminating(pod)) yield* this.remove(key, set, pod);
        if (inOrder) return;
        continue;
      }
      // Somebody may have deleted a claim that its Pod has not mounted yet.
      if (phase === "Pending") {
        yield* this.claims.create(set, pod.metadata.name, ordinal);
        yield* this.claims.settle(set, pod);
      }
      if (inOrder && (!isHealthy(pod) || !this.available(key, pod, minReadySeconds))) return;
      yield* this.amend(set, pod, ordinal);
    }
    const condemned = [...byOrdinal.entries()]
      .filter(([ordinal]) => ordinal < start || ordinal >= start + replicas)
      .sort(([a], [b]) => b - a);
    for (const [, pod] of condemned) yield* this.claims.settle(set, pod);
    for (const [, pod] of condemned) {
      if (isTerminating(pod)) {
        if (inOrder) return;
        continue;
      }
      const settled = isRunning(pod) && this.available(key, pod, minReadySeconds);
      if (inOrder && !settled && pod !== unhealthy) return;
      yield* this.remove(key, set, pod);
      if (inOrder) return;
    }
    if (updateStrategy?.type === "OnDelete") return;
    // A partition counts Pods from the first, whatever its number is.
    const partition: number = updateStrategy?.rollingUpdate?.partition ?? 0;
    for (let ordinal = start + replicas - 1; ordinal >= start + partition; ordinal--) {
      const pod = byOrdinal.get(ordinal);
      if (pod === undefined) return;
      if (revisionOf(pod) !== to.metadata.name && !isTerminating(pod)) return yield* this.remove(key, set, pod);
      if (!isHealthy(pod)) return;
    }
  }

  private available(key: string, pod: KubeObject, minReadySeconds: number): boolean {
    if (isAvailable(pod, minReadySeconds, this.context.kernel.wallMs)) return true;
    this.queue.addAfter(key, minReadySeconds * SECOND);
    return false;
  }

  /** A missing ordinal is made from the old revision while it is not its turn (newVersionedStatefulSetPod). */
  private *create(key: string, { set, from, to, pods }: Move, ordinal: number): Gen {
    const { client, recorder } = this.context;
    const { updateStrategy, ordinals } = set.spec;
    const start: number = ordinals?.start ?? 0;
    const rolling = updateStrategy?.type !== "OnDelete";
    const partition: number | undefined = updateStrategy?.rollingUpdate?.partition;
    const current = pods.filter((pod) => revisionOf(pod) === from.metadata.name && !isTerminating(pod)).length;
    const old = rolling && ordinal < start + (partition === undefined ? current : partition);
    const revision = old ? from : to;
    const template = revision["data"].spec.template;
    const pod = statefulPod(set, template, revision.metadata.name, ordinal);
    const { name } = pod.metadata;
    if (this.claims.areStale(set, name, ordinal)) return this.queue.addAfter(key, SECOND);
    let counted = false;
    try {
      yield* this.claims.create(set, name, ordinal);
      this.expectations.expectCreations(key, 1);
      counted = true;
      yield* client.create(PODS, pod);
      const message = `create Pod ${name} in StatefulSet ${set.metadata.name} successful`;
      recorder.event(set, "Normal", "SuccessfulCreate", message);
    } catch (error) {
      if (counted) this.expectations.created(key);
      if (isStatus(error, "AlreadyExists")) return;
      const message = `create Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${(error as Error).message}`;
      recorder.event(set, "Warning", "FailedCreate", message);
      throw error;
    }
  }

  /** Gives a Pod back what makes it one of the set's: its labels, and the owner of its claims (UpdateStatefulPod). */
  private *amend(set: KubeObject, pod: KubeObject, ordinal: number): Gen {
    const { client, recorder } = this.context;
    const { namespace, name, uid, labels = {} } = pod.metadata;
    const identity = identityOf(set, ordinal);
    const known = Object.entries(identity).every(([key, value]) => labels[key] === value);
    const settled = yield* this.claims.settle(set, pod);
    if (known && !settled) return;
    if (!known) yield* client.patch(PODS, namespace, name, { metadata: { uid, labels: identity } }, "strategic");
    const message = `update Pod ${name} in StatefulSet ${set.metadata.name} successful`;
    recorder.event(set, "Normal", "SuccessfulUpdate", message);
  }

  private *remove(key: string, set: KubeObject, pod: KubeObject): Gen {
    const { client, recorder } = this.context;
    const { namespace, name } = pod.metadata;
    this.expectations.expectDeletions(key, [keyOf(pod)]);
    try {
      yield* client.delete(PODS, namespace, name);
      const message = `delete Pod ${name} in StatefulSet ${set.metadata.name} successful`;
      recorder.event(set, "Normal", "SuccessfulDelete", message);
    } catch (error) {
      this.expectations.deleted(key, keyOf(pod));
      if (isStatus(error, "NotFound")) return;
      const message = `delete Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${(error as Error).message}`;
      recorder.event(set, "Warning", "FailedDelete", message);
      throw error;
    }
  }

  private *updateStatus(key: string, { set, from, to }: Move): Gen {
    const { informers, kernel, client } = this.context;
    // The steps just taken are not in the informer yet; the change that shows them brings the key back.
    const pods = informers.pods.owned(set.metadata.uid).filter((pod) => this.fits(set, pod));
    const minReady: number = set.spec.minReadySeconds ?? 0;
    const alive = pods.filter((pod) => !isTerminating(pod));
    const ready = pods.filter(isRunning);
    const available = ready.filter((pod) => isAvailable(pod, minReady, kernel.wallMs)).length;
    if (available < ready.length) this.queue.addAfter(key, minReady * SECOND);
    const on = (revision: KubeObject) => alive.filter((pod) => revisionOf(pod) === revision.metadata.name).length;
    const updated = on(to);
    let current = on(from);
    let currentRevision = from.metadata.name;
    const rolling = set.spec.updateStrategy?.type !== "OnDelete";
    if (rolling && updated === pods.length && ready.length === pods.length && updated === set.spec.replicas) {
      current = updated;
      currentRevision = to.metadata.name;
    }
    const status = {
      observedGeneration: set.metadata.generation ?? 0,
      replicas: pods.length,
      ...(ready.length && { readyReplicas: ready.length }),
      ...(current && { currentReplicas: current }),
      ...(updated && { updatedReplicas: updated }),
      currentRevision,
      updateRevision: to.metadata.name,
      collisionCount: set.status?.collisionCount ?? 0,
      availableReplicas: available,
    };
    const old: Record<string, unknown> = set.status ?? {};
    const names = new Set([...Object.keys(status), ...Object.keys(old)]);
    if ([...names].every((name) => old[name] === (status as Record<string, unknown>)[name])) return;
    yield* client.update(STATEFUL_SETS, { ...set, status }, "status");
  }
}

export function startStatefulSetController(context: ControllerContext): void {
  new StatefulSetController(context);
}
