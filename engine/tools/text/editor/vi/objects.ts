/** Text objects: iw, a", i( and the like. */
import type { Place } from "./text.ts";
import { classOf, unclosed } from "./words.ts";

export interface Range {
  from: Place;
  /** Behind the last character, or the last line. */
  to: Place;
  lines?: boolean;
}

const BRACKETS: Record<string, string> = {
  "(": "()",
  ")": "()",
  b: "()",
  "[": "[]",
  "]": "[]",
  "{": "{}",
  "}": "{}",
  B: "{}",
  "<": "<>",
  ">": "<>",
};

/** What an object covers from a place; undefined when there is none. */
export function textObject(
  lines: readonly string[],
  at: Place,
  around: boolean,
  name: string,
  count: number,
): Range | undefined {
  if (name === "w" || name === "W") return word(lines, at, around, name === "W", count);
  if (name === "p") return paragraphs(lines, at, around, count);
  if (name === "s") return sentences(lines, at, around);
  if (name === '"' || name === "'" || name === "`") return quoted(lines, at, around, name);
  if (name === "t") return tag(lines, at, around);
  const pair = BRACKETS[name];
  return pair === undefined ? undefined : block(lines, at, around, pair, count);
}

function word(lines: readonly string[], at: Place, around: boolean, big: boolean, count: number): Range | undefined {
  const { row } = at;
  const line = lines[row]!;
  if (line === "") return { from: { row, column: 0 }, to: { row, column: 0 } };
  let from = at.column;
  const first = classOf(line[from], big);
  while (from > 0 && classOf(line[from - 1], big) === first) from--;
  let to = at.column;
  const pass = () => {
    const kind = classOf(line[to], big);
    while (to < line.length && classOf(line[to], big) === kind) to++;
  };
  let trailing = false;
  for (let n = 0; n < count; n++) {
    if (to >= line.length) return n === 0 ? undefined : { from: { row, column: from }, to: { row, column: to } };
    const blank = classOf(line[to], big) === "blank";
    pass();
    if (!around) continue;
    if (blank) {
      trailing = true;
      if (to >= line.length) return undefined;
      pass();
    } else if (to < line.length && classOf(line[to], big) === "blank") {
      trailing = true;
      pass();
    }
  }
  // Without blanks behind it, those before go along.
  if (around && !trailing) {
    let begin = from;
    while (begin > 0 && classOf(line[begin - 1], big) === "blank") begin--;
    if (begin > 0) from = begin;
  }
  return { from: { row, column: from }, to: { row, column: to } };
}

function paragraphs(lines: readonly string[], at: Place, around: boolean, count: number): Range | undefined {
  const blank = (row: number) => /^[ \t]*$/.test(lines[row]!);
  let from = at.row;
  while (from > 0 && blank(from - 1) === blank(at.row)) from--;
  let to = at.row;
  const pass = () => {
    const kind = blank(to);
    while (to + 1 < lines.length && blank(to + 1) === kind) to++;
  };
  for (let n = 0; n < count; n++) {
    if (n > 0) {
      if (to + 1 >= lines.length) return undefined;
      to++;
    }
    pass();
    if (!around) continue;
    if (to + 1 < lines.length) {
      to++;
      pass();
    } else if (blank(at.row)) return undefined;
    else while (from > 0 && blank(from - 1)) from--;
  }
  return { from: { row: from, column: 0 }, to: { row: to, column: 0 }, lines: true };
}

