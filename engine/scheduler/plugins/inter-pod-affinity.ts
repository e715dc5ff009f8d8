import { type LabelSelector, matchesSelector } from "../../api/label-selector.ts";
import type { KubeObject } from "../../api/types.ts";
import { deepEqual } from "../../api/validation/value.ts";
import { type Cycle, MAX_NODE_SCORE, type Plugin, unresolvable, unschedulable } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";

interface Term {
  labelSelector?: LabelSelector;
  namespaces?: string[];
  namespaceSelector?: LabelSelector;
  topologyKey: string;
}

export interface InterPodAffinityArgs {
  /** Weight of a required affinity of Pods already there. */
  hardPodAffinityWeight?: number;
  ignorePreferredTermsOfExistingPods?: boolean;
}

const required = (pod: KubeObject, kind: "podAffinity" | "podAntiAffinity"): Term[] =>
  pod.spec.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
const preferred = (
  pod: KubeObject,
  kind: "podAffinity" | "podAntiAffinity",
): { weight: number; podAffinityTerm: Term }[] =>
  pod.spec.affinity?.[kind]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];

/** Does `term` of a Pod in `namespace` mean `target`? Without a cycle namespaces have no labels. */
function means(term: Term, namespace: string | undefined, target: KubeObject, cycle?: Cycle): boolean {
  const home = target.metadata.namespace ?? "";
  const named = term.namespaces ?? [];
  const inScope =
    named.length === 0 && !term.namespaceSelector
      ? home === namespace
      : named.includes(home) ||
        (term.namespaceSelector !== undefined &&
          matchesSelector(term.namespaceSelector, cycle?.view.namespaceLabels(home)));
  return inScope && matchesSelector(term.labelSelector, target.metadata.labels);
}

const domain = (node: NodeInfo, key: string): string | undefined => {
  const value = node.node.metadata.labels?.[key];
  return value === undefined ? undefined : `${key}\0${value}`;
};

interface Hard {
  affinity: Map<string, number>;
  anti: Map<string, number>;
  existingAnti: Map<string, number>;
}

function bump(map: Map<string, number>, key: string | undefined, by: number): void {
  if (key !== undefined) map.set(key, (map.get(key) ?? 0) + by);
}

function hard(cycle: Cycle): Hard {
  const { pod } = cycle;
  const affinity = required(pod, "podAffinity");
  const anti = required(pod, "podAntiAffinity");
  const out: Hard = { affinity: new Map(), anti: new Map(), existingAnti: new Map() };
  const selective = affinity.length > 0 || anti.length > 0;
  for (const node of cycle.view.nodes()) {
    for (const other of (selective ? node.pods : node.withAffinity).values()) {
      for (const term of required(other, "podAntiAffinity"))
        if (means(term, other.metadata.namespace, pod, cycle))
          bump(out.existingAnti, domain(node, term.topologyKey), 1);
      if (affinity.length > 0 && affinity.every((term) => means(term, pod.metadata.namespace, other, cycle)))
        for (const term of affinity) bump(out.affinity, domain(node, term.topologyKey), 1);
      for (const term of anti)
        if (means(term, pod.metadata.namespace, other, cycle)) bump(out.anti, domain(node, term.topologyKey), 1);
    }
  }
  return out;
}

function topologyScores(cycle: Cycle, args: InterPodAffinityArgs): Map<string, number> {
  const { hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods = false } = args;
  const { pod } = cycle;
  const scores = new Map<string, number>();
  const mine = [
    ...preferred(pod, "podAffinity").map((p) => ({ term: p.podAffinityTerm, weight: p.weight })),
    ...preferred(pod, "podAntiAffinity").map((p) => ({ term: p.podAffinityTerm, weight: -p.weight })),
  ];
  for (const node of cycle.view.nodes()) {
    for (const other of (mine.length > 0 ? node.pods : node.withAffinity).values()) {
      for (const { term, weight } of mine)
        if (means(term, pod.metadata.namespace, other, cycle)) bump(scores, domain(node, term.topologyKey), weight);
      if (!other.spec.affinity) continue;
      const theirs = required(other, "podAffinity").map((term) => ({ term, weight: hardPodAffinityWeight }));
      if (mine.length > 0 || !ignorePreferredTermsOfExistingPods) {
        theirs.push(
          ...preferred(other, "podAffinity").map((p) => ({ term: p.podAffinityTerm, weight: p.weight })),
          ...preferred(other, "podAntiAffinity").map((p) => ({ term: p.podAffinityTerm, weight: -p.weight })),
        );
      }
      for (const { term, weight } of theirs)
        if (means(term, other.metadata.namespace, pod, cycle)) bump(scores, domain(node, term.topologyKey), weight);
    }
  }
  return scores;
}

