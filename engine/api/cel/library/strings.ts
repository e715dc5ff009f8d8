import type { Environment } from "@marcbachmann/cel-js";
import { encode } from "../../../kernel/index.ts";
import { quoteString } from "../../../text/go-quote.ts";
import { CelError } from "../error.ts";

/** What cel-go's ext/strings.go has beside what the interpreter brings. */
class StringsNamespace {}

function replace(text: string, from: string, to: string, limit: bigint): string {
  if (limit < 0n) return text.split(from).join(to);
  const parts = text.split(from);
  const kept = Number(limit);
  return parts.map((part, i) => (i === 0 ? part : `${i <= kept ? to : from}${part}`)).join("");
}

function charAt(text: string, at: bigint): string {
  const chars = [...text];
  const i = Number(at);
  if (i < 0 || i > chars.length) throw new CelError(`index out of range: ${at}`, "index");
  return chars[i] ?? "";
}

export function registerStrings(env: Environment): void {
  env
    .registerType("StringsNamespace", StringsNamespace)
    .registerConstant("strings", "StringsNamespace", new StringsNamespace())
    .registerFunction("StringsNamespace.quote(string): string", (_: StringsNamespace, text: string) =>
      quoteString(text),
    )
    .registerFunction("string.replace(string, string): string", (text: string, from: string, to: string) =>
      replace(text, from, to, -1n),
    )
    .registerFunction("string.replace(string, string, int): string", replace)
    .registerFunction("string.charAt(int): string", charAt)
    .registerFunction("string.format(list): string", format);
}

/** `%s`, `%d`, `%f`, `%e`, `%b`, `%o`, `%x`, `%X` and `%%`. */
function format(pattern: string, values: unknown[]): string {
  let next = 0;
  return pattern.replace(/%(\.\d+)?([sdfxXeob%])/g, (_all, precision: string | undefined, verb: string) => {
    if (verb === "%") return "%";
    if (next >= values.length) throw new CelError(`index ${next} out of range`, "format");
    const value = values[next++];
    const digits = precision ? Number(precision.slice(1)) : 6;
    if (verb === "f") return Number(value).toFixed(digits);
    if (verb === "e")
      return Number(value)
        .toExponential(digits)
        .replace(/e([+-])(\d)$/, "e$10$2");
    if (verb === "b" && typeof value === "boolean") return value ? "1" : "0";
    if (verb === "b" || verb === "o")
      return typeof value === "bigint" ? value.toString(verb === "b" ? 2 : 8) : `${value}`;
    if (verb === "x") return hex(value);
    return verb === "X" ? hex(value).toUpperCase() : shown(value);
  });
}

function hex(value: unknown): string {
  if (typeof value === "bigint") return value.toString(16);
  const bytes = typeof value === "string" ? encode(value) : value;
  if (!(bytes instanceof Uint8Array)) return String(value);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A value as `%s` prints it. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (
    value instanceof Map ||
    (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
  ) {
    const entries = value instanceof Map ? [...value.entries()] : Object.entries(value);
    return `{${entries.map(([key, one]) => `${key}: ${shown(one)}`).join(", ")}}`;
  }
  const { toISOString } = (value ?? {}) as { toISOString?: () => string };
  // Timestamps.
  return toISOString === undefined
    ? String(value)
    : toISOString
        .call(value)
        .replace(/\.000Z$/, "Z")
        .replace(/(\.\d*[1-9])0+Z$/, "$1Z");
}
