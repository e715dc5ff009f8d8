/** Go's fmt over decoded JSON: Sprint, Sprintln and Sprintf with every verb and flag. */
import { encode } from "../../../kernel/index.ts";
import { isPrint, quoteRune, quoteString } from "../../../text/go-quote.ts";
import { sortedKeys } from "../go.ts";
import { canBackquote, formatFloat } from "./strconv.ts";
import { type Complex128, floatOf, type GoValue, integerOf, kindOf, typeOf, unboxed } from "./values.ts";

interface Flags {
  sharp: boolean;
  zero: boolean;
  plus: boolean;
  minus: boolean;
  space: boolean;
  /** `%#v`. */
  syntax: boolean;
  width: number | undefined;
  precision: number | undefined;
}

const PLAIN: Flags = {
  sharp: false,
  zero: false,
  plus: false,
  minus: false,
  space: false,
  syntax: false,
  width: undefined,
  precision: undefined,
};

/** `print`: spaces between operands when neither is a string. */
export function sprint(args: readonly GoValue[]): string {
  let out = "";
  let wasString = false;
  args.forEach((arg, i) => {
    const isString = typeof arg === "string";
    if (i > 0 && !isString && !wasString) out += " ";
    out += argument(arg, "v", PLAIN);
    wasString = isString;
  });
  return out;
}

/** `println`. */
export function sprintln(args: readonly GoValue[]): string {
  return `${args.map((arg) => argument(arg, "v", PLAIN)).join(" ")}\n`;
}

/** One value by one verb: `%s`, `%#v`. */
export function formatted(value: GoValue, verb: string, syntax = false): string {
  return shown(value, verb, { ...PLAIN, syntax }, 0);
}

/** Where every map and list lies. */
const ADDRESS = 0xc000192000n;

function argument(arg: GoValue, verb: string, flags: Flags): string {
  const value = unboxed(arg);
  if (value === undefined) {
    return verb === "T" || verb === "v" ? padded("<nil>", flags) : `%!${verb}(<nil>)`;
  }
  if (verb === "T") return padded(cut(typeOf(value), flags), flags);
  if (verb === "p") {
    if (typeof value !== "object") return badVerb(value, verb, flags);
    return digits(ADDRESS, 16, verb, { ...flags, sharp: !flags.sharp });
  }
  return shown(value, verb, flags, 0);
}

function badVerb(value: GoValue, verb: string, flags: Flags): string {
  return `%!${verb}(${typeOf(value)}=${shown(value, "v", flags, 0)})`;
}

function shown(value: GoValue, verb: string, flags: Flags, depth: number): string {
  if (verb === "w") return badVerb(value, verb, flags);
  switch (kindOf(value)) {
    case "invalid":
      return "<invalid reflect.Value>";
    case "bool":
      return verb === "t" || verb === "v" ? padded(String(value), flags) : badVerb(value, verb, flags);
    case "int":
      return integer(value, true, verb, flags);
    case "uint":
      return integer(value, false, verb, flags);
    case "float":
      return "vbgGxXfFeE".includes(verb) ? float(floatOf(value), verb, flags) : badVerb(value, verb, flags);
    case "complex":
      return complex(value as Complex128, verb, flags);
    case "string":
      return string(value as string, verb, flags);
    case "interface":
      return element(unboxed(value), verb, flags, depth);
    case "slice": {
      const items = (value as unknown[]).map((item) => element((item ?? undefined) as GoValue, verb, flags, depth + 1));
      return flags.syntax ? `[]interface {}{${items.join(", ")}}` : `[${items.join(" ")}]`;
    }
    case "map": {
      const map = value as Record<string, GoValue>;
      const entries = sortedKeys(map).map(
        (key) => `${string(key, verb, flags)}:${element(map[key] ?? undefined, verb, flags, depth + 1)}`,
      );
      return flags.syntax ? `map[string]interface {}{${entries.join(", ")}}` : `map[${entries.join(" ")}]`;
    }
  }
}

function element(value: GoValue, verb: string, flags: Flags, depth: number): string {
  if (value === undefined) return flags.syntax ? "interface {}(nil)" : "<nil>";
  return shown(value, verb, flags, depth + 1);
}

