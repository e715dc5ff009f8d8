/** Insert and Replace mode. */
import type { Gen } from "../../../../kernel/index.ts";
import { charBefore } from "../buffer.ts";
import { blanks, indentOf, leading, newIndent, yaml } from "./indent.ts";
import { fillBlock, mappedKey, retype } from "./insert-extras.ts";
import { columnOf } from "./shown.ts";
import { keysOf, textOf, type Vi } from "./state.ts";
import type { Place } from "./text.ts";
import { wordBackward } from "./words.ts";

/** How a command enters Insert mode. */
export interface Entry {
  count?: number;
  replace?: boolean;
  /** Each further count goes on a line of its own (o, O). */
  ownLine?: boolean;
  /** The blanks were put by autoindent: they go when nothing is typed. */
  indented?: boolean;
  /** The text goes into these lines of a block too: from a column, or behind their ends. */
  block?: { first: number; last: number; column: number; atEnd: boolean; toEnd: boolean };
}

interface Session {
  vi: Vi;
  /** Keys of the text as it will be repeated by a count. */
  typed: string[];
  start: Place;
  /** What Replace mode has written over, for Backspace. */
  replaced: (string | undefined)[];
  indented: boolean;
  lastIndent: string | undefined;
  words: { list: string[]; at: number; from: number } | undefined;
}

/** Insert mode until Escape. The text was changed before; `vi.recorded` holds the command's keys. */
export function* insertMode(vi: Vi, entry: Entry = {}): Gen<void> {
  const { text } = vi;
  vi.mode = entry.replace ? "replace" : "insert";
  vi.message = "";
  vi.pending = "";
  vi.wanted = undefined;
  const session: Session = {
    vi,
    typed: [],
    start: vi.place,
    replaced: [],
    indented: entry.indented ?? false,
    lastIndent: undefined,
    words: undefined,
  };
  let count = entry.count ?? 1;
  for (;;) {
    let key = yield* vi.key();
    if (key === undefined) {
      vi.status = 1;
      return;
    }
    if (vi.maps.length > 0) {
      key = yield* mappedKey(vi, key);
      if (key === undefined) continue;
    }
    if (key === "esc" || key === "ctrl-c" || key === "ctrl-[") {
      if (key === "ctrl-c") count = 1;
      break;
    }
    if (!(yield* typedKey(session, key))) count = 1;
    if (vi.status !== undefined) return;
  }
  expandAbbreviation(session);
  if (session.typed.length > 0) vi.lastInserted = textOf(session.typed);
  const typed = [...session.typed];
  for (let n = 1; n < Math.min(count, 10_000); n++) {
    if (entry.ownLine) newLine(session);
    for (const key of typed) plainKey(session, key);
  }
  dropIndent(session);
  if (entry.block) fillBlock(vi, entry.block, session.start, typed);
  text.marks.set("^", vi.place);
  text.marks.set(".", { ...session.start });
  vi.mode = "normal";
  text.left();
  vi.message = vi.recording ? "" : vi.message;
}

