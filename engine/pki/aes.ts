/** AES (FIPS 197) with CBC and PKCS #7 padding (RFC 5652, 6.3), ECB, CTR, and GCM (NIST SP 800-38D). Keys of 16, 24 or 32 bytes. */

const SBOX = new Uint8Array(256);
const INVERSE = new Uint8Array(256);

/** Product in GF(2⁸) modulo x⁸ + x⁴ + x³ + x + 1. */
function times(a: number, b: number): number {
  let product = 0;
  for (let x = a, y = b; y > 0; y >>= 1) {
    if (y & 1) product ^= x;
    x = (x << 1) ^ (x & 0x80 ? 0x11b : 0);
  }
  return product & 0xff;
}

function fillBoxes(): void {
  for (let value = 0; value < 256; value++) {
    // The inverse is the 254th power: the group has 255 elements.
    let inverse = value === 0 ? 0 : 1;
    for (let i = 0; i < 254 && value !== 0; i++) inverse = times(inverse, value);
    let mixed = 0x63;
    for (let shift = 0; shift < 5; shift++) mixed ^= (inverse << shift) | (inverse >> (8 - shift));
    SBOX[value] = mixed & 0xff;
    INVERSE[mixed & 0xff] = value;
  }
}

const by = (factor: number): Uint8Array => Uint8Array.from({ length: 256 }, (_, value) => times(factor, value));
const [BY2, BY3, BY9, BY11, BY13, BY14] = [2, 3, 9, 11, 13, 14].map(by) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
fillBoxes();

const BLOCK = 16;

/** A key made ready: the round keys one after the other. */
export class Aes {
  private readonly keys: Uint8Array;
  private readonly rounds: number;

  constructor(key: Uint8Array) {
    if (key.length !== 16 && key.length !== 24 && key.length !== 32) throw new Error("aes: a key of no known length");
    const words = key.length / 4;
    this.rounds = words + 6;
    this.keys = new Uint8Array(BLOCK * (this.rounds + 1));
    this.keys.set(key);
    let constant = 1;
    for (let i = words; i < 4 * (this.rounds + 1); i++) {
      let word = this.keys.slice(4 * (i - 1), 4 * i);
      if (i % words === 0) {
        word = Uint8Array.of(SBOX[word[1]!]! ^ constant, SBOX[word[2]!]!, SBOX[word[3]!]!, SBOX[word[0]!]!);
        constant = times(constant, 2);
      } else if (words > 6 && i % words === 4) word = word.map((byte) => SBOX[byte]!);
      for (let j = 0; j < 4; j++) this.keys[4 * i + j] = this.keys[4 * (i - words) + j]! ^ word[j]!;
    }
  }

  private addKey(state: Uint8Array, round: number): void {
    for (let i = 0; i < BLOCK; i++) state[i]! ^= this.keys[BLOCK * round + i]!;
  }

  /** Encrypts a block in place. */
  encrypt(state: Uint8Array): void {
    this.addKey(state, 0);
    for (let round = 1; round <= this.rounds; round++) {
      const from = state.map((byte) => SBOX[byte]!);
      for (let column = 0; column < 4; column++) {
        const [a, b, c, d] = [0, 1, 2, 3].map((row) => from[(4 * (column + row) + row) % BLOCK]!) as [
          number,
          number,
          number,
          number,
        ];
        const at = 4 * column;
        if (round === this.rounds) state.set([a, b, c, d], at);
        else {
          state[at] = BY2[a]! ^ BY3[b]! ^ c ^ d;
          state[at + 1] = a ^ BY2[b]! ^ BY3[c]! ^ d;
          state[at + 2] = a ^ b ^ BY2[c]! ^ BY3[d]!;
          state[at + 3] = BY3[a]! ^ b ^ c ^ BY2[d]!;
        }
      }
      this.addKey(state, round);
    }
  }

  /** Decrypts a block in place. */
  decrypt(state: Uint8Array): void {
    this.addKey(state, this.rounds);
    for (let round = this.rounds - 1; round >= 0; round--) {
      const from = state.slice();
      for (let column = 0; column < 4; column++) {
        for (let row = 0; row < 4; row++) {
          state[4 * column + row] = INVERSE[from[(4 * (column - row + 4) + row) % BLOCK]!]!;
        }
      }
      this.addKey(state, round);
      if (round === 0) return;
      for (let at = 0; at < BLOCK; at += 4) {
        const [a, b, c, d] = [state[at]!, state[at + 1]!, state[at + 2]!, state[at + 3]!];
        state[at] = BY14[a]! ^ BY11[b]! ^ BY13[c]! ^ BY9[d]!;
        state[at + 1] = BY9[a]! ^ BY14[b]! ^ BY11[c]! ^ BY13[d]!;
        state[at + 2] = BY13[a]! ^ BY9[b]! ^ BY14[c]! ^ BY11[d]!;
        state[at + 3] = BY11[a]! ^ BY13[b]! ^ BY9[c]! ^ BY14[d]!;
      }
    }
  }
}

/** ECB with padding: each block for itself. */
export function ecbEncrypt(aes: Aes, bytes: Uint8Array): Uint8Array {
  const padding = BLOCK - (bytes.length % BLOCK);
  const out = new Uint8Array(bytes.length + padding).fill(padding);
  out.set(bytes);
  for (let at = 0; at < out.length; at += BLOCK) aes.encrypt(out.subarray(at, at + BLOCK));
  return out;
}

