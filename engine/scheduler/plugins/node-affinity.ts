import { matchesNodeAffinity, matchesTerm, type NodeSelectorTerm, requiredTerms } from "../../api/node-selector.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Cycle, defaultNormalize, type Plugin, unresolvable } from "../framework.ts";

interface Preference {
  weight: number;
  preference: NodeSelectorTerm;
}

export interface NodeAffinityArgs {
  /** Asked of every Pod of the profile, beside what the Pod asks for. */
  addedAffinity?: {
    requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms?: NodeSelectorTerm[] };
    preferredDuringSchedulingIgnoredDuringExecution?: Preference[];
  };
}

function preferred(cycle: Cycle): Preference[] {
  return cycle.pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
}

/** Names that every term asks for by `metadata.name`: a DaemonSet's Pod knows its node. Undefined when some term does not. */
function namedNodes(pod: KubeObject): Set<string> | undefined {
  const terms = requiredTerms(pod);
  if (terms === undefined || terms.length === 0) return undefined;
  const names = new Set<string>();
  for (const term of terms) {
    const named = (term.matchFields ?? []).filter((r) => r.key === "metadata.name" && r.operator === "In");
    if (named.length === 0) return undefined;
    for (const name of named[0]!.values ?? []) if (named.every((r) => (r.values ?? []).includes(name))) names.add(name);
  }
  return names;
}

/** nodeSelector and node affinity (plugins/nodeaffinity). */
export function nodeAffinity({ addedAffinity }: NodeAffinityArgs = {}): Plugin {
  const enforced = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const wished = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const keeps = (node: KubeObject) => enforced === undefined || enforced.some((term) => matchesTerm(term, node));
  return {
    name: "NodeAffinity",
    preFilter: (cycle) => {
      const nodes = namedNodes(cycle.pod);
      if (nodes === undefined) return undefined;
      return nodes.size === 0 ? { rejection: unresolvable("pod affinity terms conflict") } : { nodes };
    },
    filter: (cycle, node) => {
      if (!keeps(node.node)) return unresolvable("node(s) didn't match scheduler-enforced node affinity");
      if (matchesNodeAffinity(cycle.pod, node.node)) return undefined;
      return unresolvable("node(s) didn't match Pod's node affinity/selector");
    },
    preScore: (cycle) => wished.length > 0 || preferred(cycle).length > 0,
    score: (cycle, node) => {
      let score = 0;
      for (const { weight, preference } of [...wished, ...preferred(cycle)]) {
        const { matchExpressions = [], matchFields = [] } = preference;
        // A preference without requirements matches every node, unlike a required term.
        const all = matchExpressions.length === 0 && matchFields.length === 0;
        if (weight !== 0 && (all || matchesTerm(preference, node.node))) score += weight;
      }
      return score;
    },
    normalize: (_cycle, scores) => defaultNormalize(scores, false),
    requeue: (pod, event) => {
      const suits = (node: KubeObject) => keeps(node) && matchesNodeAffinity(pod, node);
      if (event.type === "NodeAdd") return suits(event.node);
      return event.type === "NodeUpdate" && suits(event.node) && !suits(event.old ?? event.node);
    },
  };
}
