/** Prints every figure of the project with its unit; `--json FILE` writes them. */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { figures } from "./figures.ts";

const { values } = parseArgs({ options: { json: { type: "string" }, only: { type: "string" } } });

const machine = `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${cpus().length} cores, Node ${process.versions.node}`;
console.log(machine);
const results: Record<string, { value: number; unit: string; limit?: number }> = {};
for (const figure of figures) {
  if (values.only && !figure.name.includes(values.only)) continue;
  const value = await figure.measure();
  results[figure.name] = { value, unit: figure.unit, ...(figure.limit === undefined ? {} : { limit: figure.limit }) };
  const bound = figure.limit === undefined ? "" : `  (at most ${figure.limit}${value > figure.limit ? "  OVER" : ""})`;
  const peer = figure.peer === undefined ? "" : `  peer ${figure.peer} ${figure.unit}`;
  console.log(`${figure.name.padEnd(58)} ${round(value).padStart(10)} ${figure.unit}${bound}${peer}`);
}
if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine, figures: results }, null, 2)}\n`);

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(3);
}
