import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { PROBLEMS } from "../server/problems.ts";
import { TEXTS } from "./i18n.ts";

const here = dirname(fileURLToPath(import.meta.url));

function sources(dir: string): string {
  return readdirSync(dir, { withFileTypes: true })
    .map((entry) => {
      if (entry.isDirectory()) return sources(join(dir, entry.name));
      return /(?<!\.test)\.tsx?$/.test(entry.name) && entry.name !== "i18n.ts"
        ? readFileSync(join(dir, entry.name), "utf8")
        : "";
    })
    .join("\n");
}

const values = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe("the dictionary", () => {
  it.each(Object.entries(TEXTS))("%s is in both languages with the same values", (_key, { ko, en }) => {
    expect(ko.trim()).not.toBe("");
    expect(en.trim()).not.toBe("");
    expect([...new Set(values(ko))]).toEqual([...new Set(values(en))]);
    expect(en).not.toMatch(/[가-힣]/);
  });

  it("has no text that no page shows", () => {
    const code = sources(here);
    expect(Object.keys(TEXTS).filter((key) => !new RegExp(`"${key}"`).test(code))).toEqual([]);
  });

  it("leaves no Korean outside of it", () => {
    const lines = sources(here).split("\n");
    const shown = lines.filter((line) => /[가-힣]/.test(line) && !/^\s*(\/\/|\*|\/\*\*)/.test(line));
    // A language names itself in itself.
    expect(shown.filter((line) => !/aria-label="한국어"/.test(line))).toEqual([]);
  });

  it.each(Object.entries(PROBLEMS))("problem %s says what, why and next in both", (_code, { ko, en }) => {
    for (const words of [ko, en]) for (const text of Object.values(words)) expect(text).toMatch(/\.$/);
    expect(Object.values(ko).join()).toMatch(/[가-힣]/);
  });
});