/** Undefined for bytes that are no whole blocks or have a wrong padding. */
export function ecbDecrypt(aes: Aes, bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length === 0 || bytes.length % BLOCK !== 0) return undefined;
  const out = bytes.slice();
  for (let at = 0; at < out.length; at += BLOCK) aes.decrypt(out.subarray(at, at + BLOCK));
  return unpadded(out);
}

/** CTR, whose counter is the whole of `iv`; the same both ways. */
export function ctr(aes: Aes, iv: Uint8Array, bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const counter = iv.slice();
  for (let at = 0; at < out.length; at += BLOCK) {
    const block = counter.slice();
    aes.encrypt(block);
    for (let i = 0; i < BLOCK && at + i < out.length; i++) out[at + i]! ^= block[i]!;
    for (let i = BLOCK - 1; i >= 0; i--) {
      counter[i]!++;
      if (counter[i] !== 0) break;
    }
  }
  return out;
}

function unpadded(out: Uint8Array): Uint8Array | undefined {
  const padding = out[out.length - 1]!;
  if (padding === 0 || padding > BLOCK) return undefined;
  for (let i = out.length - padding; i < out.length; i++) if (out[i] !== padding) return undefined;
  return out.subarray(0, out.length - padding);
}

/** CBC with padding; `iv` of 16 bytes. */
export function cbcEncrypt(aes: Aes, iv: Uint8Array, bytes: Uint8Array): Uint8Array {
  const padding = BLOCK - (bytes.length % BLOCK);
  const out = new Uint8Array(bytes.length + padding).fill(padding);
  out.set(bytes);
  let before = iv;
  for (let at = 0; at < out.length; at += BLOCK) {
    const block = out.subarray(at, at + BLOCK);
    for (let i = 0; i < BLOCK; i++) block[i]! ^= before[i]!;
    aes.encrypt(block);
    before = block;
  }
  return out;
}

/** Undefined when the bytes are no whole blocks or the padding is wrong: another key, most likely. */
export function cbcDecrypt(aes: Aes, iv: Uint8Array, bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length === 0 || bytes.length % BLOCK !== 0) return undefined;
  const out = bytes.slice();
  for (let at = 0; at < out.length; at += BLOCK) {
    const block = out.subarray(at, at + BLOCK);
    aes.decrypt(block);
    const before = at === 0 ? iv : bytes.subarray(at - BLOCK, at);
    for (let i = 0; i < BLOCK; i++) block[i]! ^= before[i]!;
  }
  return unpadded(out);
}

const TAG = 16;
/** x¹²⁸ + x⁷ + x² + x + 1, the least significant coefficient first. */
const REDUCTION = 0xe1n << 120n;

function number(block: Uint8Array): bigint {
  let value = 0n;
  for (let i = 0; i < BLOCK; i++) value = (value << 8n) | BigInt(block[i] ?? 0);
  return value;
}

function gcmTimes(a: bigint, b: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((a >> bit) & 1n) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ REDUCTION : shifted >> 1n;
  }
  return product;
}

function ghash(aes: Aes, additional: Uint8Array, bytes: Uint8Array): bigint {
  const zero = new Uint8Array(BLOCK);
  aes.encrypt(zero);
  const subkey = number(zero);
  let hash = 0n;
  for (const part of [additional, bytes]) {
    for (let at = 0; at < part.length; at += BLOCK) {
      hash = gcmTimes(hash ^ number(part.subarray(at, at + BLOCK)), subkey);
    }
  }
  const lengths = (BigInt(additional.length * 8) << 64n) | BigInt(bytes.length * 8);
  return gcmTimes(hash ^ lengths, subkey);
}

/** Counter blocks from `start` on, over the bytes. `nonce` of 12 bytes. */
function counted(aes: Aes, nonce: Uint8Array, start: number, bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  for (let at = 0, count = start; at < out.length; at += BLOCK, count++) {
    const block = new Uint8Array(BLOCK);
    block.set(nonce);
    new DataView(block.buffer).setUint32(12, count);
    aes.encrypt(block);
    for (let i = 0; i < BLOCK && at + i < out.length; i++) out[at + i]! ^= block[i]!;
  }
  return out;
}

function tagOf(aes: Aes, nonce: Uint8Array, additional: Uint8Array, sealed: Uint8Array): Uint8Array {
  const hash = ghash(aes, additional, sealed);
  const bytes = Uint8Array.from({ length: TAG }, (_, i) => Number((hash >> BigInt(8 * (TAG - 1 - i))) & 0xffn));
  return counted(aes, nonce, 1, bytes);
}

/** GCM: ciphertext and tag. */
export function gcmSeal(aes: Aes, nonce: Uint8Array, bytes: Uint8Array, additional: Uint8Array): Uint8Array {
  const sealed = counted(aes, nonce, 2, bytes);
  const out = new Uint8Array(sealed.length + TAG);
  out.set(sealed);
  out.set(tagOf(aes, nonce, additional, sealed), sealed.length);
  return out;
}

/** Undefined when the tag does not fit. */
export function gcmOpen(
  aes: Aes,
  nonce: Uint8Array,
  bytes: Uint8Array,
  additional: Uint8Array,
): Uint8Array | undefined {
  if (bytes.length < TAG) return undefined;
  const sealed = bytes.subarray(0, bytes.length - TAG);
  const tag = tagOf(aes, nonce, additional, sealed);
  for (let i = 0; i < TAG; i++) if (tag[i] !== bytes[sealed.length + i]) return undefined;
  return counted(aes, nonce, 2, sealed);
}
