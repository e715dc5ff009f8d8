import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lzmaing } from "./lzma.ts";
import { finish, type Steps } from "./steps.ts";
import { unlzmaing, XzError } from "./unlzma.ts";
import { unxzing, xzing } from "./xz.ts";

const stepsOf = (steps: Steps<unknown>): number => {
  let count = 0;
  while (!steps.next().done) count++;
  return count;
};

describe("xz", () => {
  const some = fc.oneof(
    fc.uint8Array({ maxLength: 2_000 }),
    fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 200 }))
      .map(([part, times]) => Uint8Array.from({ length: part.length * times }, (_, i) => part[i % part.length]!)),
  );

  it("gives back what it has packed", () => {
    fc.assert(
      fc.property(some, fc.constantFrom(0, 1, 4, 10), fc.integer({ min: 0, max: 9 }), (bytes, check, level) => {
        expect(finish(unxzing(finish(xzing(bytes, level, check))))).toEqual(bytes);
        expect(finish(unlzmaing(finish(lzmaing(bytes, level, 2 ** 20))))).toEqual(bytes);
      }),
      { numRuns: 40 },
    );
  });

  it("can be put down in between", () => {
    const text = Uint8Array.from({ length: 400_000 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24);
    expect(stepsOf(xzing(text))).toBeGreaterThan(100);
    expect(stepsOf(unxzing(finish(xzing(text))))).toBeGreaterThan(50);
  });

  it("sees that a byte is not what it was", () => {
    const packed = finish(xzing(new TextEncoder().encode("what was said once is said again, is said once")));
    for (let i = 0; i < packed.length; i++) {
      const broken = packed.slice();
      broken[i]! ^= 0x10;
      expect(() => finish(unxzing(broken))).toThrow(XzError);
    }
  });
});
