/** The text in a window of vi: which lines are seen, and how they look. */
import { findIn, ViError, viPattern } from "./pattern.ts";
import { type Cell, cellsOf, columnOf } from "./shown.ts";
import type { Vi } from "./state.ts";

function gutterOf(vi: Vi): number {
  if (!vi.options.on("number") && !vi.options.on("relativenumber")) return 0;
  return Math.max(4, String(vi.text.lines.length).length + 1);
}
/** Rows of the window. */
export function heightOf(vi: Vi): number {
  return vi.pane.height;
}
/** Rows that a line takes in the current window. */
export function plainRows(vi: Vi, row: number): number {
  return tall(vi, row, Math.max(1, vi.pane.width - gutterOf(vi)));
}

function tall(vi: Vi, row: number, width: number): number {
  if (!vi.options.on("wrap")) return 1;
  const line = vi.text.lines[row]!;
  const list = vi.options.on("list") ? 1 : 0;
  if (line.length + list <= width && !/[\t\u0100-\uffff]/.test(line)) return 1;
  return Math.max(
    1,
    wrapped(cellsOf(line, vi.look), width).length +
      (list && columnOf(line, line.length, vi.look) % width === 0 ? 1 : 0),
  );
}
/** Cells of a line, row by row. A wide one that does not fit goes to the next row. */
function wrapped(cells: readonly Cell[], width: number): Cell[][] {
  const rows: Cell[][] = [[]];
  let used = 0;
  for (const cell of cells) {
    if (used + cell.width > width && used > 0) {
      // Blanks of a tab may stand on both sides of the edge.
      if (/^ +$/.test(cell.text) && used < width) {
        const here = width - used;
        rows.at(-1)!.push({ ...cell, text: " ".repeat(here), width: here });
        rows.push([{ ...cell, text: " ".repeat(cell.width - here), width: cell.width - here }]);
        used = cell.width - here;
        continue;
      }
      // A wide character that does not fit leaves a mark.
      if (used < width) rows.at(-1)!.push({ text: "\x1b[94m>\x1b[m", width: 1, index: cell.index });
      rows.push([]);
      used = 0;
    }
    rows.at(-1)!.push(cell);
    used += cell.width;
  }
  return rows;
}
/** Moves the window so that the cursor's line, and some around it, are seen. */
function follow(vi: Vi, width: number): void {
  const height = heightOf(vi);
  const { row, lines } = vi.text;
  const margin = Math.min(vi.options.number("scrolloff"), Math.floor((height - 1) / 2));
  vi.top = Math.max(0, Math.min(vi.top, lines.length - 1));
  const rowsOf = (from: number, to: number) => {
    let sum = 0;
    for (let at = from; at <= to && sum < 10 * height; at++) sum += tall(vi, at, width);
    return sum;
  };
  const halfway = () => {
    let top = row;
    let [above, below] = [0, 0];
    let bottom = row;
    let used = tall(vi, row, width);
    while (used < height && (top > 0 || bottom + 1 < lines.length)) {
      const up = top > 0 && (above <= below || bottom + 1 >= lines.length);
      const size = tall(vi, up ? top - 1 : bottom + 1, width);
      if (used + size > height) break;
      used += size;
      if (up) {
        top--;
        above += size;
      } else {
        bottom++;
        below += size;
      }
    }
    vi.top = top;
  };
  // In a window too low for 'scrolloff' the cursor's line is put in the middle over and over.
  const wish = vi.options.number("scrolloff");
  if (wish > margin && vi.top > 0 && row < vi.top + wish) {
    if (Math.min(vi.top + wish, lines.length) - row >= Math.max(2, Math.floor(height / 2) - 1)) {
      halfway();
      return;
    }
  }
  if (row < vi.top + margin && vi.top > 0) {
    const missing = vi.top + margin - row;
    if (missing >= Math.floor(height / 2) + margin || row + Math.floor(height / 2) <= vi.top) halfway();
    else vi.top = Math.max(0, row - margin);
    return;
  }
  const last = Math.min(lines.length - 1, row + margin);
  if (rowsOf(vi.top, last) <= height) return;
  let bottom = vi.top;
  for (let used = tall(vi, bottom, width); bottom + 1 < lines.length && used + tall(vi, bottom + 1, width) <= height; )
    used += tall(vi, ++bottom, width);
  if (last - bottom > height) {
    halfway();
    return;
  }
  while (vi.top < row && rowsOf(vi.top, last) > height) vi.top++;
}
/** Columns of a line that the selection covers: [from, to) as places; undefined outside. */
function selected(vi: Vi, row: number): [number, number] | undefined {
  const { visual, text } = vi;
  if (visual === undefined) return undefined;
  const [low, high] = [Math.min(visual.row, text.row), Math.max(visual.row, text.row)];
  if (row < low || row > high) return undefined;
  const line = text.lines[row]!;
  if (visual.kind === "V") return [0, Math.max(1, line.length)];
  if (visual.kind === "block") {
    const columns = [
      columnOf(text.lines[visual.row]!, visual.column, vi.look),
      columnOf(text.line, text.column, vi.look),
    ];
    const from = vi.indexFor(row, Math.min(...columns));
    return [from, visual.toEnd ? line.length : vi.indexFor(row, Math.max(...columns)) + 1];
  }
  const start = visual.row < text.row || (visual.row === text.row && visual.column <= text.column) ? visual : text;
  const end = start === visual ? text : visual;
  return [row === start.row ? start.column : 0, row === end.row ? end.column + 1 : line.length + 1];
}
/** Places of a line that match the last pattern, while 'hlsearch' is on. */
function matches(vi: Vi, line: string): [number, number][] {
  if (!vi.options.on("hlsearch") || !vi.highlighting || vi.search.pattern === "") return [];
  const out: [number, number][] = [];
  try {
    const pattern = viPattern(vi.search.pattern, vi.options);
    for (let at = 0; at <= line.length; ) {
      const found = findIn(pattern, line, at);
      if (found === undefined) break;
      if (found.to > found.from) out.push([found.from, found.to]);
      at = Math.max(found.to, found.from + 1);
    }
  } catch (error) {
    if (!(error instanceof ViError)) throw error;
  }
  return out;
}
/** One line as rows of the screen. */
function rowsOfLine(vi: Vi, row: number, width: number): string[] {
  const line = vi.text.lines[row]!;
  let cells = cellsOf(line, vi.look);
  if (vi.options.on("list")) cells.push({ text: "$", width: 1, index: line.length });
  const selection = selected(vi, row);
  const marks = matches(vi, line);
  if (selection && line === "") cells = [{ text: " ", width: 1, index: 0 }];
  const parts = vi.options.on("wrap") ? wrapped(cells, width) : [clipped(cells, vi.left, width)];
  if (selection === undefined && marks.length === 0) return parts.map((part) => part.map(({ text }) => text).join(""));
  return parts.map((part) => {
    let out = "";
    let look = "";
    for (const { text, index } of part) {
      const now =
        selection && index >= selection[0] && index < selection[1]
          ? "\x1b[7m"
          : marks.some(([from, to]) => index >= from && index < to)
            ? "\x1b[30;43m"
            : "";
      if (now !== look) out += `\x1b[m${now}`;
      look = now;
      out += text;
    }
    return look === "" ? out : `${out}\x1b[m`;
  });
}

