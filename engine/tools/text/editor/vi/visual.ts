/** Visual mode: the area between where it began and the cursor. */
import type { Gen } from "../../../../kernel/index.ts";
import { commandPrompt } from "./ex.ts";
import { insertMode } from "./insert.ts";
import { columnAt, forward } from "./motions.ts";
import { textObject } from "./objects.ts";
import { type Area, CASES, emptyLines, join, put, recast, reindent, remove, shift, yank } from "./operators.ts";
import { matchAt } from "./search.ts";
import { cellsOf } from "./shown.ts";
import type { Vi, Visual } from "./state.ts";
import type { Place } from "./text.ts";

/** The selected area, and the end that comes first. */
export function selection(vi: Vi): { area: Area; start: Place } {
  const { text } = vi;
  const visual = vi.visual!;
  const back = text.row < visual.row || (text.row === visual.row && text.column < visual.column);
  const [start, end]: [Place, Place] = back ? [vi.place, visual] : [visual, vi.place];
  const first = Math.min(visual.row, text.row);
  const last = Math.max(visual.row, text.row);
  if (visual.kind === "V")
    return {
      area: { kind: "lines", first, last, at: { row: start.row, column: start.column } },
      start: { row: first, column: start.column },
    };
  if (visual.kind === "block") {
    const ends = [visual, vi.place].map((place) => {
      const from = columnAt(vi, place);
      const cell = cellsOf(text.lines[place.row]!, vi.look).find(({ index }) => index >= place.column);
      return [from, from + Math.max(1, cell?.width ?? 1) - 1] as const;
    });
    const from = Math.min(ends[0]![0], ends[1]![0]);
    const to = Math.max(ends[0]![1], ends[1]![1]);
    return {
      area: { kind: "block", first, last, from, to, toEnd: visual.toEnd },
      start: { row: first, column: vi.indexFor(first, from) },
    };
  }
  const line = text.lines[end.row]!;
  // The end of a line that is selected takes its newline along.
  const to: Place =
    end.column >= line.length && end.row + 1 < text.lines.length
      ? { row: end.row + 1, column: 0 }
      : { row: end.row, column: forward(line, end.column, 1) };
  return {
    area: { kind: "characters", from: { row: start.row, column: start.column }, to },
    start: { row: start.row, column: start.column },
  };
}

/** Leaves Visual mode; gv finds it again. */
export function leave(vi: Vi): void {
  const { visual } = vi;
  if (visual === undefined) return;
  vi.lastVisual = { start: visual, end: vi.place };
  const ends = [{ row: visual.row, column: visual.column }, vi.place].sort(
    (a, b) => a.row - b.row || a.column - b.column,
  );
  vi.text.marks.set("<", ends[0]!);
  vi.text.marks.set(">", ends[1]!);
  vi.visual = undefined;
  vi.pending = "";
  vi.message = "";
}

/** A key of Visual mode; false when it means what it does without a selection. */
export function* visualKey(vi: Vi, key: string, count: number | undefined, register: string | undefined): Gen<boolean> {
  const visual = vi.visual!;
  const { text } = vi;
  const n = count ?? 1;
  switch (key) {
    case "esc":
    case "ctrl-c":
      leave(vi);
      return true;
    case "v":
    case "V":
    case "ctrl-v": {
      const kind: Visual["kind"] = key === "ctrl-v" ? "block" : key;
      if (visual.kind === kind) leave(vi);
      else visual.kind = kind;
      return true;
    }
    case "o":
    case "O": {
      const here = vi.place;
      if (key === "O" && visual.kind === "block") {
        const [a, b] = [columnAt(vi, visual), columnAt(vi, here)];
        visual.column = vi.indexFor(visual.row, b);
        text.column = vi.indexFor(text.row, a);
      } else {
        vi.goTo(visual);
        visual.row = here.row;
        visual.column = here.column;
      }
      vi.wanted = undefined;
      return true;
    }
    case "$":
    case "end":
      visual.toEnd = true;
      return false;
    case ":":
      leave(vi);
      yield* commandPrompt(vi, "'<,'>");
      return true;
    case "i":
    case "a": {
      const name = yield* vi.more();
      vi.pending = "";
      objectInVisual(vi, key === "a", name, n);
      return true;
    }
    case "g":
      return yield* afterG(vi, n);
    case '"':
      return false;
  }
  return yield* act(vi, key, n, register, count !== undefined);
}

function* afterG(vi: Vi, n: number): Gen<boolean> {
  const next = yield* vi.more();
  switch (next) {
    case "v": {
      const old = vi.lastVisual;
      const now = vi.visual!;
      const here = vi.place;
      if (old) restore(vi, old);
      vi.lastVisual = { start: now, end: here };
      return true;
    }
    case "n": {
      const hit = matchAt(vi);
      if (hit) vi.goTo({ row: hit.row, column: hit.to - 1 });
      return true;
    }
    case "J":
      return yield* act(vi, "gJ", n, undefined, false);
    case "u":
    case "U":
    case "~":
    case "?":
      return yield* act(vi, next, n, undefined, false);
    case "ctrl-a":
    case "ctrl-x":
      return yield* act(vi, `g${next}`, n, undefined, false);
    default:
      vi.pending = "";
      vi.feed(["g", next]);
      vi.passVisual = 1;
      return true;
  }
}