/** Does a key; false when it breaks what a count would repeat. */
function* typedKey(session: Session, key: string): Gen<boolean> {
  const { vi } = session;
  const { text } = vi;
  if (key !== "ctrl-n" && key !== "ctrl-p") session.words = undefined;
  switch (key) {
    case "up":
    case "down": {
      const wanted = vi.curswant;
      const row = text.row + (key === "up" ? -1 : 1);
      if (row < 0 || row >= text.lines.length) return true;
      moved(session, () => vi.goTo({ row, column: vi.indexFor(row, wanted) }));
      vi.wanted = wanted;
      return false;
    }
    case "left":
      moved(session, () => text.left());
      return false;
    case "right":
      moved(session, () => text.right());
      return false;
    case "home":
      moved(session, () => {
        text.column = 0;
      });
      return false;
    case "end":
      moved(session, () => {
        text.column = text.line.length;
      });
      return false;
    case "pageup":
    case "pagedown": {
      const by = (vi.pane.height - 2) * (key === "pageup" ? -1 : 1);
      const row = Math.max(0, Math.min(text.lines.length - 1, text.row + by));
      moved(session, () => vi.goTo({ row, column: vi.indexFor(row, vi.curswant) }));
      return false;
    }
    case "insert":
      vi.mode = vi.mode === "insert" ? "replace" : "insert";
      return true;
    case "ctrl-o": {
      const at = vi.place;
      vi.mode = "normal";
      const end = text.column >= text.line.length && text.line !== "";
      vi.message = "-- (insert) --";
      yield* vi.oneCommand!(vi);
      vi.message = "";
      vi.mode = "insert";
      if (vi.wanted === Number.POSITIVE_INFINITY) text.column = text.line.length;
      else if (end && text.row === at.row && text.column === text.line.length - 1 && at.column === text.line.length)
        text.column++;
      session.start = vi.place;
      session.typed = [];
      return false;
    }
    case "ctrl-r": {
      let name = yield* vi.more();
      vi.pending = "";
      if (name === "ctrl-r" || name === "ctrl-o" || name === "ctrl-p") name = yield* vi.more();
      vi.pending = "";
      const register = vi.registers.get(name);
      if (register === undefined) return true;
      vi.change();
      for (const one of keysOf(register.text + (register.kind === "lines" ? "\n" : "")))
        plain(session, one === "enter" ? "\n" : one === "tab" ? "\t" : one);
      return true;
    }
    case "ctrl-v":
    case "ctrl-q": {
      const next = yield* vi.more();
      vi.pending = "";
      vi.change();
      let literal = textOf([next]);
      if (/^\d$/.test(next)) {
        let digits = next;
        while (digits.length < 3) {
          const more = yield* vi.key();
          if (more === undefined || !/^\d$/.test(more)) {
            if (more !== undefined) vi.feed([more]);
            break;
          }
          digits += more;
        }
        literal = String.fromCharCode(Number(digits) & 255);
      } else if (next === "u") {
        let digits = "";
        while (digits.length < 4) {
          const more = yield* vi.key();
          if (more === undefined || !/^[0-9a-fA-F]$/.test(more)) {
            if (more !== undefined) vi.feed([more]);
            break;
          }
          digits += more;
        }
        literal = String.fromCodePoint(Number.parseInt(digits || "75", 16));
      }
      text.insert(literal);
      session.typed.push(literal);
      return true;
    }
    case "paste-begin": {
      let pasted = "";
      for (;;) {
        const next = yield* vi.key();
        if (next === undefined || next === "paste-end") break;
        pasted += next === "enter" ? "\n" : textOf([next]);
      }
      vi.change();
      text.insert(pasted);
      if (vi.endPaste) vi.feed(["esc"]);
      vi.endPaste = false;
      return true;
    }
    case "ctrl-n":
    case "ctrl-p":
      vi.change();
      completeWord(session, key === "ctrl-n");
      return true;
    case "ctrl-@":
      for (const one of keysOf(vi.lastInserted)) plainKey(session, one);
      vi.feed(["esc"]);
      return true;
    case "ctrl-a":
      for (const one of keysOf(vi.lastInserted)) plainKey(session, one);
      return true;
    default:
      plainKey(session, key);
      return true;
  }
}

/** A cursor key: what follows is another change. */
function moved(session: Session, move: () => void): void {
  const { vi } = session;
  dropIndent(session);
  move();
  vi.text.commandBegins();
  vi.wanted = undefined;
  session.start = vi.place;
  session.typed = [];
  // `.` repeats only what is typed from here on.
  vi.recorded = ["i"];
  vi.movedInInsert = true;
}

