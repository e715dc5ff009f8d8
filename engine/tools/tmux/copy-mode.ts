/** Copy mode over a pane's history, and the texts of commands, which are looked at in the same way. */
import type { Gen } from "../../kernel/index.ts";
import type { Client } from "./client.ts";
import { Line } from "./line.ts";
import { type Mode, SELECTED, textLines } from "./mode.ts";
import type { Pane } from "./model.ts";

type Move = (mode: CopyMode) => void;

const BOTH: Record<string, Move> = {
  Up: (m) => m.vertical(() => m.go(m.row - 1, m.column)),
  Down: (m) => m.vertical(() => m.go(m.row + 1, m.column)),
  Left: (m) => m.left(),
  Right: (m) => m.right(),
  PPage: (m) => m.page(-1, m.height - 2),
  NPage: (m) => m.page(1, m.height - 2),
  Home: (m) => m.go(m.row, 0),
  End: (m) => m.go(m.row, m.length(m.row)),
  "C-Up": (m) => m.scroll(-1),
  "C-Down": (m) => m.scroll(1),
};

const EMACS: Record<string, Move> = {
  ...BOTH,
  "C-p": BOTH["Up"]!,
  "C-n": BOTH["Down"]!,
  "C-b": BOTH["Left"]!,
  "C-f": BOTH["Right"]!,
  "C-a": BOTH["Home"]!,
  "C-e": BOTH["End"]!,
  "C-v": BOTH["NPage"]!,
  Space: BOTH["NPage"]!,
  "M-v": BOTH["PPage"]!,
  "M-f": (m) => m.word(1),
  "M-b": (m) => m.word(-1),
  "M-<": (m) => m.go(0, 0),
  "M->": (m) => m.go(m.last, m.length(m.last)),
  "C-@": (m) => m.select(),
  "C-g": (m) => m.unselect(),
  n: (m) => m.again(1),
  N: (m) => m.again(-1),
};

const VI: Record<string, Move> = {
  ...BOTH,
  k: BOTH["Up"]!,
  j: BOTH["Down"]!,
  h: BOTH["Left"]!,
  l: BOTH["Right"]!,
  "0": BOTH["Home"]!,
  $: BOTH["End"]!,
  "^": (m) => m.go(m.row, m.lines[m.row]!.text().search(/\S|$/)),
  "C-b": BOTH["PPage"]!,
  "C-f": BOTH["NPage"]!,
  "C-u": (m) => m.page(-1, m.height >> 1),
  "C-d": (m) => m.page(1, m.height >> 1),
  "C-y": (m) => m.scroll(-1),
  "C-e": (m) => m.scroll(1),
  w: (m) => m.word(1),
  e: (m) => m.word(1),
  b: (m) => m.word(-1),
  g: (m) => m.go(0, 0),
  G: (m) => m.go(m.last, m.length(m.last)),
  H: (m) => m.go(m.top, 0),
  L: (m) => m.go(m.top + m.height - 1, 0),
  Space: (m) => m.select(),
  V: (m) => m.selectLine(),
  Escape: (m) => m.unselect(),
  n: (m) => m.again(1),
  N: (m) => m.again(-1),
};

/** Copy mode: moving over what a pane showed, searching, taking texts into the paste buffer. */
export class CopyMode implements Mode {
  readonly name: "copy-mode" | "view-mode";
  readonly lines: readonly Line[];
  private readonly pane: Pane;
  private readonly vi: boolean;
  /** First line that is shown. */
  top: number;
  row: number;
  column: number;
  height: number;
  private start: { row: number; column: number } | undefined;
  private wholeLines = false;
  private search: { text: string; direction: 1 | -1 } | undefined;

  constructor(pane: Pane, text?: string) {
    const { screen } = pane;
    this.pane = pane;
    this.name = text === undefined ? "copy-mode" : "view-mode";
    this.vi = pane.window.options.get("mode-keys") === "vi";
    this.height = screen.rows;
    if (text === undefined) {
      this.lines = [...screen.history, ...screen.lines].map(copied);
      this.top = screen.history.length;
      this.row = this.top + screen.row;
      this.column = screen.column;
    } else {
      this.lines = textLines(text);
      this.top = this.row = this.column = 0;
    }
  }

  get last(): number {
    return this.lines.length - 1;
  }

  resized(): void {
    this.height = this.pane.screen.rows;
    this.go(this.row, this.column);
  }

  length(row: number): number {
    return this.lines[row]?.text().length ?? 0;
  }

  go(row: number, column: number): void {
    this.row = Math.max(0, Math.min(this.last, row));
    this.column = Math.max(0, Math.min(column, this.length(this.row)));
    if (this.row < this.top) this.top = this.row;
    if (this.row >= this.top + this.height) this.top = this.row - this.height + 1;
  }

  /** The column that moves up and down keep, and the length of the line it was on. */
  private kept = { column: 0, length: 0 };

