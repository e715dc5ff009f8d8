/** jq's binary operators. */
import { brief } from "./dump.ts";
import { compare, isNumber, type Json, type JsonObject, kind, numeric } from "./json.ts";
import { JqError } from "./stream.ts";

/** Two values under an operator, with jq's rules for every pair of kinds. */
export function binary(op: string, a: Json, b: Json): Json {
  switch (op) {
    case "==":
      return compare(a, b) === 0;
    case "!=":
      return compare(a, b) !== 0;
    case "<":
      return compare(a, b) < 0;
    case "<=":
      return compare(a, b) <= 0;
    case ">":
      return compare(a, b) > 0;
    case ">=":
      return compare(a, b) >= 0;
    default:
  }
  const both = `${kind(a)} (${brief(a)}) and ${kind(b)} (${brief(b)})`;
  const numbers = isNumber(a) && isNumber(b);
  switch (op) {
    case "+":
      if (a === null) return b;
      if (b === null) return a;
      if (numbers) return numeric(a) + numeric(b);
      if (typeof a === "string" && typeof b === "string") return a + b;
      if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
      if (a instanceof Map && b instanceof Map) return new Map([...a, ...b]);
      throw new JqError(`${both} cannot be added`);
    case "-":
      if (numbers) return numeric(a) - numeric(b);
      if (Array.isArray(a) && Array.isArray(b))
        return a.filter((item) => !b.some((other) => compare(item, other) === 0));
      throw new JqError(`${both} cannot be subtracted`);
    case "*": {
      if (numbers) return numeric(a) * numeric(b);
      const [text, count] = typeof a === "string" ? [a, b] : [b, a];
      if (typeof text === "string" && isNumber(count)) {
        const times = numeric(count);
        return times >= 0 ? text.repeat(Math.floor(times)) : null;
      }
      if (a instanceof Map && b instanceof Map) return merge(a, b);
      throw new JqError(`${both} cannot be multiplied`);
    }
    case "/":
      if (numbers) {
        if (numeric(b) === 0) throw new JqError(`${both} cannot be divided because the divisor is zero`);
        return numeric(a) / numeric(b);
      }
      if (typeof a === "string" && typeof b === "string") return a === "" ? [] : b === "" ? [...a] : a.split(b);
      throw new JqError(`${both} cannot be divided`);
    case "%": {
      if (!numbers) throw new JqError(`${both} cannot be divided`);
      const [x, y] = [Math.trunc(numeric(a)), Math.trunc(numeric(b))];
      if (Math.abs(x) >= 2 ** 63 || Math.abs(y) >= 2 ** 63) {
        // Integers of 64 bits, which stop at their limits (dtoi).
        return Number.isNaN(x) || Number.isNaN(y) ? Number.NaN : Number(wide(x) % wide(y));
      }
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
      if (y === 0) throw new JqError(`${both} cannot be divided (remainder) because the divisor is zero`);
      const result = Math.abs(x) % Math.abs(y);
      return x < 0 && result !== 0 ? -result : result;
    }
    default:
      throw new JqError(`unknown operator ${op}`);
  }
}

function wide(x: number): bigint {
  if (x >= 2 ** 63) return 2n ** 63n - 1n;
  return x < -(2 ** 63) ? -(2n ** 63n) : BigInt(x);
}

function merge(a: JsonObject, b: JsonObject): JsonObject {
  const out: JsonObject = new Map(a);
  for (const [key, value] of b) {
    const old = out.get(key);
    out.set(key, old instanceof Map && value instanceof Map ? merge(old, value) : value);
  }
  return out;
}
