import { wcwidth } from "../../text/width.ts";

/** Columns that a character takes on the line being edited: control characters are shown as `^X`. */
export function charWidth(char: string): number {
  const code = char.charCodeAt(0);
  return code < 0x20 || code === 0x7f ? 2 : wcwidth(char);
}

/** Columns of a text on one line. */
export function textWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}
