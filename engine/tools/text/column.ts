import type { Gen } from "../../kernel/index.ts";
import { decode } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { textWidth } from "../../shell/editor/width.ts";
import { readWhole } from "../io.ts";
import { Fatal, type Tool, tool } from "../tool.ts";
import { treeOrder } from "./column-tree.ts";

/** column(1): fills columns, or with -t makes a table, with -J a JSON text of one. */
export const column = tool(
  {
    name: "column",
    short: "tJs:o:c:C:N:n:xdeE:H:i:l:LO:p:r:R:S:T:W:mV",
    long: "table=t json=J separator:=s output-separator:=o output-width:=c table-column:=C table-columns:=N table-columns-limit:=l table-name:=n table-order:=O table-hide:=H table-noextreme:=E table-noheadings=d table-header-repeat=e table-maxout=m table-right:=R table-truncate:=T table-wrap:=W table-header-as-columns=K tree:=r tree-id:=i tree-parent:=p fillrows=x keep-empty-lines=L use-spaces:=S",
    usage: "[options] [<file>...]",
    about: "Columnate lists.",
    version: "column from util-linux 2.41.5",
  },
  function* (t, o) {
    const lines: string[] = [];
    for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
      const fd = yield* t.open(path);
      if (fd === undefined) continue;
      lines.push(...(yield* linesOf(t, fd)).filter((line) => o.has("L") || line.trim() !== ""));
      t.close(fd);
    }
    const width = Number(o.value("c") ?? t.p.env.get("COLUMNS") ?? 80);
    if (!o.has("t", "J") && o.has("N", "C", "n", "R", "H", "O", "W", "T", "E"))
      throw new Fatal("option --table required for all --table-*");
    if (!o.has("t", "J", "r")) {
      fillColumns(t, lines, width, o.has("x"), o.value("S"));
      return t.status;
    }
    if (o.has("J") && !o.has("N", "C")) throw new Fatal("option --table-columns or --table-column required for --json");
    const names = (o.value("N") ?? "").split(",").filter((name) => name !== "");
    for (const value of o.values("C")) names.push(/(?:^|,)name=([^,]*)/.exec(value)?.[1] ?? "");
    const most = o.value("l");
    const rows = lines.map((line) => cellsOf(line, o.value("s"), most === undefined ? undefined : Number(most)));
    const count = Math.max(names.length, ...rows.map((row) => row.length));
    if (rows.length === 0 && names.length === 0) return t.status;
    const chosen = (key: string) => columnsOf(o.value(key), names, count);
    let table = rows.map((cells) => ({ cells, prefix: "" }));
    const tree = o.value("r") === undefined ? undefined : chosen("r")[0];
    if (tree !== undefined) {
      const [id, parent] = [chosen("i")[0], chosen("p")[0]];
      if (id === undefined || parent === undefined)
        throw new Fatal("options --tree-id and --tree-parent are required for tree formatting");
      table = treeOrder(rows, id, parent);
    }
    const first = chosen("O");
    const hidden = new Set(chosen("H"));
    const order = [...new Set([...first, ...Array.from({ length: count }, (_, i) => i)])].filter((i) => !hidden.has(i));
    if (o.has("J")) {
      const nameless = rows.findIndex((row) => row.length > names.length);
      if (nameless >= 0)
        throw new Fatal(`line ${nameless + 2}: for JSON the name of the column ${names.length + 1} is required`);
      printJson(t, o.value("n") ?? "table", table, order, names);
      return t.status;
    }
    const printed = table.map(({ cells, prefix }) => order.map((i) => (i === tree ? prefix : "") + (cells[i] ?? "")));
    if (o.has("N", "C") && !o.has("d")) printed.unshift(order.map((i) => names[i] ?? ""));
    const at = (list: number[]) => new Set(list.map((i) => order.indexOf(i)));
    printTable(t, printed, o.value("o") ?? "  ", {
      right: at(chosen("R")),
      wrap: at(chosen("W")),
      truncate: at(chosen("T")),
      width: o.has("c") || o.has("W", "T") ? width : Number.POSITIVE_INFINITY,
    });
    return t.status;
  },
);

function* linesOf(t: Tool, fd: number): Gen<string[]> {
  try {
    return decode(yield* readWhole(t.p, fd))
      .replace(/\n$/, "")
      .split("\n");
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`read failed: ${error.message}`);
  }
}

