/**
 * A key with its value at some revision (mvccpb.KeyValue). Values are frozen JSON values, texts or bytes: bytes are
 * made only when somebody reads them (`valueBytes`). A tombstone, as in DELETE events, has version 0.
 */
export interface KeyValue {
  readonly key: string;
  readonly value: unknown;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  /** Id of the lease it is attached to; 0n: none. */
  readonly lease: bigint;
}

/** Names keys: one key, or those from `key` up to but without `rangeEnd` ("\0": up to the last). */
export interface KeyRange {
  key: string;
  rangeEnd?: string;
}

export interface RangeRequest extends KeyRange {
  /** 0 or undefined: now. */
  revision?: number;
  limit?: number;
  keysOnly?: boolean;
  countOnly?: boolean;
  sortOrder?: "NONE" | "ASCEND" | "DESCEND";
  sortTarget?: "KEY" | "VERSION" | "CREATE" | "MOD" | "VALUE";
  minModRevision?: number;
  maxModRevision?: number;
  minCreateRevision?: number;
  maxCreateRevision?: number;
}

export interface RangeResponse {
  /** The store's revision when the request was answered. */
  revision: number;
  kvs: KeyValue[];
  /** Keys in the range, whatever the limit. */
  count: number;
  more: boolean;
}

export interface PutRequest {
  key: string;
  value?: unknown;
  /** Gives the value, in place of `value`, once its revision is known: for a value that names its own revision. */
  valueAt?: (revision: number) => unknown;
  lease?: bigint;
  prevKv?: boolean;
  ignoreValue?: boolean;
  ignoreLease?: boolean;
}

export interface PutResponse {
  revision: number;
  prevKv?: KeyValue;
  /** What was stored. */
  kv: KeyValue;
}

export interface DeleteRangeRequest extends KeyRange {
  prevKv?: boolean;
}

export interface DeleteRangeResponse {
  revision: number;
  deleted: number;
  prevKvs: KeyValue[];
}

export interface Compare extends KeyRange {
  target: "VERSION" | "CREATE" | "MOD" | "VALUE" | "LEASE";
  result: "EQUAL" | "GREATER" | "LESS" | "NOT_EQUAL";
  /** A revision or version, a lease id, or a value. */
  value: unknown;
}

export type RequestOp =
  | { range: RangeRequest }
  | { put: PutRequest }
  | { deleteRange: DeleteRangeRequest }
  | { txn: TxnRequest };

export type ResponseOp =
  | { range: RangeResponse }
  | { put: PutResponse }
  | { deleteRange: DeleteRangeResponse }
  | { txn: TxnResponse };

export interface TxnRequest {
  compare?: readonly Compare[];
  success?: readonly RequestOp[];
  failure?: readonly RequestOp[];
  /** Who writes: not stored, only told to those who watch (etcd itself knows but one client, the API server). */
  writer?: string;
}

export interface TxnResponse {
  revision: number;
  succeeded: boolean;
  responses: ResponseOp[];
}

export interface Event {
  type: "PUT" | "DELETE";
  kv: KeyValue;
  prevKv: KeyValue | undefined;
  /** As the transaction said; "" for a lease that expired and for a plain put or delete. */
  writer: string;
}

export interface WatchRequest extends KeyRange {
  /** First revision to see; 0 or undefined: from now on. */
  startRevision?: number;
  prevKv?: boolean;
  filters?: readonly ("NOPUT" | "NODELETE")[];
}

/** Where a watch delivers: called within the write that made the events, so only note them. */
export interface WatchSink {
  readonly events: (events: readonly Event[], revision: number) => void;
  /** The watch is over: its start revision has been compacted. */
  readonly cancelled?: (compactRevision: number) => void;
}

export interface Watcher {
  cancel(): void;
}

export interface Lease {
  readonly id: bigint;
  /** Seconds. */
  readonly grantedTtl: number;
  /** Virtual time in µs at which it expires. */
  expiresAt: number;
  readonly keys: Set<string>;
}
