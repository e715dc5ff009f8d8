import type { Buffer } from "./buffer.ts";
import { charAt, charBefore } from "./buffer.ts";

export interface Place {
  row: number;
  column: number;
}

/** Where a motion leads, and what an operator takes: characters up to it, those at it too, or whole lines. */
export interface Motion extends Place {
  kind: "exclusive" | "inclusive" | "lines";
}

type WordClass = "blank" | "word" | "mark";

function classOf(char: string | undefined, big: boolean): WordClass {
  if (char === undefined || char === " " || char === "\t") return "blank";
  return big || /[A-Za-z0-9_\u0080-\uffff]/.test(char) ? "word" : "mark";
}

/** w, W: the next beginning of a word; an empty line is one. */
export function wordForward(b: Buffer, from: Place, big: boolean): Place {
  let { row, column } = from;
  const kind = classOf(b.lines[row]![column], big);
  if (kind !== "blank") while (column < b.lines[row]!.length && classOf(b.lines[row]![column], big) === kind) column++;
  for (;;) {
    const line = b.lines[row]!;
    while (column < line.length && classOf(line[column], big) === "blank") column++;
    if (column < line.length) return { row, column };
    if (row + 1 >= b.lines.length) return { row, column: line.length };
    row++;
    column = 0;
    if (b.lines[row] === "") return { row, column };
  }
}

/** b, B. */
export function wordBackward(b: Buffer, from: Place, big: boolean): Place {
  let { row, column } = from;
  for (;;) {
    while (column > 0 && classOf(b.lines[row]![column - 1], big) === "blank") column--;
    if (column > 0) break;
    if (row === 0) return { row, column };
    row--;
    column = b.lines[row]!.length;
    if (column === 0) return { row, column };
  }
  const kind = classOf(b.lines[row]![column - 1], big);
  while (column > 0 && classOf(b.lines[row]![column - 1], big) === kind) column--;
  return { row, column };
}

/** e, E: the end of this or the next word. */
export function wordEnd(b: Buffer, from: Place, big: boolean): Place {
  let row = from.row;
  let column = from.column + 1;
  for (;;) {
    const line = b.lines[row]!;
    while (column < line.length && classOf(line[column], big) === "blank") column++;
    if (column < line.length) break;
    if (row + 1 >= b.lines.length) return { row, column: Math.max(0, line.length - 1) };
    row++;
    column = 0;
  }
  const line = b.lines[row]!;
  const kind = classOf(line[column], big);
  while (column + 1 < line.length && classOf(line[column + 1], big) === kind) column++;
  return { row, column };
}

/** The bracket that belongs to the one at or after the cursor (%). */
export function matching(b: Buffer): Place | undefined {
  const pairs = "()[]{}";
  let column = b.column;
  while (column < b.line.length && !pairs.includes(b.line[column]!)) column++;
  const open = b.line[column];
  if (open === undefined) return undefined;
  const at = pairs.indexOf(open);
  const other = pairs[at ^ 1]!;
  const step = at % 2 === 0 ? 1 : -1;
  let depth = 0;
  for (let row = b.row; row >= 0 && row < b.lines.length; row += step) {
    const line = b.lines[row]!;
    for (let k = row === b.row ? column : step > 0 ? 0 : line.length - 1; k >= 0 && k < line.length; k += step) {
      if (line[k] === open) depth++;
      else if (line[k] === other && --depth === 0) return { row, column: k };
    }
  }
  return undefined;
}

/** f, F, t, T within the line. */
export function findChar(b: Buffer, kind: string, char: string, count: number): Place | undefined {
  const forward = kind === "f" || kind === "t";
  let at = b.column;
  for (let n = 0; n < count; n++) {
    at = forward ? b.line.indexOf(char, at + 1) : at === 0 ? -1 : b.line.lastIndexOf(char, at - 1);
    if (at < 0) return undefined;
  }
  if (kind === "t") at -= charBefore(b.line, at);
  if (kind === "T") at += charAt(b.line, at);
  return { row: b.row, column: at };
}

export function firstNonBlank(line: string): number {
  const at = line.search(/[^ \t]/);
  return at < 0 ? Math.max(0, line.length - 1) : at;
}
