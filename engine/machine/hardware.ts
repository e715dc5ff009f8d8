/** What a machine is made of. */
export interface Hardware {
  cpus: number;
  memoryKib: number;
  diskKib: number;
}

/** 2 vCPU with 4 GiB: what kubeadm's guide asks of a node (kubernetes.io/docs/setup/…/create-cluster-kubeadm). */
export const DEFAULT_HARDWARE: Hardware = { cpus: 2, memoryKib: 4_015_992, diskKib: 41_106_332 };
