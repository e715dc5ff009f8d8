import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runShell } from "../../engine/shell/harness.ts";
import { textPrograms } from "../../engine/tools/text/index.ts";
import { onTheHost } from "../host.ts";

/**
 * The shell against the real ones: each script of a corpus (parted by lines of three dashes) gives the same bytes on
 * standard output and standard error, and the same status. Process ids and the directory's name are set aside.
 */
const ENV = { PATH: "/usr/bin:/bin", HOME: "/root", LC_ALL: "C.UTF-8" };
const SIGNALS: Record<string, number> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

interface Result {
  stdout: string;
  stderr: string;
  status: number;
}

/** How a script reaches the shell. */
interface Way {
  name: string;
  corpus: string;
  program: string;
  argv0: string;
  args: (script: string) => string[];
  stdin?: boolean;
}

const WAYS: Way[] = [
  { name: "bash -c", corpus: "bash/", program: "/bin/bash", argv0: "bash", args: (script) => ["-c", script] },
  { name: "bash file", corpus: "bash-files/", program: "/bin/bash", argv0: "bash", args: () => ["s.sh", "A1", "A 2"] },
  { name: "bash <file", corpus: "bash-files/", program: "/bin/bash", argv0: "bash", args: () => [], stdin: true },
  { name: "dash -c", corpus: "sh/", program: "/bin/dash", argv0: "sh", args: (script) => ["-c", script] },
  {
    name: "busybox ash -c",
    corpus: "sh/",
    program: "/usr/bin/busybox",
    argv0: "ash",
    args: (script) => ["-c", script],
  },
];

function real(way: Way, script: string): Result {
  const dir = mkdtempSync(join(tmpdir(), "shell-"));
  const file = join(dir, "s.sh");
  if (way.corpus === "bash-files/") writeFileSync(file, script, { mode: 0o755 });
  const input = way.stdin ? openSync(file, "r") : undefined;
  try {
    const run = spawnSync(way.program, way.args(script), {
      argv0: way.argv0,
      cwd: dir,
      env: ENV,
      stdio: [input ?? "ignore", "pipe", "pipe"],
      encoding: "utf8",
      timeout: 20_000,
    });
    const tidy = (text: string) => text.replaceAll(dir, "/work");
    const status = run.status ?? 128 + (SIGNALS[run.signal ?? ""] ?? 0);
    return { stdout: tidy(run.stdout), stderr: tidy(run.stderr), status };
  } finally {
    if (input !== undefined) closeSync(input);
    rmSync(dir, { recursive: true, force: true });
  }
}

function ours(way: Way, script: string): Result {
  const files: Record<string, string> = way.corpus === "bash-files/" ? { "s.sh": script } : {};
  const stdin = way.stdin ? script : "";
  return runShell([way.argv0, ...way.args(script)], { programs: textPrograms, files, stdin });
}

function withoutPids(result: Result): Result {
  return { ...result, stderr: result.stderr.replace(/(line \d+: ) *\d+ (?=[A-Z])/g, "$1PID ") };
}

for (const way of WAYS) {
  const folder = new URL(way.corpus, import.meta.url).pathname;
  describe.skipIf(!existsSync(way.program))(way.name, onTheHost, () => {
    for (const file of readdirSync(folder).sort()) {
      const scripts = readFileSync(join(folder, file), "utf8").split(/^---\n/m);
      it.each(scripts)(`${file}: %s`, (script) => {
        expect(withoutPids(ours(way, script))).toEqual(withoutPids(real(way, script)));
      });
    }
  });
}
