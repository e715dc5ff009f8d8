import { hasLabels, type LabelSelector, matchesSelector } from "../../api/label-selector.ts";
import { matchesNodeAffinity } from "../../api/node-selector.ts";
import { untoleratedTaint } from "../../api/tolerations.ts";
import type { KubeObject } from "../../api/types.ts";
import { deepEqual } from "../../api/validation/value.ts";
import { type Cycle, MAX_NODE_SCORE, type Plugin, unresolvable, unschedulable } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";

const HOSTNAME = "kubernetes.io/hostname";
const REASON = "node(s) didn't match pod topology spread constraints";

interface Constraint {
  maxSkew: number;
  topologyKey: string;
  minDomains: number;
  honorAffinity: boolean;
  honorTaints: boolean;
  matches: Matcher;
  /** Names what `matches` matches. */
  selects: string;
}

type Matcher = (labels: Record<string, string> | undefined) => boolean;

interface DefaultConstraint {
  topologyKey: string;
  maxSkew: number;
  whenUnsatisfiable: "DoNotSchedule" | "ScheduleAnyway";
}

export interface PodTopologySpreadArgs {
  /** `System` by default. */
  defaultingType?: "System" | "List";
  /** For Pods of a Service or controller that have no constraints of their own. */
  defaultConstraints?: readonly DefaultConstraint[];
}

/** What `System` means (plugins/podtopologyspread/plugin.go). */
const SYSTEM_DEFAULTS: readonly DefaultConstraint[] = [
  { topologyKey: HOSTNAME, maxSkew: 3, whenUnsatisfiable: "ScheduleAnyway" },
  { topologyKey: "topology.kubernetes.io/zone", maxSkew: 5, whenUnsatisfiable: "ScheduleAnyway" },
];

function constraints(pod: KubeObject, action: "DoNotSchedule" | "ScheduleAnyway"): Constraint[] {
  const out: Constraint[] = [];
  for (const c of pod.spec.topologySpreadConstraints ?? []) {
    if (c.whenUnsatisfiable !== action) continue;
    const own: Record<string, string> = {};
    for (const key of c.matchLabelKeys ?? []) {
      const value = pod.metadata.labels?.[key];
      if (value !== undefined) own[key] = value;
    }
    const selector = c.labelSelector as LabelSelector | undefined;
    out.push({
      maxSkew: c.maxSkew,
      topologyKey: c.topologyKey,
      minDomains: c.minDomains ?? 1,
      honorAffinity: c.nodeAffinityPolicy !== "Ignore",
      honorTaints: c.nodeTaintsPolicy === "Honor",
      matches: (labels) => matchesSelector(selector, labels) && hasLabels(own, labels),
      selects: JSON.stringify([selector, own]),
    });
  }
  return out;
}

/** What Services and the owner select, all together (component plugins/helper/spread.go); undefined without any. */
function defaultSelector(cycle: Cycle): Pick<Constraint, "matches" | "selects"> | undefined {
  const { pod, view } = cycle;
  const wanted: Record<string, string> = {};
  for (const service of view.services(pod.metadata.namespace ?? "")) {
    const selector = service.spec?.selector;
    if (selector && Object.keys(selector).length > 0 && hasLabels(selector, pod.metadata.labels))
      Object.assign(wanted, selector);
  }
  const ownerSelector = view.owner(pod)?.spec?.selector as LabelSelector | undefined;
  if (Object.keys(wanted).length === 0 && ownerSelector === undefined) return undefined;
  const matches: Matcher = (labels) =>
    hasLabels(wanted, labels) && (ownerSelector === undefined || matchesSelector(ownerSelector, labels));
  return { matches, selects: JSON.stringify([ownerSelector, wanted]) };
}

/** The constraints that the profile gives a Pod without its own. */
function defaulted(
  cycle: Cycle,
  defaults: readonly DefaultConstraint[],
  action: DefaultConstraint["whenUnsatisfiable"],
): Constraint[] {
  const of = defaults.filter((d) => d.whenUnsatisfiable === action);
  if (of.length === 0) return [];
  const found = defaultSelector(cycle);
  if (found === undefined) return [];
  return of.map(({ topologyKey, maxSkew }) => ({
    topologyKey,
    maxSkew,
    minDomains: 1,
    honorAffinity: true,
    honorTaints: false,
    ...found,
  }));
}

