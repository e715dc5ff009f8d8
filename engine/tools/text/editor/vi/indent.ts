/** Indentation: what a new line begins with, and what > and < do. */
import { columnOf } from "./shown.ts";
import type { Vi } from "./state.ts";

/** Blanks of so many columns, with tabs as 'expandtab' says. */
export function blanks(vi: Vi, columns: number): string {
  const tabs = Math.max(1, vi.options.number("tabstop"));
  if (vi.options.on("expandtab")) return " ".repeat(columns);
  return "\t".repeat(Math.floor(columns / tabs)) + " ".repeat(columns % tabs);
}

/** The blanks that a line begins with. */
export function leading(line: string): string {
  return /^[ \t]*/.exec(line)![0];
}

/** Columns of a line's indentation. */
export function indentOf(vi: Vi, line: string): number {
  return columnOf(line, leading(line).length, { tabs: vi.look.tabs, list: false });
}

/** A line moved by so many shifts; an empty one stays. */
export function shifted(vi: Vi, line: string, by: number): string {
  if (line === "") return line;
  const { shift } = vi.options;
  const now = indentOf(vi, line);
  let next = now + by * shift;
  if (vi.options.on("shiftround"))
    next = by > 0 ? (Math.floor(now / shift) + by) * shift : (Math.ceil(now / shift) + by) * shift;
  return blanks(vi, Math.max(0, next)) + line.slice(leading(line).length);
}

/** The indentation of a new line below (or above) a line, in columns; 0 without 'autoindent' and a file type that indents. */
export function newIndent(vi: Vi, row: number): number {
  if (vi.options.on("paste")) return 0;
  const { lines } = vi.text;
  const above = lines[row] ?? "";
  if (yaml(vi)) return yamlIndent(vi, row + 1, "");
  if (!vi.options.on("autoindent") && !vi.options.on("smartindent") && !vi.options.on("cindent")) return 0;
  const now = indentOf(vi, above);
  if ((vi.options.on("smartindent") || vi.options.on("cindent")) && /\{\s*$/.test(above)) return now + vi.options.shift;
  return now;
}

/** True when lines are indented as YAML: `filetype indent on`, which defaults.vim brings. */
export function yaml(vi: Vi): boolean {
  return vi.options.get("filetype") === "yaml" && vi.fileIndent && !vi.options.on("paste");
}

const MAP_KEY = /^\s*(?!#)\S.*?:(?: |$)/;
const LIST_ITEM = /^\s*-(?: |$)/;

/** The nearest line above `row` with text that is indented less than `limit` columns; comments count whatever theirs. */
function lessIndented(vi: Vi, row: number, limit: number): number {
  const { lines } = vi.text;
  let at = row - 1;
  while (at >= 0 && (lines[at]!.trim() === "" || (indentOf(vi, lines[at]!) >= limit && !/^\s*#/.test(lines[at]!))))
    at--;
  return at;
}

/** Indentation of the nearest line of a kind among those that enclose `row`; 0 without one. */
function enclosing(vi: Vi, row: number, kind: RegExp, item = 0): number {
  const { lines } = vi.text;
  let at = lessIndented(vi, row, indentOf(vi, lines[row]!) + 1);
  while (at >= 0 && !kind.test(lines[at]!)) at = lessIndented(vi, at, indentOf(vi, lines[at]!));
  if (at < 0) return 0;
  return indentOf(vi, lines[at]!) + (/^\s*- /.test(lines[at]!) ? item : 0);
}

/** What vim's indent/yaml.vim gives line `row`, whose text may be new. */
function yamlIndent(vi: Vi, row: number, line: string): number {
  const { lines } = vi.text;
  let at = row - 1;
  while (at >= 0 && lines[at]!.trim() === "") at--;
  if (at < 0) return 0;
  const nearest = indentOf(vi, lines[at]!);
  if (/^\s*#/.test(line) && /^\s*#/.test(lines[row - 1]!)) return nearest;
  if (/^\s*[\]}]/.test(line)) {
    const above = lessIndented(vi, row, indentOf(vi, line));
    return above < 0 ? 0 : indentOf(vi, lines[above]!);
  }
  while (at >= 0 && (/^\s*#/.test(lines[at]!) || lines[at]!.trim() === "")) at--;
  if (at < 0) return nearest;
  const before = lines[at]!;
  const now = indentOf(vi, before);
  // A mapping, a bracket or a block scalar goes one level in.
  if (/[{[:]$|[:-] [|>][-+]?(?:\s+#.*|\s*)$/.test(before)) return now + vi.options.shift;
  if (LIST_ITEM.test(line)) return enclosing(vi, row, LIST_ITEM);
  if (MAP_KEY.test(line)) return enclosing(vi, row, MAP_KEY, 2);
  return now;
}

/** The indentation that a line should have, as `=` sets it. */
export function lineIndent(vi: Vi, row: number): number {
  return yamlIndent(vi, row, vi.text.lines[row]!);
}

/** The indentation that a key typed in Insert mode gives its line: `:` behind a word, `-` and brackets that begin it. */
export function retypedIndent(vi: Vi, key: string): number | undefined {
  const { row, column, line } = vi.text;
  const before = line.slice(0, column);
  const asks = key === ":" ? true : /^[-}\]]$/.test(key) && /^[ \t]*.$/.test(before);
  if (!asks || row === 0) return undefined;
  const indent = yamlIndent(vi, row, line);
  return indent === indentOf(vi, line) ? undefined : indent;
}
