/** Go's strconv: strings and numbers as Go programs read them, numbers as they write them; `text/go-quote.ts` writes strings. */
import { decode, encode } from "../../../kernel/index.ts";

const SIMPLE: Record<string, number> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, "\\": 92 };

/** The bytes of what stands at `at` inside of a literal in `quote`, and where it ends (UnquoteChar). */
function literalChar(
  text: string,
  at: number,
  quote: string,
): { bytes: Uint8Array; code: number; end: number } | undefined {
  const char = String.fromCodePoint(text.codePointAt(at)!);
  const plain = (code: number, end: number) => ({ bytes: encode(String.fromCodePoint(code)), code, end });
  if (char === quote) return undefined;
  if (char !== "\\") return { bytes: encode(char), code: char.codePointAt(0)!, end: at + char.length };
  const kind = text[at + 1];
  if (kind === undefined) return undefined;
  if (SIMPLE[kind] !== undefined) return plain(SIMPLE[kind], at + 2);
  if (kind === "'" || kind === '"') return kind === quote ? plain(kind.charCodeAt(0), at + 2) : undefined;
  const length = { x: 2, u: 4, U: 8 }[kind];
  if (length !== undefined) {
    const digits = text.slice(at + 2, at + 2 + length);
    if (digits.length < length || !/^[0-9a-fA-F]+$/.test(digits)) return undefined;
    const code = Number.parseInt(digits, 16);
    if (kind === "x") return { bytes: Uint8Array.of(code), code, end: at + 4 };
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined;
    return plain(code, at + 2 + length);
  }
  const octal = text.slice(at + 1, at + 4);
  if (!/^[0-7]{3}$/.test(octal)) return undefined;
  const code = Number.parseInt(octal, 8);
  return code > 255 ? undefined : { bytes: Uint8Array.of(code), code, end: at + 4 };
}

/** The string in a literal with single, double or back quotes; undefined when it is none (strconv.Unquote). */
export function unquote(text: string): string | undefined {
  const quote = text[0]!;
  if (text.length < 2 || text.at(-1) !== quote) return undefined;
  const inner = text.slice(1, -1);
  if (quote === "`") return inner.includes("`") ? undefined : inner.replace(/\r/g, "");
  const bytes: number[] = [];
  for (let at = 0; at < inner.length; ) {
    const char = literalChar(inner, at, quote);
    if (char === undefined) return undefined;
    for (const byte of char.bytes) bytes.push(byte);
    at = char.end;
  }
  return decode(Uint8Array.from(bytes));
}

/** The code of a character in single quotes; what is wrong with it otherwise. */
export function unquoteCharacter(text: string): number | string {
  const char = text.length > 1 ? literalChar(text, 1, "'") : undefined;
  if (char === undefined) return "invalid syntax";
  return text.slice(char.end) === "'" ? char.code : `malformed character constant: ${text}`;
}

/** The text can stand in back quotes on one line (strconv.CanBackquote). */
export function canBackquote(text: string): boolean {
  return ![...text].some((char) => {
    const code = char.codePointAt(0)!;
    return (
      (code < 0x20 && char !== "\t") ||
      char === "`" ||
      code === 0x7f ||
      char === "\ufeff" ||
      (code >= 0xdc80 && code <= 0xdcff)
    );
  });
}

interface Digits {
  /** Significant digits, no zeros at the end. */
  digits: string;
  /** Where the decimal point stands in them. */
  point: number;
}

/** The digits of a positive number that tell it from its neighbours. */
function shortest(value: number): Digits {
  if (value === 0) return { digits: "", point: 0 };
  const [mantissa, exponent] = value.toExponential().split("e") as [string, string];
  return { digits: mantissa.replace(".", ""), point: Number(exponent) + 1 };
}

const bits = new DataView(new ArrayBuffer(8));

/** Mantissa and exponent of two of a positive number. */
function binary(value: number): { mantissa: bigint; exponent: number } {
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const exponent = Number(raw >> 52n) & 0x7ff;
  const fraction = raw & 0xfffffffffffffn;
  return exponent === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | 0x10000000000000n, exponent: exponent - 1075 };
}

/** All digits of a positive number. */
function exact(value: number): Digits {
  if (value === 0) return { digits: "", point: 0 };
  const { mantissa, exponent } = binary(value);
  const whole = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const text = whole.toString();
  return { digits: text.replace(/0+$/, ""), point: text.length + Math.min(exponent, 0) };
}

