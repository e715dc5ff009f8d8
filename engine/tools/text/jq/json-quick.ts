/** The host's own JSON reader, for texts that mean the same to it and to jq. */
import type { Json } from "./json.ts";

/** Deepest nesting that is read here. */
const MAX_DEPTH = 200;

/** A number that jq would write otherwise than the double it is: `1.0`, `1e3`, 16 digits, `-0`. */
const UNUSUAL_NUMBER =
  /\d[,\s\]}](?<=[:,[\s]-?(?:\d{16,}|\d+\.(?:\d*0|\d{15,}|0{4}\d*)|\d+(?:\.\d+)?[eE][-+]?\d+).|[:,[\s]-0.)/;

class Unusual extends Error {}

/** The value of a text that is one array or object; undefined when jq's own reader must have a look. */
export function quickParse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return UNUSUAL_NUMBER.test(text) ? undefined : ordered(value, 0);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Unusual) return undefined;
    throw error;
  }
}

/** Objects as maps. The host puts keys that look like indices first, which only such a first key gives away. */
function ordered(value: unknown, depth: number): Json {
  if (value === null || typeof value !== "object") return value as Json;
  if (depth > MAX_DEPTH) throw new Unusual();
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      if (item !== null && typeof item === "object") value[i] = ordered(item, depth + 1);
    }
    return value;
  }
  const out = new Map<string, Json>();
  for (const key in value) {
    if (out.size === 0) {
      const first = key.charCodeAt(0);
      if (first >= 48 && first <= 57) throw new Unusual();
    }
    const item = (value as Record<string, unknown>)[key];
    out.set(key, item !== null && typeof item === "object" ? ordered(item, depth + 1) : (item as Json));
  }
  return out;
}
