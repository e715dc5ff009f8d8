/** JSON values of jq: objects keep their keys' order, number literals their digits (jq 1.7). */
import { encode } from "../../../kernel/index.ts";
import { compareBytes } from "../../io.ts";

/** A number as written where the text says more than the double: `3.0`, `1e1000`, 20 digits. */
export class Literal {
  readonly value: number;
  readonly text: string;

  constructor(value: number, text: string) {
    this.value = value;
    this.text = text;
  }
}

export type Json = null | boolean | number | Literal | string | Json[] | JsonObject;
export type JsonObject = Map<string, Json>;
export type Kind = "null" | "boolean" | "number" | "string" | "array" | "object";

export function kind(v: Json): Kind {
  if (v === null) return "null";
  if (Array.isArray(v)) return "array";
  if (v instanceof Map) return "object";
  if (v instanceof Literal) return "number";
  return typeof v as Kind;
}

export function isNumber(v: Json): v is number | Literal {
  return typeof v === "number" || v instanceof Literal;
}

export function numeric(v: Json): number {
  return v instanceof Literal ? v.value : (v as number);
}

export function truthy(v: Json): boolean {
  return v !== null && v !== false;
}

const ORDER: Record<Kind, number> = { null: 0, boolean: 1, number: 3, string: 4, array: 5, object: 6 };

/** jq's total order. */
export function compare(a: Json, b: Json): number {
  const ka = kind(a);
  const kb = kind(b);
  if (ka !== kb) return ORDER[ka] - ORDER[kb];
  switch (ka) {
    case "boolean":
      return Number(a) - Number(b);
    case "number": {
      const [x, y] = [numeric(a), numeric(b)];
      return x < y || Number.isNaN(x) ? -1 : x === y ? 0 : 1;
    }
    case "string":
      return compareBytes(a as string, b as string);
    case "array": {
      const [x, y] = [a as Json[], b as Json[]];
      for (let i = 0; i < x.length && i < y.length; i++) {
        const order = compare(x[i]!, y[i]!);
        if (order !== 0) return order;
      }
      return x.length - y.length;
    }
    case "object": {
      const [x, y] = [a as JsonObject, b as JsonObject];
      const [kx, ky] = [sortedKeys(x), sortedKeys(y)];
      const order = compare(kx, ky);
      if (order !== 0) return order;
      for (const key of kx) {
        const inner = compare(x.get(key)!, y.get(key)!);
        if (inner !== 0) return inner;
      }
      return 0;
    }
    default:
      return 0;
  }
}

export function sortedKeys(object: JsonObject): string[] {
  return [...object.keys()].sort(compareBytes);
}

// ---- printing -------------------------------------------------------------------------------------------------------

/** A double as jq prints it: 17 digits at most, exponents of two digits. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return "null";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return Object.is(value, -0) ? "-0" : String(value);
  const clamped =
    value === Number.POSITIVE_INFINITY
      ? Number.MAX_VALUE
      : value === Number.NEGATIVE_INFINITY
        ? -Number.MAX_VALUE
        : value;
  const match = /^(-?)(\d)(?:\.(\d+))?e([-+]\d+)$/.exec(clamped.toExponential())!;
  const digits = match[2]! + (match[3] ?? "");
  const point = Number(match[4]) + 1;
  const sign = match[1]!;
  if (point <= -4 || point > digits.length + 15) {
    const exponent = point - 1;
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + "0".repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** A literal in decNumber's form: the digits stay, the exponent is written `E+n`. */
function literalOf(text: string): Json {
  const value = Number(text);
  if (/^-?(?:0|[1-9]\d{0,14})$/.test(text)) return text === "-0" ? new Literal(value, "-0") : value;
  const match = /^(-?)(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d+))?$/.exec(text)!;
  const fraction = match[3] ?? "";
  const digits = (match[2]! + fraction).replace(/^0+(?=\d)/, "");
  const exponent = Number(match[4] ?? 0) - fraction.length;
  const adjusted = exponent + digits.length - 1;
  let out: string;
  if (exponent <= 0 && adjusted >= -6) {
    if (exponent === 0) out = digits;
    else {
      const padded = digits.padStart(1 - exponent, "0");
      out = `${padded.slice(0, padded.length + exponent)}.${padded.slice(padded.length + exponent)}`;
    }
  } else {
    const rest = digits.length > 1 ? `.${digits.slice(1)}` : "";
    out = `${digits[0]}${rest}E${adjusted < 0 ? "-" : "+"}${Math.abs(adjusted)}`;
  }
  return new Literal(value, match[1]! + out);
}

