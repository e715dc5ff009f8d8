/** Where vi's motions lead. */
import type { Gen } from "../../../../kernel/index.ts";
import { heightOf } from "./paint.ts";
import { searchAgain, searchPrompt, searchWord } from "./search.ts";
import { columnOf } from "./shown.ts";
import type { Vi } from "./state.ts";
import type { Place } from "./text.ts";
import {
  findChar,
  firstNonBlank,
  matching,
  paragraph,
  sentence,
  unclosed,
  wordBackward,
  wordEnd,
  wordEndBackward,
  wordForward,
} from "./words.ts";

/** What an operator takes: characters up to the place, that at it too, or whole lines. */
export interface Motion extends Place {
  kind: "exclusive" | "inclusive" | "lines";
  /** The column that j and k keep to. */
  wanted?: number;
}

/** Keys that say something about motions only to operators know that they are typed for one. */
export type Asked = "move" | "operator";

/** Where a motion key leads; undefined when there is no such place, "unknown" when the key is none. */
export function* motion(
  vi: Vi,
  key: string,
  count: number | undefined,
  asked: Asked,
): Gen<Motion | undefined | "unknown"> {
  const { text } = vi;
  const { lines } = text;
  const n = count ?? 1;
  const at = vi.place;
  const lastRow = lines.length - 1;
  /** Goes step by step as far as it can; undefined when not even the first step was possible. */
  const repeat = (step: (from: Place) => Place | undefined): Place | undefined => {
    let place: Place | undefined = at;
    let gone = 0;
    for (; gone < n; gone++) {
      const next = step(place);
      if (next === undefined) break;
      place = next;
    }
    return gone === 0 ? undefined : place;
  };
  const toRow = (row: number): Motion => {
    const target = Math.max(0, Math.min(row, lastRow));
    return { row: target, column: firstNonBlank(lines[target]!), kind: "lines" };
  };
  const vertical = (by: number): Motion | undefined => {
    const row = at.row + by;
    if (row < 0 || row > lastRow) {
      // Without an operator as far as there are lines.
      if (asked === "operator" || (by < 0 ? at.row === 0 : at.row === lastRow)) return undefined;
    }
    const target = Math.max(0, Math.min(row, lastRow));
    const wanted = vi.curswant;
    return { row: target, column: vi.indexFor(target, wanted), kind: "lines", wanted };
  };
  switch (key) {
    case "h":
    case "left":
    case "ctrl-h": {
      if (at.column === 0) return undefined;
      return { row: at.row, column: back(text.line, at.column, n), kind: "exclusive" };
    }
    case "backspace": {
      if (at.column >= n || at.row === 0)
        return at.column === 0 && at.row === 0
          ? undefined
          : { row: at.row, column: back(text.line, at.column, n), kind: "exclusive" };
      const above = lines[at.row - 1]!;
      return { row: at.row - 1, column: Math.max(0, above.length - 1), kind: "exclusive" };
    }
    case "l":
    case "right":
    case " ": {
      const end = text.line.length;
      const past = asked === "operator" || vi.visual !== undefined;
      if (forward(text.line, at.column, 1) >= end && !past) {
        if (key === " " && at.row < lastRow) return { row: at.row + 1, column: 0, kind: "exclusive" };
        return undefined;
      }
      if (text.line === "" && asked === "operator") return undefined;
      return { row: at.row, column: Math.min(end, forward(text.line, at.column, n)), kind: "exclusive" };
    }
    case "j":
    case "down":
    case "ctrl-n":
    case "ctrl-j":
      return vertical(n);
    case "k":
    case "up":
    case "ctrl-p":
      return vertical(-n);
    case "enter":
    case "+":
      return at.row + n <= lastRow || (asked === "move" && at.row < lastRow) ? toRow(at.row + n) : undefined;
    case "-":
      return at.row - n >= 0 || (asked === "move" && at.row > 0) ? toRow(at.row - n) : undefined;
    case "_":
      return at.row + n - 1 <= lastRow ? toRow(at.row + n - 1) : undefined;
    case "0":
    case "home":
      return { row: at.row, column: 0, kind: "exclusive" };
    case "^":
      return { row: at.row, column: firstNonBlank(text.line), kind: "exclusive" };
    case "|":
      return {
        row: at.row,
        column: Math.min(vi.indexFor(at.row, n - 1), Math.max(0, text.line.length - 1)),
        kind: "exclusive",
        wanted: n - 1,
      };
    case "$":
    case "end": {
      const row = at.row + n - 1;
      if (row > lastRow) return undefined;
      return { row, column: Math.max(0, lines[row]!.length - 1), kind: "inclusive", wanted: Number.POSITIVE_INFINITY };
    }
    case "ctrl-right":
      return yield* motion(vi, "W", count, asked);
    case "ctrl-left":
      return yield* motion(vi, "B", count, asked);
    case "w":
    case "W": {
      const place = repeat((from) => wordForward(lines, from, key === "W"));
      const end = {
        row: lastRow,
        column: asked === "operator" ? lines[lastRow]!.length : Math.max(0, lines[lastRow]!.length - 1),
      };
      const here = at.row === lastRow && at.column >= Math.max(0, lines[lastRow]!.length - 1);
      if (place === undefined) return here && asked === "move" ? undefined : { ...end, kind: "exclusive" };
      // Counted further than there are words.
      let steps = 0;
      for (let from: Place | undefined = at; steps < n && from; steps++) from = wordForward(lines, from, key === "W");
      const short = steps < n || (n > 1 && countWords(vi, at, n, key === "W") < n);
      return short ? { ...end, kind: "exclusive" } : { ...place, kind: "exclusive" };
    }
    case "b":
    case "B": {
      const place = repeat((from) => wordBackward(lines, from, key === "B"));
      return place && { ...place, kind: "exclusive" };
    }
    case "e":
    case "E": {
      const place = repeat((from) => wordEnd(lines, from, key === "E"));
      if (place) return { ...place, kind: "inclusive" };
      const end = { row: lastRow, column: Math.max(0, lines[lastRow]!.length - 1) };
      return end.row === at.row && end.column <= at.column && asked === "move"
        ? undefined
        : { ...end, kind: "inclusive" };
    }
    case "G":
      vi.jump();
      return toRow(count === undefined ? lastRow : count - 1);
    case "H":
      return toRow(Math.max(vi.top + n - 1, vi.top + (vi.top > 0 ? vi.options.number("scrolloff") : 0)));
    case "M": {
      const shown = Math.min(heightOf(vi), lines.length - vi.top);
      return toRow(vi.top + Math.floor((shown - 1) / 2));
    }
    case "L": {
      const bottom = Math.min(lastRow, vi.top + heightOf(vi) - 1);
      return toRow(
        bottom < lastRow ? Math.min(bottom - n + 1, bottom - vi.options.number("scrolloff")) : bottom - n + 1,
      );
    }
    case "{":
    case "}": {
      vi.jump();
      const step = key === "}" ? 1 : -1;
      let { row } = at;
      for (let i = 0; i < n; i++) row = paragraph(lines, row, step);
      if (key === "{") return { row, column: 0, kind: "exclusive" };
      const line = lines[row]!;
      if (line === "") return { row, column: 0, kind: "exclusive" };
      return { row, column: asked === "operator" ? line.length : Math.max(0, line.length - 1), kind: "exclusive" };
    }
    case "(":
    case ")": {
      vi.jump();
      let place: Place = at;
      for (let i = 0; i < n; i++) place = sentence(lines, place, key === ")");
      return { ...place, kind: "exclusive" };
    }
    case "%": {
      if (count !== undefined) {
        if (count > 100) return undefined;
        vi.jump();
        return toRow(Math.floor((count * lines.length + 99) / 100) - 1);
      }
      const place = matching(lines, at);
      if (place) vi.jump();
      return place && { ...place, kind: "inclusive" };
    }
    case "[":
    case "]": {
      const next = yield* vi.more();
      if (next === key) {
        vi.jump();
        let row = at.row;
        do row += key === "]" ? 1 : -1;
        while (row > 0 && row < lastRow && !lines[row]!.startsWith("{"));
        return { ...toRow(row), column: 0 };
      }
      const pair = { "(": "()", ")": "()", "{": "{}", "}": "{}" }[next];
      if (pair === undefined) return undefined;
      const place = repeat((from) => unclosed(lines, from, pair[0]!, pair[1]!, key === "["));
      return place && { ...place, kind: "exclusive" };
    }
    case "f":
    case "F":
    case "t":
    case "T": {
      const typed = yield* vi.more();
      const char = typed === "tab" ? "\t" : typed;
      if ([...char].length !== 1) return undefined;
      vi.lastFind = { kind: key, char };
      return found(vi, key, char, n, false);
    }
    case ";":
    case ",": {
      if (vi.lastFind === undefined) return undefined;
      const { kind, char } = vi.lastFind;
      const turned = key === ";" ? kind : kind === kind.toLowerCase() ? kind.toUpperCase() : kind.toLowerCase();
      return found(vi, turned, char, n, true);
    }
    case "/":
    case "?":
      return yield* searchPrompt(vi, key, n);
    case "n":
    case "N":
      return searchAgain(vi, key === "N", n);
    case "*":
    case "#":
      return searchWord(vi, key === "#", true, n);
    case "'":
    case "`":
      return mark(vi, key, yield* vi.more());
    case "g":
      return yield* goMotion(vi, yield* vi.more(), count, asked);
    default:
      return "unknown";
  }
}

