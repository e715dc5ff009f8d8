import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runShell } from "../../engine/shell/harness.ts";
import { textPrograms } from "../../engine/tools/text/index.ts";

/**
 * The shell against the real bash: each script of bash/*.txt (parted by lines of three dashes) gives the same bytes on
 * standard output and standard error, and the same status. Process ids and the directory's name are set aside.
 */
const BASH = "/bin/bash";
const CORPUS = new URL("bash/", import.meta.url).pathname;
const ENV = { PATH: "/usr/bin:/bin", HOME: "/root", LC_ALL: "C.UTF-8" };

interface Result {
  stdout: string;
  stderr: string;
  status: number;
}

const SIGNALS: Record<string, number> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

function real(script: string): Result {
  const dir = mkdtempSync(join(tmpdir(), "bash-"));
  try {
    const run = spawnSync(BASH, ["-c", script], {
      argv0: "bash",
      cwd: dir,
      env: ENV,
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
      timeout: 20_000,
    });
    const tidy = (text: string) => text.replaceAll(dir, "/work");
    return {
      stdout: tidy(run.stdout),
      stderr: tidy(run.stderr),
      status: run.status ?? 128 + (SIGNALS[run.signal ?? ""] ?? 0),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function withoutPids(result: Result): Result {
  return { ...result, stderr: result.stderr.replace(/(line \d+: ) *\d+ (?=[A-Z])/g, "$1PID ") };
}

function scripts(file: string): string[] {
  return readFileSync(join(CORPUS, file), "utf8").split(/^---\n/m);
}

describe.skipIf(!existsSync(BASH))("bash", () => {
  for (const file of readdirSync(CORPUS).sort()) {
    describe(file.replace(".txt", ""), () => {
      it.each(scripts(file))("%s", (script) => {
        const ours = withoutPids(runShell(["bash", "-c", script], { programs: textPrograms }));
        expect(ours).toEqual(withoutPids(real(script)));
      });
    });
  }
});