export { literalOf as numberLiteral };

/** A JSON string with jq's escapes: DEL too. */
export function quoteString(text: string, ascii = false): string {
  let out = '"';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const char = text[i]!;
    if (char === '"') out += '\\"';
    else if (char === "\\") out += "\\\\";
    else if (code === 10) out += "\\n";
    else if (code === 9) out += "\\t";
    else if (code === 13) out += "\\r";
    else if (code === 8) out += "\\b";
    else if (code === 12) out += "\\f";
    else if (code < 32 || code === 127) out += `\\u${code.toString(16).padStart(4, "0")}`;
    else if (code > 126 && ascii) out += `\\u${code.toString(16).padStart(4, "0")}`;
    else if (code >= 0xdc80 && code <= 0xdcff && !(i > 0 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800))
      out += "\ufffd";
    else out += char;
  }
  return `${out}"`;
}

export interface DumpStyle {
  /** Text of one level; undefined: all in one line. */
  indent?: string | undefined;
  sortKeys?: boolean;
  ascii?: boolean;
  color?: boolean;
}

const COLORS: Record<Kind | "false" | "true" | "key", string> = {
  null: "0;90",
  false: "0;39",
  true: "0;39",
  boolean: "0;39",
  number: "0;39",
  string: "0;32",
  array: "1;39",
  object: "1;39",
  key: "1;34",
};

/** The value as JSON text. */
export function dump(value: Json, style: DumpStyle = {}): string {
  const out: string[] = [];
  if (style.color) writeColored(value, style, "", out);
  else write(value, style, "", out);
  return out.join("");
}

function scalar(value: Json, style: DumpStyle): string {
  if (value === null) return "null";
  if (typeof value === "string") return quoteString(value, style.ascii);
  if (value instanceof Literal) return Number.isNaN(value.value) ? "null" : value.text;
  return typeof value === "number" ? numberText(value) : String(value);
}

function write(value: Json, style: DumpStyle, margin: string, out: string[]): void {
  const pretty = style.indent !== undefined;
  if (Array.isArray(value)) {
    if (value.length === 0) {
      out.push("[]");
      return;
    }
    const inner = margin + (style.indent ?? "");
    out.push("[");
    value.forEach((item, i) => {
      if (i > 0) out.push(",");
      if (pretty) out.push("\n", inner);
      write(item, style, inner, out);
    });
    if (pretty) out.push("\n", margin);
    out.push("]");
  } else if (value instanceof Map) {
    if (value.size === 0) {
      out.push("{}");
      return;
    }
    const inner = margin + (style.indent ?? "");
    out.push("{");
    let first = true;
    for (const key of style.sortKeys ? sortedKeys(value) : value.keys()) {
      if (!first) out.push(",");
      first = false;
      if (pretty) out.push("\n", inner);
      out.push(quoteString(key, style.ascii), pretty ? ": " : ":");
      write(value.get(key)!, style, inner, out);
    }
    if (pretty) out.push("\n", margin);
    out.push("}");
  } else out.push(scalar(value, style));
}

