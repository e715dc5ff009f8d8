/** The .xz format: streams of blocks with checks, an index at their end (The .xz File Format 1.2.1). */
import { sha256 } from "@noble/hashes/sha2.js";
import { concat } from "../kernel/index.ts";
import { crc32, crc32ing } from "./deflate.ts";
import { lzma2Encoding } from "./lzma.ts";
import type { Steps } from "./steps.ts";
import { lzma2Decoding, Unpacked, XzError } from "./unlzma.ts";

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0];
const FOOTER = [0x59, 0x5a];
const LZMA2 = 0x21;
const DELTA = 3;
const STEP = 65_536;

export const CHECKS: Readonly<Record<string, number>> = { none: 0, crc32: 1, crc64: 4, sha256: 10 };
/** Bytes of a check, by its number. */
export const CHECK_SIZES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/** log2 of the dictionary of -0 to -9. */
const DICTIONARIES = [18, 20, 21, 22, 22, 23, 23, 24, 25, 26];

export function dictionaryOf(level: number): number {
  return 2 ** DICTIONARIES[level]!;
}

let table: Uint32Array | undefined;

/** CRC-64 of ECMA-182, its lower half first. */
function* crc64ing(bytes: Uint8Array): Steps<Uint8Array> {
  if (table === undefined) {
    table = new Uint32Array(512);
    for (let n = 0; n < 256; n++) {
      let [low, high] = [n, 0];
      for (let k = 0; k < 8; k++) {
        const odd = low & 1;
        low = (low >>> 1) | (high << 31);
        high >>>= 1;
        if (odd) {
          low ^= 0xd7870f42;
          high ^= 0xc96c5795;
        }
      }
      table[2 * n] = low >>> 0;
      table[2 * n + 1] = high >>> 0;
    }
  }
  let [low, high] = [0xffffffff, 0xffffffff];
  for (let i = 0; i < bytes.length; i++) {
    if (i > 0 && i % STEP === 0) yield STEP >> 3;
    const n = 2 * ((low ^ bytes[i]!) & 255);
    low = ((low >>> 8) | (high << 24)) ^ table[n]!;
    high = (high >>> 8) ^ table[n + 1]!;
  }
  return concat([littleEndian(~low >>> 0, 4), littleEndian(~high >>> 0, 4)]);
}

/** A check's bytes. What is not known here is not checked: undefined. */
function* checkOf(kind: number, bytes: Uint8Array): Steps<Uint8Array | undefined> {
  if (kind === 0) return new Uint8Array(0);
  if (kind === 1) return littleEndian(yield* crc32ing(bytes), 4);
  if (kind === 4) return yield* crc64ing(bytes);
  if (kind !== 10) return undefined;
  const hash = sha256.create();
  for (let at = 0; at < bytes.length; at += STEP) {
    hash.update(bytes.subarray(at, at + STEP));
    yield STEP >> 2;
  }
  return hash.digest();
}

function littleEndian(value: number, size: number): Uint8Array {
  const out = new Uint8Array(size);
  for (let i = 0, rest = value; i < size; i++, rest = Math.floor(rest / 256)) out[i] = rest % 256;
  return out;
}

function variable(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128);
  out.push(rest);
  return out;
}

/** With zeros up to a multiple of four, and the CRC of all that. */
function sealed(bytes: number[]): Uint8Array {
  while (bytes.length % 4 !== 0) bytes.push(0);
  const body = Uint8Array.from(bytes);
  return concat([body, littleEndian(crc32(body), 4)]);
}

/** Packs into a stream of one block (none, where there is nothing); `check`: its number. */
export function* xzing(bytes: Uint8Array, level = 6, check = 4): Steps<Uint8Array> {
  const flags = Uint8Array.of(0, check);
  const parts: Uint8Array[] = [Uint8Array.from(MAGIC), flags, littleEndian(crc32(flags), 4)];
  const records: number[] = [];
  if (bytes.length > 0) {
    const header = sealed([2, 0, LZMA2, 1, (DICTIONARIES[level]! - 12) * 2, 0, 0, 0]);
    const chunks = yield* lzma2Encoding(bytes, level);
    const size = chunks.reduce((sum, { length }) => sum + length, 0);
    parts.push(header, ...chunks, new Uint8Array((4 - (size % 4)) % 4), (yield* checkOf(check, bytes))!);
    records.push(...variable(header.length + size + CHECK_SIZES[check]!), ...variable(bytes.length));
  }
  const index = sealed([0, ...variable(bytes.length > 0 ? 1 : 0), ...records]);
  const tail = concat([littleEndian(index.length / 4 - 1, 4), flags]);
  parts.push(index, littleEndian(crc32(tail), 4), tail, Uint8Array.from(FOOTER));
  return concat(parts);
}

/** Numbers of the format, read in order. Throws `XzError`. */
export class XzReader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new XzError("end");
    return byte;
  }

  number(size: number): number {
    let out = 0;
    for (let i = 0; i < size; i++) out += this.byte() * 2 ** (8 * i);
    return out;
  }

  variable(): number {
    let out = 0;
    for (let shift = 0; shift < 63; shift += 7) {
      const byte = this.byte();
      out += (byte & 127) * 2 ** shift;
      if (byte < 128) return out;
    }
    throw new XzError("data");
  }

  /** What follows must be the CRC of all since `from`. */
  crc(from: number): void {
    const end = this.at;
    if (this.number(4) !== crc32(this.bytes.subarray(from, end))) throw new XzError("data");
  }
}

