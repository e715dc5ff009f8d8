/** What a client shows: the panes of the current window, the lines between them, the status line. */
import { wcwidth } from "../../text/width.ts";
import type { Client } from "./client.ts";
import { format, type Subject } from "./format.ts";
import { type Cell, leaves } from "./layout.ts";
import { applySgr, Line, sgr } from "./line.ts";
import type { Pane, Window } from "./model.ts";

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const ATTRIBUTES: Record<string, number> = {
  bold: 1,
  bright: 1,
  dim: 2,
  italics: 3,
  underscore: 4,
  blink: 5,
  reverse: 7,
  hidden: 8,
};

function colour(name: string, base: number): number[] {
  if (name === "default") return [base + 9];
  const at = COLOURS.indexOf(name.replace(/^bright/, ""));
  if (at >= 0) return [base + at + (name.startsWith("bright") ? 60 : 0)];
  const indexed = /^colou?r(\d+)$/.exec(name);
  if (indexed) return [base + 8, 5, Number(indexed[1])];
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(name);
  return hex ? [base + 8, 2, ...hex.slice(1).map((part) => Number.parseInt(part, 16))] : [];
}

/** A look with a style such as `fg=green,bold` on it. */
export function styled(look: string, style: string, plain = ""): string {
  let out = look;
  for (const part of style.split(/[\s,]+/)) {
    const [key, value] = part.split("=") as [string, string?];
    if (key === "default") out = plain;
    else if (key === "none") out = applySgr(out, [0]);
    else if (key === "fg" && value) out = applySgr(out, colour(value, 30));
    else if (key === "bg" && value) out = applySgr(out, colour(value, 40));
    else if (key in ATTRIBUTES) out = applySgr(out, [ATTRIBUTES[key]!]);
    else if (key.startsWith("no") && key.slice(2) in ATTRIBUTES)
      out = applySgr(out, [20 + Math.max(2, ATTRIBUTES[key.slice(2)]!)]);
  }
  return out;
}

interface Run {
  char: string;
  look: string;
}

/** Characters of a text with `#[…]` styles. */
function runs(text: string, look: string): Run[] {
  const out: Run[] = [];
  let now = look;
  for (let i = 0; i < text.length; ) {
    if (text[i] === "#" && text[i + 1] === "[") {
      const end = text.indexOf("]", i);
      now = styled(now, text.slice(i + 2, end < 0 ? undefined : end), look);
      i = end < 0 ? text.length : end + 1;
      continue;
    }
    const char = String.fromCodePoint(text.codePointAt(i)!);
    out.push({ char, look: now });
    i += char.length;
  }
  return out;
}

function put(line: Line, from: number, list: readonly Run[], columns: number): number {
  let at = from;
  for (const { char, look } of list) {
    const width = wcwidth(char);
    if (at + width > columns) break;
    line.put(at, char, look);
    if (width === 2) line.put(at + 1, "", look);
    at += width;
  }
  return at;
}

