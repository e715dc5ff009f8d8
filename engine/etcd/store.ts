import { type Kernel, type KernelEvent, SECOND } from "../kernel/index.ts";
import {
  errCompacted,
  errEmptyKey,
  errFutureRevision,
  errKeyNotFound,
  errLeaseExists,
  errLeaseNotFound,
  errLeaseTtlTooLarge,
} from "./errors.ts";
import { at, KeyIndex } from "./key-index.ts";
import { checkRange, range, select } from "./range.ts";
import type { Sealer } from "./sealed.ts";
import { Space } from "./space.ts";
import { checkPath, choosePath, validatePut, validateTxn } from "./txn.ts";
import type {
  DeleteRangeRequest,
  DeleteRangeResponse,
  Event,
  KeyValue,
  Lease,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RequestOp,
  ResponseOp,
  TxnRequest,
  TxnResponse,
  Watcher,
  WatchRequest,
  WatchSink,
} from "./types.ts";
import { plainText } from "./value.ts";
import { Watches } from "./watches.ts";

/** Least TTL a member grants, in seconds: ceil(3 × election ticks / 2 × heartbeat) with the defaults (server/etcdserver/server.go). */
const MIN_TTL = 2;
const MAX_TTL = 9_000_000_000;

/**
 * etcd's multi-version store: every change makes a revision, every revision stays readable until compacted. What one
 * member's applied state is; consensus comes above it. Behaviour of server/mvcc and server/lease of etcd 3.5.
 */
export class EtcdStore {
  /** Keys with which API servers encrypt, by what they are. */
  readonly keyring = new Map<string, Sealer>();
  /** Revision of the last change; a new store is at 1. */
  revision = 1;
  /** Revisions below are gone; -1 before the first compaction. */
  compactRevision = -1;
  /** Requests that were agreed on, each an entry of raft's log: writes, leases granted and revoked, compactions. */
  entries = 0;
  /** What members' databases take, and who is full. */
  readonly space: Space = new Space(this);
  private readonly kernel: Kernel;
  private readonly index = new KeyIndex();
  private readonly watches = new Watches();
  private readonly leaseById = new Map<bigint, Lease>();
  private readonly leaseEvent: string;
  /** Changes of the transaction being applied. */
  private changes: Event[] = [];
  private writer = "";

  constructor(kernel: Kernel, name = "etcd") {
    this.kernel = kernel;
    this.leaseEvent = `${name} lease`;
    kernel.on(this.leaseEvent, (event) => this.expire(event));
    kernel.onDigest(name, () => this.digest());
  }

  /** Throws errEmptyKey, errCompacted, errFutureRevision. */
  range(request: RangeRequest): RangeResponse {
    checkRange(request, this.revision, this.compactRevision);
    return range(this.index, request, this.revision);
  }

  /** The value of one key now: what `range` gives, without the ceremony. */
  get(key: string): KeyValue | undefined {
    const history = this.index.get(key);
    return history && at(history, this.revision);
  }

  /** Every revision of a key that is still held, oldest first; tombstones have version 0. For the grader and `etcdctl`. */
  history(key: string): readonly KeyValue[] {
    return this.index.get(key)?.entries ?? [];
  }

  /** The histories of all keys, by key. */
  histories(): Iterable<{ readonly entries: readonly KeyValue[] }> {
    return this.index.walk("", undefined);
  }

  put(request: PutRequest): PutResponse {
    validatePut(request);
    if (this.space.isWatched) this.space.put(request);
    this.entries++;
    const response = this.applyPut(request);
    this.commit();
    return response;
  }

  deleteRange(request: DeleteRangeRequest): DeleteRangeResponse {
    if (request.key === "") throw errEmptyKey();
    this.entries++;
    const response = this.applyDelete(request);
    this.commit();
    return response;
  }

  /** All or nothing, at one revision. */
  txn(request: TxnRequest): TxnResponse {
    validateTxn(request);
    if (this.space.isWatched) this.space.txn(request);
    const path = choosePath(this.index, request, this.revision);
    checkPath(this.index, request, path, this);
    if (isWrite(request)) this.entries++;
    this.writer = request.writer ?? "";
    const response = this.applyTxn(request, path, { next: 0 });
    this.commit();
    this.writer = "";
    response.revision = this.revision;
    return response;
  }

