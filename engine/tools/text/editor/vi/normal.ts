/** Normal mode: one command after another. */
import type { Gen } from "../../../../kernel/index.ts";
import { commandPrompt, ex } from "./ex.ts";
import { runShell } from "./ex-shell.ts";
import { windowKey } from "./ex-windows.ts";
import { blanks, leading, newIndent, yaml } from "./indent.ts";
import { insertMode } from "./insert.ts";
import { forward, motion, scroll, scrollTo } from "./motions.ts";
import { addTo, apply, type Command, done, operator } from "./operate.ts";
import { type Area, CASES, emptyLines, join, put, recast, remove, yank } from "./operators.ts";
import { ViError } from "./pattern.ts";
import { Registers } from "./registers.ts";
import { roomOf } from "./screen.ts";
import { matchAt } from "./search.ts";
import { keysOf, textOf, type Vi } from "./state.ts";
import { suspend } from "./suspend.ts";
import { restore, selectAgain, visualKey } from "./visual.ts";
import { toTab } from "./windows.ts";

/** Reads one command and does it. */
export function* oneCommand(vi: Vi): Gen<void> {
  vi.recorded = [];
  vi.pending = "";
  const first = yield* vi.key();
  if (first === undefined) {
    vi.status = 1;
    return;
  }
  if (!vi.replaying) vi.failed = false;
  const before = { text: vi.text, lines: vi.text.lines.length, message: vi.message };
  vi.text.commandBegins();
  vi.recorded = [first];
  if (first !== "esc" && vi.visual === undefined) vi.pending = first.length === 1 ? first : "";
  try {
    yield* command(vi, first);
  } catch (error) {
    if (!(error instanceof ViError)) throw error;
    vi.say(error.message);
    vi.beep();
  }
  vi.pending = "";
  vi.recorded = [];
  vi.clamp();
  // Lines that come or go take along what stood at the bottom.
  if (
    vi.text === before.text &&
    vi.text.lines.length !== before.lines &&
    (vi.message === before.message || /^[:/?]/.test(vi.message))
  )
    vi.message = "";
  const error = vi.message.replace(/\x1b\[[\d;]*m/g, "");
  if (
    vi.status === undefined &&
    vi.message !== before.message &&
    /^E\d|E212|\nE\d/.test(error) &&
    (error.length > roomOf(vi) || error.includes("\n"))
  )
    yield* vi.page(error.split("\n"));
}

function* command(vi: Vi, first: string): Gen<void> {
  let key = first;
  const it: Command = { count: undefined, register: undefined, from: 0 };
  for (;;) {
    if (key === '"') {
      const name = yield* vi.more();
      if (!Registers.valid(name)) return vi.beep();
      it.register = name;
    } else if (/^[1-9]$/.test(key) || (it.count !== undefined && key === "0"))
      it.count = Math.min(999_999, (it.count ?? 0) * 10 + Number(key));
    else break;
    key = yield* vi.more();
  }
  it.from = vi.recorded.length - 1;
  const mapped = yield* mapping(vi, vi.visual ? "v" : "n", key);
  if (mapped) return;
  if (vi.visual && vi.passVisual > 0) vi.passVisual--;
  else if (vi.visual && (yield* visualKey(vi, key, it.count, it.register))) return;
  yield* normalKey(vi, key, it);
}

/** :map: reads further keys while they may be one; true when another command was put in their place. */
function* mapping(vi: Vi, mode: "n" | "v", key: string): Gen<boolean> {
  if (vi.maps.length === 0 || vi.unmapped > 0) {
    vi.unmapped = Math.max(0, vi.unmapped - 1);
    return false;
  }
  let typed = textOf([key]);
  const keys = [key];
  for (;;) {
    const full = vi.maps.find((one) => one.mode === mode && one.from === typed);
    if (full) {
      const into = keysOf(full.to);
      vi.unmapped = into.length;
      vi.feed(into);
      return true;
    }
    if (!vi.maps.some((one) => one.mode === mode && one.from.startsWith(typed))) break;
    const next = yield* vi.more();
    keys.push(next);
    typed += textOf([next]);
  }
  if (keys.length === 1) return false;
  vi.unmapped = keys.length;
  vi.feed(keys);
  return true;
}

function* normalKey(vi: Vi, key: string, it: Command): Gen<void> {
  const { text } = vi;
  const n = it.count ?? 1;
  switch (key) {
    case "i":
    case "insert":
    case "a":
    case "I":
    case "A":
      vi.change();
      if (key === "a" && text.line !== "") text.column = forward(text.line, text.column, 1);
      else if (key === "I") text.column = /^[ \t]*/.exec(text.line)![0].length;
      else if (key === "A") text.column = text.line.length;
      yield* insertMode(vi, { count: n });
      return done(vi, it);
    case "o":
    case "O":
      open(vi, key === "o");
      yield* insertMode(vi, { count: n, ownLine: true, indented: text.line !== "" });
      return done(vi, it);
    case "R":
      vi.change();
      yield* insertMode(vi, { count: n, replace: true });
      return done(vi, it);
    case "x":
    case "delete":
    case "s": {
      if (text.line === "") {
        if (key !== "s") return vi.beep();
      } else {
        const to = forward(text.line, text.column, n);
        remove(
          vi,
          { kind: "characters", from: vi.place, to: { row: text.row, column: to } },
          { register: it.register },
        );
      }
      if (key === "s") {
        vi.change();
        yield* insertMode(vi);
      }
      return done(vi, it);
    }
    case "X": {
      if (text.column === 0) return vi.beep();
      const from = Math.max(0, text.column - n);
      remove(
        vi,
        { kind: "characters", from: { row: text.row, column: from }, to: vi.place },
        { register: it.register },
      );
      return done(vi, it);
    }
    case "D":
    case "C": {
      const last = Math.min(text.lines.length - 1, text.row + n - 1);
      const area: Area = { kind: "characters", from: vi.place, to: { row: last, column: text.lines[last]!.length } };
      return yield* apply(vi, key === "C" ? "c" : "d", area, it, it.count);
    }
    case "S":
      emptyLines(vi, text.row, Math.min(text.lines.length - 1, text.row + n - 1), it.register);
      yield* insertMode(vi, { indented: text.line !== "" });
      return done(vi, it);
    case "Y":
      return yank(
        vi,
        { kind: "lines", first: text.row, last: Math.min(text.lines.length - 1, text.row + n - 1), at: vi.place },
        { register: it.register },
      );
    case "J": {
      if (text.row === text.lines.length - 1) return vi.beep();
      const last = text.row + Math.max(1, n - 1);
      join(vi, text.row, Math.min(text.lines.length - 1, last));
      return done(vi, it);
    }
    case "r": {
      const typed = yield* vi.more();
      const char = typed === "ctrl-v" ? textOf([yield* vi.more()]) : typed;
      if (char !== "enter" && char !== "tab" && [...char].length !== 1) return;
      let end = text.column;
      for (let i = 0; i < n; i++) {
        if (end >= text.line.length) return vi.beep();
        end = forward(text.line, end, 1);
      }
      vi.change();
      const from = vi.place;
      text.cut(from, { row: from.row, column: end });
      if (char === "enter") {
        const indent = blanks(vi, newIndent(vi, text.row));
        text.insert(`\n${indent}`);
        text.column = indent.length;
      } else {
        text.insert((char === "tab" ? "\t" : char).repeat(n));
        text.left();
      }
      return done(vi, it);
    }
    case "~": {
      if (text.line === "") return vi.beep();
      const from = vi.place;
      const to = forward(text.line, text.column, n);
      recast(vi, { kind: "characters", from, to: { row: from.row, column: to } }, CASES["~"]!);
      text.column = to;
      return done(vi, it);
    }
    case "p":
    case "P": {
      const register = vi.registers.get(it.register);
      if (register === undefined) {
        vi.say(`E353: Nothing in register ${it.register ?? '"'}`);
        return vi.beep();
      }
      put(vi, register, key === "p", n);
      return done(vi, it);
    }
    case "u":
    case "ctrl-r":
      vi.say(text.travel(key === "u", vi.now, n));
      return;
    case "U":
      if (!text.restoreLine(vi.now)) vi.beep();
      return;
    case ".":
      return again(vi, it.count);
    case "d":
    case "c":
    case "y":
    case ">":
    case "<":
    case "=":
    case "!":
      return yield* operator(vi, key, it);
    case "v":
    case "V":
    case "ctrl-v":
      vi.visual = { kind: key === "ctrl-v" ? "block" : key, row: text.row, column: text.column, toEnd: false };
      vi.message = "";
      return;
    case ":":
      return yield* commandPrompt(vi, it.count === undefined ? "" : n === 1 ? "." : `.,.+${n - 1}`);
    case "&":
      vi.say(":s");
      return yield* ex(vi, "s");
    case "Z": {
      const next = yield* vi.more();
      if (next === "Z") yield* ex(vi, "x");
      else if (next === "Q") yield* ex(vi, "q!");
      else vi.beep();
      return;
    }
    case "q":
      return yield* macro(vi);
    case "@":
      return yield* play(vi, yield* vi.more(), n);
    case "m": {
      const name = yield* vi.more();
      if (/^[a-zA-Z'`]$/.test(name)) text.marks.set(name === "`" ? "'" : name, vi.place);
      else vi.beep();
      return;
    }
    case "z": {
      const next = yield* vi.more();
      if (/^(enter|t|z|b|\.|-|\+)$/.test(next)) {
        if (it.count !== undefined) vi.goTo({ row: n - 1, column: text.column });
        return scrollTo(vi, next);
      }
      if (next === "f" || next === "d" || next === "o") yield* vi.more();
      return vi.beep();
    }
    case "g":
      return yield* afterG(vi, it);
    case "K":
      yield* runShell(
        vi,
        `man ${/^\w+/.exec(text.line.slice(text.line.slice(0, text.column).search(/\w*$/)))?.[0] ?? ""}`,
      );
      return;
    case "Q":
      return vi.beep();
    case "ctrl-a":
    case "ctrl-x":
      return addTo(vi, it, key === "ctrl-a" ? n : -n);
    case "ctrl-d":
    case "ctrl-u":
    case "ctrl-f":
    case "ctrl-b":
    case "ctrl-e":
    case "ctrl-y":
    case "pageup":
    case "pagedown":
      if (!scroll(vi, key, it.count)) vi.beep();
      return;
    case "ctrl-o":
    case "tab":
      return travelJumps(vi, key === "ctrl-o" ? -n : n);
    case "ctrl-l":
      vi.message = "";
      return vi.terminal.forget();
    case "ctrl-g":
      return yield* ex(vi, "f");
    case "ctrl-^":
      return yield* ex(vi, "b #");
    case "ctrl-z":
      return yield* suspend(vi);
    case "ctrl-c":
      vi.say(
        `Type  :qa${text.modified ? "!" : ""}  and press <Enter> to ${text.modified ? "abandon all changes and " : ""}exit Vim`,
      );
      return;
    case "ctrl-w": {
      let next = yield* vi.more();
      while (/^[0-9]$/.test(next)) {
        it.count = (it.count ?? 0) * 10 + Number(next);
        next = yield* vi.more();
      }
      return yield* windowKey(vi, next, it.count, (line) => ex(vi, line));
    }
    case "paste-begin":
      // A paste in Normal mode is inserted before the cursor.
      vi.feed(["i", "paste-begin"]);
      vi.endPaste = true;
      return;
    case "esc":
      if (it.count === undefined && it.register === undefined) vi.terminal.bell();
      return;
  }
  const moved = yield* motion(vi, key, it.count, "move");
  if (moved === undefined || moved === "unknown") return vi.beep();
  vi.goTo(moved);
  if (moved.wanted === Number.POSITIVE_INFINITY && vi.visual) text.column = text.line.length;
  if (moved.wanted !== Number.POSITIVE_INFINITY && vi.visual && moved.kind !== "lines") vi.visual.toEnd = false;
  vi.wanted = moved.wanted;
}

function* afterG(vi: Vi, it: Command): Gen<void> {
  const { text } = vi;
  const n = it.count ?? 1;
  const next = yield* vi.more();
  switch (next) {
    case "J": {
      if (text.row === text.lines.length - 1) return vi.beep();
      join(vi, text.row, Math.min(text.lines.length - 1, text.row + Math.max(1, n - 1)), false);
      return done(vi, it);
    }
    case "u":
    case "U":
    case "~":
    case "?":
      return yield* operator(vi, `g${next}`, it);
    case "v":
      if (vi.lastVisual) restore(vi, vi.lastVisual);
      else vi.beep();
      return;
    case "n":
    case "N": {
      const hit = matchAt(vi);
      if (hit === undefined) return vi.beep();
      vi.visual = { kind: "v", row: hit.row, column: hit.column, toEnd: false };
      vi.goTo({ row: hit.row, column: hit.to - 1 });
      vi.message = "";
      return;
    }
    case "i": {
      const at = text.marks.get("^");
      if (at) vi.goTo({ row: at.row, column: Math.min(at.column, text.lines[at.row]?.length ?? 0) });
      vi.change();
      yield* insertMode(vi, { count: n });
      return done(vi, it);
    }
    case "I":
      vi.change();
      text.column = 0;
      yield* insertMode(vi, { count: n });
      return done(vi, it);
    case "p":
    case "P": {
      const register = vi.registers.get(it.register);
      if (register) put(vi, register, next === "p", n, true);
      return done(vi, it);
    }
    case "a": {
      const char = String.fromCodePoint(text.line.codePointAt(text.column) ?? 0);
      const code = char.codePointAt(0)!;
      vi.say(
        text.line === ""
          ? "NUL"
          : `<${char}>  ${code},  Hex ${code.toString(16).padStart(2, "0")},  Octal ${code.toString(8).padStart(3, "0")}`,
      );
      return;
    }
    case "&":
      return yield* ex(vi, "%s//~/&");
    case "t":
    case "T":
      if (vi.tabs.length === 1) return vi.beep();
      return toTab(vi, next === "T" ? vi.tabAt - n : it.count === undefined ? vi.tabAt + 1 : n - 1);
    case "r":
      yield* vi.more();
      return;
    case "q":
      yield* vi.more();
      return;
    case "-":
    case "+":
      vi.say(text.travel(next === "-", vi.now));
      return;
    default: {
      vi.feed([next]);
      const moved = yield* motion(vi, "g", it.count, "move");
      if (moved === undefined || moved === "unknown") return vi.beep();
      vi.goTo(moved);
      vi.wanted = moved.wanted;
    }
  }
}

/** o and O: a new line, with the indentation that its neighbours ask for. */
function open(vi: Vi, below: boolean): void {
  const { text } = vi;
  vi.change();
  const indent = below || !yaml(vi) ? newIndent(vi, text.row) : newIndent(vi, text.row - 1);
  const comment = yaml(vi) ? (/^\s*(#+\s*)/.exec(text.line)?.[1] ?? "") : "";
  const lead = comment === "" ? blanks(vi, indent) : leading(text.line) + comment;
  text.splice(text.row + (below ? 1 : 0), 0, lead);
  if (below) text.row++;
  text.column = lead.length;
}

/** `.`: the last change again. */
function again(vi: Vi, count: number | undefined): void {
  const { repeat } = vi;
  if (repeat === undefined) {
    vi.beep();
    return;
  }
  if (repeat.area) selectAgain(vi, repeat.area);
  const n = count ?? repeat.count;
  if (count !== undefined) repeat.count = count;
  // "1p. goes through the numbered registers.
  let { register } = repeat;
  if (register && /^[1-8]$/.test(register)) repeat.register = register = String(Number(register) + 1);
  vi.feed([
    ...(register === undefined ? [] : ['"', register]),
    ...(n === undefined ? [] : [...String(n)]),
    ...repeat.keys,
  ]);
}

/** q: begins or ends the recording of a macro. */
function* macro(vi: Vi): Gen<void> {
  const { recording } = vi;
  if (recording) {
    vi.recording = undefined;
    vi.registers.set(recording.name, { text: textOf(recording.keys.slice(0, -1)), kind: "characters" });
    vi.message = "";
    return;
  }
  const name = yield* vi.more();
  if (!/^[a-zA-Z0-9"]$/.test(name)) return vi.beep();
  if (name === ":" || name === "/") return;
  vi.recording = { name, keys: [] };
  vi.message = "";
}

function* play(vi: Vi, named: string, n: number): Gen<void> {
  const name = named === "@" ? vi.lastMacro : named;
  if (name === ":") {
    if (vi.lastCommand === "") throw new ViError("E30: No previous command line");
    vi.lastMacro = ":";
    for (let i = 0; i < n; i++) yield* ex(vi, vi.lastCommand);
    return;
  }
  const register = vi.registers.get(name);
  if (register === undefined || name === "") {
    if (named === "@" && name === "") vi.say("E748: No previously used register");
    return vi.beep();
  }
  vi.lastMacro = name.toLowerCase();
  const keys = keysOf(register.text + (register.kind === "lines" ? "\n" : ""));
  for (let i = 0; i < Math.min(n, 1000); i++) vi.feed(keys);
}

function travelJumps(vi: Vi, by: number): void {
  const atEnd = vi.jumpAt === vi.jumps.length;
  vi.jumps = vi.jumps.filter((one, i) => !vi.jumps.slice(i + 1).some((later) => later.row === one.row));
  if (atEnd) vi.jumpAt = vi.jumps.length;
  if (by < 0 && atEnd && vi.jumps.length > 0) vi.jumps.push(vi.place);
  const at = vi.jumpAt + by;
  if (at < 0 || at >= vi.jumps.length) {
    vi.beep();
    return;
  }
  vi.jumpAt = Math.min(at, vi.jumps.length - 1);
  vi.goTo(vi.jumps[vi.jumpAt]!);
  vi.clamp();
}
