/** Go's ways of writing values, as far as kubectl's output shows them. */

import { quoteString } from "../../text/go-quote.ts";
import { jsonNumber } from "../../text/yaml.ts";
import { compareBytes } from "../io.ts";
import { formatFloat } from "./template/strconv.ts";

export { jsonNumber };

/** `%q` of a string (strconv.Quote). */
export const quote = (text: string): string => quoteString(text);

/** Order of Go strings: by UTF-8 bytes. */
export const compareStrings = compareBytes;

/** Keys of an object in Go's map order of encoding/json. */
export function sortedKeys(value: object): string[] {
  return Object.keys(value).sort(compareStrings);
}

/** A JSON string with Go's escapes: `<`, `>`, `&`, U+2028 and U+2029 too unless `html` is false. */
export function jsonString(text: string, html = true): string {
  const quoted = JSON.stringify(text).replace(/\\u[0-9a-f]{4}/gi, (code) => code.toLowerCase());
  const out = quoted.replace(/[\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`);
  return html ? out.replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`) : out;
}

/** encoding/json with sorted keys; `indent` as in MarshalIndent. Undefined fields are left out. */
export function toJson(value: unknown, indent = "", html = true): string {
  return write(value, indent, "", html, sortedKeys);
}

/** The same with keys in the order they have: how Go writes structs. */
export function structJson(value: unknown, indent = "", html = true): string {
  return write(value, indent, "", html, Object.keys);
}

function write(
  value: unknown,
  indent: string,
  prefix: string,
  html: boolean,
  keysOf: (value: object) => string[],
): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") return jsonString(value, html);
  if (typeof value === "number") return jsonNumber(value);
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  const inner = prefix + indent;
  const open = indent === "" ? "" : `\n${inner}`;
  const comma = indent === "" ? "," : `,\n${inner}`;
  const close = indent === "" ? "" : `\n${prefix}`;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[${open}${value.map((item) => write(item, indent, inner, html, keysOf)).join(comma)}${close}]`;
  }
  const object = value as Record<string, unknown>;
  const keys = keysOf(object).filter((key) => object[key] !== undefined);
  if (keys.length === 0) return "{}";
  const colon = indent === "" ? ":" : ": ";
  const members = keys.map(
    (key) => `${jsonString(key, html)}${colon}${write(object[key], indent, inner, html, keysOf)}`,
  );
  return `{${open}${members.join(comma)}${close}}`;
}

/** `%v` of a decoded JSON value: strings bare, `[a b]`, `map[a:1 b:2]`, `<nil>`. */
export function sprint(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (typeof value === "string") return value;
  if (typeof value === "number") return goFloat(value);
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(sprint).join(" ")}]`;
  const object = value as Record<string, unknown>;
  return `map[${sortedKeys(object)
    .map((key) => `${key}:${sprint(object[key])}`)
    .join(" ")}]`;
}

/** `%v` of a number that was decoded as int64 when it is whole, float64 otherwise. */
export function goFloat(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return formatFloat(value, "g", -1);
}

/** time.Duration's text of µs-precise seconds: `1m0s`, `1.5s`, `0s`. `ns`: nanoseconds. */
export function durationText(ns: number): string {
  if (ns === 0) return "0s";
  const sign = ns < 0 ? "-" : "";
  const value = Math.abs(ns);
  if (value < 1e3) return `${sign}${value}ns`;
  if (value < 1e6) return `${sign}${value / 1e3}µs`;
  if (value < 1e9) return `${sign}${value / 1e6}ms`;
  const seconds = Math.floor(value / 1e9);
  const rest = (value % 60e9) / 1e9;
  const minutes = Math.floor(seconds / 60) % 60;
  const hours = Math.floor(seconds / 3600);
  if (hours > 0) return `${sign}${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${sign}${minutes}m${rest}s` : `${sign}${rest}s`;
}
