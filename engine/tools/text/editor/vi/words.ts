/** Where words, sentences' kin and brackets begin and end in a text. */
import type { Place } from "./text.ts";

type Lines = readonly string[];
export type WordClass = "blank" | "word" | "mark" | "wide";

/** What vi's words are made of; `big`: of everything that is not blank. */
export function classOf(char: string | undefined, big: boolean): WordClass {
  if (char === undefined || char === " " || char === "\t") return "blank";
  if (big || /[A-Za-z0-9_\u00c0-\u10ff]/.test(char)) return "word";
  // Hangul, Kana and Han are words apart from Latin ones.
  return /[\u1100-\u11ff\u2e80-\ud7ff\ud800-\udfff\uf900-\ufaff]/.test(char) ? "wide" : "mark";
}

/** w, W: the next beginning of a word; an empty line is one. Undefined at the very end. */
export function wordForward(lines: Lines, from: Place, big: boolean): Place | undefined {
  let { row, column } = from;
  const kind = classOf(lines[row]![column], big);
  if (kind !== "blank") while (column < lines[row]!.length && classOf(lines[row]![column], big) === kind) column++;
  for (;;) {
    const line = lines[row]!;
    while (column < line.length && classOf(line[column], big) === "blank") column++;
    if (column < line.length) return { row, column };
    if (row + 1 >= lines.length) return undefined;
    row++;
    column = 0;
    if (lines[row] === "") return { row, column };
  }
}

/** b, B. */
export function wordBackward(lines: Lines, from: Place, big: boolean): Place | undefined {
  let { row, column } = from;
  if (row === 0 && column === 0) return undefined;
  for (;;) {
    while (column > 0 && classOf(lines[row]![column - 1], big) === "blank") column--;
    if (column > 0) break;
    if (row === 0) return { row, column };
    row--;
    column = lines[row]!.length;
    if (column === 0) return { row, column };
  }
  const kind = classOf(lines[row]![column - 1], big);
  while (column > 0 && classOf(lines[row]![column - 1], big) === kind) column--;
  return { row, column };
}

/** e, E: the end of this or the next word. `stay`: the end of this word may be where it begins (cw). */
export function wordEnd(lines: Lines, from: Place, big: boolean, stay = false): Place | undefined {
  let { row } = from;
  let column = from.column + (stay ? 0 : 1);
  for (;;) {
    const line = lines[row]!;
    while (column < line.length && classOf(line[column], big) === "blank") column++;
    if (column < line.length) break;
    if (row + 1 >= lines.length) return undefined;
    row++;
    column = 0;
  }
  const line = lines[row]!;
  const kind = classOf(line[column], big);
  while (column + 1 < line.length && classOf(line[column + 1], big) === kind) column++;
  return { row, column };
}

/** ge, gE: the end of the word before. */
export function wordEndBackward(lines: Lines, from: Place, big: boolean): Place | undefined {
  let { row, column } = from;
  const kind = classOf(lines[row]![column], big);
  if (kind !== "blank") while (column >= 0 && classOf(lines[row]![column], big) === kind) column--;
  for (;;) {
    const line = lines[row]!;
    while (column >= 0 && classOf(line[column], big) === "blank") column--;
    if (column >= 0) return { row, column };
    if (row === 0) return from.column === 0 && from.row === 0 ? undefined : { row: 0, column: 0 };
    row--;
    column = lines[row]!.length - 1;
    if (column < 0) return { row, column: 0 };
  }
}

const PAIRS = "()[]{}";

/** The bracket that belongs to the one at or after the cursor (%). */
export function matching(lines: Lines, from: Place): Place | undefined {
  const here = lines[from.row]!;
  let { column } = from;
  while (column < here.length && !PAIRS.includes(here[column]!)) column++;
  const char = here[column];
  if (char === undefined) return undefined;
  const at = PAIRS.indexOf(char);
  return partner(lines, { row: from.row, column }, char, PAIRS[at ^ 1]!, at % 2 === 0 ? 1 : -1);
}

function partner(lines: Lines, from: Place, same: string, other: string, step: 1 | -1): Place | undefined {
  let depth = 0;
  for (let { row } = from; row >= 0 && row < lines.length; row += step) {
    const line = lines[row]!;
    for (
      let k = row === from.row ? from.column : step > 0 ? 0 : line.length - 1;
      k >= 0 && k < line.length;
      k += step
    ) {
      if (line[k] === same) depth++;
      else if (line[k] === other && --depth === 0) return { row, column: k };
    }
  }
  return undefined;
}

/** The bracket before (or after) a place that nothing inside closes: `[(`, `])` and the like. */
export function unclosed(lines: Lines, from: Place, open: string, close: string, back: boolean): Place | undefined {
  const [same, other] = back ? [close, open] : [open, close];
  const step = back ? -1 : 1;
  let depth = 0;
  for (let { row } = from; row >= 0 && row < lines.length; row += step) {
    const line = lines[row]!;
    for (
      let k = row === from.row ? from.column + step : back ? line.length - 1 : 0;
      k >= 0 && k < line.length;
      k += step
    ) {
      if (line[k] === same) depth++;
      else if (line[k] === other && depth-- === 0) return { row, column: k };
    }
  }
  return undefined;
}

/** f, F, t, T within a line; `again` for `;` after t, which does not stay where it is. */
export function findChar(
  line: string,
  from: number,
  kind: string,
  char: string,
  count: number,
  again = false,
): number | undefined {
  const forward = kind === "f" || kind === "t";
  let at = from;
  if (again && count === 1) {
    if (kind === "t" && line.startsWith(char, at + 1)) at++;
    if (kind === "T" && at > 0 && line[at - 1] === char) at--;
  }
  for (let n = 0; n < count; n++) {
    at = forward ? line.indexOf(char, at + 1) : at === 0 ? -1 : line.lastIndexOf(char, at - 1);
    if (at < 0) return undefined;
  }
  if (kind === "t") at--;
  if (kind === "T") at += char.length;
  return at;
}

/** }, {: the next empty line, or the end of the text. */
export function paragraph(lines: Lines, row: number, step: 1 | -1): number {
  let at = row;
  while (lines[at] === "" && lines[at + step] !== undefined) at += step;
  while (lines[at + step] !== undefined && lines[at] !== "") at += step;
  return at;
}

/** ), (: where sentences begin. */
export function sentence(lines: Lines, from: Place, forward: boolean): Place {
  const starts: Place[] = [];
  lines.forEach((line, row) => {
    if (line === "") {
      if (row === 0 || lines[row - 1] !== "") starts.push({ row, column: 0 });
      return;
    }
    if (row === 0 || lines[row - 1] === "" || /[.!?][)\]"']*$/.test(lines[row - 1]!))
      starts.push({ row, column: firstNonBlank(line) });
    for (const match of line.matchAll(/[.!?][)\]"']*[ \t]+(?=\S)/g))
      starts.push({ row, column: match.index + match[0].length });
  });
  const after = (a: Place, b: Place) => a.row > b.row || (a.row === b.row && a.column > b.column);
  if (forward) {
    const last = lines.length - 1;
    return starts.find((one) => after(one, from)) ?? { row: last, column: Math.max(0, lines[last]!.length - 1) };
  }
  return starts.findLast((one) => after(from, one)) ?? { row: 0, column: 0 };
}

export function firstNonBlank(line: string): number {
  const at = line.search(/[^ \t]/);
  return at < 0 ? Math.max(0, line.length - 1) : at;
}
