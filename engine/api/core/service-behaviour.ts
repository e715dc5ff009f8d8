import type { Draft } from "../kind.ts";
import type { KubeObject } from "../types.ts";
import { deepEqual } from "../validation/value.ts";

/**
 * Defaults of a Service (pkg/apis/core/v1/defaults.go) and what its changes leave behind. Cluster IPs and node ports are
 * allocated by the API server's storage, between this and its validation.
 */

const CLIENT_IP_TIMEOUT = 10_800;

export function defaultService(draft: Draft): void {
  const spec = (draft.spec ??= {});
  spec.sessionAffinity ||= "None";
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === "ClientIP" && !(spec.sessionAffinityConfig?.clientIP?.timeoutSeconds > 0)) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: CLIENT_IP_TIMEOUT } };
  }
  spec.type ||= "ClusterIP";
  for (const port of spec.ports ?? []) {
    port.protocol ||= "TCP";
    if (!port.targetPort) port.targetPort = port.port;
  }
  if (external(spec)) spec.externalTrafficPolicy ||= "Cluster";
  if (spec.type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
  // The two names of the one address follow each other (registry/core/service/strategy.go NormalizeClusterIPs).
  if (spec.clusterIP && !(spec.clusterIPs?.length > 0)) spec.clusterIPs = [spec.clusterIP];
}

/** registry/core/service/storage.go: what a client leaves out of an update comes from the object there was. */
export function patchAllocatedValues(draft: Draft, old: KubeObject): void {
  const before = old["spec"] ?? {};
  const spec = draft.spec;
  if (!spec || spec.type === "ExternalName" || before.type === "ExternalName") return;
  if (!spec.clusterIP) {
    // Who clears the one address and leaves the list as it was means both.
    if (before.clusterIP && deepEqual(spec.clusterIPs, before.clusterIPs)) delete spec.clusterIPs;
    spec.clusterIP = before.clusterIP;
    if (!(spec.clusterIPs?.length > 0) && before.clusterIPs) spec.clusterIPs = before.clusterIPs;
  }
  if (before.ipFamilies) spec.ipFamilies ??= before.ipFamilies;
  if (before.ipFamilyPolicy) spec.ipFamilyPolicy ??= before.ipFamilyPolicy;
  const keepsNodePorts = (type: string) => type === "NodePort" || type === "LoadBalancer";
  if (!keepsNodePorts(spec.type) || !keepsNodePorts(before.type)) return;
  const taken = new Set((spec.ports ?? []).map((p: Draft) => p.nodePort).filter(Boolean));
  for (const port of spec.ports ?? []) {
    if (port.nodePort) continue;
    const same = (before.ports ?? []).find((p: Draft) => p.protocol === port.protocol && p.port === port.port);
    if (!same?.nodePort || taken.has(same.nodePort)) continue;
    port.nodePort = same.nodePort;
    taken.add(same.nodePort);
  }
}

/** Whether a Service is reached from outside (pkg/api/service ExternallyAccessible). */
export const external = (spec: Draft): boolean =>
  spec.type === "NodePort" ||
  spec.type === "LoadBalancer" ||
  (spec.type === "ClusterIP" && (spec.externalIPs?.length ?? 0) > 0);
/** Whether a Service has a node port of its own for health checks. */
export const needsHealthCheckPort = (spec: Draft): boolean =>
  spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";

/** What a change of type leaves without use goes, unless the same request changed it (dropTypeDependentFields). */
export function dropTypeDependentFields(draft: Draft, old: KubeObject): void {
  const { spec } = draft;
  const before = old["spec"];
  if (!spec || !before) return;
  const drop = (field: string) => {
    if (JSON.stringify(spec[field]) === JSON.stringify(before[field])) delete spec[field];
  };
  if (before.type !== "ExternalName" && spec.type === "ExternalName") {
    for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]) drop(field);
  }
  const ported = (type: string) => type === "NodePort" || type === "LoadBalancer";
  if (ported(before.type) && !ported(spec.type)) {
    const numbers = (ports: Draft[] | undefined) => (ports ?? []).map((port) => port.nodePort ?? 0);
    const had = new Set(numbers(before.ports));
    if (numbers(spec.ports).every((number) => number === 0 || had.has(number))) {
      for (const port of spec.ports ?? []) delete port.nodePort;
    }
  }
  if (needsHealthCheckPort(before) && !needsHealthCheckPort(spec)) drop("healthCheckNodePort");
  if (before.type === "LoadBalancer" && spec.type !== "LoadBalancer") {
    drop("allocateLoadBalancerNodePorts");
    drop("loadBalancerClass");
  }
  if (external(before) && !external(spec)) drop("externalTrafficPolicy");
}

/** One that is but a name has no traffic of its own (storage.go defaultOnReadInternalTrafficPolicy). */
export function dropInternalPolicy({ spec }: Draft): void {
  if (spec?.type === "ExternalName") delete spec.internalTrafficPolicy;
}
