import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { calendar, strftime } from "../../text/time.ts";
import { readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { quote, type Tool, tool, UsageError } from "../tool.ts";

interface Change {
  /** First line (from 0) and count, in the old and the new file. */
  a: number;
  na: number;
  b: number;
  nb: number;
}

/** diff(1) of two files: the normal form, -u and -q. */
export const diff = tool(
  {
    name: "diff",
    short: "uU:qsrNibwBaL:",
    long: "unified::=u brief=q report-identical-files=s recursive=r new-file=N ignore-case=i ignore-all-space=w ignore-space-change=b label:=L color::=color",
    usage: "[OPTION]... FILES",
    about: "Compare FILES line by line.",
    version: "diff (GNU diffutils) 3.10",
    usageStatus: 2,
  },
  function* (t, o) {
    const [left, right, extra] = o.operands;
    if (left === undefined) throw new UsageError("missing operand after 'diff'");
    if (right === undefined) throw new UsageError(`missing operand after '${left}'`);
    if (extra !== undefined) throw new UsageError(`extra operand '${extra}'`);
    return yield* compare(t, o, left, right);
  },
);

const isDirectory = (t: Tool, path: string) => path !== "-" && sys.find(t.p, path)?.kind === "dir";
const inside = (dir: string, name: string) => `${dir}${dir.endsWith("/") ? "" : "/"}${name}`;

/** Two files, a file and its namesake in a directory, or the files of two directories. */
function* compare(t: Tool, o: ParsedOptions, left: string, right: string): Gen<number> {
  const [dirA, dirB] = [isDirectory(t, left), isDirectory(t, right)];
  if (dirA && dirB) return yield* compareDirectories(t, o, left, right);
  const name = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  if (dirA) return yield* compareFiles(t, o, inside(left, name(right)), right);
  if (dirB) return yield* compareFiles(t, o, left, inside(right, name(left)));
  return yield* compareFiles(t, o, left, right);
}

function* compareDirectories(t: Tool, o: ParsedOptions, left: string, right: string): Gen<number> {
  const [a, b] = [sys.readDir(t.p, left), sys.readDir(t.p, right)];
  const switches = t.p.argv.slice(1).filter((word) => word.startsWith("-") && word !== "-");
  let worst = 0;
  for (const name of [...new Set([...a.keys(), ...b.keys()])].sort()) {
    const [x, y] = [inside(left, name), inside(right, name)];
    const [kindA, kindB] = [a.get(name)?.kind, b.get(name)?.kind];
    if (!o.has("N") && (kindA === undefined || kindB === undefined)) {
      t.out.add(`Only in ${kindA === undefined ? right : left}: ${name}\n`);
      worst = Math.max(worst, 1);
    } else if (kindA === "dir" && kindB === "dir") {
      if (o.has("r")) worst = Math.max(worst, yield* compareDirectories(t, o, x, y));
      else t.out.add(`Common subdirectories: ${x} and ${y}\n`);
    } else if (kindA !== "dir" && kindB !== "dir") {
      const title = `${["diff", ...switches, x, y].join(" ")}\n`;
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
  for (const path of [left, right]) {
    try {
      texts.push(path === "-" ? decode(yield* readWhole(t.p, 0)) : decode(yield* sys.readPath(t.p, path)));
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (o.has("N") && error.code === "ENOENT") texts.push("");
      else yield* t.pathError(path, error, 2);
    }
  }
  if (texts.length < 2) return 2;
  const [x, y] = texts.map((text) => text.split("\n")) as [string[], string[]];
  // A last line without newline differs from the same one with it.
  const open = [x, y].map((lines) => lines.at(-1) !== "");
  for (const lines of [x, y]) if (lines.at(-1) === "") lines.pop();
  const fold = (line: string) => {
    let text = o.has("i") ? line.toLowerCase() : line;
    if (o.has("w")) text = text.replace(/\s+/g, "");
    else if (o.has("b")) text = text.replace(/\s+/g, " ").trimEnd();
    return text;
  };
  const key = (lines: string[], isOpen: boolean) =>
    lines.map((line, i) => fold(line) + (isOpen && i === lines.length - 1 ? "\0" : ""));
  yield* cpu(10 + ((x.length + y.length) >> 2));
  const changes = compareLines(key(x, open[0]!), key(y, open[1]!));
  if (changes.length === 0) {
    if (o.has("s")) t.out.add(`Files ${left} and ${right} are identical\n`);
    return 0;
  }
  if (o.has("q")) {
    t.out.add(`Files ${left} and ${right} differ\n`);
    return 1;
  }
  t.out.add(title);
  const put = (mark: string, lines: string[], i: number, isOpen: boolean) => {
    t.out.add(`${mark}${lines[i]}\n`);
    if (isOpen && i === lines.length - 1) t.out.add("\\ No newline at end of file\n");
  };
  if (!o.has("u", "U")) {
    for (const c of changes) {
      const span = (from: number, count: number) =>
        count === 0 ? `${from}` : count === 1 ? `${from + 1}` : `${from + 1},${from + count}`;
      t.out.add(`${span(c.a, c.na)}${c.na === 0 ? "a" : c.nb === 0 ? "d" : "c"}${span(c.b, c.nb)}\n`);
      for (let i = 0; i < c.na; i++) put("< ", x, c.a + i, open[0]!);
      if (c.na > 0 && c.nb > 0) t.out.add("---\n");
      for (let i = 0; i < c.nb; i++) put("> ", y, c.b + i, open[1]!);
    }
    return 1;
  }
  const context = Number(o.value("U", "u") ?? 3);
  if (Number.isNaN(context)) throw new UsageError(`invalid context length ${quote(o.value("U", "u")!)}`);
  const labels = o.values("L");
  const header = (path: string) => {
    const { kernel } = t.p.machine;
    const time = kernel.epochMs * 1000 + (sys.find(t.p, path)?.mtime ?? kernel.now);
    const seconds = Math.floor(time / 1e6);
    return `${path}\t${strftime("%Y-%m-%d %H:%M:%S.%N %z", calendar(seconds, Math.floor(time - seconds * 1e6) * 1000))}`;
  };
  t.out.add(`--- ${labels[0] ?? header(left)}\n+++ ${labels[1] ?? header(right)}\n`);
  for (let i = 0; i < changes.length; ) {
    let j = i + 1;
    while (j < changes.length && changes[j]!.a - (changes[j - 1]!.a + changes[j - 1]!.na) <= 2 * context) j++;
    const group = changes.slice(i, j);
    const first = group[0]!;
    const last = group.at(-1)!;
    const fromA = Math.max(0, first.a - context);
    const toA = Math.min(x.length, last.a + last.na + context);
    const fromB = Math.max(0, first.b - context);
    const toB = Math.min(y.length, last.b + last.nb + context);
    const span = (from: number, to: number) =>
      to - from === 1 ? `${from + 1}` : `${to === from ? from : from + 1},${to - from}`;
    t.out.add(`@@ -${span(fromA, toA)} +${span(fromB, toB)} @@\n`);
    let at = fromA;
    for (const c of group) {
      for (; at < c.a; at++) put(" ", x, at, open[0]!);
      for (let k = 0; k < c.na; k++) put("-", x, c.a + k, open[0]!);
      for (let k = 0; k < c.nb; k++) put("+", y, c.b + k, open[1]!);
      at = c.a + c.na;
    }
    for (; at < toA; at++) put(" ", x, at, open[0]!);
    i = j;
  }
  return 1;
}

/** Fewest changed lines, by the longest common subsequence (Hunt and McIlroy's definition, solved by table). */
function compareLines(x: readonly string[], y: readonly string[]): Change[] {
  let start = 0;
  while (start < x.length && start < y.length && x[start] === y[start]) start++;
  let endX = x.length;
  let endY = y.length;
  while (endX > start && endY > start && x[endX - 1] === y[endY - 1]) {
    endX--;
    endY--;
  }
  const [n, m] = [endX - start, endY - start];
  const changes: Change[] = [];
  // Beyond this a table costs too much: the differing middle is one change.
  if (n * m > 16_000_000) return n + m > 0 ? [{ a: start, na: n, b: start, nb: m }] : [];
  const table = new Uint32Array((n + 1) * (m + 1));
  for (let i = n - 1; i >= 0; i--)
    for (let j = m - 1; j >= 0; j--)
      table[i * (m + 1) + j] =
        x[start + i] === y[start + j]
          ? table[(i + 1) * (m + 1) + j + 1]! + 1
          : Math.max(table[(i + 1) * (m + 1) + j]!, table[i * (m + 1) + j + 1]!);
  let i = 0;
  let j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && x[start + i] === y[start + j]) {
      i++;
      j++;
      continue;
    }
    const change: Change = { a: start + i, na: 0, b: start + j, nb: 0 };
    while ((i < n || j < m) && !(i < n && j < m && x[start + i] === y[start + j])) {
      if (j >= m || (i < n && table[(i + 1) * (m + 1) + j]! >= table[i * (m + 1) + j + 1]!)) {
        i++;
        change.na++;
      } else {
        j++;
        change.nb++;
      }
    }
    changes.push(change);
  }
  return changes;
}