  /**
   * Puts a key that was last written at `modRevision`, which keeps its lease; false where it was not, or where somebody
   * counts what is written. What a transaction
   * of this comparison and this one put does, without its ceremony.
   */
  swap(key: string, modRevision: number, valueAt: (revision: number) => unknown, writer: string): boolean {
    if (this.space.isWatched) return false;
    const entries = this.index.get(key)?.entries;
    const prevKv = entries?.[entries.length - 1];
    if (prevKv === undefined || prevKv.version === 0 || prevKv.modRevision !== modRevision) return false;
    this.entries++;
    const revision = this.revision + 1;
    const { createRevision, version, lease } = prevKv;
    const value = valueAt(revision);
    const kv: KeyValue = { key, value, createRevision, modRevision: revision, version: version + 1, lease };
    entries!.push(kv);
    this.revision = revision;
    this.watches.publish([{ type: "PUT", kv, prevKv, writer }], revision);
    return true;
  }

  /**
   * Events from `startRevision` on, the past ones at once. A start revision that is compacted cancels the watch:
   * `sink.cancelled` is called, nothing else will be.
   */
  watch(request: WatchRequest, sink: WatchSink): Watcher {
    return this.watches.open(request, sink, this.revision, this.compactRevision);
  }

  /** Forgets what was superseded up to `revision`, which itself stays readable. */
  compact(revision: number): void {
    if (revision <= this.compactRevision) throw errCompacted();
    if (revision > this.revision) throw errFutureRevision();
    this.entries++;
    this.compactRevision = revision;
    this.watches.compact(revision);
    const dead: string[] = [];
    const removed: KeyValue[] = [];
    for (const history of this.index.walk("", undefined)) {
      const { entries } = history;
      let keep = 0;
      while (keep + 1 < entries.length && entries[keep + 1]!.modRevision <= revision) keep++;
      if (entries[keep]!.modRevision <= revision && entries[keep]!.version === 0) keep++;
      if (keep > 0) for (const kv of entries.splice(0, keep)) removed.push(kv);
      if (entries.length === 0) dead.push(history.key);
    }
    for (const key of dead) this.index.remove(key);
    this.space.freed(removed);
  }

  // ---- leases -----------------------------------------------------------------------------------------------------

  /** `ttl` in seconds, raised to the least one granted; `id` 0n: chosen here. */
  leaseGrant(ttl: number, id = 0n): Lease {
    if (ttl > MAX_TTL) throw errLeaseTtlTooLarge();
    if (id !== 0n && this.leaseById.has(id)) throw errLeaseExists();
    if (this.space.isWatched) this.space.lease();
    this.entries++;
    let chosen = id;
    while (chosen === 0n || (id === 0n && this.leaseById.has(chosen))) {
      const random = this.kernel.random(this.leaseEvent);
      chosen = BigInt(`0x${random.hex(16)}`) & 0x7fff_ffff_ffff_ffffn;
    }
    const granted = Math.max(ttl, MIN_TTL);
    const expiresAt = this.kernel.now + granted * SECOND;
    const lease: Lease = { id: chosen, grantedTtl: granted, expiresAt, keys: new Set() };
    this.leaseById.set(chosen, lease);
    this.kernel.schedule(granted * SECOND, this.leaseEvent, leaseName(chosen));
    return lease;
  }

  /** Deletes the lease with its keys, which are deleted at one revision. */
  leaseRevoke(id: bigint): void {
    const lease = this.lease(id);
    this.entries++;
    this.leaseById.delete(id);
    for (const key of [...lease.keys].sort()) this.applyDelete({ key });
    this.commit();
  }

  /** Starts the TTL anew; returns it in seconds. */
  leaseKeepAlive(id: bigint): number {
    const lease = this.lease(id);
    lease.expiresAt = this.kernel.now + lease.grantedTtl * SECOND;
    return lease.grantedTtl;
  }

  /** Seconds left. */
  leaseTimeToLive(id: bigint): number {
    return Math.floor((this.lease(id).expiresAt - this.kernel.now) / SECOND);
  }

  lease(id: bigint): Lease {
    const lease = this.leaseById.get(id);
    if (lease === undefined) throw errLeaseNotFound();
    return lease;
  }

  leases(): Lease[] {
    return [...this.leaseById.values()];
  }

  checkLease(id: bigint): void {
    this.lease(id);
  }

  /** A lease has one event at a time, which moves on when the lease was kept alive meanwhile. */
  private expire(event: KernelEvent): void {
    const lease = this.leaseById.get(BigInt(`0x${event.key}`));
    if (lease === undefined) return;
    if (lease.expiresAt > this.kernel.now) {
      this.kernel.schedule(lease.expiresAt - this.kernel.now, this.leaseEvent, event.key);
      return;
    }
    this.leaseRevoke(lease.id);
  }

