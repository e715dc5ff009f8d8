import { cpu, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { compareBytes, hold, LineReader, Output } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { argMatch, Fatal, quote, quoteName, shellQuote, type Tool, tool, UsageError } from "../tool.ts";
import { randomBytes } from "./random-source.ts";
import { keyWarnings, underlined } from "./sort-debug.ts";
import {
  apply,
  compare,
  extract,
  type Key,
  type KeyValue,
  NONE,
  type Ordering,
  parseKey,
  wholeLine,
} from "./sort-keys.ts";

/** Words of --sort. */
const ORDERS: Record<string, string> = {
  "general-numeric": "g",
  "human-numeric": "h",
  month: "M",
  numeric: "n",
  random: "R",
  version: "V",
};

/** Lines that are written together. */
const SLICE = 512;

/** sort(1) in the C.UTF-8 locale. */
export const sort = tool(
  {
    name: "sort",
    short: "bcCdfghik:mMno:rRsS:t:T:uVyz",
    long: "ignore-leading-blanks=b check::=check dictionary-order=d ignore-case=f general-numeric-sort=g human-numeric-sort=h ignore-nonprinting=i key:=k merge=m month-sort=M numeric-sort=n output:=o reverse=r random-sort=R stable=s buffer-size:=S field-separator:=t temporary-directory:=T unique=u version-sort=V zero-terminated=z sort:=sort parallel:=parallel debug=debug batch-size:=batch compress-program:=compress random-source:=source files0-from:=from",
    usage: "[OPTION]... [FILE]...\n  or:  sort [OPTION]... --files0-from=F",
    about: "Write sorted concatenation of all FILE(s) to standard output.",
    usageStatus: 2,
    rewrite: oldKeys,
  },
  function* (t, o) {
    const global: Ordering = { ...NONE };
    for (const { key, value } of o.list) {
      if ("bdfghiMnrRV".includes(key) && key.length === 1) apply(global, key);
      if (key === "sort") apply(global, ORDERS[argMatch(value ?? "", "--sort", Object.keys(ORDERS))]!);
      if (key === "check" && value !== undefined) argMatch(value, "--check", [["quiet", "silent"], "diagnose-first"]);
    }
    if (o.has("R") || o.value("sort") === "random" || o.values("k").some((key) => key.includes("R")))
      global.salt = yield* saltOf(t, o.value("source"));
    const separator = o.value("t");
    if (separator === "") throw new Fatal("empty tab", 2);
    const tab = separator === "\\0" ? "\0" : separator;
    if (tab !== undefined && tab.length > 1) throw new Fatal(`multi-character tab ${quote(tab)}`, 2);
    const keys = o.values("k").map((text) => parseKey(text, global));
    if (keys.length === 0 && global.type !== "text") keys.push(wholeLine(global));
    else if (keys.length === 0 && (global.fold || global.blanks || global.dictionary || global.printable))
      keys.push(wholeLine(global));
    const onlyGlobal = o.values("k").length === 0;
    const unique = o.has("u");
    const stable = o.has("s") || unique;
    const end = o.has("z") ? "\0" : "\n";
    const check = o.last("c", "C", "check");
    checkSizes(o);
    const debug = o.has("debug");
    if (debug && (check !== undefined || o.has("o")))
      throw new Fatal(
        `options '-${check === undefined ? "o" : check.key === "C" ? "C" : "c"} --debug' are incompatible`,
        2,
      );
    if (debug) for (const warning of keyWarnings(t.p, keys, tab, onlyGlobal)) yield* t.error(warning, 0);
    if (check !== undefined && o.has("o"))
      throw new Fatal(
        `options '-${check.key === "C" || check.value?.startsWith("q") ? "C" : "c"}o' are incompatible`,
        2,
      );
    const files = yield* named(t, o.operands, o.value("from"));
    if (check && files.length > 1)
      throw new Fatal(`extra operand ${shellQuote(files[1]!)} not allowed with -${check.key === "C" ? "C" : "c"}`, 2);
    const lines: string[] = [];
    let plain = true;
    const ends: number[] = [];
    for (const path of files) {
      if (!(yield* readLines(t, path, end, lines, check !== undefined))) plain = false;
      ends.push(lines.length);
    }
    if (check) {
      const wrong = disorder(lines, keys, tab, { reverse: global.reverse, stable, unique });
      if (wrong === undefined) return 0;
      if (check.key !== "C" && check.value !== "quiet" && check.value !== "silent")
        yield* t.error(`${files[0]}:${wrong + 1}: disorder: ${lines[wrong]}`, 1);
      return 1;
    }
    yield* cpu(1 + (lines.length >> 3));
    const how = { reverse: global.reverse, stable, unique, plain };
    const sorted = o.has("m") ? merged(lines, ends, keys, tab, how) : arrange(lines, keys, tab, how);
    const target = o.value("o");
    let out = t.out;
    if (target !== undefined) {
      try {
        out = new Output(t.p, sys.open(t.p, target, { write: true, create: true, truncate: true }));
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`open failed: ${target}: ${error.message}`, 2);
      }
    }
    if (debug) for (const line of sorted) out.add(underlined(line, keys, tab, !stable));
    for (let at = 0; at < sorted.length && !debug; at += SLICE) {
      out.add(sorted.slice(at, at + SLICE).join(end) + end);
      if (out.full) yield* out.flush();
    }
    yield* out.flush();
    return t.status;
  },
);

