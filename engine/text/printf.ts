/** The format language of printf(1) and echo -e, for coreutils' printf and the shell's builtin alike. */
import { byteText } from "../kernel/index.ts";
import { type Binary, readBinary } from "./binary-float.ts";
import { C_ESCAPES } from "./escapes.ts";
import { type FormatSpec, formatFloat, formatInteger, pad } from "./number-format.ts";

const SIMPLE: Record<string, string> = { ...C_ESCAPES, e: "\x1b", E: "\x1b" };

export interface Expanded {
  text: string;
  /** `\c` was met: nothing may be printed after it. */
  stop: boolean;
}

/** Escapes of `echo -e` and `%b`: octal is `\0nnn` (and `\nnn` in `%b`). */
export function echoEscapes(text: string, octalWithoutZero = false): Expanded {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== "\\" || i + 1 >= text.length) {
      out += text[i];
      continue;
    }
    const next = text[++i]!;
    if (next === "c") return { text: out, stop: true };
    const rest = text.slice(i);
    const octal = octalWithoutZero ? /^0?([0-7]{1,3})/.exec(rest) : /^0([0-7]{0,3})/.exec(rest);
    const hex = /^x([0-9a-fA-F]{1,2})/.exec(rest);
    const unicode = /^(?:u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8}))/.exec(rest);
    if (octal) {
      out += byteText(Number.parseInt(octal[1] || "0", 8));
      i += octal[0].length - 1;
    } else if (hex) {
      out += byteText(Number.parseInt(hex[1]!, 16));
      i += hex[0].length - 1;
    } else if (unicode) {
      out += codePoint(Number.parseInt(unicode[1] ?? unicode[2]!, 16));
      i += unicode[0].length - 1;
    } else if (next !== '"' && SIMPLE[next] !== undefined) out += SIMPLE[next];
    else out += `\\${next}`;
  }
  return { text: out, stop: false };
}

function codePoint(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : "";
}

export type PrintfProblem =
  | { kind: "not-a-number"; text: string }
  | { kind: "not-completely"; text: string }
  | { kind: "range"; text: string }
  | { kind: "bad-conversion"; text: string }
  | { kind: "missing-hex" };

export interface PrintfResult {
  text: string;
  /** In order; the shell and coreutils word them differently. A `bad-conversion` ends the output. */
  problems: PrintfProblem[];
}

/** What `printf FORMAT ARGS…` prints: the format is used again while arguments are left. */
export function formatPrintf(
  format: string,
  args: readonly string[],
  options: { quote?: (text: string) => string; time?: (format: string, seconds: string | undefined) => string } = {},
): PrintfResult {
  const problems: PrintfProblem[] = [];
  let out = "";
  let next = 0;
  const steps = parse(format);
  do {
    const before = next;
    for (const step of steps) {
      if (typeof step === "string") {
        out += step;
        continue;
      }
      if (step === STOP) return { text: out, problems };
      const spec = { ...step };
      if (spec.width === "*") {
        const width = Number(integer(args[next++], problems));
        spec.width = Math.abs(width);
        if (width < 0) spec.flags += "-";
      }
      if (spec.precision === "*") {
        const precision = Number(integer(args[next++], problems));
        spec.precision = precision < 0 ? undefined : precision;
      }
      const arg = args[next];
      switch (spec.conversion) {
        case "s":
        case "b":
        case "q": {
          next++;
          let text = arg ?? "";
          let stop = false;
          if (spec.conversion === "b") ({ text, stop } = echoEscapes(text, true));
          if (spec.conversion === "q") text = options.quote?.(text) ?? text;
          out += pad(spec, typeof spec.precision === "number" ? [...text].slice(0, spec.precision).join("") : text);
          if (stop) return { text: out, problems };
          break;
        }
        case "c":
          next++;
          out += pad(spec, [...(arg ?? "")][0] ?? "");
          break;
        case "d":
        case "i":
        case "o":
        case "u":
        case "x":
        case "X":
          next++;
          out += formatInteger(spec, integer(arg, problems));
          break;
        case "e":
        case "E":
        case "f":
        case "F":
        case "g":
        case "G":
        case "a":
        case "A":
          next++;
          out += formatFloat(spec, float(arg, problems));
          break;
        case "T":
          next++;
          out += pad(spec, options.time?.(spec.text, arg) ?? "");
          break;
        default:
          problems.push({ kind: "bad-conversion", text: spec.text });
          return { text: out, problems };
      }
    }
    if (next === before) break;
  } while (next < args.length);
  return { text: out, problems };
}

