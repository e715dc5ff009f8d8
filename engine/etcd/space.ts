/** How large members' databases are, their quotas, and the alarms of those that are full (server/etcdserver/quota.go, api/v3alarm). */
import { errNoSpace } from "./errors.ts";
import type { KeyValue, PutRequest, RequestOp, TxnRequest } from "./types.ts";
import { valueBytes } from "./value.ts";

/** bbolt's pages. */
const PAGE = 4096;
/** A database without any key: its buckets of members, alarms, authentication, leases. */
const EMPTY = 4 * PAGE;
/** bbolt fills the pages of keys that only grow so far before it splits them (server/mvcc/backend/batch_tx.go). */
const FILL = 0.9;
/** A record beside key and value: its revision, its head in the page, numbers. */
const RECORD = 53;
/** `--quota-backend-bytes=0` (quota.go, DefaultQuotaBytes). */
export const DEFAULT_QUOTA = 2_147_483_648;
/** What a put and a lease are reckoned at beside their texts (quota.go). */
const PUT_OVERHEAD = 256;
const LEASE_COST = 96;

/** One member's database file: it never shrinks but by defragmentation. */
interface File {
  /** Bytes. */
  readonly quota: number;
  /** Bytes that compactions have freed and nothing uses yet. */
  free: number;
  /** The same in records whose bytes nobody has counted, and the revision when they were freed. */
  records: number;
  since: number;
}

/** What it looks at. */
export interface Held {
  readonly revision: number;
  readonly compactRevision: number;
  histories(): Iterable<{ readonly entries: readonly KeyValue[] }>;
}

/**
 * While every quota is the default one, nothing is counted until somebody asks: the default is out of reach here. A member
 * with another one makes every write count.
 */
export class Space {
  private readonly held: Held;
  private readonly files = new Map<bigint, File>();
  private readonly full = new Set<bigint>();
  /** Says that a member has raised its alarm, or that alarms are gone. */
  onAlarm: ((what: "raised" | "disarmed", member: bigint) => void) | undefined;
  /** Entries of raft's log that alarms are. */
  entries = 0;
  /** Whether writes are counted, or refused. */
  isWatched = false;
  private counted: { bytes: number; records: number; revision: number; compacted: number } | undefined;

  constructor(held: Held) {
    this.held = held;
  }

  /** A member serves with this quota. */
  open(member: bigint, quota: number): void {
    const before = this.files.get(member);
    const fresh = { free: 0, records: 0, since: 0 };
    this.files.set(member, { ...fresh, ...before, quota });
    this.watch();
  }

  /** Nobody remembers alarms and sizes: the data are others. */
  reset(): void {
    this.files.clear();
    this.full.clear();
    this.counted = undefined;
    this.watch();
  }

  quotaOf(member: bigint): number {
    return this.files.get(member)?.quota ?? DEFAULT_QUOTA;
  }

  private watch(): void {
    const isLimited = [...this.files.values()].some(({ quota }) => quota !== DEFAULT_QUOTA);
    this.isWatched = isLimited || this.full.size > 0;
  }

  // ---- sizes --------------------------------------------------------------------------------------------------------

  private count(): { bytes: number; records: number } {
    const { revision, compactRevision } = this.held;
    const known = this.counted;
    if (known?.revision === revision && known.compacted === compactRevision) return known;
    let bytes = 0;
    let records = 0;
    for (const { entries } of this.held.histories()) {
      records += entries.length;
      for (const kv of entries) bytes += sizeOf(kv);
    }
    this.counted = { bytes, records, revision, compacted: compactRevision };
    return this.counted;
  }

  /** Bytes of a member's database, and of what is in use of it. */
  sizeOf(member: bigint): { size: number; inUse: number } {
    const { bytes, records } = this.count();
    const file = this.files.get(member);
    const uncounted = file === undefined ? 0 : Math.max(0, file.records - (this.held.revision - file.since));
    const free = (file?.free ?? 0) + (records === 0 ? 0 : (bytes / records) * uncounted);
    return { size: paged(bytes + free) + PAGE, inUse: paged(bytes) };
  }

