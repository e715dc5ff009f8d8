/** What kubeadm asks of etcd: a member is added as a learner and promoted once it runs, and taken out again (util/etcd/etcd.go). */
import { clusterContext } from "../../control-plane/context.ts";
import { addMember, EtcdError, promoteMember, removeMember } from "../../etcd/index.ts";
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { type Kubeadm, KubeadmError } from "./context.ts";
import type { InitSettings } from "./init-settings.ts";

/** How long etcd is waited for (kubeadmapi Timeouts.EtcdAPICall is 2 min). */
const ETCD_TIMEOUT = 120 * SECOND;
const ETCD_RETRY = SECOND;

/** Asks etcd until it does; its last refusal ends kubeadm. */
function* askEtcd<T>(k: Kubeadm, act: () => T): Gen<T> {
  const { kernel, network } = k.p.machine;
  const { raft } = clusterContext(network);
  const end = kernel.now + ETCD_TIMEOUT;
  for (;;) {
    yield* raft.until(() => raft.leading !== 0n, end - kernel.now);
    if (raft.leading === 0n) {
      throw new KubeadmError(
        "error execution phase etcd-join: error creating local etcd static pod manifest file: context deadline exceeded",
      );
    }
    try {
      return act();
    } catch (error) {
      if (!(error instanceof EtcdError) || error.message.includes("Peer URLs")) throw error;
      if (kernel.now >= end) {
        throw new KubeadmError(
          `error execution phase etcd-join: error creating local etcd static pod manifest file: ${error.message}`,
        );
      }
      yield* sleep(ETCD_RETRY);
    }
  }
}

/** Adds the machine's etcd as a learner; undefined where its URL is a member's already (util/etcd/etcd.go, addMember). */
export function* announceMember(k: Kubeadm, settings: InitSettings): Gen<bigint | undefined> {
  const { kernel, network } = k.p.machine;
  const { raft } = clusterContext(network);
  const urls = [`https://${settings.address}:2380`];
  if (raft.memberAt(urls) !== undefined) return undefined;
  const seconds = () => Math.floor(kernel.wallMs / 1000);
  return (yield* askEtcd(k, () => addMember(raft, raft.leading, urls, true, seconds()))).id;
}

/** Makes a voter of it once it has all entries. */
export function* promote(k: Kubeadm, id: bigint): Gen {
  const { raft } = clusterContext(k.p.machine.network);
  yield* raft.until(() => raft.inTouchFor(id) !== undefined, ETCD_TIMEOUT);
  yield* askEtcd(k, () => promoteMember(raft, id));
}

/** Takes the machine's member out of etcd, unless it is the last one (phases/reset/removeetcdmember.go). */
export function leaveEtcd(k: Kubeadm): void {
  const { hostname, net, network } = k.p.machine;
  const { raft } = clusterContext(network);
  const urls = net.addresses().map((address) => `https://${address}:2380`);
  const own = raft.memberAt(urls)?.id ?? raft.on(hostname);
  if (own === undefined || raft.member(own) === undefined || !raft.othersRun(own) || raft.leading === 0n) return;
  try {
    removeMember(raft, raft.leading, own);
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
  }
}
