/** What nano shows: title, text, status bar and the two lines of keys. */
import { wcwidth } from "../../../../text/width.ts";
import { textWidth } from "../../screen/terminal.ts";
import { digits, type Nano } from "./state.ts";

/** Keys and what they do, in the order of nano's menus: above and below in turn. */
export type Menu = readonly (readonly [key: string, what: string])[];

export const MAIN: Menu = [
  ["^G", "Help"],
  ["^X", "Exit"],
  ["^O", "Write Out"],
  ["^R", "Read File"],
  ["^F", "Where Is"],
  ["^\\", "Replace"],
  ["^K", "Cut"],
  ["^U", "Paste"],
  ["^T", "Execute"],
  ["^J", "Justify"],
  ["^C", "Location"],
  ["^/", "Go To Line"],
  ["M-U", "Undo"],
  ["M-E", "Redo"],
  ["M-A", "Set Mark"],
  ["M-6", "Copy"],
  ["M-]", "To Bracket"],
  ["^B", "Where Was"],
  ["M-B", "Previous"],
  ["M-F", "Next"],
  ["\u25c2", "Back"],
  ["\u25b8", "Forward"],
  ["^\u25c2", "Prev Word"],
  ["^\u25b8", "Next Word"],
];

const CLOSE: Menu = MAIN.map(([key, what]) => [key, key === "^X" ? "Close" : what]);

/** A question in the status bar's place. */
export interface Asked {
  text: string;
  /** Columns up to the cursor. */
  at: number;
  menu: Menu;
  /** Yes, no and the like: keys of two columns at the left. */
  answers?: boolean;
}

function bar(text: string): string {
  return `\x1b[7m${text}\x1b[27m`;
}

function padded(text: string, width: number): string {
  let out = "";
  let used = 0;
  for (const char of text) {
    const size = wcwidth(char);
    if (used + size > width) break;
    out += char;
    used += size;
  }
  return out + " ".repeat(width - used);
}

function menuRows(menu: Menu, columns: number, answers: boolean): [string, string] {
  const shown = answers ? menu : menu.slice(0, Math.floor((columns + 40) / 20) * 2);
  const width = answers ? 16 : Math.floor(columns / Math.floor((shown.length + 1) / 2));
  const rows = ["", ""];
  shown.forEach(([key, what], i) => {
    const room = width - textWidth(key) - 1;
    const last = i >= shown.length - 2;
    const label = last ? padded(what, Math.min(textWidth(what), room + (columns % width))) : padded(what, room);
    rows[i % 2] += key === "" ? " ".repeat(width) : `${bar(key)} ${label}`;
  });
  return rows as [string, string];
}

/** The title: nano's name, the file's, and the flags that are on. */
function title(nano: Nano, columns: number): string {
  const { text } = nano;
  const left = nano.several ? `[${nano.at + 1}/${nano.open.length}]` : "GNU nano 8.4";
  const name = text.path ?? "New Buffer";
  const view = nano.flags.view;
  const shown = view ? name : name + (text.modified ? " *" : "");
  const stateWidth = view ? 6 : 10;
  const start = left.length + 3;
  const offset = start + Math.floor((columns - start - stateWidth - textWidth(name) - (view ? 1 : 0)) / 2);
  let row = padded(`  ${left}`, Math.max(offset, start)) + shown;
  if (view) row = `${padded(row, columns - 6)}View`;
  else {
    const flags = [
      nano.flags.autoIndent ? "I" : " ",
      nano.mark ? "M" : " ",
      nano.flags.hardWrap ? "L" : " ",
      nano.recording ? "R" : " ",
      nano.flags.softWrap ? "S" : " ",
    ].join("");
    row = padded(row, columns - 7) + flags;
  }
  return bar(padded(row, columns));
}

