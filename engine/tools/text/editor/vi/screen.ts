/** What vi shows: the text in its window, and the bottom line. */
import { wcwidth } from "../../../../text/width.ts";
import { type Frame, leaves } from "./layout.ts";
import { paint, type View } from "./paint.ts";
import { columnOf } from "./shown.ts";
import type { Vi } from "./state.ts";
import {
  arrange,
  connected,
  frameOf,
  hasStatus,
  originOf,
  type Pane,
  panesOf,
  parted,
  tabLine,
  within,
} from "./windows.ts";

/** Lines said instead of what stands at the bottom, with a request to press Enter; a command line in its place. */
export interface Over {
  lines?: readonly string[];
  above?: string | undefined;
  /** The command line and where the cursor stands in it, in columns. */
  typed?: { text: string; at: number };
  /** A question about what the cursor stands at; the cursor goes behind it. */
  asked?: string;
}

/** The ruler stands in the last line, not in a window's status line. */
function rulerBelow(vi: Vi): boolean {
  return vi.options.on("ruler") && !hasStatus(vi, lastFrame(vi));
}

function lastFrame(vi: Vi): Frame<Pane> {
  return leaves(vi.tab.root).at(-1)!;
}
/** Columns of the last line that a message may fill. */
export function roomOf(vi: Vi): number {
  return vi.terminal.columns - (rulerBelow(vi) || !hasStatus(vi, lastFrame(vi)) ? 29 : 12);
}
const MODES = {
  insert: "-- INSERT --",
  replace: "-- REPLACE --",
  v: "-- VISUAL --",
  V: "-- VISUAL LINE --",
  block: "-- VISUAL BLOCK --",
};

function modeLine(vi: Vi): string {
  let mode = "";
  if (vi.mode !== "normal") mode = MODES[vi.mode];
  else if (vi.visual) mode = MODES[vi.visual.kind];
  if (mode !== "" && vi.options.on("paste")) mode = mode.replace(/ --$/, " (paste) --");
  return mode + (vi.recording ? `recording @${vi.recording.name}` : "");
}
/** What the selection measures, where unfinished commands are shown. */
function measure(vi: Vi): string {
  const { visual, text } = vi;
  if (visual === undefined) return vi.pending;
  const rows = Math.abs(visual.row - text.row) + 1;
  if (visual.kind === "block") {
    const columns =
      Math.abs(columnOf(text.lines[visual.row]!, visual.column, vi.look) - columnOf(text.line, text.column, vi.look)) +
      1;
    return `${rows}x${columns}`;
  }
  if (visual.kind === "V" || rows > 1) return String(rows);
  const [from, to] = [Math.min(visual.column, text.column), Math.max(visual.column, text.column)];
  const [chars, bytes] = sizes(text.line.slice(from, to + 1));
  return chars === bytes ? String(chars) : `${chars}-${bytes}`;
}

