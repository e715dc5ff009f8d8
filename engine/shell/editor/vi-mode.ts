import type { Gen } from "../../kernel/index.ts";
import type { Editor, EditResult } from "./editor.ts";
import type { Key } from "./keys.ts";
import type { Line } from "./line.ts";
import { insertArgument } from "./recall.ts";

/** A command of Emacs mode that the key stands for. */
interface Other {
  name: string;
}

/** Readline's vi mode: what the keys of its command mode do, and what Insert mode leaves to Emacs' commands. */
export class ViMode {
  private readonly editor: Editor;
  /** In command mode. */
  commanding = false;
  private kept = "";
  private lastFind: [kind: string, char: string] | undefined;
  private marks = new Map<string, number>();
  private searched = "";
  private searchBack = true;
  /** Keys of the change under way, and of the last one. */
  private recorded: Key[] = [];
  private repeat: Key[] = [];
  private repeating = false;
  private replacing = false;

  constructor(editor: Editor) {
    this.editor = editor;
  }

  /** A new line: it is typed in Insert mode. */
  begin(): void {
    this.commanding = false;
    this.replacing = false;
    this.recorded = [];
    this.marks.clear();
  }

  /**
   * Does a key; "emacs" when it is left to the commands that both modes have, or which of them. What ends the line is a
   * result.
   */
  *press(key: Key): Gen<EditResult | Other | "emacs" | undefined> {
    if (!this.commanding) return yield* this.typed(key);
    return yield* this.command(key);
  }

