import type { Gen } from "../../../kernel/index.ts";
import * as sys from "../../../machine/sys.ts";
import { runEditor } from "../../system/edit.ts";
import { type Terminal, textWidth } from "../screen/terminal.ts";
import { HELP } from "./help.ts";
import { View } from "./view.ts";

/** What less says when an option is switched: off, on. */
const SWITCHES: Record<string, [flag: string, off: string, on: string]> = {
  N: ["numbers", "Don't use line numbers", "Constantly display line numbers"],
  S: ["chop", "Fold long lines", "Chop long lines"],
  i: ["fold", "Case is significant in searches", "Ignore case in searches"],
  I: ["foldAll", "Case is significant in searches", "Ignore case in searches and in patterns"],
  R: ["raw", "Display control characters as ^X", "Display ANSI sequences directly, other control characters as ^X"],
  F: ["quitIfShort", "Don't quit if end-of-file on first screen", "Quit if end-of-file on first screen"],
  e: ["quitAtEnd", "Don't quit at end-of-file", "Quit at end-of-file"],
  m: ["medium", "Short prompt", "Medium prompt"],
  M: ["long", "Short prompt", "Long prompt"],
  X: ["noInit", "Send init strings to terminal", "Don't use termcap init/deinit strings"],
  "~": ["noTildes", "Show tildes after end of file", "Don't show tildes after end of file"],
  G: ["noMarks", "Highlight matches for previous search pattern", "Don't use highlighting for searches"],
};

/** less(1): what its keys do. */
export class Less extends View {
  private readonly patterns: string[] = [];

  protected *act(terminal: Terminal, key: string): Gen<boolean> {
    const page = terminal.rows - 1;
    let digits = "";
    let command = key;
    while (/^[\d.]$/.test(command)) {
      digits += command;
      this.draw(terminal, `:${digits}`);
      command = (yield* this.key(terminal)) ?? "q";
      if (command === "backspace") {
        digits = digits.slice(0, -1);
        if (digits === "") return true;
        command = digits.at(-1)!;
        digits = digits.slice(0, -1);
      }
    }
    const n = digits === "" ? undefined : Number(digits);
    const before = this.top * 1e6 + this.skip;
    this.reached = this.atEnd(terminal);
    switch (command) {
      case "q":
      case "Q":
        return false;
      case "ctrl-c":
        return true;
      case " ":
      case "f":
      case "z":
      case "ctrl-f":
      case "ctrl-v":
      case "pagedown":
        yield* this.move(terminal, n ?? page);
        break;
      case "enter":
      case "j":
      case "e":
      case "ctrl-e":
      case "ctrl-n":
      case "down":
        yield* this.move(terminal, n ?? 1);
        break;
      case "b":
      case "w":
      case "ctrl-b":
      case "pageup":
      case "M-v":
        yield* this.move(terminal, -(n ?? page));
        break;
      case "k":
      case "y":
      case "ctrl-k":
      case "ctrl-y":
      case "ctrl-p":
      case "up":
        yield* this.move(terminal, -(n ?? 1));
        break;
      case "d":
      case "u":
      case "ctrl-d":
      case "ctrl-u": {
        if (n !== undefined) this.half = n;
        const by = this.half ?? Math.floor((terminal.rows + 1) / 2);
        yield* this.move(terminal, command.endsWith("d") ? by : -by);
        break;
      }
      case "g":
      case "<":
      case "M-<":
      case "home":
        this.remember();
        yield* this.toLine(terminal, n ?? 1);
        return true;
      case "G":
      case ">":
      case "M->":
      case "end":
        this.remember();
        if (n === undefined) {
          yield* this.toEnd(terminal);
          this.above = "~";
        } else yield* this.toLine(terminal, n);
        return true;
      case "p":
      case "%": {
        this.remember();
        yield* this.fill(Number.POSITIVE_INFINITY);
        yield* this.toShare(terminal, n ?? 0);
        return true;
      }
      case "left":
      case "M-(":
        this.shift = Math.max(0, this.shift - (n ?? Math.floor(terminal.columns / 2)));
        this.skip = 0;
        return true;
      case "right":
      case "M-)":
        this.shift += n ?? Math.floor(terminal.columns / 2);
        this.skip = 0;
        return true;
      case "/":
      case "?":
        yield* this.pattern(terminal, command, n ?? 1);
        return true;
      case "&":
        yield* this.filterLines(terminal);
        return true;
      case "n":
      case "N": {
        if (this.regex === undefined) this.say("No previous regular expression");
        else {
          const back = (command === "N") !== this.backwards;
          yield* this.search(terminal, this.top + (back ? -1 : 1), back, n ?? 1);
        }
        return true;
      }
      case "M-u":
        this.on["noMarks"] = !this.on["noMarks"];
        return true;
      case "ctrl-l":
      case "r":
      case "R":
      case "resize":
        terminal.forget();
        return true;
      case "=":
      case "ctrl-g":
        this.say(this.about(terminal, true));
        return true;
      case "V":
        this.say("less 668");
        return true;
      case "h":
      case "H":
        yield* this.help(terminal);
        return true;
      case "v":
        yield* this.edit(terminal);
        return true;
      case "F":
        yield* this.follow(terminal);
        return true;
      case "m": {
        this.draw(terminal, "set mark: ");
        const name = yield* terminal.key();
        if (name !== undefined && /^[a-zA-Z]$/.test(name)) this.marks.set(name, this.top);
        return true;
      }
      case "'": {
        this.draw(terminal, "goto mark: ");
        yield* this.toMark(terminal, (yield* terminal.key()) ?? "");
        return true;
      }
      case "-":
      case "_":
        yield* this.option(terminal, command);
        return true;
      case "!":
      case "#":
        yield* this.shell(terminal);
        return true;
      case "s":
        this.say("Input is not a pipe");
        return true;
      case ":":
        return yield* this.colon(terminal);
      case "Z":
        return (yield* terminal.key()) !== "Z";
      default:
        terminal.bell();
        return true;
    }
    if (before === this.top * 1e6 + this.skip) terminal.bell();
    else this.above = undefined;
    return true;
  }

