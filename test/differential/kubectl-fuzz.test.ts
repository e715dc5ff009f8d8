import { readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { kubectlCommand } from "./kubectl-commands.ts";
import { folders, kubectl, normalize, type Outcome, openWorlds } from "./kubectl-worlds.ts";

/**
 * Random command lines, run by the terminal's kubectl and by the real one against the same frozen cluster.
 * KUBECTL_FUZZ says how many (60), KUBECTL_FUZZ_SEED where to begin, KUBECTL_FUZZ_FILE names a file of lines to run
 * instead, KUBECTL_FUZZ_SHOW a file for what differs.
 */
const COUNT = Number(process.env["KUBECTL_FUZZ"] ?? 60);
const SEED = Number(process.env["KUBECTL_FUZZ_SEED"] ?? 20_260_302);
const FILE = process.env["KUBECTL_FUZZ_FILE"];
const SHOW = process.env["KUBECTL_FUZZ_SHOW"];

/**
 * A table's columns are as wide as its ages, which two clocks tell differently. The uids that a dry run gives depend on how
 * many were given before it, and Go goes through maps in an order of its own.
 */
function loose({ stdout, stderr, status }: Outcome): Outcome {
  let out = stdout.replace(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UID");
  if (/AGE|Age|Data\n====/.test(out)) out = out.replace(/-{3,}/g, "---").replace(/ {2,}/g, "  ");
  if (/\nData\n====|^Listing |^ ?\S+=/.test(out)) out = out.split("\n").sort().join("\n");
  return { stdout: out, stderr, status };
}

/** The lines of an outcome that the other has not. */
function onlyIn(name: string, one: Outcome, other: Outcome): string {
  const theirs = new Set(`${other.stdout}\n${other.stderr}`.split("\n"));
  const all = `${one.stdout}\n${one.stderr}`.split("\n");
  const only = all.filter((line) => !theirs.has(line));
  const own = only.length > 0 ? only : all;
  return `--- ${name} ${one.status}\n${own
    .slice(0, 20)
    .map((line) => `${line.slice(0, 600)}\n`)
    .join("")}`;
}

describe.skipIf(kubectl === undefined)("random kubectl commands", onTheHost, () => {
  it(`${COUNT} commands from seed ${SEED}`, { timeout: 300_000 + COUNT * 2000 }, async () => {
    const commands = FILE
      ? readFileSync(FILE, "utf8").split("\n").filter(Boolean)
      : fc.sample(kubectlCommand, { numRuns: COUNT, seed: SEED });
    const worlds = await openWorlds(folders[0]![1]);
    const different: object[] = [];
    let text = "";
    try {
      for (const command of commands) {
        const real = loose(normalize(await worlds.runReal(command), worlds.port, command));
        const ours = loose(normalize(worlds.runOurs(command), worlds.port, command));
        if (real.stdout === ours.stdout && real.stderr === ours.stderr && real.status === ours.status) continue;
        different.push({ command, ours, real });
        text += `#### ${command}\n${onlyIn("real", real, ours)}${onlyIn("ours", ours, real)}`;
        if (SHOW) writeFileSync(SHOW, text);
      }
      expect(worlds.ours.kernel.faults).toEqual([]);
    } finally {
      worlds.close();
    }
    console.log(
      `random kubectl commands: ${commands.length - different.length} of ${commands.length} the same (seed ${SEED})`,
    );
    expect(different.slice(0, 5)).toEqual([]);
  });
});
