/** DEFLATE (RFC 1951) and CRC-32, for gzip, tar -z and whatever else packs bytes. */
import { finish, type Steps } from "./steps.ts";

/** Bytes of one step: below a tenth of a millisecond, but some milliseconds as long as V8 has not compiled the loop. */
const STEP = 2048;

const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Bytes that are no DEFLATE stream. */
export class DeflateError extends Error {}

/** Codes by length: canonical Huffman, decoded bit by bit. */
interface Huffman {
  counts: Uint16Array;
  symbols: Uint16Array;
}

function huffman(lengths: ArrayLike<number>): Huffman {
  const counts = new Uint16Array(16);
  for (let i = 0; i < lengths.length; i++) counts[lengths[i]!]!++;
  counts[0] = 0;
  const offsets = new Uint16Array(16);
  for (let i = 1; i < 16; i++) offsets[i] = offsets[i - 1]! + counts[i - 1]!;
  const symbols = new Uint16Array(lengths.length);
  for (let i = 0; i < lengths.length; i++) if (lengths[i] !== 0) symbols[offsets[lengths[i]!]!++] = i;
  return { counts, symbols };
}

const FIXED_LENGTHS = Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
let fixed: [Huffman, Huffman] | undefined;

class BitReader {
  private readonly bytes: Uint8Array;
  at: number;
  private bit = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value |= this.one() << i;
    return value;
  }

  private one(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new DeflateError("unexpected end of file");
    const bit = (byte >> this.bit) & 1;
    if (++this.bit === 8) {
      this.bit = 0;
      this.at++;
    }
    return bit;
  }

  align(): void {
    if (this.bit > 0) {
      this.bit = 0;
      this.at++;
    }
  }

  symbol({ counts, symbols }: Huffman): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length < 16; length++) {
      code |= this.one();
      const count = counts[length]!;
      if (code - first < count) return symbols[index + code - first]!;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new DeflateError("invalid compressed data--format violated");
  }
}

/** Unpacks from `at`; gives the bytes and where the stream ended. `limit`: most bytes to make. Throws `DeflateError`. */
export function inflate(bytes: Uint8Array, at?: number, limit?: number): { bytes: Uint8Array; end: number } {
  return finish(inflating(bytes, at, limit));
}

/** The same, step by step. */
export function* inflating(
  bytes: Uint8Array,
  at = 0,
  limit = 256 * 1024 * 1024,
): Steps<{ bytes: Uint8Array; end: number }> {
  const input = new BitReader(bytes, at);
  let out = new Uint8Array(Math.max(1024, (bytes.length - at) * 4));
  let size = 0;
  let told = 0;
  const room = (more: number) => {
    if (size + more > limit) throw new DeflateError("too large");
    if (size + more <= out.length) return;
    const wider = new Uint8Array(Math.max(out.length * 2, size + more));
    wider.set(out);
    out = wider;
  };
  for (let last = false; !last; ) {
    last = input.bits(1) === 1;
    const kind = input.bits(2);
    if (kind === 0) {
      input.align();
      const length = (bytes[input.at] ?? 0) | ((bytes[input.at + 1] ?? 0) << 8);
      input.at += 4;
      if (input.at + length > bytes.length) throw new DeflateError("unexpected end of file");
      room(length);
      out.set(bytes.subarray(input.at, input.at + length), size);
      size += length;
      input.at += length;
      continue;
    }
    if (kind === 3) throw new DeflateError("invalid compressed data--format violated");
    const [literals, distances] =
      kind === 1 ? (fixed ??= [huffman(FIXED_LENGTHS), huffman(new Uint8Array(30).fill(5))]) : dynamic(input);
    for (;;) {
      if (size - told >= 4 * STEP) {
        yield size - told;
        told = size;
      }
      const symbol = input.symbol(literals);
      if (symbol === 256) break;
      if (symbol < 256) {
        room(1);
        out[size++] = symbol;
        continue;
      }
      const length = LENGTH_BASE[symbol - 257]! + input.bits(LENGTH_EXTRA[symbol - 257]!);
      const code = input.symbol(distances);
      const distance = DISTANCE_BASE[code]! + input.bits(DISTANCE_EXTRA[code]!);
      if (distance > size) throw new DeflateError("invalid compressed data--format violated");
      room(length);
      for (let i = 0; i < length; i++, size++) out[size] = out[size - distance]!;
    }
  }
  input.align();
  return { bytes: out.subarray(0, size), end: input.at };
}

