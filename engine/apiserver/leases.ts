import type { Etcd } from "../etcd/index.ts";
import { type Gen, type Kernel, SECOND } from "../kernel/index.ts";

/** A lease serves the keys of this many seconds, and at most this many keys (apiserver pkg/storage/etcd3/lease_manager.go). */
const REUSE_SECONDS = 60;
const MOST_KEYS = 1000;

/** Leases for objects with a time to live (Events), shared between those made about the same time. */
export class LeasePool {
  private readonly kernel: Kernel;
  private readonly etcd: Etcd;
  private id = 0n;
  private ttl = 0;
  private until = 0;
  private keys = 0;

  constructor(kernel: Kernel, etcd: Etcd) {
    this.kernel = kernel;
    this.etcd = etcd;
  }

  /** Id of a lease that lives at least `ttl` seconds. */
  *take(ttl: number): Gen<bigint> {
    if (this.ttl === ttl && this.kernel.now < this.until && this.keys < MOST_KEYS) {
      this.keys++;
      return this.id;
    }
    const lease = yield* this.etcd.leaseGrant(ttl + REUSE_SECONDS);
    this.id = lease.id;
    this.ttl = ttl;
    this.until = this.kernel.now + REUSE_SECONDS * SECOND;
    this.keys = 1;
    return lease.id;
  }
}
