/** What operators do with an area of the text. */
import { blanks, indentOf, leading, lineIndent, newIndent, shifted, yaml } from "./indent.ts";
import type { Register } from "./registers.ts";
import { cellsOf, columnOf, indexAt } from "./shown.ts";
import type { Vi } from "./state.ts";
import type { Place } from "./text.ts";
import { firstNonBlank } from "./words.ts";

/** Characters from a place up to another, whole lines, or a block of screen columns. */
export type Area =
  | { kind: "characters"; from: Place; to: Place }
  | { kind: "lines"; first: number; last: number; at?: Place }
  | { kind: "block"; first: number; last: number; from: number; to: number; toEnd: boolean };

export interface How {
  register: string | undefined;
  /** Through "1 whatever its size: motions that jump. */
  big?: boolean;
  /** How often to shift. */
  times?: number;
  visual?: boolean;
}

/** "3 more lines": told from three lines on. */
export function tellLines(vi: Vi, grown: number): void {
  if (vi.text.none && grown <= 0) vi.say("--No lines in buffer--");
  else if (Math.abs(grown) > 2) vi.say(grown > 0 ? `${grown} more lines` : `${-grown} fewer lines`);
}

/** The part of a line that a block covers, and how many columns it begins and ends within characters. */
function slice(vi: Vi, row: number, area: Area & { kind: "block" }): [from: number, to: number] {
  const line = vi.text.lines[row]!;
  const from = indexAt(line, area.from, vi.look);
  if (area.toEnd) return [from, line.length];
  let to = from;
  for (const cell of cellsOf(line, vi.look)) {
    const start = columnOf(line, cell.index, vi.look);
    if (start > area.to) break;
    to = Math.max(to, indexAt(line, start + cell.width, vi.look));
  }
  return [from, Math.max(from, to)];
}

/** The text of an area, as a register holds it. */
export function textIn(vi: Vi, area: Area): Register {
  const { text } = vi;
  if (area.kind === "lines") return { text: text.lines.slice(area.first, area.last + 1).join("\n"), kind: "lines" };
  if (area.kind === "characters") return { text: text.between(area.from, area.to), kind: "characters" };
  const rows: string[] = [];
  for (let row = area.first; row <= area.last; row++) rows.push(text.lines[row]!.slice(...slice(vi, row, area)));
  return { text: rows.join("\n"), kind: "block" };
}

function edges(area: Area): [Place, Place] {
  if (area.kind === "characters") return [area.from, { row: area.to.row, column: Math.max(0, area.to.column - 1) }];
  return [
    { row: area.first, column: 0 },
    { row: area.last, column: 0 },
  ];
}

function markChange(vi: Vi, from: Place, to: Place): void {
  vi.text.marks.set("[", { ...from });
  vi.text.marks.set("]", { ...to });
  vi.text.marks.set(".", { ...from });
}

export function yank(vi: Vi, area: Area, how: How): void {
  const register = textIn(vi, area);
  vi.registers.yank(how.register, register);
  const [from, to] = edges(area);
  vi.text.marks.set("[", { ...from });
  vi.text.marks.set("]", { ...to });
  const lines = area.kind === "characters" ? area.to.row - area.from.row + 1 : area.last - area.first + 1;
  if (lines > 2) {
    const into = how.register && /[a-zA-Z]/.test(how.register) ? ` into "${how.register}` : "";
    vi.say(`${area.kind === "block" ? "block of " : ""}${lines} lines yanked${into}`);
  }
  if (area.kind === "characters") vi.goTo(area.from);
  else if (area.kind === "lines") vi.goTo(area.at ?? { row: area.first, column: vi.text.column });
  else vi.goTo({ row: area.first, column: vi.indexFor(area.first, area.from) });
}

/** Takes an area out. */
export function remove(vi: Vi, area: Area, how: How): void {
  const { text } = vi;
  vi.registers.deleted(how.register, textIn(vi, area), how.big ?? false);
  vi.change();
  const before = text.lines.length;
  if (area.kind === "lines") {
    text.splice(area.first, area.last - area.first + 1);
    text.row = Math.min(area.first, text.lines.length - 1);
    text.column = firstNonBlank(text.line);
    markChange(vi, { row: text.row, column: 0 }, { row: text.row, column: 0 });
  } else if (area.kind === "characters") {
    text.cut(area.from, area.to);
    markChange(vi, area.from, area.from);
  } else {
    for (let row = area.first; row <= area.last; row++) {
      const [from, to] = slice(vi, row, area);
      text.lines[row] = text.lines[row]!.slice(0, from) + text.lines[row]!.slice(to);
    }
    vi.goTo({ row: area.first, column: vi.indexFor(area.first, area.from) });
    markChange(vi, { row: area.first, column: 0 }, { row: area.last, column: 0 });
  }
  tellLines(vi, text.lines.length - before);
}

