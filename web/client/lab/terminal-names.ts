import type { IDecoration, ILink, Terminal as Xterm } from "@xterm/xterm";
import { mentionsIn, type Names } from "./picture/names.ts";

/** Lines at the end of the buffer in which names are marked. */
const MARKED_LINES = 400;
/** Marks at most. */
const MARKS = 300;
/** After so long without output names are marked anew, ms. */
const SETTLED = 120;

/** A place on the buffer: row and column, both from 0. */
type Cell = [row: number, column: number];

/** The line that row `y` is part of, its wrapped rows joined, with the place of each character. */
function wholeLine({ buffer, cols }: Xterm, y: number): { text: string; cells: Cell[]; last: number } {
  const { active } = buffer;
  let first = y;
  while (first > 0 && active.getLine(first)?.isWrapped) first--;
  let text = "";
  const cells: Cell[] = [];
  let row = first;
  for (; row === first || active.getLine(row)?.isWrapped; row++) {
    const line = active.getLine(row);
    if (line === undefined) break;
    const part = line.translateToString(false);
    // A character of two cells stands in one place of the text.
    const wide = part.length < cols;
    for (let column = 0, at = 0; at < part.length; at++, column++) {
      while (wide && column < cols && line.getCell(column)?.getWidth() === 0) column++;
      cells.push([row, column]);
    }
    text += part;
  }
  return { text, cells, last: row - 1 };
}

/** Names on a terminal's screen: they lead to what they mean, and show what is selected elsewhere. */
export class TerminalNames {
  private readonly xterm: Xterm;
  private words: Names = new Map();
  private marks: IDecoration[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `names`: what can be spoken of now; `pick`: one of them was clicked. */
  constructor(xterm: Xterm, names: () => Names | undefined, pick: (key: string) => void) {
    this.xterm = xterm;
    xterm.registerLinkProvider({
      provideLinks: (y, tell) => {
        const known = names();
        if (known === undefined) return tell(undefined);
        const { text, cells } = wholeLine(xterm, y - 1);
        const links = mentionsIn(text, known).map(({ start, end, key }): ILink => {
          const [from, to] = [cells[start]!, cells[end - 1]!];
          return {
            text: text.slice(start, end),
            range: { start: { x: from[1] + 1, y: from[0] + 1 }, end: { x: to[1] + 1, y: to[0] + 1 } },
            activate: () => pick(key),
          };
        });
        tell(links);
      },
    });
    xterm.onWriteParsed(() => {
      if (this.words.size > 0) this.markSoon();
    });
  }

  /** Marks these words wherever they are shown; none ends it. */
  mark(words: readonly string[]): void {
    if (words.length === this.words.size && words.every((word) => this.words.has(word))) return;
    this.words = new Map(words.map((word) => [word, word]));
    this.draw();
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private markSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.draw(), SETTLED);
  }

  private draw(): void {
    for (const mark of this.marks) {
      mark.marker.dispose();
      mark.dispose();
    }
    this.marks = [];
    const { active } = this.xterm.buffer;
    if (this.words.size === 0 || active.type !== "normal") return;
    const end = active.baseY + active.cursorY;
    for (let y = Math.max(0, end - MARKED_LINES); y <= end && this.marks.length < MARKS; ) {
      const { text, cells, last } = wholeLine(this.xterm, y);
      for (const { start, end: stop } of mentionsIn(text, this.words)) this.markCells(cells.slice(start, stop), end);
      y = Math.max(y, last) + 1;
    }
  }

  /** One mark a row. */
  private markCells(cells: readonly Cell[], cursorRow: number): void {
    for (const row of new Set(cells.map(([each]) => each))) {
      const columns = cells.filter(([each]) => each === row).map(([, column]) => column);
      const mark = this.xterm.registerDecoration({
        marker: this.xterm.registerMarker(row - cursorRow),
        x: columns[0]!,
        width: columns.at(-1)! - columns[0]! + 1,
        backgroundColor: "#31507e",
        foregroundColor: "#ffffff",
      });
      if (mark) this.marks.push(mark);
    }
  }
}
