import { hasLabels, matchesRequirement, type SelectorRequirement } from "./label-selector.ts";
import type { KubeObject } from "./types.ts";

/** core/v1 NodeSelectorTerm. */
export interface NodeSelectorTerm {
  matchExpressions?: SelectorRequirement[];
  matchFields?: SelectorRequirement[];
}

/** One term; an empty one matches nothing (component-helpers/scheduling/corev1/nodeaffinity). */
export function matchesTerm(term: NodeSelectorTerm, node: KubeObject): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const fields = { "metadata.name": node.metadata.name };
  return (
    matchExpressions.every((requirement) => matchesRequirement(requirement, node.metadata.labels)) &&
    matchFields.every((requirement) => matchesRequirement(requirement, fields))
  );
}

/** True when nodeSelector and the required node affinity of a Pod let it onto the node. */
export function matchesNodeAffinity(pod: KubeObject, node: KubeObject): boolean {
  if (!hasLabels(pod.spec.nodeSelector, node.metadata.labels)) return false;
  const terms = requiredTerms(pod);
  return terms === undefined || terms.some((term) => matchesTerm(term, node));
}

/** The required terms of a Pod, if it has any. */
export function requiredTerms(pod: KubeObject): NodeSelectorTerm[] | undefined {
  return pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
}
