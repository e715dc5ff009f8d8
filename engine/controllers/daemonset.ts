import { keyOf } from "../api/informer.ts";
import { matchesSelector } from "../api/label-selector.ts";
import { DAEMON_SETS, NODES, PODS } from "../api/resources.ts";
import { isStatus, StatusError } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, MINUTE, SECOND } from "../kernel/index.ts";
import { claimPods } from "./claim-pods.ts";
import type { ControllerContext } from "./context.ts";
import { pinned, suits, targetOf } from "./daemon-placement.ts";
import { Expectations } from "./expectations.ts";
import { controllerOf } from "./informers.ts";
import { isAvailable, isReady, podFromTemplate } from "./pods.ts";
import type { ReconcileResult, Reconciler, WorkQueue } from "./reconciler.ts";
import { type RevisionMarks, Revisions } from "./revisions.ts";
import { scaled } from "./rollout.ts";
import { computeHash } from "./template-hash.ts";

const GENERATION = "deprecated.daemonset.template.generation";
const HASH = "controller-revision-hash";
const MARKS: RevisionMarks = {
  label: HASH,
  hash: (set, _data, collisions) => computeHash(set.spec.template, collisions || undefined),
};

/** A node that refuses the Pod is tried again after 1 s, doubling to 15 min (controllermanager startDaemonSetController). */
const FIRST_PAUSE = SECOND;
const LAST_PAUSE = 15 * MINUTE;

/** Eldest first (podByCreationTimestampAndPhase). */
const byAge = (a: KubeObject, b: KubeObject) =>
  (a.metadata.creationTimestamp ?? "") !== (b.metadata.creationTimestamp ?? "")
    ? (a.metadata.creationTimestamp ?? "") < (b.metadata.creationTimestamp ?? "")
      ? -1
      : 1
    : a.metadata.name < b.metadata.name
      ? -1
      : 1;

/** A new Pod may stand beside the old one during an update. */
function surges(set: KubeObject): boolean {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {};
  const most = rollingUpdate?.maxSurge ?? 0;
  return type === "RollingUpdate" && most !== 0 && most !== "0%";
}

/** One Pod on each node that suits (pkg/controller/daemon). */
class DaemonSetController implements Reconciler {
  readonly name = "daemonset";
  private readonly context: ControllerContext;
  private readonly expectations: Expectations;
  private readonly queue: WorkQueue;
  private readonly revisions: Revisions;
  /** By the set's uid: the template that was last found stored, by its hash, and its revision's hash. */
  private readonly stored = new Map<string, { template: string; hash: string }>();
  /** By `<set's uid>/<node>`: when a failed Pod was last removed there, and the pause after it, in µs. */
  private readonly pauses = new Map<string, { at: number; pause: number }>();

  constructor(context: ControllerContext) {
    this.context = context;
    this.expectations = new Expectations(context.kernel);
    this.queue = context.queue(this);
    this.revisions = new Revisions(context, MARKS);
    const { informers } = context;
    informers.handle(DAEMON_SETS, ({ type, object }) => {
      if (type === "deleted") this.forget(object);
      this.queue.add(keyOf(object));
    });
    // A node that goes says nothing: its Pods' end does (NewDaemonSetsController).
    informers.handle(NODES, ({ type, object, old }) => {
      if (type === "deleted") return;
      const face = (n: KubeObject) => JSON.stringify([n.metadata.labels, n.spec]);
      if (old && old.metadata.labels === object.metadata.labels && old.spec === object.spec) return;
      if (old && face(old) === face(object)) return;
      for (const set of informers.list(DAEMON_SETS)) this.queue.add(keyOf(set));
    });
    informers.handle(PODS, ({ type, object, old }) => {
      const owner = controllerOf(object);
      const before = old && controllerOf(old);
      if (before?.kind === "DaemonSet" && before.uid !== owner?.uid)
        this.queue.add(`${object.metadata.namespace}/${before.name}`);
      if (owner === undefined && type !== "deleted") this.addAdopters(object);
      if (owner?.kind !== "DaemonSet") return;
      const key = `${object.metadata.namespace}/${owner.name}`;
      if (type === "added") this.expectations.created(key);
      if (type === "deleted" || object.metadata.deletionTimestamp) this.expectations.deleted(key, keyOf(object));
      this.queue.add(key);
    });
  }

