import type { Gen } from "../kernel/index.ts";
import type { EtcdStore } from "./store.ts";
import type {
  DeleteRangeRequest,
  DeleteRangeResponse,
  Lease,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
  Watcher,
  WatchRequest,
  WatchSink,
} from "./types.ts";

/** What a client of etcd calls. Steps of a task, since an answer may have to wait for a quorum. Throws EtcdError. */
export interface Etcd {
  range(request: RangeRequest): Gen<RangeResponse>;
  put(request: PutRequest): Gen<PutResponse>;
  deleteRange(request: DeleteRangeRequest): Gen<DeleteRangeResponse>;
  txn(request: TxnRequest): Gen<TxnResponse>;
  /** `EtcdStore.swap`, where nothing has to be waited for: else false. */
  swap(key: string, modRevision: number, valueAt: (revision: number) => unknown, writer: string): boolean;
  leaseGrant(ttl: number, id?: bigint): Gen<Lease>;
  leaseRevoke(id: bigint): Gen;
  leaseKeepAlive(id: bigint): Gen<number>;
  compact(revision: number): Gen;
  watch(request: WatchRequest, sink: WatchSink): Watcher;
}

/** A cluster of one member: every call is answered from the store at once. */
export class SingleEtcd implements Etcd {
  readonly store: EtcdStore;

  constructor(store: EtcdStore) {
    this.store = store;
  }

  *range(request: RangeRequest): Gen<RangeResponse> {
    return this.store.range(request);
  }

  *put(request: PutRequest): Gen<PutResponse> {
    return this.store.put(request);
  }

  *deleteRange(request: DeleteRangeRequest): Gen<DeleteRangeResponse> {
    return this.store.deleteRange(request);
  }

  *txn(request: TxnRequest): Gen<TxnResponse> {
    return this.store.txn(request);
  }

  swap(key: string, modRevision: number, valueAt: (revision: number) => unknown, writer: string): boolean {
    return this.store.swap(key, modRevision, valueAt, writer);
  }

  *leaseGrant(ttl: number, id?: bigint): Gen<Lease> {
    return this.store.leaseGrant(ttl, id);
  }

  *leaseRevoke(id: bigint): Gen {
    this.store.leaseRevoke(id);
  }

  *leaseKeepAlive(id: bigint): Gen<number> {
    return this.store.leaseKeepAlive(id);
  }

  *compact(revision: number): Gen {
    this.store.compact(revision);
  }

  watch(request: WatchRequest, sink: WatchSink): Watcher {
    return this.store.watch(request, sink);
  }
}
