/** NaCl's secretbox: XSalsa20 with Poly1305 (nacl.cr.yp.to; Salsa20 and Poly1305 by D. J. Bernstein). */

const TAG = 16;
const NONCE = 24;
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;
const PRIME = (1n << 130n) - 5n;
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn;

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

/** Places of the quarter rounds of a double round: columns, then rows. */
const QUARTERS = [
  [0, 4, 8, 12],
  [5, 9, 13, 1],
  [10, 14, 2, 6],
  [15, 3, 7, 11],
  [0, 1, 2, 3],
  [5, 6, 7, 4],
  [10, 11, 8, 9],
  [15, 12, 13, 14],
] as const;

function mixed(words: readonly number[]): Int32Array {
  const x = Int32Array.from(words);
  for (let round = 0; round < 10; round++) {
    for (const [a, b, c, d] of QUARTERS) {
      x[b]! ^= rotate((x[a]! + x[d]!) | 0, 7);
      x[c]! ^= rotate((x[b]! + x[a]!) | 0, 9);
      x[d]! ^= rotate((x[c]! + x[b]!) | 0, 13);
      x[a]! ^= rotate((x[d]! + x[c]!) | 0, 18);
    }
  }
  return x;
}

function wordsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i, true));
}

function input(key: readonly number[], middle: readonly number[]): number[] {
  const [s0, s1, s2, s3] = SIGMA;
  return [s0, ...key.slice(0, 4), s1, ...middle, s2, ...key.slice(4, 8), s3];
}

/** Salsa20's stream for the key that HSalsa20 makes of key and nonce. */
function stream(key: Uint8Array, nonce: Uint8Array, length: number): Uint8Array {
  const first = mixed(input(wordsOf(key), wordsOf(nonce.slice(0, 16))));
  const own = [0, 5, 10, 15, 6, 7, 8, 9].map((i) => first[i]!);
  const rest = wordsOf(nonce.slice(16, NONCE));
  const out = new Uint8Array(Math.ceil(length / 64) * 64);
  const view = new DataView(out.buffer);
  for (let block = 0; block * 64 < out.length; block++) {
    const words = input(own, [...rest, block, 0]);
    const x = mixed(words);
    for (let i = 0; i < 16; i++) view.setInt32(block * 64 + 4 * i, (x[i]! + words[i]!) | 0, true);
  }
  return out.subarray(0, length);
}

function little(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

function poly1305(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const r = little(key.subarray(0, 16)) & CLAMP;
  let sum = 0n;
  for (let at = 0; at < bytes.length; at += 16) {
    const block = bytes.subarray(at, at + 16);
    sum = ((sum + little(block) + (1n << BigInt(8 * block.length))) * r) % PRIME;
  }
  const tag = sum + little(key.subarray(16, 32));
  return Uint8Array.from({ length: TAG }, (_, i) => Number((tag >> BigInt(8 * i)) & 0xffn));
}

function covered(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array): { first: Uint8Array; out: Uint8Array } {
  const over = stream(key, nonce, 32 + bytes.length);
  return { first: over.subarray(0, 32), out: bytes.map((byte, i) => byte ^ over[32 + i]!) };
}

/** Tag and ciphertext. `key` of 32 bytes, `nonce` of 24. */
export function secretboxSeal(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array): Uint8Array {
  const { first, out } = covered(key, nonce, bytes);
  const box = new Uint8Array(TAG + out.length);
  box.set(poly1305(first, out));
  box.set(out, TAG);
  return box;
}

/** Undefined when the tag does not fit. */
export function secretboxOpen(key: Uint8Array, nonce: Uint8Array, box: Uint8Array): Uint8Array | undefined {
  const sealed = box.subarray(TAG);
  const { first, out } = covered(key, nonce, sealed);
  const tag = poly1305(first, sealed);
  for (let i = 0; i < TAG; i++) if (tag[i] !== box[i]) return undefined;
  return out;
}
