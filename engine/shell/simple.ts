import type { Command, Redirection } from "unbash";
import { call, type Gen } from "../kernel/index.ts";
import { assigning, assignmentText, type Prepared, prepareAssignment, settledIndex, wholeArray } from "./assignment.ts";
import { declareElements } from "./builtins/declare-one.ts";
import { type Builtin, builtins, SPECIAL } from "./builtins/index.ts";
import { keywordParts, type Parts, partsOf } from "./command-parts.ts";
import { BreakLoop, ExitShell, namedMessage, ReturnFrom, ShellError } from "./control.ts";
import { failed, runNode, tell } from "./execute.ts";
import { expanding, expandingAtOnce, expandWords, isPure, promptText, warn, wordText } from "./expand.ts";
import { entersDirectory, execExternal, runExternal } from "./external.ts";
import { exitStatus } from "./fork.ts";
import { warnOfEnds } from "./heredoc.ts";
import { inLocale } from "./locale.ts";
import { setIgnoreEof } from "./modes.ts";
import { printedList, wordText as printedWord } from "./print-command.ts";
import { functionFile } from "./print-function.ts";
import { singleQuote, traceQuote } from "./quote.ts";
import { keep, redirect, restore, type Saved } from "./redirect.ts";
import type { Shell, ShellFunction } from "./shell.ts";
import { closeSubstitutions } from "./substitution.ts";
import { assignTemporarily, prepareInTurn } from "./temporary.ts";
import { debugTrap, leaving, runExitTrap, runTrap } from "./traps.ts";

/** An element, as `unset` is given it. */
const ELEMENT = /^[A-Za-z_]\w*\[.*\]$/s;

/** Builtins for which `--help` is an argument like others. */
const WITHOUT_HELP = new Set([":", "[", "echo", "false", "test", "true"]);

/** Bash's recursion would overflow its stack about here. */
const MAX_FUNCTION_DEPTH = 14_000;

/** Runs a simple command. `last`: nothing follows, so a program may take over the process. */
export function* runSimple(sh: Shell, node: Command, last = false): Gen<void> {
  const parts = sh.has("keyword") ? keywordParts(node) : partsOf(node);
  sh.position = parts.place;
  sh.simpleNode = node;
  sh.simpleText = sh.source.text;
  sh.specialFailed = false;
  if (sh.stepped()) yield* sh.settle();
  if (sh.runningTrap === 0 && !sh.exiting) sh.command = { node, text: sh.source.text };
  if (sh.traps.size > 0) {
    if (sh.traps.has("DEBUG") && sh.debugged !== node && !(yield* debugTrap(sh))) {
      sh.status = 0;
      return;
    }
    sh.position = parts.place;
  }
  const substitutions = sh.substitutions.length;
  // A trap that the command itself sets is not for it.
  const trapped = sh.traps.size > 0 && sh.traps.has("ERR");
  try {
    yield* runParts(sh, parts, last);
  } catch (error) {
    if (error instanceof ShellError && (!error.printed || error.how === "fail") && error.message !== "") {
      yield* tell(sh, error);
      if (error.how === "fail") {
        sh.status = error.status;
        if (sh.posix && !sh.setup.interactive && parts.words.length === 0) throw new ExitShell(2);
        if (sh.inverted !== node) yield* simpleFailed(sh, trapped);
        return;
      }
    }
    if (error instanceof BreakLoop && error.status !== 0) {
      // It leaves the loops all the same, if it leaves the shell alone.
      sh.status = error.status;
      try {
        if (sh.inverted !== node) yield* failed(sh, false);
      } catch (ended) {
        // As it leaves loops, no command of a trap would run.
        sh.exiting = true;
        throw ended;
      }
    }
    throw error;
  } finally {
    if (sh.substitutions.length > substitutions) closeSubstitutions(sh, substitutions);
  }
  if (sh.status !== 0 && sh.inverted !== node) yield* simpleFailed(sh, trapped);
}

/** In POSIX mode a special builtin that fails ends a script as `set -e` does. */
function* simpleFailed(sh: Shell, trapped: boolean): Gen<void> {
  // An ERR trap sees the PIPESTATUS of what failed.
  if (sh.traps.has("ERR")) sh.pipeStatus = [sh.status];
  yield* failed(sh, trapped);
  if (sh.specialFailed && sh.ignoreErrors === 0 && sh.strict) throw new ExitShell(sh.status, "calls");
}

