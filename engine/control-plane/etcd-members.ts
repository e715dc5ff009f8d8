import type { Network } from "../network/index.ts";

/**
 * Which members of the etcd cluster run. They keep one store; what is told here is whether they can agree on it: a
 * cluster that has lost its quorum answers no request that needs one.
 */
export class EtcdMembers {
  private readonly serving = new Map<string, symbol>();
  private readonly listeners = new Set<() => void>();
  private size = 1;
  private formed = false;

  /** A member runs; the returned function says that it does no more. `size` is the number of all members. */
  join(name: string, size: number): () => void {
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
