import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runShell } from "../../engine/shell/harness.ts";
import { textPrograms } from "../../engine/tools/text/index.ts";

/** How a script reaches the shell. */
export interface Way {
  name: string;
  corpus: string;
  program: string;
  argv0: string;
  args: (script: string) => string[];
  stdin?: boolean;
}

export const WAYS: Way[] = [
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

export interface Result {
  stdout: string;
  stderr: string;
  status: number;
}

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

/** The scripts of a way's corpus by file; in one they are parted by lines of three dashes. */
export function corpusOf(way: Way): { file: string; scripts: string[] }[] {
  const folder = new URL(way.corpus, import.meta.url).pathname;
  return readdirSync(folder)
    .sort()
    .map((file) => ({ file, scripts: readFileSync(join(folder, file), "utf8").split(/^---\n/m) }));
}

/** A folder of its own for a script, and how the real shell is run in it. */
function prepare(way: Way, script: string) {
  const dir = mkdtempSync(join(tmpdir(), "shell-"));
  const file = join(dir, "s.sh");
  if (way.corpus === "bash-files/") writeFileSync(file, script, { mode: 0o755 });
  const input = way.stdin ? openSync(file, "r") : undefined;
  return {
    options: {
      argv0: way.argv0,
      cwd: dir,
      env: ENV,
      stdio: [input ?? "ignore", "pipe", "pipe"] as ("ignore" | "pipe" | number)[],
      timeout: 20_000,
    },
    result(stdout: string, stderr: string, status: number | null, signal: string | null): Result {
      const tidy = (text: string) => text.replaceAll(dir, "/work");
      return { stdout: tidy(stdout), stderr: tidy(stderr), status: status ?? 128 + (SIGNALS[signal ?? ""] ?? 0) };
    },
    clear() {
      if (input !== undefined) closeSync(input);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** What the real shell gives. */
export function real(way: Way, script: string): Result {
  const { options, result, clear } = prepare(way, script);
  try {
    const run = spawnSync(way.program, way.args(script), { ...options, encoding: "utf8" });
    return result(run.stdout, run.stderr, run.status, run.signal);
  } finally {
    clear();
  }
}

/** The same while others run. */
export async function realMeanwhile(way: Way, script: string): Promise<Result> {
  const { options, result, clear } = prepare(way, script);
  try {
    const run = spawn(way.program, way.args(script), options);
    const chunks: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
    for (const name of ["stdout", "stderr"] as const)
      run[name]!.on("data", (chunk: Buffer) => chunks[name].push(chunk));
    const [status, signal] = await new Promise<[number | null, string | null]>((done, fail) => {
      run.on("error", fail);
      run.on("close", (...ended) => done(ended));
    });
    const text = (name: "stdout" | "stderr") => Buffer.concat(chunks[name]).toString("utf8");
    return result(text("stdout"), text("stderr"), status, signal);
  } finally {
    clear();
  }
}

/** What this shell gives. */
export function ours(way: Way, script: string): Result {
  const files: Record<string, string> = way.corpus === "bash-files/" ? { "s.sh": script } : {};
  const stdin = way.stdin ? script : "";
  return runShell([way.argv0, ...way.args(script)], { programs: textPrograms, files, stdin });
}

/** Process ids that messages name are set aside. */
export function withoutPids(result: Result): Result {
  return { ...result, stderr: result.stderr.replace(/(line \d+: ) *\d+ (?=[A-Z])/g, "$1PID ") };
}
