import { md5, sha1 } from "@noble/hashes/legacy.js";
import { encode, encodeBase64 } from "../../kernel/index.ts";

const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Whether a password fits what an htpasswd file holds for its user: `$apr1$…`, `$1$…`, `{SHA}…`, `{PLAIN}…` (ngx_crypt.c). */
export function passwordFits(password: string, stored: string): boolean {
  const crypt = /^(\$(?:apr1|1)\$)([^$]{1,8})\$/.exec(stored);
  if (crypt !== null) return md5Crypt(password, crypt[2]!, crypt[1]!) === stored;
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

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