function sentences(lines: readonly string[], at: Place, around: boolean): Range | undefined {
  const line = lines[at.row]!;
  const starts = [0, ...[...line.matchAll(/[.!?][)\]"']*[ \t]+/g)].map((match) => match.index + match[0].length)];
  const from = starts.findLast((one) => one <= at.column) ?? 0;
  const next = starts.find((one) => one > at.column) ?? line.length;
  const to = around ? next : line.slice(0, next).trimEnd().length;
  return { from: { row: at.row, column: from }, to: { row: at.row, column: Math.max(to, from) } };
}

function quoted(lines: readonly string[], at: Place, around: boolean, quote: string): Range | undefined {
  const line = lines[at.row]!;
  const places: number[] = [];
  for (let i = 0; i < line.length; i++) {
    if (line[i] === "\\") i++;
    else if (line[i] === quote) places.push(i);
  }
  for (let i = 0; i + 1 < places.length; i += 2) {
    const [from, to] = [places[i]!, places[i + 1]!];
    if (at.column > to) continue;
    return inLine(line, at.row, from, to, around);
  }
  // From behind the last pair, a quote before and one after still enclose.
  const before = places.findLast((one) => one <= at.column);
  const after = places.find((one) => one > at.column);
  return before === undefined || after === undefined ? undefined : inLine(line, at.row, before, after, around);
}

function inLine(line: string, row: number, open: number, close: number, around: boolean): Range {
  let [from, to] = around ? [open, close + 1] : [open + 1, close];
  if (around) {
    if (/[ \t]/.test(line[to] ?? "")) while (/[ \t]/.test(line[to] ?? "")) to++;
    else while (from > 0 && /[ \t]/.test(line[from - 1]!)) from--;
  }
  return { from: { row, column: from }, to: { row, column: to } };
}

function block(lines: readonly string[], at: Place, around: boolean, pair: string, count: number): Range | undefined {
  const [open, close] = [pair[0]!, pair[1]!];
  let from: Place | undefined = lines[at.row]![at.column] === open ? at : undefined;
  for (let n = from ? 1 : 0, place: Place = from ?? at; n < count; n++) {
    from = unclosed(lines, place, open, close, true);
    // Outside of all of them the next one of the line is meant.
    if (from === undefined && n === 0) {
      const row = lines.findIndex((line, i) => i > at.row && line.includes(open));
      const column = lines[at.row]!.indexOf(open, at.column);
      if (column >= 0) from = { row: at.row, column };
      else if (row >= 0) from = { row, column: lines[row]!.indexOf(open) };
    }
    if (from === undefined) return undefined;
    place = from;
  }
  if (from === undefined) return undefined;
  const to = unclosed(lines, from, open, close, false);
  if (to === undefined) return undefined;
  if (around) return { from, to: { row: to.row, column: to.column + 1 } };
  const inner: Place = { row: from.row, column: from.column + 1 };
  if (to.row === from.row) return { from: inner, to };
  // A block whose brackets stand at line ends gives its whole lines.
  const alone = /^[ \t]*$/.test(lines[to.row]!.slice(0, to.column));
  if (inner.column >= lines[inner.row]!.length && alone) {
    if (to.row - from.row < 2) return undefined;
    return { from: { row: from.row + 1, column: 0 }, to: { row: to.row - 1, column: 0 }, lines: true };
  }
  return { from: inner, to: alone ? { row: to.row - 1, column: lines[to.row - 1]!.length } : to };
}

function tag(lines: readonly string[], at: Place, around: boolean): Range | undefined {
  const text = lines.join("\n");
  const offset = lines.slice(0, at.row).reduce((sum, line) => sum + line.length + 1, 0) + at.column;
  const stack: { name: string; from: number; inner: number }[] = [];
  for (const match of text.matchAll(/<(\/?)([A-Za-z][\w:-]*)[^<>]*?(\/?)>/g)) {
    if (match[3]) continue;
    if (!match[1]) {
      stack.push({ name: match[2]!, from: match.index, inner: match.index + match[0].length });
      continue;
    }
    const open = stack.findLastIndex((one) => one.name === match[2]);
    if (open < 0) continue;
    const [found] = stack.splice(open);
    const end = match.index + match[0].length;
    if (found!.from <= offset && offset < end)
      return around
        ? { from: placeOf(text, found!.from), to: placeOf(text, end) }
        : { from: placeOf(text, found!.inner), to: placeOf(text, match.index) };
  }
  return undefined;
}

function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf("\n") + 1;
  return { row: before.split("\n").length - 1, column: offset - start };
}
