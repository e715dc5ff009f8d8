import type { KubeObject } from "../../api/types.ts";
import { MAX_NODE_SCORE, type Plugin, unschedulable } from "../framework.ts";
import { NodeInfo } from "../node-info.ts";
import { podRequests } from "../resources.ts";

/** What is missing on the node, in upstream's order and words (fitsRequest). */
export function insufficient(pod: KubeObject, node: NodeInfo): string[] {
  const { requests } = podRequests(pod);
  const missing: string[] = [];
  if (node.pods.size + 1 > (node.allocatable["pods"] ?? 0)) missing.push("Too many pods");
  const lacks = (name: string) => {
    const wanted = requests[name] ?? 0;
    return wanted > 0 && wanted > (node.allocatable[name] ?? 0) - (node.requested[name] ?? 0);
  };
  for (const name of ["cpu", "memory", "ephemeral-storage"]) if (lacks(name)) missing.push(`Insufficient ${name}`);
  for (const name in requests) {
    if (name === "cpu" || name === "memory" || name === "ephemeral-storage") continue;
    if (lacks(name)) missing.push(`Insufficient ${name}`);
  }
  return missing;
}

/** 0 when full, 100 when empty. */
function leastRequested(requested: number, capacity: number): number {
  if (capacity === 0 || requested > capacity) return 0;
  return Math.floor(((capacity - requested) * MAX_NODE_SCORE) / capacity);
}

/** Requests must fit; the emptier node is better: strategy LeastAllocated over cpu and memory (plugins/noderesources). */
export const nodeResourcesFit: Plugin = {
  name: "NodeResourcesFit",
  weight: 1,
  filter: (cycle, node) => {
    const missing = insufficient(cycle.pod, node);
    return missing.length > 0 ? unschedulable(...missing) : undefined;
  },
  score: (cycle, node) => {
    let sum = 0;
    let weights = 0;
    for (const name of ["cpu", "memory"] as const) {
      const capacity = node.allocatable[name] ?? 0;
      if (capacity === 0) continue;
      sum += leastRequested(node.nonZero[name] + cycle.requests.nonZero[name], capacity);
      weights++;
    }
    return weights === 0 ? 0 : Math.floor(sum / weights);
  },
  requeue: (pod, event) => {
    switch (event.type) {
      case "AssignedPodDelete":
        return true;
      case "AssignedPodUpdate":
        return event.pod.spec !== event.old?.spec;
      case "NodeAdd":
      case "NodeUpdate":
        return insufficient(pod, new NodeInfo(event.node)).length === 0;
      case "PodUpdate":
        return true;
      default:
        return false;
    }
  },
};
