/** JSON values of jq: objects keep their keys' order, number literals their digits (jq 1.7). */
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

/** A whole number as it is written; undefined for others. */
function wholeOf(v: Json): bigint | undefined {
  const text = v instanceof Literal ? v.text : String(v);
  const match = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]\+?(\d{1,4}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign = "", digits = "", fraction = "", exponent = "0"] = match;
  const zeros = Number(exponent) - fraction.length;
  return zeros < 0 ? undefined : BigInt(`${sign}${digits}${fraction}${"0".repeat(zeros)}`);
}

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
      if (x !== y) return x < y || Number.isNaN(x) ? -1 : 1;
      // Beyond what a double tells apart, numbers that nobody has worked with are what they were written as.
      if (Math.abs(x) < 2 ** 53 || !(a instanceof Literal || b instanceof Literal)) return 0;
      const [left, right] = [wholeOf(a), wholeOf(b)];
      return left === undefined || right === undefined || left === right ? 0 : left < right ? -1 : 1;
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
