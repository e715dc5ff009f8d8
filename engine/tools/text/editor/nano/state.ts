import { wcwidth } from "../../../../text/width.ts";
import type { Tool } from "../../../tool.ts";
import type { Terminal } from "../../screen/terminal.ts";
import { NanoText } from "./text.ts";

/** What options and toggles switch. */
export interface Flags {
  view: boolean;
  autoIndent: boolean;
  lineNumbers: boolean;
  softWrap: boolean;
  hardWrap: boolean;
  constantShow: boolean;
  cutToEnd: boolean;
  whitespace: boolean;
  tabsToSpaces: boolean;
  noHelp: boolean;
  /** Colours of syntaxes are off. */
  plainText: boolean;
  noTitle: boolean;
  backup: boolean;
  smartHome: boolean;
  mouse: boolean;
  noNewline: boolean;
  restricted: boolean;
  tabSize: number;
}

interface Open {
  text: NanoText;
  top: number;
}

/** Everything nano knows at a moment. */
export class Nano {
  readonly t: Tool;
  readonly terminal: Terminal;
  readonly flags: Flags;
  /** The files that are open, and which is shown. */
  open: Open[] = [{ text: new NanoText(), top: 0 }];
  at = 0;
  message = "";
  cutBuffer = "";
  /** The last key cut: the next one adds to what was cut. */
  cutting = false;
  mark: { row: number; column: number } | undefined;
  /** What was searched for, and how. */
  search = { text: "", replacement: "", cases: false, regex: false, back: false };
  searches: string[] = [];
  replacements: string[] = [];
  /** Lit while a question is about it. */
  spotlight: { row: number; from: number; to: number } | undefined;
  /** There was more than one file: the title numbers them from then on. */
  several = false;
  recording: string[] | undefined;
  macro: string[] = [];
  /** The word that ^] put last, and which it has tried. */
  completing:
    | { row: number; column: number; line: string; from: number; fragment: string; tried: Set<string> }
    | undefined;
  replay: string[] = [];
  /** Column that Up and Down keep to. */
  wanted: number | undefined;
  /** The cursor's line goes to the middle if it is out of sight. */
  centre = false;
  status: number | undefined;

  constructor(t: Tool, terminal: Terminal, flags: Flags) {
    this.t = t;
    this.terminal = terminal;
    this.flags = flags;
  }

  get text(): NanoText {
    return this.open[this.at]!.text;
  }

  get top(): number {
    return this.open[this.at]!.top;
  }

  set top(row: number) {
    this.open[this.at]!.top = row;
  }

  /** How a character is shown at a column. */
  shown(char: string, column: number): string {
    const size = this.flags.tabSize;
    if (char === "\t") {
      const width = size - (column % size);
      return this.flags.whitespace ? `\u00bb${" ".repeat(width - 1)}` : " ".repeat(width);
    }
    if (char === " " && this.flags.whitespace) return "\u00b7";
    const code = char.charCodeAt(0);
    if (code < 32) return `^${String.fromCharCode(code + 64)}`;
    return code === 127 ? "^?" : char;
  }

  /** Columns before a place of a line. */
  columnOf(line: string, at: number): number {
    let column = 0;
    let index = 0;
    for (const char of line) {
      if (index >= at) break;
      const shown = this.shown(char, column);
      column += char === " " || shown === char ? wcwidth(char) : shown.length;
      index += char.length;
    }
    return column;
  }

  widthOf(line: string): number {
    return this.columnOf(line, line.length);
  }

  /** The character of a line that covers a column, or its end. */
  indexAt(line: string, column: number): number {
    let at = 0;
    let index = 0;
    for (const char of line) {
      const shown = this.shown(char, at);
      at += char === " " || shown === char ? wcwidth(char) : shown.length;
      if (at > column) return index;
      index += char.length;
    }
    return line.length;
  }

  /** First column shown of a line that is too long: nano turns pages within it. */
  pageStart(column: number, width: number): number {
    if (column === 0 || column + 2 < width) return 0;
    if (width > 8) return column - 6 - ((column - 6) % (width - 8));
    return column - (width - 2);
  }

  /** The marked text, in order. */
  get selection(): { from: { row: number; column: number }; to: { row: number; column: number } } | undefined {
    if (this.mark === undefined) return undefined;
    const here = { row: this.text.row, column: this.text.column };
    const back = here.row < this.mark.row || (here.row === this.mark.row && here.column < this.mark.column);
    return back ? { from: here, to: this.mark } : { from: this.mark, to: here };
  }

  selectedOn(row: number): [number, number] | undefined {
    if (this.spotlight?.row === row) return [this.spotlight.from, this.spotlight.to];
    const area = this.selection;
    if (area === undefined || row < area.from.row || row > area.to.row) return undefined;
    return [
      row === area.from.row ? area.from.column : 0,
      row === area.to.row ? area.to.column : Number.POSITIVE_INFINITY,
    ];
  }

  say(text: string): void {
    this.message = text;
  }

  /** "line 1/8 (12%), col …". */
  location(): string {
    const { text } = this;
    const total = text.lines.length;
    const column = this.columnOf(text.line, text.column) + 1;
    const width = this.widthOf(text.line) + 1;
    const chars = text.characters;
    let before = [...text.line.slice(0, text.column)].length;
    for (let row = 0; row < text.row; row++) before += [...text.lines[row]!].length + 1;
    const two = (n: number) => String(n).padStart(2);
    const percent = (part: number, all: number) => Math.floor((100 * part) / Math.max(1, all));
    return `line ${String(text.row + 1).padStart(digits(total))}/${total} (${two(percent(text.row + 1, total))}%), col ${two(column)}/${two(width)} (${String(percent(column, width)).padStart(3)}%), char ${String(before).padStart(digits(chars))}/${chars} (${two(chars === 0 ? 0 : percent(before, chars))}%)`;
  }
}

/** Columns that nano keeps for a number: two at least. */
export function digits(n: number): number {
  return Math.max(2, String(n).length);
}

/** "1 line", "2 lines". */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