function* runParts(sh: Shell, parts: Parts, last: boolean): Gen<void> {
  sh.substitutionStatus = undefined;
  const shown = function* (ready: Prepared): Gen<void> {
    if (sh.has("xtrace") && sh.setup.dialect === "bash") yield* trace(sh, traceAssignment(sh, ready));
  };
  let words: readonly string[];
  let declared: Map<number, Prepared> | undefined;
  if (parts.plain) words = parts.plain;
  else if (parts.declared.size === 0 && parts.pure) {
    words = yield* expandingAtOnce(sh, () => expandWords(sh, parts.words));
    if (sh.warnings.length > 0) yield* warn(sh);
  } else if (parts.declared.size === 0) words = yield* expanding(sh, () => expandWords(sh, parts.words));
  else {
    const out: string[] = [];
    declared = new Map();
    for (let i = 0; i < parts.words.length; i++) {
      const assignment = parts.declared.get(i);
      if (assignment === undefined) {
        out.push(...(yield* expanding(sh, () => expandWords(sh, [parts.words[i]!]))));
        continue;
      }
      const keyed = out.some((word) => /^-[a-zA-Z]*A/.test(word));
      const ready = yield* prepareAssignment(sh, assignment, keyed ? "keyed" : "as it is");
      if (ready.elements && sh.setup.dialect === "bash")
        yield* declareElements(sh, out, ready, sh.has("xtrace") ? trace(sh, traceCompound(sh, ready)) : undefined);
      declared.set(out.length, ready);
      out.push(yield* assignmentText(sh, ready));
    }
    words = out;
  }
  if (words.length === 0) {
    yield* assignOnly(sh, parts);
    return;
  }
  const special = sh.has("posix") && SPECIAL.has(words[0]!) && !sh.functions.has(words[0]!);
  const assignments = parts.assignments.length === 0 ? [] : yield* prepareInTurn(sh, parts.assignments, special, shown);
  if (sh.has("xtrace")) {
    if (parts.redirections.length > 0) yield* warnOfEnds(sh, parts.redirections);
    const before =
      sh.setup.dialect === "bash" ? "" : assignments.map((ready) => `${traceAssignment(sh, ready)} `).join("");
    const unset = words.find((word) => word !== "command") === "unset";
    const all = words.map((word, i) => {
      const ready = declared?.get(i);
      if (ready?.elements) return ready.name;
      // What protects a subscript from being expanded again is not shown.
      return tracedText(sh, unset && ELEMENT.test(word) ? word.replace(/\\([$`~"'\\[\]])/g, "$1") : word);
    });
    yield* trace(sh, before + all.join(" "));
  }
  yield* runWords(sh, words, { assignments, redirections: parts.redirections, declared, last });
}

/** `set -x`: a line after PS4, whose first character is repeated at each level of substitution. */
export function* trace(sh: Shell, text: string): Gen<void> {
  const ps4 = sh.get("PS4") ?? "";
  sh.options.delete("xtrace");
  let prefix: string;
  try {
    prefix = /[$`\\]/.test(ps4) ? yield* expanding(sh, () => promptText(sh, sh.prompt(ps4))) : ps4;
  } catch (error) {
    const ends = error instanceof ShellError && error.how === "exit" && error.expanding;
    if (!(error instanceof ShellError) || ends || sh.setup.dialect !== "bash") throw error;
    // What cannot be expanded stands there as it is.
    yield* tell(sh, error);
    prefix = ps4;
  } finally {
    sh.options.add("xtrace");
  }
  const first = [...prefix][0] ?? "";
  const fd = sh.get("BASH_XTRACEFD");
  const to = fd !== undefined && /^\d+$/.test(fd) && sh.p.fds.has(Number(fd)) ? Number(fd) : 2;
  yield* sh.writeTo(to, `${first.repeat(sh.setup.dialect === "bash" ? sh.traceDepth : 0)}${prefix}${text}\n`);
}

/** `declare -a l=(…)`: its elements as they were expanded, in single quotes. */
function traceCompound(sh: Shell, { name, append, elements = [], refusals }: Prepared): string {
  const key = (index: string) => (isPure(index) ? wordText(sh, index) : index);
  const { all = [] } = refusals ?? {};
  const words = [...all, ...elements.slice(all.filter((one) => !one.refused).length)];
  const shown = words.map(({ index, value, append: more }) =>
    index === undefined ? singleQuote(value) : `[${singleQuote(key(index))}]${more ? "+" : ""}=${singleQuote(value)}`,
  );
  return `${name}${append ? "+" : ""}=(${shown.join(" ")})`;
}

/** A text as `set -x` shows it: dash leaves it as it is, busybox has more characters in quotes than bash. */
function tracedText(sh: Shell, text: string): string {
  if (sh.setup.dialect === "dash") return text;
  if (sh.setup.dialect === "bash") return traceQuote(inLocale(sh, text));
  return /^[-+,./0-9:@A-Z\]^_a-z]*$/.test(text) ? text : singleQuote(text);
}

export function traceAssignment(sh: Shell, ready: Prepared): string {
  const name = ready.index === undefined ? ready.name : `${ready.name}[${printedWord(ready.written ?? ready.index)}]`;
  return `${name}${ready.append ? "+" : ""}=${ready.elements ? `(${printedList(ready.raw ?? "")})` : ready.value === "" ? "" : tracedText(sh, ready.value)}`;
}

function* assignOnly(sh: Shell, parts: Parts): Gen<void> {
  const status = sh.substitutionStatus;
  sh.substitutionStatus = status;
  const traced: string[] = [];
  for (const assignment of parts.assignments) {
    const whole = sh.has("xtrace") && sh.setup.dialect === "bash" ? wholeArray(assignment) : undefined;
    if (whole) yield* trace(sh, `${whole.name}${whole.append ? "+" : ""}=(${printedList(whole.raw)})`);
    const ready = yield* prepareAssignment(sh, assignment);
    if (sh.has("xtrace") && !whole) traced.push(traceAssignment(sh, ready));
    if (traced.length > 0 && sh.setup.dialect === "bash") yield* trace(sh, traced.pop()!);
    try {
      // Commands of the subscript run behind the trace.
      if (ready.index !== undefined) ready.index = yield* settledIndex(sh, ready.index);
      yield* assigning(sh, ready);
    } catch (error) {
      if (!(error instanceof ShellError)) throw error;
      // In POSIX mode a script ends where an assignment will not do.
      if (sh.strict && !sh.posix && !error.cleanup && error.how !== "exit") throw new ShellError(error.message, "exit");
      if (!error.message.endsWith("bad array subscript")) throw error;
      throw new ShellError(error.message);
    }
  }
  // Other shells than bash show them in one line.
  if (traced.length > 0) yield* trace(sh, traced.join(" "));
  yield* warn(sh);
  if (parts.redirections.length > 0) restore(sh, yield* redirect(sh, parts.redirections));
  sh.status = sh.substitutionStatus ?? 0;
  sh.lastArgument = "";
}

export interface Invocation {
  assignments?: readonly Prepared[];
  redirections?: readonly Redirection[];
  declared?: Map<number, Prepared> | undefined;
  last?: boolean;
  /** `command`: functions are passed over. */
  noFunctions?: boolean;
}

/** Runs a command whose words are expanded: a function, a builtin or a program. */
export function* runWords(sh: Shell, words: readonly string[], how: Invocation = {}): Gen<void> {
  // A job by itself is brought to the foreground.
  if (words[0]![0] === "%" && sh.setup.dialect === "bash") words = ["fg", ...words];
  const name = words[0]!;
  const fn = how.noFunctions ? undefined : sh.functions.get(name);
  const builtin = fn === undefined && !sh.disabledBuiltins.has(name) ? builtins.get(name) : undefined;
  if (fn === undefined && builtin === undefined && entersDirectory(sh, name)) {
    yield* sh.writeTo(2, `cd -- ${words.map(traceQuote).join(" ")}\n`);
    yield* runWords(sh, ["cd", "--", ...words], how);
    return;
  }
  sh.builtin = builtin && name;
  const assignments = how.assignments ?? [];
  if (how.redirections === undefined || how.redirections.length === 0) sh.exitTrapAbove = undefined;
  // Functions and builtins see that of the command before.
  if (fn === undefined && builtin === undefined) sh.lastArgument = words.at(-1)!;
  let saved: Saved = [];
  if (how.redirections && how.redirections.length > 0) {
    // Bash makes the redirections of a program in the child: errors of their words end only that one.
    const program = fn === undefined && builtin === undefined && sh.setup.dialect === "bash";
    if (program) sh.errexitAside++;
    try {
      saved = yield* redirect(sh, how.redirections);
    } catch (error) {
      if (error instanceof ShellError && error.how === "fail" && builtin && SPECIAL.has(name) && sh.strict)
        throw new ExitShell(error.status);
      if (!program || !(error instanceof ShellError) || error.how === "fail") throw error;
      yield* tell(sh, error);
      sh.status = error.how === "exit" && !sh.has("errexit") ? exitStatus(sh, error) : error.status;
      return;
    } finally {
      if (program) sh.errexitAside--;
    }
  }
  sh.exitTrapAbove = undefined;
  let keepRedirections = false;
  try {
    if (fn === undefined && builtin === undefined) {
      const outer = sh.ownErrors;
      sh.ownErrors = saved.find(([fd]) => fd === 2)?.[1] ?? outer;
      try {
        yield* program(sh, words, assignments, how.last ?? false);
      } catch (error) {
        // That it cannot be run is told where it would have written.
        if (error instanceof ShellError && error.how === "fail" && error.message !== "" && !error.printed) {
          yield* sh.complain(error.message);
          error.printed = true;
        }
        throw error;
      } finally {
        sh.ownErrors = outer;
      }
      return;
    }
    const framed = assignments.length > 0 && !(builtin && SPECIAL.has(name) && sh.has("posix"));
    if (framed) sh.vars.pushFrame();
    if (framed && fn === undefined) sh.vars.frames.at(-1)!.given = true;
    try {
      for (const ready of assignments) {
        if (framed) {
          const variable = yield* assignTemporarily(sh, ready);
          if (variable) variable.temporary = true;
          continue;
        }
        yield* assigning(sh, ready);
        // What a special builtin was given stays, also beyond the function that it is in.
        const kept = sh.vars.find(ready.name);
        if (kept?.temporary) kept.propagate = true;
        if (kept && !sh.posix) kept.exported = true;
      }
      if (fn) yield* call(callFunction(sh, name, fn, words));
      else {
        // `command exec 3<file` keeps them, too.
        keepRedirections =
          name === "exec" || (name === "command" && words.find((one, i) => i > 0 && one[0] !== "-") === "exec");
        sh.status = yield* runBuiltin(sh, builtin!, words, how.declared, how.noFunctions ?? false);
      }
      // Of an array that is declared only the name.
      const array = builtin && !fn ? how.declared?.get(words.length - 1) : undefined;
      sh.lastArgument = array?.elements ? array.name : words.at(-1)!;
    } finally {
      if (framed) sh.vars.popFrame();
    }
  } catch (error) {
    // What `set -e` or `exit` ends within redirections is left in order, as far as they reach.
    if (saved.length > 0) {
      sh.reveal(sh.leftTraps.splice(0));
      sh.leftCalls = undefined;
    }
    throw saved.length > 0 && !keepRedirections ? yield* leaving(sh, error, false) : error;
  } finally {
    if (keepRedirections) keep(saved);
    else if (saved.length > 0) restore(sh, saved);
  }
}

function* runBuiltin(
  sh: Shell,
  builtin: Builtin,
  words: readonly string[],
  declared: Map<number, Prepared> | undefined,
  byCommand: boolean,
): Gen<number> {
  try {
    sh.faulted = false;
    if (words[1] === "--help" && sh.setup.dialect === "bash" && !WITHOUT_HELP.has(words[0]!)) {
      yield* builtins.get("help")!(sh, [words[0]!], { name: "help", declared: undefined });
      return 2;
    }
    const status = yield* builtin(sh, words.slice(1), { name: words[0]!, declared, byCommand });
    return sh.faulted && status !== 0 ? 2 : status;
  } catch (error) {
    if (!(error instanceof ShellError) || error.how === "exit") throw error;
    // An array that was not assigned gives the line up.
    if (error.bare && error.printed) throw error;
    if (!error.printed && error.message !== "")
      yield* sh.complain(error.how === "discard" ? namedMessage(`${words[0]}: `, error) : error.message);
    error.printed = true;
    if (error.cleanup) throw error;
    return error.status;
  }
}

function* program(sh: Shell, words: readonly string[], assignments: readonly Prepared[], last: boolean): Gen<void> {
  let env = sh.environment();
  if (assignments.length > 0) {
    env = new Map(env);
    const framed = sh.vars;
    framed.pushFrame(true);
    try {
      for (const ready of assignments) yield* assignTemporarily(sh, ready);
      env = sh.environment();
      if (last && sh.canExec()) yield* execExternal(sh, words, env);
      else sh.status = yield* runExternal(sh, words, env);
    } finally {
      framed.popFrame();
    }
    return;
  }
  if (last && sh.canExec()) yield* execExternal(sh, words, env);
  else sh.status = yield* runExternal(sh, words, env);
}

/** Calls a function with arguments of its own. */
export function* callFunction(sh: Shell, name: string, fn: ShellFunction, words: readonly string[]): Gen<void> {
  const limit = Number(sh.get("FUNCNEST") ?? 0);
  if (limit > 0 && sh.functionDepth >= limit) {
    throw new ShellError(`${name}: maximum function nesting level exceeded (${limit})`, "discard");
  }
  if (sh.functionDepth >= MAX_FUNCTION_DEPTH) {
    sh.p.dispositions.delete("SEGV");
    sh.p.machine.signal(sh.p, "SEGV");
    yield* sh.settle();
  }
  const { positional, source, position, loops } = sh;
  const line = sh.line();
  sh.positional = words.slice(1);
  sh.calls.push({
    kind: "function",
    name,
    args: sh.shopts.has("extdebug") ? sh.positional : undefined,
    file: functionFile(sh, fn),
    line,
  });
  sh.functionDepth++;
  sh.loops = 0;
  sh.vars.pushFrame();
  const { traps } = sh;
  const traced = sh.has("functrace") || fn.traced === true;
  // Traps that are not for functions; one that it sets itself stays.
  const hidden: [string, string][] = [];
  for (const kept of traps.size > 0 ? ["DEBUG", "RETURN", "ERR"] : []) {
    const action = traps.get(kept);
    if (action === undefined || (kept === "ERR" ? sh.has("errtrace") : traced)) continue;
    hidden.push([kept, action]);
    sh.hiddenTraps++;
    traps.delete(kept);
  }
  let left = false;
  let thrown = false;
  sh.source = fn.source;
  try {
    const { body } = fn.node;
    let returned: number | undefined;
    try {
      if (traps.has("DEBUG")) {
        sh.position = body.pos;
        if (!(yield* debugTrap(sh))) return;
      }
      yield* runNode(sh, body as Parameters<typeof runNode>[1]);
    } catch (error) {
      if (!(error instanceof ReturnFrom)) throw error;
      returned = error.status;
    }
    // The trap runs within the function, and sees the status before its `return`.
    const due = traps.get("RETURN");
    if (returned === undefined && body.type === "BraceGroup") sh.position = body.pos;
    if (due && sh.mayReturn) yield* runTrap(sh, "RETURN", due);
    if (returned !== undefined) sh.status = returned;
  } catch (error) {
    thrown = error instanceof ShellError || error instanceof ExitShell;
    yield* tell(sh, error);
    // Other shells have local variables go on.
    if (error instanceof ExitShell && sh.setup.dialect !== "bash") sh.vars.keepsFrames = true;
    else if (error instanceof ExitShell) {
      if (error.leaves === "everything" && !sh.exiting) throw new ExitShell(yield* runExitTrap(sh, error.status));
      const { calls, functionDepth, positional } = sh;
      left = error.leaves === "calls";
      if (left) sh.leftCalls ??= { calls: calls.slice(), functionDepth, positional };
    }
    throw error;
  } finally {
    sh.hiddenTraps -= hidden.length;
    if (left) sh.leftTraps.push(...hidden);
    else sh.reveal(hidden);
    const frame = sh.vars.frames.at(-1);
    if (frame?.getoptsPosition !== undefined) sh.getoptsPosition = frame.getoptsPosition;
    const options = frame?.options;
    if (options) {
      sh.options.clear();
      for (const option of options) sh.options.add(option);
    }
    sh.vars.popFrame();
    if (options?.has("ignoreeof")) setIgnoreEof(sh, true);
    sh.positional = positional;
    sh.source = source;
    sh.position = position;
    sh.calls.pop();
    sh.functionDepth--;
    sh.callsShown = thrown;
    if (sh.exiting && sh.leftCalls) {
      // A function that the trap calls is the last to have the calls behind it.
      sh.leftCalls = undefined;
      sh.calls = sh.calls.filter((frame) => frame.kind !== "function");
      sh.functionDepth = 0;
    }
    sh.loops = loops;
  }
}

/** Prints an error and ends a shell that is not interactive, as errors of special builtins do in POSIX mode. */
export function* posixFatal(sh: Shell, status: number): Gen<number> {
  if (sh.posix && !sh.setup.interactive) throw new ExitShell(status);
  return status;
}
