import type {
  ArithmeticCommand,
  ArithmeticFor,
  Case,
  CompoundList,
  For,
  If,
  PipelineNode,
  Redirection,
  Select,
  Subshell,
  TestCommand,
  While,
  Word,
} from "unbash";
import type { Gen } from "../kernel/index.ts";
import { tryAssign } from "./assignment.ts";
import { arithmeticEnd } from "./command-parts.ts";
import { evaluateTest } from "./cond.ts";
import { BreakLoop, namedMessage, ShellError } from "./control.ts";
import { textWidth } from "./editor/width.ts";
import { runList, withRedirections } from "./execute.ts";
import {
  arithSource,
  arithText,
  arithValue,
  expanding,
  expandingAtOnce,
  expandWords,
  Needs,
  substitutes,
  wordPattern,
  wordText,
} from "./expand.ts";
import { jobText, waitForeground } from "./foreground.ts";
import { forkShell } from "./fork.ts";
import { afterInstants, runInstantly } from "./instant.ts";
import { inLocale } from "./locale.ts";
import { pattern } from "./pattern.ts";
import { runPlainTest } from "./plain-test.ts";
import { commandText, wordText as printedText } from "./print-command.ts";
import { readLine } from "./read-line.ts";
import { closeArith, splitHead } from "./scan.ts";
import type { Shell } from "./shell.ts";
import { trace } from "./simple.ts";
import { debugTrap } from "./traps.ts";
import { isNameReference } from "./variables.ts";

/** A condition: `set -e` and ERR look away. */
function* condition(sh: Shell, list: CompoundList): Gen<boolean> {
  sh.ignoreErrors++;
  try {
    const [only] = list.commands;
    const single = list.commands.length === 1 && !only!.background && only!.command.type !== "AndOr";
    if (single && runInstantly(sh, only!.command as PipelineNode)) {
      if (sh.overdue || sh.warnings.length > 0) yield* afterInstants(sh);
    } else yield* runList(sh, list);
  } finally {
    sh.ignoreErrors--;
  }
  return sh.status === 0;
}

export function* runIf(sh: Shell, node: If): Gen<void> {
  if (yield* condition(sh, node.clause)) yield* runList(sh, node.then);
  else {
    for (const branch of node.elif) {
      if (yield* condition(sh, branch.clause)) {
        yield* runList(sh, branch.then);
        return;
      }
    }
    if (node.else) yield* runList(sh, node.else);
    else sh.status = 0;
  }
}

/** Runs the DEBUG trap before a step of a compound command; false when the step is to be left out. */
function* debugged(sh: Shell, position: number, text: () => string): Gen<boolean> {
  if (!sh.traps.has("DEBUG")) return true;
  sh.position = position;
  if (sh.runningTrap === 0 && !sh.exiting) sh.command = text();
  return yield* debugTrap(sh);
}

/** `set -x` shows the heads of loops and cases; other shells than bash only commands. */
function tracesHeads(sh: Shell): boolean {
  return sh.setup.dialect === "bash" && sh.has("xtrace");
}

/** A word as `set -x` shows it at the head of a command: what bash marks quoted characters with is marked itself. */
function tracedWord(word: Word): string {
  return printedText(word.text).replace(/[\x01\x7f]/g, "\x01$&");
}

/** The words of a loop as `set -x` shows them. */
function tracedList(words: readonly Word[] | undefined): string {
  return words ? words.map(tracedWord).join(" ") : '"$@"';
}

/** Runs a loop's body once; false when the loop is to end. */
function* turn(sh: Shell, body: CompoundList): Gen<boolean> {
  try {
    yield* runList(sh, body);
    return true;
  } catch (error) {
    if (!(error instanceof BreakLoop)) throw error;
    sh.status = error.status;
    if (--error.levels > 0) throw error;
    return error.goOn;
  }
}

/** Sets the variable of a loop; a read-only one ends the loop. */
function* assignLoop(sh: Shell, name: string, value: string): Gen<boolean> {
  if (sh.strict && !sh.posix && sh.vars.find(sh.vars.target(name))?.readonly)
    throw new ShellError(`${name}: readonly variable`, "exit");
  if (sh.posix) sh.assign(name, undefined, value);
  else if (!(yield* tryAssign(sh, name, value))) {
    sh.status = 1;
    return false;
  }
  return true;
}

