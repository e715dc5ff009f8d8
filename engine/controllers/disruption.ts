import { customKinds } from "../api/apiextensions/custom-kind.ts";
import { resourcePath } from "../api/client.ts";
import { keyOf } from "../api/informer.ts";
import { kindByGvk } from "../api/kinds.ts";
import { matchesSelector } from "../api/label-selector.ts";
import { disruptionAllowed } from "../api/policy/disruption-allowed.ts";
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  DEPLOYMENTS,
  POD_DISRUPTION_BUDGETS,
  PODS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  STATEFUL_SETS,
} from "../api/resources.ts";
import { groupResource, isStatus } from "../api/status.ts";
import { formatTime, parseTime } from "../api/time.ts";
import type { KubeObject, OwnerReference } from "../api/types.ts";
import { type Gen, MS } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { controllerOf } from "./informers.ts";
import { type Condition, condition, isActive, isReady } from "./pods.ts";
import type { ReconcileResult, Reconciler, WorkQueue } from "./reconciler.ts";
import { scaled } from "./rollout.ts";

/** An evicted Pod that is still there after this long was not deleted after all (disruption.go DeletionTimeout), in ms. */
const DELETION_TIMEOUT_MS = 120_000;

interface Scale {
  uid: string;
  replicas: number;
}

interface Expected {
  expected: number;
  desired: number;
}

