import { errCompacted, errEmptyKey, errFutureRevision } from "./errors.ts";
import { at, type KeyIndex } from "./key-index.ts";
import type { KeyRange, KeyValue, RangeRequest, RangeResponse } from "./types.ts";
import { compareBytes, valueBytes } from "./value.ts";

/** Keys of a range that exist at `revision`, in order. */
export function select(index: KeyIndex, range: KeyRange, revision: number): KeyValue[] {
  const out: KeyValue[] = [];
  if (range.rangeEnd === undefined || range.rangeEnd === "") {
    const history = index.get(range.key);
    const kv = history && at(history, revision);
    if (kv) out.push(kv);
    return out;
  }
  const end = range.rangeEnd === "\0" ? undefined : range.rangeEnd;
  for (const history of index.walk(range.key, end)) {
    const kv = at(history, revision);
    if (kv) out.push(kv);
  }
  return out;
}

/** Whether a range names `key`. */
export function covers(range: KeyRange, key: string): boolean {
  const { rangeEnd } = range;
  if (rangeEnd === undefined || rangeEnd === "") return key === range.key;
  return key >= range.key && (rangeEnd === "\0" || key < rangeEnd);
}

/** Fails as etcd does for a revision that is compacted or not reached yet, or a missing key. */
export function checkRange(request: RangeRequest, current: number, compacted: number): void {
  if (request.key === "") throw errEmptyKey();
  checkRevision(request, current, compacted);
}

export function checkRevision(request: RangeRequest, current: number, compacted: number): void {
  const revision = request.revision ?? 0;
  if (revision > current) throw errFutureRevision();
  if (revision > 0 && revision < compacted) throw errCompacted();
}

/** Answers a range request that was checked. `now`: revision read when the request names none. */
export function range(index: KeyIndex, request: RangeRequest, now: number): RangeResponse {
  const revision = request.revision && request.revision > 0 ? request.revision : now;
  let kvs = select(index, request, revision);
  const count = kvs.length;
  if (request.countOnly) return { revision: now, kvs: [], count, more: false };
  kvs = sort(prune(kvs, request), request);
  const limit = request.limit ?? 0;
  const more = limit > 0 && kvs.length > limit;
  if (more) kvs = kvs.slice(0, limit);
  if (request.keysOnly) kvs = kvs.map((kv) => ({ ...kv, value: undefined }));
  return { revision: now, kvs, count, more };
}

function prune(kvs: KeyValue[], request: RangeRequest): KeyValue[] {
  const { minModRevision = 0, maxModRevision = 0, minCreateRevision = 0, maxCreateRevision = 0 } = request;
  if (!minModRevision && !maxModRevision && !minCreateRevision && !maxCreateRevision) return kvs;
  return kvs.filter(
    (kv) =>
      !(minModRevision && kv.modRevision < minModRevision) &&
      !(maxModRevision && kv.modRevision > maxModRevision) &&
      !(minCreateRevision && kv.createRevision < minCreateRevision) &&
      !(maxCreateRevision && kv.createRevision > maxCreateRevision),
  );
}

function sort(kvs: KeyValue[], request: RangeRequest): KeyValue[] {
  const { sortOrder = "NONE", sortTarget = "KEY" } = request;
  // etcd sorts ascending when a target but no order is given, and keys come in order anyway.
  if (sortTarget === "KEY" && sortOrder !== "DESCEND") return kvs;
  const compare = (a: KeyValue, b: KeyValue): number => {
    if (sortTarget === "VERSION") return a.version - b.version;
    if (sortTarget === "CREATE") return a.createRevision - b.createRevision;
    if (sortTarget === "MOD") return a.modRevision - b.modRevision;
    if (sortTarget === "VALUE") return compareBytes(valueBytes(a), valueBytes(b));
    return a.key < b.key ? -1 : 1;
  };
  return kvs.toSorted(sortOrder === "DESCEND" ? (a, b) => compare(b, a) : compare);
}
