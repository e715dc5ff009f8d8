/** Reading of LZMA streams and of LZMA2, the chunks that xz files hold. */
import {
  ALIGN_BITS,
  BIT_MODEL,
  END_POSITION_MODEL,
  type LengthModel,
  MATCH_MIN,
  MOVE,
  Model,
  modelOf,
  TOP,
} from "./lzma-model.ts";
import type { Steps } from "./steps.ts";

/** What cannot be read: broken (`data`), cut off (`end`), of another format, or made with what is not known here. */
export class XzError extends Error {
  readonly kind: "data" | "end" | "format" | "options" | "memory";

  constructor(kind: XzError["kind"]) {
    super(kind);
    this.kind = kind;
  }
}

/** Bytes between two turns of others. */
const STEP = 4096;
/** Most bytes that are made of a file. */
const MOST = 256 * 1024 * 1024;

/** Bytes that are put together. */
export class Unpacked {
  bytes = new Uint8Array(65_536);
  size = 0;

  room(more: number): void {
    const wanted = this.size + more;
    if (wanted <= this.bytes.length) return;
    if (wanted > MOST) throw new XzError("memory");
    const wider = new Uint8Array(Math.max(wanted, 2 * this.bytes.length));
    wider.set(this.bytes.subarray(0, this.size));
    this.bytes = wider;
  }

  add(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.bytes.set(bytes, this.size);
    this.size += bytes.length;
  }
}

/** The range decoder over a part of the input. */
class RangeDecoder {
  private readonly bytes: Uint8Array;
  private readonly end: number;
  at: number;
  private range = 0xffffffff;
  code = 0;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.end = end;
    if (at + 5 > end) throw new XzError("end");
    if (bytes[at] !== 0) throw new XzError("data");
    for (let i = 1; i < 5; i++) this.code = (this.code * 256 + bytes[at + i]!) >>> 0;
    this.at = at + 5;
  }

  private fill(): void {
    if (this.at >= this.end) throw new XzError("end");
    this.range = (this.range << 8) >>> 0;
    this.code = ((this.code << 8) | this.bytes[this.at++]!) >>> 0;
  }

  bit(model: Uint16Array, i: number): number {
    if (this.range < TOP) this.fill();
    const p = model[i]!;
    const bound = (this.range >>> BIT_MODEL) * p;
    if (this.code < bound) {
      this.range = bound;
      model[i] = p + ((2048 - p) >> MOVE);
      return 0;
    }
    this.range -= bound;
    this.code -= bound;
    model[i] = p - (p >> MOVE);
    return 1;
  }

  direct(bits: number): number {
    let out = 0;
    for (let i = 0; i < bits; i++) {
      if (this.range < TOP) this.fill();
      this.range >>>= 1;
      out *= 2;
      if (this.code >= this.range) {
        this.code -= this.range;
        out++;
      }
    }
    return out;
  }

  tree(model: Uint16Array, from: number, bits: number): number {
    let m = 1;
    for (let i = 0; i < bits; i++) m = (m << 1) | this.bit(model, from + m);
    return m - (1 << bits);
  }

  reverse(model: Uint16Array, from: number, bits: number): number {
    let m = 1;
    let out = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(model, from + m);
      m = (m << 1) | bit;
      out |= bit << i;
    }
    return out;
  }

  /** The last bytes that the coder still owes; nothing is left over behind them. */
  finish(): void {
    if (this.range < TOP) this.fill();
    if (this.code !== 0) throw new XzError("data");
  }
}

function lengthOf(rc: RangeDecoder, model: LengthModel, positionState: number): number {
  if (rc.bit(model.choice, 0) === 0) return MATCH_MIN + rc.tree(model.low, positionState << 3, 3);
  if (rc.bit(model.choice, 1) === 0) return MATCH_MIN + 8 + rc.tree(model.middle, positionState << 3, 3);
  return MATCH_MIN + 16 + rc.tree(model.high, 0, 8);
}

function distanceOf(rc: RangeDecoder, m: Model, length: number): number {
  const slot = rc.tree(m.slot, Math.min(length - MATCH_MIN, 3) << 6, 6);
  if (slot < 4) return slot;
  const bits = (slot >> 1) - 1;
  const base = (2 | (slot & 1)) * 2 ** bits;
  if (slot < END_POSITION_MODEL) return base + rc.reverse(m.special, base - slot, bits);
  return base + rc.direct(bits - ALIGN_BITS) * 16 + rc.reverse(m.align, 0, ALIGN_BITS);
}

/**
 * Adds what a range coder holds to `out`, `wanted` bytes (or up to the mark of an end); what lies before `start` is not
 * to be copied. Gives where the input went on. Throws `XzError`.
 */
