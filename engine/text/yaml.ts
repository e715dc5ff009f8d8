/** A JSON number as Go's encoding/json prints a float64 or int64. */
export function jsonNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  const text = String(value);
  const match = /^(-?[\d.]+)e([+-])(\d+)$/.exec(text);
  if (match === null) return text;
  return `${match[1]}e${match[2]}${match[3]!.padStart(2, "0")}`;
}

/** YAML as sigs.k8s.io/yaml writes it: block style, natural key order, long lines folded, lists not indented. */
export function toYaml(value: unknown): string {
  if (isEmpty(value)) return `${flow(value)}\n`;
  if (typeof value === "object" && value !== null) return block(value as object, "");
  return `${scalar(value, "", 0)}\n`;
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && value !== null && keysOf(value).length === 0;
}

function flow(value: unknown): string {
  return Array.isArray(value) ? "[]" : "{}";
}

function keysOf(object: object): string[] {
  return Object.keys(object).filter((key) => (object as Record<string, unknown>)[key] !== undefined);
}

function block(value: object, indent: string): string {
  let out = "";
  if (Array.isArray(value)) {
    for (const item of value) out += `${indent}- ${nested(item, `${indent}  `)}`;
    return out;
  }
  for (const key of keysOf(value).sort(naturalOrder)) {
    const item = (value as Record<string, unknown>)[key];
    const start = `${indent}${scalar(key, indent, undefined)}:`;
    out += start;
    if (typeof item !== "object" || item === null || isEmpty(item)) out += ` ${leaf(item, indent, start.length + 1)}\n`;
    // A list in a mapping stands at the mapping's own indentation.
    else out += `\n${block(item, Array.isArray(item) ? indent : `${indent}  `)}`;
  }
  return out;
}

/** An item after `- `: a mapping or list starts on the same line. */
function nested(item: unknown, indent: string): string {
  if (typeof item !== "object" || item === null || isEmpty(item))
    return `${leaf(item, indent.slice(2), indent.length)}\n`;
  return block(item, indent).slice(indent.length);
}

function leaf(value: unknown, indent: string, column: number): string {
  return isEmpty(value) ? flow(value) : scalar(value, indent, column);
}

/** `column` is where the value begins; a key has none. */
function scalar(value: unknown, indent: string, column: number | undefined): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "number") return jsonNumber(value);
  if (typeof value !== "string") return String(value);
  return text(value, indent, column);
}

