import { writeFileSync } from "node:fs";
import { Session } from "../engine/index.ts";
import { type GradeReport, Grader } from "../grader/grade.ts";
import { junit } from "../grader/junit.ts";
import { type Lab, labAt, sessionSpec } from "../grader/lab.ts";
import { checkSessionFile } from "../grader/session-file.ts";
import { engineHash } from "./engine-hash.ts";
import { MOST_WORK, readScript, runScript } from "./exec.ts";
import { divergence, replaySession } from "./replay.ts";
import { UsageError } from "./usage.ts";

export interface GradeOptions {
  lab: string;
  seed: number;
  json?: string;
  junit?: string;
  timeout: number;
  work: number;
  file: string;
}

/** Runs a script as the learner on a fresh session's workstation and judges what came of it. */
export function gradeScript(
  lab: Lab,
  seed: number,
  script: { name: string; text: string },
  { timeout = 3600, work = MOST_WORK } = {},
): GradeReport & { output: string } {
  let status: number | undefined;
  const output: Uint8Array[] = [];
  const session = new Session(sessionSpec(lab, seed, engineHash()), {
    output: (_id, bytes) => output.push(bytes.slice()),
    ended: (_id, code) => {
      status = code;
    },
  });
  session.boot();
  const grader = new Grader(lab, session);
  runScript(session, { ...script, host: "workstation", timeout, work }, () => status);
  return { ...grader.report(), output: Buffer.concat(output).toString("utf8") };
}

/** `kubetude grade`: 0 when all tasks passed, 1 when not. */
export function grade(options: GradeOptions): number {
  const lab = labAt(options.lab);
  const report = options.file.endsWith(".json")
    ? gradeSession(lab, options.file)
    : gradeScript(lab, options.seed, readScript(options.file), options);
  for (const task of report.tasks) {
    console.log(`${task.passed ? "✓" : "✕"} ${task.id}  ${task.title.en}  ${task.points}/${task.maxPoints}`);
    for (const check of task.checks) if (!check.passed) console.log(`    ${check.message.en}`);
  }
  console.log(`${report.score}/${report.maxScore}`);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(written(report), null, 2)}\n`);
  if (options.junit) writeFileSync(options.junit, junit(report));
  return report.passed ? 0 : 1;
}

/** The report as docs/formats.md has it: what the lab page links to is not part of it. */
function written({ lab, seed, score, maxScore, passed, tasks, digest }: GradeReport): object {
  const bare = tasks.map(({ checks, ...task }) => ({
    ...task,
    checks: checks.map(({ kind, passed: held, evidence, message }) => ({ kind, passed: held, evidence, message })),
  }));
  return { lab, seed, score, maxScore, passed, tasks: bare, digest };
}

function gradeSession(lab: Lab, path: string): GradeReport {
  const { text } = readScript(path);
  let file: ReturnType<typeof checkSessionFile>;
  try {
    file = checkSessionFile(JSON.parse(text));
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message}`);
  }
  if (file.lab !== lab.id) throw new UsageError(`${path}: a session of lab ${file.lab}, not of ${lab.id}`);
  const session = replaySession(file);
  const other = divergence(file, session);
  // The verdict is about what was replayed, which may not be what the learner saw.
  if (other !== undefined) console.error(`kubetude: warning: the replay differs: ${other}`);
  return new Grader(lab, session).report();
}
