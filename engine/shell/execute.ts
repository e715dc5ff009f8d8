import type { AndOr, CompoundList, PipelineNode, Redirection, Statement, Subshell } from "unbash";
import type { Gen } from "../kernel/index.ts";
import { startBackground } from "./background.ts";
import {
  runArithCommand,
  runArithFor,
  runCase,
  runFor,
  runIf,
  runSelect,
  runSubshell,
  runTest,
  runWhile,
} from "./compound.ts";
import { ExitShell, ShellError } from "./control.ts";
import { startCoproc } from "./coproc.ts";
import { warn } from "./expand.ts";
import { exitStatus } from "./fork.ts";
import { afterInstants, runInstantly } from "./instant.ts";
import { runPipeline } from "./pipeline.ts";
import { Reader } from "./reader.ts";
import { redirect, redirectsInput, restore, type Saved } from "./redirect.ts";
import type { Shell } from "./shell.ts";
import { runSimple } from "./simple.ts";
import type { Source } from "./source.ts";
import { closeSubstitutions } from "./substitution.ts";
import { syntaxError } from "./syntax.ts";
import { endAt, handleSignals, leaving, runTrap } from "./traps.ts";
import { documentsEnd, hiddenLines, readEnd, readLine } from "./verbose.ts";

/** Runs a whole text: a script, a `-c` string, an `eval`, a trap. Stops where its syntax is wrong, as bash does. */
export function* runSource(
  sh: Shell,
  source: Source,
  options: { last?: boolean; syntaxName?: string } = {},
): Gen<void> {
  const outer = sh.source;
  const { loops, ignoreErrors } = sh;
  const outerPosition = sh.position;
  const reader = new Reader(sh, source);
  // `set -v` shows lines as they are read, so not the rest of its own.
  let shown = source.firstLine - 1;
  const reads = !sh.setup.interactive && !(sh.posix && sh.isCommandString);
  const lines = reads ? source.text.split("\n") : [];
  const show = function* (to: number, hidden?: ReadonlySet<number>): Gen<void> {
    if (!sh.has("verbose")) {
      shown = Math.max(shown, to);
      return;
    }
    for (; shown < to; shown++) {
      if (!hidden?.has(shown + 1)) yield* sh.writeTo(2, `${lines[shown - source.firstLine + 1] ?? ""}\n`);
    }
  };
  sh.texts++;
  try {
    for (let part = reader.next(); part !== undefined; part = reader.next()) {
      const { source: text, statements, error } = part;
      sh.source = text;
      for (const warning of part.warnings ?? []) {
        sh.position = warning.at;
        yield* sh.complain(warning.text);
      }
      sh.position = 0;
      let skipLine = -1;
      let lastLine = -1;
      const final = options.last && !error && reader.ended ? statements.at(-1) : undefined;
      for (const statement of statements) {
        const line = text.placeOf(statement.pos);
        if (skipLine >= 0 && line <= skipLine) {
          // What follows on the line was read along with it, to its own last line.
          skipLine = Math.max(skipLine, text.placeOf(statement.end - 1));
          continue;
        }
        if (line > lastLine && reader.rereads(statement.pos)) break;
        lastLine = text.placeOf(Math.max(statement.pos, statement.end - 1));
        try {
          if (!reads) {
            // What a trap or a prompt runs is not read.
          } else if (!sh.has("verbose")) yield* show(lastLine);
          else yield* show(readLine(text, statements, statement), hiddenLines(text, statement));
          if (sh.has("noexec")) continue;
          // Until a command tells its own, lines are told of where reading has come to.
          if (reads) sh.position = Math.max(statement.pos, readEnd(text, statements, statement) - 1);
          // The last command takes the shell's place, unless a trap is to run after it.
          yield* runStatement(sh, statement, statement === final && !sh.awaited);
        } catch (thrown) {
          if (!(thrown instanceof ShellError)) throw thrown;
          yield* tell(sh, thrown);
          sh.status = thrown.status;
          sh.pipeStatus = [thrown.status];
          if (thrown.how === "exit" && !sh.setup.interactive) throw new ExitShell(exitStatus(sh, thrown));
          if (sh.posix && !sh.setup.interactive) throw new ExitShell(2);
          if (sh.strict && endsScript(thrown)) throw new ExitShell(exitStatus(sh, thrown));
          const nested = outer !== undefined && sh.texts > 0;
          if (nested && sh.setup.dialect === "bash" && thrown.how === "discard" && !thrown.cleanup) {
            // A text goes on behind the line, unless it is a subshell's.
            if (sh.subshellDepth > 0) throw new ExitShell(thrown.status);
          } else if (outer !== undefined || sh.subshellDepth > 0) throw thrown;
          sh.loops = loops;
          sh.ignoreErrors = ignoreErrors;
          if (thrown.cleanup && sh.isCommandString && !sh.setup.interactive) throw new ExitShell(thrown.status);
          skipLine = text.placeOf(statement.end - 1);
          if (sh.setup.dialect === "bash")
            reader.slip(text, Math.max(statement.end, documentsEnd(statement)), sh.position);
        }
      }
      if (error === undefined || reader.readsOn || reader.rereads(error.start)) continue;
      if (reads && sh.has("verbose")) {
        const lines = source.text.replace(/\n$/, "").split("\n").length;
        yield* show(source.firstLine - 1 + (error.incomplete ? lines : Math.min(lines, error.line)));
      }
      yield* syntaxError(sh, source, error, options.syntaxName);
      if (error.within !== "array") return;
      reader.readFrom(error.resume);
    }
    if (reads && sh.has("verbose") && source.text !== "")
      yield* show(source.firstLine + source.text.replace(/\n$/, "").split("\n").length - 1);
  } finally {
    sh.texts--;
    sh.source = outer;
    sh.position = outerPosition;
  }
}

