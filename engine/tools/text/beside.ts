/** Programs that put files side by side: paste and comm. */
import type { Gen } from "../../kernel/index.ts";
import { compareBytes, type LineReader } from "../io.ts";
import { Fatal, quote, tool, UsageError } from "../tool.ts";
import { texts } from "./lines.ts";

/** paste(1). */
export const paste = tool(
  {
    name: "paste",
    short: "d:sz",
    long: "delimiters:=d serial=s zero-terminated=z",
    usage: "[OPTION]... [FILE]...",
    about:
      "Write lines consisting of the sequentially corresponding lines from\neach FILE, separated by TABs, to standard output.",
  },
  function* (t, o) {
    const end = o.has("z") ? "\0" : "\n";
    if (/(^|[^\\])(\\\\)*\\$/.test(o.value("d") ?? ""))
      throw new Fatal(`delimiter list ends with an unescaped backslash: ${o.value("d")}`);
    const delimiters = (o.value("d") ?? "\t").match(/\\.|./gsu) ?? [];
    const by = (i: number) => delimiterOf(delimiters[i % delimiters.length] ?? "");
    const readers: LineReader[] = [];
    const names = o.operands.length > 0 ? o.operands : ["-"];
    // An input that cannot be read has come to its end.
    const lineOf = function* (i: number): Gen<string | undefined> {
      if (failed.has(i)) return undefined;
      try {
        return yield* readers[i]!.line();
      } catch (error) {
        failed.add(i);
        yield* t.pathError(names[i]!, error);
        return undefined;
      }
    };
    const failed = new Set<number>();
    let stdin: LineReader | undefined;
    for (const path of names) {
      if (path === "-") {
        stdin ??= t.lines(0, end);
        readers.push(stdin);
        continue;
      }
      const fd = yield* t.open(path);
      if (fd === undefined) return 1;
      readers.push(t.lines(fd, end));
    }
    if (o.has("s")) {
      for (const n of readers.keys()) {
        const cells: string[] = [];
        for (let line = yield* lineOf(n); line !== undefined; line = yield* lineOf(n))
          cells.push((cells.length > 0 ? by(cells.length - 1) : "") + line);
        t.out.add(cells.join("") + end);
      }
      return t.status;
    }
    for (;;) {
      const row: (string | undefined)[] = [];
      for (const n of readers.keys()) row.push(yield* lineOf(n));
      if (row.every((cell) => cell === undefined)) return t.status;
      t.out.add(`${row.map((cell, i) => (i > 0 ? by(i - 1) : "") + (cell ?? "")).join("")}${end}`);
      if (t.out.full || !readers[0]!.ready) yield* t.out.flush();
    }
  },
);

const DELIMITERS: Record<string, string> = { "0": "", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** One of paste's delimiters, as it is written. */
function delimiterOf(written: string): string {
  return written.length > 1 && written[0] === "\\" ? (DELIMITERS[written[1]!] ?? written.slice(1)) : written;
}

/** comm(1). */
export const comm = tool(
  {
    name: "comm",
    short: "123z",
    long: "check-order=co nocheck-order=nco output-delimiter:=od total=total zero-terminated=z",
    usage: "[OPTION]... FILE1 FILE2",
    about: "Compare sorted files FILE1 and FILE2 line by line.",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    if (o.operands.length === 1) throw new UsageError(`missing operand after ${quote(o.operands[0]!)}`);
    if (o.operands.length > 2) throw new UsageError(`extra operand ${quote(o.operands[2]!)}`);
    const end = o.has("z") ? "\0" : "\n";
    const sides: { path: string; text: string }[] = [];
    for (const path of o.operands) {
      sides.push(...(yield* texts(t, [path])));
      if (t.status !== 0) return t.status;
    }
    const [a, b] = sides.map(({ text }) =>
      text
        .replace(end === "\0" ? /\0$/ : /\n$/, "")
        .split(end)
        .filter((line, _i, all) => all.length > 1 || line !== ""),
    );
    const tabs = o.values("od");
    if (tabs.some((text) => text !== tabs[0])) throw new Fatal("multiple output delimiters specified");
    const tab = tabs[0] === "" ? "\0" : (tabs[0] ?? "\t");
    const put = (column: 1 | 2 | 3, line: string) => {
      if (o.has(String(column))) return;
      const before = [1, 2].filter((other) => other < column && !o.has(String(other))).length;
      t.out.add(tab.repeat(before) + line + end);
    };
    // Disorder is an error at once with --check-order; by itself only where lines did not pair.
    const check = o.last("co", "nco")?.key;
    const told = [false, false];
    let unpaired = false;
    const counts = [0, 0, 0];
    const order = function* (side: 0 | 1, lines: readonly string[], at: number): Gen<boolean> {
      const wrong = check !== "nco" && !told[side] && at > 0 && at < lines.length;
      if (!wrong || compareBytes(lines[at - 1]!, lines[at]!) <= 0 || (check === undefined && !unpaired)) return false;
      told[side] = true;
      yield* t.error(`file ${side + 1} is not in sorted order`, 1);
      return check === "co";
    };
    let i = 0;
    let j = 0;
    while (i < a!.length || j < b!.length) {
      const sign = i >= a!.length ? 1 : j >= b!.length ? -1 : compareBytes(a![i]!, b![j]!);
      if (sign !== 0) unpaired = true;
      counts[sign < 0 ? 0 : sign > 0 ? 1 : 2]!++;
      put(sign < 0 ? 1 : sign > 0 ? 2 : 3, sign > 0 ? b![j]! : a![i]!);
      if (sign <= 0 && (yield* order(0, a!, ++i))) return 1;
      if (sign >= 0 && (yield* order(1, b!, ++j))) return 1;
    }
    if (o.has("total")) t.out.add(`${counts.join(tab)}${tab}total${end}`);
    if (told.includes(true)) throw new Fatal("input is not in sorted order");
    return 0;
  },
);
