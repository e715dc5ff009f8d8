/** How vi shows characters: columns between tab stops, and whether tabs and line ends are told (`:set list`). */
import { wcwidth } from "../../../../text/width.ts";

export interface Look {
  tabs: number;
  list: boolean;
}

/** A character on the screen. */
export interface Cell {
  text: string;
  width: number;
  /** Its place in the line, in UTF-16 units. */
  index: number;
}

function shown(char: string, column: number, look: Look): string {
  if (char === "\t" && !look.list) return " ".repeat(look.tabs - (column % look.tabs));
  const code = char.charCodeAt(0);
  if (code < 32) return `^${String.fromCharCode(code + 64)}`;
  if (code === 127) return "^?";
  if (code >= 0xdc80 && code <= 0xdcff) return `<${(code - 0xdc00).toString(16)}>`;
  return char;
}

/** The cells of a line. A combining character belongs to the one before it. */
export function cellsOf(line: string, look: Look): Cell[] {
  const cells: Cell[] = [];
  let column = 0;
  let index = 0;
  for (const char of line) {
    const text = shown(char, column, look);
    const width = text === char ? wcwidth(char) : text.length;
    const last = cells.at(-1);
    if (width === 0 && last) last.text += text;
    else cells.push({ text, width, index });
    column += width;
    index += char.length;
  }
  return cells;
}

/** Columns before a place of a line. */
export function columnOf(line: string, at: number, look: Look): number {
  let column = 0;
  let index = 0;
  for (const char of line) {
    if (index >= at) break;
    const text = shown(char, column, look);
    column += text === char ? wcwidth(char) : text.length;
    index += char.length;
  }
  return column;
}

/** The character of a line that covers a column of the screen; its length when the line ends before. */
export function indexAt(line: string, column: number, look: Look): number {
  let at = 0;
  for (const cell of cellsOf(line, look)) {
    at += cell.width;
    if (at > column) return cell.index;
  }
  return line.length;
}