  /** A move to another line: the end of a line leads to the end of the next (window_copy_cursor_up). */
  vertical(move: () => void): void {
    const length = this.length(this.row);
    if (this.column !== length) this.kept = { column: this.column, length };
    move();
    const { column, length: before } = this.kept;
    const end = this.length(this.row);
    this.column = column >= before || column > end ? end : column;
  }

  /** Turns a page; at the first and the last one the cursor moves instead (window_copy_pageup). */
  page(direction: 1 | -1, lines: number): void {
    const by = Math.max(1, lines);
    const most = Math.max(0, this.lines.length - this.height);
    this.vertical(() => {
      const top = this.top + direction * by;
      const offset = this.row - this.top;
      if (top >= 0 && top <= most) {
        this.top = top;
        this.row = top + offset;
        return;
      }
      this.top = direction < 0 ? 0 : most;
      this.row = this.top + Math.max(0, Math.min(this.height - 1, offset + direction * by));
    });
  }

  scroll(by: number): void {
    const most = Math.max(0, this.lines.length - this.height);
    const offset = this.row - this.top;
    this.top = Math.max(0, Math.min(most, this.top + by));
    this.go(this.top + offset, this.column);
  }

  left(): void {
    if (this.column > 0) this.column--;
    else if (this.row > 0) this.go(this.row - 1, this.length(this.row - 1));
  }

  right(): void {
    if (this.column < this.length(this.row)) this.column++;
    else if (this.row < this.last) this.go(this.row + 1, 0);
  }

  word(direction: 1 | -1): void {
    const text = this.lines[this.row]!.text();
    const isWord = (at: number) => /\w/.test(text[at] ?? " ");
    let at = this.column;
    if (direction > 0) {
      while (at < text.length && isWord(at)) at++;
      while (at < text.length && !isWord(at)) at++;
      if (at >= text.length && this.row < this.last) this.go(this.row + 1, 0);
      else this.column = at;
      return;
    }
    if (at === 0) {
      this.left();
      return;
    }
    while (at > 0 && !isWord(at - 1)) at--;
    while (at > 0 && isWord(at - 1)) at--;
    this.column = at;
  }

  select(): void {
    this.start = { row: this.row, column: this.column };
    this.wholeLines = false;
  }

  selectLine(): void {
    this.start = { row: this.row, column: 0 };
    this.wholeLines = true;
  }

  unselect(): void {
    this.start = undefined;
  }

  /** Goes to the next place of a text; false when there is none. */
  find(text: string, direction: 1 | -1): boolean {
    if (text === "") return false;
    this.search = { text, direction };
    const count = this.lines.length;
    for (let step = 0; step <= count; step++) {
      const row = (((this.row + step * direction) % count) + count) % count;
      const line = this.lines[row]!.text();
      const at =
        direction > 0
          ? line.indexOf(text, step === 0 ? this.column + (this.vi ? 1 : 0) : 0)
          : step === 0 && this.column === 0
            ? -1
            : line.lastIndexOf(text, step === 0 ? this.column - 1 : line.length);
      if (at < 0) continue;
      // Emacs' keys lead behind what was found further down.
      this.show(row, direction > 0 && !this.vi ? at + text.length : at);
      this.results = this.lines.reduce((sum, one) => sum + one.text().split(text).length - 1, 0);
      return true;
    }
    this.results = undefined;
    return false;
  }

  /** How often the text that was searched for stands anywhere. */
  private results: number | undefined;

  /** Goes to a place; what was not to be seen comes to the lower part of the screen (window_copy_scroll_to). */
  private show(row: number, column: number): void {
    if (row < this.top || row >= this.top + this.height) {
      const most = Math.max(0, this.lines.length - this.height);
      const gap = this.height >> 2;
      const top = row < this.height ? 0 : row > most + this.height - gap ? most : row + gap - this.height;
      this.top = Math.max(0, Math.min(most, top));
    }
    this.row = row;
    this.column = column;
  }

  again(sign: 1 | -1): void {
    if (this.search) {
      const { text, direction } = this.search;
      this.find(text, (direction * sign) as 1 | -1);
      this.search = { text, direction };
    }
  }

  /** From where to where, in order; the end is not part of it. */
  private range(): { from: { row: number; column: number }; to: { row: number; column: number } } | undefined {
    if (this.start === undefined) return undefined;
    const here = { row: this.row, column: this.column };
    const ahead = here.row > this.start.row || (here.row === this.start.row && here.column >= this.start.column);
    const [from, to] = ahead ? [this.start, here] : [here, this.start];
    if (this.wholeLines)
      return { from: { row: from.row, column: 0 }, to: { row: to.row, column: this.length(to.row) } };
    // vi's selection holds the character under the cursor.
    return this.vi ? { from, to: { row: to.row, column: to.column + 1 } } : { from, to };
  }