function clipped(cells: readonly Cell[], left: number, width: number): Cell[] {
  const out: Cell[] = [];
  let column = 0;
  for (const cell of cells) {
    if (column >= left && column + cell.width <= left + width) out.push(cell);
    else if (column + cell.width > left && column < left)
      out.push({ text: " ".repeat(column + cell.width - left), width: column + cell.width - left, index: cell.index });
    column += cell.width;
  }
  return out;
}

/** A window's rows, where the cursor stands in it, and the first line below it. */
export interface View {
  rows: string[];
  cursor: { row: number; column: number };
  bottom: number;
}
/** The current window. */
export function paint(vi: Vi, typing: boolean): View {
  const { text, pane } = vi;
  const { height } = pane;
  vi.clamp();
  const gutter = gutterOf(vi);
  const width = Math.max(1, pane.width - gutter);
  follow(vi, width);
  const inTab = vi.mode === "normal" && text.line[text.column] === "\t" && !vi.options.on("list") && !typing;
  const column = columnOf(text.line, text.column + (inTab ? 1 : 0), vi.look) - (inTab ? 1 : 0);
  if (!vi.options.on("wrap")) {
    if (column < vi.left || column >= vi.left + width) vi.left = Math.max(0, column - Math.floor(width / 2));
  } else vi.left = 0;
  const rows: string[] = [];
  let cursor = { row: 0, column: 0 };
  let at = vi.top;
  for (; at < text.lines.length && rows.length < height; at++) {
    const parts = rowsOfLine(vi, at, width);
    if (at === text.row) {
      const down = vi.options.on("wrap") ? Math.floor(column / width) : 0;
      if (down >= parts.length) parts.push("");
      cursor = {
        row: Math.min(height - 1, rows.length + down),
        column: gutter + (vi.options.on("wrap") ? column % width : column - vi.left),
      };
    }
    // A line that does not fit is not begun, but for the first.
    if (rows.length + parts.length > height && at > vi.top) {
      parts.slice(0, height - 1 - rows.length).forEach((part, i) => {
        rows.push(numbered(vi, at, gutter, i === 0) + part);
      });
      rows.push("\x1b[94m@@@\x1b[m");
      break;
    }
    parts.slice(0, height - rows.length).forEach((part, i) => {
      rows.push(numbered(vi, at, gutter, i === 0) + part);
    });
  }
  while (rows.length < height) rows.push("\x1b[94m~\x1b[m");
  pane.shownAt = cursor.row;
  return { rows, cursor, bottom: at };
}
function numbered(vi: Vi, row: number, gutter: number, first: boolean): string {
  if (gutter === 0) return "";
  if (!first) return " ".repeat(gutter);
  const away = Math.abs(row - vi.text.row);
  const relative = vi.options.on("relativenumber");
  const own = relative && away === 0 && vi.options.on("number");
  const text = own ? String(row + 1).padEnd(gutter - 1) : String(relative ? away : row + 1).padStart(gutter - 1);
  return `\x1b[33m${text} \x1b[m`;
}