  /** A compaction has removed these. */
  freed(removed: readonly KeyValue[]): void {
    const bytes = this.isWatched ? removed.reduce((sum, kv) => sum + sizeOf(kv), 0) : 0;
    for (const file of this.files.values()) {
      if (this.isWatched) {
        file.free += bytes;
        continue;
      }
      file.records = Math.max(0, file.records - (this.held.revision - file.since)) + removed.length;
      file.since = this.held.revision;
    }
  }

  /** A member's file is written anew, without what is free in it. */
  defragment(member: bigint): void {
    const file = this.files.get(member);
    if (file === undefined) return;
    file.free = 0;
    file.records = 0;
  }

  // ---- quotas -------------------------------------------------------------------------------------------------------

  put(request: PutRequest): void {
    this.admit(costOf(request));
  }

  txn(request: TxnRequest): void {
    const cost = Math.max(costOfAll(request.success), costOfAll(request.failure));
    if (cost > 0) this.admit(cost);
  }

  lease(): void {
    this.admit(LEASE_COST);
  }

  /** Throws errNoSpace where a member is full, or would be. */
  private admit(cost: number): void {
    if (this.full.size === 0) {
      for (const [member, { quota }] of this.files) {
        if (quota < 0 || this.sizeOf(member).size + cost < quota) continue;
        this.full.add(member);
        this.entries++;
        this.onAlarm?.("raised", member);
      }
      this.watch();
      if (this.full.size === 0) return;
    } else this.entries++;
    throw errNoSpace();
  }

  /** Something has been written: it takes what was free. */
  wrote(kvs: readonly KeyValue[]): void {
    const bytes = kvs.reduce((sum, kv) => sum + sizeOf(kv), 0);
    for (const file of this.files.values()) file.free = Math.max(0, file.free - bytes);
    const known = this.counted;
    if (known === undefined || known.revision !== this.held.revision - 1) return;
    known.bytes += bytes;
    known.records += kvs.length;
    known.revision++;
  }

  // ---- alarms -------------------------------------------------------------------------------------------------------

  /** Members that have said that they are full, in the order of their ids; an entry of raft's log. */
  alarms(): bigint[] {
    this.entries++;
    return this.active();
  }

  /** The same, without asking the others. */
  active(): bigint[] {
    return [...this.full].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** Takes a member's alarm back; false where there was none. */
  disarm(member: bigint): boolean {
    this.entries++;
    if (!this.full.delete(member)) return false;
    this.watch();
    this.onAlarm?.("disarmed", member);
    return true;
  }
}

/** go-humanize's Bytes: `20 kB`, `6.9 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 10) return `${bytes} B`;
  let power = 0;
  while (power < 6 && bytes >= 1000 ** (power + 1)) power++;
  const value = Math.floor((bytes / 1000 ** power) * 10 + 0.5) / 10;
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${["B", "kB", "MB", "GB", "TB", "PB", "EB"][power]}`;
}

const paged = (bytes: number): number => EMPTY - PAGE + Math.max(1, Math.ceil(bytes / FILL / PAGE)) * PAGE;

const sizeOf = (kv: KeyValue): number => RECORD + kv.key.length + (kv.version === 0 ? 0 : valueBytes(kv).length);

/** A value that names its own revision is not there yet: it is counted once it is written. */
function costOf({ key, value }: PutRequest): number {
  return PUT_OVERHEAD + key.length + (value === undefined ? 0 : valueBytes({ value, key }).length);
}

function costOfAll(ops: readonly RequestOp[] = []): number {
  let cost = 0;
  for (const op of ops) {
    if ("put" in op) cost += costOf(op.put);
    else if ("txn" in op) cost += Math.max(costOfAll(op.txn.success), costOfAll(op.txn.failure));
  }
  return cost;
}
