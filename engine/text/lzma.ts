/**
 * Writing of LZMA and LZMA2: matches are sought by chains of hashes and taken greedily, so that a file comes out some
 * percent larger than of liblzma, which weighs many ways against each other.
 */
import {
  ALIGN_BITS,
  BIT_MODEL,
  END_POSITION_MODEL,
  type LengthModel,
  MATCH_MAX,
  MATCH_MIN,
  MOVE,
  Model,
  TOP,
} from "./lzma-model.ts";
import type { Steps } from "./steps.ts";

/** Bytes between two turns of others. */
const STEP = 2048;

class RangeEncoder {
  private low = 0;
  private range = 0xffffffff;
  private cache = 0;
  private pending = 1;
  readonly out: number[] = [];

  private shift(): void {
    if (this.low < 0xff000000 || this.low > 0xffffffff) {
      const carry = this.low > 0xffffffff ? 1 : 0;
      let byte = this.cache;
      do {
        this.out.push((byte + carry) & 255);
        byte = 255;
      } while (--this.pending > 0);
      this.cache = Math.floor(this.low / TOP) & 255;
    }
    this.pending++;
    this.low = (this.low % TOP) * 256;
  }

  bit(model: Uint16Array, i: number, bit: number): void {
    const p = model[i]!;
    const bound = (this.range >>> BIT_MODEL) * p;
    if (bit === 0) {
      this.range = bound;
      model[i] = p + ((2048 - p) >> MOVE);
    } else {
      this.low += bound;
      this.range -= bound;
      model[i] = p - (p >> MOVE);
    }
    while (this.range < TOP) {
      this.range = (this.range << 8) >>> 0;
      this.shift();
    }
  }

  direct(value: number, bits: number): void {
    for (let i = bits - 1; i >= 0; i--) {
      this.range >>>= 1;
      if ((value >>> i) & 1) this.low += this.range;
      while (this.range < TOP) {
        this.range = (this.range << 8) >>> 0;
        this.shift();
      }
    }
  }

  tree(model: Uint16Array, from: number, bits: number, value: number): void {
    let m = 1;
    for (let i = bits - 1; i >= 0; i--) {
      const bit = (value >> i) & 1;
      this.bit(model, from + m, bit);
      m = (m << 1) | bit;
    }
  }

  reverse(model: Uint16Array, from: number, bits: number, value: number): void {
    let m = 1;
    for (let i = 0; i < bits; i++) {
      const bit = (value >> i) & 1;
      this.bit(model, from + m, bit);
      m = (m << 1) | bit;
    }
  }

  /** Bytes that there will be. */
  get size(): number {
    return this.out.length + this.pending + 4;
  }

  finish(): Uint8Array {
    for (let i = 0; i < 5; i++) this.shift();
    return Uint8Array.from(this.out);
  }
}

function putLength(rc: RangeEncoder, model: LengthModel, positionState: number, length: number): void {
  const n = length - MATCH_MIN;
  rc.bit(model.choice, 0, n < 8 ? 0 : 1);
  if (n < 8) {
    rc.tree(model.low, positionState << 3, 3, n);
    return;
  }
  rc.bit(model.choice, 1, n < 16 ? 0 : 1);
  if (n < 16) rc.tree(model.middle, positionState << 3, 3, n - 8);
  else rc.tree(model.high, 0, 8, n - 16);
}

function putDistance(rc: RangeEncoder, m: Model, length: number, distance: number): void {
  const bitsOf = 31 - Math.clz32(distance);
  const slot = distance < 4 ? distance : (bitsOf << 1) | ((distance >>> (bitsOf - 1)) & 1);
  rc.tree(m.slot, Math.min(length - MATCH_MIN, 3) << 6, 6, slot);
  if (slot < 4) return;
  const bits = (slot >> 1) - 1;
  const base = ((2 | (slot & 1)) << bits) >>> 0;
  if (slot < END_POSITION_MODEL) rc.reverse(m.special, base - slot, bits, distance - base);
  else {
    rc.direct((distance - base) >>> ALIGN_BITS, bits - ALIGN_BITS);
    rc.reverse(m.align, 0, ALIGN_BITS, distance & 15);
  }
}

/** Finds earlier places that begin alike. */
class Finder {
  private readonly bytes: Uint8Array;
  private readonly heads: Int32Array;
  private readonly previous: Int32Array;
  private readonly depth: number;
  private readonly window: number;
  length = 0;
  distance = 0;

