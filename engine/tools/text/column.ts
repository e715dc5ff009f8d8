import { type Tool, tool } from "../tool.ts";
import { texts } from "./lines.ts";

/** column(1): fills columns, or with -t makes a table. */
export const column = tool(
  {
    name: "column",
    short: "ts:o:c:N:xeLR:H:",
    long: "table=t separator:=s output-separator:=o output-width:=c table-columns:=N fillrows=x table-right:=R keep-empty-lines=L table-noheadings=noheadings",
    usage: "[options] [<file>...]",
    about: "Columnate lists.",
    version: "column from util-linux 2.41",
  },
  function* (t, o) {
    const by = o.value("s");
    const lines = (yield* texts(t, o.operands)).flatMap(({ text }) =>
      text.split("\n").filter((line) => line.trim() !== ""),
    );
    if (!o.has("t", "N", "J")) {
      fillColumns(t, lines, Number(o.value("c") ?? t.p.env.get("COLUMNS") ?? 80), o.has("x"));
      return t.status;
    }
    const rows = lines.map((line) =>
      by === undefined ? line.trim().split(/[ \t]+/) : by.length === 1 ? line.split(by) : splitAny(line, by),
    );
    const names = o.value("N")?.split(",");
    if (names) rows.unshift(names);
    const gap = o.value("o") ?? "  ";
    const widths: number[] = [];
    for (const row of rows)
      for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, [...cell].length);
    const right = new Set(
      o
        .value("R")
        ?.split(",")
        .map((one) => (/^\d+$/.test(one) ? Number(one) - 1 : (names?.indexOf(one) ?? -1))),
    );
    for (const row of rows) {
      const cells = widths.map((width, i) => {
        const cell = row[i] ?? "";
        const space = " ".repeat(Math.max(0, width - [...cell].length));
        return right.has(i) ? space + cell : i === widths.length - 1 ? cell : cell + space;
      });
      t.out.add(`${cells.slice(0, widths.length).join(gap)}\n`);
    }
    return t.status;
  },
);

/** Any of several separators. */
function splitAny(line: string, by: string): string[] {
  const out = [""];
  for (const char of line) {
    if (by.includes(char)) out.push("");
    else out[out.length - 1] += char;
  }
  return out;
}

/** Without -t: as many columns of one width, a multiple of a tab, as there is room for; filled downwards. */
function fillColumns(t: Tool, lines: readonly string[], width: number, across: boolean): void {
  const longest = Math.max(0, ...lines.map((line) => [...line].length));
  const cell = (Math.floor(longest / 8) + 1) * 8;
  const columns = longest >= width ? 1 : Math.max(1, Math.floor(width / cell));
  if (longest >= width) {
    for (const line of lines) t.out.add(`${line}\n`);
    return;
  }
  const rows = Math.ceil(lines.length / columns);
  for (let row = 0; row < rows; row++) {
    let text = "";
    let at = 0;
    for (let column = 0; column < columns; column++) {
      const line = lines[across ? row * columns + column : column * rows + row];
      if (line === undefined) break;
      while (at < column * cell) {
        text += "\t";
        at += 8 - (at % 8);
      }
      text += line;
      at += [...line].length;
    }
    t.out.add(`${text}\n`);
  }
}
