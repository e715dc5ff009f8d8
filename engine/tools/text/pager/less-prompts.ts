/** What less asks at the bottom of the screen: patterns, options, files and commands of the shell. */
import type { Gen } from "../../../kernel/index.ts";
import * as sys from "../../../machine/sys.ts";
import { runEditor } from "../../system/edit.ts";
import { filter } from "../editor/filter.ts";
import type { Terminal } from "../screen/terminal.ts";
import { FIXED, letterOf, SWITCHES, VALUES } from "./less-options.ts";
import { View } from "./view.ts";

/** Keys before a pattern, and what less calls them. */
const MODIFIERS: Record<string, string> = {
  "!": "Non-match",
  "ctrl-n": "Non-match",
  "*": "EOF-ignore",
  "ctrl-e": "EOF-ignore",
  "@": "First-file",
  "ctrl-f": "First-file",
  "ctrl-k": "Keep-pos",
  "ctrl-r": "Regex-off",
  "ctrl-w": "Wrap",
};

/** A text as a pattern that matches nothing else. */
function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const CLOSING: Record<string, string> = { "{": "}", "(": ")", "[": "]" };
const OPENING: Record<string, string> = { "}": "{", ")": "(", "]": "[" };

/** less(1): what is asked for, and what comes of it. */
export abstract class Prompts extends View {
  protected remember(): void {
    this.marks.set("'", this.top);
  }

  protected readonly patterns: string[] = [];

  /** A pattern, and what keys before it make of the search. */
  protected *askPattern(terminal: Terminal, kind: string): Gen<{ text: string; how: ReadonlySet<string> } | undefined> {
    const how = new Set<string>();
    const label = () => {
      const order = ["Non-match", "EOF-ignore", "First-file", "Keep-pos", "Regex-off", "Wrap"];
      const words = order.filter((word) => how.has(word));
      return words.map((word) => `${word} `).join("") + kind;
    };
    const prefix = (key: string) => {
      const word = MODIFIERS[key];
      if (word === undefined || (kind === "&/" && !/^(Non-match|Regex-off)$/.test(word))) return false;
      if (how.has(word)) how.delete(word);
      else how.add(word);
      return true;
    };
    const text = yield* this.ask(terminal, label, prefix);
    return text === undefined ? undefined : { text, how };
  }

  /** A line typed at the bottom; undefined when it was given up. `prefix` takes keys typed before all others. */
  protected *ask(
    terminal: Terminal,
    label: string | (() => string),
    prefix: (key: string) => boolean = () => false,
  ): Gen<string | undefined> {
    let chars: string[] = [];
    let at = 0;
    let back = this.patterns.length;
    for (;;) {
      const shown = (typeof label === "string" ? label : label()) + chars.join("");
      this.draw(terminal, shown);
      const key = yield* terminal.key();
      if (key === undefined || key === "ctrl-c" || key === "ctrl-g") return undefined;
      if (chars.length === 0 && prefix(key)) continue;
      if (key === "enter") return chars.join("");
      if (key === "backspace") {
        if (chars.length === 0) return undefined;
        if (at > 0) chars.splice(--at, 1);
      } else if (key === "ctrl-u") {
        chars = [];
        at = 0;
      } else if (key === "left") at = Math.max(0, at - 1);
      else if (key === "right") at = Math.min(chars.length, at + 1);
      else if (key === "up" || key === "down") {
        back = Math.max(0, Math.min(this.patterns.length, back + (key === "up" ? -1 : 1)));
        chars = [...(this.patterns[back] ?? "")];
        at = chars.length;
      } else if ([...key].length === 1) chars.splice(at++, 0, key);
    }
  }

  protected *pattern(terminal: Terminal, kind: string, times: number): Gen<void> {
    const typed = yield* this.askPattern(terminal, kind);
    if (typed === undefined) return;
    const { text, how } = typed;
    let keepTop = false;
    if (text === "") {
      if (this.regex === undefined) {
        this.say("No previous regular expression");
        return;
      }
      keepTop = true;
    } else {
      const regex = this.compile(how.has("Regex-off") ? escaped(text) : text);
      if (regex === undefined) return;
      this.regex = regex;
      this.inverted = how.has("Non-match");
      this.patterns.push(text);
      this.on["noMarks"] = false;
      if (how.has("First-file")) {
        yield* this.show(terminal, 0);
        yield* this.search(terminal, 0, false, times);
        return;
      }
    }
    this.remember();
    this.backwards = kind === "?";
    const last = this.rowsFrom(this.top, this.skip, terminal.rows - 1, terminal.columns).at(-1)?.line ?? 0;
    const from = keepTop ? this.top + (this.backwards ? -1 : 1) : this.backwards ? last : this.top;
    yield* this.search(terminal, from, this.backwards, times);
  }

