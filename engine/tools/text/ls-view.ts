/** How ls shows files: names, colors, columns and the long form. */
import { decode } from "../../kernel/index.ts";
import type { Inode } from "../../machine/inode.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { modeString } from "../../text/mode.ts";
import type { Regex } from "../../text/regex/index.ts";
import { strftime } from "../../text/time.ts";
import type { Zone } from "../../text/zone.ts";
import { shellQuote, type Tool } from "../tool.ts";
import { type BlockSize, inBlocks } from "./block-size.ts";
import type { LsColors } from "./dircolors.ts";
import { displayWidth } from "./wc.ts";

export interface Entry {
  name: string;
  node: Inode;
  path: string;
}

export interface View {
  format: "long" | "one" | "columns" | "across" | "commas";
  all: boolean;
  almost: boolean;
  hide: Regex[];
  recursive: boolean;
  dirsAsFiles: boolean;
  dirsFirst: boolean;
  /** Blocks of -s, and the units of sizes in the long form. */
  unit: BlockSize;
  sizeUnit: BlockSize;
  reverse: boolean;
  sort: "name" | "time" | "size" | "none" | "version" | "extension" | "width";
  time: "mtime" | "ctime" | "atime";
  classify: "" | "F" | "p" | "t";
  inode: boolean;
  blocks: boolean;
  numeric: boolean;
  owner: boolean;
  group: boolean;
  color: boolean;
  colors: LsColors;
  quoted: boolean;
  /** A --quoting-style; empty: as the terminal asks for. */
  quoting: string;
  /** What ends a line: NUL with --zero. */
  end: string;
  author: boolean;
  timeStyle: string | undefined;
  width: number;
  /** Columns between tab stops; 0: blanks alone. */
  tab: number;
  dereference: boolean;
  /** -Z: a security context, of which there is none. */
  context: boolean;
  /** What cannot be printed is shown as question marks. */
  hidden: boolean;
  hyperlink: boolean;
}

