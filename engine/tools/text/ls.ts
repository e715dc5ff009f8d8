import { call, cpu, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { compareBytes } from "../io.ts";
import { matchWord, type ParsedOptions } from "../options.ts";
import { argMatch, shellQuote, type Tool, tool, UsageError } from "../tool.ts";
import { blocksOf, type Entry, human, print, shown, sizeOf, type View } from "./ls-view.ts";
import { compareVersions } from "./sort-keys.ts";

const TIMES = [
  ["atime", "access", "use"],
  ["ctime", "status"],
  ["mtime", "modification"],
  ["birth", "creation"],
];
const FORMATS = [["verbose", "long"], "commas", ["horizontal", "across"], "vertical", "single-column"];
const QUOTINGS = [
  "literal",
  "shell",
  "shell-always",
  "shell-escape",
  "shell-escape-always",
  "c",
  "c-maybe",
  "escape",
  "locale",
  "clocale",
];

/** How names are quoted: the last of -Q, -b, -N and --quoting-style. */
function quotingOf(o: ParsedOptions, fromEnv: string | undefined): string {
  const last = o.last("Q", "b", "N", "qs");
  if (last === undefined) return fromEnv !== undefined && QUOTINGS.includes(fromEnv) ? fromEnv : "";
  if (last.key === "qs") return argMatch(last.value!, "--quoting-style", QUOTINGS);
  return { Q: "c", b: "escape", N: "literal" }[last.key] ?? "";
}

/** ls(1), sorted by bytes; on a terminal in columns and with names quoted as a shell needs them. */
export const ls = tool(
  {
    name: "ls",
    short: "aAbBcCdDfFgGhHiI:klLmnNopqQrRsStT:uUvw:xXZ1",
    long: "all=a almost-all=A author=author escape=b block-size:=bs ignore-backups=B color::=color directory=d classify::=F file-type=ft full-time=full-time group-directories-first=gdf no-group=G human-readable=h si=si dereference-command-line=H indicator-style:=is inode=i ignore:=I hide:=I kibibytes=k dereference=L numeric-uid-gid=n literal=N hide-control-chars=q quote-name=Q quoting-style:=qs reverse=r recursive=R size=s sort:=sort time:=time time-style:=ts tabsize:=T width:=w format:=format zero=zero",
    usage: "[OPTION]... [FILE]...",
    about:
      "List information about the FILEs (the current directory by default).\nSort entries alphabetically if none of -cftuvSUX nor --sort is specified.",
    usageStatus: 2,
  },
  function* (t, o) {
    const tty = t.p.fds.get(1)?.tty;
    const shape = o.last("l", "1", "C", "x", "m", "g", "n", "o", "full-time", "format");
    const order = o.last("t", "S", "U", "f", "v", "X", "sort");
    const colorWord = o.list.findLast((option) => option.key === "color");
    let color = false;
    if (colorWord) {
      const when = matchWord(colorWord.value ?? "always", [
        "always",
        "yes",
        "force",
        "never",
        "no",
        "none",
        "auto",
        "tty",
        "if-tty",
      ]);
      if (when === undefined)
        throw new UsageError(
          `invalid argument ‘${colorWord.value}’ for ‘--color’\nValid arguments are:\n  - ‘always’, ‘yes’, ‘force’\n  - ‘never’, ‘no’, ‘none’\n  - ‘auto’, ‘tty’, ‘if-tty’`,
          1,
        );
      color =
        ["always", "yes", "force"].includes(when) || (["auto", "tty", "if-tty"].includes(when) && tty !== undefined);
    }
    const word = (key: string, option: string, words: readonly (string | readonly string[])[]) => {
      const value = o.value(key);
      return value === undefined ? undefined : argMatch(value, option, words);
    };
    const sorts = word("sort", "--sort", ["none", "size", "time", "version", "extension", "name", "width"]);
    const times = word("time", "--time", TIMES);
    const form = word("format", "--format", FORMATS);
    const style = word("is", "--indicator-style", ["none", "slash", "file-type", "classify"]);
    const long = form === "verbose" || o.list.some((option) => ["l", "g", "n", "o", "full-time"].includes(option.key));
    const view: View = {
      format:
        long && !(shape && ["C", "x", "m"].includes(shape.key))
          ? "long"
          : shape?.key === "C" || form === "vertical"
            ? "columns"
            : shape?.key === "x" || form === "horizontal"
              ? "across"
              : shape?.key === "m" || form === "commas"
                ? "commas"
                : shape?.key === "1" || form === "single-column" || o.has("zero")
                  ? "one"
                  : tty
                    ? "columns"
                    : "one",
      all: o.has("a", "f"),
      almost: o.has("A"),
      hide: o.values("I"),
      recursive: o.has("R"),
      dirsAsFiles: o.has("d"),
      dirsFirst: o.has("gdf"),
      human: o.has("h", "si"),
      si: o.has("si"),
      reverse: o.has("r"),
      sort: sortOf(order?.key, sorts, long, o.has("c", "u") || o.has("time")),
      time: o.has("c") ? "ctime" : o.has("u") ? "atime" : timeWord(times),
      classify:
        o.has("F") || style === "classify"
          ? "F"
          : o.has("p") || style === "slash"
            ? "p"
            : o.has("ft") || style === "file-type"
              ? "t"
              : "",
      inode: o.has("i"),
      blocks: o.has("s"),
      numeric: o.has("n"),
      owner: !o.has("g"),
      group: !o.has("o", "G"),
      author: o.has("author"),
      color,
      quoted: tty !== undefined && !o.has("N", "Q", "b", "qs"),
      quoting: quotingOf(o, t.p.env.get("QUOTING_STYLE")),
      end: o.has("zero") ? "\0" : "\n",
      timeStyle: o.has("full-time") ? "full-iso" : (o.value("ts") ?? t.p.env.get("TIME_STYLE")),
      width: Number(o.value("w") ?? t.p.env.get("COLUMNS") ?? tty?.columns ?? 80),
      dereference: o.has("L"),
    };
    const operands = o.operands.length > 0 ? o.operands : ["."];
    const files: Entry[] = [];
    const dirs: Entry[] = [];
    for (const path of operands) {
      try {
        const follow =
          view.dereference || o.has("H") || !(view.dirsAsFiles || view.format === "long" || view.classify === "F");
        let node = sys.find(t.p, path, follow);
        node ??= sys.stat(t.p, path, false);
        (node.kind === "dir" && !view.dirsAsFiles ? dirs : files).push({ name: path, node, path });
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`cannot access ${shellQuote(path)}: ${error.message}`, 2);
      }
    }
    const compare = ordering(view);
    files.sort(compare);
    dirs.sort(compare);
    if (files.length > 0) print(t, files, view);
    let first = files.length === 0;
    const headers = operands.length > 1 || view.recursive;
    for (const dir of dirs) {
      yield* listDirectory(t, dir.path, view, headers, first);
      first = false;
    }
    return t.status;
  },
);

