import type { KubeObject } from "../../api/types.ts";
import { amount, podRequest } from "./resources.ts";
import { isStatic, type Pod } from "./types.ts";

/** Why the kubelet refuses a Pod that the scheduler gave it. */
export interface Refusal {
  reason: string;
  message: string;
}

/** Settings of a Pod's own namespaces that do no harm to others (pkg/kubelet/sysctl/safe_sysctls.go). */
const SAFE_SYSCTLS: ReadonlySet<string> = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_wmem",
]);

/** The first sysctl that neither is safe nor was allowed by the node's administrator (`net.core.*` allows all of a kind). */
function forbiddenSysctl(pod: Pod, allowed: readonly string[]): Refusal | undefined {
  for (const { name } of pod.spec.securityContext?.sysctls ?? []) {
    const dotted = name.replaceAll("/", ".");
    const fits = (pattern: string) =>
      pattern.endsWith("*") ? dotted.startsWith(pattern.slice(0, -1)) : pattern === dotted;
    if (SAFE_SYSCTLS.has(dotted) || allowed.some(fits)) continue;
    return { reason: "SysctlForbidden", message: `forbidden sysctl: ${JSON.stringify(name)} not allowlisted` };
  }
  return undefined;
}

/**
 * Admission on the node (pkg/kubelet/lifecycle/predicate.go): resources, node name and node selector. Static Pods are
 * always let in. `others` are the Pods that hold resources here.
 */
export function admit(
  pod: Pod,
  node: KubeObject | undefined,
  others: readonly Pod[],
  unsafeSysctls: readonly string[] = [],
): Refusal | undefined {
  const sysctl = forbiddenSysctl(pod, unsafeSysctls);
  if (sysctl !== undefined) return sysctl;
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
