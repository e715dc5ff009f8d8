import { cpu, type Gen } from "../../kernel/index.ts";
import { formatNumber, parseFormat } from "../../text/number-format.ts";
import { Fatal, quote, type Tool, tool, UsageError } from "../tool.ts";

const NUMBER = /^[-+]?((\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|0[xX][0-9a-fA-F]+|inf(inity)?)$/i;

/** A number as strtold(3) reads it, hexadecimal and infinite ones among them. */
function numeric(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1;
  const rest = text.replace(/^[-+]/, "");
  return /^inf/i.test(rest) ? sign * Number.POSITIVE_INFINITY : sign * Number(rest);
}

/** seq(1). */
export const seq = tool(
  {
    name: "seq",
    short: "+f:s:w",
    long: "format:=f separator:=s equal-width=w",
    usage: "[OPTION]... LAST\n  or:  seq [OPTION]... FIRST LAST\n  or:  seq [OPTION]... FIRST INCREMENT LAST",
    about: "Print numbers from FIRST to LAST, in steps of INCREMENT.",
    // A negative number is no option.
    rewrite: (args) => {
      const at = args.findIndex((arg) => /^-[\d.]/.test(arg));
      const operandBefore = args.some((arg, i) => i < at && !arg.startsWith("-") && !/^-[fs]$/.test(args[i - 1] ?? ""));
      return at < 0 || operandBefore || args.slice(0, at).includes("--")
        ? args
        : [...args.slice(0, at), "--", ...args.slice(at)];
    },
  },
  function* (t, o) {
    const { operands } = o;
    if (operands.length === 0) throw new UsageError("missing operand");
    if (operands.length > 3) throw new UsageError(`extra operand ${quote(operands[3]!)}`);
    for (const text of operands) {
      if (/^[+-]?nan/i.test(text)) throw new UsageError(`invalid ‘not-a-number’ argument: ${quote(text)}`);
      if (!NUMBER.test(text)) throw new UsageError(`invalid floating point argument: ${quote(text)}`);
    }
    const whole = operands.every((text) => /^\d+$/.test(text));
    if (whole && operands.some((text) => text.length > 15) && !o.has("f", "w")) {
      yield* countBig(t, operands.map(BigInt), o.value("s") ?? "\n");
      return 0;
    }
    const last = numeric(operands.at(-1)!);
    const first = operands.length > 1 ? numeric(operands[0]!) : 1;
    const step = operands.length > 2 ? numeric(operands[1]!) : 1;
    if (step === 0) throw new UsageError(`invalid Zero increment value: ${quote(operands[1]!)}`);
    const decimals = Math.max(...operands.slice(0, Math.max(1, operands.length - 1)).map(fraction), 0);
    const places = operands.length === 1 ? 0 : decimals;
    const lastPlaces = fraction(operands.at(-1)!);
    const format = o.value("f");
    let show = (value: number): string => (places === 0 ? String(value) : value.toFixed(places));
    if (format !== undefined) {
      if (o.has("w")) throw new UsageError("format string may not be specified when printing equal width strings");
      const parsed = parseFormat(format);
      const specs = parsed.filter((part) => typeof part !== "string");
      if (specs.length === 0) throw new Fatal(`format ${quote(format)} has no % directive`);
      const wrong = /%[-+ #0']*\d*(?:\.\d*)?L?(.)/.exec(format.split("%%").join(""));
      if (wrong !== null && !/[aAeEfFgG]/.test(wrong[1]!))
        throw new Fatal(`format ${quote(format)} has unknown %${wrong[1]} directive`);
      if (/(?:^|[^%])(?:%%)*%[-+ #0']*\d*(?:\.\d*)?$/.test(format))
        throw new Fatal(`format ${quote(format)} ends in %`);
      if (specs.length > 1) throw new Fatal(`format ${quote(format)} has too many % directives`);
      show = (value) => parsed.map((part) => (typeof part === "string" ? part : formatNumber(part, value))).join("");
    }
    if (o.has("w")) {
      // Zeros that were typed count, decimals do as far as they are shown.
      const typed = [operands.length > 1 ? operands[0]! : "1", operands.at(-1)!].map((text) => {
        const plain = /^(-?\d+)(?:\.\d*)?$/.exec(text);
        return plain === null ? 0 : plain[1]!.length + (places > 0 ? places + 1 : 0);
      });
      const width = Math.max(first.toFixed(places).length, Number(last).toFixed(places).length, ...typed);
      const plain = show;
      show = (value) => {
        const text = plain(value);
        return text.startsWith("-") ? `-${text.slice(1).padStart(width - 1, "0")}` : text.padStart(width, "0");
      };
    }
    const separator = o.value("s") ?? "\n";
    const scale = Number(`1e${Math.max(places, lastPlaces)}`);
    const start = Math.round(first * scale);
    const by = Math.round(step * scale);
    const end = Math.round(last * scale);
    if (
      scale === 1 &&
      start >= 0 &&
      by > 0 &&
      by <= 200 &&
      end <= 1e15 &&
      separator === "\n" &&
      !o.has("f") &&
      !o.has("w")
    ) {
      yield* countUp(t, start, by, end);
      return 0;
    }
    let any = false;
    for (let value = start; by > 0 ? value <= end : value >= end; value += by) {
      t.out.add(`${any ? separator : ""}${show(value / scale)}`);
      any = true;
      if (t.out.full) {
        yield* cpu(500);
        yield* t.out.flush();
      }
    }
    if (any) t.out.add("\n");
    return 0;
  },
);

/** Whole numbers of any length. */
function* countBig(t: Tool, given: readonly bigint[], separator: string): Gen<void> {
  const [first, step, last] =
    given.length === 1
      ? [1n, 1n, given[0]!]
      : given.length === 2
        ? [given[0]!, 1n, given[1]!]
        : [given[0]!, given[1]!, given[2]!];
  if (step === 0n) throw new UsageError(`invalid Zero increment value: ${quote("0")}`);
  for (let value = first; value <= last; value += step) {
    t.out.add(`${value === first ? "" : separator}${value}`);
    if (!t.out.full) continue;
    yield* cpu(500);
    yield* t.out.flush();
  }
  if (first <= last) t.out.add("\n");
}

/** Bytes that are written together. */
const BLOCK = 65_536;

/** Whole numbers by adding to the digits of the one before (seq_fast of coreutils' seq.c). */
function* countUp(t: Tool, start: number, by: number, end: number): Gen<void> {
  const digits = new Uint8Array(17);
  let from = digits.length;
  for (const digit of [...String(start)].reverse()) digits[--from] = digit.charCodeAt(0);
  let block = new Uint8Array(BLOCK + digits.length);
  let size = 0;
  for (let value = start; value <= end; value += by) {
    for (let i = from; i < digits.length; i++) block[size++] = digits[i]!;
    block[size++] = NEWLINE;
    let carry = by;
    for (let i = digits.length - 1; carry > 0; i--) {
      if (i < from) digits[(from = i)] = ZERO;
      const sum = digits[i]! - ZERO + carry;
      carry = Math.floor(sum / 10);
      digits[i] = ZERO + (sum % 10);
    }
    if (size < BLOCK) continue;
    yield* cpu(500);
    yield* t.out.bytes(block.subarray(0, size));
    block = new Uint8Array(BLOCK + digits.length);
    size = 0;
  }
  if (size > 0) yield* t.out.bytes(block.subarray(0, size));
}

const ZERO = 48;
const NEWLINE = 10;

function fraction(text: string): number {
  const [, digits = "", exponent = "0"] = /^[^.e]*(?:\.(\d*))?(?:e([-+]?\d+))?/i.exec(text)!;
  return Math.min(100, Math.max(0, digits.length - Number(exponent)));
}