/** c on whole lines: they become one, with the indentation that 'autoindent' keeps. */
export function emptyLines(vi: Vi, first: number, last: number, register: string | undefined): void {
  const { text } = vi;
  vi.registers.deleted(register, { text: text.lines.slice(first, last + 1).join("\n"), kind: "lines" }, false);
  text.row = first;
  vi.change();
  const keep = vi.options.on("autoindent")
    ? leading(text.lines[first]!)
    : vi.options.get("filetype") === "yaml" && first > 0
      ? blanks(vi, newIndent(vi, first - 1))
      : "";
  text.splice(first, last - first + 1, keep);
  text.row = first;
  text.column = keep.length;
  tellLines(vi, first - last);
}

/** < and >. */
export function shift(vi: Vi, area: Area, by: number, how: How): void {
  const { text } = vi;
  const [first, last] = rowsOf(area);
  text.row = first;
  vi.change();
  if (area.kind === "block") {
    for (let row = first; row <= last; row++) {
      const line = text.lines[row]!;
      const at = vi.indexFor(row, area.from);
      if (at >= line.length) continue;
      if (by > 0) {
        const gap = /^[ \t]*/.exec(line.slice(at))![0];
        text.lines[row] =
          line.slice(0, at) +
          blanksFrom(vi, area.from, columnOf(line, at + gap.length, vi.look) - area.from + by * vi.options.shift) +
          line.slice(at + gap.length);
      } else text.lines[row] = line.slice(0, at) + withoutBlanks(line.slice(at), -by * vi.options.shift);
    }
    vi.goTo({ row: first, column: vi.indexFor(first, area.from) });
  } else {
    for (let row = first; row <= last; row++) text.lines[row] = shifted(vi, text.lines[row]!, by);
    text.row = first;
    text.column = firstNonBlank(text.line);
  }
  markChange(vi, { row: first, column: 0 }, { row: last, column: 0 });
  const count = last - first + 1;
  if (count > 2)
    vi.say(
      `${count} lines ${by > 0 ? ">" : "<"}ed ${Math.abs(how.times ?? by)} time${Math.abs(how.times ?? by) === 1 ? "" : "s"}`,
    );
}

/** Blanks of so many columns that begin at a column. */
function blanksFrom(vi: Vi, column: number, width: number): string {
  if (vi.options.on("expandtab")) return " ".repeat(width);
  const { tabs } = vi.look;
  let out = "";
  let at = column;
  const end = column + width;
  while (Math.floor(at / tabs) * tabs + tabs <= end) {
    out += "\t";
    at = Math.floor(at / tabs) * tabs + tabs;
  }
  return out + " ".repeat(end - at);
}

/** A text less the blanks that it begins with, up to a number. */
function withoutBlanks(text: string, most: number): string {
  let gone = 0;
  while (gone < most && (text[gone] === " " || text[gone] === "\t")) gone++;
  return text.slice(gone);
}

function rowsOf(area: Area): [first: number, last: number] {
  return area.kind === "characters" ? [area.from.row, area.to.row] : [area.first, area.last];
}

/** Changes the letters of an area: ~, u, U, r. */
export function recast(vi: Vi, area: Area, change: (text: string) => string): void {
  const { text } = vi;
  const [first, last] = rowsOf(area);
  const cursor =
    area.kind === "characters"
      ? area.from
      : { row: first, column: area.kind === "block" ? vi.indexFor(first, area.from) : text.column };
  vi.change();
  for (let row = first; row <= last; row++) {
    const line = text.lines[row]!;
    let [from, to] = [0, line.length];
    if (area.kind === "block") [from, to] = slice(vi, row, area);
    else if (area.kind === "characters") {
      if (row === first) from = area.from.column;
      if (row === last) to = area.to.column;
    }
    text.lines[row] = line.slice(0, from) + change(line.slice(from, to)) + line.slice(to);
  }
  markChange(vi, { row: first, column: 0 }, { row: last, column: 0 });
  vi.goTo(cursor);
}

