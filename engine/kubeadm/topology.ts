/** Machines and address ranges of a cluster; labs may ask for other numbers of each. */
export interface Topology {
  controlPlanes: number;
  workers: number;
  loadBalancers: number;
  /** What connects Pods and translates Service addresses: flannel with kube-proxy, or Cilium alone. */
  network?: "flannel" | "cilium";
  /** Who makes volumes for claims: nobody, as kubeadm leaves a cluster, or the provisioner of the default class `local-path`. */
  storage?: "none" | "local-path";
  /** Of a further cluster of a session: its name, which its machines' names begin with, and the number of its rack. */
  name?: string;
  rack?: number;
}

export const DEFAULT_TOPOLOGY: Topology = { controlPlanes: 3, workers: 3, loadBalancers: 2 };

export type Role = "load-balancer" | "control-plane" | "worker" | "workstation";

export interface MachineSpec {
  name: string;
  role: Role;
  /** Address on the rack's network: 192.168.108.0/24, a further rack's is 192.168.109.0/24. */
  address: string;
}

export const VERSION = "v1.32.3";
export const POD_CIDR = "10.200.0.0/16";
export const SERVICE_CIDR = "10.201.0.0/16";
/** ClusterIP of the Service `kubernetes`: the first of the range. */
export const KUBERNETES_SERVICE_IP = "10.201.0.1";
export const DNS_SERVICE_IP = "10.201.0.10";
export const CLUSTER_DOMAIN = "cluster.local";
export const API_PORT = 6443;

/** An address on a cluster's rack. */
export function rackAddress({ rack = 0 }: Topology, last: number): string {
  return `192.168.${108 + rack}.${last}`;
}

/** The rack's router and resolver; outside clients and terminals come from it. */
export const gatewayAddress = (topology: Topology): string => rackAddress(topology, 1);
/** Where clients find the API servers, balanced by HAProxy. */
export const virtualAddress = (topology: Topology): string => rackAddress(topology, 10);

/** The machines in the order in which they boot and are listed. The learner's own stands in the first rack. */
export function machinesOf(topology: Topology): MachineSpec[] {
  const many = (count: number, prefix: string, role: Role, first: number): MachineSpec[] =>
    Array.from({ length: count }, (_, i) => ({
      name: `${topology.name === undefined ? "" : `${topology.name}-`}${prefix}-${i + 1}`,
      role,
      address: rackAddress(topology, first + i),
    }));
  const workstation = { name: "workstation", role: "workstation", address: rackAddress(topology, 100) } as const;
  return [
    ...many(topology.loadBalancers, "lb", "load-balancer", 8),
    ...many(topology.controlPlanes, "cp", "control-plane", 11),
    ...many(topology.workers, "worker", "worker", 21),
    ...(topology.name === undefined ? [workstation] : []),
  ];
}

/** The API's address for clients: the VIP, or without balancers the first control-plane machine. */
export function apiAddress(topology: Topology): string {
  return topology.loadBalancers > 0 ? virtualAddress(topology) : rackAddress(topology, 11);
}