  protected *filterLines(terminal: Terminal): Gen<void> {
    const typed = yield* this.askPattern(terminal, "&/");
    if (typed === undefined) return;
    const { text, how } = typed;
    yield* this.fill(Number.POSITIVE_INFINITY);
    const regex = text === "" ? undefined : this.compile(how.has("Regex-off") ? escaped(text) : text);
    if (text !== "" && regex === undefined) return;
    this.setFilter(regex, how.has("Non-match"));
  }

  /** - and _: switches an option, or tells how it stands. */
  protected *option(terminal: Terminal, how: string): Gen<void> {
    this.draw(terminal, how);
    let letter = (yield* terminal.key()) ?? "esc";
    if (letter === how) {
      const name = yield* this.ask(terminal, how + how);
      if (name === undefined || name === "") return;
      const found = letterOf(name);
      if (found === undefined) {
        this.say(`There is no ${how}${how}${name} option`);
        return;
      }
      letter = found;
    }
    if (/^(backspace|esc|enter)$/.test(letter)) return;
    const fixed = FIXED[letter];
    if (fixed !== undefined) this.say(`Cannot change the -${letter} (--${fixed}) option`);
    else if (letter === "o" || letter === "O") this.say("Input is not a pipe");
    else if (letter === "?") this.say('Use "h" for help');
    else if (VALUES[letter]) yield* this.valued(terminal, how, letter);
    else if (!SWITCHES[letter]) this.say(`There is no -${letter} option ("less --help" for help)`);
    else if (how === "_") this.say(this.levels.said(letter));
    else {
      const level = this.levels.next(letter);
      this.say(this.levels.said(letter, level));
      // The text is shown anew when the message was read.
      this.draw(terminal);
      this.levels.set(letter, level);
      this.obey();
      if (letter === "S") this.skip = 0;
      const key = yield* this.key(terminal);
      this.message = "";
      if (key !== "enter" && key !== " ") this.queued = key;
    }
  }

  /** An option with a value. */
  protected *valued(terminal: Terminal, how: string, letter: string): Gen<void> {
    const { asked, said, number } = VALUES[letter]!;
    if (how === "-") {
      const value = yield* this.ask(terminal, asked);
      if (value === undefined || value === "") return;
      if (number && !/^-?\d+$/.test(value)) {
        this.say("Number is required");
        return;
      }
      this.values.set(letter, value);
      if (said) this.say(said(value));
      return;
    }
    const now = this.values.get(letter);
    if (letter === "x") this.say(`Tab stops every ${now ?? 8} spaces`);
    else if (letter === "j") this.say(`Position target at screen line ${now ?? 1}`);
    else if (said)
      this.say(
        said(now ?? (letter === "b" ? "64" : letter === "z" ? String(terminal.rows - 1) : letter === "#" ? "0" : "-1")),
      );
  }

  /** { and its kin: to the line with the bracket that closes the one in the top line, or opens that of the last. */
  protected *bracket(terminal: Terminal, key: string, times: number): Gen<void> {
    const forward = CLOSING[key] !== undefined;
    const rows = this.rowsFrom(this.top, this.skip, terminal.rows - 1, terminal.columns);
    let at = forward ? this.top : (rows.at(-1)?.line ?? this.top);
    const places = [...(this.lines[at] ?? "")].flatMap((char, i) => (char === key ? [i] : []));
    let column = (forward ? places[times - 1] : places.at(-times)) ?? -1;
    if (column < 0) {
      this.say(`No bracket in ${forward ? "top" : "bottom"} line`);
      return;
    }
    const other = (forward ? CLOSING : OPENING)[key]!;
    yield* this.fill(Number.POSITIVE_INFINITY);
    let depth = 0;
    for (; at >= 0 && at < this.lines.length; at += forward ? 1 : -1) {
      const line = this.lines[at]!;
      if (column < 0) column = forward ? 0 : line.length - 1;
      for (; column >= 0 && column < line.length; column += forward ? 1 : -1) {
        if (line[column] === key) depth++;
        else if (line[column] === other && --depth === 0) {
          this.top = at;
          this.skip = 0;
          this.above = undefined;
          if (forward) yield* this.move(terminal, -(terminal.rows - 2));
          return;
        }
      }
      column = -1;
    }
    this.say("No matching bracket");
  }