export function* runFor(sh: Shell, node: For): Gen<void> {
  sh.position = node.pos;
  if (sh.stepped()) yield* sh.settle();
  const list = node.wordlist;
  const words = list ? yield* expanding(sh, () => expandWords(sh, list)) : sh.positional.slice();
  const name = node.name.text;
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    // It is told of when all of the loop was read.
    if (sh.setup.dialect === "bash") sh.position = Math.max(node.pos, node.end - 1);
    yield* sh.complain(`\`${name}': not a valid identifier`);
    sh.status = 1;
    if (sh.posix || sh.strict) throw new ShellError("", "exit", 2);
    return;
  }
  // The body sees the status before the loop; without a turn the loop's own is 0.
  if (words.length === 0) sh.status = 0;
  sh.loops++;
  try {
    for (const word of words) {
      sh.position = node.pos;
      if (tracesHeads(sh)) yield* trace(sh, `for ${name} in ${tracedList(list)}`);
      if (!(yield* debugged(sh, node.pos, () => `for ${name} in ${tracedList(list)}`))) continue;
      const reference = sh.vars.find(name);
      if (reference?.nameref && !isNameReference(word)) {
        yield* sh.complain(`\`${word}': not a valid identifier`);
        sh.status = 1;
        return;
      }
      if (reference?.nameref) reference.value = word;
      else if (!(yield* assignLoop(sh, name, word))) return;
      if (!(yield* turn(sh, node.body))) break;
    }
  } finally {
    sh.loops--;
  }
}

/** Texts between `((` and `))` of a C-style loop. */
const headers = new WeakMap<ArithmeticFor, string[]>();

function headerOf(sh: Shell, node: ArithmeticFor): string[] {
  let parts = headers.get(node);
  if (parts === undefined) {
    const { text } = sh.source;
    const open = text.indexOf("((", node.pos) + 2;
    const end = closeArith(text, open);
    parts = splitHead(text.slice(open, end)).map((part) => part.trimStart());
    headers.set(node, parts);
  }
  return parts;
}

export function* runArithFor(sh: Shell, node: ArithmeticFor): Gen<void> {
  const [start = "", test = "", update = ""] = headerOf(sh, node);
  const run = function* (written: string): Gen<number | bigint> {
    // What is left out is 1.
    const text = written || "1";
    sh.position = node.pos;
    if (sh.stepped()) yield* sh.settle();
    const source = sh.has("xtrace") ? yield* tracedArith(sh, text, "((: ") : undefined;
    if (sh.traps.has("DEBUG")) {
      // The trap is shown what its expansions give.
      const expanded = source ?? (yield* expanding(sh, () => arithSource(sh, text)));
      if (!(yield* debugged(sh, node.pos, () => `((${expanded}))`))) return 1;
      return yield* arithmetic(sh, text, "((: ", expanded);
    }
    return yield* arithmetic(sh, text, "((: ", source);
  };
  const plain = ![start, test, update].some((text) => substitutes(text));
  /** The same without a generator, where nothing is substituted; undefined where it cannot be done so. */
  const now = (text: string): number | bigint | undefined => {
    if (text === "" && !sh.has("xtrace") && !sh.traps.has("DEBUG")) return 1;
    if (!plain || sh.has("xtrace") || sh.traps.has("DEBUG")) return undefined;
    sh.position = node.pos;
    sh.stepped();
    try {
      return arithText(sh, text);
    } catch (error) {
      if (error instanceof Needs) return undefined;
      if (!(error instanceof ShellError) || error.how === "exit" || error.expanding || error.cleanup) throw error;
      sh.warnings.push(namedMessage("((: ", error));
      throw new ArithFailure();
    }
  };
  try {
    yield* run(start);
    let turns = 0;
    sh.loops++;
    try {
      while (now(test) ?? (yield* run(test))) {
        turns++;
        if (!(yield* turn(sh, node.body))) break;
        if (now(update) === undefined) yield* run(update);
        if (sh.overdue) yield* afterInstants(sh);
      }
      if (turns === 0) sh.status = 0;
    } finally {
      sh.loops--;
    }
  } catch (error) {
    if (!(error instanceof ArithFailure)) throw error;
    if (sh.warnings.length > 0) yield* afterInstants(sh);
    sh.status = 1;
  }
}

