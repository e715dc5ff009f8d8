import { decode, encode, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import * as sys from "../../../machine/sys.ts";
import type { Tty } from "../../../machine/tty.ts";
import { compileRegex, RegexError } from "../../../text/regex/index.ts";
import type { ParsedOptions } from "../../options.ts";
import type { Tool } from "../../tool.ts";
import { Terminal, textWidth } from "../screen/terminal.ts";

const title = (path: string) => `::::::::::::::\n${path}\n::::::::::::::\n`;

/** more(1) without a screen: all of the texts, those of files under their names. */
export function* copyAsMore(t: Tool, files: readonly string[]): Gen<number> {
  if (files.length === 0) yield* t.out.bytes(yield* sys.readAll(t.p, 0));
  for (const path of files) {
    try {
      if (sys.stat(t.p, path).kind === "dir") {
        t.out.add(`\n*** ${path}: directory ***\n\n`);
        continue;
      }
      const bytes = yield* sys.readPath(t.p, path);
      if (bytes[0] === 0x7f && bytes[1] === 0x45) {
        t.out.add(`\n******** ${path}: Not a text file ********\n\n`);
        continue;
      }
      t.out.add(title(path));
      yield* t.out.bytes(bytes);
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.error(`cannot open ${path}: ${error.message}`);
    }
  }
  return t.status;
}

/** more(1): a page after another, on the screen that is there. */
export class More {
  private readonly t: Tool;
  private readonly tty: Tty;
  private readonly files: readonly string[];
  private readonly window: number | undefined;
  private readonly start: string | undefined;
  private readonly pattern: string | undefined;
  private lines: string[] = [];
  /** Lines of the text that were shown. */
  private at = 0;
  private size = 0;
  private searched: string | undefined;
  private half: number | undefined;

  constructor(t: Tool, tty: Tty, o: ParsedOptions) {
    this.t = t;
    this.tty = tty;
    this.files = o.operands;
    this.window = o.value("n") === undefined ? undefined : Number(o.value("n"));
    this.start = o.value("first");
    this.pattern = o.value("pattern");
  }

  private get page(): number {
    return this.window ?? this.tty.rows - 1;
  }

  *run(): Gen<number> {
    const { p } = this.t;
    const terminal = new Terminal(p, this.tty, { plain: true, quiet: true });
    const files = this.files.length === 0 ? ["-"] : this.files;
    let status = 0;
    try {
      for (let i = 0; i < files.length; i++) {
        const path = files[i]!;
        try {
          if (path !== "-" && sys.stat(p, path).kind === "dir") {
            yield* sys.print(p, `\n*** ${path}: directory ***\n\n`);
            continue;
          }
          const bytes = path === "-" ? yield* sys.readAll(p, 0) : yield* sys.readPath(p, path);
          this.size = bytes.length;
          const text = decode(bytes);
          this.lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
        } catch (error) {
          if (!isErrno(error)) throw error;
          yield* sys.printError(p, `more: cannot open ${path}: ${error.message}\n`);
          status = 1;
          continue;
        }
        this.at = 0;
        let used = 0;
        if (files.length > 1) {
          yield* sys.print(p, title(path));
          used = 3;
        }
        if (i === 0 && this.start !== undefined && /^\d+$/.test(this.start))
          this.at = Math.max(0, Math.min(this.lines.length, Number(this.start) - 1));
        if (i === 0 && this.pattern !== undefined) yield* this.search(terminal, this.pattern);
        else yield* this.print(this.page - used);
        if (!(yield* this.view(terminal, files[i + 1]))) return status;
      }
    } finally {
      terminal.release();
    }
    return status;
  }

  /** Shows so many rows more. */
  private *print(rows: number): Gen<void> {
    let left = rows;
    while (this.at < this.lines.length && left > 0) {
      const line = this.lines[this.at]!;
      const tall = Math.max(1, Math.ceil(textWidth(line) / this.tty.columns));
      if (tall > left && left < rows) break;
      left -= tall;
      this.at++;
      // A full row has brought the cursor to the next one already.
      yield* sys.print(this.t.p, `${line}\n`);
    }
  }

  private bytes(): number {
    let sum = 0;
    for (let i = 0; i < this.at; i++) sum += encode(this.lines[i]!).length + 1;
    return Math.min(sum, this.size);
  }

  /** Keys until the file is through; false when it is left. */
  private *view(terminal: Terminal, next: string | undefined): Gen<boolean> {
    const { tty } = this;
    let note: string | undefined;
    for (;;) {
      const ended = this.at >= this.lines.length;
      if (ended && next === undefined) return true;
      const share = ended
        ? `(Next file: ${next})`
        : this.size > 0
          ? `(${Math.floor((100 * this.bytes()) / this.size)}%)`
          : "";
      const prompt = note ?? `--More--${share}`;
      tty.display(encode(`\x1b[7m${prompt}\x1b[27m`));
      note = undefined;
      let key = yield* terminal.key();
      let digits = "";
      while (key !== undefined && /^\d$/.test(key)) {
        digits += key;
        key = yield* terminal.key();
      }
      tty.display(encode("\r\x1b[K"));
      const n = digits === "" ? undefined : Number(digits);
      if (key === undefined || key === "q" || key === "Q" || key === "ctrl-c") return false;
      if (ended && (key === " " || key === "enter" || key === "f")) return true;
      switch (key) {
        case " ":
        case "z":
          yield* this.print(n ?? this.page);
          break;
        case "enter":
        case "j":
          yield* this.print(n ?? 1);
          break;
        case "d":
        case "ctrl-d":
          if (n !== undefined) this.half = n;
          yield* this.print(this.half ?? Math.max(1, Math.floor(this.tty.rows / 2) - 1));
          break;
        case "s":
          this.at = Math.min(this.lines.length, this.at + (n ?? 1));
          yield* sys.print(this.t.p, `\n...skipping ${n ?? 1} line${n === undefined || n === 1 ? "" : "s"}\n\n`);
          yield* this.print(this.page);
          break;
        case "f":
        case "ctrl-f": {
          const by = (n ?? 1) * this.page;
          this.at = Math.min(this.lines.length, this.at + by);
          yield* sys.print(this.t.p, `\n...skipping ${by} lines\n\n`);
          yield* this.print(this.page);
          break;
        }
        case "b":
        case "ctrl-b": {
          const pages = n ?? 1;
          this.at = Math.max(0, this.at - this.page * (pages + 1));
          yield* sys.print(this.t.p, `...back ${pages} page${pages === 1 ? "" : "s"}\n`);
          yield* this.print(this.page);
          break;
        }
        case "=":
          note = String(this.at);
          break;
        case "/": {
          const text = yield* this.ask(terminal);
          if (text !== undefined) note = yield* this.search(terminal, text);
          break;
        }
        case "n":
          note =
            this.searched === undefined
              ? "No previous regular expression"
              : yield* this.search(terminal, this.searched);
          break;
        case ":": {
          const command = yield* terminal.key();
          tty.display(encode("\r\x1b[K"));
          if (command === "f") note = `"${this.files[0] ?? ""}" line ${this.at}`;
          else if (command === "n") return true;
          else if (command === "q" || command === "Q") return false;
          break;
        }
        case "h":
        case "?":
          yield* sys.print(this.t.p, HELP);
          break;
        default:
          terminal.bell();
      }
    }
  }

  private *ask(terminal: Terminal): Gen<string | undefined> {
    let text = "";
    for (;;) {
      this.tty.display(encode(`\r\x1b[K/${text}`));
      const key = yield* terminal.key();
      if (key === undefined || key === "esc" || key === "ctrl-c") break;
      if (key === "enter") {
        this.tty.display(encode("\r\x1b[K"));
        return text;
      }
      if (key === "backspace") {
        if (text === "") break;
        text = [...text].slice(0, -1).join("");
      } else if ([...key].length === 1) text += key;
    }
    this.tty.display(encode("\r\x1b[K"));
    return undefined;
  }

  /** Goes on where the pattern is found, two lines above; what is to be said when it is not. */
  private *search(_terminal: Terminal, pattern: string): Gen<string | undefined> {
    this.searched = pattern;
    try {
      const regex = compileRegex(pattern, { syntax: "bre" });
      for (let at = this.at; at < this.lines.length; at++) {
        if (!regex.test(this.lines[at]!)) continue;
        yield* sys.print(this.t.p, "\n...skipping\n");
        this.at = Math.max(this.at, at - 2);
        yield* this.print(this.page - 1);
        return undefined;
      }
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
    }
    return "Pattern not found";
  }
}

const HELP = `Star (*) means that a number may stand before it; it is then the default.
-------------------------------------------------------------------------------
<space>                 Shows the next k lines of text [the screen's size]
z                       Shows the next k lines of text [the screen's size]*
<return>                Shows the next k lines of text [1]*
d or ctrl-D             Scrolls k lines [11]*
q or Q                  Leaves
s                       Passes over k lines of text [1]
f                       Passes over k pages of text [1]
b or ctrl-B             Goes back by k pages of text [1]
=                       Shows the number of this line
/<pattern>              Looks for the k-th place of the pattern [1]
n                       Looks for the last pattern again [1]
:n                      To the next file
:f                      Shows the file's name and the line
-------------------------------------------------------------------------------
`;