export function restore(vi: Vi, old: { start: Visual; end: Place }): void {
  vi.visual = { ...old.start };
  vi.goTo(old.end);
  vi.wanted = old.start.toEnd ? Number.POSITIVE_INFINITY : undefined;
}

function objectInVisual(vi: Vi, around: boolean, name: string, n: number): void {
  const { text } = vi;
  const visual = vi.visual!;
  const grown = visual.row !== text.row || visual.column !== text.column;
  const at = grown && /^[wWps]$/.test(name) ? { row: text.row, column: text.column + 1 } : vi.place;
  if (grown && name !== "p" && /^[wWs]$/.test(name) && at.column >= text.line.length) {
    vi.beep();
    return;
  }
  if (grown && name === "p") {
    at.row = Math.min(text.row + 1, text.lines.length - 1);
    at.column = 0;
  }
  const range = textObject(text.lines, at, around, name, n);
  if (
    range === undefined ||
    (range.from.row === range.to.row && range.from.column === range.to.column && !range.lines)
  ) {
    vi.beep();
    return;
  }
  if (!(grown && /^[wWps]$/.test(name))) {
    visual.row = range.from.row;
    visual.column = range.from.column;
  }
  if (range.lines) {
    visual.kind = "V";
    vi.goTo({ row: range.to.row, column: 0 });
  } else if (range.to.column === 0) vi.goTo({ row: range.to.row - 1, column: text.lines[range.to.row - 1]!.length });
  else vi.goTo({ row: range.to.row, column: range.to.column - 1 });
  vi.wanted = undefined;
}

