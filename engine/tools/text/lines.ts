/** Programs that go through a text by lines: tac, rev, nl, fold. */
import { decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { compileRegex, type Regex } from "../../text/regex/index.ts";
import { readWhole } from "../io.ts";
import { Fatal, quote, quoteName, type Tool, tool, UsageError } from "../tool.ts";
import { openNamed } from "./head.ts";
/** Whole text of each operand (or standard input), errors reported. */
export function* texts(
  t: Tool,
  operands: readonly string[],
  unopened?: (path: string) => string,
): Gen<{ path: string; text: string }[]> {
  const out: { path: string; text: string }[] = [];
  for (const path of operands.length > 0 ? operands : ["-"]) {
    const fd = unopened === undefined ? yield* t.open(path) : yield* openOr(t, path, unopened(path));
    if (fd === undefined) continue;
    try {
      out.push({ path, text: decode(yield* readWhole(t.p, fd)) });
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.pathError(path, error);
    } finally {
      t.close(fd);
    }
  }
  return out;
}

function* openOr(t: Tool, path: string, message: string): Gen<number | undefined> {
  if (path === "-") return 0;
  try {
    return sys.open(t.p, path);
  } catch (error) {
    yield* t.pathError(message, error);
    return undefined;
  }
}

/** tac(1). */
export const tac = tool(
  {
    name: "tac",
    short: "brs:",
    long: "before=b regex=r separator:=s",
    usage: "[OPTION]... [FILE]...",
    about: "Write each FILE to standard output, last line first.",
  },
  function* (t, o) {
    const separator = o.value("s") ?? "\n";
    const pattern = separator === "" ? "\0" : separator;
    const regex = o.has("r") ? compileRegex(pattern, { syntax: "bre" }) : undefined;
    for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
      const fd = yield* openNamed(t, path, "failed to open");
      if (fd === undefined) continue;
      try {
        const text = decode(yield* readWhole(t.p, fd));
        const records = cutRecords(text, pattern, regex, o.has("b"));
        for (const record of records.reverse()) t.out.add(record);
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`${quoteName(path)}: read error: ${error.message}`);
      } finally {
        t.close(fd);
      }
    }
    return t.status;
  },
);

/** Records with their separators: after each, or before it. */
function cutRecords(text: string, separator: string, regex: Regex | undefined, before: boolean): string[] {
  const ends: [number, number][] = [];
  if (regex === undefined)
    for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, at + separator.length))
      ends.push([at, at + separator.length]);
  else
    for (let at = 0; at < text.length; ) {
      const match = regex.exec(text, at);
      if (match === null) break;
      const [from, to] = [match.index, match.end];
      if (to > from) ends.push([from, to]);
      at = to > from ? to : from + 1;
    }
  const out: string[] = [];
  let start = 0;
  for (const [from, to] of ends) {
    const cut = before ? from : to;
    if (cut > start || !before) out.push(text.slice(start, cut));
    start = cut;
  }
  if (start < text.length) out.push(text.slice(start));
  return out;
}

/** rev(1). */
export const rev = tool(
  {
    name: "rev",
    short: "V",
    usage: "[options] [<file> ...]",
    about: "Reverse lines characterwise.",
    version: "rev from util-linux 2.41",
  },
  function* (t, o) {
    for (const { text } of yield* texts(t, o.operands, (path) => `cannot open ${path}`)) {
      const lines = text.split("\n").map((line) => [...line].reverse().join(""));
      t.out.add(lines.join("\n"));
    }
    return t.status;
  },
);

/** nl(1) with -b a|t|n, -w, -s, -v, -n. */
export const nl = tool(
  {
    name: "nl",
    short: "b:d:f:h:i:l:n:ps:v:w:",
    long: "body-numbering:=b line-increment:=i number-format:=n number-separator:=s starting-line-number:=v number-width:=w",
    usage: "[OPTION]... [FILE]...",
    about: "Write each FILE to standard output, with line numbers added.",
  },
  function* (t, o) {
    const width = Number(o.value("w") ?? 6);
    const separator = o.value("s") ?? "\t";
    const style = o.value("b") ?? "t";
    const format = o.value("n") ?? "rn";
    if (!/^(a|t|n|p.*)$/.test(style)) throw new UsageError(`invalid body numbering style: ${quote(style)}`);
    if (!/^(ln|rn|rz)$/.test(format)) throw new UsageError(`invalid line numbering format: ${quote(format)}`);
    const pattern = style.startsWith("p") ? compileRegex(style.slice(1), { syntax: "bre" }) : undefined;
    let number = Number(o.value("v") ?? 1);
    for (const { text } of yield* texts(t, o.operands)) {
      for (const line of text.replace(/\n$/, "").split("\n")) {
        if (style === "a" || (style === "t" && line !== "") || pattern?.test(line)) {
          const digits = String(number);
          t.out.add(
            (format === "ln" ? digits.padEnd(width) : digits.padStart(width, format === "rz" ? "0" : " ")) +
              separator +
              line,
          );
          number += Number(o.value("i") ?? 1);
        } else t.out.add(" ".repeat(width + separator.length) + line);
        t.out.add("\n");
      }
    }
    return t.status;
  },
);

/** fold(1). */
export const fold = tool(
  {
    name: "fold",
    short: "bsw:",
    long: "bytes=b spaces=s width:=w",
    usage: "[OPTION]... [FILE]...",
    about: "Wrap input lines in each FILE, writing to standard output.",
    rewrite: (args) => args.map((arg) => (/^-\d+$/.test(arg) ? `-w${arg.slice(1)}` : arg)),
  },
  function* (t, o) {
    const width = Number(o.value("w") ?? 80);
    if (!(width > 0)) throw new Fatal(`invalid number of columns: ${quote(o.value("w")!)}`);
    for (const { text } of yield* texts(t, o.operands))
      t.out.add(
        text
          .split("\n")
          .map((line) => wrapped(line, width, o.has("s"), o.has("b")))
          .join("\n"),
      );
    return t.status;
  },
);

/** A line in pieces of `width` columns: tabs go to the next stop, backspaces one back. */
function wrapped(line: string, width: number, atBlanks: boolean, bytes: boolean): string {
  const after = (column: number, char: string) => {
    if (bytes) return column + 1;
    if (char === "\t") return column + 8 - (column % 8);
    if (char === "\b") return Math.max(0, column - 1);
    return char === "\r" ? 0 : column + 1;
  };
  const pieces: string[] = [];
  let piece: string[] = [];
  let column = 0;
  for (const char of line) {
    let next = after(column, char);
    if (next > width && piece.length > 0) {
      const blank = atBlanks ? piece.findLastIndex((one) => one === " " || one === "\t") : -1;
      const cut = blank >= 0 ? blank + 1 : piece.length;
      pieces.push(piece.slice(0, cut).join(""));
      piece = piece.slice(cut);
      column = piece.reduce(after, 0);
      next = after(column, char);
    }
    piece.push(char);
    column = next;
  }
  return [...pieces, piece.join("")].join("\n");
}
