/**
 * What a pane shows: a grid of cells that understands the control sequences of a terminal called `screen` or `xterm`
 * (ECMA-48, and xterm's private modes), with the lines that scrolled off its top.
 */
import { wcwidth } from "../../text/width.ts";
import { applySgr, Line } from "./line.ts";
import { type Controls, Parser } from "./parser.ts";

interface Saved {
  row: number;
  column: number;
  look: string;
}

export class Screen implements Controls {
  columns: number;
  rows: number;
  lines: Line[];
  /** What scrolled off, oldest first. */
  history: Line[] = [];
  historyLimit: number;
  row = 0;
  column = 0;
  /** What SGR set, as `applySgr` writes it. */
  look = "";
  cursorShown = true;
  /** Cursor keys send `ESC O A` (DECCKM). */
  applicationKeys = false;
  bracketedPaste = false;
  title = "";
  /** The main screen's lines and cursor while a full-screen program shows its own. */
  private main: { lines: Line[]; saved: Saved } | undefined;
  private top = 0;
  private bottom: number;
  private wraps = true;
  private inserts = false;
  /** The last column was written: the next character goes to a new line. */
  private full = false;
  private saved: Saved = { row: 0, column: 0, look: "" };
  private readonly parser = new Parser(this);
  /** Bytes that the terminal answers with (its position, what it is). */
  reply: (text: string) => void = () => {};
  bell: () => void = () => {};

  constructor(columns: number, rows: number, historyLimit: number) {
    this.columns = columns;
    this.rows = rows;
    this.bottom = rows - 1;
    this.historyLimit = historyLimit;
    this.lines = Array.from({ length: rows }, () => new Line());
  }

  get alternate(): boolean {
    return this.main !== undefined;
  }

  write(text: string): void {
    this.parser.feed(text);
  }

  /** Takes another size. Lines are not wrapped anew; what does not fit above goes to the history. */
  resize(columns: number, rows: number): void {
    if (columns === this.columns && rows === this.rows) return;
    for (const lines of this.main ? [this.lines, this.main.lines] : [this.lines]) {
      const own = lines === this.lines;
      while (lines.length > rows) {
        // Empty lines below the cursor go first.
        const last = lines.length - 1;
        if (last > (own ? this.row : 0) && lines[last]!.chars.length === 0) lines.pop();
        else {
          const gone = lines.shift()!;
          if (own) this.row = Math.max(0, this.row - 1);
          if (own && !this.alternate) this.remember(gone);
        }
      }
      while (lines.length < rows) {
        const back = own && !this.alternate ? this.history.pop() : undefined;
        if (back) {
          lines.unshift(back);
          this.row++;
        } else lines.push(new Line());
      }
    }
    this.columns = columns;
    this.rows = rows;
    this.top = 0;
    this.bottom = rows - 1;
    this.row = Math.min(this.row, rows - 1);
    this.column = Math.min(this.column, columns - 1);
    this.full = false;
  }

  private remember(line: Line): void {
    if (this.historyLimit === 0) return;
    this.history.push(line);
    if (this.history.length > this.historyLimit) this.history.splice(0, Math.max(1, this.historyLimit / 10));
  }

  clearHistory(): void {
    this.history = [];
  }

  // ---- characters ---------------------------------------------------------------------------------------------------

  run(text: string, from: number, to: number): void {
    let at = from;
    if (this.inserts) while (at < to) this.print(text[at++]!);
    while (at < to) {
      // The first character settles whether a new line begins; the last of a line whether it is full.
      this.print(text[at++]!);
      const line = this.lines[this.row]!;
      const end = Math.min(to, at + this.columns - 1 - this.column);
      if (this.full || end <= at) continue;
      while (line.chars.length < this.column) line.put(line.chars.length, " ", "");
      while (at < end) {
        line.chars[this.column] = text[at++]!;
        line.looks[this.column++] = this.look;
      }
    }
  }

  print(char: string): void {
    const width = wcwidth(char);
    if (width === 0) {
      const line = this.lines[this.row]!;
      const at = this.full ? this.column : this.column - 1;
      if (at >= 0 && line.chars[at]) line.chars[at] += char;
      return;
    }
    if (this.full || (width === 2 && this.column === this.columns - 1)) {
      if (this.wraps) {
        this.lines[this.row]!.wrapped = true;
        this.column = 0;
        this.lineFeed();
      }
      this.full = false;
    }
    const line = this.lines[this.row]!;
    if (this.inserts) {
      line.put(this.column, line.chars[this.column] ?? " ", line.looks[this.column] ?? "");
      line.chars.splice(this.column, 0, ...new Array<string>(width).fill(" "));
      line.looks.splice(this.column, 0, ...new Array<string>(width).fill(""));
      line.chars.length = line.looks.length = Math.min(line.chars.length, this.columns);
    }
    line.put(this.column, char, this.look);
    if (width === 2) line.put(this.column + 1, "", this.look);
    if (this.column + width < this.columns) this.column += width;
    else {
      this.column = this.columns - 1;
      this.full = this.wraps;
    }
  }

