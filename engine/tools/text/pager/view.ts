import { decode, encode, type Gen, SECOND, wait } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import * as sys from "../../../machine/sys.ts";
import type { Tty } from "../../../machine/tty.ts";
import { compileRegex, type Regex, RegexError } from "../../../text/regex/index.ts";
import { wcwidth } from "../../../text/width.ts";
import type { ParsedOptions } from "../../options.ts";
import type { Tool } from "../../tool.ts";
import { shownChar, Terminal, textWidth } from "../screen/terminal.ts";
import { Levels, SWITCHES, VALUES } from "./less-options.ts";

/** A row of the screen: part of a line that may be wider than the screen. */
interface Row {
  line: number;
  text: string;
}

/** less's screen: a file, a page at a time; what keys do is another's. */
export abstract class View {
  /** Does what a key says; false when it ends the program. */
  protected abstract act(terminal: Terminal, key: string): Gen<boolean>;

  protected readonly t: Tool;
  protected files: string[];
  protected at = 0;
  protected on: Record<string, boolean>;
  /** All lines; `lines` are those that the filter (&) leaves, `numbers` where they stand. */
  protected all: string[] = [];
  protected numbers: number[] = [];
  protected filter: { regex: Regex; inverted: boolean } | undefined;
  protected marks = new Map<string, number>();
  protected shift = 0;
  protected half: number | undefined;
  /** A text shorter than the screen stands at its bottom, below blank rows or tildes. */
  protected above: "" | "~" | undefined = "";
  protected lines: string[] = [];
  private partial = "";
  protected fd: number | undefined;
  protected ended = false;
  protected top = 0;
  /** Rows of the top line above the screen. */
  protected skip = 0;
  protected message = "";
  protected first = true;
  protected regex: Regex | undefined;
  protected backwards = false;
  /** Lines that do not match are looked for. */
  protected inverted = false;
  /** Options as they stand, and those with values. */
  protected readonly levels = new Levels();
  protected readonly values = new Map<string, string>();
  /** A key that was typed to dismiss a message, and is a command. */
  protected queued: string | undefined;
  /** `+COMMAND`, done for each file. */
  protected firstCommand: string | undefined;
  /** The end was on the screen when something moved there. */
  protected reached = false;

  constructor(t: Tool, o: ParsedOptions) {
    this.t = t;
    this.files = [...o.operands];
    const environment = t.p.env.get("LESS") ?? "";
    // Letters of $LESS, which may hold long options too.
    const letters = environment.replace(/--[\w-]+/g, "");
    const has = (letter: string) => o.has(letter) || letters.includes(letter);
    for (const letter of Object.keys(SWITCHES)) if (has(letter)) this.levels.set(letter, this.levels.next(letter));
    for (const letter of Object.keys(VALUES)) {
      const value = o.value(letter);
      if (value !== undefined) this.values.set(letter, value);
    }
    this.on = {};
    this.obey();
    this.firstCommand = o.value("first");
    const pattern = o.value("p");
    if (pattern !== undefined) this.regex = this.compile(pattern);
  }

  /** What the levels of the options come to. */
  protected obey(): void {
    const { levels } = this;
    this.on = {
      numbers: levels.of("n") === 2,
      unnumbered: levels.of("n") === 0,
      chop: levels.of("S") === 1,
      raw: levels.of("r") > 0,
      fold: levels.of("i") === 1,
      foldAll: levels.of("i") === 2,
      quitAtEnd: levels.of("e") === 1,
      quitAtOnce: levels.of("e") === 2,
      quitIfShort: levels.of("F") === 1,
      quitOnInterrupt: levels.of("K") === 1,
      noInit: levels.of("X") === 1,
      medium: levels.of("m") === 1,
      long: levels.of("m") === 2,
      noMarks: levels.of("g") === 0,
      noTildes: levels.of("~") === 1,
      squeezed: levels.of("s") === 1,
    };
  }

