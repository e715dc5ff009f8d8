import type { Network } from "../network/index.ts";

/** One member as `etcdctl member list` shows it. `name` is its machine's. */
export interface EtcdMember {
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  /** PEM of the CA that clients' certificates must come from; "" where none are asked for. */
  readonly clientCa: () => string;
}

/**
 * Which members of the etcd cluster run. They keep one store; what is told here is whether they can agree on it: a
 * cluster that has lost its quorum answers no request that needs one.
 */
export class EtcdMembers {
  private readonly serving = new Map<string, symbol>();
  private readonly known = new Map<string, EtcdMember>();
  private leading = "";
  /** Goes up with each leader (raft). */
  term = 1;
  private readonly listeners = new Set<() => void>();
  private size = 1;
  private formed = false;

  /** Every member that has ever run, by name. */
  all(): readonly EtcdMember[] {
    return [...this.known.values()];
  }

  isServing(name: string): boolean {
    return this.serving.has(name);
  }

  /** Whether others than `name` run. */
  othersServe(name: string): boolean {
    return this.serving.size > (this.serving.has(name) ? 1 : 0);
  }

  /** Name of the member that leads; "" without a quorum. */
  get leader(): string {
    return this.hasQuorum() ? this.leading : "";
  }

  /** A member that runs leads from now on (`etcdctl move-leader`). */
  lead(name: string): void {
    if (name === this.leading || !this.serving.has(name)) return;
    this.leading = name;
    this.term++;
    for (const listener of this.listeners) listener();
  }

  /** A member runs; the returned function says that it does no more. `size` is the number of all members. */
  join(member: EtcdMember, size: number): () => void {
    const { name } = member;
    this.known.set(name, member);
    const run = Symbol(name);
    this.size = Math.max(this.size, size);
    this.serving.set(name, run);
    this.changed();
    return () => {
      if (this.serving.get(name) !== run) return;
      this.serving.delete(name);
      this.changed();
    };
  }

  /** A member was taken out of the cluster by `kubeadm reset` or `etcdctl member remove`: it counts no more. */
  remove(name: string): void {
    this.known.delete(name);
    this.serving.delete(name);
    this.size = Math.max(1, Math.min(this.size - 1, this.known.size));
    this.changed();
  }

  /** A new cluster begins with its first member: nobody remembers the one before. */
  begin(): void {
    this.known.clear();
    this.size = 1;
    this.formed = false;
    this.leading = "";
    this.term = 1;
  }

  /** True while a request through this member is answered. Before a first quorum there is nothing to lose. */
  answers(name: string): boolean {
    return this.serving.has(name) && (!this.formed || this.hasQuorum());
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private hasQuorum(): boolean {
    return this.serving.size > Math.floor(this.size / 2);
  }

  private changed(): void {
    this.formed ||= this.hasQuorum();
    if (this.hasQuorum() && !this.serving.has(this.leading)) {
      this.leading = this.serving.keys().next().value ?? "";
      this.term++;
    }
    for (const listener of this.listeners) listener();
  }
}

const members = new WeakMap<Network, EtcdMembers>();

/** The etcd cluster of a network. */
export function etcdMembers(network: Network): EtcdMembers {
  let found = members.get(network);
  if (found === undefined) {
    found = new EtcdMembers();
    members.set(network, found);
  }
  return found;
}
