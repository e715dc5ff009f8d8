/** Machines and address ranges of a cluster; labs may ask for other numbers of each. */
export interface Topology {
  controlPlanes: number;
  workers: number;
  loadBalancers: number;
  /** What connects Pods and translates Service addresses: flannel with kube-proxy, or Cilium alone. */
  network?: "flannel" | "cilium";
}

export const DEFAULT_TOPOLOGY: Topology = { controlPlanes: 3, workers: 3, loadBalancers: 2 };

export type Role = "load-balancer" | "control-plane" | "worker" | "workstation";

export interface MachineSpec {
  name: string;
  role: Role;
  /** Address on the rack's network, 192.168.108.0/24. */
  address: string;
}

export const VERSION = "v1.32.3";
export const POD_CIDR = "10.200.0.0/16";
export const SERVICE_CIDR = "10.201.0.0/16";
/** ClusterIP of the Service `kubernetes`: the first of the range. */
export const KUBERNETES_SERVICE_IP = "10.201.0.1";
export const DNS_SERVICE_IP = "10.201.0.10";
export const CLUSTER_DOMAIN = "cluster.local";
/** Where clients find the API servers, balanced by HAProxy. */
export const VIP = "192.168.108.10";
export const API_PORT = 6443;
/** The rack's router and resolver; outside clients and terminals come from it. */
export const GATEWAY_ADDRESS = "192.168.108.1";

/** The machines in the order in which they boot and are listed. */
export function machinesOf(topology: Topology): MachineSpec[] {
  const many = (count: number, prefix: string, role: Role, first: number): MachineSpec[] =>
    Array.from({ length: count }, (_, i) => ({
      name: `${prefix}-${i + 1}`,
      role,
      address: `192.168.108.${first + i}`,
    }));
  return [
    ...many(topology.loadBalancers, "lb", "load-balancer", 8),
    ...many(topology.controlPlanes, "cp", "control-plane", 11),
    ...many(topology.workers, "worker", "worker", 21),
    { name: "workstation", role: "workstation", address: "192.168.108.100" },
  ];
}

/** The API's address for clients: the VIP, or without balancers the first control-plane machine. */
export function apiAddress(topology: Topology): string {
  return topology.loadBalancers > 0 ? VIP : "192.168.108.11";
}
