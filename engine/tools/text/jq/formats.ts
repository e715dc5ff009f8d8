/** jq's string formats: @text @json @csv @tsv @html @uri @sh @base64 @base64d. */
import { decode, encode } from "../../../kernel/index.ts";
import { brief, dump } from "./dump.ts";
import { type Json, kind } from "./json.ts";
import { JqError } from "./stream.ts";

export function toText(v: Json): string {
  return typeof v === "string" ? v : dump(v);
}

export function formatValue(name: string, v: Json): Json {
  switch (name) {
    case "text":
      return toText(v);
    case "json":
      return dump(v);
    case "csv":
    case "tsv": {
      if (!Array.isArray(v)) throw new JqError(`${kind(v)} (${brief(v)}) cannot be ${name}-formatted, only array`);
      return v
        .map((cell) => {
          if (cell === null) return "";
          if (typeof cell === "string")
            return name === "csv"
              ? `"${cell.split('"').join('""')}"`
              : !/[\\\t\n\r]/.test(cell)
                ? cell
                : cell.split("\\").join("\\\\").split("\t").join("\\t").split("\n").join("\\n").split("\r").join("\\r");
          if (Array.isArray(cell) || cell instanceof Map)
            throw new JqError(`${kind(cell)} (${brief(cell)}) is not valid in a csv row`);
          return dump(cell);
        })
        .join(name === "csv" ? "," : "\t");
    }
    case "html":
      return toText(v).replace(
        /[<>&'"]/g,
        (char) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&apos;", '"': "&quot;" })[char]!,
      );
    case "uri": {
      let out = "";
      for (const byte of encode(toText(v))) {
        const char = String.fromCharCode(byte);
        out += /[A-Za-z0-9\-_.~]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
      }
      return out;
    }
    case "sh": {
      const one = (cell: Json): string => {
        if (Array.isArray(cell) || cell instanceof Map)
          throw new JqError(`${kind(cell)} (${brief(cell)}) can not be escaped for shell`);
        return typeof cell === "string" ? `'${cell.split("'").join("'\\''")}'` : dump(cell);
      };
      return Array.isArray(v) ? v.map(one).join(" ") : one(v);
    }
    case "base64":
      return encodeBase64(encode(toText(v)));
    case "base64d": {
      const text = toText(v);
      const bytes = decodeBase64(text);
      if (bytes === undefined) {
        const trailing = /^[A-Za-z0-9+/]*$/.test(text) && text.length % 4 === 1;
        const why = trailing ? "trailing base64 byte found" : "is not valid base64 data";
        throw new JqError(`${kind(v)} (${brief(v)}) ${why}`);
      }
      return decode(bytes);
    }
    default:
      throw new JqError(`${name} is not a valid format`);
  }
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function encodeBase64(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const chunk = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const left = bytes.length - i;
    out += ALPHABET[chunk >> 18]! + ALPHABET[(chunk >> 12) & 63]!;
    out += (left > 1 ? ALPHABET[(chunk >> 6) & 63]! : "=") + (left > 2 ? ALPHABET[chunk & 63]! : "=");
  }
  return out;
}

/** Bytes of a base64 text; undefined when it holds other characters. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const out: number[] = [];
  let bits = 0;
  let count = 0;
  for (const char of text) {
    if (char === "=") break;
    const value = ALPHABET.indexOf(char);
    if (value < 0) return undefined;
    bits = (bits << 6) | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push((bits >> count) & 255);
    bits &= (1 << count) - 1;
  }
  if (count >= 6) return undefined;
  return Uint8Array.from(out);
}