/** Operators on the selection. */
function* act(vi: Vi, key: string, n: number, register: string | undefined, given: boolean): Gen<boolean> {
  const { text } = vi;
  const visual = vi.visual!;
  const whole = /^[DXYCSR]$/.test(key);
  if (
    !/^(d|x|delete|backspace|y|c|s|>|<|=|~|u|U|\?|J|gJ|r|p|P|I|A|D|X|Y|C|S|R|!|gctrl-a|gctrl-x|ctrl-a|ctrl-x)$/.test(
      key,
    )
  )
    return false;
  const { area: selected, start } = selection(vi);
  const rows =
    selected.kind === "characters" ? selected.to.row - selected.from.row + 1 : selected.last - selected.first + 1;
  const shape = {
    kind: visual.kind,
    rows: Math.abs(visual.row - text.row) + 1,
    columns:
      visual.kind === "block"
        ? selected.kind === "block"
          ? selected.to - selected.from + 1
          : 1
        : visual.row === text.row
          ? Math.abs(visual.column - text.column) + 1
          : (visual.row < text.row ? text.column : visual.column) + 1,
    toEnd: visual.toEnd,
  };
  let area = selected;
  if (whole && !(visual.kind === "block" && /[CDR]/.test(key)))
    area = { kind: "lines", first: Math.min(visual.row, text.row), last: Math.max(visual.row, text.row) };
  if (whole && visual.kind === "block" && /[CD]/.test(key) && area.kind === "block") area = { ...area, toEnd: true };
  leave(vi);
  vi.goTo(start);
  vi.wanted = undefined;
  const typed: string[] = [key.replace(/^g(?=ctrl|J)/, "")];
  const done = () => {
    vi.repeat = { keys: key === "gJ" ? ["g", "J"] : typed, count: given ? n : undefined, register, area: shape };
    vi.recorded = [];
  };
  switch (key) {
    case "y":
    case "Y":
      yank(vi, area, { register });
      return true;
    case "d":
    case "x":
    case "X":
    case "D":
    case "delete":
    case "backspace":
      remove(vi, area, { register });
      done();
      return true;
    case "p":
    case "P": {
      const held = vi.registers.get(register);
      if (held === undefined) {
        vi.beep();
        return true;
      }
      const last = area.kind === "lines" && area.last === text.lines.length - 1;
      const atEnd = area.kind === "characters" && area.to.column >= text.lines[area.to.row]!.length;
      if (key === "P") {
        vi.change();
        remove(vi, area, { register: "_" });
      } else remove(vi, area, { register: undefined });
      const emptied = text.lines.length === 1 && text.line === "" && area.kind === "lines";
      if (held.kind === "lines" && area.kind !== "lines") {
        const { line } = text;
        text.splice(text.row, 1, line.slice(0, text.column), line.slice(text.column));
        put(vi, held, true, n);
      } else if (held.kind !== "lines" && area.kind === "lines") {
        const at = last ? text.row + 1 : text.row;
        if (!emptied) text.splice(at, 0, "");
        vi.goTo({ row: emptied ? 0 : at, column: 0 });
        put(vi, held, false, n);
      } else {
        vi.clamp();
        put(vi, held, area.kind === "lines" ? last && !emptied : atEnd && text.line !== "", n);
        if (emptied && held.kind === "lines") text.splice(text.lines.length - 1, 1);
      }
      done();
      return true;
    }
    case "c":
    case "s":
    case "C":
    case "S":
    case "R":
      if (area.kind === "lines") {
        emptyLines(vi, area.first, area.last, register);
        yield* insertMode(vi, {});
      } else {
        const block =
          area.kind === "block"
            ? { first: area.first, last: area.last, column: area.from, atEnd: false, toEnd: false }
            : undefined;
        remove(vi, area, { register });
        yield* insertMode(vi, { block });
      }
      typed.push(...vi.recorded.slice(vi.recorded.lastIndexOf(key) + 1));
      done();
      return true;
    case "I":
    case "A":
      if (area.kind !== "block") {
        if (key === "A" && area.kind === "characters") vi.goTo(area.to);
        else if (key === "A" && area.kind === "lines")
          vi.goTo({ row: area.last, column: text.lines[area.last]!.length });
        else if (area.kind === "lines") vi.goTo({ row: area.first, column: 0 });
        vi.change();
        yield* insertMode(vi, {});
      } else {
        vi.change();
        const column = key === "I" ? area.from : area.to + 1;
        let place = key === "A" && area.toEnd ? text.lines[area.first]!.length : vi.indexFor(area.first, column);
        if (key === "A" && !area.toEnd) {
          const line = text.lines[area.first]!;
          if (place >= line.length) place = line.length;
        }
        vi.goTo({ row: area.first, column: place });
        yield* insertMode(vi, {
          block: { first: area.first, last: area.last, column, atEnd: key === "A", toEnd: key === "A" && area.toEnd },
        });
        vi.goTo({ row: area.first, column: vi.indexFor(area.first, area.from) });
      }
      typed.push(...vi.recorded.slice(vi.recorded.lastIndexOf(key) + 1));
      done();
      return true;
    case ">":
    case "<":
      shift(vi, area, (key === ">" ? 1 : -1) * n, { register, times: n });
      done();
      return true;
    case "=":
      reindent(vi, rowsIn(area)[0], rowsIn(area)[1]);
      done();
      return true;
    case "~":
    case "u":
    case "U":
    case "?":
      recast(vi, area, CASES[key]!);
      if (rows > 2) vi.say(`${rows} lines changed`);
      done();
      return true;
    case "r": {
      vi.visual = undefined;
      const char = yield* vi.more();
      vi.pending = "";
      if ([...char].length !== 1) return true;
      recast(vi, area, (part) => [...part].map(() => char).join(""));
      typed.push(char);
      done();
      return true;
    }
    case "J":
    case "gJ": {
      const [first, last] = rowsIn(area);
      join(vi, first, Math.max(last, Math.min(first + 1, text.lines.length - 1)), key === "J");
      done();
      return true;
    }
    case "!":
      yield* commandPrompt(vi, "'<,'>!");
      return true;
    default: {
      const [first, last] = rowsIn(area);
      const step = key.endsWith("a") ? n : -n;
      vi.change();
      let times = 0;
      for (let row = first; row <= last; row++) {
        const line = text.lines[row]!;
        const found = /-?\d+/.exec(line);
        if (found === null) continue;
        times++;
        const by = key.startsWith("g") ? step * times : step;
        text.lines[row] =
          line.slice(0, found.index) + String(Number(found[0]) + by) + line.slice(found.index + found[0].length);
      }
      done();
      return true;
    }
  }
}

function rowsIn(area: Area): [number, number] {
  return area.kind === "characters"
    ? [area.from.row, area.to.column === 0 && area.to.row > area.from.row ? area.to.row - 1 : area.to.row]
    : [area.first, area.last];
}

/** Selects, for `.`, as much again from the cursor. */
export function selectAgain(
  vi: Vi,
  area: { kind: Visual["kind"]; rows: number; columns: number; toEnd: boolean },
): void {
  const { text } = vi;
  vi.visual = { kind: area.kind, row: text.row, column: text.column, toEnd: area.toEnd };
  const row = Math.min(text.lines.length - 1, text.row + area.rows - 1);
  const line = text.lines[row]!;
  if (area.kind === "block") {
    const column = columnAt(vi, vi.place) + area.columns - 1;
    vi.goTo({ row, column: Math.min(vi.indexFor(row, column), Math.max(0, line.length - 1)) });
  } else if (area.kind === "v") {
    const column = area.rows === 1 ? text.column + area.columns - 1 : area.columns - 1;
    vi.goTo({ row, column: Math.max(0, Math.min(column, line.length - 1)) });
  } else vi.goTo({ row, column: text.column });
}
