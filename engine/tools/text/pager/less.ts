import type { Gen } from "../../../kernel/index.ts";
import { type Terminal, textWidth } from "../screen/terminal.ts";
import { HELP } from "./help.ts";
import { Prompts } from "./less-prompts.ts";

/** less(1): what its keys do. */
export class Less extends Prompts {
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
        return this.on["quitOnInterrupt"] !== true;
      case " ":
      case "M- ":
      case "f":
      case "z":
      case "ctrl-f":
      case "ctrl-v":
      case "pagedown":
        yield* this.move(terminal, n ?? page);
        break;
      case "enter":
      case "j":
      case "J":
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
      case "M-G":
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
        this.shift = Math.max(0, this.shift - (n ?? this.sideways(terminal)));
        this.skip = 0;
        return true;
      case "right":
      case "M-)":
        this.shift += n ?? this.sideways(terminal);
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
        // What is painted anew begins at the top.
        this.above = undefined;
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
        else if (name !== undefined && name.length === 1) this.say(`Invalid mark letter ${name}`);
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
        yield* this.shell(terminal, command);
        return true;
      case "|":
        yield* this.pipe(terminal);
        return true;
      case "+": {
        const typed = yield* this.ask(terminal, "+");
        if (typed !== undefined) this.firstCommand = typed === "" ? undefined : typed;
        return true;
      }
      case "t":
      case "T":
        this.say(command === "t" ? "No next tag" : "No previous tag");
        return true;
      case "{":
      case "(":
      case "[":
      case "}":
      case ")":
      case "]":
        yield* this.bracket(terminal, command, n ?? 1);
        return true;
      case "E":
        yield* this.examine(terminal);
        return true;
      case "s":
        this.say("Input is not a pipe");
        return true;
      case ":":
        return yield* this.colon(terminal, n);
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

  /** Columns that the arrow keys move by (-#). */
  private sideways(terminal: Terminal): number {
    return Number(this.values.get("#")) || Math.floor(terminal.columns / 2);
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

  private *colon(terminal: Terminal, n?: number): Gen<boolean> {
    this.draw(terminal, " :");
    const command = yield* terminal.key();
    switch (command) {
      case "q":
      case "Q":
        return false;
      case "n":
      case "p": {
        const by = n ?? 1;
        const next = this.at + (command === "n" ? by : -by);
        if (next < 0 || next >= Math.max(1, this.files.length))
          this.say(`No ${by > 1 ? "(N-th) " : ""}${next < 0 ? "previous" : "next"} file`);
        else yield* this.show(terminal, next);
        return true;
      }
      case "x": {
        const next = (n ?? 1) - 1;
        if (next < 0 || next >= this.files.length) this.say("No such file");
        else if (next !== this.at) yield* this.show(terminal, next);
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
      case "e":
        yield* this.examine(terminal);
        return true;
      default:
        terminal.bell();
        return true;
    }
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
