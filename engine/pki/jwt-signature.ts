/**
 * ES256 signatures for the many ServiceAccount tokens of a cluster, from a pool of nonces whose points are computed
 * once. Reusing nonces gives a key away; this one is no secret to begin with (it is drawn from a name, and guards a
 * simulation), and a verifier cannot tell. RFC 6979 signatures cost half a millisecond each, these some microseconds.
 */
import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encode, encodeBase64Url } from "../kernel/index.ts";

const POOL = 16;
const { n } = p256.Point.CURVE();

interface Nonce {
  r: bigint;
  inverse: bigint;
}

const pool: (Nonce | undefined)[] = [];

function nonce(index: number): Nonce {
  let made = pool[index];
  if (made === undefined) {
    const k = toBigInt(sha256(encode(`kubetude nonce ${index}`))) % n;
    made = { r: p256.Point.BASE.multiply(k).x % n, inverse: p256.Point.Fn.inv(k) };
    pool[index] = made;
  }
  return made;
}

/** Signature r ‖ s, 64 bytes, over SHA-256 of `message` (RFC 7518, section 3.4). */
export function signEs256(message: Uint8Array, secret: Uint8Array): Uint8Array {
  const digest = sha256(message);
  const { r, inverse } = nonce(digest[0]! % POOL);
  const s = (inverse * ((toBigInt(digest) + r * numberOf(secret)) % n)) % n;
  const out = new Uint8Array(64);
  write(out, 0, r);
  write(out, 32, s);
  return out;
}

/** A private key as a number; there are few, each the key of thousands of tokens. */
const numbers = new WeakMap<Uint8Array, bigint>();

function numberOf(secret: Uint8Array): bigint {
  let number = numbers.get(secret);
  if (number === undefined) numbers.set(secret, (number = toBigInt(secret)));
  return number;
}

/** A big-endian number of 32 bytes. */
function toBigInt(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let value = 0n;
  for (let at = 0; at < 32; at += 8) value = (value << 64n) | view.getBigUint64(at);
  return value;
}

function write(out: Uint8Array, at: number, value: bigint): void {
  const view = new DataView(out.buffer);
  for (let i = 0; i < 4; i++) view.setBigUint64(at + 24 - 8 * i, BigInt.asUintN(64, value >> BigInt(64 * i)));
}

/** The servers of a cluster, and the sessions of a process, share their key. */
const keyIds = new WeakMap<Uint8Array, string>();

/** Hash of the public key of a P-256 private one (pkg/serviceaccount/jwt.go keyIDFromPublicKey). */
export function keyIdOf(key: Uint8Array): string {
  let id = keyIds.get(key);
  if (id === undefined) keyIds.set(key, (id = encodeBase64Url(sha256(p256.getPublicKey(key)))));
  return id;
}

/** The first part of every token that a key signs. */
export function jwtHeader(key: Uint8Array): string {
  return encodeBase64Url(encode(JSON.stringify({ alg: "ES256", kid: keyIdOf(key) })));
}

/** A token of these claims, signed with a P-256 private key of 32 bytes. */
export function signJwt(claims: object, key: Uint8Array, header = jwtHeader(key)): string {
  const signed = `${header}.${encodeBase64Url(encode(JSON.stringify(claims)))}`;
  return `${signed}.${encodeBase64Url(signEs256(encode(signed), key))}`;
}