/** Bytes, as the long form has them. */
export function sizeOf(node: Inode): number {
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

/** A name with C's escapes, and a backslash before what is `special`. */
export function escaped(name: string, special: string): string {
  return name.replace(/[\x00-\x1f\x7f\\ "]/g, (char) => {
    if (char === "\\") return "\\\\";
    if (char === " " || char === '"') return special === char ? `\\${char}` : char;
    const letter = { "\n": "n", "\t": "t", "\r": "r", "\b": "b", "\f": "f", "\v": "v", "\x07": "a" }[char];
    return `\\${letter ?? char.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });
}

/** A name, quoted where that was asked for. */
export function shown(name: string, view: View): string {
  const bare = /^[A-Za-z0-9_./,:+%@^=\-\u0080-\uffff{}\]]+$/.test(name);
  switch (view.quoting) {
    case "c":
    case "c-maybe":
      return view.quoting === "c" || !bare ? `"${escaped(name, '"')}"` : name;
    case "escape":
      return escaped(name, " ");
    case "locale":
    case "clocale":
      return `‘${escaped(name, "")}’`;
    case "shell":
    case "shell-escape":
      return bare ? name : shellQuote(name);
    case "shell-always":
    case "shell-escape-always":
      return bare ? `'${name}'` : shellQuote(name);
  }
  if (view.quoted) return bare ? name : shellQuote(name);
  return view.hidden ? name.replace(/[\x00-\x1f\x7f]/g, "?") : name;
}

/** The first color of these kinds; `0` and `00` are none. */
function kindColor(colors: LsColors, ...keys: string[]): string | undefined {
  return keys.map((key) => colors.kinds.get(key)).find((color) => color !== undefined && !/^0{0,2}$/.test(color));
}

/** The color of a file, empty for none. */
function colorOf(colors: LsColors, node: Inode, name: string, dangling: boolean): string {
  const kind = (...keys: string[]) => kindColor(colors, ...keys);
  switch (node.kind) {
    case "dir": {
      const sticky = (node.mode & 0o1000) !== 0;
      const open = (node.mode & 0o2) !== 0;
      const special = sticky && open ? kind("tw") : open ? kind("ow") : sticky ? kind("st") : undefined;
      return special ?? kind("di") ?? "";
    }
    case "symlink":
      return (dangling ? kind("or", "ln") : kind("ln")) ?? "";
    case "fifo":
      return kind("pi") ?? "";
    case "socket":
      return kind("so") ?? "";
    case "char":
      return kind("cd") ?? "";
    default: {
      const special = (node.mode & 0o4000) !== 0 ? kind("su") : (node.mode & 0o2000) !== 0 ? kind("sg") : undefined;
      const runs = (node.mode & 0o111) !== 0 ? kind("ex") : undefined;
      const linked = node.nlink > 1 ? kind("mh") : undefined;
      const found = special ?? runs ?? linked;
      if (found !== undefined) return found;
      const lower = name.toLowerCase();
      const ending =
        colors.endings.find(([end]) => name.endsWith(end)) ??
        colors.endings.find(([end]) => lower.endsWith(end.toLowerCase()));
      return ending?.[1] ?? kind("fi") ?? "";
    }
  }
}

function label(t: Tool, entry: Entry, view: View): string {
  const text = view.hyperlink ? linked(t, entry, shown(entry.name, view)) : shown(entry.name, view);
  if (!view.color) return text;
  const dangling = entry.node.kind === "symlink" && sys.find(t.p, entry.path) === undefined;
  const code = colorOf(view.colors, entry.node, entry.name, dangling);
  return code === "" ? text : `\x1b[${code}m${text}\x1b[0m`;
}

/** A name as a terminal's link to the file (OSC 8). */
function linked(t: Tool, entry: Entry, text: string): string {
  const path = sys.lookup(t.p, entry.path, false).path.replace(/[^A-Za-z0-9._~/-]/g, encodeURIComponent);
  return `\x1b]8;;file://${t.p.machine.hostname}${path}\x07${text}\x1b]8;;\x07`;
}

/** Prints entries in the form that was asked for. */
export function print(t: Tool, entries: readonly Entry[], view: View): void {
  if (view.format === "long") {
    printLong(t, entries, view);
    return;
  }
  const inodeWidth = view.inode ? Math.max(0, ...entries.map((entry) => String(entry.node.ino).length)) : 0;
  const blocks = (node: Inode) => inBlocks(blocksOf(node) * 1024, view.unit);
  const blockWidth = view.blocks ? Math.max(0, ...entries.map((entry) => blocks(entry.node).length)) : 0;
  const anyQuoted = view.quoted && entries.some((entry) => shown(entry.name, view) !== entry.name);
  const cells = entries.map((entry) => {
    let prefix = "";
    if (view.inode) prefix += `${String(entry.node.ino).padStart(inodeWidth)} `;
    if (view.blocks) prefix += `${blocks(entry.node).padStart(blockWidth)} `;
    if (view.context) prefix += "? ";
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
    for (const cell of cells) t.out.add(cell.text + view.end);
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
  const widest = view.width === 0 ? Number.MAX_SAFE_INTEGER : view.width;
  for (let columns = Math.min(count, Math.max(1, Math.floor(widest / 3))); columns >= 1; columns--) {
    const rows = Math.ceil(count / columns);
    const widths: number[] = new Array(columns).fill(0);
    cells.forEach((cell, i) => {
      const column = across ? i % columns : Math.floor(i / rows);
      const extra = column === columns - 1 ? 0 : 2;
      widths[column] = Math.max(widths[column]!, cell.width + extra);
    });
    const total = widths.reduce((a, b) => a + b, 0);
    if (total >= widest && columns > 1) continue;
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
          if (view.tab > 0 && Math.floor(want / view.tab) > Math.floor((position + 1) / view.tab)) {
            line += "\t";
            position += view.tab - (position % view.tab);
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
  const zone = localZone(t.p);
  const now = t.p.machine.kernel.now;
  const epoch = t.p.machine.kernel.epochMs * 1000;
  const rows = entries.map((entry) => {
    const { node } = entry;
    const when = node[view.time];
    const seconds = Math.floor((epoch + when) / 1e6);
    const size = node.kind === "char" ? deviceNumbers(node.device) : inBlocks(sizeOf(node), view.sizeUnit);
    return {
      entry,
      inode: String(node.ino),
      blocks: inBlocks(blocksOf(node) * 1024, view.unit),
      links: String(node.kind === "dir" ? linksOf(node) : node.nlink),
      owner: view.numeric ? String(node.uid) : names.user(node.uid),
      group: view.numeric ? String(node.gid) : names.group(node.gid),
      size,
      time: timeText(
        zone,
        seconds,
        epoch + when - seconds * 1e6,
        when <= now && now - when < 15_778_476e6,
        view.timeStyle,
      ),
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
  // BusyBox's columns are as wide as most entries need, whatever there is.
  if (t.p.applet) {
    const size = view.sizeUnit.scales === "busybox" ? 7 : 9;
    Object.assign(widths, { links: 4, owner: 8, group: 8, size, blocks: 6 });
  }
  const fixed = (name: string) => (t.p.applet ? name.slice(0, 8) : name);
  const anyQuoted = view.quoted && entries.some((entry) => shown(entry.name, view) !== entry.name);
  for (const row of rows) {
    const { node } = row.entry;
    let line = "";
    if (view.inode) line += `${row.inode.padStart(widths.inode)} `;
    if (view.blocks) line += `${row.blocks.padStart(widths.blocks)} `;
    line += `${modeString(node)} ${row.links.padStart(widths.links)} `;
    if (view.owner) line += `${fixed(row.owner).padEnd(widths.owner)} `;
    if (view.group) line += `${fixed(row.group).padEnd(widths.group)} `;
    if (view.author) line += `${row.owner.padEnd(widths.owner)} `;
    if (view.context) line += "? ";
    line += `${row.size.padStart(widths.size)} ${row.time} `;
    if (anyQuoted && shown(row.entry.name, view) === row.entry.name) line += " ";
    line += label(t, row.entry, view) + indicator(node, view);
    if (node.kind === "symlink") {
      const behind = sys.find(t.p, row.entry.path);
      const target = shown(node.target, view);
      const code = view.color
        ? behind
          ? colorOf(view.colors, behind, node.target, false)
          : (kindColor(view.colors, "mi", "or") ?? "")
        : "";
      line += ` -> ${code === "" ? target : `\x1b[${code}m${target}\x1b[0m`}`;
      if (behind) line += indicator(behind, view);
    }
    t.out.add(`${line}\n`);
  }
}

/** Names of a file; of a directory, itself, its parent's and one for each directory inside. */
export function linksOf(node: Inode): number {
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

function timeText(zone: Zone, seconds: number, micros: number, recent: boolean, style: string | undefined): string {
  const time = zone.calendar(seconds, Math.floor(micros) * 1000);
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
