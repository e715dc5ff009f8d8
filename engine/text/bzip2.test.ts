import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Bzip2Error, bunzipping } from "./bunzip2.ts";
import { bzipping } from "./bzip2.ts";
import { finish, type Steps } from "./steps.ts";

const stepsOf = (steps: Steps<unknown>): number => {
  let count = 0;
  while (!steps.next().done) count++;
  return count;
};

describe("bzip2", () => {
  it("gives back what it has packed", () => {
    const some = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 2_000 }))
        .map(([part, times]) => Uint8Array.from({ length: part.length * times }, (_, i) => part[i % part.length]!)),
    );
    fc.assert(
      fc.property(some, (bytes) => {
        expect(finish(bunzipping(finish(bzipping(bytes))))).toEqual(bytes);
      }),
    );
  });

  it("can be put down in between", () => {
    const text = Uint8Array.from({ length: 400_000 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24);
    expect(stepsOf(bzipping(text))).toBeGreaterThan(100);
    expect(stepsOf(bunzipping(finish(bzipping(text))))).toBeGreaterThan(15);
  });

  it("makes no more of a few bytes than it may", () => {
    const small = finish(bzipping(new Uint8Array(3_000_000)));
    expect(small.length).toBeLessThan(100);
    expect(() => finish(bunzipping(small, 1_000_000))).toThrow(Bzip2Error);
  });
});
