/**
 * Prints every figure of the project with its unit. Each is taken in a process of its own, so that none depends on what
 * the ones before it left in memory or made V8 compile.
 *
 * `--only TEXT`: those whose names have it. `--json FILE`: writes them too.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync, writeSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { figures } from "./figures.ts";
import type { Figure } from "./measure.ts";

/** The descriptor on which a process that takes one figure tells it. */
const RESULT = 3;

const { values } = parseArgs({
  options: { json: { type: "string" }, only: { type: "string" }, take: { type: "string" } },
});

if (values.take === undefined) await printAll();
else {
  const figure = figures.find(({ name }) => name === values.take);
  if (figure === undefined) throw new Error(`bench: no figure ${values.take}`);
  writeSync(RESULT, String(await figure.measure()));
}

async function printAll(): Promise<void> {
  const machine = `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${cpus().length} cores, Node ${process.versions.node}`;
  console.log(machine);
  const results: Record<string, { value: number; unit: string; limit?: number }> = {};
  for (const figure of figures) {
    if (values.only && !figure.name.includes(values.only)) continue;
    const value = taken(figure);
    results[figure.name] = {
      value,
      unit: figure.unit,
      ...(figure.limit === undefined ? {} : { limit: figure.limit }),
    };
    const bound =
      figure.limit === undefined ? "" : `  (at most ${figure.limit}${value > figure.limit ? "  OVER" : ""})`;
    const peer = figure.peer === undefined ? "" : `  peer ${figure.peer} ${figure.unit}`;
    console.log(`${figure.name.padEnd(58)} ${round(value).padStart(10)} ${figure.unit}${bound}${peer}`);
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine, figures: results }, null, 2)}\n`);
}

/** A figure's value, from a process of its own. */
function taken({ name }: Figure): number {
  const stdio = ["ignore", "inherit", "inherit", "pipe"] as const;
  const child = spawnSync(process.execPath, [...process.execArgv, process.argv[1]!, "--take", name], {
    stdio: [...stdio],
    encoding: "utf8",
  });
  if (child.status !== 0) throw new Error(`bench: ${name} could not be taken`);
  return Number(child.output[RESULT]);
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(3);
}
