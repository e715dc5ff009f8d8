/** The lines that an ex command is meant for. */
import { ViError, viPattern } from "./pattern.ts";
import { find } from "./search.ts";
import type { Vi } from "./state.ts";

export interface Range {
  first: number;
  last: number;
  /** How many addresses were given. */
  given: 0 | 1 | 2;
}

/** Reads the range before a command; the rest of the line behind it. Rows count from 0; -1 is the line before the first. */
export function readRange(vi: Vi, source: string): [Range, string] {
  const { text } = vi;
  let rest = source.replace(/^[ \t:]+/, "");
  if (rest.startsWith("%")) return [{ first: 0, last: text.lines.length - 1, given: 2 }, rest.slice(1)];
  let here = text.row;
  const address = (): number | undefined => {
    rest = rest.replace(/^[ \t]+/, "");
    let base: number | undefined;
    const number = /^\d+/.exec(rest);
    if (number) {
      base = Number(number[0]) - 1;
      rest = rest.slice(number[0].length);
    } else if (rest[0] === ".") {
      base = here;
      rest = rest.slice(1);
    } else if (rest[0] === "$") {
      base = text.lines.length - 1;
      rest = rest.slice(1);
    } else if (rest[0] === "'") {
      const name = rest[1] ?? "";
      const place = text.marks.get(name === "`" ? "'" : name);
      if (place === undefined) throw new ViError("E20: Mark not set");
      base = place.row;
      rest = rest.slice(2);
    } else if (rest[0] === "/" || rest[0] === "?") {
      const [pattern, length] = delimited(rest);
      const source = pattern || vi.search.pattern;
      const from = { row: here, column: rest[0] === "/" ? text.lines[here]!.length : 0 };
      const hit = find(vi, source, from, rest[0] === "?");
      if (hit === undefined) throw new ViError(`E486: Pattern not found: ${source}`);
      vi.search = { pattern: source, offset: "", back: false };
      base = hit.row;
      rest = rest.slice(length);
    } else if (/^\\[/?&]/.test(rest)) {
      const hit = find(vi, vi.search.pattern, { row: here, column: 0 }, rest[1] === "?");
      base = hit?.row;
      rest = rest.slice(2);
    }
    for (let more = /^[ \t]*([-+])(\d*)/.exec(rest); more; more = /^[ \t]*([-+])(\d*)/.exec(rest)) {
      base = (base ?? here) + (more[1] === "+" ? 1 : -1) * Number(more[2] || 1);
      rest = rest.slice(more[0].length);
    }
    return base;
  };
  const first = address();
  if (first === undefined && !/^[ \t]*[,;]/.test(rest)) return [{ first: text.row, last: text.row, given: 0 }, rest];
  let range: Range = { first: first ?? text.row, last: first ?? text.row, given: 1 };
  for (let comma = /^[ \t]*([,;])/.exec(rest); comma; comma = /^[ \t]*([,;])/.exec(rest)) {
    rest = rest.slice(comma[0].length);
    if (comma[1] === ";") here = Math.max(0, Math.min(range.last, text.lines.length - 1));
    range = { first: range.last, last: address() ?? here, given: 2 };
  }
  return [range, rest];
}

/** The text up to the next delimiter, and how much of the source it takes. */
function delimited(source: string): [string, number] {
  const delimiter = source[0]!;
  let out = "";
  for (let i = 1; i < source.length; i++) {
    if (source[i] === "\\" && source[i + 1] === delimiter) out += source[++i];
    else if (source[i] === "\\") out += source[i]! + (source[++i] ?? "");
    else if (source[i] === delimiter) return [out, i + 1];
    else out += source[i];
  }
  return [out, source.length];
}

/** A range in order and within the text. Throws ViError. */
export function ordered(vi: Vi, range: Range): { first: number; last: number } {
  const [first, last] = range.first <= range.last ? [range.first, range.last] : [range.last, range.first];
  if (last >= vi.text.lines.length || first < -1) throw new ViError("E16: Invalid range");
  return { first: Math.max(0, first), last: Math.max(0, last) };
}

/** A line's address as an argument (:m, :t). Throws ViError. */
export function targetRow(vi: Vi, argument: string): number {
  const [range, rest] = readRange(vi, argument);
  if (range.given === 0 || rest.trim() !== "")
    throw new ViError(argument.trim() === "" ? "E14: Invalid address" : "E14: Invalid address");
  if (range.last >= vi.text.lines.length || range.last < -1) throw new ViError("E16: Invalid range");
  return range.last;
}

export function splitDelimited(text: string, most: number): string[] {
  const delimiter = text[0]!;
  const parts: string[] = [];
  let part = "";
  for (let i = 1; i < text.length; i++) {
    if (text[i] === "\\" && i + 1 < text.length) {
      if (text[i + 1] !== delimiter) part += "\\";
      part += text[++i];
    } else if (text[i] === delimiter && parts.length < most - 1) {
      parts.push(part);
      part = "";
    } else part += text[i];
  }
  return [...parts, part];
}

/** Throws when a pattern is none. */
export function checked(vi: Vi, pattern: string): ReturnType<typeof viPattern> {
  return viPattern(pattern, vi.options);
}