/** Keys that change the text in a way that a count and `.` can repeat. */
function plainKey(session: Session, key: string): void {
  const { vi, typed } = session;
  const { text } = vi;
  vi.wanted = undefined;
  switch (key) {
    case "backspace":
    case "ctrl-h":
      vi.change();
      backspace(session);
      break;
    case "ctrl-w":
      vi.change();
      deleteWord(session);
      break;
    case "ctrl-u": {
      vi.change();
      if (text.column === 0) {
        backspace(session);
        break;
      }
      const inserted = text.row === session.start.row && session.start.column < text.column;
      const indent = leading(text.line).length;
      const to = inserted ? session.start.column : text.column > indent && vi.options.on("autoindent") ? indent : 0;
      cutBack(session, to);
      break;
    }
    case "delete":
      vi.change();
      text.deleteChar();
      break;
    case "enter":
    case "ctrl-j":
    case "ctrl-m":
      vi.change();
      expandAbbreviation(session);
      newLine(session);
      break;
    case "tab":
    case "ctrl-i":
      vi.change();
      plain(session, "\t");
      break;
    case "ctrl-t":
    case "ctrl-d": {
      vi.change();
      const { line } = text;
      const shift = vi.options.shift;
      const now = indentOf(vi, line);
      const next =
        key === "ctrl-t" ? (Math.floor(now / shift) + 1) * shift : Math.max(0, (Math.ceil(now / shift) - 1) * shift);
      const lead = leading(line);
      const fresh = blanks(vi, next);
      text.line = fresh + line.slice(lead.length);
      text.column = Math.max(0, text.column + fresh.length - lead.length);
      break;
    }
    case "ctrl-e":
    case "ctrl-y": {
      const other = text.lines[text.row + (key === "ctrl-e" ? 1 : -1)];
      const at =
        other === undefined
          ? -1
          : vi.indexFor(text.row + (key === "ctrl-e" ? 1 : -1), columnOf(text.line, text.column, vi.look));
      const char = other?.slice(at, at + ((other.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)) ?? "";
      if (char === "") {
        vi.beep();
        return;
      }
      vi.change();
      plain(session, char);
      break;
    }
    default:
      if ([...key].length !== 1) return;
      vi.change();
      if (!/[\w]/.test(key)) expandAbbreviation(session);
      plain(session, key);
      if (yaml(vi)) retype(vi, key);
  }
  typed.push(key);
}

/** One character, or a newline of a register. */
function plain(session: Session, char: string): void {
  const { vi } = session;
  const { text } = vi;
  if (char === "\n") {
    newLine(session);
    return;
  }
  session.indented = false;
  if (char === "\t" && (vi.options.on("expandtab") || vi.options.number("softtabstop") > 0)) {
    const tabs = vi.options.number("tabstop");
    const soft = vi.options.number("softtabstop") < 0 ? vi.options.shift : vi.options.number("softtabstop") || tabs;
    const column = columnOf(text.line, text.column, vi.look);
    const width = soft - (column % soft);
    if (vi.options.on("expandtab")) text.insert(" ".repeat(width));
    else {
      // Blanks before it become tabs where they can.
      const before = text.line.slice(0, text.column);
      const kept = before.replace(/ +$/, "");
      const from = columnOf(kept, kept.length, vi.look);
      const goal = column + width;
      let fill = "";
      let at = from;
      while (Math.floor(at / tabs) * tabs + tabs <= goal) {
        fill += "\t";
        at = Math.floor(at / tabs) * tabs + tabs;
      }
      fill += " ".repeat(goal - at);
      text.line = kept + fill + text.line.slice(text.column);
      text.column = kept.length + fill.length;
    }
    return;
  }
  if (vi.mode === "replace") {
    if (text.column < text.line.length) {
      session.replaced.push(String.fromCodePoint(text.line.codePointAt(text.column)!));
      text.deleteChar();
    } else session.replaced.push(undefined);
  }
  text.insert(char);
}

function newLine(session: Session): void {
  const { vi } = session;
  const { text } = vi;
  const blank = session.indented && /^[ \t]*$/.test(text.line);
  const indent = blank && !yaml(vi) ? (session.lastIndent ?? leading(text.line)) : blanks(vi, newIndent(vi, text.row));
  const rest = text.line.slice(text.column);
  // A comment goes on.
  const leader = yaml(vi) ? /^[ \t]*(#+[ \t]*)\S/.exec(text.line.slice(0, text.column))?.[1] : undefined;
  dropIndent(session);
  const trimmed = indent === "" && !vi.options.on("autoindent") ? rest : rest.replace(/^[ \t]+/, "");
  if (vi.mode === "replace") session.replaced.push("\n");
  const keep = vi.options.on("autoindent") && !vi.options.on("paste");
  text.line = keep ? text.line.slice(0, text.column).replace(/[ \t]+$/, "") : text.line.slice(0, text.column);
  const begun = leader === undefined ? indent : leading(text.line) + leader;
  text.splice(text.row + 1, 0, begun + trimmed);
  text.row++;
  text.column = begun.length;
  // An empty line keeps its indentation in mind for the next one.
  session.indented = indent !== "" && trimmed === "";
  session.lastIndent = indent;
}

/** Blanks that autoindent put go when nothing was typed behind them. */
function dropIndent(session: Session): void {
  const { text } = session.vi;
  if (session.indented && /^[ \t]+$/.test(text.line)) {
    text.line = "";
    text.column = 0;
  }
  session.indented = false;
}

function backspace(session: Session): void {
  const { vi } = session;
  const { text } = vi;
  if (vi.mode === "replace") {
    if (session.replaced.length === 0) {
      text.left();
      return;
    }
    const was = session.replaced.pop();
    text.backspace();
    if (was !== undefined && was !== "\n") {
      text.insert(was);
      text.column -= was.length;
    }
    return;
  }
  if (text.column === 0) {
    if (text.row === 0) {
      vi.beep();
      return;
    }
    text.backspace();
    return;
  }
  const soft = vi.options.number("softtabstop") < 0 ? vi.options.shift : vi.options.number("softtabstop");
  if (soft > 0 && text.line[text.column - 1] === " " && !vi.options.on("paste")) {
    const column = columnOf(text.line, text.column, vi.look);
    const goal = Math.floor((column - 1) / soft) * soft;
    let to = text.column;
    while (to > 0 && text.line[to - 1] === " " && columnOf(text.line, to, vi.look) > goal) to--;
    cutBack(session, to);
    return;
  }
  cutBack(session, text.column - charBefore(text.line, text.column));
}

function cutBack(session: Session, to: number): void {
  const { text } = session.vi;
  text.cut({ row: text.row, column: to }, { row: text.row, column: text.column });
  if (session.start.row === text.row && session.start.column > text.column)
    session.start = { row: text.row, column: text.column };
}

function deleteWord(session: Session): void {
  const { vi } = session;
  const { text } = vi;
  if (text.column === 0) {
    backspace(session);
    return;
  }
  const before = wordBackward(text.lines, vi.place, false) ?? { row: text.row, column: 0 };
  let to = before.row === text.row ? before.column : 0;
  // It stops where inserting began.
  if (session.start.row === text.row && session.start.column < text.column) to = Math.max(to, session.start.column);
  cutBack(session, to);
}

function completeWord(session: Session, forward: boolean): void {
  const { vi } = session;
  const { text } = vi;
  if (session.words === undefined) {
    const from = text.line.slice(0, text.column).search(/[\w\u00c0-\uffff]*$/);
    const base = text.line.slice(from, text.column);
    const all: string[] = [];
    const rows = text.lines.map((_, i) => (text.row + i) % text.lines.length);
    for (const row of rows) {
      const line = row === text.row ? text.line.slice(text.column) : text.lines[row]!;
      for (const [word] of line.matchAll(/[\w\u00c0-\uffff]+/g))
        if (word.startsWith(base) && word !== base) all.push(word);
    }
    for (const [word] of text.line.slice(0, from).matchAll(/[\w\u00c0-\uffff]+/g))
      if (word.startsWith(base) && word !== base) all.push(word);
    session.words = {
      list: [...new Set(all), base],
      at: forward ? -1 : all.length === 0 ? 0 : new Set(all).size,
      from,
    };
    if (all.length === 0) {
      vi.beep();
      return;
    }
  }
  const { words } = session;
  const size = words.list.length;
  words.at = (words.at + (forward ? 1 : -1) + size) % size;
  text.cut({ row: text.row, column: words.from }, { row: text.row, column: text.column });
  text.insert(words.list[words.at]!);
}

function expandAbbreviation(session: Session): void {
  const { vi } = session;
  if (vi.abbreviations.size === 0 || vi.options.on("paste")) return;
  const { text } = vi;
  const before = text.line.slice(0, text.column);
  const word = /\S+$/.exec(before)?.[0];
  const full = word === undefined ? undefined : vi.abbreviations.get(word);
  if (full === undefined || session.typed.length === 0) return;
  text.cut({ row: text.row, column: text.column - word!.length }, { row: text.row, column: text.column });
  text.insert(full);
}
