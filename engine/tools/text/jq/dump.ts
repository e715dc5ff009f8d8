/** JSON values as text. */
import { encode } from "../../../kernel/index.ts";
import { type Json, type Kind, kind, Literal, sortedKeys } from "./json.ts";
import { numberText } from "./numbers.ts";

/** Texts without anything to escape, which most are. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A JSON string with jq's escapes: DEL too. */
export function quoteString(text: string, ascii = false): string {
  if (PLAIN.test(text)) return `"${text}"`;
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
  /** Colors of JQ_COLORS, in its order. */
  colors?: readonly string[] | undefined;
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

/** The kinds of JQ_COLORS, in its order; the eighth color is that of keys. */
const ORDER = ["null", "false", "true", "number", "string", "array", "object"];

/** What JQ_COLORS says: SGR numbers, a colon between them; undefined for anything else. */
export function colorsOf(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const parts = text.split(":");
  return parts.every((part) => /^[0-9;]*$/.test(part)) ? parts : undefined;
}

function colorOf(value: Json, style: DumpStyle): string {
  const at = ORDER.indexOf(typeof value === "boolean" ? String(value) : kind(value));
  return style.colors?.[at] ?? COLORS[kind(value)];
}

/** The value as JSON text. */
export function dump(value: Json, style: DumpStyle = {}): string {
  if (!style.color) return plainText(value, style, "\n");
  const out: string[] = [];
  writeColored(value, style, "", out);
  return out.join("");
}

function scalar(value: Json, style: DumpStyle): string {
  if (value === null) return "null";
  if (typeof value === "string") return quoteString(value, style.ascii);
  if (value instanceof Literal) return Number.isNaN(value.value) ? "null" : value.text;
  return typeof value === "number" ? numberText(value) : String(value);
}

/** `line`: the newline and margin before whatever closes this value. */
function plainText(value: Json, style: DumpStyle, line: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    const { indent } = style;
    const inner = indent === undefined ? "" : line + indent;
    let out = "[";
    for (let i = 0; i < value.length; i++) out += (i > 0 ? "," : "") + inner + plainText(value[i]!, style, inner);
    return `${out}${indent === undefined ? "" : line}]`;
  }
  if (!(value instanceof Map)) return scalar(value, style);
  if (value.size === 0) return "{}";
  const { indent } = style;
  const inner = indent === undefined ? "" : line + indent;
  const colon = indent === undefined ? ":" : ": ";
  let out = "";
  if (style.sortKeys)
    for (const key of sortedKeys(value))
      out += `${out === "" ? "{" : ","}${inner}${quoteString(key, style.ascii)}${colon}${plainText(value.get(key)!, style, inner)}`;
  else
    for (const [key, item] of value)
      out += `${out === "" ? "{" : ","}${inner}${quoteString(key, style.ascii)}${colon}${plainText(item, style, inner)}`;
  return `${out}${indent === undefined ? "" : line}}`;
}

function writeColored(value: Json, style: DumpStyle, margin: string, out: string[]): void {
  const pretty = style.indent !== undefined;
  const color = colorOf(value, style);
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
      out.push(
        `${end}\x1b[${style.colors?.[7] ?? COLORS.key}m${quoteString(key, style.ascii)}${end}${start}:${pretty ? " " : ""}${end}`,
      );
      writeColored(value.get(key)!, style, inner, out);
    }
    out.push(start, pretty ? `\n${margin}` : "", `${start}}${end}`);
  } else out.push(`${start}${scalar(value, style)}${end}`);
}

/** The value cut to 11 bytes and dots, for error messages. */
export function brief(value: Json, most = 14): string {
  const text = dump(value);
  const bytes = encode(text);
  return bytes.length > most ? `${text.slice(0, most - 3)}...` : text;
}
