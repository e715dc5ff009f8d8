import type { Gen } from "../kernel/index.ts";
import { cpu } from "../kernel/index.ts";
import type { Process } from "../machine/process.ts";
import { SIGNALS, type Signal } from "../machine/signal.ts";
import { ExitShell, ReturnFrom } from "./control.ts";
import { runSource } from "./execute.ts";
import { statusOf } from "./fork.ts";
import type { Shell } from "./shell.ts";
import { Source } from "./source.ts";
import { nameWithin } from "./syntax.ts";

/** Signals that end a shell and so run its EXIT trap first. */
const FATAL: Signal[] = [
  "HUP",
  "INT",
  "ILL",
  "TRAP",
  "ABRT",
  "BUS",
  "FPE",
  "USR1",
  "USR2",
  "SEGV",
  "PIPE",
  "ALRM",
  "TERM",
  "XCPU",
  "XFSZ",
  "VTALRM",
  "SYS",
];

/** Name of a signal or pseudo signal from `INT`, `SIGINT`, `int`, `2`; undefined for others. */
export function signalName(text: string): string | undefined {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number === 0) return "EXIT";
    return Object.keys(SIGNALS).find((name) => SIGNALS[name as Signal] === number);
  }
  const name = text.toUpperCase().replace(/^SIG/, "");
  if (name in SIGNALS || name === "EXIT" || name === "ERR" || name === "DEBUG" || name === "RETURN") return name;
  return undefined;
}

/** How the shell itself takes a signal, after its traps changed. */
export function arrange(sh: Shell, signal: Signal): void {
  const { dispositions } = sh.p;
  const action = sh.traps.get(signal);
  if (action === "") dispositions.set(signal, "ignore");
  else if (action !== undefined) dispositions.set(signal, "catch");
  else if (sh.setup.interactive && sh.subshellDepth === 0 && (signal === "INT" || signal === "WINCH"))
    dispositions.set(signal, "catch");
  else if (sh.setup.interactive && sh.subshellDepth === 0 && ["TERM", "TSTP", "TTIN", "TTOU", "QUIT"].includes(signal))
    dispositions.set(signal, "ignore");
  else if (sh.traps.has("EXIT") && FATAL.includes(signal)) dispositions.set(signal, "catch");
  else dispositions.delete(signal);
}

/** Applies all dispositions (after the EXIT trap was set or removed). */
export function arrangeAll(sh: Shell): void {
  for (const signal of FATAL) if (!sh.ignoredAtStart.has(signal)) arrange(sh, signal);
}

/** Signal handling of a child of the shell: what the shell ignores for itself only is reset. */
export function resetSignals(sh: Shell, child: Process, background: boolean): void {
  for (const signal of ["INT", "TERM", "TSTP", "TTIN", "TTOU", "QUIT"] as const) {
    if (sh.traps.get(signal) === "" || sh.ignoredAtStart.has(signal)) continue;
    child.dispositions.delete(signal);
  }
  // Without job control background commands ignore the keyboard's signals.
  if (background && !sh.has("monitor")) {
    child.dispositions.set("INT", "ignore");
    child.dispositions.set("QUIT", "ignore");
  }
}

/** Runs the traps of signals that came; a fatal one without a trap ends the shell. */
export function* handleSignals(sh: Shell): Gen<void> {
  while (sh.p.hasSignal) {
    const signal = sh.p.takeSignal()!;
    const action = sh.traps.get(signal);
    if (action !== undefined) {
      if (action !== "") yield* runTrap(sh, signal, action);
      continue;
    }
    if (signal === "WINCH" || signal === "CHLD") continue;
    if (sh.setup.interactive && sh.subshellDepth === 0 && signal === "INT") {
      sh.interruptPending = true;
      yield* sh.writeTo(2, "\n");
      continue;
    }
    yield* dieBy(sh, signal);
  }
}

/** A signal that came while a command ran and ends the shell does so before the command's status counts. */
export function* dieOfSignal(sh: Shell): Gen<void> {
  const others: Signal[] = [];
  while (sh.p.hasSignal) {
    const signal = sh.p.takeSignal()!;
    if (!sh.traps.has(signal) && FATAL.includes(signal) && signal !== "INT") yield* dieBy(sh, signal);
    others.push(signal);
  }
  for (const signal of others) sh.p.queueSignal(signal);
}

/** Ends the shell as the signal does by default, after its EXIT trap. */
export function* dieBy(sh: Shell, signal: Signal): Gen<void> {
  yield* runExitTrap(sh, sh.setup.dialect === "bash" ? sh.status : 128 + SIGNALS[signal]);
  sh.p.dispositions.delete(signal);
  sh.p.machine.signal(sh.p, signal);
  yield* cpu(0);
}

