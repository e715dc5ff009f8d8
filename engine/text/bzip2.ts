/**
 * bzip2's format: runs shortened, blocks sorted by all their rotations, moved to front, and coded by Huffman tables that are
 * changed every fifty symbols. What is packed has the same bytes as what bzip2 1.0.8 makes of it.
 */

export const BLOCK_MAGIC = [0x314159, 0x265359] as const;
export const END_MAGIC = [0x177245, 0x385090] as const;
export const GROUP = 50;
const MOST_LENGTH = 17;

const CRC = Uint32Array.from({ length: 256 }, (_, i) => {
  let value = i << 24;
  for (let bit = 0; bit < 8; bit++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value >>> 0;
});

export function crcOf(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0xffffffff;
  for (let i = from; i < to; i++) crc = ((crc << 8) ^ CRC[(crc >>> 24) ^ bytes[i]!]!) >>> 0;
  return ~crc >>> 0;
}

export const joined = (all: number, crc: number) => (((all << 1) | (all >>> 31)) ^ crc) >>> 0;

class BitWriter {
  private bytes = new Uint8Array(1024);
  private length = 0;
  private held = 0;
  private count = 0;

  put(value: number, bits: number): void {
    for (let i = bits - 1; i >= 0; i--) {
      this.held = (this.held << 1) | ((value >>> i) & 1);
      if (++this.count < 8) continue;
      if (this.length === this.bytes.length) {
        const grown = new Uint8Array(2 * this.length);
        grown.set(this.bytes);
        this.bytes = grown;
      }
      this.bytes[this.length++] = this.held;
      this.held = this.count = 0;
    }
  }

  finish(): Uint8Array {
    while (this.count > 0) this.put(0, 1);
    return this.bytes.slice(0, this.length);
  }
}

/** Packs bytes; `level` sets the size of blocks in 100 kB. */
export function bzip2(input: Uint8Array, level = 9): Uint8Array {
  const out = new BitWriter();
  for (const char of `BZh${level}`) out.put(char.charCodeAt(0), 8);
  const most = 100_000 * level - 19;
  let all = 0;
  for (let at = 0; at < input.length; ) {
    const { block, end } = shortened(input, at, most);
    const crc = crcOf(input, at, end);
    all = joined(all, crc);
    writeBlock(out, block, crc);
    at = end;
  }
  out.put(END_MAGIC[0], 24);
  out.put(END_MAGIC[1], 24);
  out.put(all, 32);
  return out.finish();
}

/** The next block: runs of four to 255 bytes become four and a count. */
function shortened(input: Uint8Array, from: number, most: number): { block: Uint8Array; end: number } {
  const out: number[] = [];
  let at = from;
  while (at < input.length && out.length < most) {
    const byte = input[at]!;
    let run = 1;
    while (run < 255 && at + run < input.length && input[at + run] === byte) run++;
    for (let i = 0; i < Math.min(run, 4); i++) out.push(byte);
    if (run >= 4) out.push(run - 4);
    at += run;
  }
  return { block: Uint8Array.from(out), end: at };
}

/**
 * The order of a block's rotations, by doubling how much of them is compared, and where in it the block itself is: behind
 * the rotations that are equal to it.
 */
function rotations(block: Uint8Array): { order: Int32Array; origin: number } {
  const n = block.length;
  let rank = Int32Array.from(block);
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let width = 0; ; width = width === 0 ? 1 : 2 * width) {
    const key = rank;
    const compare = (a: number, b: number) => key[a]! - key[b]! || key[(a + width) % n]! - key[(b + width) % n]!;
    order.sort(compare);
    const next = new Int32Array(n);
    for (let i = 1; i < n; i++)
      next[order[i]!] = next[order[i - 1]!]! + (compare(order[i - 1]!, order[i]!) === 0 ? 0 : 1);
    rank = next;
    if (rank[order[n - 1]!] !== n - 1 && width < n) continue;
    return { order, origin: order.indexOf(0) + rank.filter((one) => one === rank[0]).length - 1 };
  }
}

function writeBlock(out: BitWriter, block: Uint8Array, crc: number): void {
  out.put(BLOCK_MAGIC[0], 24);
  out.put(BLOCK_MAGIC[1], 24);
  out.put(crc, 32);
  out.put(0, 1);
  const { order, origin } = rotations(block);
  out.put(origin, 24);
  const used = new Set(block);
  const groups = Array.from({ length: 16 }, (_, i) => [...Array(16).keys()].some((k) => used.has(16 * i + k)));
  for (const one of groups) out.put(one ? 1 : 0, 1);
  groups.forEach((one, i) => {
    if (one) for (let k = 0; k < 16; k++) out.put(used.has(16 * i + k) ? 1 : 0, 1);
  });
  const symbols = movedToFront(
    block,
    order,
    [...used].sort((a, b) => a - b),
  );
  const size = used.size + 2;
  const { lengths, selectors } = tables(symbols, size);
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
  symbols.forEach((symbol, i) => {
    const table = selectors[Math.floor(i / GROUP)]!;
    out.put(codes[table]![symbol]!, lengths[table]![symbol]!);
  });
}

/** The last column of the sorted rotations, moved to front, its runs of the first in two digits; the end behind it. */
function movedToFront(block: Uint8Array, order: Int32Array, alphabet: number[]): number[] {
  const out: number[] = [];
  let run = 0;
  const flush = () => {
    for (; run > 0; run = (run - 1) >> 1) out.push((run - 1) & 1);
  };
  const front = [...alphabet];
  for (const start of order) {
    const byte = block[start === 0 ? block.length - 1 : start - 1]!;
    const at = front.indexOf(byte);
    if (at === 0) {
      run++;
      continue;
    }
    flush();
    front.splice(at, 1);
    front.unshift(byte);
    out.push(at + 1);
  }
  flush();
  out.push(alphabet.length + 1);
  return out;
}

/** Two to six tables of code lengths, bettered four times, and which of them each fifty symbols take. */
function tables(symbols: readonly number[], size: number): { lengths: number[][]; selectors: number[] } {
  const count = [200, 600, 1200, 2400].findIndex((most) => symbols.length < most);
  const groups = count < 0 ? 6 : count + 2;
  const frequency = new Array<number>(size).fill(0);
  for (const symbol of symbols) frequency[symbol]!++;
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
