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
