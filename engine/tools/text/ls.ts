import { call, cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { modeString } from "../../text/mode.ts";
import { calendar, strftime } from "../../text/time.ts";
import { compareBytes } from "../io.ts";
import { matchWord } from "../options.ts";
import { shellQuote, type Tool, tool, UsageError } from "../tool.ts";
import { compareVersions } from "./sort.ts";
import { displayWidth } from "./wc.ts";

interface Entry {
  name: string;
  node: Inode;
  path: string;
}

interface View {
  format: "long" | "one" | "columns" | "across" | "commas";
  all: boolean;
  almost: boolean;
  hide: string[];
  recursive: boolean;
  dirsAsFiles: boolean;
  dirsFirst: boolean;
  human: boolean;
  si: boolean;
  reverse: boolean;
  sort: "name" | "time" | "size" | "none" | "version" | "extension";
  time: "mtime" | "ctime" | "atime";
  classify: "" | "F" | "p" | "t";
  inode: boolean;
  blocks: boolean;
  numeric: boolean;
  owner: boolean;
  group: boolean;
  color: boolean;
  quoted: boolean;
  forceQuotes: boolean;
  timeStyle: string | undefined;
  width: number;
  dereference: boolean;
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
    const long = o.list.some((option) => ["l", "g", "n", "o", "full-time"].includes(option.key));
    const view: View = {
      format:
        long && !(shape && ["C", "x", "m"].includes(shape.key))
          ? "long"
          : shape?.key === "C"
            ? "columns"
            : shape?.key === "x"
              ? "across"
              : shape?.key === "m"
                ? "commas"
                : shape?.key === "1"
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
      sort: sortOf(order?.key, order?.value, long, o.has("c", "u") || o.has("time")),
      time: o.has("c") ? "ctime" : o.has("u") ? "atime" : timeWord(o.value("time")),
      classify: o.has("F") ? "F" : o.has("p") ? "p" : o.has("ft") ? "t" : "",
      inode: o.has("i"),
      blocks: o.has("s"),
      numeric: o.has("n"),
      owner: !o.has("g"),
      group: !o.has("o", "G"),
      color,
      quoted: tty !== undefined && !o.has("N") && o.value("qs") !== "literal",
      forceQuotes: o.has("Q"),
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

function sizeOf(node: Inode): number {
  if (node.kind === "file") return node.content.size();
  if (node.kind === "dir") return 4096;
  return node.kind === "symlink" ? node.target.length : 0;
}

/** KiB on disk. */
export function blocksOf(node: Inode): number {
  if (node.kind === "file") return Math.ceil(node.content.size() / 4096) * 4;
  return node.kind === "dir" ? 4 : 0;
}

/** 1.5K, 12M: one decimal below ten, rounded up. */
export function human(bytes: number, si = false): string {
  const base = si ? 1000 : 1024;
  if (bytes < base) return String(bytes);
  let value = bytes;
  let unit = -1;
  while (value >= base && unit < 7) {
    value /= base;
    unit++;
  }
  const letter = (si ? "kMGTPEZY" : "KMGTPEZY")[unit]!;
  const tenths = Math.ceil(value * 10 - 1e-9) / 10;
  if (tenths < 10) return `${tenths.toFixed(1)}${letter}`;
  const whole = Math.ceil(value - 1e-9);
  return whole >= base ? `1.0${(si ? "kMGTPEZY" : "KMGTPEZY")[unit + 1]}` : `${whole}${letter}`;
}

function indicator(node: Inode, view: View): string {
  if (view.classify === "") return "";
  if (node.kind === "dir") return "/";
  if (view.classify === "p") return "";
  if (node.kind === "symlink") return view.format === "long" ? "" : "@";
  if (node.kind === "fifo") return "|";
  if (node.kind === "socket") return "=";
  return view.classify === "F" && node.kind === "file" && (node.mode & 0o111) !== 0 ? "*" : "";
}

function shown(name: string, view: View): string {
  if (view.forceQuotes) return `"${name.replace(/["\\]/g, "\\$&").replace(/\n/g, "\\n")}"`;
  if (!view.quoted) return name;
  return /^[A-Za-z0-9_./,:+%@^=\-\u0080-\uffff{}\]]+$/.test(name) ? name : shellQuote(name);
}

function colorOf(node: Inode, name: string, dangling: boolean): string {
  switch (node.kind) {
    case "dir":
      if ((node.mode & 0o1002) === 0o1002) return "30;42";
      return (node.mode & 0o2) !== 0 ? "34;42" : (node.mode & 0o1000) !== 0 ? "37;44" : "01;34";
    case "symlink":
      return dangling ? "40;31;01" : "01;36";
    case "fifo":
      return "40;33";
    case "socket":
      return "01;35";
    case "char":
      return "40;33;01";
    default:
      if ((node.mode & 0o4000) !== 0) return "37;41";
      if ((node.mode & 0o2000) !== 0) return "30;43";
      if ((node.mode & 0o111) !== 0) return "01;32";
      return /\.(tar|tgz|gz|zip|xz|bz2|zst|deb|rpm|jar)$/.test(name) ? "01;31" : "";
  }
}

function label(t: Tool, entry: Entry, view: View): string {
  const text = shown(entry.name, view);
  if (!view.color) return text;
  const dangling = entry.node.kind === "symlink" && sys.find(t.p, entry.path) === undefined;
  const code = colorOf(entry.node, entry.name, dangling);
  return code === "" ? text : `\x1b[${code}m${text}\x1b[0m`;
}

function print(t: Tool, entries: readonly Entry[], view: View): void {
  if (view.format === "long") {
    printLong(t, entries, view);
    return;
  }
  const inodeWidth = view.inode ? Math.max(0, ...entries.map((entry) => String(entry.node.ino).length)) : 0;
  const blockWidth = view.blocks ? Math.max(0, ...entries.map((entry) => String(blocksOf(entry.node)).length)) : 0;
  const anyQuoted = view.quoted && entries.some((entry) => shown(entry.name, view) !== entry.name);
  const cells = entries.map((entry) => {
    let prefix = "";
    if (view.inode) prefix += `${String(entry.node.ino).padStart(inodeWidth)} `;
    if (view.blocks) prefix += `${String(blocksOf(entry.node)).padStart(blockWidth)} `;
    const plain = shown(entry.name, view);
    const space = anyQuoted && plain === entry.name && view.format !== "one" && view.format !== "commas" ? " " : "";
    const suffix = indicator(entry.node, view);
    return {
      text: `${prefix}${space}${label(t, entry, view)}${suffix}`,
      width: prefix.length + space.length + displayWidth(plain) + suffix.length,
    };
  });
  // GNU ls resets the colours once, before the first coloured name.
  if (view.color && cells.some((cell) => cell.text.includes("\x1b["))) {
    const first = cells.findIndex((cell) => cell.text.includes("\x1b["));
    cells[first] = { ...cells[first]!, text: cells[first]!.text.replace("\x1b[", "\x1b[0m\x1b[") };
  }
  if (view.format === "one") {
    for (const cell of cells) t.out.add(`${cell.text}\n`);
    return;
  }
  if (view.format === "commas") {
    let column = 0;
    cells.forEach((cell, i) => {
      if (i > 0) {
        const fits = column + 2 + cell.width + (i < cells.length - 1 ? 1 : 0) <= view.width;
        t.out.add(fits ? ", " : ",\n");
        column = fits ? column + 2 : 0;
      }
      t.out.add(cell.text);
      column += cell.width;
    });
    if (cells.length > 0) t.out.add("\n");
    return;
  }
  printColumns(t, cells, view);
}

function printColumns(t: Tool, cells: readonly { text: string; width: number }[], view: View): void {
  const count = cells.length;
  if (count === 0) return;
  const across = view.format === "across";
  for (let columns = Math.min(count, Math.max(1, Math.floor(view.width / 3))); columns >= 1; columns--) {
    const rows = Math.ceil(count / columns);
    const widths: number[] = new Array(columns).fill(0);
    cells.forEach((cell, i) => {
      const column = across ? i % columns : Math.floor(i / rows);
      const extra = column === columns - 1 ? 0 : 2;
      widths[column] = Math.max(widths[column]!, cell.width + extra);
    });
    const total = widths.reduce((a, b) => a + b, 0);
    if (total >= view.width && columns > 1) continue;
    for (let row = 0; row < rows; row++) {
      let line = "";
      let position = 0;
      let want = 0;
      for (let column = 0; column < columns; column++) {
        const index = across ? row * columns + column : column * rows + row;
        const cell = cells[index];
        if (cell === undefined) break;
        // Gaps are tabs where a tab stop lies within them, as ls writes them.
        while (position < want) {
          if (Math.floor(want / 8) > Math.floor((position + 1) / 8)) {
            line += "\t";
            position += 8 - (position % 8);
          } else {
            line += " ";
            position++;
          }
        }
        line += cell.text;
        position += cell.width;
        want += widths[column]!;
      }
      t.out.add(`${line}\n`);
    }
    return;
  }
}

function printLong(t: Tool, entries: readonly Entry[], view: View): void {
  const names = new Names(t.p);
  const now = t.p.machine.kernel.now;
  const epoch = t.p.machine.kernel.epochMs * 1000;
  const rows = entries.map((entry) => {
    const { node } = entry;
    const when = node[view.time];
    const seconds = Math.floor((epoch + when) / 1e6);
    const size =
      node.kind === "char"
        ? deviceNumbers(node.device)
        : view.human
          ? human(sizeOf(node), view.si)
          : String(sizeOf(node));
    return {
      entry,
      inode: String(node.ino),
      blocks: String(blocksOf(node)),
      links: String(node.kind === "dir" ? linksOf(node) : node.nlink),
      owner: view.numeric ? String(node.uid) : names.user(node.uid),
      group: view.numeric ? String(node.gid) : names.group(node.gid),
      size,
      time: timeText(seconds, epoch + when - seconds * 1e6, when <= now && now - when < 15_778_476e6, view.timeStyle),
    };
  });
  const width = (pick: (row: (typeof rows)[number]) => string) => Math.max(0, ...rows.map((row) => pick(row).length));
  const widths = {
    inode: width((row) => row.inode),
    blocks: width((row) => row.blocks),
    links: width((row) => row.links),
    owner: width((row) => row.owner),
    group: width((row) => row.group),
    size: width((row) => row.size),
  };
  const anyQuoted = view.quoted && entries.some((entry) => shown(entry.name, view) !== entry.name);
  for (const row of rows) {
    const { node } = row.entry;
    let line = "";
    if (view.inode) line += `${row.inode.padStart(widths.inode)} `;
    if (view.blocks) line += `${row.blocks.padStart(widths.blocks)} `;
    line += `${modeString(node)} ${row.links.padStart(widths.links)} `;
    if (view.owner) line += `${row.owner.padEnd(widths.owner)} `;
    if (view.group) line += `${row.group.padEnd(widths.group)} `;
    line += `${row.size.padStart(widths.size)} ${row.time} `;
    if (anyQuoted && shown(row.entry.name, view) === row.entry.name) line += " ";
    line += label(t, row.entry, view) + indicator(node, view);
    if (node.kind === "symlink") {
      const behind = sys.find(t.p, row.entry.path);
      const target = shown(node.target, view);
      const code = view.color ? (behind ? colorOf(behind, node.target, false) : "40;31;01") : "";
      line += ` -> ${code === "" ? target : `\x1b[${code}m${target}\x1b[0m`}`;
      if (behind) line += indicator(behind, view);
    }
    t.out.add(`${line}\n`);
  }
}

function linksOf(node: Inode): number {
  if (node.kind !== "dir") return node.nlink;
  let count = 2;
  for (const child of node.entries?.values() ?? []) if (child.kind === "dir") count++;
  return count;
}

function deviceNumbers(device: string): string {
  const numbers: Record<string, string> = {
    null: "1, 3",
    zero: "1, 5",
    full: "1, 7",
    random: "1, 8",
    urandom: "1, 9",
    tty: "5, 0",
    console: "5, 1",
  };
  return numbers[device] ?? "136, 0";
}

function timeText(seconds: number, micros: number, recent: boolean, style: string | undefined): string {
  const time = calendar(seconds, Math.floor(micros) * 1000);
  if (style === "full-iso") return strftime("%Y-%m-%d %H:%M:%S.%N %z", time);
  if (style === "long-iso") return strftime("%Y-%m-%d %H:%M", time);
  if (style === "iso") return strftime(recent ? "%m-%d %H:%M" : "%Y-%m-%d ", time);
  if (style?.startsWith("+")) return strftime(style.slice(1), time);
  return strftime(recent ? "%b %e %H:%M" : "%b %e  %Y", time);
}

/** Names of users and groups from /etc/passwd and /etc/group, read once. */
export class Names {
  private readonly users: Map<number, string>;
  private readonly groups: Map<number, string>;

  constructor(p: Process) {
    this.users = table(p, "/etc/passwd");
    this.groups = table(p, "/etc/group");
  }

  user(id: number): string {
    return this.users.get(id) ?? String(id);
  }

  group(id: number): string {
    return this.groups.get(id) ?? String(id);
  }
}

function table(p: Process, path: string): Map<number, string> {
  const names = new Map<number, string>();
  const node = sys.find(p, path);
  if (node?.kind !== "file") return names;
  for (const line of decode(node.content.bytes()).split("\n")) {
    const [name, , id] = line.split(":");
    if (id !== undefined && !names.has(Number(id))) names.set(Number(id), name!);
  }
  return names;
}