/** Keeps `count` digits, halves to even. */
function rounded({ digits, point }: Digits, count: number): Digits {
  if (count >= digits.length) return { digits, point };
  if (count < 0) return { digits: "", point: 0 };
  const rest = digits.slice(count);
  const half = rest[0] === "5" && rest.length === 1;
  const up = half ? count > 0 && Number(digits[count - 1]) % 2 === 1 : rest[0]! >= "5";
  if (!up) {
    const kept = digits.slice(0, count).replace(/0+$/, "");
    return { digits: kept, point: kept === "" ? 0 : point };
  }
  const kept = (BigInt(digits.slice(0, count) || "0") + 1n).toString();
  return { digits: kept.replace(/0+$/, ""), point: point + kept.length - count };
}

function scientific({ digits, point }: Digits, precision: number, verb: string): string {
  const first = digits[0] ?? "0";
  const rest = digits.slice(1, precision + 1).padEnd(Math.max(precision, 0), "0");
  const exponent = digits === "" ? 0 : point - 1;
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${first}${precision > 0 ? `.${rest}` : ""}${verb}${exponent < 0 ? "-" : "+"}${power}`;
}

function fixed({ digits, point }: Digits, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  if (precision <= 0) return whole;
  const fraction = "0".repeat(Math.max(0, -point)) + digits.slice(Math.max(0, point));
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, "0")}`;
}

/** strconv.FormatFloat of a finite float64; precision -1 is as many digits as it takes. */
export function formatFloat(value: number, verb: string, precision: number): string {
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const positive = Math.abs(value);
  if (verb === "b") {
    const { mantissa, exponent } = binary(positive);
    return `${sign}${mantissa}p${exponent < 0 ? "" : "+"}${exponent}`;
  }
  if (verb === "x" || verb === "X") return sign + hexadecimal(positive, verb, precision);
  return sign + decimal(positive, verb, precision);
}

function decimal(value: number, verb: string, precision: number): string {
  const short = precision < 0;
  let found = short ? shortest(value) : exact(value);
  if (verb === "e" || verb === "E") {
    if (short) return scientific(found, found.digits.length - 1, verb);
    return scientific(rounded(found, precision + 1), precision, verb);
  }
  if (verb === "f") {
    if (short) return fixed(found, Math.max(found.digits.length - found.point, 0));
    return fixed(rounded(found, found.point + precision), precision);
  }
  const most = short ? 6 : precision === 0 ? 1 : precision;
  if (!short) found = rounded(found, most);
  const { digits, point } = found;
  let limit = most;
  if (!short && limit > digits.length && digits.length >= point) limit = digits.length;
  const exponent = point - 1;
  if (exponent < -4 || exponent >= limit) {
    const places = short ? digits.length : Math.min(most, digits.length);
    return scientific(found, places - 1, verb === "G" ? "E" : "e");
  }
  return fixed(found, Math.max(digits.length - point, 0));
}

/** `0x1.8p+01`. */
function hexadecimal(value: number, verb: string, precision: number): string {
  let { mantissa, exponent } = binary(value);
  if (mantissa === 0n) exponent = 0;
  else {
    // One bit before the point, 60 after it.
    while (mantissa >> 60n === 0n) {
      mantissa <<= 1n;
      exponent--;
    }
    exponent += 60;
  }
  if (precision >= 0 && precision < 15 && mantissa !== 0n) {
    const drop = BigInt((15 - precision) * 4);
    const extra = mantissa & ((1n << drop) - 1n);
    const half = 1n << (drop - 1n);
    mantissa >>= drop;
    if (extra > half || (extra === half && (mantissa & 1n) === 1n)) mantissa++;
    mantissa <<= drop;
    if (mantissa >> 61n !== 0n) {
      mantissa >>= 1n;
      exponent++;
    }
  }
  const all = (mantissa & ((1n << 60n) - 1n)).toString(16).padStart(15, "0");
  const fraction = precision < 0 ? all.replace(/0+$/, "") : all.slice(0, precision).padEnd(precision, "0");
  const power = String(Math.abs(exponent)).padStart(2, "0");
  const text = `0x${mantissa >> 60n}${fraction === "" ? "" : `.${fraction}`}p${exponent < 0 ? "-" : "+"}${power}`;
  return verb === "X" ? text.toUpperCase() : text;
}
