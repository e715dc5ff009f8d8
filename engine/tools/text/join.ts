import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { compareBytes, readWhole } from "../io.ts";
import { Fatal, quote, shellQuote, type Tool, tool, UsageError } from "../tool.ts";
import { linesOf } from "./input.ts";

interface Row {
  text: string;
  fields: string[];
  /** What is compared. */
  key: string;
  /** The join field as written, and its place. */
  field: string;
  at: number;
  number: number;
}

interface Choice {
  separator: string | undefined;
  empty: string | undefined;
  fold: boolean;
  /** Output fields: [0, 0] is the key, [file, field index]. */
  format: [number, number][] | "auto" | undefined;
  unpaired: [boolean, boolean];
  pairs: boolean;
  check: "yes" | "no" | "unpaired";
  end: string;
}

/** join(1). */
export const join = tool(
  {
    name: "join",
    short: "a:e:i1:2:j:o:t:v:z",
    long: "ignore-case=i check-order=check nocheck-order=nocheck header=header zero-terminated=z",
    usage: "[OPTION]... FILE1 FILE2",
    about: "For each pair of input lines with identical join fields, write a line to\nstandard output.",
  },
  function* (t, o) {
    const [first, second, extra] = o.operands;
    if (first === undefined) throw new UsageError("missing operand");
    if (second === undefined) throw new UsageError(`missing operand after ${quote(first)}`);
    if (extra !== undefined) throw new UsageError(`extra operand ${shellQuote(extra)}`);
    if (first === "-" && second === "-") throw new Fatal("both files cannot be standard input");
    const keys = [fieldNumber(o.value("1") ?? o.value("j") ?? "1"), fieldNumber(o.value("2") ?? o.value("j") ?? "1")];
    const choice: Choice = {
      separator: separatorOf(o.value("t")),
      empty: o.value("e"),
      fold: o.has("i"),
      format: formatOf(o.values("o")),
      unpaired: [false, false],
      pairs: !o.has("v"),
      check: o.has("check") ? "yes" : o.has("nocheck") ? "no" : "unpaired",
      end: o.has("z") ? "\0" : "\n",
    };
    for (const which of [...o.values("a"), ...o.values("v")]) {
      if (which !== "1" && which !== "2") throw new Fatal(`invalid file number: ${quote(which)}`);
      choice.unpaired[which === "1" ? 0 : 1] = true;
    }
    const tables: Row[][] = [];
    for (const [i, path] of [first, second].entries()) {
      const [read] = yield* readOne(t, path);
      if (read === undefined) return 1;
      tables.push(linesOf(read.text, choice.end).map((text, n) => row(text, keys[i]!, choice, n + 1)));
    }
    return yield* merge(t, [first, second], tables as [Row[], Row[]], choice, o.has("header"));
  },
);

function* readOne(t: Tool, path: string): Gen<{ path: string; text: string }[]> {
  const fd = yield* t.open(path);
  if (fd === undefined) return [];
  try {
    return [{ path, text: decode(yield* readWhole(t.p, fd)) }];
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`read error: ${error.message}`);
  } finally {
    t.close(fd);
  }
}

function fieldNumber(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) === 0) throw new Fatal(`invalid field number: ${quote(text)}`);
  return Number(text) - 1;
}

function separatorOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text === "\\0") return "\0";
  if ([...text].length > 1) throw new Fatal(`multi-character tab ${quote(text)}`);
  return text === "" ? "\n" : text;
}

function formatOf(values: readonly string[]): Choice["format"] {
  if (values.length === 0) return undefined;
  if (values.length === 1 && values[0] === "auto") return "auto";
  return values
    .flatMap((value) => value.split(/[ ,\t]+/))
    .filter((word) => word !== "")
    .map((word): [number, number] => {
      if (word === "0") return [0, 0];
      const match = /^([^.]*)(?:\.(.*))?$/.exec(word)!;
      if (match[1] !== "1" && match[1] !== "2") throw new Fatal(`invalid file number in field spec: ${quote(word)}`);
      if (match[2] === undefined) throw new Fatal(`invalid field specifier: ${quote(word)}`);
      return [Number(match[1]), fieldNumber(match[2])];
    });
}

