import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { concat, encode, encodeBase64 } from "../kernel/index.ts";

const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Whether a password fits what an htpasswd file holds for its user: `$apr1$…`, `$1$…`, `$5$…`, `$6$…`, `{SHA}…`, `{PLAIN}…` (ngx_crypt.c). */
export function passwordFits(password: string, stored: string): boolean {
  const crypt = /^(\$(?:apr1|1)\$)([^$]{1,8})\$/.exec(stored);
  if (crypt !== null) return md5Crypt(password, crypt[2]!, crypt[1]!) === stored;
  const sha = /^\$([56])\$((?:rounds=\d+\$)?[^$]{1,16})\$/.exec(stored);
  if (sha !== null) return shaCrypt(password, sha[2]!, sha[1] as "5" | "6") === stored;
  if (stored.startsWith("{SHA}")) return encodeBase64(sha1(encode(password))) === stored.slice(5);
  if (stored.startsWith("{PLAIN}")) return password === stored.slice(7);
  return false;
}

/** MD5-based crypt(3) of FreeBSD with Apache's variant: `magic` is `$apr1$` or `$1$`, the salt has up to 8 characters. */
export function md5Crypt(password: string, salt: string, magic: string): string {
  const key = encode(password);
  const parts: Uint8Array[] = [key, encode(magic), encode(salt)];
  const inner = md5(concat([key, encode(salt), key]));
  for (let left = key.length; left > 0; left -= 16) parts.push(inner.subarray(0, Math.min(16, left)));
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? Uint8Array.of(0) : key.subarray(0, 1));
  let digest = md5(concat(parts));
  for (let round = 0; round < 1000; round++) {
    const mix: Uint8Array[] = [round & 1 ? key : digest];
    if (round % 3) mix.push(encode(salt));
    if (round % 7) mix.push(key);
    mix.push(round & 1 ? digest : key);
    digest = md5(concat(mix));
  }
  let out = `${magic}${salt}$`;
  const put = (value: number, count: number) => {
    for (let i = 0, rest = value; i < count; i++, rest >>= 6) out += ALPHABET[rest & 0x3f];
  };
  const order = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5];
  for (let i = 0; i < 15; i += 3) {
    put((digest[order[i]!]! << 16) | (digest[order[i + 1]!]! << 8) | digest[order[i + 2]!]!, 4);
  }
  put(digest[11]!, 2);
  return out;
}

/** Places of the digest's bytes, three to four characters; what is left over comes last. */
const SHA_ORDER = {
  "5": "0 10 20 21 1 11 12 22 2 3 13 23 24 4 14 15 25 5 6 16 26 27 7 17 18 28 8 9 19 29",
  "6": "0 21 42 22 43 1 44 2 23 3 24 45 25 46 4 47 5 26 6 27 48 28 49 7 50 8 29 9 30 51 31 52 10 53 11 32 12 33 54 34 55 13 56 14 35 15 36 57 37 58 16 59 17 38 18 39 60 40 61 19 62 20 41",
};

/** crypt(3) with SHA-256 (`5`) or SHA-512 (`6`); `setting` is a salt of up to 16 characters, `rounds=N$` before it. */
export function shaCrypt(password: string, setting: string, kind: "5" | "6"): string {
  const custom = /^rounds=(\d+)\$(.*)$/.exec(setting);
  const rounds = custom === null ? 5000 : Math.min(999_999_999, Math.max(1000, Number(custom[1])));
  const saltText = (custom?.[2] ?? setting).split("$")[0]!.slice(0, 16);
  const hash = kind === "5" ? sha256 : sha512;
  const size = kind === "5" ? 32 : 64;
  const key = encode(password);
  const salt = encode(saltText);
  const repeated = (bytes: Uint8Array, length: number) =>
    Uint8Array.from({ length }, (_, i) => bytes[i % bytes.length]!);
  const inner = hash(concat([key, salt, key]));
  const parts = [key, salt, repeated(inner, key.length)];
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? inner : key);
  let digest: Uint8Array = hash(concat(parts));
  const keys = repeated(hash(concat(Array.from({ length: key.length }, () => key))), key.length);
  const salts = repeated(hash(concat(Array.from({ length: 16 + digest[0]! }, () => salt))), salt.length);
  for (let round = 0; round < rounds; round++) {
    const mix: Uint8Array[] = [round & 1 ? keys : digest];
    if (round % 3) mix.push(salts);
    if (round % 7) mix.push(keys);
    mix.push(round & 1 ? digest : keys);
    digest = hash(concat(mix));
  }
  let out = "";
  const put = (value: number, count: number) => {
    for (let i = 0, rest = value; i < count; i++, rest >>= 6) out += ALPHABET[rest & 0x3f];
  };
  const order = SHA_ORDER[kind].split(" ").map(Number);
  for (let i = 0; i < order.length; i += 3)
    put((digest[order[i]!]! << 16) | (digest[order[i + 1]!]! << 8) | digest[order[i + 2]!]!, 4);
  if (kind === "5") put((digest[31]! << 8) | digest[30]!, 3);
  else put(digest[size - 1]!, 2);
  return `$${kind}$${custom === null ? "" : `rounds=${rounds}$`}${saltText}$${out}`;
}
