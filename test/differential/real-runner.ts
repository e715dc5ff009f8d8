import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Outcome } from "./tools-runner.ts";

/** Runs a line under this machine's bash in a folder of its own that holds `files`; `under`: a command that runs bash. */
export function runReal(
  line: string,
  files: Record<string, string>,
  { under = [], path = "/usr/bin:/bin" }: { under?: readonly string[]; path?: string } = {},
): Outcome {
  const dir = mkdtempSync(join(tmpdir(), "tools-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(dir, dirname(name)), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
    const [program, ...args] = [...under, "bash", "-c", line];
    const result = spawnSync(program!, args, {
      cwd: dir,
      env: { PATH: path, LC_ALL: "C.UTF-8", TZ: "UTC", HOME: "/root", TERM: "xterm" },
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
    });
    return { stdout: result.stdout, stderr: result.stderr, status: result.status ?? -1 };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
