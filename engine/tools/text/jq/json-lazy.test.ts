import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "../../../kernel/index.ts";
import { type Json, Literal } from "./json.ts";
import { readLazily } from "./json-lazy.ts";

/** Everything in a value, read. */
function whole(v: Json): unknown {
  if (v instanceof Literal) return v.value;
  if (Array.isArray(v)) return v.map(whole);
  if (v instanceof Map) return [...v].map(([key, value]) => [key, whole(value)]);
  return v;
}

/** The same of the host's value. */
function hosts(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(hosts);
  if (v !== null && typeof v === "object") return Object.entries(v).map(([key, value]) => [key, hosts(value)]);
  return v;
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(bytes.subarray(at, at + size));
  return out;
}

function look(bytes: Uint8Array, size = 7) {
  return readLazily(cut(bytes, size), 0, bytes.length);
}

// Keys that look like indices are put first by the host, which is the judge here.
const key = fc.string().map((text) => `k${text}`);
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.string({ unit: "binary" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.constantFrom(true, false, null, "", "a\\b", '"', "é", "일", "𝄞", "\u007f", "\n"),
    fc.array(tie("json")),
    fc.dictionary(key, tie("json")),
  ),
}));

describe("a JSON text that is looked over", () => {
  it("has the values that the host reads", () => {
    fc.assert(
      fc.property(
        fc.array(json),
        fc.constantFrom("", " ", "    ", "\t"),
        fc.integer({ min: 1, max: 90 }),
        (v, indent, size) => {
          const text = JSON.stringify(v, null, indent);
          const bytes = encode(`${text}\n{`);
          const found = look(bytes, size);
          if (typeof found === "string") return expect(text).toMatch(/\\ud[89a-f]/);
          expect(whole(found.value)).toEqual(hosts(JSON.parse(text)));
          expect(found.rest.length).toBe(2);
        },
      ),
      { numRuns: 600 },
    );
  });

  it("is no JSON where the host finds none", () => {
    fc.assert(
      fc.property(fc.array(json), fc.nat(), fc.integer({ min: 1, max: 126 }), (v, where, byte) => {
        const bytes = encode(JSON.stringify([v, v], null, 2));
        bytes[where % bytes.length] = byte;
        let expected: unknown;
        try {
          expected = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
        } catch {
          expected = undefined;
        }
        const found = look(bytes);
        const good = typeof found !== "string" && new TextDecoder().decode(found.rest).trim() === "";
        if (expected === undefined) expect(good).toBe(false);
        else if (good) expect(whole(found.value)).toEqual(hosts(expected));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["[1, 2", "more"],
    ['{"a": "b', "more"],
    ['["\\u00', "more"],
    ["[01, 2, 3, 4, 5, 6]", "other"],
    ["[1, 2}, 3, 4, 5, 6, 7]", "other"],
    ['{"a" 1, "b": 2, "c": 3}', "other"],
    ['["a\nb", 1, 2, 3, 4, 5]', "other"],
    ["[".repeat(300) + "]".repeat(300), "other"],
  ])("tells what is not there yet from what is wrong: %s", (text, expected) => {
    expect(look(encode(text))).toBe(expected);
  });

  it("keeps a key's first place and last value, and what is set beside it", () => {
    const found = look(encode('{"a": 1, "b": {"x": [1, {"y": "\\u0041"}]}, "a": 2}'));
    if (typeof found === "string") throw new Error(found);
    const map = found.value as Map<string, Json>;
    expect(map.get("a")).toBe(2);
    map.set("c", 3);
    expect([...map.keys()]).toEqual(["a", "b", "c"]);
    expect(whole(map)).toEqual([
      ["a", 2],
      ["b", [["x", [1, [["y", "A"]]]]]],
      ["c", 3],
    ]);
    expect(new Map(map).size).toBe(3);
  });
});