  control(code: number): void {
    switch (code) {
      case 7:
        this.bell();
        break;
      case 8:
        if (this.column > 0 && !this.full) this.column--;
        this.full = false;
        break;
      case 9:
        this.column = Math.min(this.columns - 1, (this.column | 7) + 1);
        break;
      case 10:
      case 11:
      case 12:
        this.lines[this.row]!.wrapped = false;
        this.lineFeed();
        break;
      case 13:
        this.column = 0;
        this.full = false;
    }
  }

  private lineFeed(): void {
    this.full = false;
    if (this.row === this.bottom) this.scrollUp(1);
    else if (this.row < this.rows - 1) this.row++;
  }

  private scrollUp(count: number): void {
    if (count === 1 && this.top === 0 && this.bottom === this.rows - 1) {
      const gone = this.lines.shift()!;
      if (!this.alternate) this.remember(gone);
      this.lines.push(new Line());
      return;
    }
    for (let i = 0; i < Math.min(count, this.bottom - this.top + 1); i++) {
      const [gone] = this.lines.splice(this.top, 1);
      if (this.top === 0 && !this.alternate) this.remember(gone!);
      this.lines.splice(this.bottom, 0, new Line());
    }
  }

  private scrollDown(count: number): void {
    for (let i = 0; i < Math.min(count, this.bottom - this.top + 1); i++) {
      this.lines.splice(this.bottom, 1);
      this.lines.splice(this.top, 0, new Line());
    }
  }

  // ---- escape sequences ---------------------------------------------------------------------------------------------

  escape(sequence: string): void {
    switch (sequence) {
      case "7":
        this.saved = { row: this.row, column: this.column, look: this.look };
        break;
      case "8":
        this.restore(this.saved);
        break;
      case "D":
        this.lineFeed();
        break;
      case "E":
        this.column = 0;
        this.lineFeed();
        break;
      case "M":
        if (this.row === this.top) this.scrollDown(1);
        else if (this.row > 0) this.row--;
        break;
      case "c":
        this.reset();
    }
  }

  private restore(saved: Saved): void {
    this.row = Math.min(saved.row, this.rows - 1);
    this.column = Math.min(saved.column, this.columns - 1);
    this.look = saved.look;
    this.full = false;
  }

  /** `tput reset`, `send-keys -R`. */
  reset(): void {
    this.lines = Array.from({ length: this.rows }, () => new Line());
    this.main = undefined;
    this.restore({ row: 0, column: 0, look: "" });
    this.top = 0;
    this.bottom = this.rows - 1;
    this.wraps = this.cursorShown = true;
    this.inserts = this.applicationKeys = this.bracketedPaste = false;
  }

  name(text: string): void {
    this.title = text;
  }

