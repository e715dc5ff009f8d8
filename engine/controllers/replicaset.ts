import { keyOf } from "../api/informer.ts";
import { matchesSelector } from "../api/label-selector.ts";
import { PODS, REPLICA_SETS, REPLICATION_CONTROLLERS } from "../api/resources.ts";
import { isStatus, StatusError } from "../api/status.ts";
import { formatTime, parseTime } from "../api/time.ts";
import type { KubeObject, Resource } from "../api/types.ts";
import { type Gen, join, SECOND } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { Expectations } from "./expectations.ts";
import { controllerOf } from "./informers.ts";
import { countPods, type PodCount, PodTally } from "./pod-tally.ts";
import { condition, controllerRef, isActive, isReady, podFromTemplate } from "./pods.ts";
import type { ReconcileResult, Reconciler, WorkQueue } from "./reconciler.ts";

/** Most Pods made or removed in one go. */
const BURST = 500;

/** Keeps as many Pods as a ReplicaSet asks for (pkg/controller/replicaset). */
class ReplicaSetController implements Reconciler {
  readonly name: string;
  private readonly resource: Resource;
  private readonly context: ControllerContext;
  private readonly expectations: Expectations;
  private readonly queue: WorkQueue;
  /** By uid, of the sets that were looked at. */
  private readonly tallies = new Map<string, PodTally>();

  /** `resource`: ReplicaSets, or their elder sibling, of which only the selector looks different. */
  constructor(context: ControllerContext, resource: Resource) {
    this.name = resource.kind.toLowerCase();
    this.resource = resource;
    this.context = context;
    this.expectations = new Expectations(context.kernel);
    this.queue = context.queue(this);
    const { informers } = context;
    informers.handle(resource, ({ type, object }) => {
      if (type === "deleted") {
        this.expectations.forget(keyOf(object));
        this.tallies.delete(object.metadata.uid);
      }
      this.queue.add(keyOf(object));
    });
    informers.handle(PODS, ({ type, object, old }) => {
      this.recount(object, type === "deleted", old);
      const key = this.keyOfOwner(object);
      if (key === undefined) {
        if (type !== "deleted" && !controllerOf(object)) this.addAdopters(object);
        return;
      }
      if (type === "added") this.expectations.created(key);
      if (type === "deleted" || object.metadata.deletionTimestamp) this.expectations.deleted(key, keyOf(object));
      this.queue.add(key);
      const before = old && this.keyOfOwner(old);
      if (before !== undefined && before !== key) this.queue.add(before);
    });
  }

  private keyOfOwner(pod: KubeObject): string | undefined {
    const owner = controllerOf(pod);
    return owner?.kind === this.resource.kind ? `${pod.metadata.namespace}/${owner.name}` : undefined;
  }

  private addAdopters(pod: KubeObject): void {
    const { informers } = this.context;
    const namespace = pod.metadata.namespace ?? "";
    const sets =
      this.resource === REPLICA_SETS ? informers.replicaSets.inNamespace(namespace) : informers.list(this.resource);
    for (const set of sets)
      if (set.metadata.namespace === namespace && matchesSelector(selectorOf(set), pod.metadata.labels))
        this.queue.add(keyOf(set));
  }

  *reconcile(key: string): Gen<ReconcileResult | void> {
    const { informers } = this.context;
    const set = informers.get(this.resource, key);
    if (set === undefined) return this.expectations.forget(key);
    const ready = this.expectations.satisfied(key);
    const settled = this.settled(set);
    const pods = settled ? undefined : (yield* this.claim(set)).filter(isActive);
    let problem: Error | undefined;
    if (ready && !set.metadata.deletionTimestamp) {
      const all = () => pods ?? informers.pods.owned(set.metadata.uid).filter(isActive);
      problem = yield* this.manage(key, set, settled?.active ?? pods!.length, all);
    }
    const count = settled ?? countPods(set, pods!, this.context.kernel.wallMs);
    const requeueAfter = yield* this.updateStatus(set, count, problem);
    if (problem) throw problem;
    return requeueAfter === undefined ? undefined : { requeueAfter };
  }

  /** The count of its Pods when there is nothing to adopt or release, and no time that passes makes one available. */
  private settled(set: KubeObject): PodCount | undefined {
    const { uid, namespace } = set.metadata;
    const { pods } = this.context.informers;
    if (set.spec.minReadySeconds) return undefined;
    if (pods.orphans(namespace ?? "").some((pod) => matchesSelector(selectorOf(set), pod.metadata.labels)))
      return undefined;
    const { selector } = set.spec;
    const labels = set.spec.template.metadata?.labels;
    let tally = this.tallies.get(uid);
    if (tally === undefined || tally.source !== selector || tally.labels !== labels) {
      tally = new PodTally(selectorOf(set), labels, selector);
      this.tallies.set(uid, tally);
      for (const pod of pods.owned(uid)) tally.put(pod);
    }
    return tally.strangers > 0 ? undefined : tally.count();
  }