function writeColored(value: Json, style: DumpStyle, margin: string, out: string[]): void {
  const pretty = style.indent !== undefined;
  const color = COLORS[kind(value)];
  const start = `\x1b[${color}m`;
  const end = "\x1b[0m";
  const inner = margin + (style.indent ?? "");
  if ((Array.isArray(value) && value.length === 0) || (value instanceof Map && value.size === 0)) {
    out.push(`${start}${Array.isArray(value) ? "[]" : "{}"}${end}`);
  } else if (Array.isArray(value)) {
    out.push(`${start}[`);
    value.forEach((item, i) => {
      if (i > 0) out.push(`${start},`);
      if (pretty) out.push(`\n${inner}`);
      writeColored(item, style, inner, out);
    });
    out.push(start, pretty ? `\n${margin}` : "", `${start}]${end}`);
  } else if (value instanceof Map) {
    out.push(`${start}{`);
    let first = true;
    for (const key of style.sortKeys ? sortedKeys(value) : value.keys()) {
      if (!first) out.push(`${start},`);
      if (pretty) out.push(`\n${inner}`);
      first = false;
      out.push(`${end}\x1b[${COLORS.key}m${quoteString(key, style.ascii)}${end}${start}:${pretty ? " " : ""}${end}`);
      writeColored(value.get(key)!, style, inner, out);
    }
    out.push(start, pretty ? `\n${margin}` : "", `${start}}${end}`);
  } else out.push(`${start}${scalar(value, style)}${end}`);
}

/** The value cut to 11 bytes and dots, for error messages. */
export function brief(value: Json): string {
  const text = dump(value);
  const bytes = encode(text);
  return bytes.length > 14 ? `${text.slice(0, 11)}...` : text;
}

// ---- parsing --------------------------------------------------------------------------------------------------------

export class JsonError extends Error {}

/** Values of a stream of JSON texts, fed in pieces. */
export class JsonStream {
  private text = "";
  private at = 0;
  /** Pieces after `text` that belong to the value that is not whole yet; joined once it is, so that each is copied once. */
  private more: string[] = [];
  private scannedPieces = 0;
  private scanAt = 0;
  private line = 1;
  private column = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;
  private begun = false;
  ended = false;
  /** Newlines read so far. */
  lines = 0;

  push(text: string): void {
    if (this.at >= this.text.length && this.more.length === 0) {
      this.text = text;
      this.at = this.scanAt = 0;
    } else this.more.push(text);
    for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) this.lines++;
  }

  end(): void {
    this.ended = true;
  }

  /** The next value; undefined when more text is needed or nothing is left. Throws `JsonError`. */
  next(): Json | undefined {
    for (;;) {
      const from = this.at;
      let to = from;
      while (to < this.text.length && isBlank(this.text.charCodeAt(to))) to++;
      this.advance(to - from);
      if (this.at < this.text.length) break;
      if (this.more.length === 0) return undefined;
      this.join();
    }
    this.scanAt = Math.max(this.scanAt, this.at);
    const length = this.boundary();
    if (length === undefined && !this.ended) return undefined;
    this.join();
    this.depth = 0;
    this.inString = this.escaped = this.begun = false;
    const end = length === undefined ? this.text.length : this.at + length;
    this.scanAt = end;
    return this.parse(end, length === undefined);
  }

  private join(): void {
    if (this.more.length === 0) return;
    const base = this.at;
    this.text = this.text.slice(base) + this.more.join("");
    this.at = 0;
    this.scanAt = Math.max(0, this.scanAt - base);
    this.more = [];
    this.scannedPieces = 0;
  }

  /** How long the value that begins at `at` is, pieces not joined yet included; undefined when not known yet. */
  private boundary(): number | undefined {
    if (this.scanAt < this.text.length) {
      const end = this.scan(this.text, this.scanAt);
      if (end !== undefined) return end - this.at;
      this.scanAt = this.text.length;
    }
    let before = this.text.length - this.at;
    for (const [i, piece] of this.more.entries()) {
      if (i >= this.scannedPieces) {
        this.scannedPieces = i + 1;
        const end = this.scan(piece, 0);
        if (end !== undefined) return before + end;
      }
      before += piece.length;
    }
    return undefined;
  }

  private scan(text: string, from: number): number | undefined {
    for (let i = from; i < text.length; i++) {
      if (this.inString) {
        if (this.escaped) {
          this.escaped = false;
          continue;
        }
        const quote = text.indexOf('"', i);
        // Straight to the closing quote, unless a backslash stands before it.
        if (quote > i && text.charCodeAt(quote - 1) !== 92) i = quote;
        const code = text.charCodeAt(i);
        if (code === 92) this.escaped = true;
        else if (code === 34) {
          this.inString = false;
          if (this.depth === 0) return i + 1;
        }
        continue;
      }
      const code = text.charCodeAt(i);
      if (code === 34) {
        if (this.depth === 0 && this.begun) return i;
        this.inString = true;
      } else if (code === 91 || code === 123) {
        if (this.depth === 0 && this.begun) return i;
        this.depth++;
      } else if (code === 93 || code === 125) {
        if (--this.depth <= 0) return i + 1;
      } else if (this.depth === 0 && isBlank(code)) return i;
      this.begun = true;
    }
    return undefined;
  }

  private parse(end: number, atEof: boolean): Json {
    const source = this.text.slice(this.at, end);
    const after = this.text[end];
    const parser = new Parser(source, atEof);
    try {
      const value = parser.value();
      if (parser.at < source.length) parser.unexpected();
      this.advance(source.length);
      return value;
    } catch (error) {
      if (!(error instanceof ParseStop)) throw error;
      // jq reports where its scanner stood: one character after a bare word.
      let { at } = error;
      if (error.atEof) {
        this.advance(source.length);
        throw new JsonError(`${error.message} at EOF at line ${this.line}, column ${this.column}`);
      }
      at = Math.min(at, source.length + (after === undefined ? 0 : 1));
      this.advance(at);
      throw new JsonError(`${error.message} at line ${this.line}, column ${this.column}`);
    }
  }

  private advance(count: number): void {
    const end = Math.min(this.text.length, this.at + count);
    let last = -1;
    for (let i = this.text.indexOf("\n", this.at); i >= 0 && i < end; i = this.text.indexOf("\n", i + 1)) {
      this.line++;
      last = i;
    }
    this.column = last < 0 ? this.column + end - this.at : end - last - 1;
    this.at = end;
  }
}