function sizes(text: string): [chars: number, bytes: number] {
  let [chars, bytes] = [0, 0];
  for (const char of text) {
    const code = char.codePointAt(0)!;
    chars++;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return [chars, bytes];
}
/** The ruler: line, column in bytes and of the screen, and how much of the text is seen. */
function ruler(vi: Vi, bottom: number): string {
  const [where, extent] = rulerParts(vi, bottom);
  return where.padEnd(14) + extent;
}

function rulerParts(vi: Vi, bottom: number): [where: string, extent: string] {
  const { text } = vi;
  const column = sizes(text.line.slice(0, text.column))[1] + 1;
  const inTab = vi.mode === "normal" && text.line[text.column] === "\t" && !vi.options.on("list");
  const virtual = inTab ? columnOf(text.line, text.column + 1, vi.look) : columnOf(text.line, text.column, vi.look) + 1;
  const where = text.line === "" ? "0-1" : column === virtual ? String(column) : `${column}-${virtual}`;
  const below = text.lines.length - bottom;
  const extent =
    vi.top === 0
      ? below <= 0
        ? "All"
        : "Top"
      : below <= 0
        ? "Bot"
        : `${String(Math.floor((100 * vi.top) / (vi.top + below))).padStart(2)}%`;
  return [`${text.none ? 0 : text.row + 1},${where}`, extent];
}
/** The beginning of a text that fits into so many columns. */
function fitted(text: string, room: number): string {
  let out = "";
  let width = 0;
  for (const char of text) {
    const size = wcwidth(char);
    if (width + size > room) break;
    out += char;
    width += size;
  }
  return out + " ".repeat(Math.max(0, room - width));
}
/** A message cut in its middle, as vim's shortmess T has it. */
export function shortened(vi: Vi, text: string): string {
  const room = roomOf(vi);
  if (text.length <= room || room < 8) return text;
  const head = Math.floor((room - 3) / 2);
  return `${text.slice(0, head)}...${text.slice(text.length - (room - 3 - head))}`;
}
/** Errors and command lines keep their length. */
function messageLine(vi: Vi, message: string): string {
  const plain = message.replace(/\x1b\[[\d;]*m/g, "");
  if (/^(E\d+|[:/?])/.test(plain)) return message;
  const short = shortened(vi, plain);
  return short === plain ? message : message.replace(plain, short);
}
/** A text cut or filled to a width; colours take none. */
function padded(row: string, width: number): string {
  let used = 0;
  for (const part of row.split(/\x1b\[[\d;]*m/)) for (const char of part) used += wcwidth(char);
  return used < width ? row + " ".repeat(width - used) : row;
}
/** The line below a window: its file, and the ruler. */
function statusLine(vi: Vi, bottom: number, current: boolean): string {
  const { text, pane } = vi;
  const { width } = pane;
  const flags = `${text.modified ? "[+]" : ""}${vi.options.on("readonly") ? "[RO]" : ""}`;
  let name = (text.path ?? "[No Name]") + (flags === "" ? "" : ` ${flags}`);
  const from = Math.max(width - 18, Math.floor((width + 1) / 2));
  if (name.length > from - 1) name = `<${name.slice(name.length - Math.max(0, from - 2))}`;
  const [where, extent] = rulerParts(vi, bottom);
  const room = width - from;
  const told = !vi.options.on("ruler")
    ? ""
    : where.length + extent.length >= room
      ? where.slice(0, room)
      : vi.options.on("ruler")
        ? (where.padEnd(Math.max(where.length + 1, room - extent.length)) + extent).slice(0, room)
        : "";
  return `\x1b[${current ? "1;" : ""}7m${fitted(name, from)}${told.padEnd(room)}\x1b[m`;
}
/** Everything a frame holds, each row as wide as it. */
function compose(vi: Vi, frame: Frame<Pane>, typing: boolean, views: Map<Pane, View>): string[] {
  if (frame.kind === "column") return frame.parts.flatMap((part) => compose(vi, part, typing, views));
  if (frame.kind === "row") {
    const parts = frame.parts.map((part) => compose(vi, part, typing, views));
    return parts[0]!.map((_, i) => parts.map((part) => part[i] ?? "").join(""));
  }
  const pane = frame.pane!;
  const current = pane === vi.pane;
  return within(vi, pane, () => {
    const view = paint(vi, typing && current);
    views.set(pane, view);
    const line = parted(frame);
    const rows = line ? view.rows.map((row) => `${padded(row, pane.width)}\x1b[7m|\x1b[m`) : [...view.rows];
    if (hasStatus(vi, frame)) {
      const status = statusLine(vi, view.bottom, current);
      rows.push(line ? `${status}\x1b[7m${connected(frame) ? " " : "|"}\x1b[m` : status);
    }
    return rows;
  });
}
/** The names of the tab pages. */
function tabNames(vi: Vi): string {
  const { columns } = vi.terminal;
  const width = Math.max(6, Math.floor((columns - 1 + Math.floor(vi.tabs.length / 2)) / vi.tabs.length));
  let out = "";
  let used = 0;
  for (const tab of vi.tabs) {
    if (used >= columns - 4) break;
    const panes = panesOf(tab);
    const changed = panes.some((pane) => pane.text.modified);
    const marks = `${panes.length > 1 ? panes.length : ""}${changed ? "+" : ""}`;
    const lead = marks === "" ? " " : ` ${marks} `;
    const name = (tab.current.text.path ?? "[No Name]").replace(/([^/])[^/]*\//g, "$1/");
    const room = Math.max(0, width - lead.length - 1);
    const shown = name.length > room ? name.slice(name.length - room) : name;
    out += `\x1b[${tab === vi.tab ? "1" : "4"}m${lead}${shown} \x1b[m`;
    used += lead.length + shown.length + 1;
  }
  return `${out}\x1b[7m${" ".repeat(Math.max(0, columns - 1 - used))}\x1b[m\x1b[4mX\x1b[m`;
}
/** Draws everything anew that differs. */
export function draw(vi: Vi, over: Over = {}): void {
  const { terminal } = vi;
  const height = terminal.rows - 1;
  if (vi.tab.root.width !== terminal.columns || vi.tab.root.height !== height - tabLine(vi)) arrange(vi);
  const views = new Map<Pane, View>();
  const rows = [...(tabLine(vi) ? [tabNames(vi)] : []), ...compose(vi, vi.tab.root, over.typed !== undefined, views)];
  const view = views.get(vi.pane)!;
  const at = view.bottom;
  vi.cursorColumn = view.cursor.column;
  const origin = originOf(vi, frameOf(vi));
  let cursor = { row: origin.row + view.cursor.row, column: origin.column + view.cursor.column };
  while (rows.length < height) rows.push("");
  if (over.lines) {
    const all = [...rows, ...(over.above === undefined ? [] : [over.above]), ...over.lines];
    const prompt = "Press ENTER or type command to continue";
    terminal.draw([...all.slice(-height), `\x1b[92m${prompt}\x1b[m`], { row: height, column: prompt.length });
    return;
  }
  if (over.typed) {
    const typed = foldLine(over.typed.text, terminal.columns);
    const down = Math.floor(over.typed.at / terminal.columns);
    const all = [...rows, ...typed];
    while (all.length - rows.length <= down) all.push("");
    const tallOf = all.length - rows.length;
    terminal.draw(all.slice(-terminal.rows), {
      row: terminal.rows - tallOf + down,
      column: over.typed.at % terminal.columns,
    });
    return;
  }
  const mode = over.asked === undefined ? modeLine(vi) : "";
  const left =
    over.asked === undefined ? (mode === "" ? messageLine(vi, vi.message) : mode) : shortened(vi, over.asked);
  const { columns } = terminal;
  let bottom = left;
  const withRuler = rulerBelow(vi);
  const plain = left.replace(/\x1b\[[\d;]*m/g, "");
  if (plain.length <= roomOf(vi) || mode !== "") {
    const end = withRuler ? columns - 18 : columns - 1;
    const command = vi.options.on("showcmd") && over.asked === undefined ? measure(vi).slice(-10) : "";
    bottom =
      withRuler || command !== ""
        ? fitted(plain, end - 10) + command.padEnd(10) + (withRuler ? ruler(vi, at) : "")
        : left;
  } else if (withRuler && columns > 40) bottom = fitted(plain, columns - 18) + ruler(vi, at);
  if (plain !== left) bottom = bottom.replace(plain, left);
  if (over.asked !== undefined)
    cursor = { row: height, column: Math.min(columns - 1, shortened(vi, over.asked).length) };
  terminal.draw([...rows, bottom], cursor);
}

function foldLine(text: string, width: number): string[] {
  const out: string[] = [];
  let row = "";
  let used = 0;
  for (const char of text) {
    const size = wcwidth(char);
    if (used + size > width) {
      out.push(row);
      row = "";
      used = 0;
    }
    row += char;
    used += size;
  }
  return [...out, row];
}
