import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { globRegex } from "../../text/glob.ts";
import { compileRegex } from "../../text/regex/index.ts";
import { strftime } from "../../text/time.ts";
import { readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { shellQuote, type Tool, tool, UsageError, versionText } from "../tool.ts";
import { compareLines } from "./compare-lines.ts";
import { formatsOf, formatted } from "./diff-format.ts";
import {
  type Change,
  context,
  edScript,
  forwardEd,
  normal,
  rcs,
  type Sides,
  sideBySide,
  unified,
} from "./diff-output.ts";

/** The forms of output, which exclude each other, by the options that ask for them. */
const STYLES: Record<string, string> = {
  u: "unified",
  U: "unified",
  c: "context",
  C: "context",
  y: "columns",
  e: "ed",
  f: "forward",
  n: "rcs",
  normal: "normal",
};

const SPEC = {
  name: "diff",
  short: "0123456789uU:cC:qsrNibwBaL:yW:tenZEI:x:X:pPF:dTHD:S:fhlv",
  long: "unified::=u context::=c side-by-side=y width:=W suppress-common-lines=suppress left-column=left-column expand-tabs=t text=a ignore-blank-lines=B brief=q report-identical-files=s recursive=r new-file=N ignore-case=i ignore-all-space=w ignore-space-change=b label:=L color::=color normal=normal ed=e rcs=n ignore-trailing-space=Z ignore-tab-expansion=E ignore-matching-lines:=I exclude:=x exclude-from:=X show-c-function=p show-function-line:=F minimal=d initial-tab=T speed-large-files=H strip-trailing-cr=cr ifdef:=D starting-file:=S no-dereference=nd palette:=palette horizon-lines:=hl line-format: old-line-format: new-line-format: unchanged-line-format: old-group-format: new-group-format: unchanged-group-format: changed-group-format: from-file:=from to-file:=to unidirectional-new-file=P forward-ed=f paginate=l tabsize:=tabsize",
  usage: "[OPTION]... FILES",
  about: "Compare FILES line by line.",
  version: "diff (GNU diffutils) 3.10",
  usageStatus: 2,
  hint: "diff: Try 'diff --help' for more information.",
};

/** diff(1) of files and directories. */
export const diff = tool(SPEC, function* (t, o) {
  if (o.has("v")) {
    t.out.add(versionText(SPEC));
    return 0;
  }
  const style = new Set(o.list.flatMap(({ key }) => STYLES[key] ?? []));
  if (style.size > 1) throw new UsageError("conflicting output style options");
  const [left, right, extra] = o.operands;
  const several = o.value("from") ?? o.value("to");
  if (several !== undefined) {
    let worst = 0;
    for (const path of o.operands)
      worst = Math.max(worst, yield* o.has("from") ? compare(t, o, several, path) : compare(t, o, path, several));
    return worst;
  }
  const last = t.p.argv.at(-1)!;
  if (left === undefined) throw new UsageError(`missing operand after '${t.p.argv.length > 1 ? last : "diff"}'`);
  if (right === undefined) throw new UsageError(`missing operand after '${last}'`);
  if (extra !== undefined) throw new UsageError(`extra operand '${extra}'`);
  const width = o.value("W");
  if (width !== undefined && !/^[1-9]\d*$/.test(width)) throw new UsageError(`invalid width '${width}'`);
  const context = o.value("U", "C", "u", "c");
  if (context !== undefined && !/^\d+$/.test(context)) throw new UsageError(`invalid context length '${context}'`);
  const colour = o.has("color") ? (o.value("color") ?? "auto") : "never";
  if (!/^(always|never|auto)$/.test(colour)) throw new UsageError(`invalid color '${colour}'`);
  return yield* compare(t, o, left, right);
});

const isDirectory = (t: Tool, path: string) => path !== "-" && sys.find(t.p, path)?.kind === "dir";
const inside = (dir: string, name: string) => `${dir}${dir.endsWith("/") ? "" : "/"}${name}`;

/** Two files, a file and its namesake in a directory, or the files of two directories. */
function* compare(t: Tool, o: ParsedOptions, left: string, right: string): Gen<number> {
  const [dirA, dirB] = [isDirectory(t, left), isDirectory(t, right)];
  if (o.has("nd")) {
    const kinds = [left, right].map((path) => (path === "-" ? undefined : sys.find(t.p, path, false)));
    const told = linkDifference(kinds, left, right);
    if (told !== undefined) {
      if (told !== "") t.out.add(`${told}\n`);
      return told === "" ? 0 : 1;
    }
  }
  for (const [dir, other] of [
    [dirA, right],
    [dirB, left],
  ] as const) {
    if (!dir || other === "-" || sys.find(t.p, other) !== undefined) continue;
    yield* t.error(`${other}: No such file or directory`, 2);
    return 2;
  }
  if (dirA && dirB) return yield* compareDirectories(t, o, left, right);
  const name = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  if (dirA) return yield* compareFiles(t, o, inside(left, name(right)), right);
  if (dirB) return yield* compareFiles(t, o, left, inside(right, name(left)));
  return yield* compareFiles(t, o, left, right);
}

/** What --no-dereference says of symbolic links; undefined where neither is one. */
function linkDifference([a, b]: readonly (Inode | undefined)[], left: string, right: string): string | undefined {
  if (a?.kind !== "symlink" && b?.kind !== "symlink") return undefined;
  if (a === undefined || b === undefined) return undefined;
  if (a.kind === "symlink" && b.kind === "symlink")
    return a.target === b.target ? "" : `Symbolic links ${left} and ${right} differ`;
  const shown = ({ kind }: Inode) =>
    kind === "symlink" ? "symbolic link" : kind === "dir" ? "directory" : "regular file";
  return `File ${left} is a ${shown(a)} while file ${right} is a ${shown(b)}`;
}

function* compareDirectories(t: Tool, o: ParsedOptions, left: string, right: string): Gen<number> {
  const [a, b] = [sys.readDir(t.p, left), sys.readDir(t.p, right)];
  if (sys.stat(t.p, left) === sys.stat(t.p, right)) return 0;
  const switches = t.p.argv.slice(1);
  for (const operand of o.operands) switches.splice(switches.lastIndexOf(operand), 1);
  const excluded = o.values("x");
  for (const file of o.values("X")) excluded.push(...sys.readText(t.p, file).split("\n"));
  const skips = excluded.filter((pattern) => pattern !== "").map((pattern) => globMatcher(pattern));
  let worst = 0;
  const starting = o.value("S") ?? "";
  for (const name of [...new Set([...a.keys(), ...b.keys()])].sort()) {
    if (name < starting || skips.some((matches) => matches(name))) continue;
    const [x, y] = [inside(left, name), inside(right, name)];
    const [kindA, kindB] = [a.get(name)?.kind, b.get(name)?.kind];
    if (!(kindA === undefined ? o.has("N", "P") : o.has("N")) && (kindA === undefined || kindB === undefined)) {
      t.out.add(`Only in ${kindA === undefined ? right : left}: ${name}\n`);
      worst = Math.max(worst, 1);
    } else if (kindA === "dir" && kindB === "dir") {
      if (o.has("r")) worst = Math.max(worst, yield* compareDirectories(t, o, x, y));
      else t.out.add(`Common subdirectories: ${x} and ${y}\n`);
    } else if (kindA !== "dir" && kindB !== "dir") {
      const [shownX = x, shownY = y] = o.values("L");
      const title = `${["diff", ...switches, shownX, shownY].map(titleWord).join(" ")}\n`;
      worst = Math.max(worst, yield* compareFiles(t, o, x, y, title));
    } else if (o.has("N") && o.has("r") && (kindA === undefined || kindB === undefined)) {
      t.out.add(`Only in ${kindA === undefined ? right : left}: ${name}\n`);
      worst = Math.max(worst, 1);
    } else if (kindA !== undefined && kindB !== undefined) {
      const shown = (kind: string) => (kind === "dir" ? "directory" : "regular file");
      t.out.add(`File ${x} is a ${shown(kindA)} while file ${y} is a ${shown(kindB)}\n`);
      worst = Math.max(worst, 1);
    }
  }
  return worst;
}

/** `title` goes before what differs, as with files of directories. */
function* compareFiles(t: Tool, o: ParsedOptions, left: string, right: string, title = ""): Gen<number> {
  const texts: string[] = [];
  let binary = false;
  for (const path of [left, right]) {
    try {
      texts.push(path === "-" ? decode(yield* readWhole(t.p, 0)) : decode(yield* sys.readPath(t.p, path)));
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (error.code === "ENOENT" && (o.has("N") || (o.has("P") && path === left))) texts.push("");
      else yield* t.pathError(path, error, 2);
    }
  }
  if (texts.length < 2) return 2;
  if (!o.has("a") && texts.some((text) => text.slice(0, 4096).includes("\0"))) binary = true;
  if (binary && texts[0] !== texts[1]) {
    t.out.add(`${title}${o.has("q") ? "Files" : "Binary files"} ${left} and ${right} differ\n`);
    return 1;
  }
  const [x, y] = texts.map((text) => text.split("\n")) as [string[], string[]];
  // A last line without newline differs from the same one with it.
  const open = [x, y].map((lines) => lines.at(-1) !== "");
  for (const lines of [x, y]) if (lines.at(-1) === "") lines.pop();
  const fold = (line: string) => {
    let text = o.has("i") ? line.toLowerCase() : line;
    if (o.has("cr") && text.endsWith("\r")) text = text.slice(0, -1);
    if (o.has("w")) text = text.replace(/\s+/g, "");
    else if (o.has("b")) text = text.replace(/\s+/g, " ").trimEnd();
    else if (o.has("Z")) text = text.trimEnd();
    if (o.has("E")) text = expandTabs(text);
    return text;
  };
  const key = (lines: string[], isOpen: boolean) =>
    lines.map((line, i) => fold(line) + (isOpen && i === lines.length - 1 ? "\0" : ""));
  yield* cpu(10 + ((x.length + y.length) >> 2));
  let changes = yield* compareLines(key(x, open[0]!), key(y, open[1]!));
  if (o.has("B")) changes = changes.filter((change) => !onlyBlank(change, x, y));
  const ignored = o.values("I").map((pattern) => compileRegex(pattern, { syntax: "bre" }));
  if (ignored.length > 0)
    changes = changes.filter((c) => {
      const lines = [...x.slice(c.a, c.a + c.na), ...y.slice(c.b, c.b + c.nb)];
      return !lines.every((line) => ignored.some((regex) => regex.test(line)));
    });
  const formats = formatsOf(o);
  if (changes.length === 0 && !o.has("y") && formats === undefined) {
    if (o.has("s")) t.out.add(`Files ${left} and ${right} are identical\n`);
    return 0;
  }
  if (o.has("q")) {
    t.out.add(`Files ${left} and ${right} differ\n`);
    return 1;
  }
  t.out.add(title);
  const written = (lines: string[]) => (o.has("t") && !o.has("y") ? lines.map(expandTabs) : lines);
  const sides: Sides = { x: written(x), y: written(y), openX: open[0]!, openY: open[1]! };
  const colour = o.has("color") ? (o.value("color") ?? "auto") : "never";
  const coloured = colour === "always" || (colour === "auto" && t.p.fds.get(1)?.tty !== undefined);
  const palette = paletteOf(o.value("palette") ?? "");
  const add = (text: string, kind?: string) => {
    const sgr = kind === undefined ? undefined : (palette.get(kind) ?? kind);
    if (!coloured || sgr === undefined) t.out.add(text);
    else if (text.endsWith("\n")) t.out.add(`\x1b[${sgr}m${text.slice(0, -1)}\x1b[0m\n`);
    else t.out.add(`\x1b[${sgr}m${text}\x1b[0m`);
  };
  if (formats !== undefined) {
    formatted(add, sides, changes, formats);
    return changes.length > 0 ? 1 : 0;
  }
  if (o.has("y")) {
    const width = Number(o.value("W") ?? 130);
    const how = { width, expand: o.has("t"), suppress: o.has("suppress"), leftColumn: o.has("left-column") };
    sideBySide(add, sides, changes, how);
    return changes.length > 0 ? 1 : 0;
  }
  const digits = o.list
    .filter(({ key: letter }) => /^\d$/.test(letter))
    .map(({ key: letter }) => letter)
    .join("");
  const sizes = o.list.filter(({ key: letter }) => /^[UCuc]$/.test(letter)).map(({ value }) => Number(value ?? 3));
  let size = Math.max(...(sizes.length > 0 ? sizes : [3]));
  // Digits alone (-u0) give way to what -U and -C name, unless they are more.
  if (digits !== "" && (Number(digits) > size || !o.has("U", "C"))) size = Number(digits);
  const labels = o.values("L");
  const header = (path: string) => {
    const { kernel } = t.p.machine;
    const time = kernel.epochMs * 1000 + (sys.find(t.p, path)?.mtime ?? kernel.now);
    const seconds = Math.floor(time / 1e6);
    return `${path}\t${strftime("%Y-%m-%d %H:%M:%S.%N %z", localZone(t.p).calendar(seconds, Math.floor(time - seconds * 1e6) * 1000))}`;
  };
  const names: [string, string] = [labels[0] ?? header(left), labels[1] ?? header(right)];
  const heading = o.value("F") ?? (o.has("p") ? "^[[:alpha:]$_]" : undefined);
  const functions = heading === undefined ? undefined : compileRegex(heading, { syntax: "bre" });
  /** The last line before a hunk that looks like the head of a function. */
  const titleOf =
    functions &&
    ((before: number) => {
      for (let i = before - 1; i >= 0; i--)
        if (functions.test(x[i]!)) return ` ${x[i]!.trimStart().slice(0, 40).trimEnd()}`;
      return "";
    });
  const style = o.last("c", "C", "p", "u", "U", "e", "f", "n", "normal")?.key;
  if (style === "u" || style === "U" || (style === "p" && o.has("u", "U")))
    unified(add, sides, changes, size, names, titleOf, o.has("T") ? "\t" : "");
  else if (style === "c" || style === "C" || style === "p")
    context(add, sides, changes, size, names, titleOf, o.has("T") ? "\t" : " ");
  else if (style === "e") {
    edScript(add, sides, changes);
    if (open[1]) {
      yield* t.error(`${right}: No newline at end of file\n`, 0);
      return 2;
    }
  } else if (style === "f") forwardEd(add, sides, changes);
  else if (style === "n") rcs(add, sides, changes);
  else normal(add, sides, changes, o.has("T") ? "\t" : " ");
  return 1;
}

/** Colors of --palette, by the ones they stand for. */
function paletteOf(text: string): ReadonlyMap<string, string> {
  const kinds: Record<string, string> = { hd: "1", ln: "36", de: "31", ad: "32" };
  const out = new Map<string, string>();
  for (const part of text.split(":")) {
    const [key = "", value] = part.split("=");
    if (kinds[key] !== undefined && value !== undefined && /^[\d;]*$/.test(value)) out.set(kinds[key], value);
  }
  return out;
}

/** A word of the title above the files of two directories, quoted as a shell would need it. */
function titleWord(word: string): string {
  return /^[\w/.,:+%@-]+$/.test(word) ? word : shellQuote(word);
}

function globMatcher(pattern: string): (name: string) => boolean {
  const regex = globRegex(pattern);
  return (name) => regex.test(name);
}

function expandTabs(text: string): string {
  let out = "";
  for (const char of text) out += char === "\t" ? " ".repeat(8 - (out.length % 8)) : char;
  return out;
}

function onlyBlank(c: Change, x: readonly string[], y: readonly string[]): boolean {
  return [...x.slice(c.a, c.a + c.na), ...y.slice(c.b, c.b + c.nb)].every((line) => line === "");
}
