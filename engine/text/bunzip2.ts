/** Reading of bzip2's format. */
import { BLOCK_MAGIC, codesOf, crcOf, END_MAGIC, GROUP, joined, SORTED, STEP } from "./bzip2.ts";
import type { Steps } from "./steps.ts";

/** The bytes are no bzip2 file, or break off. */
export class Bzip2Error extends Error {
  readonly kind: "magic" | "data" | "end";

  constructor(kind: "magic" | "data" | "end") {
    super(kind);
    this.kind = kind;
  }
}

class BitReader {
  private readonly bytes: Uint8Array;
  private at: number;
  private held = 0;
  private count = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  take(bits: number): number {
    let out = 0;
    for (let i = 0; i < bits; i++) {
      if (this.count === 0) {
        if (this.at >= this.bytes.length) throw new Bzip2Error("end");
        this.held = this.bytes[this.at++]!;
        this.count = 8;
      }
      out = (out << 1) | ((this.held >> --this.count) & 1);
    }
    return out >>> 0;
  }

  /** Where the next whole byte is. */
  get position(): number {
    return this.at;
  }
}

/** Most bytes of a block. */
const MOST_BLOCK = 900_000;
/** Most bytes that are made of a file. */
const MOST = 256 * 1024 * 1024;

/** Bytes that are put together. */
class Made {
  private held = new Uint8Array(65_536);
  private readonly most: number;
  size = 0;

  constructor(most: number) {
    this.most = most;
  }

  put(byte: number): void {
    if (this.size === this.held.length) {
      if (this.size >= this.most) throw new Bzip2Error("data");
      const wider = new Uint8Array(2 * this.size);
      wider.set(this.held);
      this.held = wider;
    }
    this.held[this.size++] = byte;
  }

  get bytes(): Uint8Array {
    return this.held.subarray(0, this.size);
  }
}

/** Unpacks all streams of a file, step by step; `most`: bytes to make at most. Throws `Bzip2Error`. */
export function* bunzipping(input: Uint8Array, most = MOST): Steps<Uint8Array> {
  const out = new Made(most);
  for (let at = 0; at < input.length; ) {
    const level = input[at + 3]! - 48;
    if (input[at] !== 0x42 || input[at + 1] !== 0x5a || input[at + 2] !== 0x68 || !(level >= 1 && level <= 9)) {
      if (at > 0) break;
      throw new Bzip2Error(input.length - at < 4 && isStart(input) ? "end" : "magic");
    }
    const reader = new BitReader(input, at + 4);
    let all = 0;
    for (;;) {
      const [high, low] = [reader.take(24), reader.take(24)];
      const crc = reader.take(32);
      if (high === END_MAGIC[0] && low === END_MAGIC[1]) {
        if (crc !== all) throw new Bzip2Error("data");
        break;
      }
      if (high !== BLOCK_MAGIC[0] || low !== BLOCK_MAGIC[1]) throw new Bzip2Error("data");
      const from = out.size;
      yield* readBlock(reader, out);
      if ((yield* crcOf(out.bytes, from, out.size)) !== crc) throw new Bzip2Error("data");
      all = joined(all, crc);
    }
    at = reader.position;
  }
  return out.bytes;
}

function isStart(input: Uint8Array): boolean {
  return [0x42, 0x5a, 0x68].every((byte, i) => input[i] === undefined || input[i] === byte);
}

function* readBlock(reader: BitReader, out: Made): Steps<void> {
  if (reader.take(1) !== 0) throw new Bzip2Error("data");
  const origin = reader.take(24);
  const map = reader.take(16);
  const alphabet: number[] = [];
  for (let i = 0; i < 16; i++) {
    if (((map >> (15 - i)) & 1) === 0) continue;
    const part = reader.take(16);
    for (let k = 0; k < 16; k++) if ((part >> (15 - k)) & 1) alphabet.push(16 * i + k);
  }
  const groups = reader.take(3);
  const count = reader.take(15);
  if (groups < 2 || groups > 6 || count === 0 || alphabet.length === 0) throw new Bzip2Error("data");
  const front = [...Array(groups).keys()];
  const selectors = Array.from({ length: count }, () => {
    let at = 0;
    while (reader.take(1) === 1) if (++at >= groups) throw new Bzip2Error("data");
    const [selector] = front.splice(at, 1);
    front.unshift(selector!);
    return selector!;
  });
  const size = alphabet.length + 2;
  const trees = Array.from({ length: groups }, () => {
    let current = reader.take(5);
    const lengths = Array.from({ length: size }, () => {
      for (;;) {
        if (current < 1 || current > 20) throw new Bzip2Error("data");
        if (reader.take(1) === 0) return current;
        current += reader.take(1) === 0 ? 1 : -1;
      }
    });
    return treeOf(lengths);
  });
  yield* unsorted(yield* sorted(reader, selectors, trees, alphabet), origin, out);
}

