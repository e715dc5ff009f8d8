/** What RSA encrypts (RFC 8017): PKCS #1 v1.5 and OAEP. */
import { concat } from "../kernel/index.ts";
import { DIGESTS, type DigestName } from "./keys.ts";
import {
  bigIntToBytes,
  bytesToBigInt,
  modPow,
  modulusBytes,
  privateOperation,
  type RsaPrivateKey,
  type RsaPublicKey,
} from "./rsa.ts";

const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, i) => byte ^ b[i]!);

/** MGF1 of RFC 8017. */
function mask(seed: Uint8Array, length: number, digest: DigestName): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let i = 0; size < length; i++) {
    const part = DIGESTS[digest].hash(concat([seed, bigIntToBytes(BigInt(i), 4)]));
    parts.push(part);
    size += part.length;
  }
  return concat(parts).subarray(0, length);
}

/**
 * RSAES-PKCS1-v1_5, or OAEP with a digest; `fill` gives random bytes that are not zero. Undefined for what is too long.
 */
export function encryptRsa(
  key: RsaPublicKey,
  message: Uint8Array,
  oaep: DigestName | undefined,
  fill: (count: number) => Uint8Array,
): Uint8Array | undefined {
  const length = modulusBytes(key);
  let block: Uint8Array;
  if (oaep === undefined) {
    if (message.length + 11 > length) return undefined;
    block = concat([[0, 2], fill(length - message.length - 3), [0], message].map((part) => Uint8Array.from(part)));
  } else {
    const hash = DIGESTS[oaep].hash(new Uint8Array(0));
    const rest = length - message.length - 2 * hash.length - 2;
    if (rest < 0) return undefined;
    const data = concat([hash, new Uint8Array(rest), Uint8Array.of(1), message]);
    const seed = fill(hash.length);
    const masked = xor(data, mask(seed, data.length, oaep));
    block = concat([Uint8Array.of(0), xor(seed, mask(masked, hash.length, oaep)), masked]);
  }
  return bigIntToBytes(modPow(bytesToBigInt(block), key.e, key.n), length);
}

export function decryptRsa(
  key: RsaPrivateKey,
  message: Uint8Array,
  oaep: DigestName | undefined,
): Uint8Array | undefined {
  const length = modulusBytes(key);
  const number = bytesToBigInt(message);
  if (message.length !== length || number >= key.n) return undefined;
  const block = bigIntToBytes(privateOperation(key, number), length);
  if (oaep === undefined) {
    const end = block.indexOf(0, 2);
    return block[0] === 0 && block[1] === 2 && end >= 10 ? block.slice(end + 1) : undefined;
  }
  const hash = DIGESTS[oaep].hash(new Uint8Array(0));
  const masked = block.subarray(1 + hash.length);
  const seed = xor(block.subarray(1, 1 + hash.length), mask(masked, hash.length, oaep));
  const data = xor(masked, mask(seed, masked.length, oaep));
  const begin = data.indexOf(1, hash.length);
  const same = hash.every((byte, i) => byte === data[i]);
  return same && begin >= 0 && data.subarray(hash.length, begin).every((byte) => byte === 0)
    ? data.slice(begin + 1)
    : undefined;
}

/** What a signature was made over. */
export function recoverRsa(key: RsaPublicKey, signature: Uint8Array): Uint8Array | undefined {
  const block = bigIntToBytes(modPow(bytesToBigInt(signature), key.e, key.n), modulusBytes(key));
  const end = block.indexOf(0, 2);
  return block[1] === 1 && end >= 10 ? block.slice(end + 1) : undefined;
}
