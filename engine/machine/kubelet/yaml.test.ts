import { describe, expect, it } from "vitest";
import { parseYaml } from "./yaml.ts";

describe("YAML that a kubelet cannot read", () => {
  it.each([
    ["a: 1\nbroken\n", "yaml: line 3: could not find expected ':'"],
    ["a: b: c\n", "yaml: mapping values are not allowed in this context"],
    ["a:\n\t- b\n", "yaml: line 2: found character that cannot start any token"],
  ])("%j", (text, words) => {
    expect(() => parseYaml(text)).toThrow(words);
  });

  it("gives equal texts one value", () => {
    expect(parseYaml("a: [1]\n")).toBe(parseYaml("a: [1]\n"));
  });
});
