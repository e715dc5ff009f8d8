import { describe, expect, it } from "vitest";
import { compileRegex, RegexError, type RegexOptions } from "./index.ts";

const cases: [pattern: string, syntax: RegexOptions["syntax"], text: string, found: string | undefined][] = [
  ["a|ab", "ere", "xab", "ab"],
  ["a\\|ab", "bre", "xab", "ab"],
  ["(a|ab)(c|bcd)", "ere", "abcd", "abcd"],
  ["\\(a\\)\\1", "bre", "baa", "aa"],
  ["a+", "bre", "aa+", "a+"],
  ["a\\+", "bre", "aa+", "aa"],
  ["a{2}", "ere", "aaa", "aa"],
  ["\\<b", "ere", "ab b", "b"],
  ["[[:digit:]]+", "ere", "ab12", "12"],
  ["[]a]+", "ere", "x]a]", "]a]"],
  ["^*a", "bre", "*a", "*a"],
  ["a|b", "perl", "b", "b"],
  ["a|ab", "perl", "ab", "a"],
  ["(?<=x)a+?", "perl", "xaa", "a"],
  ["a.c", "literal", "abc a.c", "a.c"],
];

describe("regular expressions", () => {
  it.each(cases)("%s (%s) in %s", (pattern, syntax, text, found) => {
    expect(compileRegex(pattern, { syntax }).exec(text)?.groups[0]).toBe(found);
  });

  it("refuses what regcomp refuses, in its words", () => {
    expect(() => compileRegex("[a", { syntax: "ere" })).toThrow(new RegexError("Unmatched [, [^, [:, [., or [="));
    expect(() => compileRegex("(a", { syntax: "ere" })).toThrow(new RegexError("Unmatched ( or \\("));
    expect(() => compileRegex("\\1", { syntax: "bre" })).toThrow(new RegexError("Invalid back reference"));
  });

  it("stays linear where a backtracking matcher would explode", () => {
    expect(compileRegex("(a*)*b", { syntax: "ere" }).test("a".repeat(2_000))).toBe(false);
  });
});