function dynamic(input: BitReader): [Huffman, Huffman] {
  const literals = input.bits(5) + 257;
  const distances = input.bits(5) + 1;
  const codes = input.bits(4) + 4;
  const small = new Uint8Array(19);
  for (let i = 0; i < codes; i++) small[ORDER[i]!] = input.bits(3);
  const table = huffman(small);
  const lengths = new Uint8Array(literals + distances);
  for (let i = 0; i < lengths.length; ) {
    const symbol = input.symbol(table);
    if (symbol < 16) lengths[i++] = symbol;
    else {
      const value = symbol === 16 ? lengths[i - 1]! : 0;
      for (
        let n = symbol === 16 ? 3 + input.bits(2) : symbol === 17 ? 3 + input.bits(3) : 11 + input.bits(7);
        n > 0;
        n--
      )
        lengths[i++] = value;
    }
  }
  return [huffman(lengths.subarray(0, literals)), huffman(lengths.subarray(literals))];
}

class BitWriter {
  private out: Uint8Array;
  private size = 0;
  private held = 0;
  private count = 0;

  constructor(capacity: number) {
    this.out = new Uint8Array(capacity);
  }

  put(value: number, bits: number): void {
    this.held |= value << this.count;
    this.count += bits;
    while (this.count >= 8) this.byte();
  }

  private byte(): void {
    if (this.size === this.out.length) {
      const wider = new Uint8Array(this.out.length * 2);
      wider.set(this.out);
      this.out = wider;
    }
    this.out[this.size++] = this.held & 255;
    this.held >>>= 8;
    this.count -= 8;
  }

  end(): Uint8Array {
    if (this.count > 0) {
      this.count = Math.max(this.count, 8);
      this.byte();
    }
    return this.out.subarray(0, this.size);
  }
}

/** Packs bytes, step by step, as one block with the fixed codes, repeats found through hashes of three bytes. */
export function* deflating(bytes: Uint8Array): Steps<Uint8Array> {
  const out = new BitWriter(Math.max(64, bytes.length));
  out.put(1, 1);
  out.put(1, 2);
  const heads = new Int32Array(32_768).fill(-1);
  const before = new Int32Array(32_768);
  const hash = (i: number) => ((bytes[i]! << 10) ^ (bytes[i + 1]! << 5) ^ bytes[i + 2]!) & 32_767;
  let told = 0;
  for (let i = 0; i < bytes.length; ) {
    if (i - told >= STEP) {
      yield i - told;
      told = i;
    }
    let best = 0;
    let distance = 0;
    if (i + 2 < bytes.length) {
      let at = heads[hash(i)]!;
      for (let tries = 0; at >= 0 && i - at <= 32_768 && tries < 32; tries++) {
        let length = 0;
        const most = Math.min(258, bytes.length - i);
        while (length < most && bytes[at + length] === bytes[i + length]) length++;
        if (length > best) {
          best = length;
          distance = i - at;
        }
        const next = before[at & 32_767]!;
        if (next >= at) break;
        at = next;
      }
    }
    const step = best >= 3 ? best : 1;
    if (best >= 3) {
      putLength(out, best);
      let code = DISTANCE_BASE.length - 1;
      while (DISTANCE_BASE[code]! > distance) code--;
      out.put(reverse(code, 5), 5);
      out.put(distance - DISTANCE_BASE[code]!, DISTANCE_EXTRA[code]!);
    } else putSymbol(out, bytes[i]!);
    for (let end = i + step; i < end; i++) {
      if (i + 2 >= bytes.length) continue;
      const slot = hash(i);
      before[i & 32_767] = heads[slot]!;
      heads[slot] = i;
    }
  }
  putSymbol(out, 256);
  return out.end();
}

function reverse(code: number, bits: number): number {
  let out = 0;
  for (let i = 0; i < bits; i++) out = (out << 1) | ((code >> i) & 1);
  return out;
}

