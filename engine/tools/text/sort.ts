import { cpu, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { SHORT_MONTHS } from "../../text/time.ts";
import { compareBytes, hold, LineReader, Output } from "../io.ts";
import { Fatal, quote, quoteName, shellQuote, type Tool, tool } from "../tool.ts";

interface Ordering {
  type: "text" | "n" | "g" | "h" | "M" | "V" | "R";
  fold: boolean;
  reverse: boolean;
  blanks: boolean;
  dictionary: boolean;
  printable: boolean;
}

interface Key extends Ordering {
  field: number;
  char: number;
  endField: number;
  endChar: number;
  skipStart: boolean;
  skipEnd: boolean;
}

/** Lines that are written together. */
const SLICE = 512;

const NONE: Ordering = {
  type: "text",
  fold: false,
  reverse: false,
  blanks: false,
  dictionary: false,
  printable: false,
};

/** sort(1) in the C.UTF-8 locale. */
export const sort = tool(
  {
    name: "sort",
    short: "bcCdfghik:mMno:rRsS:t:T:uVyz",
    long: "ignore-leading-blanks=b check::=check dictionary-order=d ignore-case=f general-numeric-sort=g human-numeric-sort=h ignore-nonprinting=i key:=k merge=m month-sort=M numeric-sort=n output:=o reverse=r random-sort=R stable=s buffer-size:=S field-separator:=t temporary-directory:=T unique=u version-sort=V zero-terminated=z sort:=sort parallel:=parallel debug=debug",
    usage: "[OPTION]... [FILE]...\n  or:  sort [OPTION]... --files0-from=F",
    about: "Write sorted concatenation of all FILE(s) to standard output.",
    usageStatus: 2,
  },
  function* (t, o) {
    const global: Ordering = { ...NONE };
    for (const { key, value } of o.list) {
      if ("bdfghiMnrRV".includes(key) && key.length === 1) apply(global, key);
      if (key === "sort") apply(global, sortWord(value ?? ""));
    }
    const separator = o.value("t");
    if (separator === "") throw new Fatal("empty tab", 2);
    const tab = separator === "\\0" ? "\0" : separator;
    if (tab !== undefined && tab.length > 1) throw new Fatal(`multi-character tab ${quote(tab)}`, 2);
    const keys = o.values("k").map((text) => parseKey(text, global));
    if (keys.length === 0 && global.type !== "text") keys.push(wholeLine(global));
    else if (keys.length === 0 && (global.fold || global.blanks || global.dictionary || global.printable))
      keys.push(wholeLine(global));
    const unique = o.has("u");
    const stable = o.has("s") || unique;
    const end = o.has("z") ? "\0" : "\n";
    const check = o.last("c", "C", "check");
    const files = o.operands.length > 0 ? o.operands : ["-"];
    if (check && files.length > 1)
      throw new Fatal(`extra operand ${shellQuote(files[1]!)} not allowed with -${check.key === "C" ? "C" : "c"}`, 2);
    const lines: string[] = [];
    let plain = true;
    for (const path of files) if (!(yield* readLines(t, path, end, lines))) plain = false;
    if (check) {
      const wrong = disorder(lines, keys, tab, { reverse: global.reverse, stable, unique });
      if (wrong === undefined) return 0;
      if (check.key !== "C" && check.value !== "quiet" && check.value !== "silent")
        yield* t.error(`${files[0]}:${wrong + 1}: disorder: ${lines[wrong]}`, 1);
      return 1;
    }
    yield* cpu(1 + (lines.length >> 3));
    const sorted = arrange(lines, keys, tab, { reverse: global.reverse, stable, unique, plain });
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
    for (let at = 0; at < sorted.length; at += SLICE) {
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

/** Index of the first line that comes too early, for -c. */
function disorder(
  lines: readonly string[],
  keys: readonly Key[],
  tab: string | undefined,
  how: Arrangement,
): number | undefined {
  for (let i = 1; i < lines.length; i++) {
    let order = 0;
    for (const key of keys) {
      order = compare(extract(lines[i - 1]!, key, tab), extract(lines[i]!, key, tab), key);
      if (key.reverse) order = -order;
      if (order !== 0) break;
    }
    if (order === 0 && (keys.length === 0 || !how.stable)) {
      order = compareBytes(lines[i - 1]!, lines[i]!);
      if (how.reverse) order = -order;
    }
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
function* readLines(t: Tool, path: string, end: string, into: string[]): Gen<boolean> {
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
      `${error.code === "EISDIR" ? "read failed" : "cannot read"}: ${quoteName(path)}: ${error.message}`,
      2,
    );
  }
}

function apply(order: Ordering, letter: string): void {
  if (letter === "b") order.blanks = true;
  else if (letter === "d") order.dictionary = true;
  else if (letter === "f") order.fold = true;
  else if (letter === "i") order.printable = true;
  else if (letter === "r") order.reverse = true;
  else if ("nghMVR".includes(letter)) {
    if (order.type !== "text" && order.type !== letter)
      throw new Fatal(`options '-${[order.type, letter].sort().join("")}' are incompatible`, 2);
    order.type = letter as Ordering["type"];
  }
}

function sortWord(word: string): string {
  const words: Record<string, string> = {
    "general-numeric": "g",
    "human-numeric": "h",
    month: "M",
    numeric: "n",
    random: "R",
    version: "V",
  };
  return words[word] ?? "";
}

function wholeLine(order: Ordering): Key {
  return { ...order, field: 1, char: 1, endField: 0, endChar: 0, skipStart: order.blanks, skipEnd: false };
}

/** `F[.C][OPTS][,F[.C][OPTS]]`; a key without options of its own takes the global ones. */
function parseKey(text: string, global: Ordering): Key {
  const match = /^(\d+)?(?:\.(\d+))?([a-zA-Z]*)(?:,(\d+)?(?:\.(\d+))?([a-zA-Z]*))?(.*)$/s.exec(text)!;
  const fail = (why: string) => new Fatal(`${why} ${quote(text)}`, 2);
  if (match[1] === undefined)
    throw new Fatal(`invalid number at field start: invalid count at start of ${quote(text)}`, 2);
  if (Number(match[1]) === 0) throw new Fatal(`field number is zero: invalid field specification ${quote(text)}`, 2);
  if (match[2] !== undefined && Number(match[2]) === 0)
    throw new Fatal(`character offset is zero: invalid field specification ${quote(text)}`, 2);
  if (match[7] !== "") throw fail("stray character in field spec: invalid field specification");
  const own: Ordering = { ...NONE };
  for (const letter of match[3]! + (match[6] ?? "")) {
    if (!"bdfghiMnrRV".includes(letter)) throw fail("stray character in field spec: invalid field specification");
    if (letter !== "b") apply(own, letter);
  }
  const hasOwn = match[3] !== "" || (match[6] ?? "") !== "";
  const order = hasOwn ? own : global;
  const hasEnd = text.includes(",");
  if (hasEnd && match[4] === undefined)
    throw new Fatal(
      `invalid number after ',': invalid count at start of ${quote(text.slice(text.indexOf(",") + 1))}`,
      2,
    );
  return {
    ...order,
    field: Number(match[1]),
    char: Number(match[2] ?? 1),
    endField: hasEnd ? Number(match[4]) : 0,
    endChar: Number(match[5] ?? 0),
    skipStart: hasOwn ? match[3]!.includes("b") : global.blanks,
    skipEnd: hasOwn ? (match[6] ?? "").includes("b") : global.blanks,
  };
}

const isBlank = (char: string | undefined) => char === " " || char === "\t";

/** Where field `n` (from 1) begins, or the line's end. Without a tab, fields keep their leading blanks. */
function fieldStart(line: string, n: number, tab: string | undefined): number {
  let at = 0;
  for (let i = 1; i < n; i++) {
    if (tab !== undefined) {
      const next = line.indexOf(tab, at);
      if (next < 0) return line.length;
      at = next + 1;
    } else {
      while (isBlank(line[at])) at++;
      while (at < line.length && !isBlank(line[at])) at++;
    }
  }
  return at;
}

function fieldEnd(line: string, n: number, tab: string | undefined): number {
  let at = fieldStart(line, n, tab);
  if (tab !== undefined) {
    const next = line.indexOf(tab, at);
    return next < 0 ? line.length : next;
  }
  while (isBlank(line[at])) at++;
  while (at < line.length && !isBlank(line[at])) at++;
  return at;
}

type KeyValue = string | number;

function extract(line: string, key: Key, tab: string | undefined): KeyValue {
  let from = fieldStart(line, key.field, tab);
  if (key.skipStart) while (isBlank(line[from])) from++;
  from = Math.min(line.length, from + key.char - 1);
  let to = line.length;
  if (key.endField > 0) {
    if (key.endChar === 0) to = fieldEnd(line, key.endField, tab);
    else {
      to = fieldStart(line, key.endField, tab);
      if (key.skipEnd) while (isBlank(line[to])) to++;
      to = Math.min(line.length, to + key.endChar);
    }
  }
  let text = line.slice(from, Math.max(from, to));
  switch (key.type) {
    case "n":
      return numberOf(text);
    case "g": {
      const value = Number.parseFloat(text);
      return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
    }
    case "h": {
      const match = /^[ \t]*(-?)(\d*(?:\.\d*)?)([KkMGTPEZYRQ]?)/.exec(text)!;
      const value = Number.parseFloat(match[2] || "0") || 0;
      const unit = match[3] === "" ? 0 : " KMGTPEZYRQ".indexOf(match[3]!.toUpperCase());
      // The unit counts before the number, as in sort.c; a thousand-fold of any printed number keeps them apart.
      const rank = value === 0 ? 0 : unit * 1e12 + value;
      return match[1] === "-" ? -rank : rank;
    }
    case "M": {
      const month = MONTHS.indexOf(text.trimStart().slice(0, 3).toUpperCase());
      return month;
    }
    default:
      if (key.dictionary) text = text.replace(/[^A-Za-z0-9 \t\u0080-\uffff]/g, "");
      else if (key.printable) text = text.replace(/[^\x20-\x7e]/g, "");
      return key.fold ? text.toUpperCase() : text;
  }
}

/** What -n reads: blanks, a sign, digits, a fraction; 0 for anything else. */
function numberOf(text: string): number {
  let at = 0;
  while (isBlank(text[at])) at++;
  const negative = text.charCodeAt(at) === 45;
  if (negative) at++;
  const start = at;
  let value = 0;
  for (; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  if (at - start > 15 || text.charCodeAt(at) === 46)
    value = Number.parseFloat(/^\d*(?:\.\d*)?/.exec(text.slice(start))![0]) || 0;
  return negative ? -value || 0 : value;
}

const MONTHS = SHORT_MONTHS.map((name) => name.toUpperCase());

function compare(a: KeyValue, b: KeyValue, key: Key): number {
  if (typeof a === "number" && typeof b === "number") return a < b ? -1 : a > b ? 1 : 0;
  if (key.type === "V") return compareVersions(String(a), String(b));
  return compareBytes(String(a), String(b));
}

/** Order of version numbers (gnulib's filevercmp, after Debian's rules). */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  let i = 0;
  let j = 0;
  const rank = (char: string | undefined): number => {
    if (char === undefined || /[0-9]/.test(char)) return 0;
    if (/[A-Za-z]/.test(char)) return char.charCodeAt(0);
    return char === "~" ? -1 : char.charCodeAt(0) + 256;
  };
  while (i < a.length || j < b.length) {
    while ((i < a.length && !/[0-9]/.test(a[i]!)) || (j < b.length && !/[0-9]/.test(b[j]!))) {
      const order = rank(a[i]) - rank(b[j]);
      if (order !== 0) return order;
      i++;
      j++;
    }
    const x = /^0*(\d*)/.exec(a.slice(i))!;
    const y = /^0*(\d*)/.exec(b.slice(j))!;
    if (x[1]!.length !== y[1]!.length) return x[1]!.length - y[1]!.length;
    if (x[1] !== y[1]) return x[1]! < y[1]! ? -1 : 1;
    i += x[0].length;
    j += y[0].length;
  }
  return compareBytes(a, b);
}
