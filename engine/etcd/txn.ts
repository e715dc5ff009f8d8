import {
  errDuplicateKey,
  errEmptyKey,
  errKeyNotFound,
  errLeaseProvided,
  errTooManyOps,
  errValueProvided,
} from "./errors.ts";
import type { KeyIndex } from "./key-index.ts";
import { checkRange, covers, select } from "./range.ts";
import type { Compare, KeyRange, KeyValue, PutRequest, RequestOp, TxnRequest } from "./types.ts";
import { compareBytes, valueBytes } from "./value.ts";

/** etcd's `--max-txn-ops`. */
const MAX_OPS = 128;

/** What is wrong with a request whatever the store holds (server/etcdserver/api/v3rpc/key.go). */
export function validateTxn(txn: TxnRequest): void {
  checkOps(txn);
  // One operation meets no other.
  if (isPlain(txn.success) && isPlain(txn.failure)) return;
  overlaps(txn.success ?? []);
  overlaps(txn.failure ?? []);
}

function isPlain(ops: readonly RequestOp[] = []): boolean {
  return ops.length === 0 || (ops.length === 1 && !("txn" in ops[0]!));
}

export function validatePut(put: PutRequest): void {
  if (put.key === "") throw errEmptyKey();
  if (put.ignoreValue && put.value !== undefined) throw errValueProvided();
  if (put.ignoreLease && put.lease) throw errLeaseProvided();
}

function checkOps(txn: TxnRequest): void {
  const { compare = [], success = [], failure = [] } = txn;
  if (Math.max(compare.length, success.length, failure.length) > MAX_OPS) throw errTooManyOps();
  for (const { key } of compare) if (key === "") throw errEmptyKey();
  for (const op of success) checkOp(op);
  for (const op of failure) checkOp(op);
}

function checkOp(op: RequestOp): void {
  if ("txn" in op) checkOps(op.txn);
  else if ("put" in op) validatePut(op.put);
  else if ("range" in op ? op.range.key === "" : op.deleteRange.key === "") throw errEmptyKey();
}

/** A branch may put a key once, and not where it also deletes; branches that exclude each other may. */
function overlaps(ops: readonly RequestOp[]): { puts: Set<string>; deletes: KeyRange[] } {
  const puts = new Set<string>();
  const deletes: KeyRange[] = [];
  for (const op of ops) if ("deleteRange" in op) deletes.push(op.deleteRange);
  // etcd compares interval ends as they are here, so that "\0" (to the last key) meets no put.
  const deleted = (key: string) => deletes.some((range) => range.rangeEnd !== "\0" && covers(range, key));
  for (const op of ops) {
    if (!("txn" in op)) continue;
    const success = overlaps(op.txn.success ?? []);
    const failure = overlaps(op.txn.failure ?? []);
    for (const key of success.puts) {
      if (puts.has(key) || deleted(key)) throw errDuplicateKey();
      puts.add(key);
    }
    for (const key of failure.puts) {
      if ((puts.has(key) && !success.puts.has(key)) || deleted(key)) throw errDuplicateKey();
      puts.add(key);
    }
    deletes.push(...success.deletes, ...failure.deletes);
  }
  for (const op of ops) {
    if (!("put" in op)) continue;
    if (puts.has(op.put.key) || deleted(op.put.key)) throw errDuplicateKey();
    puts.add(op.put.key);
  }
  return { puts, deletes };
}

/** Which branch each transaction takes, outermost first, in order: compared before anything is applied. */
export function choosePath(index: KeyIndex, txn: TxnRequest, revision: number, path: boolean[] = []): boolean[] {
  const succeeded = (txn.compare ?? []).every((compare) => holds(index, compare, revision));
  path.push(succeeded);
  for (const op of (succeeded ? txn.success : txn.failure) ?? []) {
    if ("txn" in op) choosePath(index, op.txn, revision, path);
  }
  return path;
}

/** Fails when an operation of the branches taken cannot be applied: nothing of the transaction is applied then. */
export function checkPath(
  index: KeyIndex,
  txn: TxnRequest,
  path: readonly boolean[],
  store: { revision: number; compactRevision: number; checkLease(id: bigint): void },
  position = { next: 0 },
): void {
  const succeeded = path[position.next++]!;
  for (const op of (succeeded ? txn.success : txn.failure) ?? []) {
    if ("txn" in op) checkPath(index, op.txn, path, store, position);
    else if ("range" in op) checkRange(op.range, store.revision, store.compactRevision);
    else if ("put" in op) {
      const { key, ignoreValue, ignoreLease, lease } = op.put;
      if ((ignoreValue || ignoreLease) && select(index, { key }, store.revision).length === 0) throw errKeyNotFound();
      if (lease) store.checkLease(lease);
    }
  }
}

const NOTHING: KeyValue = { key: "", value: undefined, createRevision: 0, modRevision: 0, version: 0, lease: 0n };

function holds(index: KeyIndex, compare: Compare, revision: number): boolean {
  const kvs = select(index, compare, revision);
  if (kvs.length === 0) return compare.target !== "VALUE" && holdsFor(compare, NOTHING);
  return kvs.every((kv) => holdsFor(compare, kv));
}

function holdsFor(compare: Compare, kv: KeyValue): boolean {
  const order = orderOf(compare, kv);
  if (compare.result === "EQUAL") return order === 0;
  if (compare.result === "NOT_EQUAL") return order !== 0;
  return compare.result === "GREATER" ? order > 0 : order < 0;
}

function orderOf(compare: Compare, kv: KeyValue): number {
  if (compare.target === "VALUE") {
    if (kv.value === compare.value) return 0;
    return compareBytes(valueBytes(kv), valueBytes(compare));
  }
  if (compare.target === "LEASE") {
    const lease = compare.value as bigint;
    return kv.lease < lease ? -1 : kv.lease > lease ? 1 : 0;
  }
  const actual =
    compare.target === "VERSION" ? kv.version : compare.target === "MOD" ? kv.modRevision : kv.createRevision;
  return actual - (compare.value as number);
}
