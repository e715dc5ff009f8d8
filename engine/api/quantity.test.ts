import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addQuantities,
  canonicalQuantity,
  formatQuantity,
  milliUnits,
  parseQuantity,
  quantity,
  wholeUnits,
} from "./quantity.ts";

describe("quantity", () => {
  it.each([
    ["0", "0"],
    ["100m", "100m"],
    ["0.1", "100m"],
    ["1000m", "1"],
    ["1024Mi", "1Gi"],
    ["0.5Gi", "512Mi"],
    ["1536Mi", "1536Mi"],
    ["1000", "1k"],
    ["123456", "123456"],
    ["1e3", "1e3"],
    ["12E2", "1200"],
    ["1.5Gi", "1536Mi"],
    ["0.3Ki", "307200m"],
    ["-250m", "-250m"],
    ["+5", "5"],
    [".5", "500m"],
    ["5.", "5"],
    ["1n", "1n"],
    ["0.1n", "1n"],
    ["129e6", "129e6"],
    ["512", "512"],
    ["1048576Ki", "1Gi"],
  ])("%s is stored as %s", (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it.each(["", "x", "1GB", "1 G", "1..2", "1.2.3", "--1"])("%j is no quantity", (text) => {
    expect(parseQuantity(text)).toEqual({ error: expect.stringContaining("quantities must match") });
  });

  it("names a suffix it does not know", () => {
    expect(parseQuantity("1mm")).toEqual({ error: "unable to parse quantity's suffix" });
  });

  it("rounds units up", () => {
    expect(wholeUnits("100m")).toBe(1);
    expect(wholeUnits("1Ki")).toBe(1024);
    expect(milliUnits("0.0001")).toBe(1);
    expect(milliUnits("2")).toBe(2000);
  });

  it("adds in the first one's format", () => {
    expect(formatQuantity(addQuantities(quantity("64Mi"), quantity("64Mi")))).toBe("128Mi");
    expect(formatQuantity(addQuantities(quantity("0"), quantity("64Mi")))).toBe("64Mi");
    expect(formatQuantity(addQuantities(quantity("250m"), quantity("750m")))).toBe("1");
  });

  it("canonical text is a fixed point", () => {
    const suffix = fc.constantFrom("", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "E2");
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), suffix, (n, s) => {
        const once = canonicalQuantity(`${n}${s}`)!;
        expect(canonicalQuantity(once)).toBe(once);
        expect(quantity(once).nano).toBe(quantity(`${n}${s}`).nano);
      }),
    );
  });
});
