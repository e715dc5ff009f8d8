/** RSA (RFC 8017): keys, and signatures of the PKCS #1 v1.5 kind. */
import { decodeBase64, type RandomStream } from "../kernel/index.ts";
import { RSA_PRIMES } from "./rsa-primes.ts";

export interface RsaPublicKey {
  n: bigint;
  e: bigint;
}

export interface RsaPrivateKey extends RsaPublicKey {
  d: bigint;
  p: bigint;
  q: bigint;
  dp: bigint;
  dq: bigint;
  qi: bigint;
}

export function bytesToBigInt(bytes: Uint8Array): bigint {
  let text = "0x0";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return BigInt(text);
}

/** Big-endian bytes, at least `length` of them. */
export function bigIntToBytes(value: bigint, length = 0): Uint8Array {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  hex = hex.padStart(length * 2, "0");
  const out = new Uint8Array(hex.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return out;
}

export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

export function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let out = 1n;
  const b = base % modulus;
  for (const bit of exponent.toString(2)) {
    out = (out * out) % modulus;
    if (bit === "1") out = (out * b) % modulus;
  }
  return out;
}

function inverse(a: bigint, modulus: bigint): bigint {
  let [r0, r1] = [modulus, a % modulus];
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    const q = r0 / r1;
    [r0, r1] = [r1, r0 - q * r1];
    [t0, t1] = [t1, t0 - q * t1];
  }
  return t0 < 0n ? t0 + modulus : t0;
}

const E = 65_537n;

/** A key whose modulus has that many bits (512 or more). Sizes that are usual cost nothing, others a search for primes. */
export function generateRsa(bits: number, random: RandomStream): RsaPrivateKey {
  const half = bits >> 1;
  const pool = bits % 2 === 0 ? RSA_PRIMES[half] : undefined;
  if (pool !== undefined) {
    const first = random.int(0, pool.length - 1);
    const second = (first + random.int(1, pool.length - 1)) % pool.length;
    return fromPrimes(bytesToBigInt(decodeBase64(pool[first]!)!), bytesToBigInt(decodeBase64(pool[second]!)!));
  }
  const p = prime(bits - half, random);
  let q = prime(half, random);
  while (q === p) q = prime(half, random);
  return fromPrimes(p, q);
}

function fromPrimes(a: bigint, b: bigint): RsaPrivateKey {
  const [p, q] = a > b ? [a, b] : [b, a];
  const d = inverse(E, (p - 1n) * (q - 1n));
  return { n: p * q, e: E, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
}

const SMALL = smallPrimes(2000);

function smallPrimes(below: number): bigint[] {
  const out: bigint[] = [];
  for (let n = 3; n < below; n += 2) if (out.every((p) => BigInt(n) % p !== 0n)) out.push(BigInt(n));
  return out;
}

function prime(bits: number, random: RandomStream): bigint {
  for (;;) {
    const top = 3n << BigInt(bits - 2);
    const digits = BigInt(`0x${random.hex(Math.ceil(bits / 4))}`);
    let candidate = (digits & ((1n << BigInt(bits)) - 1n)) | top | 1n;
    for (let tries = 0; tries < 200; tries++, candidate += 2n) {
      if (SMALL.some((p) => candidate % p === 0n) || (candidate - 1n) % E === 0n) continue;
      if (isProbablePrime(candidate)) return candidate;
    }
  }
}

/** Miller-Rabin with fixed bases: enough for numbers that nobody chose to fool it. */
function isProbablePrime(n: bigint): boolean {
  let d = n - 1n;
  let s = 0;
  while ((d & 1n) === 0n) {
    d >>= 1n;
    s++;
  }
  return [2n, 3n, 5n, 7n].every((base) => {
    let x = modPow(base, d, n);
    if (x === 1n || x === n - 1n) return true;
    for (let i = 1; i < s; i++) {
      x = (x * x) % n;
      if (x === n - 1n) return true;
    }
    return false;
  });
}

export function privateOperation(key: RsaPrivateKey, m: bigint): bigint {
  if (key.p === 0n) return modPow(m, key.d, key.n);
  const m1 = modPow(m, key.dp, key.p);
  const m2 = modPow(m, key.dq, key.q);
  let h = ((m1 - m2) * key.qi) % key.p;
  if (h < 0n) h += key.p;
  return m2 + h * key.q;
}

export function modulusBytes({ n }: RsaPublicKey): number {
  return Math.ceil(bitLength(n) / 8);
}

/** EMSA-PKCS1-v1_5: a DigestInfo padded to the modulus' length. */
function padded(info: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length).fill(0xff);
  out[0] = 0;
  out[1] = 1;
  out[length - info.length - 1] = 0;
  out.set(info, length - info.length);
  return out;
}

/** RSASSA-PKCS1-v1_5 over a DigestInfo (DER). */
export function signRsa(key: RsaPrivateKey, info: Uint8Array): Uint8Array {
  const length = modulusBytes(key);
  return bigIntToBytes(privateOperation(key, bytesToBigInt(padded(info, length))), length);
}

export function verifyRsa(key: RsaPublicKey, info: Uint8Array, signature: Uint8Array): boolean {
  const length = modulusBytes(key);
  if (signature.length !== length || info.length + 11 > length) return false;
  return modPow(bytesToBigInt(signature), key.e, key.n) === bytesToBigInt(padded(info, length));
}
