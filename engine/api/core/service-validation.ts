import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import {
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  invalidText,
  notSupported,
  required,
} from "../validation/field.ts";
import { validateLabels } from "../validation/meta.ts";
import {
  CIDR,
  dns1123Label,
  dns1123Subdomain,
  ipAddress,
  isCidr,
  portNumber,
  qualifiedName,
} from "../validation/names.ts";
import { goStrings } from "../validation/value.ts";
import { validatePortNumOrName } from "./container-validation.ts";
import { external, needsHealthCheckPort } from "./service-behaviour.ts";

/** Services, in the order and words of pkg/apis/core/validation ValidateService. */

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const AFFINITIES = ["ClientIP", "None"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const TRAFFIC_POLICIES = ["Cluster", "Local"];
const FAMILIES = ["IPv4", "IPv6"];
const FAMILY_POLICIES = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const MAX_CLIENT_IP_TIMEOUT = 86_400;
const KUBELET_PORT = 10_250;
const TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints";
const TOPOLOGY_MODE = "service.kubernetes.io/topology-mode";
const SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges";
const ONLY_BALANCERS = "may only be used when `type` is 'LoadBalancer'";

export function validateService(object: KubeObject): StatusCause[] {
  const spec: Draft = object["spec"] ?? {};
  const annotations = object.metadata.annotations ?? {};
  const causes: StatusCause[] = [];
  const [mode, hints] = [annotations[TOPOLOGY_MODE], annotations[TOPOLOGY_HINTS]];
  if (mode !== undefined && hints !== undefined && mode !== hints) {
    const why = `must match annotations[${TOPOLOGY_HINTS}] when both are specified`;
    causes.push(invalid(`metadata.annotations[${TOPOLOGY_MODE}]`, mode, why));
  }
  const ports: Draft[] = spec.ports ?? [];
  const headless = spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === "None";
  if (ports.length === 0 && !headless && spec.type !== "ExternalName") causes.push(required("spec.ports", ""));
  causes.push(...validateType(spec, ports, headless));
  const names = new Set<string>();
  ports.forEach((port, i) => {
    causes.push(...validatePort(port, ports.length > 1, names, `spec.ports[${i}]`));
  });
  if (spec.selector) causes.push(...validateLabels(spec.selector, "spec.selector"));
  causes.push(...validateAffinity(spec), ...validateClusterIps(spec));
  (spec.externalIPs ?? []).forEach((ip: string, i: number) => {
    const wrong = ipAddress(ip);
    if (wrong.length > 0) causes.push(...invalidEach(`spec.externalIPs[${i}]`, ip, wrong));
    else causes.push(...validateNonSpecial(ip, `spec.externalIPs[${i}]`));
  });
  if (!spec.type) causes.push(required("spec.type", ""));
  else if (!TYPES.includes(spec.type)) causes.push(notSupported("spec.type", spec.type, TYPES));
  causes.push(...validatePortsUnique(ports, spec.type), ...validateBalancer(spec, annotations));
  causes.push(...validateTrafficPolicies(spec));
  return causes;
}

/** What each type asks for. */
function validateType(spec: Draft, ports: Draft[], headless: boolean): StatusCause[] {
  const causes: StatusCause[] = [];
  if (spec.type === "LoadBalancer") {
    ports.forEach(({ port }, i) => {
      if (port !== KUBELET_PORT) return;
      const why = `may not expose port ${KUBELET_PORT} externally since it is used by kubelet`;
      causes.push(invalid(`spec.ports[${i}]`, port, why));
    });
  }
  if (headless && (spec.type === "LoadBalancer" || spec.type === "NodePort"))
    causes.push(invalid("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${spec.type} services`));
  if (spec.type !== "ExternalName") return causes;
  for (const field of ["clusterIPs", "ipFamilies"])
    if (spec[field]?.length > 0) causes.push(forbidden(`spec.${field}`, "may not be set for ExternalName services"));
  if (spec.ipFamilyPolicy !== undefined)
    causes.push(forbidden("spec.ipFamilyPolicy", "may not be set for ExternalName services"));
  const name: string = (spec.externalName ?? "").replace(/\.$/, "");
  if (name === "") causes.push(required("spec.externalName", ""));
  else causes.push(...invalidEach("spec.externalName", name, dns1123Subdomain(name)));
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
  if (typeof port.appProtocol === "string")
    causes.push(...invalidEach(`${at}.appProtocol`, port.appProtocol, qualifiedName(port.appProtocol)));
  return causes;
}

function validateAffinity({ sessionAffinity, sessionAffinityConfig: config }: Draft): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!sessionAffinity) causes.push(required("spec.sessionAffinity", ""));
  else if (!AFFINITIES.includes(sessionAffinity))
    causes.push(notSupported("spec.sessionAffinity", sessionAffinity, AFFINITIES));
  const path = "spec.sessionAffinityConfig";
  if (sessionAffinity === "None" && config)
    causes.push(forbidden(path, "must not be set when session affinity is None"));
  if (sessionAffinity !== "ClientIP") return causes;
  if (!config) return [...causes, required(path, "when session affinity type is ClientIP")];
  const at = `${path}.clientIP`;
  if (!config.clientIP) return [...causes, required(at, "when session affinity type is ClientIP")];
  const timeout = config.clientIP.timeoutSeconds;
  if (timeout === undefined) causes.push(required(`${at}.timeoutSeconds`, "when session affinity type is ClientIP"));
  else if (timeout <= 0 || timeout > MAX_CLIENT_IP_TIMEOUT) {
    const why = `must be greater than 0 and less than ${MAX_CLIENT_IP_TIMEOUT}`;
    causes.push(invalid(`${at}.timeoutSeconds`, timeout, why));
  }
  return causes;
}

/** No node port twice, none where there is no use for it, and no port twice. */
function validatePortsUnique(ports: Draft[], type: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (type === "ClusterIP") {
    ports.forEach(({ nodePort }, i) => {
      if (nodePort) causes.push(forbidden(`spec.ports[${i}].nodePort`, "may not be used when `type` is 'ClusterIP'"));
    });
  }
  const nodePorts = new Set<string>();
  ports.forEach(({ protocol, nodePort }, i) => {
    if (!nodePort) return;
    const key = `${protocol}/${nodePort}`;
    if (nodePorts.has(key)) causes.push(duplicate(`spec.ports[${i}].nodePort`, nodePort));
    nodePorts.add(key);
  });
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

function validateBalancer(spec: Draft, annotations: Readonly<Record<string, string>>): StatusCause[] {
  const causes: StatusCause[] = [];
  const balancer = spec.type === "LoadBalancer";
  const ranges: string[] = spec.loadBalancerSourceRanges ?? [];
  const annotated = annotations[SOURCE_RANGES];
  const check = (text: string, path: string) => {
    if (!isCidr(text.trim())) causes.push(invalid(path, text.trim(), CIDR));
  };
  if (ranges.length > 0) {
    if (!balancer) causes.push(forbidden("spec.LoadBalancerSourceRanges", ONLY_BALANCERS));
    for (const [i, range] of ranges.entries()) check(range, `spec.LoadBalancerSourceRanges[${i}]`);
  } else if (annotated !== undefined) {
    const path = `metadata.annotations[${SOURCE_RANGES}]`;
    if (!balancer) causes.push(forbidden(path, ONLY_BALANCERS));
    if (annotated.trim() !== "") for (const range of annotated.split(",")) check(range, path);
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balancer)
    causes.push(forbidden("spec.allocateLoadBalancerNodePorts", ONLY_BALANCERS));
  const name = spec.loadBalancerClass;
  if (name === undefined) return causes;
  if (!balancer) causes.push(forbidden("spec.loadBalancerClass", ONLY_BALANCERS));
  else causes.push(...invalidEach("spec.loadBalancerClass", name, qualifiedName(name)));
  return causes;
}

function validateTrafficPolicies(spec: Draft): StatusCause[] {
  const causes: StatusCause[] = [];
  const policy = spec.externalTrafficPolicy;
  if (!external(spec)) {
    if (policy) {
      causes.push(invalid("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services"));
    }
  } else if (!policy) causes.push(required("spec.externalTrafficPolicy", ""));
  else if (!TRAFFIC_POLICIES.includes(policy)) {
    causes.push(notSupported("spec.externalTrafficPolicy", policy, TRAFFIC_POLICIES));
  }
  const health = spec.healthCheckNodePort ?? 0;
  const at = "spec.healthCheckNodePort";
  if (!needsHealthCheckPort(spec)) {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    if (health !== 0) causes.push(invalid(at, health, why));
  } else if (health === 0) causes.push(required(at, ""));
  else causes.push(...invalidEach(at, health, portNumber(health)));
  const inside = spec.internalTrafficPolicy;
  if (inside !== undefined && !TRAFFIC_POLICIES.includes(inside)) {
    causes.push(notSupported("spec.internalTrafficPolicy", inside, TRAFFIC_POLICIES));
  }
  const distribution = spec.trafficDistribution;
  if (distribution !== undefined && distribution !== "PreferClose")
    causes.push(notSupported("spec.trafficDistribution", distribution, ["PreferClose"]));
  return causes;
}

/** ValidateServiceClusterIPsRelatedFields: storage asks before it allocates, validation once more. */
export function validateClusterIps(spec: Draft): StatusCause[] {
  if (spec.type === "ExternalName") return [];
  const causes: StatusCause[] = [];
  const path = "spec.clusterIPs";
  const ips: string[] = spec.clusterIPs ?? [];
  const families: string[] = spec.ipFamilies ?? [];
  if (spec.clusterIP) {
    if (ips.length === 0) causes.push(required(path, ""));
    else if (ips[0] !== spec.clusterIP)
      causes.push(invalidText(path, goStrings(ips), "first value must match `clusterIP`"));
  } else if (ips.length > 0)
    causes.push(invalidText(path, goStrings(ips), "must be empty when `clusterIP` is not specified"));
  families.forEach((family, i) => {
    if (!FAMILIES.includes(family)) causes.push(notSupported(`spec.ipFamilies[${i}]`, family, FAMILIES));
    if (families.indexOf(family) < i) causes.push(duplicate(`spec.ipFamilies[${i}]`, family));
  });
  const policy = spec.ipFamilyPolicy;
  if (policy !== undefined && !FAMILY_POLICIES.includes(policy))
    causes.push(notSupported("spec.ipFamilyPolicy", policy, FAMILY_POLICIES));
  let wrong = false;
  ips.forEach((ip, i) => {
    if (i === 0 && ip === "None") {
      if (ips.length === 1) return;
      wrong = true;
      causes.push(invalidText(path, goStrings(ips), "'None' must be the first and only value"));
      return;
    }
    const why = ipAddress(ip);
    wrong ||= why.length > 0;
    causes.push(...invalidEach(`${path}[${i}]`, ip, why));
  });
  if (ips.length > 2) causes.push(invalidText(path, goStrings(ips), "may only hold up to 2 values"));
  if (wrong) return causes;
  const six = ips.map((ip) => ip.includes(":"));
  if (ips.length > 1 && new Set(six).size < ips.length)
    causes.push(invalidText(path, goStrings(ips), "may specify no more than one IP for each IP family"));
  if (ips[0] === "None") return causes;
  families.slice(0, ips.length).forEach((family, i) => {
    if ((family === "IPv6") !== six[i] && FAMILIES.includes(family))
      causes.push(invalid(`${path}[${i}]`, ips[i], `expected an ${family} value as indicated by \`ipFamilies[${i}]\``));
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
