import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { runLine } from "./tools-runner.ts";

/**
 * Every line of tools/*.txt runs under the real bash with the real tools and on a simulated machine; stdout, stderr and
 * the exit status are the same. `@file NAME` … `@end` gives the lines below it a file.
 */
const root = join(import.meta.dirname, "tools");

describe.each(readdirSync(root).filter((name) => name.endsWith(".txt")))("%s", onTheHost, (name) => {
  const { files, lines } = parse(readFileSync(join(root, name), "utf8"));
  it.each(lines)("%s", (line) => {
    const real = runReal(line, files);
    expect(runLine(line, files, Date.now())).toEqual(real);
  });
});

function parse(text: string): { files: Record<string, string>; lines: string[] } {
  const files: Record<string, string> = {};
  const lines: string[] = [];
  let open: string | undefined;
  for (const line of text.split("\n")) {
    if (line.startsWith("@file ")) {
      open = line.slice(6);
      files[open] = "";
    } else if (line === "@end") open = undefined;
    else if (open !== undefined) files[open] += `${line}\n`;
    else if (line !== "" && !line.startsWith("#")) lines.push(line);
  }
  return { files, lines };
}

function runReal(line: string, files: Record<string, string>) {
  const dir = mkdtempSync(join(tmpdir(), "tools-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(dir, dirname(name)), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
    const result = spawnSync("bash", ["-c", line], {
      cwd: dir,
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8", TZ: "UTC", HOME: "/root", TERM: "xterm" },
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
    });
    return { stdout: result.stdout, stderr: result.stderr, status: result.status };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