  private *typed(key: Key): Gen<EditResult | Other | "emacs" | undefined> {
    const { line } = this.editor;
    if (!this.repeating) this.recorded.push(key);
    if (key.name === "escape") {
      this.commanding = true;
      this.replacing = false;
      if (line.cursor > 0) line.cursor--;
      if (!this.repeating && this.recorded.length > 1) this.repeat = this.recorded;
      this.recorded = [];
      this.repeating = false;
      // What was typed is no longer taken back.
      line.settle();
      return undefined;
    }
    if (key.name === "C-d" && line.chars.length > 0) return this.editor.accept();
    if (key.name === "C-n" || key.name === "C-p")
      return { name: `menu-complete${key.name === "C-p" ? "-backward" : ""}` };
    if (key.name === "char" && this.replacing && line.cursor < line.chars.length) {
      line.replace(line.cursor, line.cursor + 1, key.text);
      return undefined;
    }
    // What Emacs binds and vi does not is text.
    if (/^C-[abefgklopxz]$|^C-\]$/.test(key.name) && key.text !== "" && key.name !== "C-l") {
      line.insert(key.text);
      return undefined;
    }
    return "emacs";
  }

  private *next(): Gen<Key> {
    this.editor.redraw();
    const key = (yield* this.editor.keys.next()) ?? { name: "escape", text: "" };
    if (!this.repeating) this.recorded.push(key);
    return key;
  }

  private *command(first: Key): Gen<EditResult | "emacs" | undefined> {
    const { editor } = this;
    const { line } = editor;
    if (!this.repeating) this.recorded = [first];
    let key = first;
    let digits = "";
    while (/^[1-9]$/.test(key.text) || (digits !== "" && key.text === "0")) {
      digits += key.text;
      key = yield* this.next();
    }
    const n = digits === "" ? 1 : Math.min(Number(digits), 1000);
    const end = line.chars.length;
    const changed = () => {
      if (!this.repeating) this.repeat = this.recorded;
    };
    switch (key.name === "char" ? key.text : key.name) {
      case "i":
        this.commanding = false;
        return undefined;
      case "a":
        line.cursor = Math.min(end, line.cursor + 1);
        this.commanding = false;
        return undefined;
      case "I":
        line.cursor = 0;
        this.commanding = false;
        return undefined;
      case "A":
        line.cursor = end;
        this.commanding = false;
        return undefined;
      case "R":
        this.commanding = false;
        this.replacing = true;
        return undefined;
      case "x":
      case "delete":
      case "s": {
        if (line.cursor >= end && key.text !== "s") {
          editor.bell();
          return undefined;
        }
        this.kept = line.delete(line.cursor, Math.min(end, line.cursor + n));
        if (key.text === "s") this.commanding = false;
        else this.clamp();
        changed();
        return undefined;
      }
      case "X":
        this.kept = line.delete(Math.max(0, line.cursor - n), line.cursor);
        changed();
        return undefined;
      case "D":
      case "C":
        this.kept = line.delete(line.cursor, end);
        if (key.text === "C") this.commanding = false;
        else this.clamp();
        changed();
        return undefined;
      case "S":
        this.kept = line.delete(0, end);
        this.commanding = false;
        changed();
        return undefined;
      case "Y":
        this.kept = line.chars.slice(line.cursor).join("");
        return undefined;
      case "d":
      case "c":
      case "y":
        yield* this.operate(key.text, n, changed);
        return undefined;
      case "r": {
        const char = yield* this.next();
        if (char.name !== "char" || line.cursor >= end) return undefined;
        line.replace(line.cursor, Math.min(end, line.cursor + n), char.text.repeat(Math.min(n, end - line.cursor)));
        line.cursor--;
        changed();
        return undefined;
      }
      case "~": {
        const to = Math.min(end, line.cursor + n);
        const text = line.chars
          .slice(line.cursor, to)
          .map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase()));
        line.replace(line.cursor, to, text.join(""));
        this.clamp();
        changed();
        return undefined;
      }
      case "p":
      case "P":
        if (this.kept === "") return undefined;
        if (key.text === "p" && end > 0) line.cursor++;
        line.insert(this.kept.repeat(n));
        line.cursor--;
        changed();
        return undefined;
      case "u":
        for (let i = 0; i < n; i++) if (!line.undo()) editor.bell();
        this.clamp();
        return undefined;
      case "U":
        if (line.undo()) {
          line.revert();
          line.cursor = 0;
        } else editor.bell();
        return undefined;
      case "m": {
        const mark = yield* this.next();
        if (/^[a-z]$/.test(mark.text)) this.marks.set(mark.text, line.cursor);
        else editor.bell();
        return undefined;
      }
      case "_": {
        // Words are counted from 1 here.
        const put = insertAfter(editor, () => insertArgument(editor, editor.at - 1, digits === "" ? undefined : n - 1));
        this.commanding = !put;
        if (!put) this.clamp();
        return undefined;
      }
      case ".":
        if (this.repeat.length === 0) return undefined;
        this.repeating = true;
        editor.keys.unread([
          ...this.repeat,
          ...(this.repeat.at(-1)?.name === "escape" ? [] : [{ name: "repeated", text: "" }]),
        ]);
        return undefined;
      case "repeated":
        this.repeating = false;
        return undefined;
      case "k":
      case "-":
      case "up":
      case "C-p":
        editor.go(editor.at - n);
        line.cursor = 0;
        return undefined;
      case "j":
      case "+":
      case "down":
      case "C-n":
        editor.go(editor.at + n);
        line.cursor = 0;
        return undefined;
      case "G":
        editor.go(digits === "" ? 0 : n - 1);
        line.cursor = 0;
        return undefined;
      case "/":
      case "?":
        yield* this.ask(key.text === "/");
        return undefined;
      case "n":
      case "N":
        this.search(this.searchBack === (key.text === "n"));
        return undefined;
      case "#":
        line.cursor = 0;
        line.insert("#");
        return editor.accept();
      case "v":
        return yield* editor.editAndExecute();
      case "=":
        yield* editor.complete("list");
        return undefined;
      case "\\":
      case "*":
        line.cursor = Math.min(end, line.cursor + 1);
        this.commanding = false;
        yield* editor.complete(key.text === "*" ? "insert" : undefined);
        return undefined;
      case "escape":
        editor.bell();
        return undefined;
      case "C-d":
        return end > 0 ? editor.accept() : "emacs";
      case "enter":
      case "C-c":
      case "C-l":
      case "C-r":
      case "C-s":
        return "emacs";
      default: {
        const place = yield* this.motion(key, n);
        if (place === undefined) editor.bell();
        else line.cursor = place.at;
        this.clamp();
        return undefined;
      }
    }
  }

  /** In command mode the cursor stands on a character. */
  private clamp(): void {
    const { line } = this.editor;
    line.cursor = Math.max(0, Math.min(line.cursor, line.chars.length - 1));
  }

  private *operate(operator: string, before: number, changed: () => void): Gen<void> {
    const { line } = this.editor;
    let key = yield* this.next();
    let digits = "";
    while (/^[1-9]$/.test(key.text) || (digits !== "" && key.text === "0")) {
      digits += key.text;
      key = yield* this.next();
    }
    let from = line.cursor;
    let to: number;
    if (key.text === operator) {
      from = 0;
      to = line.chars.length;
    } else {
      // cw leaves the blanks behind the word.
      const word = operator === "c" && /^[wW]$/.test(key.text) && /\S/.test(line.chars[from] ?? " ");
      const place = yield* this.motion(
        word ? { name: "char", text: key.text === "w" ? "e" : "E" } : key,
        before * Number(digits || 1),
        true,
      );
      if (place === undefined) {
        this.editor.bell();
        return;
      }
      to = place.at + (place.inclusive ? 1 : 0);
      if (place.at < from) [from, to] = [place.at, from];
    }
    this.kept = line.chars.slice(from, to).join("");
    // The cursor stays where a copy was begun.
    if (operator === "y") return;
    line.delete(from, to);
    line.cursor = from;
    if (operator === "c") this.commanding = false;
    else this.clamp();
    changed();
  }

  private *motion(key: Key, n: number, operating = false): Gen<{ at: number; inclusive?: boolean } | undefined> {
    const { line } = this.editor;
    const { chars } = line;
    const here = line.cursor;
    const repeated = (step: (at: number) => number) => {
      let at = here;
      for (let i = 0; i < n; i++) at = step(at);
      return { at };
    };
    switch (key.name === "char" ? key.text : key.name) {
      case "h":
      case "left":
      case "backspace":
        return here === 0 ? undefined : { at: Math.max(0, here - n) };
      case "l":
      case "right":
      case " ":
        return here + 1 >= chars.length && !operating ? undefined : { at: Math.min(chars.length, here + n) };
      case "0":
      case "home":
        return { at: 0 };
      case "^":
        return {
          at: Math.max(
            0,
            chars.findIndex((c) => !/\s/.test(c)),
          ),
        };
      case "$":
      case "end":
        return { at: Math.max(0, chars.length - 1), inclusive: true };
      case "`": {
        const mark = yield* this.next();
        const at = this.marks.get(mark.text);
        return at === undefined || at > chars.length ? undefined : { at };
      }
      case "|":
        return { at: Math.min(n - 1, chars.length) };
      case "w":
      case "W":
        return repeated((at) => wordForward(line, at, key.text === "W"));
      case "b":
      case "B":
        return repeated((at) => wordBack(line, at, key.text === "B"));
      case "e":
      case "E":
        return { ...repeated((at) => wordEnd(line, at, key.text === "E")), inclusive: true };
      case "%": {
        const at = partner(chars, here);
        return at === undefined ? undefined : { at, inclusive: true };
      }
      case "f":
      case "F":
      case "t":
      case "T": {
        const char = yield* this.next();
        this.lastFind = [key.text, char.text];
        return this.find(key.text, char.text, n);
      }
      case ";":
      case ",": {
        if (this.lastFind === undefined) return undefined;
        const [kind, char] = this.lastFind;
        const turned = kind === kind.toLowerCase() ? kind.toUpperCase() : kind.toLowerCase();
        return this.find(key.text === ";" ? kind : turned, char, n);
      }
      default:
        return undefined;
    }
  }

  private find(kind: string, char: string, n: number): { at: number; inclusive?: boolean } | undefined {
    const { chars, cursor } = this.editor.line;
    let at = cursor;
    for (let i = 0; i < n; i++) {
      at = "ft".includes(kind) ? chars.indexOf(char, at + 1) : at === 0 ? -1 : chars.lastIndexOf(char, at - 1);
      if (at < 0) return undefined;
    }
    if (kind === "t") at--;
    if (kind === "T") at++;
    return { at, inclusive: "ft".includes(kind) };
  }

  /** / and ?: a text, and the line of the history that holds it. */
  private *ask(back: boolean): Gen<void> {
    const { editor } = this;
    const { screen, line } = editor;
    const { prompt } = screen;
    const [old, at] = [line.text, line.cursor];
    let text = "";
    for (;;) {
      editor.put(screen.relabel(back ? "/" : "?", text, [...text].length));
      const key = yield* editor.keys.next();
      if (key === undefined || key.name === "escape" || key.name === "C-c") text = "";
      if (key === undefined || key.name === "enter" || key.name === "escape" || key.name === "C-c") break;
      if (key.name === "backspace") text = [...text].slice(0, -1).join("");
      else if (key.name === "char") text += key.text;
    }
    editor.put(screen.relabel(prompt, old, at));
    if (text === "") return;
    this.searched = text;
    this.searchBack = back;
    this.search(back);
  }

  private search(back: boolean): void {
    const { editor } = this;
    const lines = editor.sh.history?.lines ?? [];
    const begins = this.searched.startsWith("^");
    const wanted = begins ? this.searched.slice(1) : this.searched;
    for (let i = editor.at + (back ? -1 : 1); i >= 0 && i < lines.length; i += back ? -1 : 1) {
      if (begins ? !lines[i]!.startsWith(wanted) : !lines[i]!.includes(wanted)) continue;
      editor.go(i);
      editor.line.cursor = 0;
      return;
    }
    editor.bell();
  }
}

