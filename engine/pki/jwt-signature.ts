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
  const s = (inverse * ((toBigInt(digest) + r * toBigInt(secret)) % n)) % n;
  const out = new Uint8Array(64);
  write(out, 0, r);
  write(out, 32, s);
  return out;
}

function toBigInt(bytes: Uint8Array): bigint {
  let text = "0x";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return BigInt(text);
}

function write(out: Uint8Array, at: number, value: bigint): void {
  const hex = value.toString(16).padStart(64, "0");
  for (let i = 0; i < 32; i++) out[at + i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
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
