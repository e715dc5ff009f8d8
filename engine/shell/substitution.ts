import type { Redirect } from "unbash";
import { cpu, decode, type Gen } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import type { OpenFile } from "../machine/open-file.ts";
import { exitCode, release } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";
import { cannotAllocate, ShellError } from "./control.ts";
import { forkShell, runBody } from "./fork.ts";
import { collect } from "./jobs.ts";
import { substitutionText } from "./print-command.ts";
import { statementsOf } from "./print-word.ts";
import { openTarget, target } from "./redirect.ts";
import type { Shell } from "./shell.ts";
import { Source } from "./source.ts";
import { endAt, handleSignals } from "./traps.ts";
import { documentLines } from "./verbose.ts";
import type { Piece } from "./word.ts";

/** Most bytes a command substitution takes in. */
const MAX_OUTPUT = 32 * 1024 * 1024;

const layouts = new WeakMap<object, string>();

/**
 * The commands of `$(…)` or `<(…)` as they are run: bash read them along with their word and kept what it would print of
 * them, which is what lines are counted by. Without compound commands that only drops the lines before the first.
 */
function laidOut(sh: Shell, text: string, line: number): Source {
  const file = sh.source?.file ?? "";
  const blank = /^\s*/.exec(text)![0].split("\n").length - 1;
  const source = new Source(text, file, line - blank);
  const { script } = source;
  if (sh.setup.dialect !== "bash" || !COMPOUND.test(text) || /<<(?!<)/.test(text)) return source;
  let layout = layouts.get(script);
  if (layout === undefined) {
    const printed = statementsOf(text) ? substitutionText(text, script.commands) : "";
    layout = statementsOf(printed) ? printed : "";
    layouts.set(script, layout);
  }
  return layout.includes("\n") ? new Source(layout, file, line) : source;
}

/** What may take more lines in print than it was written in. */
const COMPOUND = /\b(?:if|for|while|until|case|select|function)\b|\(\)/;

/** Runs the commands of a substitution: `set -v` shows the here-documents in them once more, as they are read from their text. */
function* runSubstituted(sub: Shell, source: Source, what: string, backquoted = false): Gen<number> {
  const shown = sub.options.delete("verbose") && !backquoted && source.text.includes("<<");
  if (shown) yield* sub.writeTo(2, documentLines(source.script, source.text));
  return yield* runBody(sub, source, true, what);
}

/** The `<file` that a substitution consists of: what is in the file is its output. */
function soleInput(source: Source): Redirect | undefined {
  const only = source.script.commands.length === 1 ? source.script.commands[0]!.command : undefined;
  if (only?.type !== "Command" || only.name || only.prefix.length !== 1 || only.suffix.length > 0) return undefined;
  const [input] = only.prefix;
  return input!.type === "Redirect" && input!.operator === "<" && !input!.descriptor ? input! : undefined;
}

/** Output of `$(…)` without its trailing newlines; `$?` becomes the command's status. */
export function* substituteCommand(sh: Shell, text: string, line: number, backquoted = false): Gen<string> {
  const source = backquoted ? new Source(text, sh.source?.file ?? "", line) : laidOut(sh, text, line);
  const input = soleInput(source);
  if (input) return yield* readFileText(sh, input);
  const [reader, writer] = sys.pipe();
  const fds = sh.fds();
  fds.set(1, writer);
  const child = yield* forkShell(
    sh,
    (sub) => {
      sub.traceBase = ++sub.traceDepth;
      sub.inSubstitution = backquoted ? "backquoted" : "in parentheses";
      if (sub.inheritsErrexit && !sub.posix) sub.options.delete("errexit");
      return runSubstituted(sub, source, "command substitution", backquoted);
    },
    { fds, substitution: true },
  );
  reader.refs++;
  const chunks: Uint8Array[] = [];
  let size = 0;
  let interrupted = false;
  try {
    for (;;) {
      const chunk = yield* reader.read(65_536);
      if (chunk === "interrupted") {
        if (sh.setup.interactive && sh.jobs.interrupted(sh)) {
          interrupted = true;
          break;
        }
        continue;
      }
      if (chunk.length === 0) break;
      size += chunk.length;
      if (size > Math.min(MAX_OUTPUT, (sh.p.limits.as ?? Number.POSITIVE_INFINITY) * 512))
        throw cannotAllocate(size + 128);
      chunks.push(chunk);
    }
  } finally {
    release(reader);
  }
  sh.status = exitCode(yield* collect(sh, child));
  sh.substitutionStatus = sh.status;
  if (interrupted) yield* handleSignals(sh);
  if (sh.interruptPending) throw new ShellError("", "discard", 130);
  yield* warnOfNulls(sh, chunks);
  return outputText(chunks);
}

