import { decode, encode } from "../../../kernel/index.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { wcwidth } from "../../../text/width.ts";
import { shownChar, textWidth } from "../screen/terminal.ts";

/** A text being edited: lines without newlines, a cursor in UTF-16 units, undo by snapshots of the list of lines. */
export class Buffer {
  lines: string[] = [""];
  row = 0;
  column = 0;
  modified = false;
  /** Name of the file, once it has one. */
  path: string | undefined;
  /** The file was there when it was opened. */
  existed = false;
  private readonly undone: { lines: string[]; row: number; column: number }[] = [];

  /** Loads a file; a new one when there is none. Throws EACCES, EISDIR. */
  load(p: Process, path: string): void {
    this.path = path;
    const node = sys.find(p, path);
    this.existed = node !== undefined;
    if (node === undefined) return;
    const text = decode(sys.readBytes(p, path));
    this.lines = text === "" ? [""] : text.replace(/\n$/, "").split("\n");
  }

  /** Writes all lines (or some) with a newline after each; gives how many lines and bytes. Throws EACCES, ENOENT, EISDIR, EROFS, ENOSPC. */
  save(p: Process, path: string, from = 0, to = this.lines.length): { lines: number; bytes: number } {
    const part = this.lines.slice(from, to);
    const bytes =
      part.length === 1 && part[0] === "" && this.lines.length === 1
        ? new Uint8Array(0)
        : encode(`${part.join("\n")}\n`);
    sys.writeText(p, path, bytes);
    return { lines: bytes.length === 0 ? 0 : part.length, bytes: bytes.length };
  }

  get line(): string {
    return this.lines[this.row]!;
  }

  set line(text: string) {
    this.lines[this.row] = text;
  }

  /** Puts lines in the place of others; there is always one. */
  splice(at: number, count: number, ...lines: string[]): void {
    this.lines.splice(at, count, ...lines);
    if (this.lines.length === 0) this.lines.push("");
  }

  /** Notes the present state for `undo`, before a change. */
  mark(): void {
    this.undone.push({ lines: [...this.lines], row: this.row, column: this.column });
    if (this.undone.length > 100) this.undone.shift();
    this.modified = true;
  }

  /** Back to the last mark; false when there is none. */
  undo(): boolean {
    const state = this.undone.pop();
    if (state === undefined) return false;
    this.lines = state.lines;
    this.row = state.row;
    this.column = state.column;
    return true;
  }

  /** Puts text (newlines too) at the cursor, which goes behind it. */
  insert(text: string): void {
    const parts = text.split("\n");
    const before = this.line.slice(0, this.column);
    const after = this.line.slice(this.column);
    if (parts.length === 1) {
      this.line = before + text + after;
      this.column += text.length;
      return;
    }
    const last = parts.at(-1)!;
    this.splice(this.row, 1, before + parts[0]!, ...parts.slice(1, -1), last + after);
    this.row += parts.length - 1;
    this.column = last.length;
  }

  /** Takes out what lies between two places and gives it. */
  cut(from: { row: number; column: number }, to: { row: number; column: number }): string {
    const text = this.between(from, to);
    const joined = this.lines[from.row]!.slice(0, from.column) + this.lines[to.row]!.slice(to.column);
    this.splice(from.row, to.row - from.row + 1, joined);
    this.row = from.row;
    this.column = from.column;
    return text;
  }

  between(from: { row: number; column: number }, to: { row: number; column: number }): string {
    if (from.row === to.row) return this.lines[from.row]!.slice(from.column, to.column);
    return [
      this.lines[from.row]!.slice(from.column),
      ...this.lines.slice(from.row + 1, to.row),
      this.lines[to.row]!.slice(0, to.column),
    ].join("\n");
  }

  /** Deletes the character before the cursor, or joins with the line before. */
  backspace(): void {
    if (this.column > 0) {
      const size = charBefore(this.line, this.column);
      this.line = this.line.slice(0, this.column - size) + this.line.slice(this.column);
      this.column -= size;
    } else if (this.row > 0) {
      const above = this.lines[this.row - 1]!;
      this.splice(this.row - 1, 2, above + this.line);
      this.row--;
      this.column = above.length;
    }
  }

  /** Deletes the character at the cursor, or joins with the next line. */
  deleteChar(): void {
    if (this.column < this.line.length) {
      const size = charAt(this.line, this.column);
      this.line = this.line.slice(0, this.column) + this.line.slice(this.column + size);
    } else if (this.row + 1 < this.lines.length) this.splice(this.row, 2, this.line + this.lines[this.row + 1]!);
  }

  left(): boolean {
    if (this.column === 0) return false;
    this.column -= charBefore(this.line, this.column);
    return true;
  }

  right(limit = this.line.length): boolean {
    if (this.column >= limit) return false;
    this.column += charAt(this.line, this.column);
    return true;
  }

  /** Column of the screen where the cursor's character begins. */
  get screenColumn(): number {
    return textWidth(this.line.slice(0, this.column));
  }

  /** To another line, as near as possible to a column of the screen. */
  goTo(row: number, screenColumn: number): void {
    this.row = Math.max(0, Math.min(row, this.lines.length - 1));
    let at = 0;
    let width = 0;
    for (const char of this.line) {
      const shown = shownChar(char, width);
      const next = width + (shown === char ? wcwidth(char) : shown.length);
      if (next > screenColumn) break;
      width = next;
      at += char.length;
    }
    this.column = at;
  }
}

export function charAt(text: string, at: number): number {
  const code = text.codePointAt(at);
  return code === undefined ? 0 : code > 0xffff ? 2 : 1;
}

export function charBefore(text: string, at: number): number {
  const unit = text.charCodeAt(at - 1);
  return unit >= 0xdc00 &&
    unit <= 0xdfff &&
    at > 1 &&
    text.charCodeAt(at - 2) >= 0xd800 &&
    text.charCodeAt(at - 2) < 0xdc00
    ? 2
    : 1;
}

/** A line as a screen shows it, from a column on, cut to a width. */
export function shownLine(line: string, from: number, width: number): string {
  let out = "";
  let column = 0;
  for (const char of line) {
    const shown = shownChar(char, column);
    const size = shown === char ? wcwidth(char) : shown.length;
    if (column >= from && column + size <= from + width) out += shown;
    else if (column + size > from && column < from) out += " ".repeat(column + size - from);
    column += size;
    if (column >= from + width) break;
  }
  return out;
}
