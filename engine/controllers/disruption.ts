import { keyOf } from "../api/informer.ts";
import { matchesSelector } from "../api/label-selector.ts";
import {
  DEPLOYMENTS,
  POD_DISRUPTION_BUDGETS,
  PODS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  STATEFUL_SETS,
} from "../api/resources.ts";
import { formatTime, parseTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, MS } from "../kernel/index.ts";
import { Wakes } from "./batched.ts";
import type { ControllerContext } from "./context.ts";
import { controllerOf } from "./informers.ts";
import { isReady } from "./pods.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";
import { scaled } from "./rollout.ts";

/** An evicted Pod that is still there after this long was not deleted after all (disruption.go DeletionTimeout), in ms. */
const DELETION_TIMEOUT_MS = 120_000;

interface Expected {
  expected: number;
  desired: number;
}

/** Keeps the status of PodDisruptionBudgets, which evictions spend (pkg/controller/disruption). */
class DisruptionController implements Reconciler {
  readonly name = "disruption";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  private readonly wakes: Wakes;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    this.wakes = new Wakes(context.kernel, this.queue, this.name);
    const { informers } = context;
    informers.handle(POD_DISRUPTION_BUDGETS, ({ object }) => this.queue.add(keyOf(object)));
    informers.handle(PODS, ({ object, old }) => {
      for (const budget of informers.list(POD_DISRUPTION_BUDGETS)) {
        if (budget.metadata.namespace !== object.metadata.namespace) continue;
        const covers = (pod: KubeObject) => matchesSelector(budget.spec.selector, pod.metadata.labels);
        if (covers(object) || (old && covers(old))) this.queue.add(keyOf(budget));
      }
    });
  }

  *reconcile(key: string): Gen {
    const { informers, recorder, kernel, client } = this.context;
    const budget = informers.get(POD_DISRUPTION_BUDGETS, key);
    if (budget === undefined || budget.metadata.deletionTimestamp) return;
    const pods = [...informers.pods.inNamespace(budget.metadata.namespace ?? "")].filter(
      (pod) =>
        budget.spec.selector &&
        matchesSelector(budget.spec.selector, pod.metadata.labels) &&
        pod.status?.phase !== "Succeeded" &&
        pod.status?.phase !== "Failed",
    );
    if (pods.length === 0) recorder.event(budget, "Normal", "NoPods", "No matching pods found");
    const { expected, desired } = this.expect(budget, pods);
    const now = kernel.wallMs;
    const disrupted: Record<string, string> = {};
    for (const pod of pods) {
      const time: string | undefined = budget.status?.disruptedPods?.[pod.metadata.name];
      if (time === undefined || pod.metadata.deletionTimestamp) continue;
      const left = parseTime(time) + DELETION_TIMEOUT_MS - now;
      if (left <= 0) {
        const message = `Pod ${keyOf(pod)} was expected by PDB ${keyOf(budget)} to be deleted but it wasn't`;
        recorder.event(pod, "Warning", "NotDeleted", message);
        continue;
      }
      disrupted[pod.metadata.name] = time;
      this.wakes.in(key, left * MS);
    }
    const healthy = pods.filter(
      (pod) => !pod.metadata.deletionTimestamp && disrupted[pod.metadata.name] === undefined && isReady(pod),
    ).length;
    const allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
    const old = budget.status ?? {};
    const observedGeneration = budget.metadata.generation ?? 0;
    const enough = allowed > 0;
    const was = old.conditions?.find((c: { type: string }) => c.type === "DisruptionAllowed");
    const state = enough ? "True" : "False";
    const condition = {
      type: "DisruptionAllowed",
      status: state,
      observedGeneration,
      lastTransitionTime: was?.status === state ? was.lastTransitionTime : formatTime(now),
      reason: enough ? "SufficientPods" : "InsufficientPods",
      message: "",
    };
    const status = {
      conditions: [condition],
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
      was?.status === state &&
      JSON.stringify(old.disruptedPods ?? {}) === JSON.stringify(disrupted);
    if (!same) yield* client.update(POD_DISRUPTION_BUDGETS, { ...budget, status }, "status");
  }

  /** How many Pods there should be, and how many of them must stay healthy. */
  private expect(budget: KubeObject, pods: readonly KubeObject[]): Expected {
    const { maxUnavailable, minAvailable } = budget.spec;
    if (maxUnavailable !== undefined) {
      const expected = this.scale(budget, pods);
      return { expected, desired: Math.max(0, expected - scaled(maxUnavailable, expected, true)) };
    }
    if (typeof minAvailable === "number") return { expected: pods.length, desired: minAvailable };
    if (minAvailable === undefined) return { expected: 0, desired: 0 };
    const expected = this.scale(budget, pods);
    return { expected, desired: scaled(minAvailable, expected, true) };
  }

  /** The sum of what the Pods' controllers ask for. */
  private scale(budget: KubeObject, pods: readonly KubeObject[]): number {
    const { informers, recorder } = this.context;
    const scales = new Map<string, number>();
    let unmanaged = false;
    for (const pod of pods) {
      const owner = controllerOf(pod);
      if (owner === undefined) unmanaged = true;
      if (owner === undefined || scales.has(owner.uid)) continue;
      const key = `${pod.metadata.namespace}/${owner.name}`;
      const resource = {
        ReplicaSet: REPLICA_SETS,
        StatefulSet: STATEFUL_SETS,
        ReplicationController: REPLICATION_CONTROLLERS,
      }[owner.kind];
      if (resource === undefined) {
        const message = `Failed to calculate the number of expected pods: no scale of ${owner.kind} ${owner.name} is known`;
        recorder.event(budget, "Warning", "CalculateExpectedPodCountFailed", message);
        continue;
      }
      const direct = informers.get(resource, key);
      const above = direct && controllerOf(direct);
      const deployment =
        above?.kind === "Deployment"
          ? informers.get(DEPLOYMENTS, `${pod.metadata.namespace}/${above.name}`)
          : undefined;
      const top = deployment ?? direct;
      if (top) scales.set(owner.uid, 0).set(top.metadata.uid, top.spec.replicas ?? 0);
    }
    if (unmanaged) {
      const message =
        'Pods selected by this PodDisruptionBudget were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.';
      recorder.event(budget, "Warning", "UnmanagedPods", message);
    }
    return [...scales.values()].reduce((sum, n) => sum + n, 0);
  }
}

export function startDisruptionController(context: ControllerContext): void {
  new DisruptionController(context);
}
