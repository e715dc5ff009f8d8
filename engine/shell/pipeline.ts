import type { CommandNode, Pipeline } from "unbash";
import type { Gen } from "../kernel/index.ts";
import type { OpenFile } from "../machine/open-file.ts";
import { type Process, release } from "../machine/process.ts";
import { pipe } from "../machine/sys.ts";
import { partsOf } from "./command-parts.ts";
import { ExitShell } from "./control.ts";
import { failed, runForked, runNode } from "./execute.ts";
import { jobText, waitForeground } from "./foreground.ts";
import { forkShell } from "./fork.ts";
import type { Shell } from "./shell.ts";
import { cpuTime, printTimes } from "./times.ts";
import { debugTrap } from "./traps.ts";

/** Runs `[time] [!] a | b | c`. */
export function* runPipeline(sh: Shell, node: Pipeline): Gen<void> {
  const time = node.prefixes.find((prefix) => prefix.type === "Time");
  const negations = node.prefixes.filter((prefix) => prefix.type === "Negation").length;
  const started = sh.p.machine.kernel.now;
  const used = time ? cpuTime(sh) : 0;
  if (negations > 0) {
    // Within what is negated `set -e` looks away, the ERR trap from the negated command only.
    const inverted = sh.inverted;
    const away = sh.has("errexit");
    if (away) sh.ignoreErrors++;
    sh.inverted = node.commands.length === 1 ? node.commands[0] : node;
    try {
      yield* runCommands(sh, node);
    } finally {
      if (away) sh.ignoreErrors--;
      sh.inverted = inverted;
    }
    if (negations % 2 === 1) sh.status = sh.status === 0 ? 1 : 0;
  } else {
    try {
      yield* runCommands(sh, node);
    } catch (error) {
      // What `set -e` ends was timed all the same.
      if (time && error instanceof ExitShell && error.leaves === "calls") yield* tellTimes(sh, time, started, used);
      throw error;
    }
  }
  if (time) yield* tellTimes(sh, time, started, used);
}

function* tellTimes(sh: Shell, time: Pipeline["prefixes"][number], started: number, used: number): Gen<void> {
  yield* sh.settle();
  const { now } = sh.p.machine.kernel;
  yield* printTimes(sh, now - started, cpuTime(sh) - used, time.type === "Time" && time.posix !== undefined);
}

function* runCommands(sh: Shell, node: Pipeline): Gen<void> {
  if (node.commands.length === 0) {
    if (sh.traps.has("DEBUG")) {
      sh.position = node.pos;
      if (sh.runningTrap === 0) sh.command = sh.lastPrinted ?? { node: sh.simpleNode!, text: sh.simpleText };
      yield* debugTrap(sh);
    }
    sh.status = 0;
    return;
  }
  if (node.commands.length === 1) {
    yield* runNode(sh, node.commands[0]!);
    sh.pipeStatus = [sh.status];
    return;
  }
  sh.position = node.pos;
  const processes = yield* startPipeline(sh, node, false);
  if (processes.length < node.commands.length) {
    yield* runLast(sh, node, processes);
    return;
  }
  const last = node.commands.at(-1)!;
  if (sh.traps.size > 0 && sh.runningTrap === 0) sh.command = { node: last, text: sh.source.text };
  sh.status = yield* waitForeground(sh, processes, jobText(sh, node));
  const inner = last.type === "Redirected" ? last.command : last;
  if (inner.type === "Subshell") {
    // It is watched twice: as such, and as the pipeline that it ends.
    sh.position = Math.max(inner.pos, inner.end - 1);
    yield* failed(sh);
  } else if (last.type === "Command") sh.position = partsOf(last).place;
  if (sh.inverted !== node) yield* failed(sh);
}

/** With `shopt -s lastpipe` the last command runs in the shell itself. */
function* runLast(sh: Shell, node: Pipeline, processes: Process[]): Gen<void> {
  const input = sh.lastPipeInput!;
  sh.lastPipeInput = undefined;
  const old = sh.p.fds.get(0);
  if (old) old.refs++;
  sh.p.setFd(0, input);
  try {
    yield* runNode(sh, node.commands.at(-1)!);
  } finally {
    if (old) {
      sh.p.setFd(0, old);
      release(old);
    } else sh.p.closeFd(0);
  }
  const status = sh.status;
  yield* waitForeground(sh, processes, jobText(sh, node));
  sh.pipeStatus = [...sh.pipeStatus, status];
  sh.status = sh.pipefail(sh.pipeStatus);
  if (sh.inverted !== node) yield* failed(sh);
}

/** Starts every command of a pipeline in a process of its own, joined by pipes. */
export function* startPipeline(sh: Shell, node: Pipeline, background: boolean): Gen<Process[]> {
  const processes: Process[] = [];
  const { commands, operators } = node;
  let input: OpenFile | undefined;
  for (let i = 0; i < commands.length; i++) {
    const command = commands[i]!;
    if (i === commands.length - 1 && sh.shopts.has("lastpipe") && !sh.has("monitor") && !background) {
      sh.lastPipeInput = input;
      return processes;
    }
    if (command.type === "Command" && sh.traps.has("DEBUG")) {
      sh.position = partsOf(command).place;
      if (sh.runningTrap === 0) sh.command = { node: command, text: sh.source.text };
      if (!(yield* debugTrap(sh))) continue;
    }
    const fds = sh.fds();
    if (input) fds.set(0, input);
    let next: OpenFile | undefined;
    if (i < commands.length - 1) {
      const [reader, writer] = pipe();
      fds.set(1, writer);
      if (operators[i] === "|&") fds.set(2, writer);
      next = reader;
    }
    const group = !sh.has("monitor") ? undefined : processes[0] ? processes[0].group : "new";
    const body = (sub: Shell) => {
      if (command.type === "Command") asCommand(sh, sub, command);
      return element(sub, command, i > 0);
    };
    const child = yield* forkShell(sh, body, {
      fds,
      background,
      ...(group !== undefined ? { group } : {}),
    });
    processes.push(child);
    input = next;
  }
  return processes;
}

/**
 * A process for a simple command: its failure is not the process's own affair, and errors of its expansions lead where
 * those of the shell do, up to the EXIT trap.
 */
export function asCommand(sh: Shell, sub: Shell, command: CommandNode): void {
  sub.jumpsOut = sh.jumpsOut;
  sub.inverted = command;
  sub.exitTrapAbove = sh.traps.get("EXIT");
}

/** Body of a pipeline's child. */
export function* element(sub: Shell, command: CommandNode, piped = false): Gen<number> {
  if (command.type !== "Subshell" && command.type !== "Command") sub.loops = 0;
  // Only a simple command still sees the jobs of its parent.
  if (command.type !== "Command") sub.jobs.inherited.length = 0;
  if (command.type === "Command") sub.debugged = command;
  if (piped && command.type !== "Command") sub.stdinRedirected = true;
  yield* runForked(sub, command);
  return sub.status;
}