/** The status line. */
function status(client: Client, subject: Subject): Line {
  const { columns, session } = client;
  const line = new Line();
  const option = (name: string) => session!.options.get(name);
  let base = styled("", format(option("status-style"), subject));
  if (option("status-bg") !== "default") base = styled(base, `bg=${option("status-bg")}`);
  if (option("status-fg") !== "default") base = styled(base, `fg=${option("status-fg")}`);
  for (let i = 0; i < columns; i++) line.put(i, " ", base);
  if (client.message !== undefined) {
    const look = styled("", option("message-style"));
    for (let i = 0; i < columns; i++) line.put(i, " ", look);
    put(line, 0, runs(client.message, look), columns);
    return line;
  }
  const { prompt } = client;
  if (prompt !== undefined) {
    const look = styled("", option("message-style"));
    for (let i = 0; i < columns; i++) line.put(i, " ", look);
    const end = put(line, 0, runs(prompt.label.split("#").join("##"), look), columns);
    put(
      line,
      end,
      [...prompt.text].map((char) => ({ char, look })),
      columns,
    );
    return line;
  }
  const part = (name: "status-left" | "status-right") => {
    const look = styled(base, format(option(`${name}-style`), subject), base);
    return runs(format(option(name), subject, true), look).slice(0, Number(option(`${name}-length`)));
  };
  const left = part("status-left");
  const right = part("status-right");
  const rightAt = Math.max(0, columns - right.length);
  const list: Run[] = [];
  session!.links.forEach((link, i) => {
    if (i > 0) list.push(...runs(link.window.options.get("window-status-separator"), base));
    const kind = link === session!.current ? "window-status-current" : "window-status";
    const own = { ...subject, link, pane: link.window.active };
    const look = styled(base, format(link.window.options.get(`${kind}-style`), own), base);
    list.push(...runs(format(link.window.options.get(`${kind}-format`), own, true), look));
  });
  const room = rightAt - left.length;
  const justify = option("status-justify");
  const from =
    justify === "right"
      ? Math.max(left.length, rightAt - list.length)
      : justify === "left"
        ? left.length
        : left.length + Math.max(0, (room - list.length) >> 1);
  put(line, 0, left, columns);
  put(line, from, list.slice(0, Math.max(0, rightAt - from)), columns);
  put(line, rightAt, right, columns);
  return line;
}

/** Corners and crossings by what goes on: left, right, up, down. */
const BORDER: Record<string, string> = {
  "1100": "─",
  "1000": "─",
  "0100": "─",
  "0011": "│",
  "0010": "│",
  "0001": "│",
  "1110": "┴",
  "1101": "┬",
  "1011": "┤",
  "0111": "├",
  "1111": "┼",
  "0101": "┌",
  "1001": "┐",
  "0110": "└",
  "1010": "┘",
};

function borders(root: Cell<Pane>, at: (x: number, y: number) => void): void {
  root.children.forEach((child, i) => {
    borders(child, at);
    if (i === root.children.length - 1) return;
    if (root.kind === "row") for (let y = root.y; y < root.y + root.height; y++) at(child.x + child.width, y);
    else for (let x = root.x; x < root.x + root.width; x++) at(x, child.y + child.height);
  });
}

function drawBorders(window: Window, rows: readonly Line[], subject: Subject): void {
  const { width, height } = window;
  const marked = new Set<number>();
  borders(window.layout, (x, y) => marked.add(y * width + x));
  const has = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && marked.has(y * width + x);
  const plain = styled("", format(window.options.get("pane-border-style"), subject));
  const active = styled(
    "",
    format(window.options.get("pane-active-border-style"), { ...subject, pane: window.active }),
  );
  const { cell } = window.active;
  for (const key of marked) {
    const [x, y] = [key % width, Math.floor(key / width)];
    const sides = [has(x - 1, y), has(x + 1, y), has(x, y - 1), has(x, y + 1)].map(Number).join("");
    const near = x >= cell.x - 1 && x <= cell.x + cell.width && y >= cell.y - 1 && y <= cell.y + cell.height;
    rows[y]?.put(x, BORDER[sides] ?? "│", near ? active : plain);
  }
}

function drawPane(
  pane: Pane,
  rows: readonly Line[],
  x: number,
  y: number,
): { row: number; column: number; shown: boolean } {
  const { screen, mode } = pane;
  const shown = mode?.view(screen.columns, screen.rows);
  const lines = shown?.lines ?? screen.lines;
  for (let i = 0; i < screen.rows; i++) {
    const from = lines[i];
    const to = rows[y + i];
    if (!from || !to) continue;
    const length = Math.min(from.chars.length, screen.columns);
    for (let k = 0; k < length; k++) to.put(x + k, from.chars[k]!, from.looks[k]!);
  }
  return {
    row: y + (shown?.row ?? screen.row),
    column: x + (shown?.column ?? screen.column),
    shown: shown ? shown.cursor : screen.cursorShown,
  };
}

