import type { Registry } from "../apiserver/index.ts";
import type { Chronicle } from "../chronicle.ts";
import type { EtcdStore, RaftGroup } from "../etcd/index.ts";
import type { ClusterPki } from "../kubeadm/pki.ts";
import type { ClusterSettings } from "../kubeadm/settings.ts";
import type { Network } from "../network/index.ts";
import type { NetNamespace } from "../network/namespace.ts";

/**
 * What the processes of one cluster have in common beneath the network: the data that etcd's members agree on, and the
 * watch caches over it. Programs find it by their network, as real members find each other by address.
 */
export interface ClusterContext {
  readonly etcd: EtcdStore;
  /** etcd's members, and who of them leads. */
  readonly raft: RaftGroup;
  readonly registry: Registry;
  readonly pki: ClusterPki;
  readonly chronicle: Chronicle;
  /** What the cluster was set up with; `kubeadm init` sets up another one. */
  settings: ClusterSettings;
  /** Takes a learner's answer to a task's question. */
  answer(task: string, value: string): void;
}

const contexts = new WeakMap<Network, ClusterContext>();

export function setClusterContext(network: Network, context: ClusterContext): void {
  contexts.set(network, context);
}

export function clusterContext(network: Network): ClusterContext {
  const context = contexts.get(network);
  if (context === undefined) throw new Error("control plane: no cluster on this network");
  return context;
}

/** Name of the machine that answers on an address, as it is seen from a namespace; "" where none does. */
export function machineAt(from: NetNamespace, address: string): string {
  return (address.startsWith("127.") ? from : from.network.ownerOf(address))?.host.name ?? "";
}
