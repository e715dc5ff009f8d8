import { expandHistory, historyWords } from "../history-expand.ts";
import type { Editor } from "./editor.ts";

/** `M-.` pressed again and again: how far back it is, which way it goes, and which word it takes (readline's kill.c). */
export class LastArgument {
  private back = 0;
  private direction = 1;
  private word: number | undefined;
  private inserted = false;

  /** Inserts the last word of the line before, or the `n`th; `again`: the key before did so too. */
  press(editor: Editor, n: number, given: boolean, again: boolean): void {
    if (again) {
      if (this.inserted) editor.line.undo();
      if (n < 0) this.direction = -this.direction;
      this.back = Math.max(0, this.back + this.direction);
    } else {
      this.back = 0;
      this.direction = 1;
      this.word = given ? n : undefined;
    }
    this.inserted = insertArgument(editor, editor.at - 1 - this.back, this.word);
  }
}

/** Inserts a word of a line of the history: the last one, or the `n`th (from the end when negative); false when there is none. */
export function insertArgument(editor: Editor, place: number, n: number | undefined): boolean {
  const words = historyWords(editor.sh.history?.lines[place] ?? "");
  const word = n === undefined ? words.at(-1) : words[n < 0 ? words.length + n - 1 : n];
  if (word) editor.line.replace(editor.line.cursor, editor.line.cursor, word);
  else editor.bell();
  return Boolean(word);
}

/** `M-^`: history expansion on the line as it is. */
export function expandLine(editor: Editor): void {
  const { line } = editor;
  const { history } = editor.sh;
  const expanded = history && expandHistory(history, line.text);
  if (expanded && "text" in expanded && expanded.changed) line.replace(0, line.chars.length, expanded.text);
}

/** Goes to the line before (or after) that begins with what stands before the cursor. */
export function searchPrefix(editor: Editor, step: 1 | -1): void {
  const lines = editor.sh.history?.lines ?? [];
  const { line } = editor;
  const prefix = line.chars.slice(0, line.cursor).join("");
  const { cursor } = line;
  for (let i = editor.at + step; i >= 0 && i <= lines.length; i += step) {
    const text = lines[i] ?? "";
    if (!text.startsWith(prefix) || text === line.text) continue;
    editor.go(i);
    line.cursor = prefix === "" ? line.chars.length : cursor;
    return;
  }
  editor.bell();
}

/** `M-&`: the home directory in place of the tilde that begins the word at the cursor. */
export function expandTilde(editor: Editor): void {
  const { line, sh } = editor;
  let from = line.cursor;
  while (from > 0 && !/\s/.test(line.chars[from - 1]!)) from--;
  let to = from;
  while (to < line.chars.length && !/[\s/]/.test(line.chars[to]!)) to++;
  const word = line.chars.slice(from, to).join("");
  const home = word.startsWith("~") ? sh.home(word.slice(1)) : undefined;
  if (home === undefined) return;
  const behind = Math.max(0, line.cursor - to);
  line.replace(from, to, home);
  line.cursor += behind;
}
