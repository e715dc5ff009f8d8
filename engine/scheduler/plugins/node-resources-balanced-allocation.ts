import { MAX_NODE_SCORE, type Plugin } from "../framework.ts";

/** Nodes whose cpu and memory would be used evenly are better (plugins/noderesources/balanced_allocation.go). */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: "NodeResourcesBalancedAllocation",
  weight: 1,
  score: (cycle, node) => {
    const fractions: number[] = [];
    for (const name of ["cpu", "memory"]) {
      const capacity = node.allocatable[name] ?? 0;
      if (capacity === 0) continue;
      const requested = (node.requested[name] ?? 0) + (cycle.requests.requests[name] ?? 0);
      fractions.push(Math.min(1, requested / capacity));
    }
    const deviation = fractions.length === 2 ? Math.abs((fractions[0]! - fractions[1]!) / 2) : 0;
    return Math.floor((1 - deviation) * MAX_NODE_SCORE);
  },
};