/**
 * Runs the DEBUG trap before a command, BASH_COMMAND being set. False when the command is to be left out: with
 * `extdebug` a status other than 0 says so, and 2 returns from the function or file.
 */
export function* debugTrap(sh: Shell): Gen<boolean> {
  const action = sh.traps.get("DEBUG");
  if (action === undefined || action === "" || sh.runningDebug) return true;
  sh.runningDebug = true;
  let status: number;
  const { simpleNode, simpleText } = sh;
  try {
    status = yield* runTrap(sh, "DEBUG", action);
  } finally {
    sh.runningDebug = false;
    if (sh.simpleNode) sh.lastPrinted = { node: sh.simpleNode, text: sh.simpleText };
    sh.simpleNode = simpleNode;
    sh.simpleText = simpleText;
  }
  if (status === 0 || !sh.shopts.has("extdebug")) return true;
  if (status === 2 && (sh.functionDepth > 0 || sh.sourceDepth > 0)) throw new ReturnFrom(status);
  return false;
}

/** What bash calls the text of a trap when it cannot read it. */
const TRAP_NAMES: Record<string, string> = {
  DEBUG: "debug trap",
  ERR: "error trap",
  RETURN: "return trap",
  INT: "interrupt trap",
};

/** Runs a trap's action and gives its status; `$?` is as before afterwards. */
export function* runTrap(sh: Shell, name: string, action: string): Gen<number> {
  const { status, pipeStatus, source, position } = sh;
  sh.runningTrap++;
  if (name === "RETURN") sh.runningReturn++;
  sh.traceDepth++;
  const saved = sh.trapStatus;
  sh.trapStatus = status;
  try {
    const line = sh.line();
    yield* runSource(
      sh,
      new Source(action, source?.file ?? "", name === "DEBUG" || name === "ERR" || name === "RETURN" ? line : 1),
      { syntaxName: nameWithin(sh, TRAP_NAMES[name] ?? "trap") },
    );
  } finally {
    sh.runningTrap--;
    if (name === "RETURN") sh.runningReturn--;
    sh.traceDepth--;
    sh.trapStatus = saved;
    sh.source = source;
    sh.position = position;
  }
  const result = sh.status;
  sh.status = status;
  sh.pipeStatus = pipeStatus;
  return result;
}

/**
 * What goes on through a command that has redirections: where the shell ends within one that it reads itself, or in a
 * function, its EXIT trap runs there, and writes where the command did.
 */
export function* leaving(sh: Shell, error: unknown, compound: boolean): Gen<unknown> {
  if (!(error instanceof ExitShell) || sh.setup.dialect !== "bash") return error;
  // What `set -e` ends is left in order where the redirections are a simple command's.
  if (sh.exiting || error.leaves === "nothing" || (error.leaves === "calls" && !compound)) return error;
  if (sh.functionDepth === 0 && sh.texts > 0) return error;
  return new ExitShell(yield* runExitTrap(sh, error.status));
}

/** Ends the shell right where an error was told, with all that is redirected there, as `exit_shell` of bash does. */
export function* endAt(sh: Shell, status: number): Gen<never> {
  throw new ExitShell(yield* runExitTrap(sh, status, true), "everything");
}

/**
 * The shell's last act: its EXIT trap. Gives the status it ends with. `within`: nothing of what it was doing is left, so
 * `set -x` counts on; else a shell that reads its commands itself begins anew.
 */
export function* runExitTrap(sh: Shell, status: number, within = false): Gen<number> {
  const action = sh.traps.get("EXIT");
  sh.status = status;
  if (action === undefined || action === "" || sh.exiting) return status;
  sh.exiting = true;
  if (sh.setup.dialect === "bash" && !within) sh.traceDepth = sh.traceBase;
  if (within || sh.setup.dialect !== "bash" || (sh.subshellDepth > 0 && sh.inSubstitution === undefined))
    sh.traceDepth++;
  sh.traps.delete("EXIT");
  sh.ignoreErrors = 0;
  sh.vars.keepsFrames = false;
  if (sh.leftCalls) Object.assign(sh, sh.leftCalls);
  try {
    const source = new Source(action, sh.source?.file ?? "", 1);
    sh.trapStatus = status;
    yield* runSource(sh, source, { syntaxName: nameWithin(sh, "exit trap") });
    return status;
  } catch (error) {
    if (error instanceof ReturnFrom) return sh.setup.dialect === "bash" ? error.status : status;
    // A trap that an expansion ends gives what the shell was ending with.
    const kept = sh.setup.dialect === "bash" && error instanceof ExitShell && error.leaves === "nothing";
    return kept ? status : yield* statusOf(sh, error);
  }
}