/** The number of the check that a stream's header names; one that is not the first is broken where it is no header. */
export function streamHeader(r: XzReader): number {
  const first = r.at === 0;
  if (r.at + 12 > r.bytes.length && (!first || isXz(r.bytes))) throw new XzError("end");
  for (const byte of MAGIC) if (r.bytes[r.at++] !== byte) throw new XzError(first ? "format" : "data");
  const flags = r.at;
  const [zero, check] = [r.byte(), r.byte()];
  r.crc(flags);
  if (zero !== 0 || check > 15) throw new XzError("options");
  return check;
}

/** Whether these are, as far as they go, the first bytes of the format. */
export function isXz(bytes: Uint8Array): boolean {
  return bytes.length > 0 && MAGIC.every((byte, i) => i >= bytes.length || bytes[i] === byte);
}

export interface BlockHeader {
  size: number;
  compressed: number | undefined;
  uncompressed: number | undefined;
  /** Distance of a delta filter before LZMA2. */
  delta: number | undefined;
  /** Bytes of the dictionary. */
  dictionary: number;
}

export function blockHeader(r: XzReader): BlockHeader {
  const from = r.at;
  const size = (r.byte() + 1) * 4;
  if (from + size > r.bytes.length) throw new XzError("end");
  const end = new XzReader(r.bytes, from + size - 4);
  end.crc(from);
  const flags = r.byte();
  if (flags & 0x3c) throw new XzError("options");
  const compressed = flags & 0x40 ? r.variable() : undefined;
  const uncompressed = flags & 0x80 ? r.variable() : undefined;
  let delta: number | undefined;
  let dictionary = 0;
  let last = 0;
  for (let i = 0; i <= (flags & 3); i++) {
    last = r.variable();
    const properties = r.variable();
    if (last === DELTA && properties === 1) delta = r.byte() + 1;
    else if (last === LZMA2 && properties === 1) {
      const bits = r.byte();
      if (bits > 40) throw new XzError("options");
      dictionary = bits === 40 ? 0xffffffff : (2 + (bits % 2)) * 2 ** (Math.floor(bits / 2) + 11);
    } else throw new XzError("options");
  }
  if (last !== LZMA2) throw new XzError("options");
  r.at = from + size;
  return { size, compressed, uncompressed, delta, dictionary };
}

/** Undoes the delta filter: each byte is what it adds to the one `distance` before it. */
function undelta(bytes: Uint8Array, from: number, end: number, distance: number): void {
  for (let i = from + distance; i < end; i++) bytes[i] = (bytes[i]! + bytes[i - distance]!) & 255;
}

/** Adds a block to `out`; gives its size without padding, and how much it made. */
function* block(r: XzReader, out: Unpacked, check: number): Steps<{ total: number; uncompressed: number }> {
  const at = r.at;
  const header = blockHeader(r);
  const from = out.size;
  const body = r.at;
  r.at = yield* lzma2Decoding(r.bytes, r.at, out);
  const uncompressed = out.size - from;
  if (header.delta !== undefined) undelta(out.bytes, from, out.size, header.delta);
  if (header.compressed !== undefined && header.compressed !== r.at - body) throw new XzError("data");
  if (header.uncompressed !== undefined && header.uncompressed !== uncompressed) throw new XzError("data");
  const unpadded = r.at - at;
  while ((r.at - at) % 4 !== 0) if (r.byte() !== 0) throw new XzError("data");
  const size = CHECK_SIZES[check]!;
  if (r.at + size > r.bytes.length) throw new XzError("end");
  const wanted = yield* checkOf(check, out.bytes.subarray(from, out.size));
  if (wanted?.some((byte, i) => byte !== r.bytes[r.at + i])) throw new XzError("data");
  r.at += size;
  return { total: unpadded + size, uncompressed };
}

function* stream(r: XzReader, out: Unpacked): Steps<void> {
  const check = streamHeader(r);
  const blocks: { total: number; uncompressed: number }[] = [];
  while (r.at < r.bytes.length && r.bytes[r.at] !== 0) blocks.push(yield* block(r, out, check));
  const index = r.at;
  r.byte();
  if (r.variable() !== blocks.length) throw new XzError("data");
  for (const { total, uncompressed } of blocks)
    if (r.variable() !== total || r.variable() !== uncompressed) throw new XzError("data");
  while ((r.at - index) % 4 !== 0) if (r.byte() !== 0) throw new XzError("data");
  r.crc(index);
  const size = r.at - index;
  const footer = streamFooter(r);
  if (footer.index !== size || footer.check !== check) throw new XzError("data");
}

/** What a stream's footer says: bytes of the index, and the number of the check. */
export function streamFooter(r: XzReader): { index: number; check: number } {
  const crc = r.number(4);
  const from = r.at;
  const index = (r.number(4) + 1) * 4;
  const [zero, check] = [r.byte(), r.byte()];
  if (crc !== crc32(r.bytes.subarray(from, r.at)) || zero !== 0) throw new XzError("data");
  for (const byte of FOOTER) if (r.byte() !== byte) throw new XzError("data");
  return { index, check };
}

/** Unpacks the streams of a file, or the first alone. Throws `XzError`. */
export function* unxzing(bytes: Uint8Array, single = false): Steps<Uint8Array> {
  const r = new XzReader(bytes);
  const out = new Unpacked();
  do {
    yield* stream(r, out);
    if (single) break;
    const from = r.at;
    while (bytes[r.at] === 0) r.at++;
    if ((r.at - from) % 4 !== 0) throw new XzError("data");
  } while (r.at < bytes.length);
  return out.bytes.subarray(0, out.size);
}
