import {
  EtcdError,
  type Lease,
  type PutRequest,
  type PutResponse,
  SingleEtcd,
  type TxnRequest,
  type TxnResponse,
} from "../etcd/index.ts";
import type { Gen } from "../kernel/index.ts";
import { plainError } from "./errors.ts";

/** etcd as API servers use it: what it refuses is their answer, in its words (apiserver pkg/endpoints/handlers/responsewriters/status.go). */
export class Storage extends SingleEtcd {
  override *put(request: PutRequest): Gen<PutResponse> {
    try {
      return this.store.put(request);
    } catch (error) {
      throw told(error);
    }
  }

  override *txn(request: TxnRequest): Gen<TxnResponse> {
    try {
      return this.store.txn(request);
    } catch (error) {
      throw told(error);
    }
  }

  override *leaseGrant(ttl: number, id?: bigint): Gen<Lease> {
    try {
      return this.store.leaseGrant(ttl, id);
    } catch (error) {
      throw told(error);
    }
  }
}

/** ResourceExhausted is nothing that a caller can mend. */
const told = (error: unknown): unknown =>
  error instanceof EtcdError && error.grpcCode === 8 ? plainError(error.message) : error;