/** The cells of a line; the last of `most` keeps what is left. */
function cellsOf(line: string, by: string | undefined, most: number | undefined): string[] {
  const cells: string[] = [];
  const greedy = by === undefined;
  let rest = greedy ? line.trim() : line;
  const isSeparator = (char: string) => (greedy ? char === " " || char === "\t" : by.includes(char));
  while (most === undefined || cells.length < most - 1) {
    const end = [...rest].findIndex(isSeparator);
    if (end < 0) break;
    const chars = [...rest];
    cells.push(chars.slice(0, end).join(""));
    rest = chars.slice(end + 1).join("");
    if (greedy) rest = rest.trimStart();
  }
  cells.push(rest);
  return cells;
}

/** Columns that an option names: by number or name, `-` those without a name, `0` all. */
function columnsOf(text: string | undefined, names: readonly string[], count: number): number[] {
  if (text === undefined) return [];
  const all = Array.from({ length: count }, (_, i) => i);
  return text.split(",").flatMap((word) => {
    if (word === "0") return all;
    if (word === "-") return all.filter((i) => i >= names.length);
    const named = names.findIndex((name) => name.toLowerCase() === word.toLowerCase());
    if (named >= 0) return [named];
    if (/^-\d+$/.test(word)) return [count + Number(word)];
    if (/^\d+$/.test(word) && Number(word) <= count) return [Number(word) - 1];
    if (/^\d+$/.test(word)) return [];
    throw new Fatal(`undefined column name '${word}'`);
  });
}

interface Layout {
  right: ReadonlySet<number>;
  wrap: ReadonlySet<number>;
  truncate: ReadonlySet<number>;
  width: number;
}

function printTable(t: Tool, rows: readonly string[][], gap: string, layout: Layout): void {
  const count = rows[0]?.length ?? 0;
  const widths = Array.from({ length: count }, (_, i) => Math.max(0, ...rows.map((row) => textWidth(row[i]!))));
  let excess = widths.reduce((sum, width) => sum + width, 0) + textWidth(gap) * (count - 1) - layout.width;
  for (const i of [...layout.wrap, ...layout.truncate]) {
    if (excess <= 0 || i < 0) continue;
    const less = Math.min(excess, widths[i]! - 1);
    widths[i]! -= less;
    excess -= less;
  }
  for (const row of rows) {
    const parts = row.map((cell, i) => {
      const chars = [...cell];
      if (textWidth(cell) <= widths[i]!) return [cell];
      if (!layout.wrap.has(i)) return [chars.slice(0, widths[i]).join("")];
      return Array.from({ length: Math.ceil(chars.length / widths[i]!) }, (_, n) =>
        chars.slice(n * widths[i]!, (n + 1) * widths[i]!).join(""),
      );
    });
    const height = Math.max(1, ...parts.map((part) => part.length));
    for (let n = 0; n < height; n++) {
      const cells = parts.map((part, i) => {
        const cell = part[n] ?? "";
        const space = " ".repeat(Math.max(0, widths[i]! - textWidth(cell)));
        if (layout.right.has(i)) return cell === "" && i === count - 1 ? "" : space + cell;
        return i === count - 1 ? cell : cell + space;
      });
      t.out.add(`${cells.join(gap)}\n`);
    }
  }
}

function printJson(
  t: Tool,
  name: string,
  rows: readonly { cells: string[] }[],
  order: readonly number[],
  names: readonly string[],
): void {
  const objects = rows.map(({ cells }) => {
    const members = order.map((i) => {
      const cell = cells[i];
      const value = cell === undefined || cell === "" ? "null" : JSON.stringify(cell);
      return `         ${JSON.stringify(names[i] ?? "")}: ${value}`;
    });
    return `{\n${members.join(",\n")}\n      }`;
  });
  t.out.add(`{\n   ${JSON.stringify(name)}: [\n      ${objects.join(",")}\n   ]\n}\n`);
}

/** Without -t: as many columns of one width, a multiple of a tab, as there is room for; filled downwards. */
function fillColumns(
  t: Tool,
  lines: readonly string[],
  width: number,
  across: boolean,
  spaces: string | undefined,
): void {
  const longest = Math.max(0, ...lines.map(textWidth));
  const cell = spaces === undefined ? (Math.floor(longest / 8) + 1) * 8 : longest + Number(spaces);
  if (longest >= width) {
    for (const line of lines) t.out.add(`${line}\n`);
    return;
  }
  const columns = Math.max(1, Math.floor(width / cell));
  const rows = Math.ceil(lines.length / columns);
  for (let row = 0; row < rows; row++) {
    let text = "";
    let at = 0;
    for (let column = 0; column < columns; column++) {
      const line = lines[across ? row * columns + column : column * rows + row];
      if (line === undefined) break;
      while (at < column * cell) {
        text += spaces === undefined ? "\t" : " ";
        at += spaces === undefined ? 8 - (at % 8) : 1;
      }
      text += line;
      at += textWidth(line);
    }
    t.out.add(`${text}\n`);
  }
}
