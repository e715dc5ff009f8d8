/** Reading of bzip2's format. */
import { BLOCK_MAGIC, codesOf, crcOf, END_MAGIC, GROUP, joined } from "./bzip2.ts";

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

/** Unpacks all streams of a file. Throws `Bzip2Error`. */
export function bunzip2(input: Uint8Array): Uint8Array {
  const parts: number[][] = [];
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
      const part = readBlock(reader);
      const bytes = Uint8Array.from(part);
      if (crcOf(bytes, 0, bytes.length) !== crc) throw new Bzip2Error("data");
      all = joined(all, crc);
      parts.push(part);
    }
    at = reader.position;
  }
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function isStart(input: Uint8Array): boolean {
  return [0x42, 0x5a, 0x68].every((byte, i) => input[i] === undefined || input[i] === byte);
}

function readBlock(reader: BitReader): number[] {
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
    const codes = codesOf(lengths);
    return new Map(codes.map((code, symbol) => [(1 << lengths[symbol]!) | code, symbol]));
  });
  const column = sorted(reader, selectors, trees, alphabet);
  return unsorted(column, origin);
}

/** The last column of the block, from its symbols. */
function sorted(
  reader: BitReader,
  selectors: readonly number[],
  trees: readonly ReadonlyMap<number, number>[],
  alphabet: number[],
): number[] {
  const out: number[] = [];
  const front = [...alphabet];
  let [run, place] = [0, 1];
  for (let i = 0; ; i++) {
    const tree = trees[selectors[Math.floor(i / GROUP)] ?? -1];
    if (tree === undefined) throw new Bzip2Error("data");
    let code = 1;
    let symbol: number | undefined;
    while (symbol === undefined) {
      code = (code << 1) | reader.take(1);
      if (code >= 1 << 21) throw new Bzip2Error("data");
      symbol = tree.get(code);
    }
    if (symbol < 2) {
      run += place * (symbol + 1);
      place *= 2;
      if (run > 900_000) throw new Bzip2Error("data");
      continue;
    }
    for (; run > 0; run--) out.push(front[0]!);
    place = 1;
    if (symbol === alphabet.length + 1) return out;
    const [byte] = front.splice(symbol - 1, 1);
    front.unshift(byte!);
    out.push(byte!);
    if (out.length > 900_000) throw new Bzip2Error("data");
  }
}

/** The block again from its last column, with its runs as long as they were. */
function unsorted(column: readonly number[], origin: number): number[] {
  if (origin >= column.length) throw new Bzip2Error("data");
  const starts = new Array<number>(257).fill(0);
  for (const byte of column) starts[byte + 1]!++;
  for (let i = 0; i < 256; i++) starts[i + 1]! += starts[i]!;
  const next = new Int32Array(column.length);
  column.forEach((byte, i) => {
    next[starts[byte]!++] = i;
  });
  const out: number[] = [];
  let at = next[origin]!;
  let same = 0;
  let last = -1;
  for (let i = 0; i < column.length; i++) {
    const byte = column[at]!;
    at = next[at]!;
    if (same === 4) {
      for (let k = 0; k < byte; k++) out.push(last);
      same = 0;
      last = -1;
      continue;
    }
    same = byte === last ? same + 1 : 1;
    last = byte;
    out.push(byte);
  }
  return out;
}