  constructor(bytes: Uint8Array, depth: number, window: number) {
    this.bytes = bytes;
    this.depth = depth;
    this.window = window;
    this.heads = new Int32Array(1 << 16).fill(-1);
    this.previous = new Int32Array(bytes.length);
  }

  private hash(at: number): number {
    const { bytes } = this;
    return (Math.imul(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16), 0x9e3779b1) >>> 16) & 0xffff;
  }

  /** Notes a place. */
  insert(at: number): void {
    if (at + 3 > this.bytes.length) return;
    const hash = this.hash(at);
    this.previous[at] = this.heads[hash]!;
    this.heads[hash] = at;
  }

  /** How far two places are alike. */
  alike(a: number, b: number): number {
    const { bytes } = this;
    const most = Math.min(MATCH_MAX, bytes.length - b);
    let n = 0;
    while (n < most && bytes[a + n] === bytes[b + n]) n++;
    return n;
  }

  /** The longest match at a place, into `length` and `distance` (less one). */
  find(at: number): void {
    this.length = 0;
    if (at + 3 > this.bytes.length) return;
    let candidate = this.heads[this.hash(at)]!;
    for (let n = this.depth; n > 0 && candidate >= 0 && at - candidate <= this.window; n--) {
      if (this.length === 0 || this.bytes[candidate + this.length] === this.bytes[at + this.length]) {
        const length = this.alike(candidate, at);
        if (length > this.length) {
          this.length = length;
          this.distance = at - candidate - 1;
          if (length === MATCH_MAX) return;
        }
      }
      candidate = this.previous[candidate]!;
    }
  }
}

/** A place in the input, and how it is packed on. */
class Packer {
  readonly bytes: Uint8Array;
  private readonly finder: Finder;
  model = new Model();
  at = 0;

  constructor(bytes: Uint8Array, level: number) {
    this.bytes = bytes;
    this.finder = new Finder(bytes, 4 << Math.min(6, level), 2 ** 26);
  }

  /** Packs one symbol: a literal or a match of at most `most` bytes. */
  symbol(rc: RangeEncoder, most: number): void {
    const { model: m, finder, bytes, at } = this;
    const positionState = at & ((1 << m.pb) - 1);
    const context = (m.state << 4) + positionState;
    let [rep, repLength] = [0, 0];
    const reps = [m.rep0, m.rep1, m.rep2, m.rep3];
    for (let i = 0; i < 4; i++) {
      if (reps[i]! >= at) continue;
      const length = finder.alike(at - reps[i]! - 1, at);
      if (length > repLength) [rep, repLength] = [i, length];
    }
    finder.find(at);
    repLength = Math.min(repLength, most);
    let length = Math.min(finder.length, most);
    const { distance } = finder;
    // A short match that is far away costs more than what it stands for.
    if (length < 3 || (length === 3 && distance > 2048) || (length === 4 && distance > 2 ** 18)) length = 0;
    if (repLength >= 2 && repLength + (distance > 512 ? 2 : 1) >= length) {
      rc.bit(m.isMatch, context, 1);
      rc.bit(m.isRep, m.state, 1);
      rc.bit(m.isRep0, m.state, rep === 0 ? 0 : 1);
      if (rep === 0) rc.bit(m.isRep0Long, context, 1);
      else {
        rc.bit(m.isRep1, m.state, rep === 1 ? 0 : 1);
        if (rep > 1) rc.bit(m.isRep2, m.state, rep - 2);
        if (rep === 3) m.rep3 = m.rep2;
        if (rep >= 2) m.rep2 = m.rep1;
        m.rep1 = m.rep0;
        m.rep0 = reps[rep]!;
      }
      putLength(rc, m.repLength, positionState, repLength);
      m.afterRep();
      this.pass(repLength);
    } else if (length >= MATCH_MIN) {
      rc.bit(m.isMatch, context, 1);
      rc.bit(m.isRep, m.state, 0);
      m.rep3 = m.rep2;
      m.rep2 = m.rep1;
      m.rep1 = m.rep0;
      m.rep0 = distance;
      putLength(rc, m.length, positionState, length);
      putDistance(rc, m, length, distance);
      m.afterMatch();
      this.pass(length);
    } else if (at > 0 && m.rep0 < at && m.state >= 7 && bytes[at - m.rep0 - 1] === bytes[at]) {
      rc.bit(m.isMatch, context, 1);
      rc.bit(m.isRep, m.state, 1);
      rc.bit(m.isRep0, m.state, 0);
      rc.bit(m.isRep0Long, context, 0);
      m.afterShortRep();
      this.pass(1);
    } else {
      rc.bit(m.isMatch, context, 0);
      this.literal(rc);
      m.afterLiteral();
      this.pass(1);
    }
  }

