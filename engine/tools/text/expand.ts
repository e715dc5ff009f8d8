import type { ParsedOptions } from "../options.ts";
import { Fatal, quote, type Tool, tool } from "../tool.ts";

/** Tab stops of -t: one width, or a list of columns. */
function stopsOf(o: ParsedOptions): (column: number) => number | undefined {
  const text = o.value("t") ?? "8";
  const stops = text.split(/[ ,]+/).filter((part) => part !== "");
  for (const stop of stops)
    if (!/^\d+$/.test(stop)) throw new Fatal(`tab size contains invalid character(s): ${quote(stop)}`);
  const numbers = stops.map(Number);
  if (numbers.includes(0)) throw new Fatal("tab size cannot be 0");
  if (numbers.length === 1) return (column) => column + numbers[0]! - (column % numbers[0]!);
  return (column) => numbers.find((stop) => stop > column);
}

function* eachLine(t: Tool, operands: readonly string[], change: (line: string) => string) {
  for (const path of operands.length > 0 ? operands : ["-"]) {
    const fd = yield* t.open(path);
    if (fd === undefined) continue;
    const lines = t.lines(fd);
    for (let line = yield* lines.line(); line !== undefined; line = yield* lines.line()) {
      t.out.add(change(line) + (lines.lastUnterminated && !lines.ready ? "" : "\n"));
      if (t.out.full) yield* t.out.flush();
    }
    t.close(fd);
  }
}

/** expand(1). */
export const expand = tool(
  {
    name: "expand",
    short: "it:",
    long: "initial=i tabs:=t",
    usage: "[OPTION]... [FILE]...",
    about: "Convert tabs in each FILE to spaces, writing to standard output.",
  },
  function* (t, o) {
    const next = stopsOf(o);
    yield* eachLine(t, o.operands, (line) => {
      let out = "";
      let column = 0;
      let leading = true;
      for (const char of line) {
        if (char === "\t" && (leading || !o.has("i"))) {
          const to = next(column) ?? column + 1;
          out += " ".repeat(to - column);
          column = to;
        } else {
          out += char;
          column = char === "\b" ? Math.max(0, column - 1) : column + 1;
          if (char !== " " && char !== "\t") leading = false;
        }
      }
      return out;
    });
    return t.status;
  },
);

/** unexpand(1). */
export const unexpand = tool(
  {
    name: "unexpand",
    short: "at:",
    long: "all=a first-only=first tabs:=t",
    usage: "[OPTION]... [FILE]...",
    about: "Convert blanks in each FILE to tabs, writing to standard output.",
  },
  function* (t, o) {
    const next = stopsOf(o);
    const all = (o.has("a") || o.has("t")) && !o.has("first");
    yield* eachLine(t, o.operands, (line) => {
      let out = "";
      let blanks = "";
      let column = 0;
      let leading = true;
      const flush = () => {
        out += blanks;
        blanks = "";
      };
      for (const char of line) {
        if ((char === " " || char === "\t") && (leading || all)) {
          const stop = next(column);
          if (char === "\t") {
            blanks = `${blanks.replace(/ +$/, "")}\t`;
            column = stop ?? column + 1;
          } else {
            blanks += " ";
            column++;
            const spaces = / +$/.exec(blanks)![0].length;
            // One blank before a tab stop stays as it is, unless more blanks follow it to the next stop.
            if (column === stop && (spaces > 1 || blanks.includes("\t"))) blanks = `${blanks.replace(/ +$/, "")}\t`;
          }
          continue;
        }
        flush();
        out += char;
        column++;
        leading = false;
      }
      flush();
      return out;
    });
    return t.status;
  },
);