function countWords(vi: Vi, at: Place, n: number, big: boolean): number {
  let place: Place | undefined = at;
  let gone = 0;
  while (gone < n) {
    place = wordForward(vi.text.lines, place, big);
    if (place === undefined) break;
    gone++;
  }
  return gone;
}

/** A place so many characters to the left. */
function back(line: string, column: number, n: number): number {
  let at = column;
  for (let i = 0; i < n && at > 0; i++) at -= /[\ud800-\udbff][\udc00-\udfff]$/.test(line.slice(0, at)) ? 2 : 1;
  return at;
}

/** A place so many characters to the right. */
export function forward(line: string, column: number, n: number): number {
  let at = column;
  for (let i = 0; i < n && at < line.length; i++) {
    at += (line.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    while (/[\u0300-\u036f\ufe0f]/.test(line.charAt(at))) at++;
  }
  return at;
}

function found(vi: Vi, kind: string, char: string, n: number, again: boolean): Motion | undefined {
  const column = findChar(vi.text.line, vi.text.column, kind, char, n, again);
  if (column === undefined) return undefined;
  return { row: vi.text.row, column, kind: kind === "f" || kind === "t" ? "inclusive" : "exclusive" };
}

/** Where a mark is; says so when it is not set. */
export function mark(vi: Vi, kind: string, name: string): Motion | undefined {
  const place =
    name === kind || name === "'" || name === "`"
      ? (vi.text.marks.get("'") ?? { row: 0, column: 0 })
      : vi.text.marks.get(name);
  if (place === undefined || place.row >= vi.text.lines.length) {
    vi.say("E20: Mark not set");
    return undefined;
  }
  const target = { ...place };
  vi.jump();
  if (kind === "'") return { row: target.row, column: firstNonBlank(vi.text.lines[target.row]!), kind: "lines" };
  return { ...target, kind: "exclusive" };
}

function* goMotion(vi: Vi, next: string, count: number | undefined, asked: Asked): Gen<Motion | undefined | "unknown"> {
  const { text } = vi;
  const { lines } = text;
  const n = count ?? 1;
  switch (next) {
    case "g": {
      vi.jump();
      const row = Math.min(n, lines.length) - 1;
      return { row, column: firstNonBlank(lines[row]!), kind: "lines" };
    }
    case "e":
    case "E": {
      let place: Place | undefined = vi.place;
      for (let i = 0; i < n && place; i++) place = wordEndBackward(lines, place, next === "E");
      return place && { ...place, kind: "inclusive" };
    }
    case "_": {
      const row = Math.min(lines.length - 1, text.row + n - 1);
      return { row, column: Math.max(0, lines[row]!.trimEnd().length - 1), kind: "inclusive" };
    }
    case "j":
    case "down":
    case "k":
    case "up": {
      const by = next === "j" || next === "down" ? n : -n;
      const moved = yield* motion(vi, by > 0 ? "j" : "k", n, asked);
      return moved === "unknown" || moved === undefined ? moved : { ...moved, kind: "exclusive" };
    }
    case "0":
      return { row: text.row, column: 0, kind: "exclusive" };
    case "^":
      return { row: text.row, column: firstNonBlank(text.line), kind: "exclusive" };
    case "$":
      return {
        row: text.row,
        column: Math.max(0, text.line.length - 1),
        kind: "inclusive",
        wanted: Number.POSITIVE_INFINITY,
      };
    case "m": {
      const middle = Math.floor(vi.pane.width / 2);
      return {
        row: text.row,
        column: Math.min(vi.indexFor(text.row, middle), Math.max(0, text.line.length - 1)),
        kind: "exclusive",
      };
    }
    case "*":
    case "#":
      return searchWord(vi, next === "#", false, n);
    default:
      return "unknown";
  }
}

/** Ctrl-D, Ctrl-U, Ctrl-F, Ctrl-B, Ctrl-E and Ctrl-Y; false when there is nothing to scroll. */
export function scroll(vi: Vi, key: string, count: number | undefined): boolean {
  const { text } = vi;
  const last = text.lines.length - 1;
  const height = heightOf(vi);
  const margin = Math.min(vi.options.number("scrolloff"), Math.floor((height - 1) / 2));
  const rowTo = (row: number) => {
    text.row = Math.max(0, Math.min(row, last));
    text.column = firstNonBlank(text.line);
    vi.wanted = undefined;
  };
  if (key === "ctrl-d" || key === "ctrl-u") {
    if (count !== undefined) vi.scroll = count;
    const by = vi.scroll ?? Math.max(1, Math.floor(height / 2));
    if (key === "ctrl-d") {
      if (text.row === last) return false;
      const room = Math.max(0, last - (vi.top + height - 1));
      vi.top += Math.min(by, room);
      rowTo(Math.max(text.row + by, Math.min(last, vi.top + (vi.top > 0 ? margin : 0))));
    } else {
      if (text.row === 0) return false;
      vi.top = Math.max(0, vi.top - by);
      const bottom = vi.top + height - 1;
      rowTo(Math.min(text.row - by, bottom < last ? bottom - margin : last));
    }
    return true;
  }
  const n = count ?? 1;
  if (key === "ctrl-f" || key === "pagedown") {
    if (vi.top === last) return false;
    vi.top = Math.min(last, vi.top + n * Math.max(1, height - 2));
    rowTo(Math.max(text.row, Math.min(last, vi.top + margin)));
    vi.top = Math.min(vi.top, text.row);
    return true;
  }
  if (key === "ctrl-b" || key === "pageup") {
    if (vi.top === 0) return false;
    vi.top = Math.max(0, vi.top - n * Math.max(1, height - 2));
    rowTo(Math.min(text.row, Math.max(0, vi.top + height - 1 - margin)));
    return true;
  }
  const by = key === "ctrl-e" ? n : -n;
  const top = Math.max(0, Math.min(last, vi.top + by));
  if (top === vi.top) return false;
  vi.top = top;
  const keep = vi.curswant;
  const low = vi.top + (vi.top > 0 ? margin : 0);
  const high = vi.top + height - 1 - margin;
  const row = Math.max(low, Math.min(text.row, vi.top + height - 1 >= last ? last : high));
  if (row !== text.row) {
    text.row = Math.min(row, last);
    text.column = vi.indexFor(text.row, keep);
    vi.wanted = keep;
  }
  return true;
}

/** z and what follows it: the cursor's line at the top, in the middle or at the bottom. */
export function scrollTo(vi: Vi, key: string): void {
  const { text } = vi;
  const height = heightOf(vi);
  const margin = Math.min(vi.options.number("scrolloff"), Math.floor((height - 1) / 2));
  if (/^(enter|t|\+)$/.test(key)) vi.top = Math.max(0, text.row - margin);
  else if (/^(z|\.)$/.test(key)) vi.top = Math.max(0, text.row - Math.floor((height - 1) / 2));
  else if (/^(b|-)$/.test(key)) vi.top = Math.max(0, Math.min(text.lines.length - 1, text.row + margin) - height + 1);
  if (/^(enter|\.|-|\+)$/.test(key)) text.column = firstNonBlank(text.line);
}

/** Columns between two places of a line, for blocks. */
export function columnAt(vi: Vi, place: Place): number {
  return columnOf(vi.text.lines[place.row]!, place.column, vi.look);
}
