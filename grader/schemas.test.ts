import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { labSchema, projectRoot } from "./lab.ts";
import { sessionFileSchema } from "./session-file.ts";

/** The published JSON Schemas are made from the code's own; `UPDATE=1 npm test -- grader/schemas` writes them. */
it.each([
  ["lab.schema.json", labSchema, "input"],
  ["session.schema.json", sessionFileSchema, "output"],
] as const)("docs/%s says what the code accepts", (file, schema, io) => {
  const path = join(projectRoot(), "docs", file);
  const text = `${JSON.stringify(z.toJSONSchema(schema, { io }), null, 2)}\n`;
  if (process.env["UPDATE"]) writeFileSync(path, text);
  expect(readFileSync(path, "utf8")).toBe(text);
});

it("an editor is told what every field of lab.yaml is for", () => {
  const silent: string[] = [];
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === "properties") {
        for (const [name, field] of Object.entries(value as object)) {
          if (!("description" in field)) silent.push(`${path}.${name}`);
        }
      }
      visit(value, key === "properties" || Array.isArray(node) ? path : `${path}.${key}`);
    }
  };
  visit(z.toJSONSchema(labSchema, { io: "input" }), "lab");
  expect(silent).toEqual([]);
});