  private remember(): void {
    this.marks.set("'", this.top);
  }

  private *toMark(terminal: Terminal, name: string): Gen<void> {
    if (name === "^") yield* this.toLine(terminal, 1);
    else if (name === "$") yield* this.toEnd(terminal);
    else {
      const at = this.marks.get(name);
      if (at === undefined && name !== "'") {
        this.say(/^[a-zA-Z]$/.test(name) ? "Mark not set" : "Invalid mark letter");
        return;
      }
      this.remember();
      this.top = at ?? 0;
      this.skip = 0;
      this.above = undefined;
    }
  }

  /** N%: the line where that share of the bytes lies. */
  private *toShare(terminal: Terminal, percent: number): Gen<void> {
    const goal = Math.floor(((this.size ?? 0) * Math.min(100, percent)) / 100);
    let sum = 0;
    let line = 0;
    while (line < this.all.length - 1 && sum + this.all[line]!.length + 1 <= goal) sum += this.all[line++]!.length + 1;
    yield* this.toLine(terminal, line + 1);
  }

  /** A line typed at the bottom; undefined when it was given up. */
  private *ask(terminal: Terminal, label: string): Gen<string | undefined> {
    let chars: string[] = [];
    let at = 0;
    let back = this.patterns.length;
    for (;;) {
      const shown = label + chars.join("");
      this.draw(terminal, shown);
      const key = yield* terminal.key();
      if (key === undefined || key === "ctrl-c" || key === "ctrl-g" || key === "esc") return undefined;
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

  private *pattern(terminal: Terminal, kind: string, times: number): Gen<void> {
    const text = yield* this.ask(terminal, kind);
    if (text === undefined) return;
    let keepTop = false;
    if (text === "") {
      if (this.regex === undefined) {
        this.say("No previous regular expression");
        return;
      }
      keepTop = true;
    } else {
      const regex = this.compile(text);
      if (regex === undefined) return;
      this.regex = regex;
      this.patterns.push(text);
      this.on["noMarks"] = false;
    }
    this.remember();
    this.backwards = kind === "?";
    const last = this.rowsFrom(this.top, this.skip, terminal.rows - 1, terminal.columns).at(-1)?.line ?? 0;
    const from = keepTop ? this.top + (this.backwards ? -1 : 1) : this.backwards ? last : this.top;
    yield* this.search(terminal, from, this.backwards, times);
  }

  private *filterLines(terminal: Terminal): Gen<void> {
    const typed = yield* this.ask(terminal, "&/");
    if (typed === undefined) return;
    yield* this.fill(Number.POSITIVE_INFINITY);
    const inverted = typed.startsWith("!");
    const text = inverted ? typed.slice(1) : typed;
    const regex = text === "" ? undefined : this.compile(text);
    if (text !== "" && regex === undefined) return;
    this.setFilter(regex, inverted);
  }

  /** - and _: switches an option, or tells how it stands. */
  private *option(terminal: Terminal, how: string): Gen<void> {
    this.draw(terminal, how);
    const letter = yield* terminal.key();
    const found = SWITCHES[letter ?? ""];
    if (found === undefined) {
      if (letter !== undefined && letter !== "backspace" && letter !== "esc" && letter !== "enter")
        this.say(`There is no -${letter} option ("less --help" for help)`);
      return;
    }
    const [flag, off, on] = found;
    if (how === "-") this.on[flag] = !this.on[flag];
    if (flag === "chop") this.skip = 0;
    this.say(this.on[flag] ? on : off);
  }

  private *colon(terminal: Terminal): Gen<boolean> {
    this.draw(terminal, " :");
    const command = yield* terminal.key();
    switch (command) {
      case "q":
      case "Q":
        return false;
      case "n":
      case "p":
      case "x": {
        const next = command === "x" ? 0 : this.at + (command === "n" ? 1 : -1);
        if (next < 0 || next >= Math.max(1, this.files.length))
          this.say(next < 0 ? "No previous file" : "No next file");
        else if (command !== "x" || this.at !== 0) yield* this.show(terminal, next);
        return true;
      }
      case "d":
        if (this.files.length < 2) {
          terminal.bell();
          return true;
        }
        this.files.splice(this.at, 1);
        yield* this.show(terminal, Math.min(this.at, this.files.length - 1));
        return true;
      case "f":
        this.say(this.about(terminal, true));
        return true;
      case "e": {
        const name = yield* this.ask(terminal, "Examine: ");
        if (name === undefined || name.trim() === "") return true;
        const path = name.trim();
        if (sys.find(this.t.p, path) === undefined) {
          this.say(`${path}: No such file or directory`);
          return true;
        }
        this.files.splice(this.at + 1, 0, path);
        yield* this.show(terminal, this.at + 1);
        return true;
      }
      default:
        terminal.bell();
        return true;
    }
  }

  /** Another of the files. */
  private *show(terminal: Terminal, at: number): Gen<void> {
    const failed = yield* this.open(at);
    if (failed !== undefined) this.say(failed);
    this.above = undefined;
    yield* this.fill(terminal.rows);
  }

  /** v: the file in an editor. */
  private *edit(terminal: Terminal): Gen<void> {
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

  /** F: waits for more at the end of the text, until Ctrl-C. */
  private *follow(terminal: Terminal): Gen<void> {
    yield* this.toEnd(terminal);
    this.above = "~";
    this.draw(terminal, "\x1b[7mWaiting for data... (^X or interrupt to abort)\x1b[27m");
    for (;;) {
      const key = yield* this.awaited(terminal);
      if (key === undefined || key === "ctrl-c" || key === "ctrl-x") return;
      if (key === "grown") {
        yield* this.toEnd(terminal);
        this.draw(terminal, "\x1b[7mWaiting for data... (^X or interrupt to abort)\x1b[27m");
      }
    }
  }

  private *shell(terminal: Terminal): Gen<void> {
    const command = yield* this.ask(terminal, "!");
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

  private *help(terminal: Terminal): Gen<void> {
    let top = 0;
    for (;;) {
      const height = terminal.rows - 1;
      const rows = HELP.slice(top, top + height);
      while (rows.length < height) rows.push("~");
      const end = top + height >= HELP.length;
      const prompt = end
        ? "HELP -- END -- Press g to see it again, or q when done"
        : "HELP -- Press RETURN for more, or q when done";
      terminal.draw([...rows, `\x1b[7m${prompt}\x1b[27m`], { row: height, column: textWidth(prompt) });
      const key = yield* terminal.key();
      if (key === undefined || key === "q" || key === "Q" || key === "ctrl-c") {
        this.first = true;
        return;
      }
      const by =
        {
          enter: 1,
          j: 1,
          down: 1,
          k: -1,
          up: -1,
          " ": height,
          f: height,
          pagedown: height,
          b: -height,
          pageup: -height,
          g: -HELP.length,
          G: HELP.length,
        }[key] ?? 0;
      top = Math.max(0, Math.min(HELP.length - height, top + by));
    }
  }
}