  csi(final: string, mark: string, numbers: readonly number[]): void {
    const n = Math.max(1, numbers[0] ?? 1);
    if (mark === "?") {
      if (final === "h" || final === "l") for (const mode of numbers) this.privateMode(mode, final === "h");
      return;
    }
    if (mark === ">") {
      if (final === "c") this.reply("\x1b[>84;0;0c");
      return;
    }
    if (mark !== "") return;
    switch (final) {
      case "A":
        this.go(Math.max(this.row >= this.top ? this.top : 0, this.row - n), this.column);
        break;
      case "B":
      case "e":
        this.go(Math.min(this.row <= this.bottom ? this.bottom : this.rows - 1, this.row + n), this.column);
        break;
      case "C":
      case "a":
        this.go(this.row, this.column + n);
        break;
      case "D":
        this.go(this.row, this.column - n);
        break;
      case "E":
        this.go(this.row + n, 0);
        break;
      case "F":
        this.go(this.row - n, 0);
        break;
      case "G":
      case "`":
        this.go(this.row, n - 1);
        break;
      case "d":
        this.go(n - 1, this.column);
        break;
      case "H":
      case "f":
        this.go(n - 1, Math.max(1, numbers[1] ?? 1) - 1);
        break;
      case "J":
        this.eraseDisplay(numbers[0] ?? 0);
        break;
      case "K":
        this.eraseLine(numbers[0] ?? 0);
        break;
      case "L":
        if (this.row >= this.top && this.row <= this.bottom) this.within(this.row, () => this.scrollDown(n));
        break;
      case "M":
        if (this.row >= this.top && this.row <= this.bottom) this.within(this.row, () => this.scrollUp(n));
        break;
      case "P": {
        const line = this.lines[this.row]!;
        line.chars.splice(this.column, n);
        line.looks.splice(this.column, n);
        break;
      }
      case "@": {
        const line = this.lines[this.row]!;
        if (this.column < line.chars.length) {
          line.chars.splice(this.column, 0, ...new Array<string>(Math.min(n, this.columns)).fill(" "));
          line.looks.splice(this.column, 0, ...new Array<string>(Math.min(n, this.columns)).fill(""));
          line.chars.length = line.looks.length = Math.min(line.chars.length, this.columns);
        }
        break;
      }
      case "X":
        this.lines[this.row]!.erase(this.column, Math.min(this.columns, this.column + n), this.background());
        break;
      case "S":
        this.scrollUp(n);
        break;
      case "T":
        this.scrollDown(n);
        break;
      case "m":
        this.look = applySgr(this.look, numbers);
        break;
      case "r": {
        const [first, last] = [Math.max(1, numbers[0] ?? 1) - 1, Math.min(this.rows, numbers[1] || this.rows) - 1];
        if (first < last) [this.top, this.bottom] = [first, last];
        this.go(0, 0);
        break;
      }
      case "s":
        this.escape("7");
        break;
      case "u":
        this.escape("8");
        break;
      case "h":
      case "l":
        if (numbers[0] === 4) this.inserts = final === "h";
        break;
      case "n":
        if (numbers[0] === 6) this.reply(`\x1b[${this.row + 1};${this.column + 1}R`);
        else if (numbers[0] === 5) this.reply("\x1b[0n");
        break;
      case "c":
        this.reply("\x1b[?1;2c");
    }
  }

  /** Does something with the scroll region beginning at a row. */
  private within(row: number, work: () => void): void {
    const { top } = this;
    this.top = row;
    // Lines taken out below the top do not go to the history.
    const { history } = this;
    this.history = [];
    work();
    this.history = history;
    this.top = top;
    this.full = false;
  }

  private go(row: number, column: number): void {
    this.row = Math.max(0, Math.min(this.rows - 1, row));
    this.column = Math.max(0, Math.min(this.columns - 1, column));
    this.full = false;
  }

  private background(): string {
    return this.look.split(" ").find((part) => part.startsWith("z")) ?? "";
  }

  private eraseLine(how: number): void {
    const line = this.lines[this.row]!;
    const look = this.background();
    if (how === 0) line.erase(this.column, this.columns, look);
    else if (how === 1) for (let i = 0; i <= this.column; i++) line.put(i, " ", look);
    else line.erase(0, this.columns, look);
  }

  private eraseDisplay(how: number): void {
    if (how === 3) {
      this.clearHistory();
      return;
    }
    if (how === 0 || how === 2) {
      // A whole cleared screen is kept in the history, as tmux does (scroll-on-clear).
      if (how === 2 || (this.row === 0 && this.column === 0)) {
        let used = this.rows;
        while (used > 0 && this.lines[used - 1]!.chars.length === 0) used--;
        if (!this.alternate) for (const line of this.lines.slice(0, used)) this.remember(line);
        this.lines = Array.from({ length: this.rows }, () => new Line());
        const look = this.background();
        if (look !== "") for (const line of this.lines) line.erase(0, this.columns, look);
        return;
      }
      this.eraseLine(0);
      for (let row = this.row + 1; row < this.rows; row++) this.lines[row]!.erase(0, this.columns, this.background());
      return;
    }
    for (let row = 0; row < this.row; row++) this.lines[row]!.erase(0, this.columns, this.background());
    this.eraseLine(1);
  }

  private privateMode(mode: number, on: boolean): void {
    switch (mode) {
      case 1:
        this.applicationKeys = on;
        break;
      case 7:
        this.wraps = on;
        break;
      case 25:
        this.cursorShown = on;
        break;
      case 2004:
        this.bracketedPaste = on;
        break;
      case 47:
      case 1047:
      case 1049:
        if (on && this.main === undefined) {
          this.main = { lines: this.lines, saved: { row: this.row, column: this.column, look: this.look } };
          this.lines = Array.from({ length: this.rows }, () => new Line());
        } else if (!on && this.main !== undefined) {
          const { lines, saved } = this.main;
          this.main = undefined;
          this.lines = lines;
          while (this.lines.length < this.rows) this.lines.push(new Line());
          this.lines.length = this.rows;
          this.restore(saved);
        }
        this.top = 0;
        this.bottom = this.rows - 1;
    }
  }
}
