/** Ex commands that move, copy, delete, join, indent and sort lines. */
import type { Line } from "./ex.ts";
import { blanks, indentOf, leading, shifted } from "./indent.ts";
import { join, put, remove, tellLines, yank } from "./operators.ts";
import { ViError } from "./pattern.ts";
import { targetRow } from "./range.ts";
import type { Vi } from "./state.ts";
import { firstNonBlank } from "./words.ts";

type Edit = (vi: Vi, line: Line, rest: string) => void;

/** `x 3`: a register, and a number of lines from the last of the range on. */
function registerAndCount(vi: Vi, line: Line): { register: string | undefined; first: number; last: number } {
  const match = /^([a-zA-Z"_+*-])?\s*(\d+)?$/.exec(line.argument);
  if (match === null) throw new ViError(`E488: Trailing characters: ${line.argument}`);
  if (match[2] === undefined) return { register: match[1], ...line.rows };
  const first = line.rows.last;
  return { register: match[1], first, last: Math.min(vi.text.lines.length - 1, first + Number(match[2]) - 1) };
}

function toStart(vi: Vi, row: number): void {
  vi.goTo({ row, column: 0 });
  vi.text.column = firstNonBlank(vi.text.line);
}

function move(vi: Vi, { rows: { first, last }, argument }: Line): void {
  const { text } = vi;
  const to = targetRow(vi, argument);
  if (to >= first && to < last) throw new ViError("E134: Cannot move a range of lines into itself");
  const count = last - first + 1;
  text.row = first;
  vi.change();
  if (to === last || to === first - 1) {
    toStart(vi, last);
    return;
  }
  const part = text.lines.slice(first, last + 1);
  const marks = [...text.marks]
    .filter(([, place]) => place.row >= first && place.row <= last)
    .map(([name, place]) => [name, place.row - first, place.column] as const);
  const at = to >= last ? to + 1 - count : to + 1;
  text.splice(first, count);
  text.splice(at, 0, ...part);
  for (const [name, row, column] of marks) text.marks.set(name, { row: at + row, column });
  toStart(vi, at + count - 1);
  if (count > 2) vi.say(`${count} lines moved`);
}

function copy(vi: Vi, { rows: { first, last }, argument }: Line): void {
  const to = targetRow(vi, argument);
  vi.change();
  const part = vi.text.lines.slice(first, last + 1);
  vi.text.splice(to + 1, 0, ...part);
  toStart(vi, to + part.length);
  tellLines(vi, part.length);
}

function shiftLines(by: number): Edit {
  return (vi, line, rest) => {
    const more = /^[<>]*/.exec(rest)![0].length;
    const { first, last } = registerAndCount(vi, { ...line, argument: rest.slice(more).trim() });
    vi.text.row = first;
    vi.change();
    for (let row = first; row <= last; row++) vi.text.lines[row] = shifted(vi, vi.text.lines[row]!, by * (1 + more));
    toStart(vi, last);
    const count = last - first + 1;
    if (count > 2) vi.say(`${count} lines ${by > 0 ? ">" : "<"}ed ${1 + more} time${more === 0 ? "" : "s"}`);
  };
}

function sort(vi: Vi, line: Line): void {
  const { text } = vi;
  const ranged = line.range.given > 0;
  const first = ranged ? line.rows.first : 0;
  const last = ranged ? line.rows.last : text.lines.length - 1;
  const flags = line.argument.replace(/\/.*\//, "");
  const key = (one: string) =>
    flags.includes("n")
      ? Number(/-?\d+/.exec(one)?.[0] ?? Number.NEGATIVE_INFINITY)
      : flags.includes("i")
        ? one.toLowerCase()
        : one;
  let lines = text.lines.slice(first, last + 1);
  lines = lines
    .map((one, i) => ({ one, key: key(one), i }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.i - b.i))
    .map(({ one }) => one);
  if (line.bang) lines.reverse();
  if (flags.includes("u")) lines = lines.filter((one, i) => i === 0 || key(one) !== key(lines[i - 1]!));
  const before = text.lines.length;
  text.row = first;
  vi.change();
  text.splice(first, last - first + 1, ...lines);
  toStart(vi, first);
  tellLines(vi, text.lines.length - before);
}

function align(how: "left" | "right" | "center"): Edit {
  return (vi, { rows: { first, last }, argument }) => {
    vi.text.row = first;
    vi.change();
    for (let row = first; row <= last; row++) {
      const body = vi.text.lines[row]!.trim();
      const width = Number(argument || (how === "left" ? 0 : 80));
      const indent =
        how === "left" ? width : how === "right" ? width - body.length : Math.floor((width - body.length) / 2);
      vi.text.lines[row] = blanks(vi, Math.max(0, indent)) + (how === "left" ? vi.text.lines[row]!.trimStart() : body);
    }
    toStart(vi, first);
  };
}

/** By full name. */
export const EDITS: Record<string, Edit> = {
  delete(vi, line) {
    const { register, first, last } = registerAndCount(vi, line);
    vi.text.row = first;
    remove(vi, { kind: "lines", first, last }, { register });
  },
  yank(vi, line) {
    const { register, first, last } = registerAndCount(vi, line);
    yank(vi, { kind: "lines", first, last, at: vi.place }, { register });
  },
  put(vi, line) {
    const register = vi.registers.get(line.argument === "" ? undefined : line.argument[0]);
    if (register === undefined) throw new ViError('E353: Nothing in register "');
    const before = line.range.given > 0 && line.range.last < 0;
    vi.goTo({ row: Math.max(0, line.range.given > 0 ? line.range.last : vi.text.row), column: 0 });
    put(vi, { text: register.text, kind: "lines" }, !line.bang && !before, 1);
    const rows = register.text.split("\n").length;
    toStart(vi, vi.text.row + rows - 1);
  },
  join(vi, line) {
    let { first, last } = line.rows;
    if (/^\d+$/.test(line.argument)) {
      first = last;
      last = first + Number(line.argument) - 1;
    } else if (line.range.given < 2 || first === last) last = first + 1;
    if (first >= vi.text.lines.length - 1) throw new ViError("");
    join(vi, first, Math.min(last, vi.text.lines.length - 1), !line.bang);
    vi.text.column = firstNonBlank(vi.text.line);
  },
  move,
  copy,
  t: copy,
  ">": shiftLines(1),
  "<": shiftLines(-1),
  sort,
  left: align("left"),
  right: align("right"),
  center: align("center"),
  retab(vi, line) {
    if (line.argument !== "") vi.options.put("tabstop", Number(line.argument));
    vi.change();
    const { lines } = vi.text;
    for (let row = 0; row < lines.length; row++) {
      const lead = leading(lines[row]!);
      if (lead.includes("\t") || line.bang)
        lines[row] = blanks(vi, indentOf(vi, lines[row]!)) + lines[row]!.slice(lead.length);
    }
  },
};