function row(text: string, key: number, choice: Choice, number: number): Row {
  const fields =
    choice.separator === undefined
      ? text.split(/[ \t\n]+/).filter((field, i, all) => field !== "" || (i > 0 && i < all.length - 1))
      : choice.separator === "\n"
        ? [text]
        : text.split(choice.separator);
  const raw = fields[key] ?? "";
  return { text, fields, key: choice.fold ? raw.toUpperCase() : raw, field: raw, at: key, number };
}

function* merge(t: Tool, paths: string[], tables: [Row[], Row[]], choice: Choice, header: boolean): Gen<number> {
  const [left, right] = tables;
  const auto: [number, number] = [left[0]?.fields.length ?? 0, right[0]?.fields.length ?? 0];
  const keyOf = (a: Row | undefined, b: Row | undefined) => (a ?? b!).field;
  const separator = choice.separator ?? " ";
  const print = (a: Row | undefined, b: Row | undefined) => {
    const out: string[] = [];
    const field = (file: number, n: number) => {
      const value = (file === 1 ? a : b)?.fields[n];
      return value === undefined || value === "" ? (choice.empty ?? "") : value;
    };
    if (Array.isArray(choice.format)) {
      for (const [file, n] of choice.format)
        out.push(file === 0 ? keyOf(a, b) || (choice.empty ?? "") : field(file, n));
    } else {
      out.push(keyOf(a, b) || (choice.empty ?? ""));
      for (const [i, of] of [a, b].entries()) {
        if (of === undefined && choice.format !== "auto") continue;
        const count = choice.format === "auto" ? auto[i]! : of!.fields.length;
        const skip = of?.at ?? 0;
        for (let n = 0; n < count; n++) if (n !== skip) out.push(field(i + 1, n));
      }
    }
    t.out.add(out.join(separator) + choice.end);
  };
  const told = [false, false];
  let sawUnpaired = false;
  // A line is judged against the one before it as it is read; by default only once some line has found no other.
  const read = function* (file: 0 | 1, at: number): Gen<void> {
    const rows = tables[file];
    if (told[file] || at >= rows.length || at <= (header ? 1 : 0) || choice.check === "no") return;
    if (choice.check !== "yes" && !sawUnpaired) return;
    if (compareBytes(rows[at - 1]!.key, rows[at]!.key) <= 0) return;
    told[file] = true;
    yield* t.error(`${paths[file]}:${at + 1}: is not sorted: ${rows[at]!.text}`);
    if (choice.check === "yes") throw new DisorderEnd();
  };
  const endOfRun = function* (file: 0 | 1, from: number): Gen<number> {
    const rows = tables[file];
    let at = from + 1;
    for (; ; at++) {
      yield* read(file, at);
      if (at >= rows.length || rows[at]!.key !== rows[from]!.key) return at;
    }
  };
  let i = 0;
  let k = 0;
  if (header && (left.length > 0 || right.length > 0)) {
    print(left[0], right[0]);
    i = k = 1;
  }
  try {
    while (i < left.length && k < right.length) {
      if ((i & 255) === 0) yield* cpu(100);
      const order = compareBytes(left[i]!.key, right[k]!.key);
      if (order !== 0) {
        if (order < 0) {
          if (choice.unpaired[0]) print(left[i], undefined);
          yield* read(0, ++i);
        } else {
          if (choice.unpaired[1]) print(undefined, right[k]);
          yield* read(1, ++k);
        }
        sawUnpaired = true;
        continue;
      }
      const iEnd = yield* endOfRun(0, i);
      const kEnd = yield* endOfRun(1, k);
      if (choice.pairs) for (let a = i; a < iEnd; a++) for (let b = k; b < kEnd; b++) print(left[a], right[b]);
      i = iEnd;
      k = kEnd;
    }
    if (i < left.length && k > (header ? 1 : 0)) sawUnpaired = true;
    while (i < left.length) {
      if (choice.unpaired[0]) print(left[i], undefined);
      yield* read(0, ++i);
    }
    if (k < right.length && left.length > (header ? 1 : 0)) sawUnpaired = true;
    while (k < right.length) {
      if (choice.unpaired[1]) print(undefined, right[k]);
      yield* read(1, ++k);
    }
  } catch (error) {
    if (!(error instanceof DisorderEnd)) throw error;
    return 1;
  }
  if (told[0] || told[1]) yield* t.error("input is not in sorted order");
  return t.status;
}

class DisorderEnd extends Error {}