/** A text of the shell's ends with a null byte: those of an output are left out, which is told. */
function* warnOfNulls(sh: Shell, chunks: readonly Uint8Array[]): Gen<void> {
  if (sh.setup.dialect !== "bash" || !chunks.some((chunk) => chunk.includes(0))) return;
  yield* sh.complain("warning: command substitution: ignored null byte in input");
}

function outputText(chunks: readonly Uint8Array[]): string {
  let text = "";
  if (chunks.length === 1) text = decode(chunks[0]!);
  else {
    let size = 0;
    for (const chunk of chunks) size += chunk.length;
    const all = new Uint8Array(size);
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    text = decode(all);
  }
  if (text.includes("\0")) text = text.replaceAll("\0", "");
  let end = text.length;
  while (end > 0 && text[end - 1] === "\n") end--;
  return end === text.length ? text : text.slice(0, end);
}

/** `<(<file)`: prints the file. */
function* printFile(sh: Shell, input: Redirect): Gen<number> {
  try {
    const file = openTarget(sh, "<", yield* target(sh, input));
    for (;;) {
      const chunk = yield* file.read(65_536);
      if (chunk === "interrupted") continue;
      if (chunk.length === 0) return 0;
      if (!(yield* sh.writeTo(1, decode(chunk)))) return 1;
    }
  } catch (error) {
    if (!(error instanceof ShellError) && !isErrno(error)) throw error;
    yield* sh.complain(error.message);
    return 1;
  }
}

function* readFileText(sh: Shell, input: Redirect): Gen<string> {
  let file: OpenFile;
  let path: string;
  try {
    path = yield* target(sh, input);
    file = openTarget(sh, "<", path);
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    yield* sh.complain(error.message);
    sh.status = sh.substitutionStatus = 1;
    // Also where a failure is looked at: bash reads the file without a command of its own.
    if (sh.has("errexit")) yield* endAt(sh, 1);
    return "";
  }
  file.refs++;
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      // A device that always has more would never let time pass by itself.
      yield* cpu(10);
      const chunk = yield* file.read(65_536);
      if (chunk === "interrupted") {
        if (sh.p.hasSignal) yield* handleSignals(sh);
        if (sh.interruptPending) throw new ShellError("", "discard", 130);
        continue;
      }
      if (chunk.length === 0) break;
      size += chunk.length;
      if (size > MAX_OUTPUT) throw cannotAllocate(size + 128);
      chunks.push(chunk);
    }
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sh.complain(`${path}: ${error.message}`);
  } finally {
    release(file);
  }
  sh.status = sh.substitutionStatus = 0;
  yield* warnOfNulls(sh, chunks);
  return outputText(chunks);
}

/** Starts `<(…)` or `>(…)` and gives the name under which the command finds the other end of its pipe. */
export function* substituteProcess(sh: Shell, piece: Piece & { k: "proc" }, line: number): Gen<string> {
  const source = laidOut(sh, piece.text, line);
  const [reader, writer] = sys.pipe();
  const [inner, outer, fd] = piece.op === "<" ? [writer, reader, 1] : [reader, writer, 0];
  const fds = sh.fds();
  fds.set(fd, inner);
  const input = piece.op === "<" ? soleInput(source) : undefined;
  const child = yield* forkShell(
    sh,
    (sub) => {
      sub.traceBase = ++sub.traceDepth;
      return input ? printFile(sub, input) : runSubstituted(sub, source, "process substitution");
    },
    { fds, substitution: true },
  );
  let number = 63;
  while (sh.p.fds.has(number) && number > 10) number--;
  sh.p.setFd(number, outer);
  sh.substitutions.push({ fd: number });
  sh.jobs.addSilent(child);
  sh.lastBackground = child.nsPid;
  return `/dev/fd/${number}`;
}

/** Closes the shell's ends of the process substitutions of a command that has ended. */
export function closeSubstitutions(sh: Shell, from: number): void {
  while (sh.substitutions.length > from) sh.p.closeFd(sh.substitutions.pop()!.fd);
}
