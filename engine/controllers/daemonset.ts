import { keyOf } from "../api/informer.ts";
import { matchesSelector } from "../api/label-selector.ts";
import { matchesNodeAffinity } from "../api/node-selector.ts";
import { CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import { type Toleration, untoleratedTaint } from "../api/tolerations.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { Expectations } from "./expectations.ts";
import { controllerOf } from "./informers.ts";
import { controllerRef, isAvailable, isReady, podFromTemplate } from "./pods.ts";
import type { ReconcileResult, Reconciler, WorkQueue } from "./reconciler.ts";
import { revisionData } from "./revisions.ts";
import { scaled } from "./rollout.ts";
import { computeHash } from "./template-hash.ts";

const GENERATION = "deprecated.daemonset.template.generation";
const HASH = "controller-revision-hash";

/** What every daemon Pod tolerates (pkg/controller/daemon/util AddOrUpdateDaemonPodTolerations). */
const TOLERATIONS: readonly Toleration[] = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
];
const HOST_NETWORK_TOLERATION: Toleration = {
  key: "node.kubernetes.io/network-unavailable",
  operator: "Exists",
  effect: "NoSchedule",
};

const known = new WeakMap<object, Toleration[]>();

/** Templates are frozen, so the answer is kept with them. */
function tolerationsOf(spec: KubeObject): Toleration[] {
  let tolerations = known.get(spec);
  if (tolerations === undefined) known.set(spec, (tolerations = withOwn(spec)));
  return tolerations;
}

function withOwn(spec: KubeObject): Toleration[] {
  const added = spec["hostNetwork"] ? [...TOLERATIONS, HOST_NETWORK_TOLERATION] : TOLERATIONS;
  const own: Toleration[] = spec["tolerations"] ?? [];
  const equal = (a: Toleration, b: Toleration) => JSON.stringify(a) === JSON.stringify(b);
  return [...own, ...added.filter((t) => !own.some((o) => equal(o, t)))];
}

interface Suits {
  run: boolean;
  keep: boolean;
}

const suiting = new WeakMap<object, WeakMap<KubeObject, Suits>>();

/** The template's Pod pinned to one node: its name replaces required node affinity by nothing less (daemon/util ReplaceDaemonSetPodNodeNameNodeAffinity). */
function pinned(spec: KubeObject, node: string): object {
  const term = { matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] };
  const affinity = spec["affinity"] ?? {};
  return {
    ...spec,
    affinity: {
      ...affinity,
      nodeAffinity: {
        ...affinity.nodeAffinity,
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
      },
    },
    tolerations: tolerationsOf(spec),
  };
}

