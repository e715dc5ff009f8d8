import { matchesSelector } from "../api/label-selector.ts";
import { parseTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { runFilters } from "./algorithm.ts";
import { FitError } from "./fit-error.ts";
import { type ClusterView, Cycle, type Plugin, unresolvable } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";

export interface Preemption {
  node: string;
  victims: KubeObject[];
  /** How many victims a PodDisruptionBudget would spare. */
  violations: number;
}

/** Why nobody gives way; `eligible`: the Pod might have made room somewhere. */
export interface NoPreemption {
  why: string;
  eligible: boolean;
}

const priorityOf = (pod: KubeObject): number => pod.spec.priority ?? 0;
const startOf = (pod: KubeObject): number => parseTime(pod.status?.startTime ?? pod.metadata.creationTimestamp ?? "");

/** The node with those Pods on it that were promised a place there. */
type Crowd = (node: NodeInfo) => NodeInfo;

/**
 * Looks for Pods of lower priority whose end would make room (plugins/defaultpreemption): the victims, or why there
 * are none as the tail of the event's message. The room must do beside the Pods that `withNominated` puts on a node, too.
 */
export function findPreemption(
  plugins: readonly Plugin[],
  pod: KubeObject,
  view: ClusterView,
  fit: FitError,
  withNominated: Crowd,
): Preemption | NoPreemption {
  const ineligible = (why: string): NoPreemption => ({ why: `not eligible due to ${why}`, eligible: false });
  if (pod.spec.preemptionPolicy === "Never") return ineligible("preemptionPolicy=Never.");
  const nominated = view.nodes().find((node) => node.name === pod.status?.nominatedNodeName);
  const leaving = [...(nominated?.pods.values() ?? [])].some(
    (other) => other.metadata.deletionTimestamp && priorityOf(other) < priorityOf(pod),
  );
  if (leaving) return ineligible("a terminating pod on the nominated node.");

  const reasons = new FitError(fit.allNodes);
  reasons.absent = { ...unresolvable("Preemption is not helpful for scheduling"), plugin: "DefaultPreemption" };
  const candidates: Preemption[] = [];
  for (const node of view.nodes()) {
    if (fit.rejections.get(node.name)?.code !== "Unschedulable") continue;
    const found = victimsOn(plugins, pod, view, node, withNominated);
    if ("victims" in found) candidates.push({ node: node.name, ...found });
    else reasons.reject(node.name, found.plugin, found.rejection);
  }
  return candidates.length === 0 ? { why: reasons.message, eligible: true } : cheapest(candidates);
}

function victimsOn(
  plugins: readonly Plugin[],
  pod: KubeObject,
  view: ClusterView,
  node: NodeInfo,
  withNominated: Crowd,
) {
  if (!node.hasBelow(priorityOf(pod)))
    return { plugin: "DefaultPreemption", rejection: unresolvable("No preemption victims found for incoming pod") };
  const lower = [...node.pods.values()].filter((other) => priorityOf(other) < priorityOf(pod));
  const trial = node.clone();
  const filter = (on: NodeInfo) => {
    const nodes = view.nodes().map((other) => (other === node ? on : other));
    return runFilters(plugins, new Cycle(pod, { ...bound(view), nodes: () => nodes }), on);
  };
  // As when it is scheduled (RunFilterPluginsWithNominatedPods): with those who were promised a place, and without them.
  const fits = () => {
    const crowded = withNominated(trial);
    return filter(crowded) ?? (crowded === trial ? undefined : filter(trial));
  };
  for (const other of lower) trial.removePod(other);
  const out = fits();
  if (out !== undefined) return out;
  // The most important ones are spared first.
  lower.sort((a, b) => priorityOf(b) - priorityOf(a) || startOf(a) - startOf(b));
  const guarded = violating(lower, view.budgets());
  const victims: KubeObject[] = [];
  let violations = 0;
  for (const other of [...guarded, ...lower.filter((one) => !guarded.has(one))]) {
    trial.addPod(other);
    if (fits() === undefined) continue;
    trial.removePod(other);
    victims.push(other);
    if (guarded.has(other)) violations++;
  }
  // Room for which nobody has to end is none to make (DryRunPreemption).
  if (victims.length === 0) {
    return {
      plugin: "DefaultPreemption",
      rejection: unresolvable(`expected at least one victim pod on node "${node.name}"`),
    };
  }
  victims.sort((a, b) => lower.indexOf(a) - lower.indexOf(b));
  return { victims, violations };
}

/** Those whose end a budget does not allow, counted in this order (filterPodsWithPDBViolation). */
function violating(pods: readonly KubeObject[], budgets: Iterable<KubeObject>): Set<KubeObject> {
  const out = new Set<KubeObject>();
  const left = [...budgets].map((budget) => ({ budget, allowed: (budget.status?.disruptionsAllowed ?? 0) as number }));
  for (const pod of pods) {
    const { namespace, name, labels = {} } = pod.metadata;
    if (Object.keys(labels).length === 0) continue;
    for (const one of left) {
      const { metadata, spec, status } = one.budget;
      const { matchLabels = {}, matchExpressions = [] } = spec.selector ?? {};
      const selects = Object.keys(matchLabels).length + matchExpressions.length > 0;
      if (metadata.namespace !== namespace || !selects || !matchesSelector(spec.selector, labels)) continue;
      // Its end has been allowed already.
      if (status?.disruptedPods?.[name] !== undefined) continue;
      if (--one.allowed < 0) out.add(pod);
    }
  }
  return out;
}

function bound(view: ClusterView): ClusterView {
  return {
    nodes: () => view.nodes(),
    services: (namespace) => view.services(namespace),
    owner: (pod) => view.owner(pod),
    namespaceLabels: (name) => view.namespaceLabels(name),
    claim: (namespace, name) => view.claim(namespace, name),
    volume: (name) => view.volume(name),
    volumes: () => view.volumes(),
    storageClass: (name) => view.storageClass(name),
    budgets: () => view.budgets(),
  };
}

/** pickOneNodeForPreemption: fewest who are guarded by budgets, least important victims, then fewest, then the youngest. */
function cheapest(candidates: readonly Preemption[]): Preemption {
  const highest = (c: Preemption) => priorityOf(c.victims[0]!);
  const sum = (c: Preemption) => c.victims.reduce((total, pod) => total + priorityOf(pod) + 2_147_483_648, 0);
  const earliest = (c: Preemption) =>
    Math.min(...c.victims.filter((pod) => priorityOf(pod) === highest(c)).map(startOf));
  return candidates.reduce((best, c) => {
    const order =
      c.violations - best.violations ||
      highest(c) - highest(best) ||
      sum(c) - sum(best) ||
      c.victims.length - best.victims.length ||
      earliest(best) - earliest(c);
    return order < 0 ? c : best;
  });
}