  /** :e: another file, or the same one anew. */
  protected *examine(terminal: Terminal): Gen<void> {
    const name = yield* this.ask(terminal, "Examine: ");
    if (name === undefined || name.trim() === "") return;
    const path = name.trim();
    if (sys.find(this.t.p, path) === undefined) {
      this.say(`${path}: No such file or directory`);
      return;
    }
    const known = this.files.indexOf(path);
    if (known === this.at) return;
    if (known < 0) this.files.splice(this.at + 1, 0, path);
    yield* this.show(terminal, known < 0 ? this.at + 1 : known);
  }

  /** |: what lies between the top of the screen and a mark, to a command of the shell. */
  protected *pipe(terminal: Terminal): Gen<void> {
    this.draw(terminal, "|mark: ");
    const name = (yield* terminal.key()) ?? "esc";
    if (name === "esc" || name === "ctrl-c") return;
    yield* this.fill(Number.POSITIVE_INFINITY);
    const last = this.rowsFrom(this.top, this.skip, terminal.rows - 1, terminal.columns).at(-1)?.line ?? this.top;
    const at =
      name === "^"
        ? 0
        : name === "$"
          ? this.lines.length - 1
          : name === "." || name === "enter"
            ? this.top
            : this.marks.get(name);
    if (at === undefined) {
      this.say(/^[a-zA-Z]$/.test(name) ? "Mark not set" : `Invalid mark letter ${name}`);
      return;
    }
    const command = yield* this.ask(terminal, "!");
    if (command === undefined) return;
    const part = at < this.top ? this.lines.slice(at, this.top) : this.lines.slice(this.top, Math.max(last, at) + 1);
    const input = part.map((line) => `${line}\n`).join("");
    terminal.release();
    const { text } = yield* filter(this.t.p, command, input);
    yield* sys.print(this.t.p, `${text}|done  (press RETURN)`);
    terminal.raw();
    yield* terminal.key();
    terminal.take();
  }

  /** Another of the files. */
  protected *show(terminal: Terminal, at: number): Gen<void> {
    const failed = yield* this.open(at);
    if (failed !== undefined) this.say(failed);
    this.above = undefined;
    yield* this.fill(terminal.rows);
  }

  /** v: the file in an editor. */
  protected *edit(terminal: Terminal): Gen<void> {
    const path = this.files[this.at];
    if (path === undefined) {
      this.say("Cannot edit standard input");
      return;
    }
    const rows = this.rowsFrom(this.top, this.skip, terminal.rows - 1, terminal.columns);
    const line = this.numbers[rows[Math.max(0, Math.floor((terminal.rows - 1) / 2) - 1)]?.line ?? this.top] ?? 1;
    terminal.release();
    yield* runEditor(this.t.p, path, ["VISUAL", "EDITOR"], line > 1 ? [`+${line}`] : []);
    terminal.take();
    const { top } = this;
    yield* this.open(this.at);
    yield* this.fill(top + terminal.rows);
    this.top = Math.min(top, Math.max(0, this.lines.length - 1));
    this.above = undefined;
  }

  protected *shell(terminal: Terminal, label: string): Gen<void> {
    const command = yield* this.ask(terminal, label);
    if (command === undefined) return;
    const { p } = this.t;
    const shell = ["/bin/bash", "/bin/sh", "/usr/bin/bash"].find((path) => sys.find(p, path)?.kind === "file");
    terminal.release();
    if (shell) {
      const child = yield* sys.spawn(p, shell, { argv: ["sh", "-c", command] });
      yield* sys.waitFor(p, child);
    }
    yield* sys.print(p, "!done  (press RETURN)");
    terminal.raw();
    yield* terminal.key();
    terminal.take();
  }
}
