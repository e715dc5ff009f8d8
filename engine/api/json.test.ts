import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonFaults } from "./json.ts";

describe("jsonFaults", () => {
  it.each([
    ["", "unexpected end of JSON input"],
    ["{", "unexpected end of JSON input"],
    ['{"a":1', "unexpected end of JSON input"],
    ["x", "invalid character 'x' looking for beginning of value"],
    ["{a:1}", "invalid character 'a' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
    ["[1 2]", "invalid character '2' after array element"],
    ["[1,]", "invalid character ']' looking for beginning of value"],
    ["{} x", "invalid character 'x' after top-level value"],
    ["trux", "invalid character 'x' in literal true (expecting 'e')"],
    ["-x", "invalid character 'x' in numeric literal"],
    ["1.x", "invalid character 'x' after decimal point in numeric literal"],
    ["1ex", "invalid character 'x' in exponent of numeric literal"],
    ['"\n"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
  ])("%j: %s", (text, error) => {
    expect(jsonFaults(text)).toMatchObject({ error, duplicates: [] });
  });

  it("finds duplicate keys", () => {
    expect(jsonFaults('{"spec":{"a":1,"b":[{"n":1,"n":2,"n":3}],"a":{}},"\\u0073pec":1}')).toEqual({
      duplicates: ['duplicate field "spec.b[0].n"', 'duplicate field "spec.a"', 'duplicate field "spec"'],
    });
  });

  it("accepts what JSON.parse accepts", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(jsonFaults(text)).toEqual({ duplicates: [] });
      }),
    );
  });

  it("refuses what JSON.parse refuses", () => {
    const alphabet = fc.constantFrom(..."{}[]:,\"\\0123456789-+.eEtrufalsn \n'x");
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 12 }), (chars) => {
        const text = chars.join("");
        let good = true;
        try {
          JSON.parse(text);
        } catch {
          good = false;
        }
        expect(jsonFaults(text).error === undefined, text).toBe(good);
      }),
      { numRuns: 2000 },
    );
  });

  it("is not deep by recursion", () => {
    expect(jsonFaults("[".repeat(9000) + "]".repeat(9000)).error).toBeUndefined();
    expect(jsonFaults("[".repeat(20_000)).error).toBe("exceeded max depth");
  });
});