  private addAdopters({ metadata }: KubeObject): void {
    if (metadata.labels === undefined) return;
    for (const set of this.context.informers.list(DAEMON_SETS))
      if (set.metadata.namespace === metadata.namespace && matchesSelector(set.spec.selector, metadata.labels))
        this.queue.add(keyOf(set));
  }

  private forget(set: KubeObject): void {
    const { uid } = set.metadata;
    this.expectations.forget(keyOf(set));
    this.revisions.forget(uid);
    this.stored.delete(uid);
    for (const key of this.pauses.keys()) if (key.startsWith(`${uid}/`)) this.pauses.delete(key);
  }

  *reconcile(key: string): Gen<ReconcileResult | void> {
    const { informers } = this.context;
    const set = informers.get(DAEMON_SETS, key);
    if (set === undefined) return this.expectations.forget(key);
    if (set.metadata.deletionTimestamp) return;
    // Pods that change hands bring the key back when the informer shows them.
    if (yield* claimPods(this.context, set)) return;
    const hash = yield* this.revision(set);
    if (!this.expectations.satisfied(key)) return yield* this.updateStatus(set, hash);
    const problem = yield* this.manage(key, set, hash);
    if (problem === undefined && this.expectations.satisfied(key) && set.spec.updateStrategy?.type !== "OnDelete")
      yield* this.roll(key, set, hash);
    yield* this.cleanUp(set, hash);
    const result = yield* this.updateStatus(set, hash);
    if (problem !== undefined) throw problem;
    return result;
  }

  /** The hash of the present template's revision, which is made, or the newest again, if need be (daemon/update.go constructHistory). */
  private *revision(set: KubeObject): Gen<string> {
    const { uid } = set.metadata;
    const template = computeHash(set.spec.template);
    const known = this.stored.get(uid);
    if (known?.template === template) return known.hash;
    const revision = yield* this.revisions.current(set);
    const hash = revision.metadata.labels?.[HASH] ?? template;
    this.stored.set(uid, { template, hash });
    return hash;
  }

  /** Revisions beyond the history limit that no Pod is of go. */
  private *cleanUp(set: KubeObject, hash: string): Gen {
    const all = yield* this.revisions.of(set);
    const limit: number = set.spec.revisionHistoryLimit ?? 10;
    if (all.length <= limit + 1) return;
    const pods = this.context.informers.pods.owned(set.metadata.uid);
    const live = new Set([hash, ...pods.map((pod) => pod.metadata.labels?.[HASH])]);
    const used = all.filter((revision) => live.has(revision.metadata.labels?.[HASH]));
    yield* this.revisions.truncate(set, new Set(used.map((revision) => revision.metadata.name)), limit);
  }

  /** The set's Pods by the node they are for. */
  private byNode(set: KubeObject): Map<string, KubeObject[]> {
    const out = new Map<string, KubeObject[]>();
    for (const pod of this.context.informers.pods.owned(set.metadata.uid)) {
      if (!matchesSelector(set.spec.selector, pod.metadata.labels)) continue;
      const node = targetOf(pod);
      const there = out.get(node);
      if (there) there.push(pod);
      else out.set(node, [pod]);
    }
    return out;
  }

  /** One Pod on each node that suits and none elsewhere (podsShouldBeOnNode); the answer is what stood in the way. */
  private *manage(key: string, set: KubeObject, hash: string): Gen<Error | undefined> {
    const { informers } = this.context;
    const pods = this.byNode(set);
    const missing: string[] = [];
    const surplus: KubeObject[] = [];
    for (const node of informers.list(NODES)) {
      const there = pods.get(node.metadata.name) ?? [];
      pods.delete(node.metadata.name);
      const { run, keep } = suits(set, node);
      const alive = there.filter((pod) => !pod.metadata.deletionTimestamp);
      if (run && there.length === 0) missing.push(node.metadata.name);
      else if (!keep) surplus.push(...alive);
      else surplus.push(...this.unwanted(key, set, hash, node.metadata.name, alive));
    }
    // What waits for a node that is gone would wait for ever.
    for (const there of pods.values())
      surplus.push(...there.filter((pod) => !pod.spec.nodeName && !pod.metadata.deletionTimestamp));
    if (missing.length === 0 && surplus.length === 0) return undefined;
    this.expectations.expectDeletions(key, surplus.map(keyOf), missing.length);
    const problem = yield* this.place(key, set, hash, missing);
    for (const pod of surplus) yield* this.remove(key, set, pod);
    return problem;
  }

