/** Buckets of bash's tables when they are made; four times as many once one holds twice their number. */
const BUCKETS = 1024;
/** Of an array that a variable with a value was made into (`convert_var_to_assoc`). */
export const CONVERTED_BUCKETS = 128;
/** Of the tables of remembered programs and of aliases. */
export const PROGRAM_BUCKETS = 256;
export const ALIAS_BUCKETS = 64;

/** FNV-1 of the UTF-8 bytes, which are signed where bash runs (hashlib.c). */
function hash(key: string): number {
  let h = 2166136261;
  const step = (byte: number) => {
    h = Math.imul(h, 16777619) ^ (byte > 127 ? byte - 256 : byte);
  };
  for (const char of key) {
    const code = char.codePointAt(0)!;
    if (code < 0x80) step(code);
    else if (code < 0x800) [0xc0 | (code >> 6), 0x80 | (code & 63)].forEach(step);
    // A byte that is no UTF-8 (kernel/bytes.ts).
    else if (code >= 0xdc80 && code <= 0xdcff) step(code - 0xdc00);
    else if (code < 0x10000) [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)].forEach(step);
    else [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)].forEach(step);
  }
  return h >>> 0;
}

/** An associative array: its keys come in the order of bash's hash table, which scripts see in `${!m[@]}`. */
export class AssociativeArray {
  /** Stands for other state of the shell, so a forked shell must make its own. */
  readonly live: boolean = false;
  private readonly inserted: Map<string, string>;
  private order: string[] | undefined;

  /** Buckets that its table began with. */
  readonly buckets: number;

  constructor(entries: Iterable<readonly [string, string]> = [], buckets = BUCKETS) {
    this.inserted = new Map(entries);
    this.buckets = buckets;
  }

  copy(): AssociativeArray {
    const other = new AssociativeArray(this.inserted, this.buckets);
    other.order = this.order;
    return other;
  }

  get size(): number {
    return this.inserted.size;
  }

  get(key: string): string | undefined {
    return this.inserted.get(key);
  }

  has(key: string): boolean {
    return this.inserted.has(key);
  }

  set(key: string, value: string): void {
    if (this.order !== undefined && !this.inserted.has(key)) this.order = undefined;
    this.inserted.set(key, value);
  }

  delete(key: string): void {
    if (this.inserted.delete(key)) this.order = undefined;
  }

  clear(): void {
    this.inserted.clear();
    this.order = undefined;
  }

  keys(): readonly string[] {
    this.order ??= hashOrder(this.inserted.keys(), this.buckets);
    return this.order;
  }

  values(): string[] {
    return this.keys().map((key) => this.get(key)!);
  }
}

/** BASH_ALIASES and BASH_CMDS: an array whose elements are kept elsewhere. */
export class LiveArray extends AssociativeArray {
  override readonly live = true;
  private readonly store: {
    keys: () => Iterable<string>;
    get: (key: string) => string | undefined;
    set: (key: string, value: string) => void;
  };
  constructor(store: LiveArray["store"], buckets: number) {
    super([], buckets);
    this.store = store;
  }

  override get size(): number {
    return this.keys().length;
  }

  override get(key: string): string | undefined {
    return this.store.get(key);
  }

  override has(key: string): boolean {
    return this.store.get(key) !== undefined;
  }

  override set(key: string, value: string): void {
    this.store.set(key, value);
  }

  /** Bash drops the element from the array only: the alias and the path stay. */
  override delete(): void {}

  override clear(): void {}

  override keys(): readonly string[] {
    return hashOrder(this.store.keys(), this.buckets);
  }
}

/**
 * The order in which a table of bash's gives keys that came in this order: new ones go to the front of their bucket;
 * growing takes each bucket from its front.
 */
export function hashOrder(keys: Iterable<string>, size = BUCKETS): string[] {
  let entries = 0;
  let buckets = new Map<number, { key: string; h: number }[]>();
  const add = (item: { key: string; h: number }) => {
    const at = item.h & (size - 1);
    const bucket = buckets.get(at);
    if (bucket) bucket.unshift(item);
    else buckets.set(at, [item]);
  };
  const sorted = () => [...buckets].sort((a, b) => a[0] - b[0]).flatMap(([, bucket]) => bucket);
  for (const key of keys) {
    if (entries >= size * 2) {
      const old = sorted();
      size *= 4;
      buckets = new Map();
      for (const item of old) add(item);
    }
    add({ key, h: hash(key) });
    entries++;
  }
  return sorted().map((item) => item.key);
}
