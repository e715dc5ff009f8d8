/** What a machine is made of. */
export interface Hardware {
  cpus: number;
  memoryKib: number;
  diskKib: number;
}

/** 2 vCPU with 4 GiB: what kubeadm's guide asks of a node (kubernetes.io/docs/setup/…/create-cluster-kubeadm). */
export const DEFAULT_HARDWARE: Hardware = { cpus: 2, memoryKib: 4_015_992, diskKib: 41_106_332 };

/** A UUID that follows from a machine's id; `turn` tells it from others of the same machine. */
export function uuidOf(machineId: string, turn: number): string {
  const hex = machineId.slice(turn) + machineId.slice(0, turn);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** What the firmware calls the machine: product_uuid, and a node's systemUUID. */
export const firmwareUuid = (machineId: string): string => uuidOf(machineId, 7);