function putSymbol(out: BitWriter, symbol: number): void {
  if (symbol < 144) out.put(reverse(0x30 + symbol, 8), 8);
  else if (symbol < 256) out.put(reverse(0x190 + symbol - 144, 9), 9);
  else if (symbol < 280) out.put(reverse(symbol - 256, 7), 7);
  else out.put(reverse(0xc0 + symbol - 280, 8), 8);
}

function putLength(out: BitWriter, length: number): void {
  let code = LENGTH_BASE.length - 1;
  while (LENGTH_BASE[code]! > length) code--;
  putSymbol(out, 257 + code);
  out.put(length - LENGTH_BASE[code]!, LENGTH_EXTRA[code]!);
}

let table: Uint32Array | undefined;

/** CRC-32 of ISO 3309, as gzip and cksum -a crc32b have it. */
export function crc32(bytes: Uint8Array): number {
  return finish(crc32ing(bytes));
}

/** The same, step by step. */
export function* crc32ing(bytes: Uint8Array): Steps<number> {
  if (table === undefined) {
    table = new Uint32Array(256);
    for (let n = 0; n < 256; n++) {
      let c = n;
      for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
      table[n] = c >>> 0;
    }
  }
  let crc = 0xffffffff;
  for (let from = 0; from < bytes.length; from += 32 * STEP) {
    const end = Math.min(from + 32 * STEP, bytes.length);
    // An eighth of the work that packing as much is.
    yield (end - from) >> 3;
    for (let i = from; i < end; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** A gzip file (RFC 1952) of one member; `time` in seconds since 1970, 0 for none. */
export function gzip(bytes: Uint8Array, name: string | undefined, time: number): Uint8Array {
  return finish(gzipping(bytes, name, time));
}

/** The same, step by step. */
export function* gzipping(bytes: Uint8Array, name: string | undefined, time: number): Steps<Uint8Array> {
  const body = yield* deflating(bytes);
  const label = name === undefined ? new Uint8Array(0) : new TextEncoder().encode(`${name}\0`);
  const out = new Uint8Array(10 + label.length + body.length + 8);
  const view = new DataView(out.buffer);
  out.set([0x1f, 0x8b, 8, name === undefined ? 0 : 8]);
  view.setUint32(4, time, true);
  out[9] = 3;
  out.set(label, 10);
  out.set(body, 10 + label.length);
  view.setUint32(out.length - 8, yield* crc32ing(bytes), true);
  view.setUint32(out.length - 4, bytes.length, true);
  return out;
}

/** The bytes of a gzip file, all its members. Throws `DeflateError`, whose message is gzip's. */
export function gunzip(bytes: Uint8Array): { bytes: Uint8Array; trailing: boolean } {
  return finish(gunzipping(bytes));
}

/** The same, step by step. */
export function* gunzipping(bytes: Uint8Array): Steps<{ bytes: Uint8Array; trailing: boolean }> {
  const parts: Uint8Array[] = [];
  let at = 0;
  let trailing = false;
  while (at < bytes.length) {
    if (bytes[at] !== 0x1f || bytes[at + 1] !== 0x8b) {
      if (at === 0) throw new DeflateError("not in gzip format");
      trailing = bytes.subarray(at).some((byte) => byte !== 0);
      break;
    }
    const flags = bytes[at + 3] ?? 0;
    let start = at + 10;
    if (flags & 4) start += 2 + ((bytes[start] ?? 0) | ((bytes[start + 1] ?? 0) << 8));
    for (const flag of [8, 16]) {
      if ((flags & flag) === 0) continue;
      while (start < bytes.length && bytes[start] !== 0) start++;
      start++;
    }
    if (flags & 2) start += 2;
    if (start >= bytes.length) throw new DeflateError("unexpected end of file");
    const part = yield* inflating(bytes, start);
    if (part.end + 8 > bytes.length) throw new DeflateError("unexpected end of file");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint32(part.end, true) !== (yield* crc32ing(part.bytes)))
      throw new DeflateError("invalid compressed data--crc error");
    if (view.getUint32(part.end + 4, true) !== part.bytes.length)
      throw new DeflateError("invalid compressed data--length error");
    parts.push(part.bytes);
    at = part.end + 8;
  }
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return { bytes: out, trailing };
}
