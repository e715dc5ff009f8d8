import { upperCase } from "../locale.ts";
import type { Editor } from "./editor.ts";
import { charWidth } from "./width.ts";

/** An editing command; `n` is its numeric argument (1 without), `given` whether one was typed. */
export type EditCommand = (editor: Editor, n: number, given: boolean) => void;

/** A place so many characters further; combining marks go with what they stand on. */
function moved({ line }: Editor, by: number): number {
  let at = line.cursor;
  const mark = (i: number) => i < line.chars.length && charWidth(line.chars[i]!) === 0;
  for (let left = Math.abs(by); left > 0; left--) {
    if (by < 0 && at > 0) {
      at--;
      while (at > 0 && mark(at)) at--;
    } else if (by > 0 && at < line.chars.length) {
      at++;
      while (mark(at)) at++;
    }
  }
  return at;
}

function words({ line }: Editor, n: number): number {
  let at = line.cursor;
  for (let left = Math.abs(n); left > 0; left--) at = n < 0 ? line.wordLeft(at) : line.wordRight(at);
  return at;
}

const move =
  (direction: 1 | -1): EditCommand =>
  (editor, n) => {
    const at = moved(editor, n * direction);
    if (at === editor.line.cursor) editor.bell();
    editor.line.cursor = at;
  };

const moveWords =
  (direction: 1 | -1): EditCommand =>
  (editor, n) => {
    editor.line.cursor = words(editor, n * direction);
  };

const rubOut =
  (direction: 1 | -1): EditCommand =>
  (editor, n, given) => {
    const { line } = editor;
    const at = moved(editor, n * direction);
    if (at === line.cursor) editor.bell();
    const [from, to] = at < line.cursor ? [at, line.cursor] : [line.cursor, at];
    // With an argument what goes can be yanked back.
    if (given) line.kill(from, to);
    else line.delete(from, to);
  };

function killTo(editor: Editor, at: number): void {
  const { line } = editor;
  if (at < line.cursor) line.kill(at, line.cursor);
  else line.kill(line.cursor, at);
}

const recase =
  (change: (word: string) => string): EditCommand =>
  (editor, n) => {
    const { line } = editor;
    const start = line.cursor;
    const at = words(editor, n);
    const [from, to] = at < start ? [at, start] : [start, at];
    const text = line.chars.slice(from, to).join("");
    line.replace(from, to, text.replace(/[\p{L}\p{N}]+/gu, change));
    line.cursor = Math.max(start, to);
  };

function transposeWords(editor: Editor, n: number): void {
  const { line } = editor;
  const start = line.cursor;
  const secondEnd = words(editor, n);
  const second = line.wordLeft(secondEnd);
  let first = second;
  for (let i = 0; i < Math.max(1, Math.abs(n)); i++) first = line.wordLeft(first);
  const firstEnd = line.wordRight(first);
  if (first === second || second < firstEnd) {
    editor.bell();
    line.cursor = start;
    return;
  }
  const part = (from: number, to: number) => line.chars.slice(from, to).join("");
  line.replace(first, secondEnd, part(second, secondEnd) + part(firstEnd, second) + part(first, firstEnd));
  line.cursor = secondEnd;
}

function yankPop(editor: Editor): void {
  if (!editor.line.yankPop()) editor.bell();
}

const setMark: EditCommand = ({ line }, n, given) => {
  line.mark = given ? Math.min(n, line.chars.length) : line.cursor;
};

/** What keys do to the line in Emacs mode. */
export const COMMANDS: Record<string, EditCommand> = {
  left: move(-1),
  "C-b": move(-1),
  right: move(1),
  "C-f": move(1),
  home: ({ line }) => {
    line.cursor = 0;
  },
  end: ({ line }) => {
    line.cursor = line.chars.length;
  },
  "M-f": moveWords(1),
  "M-b": moveWords(-1),
  backspace: rubOut(-1),
  delete: rubOut(1),
  "C-k": (editor, n) => killTo(editor, n < 0 ? 0 : editor.line.chars.length),
  "C-u": (editor) => killTo(editor, 0),
  "C-x backspace": (editor) => killTo(editor, 0),
  "C-w": ({ line }, n) => {
    let at = line.cursor;
    for (let i = 0; i < n; i++) at = line.blankLeft(at);
    line.kill(at, line.cursor);
  },
  "M-d": (editor, n) => killTo(editor, words(editor, n)),
  "M-backspace": (editor, n) => killTo(editor, words(editor, -n)),
  "C-y": ({ line }) => line.yank(),
  "M-y": yankPop,
  "C-t": (editor) => {
    if (!editor.line.transpose()) editor.bell();
  },
  "M-t": transposeWords,
  "C-_": undo,
  "C-x C-u": undo,
  "M-u": recase(upperCase),
  "M-l": recase((word) => word.toLowerCase()),
  "M-c": recase((word) => upperCase(word[0]!) + word.slice(1).toLowerCase()),
  "M-\\": ({ line }) => {
    let from = line.cursor;
    let to = line.cursor;
    while (from > 0 && /[ \t]/.test(line.chars[from - 1]!)) from--;
    while (to < line.chars.length && /[ \t]/.test(line.chars[to]!)) to++;
    line.delete(from, to);
  },
  "M- ": setMark,
  "C-@": setMark,
  "C-x C-x": ({ line }) => {
    const mark = Math.min(line.mark, line.chars.length);
    line.mark = line.cursor;
    line.cursor = mark;
  },
  "C-g": (editor) => editor.bell(),
};
COMMANDS["C-a"] = COMMANDS.home!;
COMMANDS["C-e"] = COMMANDS.end!;

function undo(editor: Editor, n: number): void {
  for (let i = 0; i < n; i++) if (!editor.line.undo()) editor.bell();
}

/** Keys whose texts are joined when they follow each other. */
export const KILLS = new Set(["C-k", "C-u", "C-w", "M-d", "M-backspace", "C-x backspace"]);