export const CASES: Record<string, (text: string) => string> = {
  u: (text) => text.toLowerCase(),
  U: (text) => text.toUpperCase(),
  "~": (text) =>
    [...text].map((char) => (char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase())).join(""),
  "?": (text) =>
    text.replace(/[a-zA-Z]/g, (c) =>
      String.fromCharCode((((c.charCodeAt(0) & 31) + 12) % 26) + 1 + (c.charCodeAt(0) & 96)),
    ),
};

/** J: joins lines, with one blank between (`blank`), none before `)`. */
export function join(vi: Vi, first: number, last: number, blank = true): void {
  const { text } = vi;
  text.row = first;
  vi.change();
  let line = text.lines[first]!;
  let column = line.length;
  for (let row = first + 1; row <= last; row++) {
    const next = text.lines[row]!;
    if (!blank) {
      column = line.length;
      line += next;
      continue;
    }
    const rest = next.replace(/^[ \t]+/, "");
    const glue = rest === "" || rest.startsWith(")") || /[ \t]$/.test(line) || line === "" ? "" : " ";
    column = line.length;
    line += glue + rest;
    if (glue === "" && rest === "") column = Math.max(0, line.length);
  }
  text.splice(first, last - first + 1, line);
  text.row = first;
  text.column = column;
  markChange(vi, { row: first, column: 0 }, { row: first, column: line.length });
}

/** =: every line as the one before it wants it; without a file type as 'autoindent' would. */
export function reindent(vi: Vi, first: number, last: number): void {
  const { text } = vi;
  text.row = first;
  vi.change();
  for (let row = first; row <= last; row++) {
    const line = text.lines[row]!;
    if (/^[ \t]*$/.test(line)) {
      text.lines[row] = "";
      continue;
    }
    const above = text.lines.slice(0, row).findLastIndex((one) => one.trim() !== "");
    const indent = yaml(vi) ? lineIndent(vi, row) : above < 0 ? 0 : indentOf(vi, text.lines[above]!);
    text.lines[row] = blanks(vi, indent) + line.slice(leading(line).length);
  }
  text.column = firstNonBlank(text.line);
  const count = last - first + 1;
  if (count > 2) vi.say(`${count} lines indented `);
}

/** p and P. `follow`: the cursor goes behind what was put (gp). */
export function put(vi: Vi, register: Register, after: boolean, count: number, follow = false): void {
  const { text } = vi;
  vi.change();
  const before = text.lines.length;
  if (register.kind === "lines") {
    const lines: string[] = [];
    for (let i = 0; i < count; i++) lines.push(...register.text.split("\n"));
    const at = text.row + (after ? 1 : 0);
    text.splice(at, 0, ...lines);
    text.row = follow ? at + lines.length : at;
    vi.clamp();
    text.column = firstNonBlank(text.line);
    markChange(vi, { row: at, column: 0 }, { row: at + lines.length - 1, column: 0 });
    tellLines(vi, text.lines.length - before);
    return;
  }
  const size = (text.line.codePointAt(text.column) ?? 0) > 0xffff ? 2 : 1;
  const at = after && text.line !== "" ? text.column + size : text.column;
  if (register.kind === "block") {
    const rows = register.text.split("\n");
    const width = Math.max(...rows.map((row) => row.length));
    const column = columnOf(text.line, at, vi.look);
    rows.forEach((row, i) => {
      if (text.row + i >= text.lines.length) text.splice(text.lines.length, 0, "");
      let line = text.lines[text.row + i]!;
      const have = columnOf(line, line.length, vi.look);
      if (have < column) line += " ".repeat(column - have);
      const place = indexAt(line, column, vi.look);
      const last = place >= line.length;
      let added = "";
      for (let n = 0; n < count; n++) added += last && n === count - 1 ? row : row.padEnd(width);
      text.lines[text.row + i] = line.slice(0, place) + added + line.slice(place);
    });
    text.column = at;
    tellLines(vi, text.lines.length - before);
    return;
  }
  const start: Place = { row: text.row, column: at };
  text.column = at;
  text.insert(register.text.repeat(count));
  markChange(vi, start, { row: text.row, column: Math.max(0, text.column - 1) });
  if (follow) return;
  if (register.text.includes("\n")) vi.goTo(start);
  else text.left();
  tellLines(vi, text.lines.length - before);
}
