import { charWidth } from "./width.ts";

interface Place {
  row: number;
  column: number;
}

/** Where the cursor stands after a text, on a terminal of so many columns. */
export function place(text: string, columns: number, from: Place = { row: 0, column: 0 }): Place {
  let { row, column } = from;
  for (const char of text) {
    if (char === "\n") {
      row++;
      column = 0;
      continue;
    }
    const width = char === "\t" ? 8 - (column % 8) : charWidth(char);
    if (column + width > columns) {
      row++;
      column = 0;
    }
    column += width;
    if (column === columns) {
      row++;
      column = 0;
    }
  }
  return { row, column };
}

/** Prompt text without what `\[` and `\]` enclose, as far as widths go. */
function visible(prompt: string): string {
  // The marks are the control characters that the prompt's escapes leave.
  let out = "";
  let hidden = false;
  for (const char of prompt) {
    if (char === "\x01") hidden = true;
    else if (char === "\x02") hidden = false;
    else if (!hidden) out += char;
  }
  return out.replace(/\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07/g, "").replace(/[\x07\r]/g, "");
}

function shown(text: string): string {
  return /[\x00-\x08\x0b-\x1f\x7f]/.test(text)
    ? text.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (c) => `^${String.fromCharCode(c.charCodeAt(0) ^ 64)}`)
    : text;
}

/** Draws prompt and line, and keeps the cursor where it belongs. */
export class Screen {
  prompt = "";
  columns = 80;
  private drawn = "";
  private cursor: Place = { row: 0, column: 0 };
  /** Where the text begins, after the prompt. */
  private start: Place = { row: 0, column: 0 };
  /** The cursor stands at the end of what is drawn. */
  private atEnd = true;

  private position(text: string): Place {
    return text === "" ? this.start : place(shown(text), this.columns, this.start);
  }

  /** What to write to show the prompt on a fresh line. */
  begin(prompt: string, columns: number): string {
    const width = Math.max(2, columns);
    if (prompt !== this.prompt || width !== this.columns) this.start = place(visible(prompt), width);
    this.prompt = prompt;
    this.columns = width;
    this.drawn = "";
    this.cursor = this.start;
    this.atEnd = true;
    return prompt.replace(/[\x01\x02]/g, "");
  }

  /** What to write so that `text` is shown with the cursor at the character `at`. */
  draw(text: string, at: number): string {
    if (text === this.drawn && this.atEnd && at === text.length) return "";
    // Typing at the end of the line needs no more than the new characters.
    const last = at === text.length || at === [...text].length;
    if (last && this.atEnd && text.startsWith(this.drawn)) {
      const added = text.slice(this.drawn.length);
      this.drawn = text;
      this.cursor = place(shown(added), this.columns, this.cursor);
      return shown(added) + (added !== "" && this.cursor.column === 0 && !added.endsWith("\n") ? " \r" : "");
    }
    const before = last ? text : [...text].slice(0, at).join("");
    let out = this.same(this.cursor, this.position("")) ? "" : this.home();
    const end = this.position(text);
    out += shown(text);
    if (end.column === 0 && text !== "" && !text.endsWith("\n")) out += " \r";
    out += "\x1b[J";
    const goal = this.position(before);
    if (end.row > goal.row) out += `\x1b[${end.row - goal.row}A`;
    if (!this.same(end, goal)) out += goal.column > 0 ? `\r\x1b[${goal.column}C` : "\r";
    this.drawn = text;
    this.cursor = goal;
    this.atEnd = this.same(end, goal);
    return out;
  }

  /** Moves the cursor to where the text begins. */
  private home(): string {
    const start = this.position("");
    const up = this.cursor.row - start.row;
    return `${up > 0 ? `\x1b[${up}A` : ""}\r${start.column > 0 ? `\x1b[${start.column}C` : ""}`;
  }

  private same(a: Place, b: Place): boolean {
    return a.row === b.row && a.column === b.column;
  }

  /** Moves below the line, for output that follows. */
  leave(): string {
    const end = this.position(this.drawn);
    const down = end.row - this.cursor.row;
    const move = down > 0 ? `\x1b[${down}B` : "";
    // A text that fills its last row has brought the cursor to the next one already.
    if (end.column === 0 && this.drawn !== "" && !this.drawn.endsWith("\n")) return `${move}\r`;
    return `${move}\n`;
  }

  /** Everything anew at the top of a cleared terminal, or after other output. */
  again(text: string, at: number, clear: boolean): string {
    const head = clear ? "\x1b[H\x1b[2J" : "";
    return head + this.begin(this.prompt, this.columns) + this.draw(text, at);
  }

  /** Another prompt in the place of this one, and the text behind it. */
  relabel(prompt: string, text: string, at: number): string {
    const { row } = this.cursor;
    return `${row > 0 ? `\x1b[${row}A` : ""}\r\x1b[J${this.begin(prompt, this.columns)}${this.draw(text, at)}`;
  }

  /** The terminal's width changed: the lines have moved, so draw from the start of the current one. */
  resize(columns: number, text: string, at: number): string {
    const { row } = this.cursor;
    return `${row > 0 ? `\x1b[${row}A` : ""}\r\x1b[J${this.begin(this.prompt, columns)}${this.draw(text, at)}`;
  }
}
