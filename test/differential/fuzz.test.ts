import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runShell } from "../../engine/shell/harness.ts";
import { textPrograms } from "../../engine/tools/text/index.ts";
import { onTheHost } from "../host.ts";
import { script } from "./script-grammar.ts";
import { wideScript } from "./script-grammar-wide.ts";

/**
 * Small random scripts, run by this shell and by the real bash: the same output, messages and status. FUZZ_SCRIPTS says
 * how many (300, and 200 of the wider language alone), FUZZ_SEED where to begin.
 */
const number = (value: string | undefined, usual: number) => Number(value ?? usual);
const KINDS = [
  { name: "random scripts", scripts: script, count: 300, seed: 20_260_302 },
  { name: "wider random scripts", scripts: wideScript, count: 200, seed: 5_202_637 },
].map((kind) => ({
  ...kind,
  count: number(process.env.FUZZ_SCRIPTS, kind.count),
  seed: number(process.env.FUZZ_SEED, kind.seed),
}));

function real(dir: string, text: string): { stdout: string; stderr: string; status: number } {
  const env = { PATH: "/usr/bin:/bin", HOME: "/root", LC_ALL: "C.UTF-8" };
  const run = spawnSync("/bin/bash", ["-c", text], {
    argv0: "bash",
    cwd: dir,
    env,
    encoding: "utf8",
    timeout: 20_000,
    // A pipe of Node's is a socket, by which bash takes itself to be run by rshd and reads ~/.bashrc.
    stdio: ["ignore", "pipe", "pipe"],
  });
  return {
    stdout: run.stdout.replaceAll(dir, "/work"),
    stderr: run.stderr.replaceAll(dir, "/work"),
    status: run.status ?? -1,
  };
}

/**
 * Which token bash names when variables refer to each other without end depends on how it read the innermost one; and
 * whether a writer lives to see that nobody reads is chance.
 */
function alike<T extends { stdout: string; stderr: string }>(result: T, script: string): T {
  const tidy = (text: string) =>
    text
      .replace(/(recursion level exceeded) \(error token is .*\)/g, "$1")
      .replace(/^.*write error: Broken pipe\n/gm, "");
  // Bash counts the lines behind a `<(…)` twice, and those within a `$(…)` as it would write its commands down.
  const lines = (text: string) => (/[<$]\(|`/.test(script) ? text.replace(/line \d+:/g, "line N:") : text);
  // Which side of a `<(…)` traces first is chance.
  const order = (text: string) =>
    script.includes("<(") && script.includes("set -x") ? text.split("\n").sort().join("\n") : text;
  return { ...result, stdout: lines(tidy(result.stdout)), stderr: order(lines(tidy(result.stderr))) };
}

describe.skipIf(!existsSync("/bin/bash")).each(KINDS)("$name", onTheHost, ({ name, scripts: kind, count, seed }) => {
  it(`${count} scripts from seed ${seed}`, { timeout: 60_000 + count * 400 }, () => {
    const dir = mkdtempSync(join(tmpdir(), "fuzz-"));
    const scripts = fc.sample(kind, { numRuns: count, seed });
    const different: { script: string; ours: object; real: object }[] = [];
    try {
      for (const text of scripts) {
        // Bash loses the end of a line behind a here-document when it writes down what stands in `<(…)`, and
        // takes `<((` for arithmetic.
        if (/<\([\s\S]*<</.test(text) || text.includes("<((")) continue;
        for (const left of readdirSync(dir)) rmSync(join(dir, left), { recursive: true });
        const ours = alike(runShell(["bash", "-c", text], { programs: textPrograms }), text);
        const theirs = alike(real(dir, text), text);
        if (ours.stdout !== theirs.stdout || ours.stderr !== theirs.stderr || ours.status !== theirs.status)
          different.push({ script: text, ours, real: theirs });
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
    if (process.env.FUZZ_SHOW) for (const one of different) console.log(JSON.stringify(one, null, 1));
    console.log(`${name}: ${count - different.length} of ${count} the same (seed ${seed})`);
    expect(different.slice(0, 5)).toEqual([]);
  });
});
