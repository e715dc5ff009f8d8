import { call, cpu, type Gen, sleep } from "../kernel/index.ts";
import { COST } from "../machine/costs.ts";
import { isErrno } from "../machine/errno.ts";
import type { OpenFile } from "../machine/open-file.ts";
import type { Process } from "../machine/process.ts";
import { fork } from "../machine/sys.ts";
import { BreakLoop, cannotAllocate, ExitShell, ReturnFrom, ShellError } from "./control.ts";
import { closeCoproc } from "./coproc.ts";
import { copyShell } from "./copy.ts";
import { runSource, tell } from "./execute.ts";
import type { Shell } from "./shell.ts";
import type { Source } from "./source.ts";
import { nameWithin } from "./syntax.ts";
import { handleSignals, resetSignals, runExitTrap } from "./traps.ts";

/** Starts a child shell with a copy of this one's state. Its signal handling is that of a new command. */
export function* forkShell(
  sh: Shell,
  body: (sub: Shell) => Gen<number>,
  options: { fds?: Map<number, OpenFile>; group?: number | "new"; background?: boolean; substitution?: boolean } = {},
): Gen<Process> {
  yield* sh.settle();
  yield* cpu(COST.fork);
  // Made once there is a child: one that waits for room holds no second copy.
  let sub: Shell;
  const main = function* (p: Process): Gen<number> {
    sub.p = p;
    if (sh.coproc && !options.substitution) closeCoproc(sub, sh.coproc);
    return yield* finishing(sub, body(sub));
  };
  for (let attempt = 0; ; attempt++) {
    try {
      const child = fork(sh.p, main, {
        ...(options.fds ? { fds: options.fds } : {}),
        ...(options.group !== undefined ? { group: options.group } : {}),
      });
      sub = copyShell(sh);
      child.exe = sh.p.exe;
      child.comm = sh.p.comm;
      for (const fd of sh.p.closeOnExec) if (!options.fds || child.fds.has(fd)) child.closeOnExec.add(fd);
      resetSignals(sh, child, options.background ?? false);
      return child;
    } catch (error) {
      if (!isErrno(error, "EAGAIN")) throw error;
      if (attempt === 4) throw new ShellError("fork: Resource temporarily unavailable", "exit", 254);
      yield* sh.complain("fork: retry: Resource temporarily unavailable");
      yield* sleep((1 << attempt) * 1_000_000);
      if (sh.p.hasSignal) yield* handleSignals(sh);
      if (sh.interruptPending) throw new ShellError("", "discard", 130);
    }
  }
}

/** Runs a shell's body to its status: control flow that leaves it ends here, and the EXIT trap runs. */
export function* finishing(sh: Shell, body: Gen<number>): Gen<number> {
  let status: number;
  try {
    status = yield* call(body);
  } catch (error) {
    status = yield* statusOf(sh, error);
    if (sh.exitTrapAbove !== undefined && error instanceof ShellError) sh.traps.set("EXIT", sh.exitTrapAbove);
  }
  return yield* runExitTrap(sh, status);
}

/** The status of a shell that something thrown has ended. */
export function* statusOf(sh: Shell, error: unknown): Gen<number> {
  if (error instanceof ExitShell || error instanceof ReturnFrom) return error.status;
  if (error instanceof BreakLoop) return 0;
  if (error instanceof ShellError) {
    try {
      yield* tell(sh, error);
    } catch (ended) {
      if (ended instanceof ExitShell) return ended.status;
      throw ended;
    }
    return error.how === "exit" ? exitStatus(sh, error) : error.status;
  }
  if (error instanceof RangeError && error.message.includes("length")) {
    // V8's longest string.
    yield* tell(sh, cannotAllocate(0x1fffffe8));
    return 2;
  }
  if (error instanceof RangeError) {
    // Nesting beyond the host's stack: bash overflows its own there too.
    sh.p.dispositions.delete("SEGV");
    sh.p.machine.signal(sh.p, "SEGV");
    yield* cpu(0);
    return 139;
  }
  throw error;
}

/** Status of a shell that an expansion error ends. */
export function exitStatus(sh: Shell, error: ShellError): number {
  if (sh.setup.dialect !== "bash") return 2;
  const out = sh.jumpsOut && (sh.subshellDepth === 0 || sh.texts === 0);
  return error.status === 1 && sh.isCommandString && out ? 127 : error.status;
}

/** Runs a text in a child, which messages name; `last` lets a lone simple command take the process over. */
export function* runBody(sh: Shell, source: Source, last: boolean, called: string): Gen<number> {
  const { command } = sh;
  try {
    yield* runSource(sh, source, { last, syntaxName: nameWithin(sh, called) });
    return sh.status;
  } finally {
    // Its EXIT trap is shown what the shell above was doing.
    sh.command = command;
  }
}
