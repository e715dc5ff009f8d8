import type { Redirect, Redirection } from "unbash";
import { encode, type Gen } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import type { OpenFile } from "../machine/open-file.ts";
import { release } from "../machine/process.ts";
import { find, openFile, pipe } from "../machine/sys.ts";
import { tryAssign } from "./assignment.ts";
import { braceExpand } from "./brace.ts";
import { ShellError } from "./control.ts";
import { coprocCloses } from "./coproc.ts";
import { expanding, expandText, wordText } from "./expand.ts";
import { heredocText } from "./heredoc.ts";
import type { Shell } from "./shell.ts";
import { openSocket } from "./sockets.ts";

/** What descriptors were before redirections; `undefined`: closed. */
export type Saved = [number, OpenFile | undefined][];

const DEFAULT_FD: Record<string, number> = { "<": 0, "<<": 0, "<<-": 0, "<<<": 0, "<&": 0, "<>": 0 };

/** True when standard input is among what is redirected. */
export function redirectsInput(redirections: readonly Redirection[]): boolean {
  return redirections.some(({ operator, descriptor }) =>
    descriptor ? descriptor.type === "FileDescriptor" && descriptor.value === 0 : DEFAULT_FD[operator] === 0,
  );
}

/** Makes redirections in order on the shell's own descriptors. What was there comes back for `restore`. */
export function* redirect(sh: Shell, redirections: readonly Redirection[]): Gen<Saved> {
  const saved: Saved = [];
  try {
    for (const one of redirections) yield* apply(sh, one, saved);
  } catch (error) {
    // Where the redirections before it lead.
    if (error instanceof ShellError && error.how === "fail" && error.message !== "" && !error.printed) {
      yield* sh.complain(error.message);
      error.printed = true;
    }
    restore(sh, saved);
    throw error;
  }
  return saved;
}

/** Undoes redirections. */
export function restore(sh: Shell, saved: Saved): void {
  for (let i = saved.length - 1; i >= 0; i--) {
    const [fd, file] = saved[i]!;
    if (file === undefined) sh.p.closeFd(fd);
    else {
      sh.p.setFd(fd, file);
      release(file);
    }
  }
  saved.length = 0;
}

/** Lets redirections stay (`exec >file`). */
export function keep(saved: Saved): void {
  for (const [, file] of saved) if (file) release(file);
  saved.length = 0;
}

function save(sh: Shell, fd: number, saved: Saved): void {
  const old = sh.p.fds.get(fd);
  if (old) old.refs++;
  saved.push([fd, old]);
}

function put(sh: Shell, fd: number, file: OpenFile, saved: Saved | undefined): void {
  if (saved) save(sh, fd, saved);
  sh.p.setFd(fd, file);
  sh.p.closeOnExec.delete(fd);
}

function* apply(sh: Shell, one: Redirection, saved: Saved): Gen<void> {
  let fd = DEFAULT_FD[one.operator] ?? 1;
  let keepFor: string | undefined;
  if (one.descriptor?.type === "FileDescriptor") fd = one.descriptor.value;
  else if (one.descriptor) {
    keepFor = one.descriptor.name;
    if (one.type === "Redirect" && one.target?.text === "-") {
      const value = sh.get(keepFor);
      if (value === undefined || !/^\d+$/.test(value)) throw new ShellError(`${keepFor}: ambiguous redirect`, "fail");
      save(sh, Number(value), saved);
      coprocCloses(sh, Number(value));
      sh.p.closeFd(Number(value));
      return;
    }
    fd = sh.p.freeFd(10);
    if (fd >= (sh.p.limits?.nofile ?? fd + 1)) {
      yield* sh.writeTo(2, `${sh.commandName}: redirection error: cannot duplicate fd: Invalid argument\n`);
      throw new ShellError(`${one.type === "HereDoc" ? "" : one.target?.text}: Invalid argument`, "fail");
    }
    if (!(yield* tryAssign(sh, keepFor, String(fd), "exec: ")))
      throw new ShellError(`${keepFor}: cannot assign fd to variable`, "fail");
  }
  if (fd >= (sh.p.limits?.nofile ?? fd + 1)) throw new ShellError(`${fd}: Bad file descriptor`, "fail");
  const undo = keepFor === undefined || sh.shopts.has("varredir_close") ? saved : undefined;
  if (one.type === "HereDoc") {
    const text = yield* heredocText(sh, one);
    put(sh, fd, textPipe(text), undo);
    return;
  }
  if (one.type === "HereString") {
    const text = yield* expanding(sh, () => wordText(sh, one.target?.text ?? ""));
    put(sh, fd, textPipe(`${text}\n`), undo);
    return;
  }
  yield* applyFile(sh, one, fd, undo);
}

