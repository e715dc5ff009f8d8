import type { KubeObject } from "../../api/types.ts";
import { amount, podRequest } from "./resources.ts";
import { isStatic, type Pod } from "./types.ts";

/** Why the kubelet refuses a Pod that the scheduler gave it. */
export interface Refusal {
  reason: string;
  message: string;
}

/**
 * Admission on the node (pkg/kubelet/lifecycle/predicate.go): resources, node name and node selector. Static Pods are
 * always let in. `others` are the Pods that hold resources here.
 */
export function admit(pod: Pod, node: KubeObject | undefined, others: readonly Pod[]): Refusal | undefined {
  if (node === undefined || isStatic(pod)) return undefined;
  const allocatable = (node["status"]?.allocatable ?? {}) as Record<string, string>;
  const maxPods = Number(allocatable["pods"] ?? "110");
  if (others.length + 1 > maxPods) return insufficient("pods", 1, others.length, maxPods);
  for (const name of ["cpu", "memory", "ephemeral-storage"]) {
    const wanted = podRequest(pod, name);
    const total = allocatable[name];
    if (wanted === 0 || total === undefined) continue;
    let used = 0;
    for (const other of others) used += podRequest(other, name);
    const capacity = amount(name, total);
    if (used + wanted > capacity) return insufficient(name, wanted, used, capacity);
  }
  const selector = pod.spec["nodeSelector" as never] as Record<string, string> | undefined;
  for (const [key, value] of Object.entries(selector ?? {})) {
    if (node.metadata.labels?.[key] === value) continue;
    return {
      reason: "NodeAffinity",
      message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    };
  }
  return undefined;
}

function insufficient(name: string, wanted: number, used: number, capacity: number): Refusal {
  return {
    reason: `OutOf${name}`,
    message: `Node didn't have enough resource: ${name}, requested: ${wanted}, used: ${used}, capacity: ${capacity}`,
  };
}