  private recount(pod: KubeObject, gone: boolean, old: KubeObject | undefined): void {
    const owner = controllerOf(pod)?.uid ?? "";
    const before = old && old.metadata.ownerReferences !== pod.metadata.ownerReferences && controllerOf(old)?.uid;
    if (before && before !== owner) this.tallies.get(before)?.drop(pod.metadata.uid);
    const tally = this.tallies.get(owner);
    if (gone) tally?.drop(pod.metadata.uid);
    else tally?.put(pod);
    // Another Pod of the same name.
    if (old && old.metadata.uid !== pod.metadata.uid) tally?.drop(old.metadata.uid);
  }

  /** Its own Pods, with orphans that match adopted and its own that no longer match released. */
  private *claim(set: KubeObject): Gen<KubeObject[]> {
    const { client, informers } = this.context;
    const { uid, namespace, deletionTimestamp } = set.metadata;
    const mine: KubeObject[] = [];
    for (const pod of informers.pods.owned(uid)) {
      if (matchesSelector(selectorOf(set), pod.metadata.labels)) mine.push(pod);
      else if (!deletionTimestamp) {
        const patch = { metadata: { uid: pod.metadata.uid, ownerReferences: [{ $patch: "delete", uid }] } };
        yield* ignoring("NotFound", client.patch(PODS, namespace, pod.metadata.name, patch, "strategic"));
      }
    }
    if (deletionTimestamp) return mine;
    for (const pod of informers.pods.orphans(namespace ?? "")) {
      if (!isActive(pod) || !matchesSelector(selectorOf(set), pod.metadata.labels)) continue;
      const patch = { metadata: { uid: pod.metadata.uid, ownerReferences: [controllerRef(set)] } };
      yield* ignoring("NotFound", client.patch(PODS, namespace, pod.metadata.name, patch, "strategic"));
      mine.push(pod);
    }
    return mine;
  }

  private *manage(
    key: string,
    set: KubeObject,
    active: number,
    pods: () => readonly KubeObject[],
  ): Gen<Error | undefined> {
    const diff = active - (set.spec.replicas ?? 1);
    if (diff < 0) return yield* this.createPods(key, set, Math.min(-diff, BURST));
    if (diff > 0) return yield* this.deletePods(key, set, pods(), Math.min(diff, BURST));
    return undefined;
  }

  /** Slow start: 1, 2, 4, … at a time, so that a quota or webhook that refuses is not asked 500 times. */
  private *createPods(key: string, set: KubeObject, count: number): Gen<Error | undefined> {
    this.expectations.expectCreations(key, count);
    let problem: Error | undefined;
    let left = count;
    for (let batch = 1; left > 0 && problem === undefined; batch *= 2) {
      const size = Math.min(batch, left);
      const tasks = Array.from({ length: size }, () =>
        this.context.kernel.spawn(`create Pod of ${key}`, this.createPod(set), { instant: false }),
      );
      for (const task of tasks) {
        const error = yield* join<Error | undefined>(task);
        if (error === undefined) continue;
        this.expectations.created(key);
        problem = error;
      }
      left -= size;
    }
    // Those that were never tried are not to be waited for.
    for (; left > 0; left--) this.expectations.created(key);
    return problem;
  }