function* decoding(
  m: Model,
  out: Unpacked,
  start: number,
  wanted: number,
  input: Uint8Array,
  at: number,
  end: number,
): Steps<number> {
  const rc = new RangeDecoder(input, at, end);
  const stop = out.size + wanted;
  const positionMask = (1 << m.pb) - 1;
  let told = out.size;
  while (out.size < stop) {
    if (out.size - told >= STEP) {
      yield out.size - told;
      told = out.size;
    }
    out.room(1);
    const position = out.size - start;
    const positionState = position & positionMask;
    const before = position > 0 ? out.bytes[out.size - 1]! : 0;
    if (rc.bit(m.isMatch, (m.state << 4) + positionState) === 0) {
      const from = m.literalAt(position, before);
      let symbol = 1;
      if (m.state >= 7) {
        let match = out.bytes[out.size - m.rep0 - 1]!;
        do {
          const matchBit = (match >> 7) & 1;
          match <<= 1;
          const bit = rc.bit(m.literal, from + ((1 + matchBit) << 8) + symbol);
          symbol = (symbol << 1) | bit;
          if (matchBit !== bit) break;
        } while (symbol < 0x100);
      }
      while (symbol < 0x100) symbol = (symbol << 1) | rc.bit(m.literal, from + symbol);
      out.bytes[out.size++] = symbol & 255;
      m.afterLiteral();
      continue;
    }
    let length: number;
    if (rc.bit(m.isRep, m.state) !== 0) {
      if (position === 0) throw new XzError("data");
      if (rc.bit(m.isRep0, m.state) === 0) {
        if (rc.bit(m.isRep0Long, (m.state << 4) + positionState) === 0) {
          if (m.rep0 >= position) throw new XzError("data");
          out.bytes[out.size] = out.bytes[out.size - m.rep0 - 1]!;
          out.size++;
          m.afterShortRep();
          continue;
        }
      } else {
        let distance: number;
        if (rc.bit(m.isRep1, m.state) === 0) distance = m.rep1;
        else {
          if (rc.bit(m.isRep2, m.state) === 0) distance = m.rep2;
          else {
            distance = m.rep3;
            m.rep3 = m.rep2;
          }
          m.rep2 = m.rep1;
        }
        m.rep1 = m.rep0;
        m.rep0 = distance;
      }
      length = lengthOf(rc, m.repLength, positionState);
      m.afterRep();
    } else {
      m.rep3 = m.rep2;
      m.rep2 = m.rep1;
      m.rep1 = m.rep0;
      length = lengthOf(rc, m.length, positionState);
      m.afterMatch();
      m.rep0 = distanceOf(rc, m, length);
      if (m.rep0 === 0xffffffff) {
        if (wanted !== Number.POSITIVE_INFINITY) throw new XzError("data");
        break;
      }
    }
    if (m.rep0 >= position) throw new XzError("data");
    // A match does not reach beyond what a chunk says it has.
    if (length > stop - out.size) throw new XzError("data");
    out.room(length);
    const { bytes } = out;
    for (let from = out.size - m.rep0 - 1; length > 0; length--) bytes[out.size++] = bytes[from++]!;
  }
  rc.finish();
  return rc.at;
}

/** Adds the chunks of LZMA2 to `out`; gives where they end. Throws `XzError`. */
export function* lzma2Decoding(input: Uint8Array, from: number, out: Unpacked): Steps<number> {
  let at = from;
  let model: Model | undefined;
  let start = out.size;
  let fresh = true;
  for (;;) {
    const control = input[at++];
    if (control === undefined) throw new XzError("end");
    if (control === 0) return at;
    if (control === 1 || control >= 0xe0) {
      fresh = false;
      start = out.size;
    } else if (fresh) throw new XzError("data");
    if (control < 0x80) {
      if (control > 2) throw new XzError("data");
      if (at + 2 > input.length) throw new XzError("end");
      const size = ((input[at]! << 8) | input[at + 1]!) + 1;
      at += 2;
      if (at + size > input.length) throw new XzError("end");
      out.add(input.subarray(at, at + size));
      at += size;
      yield size;
      continue;
    }
    if (at + 5 > input.length) throw new XzError("end");
    const unpacked = (((control & 31) << 16) | (input[at]! << 8) | input[at + 1]!) + 1;
    const packed = ((input[at + 2]! << 8) | input[at + 3]!) + 1;
    at += 4;
    const reset = (control >> 5) & 3;
    if (reset >= 2) {
      model = modelOf(input[at++]!);
      if (model === undefined || model.lc + model.lp > 4) throw new XzError("data");
    } else if (reset === 1 && model !== undefined) model = new Model(model.lc, model.lp, model.pb);
    if (model === undefined) throw new XzError("data");
    const end = yield* decoding(model, out, start, unpacked, input, at, Math.min(input.length, at + packed));
    if (end !== at + packed) throw new XzError(at + packed > input.length ? "end" : "data");
    at = end;
  }
}

/** What a .lzma file holds (LZMA_alone). Throws `XzError`. */
export function* unlzmaing(input: Uint8Array): Steps<Uint8Array> {
  const model = input.length < 13 ? undefined : modelOf(input[0]!);
  if (model === undefined) throw new XzError("format");
  const view = new DataView(input.buffer, input.byteOffset);
  const [low, high] = [view.getUint32(5, true), view.getUint32(9, true)];
  const known = low !== 0xffffffff || high !== 0xffffffff;
  // The format has no magic number: what no program writes is taken for something else, as xz does.
  const dictionary = view.getUint32(1, true);
  const lowest = (dictionary & -dictionary) >>> 0;
  const usual = dictionary > 0 && (dictionary === 0xffffffff || dictionary === lowest || dictionary === 3 * lowest);
  if (!usual || (known && high >= 64)) throw new XzError("format");
  const out = new Unpacked();
  const wanted = known ? high * 2 ** 32 + low : Number.POSITIVE_INFINITY;
  yield* decoding(model, out, 0, wanted, input, 13, input.length);
  return out.bytes.subarray(0, out.size);
}