function includes(constraint: Constraint, pod: KubeObject, node: KubeObject): boolean {
  if (constraint.honorAffinity && !matchesNodeAffinity(pod, node)) return false;
  return !constraint.honorTaints || !untoleratedTaint(node, pod.spec.tolerations, ["NoSchedule", "NoExecute"]);
}

function count(node: NodeInfo, constraint: Constraint, namespace: string | undefined): number {
  return node.matching(`${namespace} ${constraint.selects}`, namespace, constraint.matches);
}

const hasKeys = (node: KubeObject, list: readonly Constraint[]) =>
  list.every((c) => node.metadata.labels?.[c.topologyKey] !== undefined);
const hasAllKeys = (node: NodeInfo, list: readonly Constraint[]) => hasKeys(node.node, list);

/** Pods per domain of each hard constraint. */
function domains(cycle: Cycle, hard: readonly Constraint[]): Map<string, number>[] {
  return hard.map((constraint) => {
    const counts = new Map<string, number>();
    for (const node of cycle.view.nodes()) {
      if (!hasAllKeys(node, hard) || !includes(constraint, cycle.pod, node.node)) continue;
      const value = node.node.metadata.labels![constraint.topologyKey]!;
      counts.set(value, (counts.get(value) ?? 0) + count(node, constraint, cycle.pod.metadata.namespace));
    }
    return counts;
  });
}

const defaultsOf = ({ defaultingType, defaultConstraints = [] }: PodTopologySpreadArgs) =>
  defaultingType === "List" ? defaultConstraints : SYSTEM_DEFAULTS;

interface Soft {
  list: Constraint[];
  weights: number[];
  counts: Map<string, number>[];
  ignored: Set<string>;
}

function soft(cycle: Cycle, nodes: readonly NodeInfo[], args: PodTopologySpreadArgs): Soft | undefined {
  const { pod } = cycle;
  const own = (pod.spec.topologySpreadConstraints ?? []).length > 0;
  const list = own ? constraints(pod, "ScheduleAnyway") : defaulted(cycle, defaultsOf(args), "ScheduleAnyway");
  if (list.length === 0) return undefined;
  // With the system's constraints nodes that lack a key count, too.
  const explicit = own || args.defaultingType === "List";
  const ignored = new Set(explicit ? nodes.filter((n) => !hasAllKeys(n, list)).map((n) => n.name) : []);
  const counts = list.map((constraint) => {
    const pairs = new Map<string, number>();
    if (constraint.topologyKey === HOSTNAME) return pairs;
    for (const node of nodes) {
      const value = node.node.metadata.labels?.[constraint.topologyKey];
      if (value !== undefined && !ignored.has(node.name)) pairs.set(value, 0);
    }
    for (const node of cycle.view.nodes()) {
      const value = node.node.metadata.labels?.[constraint.topologyKey];
      if (value === undefined || !pairs.has(value)) continue;
      if (explicit && !hasAllKeys(node, list)) continue;
      if (includes(constraint, pod, node.node))
        pairs.set(value, pairs.get(value)! + count(node, constraint, pod.metadata.namespace));
    }
    return pairs;
  });
  const weights = list.map((constraint, i) =>
    naturalLog((constraint.topologyKey === HOSTNAME ? nodes.length - ignored.size : counts[i]!.size) + 2),
  );
  return { list, weights, counts, ignored };
}

/** ln of a whole number ≥ 2 by the atanh series: Math.log may differ in its last bit between machines. */
export function naturalLog(n: number): number {
  const LN2 = 0.6931471805599453;
  let twos = 0;
  let x = n;
  while (x >= 2) {
    x /= 2;
    twos++;
  }
  const z = (x - 1) / (x + 1);
  let power = z;
  let sum = 0;
  for (let k = 1; k < 60; k += 2) {
    sum += power / k;
    power *= z * z;
  }
  return twos * LN2 + 2 * sum;
}