  /** The row of the screen, from 1, to which lines that were looked for come (-j). */
  private target(terminal: Terminal): number {
    const value = Number(this.values.get("j") ?? 1);
    if (Number.isNaN(value)) return 1;
    const rows = terminal.rows - 1;
    const row = value < 0 ? rows + 1 + value : value < 1 && value > 0 ? Math.floor(value * rows) : value;
    return Math.max(1, Math.min(rows, row));
  }

  private get tabs(): number {
    return Math.max(1, Number.parseInt(this.values.get("x") ?? "8", 10) || 8);
  }

  /** What is wrong before the screen is taken: told on the terminal, until Return is typed. */
  protected *complain(tty: Tty, text: string): Gen<void> {
    const before = tty.termios;
    tty.display(encode(`${text}\n\x1b[7mPress RETURN to continue \x1b[27m`));
    tty.termios = { ...before, icanon: false, echo: false };
    yield* tty.read(16);
    tty.termios = before;
    tty.display(encode("\r\x1b[K"));
  }

  *run(tty: Tty, complaints: readonly string[] = []): Gen<number> {
    const { p } = this.t;
    p.dispositions.set("INT", "catch");
    for (const one of complaints) yield* this.complain(tty, one);
    let failed = yield* this.open(0);
    while (failed !== undefined) {
      if (this.files.length < 2) {
        yield* sys.printError(p, `${failed}\n`);
        return 1;
      }
      yield* this.complain(tty, failed);
      this.files.shift();
      failed = yield* this.open(0);
    }
    // Short texts are only copied, before the screen is taken.
    if (this.on["quitIfShort"]) {
      yield* this.fill(tty.rows);
      if (this.files.length < 2 && this.ended && this.rowsFrom(0, 0, tty.rows, tty.columns).length < tty.rows) {
        yield* sys.print(p, this.lines.map((line) => `${line}\n`).join(""));
        return 0;
      }
    }
    const terminal = new Terminal(p, tty, { plain: this.on["noInit"] ?? false });
    try {
      yield* this.fill(terminal.rows);
      if (this.firstCommand !== undefined) yield* this.begin(terminal, this.firstCommand);
      else if (this.regex) yield* this.search(terminal, 0, false);
      for (;;) {
        yield* this.fill(this.top + terminal.rows + 1);
        this.draw(terminal);
        if (this.on["quitAtOnce"] && this.atEnd(terminal) && this.at + 1 >= this.files.length) return 0;
        const key = yield* this.key(terminal);
        if (key === undefined) return 0;
        if (this.message !== "") {
          this.message = "";
          // The key that dismisses a message is no command of its own.
          if (key === "enter" || key === " ") continue;
        }
        if (!(yield* this.act(terminal, key))) return 0;
        if (this.on["quitAtEnd"] === true && this.reached && this.atEnd(terminal) && this.at + 1 >= this.files.length)
          return 0;
      }
    } finally {
      terminal.release();
      if (this.on["noInit"]) tty.display(encode(`\r\x1b[K`));
    }
  }

  /** The next key; one that is Alt's comes as `M-x`. */
  protected *key(terminal: Terminal): Gen<string | undefined> {
    const { queued } = this;
    this.queued = undefined;
    if (queued !== undefined) return queued;
    const key = yield* terminal.key();
    if (key === "ctrl-z") {
      yield* terminal.suspend();
      return "r";
    }
    if (key !== "esc") return key;
    const next = yield* terminal.key();
    return next === undefined ? undefined : `M-${next}`;
  }

  /** `+COMMAND` of the command line. */
  private *begin(terminal: Terminal, command: string): Gen<void> {
    this.above = "";
    const number = /^(\d+)g?$/.exec(command);
    const pattern = /^([/?])(.*)$/s.exec(command);
    if (number) yield* this.toLine(terminal, Number(number[1]));
    else if (pattern) {
      this.regex = this.compile(pattern[2]!);
      if (this.regex) yield* this.search(terminal, 0, false);
    } else for (const key of command) yield* this.act(terminal, key);
    this.first = true;
  }

