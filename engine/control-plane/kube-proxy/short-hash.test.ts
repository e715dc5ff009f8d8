import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { shortHash } from "./short-hash.ts";

function expected(text: string): string {
  let bits = "";
  for (const byte of createHash("sha256").update(text).digest()) bits += byte.toString(2).padStart(8, "0");
  const digits = Array.from({ length: 16 }, (_, i) => Number.parseInt(bits.slice(i * 5, i * 5 + 5), 2));
  return digits.map((digit) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[digit]).join("");
}

describe("shortHash", () => {
  it("is the head of SHA-256 in base32, for every length up to three blocks", () => {
    for (let length = 0; length < 192; length++) {
      const text = Array.from({ length }, (_, i) => String.fromCharCode(33 + ((i * 7 + length) % 90))).join("");
      expect(shortHash(text), `length ${length}`).toBe(expected(text));
    }
  });
});