const STOP = { flags: "", width: undefined, precision: undefined, conversion: "\\c", text: "" } as FormatSpec;

/** Format with its escapes expanded, conversions apart. */
function parse(format: string): (string | FormatSpec)[] {
  const steps: (string | FormatSpec)[] = [];
  let literal = "";
  const flush = () => {
    if (literal !== "") steps.push(literal);
    literal = "";
  };
  for (let i = 0; i < format.length; i++) {
    const char = format[i]!;
    if (char === "\\") {
      const rest = format.slice(i + 1);
      if (rest.startsWith("c")) {
        flush();
        steps.push(STOP);
        return steps;
      }
      const octal = /^[0-7]{1,3}/.exec(rest);
      const special = /^(?:x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8})/.exec(rest);
      if (octal) {
        literal += byteText(Number.parseInt(octal[0], 8));
        i += octal[0].length;
      } else if (special) {
        literal += echoEscapes(`\\${special[0]}`).text;
        i += special[0].length;
      } else if (rest[0] === '"' || rest[0] === "'") {
        literal += rest[0] === '"' ? '"' : "\\'";
        i++;
      } else if (rest[0] !== undefined && SIMPLE[rest[0]] !== undefined) {
        literal += SIMPLE[rest[0]];
        i++;
      } else literal += "\\";
      continue;
    }
    if (char !== "%") {
      literal += char;
      continue;
    }
    if (format[i + 1] === "%") {
      literal += "%";
      i++;
      continue;
    }
    const match = /^%([-+ #0']*)(\*|\d+)?(?:\.(\*|-?\d*))?(?:hh|h|ll|l|L|j|z|t)?(\([^)]*\)T|.?)/su.exec(
      format.slice(i),
    )!;
    flush();
    const time = match[4]!.startsWith("(");
    steps.push({
      flags: match[1]!,
      width: match[2] === undefined ? undefined : match[2] === "*" ? "*" : Number(match[2]),
      precision: match[3] === undefined ? undefined : match[3] === "*" ? "*" : Number(match[3]),
      conversion: time ? "T" : match[4]!,
      text: time ? match[4]!.slice(1, -2) : match[0],
    });
    i += match[0].length - 1;
  }
  flush();
  return steps;
}

/** An integer argument as strtoimax(3) reads it: decimal, 0x, 0 octal, or 'c for a character's code. */
function integer(arg: string | undefined, problems: PrintfProblem[]): bigint {
  if (arg === undefined) return 0n;
  if (arg.startsWith("'") || arg.startsWith('"')) return BigInt([...arg][1]?.codePointAt(0) ?? 0);
  const match = /^[ \t\n]*([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)/.exec(arg);
  if (match === null) {
    problems.push({ kind: "not-a-number", text: arg });
    return 0n;
  }
  const digits = match[2]!;
  const octal = /^0[0-7]+$/.test(digits);
  let value = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  if (match[1] === "-") value = -value;
  if (match[0].length < arg.length) problems.push({ kind: "not-completely", text: arg });
  if (value > 0x7fff_ffff_ffff_ffffn || value < -0x8000_0000_0000_0000n) {
    problems.push({ kind: "range", text: arg });
    value = value < 0n ? -0x8000_0000_0000_0000n : 0x7fff_ffff_ffff_ffffn;
  }
  return value;
}

/** In long double, as coreutils has it. */
function float(arg: string | undefined, problems: PrintfProblem[]): number | Binary {
  if (arg === undefined) return 0;
  if (arg.startsWith("'") || arg.startsWith('"')) return [...arg][1]?.codePointAt(0) ?? 0;
  const match = /^[ \t\n]*([-+]?)(0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf(?:inity)?|nan)/i.exec(arg);
  if (match === null) {
    problems.push({ kind: "not-a-number", text: arg });
    return 0;
  }
  if (match[0].length < arg.length) problems.push({ kind: "not-completely", text: arg });
  const word = match[2]!.toLowerCase();
  if (!/^(?:inf|nan)/.test(word)) return readBinary(match[1]! + word);
  const value = word === "nan" ? Number.NaN : Number.POSITIVE_INFINITY;
  return match[1] === "-" ? -value : value;
}
