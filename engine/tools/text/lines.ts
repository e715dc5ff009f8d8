/** Programs that go through a text by lines: tac, rev, fold. */
import { decode, encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { compileRegex, type Regex } from "../../text/regex/index.ts";
import { readWhole } from "../io.ts";
import { Fatal, quote, quoteName, type Tool, tool } from "../tool.ts";
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
        // tac begins at the end, and a directory has none to go to.
        const reason = error.code === "EISDIR" ? "Invalid argument" : error.message;
        yield* t.error(`${quoteName(path)}: read error: ${reason}`);
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
    short: "0",
    long: "zero=0",
    usage: "[options] [<file> ...]",
    about: "Reverse lines characterwise.",
    version: "rev from util-linux 2.41.5",
  },
  function* (t, o) {
    const end = o.has("0") ? "\0" : "\n";
    for (const path of o.operands.length > 0 ? o.operands : [undefined]) {
      let fd = 0;
      try {
        if (path !== undefined) fd = sys.open(t.p, path);
      } catch (error) {
        yield* t.pathError(`cannot open ${path}`, error);
        continue;
      }
      const lines = t.lines(fd, end);
      try {
        for (let line = yield* lines.line(); line !== undefined; line = yield* lines.line()) {
          t.out.add([...line].reverse().join("") + (lines.lastUnterminated && !lines.ready ? "" : end));
          if (t.out.full || !lines.ready) yield* t.out.flush();
        }
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`fgetwc() failed: ${error.message}`);
      } finally {
        t.close(fd);
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
    const given = o.value("w") ?? "80";
    if (!/^\d+$/.test(given)) throw new Fatal(`invalid number of columns: ${quote(given)}`);
    const width = Number(given);
    if (width === 0 || width > 2 ** 63)
      throw new Fatal(`invalid number of columns: ${quote(given)}: Numerical result out of range`);
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

/** A line in pieces of `width` columns, which are bytes: tabs go to the next stop, backspaces one back. */
function wrapped(text: string, width: number, atBlanks: boolean, bytes: boolean): string {
  const wide = /[^\0-\x7f]/.test(text);
  const line = wide ? Array.from(encode(text), (byte) => String.fromCharCode(byte)).join("") : text;
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
  const out = [...pieces, piece.join("")].join("\n");
  return wide ? decode(Uint8Array.from(out, (char) => char.charCodeAt(0))) : out;
}
