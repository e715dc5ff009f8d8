import type { ParsedOptions } from "../options.ts";
import { Fatal, quote, type Tool, tool } from "../tool.ts";

/** Tab stops of -t: one width, or a list of columns. */
function stopsOf(o: ParsedOptions): (column: number) => number | undefined {
  const text = o.value("t") ?? "8";
  const stops = text.split(/[ ,]+/).filter((part) => part !== "");
  // Behind the last stop, `/N` goes on at multiples of N, `+N` at steps of N from it.
  const last = /^([/+])(\d+)$/.exec(stops.at(-1) ?? "");
  if (last !== null) stops.pop();
  for (const stop of stops)
    if (!/^\d+$/.test(stop)) throw new Fatal(`tab size contains invalid character(s): ${quote(stop)}`);
  const numbers = stops.map(Number);
  if (numbers.includes(0)) throw new Fatal("tab size cannot be 0");
  if (numbers.some((stop, i) => i > 0 && stop <= numbers[i - 1]!)) throw new Fatal("tab sizes must be ascending");
  const step = Number(last?.[2] ?? 0);
  if (last === null && numbers.length === 1) return (column) => column + numbers[0]! - (column % numbers[0]!);
  const from = last?.[1] === "+" ? (numbers.at(-1) ?? 0) : 0;
  return (column) =>
    numbers.find((stop) => stop > column) ?? (step > 0 ? column + step - ((column - from) % step) : undefined);
}

/** `-4` and `-2,4` are what `-t 4` and `-t 2,4` are. */
function oldStops(args: string[]): string[] {
  return args.map((arg) => (/^-\d[\d,]*$/.test(arg) ? `-t${arg.slice(1)}` : arg));
}

function* eachLine(t: Tool, operands: readonly string[], change: (line: string) => string) {
  for (const path of operands.length > 0 ? operands : ["-"]) {
    const fd = yield* t.open(path);
    if (fd === undefined) continue;
    const lines = t.lines(fd);
    try {
      for (let line = yield* lines.line(); line !== undefined; line = yield* lines.line()) {
        t.out.add(change(line) + (lines.lastUnterminated && !lines.ready ? "" : "\n"));
        if (t.out.full) yield* t.out.flush();
      }
    } catch (error) {
      yield* t.pathError(path, error);
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
    rewrite: oldStops,
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
    rewrite: oldStops,
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
      // The blank at this place of `blanks` filled a column by itself: it is a tab if others follow to the next stop.
      let lone = -1;
      const settle = () => {
        if (lone >= 0 && lone + 1 < blanks.length) blanks = `${blanks.slice(0, lone)}\t${blanks.slice(lone + 1)}`;
        lone = -1;
      };
      const flush = () => {
        settle();
        out += blanks;
        blanks = "";
      };
      const toTab = () => {
        settle();
        blanks = `${blanks.replace(/ +$/, "")}\t`;
      };
      for (const char of line) {
        if ((char === " " || char === "\t") && (leading || all)) {
          const stop = next(column);
          if (char === "\t") {
            toTab();
            column = stop ?? column + 1;
          } else {
            blanks += " ";
            column++;
            const spaces = / +$/.exec(blanks)![0].length;
            if (column === stop && (spaces > 1 || blanks.includes("\t"))) toTab();
            else if (column === stop) lone = blanks.length - 1;
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