  /** Of a node's Pods that are not leaving: those that ended, and more than one. */
  private unwanted(
    key: string,
    set: KubeObject,
    hash: string,
    node: string,
    alive: readonly KubeObject[],
  ): readonly KubeObject[] {
    const { recorder } = this.context;
    const out: KubeObject[] = [];
    const running: KubeObject[] = [];
    for (const pod of alive) {
      const phase = pod.status?.phase;
      const found = `daemon pod ${keyOf(pod)} on node ${node}, will try to`;
      if (phase === "Failed") {
        if (this.waits(key, `${set.metadata.uid}/${node}`)) continue;
        recorder.event(set, "Warning", "FailedDaemonPod", `Found failed ${found} kill it`);
        out.push(pod);
      } else if (phase === "Succeeded") {
        recorder.event(set, "Normal", "SucceededDaemonPod", `Found succeeded ${found} delete it`);
        out.push(pod);
      } else running.push(pod);
    }
    if (running.length <= 1) return out;
    running.sort(byAge);
    return [...out, ...(surges(set) ? this.spent(set, running, hash) : running.slice(1))];
  }

  /** A kubelet that refuses the Pod again and again is asked less and less often (client-go flowcontrol.Backoff). */
  private waits(key: string, place: string): boolean {
    const { now } = this.context.kernel;
    const known = this.pauses.get(place);
    const fresh = known === undefined || now - known.at > 2 * LAST_PAUSE;
    if (!fresh && now - known.at < known.pause) {
      this.queue.addAfter(key, known.pause);
      return true;
    }
    this.pauses.set(place, { at: now, pause: fresh ? FIRST_PAUSE : Math.min(2 * known.pause, LAST_PAUSE) });
    return false;
  }