/** One JSON text, as `fromjson` reads it. Throws `JsonError`. */
export function parseJson(text: string): Json[] {
  const stream = new JsonStream();
  stream.push(text);
  stream.end();
  const out: Json[] = [];
  for (;;) {
    const value = stream.next();
    if (value === undefined) return out;
    out.push(value);
  }
}

class ParseStop extends Error {
  readonly at: number;
  readonly atEof: boolean;

  constructor(message: string, at: number, atEof = false) {
    super(message);
    this.at = at;
    this.atEof = atEof;
  }
}

function isBlank(code: number): boolean {
  return code === 32 || code === 10 || code === 9 || code === 13;
}

const MAX_DEPTH = 10_000;

class Parser {
  readonly text: string;
  at = 0;
  private readonly atEof: boolean;
  private depth = 0;

  constructor(text: string, atEof: boolean) {
    this.text = text;
    this.atEof = atEof;
  }

  private blanks(): void {
    while (isBlank(this.text.charCodeAt(this.at))) this.at++;
  }

  unexpected(): never {
    const char = this.text[this.at];
    if (char === undefined) throw new ParseStop("Unfinished JSON term", this.at, true);
    if (char === "}" || char === "]") throw new ParseStop(`Unmatched '${char}'`, this.at + 1);
    if (char === ",") throw new ParseStop("Expected value before ','", this.at + 1);
    if (char === ":") throw new ParseStop("Expected string key before ':'", this.at + 1);
    throw new ParseStop("Invalid literal", this.at + 1);
  }

  value(): Json {
    this.blanks();
    const char = this.text[this.at];
    if (char === '"') return this.string();
    if (char === "{") return this.object();
    if (char === "[") return this.array();
    if (char === undefined || "}],:".includes(char)) this.unexpected();
    return this.word();
  }

