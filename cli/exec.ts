import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { decode, SECOND, Session } from "../engine/index.ts";
import { labAt, sessionSpec } from "../grader/lab.ts";
import { engineHash } from "./engine-hash.ts";
import { writeNow } from "./output.ts";
import { UsageError } from "./usage.ts";

export interface ExecOptions {
  lab: string;
  seed: number;
  host: string;
  /** Virtual seconds. */
  timeout: number;
  file: string;
}

/** Exit status past the virtual timeout, as timeout(1) has it. */
const TIMED_OUT = 124;

/** A script by path, or from standard input for `-`; bytes that are no UTF-8 stay what they are. */
export function readScript(file: string): { name: string; text: string } {
  try {
    return { name: file === "-" ? "script.sh" : basename(file), text: decode(readFileSync(file === "-" ? 0 : file)) };
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`);
  }
}

/** Runs a script in a booted session. Resolves at once: it all happens on virtual time. */
export function runScript(
  session: Session,
  script: { name: string; text: string; host: string; timeout: number },
  ended: () => number | undefined,
): number {
  session.apply({
    type: "script",
    id: "script",
    machine: script.host,
    user: "learner",
    name: script.name,
    text: script.text,
  });
  session.kernel.runUntil(() => ended() !== undefined, session.kernel.now + script.timeout * SECOND);
  return ended() ?? TIMED_OUT;
}

export function exec(options: ExecOptions): number {
  const lab = labAt(options.lab);
  const { name, text } = readScript(options.file);
  let status: number | undefined;
  const session = new Session(sessionSpec(lab, options.seed, engineHash()), {
    output: (_id, bytes, stream) => writeNow(stream, bytes),
    ended: (_id, code) => {
      status = code;
    },
  });
  if (session.findMachine(options.host) === undefined) {
    throw new UsageError(`--host: no machine "${options.host}"; machines: ${session.machineNames().join(", ")}`);
  }
  session.boot();
  return runScript(session, { name, text, host: options.host, timeout: options.timeout }, () => status);
}
