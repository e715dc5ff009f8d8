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
  /** See `runScript`. */
  work: number;
  file: string;
}

/** Exit status past the virtual timeout, as timeout(1) has it. */
const TIMED_OUT = 124;
/** Events a virtual second that clusters have of their own: two of three masters at rest. */
const CLUSTERS_OWN = 200;
/** Events beyond those that a script may cause: half a minute of the host's CPU or so. */
export const MOST_WORK = 200_000;

/** A script by path, or from standard input for `-`; bytes that are no UTF-8 stay what they are. */
export function readScript(file: string): { name: string; text: string } {
  try {
    return { name: file === "-" ? "script.sh" : basename(file), text: decode(readFileSync(file === "-" ? 0 : file)) };
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`);
  }
}

/**
 * Runs a script in a booted session. Resolves at once: it all happens on virtual time. One that never ends, or leaves
 * a fork bomb, is given up by the clock (`timeout`, virtual seconds) or by the events it caused (`work`): a number of
 * both that is the same on every host.
 */
export function runScript(
  session: Session,
  script: { name: string; text: string; host: string; timeout: number; work: number },
  ended: () => number | undefined,
): number {
  const { kernel } = session;
  const { now: startedAt, eventIndex: first } = kernel;
  const due = startedAt + script.timeout * SECOND;
  const spent = () => kernel.eventIndex - first > script.work + ((kernel.now - startedAt) / SECOND) * CLUSTERS_OWN;
  session.apply({
    type: "script",
    id: "script",
    machine: script.host,
    user: "learner",
    name: script.name,
    text: script.text,
  });
  kernel.runUntil(() => ended() !== undefined || spent(), due);
  if (ended() === undefined && spent())
    console.error(
      `kubetude: given up after ${Math.floor((kernel.now - startedAt) / SECOND)} virtual seconds: too much work (--work)`,
    );
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
  return runScript(session, { name, text, ...options }, () => status);
}