/** Digits of five rows and columns: a bit a column, the leftmost the highest. */
const DIGITS: readonly (readonly number[])[] = [
  [31, 17, 17, 17, 31],
  [1, 1, 1, 1, 1],
  [31, 1, 31, 16, 31],
  [31, 1, 31, 1, 31],
  [17, 17, 31, 1, 1],
  [31, 16, 31, 1, 31],
  [31, 16, 31, 17, 31],
  [31, 1, 1, 1, 1],
  [31, 17, 31, 17, 31],
  [31, 17, 31, 1, 31],
];

/** display-panes: the number in the middle, large where there is room, and then the size in the corner. */
function drawNumber(pane: Pane, rows: readonly Line[]): void {
  const { cell } = pane;
  const active = pane.window.active === pane;
  const look = active ? "y31" : "y34";
  const text = String(pane.index);
  if (cell.width >= text.length * 6 && cell.height >= 5) {
    const [left, top] = [cell.x + (cell.width >> 1) - text.length * 3, cell.y + (cell.height >> 1) - 2];
    [...text].forEach((char, i) => {
      DIGITS[Number(char)]!.forEach((bits, row) => {
        for (let column = 0; column < 5; column++)
          if ((bits >> (4 - column)) & 1) rows[top + row]?.put(left + 6 * i + column, " ", active ? "y41" : "y44");
      });
    });
    if (cell.height <= 6) return;
    const size = `${cell.width}x${cell.height}`;
    for (const [i, char] of [...size].entries()) rows[cell.y]?.put(cell.x + cell.width - size.length + i, char, look);
    return;
  }
  const middle = cell.y + (cell.height >> 1);
  let at = cell.x + Math.max(0, (cell.width - text.length) >> 1);
  for (const char of text) {
    rows[middle]?.put(at, char, look);
    at++;
  }
}

export interface Picture {
  rows: string[];
  cursor: { row: number; column: number; shown: boolean };
}

function rowText(line: Line): string {
  let out = "";
  let look = "";
  let end = line.chars.length;
  while (end > 0 && line.chars[end - 1] === " " && line.looks[end - 1] === "") end--;
  for (let i = 0; i < end; i++) {
    if (line.looks[i] !== look) {
      look = line.looks[i]!;
      out += sgr(look);
    }
    out += line.chars[i];
  }
  return look === "" ? out : `${out}\x1b[m`;
}

/** Everything a client shows now. */
export function picture(client: Client): Picture {
  const session = client.session!;
  const { window } = session.current;
  const subject: Subject = { server: client.server, client, session, link: session.current, pane: window.active };
  const hasStatus = session.options.get("status") !== "off";
  const onTop = hasStatus && session.options.get("status-position") === "top";
  const lines = Array.from({ length: client.rows }, () => new Line());
  const area = hasStatus ? (onTop ? lines.slice(1) : lines.slice(0, -1)) : lines;
  let cursor = { row: 0, column: 0, shown: false };
  if (window.zoomed) cursor = drawPane(window.active, area, 0, 0);
  else {
    for (const cell of leaves(window.layout)) {
      const at = drawPane(cell.pane!, area, cell.x, cell.y);
      if (cell.pane === window.active) cursor = at;
    }
    drawBorders(window, area, subject);
    if (client.numbers) for (const pane of window.panes) drawNumber(pane, area);
  }
  if (onTop) cursor.row++;
  if (hasStatus || client.prompt || client.message !== undefined) {
    const row = onTop ? 0 : client.rows - 1;
    lines[row] = status(client, subject);
    if (client.prompt) cursor = { row, column: [...client.prompt.label].length + client.prompt.cursor, shown: true };
  }
  return { rows: lines.map(rowText), cursor };
}
