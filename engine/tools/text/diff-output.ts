/** The forms in which diff(1) shows what changed. */

/** A run of lines that differ: the first (from 0) and how many, in the old and the new file. */
export interface Change {
  a: number;
  na: number;
  b: number;
  nb: number;
}

/** The lines of both files; `open`: the last one has no newline. */
export interface Sides {
  x: readonly string[];
  y: readonly string[];
  openX: boolean;
  openY: boolean;
}

/** Prints whole lines; with `colour` (SGR numbers) in it, where colours are wanted. */
export type Add = (text: string, colour?: string) => void;

const HEADER = "1";
const HUNK = "36";
const DELETED = "31";
const ADDED = "32";

function put(add: Add, mark: string, lines: readonly string[], i: number, open: boolean, colour?: string): void {
  add(`${mark}${lines[i]}\n`, colour);
  if (open && i === lines.length - 1) add("\\ No newline at end of file\n");
}

/** The normal form: `2,3c2`; `gap` stands between a mark and its line. */
export function normal(add: Add, { x, y, openX, openY }: Sides, changes: readonly Change[], gap = " "): void {
  for (const c of changes) {
    const span = (from: number, count: number) =>
      count === 0 ? `${from}` : count === 1 ? `${from + 1}` : `${from + 1},${from + count}`;
    add(`${span(c.a, c.na)}${c.na === 0 ? "a" : c.nb === 0 ? "d" : "c"}${span(c.b, c.nb)}\n`, HUNK);
    for (let i = 0; i < c.na; i++) put(add, `<${gap}`, x, c.a + i, openX, DELETED);
    if (c.na > 0 && c.nb > 0) add("---\n");
    for (let i = 0; i < c.nb; i++) put(add, `>${gap}`, y, c.b + i, openY, ADDED);
  }
}

interface Hunk {
  changes: readonly Change[];
  fromA: number;
  toA: number;
  fromB: number;
  toB: number;
}

/** Changes whose contexts touch go together. */
function hunks({ x, y }: Sides, changes: readonly Change[], size: number): Hunk[] {
  const out: Hunk[] = [];
  for (let i = 0; i < changes.length; ) {
    let j = i + 1;
    while (j < changes.length && changes[j]!.a - (changes[j - 1]!.a + changes[j - 1]!.na) <= 2 * size) j++;
    const group = changes.slice(i, j);
    const [first, last] = [group[0]!, group.at(-1)!];
    out.push({
      changes: group,
      fromA: Math.max(0, first.a - size),
      toA: Math.min(x.length, last.a + last.na + size),
      fromB: Math.max(0, first.b - size),
      toB: Math.min(y.length, last.b + last.nb + size),
    });
    i = j;
  }
  return out;
}

/** -u. */
export function unified(
  add: Add,
  sides: Sides,
  changes: readonly Change[],
  size: number,
  names: readonly [string, string],
  title?: (before: number) => string,
  gap = "",
): void {
  const { x, y, openX, openY } = sides;
  const span = (from: number, to: number) =>
    to - from === 1 ? `${from + 1}` : `${to === from ? from : from + 1},${to - from}`;
  add(`--- ${names[0]}\n`, HEADER);
  add(`+++ ${names[1]}\n`, HEADER);
  for (const hunk of hunks(sides, changes, size)) {
    add(`@@ -${span(hunk.fromA, hunk.toA)} +${span(hunk.fromB, hunk.toB)} @@`, HUNK);
    add(`${title?.(hunk.fromA) ?? ""}\n`);
    let at = hunk.fromA;
    for (const c of hunk.changes) {
      for (; at < c.a; at++) put(add, gap === "" ? " " : gap, x, at, openX);
      for (let k = 0; k < c.na; k++) put(add, `-${gap}`, x, c.a + k, openX, DELETED);
      for (let k = 0; k < c.nb; k++) put(add, `+${gap}`, y, c.b + k, openY, ADDED);
      at = c.a + c.na;
    }
    for (; at < hunk.toA; at++) put(add, gap === "" ? " " : gap, x, at, openX);
  }
}

/** -c. */
export function context(
  add: Add,
  sides: Sides,
  changes: readonly Change[],
  size: number,
  names: readonly [string, string],
  title?: (before: number) => string,
  gap = " ",
): void {
  const { x, y, openX, openY } = sides;
  const span = (from: number, to: number) => (to - from <= 1 ? `${to}` : `${from + 1},${to}`);
  add(`*** ${names[0]}\n`, HEADER);
  add(`--- ${names[1]}\n`, HEADER);
  for (const hunk of hunks(sides, changes, size)) {
    add(`***************${title?.(hunk.fromA) ?? ""}\n`);
    add(`*** ${span(hunk.fromA, hunk.toA)} ****\n`, HUNK);
    if (hunk.changes.some((c) => c.na > 0)) {
      let at = hunk.fromA;
      for (const c of hunk.changes) {
        for (; at < c.a; at++) put(add, ` ${gap}`, x, at, openX, DELETED);
        for (; at < c.a + c.na; at++) put(add, c.nb > 0 ? `!${gap}` : `-${gap}`, x, at, openX, DELETED);
      }
      for (; at < hunk.toA; at++) put(add, ` ${gap}`, x, at, openX, DELETED);
    }
    add(`--- ${span(hunk.fromB, hunk.toB)} ----\n`, HUNK);
    if (hunk.changes.some((c) => c.nb > 0)) {
      let at = hunk.fromB;
      for (const c of hunk.changes) {
        for (; at < c.b; at++) put(add, ` ${gap}`, y, at, openY, ADDED);
        for (; at < c.b + c.nb; at++) put(add, c.na > 0 ? `!${gap}` : `+${gap}`, y, at, openY, ADDED);
      }
      for (; at < hunk.toB; at++) put(add, ` ${gap}`, y, at, openY, ADDED);
    }
  }
}