/** One line from a column on; the selected part reversed. */
function lineText(nano: Nano, row: number, from: number, width: number): string {
  const line = nano.text.lines[row]!;
  const selected = nano.selectedOn(row);
  let out = from > 0 ? bar("<") : "";
  let column = 0;
  let index = 0;
  let lit = false;
  const total = nano.widthOf(line);
  const room = from + width - (total > from + width ? 1 : 0);
  for (const char of line) {
    const shown = nano.shown(char, column);
    const size = shown === char || (shown.length === 1 && char !== "\t") ? wcwidth(char) : shown.length;
    if (column >= from + (from > 0 ? 1 : 0) && column + size <= room) {
      const now = selected !== undefined && index >= selected[0] && index < selected[1];
      if (now !== lit) out += now ? "\x1b[7m" : "\x1b[27m";
      lit = now;
      out += shown;
    } else if (column + size > room) break;
    column += size;
    index += char.length;
  }
  if (lit) out += "\x1b[27m";
  if (total > from + width) out += bar(">");
  return out;
}

/** Rows of the text. */
export function textRows(nano: Nano): number {
  const { rows } = nano.terminal;
  return Math.max(1, rows - (nano.flags.noHelp ? 1 : 3) - (nano.flags.noTitle ? 0 : 1));
}

/** Draws what differs; `asked` instead of the status bar. */
export function draw(nano: Nano, asked?: Asked): void {
  const { terminal, text } = nano;
  const { columns } = terminal;
  const height = textRows(nano);
  const gutter = nano.flags.lineNumbers ? digits(text.lines.length) + 1 : 0;
  const width = columns - gutter;
  if (text.row < nano.top || text.row >= nano.top + height) {
    if (nano.centre) nano.top = Math.max(0, text.row - Math.floor(height / 2));
    else if (text.row < nano.top) nano.top = text.row;
    else nano.top = text.row - height + 1;
  }
  nano.centre = false;
  const out: string[] = [];
  if (!nano.flags.noTitle) out.push(title(nano, columns));
  let cursor = { row: 0, column: 0 };
  const place = nano.columnOf(text.line, text.column);
  for (let row = nano.top; row < text.lines.length && out.length < height + (nano.flags.noTitle ? 0 : 1); row++) {
    const number = gutter === 0 ? "" : `${bar(String(row + 1).padStart(gutter - 1))} `;
    if (nano.flags.softWrap) {
      const line = nano.text.lines[row]!;
      const parts = Math.max(1, Math.ceil((nano.widthOf(line) + (row === text.row ? 1 : 0)) / width));
      for (let part = 0; part < parts; part++) {
        if (row === text.row && Math.floor(place / width) === part)
          cursor = { row: out.length, column: gutter + (place % width) };
        let piece = "";
        let column = 0;
        for (const char of line) {
          const shown = nano.shown(char, column);
          if (Math.floor(column / width) === part) piece += shown;
          column += shown === char ? wcwidth(char) : shown.length;
        }
        out.push((part === 0 ? number : " ".repeat(gutter)) + piece);
      }
      continue;
    }
    const from = row === text.row ? nano.pageStart(place, width) : 0;
    if (row === text.row) cursor = { row: out.length, column: gutter + place - from };
    out.push(number + lineText(nano, row, from, width));
  }
  while (out.length < height + (nano.flags.noTitle ? 0 : 1)) out.push("");
  if (asked) {
    out.push(bar(padded(asked.text, columns)));
    cursor = { row: out.length - 1, column: Math.min(columns - 1, asked.at) };
  } else if (nano.message === "") out.push("");
  else {
    const status = `[ ${nano.message} ]`;
    out.push(
      " ".repeat(Math.max(0, Math.floor((columns - textWidth(status)) / 2))) +
        bar(padded(status, Math.min(columns, textWidth(status)))),
    );
  }
  if (!nano.flags.noHelp)
    out.push(...menuRows(asked?.menu ?? (nano.open.length > 1 ? CLOSE : MAIN), columns, asked?.answers ?? false));
  terminal.draw(out, cursor);
}
