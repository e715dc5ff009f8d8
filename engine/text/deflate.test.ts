import { deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeflateError, gunzip, gzip, inflate } from "./deflate.ts";

describe("deflate", () => {
  const input = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc
      .array(fc.constantFrom("kind: Pod\n", "name: a\n", "x"), { maxLength: 400 })
      .map((parts) => new TextEncoder().encode(parts.join(""))),
  );

  it("unpacks what zlib packs", () => {
    fc.assert(
      fc.property(input, fc.constantFrom(0, 1, 6, 9), (bytes, level) => {
        expect(Buffer.from(inflate(deflateRawSync(bytes, { level })).bytes).equals(Buffer.from(bytes))).toBe(true);
        expect(Buffer.from(gunzip(gzipSync(bytes)).bytes).equals(Buffer.from(bytes))).toBe(true);
      }),
    );
  });

  it("packs what zlib unpacks", () => {
    fc.assert(
      fc.property(input, (bytes) => {
        expect(gunzipSync(gzip(bytes, "name", 1)).equals(Buffer.from(bytes))).toBe(true);
      }),
    );
  });

  it("refuses what is cut, damaged or no gzip", () => {
    const packed = gzip(new TextEncoder().encode("hello hello hello"), undefined, 0);
    expect(() => gunzip(packed.subarray(0, packed.length - 3))).toThrow("unexpected end of file");
    const damaged = packed.slice();
    damaged[packed.length - 6]! ^= 1;
    expect(() => gunzip(damaged)).toThrow("invalid compressed data--crc error");
    expect(() => gunzip(new Uint8Array(20))).toThrow(DeflateError);
  });
});