/** Nearness to, and distance from, other Pods (plugins/interpodaffinity). */
export function interPodAffinity(args: InterPodAffinityArgs = {}): Plugin {
  return {
    name: "InterPodAffinity",
    filter: (cycle, node) => {
      const { pod } = cycle;
      const state = cycle.once("InterPodAffinity hard", () => hard(cycle));
      const affinity = required(pod, "podAffinity");
      if (affinity.length > 0) {
        const keys = affinity.map((term) => domain(node, term.topologyKey));
        const refusal = unresolvable("node(s) didn't match pod affinity rules");
        if (keys.some((key) => key === undefined)) return refusal;
        if (!keys.every((key) => (state.affinity.get(key!) ?? 0) > 0)) {
          // The first Pod of a group that wants to be together may go anywhere.
          const first =
            state.affinity.size === 0 && affinity.every((t) => means(t, pod.metadata.namespace, pod, cycle));
          if (!first) return refusal;
        }
      }
      for (const term of required(pod, "podAntiAffinity")) {
        const key = domain(node, term.topologyKey);
        if (key !== undefined && (state.anti.get(key) ?? 0) > 0)
          return unschedulable("node(s) didn't match pod anti-affinity rules");
      }
      if (state.existingAnti.size > 0) {
        const labels = node.node.metadata.labels ?? {};
        for (const key in labels)
          if (state.existingAnti.has(`${key}\0${labels[key]}`))
            return unschedulable("node(s) didn't satisfy existing pods anti-affinity rules");
      }
      return undefined;
    },
    preScore: (cycle) => cycle.once("InterPodAffinity soft", () => topologyScores(cycle, args)).size > 0,
    score: (cycle, node) => {
      const scores = cycle.once("InterPodAffinity soft", () => topologyScores(cycle, args));
      const labels = node.node.metadata.labels ?? {};
      let score = 0;
      for (const key in labels) score += scores.get(`${key}\0${labels[key]}`) ?? 0;
      return score;
    },
    normalize: (_cycle, scores) => {
      const max = Math.max(...scores);
      const min = Math.min(...scores);
      return scores.map((s) => (max > min ? Math.floor((MAX_NODE_SCORE * (s - min)) / (max - min)) : 0));
    },
    requeue: (pod, event) => {
      const near = required(pod, "podAffinity");
      const far = required(pod, "podAntiAffinity");
      const all = (terms: readonly Term[], target: KubeObject) =>
        terms.length > 0 && terms.every((term) => means(term, pod.metadata.namespace, target));
      switch (event.type) {
        case "AssignedPodAdd":
          return all(near, event.pod);
        case "AssignedPodUpdate": {
          const { pod: now, old = now } = event;
          if (old.metadata.labels === now.metadata.labels) return false;
          return (!all(near, old) && all(near, now)) || (all(far, old) && !all(far, now));
        }
        case "AssignedPodDelete":
          return all(far, event.pod);
        case "NodeAdd":
        case "NodeUpdate": {
          const { labels } = event.node.metadata;
          if (event.type === "NodeUpdate" && deepEqual(labels, event.old?.metadata.labels)) return false;
          return [...near, ...far].some((term) => labels?.[term.topologyKey] !== undefined);
        }
        default:
          return false;
      }
    },
  };
}
