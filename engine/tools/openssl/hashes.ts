/** Message digests by the names of openssl. */
import { hmac } from "@noble/hashes/hmac.js";
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { encode } from "../../kernel/index.ts";

const HASHES = { md5, sha1, sha224, sha256, sha384, sha512 } as const;

export type HashName = keyof typeof HASHES;

/** How `dgst` prints a digest's name. */
export const HASH_TITLES: Readonly<Record<HashName, string>> = {
  md5: "MD5",
  sha1: "SHA1",
  sha224: "SHA2-224",
  sha256: "SHA2-256",
  sha384: "SHA2-384",
  sha512: "SHA2-512",
};

export function isHash(name: string): name is HashName {
  return name in HASHES;
}

export function createHash(name: HashName, bytes: Uint8Array): Uint8Array {
  return HASHES[name](bytes);
}

export function createHmac(name: HashName, secret: string, bytes: Uint8Array): Uint8Array {
  return hmac(HASHES[name], encode(secret), bytes);
}
