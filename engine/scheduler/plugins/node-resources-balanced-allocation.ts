import { MAX_NODE_SCORE, type Plugin } from "../framework.ts";

export interface BalancedAllocationArgs {
  /** cpu and memory by default. */
  resources?: readonly { name: string }[];
}

const USUAL = [{ name: "cpu" }, { name: "memory" }];

/** Nodes whose resources would be used evenly are better (plugins/noderesources/balanced_allocation.go). */
export function nodeResourcesBalancedAllocation({ resources = USUAL }: BalancedAllocationArgs = {}): Plugin {
  return {
    name: "NodeResourcesBalancedAllocation",
    score: (cycle, node) => {
      const fractions: number[] = [];
      for (const { name } of resources) {
        const capacity = node.allocatable[name] ?? 0;
        if (capacity === 0) continue;
        const requested = (node.requested[name] ?? 0) + (cycle.requests.requests[name] ?? 0);
        fractions.push(Math.min(1, requested / capacity));
      }
      return Math.floor((1 - deviation(fractions)) * MAX_NODE_SCORE);
    },
  };
}

function deviation(fractions: readonly number[]): number {
  if (fractions.length === 2) return Math.abs((fractions[0]! - fractions[1]!) / 2);
  if (fractions.length < 2) return 0;
  const mean = fractions.reduce((sum, f) => sum + f, 0) / fractions.length;
  return Math.sqrt(fractions.reduce((sum, f) => sum + (f - mean) * (f - mean), 0) / fractions.length);
}