  private literal(rc: RangeEncoder): void {
    const { model: m, bytes, at } = this;
    const byte = bytes[at]!;
    const from = m.literalAt(at, at > 0 ? bytes[at - 1]! : 0);
    let symbol = 1;
    let alike = m.state >= 7;
    for (let i = 7; i >= 0; i--) {
      const bit = (byte >> i) & 1;
      if (alike) {
        const matchBit = (bytes[at - m.rep0 - 1]! >> i) & 1;
        rc.bit(m.literal, from + ((1 + matchBit) << 8) + symbol, bit);
        alike = matchBit === bit;
      } else rc.bit(m.literal, from + symbol, bit);
      symbol = (symbol << 1) | bit;
    }
  }

  private pass(count: number): void {
    for (let i = 0; i < count; i++) this.finder.insert(this.at++);
  }

  /** Goes on behind what was left as it is. */
  reset(): void {
    this.model = new Model();
  }
}

/** Most bytes of a chunk: packed they must fit into 64 KiB. */
const CHUNK = 2 ** 21;
const PACKED = 0xfe00;

/** The chunks of LZMA2, and their end. */
export function* lzma2Encoding(bytes: Uint8Array, level: number): Steps<Uint8Array[]> {
  const packer = new Packer(bytes, level);
  const out: Uint8Array[] = [];
  let [fresh, properties, reset] = [true, true, false];
  let told = 0;
  while (packer.at < bytes.length) {
    const from = packer.at;
    const end = Math.min(bytes.length, from + CHUNK);
    const rc = new RangeEncoder();
    while (packer.at < end && rc.size < PACKED) {
      packer.symbol(rc, end - packer.at);
      if (packer.at - told >= STEP) {
        yield packer.at - told;
        told = packer.at;
      }
    }
    const size = packer.at - from - 1;
    const packed = rc.finish();
    if (packed.length < size) {
      const kind = fresh ? 3 : properties ? 2 : reset ? 1 : 0;
      const last = packed.length - 1;
      const head = [0x80 | (kind << 5) | (size >> 16), (size >> 8) & 255, size & 255, last >> 8, last & 255];
      if (kind >= 2) head.push(0x5d);
      out.push(Uint8Array.from(head), packed);
      [fresh, properties, reset] = [false, false, false];
    } else {
      for (let at = from; at < packer.at; at += 65_536) {
        const part = bytes.subarray(at, Math.min(packer.at, at + 65_536));
        out.push(Uint8Array.of(fresh ? 1 : 2, (part.length - 1) >> 8, (part.length - 1) & 255), part);
        fresh = false;
      }
      packer.reset();
      reset = true;
    }
  }
  out.push(Uint8Array.of(0));
  return out;
}

/** A .lzma file (LZMA_alone), which ends with a mark. */
export function* lzmaing(bytes: Uint8Array, level: number, dictionary: number): Steps<Uint8Array> {
  const packer = new Packer(bytes, level);
  const rc = new RangeEncoder();
  let told = 0;
  while (packer.at < bytes.length) {
    packer.symbol(rc, bytes.length - packer.at);
    if (packer.at - told >= STEP) {
      yield packer.at - told;
      told = packer.at;
    }
  }
  const { model: m } = packer;
  const positionState = packer.at & ((1 << m.pb) - 1);
  rc.bit(m.isMatch, (m.state << 4) + positionState, 1);
  rc.bit(m.isRep, m.state, 0);
  putLength(rc, m.length, positionState, MATCH_MIN);
  putDistance(rc, m, MATCH_MIN, 0xffffffff);
  const body = rc.finish();
  const out = new Uint8Array(13 + body.length);
  out[0] = 0x5d;
  new DataView(out.buffer).setUint32(1, dictionary, true);
  out.fill(0xff, 5, 13);
  out.set(body, 13);
  return out;
}
