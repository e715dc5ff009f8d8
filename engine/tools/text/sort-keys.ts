/** What sort(1) compares lines by: the keys of -k, and the orders of text, numbers, months and versions. */
import { encode } from "../../kernel/index.ts";
import { SHORT_MONTHS } from "../../text/time.ts";
import { compareBytes } from "../io.ts";
import { Fatal, quote } from "../tool.ts";
import { keyHash } from "./random-source.ts";

export interface Ordering {
  type: "text" | "n" | "g" | "h" | "M" | "V" | "R";
  fold: boolean;
  reverse: boolean;
  blanks: boolean;
  dictionary: boolean;
  printable: boolean;
  /** Of -R: what hashes begin with. */
  salt: Uint8Array | undefined;
}

export interface Key extends Ordering {
  field: number;
  char: number;
  endField: number;
  endChar: number;
  skipStart: boolean;
  skipEnd: boolean;
}

export type KeyValue = string | number;

export const NONE: Ordering = {
  type: "text",
  fold: false,
  reverse: false,
  blanks: false,
  dictionary: false,
  printable: false,
  salt: undefined,
};

export function apply(order: Ordering, letter: string): void {
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

export function wholeLine(order: Ordering): Key {
  return { ...order, field: 1, char: 1, endField: 0, endChar: 0, skipStart: order.blanks, skipEnd: false };
}

/** `F[.C][OPTS][,F[.C][OPTS]]`; a key without options of its own takes the global ones. */
export function parseKey(text: string, global: Ordering): Key {
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
  own.salt = global.salt;
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

/** Where in a line a key lies. Places are counted in bytes: where that matters `line` has one to a character. */
export function span(
  given: string,
  key: Key,
  tab: string | undefined,
): { line: string; bytes: boolean; from: number; to: number } {
  const byBytes = (key.char > 1 || key.endChar > 0) && /[^\0-\x7f]/.test(given);
  const line = byBytes ? Array.from(encode(given), (byte) => String.fromCharCode(byte)).join("") : given;
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
  return { line, bytes: byBytes, from, to };
}

/** The part of a line that a key compares. */
export function extract(given: string, key: Key, tab: string | undefined): KeyValue {
  const { line, from, to } = span(given, key, tab);
  let text = line.slice(from, Math.max(from, to));
  switch (key.type) {
    case "n":
      return numberOf(text);
    case "g": {
      return floatOf(text);
    }
    case "h": {
      const match = /^[ \t]*(-?)(\d*(?:\.\d*)?)([KkMGTPEZYRQ]?)/.exec(text)!;
      const value = Number.parseFloat(match[2] || "0") || 0;
      const unit = match[3] === "" ? 0 : " KMGTPEZYRQ".indexOf(match[3]!.toUpperCase());
      // The unit counts before the number, as in sort.c; a thousand-fold of any printed number keeps them apart.
      const rank = value === 0 ? 0 : unit * 1e12 + value;
      return match[1] === "-" ? -rank : rank;
    }
    case "R":
      return keyHash(key.salt!, key.fold ? upper(text) : text);
    case "M": {
      const month = MONTHS.indexOf(text.trimStart().slice(0, 3).toUpperCase());
      return month;
    }
    default:
      if (key.dictionary) text = text.replace(/[^A-Za-z0-9 \t]/g, "");
      else if (key.printable) text = text.replace(/[^\x20-\x7e]/g, "");
      return key.fold ? upper(text) : text;
  }
}

/** ASCII letters as capitals: toupper(3) of a byte knows no others. */
function upper(text: string): string {
  return /[^\0-\x7f]/.test(text) ? text.replace(/[a-z]+/g, (part) => part.toUpperCase()) : text.toUpperCase();
}

/** What -g reads: strtold(3)'s numbers; what is none comes first. */
function floatOf(text: string): number {
  const match = /^\s*([-+]?)(?:(0x[0-9a-f]*\.?[0-9a-f]*)(?:p([-+]?\d+))?|(inf(?:inity)?)|(nan))/i.exec(text);
  if (match === null || (match[2] !== undefined && !/[0-9a-f]/i.test(match[2].slice(2)))) {
    const value = Number.parseFloat(text);
    return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
  }
  if (match[5] !== undefined) return -Number.MAX_VALUE;
  const sign = match[1] === "-" ? -1 : 1;
  if (match[4] !== undefined) return sign * 1.7e308;
  const [whole = "", fraction = ""] = match[2]!.slice(2).split(".");
  const digits = Number.parseInt(whole + fraction, 16);
  return sign * digits * 2 ** (Number(match[3] ?? 0) - 4 * fraction.length);
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

export function compare(a: KeyValue, b: KeyValue, key: Key): number {
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
