import { parseTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { runFilters } from "./algorithm.ts";
import { FitError } from "./fit-error.ts";
import { type ClusterView, Cycle, type Plugin, unresolvable } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";

export interface Preemption {
  node: string;
  victims: KubeObject[];
}

const priorityOf = (pod: KubeObject): number => pod.spec.priority ?? 0;
const startOf = (pod: KubeObject): number => parseTime(pod.status?.startTime ?? pod.metadata.creationTimestamp ?? "");

/**
 * Looks for Pods of lower priority whose end would make room (plugins/defaultpreemption): the victims, or why there
 * are none as the tail of the event's message.
 */
export function findPreemption(
  plugins: readonly Plugin[],
  pod: KubeObject,
  view: ClusterView,
  fit: FitError,
): Preemption | string {
  if (pod.spec.preemptionPolicy === "Never") return "not eligible due to preemptionPolicy=Never.";
  const nominated = view.nodes().find((node) => node.name === pod.status?.nominatedNodeName);
  const leaving = [...(nominated?.pods.values() ?? [])].some(
    (other) => other.metadata.deletionTimestamp && priorityOf(other) < priorityOf(pod),
  );
  if (leaving) return "not eligible due to a terminating pod on the nominated node.";

  const reasons = new FitError(fit.allNodes);
  reasons.absent = { ...unresolvable("Preemption is not helpful for scheduling"), plugin: "DefaultPreemption" };
  const candidates: Preemption[] = [];
  for (const node of view.nodes()) {
    if (fit.rejections.get(node.name)?.code !== "Unschedulable") continue;
    const found = victimsOn(plugins, pod, view, node);
    if (Array.isArray(found)) candidates.push({ node: node.name, victims: found });
    else reasons.reject(node.name, found.plugin, found.rejection);
  }
  return candidates.length === 0 ? reasons.message : cheapest(candidates);
}

function victimsOn(plugins: readonly Plugin[], pod: KubeObject, view: ClusterView, node: NodeInfo) {
  if (!node.hasBelow(priorityOf(pod)))
    return { plugin: "DefaultPreemption", rejection: unresolvable("No preemption victims found for incoming pod") };
  const lower = [...node.pods.values()].filter((other) => priorityOf(other) < priorityOf(pod));
  const trial = node.clone();
  const nodes = view.nodes().map((other) => (other === node ? trial : other));
  const fits = () => runFilters(plugins, new Cycle(pod, { ...bound(view), nodes: () => nodes }), trial);
  for (const other of lower) trial.removePod(other);
  const out = fits();
  if (out !== undefined) return out;
  // The most important ones are spared first.
  lower.sort((a, b) => priorityOf(b) - priorityOf(a) || startOf(a) - startOf(b));
  const victims: KubeObject[] = [];
  for (const other of lower) {
    trial.addPod(other);
    if (fits() === undefined) continue;
    trial.removePod(other);
    victims.push(other);
  }
  return victims;
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
  };
}

/** pickOneNodeForPreemption: least important victims, then fewest, then the youngest. */
function cheapest(candidates: readonly Preemption[]): Preemption {
  const highest = (c: Preemption) => priorityOf(c.victims[0]!);
  const sum = (c: Preemption) => c.victims.reduce((total, pod) => total + priorityOf(pod) + 2_147_483_648, 0);
  const earliest = (c: Preemption) =>
    Math.min(...c.victims.filter((pod) => priorityOf(pod) === highest(c)).map(startOf));
  return candidates.reduce((best, c) => {
    if (c.victims.length === 0 || best.victims.length === 0) return best.victims.length === 0 ? best : c;
    const order =
      highest(c) - highest(best) ||
      sum(c) - sum(best) ||
      c.victims.length - best.victims.length ||
      earliest(best) - earliest(c);
    return order < 0 ? c : best;
  });
}
