import type { PipelineNode } from "unbash";
import { cpu, type Gen } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import { exitCode, type Process, release, type WaitStatus } from "../machine/process.ts";
import type { Signal } from "../machine/signal.ts";
import { waitFor } from "../machine/sys.ts";
import { BreakLoop } from "./control.ts";
import { type Job, jobState, signalText } from "./jobs.ts";
import { commandText } from "./print-command.ts";
import type { Shell } from "./shell.ts";
import { dieBy, dieOfSignal } from "./traps.ts";

/** A command as jobs are listed by, made when somebody asks. */
export function jobText(sh: Shell, node: PipelineNode): () => string {
  const { text } = sh.source;
  if (sh.setup.dialect === "bash") return () => commandText(node, text);
  return () => text.slice(node.pos, node.end).replace(/\s*&?\s*$/, "");
}

/** Gives the terminal to a process group, if the shell controls one. */
export function giveTerminal(sh: Shell, group: number): void {
  if (sh.has("monitor") && sh.p.tty) sh.p.tty.foreground = group;
}

/**
 * Waits for the processes of a foreground command; the status is that of the last one. With job control a stop makes
 * it a job. A SIGINT that comes meanwhile counts only when it ended the command.
 */
export function* waitForeground(sh: Shell, processes: Process[], text: () => string, known?: Job): Gen<number> {
  const group = processes[0]!.group;
  const monitor = sh.has("monitor");
  if (monitor) giveTerminal(sh, group);
  const statuses: (WaitStatus | undefined)[] = known ? known.statuses : processes.map(() => undefined);
  const catchInterrupt = sh.p.dispositions.get("INT") === undefined;
  if (catchInterrupt) sh.p.dispositions.set("INT", "catch");
  let interrupted = false;
  const { tty } = sh.p;
  const modes = tty && { ...tty.termios };
  try {
    for (let i = 0; i < processes.length; i++) {
      while (statuses[i] === undefined) {
        try {
          const got = yield* waitFor(sh.p, processes[i]!, { untraced: monitor });
          if (got!.status.kind !== "continued") statuses[i] = got!.status;
        } catch (error) {
          if (isErrno(error, "ECHILD")) statuses[i] = processes[i]!.status ?? { kind: "exited", code: 127 };
          else if (!isErrno(error, "EINTR")) throw error;
          if (catchInterrupt && sh.p.hasSignal) {
            // Other caught signals stay pending until the command ends.
            const others: Signal[] = [];
            while (sh.p.hasSignal) {
              const signal = sh.p.takeSignal()!;
              if (signal === "INT") interrupted = true;
              else others.push(signal);
            }
            for (const signal of others) sh.p.queueSignal(signal);
          }
        }
      }
      if (statuses[i]!.kind === "stopped" && monitor) break;
    }
  } finally {
    if (catchInterrupt && sh.p.dispositions.get("INT") === "catch") sh.p.dispositions.delete("INT");
    if (monitor) giveTerminal(sh, sh.p.group);
  }
  // A program that did not end by itself may have left the terminal in its own modes.
  const alone = sh.setup.interactive && sh.subshellDepth === 0;
  if (tty && modes && alone && statuses.some((status) => status?.kind !== "exited")) tty.termios = modes;
  return yield* settleForeground(sh, processes, statuses, text, interrupted, known);
}