  selected(): string {
    const range = this.range();
    if (range === undefined) return "";
    const { from, to } = range;
    let out = "";
    for (let row = from.row; row <= to.row; row++) {
      const text = this.lines[row]!.text();
      out += text.slice(row === from.row ? from.column : 0, row === to.row ? to.column : undefined);
      // vi's selection that reaches behind a line's end has its line break.
      const behind = row === to.row && this.vi && !this.wholeLines && to.column > text.length;
      if ((row < to.row || behind) && !this.lines[row]!.wrapped) out += "\n";
    }
    return this.wholeLines ? `${out}\n` : out;
  }

  view(columns: number, rows: number): { lines: Line[]; row: number; column: number; cursor: boolean } {
    const range = this.range();
    const lines: Line[] = [];
    for (let i = 0; i < rows; i++) {
      const row = this.top + i;
      const line = copied(this.lines[row] ?? new Line());
      if (range && row >= range.from.row && row <= range.to.row) {
        const from = row === range.from.row ? range.from.column : 0;
        const to = row === range.to.row ? range.to.column : Math.max(1, line.chars.length);
        for (let at = from; at < to; at++) line.put(at, line.chars[at] ?? " ", SELECTED);
      }
      lines.push(line);
    }
    const results = this.results === undefined ? "" : `(${this.results} results) `;
    const position = `${results}[${Math.max(0, this.lines.length - this.height - this.top)}/${Math.max(0, this.lines.length - this.height)}]`;
    [...position].forEach((char, i) => {
      lines[0]?.put(Math.max(0, columns - position.length) + i, char, SELECTED);
    });
    return { lines, row: this.row - this.top, column: Math.min(this.column, columns - 1), cursor: true };
  }

  private leave(): void {
    this.pane.mode = undefined;
  }

  private take(): void {
    const text = this.selected();
    if (text !== "") this.pane.window.server.addBuffer(text);
    this.leave();
  }

  /** A command of `send-keys -X`. */
  command(name: string, client: Client | undefined, argument = ""): void {
    const moves: Record<string, () => void> = {
      "begin-selection": () => this.select(),
      "clear-selection": () => this.unselect(),
      "select-line": () => this.selectLine(),
      cancel: () => this.leave(),
      "copy-selection": () => this.pane.window.server.addBuffer(this.selected()),
      "copy-selection-and-cancel": () => this.take(),
      "copy-pipe-and-cancel": () => this.take(),
      "cursor-up": () => BOTH["Up"]!(this),
      "cursor-down": () => BOTH["Down"]!(this),
      "cursor-left": () => this.left(),
      "cursor-right": () => this.right(),
      "page-up": () => BOTH["PPage"]!(this),
      "page-down": () => BOTH["NPage"]!(this),
      "scroll-up": () => this.scroll(-1),
      "scroll-down": () => this.scroll(1),
      "start-of-line": () => this.go(this.row, 0),
      "end-of-line": () => BOTH["End"]!(this),
      "history-top": () => this.go(0, 0),
      "history-bottom": () => this.go(this.last, this.length(this.last)),
      "next-word": () => this.word(1),
      "previous-word": () => this.word(-1),
      "search-forward": () => void this.find(argument, 1),
      "search-backward": () => void this.find(argument, -1),
      "search-again": () => this.again(1),
      "search-reverse": () => this.again(-1),
      "goto-line": () => {
        const most = Math.max(0, this.lines.length - this.height);
        const offset = this.row - this.top;
        this.top = Math.max(0, Math.min(most, most - (Number(argument) || 0)));
        this.row = this.top + offset;
      },
    };
    moves[name]?.();
    client?.server.changed();
  }

  *key(name: string, client: Client): Gen<void> {
    const { vi } = this;
    if (name === "q" || name === "C-c" || (name === "Escape" && (!vi || this.name === "view-mode"))) this.leave();
    else if (name === "Enter" && this.start === undefined) this.leave();
    else if (name === "M-w" || name === "C-w" || (vi && (name === "Enter" || name === "y"))) this.take();
    else if (name === "Enter") this.take();
    else if (name === "C-k" && !vi) {
      this.select();
      this.column = this.length(this.row);
      this.take();
    } else if (name === "C-s" || (vi && name === "/")) this.ask(client, "(search down) ", 1);
    else if (name === "C-r" || (vi && name === "?")) this.ask(client, "(search up) ", -1);
    else if (name === (vi ? ":" : "g"))
      client.ask("(goto line) ", "", (text) => this.command("goto-line", client, text));
    else (vi ? VI : EMACS)[name]?.(this);
    client.server.changed();
  }

  private ask(client: Client, label: string, direction: 1 | -1): void {
    client.ask(label, "", (text) => {
      if (!this.find(text, direction)) client.tell(`No match: ${text}`);
    });
  }
}

function copied(line: Line): Line {
  const out = new Line();
  out.chars = [...line.chars];
  out.looks = [...line.looks];
  out.wrapped = line.wrapped;
  return out;
}
