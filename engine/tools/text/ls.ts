import { call, cpu, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { globRegex } from "../../text/glob.ts";
import { busyboxSize } from "../busybox-sizes.ts";
import { compareBytes } from "../io.ts";
import { type GivenOption, matchWord, type ParsedOptions } from "../options.ts";
import { argMatch, Fatal, quote, shellQuote, type Tool, tool, UsageError } from "../tool.ts";
import { type BlockSize, blockSizeOf, blocksOfBytes, inBlocks } from "./block-size.ts";
import { lsColors } from "./dircolors.ts";
import { blocksOf, type Entry, print, shown, sizeOf, type View } from "./ls-view.ts";
import { compareVersions } from "./sort-keys.ts";
import { displayWidth } from "./wc.ts";

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
export const ls = lister("ls", []);
/** dir(1) and vdir(1): ls -C -b and ls -l -b. */
export const dir = lister("dir", ["-C", "-b"]);
export const vdir = lister("vdir", ["-l", "-b"]);

/** ls by a name of its own, with options that stand before those given. */
function lister(name: string, before: readonly string[]): Program {
  return tool(
    {
      name,
      rewrite: (args) => [...before, ...args],
      short: "aAbBcCdDfFgGhHiI:klLmnNopqQrRsStT:uUvw:xXZ1",
      long: "all=a almost-all=A author=author escape=b block-size:=bs ignore-backups=B color::=color directory=d classify::=F file-type=ft full-time=full-time group-directories-first=gdf no-group=G human-readable=h si=si dereference-command-line=H indicator-style:=is inode=i ignore:=I hide:=hide hyperlink::=hyperlink kibibytes=k dereference=L numeric-uid-gid=n literal=N hide-control-chars=q show-control-chars=scc dereference-command-line-symlink-to-dir=dcl context=Z quote-name=Q quoting-style:=qs reverse=r recursive=R size=s sort:=sort time:=time time-style:=ts tabsize:=T width:=w format:=format zero=zero",
      usage: "[OPTION]... [FILE]...",
      about:
        "List information about the FILEs (the current directory by default).\nSort entries alphabetically if none of -cftuvSUX nor --sort is specified.",
      usageStatus: 2,
    },
    function* (t, o) {
      const tty = t.p.fds.get(1)?.tty;
      const shape = o.last("l", "1", "C", "x", "m", "g", "n", "o", "full-time", "format");
      const order = o.last("t", "S", "U", "f", "v", "X", "sort");
      const word = (key: string, option: string, words: readonly (string | readonly string[])[]) => {
        const value = o.value(key);
        return value === undefined ? undefined : argMatch(value, option, words);
      };
      const sorts = word("sort", "--sort", ["none", "size", "time", "version", "extension", "name", "width"]);
      const times = word("time", "--time", TIMES);
      const form = word("format", "--format", FORMATS);
      const style = word("is", "--indicator-style", ["none", "slash", "file-type", "classify"]);
      const long =
        form === "verbose" || o.list.some((option) => ["l", "g", "n", "o", "full-time"].includes(option.key));
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
        hide: [
          ...o.values("I"),
          ...(o.has("a", "A", "f") ? [] : o.values("hide")),
          ...(o.has("B") ? ["*~", ".*~"] : []),
        ].map((pattern) => globRegex(pattern)),
        recursive: o.has("R"),
        dirsAsFiles: o.has("d"),
        dirsFirst: o.has("gdf"),
        unit: unitOf(t.p, o, 1024),
        sizeUnit: unitOf(t.p, o, 1),
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
        color: whenOf(o.last("color"), "--color", tty !== undefined),
        colors: lsColors(t.p.env.get("LS_COLORS")),
        quoted: tty !== undefined && !o.has("N", "Q", "b", "qs"),
        quoting: quotingOf(o, t.p.env.get("QUOTING_STYLE")),
        end: o.has("zero") ? "\0" : "\n",
        timeStyle: long ? timeStyleOf(t.p, o) : undefined,
        width: numberOf(o.value("w"), "line width") ?? Number(t.p.env.get("COLUMNS") ?? tty?.columns ?? 80),
        tab: numberOf(o.value("T"), "tab size") ?? 8,
        dereference: o.has("L"),
        context: o.has("Z"),
        hidden: !o.has("scc") && (o.has("q") || (tty !== undefined && !o.has("N", "Q", "b", "qs"))),
        hyperlink: whenOf(o.last("hyperlink"), "--hyperlink", tty !== undefined),
      };
      const operands = o.operands.length > 0 ? o.operands : ["."];
      const files: Entry[] = [];
      const dirs: Entry[] = [];
      for (const path of operands) {
        try {
          const follow =
            view.dereference ||
            o.has("H", "dcl") ||
            !(view.dirsAsFiles || view.format === "long" || view.classify === "F");
          let node = sys.find(t.p, path, follow);
          node ??= sys.stat(t.p, path, view.dereference);
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
}

const WHEN = [
  ["always", "yes", "force"],
  ["never", "no", "none"],
  ["auto", "tty", "if-tty"],
];

/** What --color and --hyperlink say of a terminal, or of none. */
function whenOf(given: GivenOption | undefined, option: string, tty: boolean): boolean {
  if (given === undefined) return false;
  const when = argMatch(given.value ?? "always", option, WHEN);
  return when === "always" || (when === "auto" && tty);
}

/** A width: decimal, octal or hexadecimal, as strtol takes it. */
function numberOf(text: string | undefined, what: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^(0[0-7]*|[1-9]\d*|0x[\da-f]+)$/i.test(text)) throw new Fatal(`invalid ${what}: ${quote(text)}`, 2);
  return /^0\d/.test(text) ? Number.parseInt(text, 8) : Number(text);
}

/** Units of -s (1024 bytes), or of the sizes of the long form (bytes). */
function unitOf(p: Process, o: ParsedOptions, usual: number): BlockSize {
  const last = o.last("bs", "h", "si");
  if (last === undefined && o.has("k")) return blocksOfBytes(usual);
  const size = blockSizeOf(p, o, { key: "bs", variables: ["LS_BLOCK_SIZE"], usual, status: 2 });
  // POSIXLY_CORRECT and BLOCKSIZE are of the blocks alone.
  return usual === 1 && last === undefined && !p.env.has("LS_BLOCK_SIZE") && !p.env.has("BLOCK_SIZE")
    ? blocksOfBytes(1)
    : size;
}

const STYLES = ["full-iso", "long-iso", "iso", "locale"];

/** The style of times. Throws `UsageError`, with the list of ls's own. */
function timeStyleOf(p: Process, o: ParsedOptions): string | undefined {
  if (o.has("full-time")) return "full-iso";
  const given = o.value("ts") ?? p.env.get("TIME_STYLE");
  const style = given?.replace(/^posix-/, "");
  if (style === undefined || style.startsWith("+")) return style;
  const fits = matchWord(style, STYLES);
  if (fits !== undefined) return fits;
  const list = STYLES.map((word) => `  - [posix-]${word}`).join("\n");
  throw new UsageError(
    `invalid argument ${quote(style)} for ${quote("time style")}\nValid arguments are:\n${list}\n  - +FORMAT (e.g., +%H:%M) for a 'date'-style format`,
  );
}

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
    case "width":
      return "width";
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
    else if (view.sort === "width") order = displayWidth(a.name) - displayWidth(b.name);
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
      if (view.hide.some((pattern) => pattern.test(name))) continue;
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
    const padded = view.unit.scales === "busybox" ? busyboxSize(total * 1024, false).padEnd(7) : undefined;
    t.out.add(`total ${padded ?? inBlocks(total * 1024, view.unit)}\n`);
  }
  print(t, entries, view);
  if (t.out.full) yield* t.out.flush();
  if (!view.recursive) return;
  for (const entry of entries) {
    if (entry.node.kind !== "dir" || entry.name === "." || entry.name === "..") continue;
    yield* call(listDirectory(t, entry.path, view, true, false));
  }
}
