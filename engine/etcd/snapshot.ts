/** Snapshots of the store as files: a line that says what it is, then a line a key, as JSON. */
import { decode, decodeBase64, encode, encodeBase64, sha256Hex } from "../kernel/index.ts";
import { sealerOf, sealObject } from "./sealed.ts";
import type { EtcdStore } from "./store.ts";
import type { KeyValue } from "./types.ts";
import { objectIn, plainText, valueBytes } from "./value.ts";

const MAGIC = "ETCDSNAP 1";

interface Line {
  key: string;
  create: number;
  mod: number;
  version: number;
  lease: string;
  /** Text of the value: JSON of an object, or what was put. */
  text: string;
  /** What was encrypted, as base64. */
  sealed?: string;
}

export interface Snapshot {
  revision: number;
  /** Eight hexadecimal digits. */
  hash: string;
  keys: readonly Line[];
  /** Bytes of the file. */
  size: number;
}

/** The file of a store as it is now. */
export function snapshotBytes(store: EtcdStore): Uint8Array {
  const { kvs, revision } = store.range({ key: "\0", rangeEnd: "\0" });
  const lines = kvs.map((kv: KeyValue): string => {
    const { key, createRevision, modRevision, version, lease } = kv;
    const place = { key, create: createRevision, mod: modRevision, version, lease: String(lease) };
    const sealed = typeof kv.value === "object" && kv.value !== null && sealerOf(kv.value) !== undefined;
    const line: Line = sealed
      ? { ...place, text: "", sealed: encodeBase64(valueBytes(kv)) }
      : { ...place, text: plainText(kv) };
    return `${JSON.stringify(line)}\n`;
  });
  const body = lines.join("");
  return encode(`${MAGIC} ${revision} ${sha256Hex(body).slice(0, 16)}\n${body}`);
}

/** Reads a snapshot; undefined when the bytes are none, "corrupt" when they are not what was saved. */
export function readSnapshot(bytes: Uint8Array): Snapshot | "corrupt" | undefined {
  const end = bytes.indexOf(10);
  const head = /^ETCDSNAP 1 (\d+) ([0-9a-f]{16})$/.exec(decode(bytes.subarray(0, Math.max(0, end))));
  if (head === null) return undefined;
  const body = decode(bytes.subarray(end + 1));
  if (sha256Hex(body).slice(0, 16) !== head[2]) return "corrupt";
  const keys = body
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
  return { revision: Number(head[1]), hash: head[2]!.slice(0, 8), keys, size: bytes.length };
}

/**
 * Makes the store hold what a snapshot holds, by changes that come after all others: watchers learn of them, and
 * revisions never go back (what `etcdutl snapshot restore --bump-revision --mark-compacted` is for). `object` makes a
 * stored value of an object's text at its new revision.
 */
export function restore(
  store: EtcdStore,
  snapshot: Snapshot,
  object: (value: unknown, revision: number) => unknown,
): void {
  const wanted = new Set(snapshot.keys.map(({ key }) => key));
  for (const { key } of store.range({ key: "\0", rangeEnd: "\0", keysOnly: true }).kvs) {
    if (!wanted.has(key)) store.deleteRange({ key });
  }
  const leases = new Set(store.leases().map(({ id }) => id));
  for (const { key, mod, text, lease, sealed } of snapshot.keys) {
    const current = store.get(key);
    if (current?.modRevision === mod) continue;
    if (sealed !== undefined) {
      putSealed(store, key, decodeBase64(sealed) ?? new Uint8Array(0), object);
      continue;
    }
    if (current !== undefined && plainText(current) === text) continue;
    const id = BigInt(lease);
    const value = key.startsWith("/registry/") && text.startsWith("{") ? (JSON.parse(text) as unknown) : undefined;
    const kept = leases.has(id) ? { lease: id } : {};
    if (value === undefined) store.put({ key, value: text, ...kept });
    else store.put({ key, valueAt: (revision) => object(value, revision), ...kept });
  }
}

/** Puts encrypted bytes back: as the object they are, where some server has the key. */
function putSealed(
  store: EtcdStore,
  key: string,
  bytes: Uint8Array,
  object: (value: unknown, revision: number) => unknown,
): void {
  for (const sealer of store.keyring.values()) {
    const plain = sealer.open(bytes, key);
    if (plain === undefined) continue;
    const value = objectIn(plain);
    const valueAt = (revision: number): unknown => {
      const made = object(value, revision);
      sealObject(made as object, sealer, revision);
      return made;
    };
    store.put({ key, valueAt });
    return;
  }
  store.put({ key, value: bytes });
}
