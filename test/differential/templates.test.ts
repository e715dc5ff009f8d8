import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../engine/kernel/random.ts";
import { chartTemplates } from "../../engine/tools/helm/template/index.ts";

/**
 * Charts' templates against Go's text/template with sprig 3.2: `NAME.txt` holds cases (values as JSON, `===`, the
 * template), `NAME.out` what a small Go program made of them with `Option("missingkey=zero")`, `include`, and
 * `<no value>` taken out, as helm does. A new case is added to both, its result asked of Go.
 */
const folder = new URL("templates/", import.meta.url);

function cases(name: string): { text: string; wanted: string }[] {
  const read = (file: string) => readFileSync(new URL(file, folder), "utf8");
  const results = read(`${name}.out`).split("\n---\n");
  return read(`${name}.txt`)
    .replace(/\n$/, "")
    .split("\n---\n")
    .map((text, i) => ({ text, wanted: results[i]! }));
}

function rendered(text: string): string {
  const [values, body] = text.split("\n===\n") as [string, string];
  const set = chartTemplates({ random: new RandomStream(1, "templates"), ms: Date.UTC(2026, 2, 2) });
  try {
    set.add("t", body);
    return set.render("t", JSON.parse(values));
  } catch (error) {
    return `ERR template: ${(error as Error).message}`;
  }
}

describe.each(["language", "functions"])("templates: %s", (name) => {
  it.each(cases(name))("$text", ({ text, wanted }) => {
    expect(rendered(text).trimEnd()).toBe(wanted.trimEnd());
  });
});