  /** Opens one of the files; what is wrong with it. */
  protected *open(at: number): Gen<string | undefined> {
    const { p } = this.t;
    const path = this.files[at] ?? "-";
    try {
      if (path !== "-" && sys.stat(p, path).kind === "dir") return `${path} is a directory`;
      const fd = path === "-" ? 0 : sys.open(p, path);
      if (this.fd !== undefined && this.fd > 2) sys.close(p, this.fd);
      this.fd = fd;
    } catch (error) {
      if (!isErrno(error)) throw error;
      return `${path}: ${error.message}`;
    }
    this.at = at;
    this.all = [];
    this.lines = [];
    this.numbers = [];
    this.partial = "";
    this.ended = false;
    this.top = this.skip = this.shift = 0;
    this.first = true;
    this.marks.clear();
    return undefined;
  }

  private push(line: string): void {
    this.all.push(line);
    if (this.filter && this.filter.regex.test(line) === this.filter.inverted) return;
    this.lines.push(line);
    this.numbers.push(this.all.length);
  }

  /** Reads until that many lines are there, the input ends or Ctrl-C is typed. */
  protected *fill(count: number): Gen<void> {
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
        if (this.partial !== "") this.push(this.partial);
        return;
      }
      const parts = (this.partial + decode(bytes)).split("\n");
      this.partial = parts.pop()!;
      for (const line of parts) this.push(line);
    }
  }

  private rowsOf(line: number, columns: number): Row[] {
    const lead = this.on["numbers"] ? `${String(this.numbers[line]).padStart(7)} ` : "";
    const rows: Row[] = [];
    let text = lead;
    let column = lead.length;
    const source = this.lines[line]!;
    const marks = this.hits(source);
    let index = 0;
    let lit = false;
    let hidden = this.shift;
    for (let rest = source; rest !== ""; ) {
      const sgr = this.on["raw"] ? /^\x1b\[[\d;]*m/.exec(rest) : null;
      if (sgr) {
        text += sgr[0];
        rest = rest.slice(sgr[0].length);
        index += sgr[0].length;
        continue;
      }
      const char = String.fromCodePoint(rest.codePointAt(0)!);
      const shown = char === "\x1b" ? "ESC" : this.shownAt(char, column - lead.length);
      const width = shown === char ? wcwidth(char) : shown.length;
      if (hidden > 0) {
        hidden -= width;
        index += char.length;
        rest = rest.slice(char.length);
        continue;
      }
      if (column + width > columns) {
        if (this.on["chop"] || this.shift > 0) {
          text = `${text.slice(0, -1)}\x1b[7m>\x1b[27m`;
          break;
        }
        rows.push({ line, text: lit ? `${text}\x1b[27m` : text });
        text = lead + (lit ? "\x1b[7m" : "");
        column = lead.length;
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

  private shownAt(char: string, column: number): string {
    const { tabs } = this;
    return char === "\t" && tabs !== 8 ? " ".repeat(tabs - (column % tabs)) : shownChar(char, column);
  }

  private hits(line: string): [number, number][] {
    const out: [number, number][] = [];
    for (let from = 0; this.regex !== undefined && !this.inverted && !this.on["noMarks"] && from <= line.length; ) {
      const match = this.regex.exec(line, from);
      if (match === null) break;
      if (match.end > match.index) out.push([match.index, match.end]);
      from = Math.max(match.end, match.index + 1);
    }
    return out;
  }

  protected rowsFrom(line: number, skip: number, count: number, columns: number): Row[] {
    const rows: Row[] = [];
    for (let at = line; at < this.lines.length && rows.length < count + skip; at++)
      rows.push(...this.rowsOf(at, columns));
    return rows.slice(skip, skip + count);
  }

  protected draw(terminal: Terminal, typed?: string): void {
    const height = terminal.rows - 1;
    const rows = this.rowsFrom(this.top, this.skip, height, terminal.columns).map((row) => row.text);
    const short = this.ended && rows.length < height && this.top === 0 && this.skip === 0;
    if (this.above !== undefined && short && this.filter === undefined) {
      while (rows.length < height) rows.unshift(this.above);
      if (this.on["noInit"] && this.above === "") {
        // Nothing is drawn above a text on the screen that others left.
        const used = rows.filter((row) => row !== "").length;
        rows.splice(0, rows.length - used);
      }
    }
    while (rows.length < height && !(this.on["noInit"] && this.above === "")) rows.push(this.on["noTildes"] ? "" : "~");
    const bottom = typed ?? this.prompt(terminal);
    terminal.draw([...rows, bottom], {
      row: rows.length,
      column: Math.min(terminal.columns - 1, textWidth(bottom.replace(/\x1b\[[\d;]*m/g, ""))),
    });
    if (typed === undefined) this.first = false;
  }

  /** What share of the text has been seen, in percent of its bytes; undefined while its size is not known. */
  private percent(terminal: Terminal): number | undefined {
    const size = this.size;
    if (size === undefined) return undefined;
    return Math.floor((100 * this.seen(terminal)) / Math.max(1, size));
  }

  /** Bytes of the whole file. */
  protected get size(): number | undefined {
    const path = this.files[this.at];
    if (path === undefined || path === "-") return this.ended ? this.bytes(this.all.length) : undefined;
    const node = sys.find(this.t.p, path);
    return node?.kind === "file" ? node.content.bytes().length : undefined;
  }

  private bytes(lines: number): number {
    let sum = 0;
    for (let i = 0; i < lines; i++) sum += encode(this.all[i]!).length + 1;
    return sum;
  }

  /** Bytes up to the end of what is shown. */
  protected seen(terminal: Terminal): number {
    const last = this.rowsFrom(this.top, this.skip, terminal.rows - 1, terminal.columns).at(-1);
    return last === undefined ? 0 : this.bytes(this.numbers[last.line]!);
  }

  /** `f lines 1-6/22 byte 186/392 47%`. */
  protected about(terminal: Terminal, bytes: boolean): string {
    const rows = this.rowsFrom(this.top, this.skip, terminal.rows - 1, terminal.columns);
    const [first, last] = [this.numbers[rows[0]?.line ?? 0] ?? 0, this.numbers[rows.at(-1)?.line ?? 0] ?? 0];
    const name = this.files[this.at] ?? "(standard input)";
    const several = this.files.length > 1 ? ` (file ${this.at + 1} of ${this.files.length})` : "";
    const total = this.size;
    const lines = this.on["unnumbered"]
      ? ""
      : ` lines ${first}-${last}${this.ended || total !== undefined ? `/${this.lineCount()}` : ""}`;
    const where = bytes ? ` byte ${this.seen(terminal)}${total === undefined ? "" : `/${total}`}` : "";
    const share = this.atEnd(terminal)
      ? " (END)"
      : this.percent(terminal) === undefined
        ? ""
        : ` ${this.percent(terminal)}%`;
    return `${name}${several}${lines}${where}${share}`;
  }

  private lineCount(): number {
    if (this.ended) return this.all.length;
    const path = this.files[this.at];
    const node = path === undefined ? undefined : sys.find(this.t.p, path);
    return node?.kind === "file" ? decode(node.content.bytes()).replace(/\n$/, "").split("\n").length : this.all.length;
  }

  private prompt(terminal: Terminal): string {
    if (this.message !== "") return `\x1b[7m${this.message}\x1b[27m`;
    const filtered = this.filter ? "& " : "";
    const end = this.atEnd(terminal);
    const name = this.files[this.at];
    if (this.on["long"]) return `\x1b[7m${filtered}${this.about(terminal, false)}\x1b[27m`;
    const next =
      end && this.at + 1 < this.files.length ? `(END) - Next: ${this.files[this.at + 1]}` : end ? "(END)" : "";
    const share = this.on["medium"] && !end ? `${this.percent(terminal) ?? ""}%` : "";
    if (this.first && name !== undefined) {
      const several = this.files.length > 1 ? ` (file ${this.at + 1} of ${this.files.length})` : "";
      const more = [end ? next : share].filter(Boolean).join(" ");
      return `\x1b[7m${filtered}${name}${several}${more === "" ? "" : ` ${more}`}\x1b[27m`;
    }
    if (end) return `\x1b[7m${filtered}${next}\x1b[27m`;
    if (share !== "") return `\x1b[7m${filtered}${share}\x1b[27m`;
    const own = this.values.get("P");
    if (own !== undefined) return `\x1b[7m${own.replace(/^[smM]/, "").replaceAll("%f", name ?? "")}\x1b[27m`;
    return filtered === "" ? ":" : `\x1b[7m${filtered}:\x1b[27m`;
  }

  protected atEnd(terminal: Terminal): boolean {
    if (!this.ended) return false;
    return this.rowsFrom(this.top, this.skip, terminal.rows, terminal.columns).length < terminal.rows;
  }

  /** Moves by rows; down stops at the last page. */
  protected *move(terminal: Terminal, count: number): Gen<void> {
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

  protected *toEnd(terminal: Terminal): Gen<void> {
    yield* this.fill(Number.POSITIVE_INFINITY);
    this.top = this.lines.length;
    this.skip = 0;
    yield* this.move(terminal, -(terminal.rows - 1));
  }

  /** For F: the next key, or "grown" when the file has more. */
  protected *awaited(terminal: Terminal): Gen<string | undefined> {
    for (;;) {
      const { tty } = terminal;
      if (!tty.ready) yield* wait(tty.arrival, SECOND);
      if (tty.ready) return yield* terminal.key();
      const { length } = this.all;
      this.ended = false;
      yield* this.fill(Number.POSITIVE_INFINITY);
      if (this.all.length > length) return "grown";
    }
  }

  /** To a line by its number; the screen's top shows it. */
  protected *toLine(terminal: Terminal, n: number): Gen<void> {
    yield* this.fill(n);
    const at = this.numbers.findIndex((number) => number >= n);
    if (at < 0) {
      this.say(`Cannot seek to line number ${n}`);
      return;
    }
    this.top = at;
    this.skip = 0;
    this.above = undefined;
    yield* this.move(terminal, 1 - this.target(terminal));
  }

  /** &: shows only the lines that match; all of them again without a pattern. */
  protected setFilter(regex: Regex | undefined, inverted: boolean): void {
    this.filter = regex && { regex, inverted };
    const { all } = this;
    this.all = [];
    this.lines = [];
    this.numbers = [];
    for (const line of all) this.push(line);
    this.top = this.skip = 0;
    this.above = undefined;
  }

  protected compile(pattern: string): Regex | undefined {
    try {
      const ignoreCase = this.on["foldAll"] || (this.on["fold"] && pattern === pattern.toLowerCase());
      return compileRegex(pattern, { syntax: "ere", ignoreCase: ignoreCase === true });
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      this.say("Invalid pattern");
      return undefined;
    }
  }

  /** A message that waits for Return. */
  protected say(text: string): void {
    this.message = `${text}  (press RETURN)`;
  }

  /** Looks for the pattern from a line on; the line found goes to the top. */
  protected *search(terminal: Terminal, from: number, back: boolean, times = 1): Gen<void> {
    const step = back ? -1 : 1;
    let left = times;
    for (let at = from; at >= 0; at += step) {
      if (!back) yield* this.fill(at + 1);
      if (at >= this.lines.length) break;
      if (this.regex!.test(this.lines[at]!) === this.inverted || --left > 0) continue;
      this.top = at;
      this.skip = 0;
      this.above = undefined;
      yield* this.move(terminal, 1 - this.target(terminal));
      this.reached = false;
      return;
    }
    this.say("Pattern not found");
    terminal.bell();
  }
}