/** The node a daemon Pod is for, bound or not. */
function targetOf(pod: KubeObject): string {
  if (pod.spec.nodeName) return pod.spec.nodeName;
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const term of terms)
    for (const field of term.matchFields ?? []) if (field.key === "metadata.name") return field.values?.[0] ?? "";
  return "";
}

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
  /** Revisions known to be stored: `<uid>/<hash>`. */
  private readonly stored = new Set<string>();

  constructor(context: ControllerContext) {
    this.context = context;
    this.expectations = new Expectations(context.kernel);
    this.queue = context.queue(this);
    const { informers } = context;
    informers.handle(DAEMON_SETS, ({ type, object }) => {
      if (type === "deleted") this.expectations.forget(keyOf(object));
      this.queue.add(keyOf(object));
    });
    informers.handle(NODES, ({ object, old }) => {
      const face = (n: KubeObject) => JSON.stringify([n.metadata.labels, n.spec]);
      if (old && old.metadata.labels === object.metadata.labels && old.spec === object.spec) return;
      if (old && face(old) === face(object)) return;
      for (const set of informers.list(DAEMON_SETS)) this.queue.add(keyOf(set));
    });
    informers.handle(PODS, ({ type, object }) => {
      const owner = controllerOf(object);
      if (owner?.kind !== "DaemonSet") return;
      const key = `${object.metadata.namespace}/${owner.name}`;
      if (type === "added") this.expectations.created(key);
      if (type === "deleted") this.expectations.deleted(key, keyOf(object));
      this.queue.add(key);
    });
  }

  *reconcile(key: string): Gen<ReconcileResult | void> {
    const { informers } = this.context;
    const set = informers.get(DAEMON_SETS, key);
    if (set === undefined) return this.expectations.forget(key);
    if (set.metadata.deletionTimestamp) return;
    const hash = yield* this.ensureRevision(set);
    if (!this.expectations.satisfied(key)) return yield* this.updateStatus(set, hash);
    yield* this.manage(key, set, hash);
    if (this.expectations.satisfied(key) && set.spec.updateStrategy?.type !== "OnDelete")
      yield* this.roll(key, set, hash);
    return yield* this.updateStatus(set, hash);
  }

  private *ensureRevision(set: KubeObject): Gen<string> {
    const { client } = this.context;
    const hash = computeHash(set.spec.template);
    const memo = `${set.metadata.uid}/${hash}`;
    if (this.stored.has(memo)) return hash;
    const { namespace, name } = set.metadata;
    const all = yield* client.list(CONTROLLER_REVISIONS, { ...(namespace && { namespace }) });
    const mine = all.items.filter((revision) => controllerOf(revision)?.uid === set.metadata.uid);
    try {
      if (!mine.some((revision) => revision.metadata.labels?.[HASH] === hash))
        yield* client.create(CONTROLLER_REVISIONS, {
          apiVersion: "apps/v1",
          kind: "ControllerRevision",
          metadata: {
            name: `${name}-${hash}`,
            namespace,
            labels: { ...set.spec.template.metadata?.labels, [HASH]: hash },
            annotations: set.metadata.annotations,
            ownerReferences: [controllerRef(set)],
          },
          data: revisionData(set.spec.template),
          revision: Math.max(0, ...mine.map((revision) => revision["revision"] ?? 0)) + 1,
        });
    } catch (error) {
      if (!isStatus(error, "AlreadyExists")) throw error;
    }
    this.stored.add(memo);
    return hash;
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

  /** Whether a node should run the set's Pod, and may keep one; both are frozen, so the answer is kept with them. */
  private suits(set: KubeObject, node: KubeObject): Suits {
    const { spec } = set.spec.template;
    let known = suiting.get(spec);
    if (known === undefined) suiting.set(spec, (known = new WeakMap()));
    let answer = known.get(node);
    if (answer === undefined) known.set(node, (answer = this.judge(spec, node)));
    return answer;
  }

  private judge(spec: KubeObject, node: KubeObject): Suits {
    if (spec.nodeName && spec.nodeName !== node.metadata.name) return { run: false, keep: false };
    if (!matchesNodeAffinity({ spec } as unknown as KubeObject, node)) return { run: false, keep: false };
    const tolerations = tolerationsOf(spec);
    const keep = untoleratedTaint(node, tolerations, ["NoExecute"]) === undefined;
    return { run: keep && untoleratedTaint(node, tolerations, ["NoSchedule"]) === undefined, keep };
  }

  private *manage(key: string, set: KubeObject, hash: string): Gen {
    const { informers, recorder } = this.context;
    const pods = this.byNode(set);
    const missing: string[] = [];
    const surplus: KubeObject[] = [];
    for (const node of informers.list(NODES)) {
      const there = pods.get(node.metadata.name) ?? [];
      const { run, keep } = this.suits(set, node);
      const failed = there.filter((pod) => pod.status?.phase === "Failed" && !pod.metadata.deletionTimestamp);
      for (const pod of failed) {
        const message = `Found failed daemon pod ${keyOf(pod)} on node ${node.metadata.name}, will try to kill it`;
        recorder.event(set, "Warning", "FailedDaemonPod", message);
        surplus.push(pod);
      }
      const alive = there.filter((pod) => !pod.metadata.deletionTimestamp && !failed.includes(pod));
      if (run && there.length === 0) missing.push(node.metadata.name);
      else if (!keep) surplus.push(...alive);
      else if (surges(set)) surplus.push(...this.spent(set, alive, hash));
      else if (alive.length > 1) {
        const byAge = (a: KubeObject, b: KubeObject) =>
          a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1;
        surplus.push(...alive.sort(byAge).slice(1));
      }
    }
    if (missing.length === 0 && surplus.length === 0) return;
    this.expectations.expectDeletions(key, surplus.map(keyOf), missing.length);
    yield* this.place(key, set, hash, missing);
    for (const pod of surplus) yield* this.remove(key, set, pod);
  }

  /** Makes a Pod for each of these nodes. */
  private *place(key: string, set: KubeObject, hash: string, nodes: readonly string[]): Gen {
    const { client, recorder } = this.context;
    const { template } = set.spec;
    const labels = {
      ...template.metadata?.labels,
      [HASH]: hash,
      "pod-template-generation": set.metadata.annotations?.[GENERATION] ?? String(set.metadata.generation ?? 1),
    };
    for (const node of nodes) {
      const pinnedTemplate = { metadata: { ...template.metadata, labels }, spec: pinned(template.spec, node) };
      try {
        const pod = yield* client.create(PODS, podFromTemplate(pinnedTemplate as unknown as KubeObject, set));
        recorder.event(set, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`);
      } catch (error) {
        this.expectations.created(key);
        if (error instanceof Error) recorder.event(set, "Warning", "FailedCreate", `Error creating: ${error.message}`);
        throw error;
      }
    }
  }

  /**
   * Where a surge is allowed a node may have an old Pod and a new one: the old goes once the new is available
   * (daemon_controller.go podsShouldBeOnNode). Of each the eldest stays.
   */
  private spent(set: KubeObject, alive: readonly KubeObject[], hash: string): KubeObject[] {
    const byAge = (a: KubeObject, b: KubeObject) =>
      a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1;
    const [now, ...doubled] = alive.filter((pod) => pod.metadata.labels?.[HASH] === hash).sort(byAge);
    const [before, ...older] = alive.filter((pod) => pod.metadata.labels?.[HASH] !== hash).sort(byAge);
    const out = [...doubled, ...older];
    const { wallMs } = this.context.kernel;
    if (now && before && isAvailable(now, set.spec.minReadySeconds ?? 0, wallMs)) out.push(before);
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
    const nodes = [...informers.list(NODES)].filter((node) => this.suits(set, node).run);
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
    yield* this.place(key, set, hash, places);
  }

  /** Rolling update without surge: old Pods go while enough others are available (daemon/update.go). */
  private *roll(key: string, set: KubeObject, hash: string): Gen {
    if (surges(set)) return yield* this.surge(key, set, hash);
    const { informers, kernel } = this.context;
    const pods = this.byNode(set);
    const nodes = [...informers.list(NODES)].filter((node) => this.suits(set, node).run);
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

  private *updateStatus(set: KubeObject, hash: string): Gen {
    const { informers, client, kernel } = this.context;
    const pods = this.byNode(set);
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
      if (!this.suits(set, node).run) {
        if (there.length > 0) status.numberMisscheduled++;
        continue;
      }
      status.desiredNumberScheduled++;
      const alive = there.filter((p) => !p.metadata.deletionTimestamp);
      // During a surge the Pod that works is the one that counts.
      const pod = alive.find(isReady) ?? alive[0] ?? there[0];
      if (pod === undefined) continue;
      status.currentNumberScheduled++;
      if (isReady(pod)) status.numberReady++;
      if (isAvailable(pod, set.spec.minReadySeconds ?? 0, kernel.wallMs)) status.numberAvailable++;
      if ((alive.length > 0 ? alive : there).some((p) => p.metadata.labels?.[HASH] === hash))
        status.updatedNumberScheduled++;
    }
    status.numberUnavailable = status.desiredNumberScheduled - status.numberAvailable;
    const old = set.status ?? {};
    const fields = Object.keys(status) as (keyof typeof status)[];
    if (fields.every((field) => (old[field] ?? 0) === status[field]) && old.observedGeneration !== undefined) return;
    const { updatedNumberScheduled, numberAvailable, numberUnavailable, ...always } = status;
    const written = {
      ...always,
      ...(updatedNumberScheduled && { updatedNumberScheduled }),
      ...(numberAvailable && { numberAvailable }),
      ...(numberUnavailable && { numberUnavailable }),
    };
    yield* client.update(DAEMON_SETS, { ...set, status: written }, "status");
  }
}

export function startDaemonSetController(context: ControllerContext): void {
  new DaemonSetController(context);
}
