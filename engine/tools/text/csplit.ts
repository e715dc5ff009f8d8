/** csplit(1): pieces of a file, cut at lines that match or by their numbers. */
import { decode, encode } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { compileRegex } from "../../text/regex/index.ts";
import { byteLength, readWhole } from "../io.ts";
import { Fatal, quote, shellQuote, tool, UsageError } from "../tool.ts";
import { sprintf } from "./awk/values.ts";
import { linesOf } from "./input.ts";

interface Cut {
  text: string;
  /** Up to this line number, or the line that matches, and how many from there. */
  line: number | undefined;
  pattern: string | undefined;
  offset: number;
  /** The piece is passed over. */
  skips: boolean;
  times: number;
}

function cutsOf(words: readonly string[]): Cut[] {
  const cuts: Cut[] = [];
  for (const text of words) {
    const repeat = /^\{(\d+|\*)\}$/.exec(text);
    if (repeat === null && /^\{.*\}$/.test(text) && cuts.length > 0)
      throw new Fatal(`‘${text.slice(0, -1)}’}: integer required between '{' and '}'`);
    if (repeat !== null && cuts.length > 0) {
      cuts.at(-1)!.times = repeat[1] === "*" ? Number.POSITIVE_INFINITY : Number(repeat[1]) + 1;
      continue;
    }
    const pattern = /^([/%])(.*)\1([-+]?\d+)?$/s.exec(text);
    if (pattern !== null) {
      const offset = Number(pattern[3] ?? 0);
      cuts.push({ text, line: undefined, pattern: pattern[2]!, offset, skips: pattern[1] === "%", times: 1 });
    } else if (/^\d+$/.test(text)) {
      if (Number(text) === 0) throw new Fatal(`${text}: line number must be greater than zero`);
      const before = cuts.findLast(({ line }) => line !== undefined)?.line;
      if (before !== undefined && Number(text) < before)
        throw new Fatal(`line number ${quote(text)} is smaller than preceding line number, ${before}`);
      cuts.push({ text, line: Number(text), pattern: undefined, offset: 0, skips: false, times: 1 });
    } else if (/^[/%]/.test(text)) {
      const closed = text.lastIndexOf(text[0]!) > 0;
      throw new Fatal(
        closed ? `${text}: integer expected after delimiter` : `${text}: closing delimiter '${text[0]}' missing`,
      );
    } else throw new Fatal(`${quote(text)}: invalid pattern`);
  }
  return cuts;
}

export const csplit = tool(
  {
    name: "csplit",
    short: "b:f:kn:sqz",
    long: "suffix-format:=b prefix:=f keep-files=k digits:=n quiet=s silent=s elide-empty-files=z suppress-matched=m",
    usage: "[OPTION]... FILE PATTERN...",
    about:
      "Output pieces of FILE separated by PATTERN(s) to files 'xx00', 'xx01', ...,\nand output byte counts of each piece to standard output.",
  },
  function* (t, o) {
    const [path, ...words] = o.operands;
    if (path === undefined) throw new UsageError("missing operand");
    if (words.length === 0) throw new UsageError(`missing operand after ${quote(path)}`);
    const cuts = cutsOf(words);
    for (const [i, { line }] of cuts.entries())
      if (line !== undefined && cuts.slice(0, i).findLast((one) => one.line !== undefined)?.line === line)
        yield* t.error(`warning: line number ${quote(String(line))} is the same as preceding line number`, 0);
    if (o.value("n") !== undefined && !/^\d+$/.test(o.value("n")!))
      throw new Fatal(`invalid number: ${quote(o.value("n")!)}`);
    checkSuffix(o.value("b"));
    let fd = 0;
    try {
      if (path !== "-") fd = sys.open(t.p, path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(`cannot open ${shellQuote(path)} for reading: ${error.message}`);
    }
    const text = decode(yield* readWhole(t.p, fd));
    const lines = linesOf(text, "\n");
    const ends = text.endsWith("\n") || text === "" ? "\n" : "";
    const made: string[] = [];
    const digits = Number(o.value("n") ?? 2);
    const format = o.value("b");
    let at = 0;
    const piece = (to: number, skips: boolean) => {
      const body = lines.slice(at, to).map((line, i) => line + (at + i === lines.length - 1 ? ends : "\n"));
      at = to;
      if (skips || (body.length === 0 && o.has("z"))) return;
      const content = body.join("");
      const suffix =
        format === undefined ? String(made.length).padStart(digits, "0") : sprintf(format, [made.length], "%.6g");
      made.push((o.value("f") ?? "xx") + suffix);
      sys.writeText(t.p, made.at(-1)!, encode(content));
      if (!o.has("s", "q")) t.out.add(`${byteLength(content)}\n`);
    };
    try {
      for (const cut of cuts) {
        let from = at;
        for (let n = 0; n < cut.times; n++) {
          const to = cut.pattern === undefined ? cut.line! * (n + 1) - 1 : found(lines, cut, from, n > 0 || at > 0);
          if (to !== undefined && to < at) throw new Fatal(`${quote(cut.text)}: line number out of range`);
          if (to === undefined || to > lines.length || (cut.pattern === undefined && to >= lines.length)) {
            if (cut.times === Number.POSITIVE_INFINITY) break;
            const again = n > 0 ? ` on repetition ${n}` : "";
            throw new Fatal(
              `${quote(cut.text)}: ${cut.pattern === undefined ? "line number out of range" : "match not found"}${again}`,
            );
          }
          piece(Math.max(at, to), cut.skips);
          if (o.has("m")) at = Math.min(lines.length, at + 1);
          from = cut.pattern === undefined ? at : Math.max(from, to - cut.offset) + 0;
        }
      }
    } catch (error) {
      if (!(error instanceof Fatal)) throw error;
      piece(lines.length, false);
      if (!o.has("k")) for (const name of made) sys.unlink(t.p, name);
      throw error;
    }
    piece(lines.length, false);
    return 0;
  },
);

/** -b must have one conversion, of a number. Throws `Fatal`. */
function checkSuffix(format: string | undefined): void {
  if (format === undefined) return;
  const conversions = [...format.matchAll(/%(%|[-+ #0']*\d*(?:\.\d*)?(.)?)/g)].filter((match) => match[1] !== "%");
  const first = conversions[0];
  if (first === undefined) throw new Fatal("missing % conversion specification in suffix");
  if (first[2] === undefined) throw new Fatal("missing conversion specifier in suffix");
  if (!"diuoxX".includes(first[2])) throw new Fatal(`invalid conversion specifier in suffix: ${first[2]}`);
  if (conversions.length > 1) throw new Fatal("too many % conversion specifications in suffix");
}

/** The line that a pattern's offset leads to; the line where the last piece ended is not looked at again. */
function found(lines: readonly string[], cut: Cut, from: number, passOne: boolean): number | undefined {
  const regex = compileRegex(cut.pattern!, { syntax: "bre" });
  for (let i = from + (passOne ? 1 : 0); i < lines.length; i++) if (regex.test(lines[i]!)) return i + cut.offset;
  return undefined;
}