  private *createPod(set: KubeObject): Gen<Error | undefined> {
    const { client, recorder } = this.context;
    try {
      const pod = yield* client.create(PODS, podFromTemplate(set.spec.template, set));
      recorder.event(set, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`);
      return undefined;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const leaving =
        error instanceof StatusError && error.status.details?.causes?.some((c) => c.reason === "NamespaceTerminating");
      if (!leaving) recorder.event(set, "Warning", "FailedCreate", `Error creating: ${error.message}`);
      return leaving ? undefined : error;
    }
  }

  private *deletePods(
    key: string,
    set: KubeObject,
    pods: readonly KubeObject[],
    count: number,
  ): Gen<Error | undefined> {
    const { client, recorder, kernel } = this.context;
    const victims = (count < pods.length ? this.ranked(set, pods) : [...pods]).slice(0, count);
    this.expectations.expectDeletions(key, victims.map(keyOf));
    let problem: Error | undefined;
    const remove = function* (this: ReplicaSetController, pod: KubeObject): Gen<Error | undefined> {
      const { namespace, name } = pod.metadata;
      try {
        yield* client.delete(PODS, namespace, name);
        recorder.event(set, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
        return undefined;
      } catch (error) {
        this.expectations.deleted(key, keyOf(pod));
        if (isStatus(error, "NotFound") || !(error instanceof Error)) return undefined;
        recorder.event(set, "Warning", "FailedDelete", `Error deleting: ${error.message}`);
        return error;
      }
    };
    const tasks = victims.map((pod) =>
      kernel.spawn(`delete Pod of ${key}`, remove.call(this, pod), { instant: false }),
    );
    for (const task of tasks) problem = (yield* join<Error | undefined>(task)) ?? problem;
    return problem;
  }

  /** The order in which Pods go: the least useful first (controller_utils.go ActivePodsWithRanks). */
  private ranked(set: KubeObject, pods: readonly KubeObject[]): KubeObject[] {
    const { informers, kernel } = this.context;
    const perNode = new Map<string, number>();
    const owner = controllerOf(set)?.uid;
    const sets = owner ? informers.replicaSets.owned(owner) : [set];
    for (const related of sets)
      for (const pod of informers.pods.owned(related.metadata.uid)) {
        const node = pod.spec.nodeName ?? "";
        if (isActive(pod)) perNode.set(node, (perNode.get(node) ?? 0) + 1);
      }
    const phases = ["Pending", "Unknown", "Running"];
    const cost = (pod: KubeObject) =>
      Number(pod.metadata.annotations?.["controller.kubernetes.io/pod-deletion-cost"] ?? 0);
    const now = kernel.wallMs;
    // Ages are compared by the order of their magnitude only (LogarithmicScaleDown).
    const age = (since: number) => {
      const seconds = (now - since) / 1000;
      return seconds >= 1 ? 31 - Math.clz32(seconds) : -1;
    };
    const key = (pod: KubeObject) => {
      const { ready, created, restarts } = lifeOf(pod);
      return [
        pod.spec.nodeName ? 1 : 0,
        phases.indexOf(pod.status?.phase ?? "Pending"),
        ready === undefined ? 0 : 1,
        cost(pod),
        -(perNode.get(pod.spec.nodeName ?? "") ?? 0),
        ready === undefined ? 0 : age(ready),
        -restarts,
        age(created),
      ];
    };
    const keyed = pods.map((pod) => ({ pod, key: key(pod) }));
    keyed.sort((a, b) => {
      for (let i = 0; i < a.key.length; i++) if (a.key[i] !== b.key[i]) return a.key[i]! - b.key[i]!;
      return a.pod.metadata.uid < b.pod.metadata.uid ? -1 : 1;
    });
    return keyed.map(({ pod }) => pod);
  }

  /** Writes the status when it changed; the time in µs until a Pod may turn available. */
  private *updateStatus(
    set: KubeObject,
    { active, ready, available, full }: PodCount,
    problem: Error | undefined,
  ): Gen<number | undefined> {
    const { client, kernel } = this.context;
    const minReady: number = set.spec.minReadySeconds ?? 0;
    const old = set.status ?? {};
    const failure = condition(set, "ReplicaFailure");
    const conditions = problem
      ? [
          failure ?? {
            type: "ReplicaFailure",
            status: "True",
            lastTransitionTime: formatTime(kernel.wallMs),
            reason: active < (set.spec.replicas ?? 1) ? "FailedCreate" : "FailedDelete",
            message: problem.message,
          },
        ]
      : undefined;
    const status = {
      replicas: active,
      ...(full && { fullyLabeledReplicas: full }),
      ...(ready && { readyReplicas: ready }),
      ...(available && { availableReplicas: available }),
      observedGeneration: set.metadata.generation ?? 0,
      ...(conditions && { conditions }),
    };
    const same =
      (old.replicas ?? 0) === active &&
      (old.fullyLabeledReplicas ?? 0) === full &&
      (old.readyReplicas ?? 0) === ready &&
      (old.availableReplicas ?? 0) === available &&
      old.observedGeneration === status.observedGeneration &&
      (failure === undefined) === (problem === undefined);
    if (!same) yield* ignoring("NotFound", client.update(this.resource, { ...set, status }, "status"));
    return minReady > 0 && available < ready ? minReady * SECOND : undefined;
  }
}

/** What of a Pod's life decides whether it goes before others; times in ms since 1970. */
interface Life {
  /** Since when it has been ready; undefined while it is not. */
  ready: number | undefined;
  created: number;
  restarts: number;
}

const lives = new WeakMap<KubeObject, Life>();

function lifeOf(pod: KubeObject): Life {
  let life = lives.get(pod);
  if (life === undefined) {
    const ready = isReady(pod) ? parseTime(condition(pod, "Ready")?.lastTransitionTime ?? "") : undefined;
    let restarts = 0;
    for (const status of pod.status?.containerStatuses ?? [])
      restarts = Math.max(restarts, status["restartCount"] ?? 0);
    life = { ready, created: parseTime(pod.metadata.creationTimestamp ?? ""), restarts };
    lives.set(pod, life);
  }
  return life;
}

/** Lets an expected answer pass. */
function* ignoring(reason: string, work: Gen<unknown>): Gen {
  try {
    yield* work;
  } catch (error) {
    if (!isStatus(error, reason)) throw error;
  }
}

function selectorOf(set: KubeObject): { matchLabels?: Record<string, string> } {
  return set.kind === "ReplicationController" ? { matchLabels: set.spec.selector } : set.spec.selector;
}

export function startReplicaSetController(context: ControllerContext): void {
  new ReplicaSetController(context, REPLICA_SETS);
}

/** pkg/controller/replication: the same, on ReplicationControllers. */
export function startReplicationController(context: ControllerContext): void {
  new ReplicaSetController(context, REPLICATION_CONTROLLERS);
}
