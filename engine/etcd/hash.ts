/** The hash of a member's key-value history that `etcdctl endpoint hashkv` tells (server/storage/mvcc/hash.go). */
import { encode } from "../kernel/index.ts";
import { errCompacted, errFutureRevision } from "./errors.ts";
import type { EtcdStore } from "./store.ts";
import type { KeyValue } from "./types.ts";
import { valueBytes } from "./value.ts";

/** CRC-32C (Castagnoli), reflected. */
const POLYNOMIAL = 0x82f6_3b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value >>> 0;
});
/** Records that are hashed between two yields. */
const BATCH = 100;

/**
 * CRC-32C over the name of the bucket and each record up to `revision` in its order, keys and values as bbolt has them.
 * Of what was compacted, only what is still there now counts. Yields between batches. Throws EtcdError.
 */
export function* hashKv(store: EtcdStore, revision: number): Generator<void, number> {
  if (revision > store.revision) throw errFutureRevision();
  if (revision > 0 && revision < store.compactRevision) throw errCompacted();
  let crc = update(0xffff_ffff, encode("key"));
  let count = 0;
  for (const [kv, sub] of records(store, revision)) {
    crc = update(update(crc, revisionBytes(kv, sub)), keyValueBytes(kv));
    if (++count % BATCH === 0) yield;
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}

/** Records in the order of their revisions, with their places within one. */
function records(store: EtcdStore, revision: number): [kv: KeyValue, sub: number][] {
  const all: KeyValue[] = [];
  for (const { entries } of store.histories()) {
    for (const [i, kv] of entries.entries()) {
      if (kv.modRevision > revision) break;
      // Superseded, or deleted, before what was compacted.
      const isLast = i === entries.length - 1 || entries[i + 1]!.modRevision > store.revision;
      if (kv.modRevision <= store.compactRevision && !(isLast && kv.version > 0)) continue;
      all.push(kv);
    }
  }
  all.sort((a, b) => a.modRevision - b.modRevision || (a.key < b.key ? -1 : 1));
  let sub = 0;
  return all.map((kv, i) => {
    sub = i > 0 && all[i - 1]!.modRevision === kv.modRevision ? sub + 1 : 0;
    return [kv, sub];
  });
}

function update(crc: number, bytes: Uint8Array): number {
  let value = crc;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff]! ^ (value >>> 8);
  return value;
}

/** Main revision, `_`, sub-revision, and `t` for a tombstone. */
function revisionBytes({ modRevision, version }: KeyValue, sub: number): Uint8Array {
  const bytes = new Uint8Array(version === 0 ? 18 : 17);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, BigInt(modRevision));
  bytes[8] = 0x5f;
  view.setBigInt64(9, BigInt(sub));
  if (version === 0) bytes[17] = 0x74;
  return bytes;
}

/** mvccpb.KeyValue; a tombstone has its key alone. */
function keyValueBytes(kv: KeyValue): Uint8Array {
  const out: number[] = [];
  const varint = (value: bigint) => {
    let left = value;
    for (; left > 0x7fn; left >>= 7n) out.push(Number(left & 0x7fn) | 0x80);
    out.push(Number(left));
  };
  const bytes = (field: number, value: Uint8Array) => {
    if (value.length === 0) return;
    out.push((field << 3) | 2);
    varint(BigInt(value.length));
    for (const byte of value) out.push(byte);
  };
  const integer = (field: number, value: bigint) => {
    if (value === 0n) return;
    out.push(field << 3);
    varint(value);
  };
  bytes(1, encode(kv.key));
  if (kv.version > 0) {
    integer(2, BigInt(kv.createRevision));
    integer(3, BigInt(kv.modRevision));
    integer(4, BigInt(kv.version));
    bytes(5, valueBytes(kv));
    integer(6, kv.lease);
  }
  return Uint8Array.from(out);
}