function textPipe(text: string): OpenFile {
  const [reader, writer] = pipe();
  reader.pipe.push(encode(text));
  writer.close();
  return reader;
}

/** Braces in a redirection's word make it ambiguous, unless they leave one word. */
function braced(sh: Shell, raw: string): string[] {
  return raw.includes("{") && sh.has("braceexpand") ? braceExpand(raw) : [raw];
}

/** The name that a redirection gives; one that is not one word is refused. */
export function* target(sh: Shell, one: Redirect): Gen<string> {
  const raw = one.target?.text ?? "";
  const words = yield* expanding(sh, () =>
    sh.posix
      ? [wordText(sh, raw)]
      : braced(sh, raw).flatMap((text) =>
          sh.has("posix") && !sh.setup.interactive ? [wordText(sh, text)] : expandText(sh, text),
        ),
  );
  if (words.length !== 1) throw new ShellError(`${raw}: ambiguous redirect`, "fail");
  return words[0]!;
}

function* applyFile(sh: Shell, one: Redirect, fd: number, saved: Saved | undefined): Gen<void> {
  const { operator } = one;
  const word = yield* target(sh, one);
  if (operator === "<&" || operator === ">&") {
    if (word === "-") {
      if (saved) save(sh, fd, saved);
      coprocCloses(sh, fd);
      sh.p.closeFd(fd);
      return;
    }
    const move = /^(\d+)-$/.exec(word);
    if (move || /^\d+$/.test(word)) {
      const from = Number(move ? move[1] : word);
      const file = sh.p.fds.get(from);
      // Nothing has to be done to a descriptor that is to be itself.
      if (from === fd && sh.setup.dialect === "bash") return;
      if (file === undefined) {
        if (sh.setup.dialect === "busybox") throw new ShellError(`dup2(${word},${fd}): Bad file descriptor`, "fail");
        const shown = sh.posix ? word : (one.target?.text ?? word);
        throw new ShellError(`${shown}: Bad file descriptor`, "fail", sh.posix ? 2 : 1);
      }
      put(sh, fd, file, saved);
      if (move && from !== fd) {
        if (saved) save(sh, from, saved);
        coprocCloses(sh, from);
        sh.p.closeFd(from);
      }
      return;
    }
    const named = one.descriptor && !(one.descriptor.type === "FileDescriptor" && one.descriptor.value === 1);
    if (operator === "<&" || named)
      throw new ShellError(`${sh.setup.dialect === "bash" ? word : one.target?.text}: ambiguous redirect`, "fail");
  }
  if (sh.restricted && operator !== "<") throw new ShellError(`${word}: restricted: cannot redirect output`, "fail");
  const file = (yield* openSocket(sh, word)) ?? openTarget(sh, operator, word);
  put(sh, fd, file, saved);
  if (operator === "&>" || operator === "&>>" || operator === ">&") put(sh, 2, file, saved);
}

/** Opens what a redirection names. Throws in bash's words. */
export function openTarget(sh: Shell, operator: string, path: string): OpenFile {
  const descriptor = /^\/dev\/(?:fd\/(\d+)|std(in|out|err))$/.exec(path);
  if (descriptor) {
    const number = descriptor[1] ? Number(descriptor[1]) : { in: 0, out: 1, err: 2 }[descriptor[2] as "in"];
    const file = sh.p.fds.get(number);
    if (file) return file;
  }
  try {
    if (path === "") throw new ShellError(": No such file or directory", "fail");
    switch (operator) {
      case "<":
        return openFile(sh.p, path, { read: true });
      case "<>":
        return openFile(sh.p, path, { read: true, write: true, create: true });
      case ">>":
      case "&>>":
        return openFile(sh.p, path, { write: true, append: true, create: true });
      default:
        if (operator !== ">|" && sh.has("noclobber") && find(sh.p, path)?.kind === "file")
          throw new ShellError(`${path}: cannot overwrite existing file`, "fail");
        return openFile(sh.p, path, { write: true, create: true, truncate: true });
    }
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (sh.setup.dialect === "bash") throw new ShellError(`${path}: ${error.message}`, "fail");
    const missing =
      error.code === "ENOENT"
        ? sh.setup.dialect === "dash" && operator !== "<"
          ? "Directory nonexistent"
          : "No such file"
        : error.message;
    const verb = operator === "<" ? "open" : "create";
    if (sh.setup.dialect === "dash") throw new ShellError(`cannot ${verb} ${path}: ${missing}`, "fail", 2);
    throw new ShellError(
      `can't ${verb} ${path}: ${error.code === "ENOENT" ? (operator === "<" ? "no such file" : "nonexistent directory") : error.message}`,
      "fail",
    );
  }
}