function padded(text: string, flags: Flags, zeros = flags.zero): string {
  const missing = (flags.width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  if (flags.minus) return text + " ".repeat(missing);
  return (zeros ? "0" : " ").repeat(missing) + text;
}

function cut(text: string, flags: Flags): string {
  return flags.precision === undefined ? text : [...text].slice(0, flags.precision).join("");
}

function string(text: string, verb: string, flags: Flags): string {
  if (verb === "s" || (verb === "v" && !flags.syntax)) return padded(cut(text, flags), flags);
  if (verb === "q" || verb === "v") {
    const kept = cut(text, flags);
    if (flags.sharp && canBackquote(kept)) return padded(`\`${kept}\``, flags);
    return padded(quoteString(kept, flags.plus), flags);
  }
  if (verb !== "x" && verb !== "X") return badVerb(text, verb, flags);
  const bytes = [...encode(text).subarray(0, flags.precision)];
  if (bytes.length === 0) return padded("", flags);
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0"));
  const prefix = flags.sharp ? "0x" : "";
  const out = flags.space ? hex.map((byte) => prefix + byte).join(" ") : prefix + hex.join("");
  return padded(verb === "X" ? out.toUpperCase() : out, flags);
}

const BASES: Record<string, number> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };

function integer(value: GoValue, signed: boolean, verb: string, flags: Flags): string {
  const number = integerOf(value);
  const code = number >= 0n && number <= 0x10ffffn ? Number(number) : 0xfffd;
  if (verb === "c") return padded(character(code), flags);
  if (verb === "q") return padded(quoteRune(code, flags.plus), flags);
  if (verb === "U") return unicode(number, flags);
  const syntax = verb === "v" && flags.syntax && !signed;
  const base = syntax ? 16 : BASES[verb];
  if (base === undefined) return badVerb(value, verb, flags);
  return digits(number, base, verb, syntax ? { ...flags, sharp: true } : flags);
}

function character(code: number): string {
  return code >= 0xd800 && code < 0xe000 ? "\ufffd" : String.fromCodePoint(code);
}

function digits(number: bigint, base: number, verb: string, flags: Flags): string {
  const negative = number < 0n;
  const { width, precision } = flags;
  let count = 0;
  if (precision !== undefined) {
    count = precision;
    if (precision === 0 && number === 0n) return " ".repeat(width ?? 0);
  } else if (flags.zero && !flags.minus && width !== undefined) {
    count = width - (negative || flags.plus || flags.space ? 1 : 0);
  }
  let text = (negative ? -number : number).toString(base).padStart(count, "0");
  if (verb === "X") text = text.toUpperCase();
  if (flags.sharp) {
    if (base === 2) text = `0b${text}`;
    else if (base === 8 && text[0] !== "0") text = `0${text}`;
    else if (base === 16) text = (verb === "X" ? "0X" : "0x") + text;
  }
  if (verb === "O") text = `0o${text}`;
  const sign = negative ? "-" : flags.plus ? "+" : flags.space ? " " : "";
  return padded(sign + text, flags, false);
}

function unicode(number: bigint, flags: Flags): string {
  const unsigned = number < 0n ? number + (1n << 64n) : number;
  let text = `U+${unsigned
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, flags.precision ?? 0), "0")}`;
  if (flags.sharp && unsigned <= 0x10ffffn) {
    const char = character(Number(unsigned));
    if (isPrint(char)) text += ` '${char}'`;
  }
  return padded(text, flags, false);
}

function float(value: number, verb: string, flags: Flags): string {
  const form = verb === "v" ? "g" : verb === "F" ? "f" : verb;
  const precision = flags.precision ?? ("fFeE".includes(verb) ? 6 : -1);
  let text = formatFloat(value, form, precision);
  if (!/^[-+]/.test(text)) text = `+${text}`;
  if (flags.space && text[0] === "+" && !flags.plus) text = ` ${text.slice(1)}`;
  if (flags.sharp && form !== "b") text = withPoint(text, form, precision);
  if (!flags.plus && text[0] === "+") return padded(text.slice(1), flags);
  const missing = (flags.width ?? 0) - text.length;
  if (flags.zero && !flags.minus && missing > 0) return text[0] + "0".repeat(missing) + text.slice(1);
  return padded(text, flags);
}

/** `#` keeps the decimal point and the zeros behind it. */
function withPoint(text: string, form: string, precision: number): string {
  const tail = (form === "x" || form === "X" ? /[pP].*$/ : /[eE].*$/).exec(text)?.[0] ?? "";
  let number = text.slice(0, text.length - tail.length);
  let missing = "gGx".includes(form) ? (precision === -1 ? 6 : precision) : 0;
  missing -= number.slice(1).replace(".", "").replace(/^0+/, "").length;
  if (!number.includes(".")) {
    if (number.length === 2 && number[1] === "0") missing--;
    number += ".";
  }
  return number + "0".repeat(Math.max(0, missing)) + tail;
}

function complex(value: Complex128, verb: string, flags: Flags): string {
  if (!"vbgGxXfFeE".includes(verb)) return badVerb(value, verb, flags);
  return `(${float(value.real, verb, flags)}${float(value.imaginary, verb, { ...flags, plus: true })}i)`;
}

