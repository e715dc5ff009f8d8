/**
 * bzip2's format: runs shortened, blocks sorted by all their rotations, moved to front, and coded by Huffman tables that are
 * changed every fifty symbols. What is packed has the same bytes as what bzip2 1.0.8 makes of it.
 */
import type { Steps } from "./steps.ts";

export const BLOCK_MAGIC = [0x314159, 0x265359] as const;
export const END_MAGIC = [0x177245, 0x385090] as const;
export const GROUP = 50;
const MOST_LENGTH = 17;
/** Bytes of one step: few, since a loop that V8 has not compiled takes twenty times as long. */
export const STEP = 4096;
/** What a step of one of the many passes over a block counts for, in bytes that go in. */
export const SORTED = STEP / 2;

const CRC = Uint32Array.from({ length: 256 }, (_, i) => {
  let value = i << 24;
  for (let bit = 0; bit < 8; bit++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value >>> 0;
});

export function* crcOf(bytes: Uint8Array, from: number, to: number): Steps<number> {
  let crc = 0xffffffff;
  for (let at = from; at < to; at += 2 * STEP) {
    const end = Math.min(at + 2 * STEP, to);
    yield (end - at) >> 4;
    for (let i = at; i < end; i++) crc = ((crc << 8) ^ CRC[(crc >>> 24) ^ bytes[i]!]!) >>> 0;
  }
  return ~crc >>> 0;
}

export const joined = (all: number, crc: number) => (((all << 1) | (all >>> 31)) ^ crc) >>> 0;

class BitWriter {
  private bytes = new Uint8Array(1024);
  private length = 0;
  private held = 0;
  private count = 0;

  /** `bits` up to 32. */
  put(value: number, bits: number): void {
    if (bits > 16) {
      this.put(value >>> 16, bits - 16);
      this.put(value & 0xffff, 16);
      return;
    }
    this.held = (this.held << bits) | value;
    this.count += bits;
    for (; this.count >= 8; this.count -= 8) this.byte((this.held >>> (this.count - 8)) & 255);
    this.held &= 255;
  }

  private byte(value: number): void {
    if (this.length === this.bytes.length) {
      const grown = new Uint8Array(2 * this.length);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes[this.length++] = value;
  }

  finish(): Uint8Array {
    if (this.count > 0) this.put(0, 8 - this.count);
    return this.bytes.slice(0, this.length);
  }
}

/** Packs bytes, step by step; `level` sets the size of blocks in 100 kB. */
export function* bzipping(input: Uint8Array, level = 9): Steps<Uint8Array> {
  const out = new BitWriter();
  for (const char of `BZh${level}`) out.put(char.charCodeAt(0), 8);
  const most = 100_000 * level - 19;
  let all = 0;
  for (let at = 0; at < input.length; ) {
    const { block, end } = yield* shortened(input, at, most);
    const crc = yield* crcOf(input, at, end);
    all = joined(all, crc);
    yield* writeBlock(out, block, crc);
    at = end;
  }
  out.put(END_MAGIC[0], 24);
  out.put(END_MAGIC[1], 24);
  out.put(all, 32);
  return out.finish();
}

/** The next block: runs of four to 255 bytes become four and a count. */
function* shortened(input: Uint8Array, from: number, most: number): Steps<{ block: Uint8Array; end: number }> {
  const out = new Uint8Array(most + 5);
  let size = 0;
  let at = from;
  let told = from;
  while (at < input.length && size < most) {
    const byte = input[at]!;
    let run = 1;
    while (run < 255 && at + run < input.length && input[at + run] === byte) run++;
    for (let i = 0; i < Math.min(run, 4); i++) out[size++] = byte;
    if (run >= 4) out[size++] = run - 4;
    at += run;
    if (at - told >= STEP) {
      yield at - told;
      told = at;
    }
  }
  yield at - told;
  return { block: out.subarray(0, size), end: at };
}

/**
 * The order of a block's rotations, by doubling how much of them is compared (each time a stable count of classes: Manber
 * and Myers), and where in it the block itself is: behind the rotations that are equal to it.
 */
function* rotations(block: Uint8Array): Steps<{ order: Int32Array; origin: number }> {
  const n = block.length;
  let order = new Int32Array(n);
  let classes = new Int32Array(n);
  let shifted = new Int32Array(n);
  let next = new Int32Array(n);
  const counts = new Int32Array(Math.max(256, n) + 1);
  for (let i = 0; i < n; i++) {
    if (i % (2 * STEP) === 0) yield SORTED >> 2;
    counts[block[i]! + 1]!++;
  }
  for (let byte = 0; byte < 256; byte++) counts[byte + 1]! += counts[byte]!;
  const starts = counts.slice(0, 256);
  for (let i = 0; i < n; i++) {
    if (i % STEP === 0) yield SORTED;
    order[starts[block[i]!]!++] = i;
  }
  let last = 0;
  for (let i = 1; i < n; i++) {
    if (i % STEP === 0) yield SORTED;
    if (block[order[i]!] !== block[order[i - 1]!]) last++;
    classes[order[i]!] = last;
  }
  for (let width = 1; last < n - 1 && width < n; width *= 2) {
    counts.fill(0, 0, last + 2);
    for (let i = 0; i < n; i++) {
      if (i % STEP === 0) yield SORTED;
      counts[classes[i]! + 1]!++;
    }
    for (let i = 0; i <= last; i++) {
      if (i % (2 * STEP) === 0) yield SORTED >> 1;
      counts[i + 1]! += counts[i]!;
    }
    for (let i = 0; i < n; i++) {
      if (i % STEP === 0) yield SORTED;
      const at = order[i]! - width;
      const start = at < 0 ? at + n : at;
      shifted[counts[classes[start]!]!++] = start;
    }
    [order, shifted] = [shifted, order];
    last = 0;
    next[order[0]!] = 0;
    for (let i = 1; i < n; i++) {
      if (i % STEP === 0) yield SORTED;
      const a = order[i]!;
      const b = order[i - 1]!;
      const x = a + width < n ? a + width : a + width - n;
      const y = b + width < n ? b + width : b + width - n;
      if (classes[a] !== classes[b] || classes[x] !== classes[y]) last++;
      next[a] = last;
    }
    [classes, next] = [next, classes];
  }
  let origin = 0;
  for (; order[origin] !== 0; origin++) if (origin % (2 * STEP) === 0) yield SORTED >> 1;
  for (; origin + 1 < n && classes[order[origin + 1]!] === classes[0]; origin++) if (origin % STEP === 0) yield SORTED;
  return { order, origin };
}

function* writeBlock(out: BitWriter, block: Uint8Array, crc: number): Steps<void> {
  out.put(BLOCK_MAGIC[0], 24);
  out.put(BLOCK_MAGIC[1], 24);
  out.put(crc, 32);
  out.put(0, 1);
  const { order, origin } = yield* rotations(block);
  out.put(origin, 24);
  const used = new Uint8Array(256);
  for (let i = 0; i < block.length; i++) {
    if (i % (2 * STEP) === 0) yield SORTED >> 1;
    used[block[i]!] = 1;
  }
  const groups = Array.from({ length: 16 }, (_, i) => used.subarray(16 * i, 16 * (i + 1)).includes(1));
  for (const one of groups) out.put(one ? 1 : 0, 1);
  groups.forEach((one, i) => {
    if (one) for (let k = 0; k < 16; k++) out.put(used[16 * i + k]!, 1);
  });
  const alphabet = [...used.keys()].filter((byte) => used[byte] === 1);
  const symbols = yield* movedToFront(block, order, alphabet);
  const size = alphabet.length + 2;
  const { lengths, selectors } = yield* tables(symbols, size);
  out.put(lengths.length, 3);
  out.put(selectors.length, 15);
  const front = lengths.map((_, i) => i);
  for (const selector of selectors) {
    const at = front.indexOf(selector);
    front.splice(at, 1);
    front.unshift(selector);
    for (let i = 0; i < at; i++) out.put(1, 1);
    out.put(0, 1);
  }
  for (const table of lengths) {
    let current = table[0]!;
    out.put(current, 5);
    for (const length of table) {
      for (; current < length; current++) out.put(2, 2);
      for (; current > length; current--) out.put(3, 2);
      out.put(0, 1);
    }
  }
  const codes = lengths.map(codesOf);
  for (let i = 0; i < symbols.length; i++) {
    if (i % (STEP / 4) === 0) yield SORTED >> 2;
    const symbol = symbols[i]!;
    const table = selectors[Math.floor(i / GROUP)]!;
    out.put(codes[table]![symbol]!, lengths[table]![symbol]!);
  }
}

/** The last column of the sorted rotations, moved to front, its runs of the first in two digits; the end behind it. */
function* movedToFront(block: Uint8Array, order: Int32Array, alphabet: number[]): Steps<Uint16Array> {
  const out = new Uint16Array(block.length + 1);
  let size = 0;
  let run = 0;
  const front = Uint8Array.from(alphabet);
  const flush = () => {
    for (; run > 0; run = (run - 1) >> 1) out[size++] = (run - 1) & 1;
  };
  for (let i = 0; i < order.length; i++) {
    if (i % (STEP / 2) === 0) yield SORTED;
    const start = order[i]!;
    const byte = block[start === 0 ? block.length - 1 : start - 1]!;
    if (front[0] === byte) {
      run++;
      continue;
    }
    flush();
    const at = front.indexOf(byte);
    front.copyWithin(1, 0, at);
    front[0] = byte;
    out[size++] = at + 1;
  }
  flush();
  out[size++] = alphabet.length + 1;
  return out.subarray(0, size);
}

/** Two to six tables of code lengths, bettered four times, and which of them each fifty symbols take. */
function* tables(symbols: Uint16Array, size: number): Steps<{ lengths: number[][]; selectors: number[] }> {
  const count = [200, 600, 1200, 2400].findIndex((most) => symbols.length < most);
  const groups = count < 0 ? 6 : count + 2;
  const frequency = new Array<number>(size).fill(0);
  for (let i = 0; i < symbols.length; i++) {
    if (i % (2 * STEP) === 0) yield SORTED >> 1;
    frequency[symbols[i]!]!++;
  }
  const lengths: number[][] = Array.from({ length: groups }, () => []);
  let [first, left] = [0, symbols.length];
  for (let part = groups; part > 0; part--) {
    const share = Math.floor(left / part);
    let last = first - 1;
    let sum = 0;
    while (sum < share && last < size - 1) sum += frequency[++last]!;
    if (last > first && part !== groups && part !== 1 && (groups - part) % 2 === 1) sum -= frequency[last--]!;
    lengths[part - 1] = Array.from({ length: size }, (_, v) => (v >= first && v <= last ? 0 : 15));
    first = last + 1;
    left -= sum;
  }
  let selectors: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const seen = lengths.map(() => new Array<number>(size).fill(0));
    selectors = [];
    for (let at = 0; at < symbols.length; at += GROUP) {
      if (at % (16 * GROUP) === 0) yield SORTED >> 3;
      const end = Math.min(at + GROUP, symbols.length);
      let [best, least] = [0, Number.POSITIVE_INFINITY];
      lengths.forEach((table, t) => {
        let cost = 0;
        for (let i = at; i < end; i++) cost += table[symbols[i]!]!;
        if (cost < least) [best, least] = [t, cost];
      });
      selectors.push(best);
      for (let i = at; i < end; i++) seen[best]![symbols[i]!]!++;
    }
    seen.forEach((counts, t) => {
      lengths[t] = codeLengths(counts);
    });
  }
  return { lengths, selectors };
}

/** Huffman's code lengths, of seventeen bits at most; equal weights are taken in the order of bzip2's heap. */
function codeLengths(counts: readonly number[]): number[] {
  const size = counts.length;
  const weight = [0, ...counts.map((count) => (count === 0 ? 1 : count) * 256)];
  for (;;) {
    const parent: number[] = [-2];
    const weights = weight.slice(0, size + 1);
    const heap = [0];
    const up = (from: number) => {
      let at = from;
      const moved = heap[at]!;
      for (; weights[moved]! < weights[heap[at >> 1]!]!; at >>= 1) heap[at] = heap[at >> 1]!;
      heap[at] = moved;
    };
    const takeLeast = (): number => {
      const least = heap[1]!;
      const moved = heap.pop()!;
      if (heap.length === 1) return least;
      let at = 1;
      for (;;) {
        let below = 2 * at;
        if (below >= heap.length) break;
        if (below + 1 < heap.length && weights[heap[below + 1]!]! < weights[heap[below]!]!) below++;
        if (weights[moved]! < weights[heap[below]!]!) break;
        heap[at] = heap[below]!;
        at = below;
      }
      heap[at] = moved;
      return least;
    };
    for (let i = 1; i <= size; i++) {
      parent[i] = -1;
      heap.push(i);
      up(heap.length - 1);
    }
    while (heap.length > 2) {
      const [a, b] = [takeLeast(), takeLeast()];
      const node = parent.length;
      parent[a] = parent[b] = node;
      parent.push(-1);
      const [x, y] = [weights[a]!, weights[b]!];
      // Above the lowest byte is the weight, in it the depth.
      weights[node] = x - (x % 256) + y - (y % 256) + 1 + Math.max(x % 256, y % 256);
      heap.push(node);
      up(heap.length - 1);
    }
    const lengths = counts.map((_, i) => {
      let depth = 0;
      for (let node = i + 1; parent[node]! >= 0; node = parent[node]!) depth++;
      return depth;
    });
    if (lengths.every((length) => length <= MOST_LENGTH)) return lengths;
    for (let i = 1; i <= size; i++) weight[i] = (1 + Math.floor(Math.floor(weight[i]! / 256) / 2)) * 256;
  }
}

export function codesOf(lengths: readonly number[]): number[] {
  const codes = new Array<number>(lengths.length).fill(0);
  let next = 0;
  for (let length = Math.min(...lengths); length <= Math.max(...lengths); length++) {
    lengths.forEach((one, i) => {
      if (one === length) codes[i] = next++;
    });
    next <<= 1;
  }
  return codes;
}