/** Spreads Pods over the domains of a node label (plugins/podtopologyspread, KEP-895). */
export function podTopologySpread(args: PodTopologySpreadArgs = {}): Plugin {
  return {
    name: "PodTopologySpread",
    filter: (cycle, node) => {
      const hard = cycle.once("PodTopologySpread hard", () =>
        (cycle.pod.spec.topologySpreadConstraints ?? []).length > 0
          ? constraints(cycle.pod, "DoNotSchedule")
          : defaulted(cycle, defaultsOf(args), "DoNotSchedule"),
      );
      if (hard.length === 0) return undefined;
      const counts = cycle.once("PodTopologySpread domains", () => domains(cycle, hard));
      for (const [i, constraint] of hard.entries()) {
        const value = node.node.metadata.labels?.[constraint.topologyKey];
        if (value === undefined) return unresolvable(`${REASON} (missing required label)`);
        const pairs = counts[i]!;
        const least = pairs.size < constraint.minDomains ? 0 : Math.min(...pairs.values());
        const self = constraint.matches(cycle.pod.metadata.labels) ? 1 : 0;
        if ((pairs.get(value) ?? 0) + self - (pairs.size === 0 ? 0 : least) > constraint.maxSkew)
          return unschedulable(REASON);
      }
      return undefined;
    },
    preScore: (cycle, nodes) => cycle.once("PodTopologySpread soft", () => soft(cycle, nodes, args)) !== undefined,
    score: (cycle, node) => {
      const { list, weights, counts, ignored } = cycle.once<Soft>("PodTopologySpread soft", () => {
        throw new Error("scored before preScore");
      });
      if (ignored.has(node.name)) return 0;
      let score = 0;
      for (const [i, constraint] of list.entries()) {
        const value = node.node.metadata.labels?.[constraint.topologyKey];
        if (value === undefined) continue;
        const n =
          constraint.topologyKey === HOSTNAME
            ? count(node, constraint, cycle.pod.metadata.namespace)
            : (counts[i]!.get(value) ?? 0);
        score += n * weights[i]! + (constraint.maxSkew - 1);
      }
      return Math.round(score);
    },
    normalize: (cycle, scores, nodes) => {
      const { ignored } = cycle.once<Soft>("PodTopologySpread soft", () => {
        throw new Error("normalized before preScore");
      });
      const counted = scores.filter((_, i) => !ignored.has(nodes[i]!.name));
      const max = Math.max(0, ...counted);
      const min = Math.min(...counted);
      return scores.map((score, i) => {
        if (ignored.has(nodes[i]!.name)) return 0;
        return max === 0 ? MAX_NODE_SCORE : Math.floor((MAX_NODE_SCORE * (max + min - score)) / max);
      });
    },
    requeue: (pod, event) => {
      const hard = constraints(pod, "DoNotSchedule");
      // Constraints of the profile select by Services and owners, which are not asked here.
      if (hard.length === 0) return true;
      switch (event.type) {
        case "AssignedPodAdd":
        case "AssignedPodUpdate":
        case "AssignedPodDelete": {
          if (event.pod.metadata.namespace !== pod.metadata.namespace) return false;
          const { labels } = event.pod.metadata;
          if (event.type !== "AssignedPodUpdate") return hard.some((c) => c.matches(labels));
          const before = event.old?.metadata.labels;
          return before !== labels && hard.some((c) => c.matches(before) !== c.matches(labels));
        }
        case "NodeAdd":
          return hasKeys(event.node, hard);
        case "NodeUpdate": {
          const { node, old = node } = event;
          if (hasKeys(old, hard) !== hasKeys(node, hard)) return true;
          const moved = hard.some(
            (c) => old.metadata.labels?.[c.topologyKey] !== node.metadata.labels?.[c.topologyKey],
          );
          return hasKeys(node, hard) && (moved || !deepEqual(old.spec.taints, node.spec.taints));
        }
        case "PodUpdate":
          return hard.some((c) => c.honorTaints) && !deepEqual(event.pod.spec.tolerations, event.old.spec.tolerations);
        default:
          return false;
      }
    },
  };
}
