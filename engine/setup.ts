import { MINUTE } from "./kernel/index.ts";
import { runAs, SinkFile } from "./machine/login.ts";
import { exitCode } from "./machine/process.ts";
import type { Session } from "./session.ts";

/** Virtual time that a lab's setup may take, µs: a learner waits for it. */
const SETUP_LIMIT = 20 * MINUTE;

/** Lines of a failed setup that its error repeats. */
const TOLD_LINES = 15;

/**
 * Runs a lab's setup on the workstation to its end, yielding whenever `rest` says so. The session's seed is in its
 * environment as SEED. Throws what it printed last when it fails or does not end.
 */
export function* preparing(session: Session, script: string, rest: () => boolean): Generator<void, void> {
  const { kernel } = session;
  let printed = "";
  const decoder = new TextDecoder();
  const sink = new SinkFile((bytes) => {
    printed = (printed + decoder.decode(bytes, { stream: true })).slice(-8192);
  });
  // Handed over as an argument: a file of it would be found by the learner.
  const process = runAs(session.machine("workstation"), {
    user: "learner",
    argv: ["/bin/bash", "-c", script, "setup.sh"],
    fds: new Map([
      [1, sink],
      [2, sink],
    ]),
    env: new Map([["SEED", String(session.spec.seed)]]),
  });
  const limit = kernel.now + SETUP_LIMIT;
  while (process.status === undefined) {
    let resting = false;
    const going = kernel.runUntil(() => {
      resting = rest();
      return resting || process.status !== undefined;
    }, limit);
    if (process.status !== undefined) break;
    if (!going) throw failure(`did not end within ${SETUP_LIMIT / MINUTE} minutes`, printed);
    yield;
  }
  const status = exitCode(process.status);
  if (status !== 0) throw failure(`ended with status ${status}`, printed);
}

function failure(what: string, printed: string): Error {
  const told = printed.trimEnd().split("\n").slice(-TOLD_LINES).join("\n");
  return new Error(`setup.sh ${what}${told === "" ? "" : `:\n${told}`}`);
}
