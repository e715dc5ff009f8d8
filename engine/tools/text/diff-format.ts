/** diff's own formats (--old-line-format and its kin, -D): ifdef.c of diffutils. */
import { formatInteger, parseFormat } from "../../text/number-format.ts";
import type { ParsedOptions } from "../options.ts";
import type { Change, Sides } from "./diff-output.ts";

type Kind = "unchanged" | "old" | "new" | "changed";

/** A format of each kind; none is what the kind has by itself. */
export interface Formats {
  line: Record<"unchanged" | "old" | "new", string>;
  group: Record<Kind, string>;
}

const LINES = ["unchanged", "old", "new"] as const;

/** The formats that the options ask for; undefined when there are none. */
export function formatsOf(o: ParsedOptions): Formats | undefined {
  const macro = o.value("D");
  const given = o.list.some(
    ({ key }) => key.endsWith("-line-format") || key.endsWith("-group-format") || key === "line-format",
  );
  if (!given && macro === undefined) return undefined;
  const line = Object.fromEntries(
    LINES.map((kind) => [kind, o.value(`${kind}-line-format`) ?? o.value("line-format") ?? "%l\n"]),
  ) as Formats["line"];
  if (o.value("line-format") === undefined)
    for (const kind of LINES) line[kind] = o.value(`${kind}-line-format`) ?? "%L";
  const group = (kind: Kind) => o.value(`${kind}-group-format`);
  const old = group("old") ?? (macro === undefined ? undefined : `#ifndef ${macro}\n%<#endif /* ! ${macro} */\n`);
  const added = group("new") ?? (macro === undefined ? undefined : `#ifdef ${macro}\n%>#endif /* ${macro} */\n`);
  const changed =
    group("changed") ??
    (macro === undefined
      ? `${old ?? "%<"}${added ?? "%>"}`
      : `#ifndef ${macro}\n%<#else /* ${macro} */\n%>#endif /* ${macro} */\n`);
  return { line, group: { unchanged: group("unchanged") ?? "%=", old: old ?? "%<", new: added ?? "%>", changed } };
}

interface Group {
  a: number;
  na: number;
  b: number;
  nb: number;
}

/** Both files in the formats. */
export function formatted(add: (text: string) => void, sides: Sides, changes: readonly Change[], how: Formats): void {
  let [a, b] = [0, 0];
  const common = (to: number) => {
    if (to > a) add(groupText(how, sides, "unchanged", { a, na: to - a, b, nb: to - a }));
  };
  for (const change of changes) {
    common(change.a);
    add(groupText(how, sides, change.nb === 0 ? "old" : change.na === 0 ? "new" : "changed", change));
    [a, b] = [change.a + change.na, change.b + change.nb];
  }
  common(sides.x.length);
}

function groupText(how: Formats, sides: Sides, kind: Kind, group: Group): string {
  return expand(how.group[kind], sides, group, how);
}

function expand(format: string, sides: Sides, group: Group, how: Formats): string {
  let out = "";
  for (let i = 0; i < format.length; i++) {
    if (format[i] !== "%") {
      out += format[i];
      continue;
    }
    const rest = format.slice(i + 1);
    if (rest[0] === "<") out += lines(how.line.old, sides.x, group.a, group.na, sides.openX);
    else if (rest[0] === ">") out += lines(how.line.new, sides.y, group.b, group.nb, sides.openY);
    else if (rest[0] === "=") out += lines(how.line.unchanged, sides.x, group.a, group.na, sides.openX);
    else if (rest[0] === "%") out += "%";
    else if (rest[0] === "(") {
      const match = /^\((\w+)=(\w+)\?/.exec(rest);
      const end = match === null ? -1 : closing(rest, match[0].length);
      if (match === null || end < 0) {
        out += "%";
        continue;
      }
      const [yes, no] = halves(rest.slice(match[0].length, end));
      const value = (word: string) => (/^\d+$/.test(word) ? Number(word) : numberOf(word, group));
      out += expand(value(match[1]!) === value(match[2]!) ? yes : no, sides, group, how);
      i += end + 1;
      continue;
    } else {
      const found = literal(rest) ?? counted(rest, (letter) => numberOf(letter, group));
      if (found === undefined) {
        out += "%";
        continue;
      }
      out += found.text;
      i += found.length;
      continue;
    }
    i++;
  }
  return out;
}

function lines(format: string, all: readonly string[], from: number, count: number, open: boolean): string {
  let out = "";
  for (let at = from; at < from + count; at++) {
    const end = open && at === all.length - 1 ? "" : "\n";
    for (let i = 0; i < format.length; i++) {
      if (format[i] !== "%") {
        out += format[i];
        continue;
      }
      const rest = format.slice(i + 1);
      const letter = rest[0];
      if (letter === "l" || letter === "L" || letter === "%") {
        out += letter === "%" ? "%" : all[at]! + (letter === "L" ? end : "");
        i++;
        continue;
      }
      const found = literal(rest) ?? counted(rest, (name) => (name === "n" ? at + 1 : undefined));
      out += found === undefined ? "%" : found.text;
      i += found?.length ?? 0;
    }
  }
  return out;
}

/** `c'x'` and `c'\101'`. */
function literal(rest: string): { text: string; length: number } | undefined {
  const match = /^c'(\\[0-7]{1,3}|[^'])'/.exec(rest);
  if (match === null) return undefined;
  const text = match[1]!.startsWith("\\") ? String.fromCharCode(Number.parseInt(match[1]!.slice(1), 8)) : match[1]!;
  return { text, length: match[0].length };
}

/** `dN`, `5xF`: a number in a printf form. */
function counted(
  rest: string,
  value: (letter: string) => number | undefined,
): { text: string; length: number } | undefined {
  const match = /^([-'0]*\d*(?:\.\d+)?[doxX])([A-Za-z])/.exec(rest);
  const number = match === null ? undefined : value(match[2]!);
  if (match === null || number === undefined) return undefined;
  const spec = parseFormat(`%${match[1]}`)[0];
  return typeof spec === "object" ? { text: formatInteger(spec, BigInt(number)), length: match[0].length } : undefined;
}

/** e, f, l, m, n of the old file and E, F, L, M, N of the new: before, first, last, after, count. */
function numberOf(letter: string, { a, na, b, nb }: Group): number | undefined {
  const [from, count] = letter === letter.toLowerCase() ? [a, na] : [b, nb];
  return { e: from, f: from + 1, l: from + count, m: from + count + 1, n: count }[letter.toLowerCase()];
}

function closing(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text[i] === "%" && text[i + 1] === "(") depth++;
    else if (text[i] === ")" && depth-- === 0) return i;
  }
  return -1;
}

function halves(text: string): [string, string] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
}
