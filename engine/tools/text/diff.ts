import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { calendar, strftime } from "../../text/time.ts";
import { readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { quote, type Tool, tool, UsageError } from "../tool.ts";
import { type Change, context, normal, type Sides, sideBySide, unified } from "./diff-output.ts";

/** diff(1) of files and directories: the normal form, -u, -c, -y and -q. */
export const diff = tool(
  {
    name: "diff",
    short: "0123456789uU:cC:qsrNibwBaL:yW:t",
    long: "unified::=u context::=c side-by-side=y width:=W suppress-common-lines=suppress left-column=left-column expand-tabs=t text=a ignore-blank-lines=B brief=q report-identical-files=s recursive=r new-file=N ignore-case=i ignore-all-space=w ignore-space-change=b label:=L color::=color",
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
  let changes = compareLines(key(x, open[0]!), key(y, open[1]!));
  if (o.has("B")) changes = changes.filter((change) => !onlyBlank(change, x, y));
  if (changes.length === 0 && !o.has("y")) {
    if (o.has("s")) t.out.add(`Files ${left} and ${right} are identical\n`);
    return 0;
  }
  if (o.has("q")) {
    t.out.add(`Files ${left} and ${right} differ\n`);
    return 1;
  }
  t.out.add(title);
  const sides: Sides = { x, y, openX: open[0]!, openY: open[1]! };
  const add = (text: string) => t.out.add(text);
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
  const size = o.value("U", "C", "u", "c") ?? (digits === "" ? "3" : digits);
  if (!/^\d+$/.test(size)) throw new UsageError(`invalid context length ${quote(size)}`);
  const labels = o.values("L");
  const header = (path: string) => {
    const { kernel } = t.p.machine;
    const time = kernel.epochMs * 1000 + (sys.find(t.p, path)?.mtime ?? kernel.now);
    const seconds = Math.floor(time / 1e6);
    return `${path}\t${strftime("%Y-%m-%d %H:%M:%S.%N %z", calendar(seconds, Math.floor(time - seconds * 1e6) * 1000))}`;
  };
  const names: [string, string] = [labels[0] ?? header(left), labels[1] ?? header(right)];
  if (o.has("c", "C")) context(add, sides, changes, Number(size), names);
  else if (o.has("u", "U")) unified(add, sides, changes, Number(size), names);
  else normal(add, sides, changes);
  return 1;
}

function onlyBlank(c: Change, x: readonly string[], y: readonly string[]): boolean {
  return [...x.slice(c.a, c.a + c.na), ...y.slice(c.b, c.b + c.nb)].every((line) => line === "");
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
