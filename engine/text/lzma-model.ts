/** What packing and unpacking of LZMA share: how contexts choose among probabilities (the LZMA specification of LZMA SDK). */

/** A bit is as likely 0 as 1. */
const EVEN = 1024;
export const TOP = 2 ** 24;
export const BIT_MODEL = 11;
export const MOVE = 5;

export const STATES = 12;
export const POSITION_STATES = 16;
export const MATCH_MIN = 2;
export const MATCH_MAX = 273;
export const END_POSITION_MODEL = 14;
export const FULL_DISTANCES = 128;
export const ALIGN_BITS = 4;

function evens(size: number): Uint16Array {
  return new Uint16Array(size).fill(EVEN);
}

/** Probabilities of a length: 2 to 9, 10 to 17, 18 to 273. */
export interface LengthModel {
  /** Beyond the first range, beyond the second. */
  choice: Uint16Array;
  low: Uint16Array;
  middle: Uint16Array;
  high: Uint16Array;
}

function lengthModel(): LengthModel {
  return {
    choice: evens(2),
    low: evens(POSITION_STATES << 3),
    middle: evens(POSITION_STATES << 3),
    high: evens(256),
  };
}

/** All probabilities of a stream, and what was last: `lc` bits of the byte before and `lp` of the position choose a literal's. */
export class Model {
  readonly lc: number;
  readonly lp: number;
  readonly pb: number;
  readonly isMatch = evens(STATES * POSITION_STATES);
  readonly isRep = evens(STATES);
  readonly isRep0 = evens(STATES);
  readonly isRep1 = evens(STATES);
  readonly isRep2 = evens(STATES);
  readonly isRep0Long = evens(STATES * POSITION_STATES);
  readonly slot = evens(4 << 6);
  readonly special = evens(FULL_DISTANCES);
  readonly align = evens(1 << ALIGN_BITS);
  readonly length = lengthModel();
  readonly repLength = lengthModel();
  readonly literal: Uint16Array;
  state = 0;
  /** The last four distances, less one. */
  rep0 = 0;
  rep1 = 0;
  rep2 = 0;
  rep3 = 0;

  constructor(lc = 3, lp = 0, pb = 2) {
    this.lc = lc;
    this.lp = lp;
    this.pb = pb;
    this.literal = evens(0x300 << (lc + lp));
  }

  /** Where the probabilities of a literal begin. */
  literalAt(position: number, before: number): number {
    return 0x300 * (((position & ((1 << this.lp) - 1)) << this.lc) + (before >> (8 - this.lc)));
  }

  afterLiteral(): void {
    this.state = this.state < 4 ? 0 : this.state < 10 ? this.state - 3 : this.state - 6;
  }

  afterMatch(): void {
    this.state = this.state < 7 ? 7 : 10;
  }

  afterRep(): void {
    this.state = this.state < 7 ? 8 : 11;
  }

  afterShortRep(): void {
    this.state = this.state < 7 ? 9 : 11;
  }
}

/** `lc`, `lp` and `pb` of a properties byte; undefined where it is none. */
export function modelOf(byte: number): Model | undefined {
  if (byte >= 9 * 5 * 5) return undefined;
  return new Model(byte % 9, Math.floor(byte / 9) % 5, Math.floor(byte / 45));
}