function sortOf(key: string | undefined, word: string | undefined, long: boolean, byTime: boolean): View["sort"] {
  const name = key === "sort" ? word : key;
  switch (name) {
    case "t":
    case "time":
      return "time";
    case "S":
    case "size":
      return "size";
    case "U":
    case "f":
    case "none":
      return "none";
    case "v":
    case "version":
      return "version";
    case "X":
    case "extension":
      return "extension";
    default:
      return byTime && !long ? "time" : "name";
  }
}

function timeWord(word: string | undefined): View["time"] {
  if (word === "ctime" || word === "status") return "ctime";
  return word === "atime" || word === "access" || word === "use" ? "atime" : "mtime";
}

function ordering(view: View): (a: Entry, b: Entry) => number {
  const size = (entry: Entry) => sizeOf(entry.node);
  const extension = (name: string) => (name.includes(".") ? name.slice(name.lastIndexOf(".")) : "");
  const by = (a: Entry, b: Entry): number => {
    let order = 0;
    if (view.sort === "time") order = b.node[view.time] - a.node[view.time];
    else if (view.sort === "size") order = size(b) - size(a);
    else if (view.sort === "version") order = compareVersions(a.name, b.name);
    else if (view.sort === "extension") order = compareBytes(extension(a.name), extension(b.name));
    return order !== 0 ? order : compareBytes(a.name, b.name);
  };
  return (a, b) => {
    if (view.dirsFirst) {
      const order = Number(b.node.kind === "dir") - Number(a.node.kind === "dir");
      if (order !== 0) return order;
    }
    if (view.sort === "none") return 0;
    return view.reverse ? by(b, a) : by(a, b);
  };
}

function* listDirectory(t: Tool, path: string, view: View, header: boolean, first: boolean): Gen<void> {
  let entries: Entry[];
  const slash = path.endsWith("/") ? path : `${path}/`;
  try {
    const dir = sys.readDir(t.p, path);
    entries = [];
    for (const name of dir.keys()) {
      if (name.startsWith(".") && !view.all && !view.almost) continue;
      if (view.hide.some((pattern) => matchesSimple(pattern, name))) continue;
      // What is mounted here is what is listed.
      const node = sys.find(t.p, slash + name, view.dereference) ?? dir.get(name)!;
      entries.push({ name, node, path: slash + name });
    }
    if (view.all) {
      entries.push({ name: ".", node: sys.stat(t.p, path), path: `${slash}.` });
      entries.push({ name: "..", node: sys.stat(t.p, `${slash}..`), path: `${slash}..` });
    }
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* t.error(`cannot open directory ${shellQuote(path)}: ${error.message}`, t.status === 2 || first ? 2 : 1);
    return;
  }
  yield* cpu(4 + entries.length);
  entries.sort(ordering(view));
  if (header) t.out.add(`${first ? "" : "\n"}${view.quoted ? shown(path, view) : path}:\n`);
  if (view.format === "long" || view.blocks) {
    const total = entries.reduce((sum, entry) => sum + blocksOf(entry.node), 0);
    t.out.add(`total ${view.human ? human(total * 1024, view.si) : total}\n`);
  }
  print(t, entries, view);
  if (t.out.full) yield* t.out.flush();
  if (!view.recursive) return;
  for (const entry of entries) {
    if (entry.node.kind !== "dir" || entry.name === "." || entry.name === "..") continue;
    yield* call(listDirectory(t, entry.path, view, true, false));
  }
}

/** `*` and `?` only: what --hide and --ignore are used with. */
function matchesSimple(pattern: string, name: string): boolean {
  const go = (i: number, j: number): boolean => {
    if (i === pattern.length) return j === name.length;
    if (pattern[i] === "*") return go(i + 1, j) || (j < name.length && go(i, j + 1));
    return j < name.length && (pattern[i] === "?" || pattern[i] === name[j]) && go(i + 1, j + 1);
  };
  return go(0, 0);
}
