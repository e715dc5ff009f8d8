import type { Statement } from "unbash";
import type { Gen } from "../kernel/index.ts";
import type { Process } from "../machine/process.ts";
import { partsOf } from "./command-parts.ts";
import { findNull } from "./devices.ts";
import { runForked, runStatement } from "./execute.ts";
import { forkShell } from "./fork.ts";
import { asCommand, startPipeline } from "./pipeline.ts";
import { commandText } from "./print-command.ts";
import type { Shell } from "./shell.ts";
import { runWords } from "./simple.ts";
import { debugTrap, handleSignals } from "./traps.ts";

/** Runs a statement in the background: `&`. */
export function* startBackground(sh: Shell, statement: Statement): Gen<void> {
  sh.position = statement.pos;
  const { command } = statement;
  const text = sh.setup.dialect === "bash" ? commandText(command, sh.source.text) : sh.textOf(statement);
  const plain = command.type === "Pipeline" && command.commands.length > 1 && command.prefixes.length === 0;
  yield* sh.jobs.poll(sh);
  if (command.type === "Command" && sh.traps.has("DEBUG")) {
    sh.position = partsOf(command).place;
    if (sh.runningTrap === 0) sh.command = { node: command, text: sh.source.text };
    if (!(yield* debugTrap(sh))) {
      sh.status = 0;
      return;
    }
  }
  if (command.type === "Command" && command.name?.text.startsWith("%") && sh.setup.dialect === "bash") {
    yield* runWords(sh, ["bg", command.name.text]);
    return;
  }
  let processes: Process[];
  if (plain) processes = yield* startPipeline(sh, command, true);
  else {
    const fds = sh.fds();
    if (!sh.has("monitor") && !sh.stdinRedirected) {
      const nothing = findNull(sh);
      if (nothing) fds.set(0, nothing);
    }
    const child = yield* forkShell(
      sh,
      function* (sub) {
        if (command.type === "Command") {
          asCommand(sh, sub, command);
          sub.debugged = command;
        }
        if (command.type === "AndOr")
          yield* runStatement(sub, { ...statement, command, background: undefined } as Statement);
        else yield* runForked(sub, command);
        if (sub.p.hasSignal) yield* handleSignals(sub);
        return sub.status;
      },
      { fds, background: true, ...(sh.has("monitor") ? { group: "new" as const } : {}) },
    );
    processes = [child];
  }
  const last = processes.at(-1)!;
  sh.lastBackground = last.nsPid;
  const job = sh.jobs.add(processes, processes[0]!.group, text, true, sh.p.cwd);
  if (sh.setup.interactive && sh.subshellDepth === 0) yield* sh.writeTo(2, `[${job.id}] ${last.nsPid}\n`);
  sh.status = 0;
}