  // ---- applying ---------------------------------------------------------------------------------------------------

  /** Revision that the transaction being applied writes, once it has written; until then the store's. */
  private get working(): number {
    return this.changes.length > 0 ? this.revision + 1 : this.revision;
  }

  private applyTxn(txn: TxnRequest, path: readonly boolean[], position: { next: number }): TxnResponse {
    const succeeded = path[position.next++]!;
    const responses: ResponseOp[] = [];
    for (const op of (succeeded ? txn.success : txn.failure) ?? []) {
      if ("range" in op) responses.push({ range: range(this.index, op.range, this.working) });
      else if ("put" in op) responses.push({ put: this.applyPut(op.put) });
      else if ("deleteRange" in op) responses.push({ deleteRange: this.applyDelete(op.deleteRange) });
      else responses.push({ txn: this.applyTxn(op.txn, path, position) });
    }
    return { revision: this.working, succeeded, responses };
  }

  private applyPut(request: PutRequest): PutResponse {
    const { key } = request;
    const lease = request.lease ? this.lease(request.lease) : undefined;
    const history = this.index.get(key);
    const last = history?.entries[history.entries.length - 1];
    const previous = last !== undefined && last.version > 0 ? last : undefined;
    if ((request.ignoreValue || request.ignoreLease) && previous === undefined) throw errKeyNotFound();
    const revision = this.revision + 1;
    const kv: KeyValue = {
      key,
      value: request.ignoreValue ? previous!.value : request.valueAt ? request.valueAt(revision) : request.value,
      createRevision: previous?.createRevision ?? revision,
      modRevision: revision,
      version: (previous?.version ?? 0) + 1,
      lease: request.ignoreLease ? previous!.lease : (lease?.id ?? 0n),
    };
    if (previous !== undefined && previous.lease !== kv.lease) this.leaseById.get(previous.lease)?.keys.delete(key);
    if (kv.lease !== 0n) this.leaseById.get(kv.lease)?.keys.add(key);
    (history ?? this.index.open(key)).entries.push(kv);
    this.changes.push({ type: "PUT", kv, prevKv: previous, writer: this.writer });
    const response: PutResponse = { revision, kv };
    if (request.prevKv && previous) response.prevKv = previous;
    return response;
  }

  private applyDelete(request: DeleteRangeRequest): DeleteRangeResponse {
    const kvs = select(this.index, request, this.revision + 1);
    const revision = this.revision + 1;
    for (const previous of kvs) {
      const { key } = previous;
      const kv: KeyValue = { key, value: undefined, createRevision: 0, modRevision: revision, version: 0, lease: 0n };
      this.index.open(key).entries.push(kv);
      if (previous.lease !== 0n) this.leaseById.get(previous.lease)?.keys.delete(key);
      this.changes.push({ type: "DELETE", kv, prevKv: previous, writer: this.writer });
    }
    return { revision: this.working, deleted: kvs.length, prevKvs: request.prevKv ? kvs : [] };
  }

  private commit(): void {
    if (this.changes.length === 0) return;
    const events = this.changes;
    this.changes = [];
    this.revision++;
    if (this.space.isWatched) this.space.wrote(events.map(({ kv }) => kv));
    this.watches.publish(events, this.revision);
  }

  private digest(): string {
    const parts = [`revision ${this.revision} compacted ${this.compactRevision}`];
    for (const kv of select(this.index, { key: "\0", rangeEnd: "\0" }, this.revision)) {
      parts.push(`${kv.key} ${kv.createRevision} ${kv.modRevision} ${kv.lease} ${plainText(kv)}`);
    }
    for (const lease of this.leaseById.values()) parts.push(`lease ${lease.id} ${lease.expiresAt}`);
    return parts.join("\n");
  }
}

/** Whether a transaction may change something, whichever way it goes: others are no entries (v3rpc, isTxnSerializable). */
function isWrite({ success, failure }: TxnRequest): boolean {
  const writes = (op: RequestOp): boolean => ("txn" in op ? isWrite(op.txn) : !("range" in op));
  return (success?.some(writes) ?? false) || (failure?.some(writes) ?? false);
}

/** A lease id as etcdctl prints it: 16 hexadecimal digits. */
export function leaseName(id: bigint): string {
  return id.toString(16).padStart(16, "0");
}