interface Arrangement {
  /** Order of whole lines, the last resort. */
  reverse: boolean;
  stable: boolean;
  unique: boolean;
  /** No characters beyond the surrogates' range: the host's own order is that of the bytes, and much faster. */
  plain?: boolean;
}

/** Keys as they were once written: `+1 -2` is `-k2,2`. */
function oldKeys(args: string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const from = /^\+(\d+)(?:\.(\d+))?([bdfgiMnRrV]*)$/.exec(args[i]!);
    if (args[i] === "--") return [...out, ...args.slice(i)];
    if (from === null) {
      out.push(args[i]!);
      continue;
    }
    const to = /^-(\d+)(?:\.(\d+))?([bdfgiMnRrV]*)$/.exec(args[i + 1] ?? "");
    const start = `${Number(from[1]) + 1}.${Number(from[2] ?? 0) + 1}${from[3]}`;
    if (to !== null) i++;
    const end = to === null ? "" : to[2] === undefined ? `,${to[1]}${to[3]}` : `,${Number(to[1]) + 1}.${to[2]}${to[3]}`;
    out.push(`-k${start}${end}`);
  }
  return out;
}

/** Judges figures that change nothing here: memory, threads, files that are merged at once. Throws `Fatal`. */
function checkSizes(o: ParsedOptions): void {
  const size = o.value("S");
  if (size !== undefined && !/^\d+([bEGgKkMmPTtYZ%]?)$/.test(size))
    throw new Fatal(`${/^\d/.test(size) ? "invalid suffix in" : "invalid"} -S argument '${size}'`, 2);
  const threads = o.value("parallel");
  if (threads !== undefined && !/^\d+$/.test(threads)) throw new Fatal(`invalid --parallel argument '${threads}'`, 2);
  if (threads !== undefined && Number(threads) === 0) throw new Fatal("number in parallel must be nonzero", 2);
  const batch = o.value("batch");
  if (batch !== undefined && Number(batch) < 2)
    throw new Fatal(`invalid --batch-size argument ${quote(batch)}\nsort: minimum --batch-size argument is ‘2’`, 2);
}

/** The salt of -R: sixteen bytes. */
function* saltOf(t: Tool, source: string | undefined): Gen<Uint8Array> {
  return (yield* randomBytes(t, source, 2))(16).slice();
}

/** The inputs: operands, or the names of --files0-from. */
function* named(t: Tool, operands: readonly string[], from: string | undefined): Gen<readonly string[]> {
  if (from === undefined) return operands.length > 0 ? operands : ["-"];
  if (operands.length > 0)
    throw new UsageError(
      `extra operand ${shellQuote(operands[0]!)}\nfile operands cannot be combined with --files0-from`,
    );
  const names: string[] = [];
  yield* readLines(t, from, "\0", names, true);
  if (names.length === 0) throw new Fatal(`no input from ${shellQuote(from)}`, 2);
  names.forEach((name, i) => {
    if (name === "") throw new Fatal(`${from}:${i + 1}: invalid zero-length file name`, 2);
  });
  return names;
}

function compareLines(a: string, b: string, keys: readonly Key[], tab: string | undefined, how: Arrangement): number {
  for (const key of keys) {
    const order = compare(extract(a, key, tab), extract(b, key, tab), key);
    if (order !== 0) return key.reverse ? -order : order;
  }
  if (keys.length > 0 && how.stable) return 0;
  return how.reverse ? compareBytes(b, a) : compareBytes(a, b);
}

