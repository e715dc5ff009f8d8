import type { KubeObject } from "../../api/types.ts";
import { type PortChains, portChains } from "./chains.ts";

/** What kube-proxy keeps of one port of a Service (pkg/proxy/serviceport.go BaseServicePortInfo), IPv4. */
export interface ServicePort {
  /** `namespace/name` of the Service. */
  service: string;
  /** Name of the port, or "". */
  port: string;
  /** `namespace/name:port`, or `namespace/name`. */
  name: string;
  /** Lower case. */
  protocol: "tcp" | "udp" | "sctp";
  chains: PortChains;
  clusterIP: string;
  number: number;
  nodePort: number;
  externalIPs: readonly string[];
  loadBalancerIPs: readonly string[];
  /** CIDRs. */
  sourceRanges: readonly string[];
  healthCheckNodePort: number;
  /** Seconds that a client stays with its endpoint; undefined without session affinity. */
  affinitySeconds: number | undefined;
  internalLocal: boolean;
  externalLocal: boolean;
  /** All of the above as text: equal for equal rules. */
  signature: string;
}

interface ServiceSpec {
  type?: string;
  clusterIP?: string;
  clusterIPs?: string[];
  externalIPs?: string[];
  loadBalancerSourceRanges?: string[];
  sessionAffinity?: string;
  sessionAffinityConfig?: { clientIP?: { timeoutSeconds?: number } };
  internalTrafficPolicy?: string;
  externalTrafficPolicy?: string;
  healthCheckNodePort?: number;
  ports?: { name?: string; port: number; protocol?: string; nodePort?: number }[];
}

interface ServiceStatus {
  loadBalancer?: { ingress?: { ip?: string; ipMode?: string }[] };
}

/** Seconds of session affinity when the Service does not say (core/v1 DefaultClientIPServiceAffinitySeconds). */
const DEFAULT_AFFINITY = 10_800;

/** Services that another proxy serves, or none, by their labels (cmd/kube-proxy/app/server.go). */
const UNSERVED = ["service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless"];

const NONE: readonly ServicePort[] = [];
const NOTHING: readonly string[] = [];
/** The derived form of a Service never changes: all nodes of a session share it. */
const known = new WeakMap<KubeObject, readonly ServicePort[]>();

/** The ports of a Service that have rules: none for headless and ExternalName ones (proxy/util ShouldSkipService). */
export function portsOf(service: KubeObject): readonly ServicePort[] {
  let ports = known.get(service);
  if (ports === undefined) known.set(service, (ports = derive(service)));
  return ports;
}

function derive(service: KubeObject): readonly ServicePort[] {
  const spec = service.spec as ServiceSpec;
  const clusterIP = [spec.clusterIP, ...(spec.clusterIPs ?? [])].find(isIPv4);
  if (clusterIP === undefined || spec.type === "ExternalName") return NONE;
  const { labels } = service.metadata;
  if (labels !== undefined && UNSERVED.some((label) => labels[label] !== undefined)) return NONE;
  const key = `${service.metadata.namespace}/${service.metadata.name}`;
  const ingress = (service.status as ServiceStatus | undefined)?.loadBalancer?.ingress ?? [];
  const external = spec.type === "NodePort" || spec.type === "LoadBalancer" || (spec.externalIPs ?? []).length > 0;
  const externalIPs = (spec.externalIPs ?? NOTHING).filter(isIPv4);
  const loadBalancerIPs = ingress.flatMap(({ ip, ipMode }) => (isIPv4(ip) && (ipMode ?? "VIP") === "VIP" ? [ip] : []));
  const sourceRanges = (spec.loadBalancerSourceRanges ?? NOTHING).map((range) => range.trim()).filter(isCidr);
  const internalLocal = spec.internalTrafficPolicy === "Local";
  const externalLocal = external && spec.externalTrafficPolicy === "Local";
  const healthCheckNodePort =
    spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local" ? (spec.healthCheckNodePort ?? 0) : 0;
  const affinitySeconds =
    spec.sessionAffinity === "ClientIP"
      ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY)
      : undefined;
  const lists = external || ingress.length > 0 ? [externalIPs, loadBalancerIPs, sourceRanges].join(" ") : "";
  const shared = `${clusterIP} ${lists} ${healthCheckNodePort} ${affinitySeconds} ${internalLocal} ${externalLocal}`;
  return (spec.ports ?? []).map((port) => {
    const name = port.name ? `${key}:${port.name}` : key;
    const protocol = (port.protocol ?? "TCP").toLowerCase() as ServicePort["protocol"];
    const nodePort = port.nodePort ?? 0;
    return {
      service: key,
      port: port.name ?? "",
      name,
      protocol,
      chains: portChains(name, protocol),
      clusterIP,
      number: port.port,
      nodePort,
      externalIPs,
      loadBalancerIPs,
      sourceRanges,
      healthCheckNodePort,
      affinitySeconds,
      internalLocal,
      externalLocal,
      signature: `${name} ${protocol} ${port.port} ${nodePort} ${shared}`,
    };
  });
}

function isIPv4(address: string | undefined): address is string {
  return address !== undefined && /^\d+\.\d+\.\d+\.\d+$/.test(address);
}

function isCidr(range: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+\/\d+$/.test(range);
}

/** Whether anything outside the cluster may reach it: by node port, external or load balancer address. */
export function externallyAccessible(port: ServicePort): boolean {
  return port.nodePort !== 0 || port.loadBalancerIPs.length > 0 || port.externalIPs.length > 0;
}

/** A port with external traffic needs the cluster's endpoints even under policy Local: for traffic from inside. */
export function usesClusterEndpoints(port: ServicePort): boolean {
  return !port.internalLocal || externallyAccessible(port);
}

export function usesLocalEndpoints(port: ServicePort): boolean {
  return port.internalLocal || (port.externalLocal && externallyAccessible(port));
}