/** In POSIX mode these errors end a script: those of `${…}` and `$((…))`. */
function endsScript({ message, expanding, cleanup }: ShellError): boolean {
  return !cleanup && (/: bad substitution$/.test(message) || expanding);
}

/** Prints an error where it came up, before what it says of the place is undone. */
export function* tell(sh: Shell, error: unknown): Gen<void> {
  if (sh.warnings.length > 0) yield* warn(sh);
  if (!(error instanceof ShellError) || error.printed || error.message === "") return;
  error.printed = true;
  if (error.fatal) yield* sh.writeTo(2, `${sh.commandName}: ${error.message}\n`);
  else yield* sh.complain(error.message);
  // So do those that end a shell without `set -e`: with it they do so where they stand.
  if (error.how === "exit" && error.status === 1 && sh.endsOnErrors) yield* endAt(sh, 1);
}

/** Runs a list of statements; `$?` is the status. */
export function* runList(sh: Shell, list: CompoundList): Gen<void> {
  for (const statement of list.commands) {
    if (!statement.background && statement.command.type !== "AndOr" && runInstantly(sh, statement.command)) {
      if (sh.overdue || sh.warnings.length > 0) yield* afterInstants(sh);
    } else yield* runStatement(sh, statement);
  }
}

/** Runs one statement. `last`: the shell ends after it, so a simple command may take over its process. */
export function* runStatement(sh: Shell, statement: Statement, last = false): Gen<void> {
  if (statement.background) yield* startBackground(sh, statement);
  else {
    const { command } = statement;
    const substitutions = sh.substitutions.length;
    if (command.type === "AndOr") yield* runAndOr(sh, command);
    else yield* runNode(sh, command, last);
    // Those of a loop's words, a `case` or a `[[ … ]]`.
    if (sh.substitutions.length > substitutions) closeSubstitutions(sh, substitutions);
  }
  if (sh.warnings.length > 0) yield* warn(sh);
  if (sh.p.hasSignal) yield* handleSignals(sh);
  if (sh.interruptPending) throw new ShellError("", "discard", 130);
}

function* runAndOr(sh: Shell, node: AndOr): Gen<void> {
  const { commands, operators } = node;
  const last = commands.length - 1;
  for (let i = 0; i <= last; i++) {
    if (i > 0 && (operators[i - 1] === "&&") !== (sh.status === 0)) continue;
    if (i < last) {
      sh.ignoreErrors++;
      try {
        if (runInstantly(sh, commands[i]!)) {
          if (sh.overdue || sh.warnings.length > 0) yield* afterInstants(sh);
        } else yield* runNode(sh, commands[i]!);
      } finally {
        sh.ignoreErrors--;
      }
    } else yield* runNode(sh, commands[i]!);
    if (sh.p.hasSignal) yield* handleSignals(sh);
    if (sh.interruptPending) throw new ShellError("", "discard", 130);
  }
}

/** PIPESTATUS after a command that is no pipeline of several. */
function alone(sh: Shell): void {
  if (sh.pipeStatus.length !== 1 || sh.pipeStatus[0] !== sh.status) sh.pipeStatus = [sh.status];
}

/** BASH_COMMAND of a command that is no simple one. */
function remember(sh: Shell, node: PipelineNode): void {
  if (sh.runningTrap > 0 || sh.exiting) return;
  // Of subshells only what an ERR trap is there for.
  if ((node.type === "Subshell" || node.type === "Redirected") && !sh.traps.has("ERR")) return;
  sh.command = { node, text: sh.source.text };
}

function* subshell(sh: Shell, node: Subshell, redirections?: readonly Redirection[], whole?: PipelineNode): Gen<void> {
  remember(sh, whole ?? node);
  yield* runSubshell(sh, node, redirections);
  alone(sh);
  // That it failed is told of the line on which it ends.
  sh.position = Math.max(node.pos, node.end - 1);
  if (sh.inverted !== node) yield* failed(sh);
}

