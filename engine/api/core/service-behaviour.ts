import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { duplicate, forbidden, invalid, invalidEach, notSupported, required } from "../validation/field.ts";
import { validateLabels } from "../validation/meta.ts";
import { dns1123Label, dns1123Subdomain, ipAddress, portNumber } from "../validation/names.ts";
import { validatePortNumOrName } from "./container-validation.ts";

/**
 * Defaults and validation of a Service (pkg/apis/core/v1/defaults.go, validation.go ValidateService). Cluster IPs and
 * node ports are allocated by the API server's storage, between the two.
 */

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const AFFINITIES = ["ClientIP", "None"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const TRAFFIC_POLICIES = ["Cluster", "Local"];
const CLIENT_IP_TIMEOUT = 10_800;
const MAX_CLIENT_IP_TIMEOUT = 86_400;

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
  const external =
    spec.type === "NodePort" ||
    spec.type === "LoadBalancer" ||
    (spec.type === "ClusterIP" && spec.externalIPs?.length > 0);
  if (external) spec.externalTrafficPolicy ||= "Cluster";
  if (spec.type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
  // The two names of the one address follow each other (registry/core/service/strategy.go NormalizeClusterIPs).
  if (spec.clusterIP && !(spec.clusterIPs?.length > 0)) spec.clusterIPs = [spec.clusterIP];
}

export function validateService(object: KubeObject): StatusCause[] {
  const spec = object["spec"] ?? {};
  const causes: StatusCause[] = [];
  const ports: Draft[] = spec.ports ?? [];
  const headless = spec.clusterIP === "None";
  if (ports.length === 0 && !headless && spec.type !== "ExternalName") causes.push(required("spec.ports", ""));
  if (spec.type === "ExternalName") {
    const name: string = (spec.externalName ?? "").replace(/\.$/, "");
    if (name === "") causes.push(required("spec.externalName", ""));
    else causes.push(...invalidEach("spec.externalName", name, dns1123Subdomain(name)));
  }
  const names = new Set<string>();
  ports.forEach((port, i) => {
    causes.push(...validatePort(port, ports.length > 1, names, `spec.ports[${i}]`));
  });
  if (spec.selector) causes.push(...validateLabels(spec.selector, "spec.selector"));
  if (!spec.sessionAffinity) causes.push(required("spec.sessionAffinity", ""));
  else if (!AFFINITIES.includes(spec.sessionAffinity)) {
    causes.push(notSupported("spec.sessionAffinity", spec.sessionAffinity, AFFINITIES));
  }
  const timeout = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (timeout !== undefined && (timeout <= 0 || timeout > MAX_CLIENT_IP_TIMEOUT)) {
    causes.push(
      invalid(
        "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
        timeout,
        `must be greater than 0 and less than ${MAX_CLIENT_IP_TIMEOUT}`,
      ),
    );
  }
  (spec.externalIPs ?? []).forEach((ip: string, i: number) => {
    const wrong = ipAddress(ip);
    if (wrong.length > 0) causes.push(...invalidEach(`spec.externalIPs[${i}]`, ip, wrong));
    else causes.push(...validateNonSpecial(ip, `spec.externalIPs[${i}]`));
  });
  if (!spec.type) causes.push(required("spec.type", ""));
  else if (!TYPES.includes(spec.type)) causes.push(notSupported("spec.type", spec.type, TYPES));
  causes.push(...validatePortsUnique(ports));
  causes.push(...validateTrafficPolicies(spec));
  causes.push(...validateClusterIps(spec));
  return causes;
}

function validatePort(port: Draft, requireName: boolean, names: Set<string>, at: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (requireName && !port.name) causes.push(required(`${at}.name`, ""));
  else if (port.name) {
    causes.push(...invalidEach(`${at}.name`, port.name, dns1123Label(port.name)));
    if (names.has(port.name)) causes.push(duplicate(`${at}.name`, port.name));
    else names.add(port.name);
  }
  causes.push(...invalidEach(`${at}.port`, port.port ?? 0, portNumber(port.port ?? 0)));
  if (!port.protocol) causes.push(required(`${at}.protocol`, ""));
  else if (!PROTOCOLS.includes(port.protocol)) causes.push(notSupported(`${at}.protocol`, port.protocol, PROTOCOLS));
  causes.push(...validatePortNumOrName(port.targetPort, `${at}.targetPort`));
  return causes;
}

function validatePortsUnique(ports: Draft[]): StatusCause[] {
  const causes: StatusCause[] = [];
  const seen = new Set<string>();
  ports.forEach((port, i) => {
    const key = `${port.protocol}/${port.port}`;
    if (seen.has(key)) {
      causes.push({
        ...duplicate(`spec.ports[${i}]`, ""),
        message: `Duplicate value: core.ServicePort{Name:"", Protocol:${JSON.stringify(port.protocol)}, AppProtocol:(*string)(nil), Port:${port.port}, TargetPort:intstr.IntOrString{Type:0, IntVal:0, StrVal:""}, NodePort:0}`,
      });
    }
    seen.add(key);
  });
  return causes;
}

function validateTrafficPolicies(spec: Draft): StatusCause[] {
  const causes: StatusCause[] = [];
  const external =
    spec.type === "LoadBalancer" ||
    spec.type === "NodePort" ||
    (spec.type === "ClusterIP" && spec.externalIPs?.length > 0);
  const policy = spec.externalTrafficPolicy;
  if (!external) {
    if (policy) {
      causes.push(invalid("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services"));
    }
  } else if (!policy) causes.push(required("spec.externalTrafficPolicy", ""));
  else if (!TRAFFIC_POLICIES.includes(policy)) {
    causes.push(notSupported("spec.externalTrafficPolicy", policy, TRAFFIC_POLICIES));
  }
  const inside = spec.internalTrafficPolicy;
  if (inside !== undefined && !TRAFFIC_POLICIES.includes(inside)) {
    causes.push(notSupported("spec.internalTrafficPolicy", inside, TRAFFIC_POLICIES));
  }
  return causes;
}

function validateClusterIps(spec: Draft): StatusCause[] {
  const ips: string[] = spec.clusterIPs ?? [];
  if (spec.type === "ExternalName") {
    return ips.length > 0 ? [forbidden("spec.clusterIPs", "may not be set for ExternalName services")] : [];
  }
  const causes: StatusCause[] = [];
  if (spec.clusterIP && ips[0] !== spec.clusterIP) {
    causes.push(invalid("spec.clusterIPs", ips, "first value must match `clusterIP`"));
  }
  ips.forEach((ip, i) => {
    if (ip === "None") {
      if (i > 0) causes.push(invalid(`spec.clusterIPs[${i}]`, ip, "`None` must be used alone"));
    } else if (ip !== "") causes.push(...invalidEach(`spec.clusterIPs[${i}]`, ip, ipAddress(ip)));
  });
  return causes;
}

/** ValidateNonSpecialIP: an address that may stand for something outside the node. */
export function validateNonSpecial(ip: string, path: string): StatusCause[] {
  const rules: readonly [boolean, string][] = [
    [ip === "0.0.0.0" || ip === "::", `may not be unspecified (${ip})`],
    [ip.startsWith("127.") || ip === "::1", "may not be in the loopback range (127.0.0.0/8, ::1/128)"],
    [ip.startsWith("169.254."), "may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
    [ip.startsWith("224.0.0."), "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"],
  ];
  return rules.filter(([special]) => special).map(([, detail]) => invalid(path, ip, detail));
}

/** The addresses a Service has stay its own while it is no ExternalName. */
export function validateServiceUpdate(object: KubeObject, old: KubeObject): StatusCause[] {
  const spec = object["spec"] ?? {};
  const before = old["spec"] ?? {};
  if (spec.type === "ExternalName" || before.type === "ExternalName") return [];
  const causes: StatusCause[] = [];
  if (before.clusterIP && spec.clusterIP !== before.clusterIP) {
    causes.push(invalid("spec.clusterIPs[0]", spec.clusterIPs ?? [], "may not change once set"));
  }
  return causes;
}

/** registry/core/service/storage.go: what a client leaves out of an update comes from the object there was. */
export function patchAllocatedValues(draft: Draft, old: KubeObject): void {
  const before = old["spec"] ?? {};
  const spec = draft.spec;
  if (!spec || spec.type === "ExternalName" || before.type === "ExternalName") return;
  if (!spec.clusterIP && !(spec.clusterIPs?.length > 0)) {
    spec.clusterIP = before.clusterIP;
    if (before.clusterIPs) spec.clusterIPs = before.clusterIPs;
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

const external = (spec: Draft): boolean =>
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
