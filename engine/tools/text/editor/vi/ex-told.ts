/** Ex commands that tell: options, lines, values; and :normal. */
import type { Gen } from "../../../../kernel/index.ts";
import { oneCommand } from "./normal.ts";
import { ViError } from "./pattern.ts";
import { roomOf } from "./screen.ts";
import { keysOf, type Vi } from "./state.ts";
import { arrange } from "./windows.ts";

/** :set: changes options, and tells those that are asked for. */
export function* set(vi: Vi, argument: string, source: string, everywhere: boolean): Gen<void> {
  if (argument === "" || argument === "all") {
    yield* vi.page(["--- Options ---", ...vi.options.changed()], `:${source}`);
    return;
  }
  const told: string[] = [];
  for (const word of argument.replace(/\s+([=?!&])/g, "$1").split(/(?<!\\)\s+/)) {
    if (word.startsWith('"')) break;
    if (word === "all&") continue;
    try {
      const said = vi.options.set(word, everywhere);
      if (said !== undefined) told.push(said);
    } catch (error) {
      throw new ViError((error as Error).message);
    }
  }
  arrange(vi);
  if (/\bhls/.test(argument)) vi.highlighting = true;
  if (told.length === 1) vi.say(told[0]!);
  else if (told.length > 1) yield* vi.page(told, `:${source}`);
}

/** :p, :nu: lines at the bottom. */
export function* show(vi: Vi, rows: { first: number; last: number }, numbered: boolean, _source: string): Gen<void> {
  const { text } = vi;
  const width = numbered || vi.options.on("number") ? Math.max(3, String(text.lines.length).length) : 0;
  const lines = text.lines
    .slice(rows.first, rows.last + 1)
    .map(
      (line, i) =>
        (width > 0 ? `\x1b[33m${String(rows.first + i + 1).padStart(width)} \x1b[m` : "") +
        line.replaceAll("\t", "        ").replace(/^ {8}/, "        "),
    );
  vi.goTo({ row: rows.last, column: Math.max(0, text.lines[rows.last]!.search(/\S|.$/)) });
  if (vi.quiet) vi.quiet.printed.push(...lines);
  else if (lines.length === 1 && lines[0]!.length < roomOf(vi) + 1) vi.say(lines[0]!);
  else yield* vi.page(lines);
}

/** :normal: keys as if they were typed, on each line of a range. */
export function* normalKeys(vi: Vi, rows: { first: number; last: number } | undefined, keys: string): Gen<void> {
  const typed = keysOf(keys);
  const before = vi.takeReplay();
  const { recorded } = vi;
  const names: string[] = [];
  if (rows)
    for (let row = rows.first; row <= rows.last; row++) {
      const name = `\0n${row}`;
      vi.text.marks.set(name, { row, column: 0 });
      names.push(name);
    }
  for (const name of rows ? names : [undefined]) {
    const place = name === undefined ? undefined : vi.text.marks.get(name);
    if (name !== undefined) {
      vi.text.marks.delete(name);
      if (place === undefined) continue;
      vi.goTo({ row: place.row, column: 0 });
    }
    vi.feed(typed);
    vi.feed([]);
    while (vi.replaying && vi.status === undefined) {
      vi.closing = true;
      yield* oneCommandOf(vi);
    }
    vi.closing = false;
  }
  vi.recorded = recorded;
  vi.feed(before);
}

/** One command of :normal: one that is not whole is ended as by Escape. */
function* oneCommandOf(vi: Vi): Gen<void> {
  yield* oneCommand(vi);
}

/** :echo of a text or a small sum. */
export function evaluate(source: string): string {
  const text = /^(["'])(.*)\1$/s.exec(source);
  if (text) return text[2]!;
  const sum = /^(-?\d+)\s*([-+*/%])\s*(-?\d+)$/.exec(source);
  if (sum) {
    const [a, b] = [Number(sum[1]), Number(sum[3])];
    return String({ "+": a + b, "-": a - b, "*": a * b, "/": Math.trunc(a / b), "%": a % b }[sum[2]!]);
  }
  if (/^-?\d+$/.test(source)) return source;
  throw new ViError(`E121: Undefined variable: ${source}`);
}
