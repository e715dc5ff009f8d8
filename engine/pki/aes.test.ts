import { createCipheriv, createDecipheriv } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Aes, cbcDecrypt, cbcEncrypt, gcmOpen, gcmSeal } from "./aes.ts";
import { secretboxOpen, secretboxSeal } from "./secretbox.ts";

const bytes = (length: number, step: number, from = 0) =>
  Uint8Array.from({ length }, (_, i) => (i * step + from) % 256);
const hex = (value: Uint8Array) => Buffer.from(value).toString("hex");

/** Node's own OpenSSL is the judge. */
describe.each([16, 24, 32])("AES with a key of %i bytes", (size) => {
  const key = bytes(size, 7, 3);
  const aes = new Aes(key);
  it.each([0, 1, 15, 16, 17, 100])("CBC of %i bytes", (length) => {
    const [iv, text] = [bytes(16, 5), bytes(length, 3)];
    const cipher = createCipheriv(`aes-${size * 8}-cbc`, key, iv);
    const judged = Buffer.concat([cipher.update(text), cipher.final()]);
    const sealed = cbcEncrypt(aes, iv, text);
    expect(hex(sealed)).toBe(hex(judged));
    expect(hex(cbcDecrypt(aes, iv, sealed)!)).toBe(hex(text));
  });
  it.each([0, 1, 16, 33])("GCM of %i bytes", (length) => {
    const [nonce, text, about] = [bytes(12, 5), bytes(length, 3), bytes(21, 9)];
    const cipher = createCipheriv(`aes-${size * 8}-gcm` as "aes-256-gcm", key, nonce).setAAD(about);
    const judged = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    const sealed = gcmSeal(aes, nonce, text, about);
    expect(hex(sealed)).toBe(hex(judged));
    expect(hex(gcmOpen(aes, nonce, sealed, about)!)).toBe(hex(text));
    expect(gcmOpen(aes, nonce, sealed, bytes(20, 9))).toBeUndefined();
  });
  it("does not open with another key", () => {
    const sealed = cbcEncrypt(aes, bytes(16, 5), bytes(40, 3));
    const other = new Aes(bytes(size, 7, 4));
    const decipher = createDecipheriv(`aes-${size * 8}-cbc`, bytes(size, 7, 4), bytes(16, 5));
    decipher.update(sealed);
    expect(() => decipher.final()).toThrow();
    expect(cbcDecrypt(other, bytes(16, 5), sealed)).toBeUndefined();
  });
});

/** Made by libsodium (python3-nacl): the beginning of the box for messages of these lengths. */
it.each([
  [0, "8777a4461c13b7fbd06f68290c0f0ab6"],
  [1, "d70867c73dccd7b3fc0adf8dec21e2efa0"],
  [31, "f2747b4f615d19f7e3cf62033dbacc8be9f9f6d8d61ad3d59df9b85274b0b922292d521285e98e8b63e427dd0378df"],
  [64, "842ad090f579c61804a800d7e4a38a50b6f2f72fe3160fd8c2d26f8a06048df9ece3cebf8fae9c0f54d8f6798f59fe55"],
  [200, "c91025c75ce1a02e7d0c12183806fa937c3d28218357e22d66d4e29be1949f013751d4f739df4990a3bf8e4c652c19c0"],
] as const)("secretbox of %i bytes", (length, box) => {
  const [key, nonce, text] = [bytes(32, 7, length), bytes(24, 11, 1), bytes(length, 3)];
  const sealed = secretboxSeal(key, nonce, text);
  expect(hex(sealed).slice(0, 96)).toBe(box);
  expect(hex(secretboxOpen(key, nonce, sealed)!)).toBe(hex(text));
  sealed[0]! ^= 1;
  expect(secretboxOpen(key, nonce, sealed)).toBeUndefined();
});