/** -e: the commands that make ed(1) turn the old file into the new, the last change first. */
export function edScript(add: Add, { y }: Sides, changes: readonly Change[]): void {
  for (const c of [...changes].reverse()) {
    const span = c.na > 1 ? `${c.a + 1},${c.a + c.na}` : `${c.na === 0 ? c.a : c.a + 1}`;
    add(`${span}${c.na === 0 ? "a" : c.nb === 0 ? "d" : "c"}\n`);
    if (c.nb === 0) continue;
    // A line with a dot alone would end the text: it is put in with two, and one is taken away.
    let open = true;
    for (let i = c.b; i < c.b + c.nb; i++) {
      if (!open) add("a\n");
      open = y[i] !== ".";
      add(open ? `${y[i]}\n` : "..\n.\ns/.//\n");
    }
    if (open) add(".\n");
  }
}

/** -f: much like ed's commands, from the first change to the last; no program takes them. */
export function forwardEd(add: Add, { y, openY }: Sides, changes: readonly Change[]): void {
  for (const c of changes) {
    const span = c.na > 1 ? `${c.a + 1} ${c.a + c.na}` : `${c.na === 0 ? c.a : c.a + 1}`;
    add(`${c.na === 0 ? "a" : c.nb === 0 ? "d" : "c"}${span}\n`);
    if (c.nb === 0) continue;
    for (let i = c.b; i < c.b + c.nb; i++) put(add, "", y, i, openY);
    add(".\n");
  }
}

/** -n: the form of RCS. */
export function rcs(add: Add, { y, openY }: Sides, changes: readonly Change[]): void {
  for (const c of changes) {
    if (c.na > 0) add(`d${c.a + 1} ${c.na}\n`);
    if (c.nb === 0) continue;
    add(`a${c.a + c.na} ${c.nb}\n`);
    for (let i = c.b; i < c.b + c.nb; i++) add(openY && i === y.length - 1 ? y[i]! : `${y[i]}\n`);
  }
}

const TAB = 8;

/** -y: both files in columns, as side.c of diffutils lays them out. */
export function sideBySide(
  add: Add,
  { x, y, openX, openY }: Sides,
  changes: readonly Change[],
  how: { width: number; expand: boolean; suppress: boolean; leftColumn: boolean },
): void {
  const stop = how.expand ? 1 : TAB;
  const offset = Math.floor((how.width + stop + 3) / (2 * stop)) * stop;
  const half = Math.max(0, Math.min(offset - 3, how.width - offset));
  const second = half > 0 ? offset : how.width;
  const pad = (from: number, to: number): string => {
    let out = "";
    let at = from;
    if (!how.expand)
      for (let tab = at + TAB - (at % TAB); tab <= to; tab += TAB) {
        out += "\t";
        at = tab;
      }
    return out + " ".repeat(Math.max(0, to - at));
  };
  const cut = (line: string) => {
    let text = "";
    let column = 0;
    for (const char of line) {
      const to = char === "\t" ? column + TAB - (column % TAB) : column + 1;
      if (to > half) break;
      text += char === "\t" ? pad(column, to) : char;
      column = to;
    }
    return { text, column };
  };
  const row = (i: number | undefined, sign: string, j: number | undefined) => {
    const [left, right] = [i === undefined ? undefined : x[i], j === undefined ? undefined : y[j]];
    const ended = [
      i !== undefined && !(openX && i === x.length - 1),
      j !== undefined && !(openY && j === y.length - 1),
    ];
    // A slash tells that one of two changed lines has no newline.
    const mark = sign === "|" && ended[0] !== ended[1] ? (ended[0] ? "/" : "\\") : sign;
    let { text, column } = left === undefined ? { text: "", column: 0 } : cut(left);
    if (mark !== " ") {
      const at = Math.floor((half + second - 1) / 2);
      text += pad(column, at) + mark;
      column = at + 1;
    }
    if (right !== undefined && right !== "") text += pad(column, second) + cut(right).text;
    add(ended[0] || ended[1] ? `${text}\n` : text, mark === "<" ? DELETED : mark === ">" ? ADDED : undefined);
  };
  let [i, j] = [0, 0];
  const common = (to: number) => {
    for (; i < to; i++, j++) {
      if (how.suppress) continue;
      if (how.leftColumn) row(i, "(", undefined);
      else row(i, " ", j);
    }
  };
  for (const c of changes) {
    common(c.a);
    for (let k = 0; k < Math.max(c.na, c.nb); k++) {
      if (k < c.na && k < c.nb) row(c.a + k, "|", c.b + k);
      else if (k < c.na) row(c.a + k, "<", undefined);
      else row(undefined, ">", c.b + k);
    }
    i = c.a + c.na;
    j = c.b + c.nb;
  }
  common(x.length);
}
