import { call, cpu, type Gen } from "../../kernel/index.ts";
import { Errno, isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { LineReader } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { argMatch, Fatal, quoteName, shellQuote, type Tool, tool, UsageError } from "../tool.ts";
import { backups } from "./backup.ts";

export interface CopyChoice {
  recursive: boolean;
  /** Follow symbolic links: always, those on the command line only, or never. */
  follow: "always" | "never" | "operands";
  preserveMode: boolean;
  preserveOwner: boolean;
  preserveTimes: boolean;
  force: boolean;
  interactive: boolean;
  noClobber: boolean;
  update: boolean;
  /** --update=none-fail: what is there already is an error. */
  failIfThere: boolean;
  /** --remove-destination: what is replaced is removed first. */
  removeFirst: boolean;
  verbose: boolean;
  symbolic: boolean;
  hard: boolean;
  /** Keeps what is replaced. */
  backup: ((path: string) => void) | undefined;
  /** Without the content. */
  attributesOnly: boolean;
}

/** cp(1). */
export const cp = tool(
  {
    name: "cp",
    short: "abdfHiLlnprRst:TuvPxS:Z",
    long: "archive=a backup::=backup copy-contents=cc dereference=L force=f interactive=i link=l no-clobber=n no-dereference=P no-target-directory=T one-file-system=x parents=parents preserve::=preserve no-preserve:=np recursive=r remove-destination=rd sparse:=sparse reflink::=reflink strip-trailing-slashes=strip suffix:=S symbolic-link=s target-directory:=t update::=u verbose=v attributes-only=ao debug=debug context::=Z",
    usage:
      "[OPTION]... [-T] SOURCE DEST\n  or:  cp [OPTION]... SOURCE... DIRECTORY\n  or:  cp [OPTION]... -t DIRECTORY SOURCE...",
    about: "Copy SOURCE to DEST, or multiple SOURCE(s) to DIRECTORY.",
  },
  function* (t, o) {
    const update = checkWords(o);
    const archive = o.has("a");
    const kept = o.list.find((option) => option.key === "preserve");
    const keep = (what: string) =>
      archive ||
      o.has("p") ||
      (kept !== undefined && (kept.value === undefined || /all/.test(kept.value) || kept.value.includes(what)));
    const clobber = o.last("n", "f", "i");
    const recursive = o.has("r", "R", "a");
    const links = o.last("L", "P", "d", "a", "H");
    const choice: CopyChoice = {
      recursive,
      follow:
        links === undefined
          ? recursive
            ? "never"
            : "always"
          : links.key === "L"
            ? "always"
            : links.key === "H"
              ? "operands"
              : "never",
      preserveMode: keep("mode"),
      preserveOwner: keep("ownership"),
      preserveTimes: keep("timestamps"),
      force: o.has("f"),
      interactive: clobber?.key === "i",
      noClobber: clobber?.key === "n" || update === "none",
      update: update === "older",
      failIfThere: update === "none-fail",
      removeFirst: o.has("rd"),
      verbose: o.has("v", "debug"),
      symbolic: o.has("s"),
      hard: o.has("l"),
      backup: backups(t, o),
      attributesOnly: o.has("ao"),
    };
    const operands = o.has("strip") ? o.operands.map((path) => path.replace(/(.)\/+$/, "$1")) : o.operands;
    const copies = o.has("parents")
      ? withParents(t, o, choice.verbose)
      : targets(t, operands, o.value("t"), o.has("T"));
    const answers = new LineReader(t.p, 0);
    for (const { from, to } of copies) yield* copy(t, from, to, choice, answers, true);
    return t.status;
  },
);

/** Judges the words of options that have a list; what --update says. Throws `UsageError`. */
function checkWords(o: ParsedOptions): string | undefined {
  for (const key of ["preserve", "np"])
    for (const value of o.values(key))
      if (value !== "")
        for (const word of value.split(",")) argMatch(word, key === "np" ? "--no-preserve" : "--preserve", KEPT);
  if (o.value("reflink") !== undefined) argMatch(o.value("reflink")!, "--reflink", ["auto", "always", "never"]);
  if (o.value("sparse") !== undefined) argMatch(o.value("sparse")!, "--sparse", ["never", "auto", "always"]);
  const last = o.last("u");
  if (last === undefined) return undefined;
  return last.value === undefined ? "older" : argMatch(last.value, "--update", ["all", "none", "none-fail", "older"]);
}

const KEPT = ["mode", "timestamps", "ownership", "links", "context", "xattr", "all"];

/** --parents: each source goes below the directory by its whole path, whose directories are made. */
function withParents(t: Tool, o: ParsedOptions, verbose: boolean): { from: string; to: string }[] {
  const sources = o.has("t") ? [...o.operands] : o.operands.slice(0, -1);
  const dir = o.value("t") ?? o.operands.at(-1) ?? "";
  if (sources.length === 0) targets(t, o.operands, o.value("t"), false);
  if (sys.find(t.p, dir)?.kind !== "dir") throw new UsageError("with --parents, the destination must be a directory");
  return sources.map((from) => {
    const parts = from.split("/").filter(Boolean);
    for (let i = 1; i < parts.length; i++) {
      const made = `${dir}/${parts.slice(0, i).join("/")}`;
      if (sys.find(t.p, from) !== undefined && sys.find(t.p, made) === undefined) {
        sys.mkdir(t.p, made);
        if (verbose) t.out.add(`${parts.slice(0, i).join("/")} -> ${made}\n`);
      }
    }
    return { from, to: `${dir}/${parts.join("/")}` };
  });
}

/** Sources with their full targets, as cp, mv, ln and install share them. */
export function targets(
  t: Tool,
  operands: readonly string[],
  directory: string | undefined,
  noDirectory: boolean,
): { from: string; to: string }[] {
  if (operands.length === 0) throw new UsageError("missing file operand");
  const into = (dir: string, list: readonly string[]) =>
    list.map((from) => ({ from, to: `${dir.endsWith("/") ? dir : `${dir}/`}${baseName(from)}` }));
  if (directory !== undefined) {
    let kind: string | undefined;
    try {
      kind = sys.stat(t.p, directory).kind;
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(`target directory ${shellQuote(directory)}: ${error.message}`);
    }
    if (kind !== "dir") throw new Fatal(`target directory ${shellQuote(directory)}: Not a directory`);
    return into(directory, operands);
  }
  if (operands.length === 1) throw new UsageError(`missing destination file operand after ${shellQuote(operands[0]!)}`);
  const last = operands.at(-1)!;
  if (noDirectory) {
    if (operands.length > 2) throw new UsageError(`extra operand ${shellQuote(operands[2]!)}`);
    return [{ from: operands[0]!, to: last }];
  }
  const node = sys.find(t.p, last);
  if (node?.kind === "dir") return into(last, operands.slice(0, -1));
  if (operands.length > 2) {
    const reason = node === undefined ? "No such file or directory" : "Not a directory";
    throw new Fatal(`target ${shellQuote(last)}: ${reason}`);
  }
  return [{ from: operands[0]!, to: last }];
}

export function baseName(path: string): string {
  const trimmed = path.replace(/\/+$/, "");
  return trimmed === "" ? "/" : trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

/** Copies one file or tree; false after a reported failure. */
export function* copy(
  t: Tool,
  from: string,
  to: string,
  choice: CopyChoice,
  answers: LineReader,
  operand: boolean,
): Gen<boolean> {
  let source: Inode;
  const follow = choice.follow === "always" || (operand && choice.follow === "operands");
  try {
    source = sys.stat(t.p, from, follow);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* t.error(`cannot stat ${shellQuote(from)}: ${error.message}`);
    return false;
  }
  if (source.kind === "dir" && !choice.recursive) {
    yield* t.error(`-r not specified; omitting directory ${shellQuote(from)}`);
    return false;
  }
  yield* cpu(4);
  try {
    let target = sys.lookup(t.p, to, false).node;
    if (target?.kind === "symlink" && source.kind !== "symlink") {
      const behind = sys.find(t.p, to);
      if (behind === undefined && operand) {
        yield* t.error(`not writing through dangling symlink ${shellQuote(to)}`);
        return false;
      }
      target = behind;
    }
    if (target !== undefined) {
      if (target === source) {
        yield* t.error(`${shellQuote(from)} and ${shellQuote(to)} are the same file`);
        return false;
      }
      if (choice.update && target.mtime >= source.mtime && source.kind !== "dir") return true;
      if (source.kind === "dir" && target.kind !== "dir") {
        yield* t.error(`cannot overwrite non-directory ${shellQuote(to)} with directory ${shellQuote(from)}`);
        return false;
      }
      if (source.kind !== "dir" && target.kind === "dir") {
        yield* t.error(`cannot overwrite directory ${shellQuote(to)} with non-directory ${shellQuote(from)}`);
        return false;
      }
      if (target.kind !== "dir") {
        if (choice.noClobber) return true;
        if (choice.failIfThere) {
          yield* t.error(`not replacing ${shellQuote(to)}`);
          return false;
        }
        if (choice.interactive) {
          yield* t.out.flush();
          yield* sys.printError(t.p, `${t.name}: overwrite ${shellQuote(to)}? `);
          if (!/^[yY]/.test((yield* answers.line()) ?? "")) {
            t.status = 1;
            return false;
          }
        }
        choice.backup?.(to);
        if (choice.removeFirst && sys.find(t.p, to, false) !== undefined) {
          sys.unlink(t.p, to);
          if (choice.verbose) t.out.add(`removed ${shellQuote(to)}\n`);
          target = undefined;
        }
      }
    }
    if (source.kind === "dir") return yield* copyDirectory(t, from, to, source, target, choice, answers);
    if (choice.symbolic && !from.startsWith("/") && sys.lookup(t.p, dirOf(to)).node !== sys.stat(t.p, ".")) {
      yield* t.error(`${quoteName(to)}: can make relative symbolic links only in current directory`);
      return false;
    }
    if (choice.verbose) t.out.add(`${shellQuote(from)} -> ${shellQuote(to)}\n`);
    const failed = copyFile(t, from, to, source, target, choice);
    if (failed !== undefined)
      yield* t.error(`error copying ${shellQuote(from)} to ${shellQuote(to)}: ${failed.message}`);
    return failed === undefined;
  } catch (error) {
    if (!isErrno(error)) throw error;
    const what = source.kind === "dir" ? "cannot create directory" : "cannot create regular file";
    if (error.code === "EACCES" && source.kind === "file" && isUnreadable(t, from))
      yield* t.error(`cannot open ${shellQuote(from)} for reading: ${error.message}`);
    else
      yield* t.error(
        `${what} ${shellQuote(to)}: ${to.endsWith("/") && error.code === "EISDIR" ? "Not a directory" : error.message}`,
      );
    return false;
  }
}

function dirOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : slash === 0 ? "/" : path.slice(0, slash);
}

function isUnreadable(t: Tool, path: string): boolean {
  try {
    sys.readBytes(t.p, path);
    return false;
  } catch (error) {
    if (!isErrno(error)) throw error;
    return true;
  }
}

function copyFile(
  t: Tool,
  from: string,
  to: string,
  source: Inode,
  target: Inode | undefined,
  choice: CopyChoice,
): Errno | undefined {
  const { p } = t;
  if (choice.symbolic) {
    if (target && choice.force) sys.unlink(p, to);
    sys.symlink(p, from, to);
    return;
  }
  if (choice.hard && source.kind === "file") {
    if (target && choice.force) sys.unlink(p, to);
    sys.link(p, to, source);
    source.nlink++;
    return;
  }
  if (source.kind === "symlink") {
    if (target !== undefined) sys.unlink(p, to);
    sys.symlink(p, source.target, to);
    return;
  }
  const content = source.kind === "file" && !choice.attributesOnly ? sys.readable(p, from) : undefined;
  if (to.endsWith("/") && target === undefined) throw new Errno("ENOTDIR");
  let file: ReturnType<typeof sys.openFile>;
  try {
    file = sys.openFile(p, to, { write: true, create: true, truncate: true, mode: source.mode & 0o777 });
  } catch (error) {
    if (!choice.force || target === undefined || !isErrno(error)) throw error;
    sys.unlink(p, to);
    file = sys.openFile(p, to, { write: true, create: true, truncate: true, mode: source.mode & 0o777 });
  }
  const node = file.node;
  if (node?.kind !== "file") return;
  const failed = content === undefined ? undefined : sys.copyFile(p, content, node);
  if (source.kind === "file" && source.program !== undefined) node.program = source.program;
  preserve(t, source, node, choice);
  return failed;
}

function preserve(t: Tool, source: Inode, node: Inode, choice: CopyChoice): void {
  if (choice.preserveMode) node.mode = source.mode;
  if (choice.preserveOwner && t.p.cred.uid === 0) {
    node.uid = source.uid;
    node.gid = source.gid;
  }
  if (choice.preserveTimes) {
    node.mtime = source.mtime;
    node.atime = source.atime;
  }
}

function* copyDirectory(
  t: Tool,
  from: string,
  to: string,
  source: Inode,
  target: Inode | undefined,
  choice: CopyChoice,
  answers: LineReader,
): Gen<boolean> {
  const inside = sys.lookup(t.p, from).path;
  const place = sys.lookup(t.p, to).path;
  if (place === inside || place.startsWith(inside === "/" ? "/" : `${inside}/`)) {
    yield* t.error(`cannot copy a directory, ${shellQuote(from)}, into itself, ${shellQuote(to)}`);
    return false;
  }
  const names = [...sys.readDir(t.p, from).keys()].sort();
  if (target === undefined) {
    sys.mkdir(t.p, to, source.mode & 0o777);
    if (choice.verbose) t.out.add(`${shellQuote(from)} -> ${shellQuote(to)}\n`);
  }
  let ok = true;
  const slash = (path: string) => (path.endsWith("/") ? path : `${path}/`);
  for (const name of names) {
    const done = yield* call(copy(t, slash(from) + name, slash(to) + name, choice, answers, false));
    ok = done && ok;
  }
  if (target === undefined) preserve(t, source, sys.stat(t.p, to), choice);
  return ok;
}
