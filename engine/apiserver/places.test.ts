import fc from "fast-check";
import { expect, it } from "vitest";
import { Places } from "./places.ts";

it("every version stays what it was, whichever is read or changed next", () => {
  const step = fc.record({ of: fc.nat(), place: fc.nat(20), isTaken: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const versions: { places: Places; plain: Set<number> }[] = [
        { places: Places.of([1, 2]), plain: new Set([1, 2]) },
      ];
      for (const { of, place, isTaken } of steps) {
        const from = versions[of % versions.length]!;
        const plain = new Set(from.plain);
        if (isTaken) plain.add(place);
        else plain.delete(place);
        versions.push({ places: from.places.with(place, isTaken), plain });
      }
      for (const { places, plain } of versions) {
        expect(places.size).toBe(plain.size);
        expect([...places.all()].sort((a, b) => a - b)).toEqual([...plain].sort((a, b) => a - b));
      }
    }),
  );
});