/** Runs a command of any kind. */
export function* runNode(sh: Shell, node: PipelineNode, last = false): Gen<void> {
  switch (node.type) {
    case "Command":
      yield* runSimple(sh, node, last);
      alone(sh);
      return;
    case "Pipeline":
      yield* runPipeline(sh, node);
      return;
    case "Redirected":
      sh.stdinRedirected = redirectsInput(node.redirects);
      if (sh.inverted === node) sh.inverted = node.command;
      if (node.command.type === "Subshell") yield* subshell(sh, node.command, node.redirects, node);
      else yield* withRedirections(sh, node.redirects, runNode(sh, node.command), sh.inverted !== node.command);
      return;
    case "If":
      yield* runIf(sh, node);
      return;
    case "For":
      yield* runFor(sh, node);
      return;
    case "ArithmeticFor":
      yield* runArithFor(sh, node);
      return;
    case "While":
      yield* runWhile(sh, node);
      return;
    case "Case":
      yield* runCase(sh, node);
      return;
    case "Select":
      yield* runSelect(sh, node);
      return;
    case "BraceGroup":
      yield* runList(sh, node.body);
      return;
    case "Subshell":
      sh.stdinRedirected = false;
      yield* subshell(sh, node);
      return;
    case "TestCommand":
      if (sh.setup.dialect === "dash") {
        sh.position = node.pos;
        yield* sh.complain("[[: not found");
        sh.status = 127;
        yield* failed(sh);
        return;
      }
      remember(sh, node);
      yield* runTest(sh, node);
      alone(sh);
      if (sh.inverted !== node) yield* failed(sh);
      return;
    case "ArithmeticCommand":
      remember(sh, node);
      yield* runArithCommand(sh, node);
      alone(sh);
      if (sh.inverted !== node) yield* failed(sh);
      return;
    case "Function": {
      const name = node.name.text;
      // It is complained of when all of it was read.
      sh.position = Math.max(node.pos, node.end - 1);
      const strict = sh.has("posix") && !/^[A-Za-z_]\w*$/.test(name);
      if (sh.setup.dialect === "bash" && (strict || /[$'"\\`]/.test(name))) {
        yield* sh.complain(`\`${name}': not a valid identifier`);
        sh.status = 1;
        if (strict && sh.strict) throw new ExitShell(2);
        if (sh.inverted !== node) yield* failed(sh);
        return;
      }
      if (sh.readonlyFunctions.has(name)) {
        yield* sh.complain(`${name}: readonly function`);
        sh.status = 1;
        if (sh.setup.dialect === "bash" && sh.inverted !== node) yield* failed(sh);
        return;
      }
      sh.functions.set(name, { node, source: sh.source });
      sh.status = 0;
      return;
    }
    case "Coproc":
      yield* startCoproc(sh, node);
  }
}

/** Runs a command in a shell that was forked for it alone: parentheses need no process of their own there. */
export function* runForked(sh: Shell, node: PipelineNode): Gen<void> {
  const inner = node.type === "Redirected" ? node.command : node;
  if (inner.type !== "Subshell") {
    yield* runNode(sh, node, true);
    return;
  }
  sh.position = inner.pos;
  sh.loops = 0;
  sh.jobs.inherited.length = 0;
  if (node.type === "Redirected") sh.stdinRedirected = redirectsInput(node.redirects);
  const body = runList(sh, inner.body);
  yield* node.type === "Redirected" ? withRedirections(sh, node.redirects, body) : body;
}

/** Runs `body` with redirections in place; without it when one fails, which `set -e` and the ERR trap may watch. */
export function* withRedirections(
  sh: Shell,
  redirections: readonly Redirection[],
  body: Gen<void>,
  watched = true,
): Gen<void> {
  let saved: Saved;
  const substitutions = sh.substitutions.length;
  try {
    saved = yield* redirect(sh, redirections);
  } catch (error) {
    if (!(error instanceof ShellError) || error.how !== "fail") throw error;
    sh.status = error.status;
    if (watched) yield* failed(sh);
    return;
  }
  try {
    yield* body;
  } catch (error) {
    yield* tell(sh, error);
    throw yield* leaving(sh, error, true);
  } finally {
    restore(sh, saved);
    closeSubstitutions(sh, substitutions);
  }
}

/**
 * After a command that `set -e` and the ERR trap watch: acts when its status is not 0. `trapped`: there was a trap when
 * the command began.
 */
export function* failed(sh: Shell, trapped = true): Gen<void> {
  if (sh.status === 0 || sh.ignoreErrors > 0) return;
  // Traps of signals that came meanwhile run before anything else does.
  if (sh.p.hasSignal) yield* handleSignals(sh);
  const action = sh.traps.get("ERR");
  if (trapped && action !== undefined && action !== "" && sh.runningErr === 0) {
    sh.runningErr++;
    try {
      yield* runTrap(sh, "ERR", action);
    } finally {
      sh.runningErr--;
    }
  }
  if (sh.has("errexit")) throw new ExitShell(sh.status, "calls");
}
