const DASH = 45;
/** The digit 4. */
const VERSION = 52;
const DIGITS = "0123456789abcdef";

/**
 * Seeded random streams, one per component, so that a component which draws once more does not shift the others.
 * Integer arithmetic only (sfc32, by Chris Doty-Humphrey), hence the same bytes on every machine.
 */
export class RandomStream {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number, name: string) {
    // FNV-1a over seed and name fills the state; 12 rounds mix it, as the author of sfc32 advises.
    this.a = seed | 0;
    this.b = fnv1a(name, 0x811c9dc5);
    this.c = fnv1a(name, this.a ^ 0x9e3779b9);
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** A uniform integer in 0 … 2³²-1. */
  uint32(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + t) | 0;
    return t >>> 0;
  }

  /** A uniform integer in `low … high`, both included. The range is at most 2³². */
  int(low: number, high: number): number {
    const span = high - low + 1;
    let draw = this.uint32();
    // Rejection keeps the draw uniform; only the highest ones may have to go.
    if (draw > 0x1_0000_0000 - span) {
      const limit = 0x1_0000_0000 - (0x1_0000_0000 % span);
      while (draw >= limit) draw = this.uint32();
    }
    return low + (draw % span);
  }

  /** One element of a non-empty list. */
  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!;
  }

  /** `length` characters of `alphabet`; by default the one of Kubernetes' generated names (k8s.io/apimachinery/pkg/util/rand). */
  string(length: number, alphabet = "bcdfghjklmnpqrstvwxz2456789"): string {
    // Made of codes at once: a text that grows by characters is kept as a chain of its parts.
    const codes = new Array<number>(length);
    const last = alphabet.length - 1;
    for (let i = 0; i < length; i++) codes[i] = alphabet.charCodeAt(this.int(0, last));
    return String.fromCharCode(...codes);
  }

  /** `length` lower-case hexadecimal digits, e.g. a container id with length 64. */
  hex(length: number): string {
    const codes = new Array<number>(length);
    let bits = 0;
    for (let i = 0; i < length; i++) {
      if ((i & 7) === 0) bits = this.uint32();
      codes[i] = DIGITS.charCodeAt(bits & 15);
      bits >>>= 4;
    }
    return String.fromCharCode(...codes);
  }

  /** A version 4 UUID (RFC 9562). */
  uuid(): string {
    // One text of its own, not a chain of pieces: thousands of ids stay for a session's life.
    const codes = new Array<number>(36);
    let bits = 0;
    let left = 0;
    for (let i = 0; i < 36; i++) {
      if (i === 8 || i === 13 || i === 18 || i === 23) codes[i] = DASH;
      else if (i === 14) codes[i] = VERSION;
      else {
        if (left-- === 0) {
          bits = this.uint32();
          left = 7;
        }
        codes[i] = DIGITS.charCodeAt(i === 19 ? 8 | (bits & 3) : bits & 15);
        bits >>>= 4;
      }
    }
    return String.fromCharCode(...codes);
  }

  /** The state, for the digest. */
  state(): string {
    return `${this.a},${this.b},${this.c},${this.counter}`;
  }
}

/** 32-bit FNV-1a over the UTF-16 code units of `text`. */
export function fnv1a(text: string, basis = 0x811c9dc5): number {
  let hash = basis | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}