/** -m: the files, each as it is, one line after another from the one whose next line comes first. */
function merged(
  lines: readonly string[],
  ends: readonly number[],
  keys: readonly Key[],
  tab: string | undefined,
  how: Arrangement,
): string[] {
  const at = [0, ...ends.slice(0, -1)];
  const out: string[] = [];
  for (;;) {
    let best = -1;
    for (let i = 0; i < at.length; i++) {
      if (at[i]! >= ends[i]!) continue;
      if (best < 0 || compareLines(lines[at[i]!]!, lines[at[best]!]!, keys, tab, how) < 0) best = i;
    }
    if (best < 0) return out;
    const line = lines[at[best]!++]!;
    if (!how.unique || out.length === 0 || compareLines(out.at(-1)!, line, keys, tab, how) !== 0) out.push(line);
  }
}

/** Index of the first line that comes too early, for -c. */
function disorder(
  lines: readonly string[],
  keys: readonly Key[],
  tab: string | undefined,
  how: Arrangement,
): number | undefined {
  for (let i = 1; i < lines.length; i++) {
    const order = compareLines(lines[i - 1]!, lines[i]!, keys, tab, how);
    if (order > 0 || (order === 0 && how.unique)) return i;
  }
  return undefined;
}

/**
 * Lines in order: put into buckets by the first key, the buckets put in order, each then by the next key. Keys are taken
 * out once, and equal ones (most, in practice) are never compared.
 */
function arrange(lines: string[], keys: readonly Key[], tab: string | undefined, how: Arrangement): string[] {
  const { plain } = how;
  const byText = (list: string[]) => {
    if (plain) list.sort();
    else list.sort(compareBytes);
    if (how.reverse) list.reverse();
    return list;
  };
  const into: string[] = [];
  const put = (list: string[], depth: number): void => {
    const key = keys[depth];
    if (list.length === 1) into.push(list[0]!);
    else if (key === undefined) {
      if (keys.length > 0 && how.unique) into.push(list[0]!);
      else if (keys.length > 0 && how.stable) for (const line of list) into.push(line);
      else {
        const counts = repeats(list) ? countsOf(list) : undefined;
        const ordered = byText(counts ? [...counts.keys()] : list);
        for (let i = 0; i < ordered.length; i++) {
          const line = ordered[i]!;
          if (how.unique) {
            if (i === 0 || line !== ordered[i - 1]) into.push(line);
          } else for (let n = counts?.get(line) ?? 1; n > 0; n--) into.push(line);
        }
      }
    } else {
      const buckets = new Map<KeyValue, string[]>();
      for (const line of list) {
        const value = extract(line, key, tab);
        const bucket = buckets.get(value);
        if (bucket === undefined) buckets.set(value, [line]);
        else bucket.push(line);
      }
      const values = [...buckets.keys()];
      if (values.length > 1) {
        if (typeof values[0] === "number") values.sort((a, b) => (a as number) - (b as number));
        else if (plain && key.type !== "V") values.sort();
        else values.sort((a, b) => compare(a, b, key));
        if (key.reverse) values.reverse();
      }
      for (const value of values) put(buckets.get(value)!, depth + 1);
    }
  };
  put(lines, 0);
  return into;
}

/** A look at the first lines tells whether many come again: then each is put in order once. */
function repeats(list: readonly string[]): boolean {
  const look = Math.min(list.length, 256);
  return look > 16 && new Set(list.slice(0, look)).size < look / 2;
}

function countsOf(list: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of list) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

/** Adds the lines of a file; false when characters beyond the surrogates' range are among them. */
function* readLines(t: Tool, path: string, end: string, into: string[], only = false): Gen<boolean> {
  let size = 0;
  let fd = 0;
  try {
    if (path !== "-") fd = sys.open(t.p, path);
    const reader = new LineReader(t.p, fd, end);
    for (;;) {
      const block = yield* reader.block();
      if (block === undefined) break;
      for (const line of block) {
        into.push(line);
        size += line.length + 16;
      }
      yield* hold(t.p, size);
    }
    t.close(fd);
    return !reader.high;
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(
      `${error.code === "EISDIR" ? "read failed" : only ? "open failed" : "cannot read"}: ${quoteName(path)}: ${error.message}`,
      2,
    );
  }
}