/** The five styles of the emitter (goyaml.v2 encode.go stringv, emitterc.go select_scalar_style). */
function text(value: string, indent: string, column: number | undefined): string {
  const found = analyze(value);
  const long = column !== undefined && column + value.length > WIDTH;
  const double = () => {
    const written = doubleQuoted(value);
    return column !== undefined && column + written.length > WIDTH ? foldDouble(written, indent, column) : written;
  };
  if (value.includes("\n")) return found.blockAllowed && column !== undefined ? literal(value, indent) : double();
  if (!isPlainString(value)) return double();
  if (value === "") return '""';
  if (found.plainAllowed) return long ? foldWords(value, indent, column, false) : value;
  if (!found.singleAllowed) return double();
  const written = value.replace(/'/g, "''");
  return `'${long ? foldWords(written, indent, column + 1, true) : written}'`;
}

/** Columns after which a line is folded at its next blank. */
const WIDTH = 80;

/** Plain and single quoted text: a single blank past the width becomes a line break (emitterc.go write_plain_scalar). */
function foldWords(value: string, indent: string, start: number, quoted: boolean): string {
  let out = "";
  let column = start;
  let spaces = false;
  const chars = [...value];
  for (const [i, char] of chars.entries()) {
    if (char !== " ") spaces = false;
    else if (!spaces && column > WIDTH && chars[i + 1] !== " " && (!quoted || (i > 0 && i < chars.length - 1))) {
      out += `\n${indent}  `;
      column = indent.length + 2;
      spaces = true;
      continue;
    } else spaces = true;
    out += char;
    column++;
  }
  return out;
}

/** Double quoted text: a blank that comes after the break is escaped. */
function foldDouble(written: string, indent: string, start: number): string {
  let out = "";
  let column = start;
  let spaces = false;
  const chars = [...written];
  for (const [i, char] of chars.entries()) {
    const inside = i > 1 && i < chars.length - 2;
    if (char !== " ") spaces = false;
    else if (!spaces && column > WIDTH && inside) {
      out += `\n${indent}  `;
      column = indent.length + 2;
      spaces = true;
      if (chars[i + 1] === " ") {
        out += "\\";
        column++;
      }
      continue;
    } else spaces = true;
    out += char;
    column++;
  }
  return out;
}

function literal(value: string, indent: string): string {
  let out = "|";
  if (/^[ \n]/.test(value)) out += "2";
  if (!value.endsWith("\n")) out += "-";
  else if (value === "\n" || value.endsWith("\n\n")) out += "+";
  const lines = value.endsWith("\n") ? value.slice(0, -1).split("\n") : value.split("\n");
  for (const line of lines) out += line === "" ? "\n" : `\n${indent}  ${line}`;
  return out;
}

const SHORT: Record<number, string> = {
  0: "0",
  7: "a",
  8: "b",
  9: "t",
  10: "n",
  11: "v",
  12: "f",
  13: "r",
  27: "e",
  34: '"',
  92: "\\",
  133: "N",
  160: "_",
  8232: "L",
  8233: "P",
};

function isPrintable(code: number): boolean {
  return (
    code === 0x0a ||
    (code >= 0x20 && code <= 0x7e) ||
    (code >= 0xa0 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd && code !== 0xfeff)
  );
}

function doubleQuoted(value: string): string {
  let out = '"';
  for (const char of value) {
    const code = char.codePointAt(0)!;
    const short = SHORT[code];
    if (short !== undefined && code !== 160) out += `\\${short}`;
    else if (isPrintable(code)) out += char;
    else if (code <= 0xff) out += `\\x${code.toString(16).toUpperCase().padStart(2, "0")}`;
    else if (code <= 0xffff) out += `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
    else out += `\\U${code.toString(16).toUpperCase().padStart(8, "0")}`;
  }
  return `${out}"`;
}

interface Analysis {
  plainAllowed: boolean;
  singleAllowed: boolean;
  blockAllowed: boolean;
}

const FIRST_INDICATORS = "#,[]{}&*!|>'\"%@`";
const isBlank = (char: string | undefined) => char === undefined || char === " " || char === "\t";
const isBlankOrBreak = (char: string | undefined) => isBlank(char) || isBreak(char!);
const isBreak = (char: string) => /[\n\r\u0085\u2028\u2029]/.test(char);

function analyze(value: string): Analysis {
  let indicators = value.startsWith("---") || value.startsWith("...");
  let special = false;
  let breakSpace = false;
  let spaceBreak = false;
  let lineBreaks = false;
  let previous: "space" | "break" | "other" = "other";
  let afterWhitespace = true;
  const chars = [...value];
  chars.forEach((char, i) => {
    const beforeBlank = isBlank(chars[i + 1]);
    if (i === 0) {
      if (FIRST_INDICATORS.includes(char)) indicators = true;
      else if ((char === "?" || char === ":" || char === "-") && beforeBlank) indicators = true;
    } else if (char === ":" && beforeBlank) indicators = true;
    else if (char === "#" && afterWhitespace) indicators = true;
    if (!isPrintable(char.codePointAt(0)!)) special = true;
    if (char === " ") {
      if (previous === "break") breakSpace = true;
      previous = "space";
    } else if (isBreak(char)) {
      lineBreaks = true;
      if (previous === "space") spaceBreak = true;
      previous = "break";
    } else previous = "other";
    afterWhitespace = isBlankOrBreak(char);
  });
  const last = chars.at(-1);
  const edges = chars[0] === " " || last === " " || (chars.length > 0 && (isBreak(chars[0]!) || isBreak(last!)));
  const broken = spaceBreak || special;
  return {
    plainAllowed: !(edges || breakSpace || broken || lineBreaks || indicators),
    singleAllowed: !(breakSpace || broken),
    blockAllowed: value !== "" && last !== " " && !broken,
  };
}

const RESERVED = new Set(
  (
    "y Y yes Yes YES true True TRUE on On ON n N no No NO false False FALSE off Off OFF ~ null Null NULL " +
    ".nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF"
  ).split(" "),
);

/** False for what a YAML 1.1 reader would take for a bool, null, number or time. */
function isPlainString(value: string): boolean {
  if (value === "" || RESERVED.has(value)) return false;
  const first = value[0]!;
  if (first === ".") return !/^\.\d[\d_]*([eE][-+]?\d+)?$/.test(value) || value.includes("_");
  if (!/[-+0-9]/.test(first)) return true;
  if (isTimestamp(value)) return false;
  if (isBase60(value)) return false;
  const plain = value.replace(/_/g, "");
  if (/^[-+]?(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+)$/.test(plain)) return false;
  return !/^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(plain);
}

function isBase60(value: string): boolean {
  return /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(value);
}

function isTimestamp(value: string): boolean {
  const match =
    /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|( ))(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(Z|[-+]\d\d:\d\d)?)?$/.exec(
      value,
    );
  if (match === null) return false;
  const [, , month, day, blank, hour, , , zone] = match;
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > 31) return false;
  if (hour === undefined) return true;
  return blank !== undefined ? zone === undefined : zone !== undefined;
}

/** The key order of goyaml.v2 (sorter.go): letters after other characters, digit runs by value. */
export function naturalOrder(a: string, b: string): number {
  const x = [...a];
  const y = [...b];
  for (let i = 0; i < x.length && i < y.length; i++) {
    const p = x[i]!;
    const q = y[i]!;
    if (p === q) continue;
    const letterP = isLetter(p);
    const letterQ = isLetter(q);
    if (letterP && letterQ) return p.codePointAt(0)! - q.codePointAt(0)!;
    if (letterP || letterQ) return letterQ ? -1 : 1;
    return compareRuns(x, y, i) || p.codePointAt(0)! - q.codePointAt(0)!;
  }
  return x.length - y.length;
}

function compareRuns(x: string[], y: string[], at: number): number {
  let leading = 0;
  if (x[at] === "0" || y[at] === "0") {
    for (let j = at - 1; j >= 0 && isDigit(x[j]!); j--) {
      if (x[j] !== "0") {
        leading = 1;
        break;
      }
    }
  }
  const run = (chars: string[]): [number, number] => {
    let end = at;
    let value = leading;
    for (; end < chars.length && isDigit(chars[end]!); end++) value = value * 10 + Number(chars[end]);
    return [value, end];
  };
  const [xv, xe] = run(x);
  const [yv, ye] = run(y);
  return xv !== yv ? xv - yv : xe - ye;
}

const isDigit = (char: string) => char >= "0" && char <= "9";
const isLetter = (char: string) => /\p{L}/u.test(char);
