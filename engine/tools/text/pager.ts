import { decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { compileRegex, type Regex, RegexError } from "../../text/regex/index.ts";
import { wcwidth } from "../../text/width.ts";
import type { ParsedOptions } from "../options.ts";
import { type Tool, tool } from "../tool.ts";
import { shownChar, Terminal } from "./screen/terminal.ts";

/** less(1) and more(1): a page at a time on a terminal, a plain copy elsewhere. */
function pager(name: "less" | "more"): Program {
  return tool(
    {
      name,
      short: "aABcCdeEfFgGiIJKlLmMnNqQrRsSuUVwWXb:h:j:k:o:O:p:P:t:T:x:y:z:",
      long: "quit-if-one-screen=F chop-long-lines=S LINE-NUMBERS=N RAW-CONTROL-CHARS=R ignore-case=i no-init=X quit-at-eof=e QUIT-AT-EOF=E pattern:=p",
      usage: "[options] [file]...",
      about: "",
      version: name === "less" ? "less 668 (GNU regular expressions)" : "more from util-linux 2.41",
      rewrite: (args) =>
        args
          .filter((arg) => !/^\+/.test(arg) || arg.startsWith("+/"))
          .map((arg) => (arg.startsWith("+/") ? `-p${arg.slice(2)}` : arg)),
    },
    function* (t, o) {
      const tty = t.p.fds.get(1)?.tty;
      if (o.operands.length === 0 && t.p.fds.get(0)?.tty !== undefined) {
        yield* sys.printError(
          t.p,
          name === "less"
            ? 'Missing filename ("less --help" for help)\n'
            : "more: bad usage\nTry 'more --help' for more information.\n",
        );
        return 1;
      }
      if (tty === undefined) return yield* copy(t, o.operands);
      const view = new View(t, o, name);
      return yield* view.run(new Terminal(t.p, tty));
    },
  );
}

export const less = pager("less");
export const more = pager("more");

function* copy(t: Tool, operands: readonly string[]): Gen<number> {
  for (const path of operands.length > 0 ? operands : ["-"]) {
    try {
      if (path !== "-" && sys.stat(t.p, path).kind === "dir") {
        yield* sys.printError(t.p, `${path} is a directory\n`);
        t.status = 1;
        continue;
      }
      const fd = path === "-" ? 0 : sys.open(t.p, path);
      for (;;) {
        const bytes = yield* sys.read(t.p, fd);
        if (bytes.length === 0) break;
        yield* t.out.bytes(bytes);
      }
      t.close(fd);
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.printError(t.p, `${path}: ${error.message}\n`);
      t.status = 1;
    }
  }
  return t.status;
}

/** A row of the screen: part of a line that may be wider than the screen. */
interface Row {
  line: number;
  text: string;
}

class View {
  private readonly t: Tool;
  private readonly name: "less" | "more";
  private readonly files: readonly string[];
  private readonly chop: boolean;
  private readonly numbers: boolean;
  private readonly raw: boolean;
  private readonly fold: boolean;
  private readonly quitAtEnd: boolean;
  private readonly quitIfShort: boolean;
  private lines: string[] = [];
  private partial = "";
  private fd: number | undefined;
  private ended = false;
  private top = 0;
  /** Rows of the top line above the screen. */
  private skip = 0;
  private message = "";
  private first = true;
  private regex: Regex | undefined;
  private backwards = false;

  constructor(t: Tool, o: ParsedOptions, name: "less" | "more") {
    this.t = t;
    this.name = name;
    this.files = o.operands;
    this.chop = o.has("S");
    this.numbers = o.has("N");
    this.raw = o.has("R", "r") || /R/.test(t.p.env.get("LESS") ?? "");
    this.fold = o.has("i", "I");
    this.quitAtEnd = name === "more" || o.has("e", "E");
    this.quitIfShort = name === "more" || o.has("F", "E") || /F/.test(t.p.env.get("LESS") ?? "");
    const pattern = o.value("p");
    if (pattern !== undefined) this.compile(pattern);
  }

  *run(terminal: Terminal): Gen<number> {
    const { p } = this.t;
    p.dispositions.set("INT", "catch");
    let left = "";
    try {
      const path = this.files[0] ?? "-";
      try {
        if (path !== "-" && sys.stat(p, path).kind === "dir") left = `${path} is a directory\n`;
        else this.fd = path === "-" ? 0 : sys.open(p, path);
      } catch (error) {
        if (!isErrno(error)) throw error;
        left = `${path}: ${error.message}\n`;
      }
      if (left !== "") return 1;
      yield* this.fill(terminal.rows);
      if (
        this.quitIfShort &&
        this.ended &&
        this.rowsFrom(0, 0, terminal.rows, terminal.columns).length < terminal.rows
      ) {
        left = this.lines.map((line) => `${line}\n`).join("");
        return 0;
      }
      if (this.regex) yield* this.search(terminal, 0, false);
      for (;;) {
        yield* this.fill(this.top + terminal.rows + 1);
        this.draw(terminal);
        const key = yield* terminal.key();
        if (key === undefined) return 0;
        this.message = "";
        if (!(yield* this.act(terminal, key))) return 0;
      }
    } finally {
      terminal.release();
      if (left !== "") yield* sys.print(p, left);
    }
  }

  /** Reads until that many lines are there, the input ends or Ctrl-C is typed. */
  private *fill(count: number): Gen<void> {
    while (!this.ended && this.lines.length < count) {
      let bytes: Uint8Array;
      try {
        bytes = yield* sys.read(this.t.p, this.fd!);
      } catch (error) {
        if (!isErrno(error)) throw error;
        while (this.t.p.takeSignal() !== undefined);
        return;
      }
      if (bytes.length === 0) {
        this.ended = true;
        if (this.partial !== "") this.lines.push(this.partial);
        return;
      }
      const parts = (this.partial + decode(bytes)).split("\n");
      this.partial = parts.pop()!;
      for (const line of parts) this.lines.push(line);
    }
  }

  private rowsOf(line: number, columns: number): Row[] {
    const lead = this.numbers ? `${String(line + 1).padStart(7)} ` : "";
    const rows: Row[] = [];
    let text = lead;
    let column = lead.length;
    const source = this.lines[line]!;
    const marks = this.marks(source);
    let index = 0;
    let lit = false;
    for (let rest = source; rest !== ""; ) {
      const sgr = this.raw ? /^\x1b\[[\d;]*m/.exec(rest) : null;
      if (sgr) {
        text += sgr[0];
        rest = rest.slice(sgr[0].length);
        index += sgr[0].length;
        continue;
      }
      const char = String.fromCodePoint(rest.codePointAt(0)!);
      const shown = char === "\x1b" ? "ESC" : shownChar(char, column - lead.length);
      const width = shown === char ? wcwidth(char) : shown.length;
      if (column + width > columns) {
        if (this.chop) {
          text = `${text.slice(0, -1)}\x1b[7m>\x1b[27m`;
          break;
        }
        rows.push({ line, text: lit ? `${text}\x1b[27m` : text });
        text = lit ? "\x1b[7m" : "";
        column = 0;
      }
      const now = marks.some(([from, to]) => index >= from && index < to);
      if (now !== lit) text += now ? "\x1b[7m" : "\x1b[27m";
      lit = now;
      text += char.charCodeAt(0) < 32 && char !== "\t" ? `\x1b[7m${shown}\x1b[27m` : shown;
      column += width;
      index += char.length;
      rest = rest.slice(char.length);
    }
    rows.push({ line, text: lit ? `${text}\x1b[27m` : text });
    return rows;
  }

  private marks(line: string): [number, number][] {
    const out: [number, number][] = [];
    for (let from = 0; this.regex !== undefined && from <= line.length; ) {
      const match = this.regex.exec(line, from);
      if (match === null) break;
      if (match.end > match.index) out.push([match.index, match.end]);
      from = Math.max(match.end, match.index + 1);
    }
    return out;
  }

  private rowsFrom(line: number, skip: number, count: number, columns: number): Row[] {
    const rows: Row[] = [];
    for (let at = line; at < this.lines.length && rows.length < count + skip; at++)
      rows.push(...this.rowsOf(at, columns));
    return rows.slice(skip, skip + count);
  }

  private draw(terminal: Terminal): void {
    const height = terminal.rows - 1;
    const rows = this.rowsFrom(this.top, this.skip, height, terminal.columns).map((row) => row.text);
    while (rows.length < height)
      rows.push(this.name === "less" && (this.top > 0 || rows.length > 0 || this.ended) ? "~" : "");
    const prompt = this.prompt(terminal);
    terminal.draw([...rows, prompt], {
      row: height,
      column: Math.min(terminal.columns - 1, prompt.replace(/\x1b\[[\d;]*m/g, "").length),
    });
    this.first = false;
  }

  private prompt(terminal: Terminal): string {
    if (this.message !== "") return `\x1b[7m${this.message}\x1b[27m`;
    if (this.name === "more") {
      const seen = this.rowsFrom(this.top, this.skip, terminal.rows - 1, terminal.columns).at(-1)?.line ?? 0;
      const percent = this.ended ? `(${Math.floor((100 * (seen + 1)) / Math.max(1, this.lines.length))}%)` : "";
      return `\x1b[7m--More--${percent}\x1b[27m`;
    }
    if (this.atEnd(terminal))
      return `\x1b[7m${this.first && this.files[0] !== undefined ? `${this.files[0]} ` : ""}(END)\x1b[27m`;
    return this.first && this.files[0] !== undefined ? `\x1b[7m${this.files[0]}\x1b[27m` : ":";
  }

  private atEnd(terminal: Terminal): boolean {
    if (!this.ended) return false;
    const rows = this.rowsFrom(this.top, this.skip, terminal.rows, terminal.columns);
    return rows.length < terminal.rows;
  }

  /** Moves by rows; down stops at the last page. */
  private *move(terminal: Terminal, count: number): Gen<void> {
    for (let n = Math.abs(count); n > 0; n--) {
      if (count > 0) {
        yield* this.fill(this.top + terminal.rows + 2);
        if (this.atEnd(terminal)) return;
        if (++this.skip >= this.rowsOf(this.top, terminal.columns).length) {
          this.top++;
          this.skip = 0;
        }
      } else if (this.skip > 0) this.skip--;
      else if (this.top > 0) {
        this.top--;
        this.skip = this.rowsOf(this.top, terminal.columns).length - 1;
      } else return;
    }
  }

  private *toEnd(terminal: Terminal): Gen<void> {
    yield* this.fill(Number.POSITIVE_INFINITY);
    this.top = this.lines.length;
    this.skip = 0;
    yield* this.move(terminal, -(terminal.rows - 1));
  }

  /** False: quit. */
  private *act(terminal: Terminal, key: string): Gen<boolean> {
    const page = terminal.rows - 1;
    let count = "";
    let command = key;
    while (/^\d$/.test(command)) {
      count += command;
      this.message = `:${count}`;
      this.draw(terminal);
      command = (yield* terminal.key()) ?? "q";
      this.message = "";
    }
    const n = count === "" ? undefined : Number(count);
    const before = this.top * 1e6 + this.skip;
    switch (command) {
      case "q":
      case "Q":
      case "ctrl-c":
        if (command !== "ctrl-c" || this.name === "more") return false;
        break;
      case " ":
      case "f":
      case "ctrl-f":
      case "ctrl-v":
      case "pagedown":
        if (this.quitAtEnd && this.atEnd(terminal)) return false;
        yield* this.move(terminal, n ?? page);
        break;
      case "enter":
      case "j":
      case "e":
      case "ctrl-e":
      case "ctrl-n":
      case "down":
        if (this.quitAtEnd && this.atEnd(terminal)) return false;
        yield* this.move(terminal, n ?? 1);
        break;
      case "b":
      case "ctrl-b":
      case "pageup":
        yield* this.move(terminal, -(n ?? page));
        break;
      case "k":
      case "y":
      case "ctrl-y":
      case "ctrl-p":
      case "up":
        yield* this.move(terminal, -(n ?? 1));
        break;
      case "d":
      case "ctrl-d":
        yield* this.move(terminal, n ?? Math.floor(page / 2));
        break;
      case "u":
      case "ctrl-u":
        yield* this.move(terminal, -(n ?? Math.floor(page / 2)));
        break;
      case "g":
      case "<":
      case "home":
        yield* this.fill(n ?? 1);
        this.top = Math.min((n ?? 1) - 1, Math.max(0, this.lines.length - 1));
        this.skip = 0;
        return true;
      case "G":
      case ">":
      case "end":
        if (n === undefined) yield* this.toEnd(terminal);
        else {
          yield* this.fill(n);
          this.top = Math.min(n - 1, Math.max(0, this.lines.length - 1));
          this.skip = 0;
        }
        return true;
      case "/":
      case "?":
        yield* this.ask(terminal, command);
        return true;
      case "n":
      case "N":
        if (this.regex === undefined) this.message = "No previous regular expression";
        else yield* this.search(terminal, undefined, (command === "N") !== this.backwards);
        return true;
      case "ctrl-l":
      case "r":
      case "resize":
        terminal.forget();
        return true;
      case "=":
      case "ctrl-g":
        this.message = `${this.files[0] ?? "(standard input)"} lines ${this.top + 1}-${Math.min(this.lines.length, this.top + page)}${this.ended ? `/${this.lines.length}` : ""}`;
        return true;
      case ":": {
        const next = yield* terminal.key();
        return next !== "q" && next !== "Q";
      }
      case "Z":
        return (yield* terminal.key()) !== "Z";
      default:
        terminal.bell();
        return true;
    }
    if (before === this.top * 1e6 + this.skip) terminal.bell();
    return true;
  }

  private *ask(terminal: Terminal, kind: string): Gen<void> {
    let text = "";
    for (;;) {
      const height = terminal.rows - 1;
      const rows = this.rowsFrom(this.top, this.skip, height, terminal.columns).map((row) => row.text);
      while (rows.length < height) rows.push("~");
      terminal.draw([...rows, kind + text], { row: height, column: 1 + text.length });
      const key = yield* terminal.key();
      if (key === undefined || key === "ctrl-c" || key === "esc") return;
      if (key === "enter") break;
      if (key === "backspace") {
        if (text === "") return;
        text = [...text].slice(0, -1).join("");
      } else if ([...key].length === 1) text += key;
    }
    if (text !== "" && !this.compile(text)) return;
    if (this.regex === undefined) {
      this.message = "No previous regular expression";
      return;
    }
    this.backwards = kind === "?";
    yield* this.search(terminal, undefined, this.backwards);
  }

  private compile(pattern: string): boolean {
    try {
      this.regex = compileRegex(pattern, { syntax: "ere", ignoreCase: this.fold && pattern === pattern.toLowerCase() });
      return true;
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      this.message = error.message;
      return false;
    }
  }

  private *search(terminal: Terminal, from: number | undefined, back: boolean): Gen<void> {
    const step = back ? -1 : 1;
    for (let at = from ?? this.top + step; at >= 0; at += step) {
      if (!back) yield* this.fill(at + 1);
      if (at >= this.lines.length) break;
      if (!this.regex!.test(this.lines[at]!)) continue;
      this.top = at;
      this.skip = 0;
      return;
    }
    this.message = "Pattern not found";
    terminal.bell();
  }
}
