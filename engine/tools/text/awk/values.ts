import { type FormatSpec, formatFloat, formatInteger, general, pad, parseFormat } from "../../../text/number-format.ts";

/** Input text that looks like a number compares as one (POSIX's "numeric string"). */
export class StrNum {
  readonly s: string;
  readonly n: number;

  constructor(s: string, n: number) {
    this.s = s;
    this.n = n;
  }
}

export type Value = number | string | StrNum;
export type AwkArray = Map<string, Value>;

/** What a variable is before it is set: empty and zero at once. */
export const UNINIT = new StrNum("", 0);

/** A variable; `up` is the caller's variable when an untyped one was passed to a function. */
export interface Cell {
  v: Value | AwkArray | undefined;
  up?: Cell;
}

/** Ends the program with gawk's `fatal:`. */
export class AwkFatal extends Error {
  /** False: the message names no line of the program. */
  readonly located: boolean;
  readonly kind: "fatal" | "error";

  constructor(message: string, located = true, kind: "fatal" | "error" = "fatal") {
    super(message);
    this.located = located;
    this.kind = kind;
  }
}

const LOOKS_NUMERIC = /^[ \t\n]*[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|(?<=[-+])(?:inf|nan))[ \t\n]*$/i;
const PREFIX = /^[ \t\n\r\f\v]*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+](?:inf|nan))/i;

/** The value of a text of up to 15 digits, which most numbers of an input are; -1 for any other text. */
function plainInteger(text: string): number {
  const { length } = text;
  if (length === 0 || length > 15) return -1;
  let value = 0;
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** A field, getline result or -v value. */
export function fromInput(text: string): Value {
  const first = text.charCodeAt(0);
  // Letters cannot begin a number: most fields end here.
  if (Number.isNaN(first) || first > 57) return text;
  const integer = plainInteger(text);
  if (integer >= 0) return new StrNum(text, integer);
  return LOOKS_NUMERIC.test(text) ? new StrNum(text, parse(text)) : text;
}

function parse(text: string): number {
  const integer = plainInteger(text);
  if (integer >= 0) return integer;
  const match = PREFIX.exec(text);
  if (match === null) return 0;
  const word = match[1]!.toLowerCase();
  if (word.endsWith("inf")) return word.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (word.endsWith("nan")) return Number.NaN;
  return Number(word);
}

export function toNumber(value: Value): number {
  if (typeof value === "number") return value;
  return typeof value === "string" ? parse(value) : value.n;
}

export function toText(value: Value, format = "%.6g"): string {
  if (typeof value === "string") return value;
  if (typeof value !== "number") return value.s;
  return numberText(value, format);
}

export function numberText(value: number, format: string): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return String(value === 0 ? 0 : value);
  if (Number.isNaN(value)) return "-nan";
  if (!Number.isFinite(value)) return value > 0 ? "+inf" : "-inf";
  if (Number.isInteger(value)) return BigInt(value).toString();
  if (format === "%.6g") return value < 0 ? `-${general(-value, 6)}` : general(value, 6);
  return sprintf(format, [value], "%.6g");
}

export function toBool(value: Value): boolean {
  if (typeof value === "number") return value !== 0;
  if (typeof value === "string") return value !== "";
  return value.s !== "" && value.n !== 0;
}

/** Numbers by size when both are numbers or look like one, else texts by bytes. */
export function compareValues(a: Value, b: Value, convfmt: string, byText: (a: string, b: string) => number): number {
  if (typeof a !== "string" && typeof b !== "string") {
    const x = toNumber(a);
    const y = toNumber(b);
    return x < y ? -1 : x > y ? 1 : 0;
  }
  return byText(toText(a, convfmt), toText(b, convfmt));
}

/** What `%c` makes of a number: a character, or the byte that is left of what is none. */
function character(code: number): string {
  const whole = Number.isFinite(code) ? Math.trunc(code) : 0;
  if (whole >= 0 && whole < 0x11_0000 && !(whole >= 0xd800 && whole < 0xe000)) return String.fromCodePoint(whole);
  const byte = Number(BigInt(whole) & 255n);
  // Bytes that are no text stand as decode() has them.
  return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
}

/** gawk's printf. Throws `AwkFatal` when arguments run out. */
export function sprintf(format: string, args: readonly Value[], convfmt: string): string {
  let next = 0;
  let out = "";
  let passed = 0;
  let cursor = 0;
  // `%2$s` names its argument.
  const numbered = /%\d+\$/.test(format);
  const positions = numbered ? [...format.matchAll(/%%|%(\d+)\$/g)].flatMap((m) => (m[1] ? [Number(m[1])] : [])) : [];
  const take = (spec: FormatSpec): Value => {
    if (numbered) return args[positions.shift()! - 1] ?? UNINIT;
    if (next >= args.length) {
      const at = format.indexOf(spec.text, passed) + spec.text.length - 2;
      throw new AwkFatal(
        `not enough arguments to satisfy format string\n\t\`${format}'\n\t ${" ".repeat(Math.max(0, at))}^ ran out for this one`,
      );
    }
    return args[next++]!;
  };
  for (const part of parseFormat(numbered ? format.replace(/%%|%\d+\$/g, (m) => (m === "%%" ? m : "%")) : format)) {
    if (typeof part === "string") {
      out += part;
      continue;
    }
    if (!numbered) {
      passed = Math.max(cursor, format.indexOf(part.text, cursor));
      cursor = passed + part.text.length;
    }
    const spec = { ...part };
    if (spec.width === "*") {
      const width = toNumber(take(part));
      spec.width = Math.abs(width);
      if (width < 0) spec.flags += "-";
    }
    if (spec.precision === "*") spec.precision = toNumber(take(part));
    switch (spec.conversion) {
      case "d":
      case "i": {
        const value = toNumber(take(part));
        if (!Number.isFinite(value)) out += pad(spec, numberText(value, convfmt));
        else out += formatInteger(spec, BigInt(Math.trunc(value)));
        break;
      }
      case "o":
      case "x":
      case "X":
      case "u": {
        const value = toNumber(take(part));
        if (value < 0 && spec.conversion !== "u")
          out += formatInteger({ ...spec, conversion: "d" }, BigInt(Math.trunc(value)));
        else out += formatInteger(value < 0 ? { ...spec, conversion: "d" } : spec, BigInt(Math.trunc(value)));
        break;
      }
      case "e":
      case "E":
      case "f":
      case "F":
      case "g":
      case "G":
        out += formatFloat(spec, toNumber(take(part)));
        break;
      case "c": {
        const value = take(part);
        const text = typeof value === "string" ? ([...value][0] ?? "\0") : character(toNumber(value));
        out += pad(spec, text);
        break;
      }
      case "s": {
        const text = toText(take(part), convfmt);
        out += pad(spec, typeof spec.precision === "number" ? [...text].slice(0, spec.precision).join("") : text);
        break;
      }
      default:
        out += spec.text;
    }
  }
  return out;
}