/** Steps behind the cursor and puts a blank there, and then what `put` puts; false when that was nothing. */
function insertAfter({ line }: Editor, put: () => boolean): boolean {
  line.cursor = Math.min(line.chars.length, line.cursor + 1);
  line.insert(" ");
  return put();
}

function kindOf(char: string | undefined, big: boolean): "blank" | "word" | "mark" {
  if (char === undefined || /\s/.test(char)) return "blank";
  return big || /[\p{L}\p{N}_]/u.test(char) ? "word" : "mark";
}

function wordForward({ chars }: Line, from: number, big: boolean): number {
  let at = from;
  const kind = kindOf(chars[at], big);
  if (kind !== "blank") while (at < chars.length && kindOf(chars[at], big) === kind) at++;
  while (at < chars.length && kindOf(chars[at], big) === "blank") at++;
  return at;
}

function wordBack({ chars }: Line, from: number, big: boolean): number {
  let at = from;
  while (at > 0 && kindOf(chars[at - 1], big) === "blank") at--;
  const kind = kindOf(chars[at - 1], big);
  while (at > 0 && kindOf(chars[at - 1], big) === kind) at--;
  return at;
}

function wordEnd({ chars }: Line, from: number, big: boolean): number {
  let at = from + 1;
  while (at < chars.length && kindOf(chars[at], big) === "blank") at++;
  const kind = kindOf(chars[at], big);
  while (at + 1 < chars.length && kindOf(chars[at + 1], big) === kind) at++;
  return Math.min(at, Math.max(0, chars.length - 1));
}

function partner(chars: readonly string[], from: number): number | undefined {
  const pairs = "()[]{}";
  let at = from;
  while (at < chars.length && !pairs.includes(chars[at]!)) at++;
  const char = chars[at];
  if (char === undefined) return undefined;
  const place = pairs.indexOf(char);
  const other = pairs[place ^ 1];
  const step = place % 2 === 0 ? 1 : -1;
  for (let depth = 0; at >= 0 && at < chars.length; at += step) {
    if (chars[at] === char) depth++;
    else if (chars[at] === other && --depth === 0) return at;
  }
  return undefined;
}
