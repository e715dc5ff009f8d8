/** Operators: what they are given, and what they do to it. */
import type { Gen } from "../../../../kernel/index.ts";
import { commandPrompt } from "./ex.ts";
import { leading } from "./indent.ts";
import { insertMode } from "./insert.ts";
import { forward, type Motion, motion } from "./motions.ts";
import { textObject } from "./objects.ts";
import { type Area, CASES, emptyLines, recast, reindent, remove, shift, yank } from "./operators.ts";
import { matchAt } from "./search.ts";
import type { Vi } from "./state.ts";
import type { Place } from "./text.ts";
import { wordEnd } from "./words.ts";

/** A command's count and register. */
export interface Command {
  count: number | undefined;
  register: string | undefined;
  /** Keys without counts and register, for `.`. */
  from: number;
}

/** An operator: the motion, text object or doubled key that says where to, and what it does. */
export function* operator(vi: Vi, name: string, it: Command): Gen<void> {
  const { text } = vi;
  const keyAt = vi.recorded.length;
  let inner: number | undefined;
  let forced: "characters" | "lines" | "block" | undefined;
  let key = yield* vi.more();
  for (;;) {
    if (/^[1-9]$/.test(key) || (inner !== undefined && key === "0"))
      inner = Math.min(99_999, (inner ?? 0) * 10 + Number(key));
    else if (key === "v" || key === "V" || key === "ctrl-v")
      forced = key === "v" ? "characters" : key === "V" ? "lines" : "block";
    else break;
    key = yield* vi.more();
  }
  // `.` gives all counts at once.
  vi.recorded.splice(keyAt, vi.recorded.length - keyAt - 1);
  const count = it.count === undefined && inner === undefined ? undefined : (it.count ?? 1) * (inner ?? 1);
  const n = count ?? 1;
  if (key === "esc" || key === "ctrl-c") return;
  const doubled =
    key === name ||
    (name.startsWith("g") && key === name[1]) ||
    (name.startsWith("g") && key === "g" && (yield* vi.more()) === name[1]);
  if (doubled) {
    if (text.row + n > text.lines.length && n > 1 && !/^[cy<>d]$/.test(name)) return vi.beep();
    const area: Area = {
      kind: "lines",
      first: text.row,
      last: Math.min(text.lines.length - 1, text.row + n - 1),
      at: vi.place,
    };
    return yield* apply(vi, name, area, it, count);
  }
  if (key === "i" || key === "a") {
    const range = textObject(text.lines, vi.place, key === "a", yield* vi.more(), n);
    if (range === undefined) return vi.beep();
    if (range.lines) {
      const end = range.to.row;
      return yield* apply(vi, name, { kind: "lines", first: range.from.row, last: end, at: range.from }, it, count);
    }
    return yield* apply(vi, name, { kind: "characters", from: range.from, to: range.to }, it, count);
  }
  if (key === "g") {
    const next = yield* vi.more();
    if (next === "n" || next === "N") return yield* onMatch(vi, name, it);
    vi.feed([next]);
    vi.recorded.pop();
  }
  const at = vi.place;
  // cw changes to the end of the word; the blanks behind it stay.
  const onWord = /\S/.test(text.line[text.column] ?? " ");
  let moved: Motion | undefined | "unknown";
  if (name === "c" && (key === "w" || key === "W") && onWord) {
    let place: Place = at;
    for (let i = 0; i < n; i++)
      place =
        wordEnd(text.lines, i === 0 ? place : { row: place.row, column: place.column }, key === "W", i === 0) ?? place;
    moved = { ...place, kind: "inclusive" };
  } else moved = yield* motion(vi, key, count, "operator");
  if (moved === "unknown" || moved === undefined) return vi.beep();
  // dw on the last word of a line stops at its end.
  if (
    (key === "w" || key === "W") &&
    text.line !== "" &&
    moved.kind === "exclusive" &&
    moved.row > at.row &&
    moved.column <= leading(text.lines[moved.row]!).length
  ) {
    let row = moved.row - 1;
    while (row > at.row && text.lines[row] === "") row--;
    moved = { row, column: text.lines[row]!.length, kind: "exclusive" };
    if (n > 1 && row > at.row && moved.column === 0) moved.column = text.lines[row]!.length;
  }
  const big = /^[%()`/?nN{}]$/.test(key);
  yield* apply(vi, name, areaOf(vi, at, moved, forced, /^[wW]$/.test(key) && text.line !== ""), it, count, big);
}

function* onMatch(vi: Vi, name: string, it: Command): Gen<void> {
  const hit = matchAt(vi);
  if (hit === undefined) return vi.beep();
  yield* apply(
    vi,
    name,
    { kind: "characters", from: { row: hit.row, column: hit.column }, to: { row: hit.row, column: hit.to } },
    it,
    it.count,
  );
}

/** What lies between the cursor and where a motion leads. */
function areaOf(
  vi: Vi,
  at: Place,
  moved: Motion,
  forced: "characters" | "lines" | "block" | undefined,
  word: boolean,
): Area {
  const { lines } = vi.text;
  const back = moved.row < at.row || (moved.row === at.row && moved.column < at.column);
  const [from, to]: [Place, Place] = back ? [moved, at] : [at, moved];
  const lineArea: Area = { kind: "lines", first: from.row, last: to.row, at: { row: from.row, column: from.column } };
  let kind = moved.kind;
  if (forced === "lines") return lineArea;
  if (forced === "characters") kind = kind === "exclusive" ? "inclusive" : "exclusive";
  if (kind === "lines") return lineArea;
  const start = { row: from.row, column: from.column };
  if (kind === "inclusive")
    return { kind: "characters", from: start, to: { row: to.row, column: forward(lines[to.row]!, to.column, 1) } };
  // What ends at the start of a line does not touch it; from its first word on, whole lines are meant.
  if (to.column === 0 && to.row > from.row && !word) {
    if (from.column <= leading(lines[from.row]!).length) return { ...lineArea, last: to.row - 1 };
    return { kind: "characters", from: start, to: { row: to.row - 1, column: lines[to.row - 1]!.length } };
  }
  return { kind: "characters", from: start, to: { row: to.row, column: to.column } };
}

/** Does what an operator does to an area. */
export function* apply(
  vi: Vi,
  name: string,
  area: Area,
  it: Command,
  count: number | undefined,
  big = false,
): Gen<void> {
  const how = { register: it.register, big };
  switch (name) {
    case "y":
      return yank(vi, area, how);
    case "d": {
      // Over several lines with nothing but blanks around it: the lines.
      let whole = area;
      if (area.kind === "characters" && area.to.row > area.from.row) {
        const { lines } = vi.text;
        const before = lines[area.from.row]!.slice(0, area.from.column);
        const after = lines[area.to.row]!.slice(area.to.column);
        if (before.trim() === "" && after.trim() === "" && area.to.column > 0)
          whole = { kind: "lines", first: area.from.row, last: area.to.row };
      }
      if (area.kind === "characters" && area.from.row === area.to.row && area.from.column === area.to.column) {
        if (vi.text.line === "") vi.beep();
        return;
      }
      remove(vi, whole, how);
      break;
    }
    case "c":
      if (area.kind === "lines") {
        emptyLines(vi, area.first, area.last, it.register);
        yield* insertMode(vi, { indented: vi.text.line !== "" });
      } else {
        if (area.kind === "characters" && area.from.row === area.to.row && area.from.column === area.to.column) {
          vi.change();
          vi.goTo(area.from);
        } else remove(vi, area, how);
        yield* insertMode(vi);
      }
      break;
    case ">":
    case "<":
      shift(vi, area, name === ">" ? 1 : -1, { ...how, times: 1 });
      break;
    case "=": {
      const [first, last] = area.kind === "characters" ? [area.from.row, area.to.row] : [area.first, area.last];
      reindent(vi, first, last);
      break;
    }
    case "!": {
      const [first, last] = area.kind === "characters" ? [area.from.row, area.to.row] : [area.first, area.last];
      vi.goTo({ row: first, column: 0 });
      return yield* commandPrompt(vi, first === last ? ".!" : `.,.+${last - first}!`);
    }
    default: {
      recast(vi, area, CASES[name[1]!]!);
      if (area.kind === "lines" && area.at) vi.goTo(area.at);
      const rows = area.kind === "lines" ? area.last - area.first + 1 : 1;
      if (rows > 2) vi.say(`${rows} lines changed`);
    }
  }
  done(vi, it, count);
}

/** Ctrl-A and Ctrl-X: the number at or after the cursor. */
export function addTo(vi: Vi, it: Command, by: number): void {
  const { text } = vi;
  const all = [...text.line.matchAll(/0[xX][0-9a-fA-F]+|-?\d+/g)];
  const found = all.find((one) => one.index + one[0].length > text.column);
  if (found === undefined) {
    vi.beep();
    return;
  }
  vi.change();
  let result: string;
  if (/^0[xX]/.test(found[0]))
    result =
      found[0].slice(0, 2) + (Number.parseInt(found[0], 16) + by).toString(16).padStart(found[0].length - 2, "0");
  else {
    const next = Number(found[0]) + by;
    const width = /^-?0\d/.test(found[0]) ? found[0].replace("-", "").length : 0;
    result = (next < 0 ? "-" : "") + String(Math.abs(next)).padStart(width, "0");
  }
  text.line = text.line.slice(0, found.index) + result + text.line.slice(found.index + found[0].length);
  text.column = found.index + result.length - 1;
  done(vi, it);
}

/** Remembers the command's keys for `.`. */
export function done(vi: Vi, it: Command, count = it.count): void {
  vi.repeat = {
    keys: vi.movedInInsert ? vi.recorded : vi.recorded.slice(it.from),
    count: vi.movedInInsert ? undefined : count,
    register: it.register,
  };
  vi.movedInInsert = false;
}