  /** Makes a Pod for each of these nodes; the first error ends it. */
  private *place(key: string, set: KubeObject, hash: string, nodes: readonly string[]): Gen<Error | undefined> {
    const { client, recorder } = this.context;
    const { template } = set.spec;
    const labels = {
      ...template.metadata?.labels,
      [HASH]: hash,
      "pod-template-generation": set.metadata.annotations?.[GENERATION] ?? String(set.metadata.generation ?? 1),
    };
    for (const [i, node] of nodes.entries()) {
      const pinnedTemplate = { metadata: { ...template.metadata, labels }, spec: pinned(template.spec, node) };
      try {
        const pod = yield* client.create(PODS, podFromTemplate(pinnedTemplate as unknown as KubeObject, set));
        recorder.event(set, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`);
      } catch (error) {
        // Those that are not tried are not to be waited for.
        for (let left = i; left < nodes.length; left++) this.expectations.created(key);
        if (!(error instanceof StatusError)) throw error;
        const leaving = error.status.details?.causes?.some((cause) => cause.reason === "NamespaceTerminating");
        if (leaving) return undefined;
        recorder.event(set, "Warning", "FailedCreate", `Error creating: ${error.message}`);
        return error;
      }
    }
    return undefined;
  }

  /**
   * Where a surge is allowed a node may have an old Pod and a new one: the old goes once the new is available or it is
   * not ready itself (daemon_controller.go podsShouldBeOnNode). Of each the eldest stays.
   */
  private spent(set: KubeObject, running: readonly KubeObject[], hash: string): KubeObject[] {
    const [now, ...doubled] = running.filter((pod) => pod.metadata.labels?.[HASH] === hash);
    const [before, ...older] = running.filter((pod) => pod.metadata.labels?.[HASH] !== hash);
    const out = [...doubled, ...older];
    const { wallMs } = this.context.kernel;
    if (now && before && (!isReady(before) || isAvailable(now, set.spec.minReadySeconds ?? 0, wallMs)))
      out.push(before);
    return out;
  }

  private *remove(key: string, set: KubeObject, pod: KubeObject): Gen {
    const { client, recorder } = this.context;
    try {
      yield* client.delete(PODS, pod.metadata.namespace, pod.metadata.name);
      recorder.event(set, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
    } catch (error) {
      this.expectations.deleted(key, keyOf(pod));
      if (!isStatus(error, "NotFound")) throw error;
    }
  }

  /** Rolling update with surge: new Pods come beside old ones, those that do not work are replaced first (daemon/update.go). */
  private *surge(key: string, set: KubeObject, hash: string): Gen {
    const { informers, kernel } = this.context;
    const pods = this.byNode(set);
    const nodes = [...informers.list(NODES)].filter((node) => suits(set, node).run);
    const most = scaled(set.spec.updateStrategy.rollingUpdate.maxSurge, nodes.length, true);
    let surging = 0;
    const urgent: string[] = [];
    const candidates: string[] = [];
    for (const node of nodes) {
      const alive = (pods.get(node.metadata.name) ?? []).filter((pod) => !pod.metadata.deletionTimestamp);
      const now = alive.find((pod) => pod.metadata.labels?.[HASH] === hash);
      const before = alive.find((pod) => pod.metadata.labels?.[HASH] !== hash);
      const works = (pod: KubeObject) => isAvailable(pod, set.spec.minReadySeconds ?? 0, kernel.wallMs);
      if (before === undefined) continue;
      if (now !== undefined) {
        if (!works(now)) surging++;
      } else (works(before) ? candidates : urgent).push(node.metadata.name);
    }
    const places = [...urgent, ...candidates.slice(0, Math.max(0, most - surging))];
    if (places.length === 0) return;
    this.expectations.expectDeletions(key, [], places.length);
    const problem = yield* this.place(key, set, hash, places);
    if (problem) throw problem;
  }

  /** Rolling update without surge: old Pods go while enough others are available (daemon/update.go). */
  private *roll(key: string, set: KubeObject, hash: string): Gen {
    if (surges(set)) return yield* this.surge(key, set, hash);
    const { informers, kernel } = this.context;
    const pods = this.byNode(set);
    const nodes = [...informers.list(NODES)].filter((node) => suits(set, node).run);
    const most = Math.max(1, scaled(set.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, nodes.length, true));
    let unavailable = 0;
    const broken: KubeObject[] = [];
    const candidates: KubeObject[] = [];
    for (const node of nodes) {
      const pod = (pods.get(node.metadata.name) ?? []).find((p) => !p.metadata.deletionTimestamp);
      const available = pod !== undefined && isAvailable(pod, set.spec.minReadySeconds ?? 0, kernel.wallMs);
      if (!available) unavailable++;
      if (pod === undefined || pod.metadata.labels?.[HASH] === hash) continue;
      (available ? candidates : broken).push(pod);
    }
    const victims = [...broken, ...candidates.slice(0, Math.max(0, most - unavailable))];
    if (victims.length === 0) return;
    this.expectations.expectDeletions(key, victims.map(keyOf));
    for (const pod of victims) yield* this.remove(key, set, pod);
  }

  private *updateStatus(set: KubeObject, hash: string): Gen<ReconcileResult | undefined> {
    const { informers, client, kernel } = this.context;
    const pods = this.byNode(set);
    const minReady: number = set.spec.minReadySeconds ?? 0;
    const status = {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
      observedGeneration: set.metadata.generation ?? 0,
      updatedNumberScheduled: 0,
      numberAvailable: 0,
      numberUnavailable: 0,
    };
    for (const node of informers.list(NODES)) {
      const there = pods.get(node.metadata.name) ?? [];
      if (!suits(set, node).run) {
        if (there.length > 0) status.numberMisscheduled++;
        continue;
      }
      status.desiredNumberScheduled++;
      // Of several Pods the eldest counts.
      const pod = there.sort(byAge)[0];
      if (pod === undefined) continue;
      status.currentNumberScheduled++;
      if (isReady(pod)) status.numberReady++;
      if (isAvailable(pod, minReady, kernel.wallMs)) status.numberAvailable++;
      if (pod.metadata.labels?.[HASH] === hash) status.updatedNumberScheduled++;
    }
    status.numberUnavailable = status.desiredNumberScheduled - status.numberAvailable;
    const old = set.status ?? {};
    const fields = Object.keys(status) as (keyof typeof status)[];
    const again =
      minReady > 0 && status.numberAvailable < status.numberReady ? { requeueAfter: minReady * SECOND } : undefined;
    if (fields.every((field) => (old[field] ?? 0) === status[field]) && old.observedGeneration !== undefined)
      return again;
    const { updatedNumberScheduled, numberAvailable, numberUnavailable, ...always } = status;
    const written = {
      ...always,
      ...(updatedNumberScheduled && { updatedNumberScheduled }),
      ...(numberAvailable && { numberAvailable }),
      ...(numberUnavailable && { numberUnavailable }),
    };
    yield* client.update(DAEMON_SETS, { ...set, status: written }, "status");
    return again;
  }
}

export function startDaemonSetController(context: ControllerContext): void {
  new DaemonSetController(context);
}