function* settleForeground(
  sh: Shell,
  processes: Process[],
  statuses: (WaitStatus | undefined)[],
  text: () => string,
  interrupted: boolean,
  known: Job | undefined,
): Gen<number> {
  const stopped = statuses.find((status) => status?.kind === "stopped");
  if (stopped) {
    const job = known ?? sh.jobs.add(processes, processes[0]!.group, text(), false, sh.p.cwd);
    job.statuses = statuses.map((status) => status ?? stopped);
    job.background = false;
    sh.jobs.use(job);
    job.notified = true;
    yield* sh.writeTo(2, `\n[${job.id}]+  Stopped                 ${job.text}\n`);
    sh.pipeStatus = statuses.map((status) => exitCode(status ?? stopped));
    // Ctrl-Z leaves the loops around the command.
    if (stopped.kind === "stopped" && stopped.signal === "TSTP" && sh.loops > 0)
      throw new BreakLoop(sh.loops, false, exitCode(stopped));
    return exitCode(stopped);
  }
  if (known && jobState(known) === "done") sh.jobs.remove(known);
  if (sh.p.hasSignal && !sh.setup.interactive) yield* dieOfSignal(sh);
  const last = statuses.at(-1)!;
  sh.pipeStatus = statuses.map((status) => exitCode(status!));
  if (last.kind === "signaled") yield* onOwnErrors(sh, report(sh, processes.at(-1)!, last, text));
  if (!sh.setup.interactive && sh.jobs.jobs.length > 0) {
    yield* sh.jobs.poll(sh);
    yield* tellKilled(sh);
  }
  if (last.kind === "signaled" && last.signal === "INT") {
    if (interrupted) yield* dieBy(sh, "INT");
    if (sh.setup.interactive && sh.subshellDepth === 0 && !sh.traps.has("INT")) {
      sh.interruptPending = true;
      while (sh.p.hasSignal) sh.p.takeSignal();
    }
    yield* cpu(0);
  }
  return sh.pipefail(sh.pipeStatus);
}

/** In POSIX mode a shell for `-c` leaves telling of jobs to `jobs`. */
function quietly(sh: Shell): boolean {
  return sh.has("posix") && sh.isCommandString;
}

/** Runs `body` with the standard error that a program's redirections have replaced: they are the program's alone. */
function* onOwnErrors(sh: Shell, body: Gen<void>): Gen<void> {
  const redirected = sh.p.fds.get(2);
  const own = sh.ownErrors;
  if (own === undefined || redirected === undefined) {
    yield* body;
    return;
  }
  redirected.refs++;
  sh.p.setFd(2, own);
  try {
    yield* body;
  } finally {
    sh.p.setFd(2, redirected);
    release(redirected);
  }
}

/** What a shell says when a foreground command was ended by a signal. */
function* report(
  sh: Shell,
  process: Process,
  status: WaitStatus & { kind: "signaled" },
  text: () => string,
): Gen<void> {
  const { signal } = status;
  const core = status.core ? " (core dumped)" : "";
  if (signal === "INT") {
    if (sh.setup.interactive && sh.subshellDepth === 0) yield* sh.writeTo(2, "\n");
    return;
  }
  if (signal === "PIPE" || sh.inSubstitution) return;
  if (sh.setup.dialect === "bash" && quietly(sh)) return;
  const name = signalText(signal);
  const short = sh.setup.dialect !== "bash" || signal === "TERM" || sh.traps.has(signal);
  if (sh.subshellDepth > 0 && (sh.setup.interactive || sh.setup.dialect !== "bash")) return;
  if (sh.setup.interactive || short) yield* sh.writeTo(2, `${name}${core}\n`);
  else yield* sh.complain(`${String(process.nsPid).padStart(5)} ${(name + core).padEnd(23)} ${text()}`);
}

/** A script's words about background jobs that a signal ended (notify_of_job_status of bash's jobs.c). */
export function* tellKilled(sh: Shell): Gen<void> {
  if (sh.setup.interactive || sh.setup.dialect !== "bash" || sh.subshellDepth > 0 || quietly(sh)) return;
  for (const job of sh.jobs.jobs) {
    if (job.told || jobState(job) !== "done") continue;
    job.told = true;
    const last = job.statuses.at(-1)!;
    if (last.kind !== "signaled" || ["INT", "TERM", "PIPE"].includes(last.signal) || sh.traps.has(last.signal))
      continue;
    const state = signalText(last.signal) + (last.core ? " (core dumped)" : "");
    yield* sh.complain(`${String(job.processes.at(-1)!.nsPid).padStart(5)} ${state.padEnd(23)} ${job.text}`);
  }
}