  private word(): Json {
    const start = this.at;
    while (this.at < this.text.length && !/[\s[\]{},:"]/.test(this.text[this.at]!)) this.at++;
    const word = this.text.slice(start, this.at);
    if (word === "null") return null;
    if (word === "true") return true;
    if (word === "false") return false;
    if (word === "nan" || word === "NaN") return Number.NaN;
    const stop = this.at + 1;
    const eof = this.atEof && this.at >= this.text.length;
    if (/^-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(word)) return literalOf(word.replace(/^(-?)0+(?=\d)/, "$1"));
    const named =
      /^(nul|tru|fals)/.test(word) || (word[0] === "n" && word.length <= 4) || word[0] === "t" || word[0] === "f";
    throw new ParseStop(named ? "Invalid literal" : "Invalid numeric literal", stop, eof);
  }

  private string(): string {
    const start = this.at + 1;
    // Plain strings are most of them.
    const quick = this.text.indexOf('"', start);
    if (quick >= 0) {
      const plain = this.text.slice(start, quick);
      if (!/[\\\x00-\x1f]/.test(plain)) {
        this.at = quick + 1;
        return plain;
      }
    }
    let out = "";
    for (let i = start; ; i++) {
      const char = this.text[i];
      if (char === undefined) throw new ParseStop("Unfinished string", i, true);
      if (char === '"') {
        this.at = i + 1;
        return out;
      }
      if (char < " ") {
        const end = this.text.indexOf('"', i);
        throw new ParseStop(
          "Invalid string: control characters from U+0000 through U+001F must be escaped",
          (end < 0 ? i : end) + 1,
        );
      }
      if (char !== "\\") {
        out += char;
        continue;
      }
      const next = this.text[++i];
      const simple: Record<string, string> = {
        n: "\n",
        t: "\t",
        r: "\r",
        b: "\b",
        f: "\f",
        '"': '"',
        "\\": "\\",
        "/": "/",
      };
      if (next !== undefined && simple[next] !== undefined) out += simple[next];
      else if (next === "u") {
        const hex = this.text.slice(i + 1, i + 5);
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw new ParseStop("Invalid escape", i + 2);
        out += String.fromCharCode(Number.parseInt(hex, 16));
        i += 4;
      } else {
        const end = this.text.indexOf('"', i);
        throw new ParseStop("Invalid escape", (end < 0 ? i : end) + 1);
      }
    }
  }

  private enter(): void {
    this.at++;
    if (++this.depth > MAX_DEPTH) throw new ParseStop("Exceeds depth limit for parsing", this.at);
  }

  private array(): Json[] {
    this.enter();
    const out: Json[] = [];
    this.blanks();
    if (this.text[this.at] === "]") {
      this.at++;
      this.depth--;
      return out;
    }
    for (;;) {
      this.blanks();
      if (this.text[this.at] === "]" && out.length > 0)
        throw new ParseStop("Expected another array element", this.at + 1);
      out.push(this.value());
      this.blanks();
      const char = this.text[this.at];
      if (char === ",") this.at++;
      else if (char === "]") {
        this.at++;
        this.depth--;
        return out;
      } else this.separator(char);
    }
  }

  /** Neither comma nor bracket after a value. */
  private separator(char: string | undefined): never {
    if (char === undefined) throw new ParseStop("Unfinished JSON term", this.at, true);
    if (char === ":") throw new ParseStop("':' not as part of an object", this.at + 1);
    if (char === "}") throw new ParseStop("Unmatched '}'", this.at + 1);
    if (char === "]") throw new ParseStop("Unmatched ']'", this.at + 1);
    // The token after it is read whole first.
    let end = this.at;
    if (char === '"') end = this.text.indexOf('"', this.at + 1);
    else if (char !== "{" && char !== "[")
      while (end < this.text.length && !/[\s[\]{},:"]/.test(this.text[end]!)) end++;
    throw new ParseStop("Expected separator between values", end + 1);
  }

  private object(): JsonObject {
    this.enter();
    const out: JsonObject = new Map();
    this.blanks();
    if (this.text[this.at] === "}") {
      this.at++;
      this.depth--;
      return out;
    }
    for (;;) {
      this.blanks();
      const char = this.text[this.at];
      if (char === "}" && out.size > 0) throw new ParseStop("Expected another key-value pair", this.at + 1);
      const key = this.value();
      this.blanks();
      const colon = this.text[this.at];
      if (colon === ":" && typeof key !== "string") throw new ParseStop("Object keys must be strings", this.at + 1);
      if (colon === "," || colon === "}") throw new ParseStop("Objects must consist of key:value pairs", this.at + 1);
      if (colon !== ":") this.separator(colon);
      this.at++;
      out.set(key as string, this.value());
      this.blanks();
      const next = this.text[this.at];
      if (next === ",") this.at++;
      else if (next === "}") {
        this.at++;
        this.depth--;
        return out;
      } else this.separator(next);
    }
  }
}
