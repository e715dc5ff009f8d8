import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { runLine } from "./tools-runner.ts";

/**
 * Each program of python/*.txt, separated by `---`, runs under the real python3 and the machines'. What it prints and its
 * exit status are the same, and the last line on standard error, since tracebacks point into lines differently with each
 * version.
 */
const root = join(import.meta.dirname, "python");
const installed = spawnSync("python3", ["--version"]).status === 0;

describe.skipIf(!installed).each(readdirSync(root))("%s", onTheHost, (name) => {
  const programs = readFileSync(join(root, name), "utf8")
    .split(/^---\n/m)
    .map((text) => text.trim());
  it.each(programs)("%s", (text) => {
    const ours = runLine("python3 program.py", { "program.py": `${text}\n` }, Date.now());
    const { stdout, stderr, status } = real(text);
    expect({ ...ours, stderr: last(ours.stderr) }).toEqual({ stdout, stderr: last(stderr), status });
  });
});

const last = (text: string): string => text.trimEnd().split("\n").at(-1)!;

function real(text: string) {
  const dir = mkdtempSync(join(tmpdir(), "python-"));
  try {
    writeFileSync(join(dir, "program.py"), `${text}\n`);
    const env = {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      LC_ALL: "C.UTF-8",
      TZ: "UTC",
      HOME: "/root",
      PYTHONHASHSEED: "0",
    };
    return spawnSync("python3", ["program.py"], { cwd: dir, env, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