/** Keeps the status of PodDisruptionBudgets, which evictions spend (pkg/controller/disruption). */
class DisruptionController implements Reconciler {
  readonly name = "disruption";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    const { informers } = context;
    informers.handle(POD_DISRUPTION_BUDGETS, ({ object }) => this.queue.add(keyOf(object)));
    informers.handle(PODS, ({ object }) => this.note(object));
  }

  /** Of several budgets that a Pod would count for only one hears of it (getPdbForPod). */
  private note(pod: KubeObject): void {
    const { informers, recorder } = this.context;
    const { namespace, name, labels } = pod.metadata;
    let chosen: KubeObject | undefined;
    for (const budget of informers.list(POD_DISRUPTION_BUDGETS)) {
      if (budget.metadata.namespace !== namespace || !matchesSelector(budget.spec.selector, labels)) continue;
      if (chosen === undefined) {
        chosen = budget;
        continue;
      }
      const message = `Pod "${namespace}"/"${name}" matches multiple PodDisruptionBudgets.  Chose "${chosen.metadata.name}" arbitrarily.`;
      recorder.event(pod, "Warning", "MultiplePodDisruptionBudgets", message);
      break;
    }
    if (chosen) this.queue.add(keyOf(chosen));
  }

  *reconcile(key: string): Gen {
    const { informers, recorder, kernel, client } = this.context;
    const budget = informers.get(POD_DISRUPTION_BUDGETS, key);
    if (budget === undefined || budget.metadata.deletionTimestamp) return;
    const pods = [...informers.pods.inNamespace(budget.metadata.namespace ?? "")].filter(
      (pod) => budget.spec.selector && matchesSelector(budget.spec.selector, pod.metadata.labels),
    );
    if (pods.length === 0) recorder.event(budget, "Normal", "NoPods", "No matching pods found");
    const judged = yield* this.expect(budget, pods);
    if (typeof judged === "string") return yield* this.failSafe(budget, judged);
    const { expected, desired } = judged;
    const now = kernel.wallMs;
    const disrupted: Record<string, string> = {};
    for (const pod of pods) {
      const time: string | undefined = budget.status?.disruptedPods?.[pod.metadata.name];
      if (time === undefined || pod.metadata.deletionTimestamp) continue;
      const left = parseTime(time) + DELETION_TIMEOUT_MS - now;
      if (left <= 0) {
        // Upstream names the namespace twice.
        const { namespace } = budget.metadata;
        const message = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`;
        recorder.event(pod, "Warning", "NotDeleted", message);
        continue;
      }
      disrupted[pod.metadata.name] = time;
      this.queue.addAfter(key, left * MS);
    }
    const healthy = pods.filter(
      (pod) => !pod.metadata.deletionTimestamp && disrupted[pod.metadata.name] === undefined && isReady(pod),
    ).length;
    const allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
    const old = budget.status ?? {};
    const observedGeneration = budget.metadata.generation ?? 0;
    const was = old.conditions?.find((c: { type: string }) => c.type === "DisruptionAllowed");
    const allowance = disruptionAllowed(old.conditions, allowed, observedGeneration, formatTime(now)) as Condition;
    const status = {
      conditions: [allowance],
      currentHealthy: healthy,
      desiredHealthy: desired,
      ...(Object.keys(disrupted).length > 0 && { disruptedPods: disrupted }),
      disruptionsAllowed: allowed,
      expectedPods: expected,
      observedGeneration,
    };
    const same =
      old.currentHealthy === healthy &&
      old.desiredHealthy === desired &&
      old.disruptionsAllowed === allowed &&
      old.expectedPods === expected &&
      old.observedGeneration === observedGeneration &&
      was?.status === allowance.status &&
      was.reason === allowance.reason &&
      JSON.stringify(old.disruptedPods ?? {}) === JSON.stringify(disrupted);
    if (!same) yield* client.update(POD_DISRUPTION_BUDGETS, { ...budget, status }, "status");
  }

  /** No eviction is allowed while it is not known how many Pods there should be. */
  private *failSafe(budget: KubeObject, problem: string): Gen {
    const { client, recorder, kernel } = this.context;
    const text = `Failed to calculate the number of expected pods: ${problem}`;
    recorder.event(budget, "Warning", "CalculateExpectedPodCountFailed", text);
    const old = budget.status ?? {};
    const was = old.conditions?.find((c: { type: string }) => c.type === "DisruptionAllowed");
    if (was?.reason === "SyncFailed" && was.message === problem && !old.disruptionsAllowed) return;
    const unknown = {
      type: "DisruptionAllowed",
      status: "False",
      observedGeneration: old.observedGeneration,
      lastTransitionTime: was?.status === "False" ? was.lastTransitionTime : formatTime(kernel.wallMs),
      reason: "SyncFailed",
      message: problem,
    };
    const numbers = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
    const status = { ...numbers, ...old, disruptionsAllowed: 0, conditions: [unknown] };
    yield* client.update(POD_DISRUPTION_BUDGETS, { ...budget, status }, "status");
  }

  /** How many Pods there should be, and how many of them must stay healthy; a text says why nobody knows. */
  private *expect(budget: KubeObject, pods: readonly KubeObject[]): Gen<Expected | string> {
    const { maxUnavailable, minAvailable } = budget.spec;
    if (maxUnavailable === undefined && typeof minAvailable === "number")
      return { expected: pods.length, desired: minAvailable };
    if (maxUnavailable === undefined && minAvailable === undefined) return { expected: 0, desired: 0 };
    const expected = yield* this.scale(budget, pods);
    if (typeof expected === "string") return expected;
    if (maxUnavailable === undefined) return { expected, desired: scaled(minAvailable, expected, true) };
    return { expected, desired: Math.max(0, expected - scaled(maxUnavailable, expected, true)) };
  }

  /** The sum of what the Pods' controllers ask for (getExpectedScale). */
  private *scale(budget: KubeObject, pods: readonly KubeObject[]): Gen<number | string> {
    /** By the uid of the Pods' owner. */
    const owners = new Set<string>();
    /** By the uid of what scales. */
    const scales = new Map<string, number>();
    let unmanaged = false;
    for (const pod of pods) {
      const owner = controllerOf(pod);
      if (owner === undefined) unmanaged = true;
      if (owner === undefined || owners.has(owner.uid)) continue;
      owners.add(owner.uid);
      const found = this.known(owner, pod.metadata.namespace) ?? (yield* this.asked(owner, pod.metadata.namespace));
      if (typeof found === "string") return found;
      if (found === undefined) return `found no controllers for pod "${pod.metadata.name}"`;
      scales.set(found.uid, found.replicas);
    }
    if (unmanaged) {
      const message = `Pods selected by this PodDisruptionBudget (selector: ${goSelector(budget.spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
      this.context.recorder.event(budget, "Warning", "UnmanagedPods", message);
    }
    return [...scales.values()].reduce((sum, n) => sum + n, 0);
  }

  /** The scale of a workload that is watched; a Deployment's for its ReplicaSets. */
  private known(owner: OwnerReference, namespace: string | undefined): Scale | undefined {
    const { informers } = this.context;
    const resource = {
      ReplicaSet: REPLICA_SETS,
      StatefulSet: STATEFUL_SETS,
      ReplicationController: REPLICATION_CONTROLLERS,
    }[owner.kind];
    if (resource === undefined) return undefined;
    const direct = informers.get(resource, `${namespace}/${owner.name}`);
    if (direct?.metadata.uid !== owner.uid) return undefined;
    const above = controllerOf(direct);
    if (above?.kind !== "Deployment") return { uid: owner.uid, replicas: direct.spec.replicas ?? 0 };
    const deployment = informers.get(DEPLOYMENTS, `${namespace}/${above.name}`);
    if (deployment?.metadata.uid !== above.uid) return undefined;
    return { uid: above.uid, replicas: deployment.spec.replicas ?? 0 };
  }

  /** The scale of any other owner, as its scale subresource says (getScaleController). */
  private *asked(owner: OwnerReference, namespace: string | undefined): Gen<Scale | string | undefined> {
    const { informers, client } = this.context;
    const builtIn = kindByGvk(owner.apiVersion, owner.kind);
    const kinds = builtIn ? [builtIn] : [...informers.list(CUSTOM_RESOURCE_DEFINITIONS)].flatMap(customKinds);
    const def = kinds.find(
      ({ resource: { group, version, kind } }) =>
        kind === owner.kind && (group ? `${group}/${version}` : version) === owner.apiVersion,
    );
    if (def === undefined) {
      const [group = "", version] = owner.apiVersion.includes("/")
        ? owner.apiVersion.split("/")
        : ["", owner.apiVersion];
      return `no matches for kind "${owner.kind}" in version "${group ? `${group}/` : ""}${version}"`;
    }
    const { resource, subresources } = def;
    if (!subresources.some((one) => one.name === "scale"))
      return `${groupResource(resource.group, resource.resource)} does not implement the scale subresource`;
    try {
      const path = resourcePath(resource, namespace, owner.name, "scale");
      const scale = (yield* client.object("GET", path)) as KubeObject;
      return scale.metadata.uid === owner.uid ? { uid: owner.uid, replicas: scale.spec?.replicas ?? 0 } : undefined;
    } catch (error) {
      if (isStatus(error, "NotFound")) return undefined;
      throw error;
    }
  }
}

/** A selector as Go prints its pointer (apimachinery meta/v1 generated.pb.go String). */
function goSelector({ matchLabels = {}, matchExpressions = [] }: KubeObject["spec"] = {}): string {
  const labels = Object.keys(matchLabels).sort();
  const pairs = labels.map((key) => `${key}: ${matchLabels[key]},`).join("");
  const expressions = (matchExpressions as readonly { key: string; operator: string; values?: string[] }[]).map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${pairs}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join("")}},}`;
}

/** A Pod that was to be disrupted and still lives after this long is not any more (stalePodDisruptionTimeout), in ms. */
const STALE_MS = 120_000;

/** Takes back DisruptionTarget of Pods that nobody came for (disruption.go syncStalePodDisruption). */
class StaleDisruptions implements Reconciler {
  readonly name = "stale-pod-disruption";
  private readonly context: ControllerContext;

  constructor(context: ControllerContext) {
    this.context = context;
    const queue = context.queue(this);
    context.informers.handle(PODS, ({ type, object }) => {
      const left = type === "deleted" ? undefined : this.left(object);
      if (left !== undefined) queue.addAfter(keyOf(object), left * MS);
    });
  }

  /** ms until the Pod's condition is stale; undefined where it has none or it lasts. */
  private left(pod: KubeObject): number | undefined {
    const target = condition(pod, "DisruptionTarget");
    if (target?.status !== "True" || target.reason === "TerminationByKubelet" || !isActive(pod)) return undefined;
    return Math.max(0, parseTime(target.lastTransitionTime ?? "") + STALE_MS - this.context.kernel.wallMs);
  }

  *reconcile(key: string): Gen<ReconcileResult | undefined> {
    const { informers, client, kernel } = this.context;
    const pod = informers.get(PODS, key);
    const left = pod && this.left(pod);
    if (pod === undefined || left === undefined) return undefined;
    if (left > 0) return { requeueAfter: left * MS };
    const lastTransitionTime = formatTime(kernel.wallMs);
    const entry = { type: "DisruptionTarget", status: "False", lastTransitionTime, reason: null, message: null };
    const patch = { status: { conditions: [entry] } };
    try {
      yield* client.patch(PODS, pod.metadata.namespace, pod.metadata.name, patch, "strategic", "status");
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
    return undefined;
  }
}

export function startDisruptionController(context: ControllerContext): void {
  new DisruptionController(context);
  new StaleDisruptions(context);
}
