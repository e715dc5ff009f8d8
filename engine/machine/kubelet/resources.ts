import { formatQuantity, milliUnits, quantity, subtractQuantities, wholeUnits } from "../../api/quantity.ts";
import { CLUSTER_CRITICAL, NODE_CRITICAL } from "../../api/scheduling/priorityclass.ts";
import { type ContainerSpec, isMirror, isStatic, type Pod } from "./types.ts";

/** QoS class of a Pod (pkg/apis/core/v1/helper/qos/qos.go): CPU and memory only. */
export function qosClass(pod: Pod): "Guaranteed" | "Burstable" | "BestEffort" {
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  let any = false;
  let guaranteed = true;
  for (const { resources = {} } of all) {
    for (const name of ["cpu", "memory"]) {
      const request = resources.requests?.[name];
      const limit = resources.limits?.[name];
      if (isPositive(name, request) || isPositive(name, limit)) any = true;
      if (limit === undefined || !isPositive(name, limit)) guaranteed = false;
      else if (request !== undefined && amount(name, request) !== amount(name, limit)) guaranteed = false;
    }
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

function isPositive(name: string, value: string | undefined): boolean {
  return value !== undefined && amount(name, value) > 0;
}

/** Millicores of CPU, whole units of anything else. */
export function amount(name: string, value: string | number): number {
  return name === "cpu" ? milliUnits(value) : wholeUnits(value);
}

/** What a Pod asks for: the sum of its containers, or its largest init container where that is more. */
export function podRequest(pod: Pod, name: string): number {
  let sum = 0;
  for (const container of pod.spec.containers) sum += requestOf(container, name);
  let sidecars = 0;
  let peak = 0;
  for (const container of pod.spec.initContainers ?? []) {
    const wanted = requestOf(container, name);
    if (container.restartPolicy === "Always") {
      sidecars += wanted;
      peak = Math.max(peak, sidecars);
    } else peak = Math.max(peak, sidecars + wanted);
  }
  const overhead = pod.spec.overhead?.[name];
  return Math.max(sum + sidecars, peak) + (overhead ? amount(name, overhead) : 0);
}

function requestOf(container: ContainerSpec, name: string): number {
  const value = container.resources?.requests?.[name] ?? container.resources?.limits?.[name];
  return value === undefined ? 0 : amount(name, value);
}

/**
 * What Pods may have of a node: its capacity without what is reserved for others and what hard eviction thresholds keep
 * (`kept`, in units). GetNodeAllocatableReservation, nodestatus/setters.go.
 */
export function allocatable(
  capacity: Readonly<Record<string, string>>,
  reserved: ReadonlyMap<string, readonly string[]>,
  kept: (resource: string, capacity: number) => number,
): Record<string, string> {
  const out: Record<string, string> = { ...capacity };
  for (const [name, all] of Object.entries(capacity)) {
    let left = quantity(all);
    for (const text of reserved.get(name) ?? []) left = subtractQuantities(left, quantity(text));
    if (name === "memory" || name === "ephemeral-storage") {
      const units = kept(name, wholeUnits(all));
      left = subtractQuantities(left, quantity(units));
    }
    // What is left of a disk is told in bytes.
    if (name === "ephemeral-storage") left = { ...left, format: "DecimalSI" };
    out[name] = left.nano < 0n ? "0" : formatQuantity(left);
  }
  return out;
}

/** Whom the kernel spares when it has no memory left (pkg/kubelet/qos/policy.go GetContainerOOMScoreAdjust). */
export function oomScoreAdjust(pod: Pod, container: ContainerSpec, capacity: number): number {
  const qos = qosClass(pod);
  if (qos === "Guaranteed" || pod.spec.priority === NODE_CRITICAL) return -997;
  if (qos === "BestEffort") return 1000;
  const adjust = 1000 - Math.floor((1000 * requestOf(container, "memory")) / capacity);
  return adjust < 3 ? 3 : adjust === 1000 ? 999 : adjust;
}

/** kubelettypes.IsCriticalPod. */
export function isCritical(pod: Pod): boolean {
  return isStatic(pod) || isMirror(pod) || (pod.spec.priority ?? 0) >= CLUSTER_CRITICAL;
}

/** cgroup of a Pod with the systemd driver. */
export function podCgroup(pod: Pod): string {
  const uid = pod.metadata.uid.replaceAll("-", "_");
  const qos = qosClass(pod).toLowerCase();
  if (qos === "guaranteed") return `/kubepods.slice/kubepods-pod${uid}.slice`;
  return `/kubepods.slice/kubepods-${qos}.slice/kubepods-${qos}-pod${uid}.slice`;
}