class ArithFailure {}

/** Prints an error of an expression, and what goes on from it. */
function* arithFailed(sh: Shell, error: unknown, prefix: string): Gen<unknown> {
  if (!(error instanceof ShellError) || error.how === "exit" || error.expanding || error.cleanup) return error;
  yield* sh.complain(namedMessage(prefix, error));
  return new ArithFailure();
}

/** `set -x`: shows an expression after its expansions, and gives it. */
function* tracedArith(sh: Shell, text: string, prefix: string): Gen<string> {
  try {
    const source = yield* expanding(sh, () => arithSource(sh, text));
    // Apostrophes alone are no quotes that anything would take away.
    yield* trace(sh, `(( ${/[$`"\\]/.test(text) ? source : text} ))`);
    return source;
  } catch (error) {
    throw yield* arithFailed(sh, error, prefix);
  }
}

/** Evaluates; an error is printed and thrown as `ArithFailure`. `source`: the expression as it was traced. */
function* arithmetic(sh: Shell, text: string, prefix: string, source?: string): Gen<number | bigint> {
  try {
    if (source !== undefined) return yield* expanding(sh, () => arithValue(sh, source));
    return /`|\$\((?!\()/.test(text)
      ? yield* expanding(sh, () => arithText(sh, text))
      : yield* expandingAtOnce(sh, () => arithText(sh, text));
  } catch (error) {
    throw yield* arithFailed(sh, error, prefix);
  }
}

export function* runArithCommand(sh: Shell, node: ArithmeticCommand): Gen<void> {
  const end = arithmeticEnd(node);
  sh.position = end;
  if (sh.stepped()) yield* sh.settle();
  const body = node.body;
  if (!(yield* debugged(sh, end, () => `((${body.includes("$(") ? printedText(body) : body}))`))) {
    sh.status = 0;
    return;
  }
  sh.position = end;
  try {
    const source = sh.has("xtrace") ? yield* tracedArith(sh, body, "((: ") : undefined;
    sh.status = (yield* arithmetic(sh, body, "((: ", source)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ArithFailure)) throw error;
    sh.status = 1;
  }
}

export function* runWhile(sh: Shell, node: While): Gen<void> {
  let status = 0;
  sh.loops++;
  try {
    for (;;) {
      if (sh.stepped()) yield* sh.settle();
      let met: boolean;
      try {
        met = yield* condition(sh, node.clause);
      } catch (error) {
        if (!(error instanceof BreakLoop)) throw error;
        sh.status = 0;
        if (--error.levels > 0) throw error;
        // As if the condition were 0: `until` ends by that.
        if (error.goOn && node.kind === "while") continue;
        return;
      }
      if (met !== (node.kind === "while")) break;
      if (!(yield* turn(sh, node.body))) {
        status = sh.status;
        break;
      }
      status = sh.status;
    }
  } finally {
    sh.loops--;
  }
  sh.status = status;
}

export function* runCase(sh: Shell, node: Case): Gen<void> {
  sh.position = node.pos;
  if (sh.stepped()) yield* sh.settle();
  if (tracesHeads(sh)) yield* trace(sh, `case ${tracedWord(node.word)} in`);
  if (!(yield* debugged(sh, node.pos, () => `case ${printedText(node.word.text)} in `))) {
    sh.status = 0;
    return;
  }
  const subject = yield* expanding(sh, () => wordText(sh, node.word.text, sh.posix ? false : "argument"));
  let through = false;
  let ran = false;
  for (const item of node.items) {
    let matched = through;
    for (const one of item.pattern) {
      if (matched) break;
      const text = yield* expanding(sh, () => wordPattern(sh, one.text));
      const compiled = pattern(inLocale(sh, text), { extglob: true, ignoreCase: sh.shopts.has("nocasematch") });
      matched = compiled.matches(inLocale(sh, subject));
    }
    if (!matched) continue;
    if (item.body.commands.length === 0) sh.status = 0;
    yield* runList(sh, item.body);
    ran = true;
    if (item.terminator === ";&") through = true;
    else if (item.terminator === ";;&") through = false;
    else return;
  }
  if (!ran) sh.status = 0;
}

/** Runs `( … )`; its redirections are made in its own process. */
export function* runSubshell(sh: Shell, node: Subshell, redirections: readonly Redirection[] = []): Gen<void> {
  sh.position = Math.max(node.pos, node.end - 1);
  const child = yield* forkShell(
    sh,
    function* (sub) {
      sub.loops = 0;
      sub.jobs.inherited.length = 0;
      const body = runList(sub, node.body);
      yield* redirections.length > 0 ? withRedirections(sub, redirections, body, false) : body;
      return sub.status;
    },
    sh.has("monitor") ? { group: "new" } : {},
  );
  sh.status = yield* waitForeground(sh, [child], jobText(sh, node));
}

export function* runTest(sh: Shell, node: TestCommand): Gen<void> {
  sh.position = node.pos;
  if (sh.stepped()) yield* sh.settle();
  if (!(yield* debugged(sh, node.pos, () => commandText(node, sh.source.text)))) {
    sh.status = 0;
    return;
  }
  if (sh.setup.dialect === "busybox") {
    yield* runPlainTest(sh, node);
    return;
  }
  try {
    sh.status = (yield* evaluateTest(sh, node.expression)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ShellError) || error.how !== "fail") throw error;
    if (error.message !== "") yield* sh.complain(error.message);
    sh.status = error.status;
  }
}

/** The menu of `select`, in columns when there are more words than fit a row. */
export function menu(words: readonly string[], columns: number): string {
  const digits = String(words.length).length;
  const width = Math.max(...words.map(textWidth)) + digits + 2 + 2;
  const fit = Math.max(1, Math.floor(columns / width));
  let rows = Math.ceil(words.length / fit);
  if (rows === 1) rows = Math.ceil(words.length / rows);
  const firstDigits = String(rows).length;
  let out = "";
  for (let row = 0; row < rows; row++) {
    let at = 0;
    for (let i = row; i < words.length; i += rows) {
      const mark = `${String(i + 1).padStart(at === 0 ? firstDigits : digits)}) `;
      out += mark + words[i]!;
      if (i + rows >= words.length) break;
      out += blanks(at + mark.length + textWidth(words[i]!), at + width);
      at += width;
    }
    out += "\n";
  }
  return out;
}

/** Tabs and blanks from one column to another. */
function blanks(from: number, to: number): string {
  let out = "";
  while (from < to) {
    const tab = Math.floor(to / 8) > Math.floor(from / 8);
    out += tab ? "\t" : " ";
    from = tab ? (Math.floor(from / 8) + 1) * 8 : from + 1;
  }
  return out;
}

/** `select`: a menu on standard error, answers from standard input. */
export function* runSelect(sh: Shell, node: Select): Gen<void> {
  sh.position = node.pos;
  const head = `select ${node.name.text} in ${tracedList(node.wordlist)}`;
  if (tracesHeads(sh)) yield* trace(sh, head);
  if (!(yield* debugged(sh, node.pos, () => head))) {
    sh.status = 0;
    return;
  }
  const list = node.wordlist;
  const words = list ? yield* expanding(sh, () => expandWords(sh, list)) : sh.positional.slice();
  sh.status = 0;
  if (words.length === 0) return;
  let showMenu = true;
  sh.loops++;
  try {
    for (;;) {
      if (showMenu) yield* sh.writeTo(2, menu(words, Number(sh.get("COLUMNS")) || 80));
      yield* sh.writeTo(2, sh.prompt(sh.get("PS3") ?? "#? "));
      const line = yield* readLine(sh, 0);
      if (line === undefined) {
        yield* sh.writeTo(1, "\n");
        if (sh.setup.dialect === "bash") sh.assign("REPLY", undefined, "");
        sh.status = 1;
        return;
      }
      sh.assign("REPLY", undefined, line);
      if (line === "") {
        showMenu = true;
        continue;
      }
      const choice = /^\d+$/.test(line.trim()) ? words[Number(line) - 1] : undefined;
      if (!(yield* assignLoop(sh, node.name.text, choice ?? ""))) return;
      if (!(yield* turn(sh, node.body))) return;
      showMenu = false;
    }
  } finally {
    sh.loops--;
  }
}