/** `printf`. */
export function sprintf(format: string, args: readonly GoValue[]): string {
  return new Formatting(format, args).run();
}

const TOO_LARGE = 1_000_000;

/** One run over a format: which argument is next, and what came out. */
class Formatting {
  private readonly chars: string[];
  private at = 0;
  private next = 0;
  private afterIndex = false;
  private reordered = false;
  private goodIndex = true;

  constructor(
    format: string,
    private readonly args: readonly GoValue[],
  ) {
    this.chars = [...format];
  }

  run(): string {
    let out = "";
    while (this.at < this.chars.length) {
      const char = this.chars[this.at++]!;
      out += char === "%" ? this.verb() : char;
    }
    if (!this.reordered && this.next < this.args.length) {
      const extra = this.args.slice(this.next).map((arg) => {
        const value = unboxed(arg);
        return value === undefined ? "<nil>" : `${typeOf(value)}=${argument(value, "v", PLAIN)}`;
      });
      out += `%!(EXTRA ${extra.join(", ")})`;
    }
    return out;
  }

  private verb(): string {
    const flags: Flags = { ...PLAIN };
    this.goodIndex = true;
    this.afterIndex = false;
    this.readFlags(flags);
    this.index();
    let out = this.width(flags);
    if (this.chars[this.at] === "." && this.at + 1 < this.chars.length) out += this.precision(flags);
    if (!this.afterIndex) this.index();
    const verb = this.chars[this.at++];
    if (verb === undefined) return `${out}%!(NOVERB)`;
    if (verb === "%") return `${out}%`;
    if (!this.goodIndex) return `${out}%!${verb}(BADINDEX)`;
    if (this.next >= this.args.length) return `${out}%!${verb}(MISSING)`;
    if (verb === "v" || verb === "w") {
      flags.syntax = flags.sharp;
      flags.sharp = false;
      flags.plus = false;
    }
    return out + argument(this.args[this.next++], verb, flags);
  }

  private readFlags(flags: Flags): void {
    for (; ; this.at++) {
      switch (this.chars[this.at]) {
        case "#":
          flags.sharp = true;
          break;
        case "0":
          flags.zero = true;
          break;
        case "+":
          flags.plus = true;
          break;
        case "-":
          flags.minus = true;
          break;
        case " ":
          flags.space = true;
          break;
        default:
          return;
      }
    }
  }

  /** Returns what is to be complained about. */
  private width(flags: Flags): string {
    if (this.chars[this.at] !== "*") {
      flags.width = this.number();
      if (this.afterIndex && flags.width !== undefined) this.goodIndex = false;
      return "";
    }
    this.at++;
    this.afterIndex = false;
    const width = this.fromArgument();
    if (width === undefined) return "%!(BADWIDTH)";
    flags.width = Math.abs(width);
    if (width < 0) {
      flags.minus = true;
      flags.zero = false;
    }
    return "";
  }

  private precision(flags: Flags): string {
    this.at++;
    if (this.afterIndex) this.goodIndex = false;
    this.index();
    if (this.chars[this.at] !== "*") {
      flags.precision = this.number() ?? 0;
      return "";
    }
    this.at++;
    this.afterIndex = false;
    const precision = this.fromArgument();
    if (precision === undefined || precision < 0) return "%!(BADPREC)";
    flags.precision = precision;
    return "";
  }

  private number(): number | undefined {
    let text = "";
    while (/^[0-9]$/.test(this.chars[this.at] ?? "")) {
      if (Number(text) > TOO_LARGE) {
        this.at = this.chars.length;
        return undefined;
      }
      text += this.chars[this.at++];
    }
    return text === "" ? undefined : Number(text);
  }

  private fromArgument(): number | undefined {
    if (this.next >= this.args.length) return undefined;
    const arg = unboxed(this.args[this.next++]);
    const kind = kindOf(arg);
    if (kind !== "int" && kind !== "uint") return undefined;
    const number = Number(integerOf(arg));
    return Math.abs(number) > TOO_LARGE ? undefined : number;
  }

  /** `[3]`: which argument comes next. */
  private index(): void {
    this.afterIndex = false;
    if (this.chars[this.at] !== "[") return;
    this.reordered = true;
    const close = this.chars.indexOf("]", this.at + 1);
    if (this.chars.length - this.at < 3 || close < 0) {
      this.at++;
      this.goodIndex = false;
      return;
    }
    const text = this.chars.slice(this.at + 1, close).join("");
    this.at = close + 1;
    const number = /^[0-9]{1,7}$/.test(text) ? Number(text) : undefined;
    if (number !== undefined && number >= 1 && number <= this.args.length) this.next = number - 1;
    else this.goodIndex = false;
    this.afterIndex = number !== undefined;
  }
}