/** Symbols by their codes: nodes with two ways on, below 0 where a symbol is (-1 - symbol); 0: no way. */
function treeOf(lengths: readonly number[]): Int32Array {
  const codes = codesOf(lengths);
  const tree: number[] = [0, 0];
  codes.forEach((code, symbol) => {
    let at = 0;
    for (let bit = lengths[symbol]! - 1; bit >= 0; bit--) {
      const way = at + ((code >> bit) & 1);
      if (bit === 0) tree[way] = -1 - symbol;
      else {
        if (!tree[way]) {
          tree[way] = tree.length;
          tree.push(0, 0);
        }
        at = Math.max(0, tree[way]!);
      }
    }
  });
  return Int32Array.from(tree);
}

/** The last column of the block, from its symbols. */
function* sorted(
  reader: BitReader,
  selectors: readonly number[],
  trees: readonly Int32Array[],
  alphabet: readonly number[],
): Steps<Uint8Array> {
  const out = new Uint8Array(MOST_BLOCK);
  let size = 0;
  const front = Uint8Array.from(alphabet);
  let [run, place] = [0, 1];
  for (let i = 0; ; i++) {
    if (i % (STEP / 4) === 0) yield SORTED >> 2;
    const tree = trees[selectors[Math.floor(i / GROUP)] ?? -1];
    if (tree === undefined) throw new Bzip2Error("data");
    let node = 0;
    do {
      node = tree[node + reader.take(1)]!;
      if (node === 0) throw new Bzip2Error("data");
    } while (node > 0);
    const symbol = -1 - node;
    if (symbol < 2) {
      run += place * (symbol + 1);
      place *= 2;
      if (run > MOST_BLOCK) throw new Bzip2Error("data");
      continue;
    }
    if (size + run > MOST_BLOCK) throw new Bzip2Error("data");
    out.fill(front[0]!, size, size + run);
    size += run;
    run = 0;
    place = 1;
    if (symbol === alphabet.length + 1) return out.subarray(0, size);
    const byte = front[symbol - 1]!;
    front.copyWithin(1, 0, symbol - 1);
    front[0] = byte;
    if (size === MOST_BLOCK) throw new Bzip2Error("data");
    out[size++] = byte;
  }
}

/** The block again from its last column, with its runs as long as they were. */
function* unsorted(column: Uint8Array, origin: number, out: Made): Steps<void> {
  if (origin >= column.length) throw new Bzip2Error("data");
  const starts = new Int32Array(257);
  for (let i = 0; i < column.length; i++) {
    if (i % (2 * STEP) === 0) yield SORTED >> 2;
    starts[column[i]! + 1]!++;
  }
  for (let i = 0; i < 256; i++) starts[i + 1]! += starts[i]!;
  const next = new Int32Array(column.length);
  for (let i = 0; i < column.length; i++) {
    if (i % (2 * STEP) === 0) yield SORTED >> 1;
    next[starts[column[i]!]!++] = i;
  }
  let at = next[origin]!;
  let same = 0;
  let last = -1;
  let told = out.size;
  for (let i = 0; i < column.length; i++) {
    if (out.size - told >= STEP) {
      yield out.size - told;
      told = out.size;
    }
    const byte = column[at]!;
    at = next[at]!;
    if (same === 4) {
      for (let k = 0; k < byte; k++) out.put(last);
      same = 0;
      last = -1;
      continue;
    }
    same = byte === last ? same + 1 : 1;
    last = byte;
    out.put(byte);
  }
  yield out.size - told;
}
