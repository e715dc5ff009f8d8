/** The functions of Go templates (text/template funcs.go), and those that kubectl adds (cli-runtime printers). */

import { base64Mistake, decode, decodeBase64, encode } from "../../../kernel/index.ts";
import { compareStrings } from "../go.ts";
import { htmlEscape, jsEscape, queryEscape } from "./escape.ts";
import { formatted, sprint, sprintf, sprintln } from "./fmt.ts";
import {
  boxed,
  Complex128,
  floatOf,
  type GoValue,
  integerOf,
  isTrue,
  kindOf,
  typeOf,
  Uint8,
  unboxed,
} from "./values.ts";

/** What a parameter takes: a string, anything by its value, or anything as it lies in its list (reflect.Value). */
export type Parameter = "string" | "any" | "value";

export interface GoFunction {
  parameters: readonly Parameter[];
  /** Any number of arguments more. */
  rest?: Parameter;
  /** `and`, `or`: the truth at which arguments are no longer looked at. */
  shortCircuit?: boolean;
  /** Throws CallError. */
  call(...args: GoValue[]): GoValue;
}

/** What a function complains about. */
export class CallError extends Error {}

const comparing = (test: (left: GoValue, right: GoValue) => boolean): GoFunction => ({
  parameters: ["value", "value"],
  call: (left, right) => test(unboxed(left), unboxed(right)),
});

const texts = (turn: (text: string) => string): GoFunction => ({
  parameters: [],
  rest: "any",
  call: (...args) => turn(sprint(args.map((arg) => (arg === undefined ? "<no value>" : arg)))),
});

const writing = (write: (args: GoValue[]) => string): GoFunction => ({
  parameters: [],
  rest: "any",
  call: (...args) => write(args),
});

const logic = (shortCircuit: boolean): GoFunction => ({
  parameters: ["value"],
  rest: "value",
  shortCircuit,
  call: () => undefined,
});

/** By their names. */
export const functions: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ["and", logic(false)],
  ["or", logic(true)],
  ["not", { parameters: ["value"], call: (value) => !isTrue(value) }],
  ["call", { parameters: ["value"], rest: "value", call: callValue }],
  ["eq", { parameters: ["value"], rest: "value", call: equalsAny }],
  ["ne", comparing((left, right) => !equals(left, right))],
  ["lt", comparing(less)],
  ["le", comparing((left, right) => less(left, right) || equals(left, right))],
  ["gt", comparing((left, right) => !(less(left, right) || equals(left, right)))],
  ["ge", comparing((left, right) => !less(left, right))],
  ["len", { parameters: ["value"], call: length }],
  ["index", { parameters: ["value"], rest: "value", call: index }],
  ["slice", { parameters: ["value"], rest: "value", call: slice }],
  ["print", writing(sprint)],
  ["println", writing(sprintln)],
  ["printf", { parameters: ["string"], rest: "any", call: (format, ...args) => sprintf(format as string, args) }],
  ["html", texts(htmlEscape)],
  ["js", texts(jsEscape)],
  ["urlquery", texts(queryEscape)],
  ["exists", { parameters: ["any"], rest: "any", call: exists }],
  ["base64decode", { parameters: ["string"], call: (text) => base64decode(text as string) }],
]);

// ---- comparisons ----------------------------------------------------------------------------------------------------

const BASIC = ["bool", "int", "uint", "float", "complex", "string"];
const isWhole = (kind: string) => kind === "int" || kind === "uint";

function equalsAny(first: GoValue, ...others: GoValue[]): boolean {
  if (others.length === 0) throw new CallError("missing argument for comparison");
  return others.some((other) => equals(unboxed(first), unboxed(other)));
}

function equals(left: GoValue, right: GoValue): boolean {
  const [a, b] = [kindOf(left), kindOf(right)];
  if (isWhole(a) && isWhole(b)) return integerOf(left) === integerOf(right);
  if (BASIC.includes(a) && a === b) {
    if (a === "float") return floatOf(left) === floatOf(right);
    if (left instanceof Complex128 && right instanceof Complex128) {
      return left.real === right.real && left.imaginary === right.imaginary;
    }
    return left === right;
  }
  if (a === "invalid" || b === "invalid") return a === b;
  if (BASIC.includes(a) || BASIC.includes(b)) throw new CallError("incompatible types for comparison");
  if (a !== b) {
    throw new CallError(
      `non-comparable types ${formatted(left, "s")}: ${typeOf(left)}, ${typeOf(right)}: ${formatted(right, "v")}`,
    );
  }
  throw new CallError(`non-comparable type ${formatted(right, "s")}: ${typeOf(right)}`);
}

function less(left: GoValue, right: GoValue): boolean {
  const [a, b] = [kindOf(left), kindOf(right)];
  if (!BASIC.includes(a) || !BASIC.includes(b)) throw new CallError("invalid type for comparison");
  if (isWhole(a) && isWhole(b)) return integerOf(left) < integerOf(right);
  if (a !== b) throw new CallError("incompatible types for comparison");
  if (a === "float") return floatOf(left) < floatOf(right);
  if (a === "string") return compareStrings(left as string, right as string) < 0;
  throw new CallError("invalid type for comparison");
}

// ---- parts ----------------------------------------------------------------------------------------------------------

function length(item: GoValue): bigint {
  const value = unboxed(item);
  if (value === undefined) {
    throw new CallError(
      item === undefined ? "reflect: call of reflect.Value.Type on zero Value" : "len of nil pointer",
    );
  }
  switch (kindOf(value)) {
    case "string":
      return BigInt(encode(value as string).length);
    case "slice":
      return BigInt((value as unknown[]).length);
    case "map":
      return BigInt(Object.keys(value as object).length);
  }
  throw new CallError(`len of type ${typeOf(value)}`);
}

/** A position in something of this capacity. */
function position(index: GoValue, capacity: number): number {
  const kind = kindOf(index);
  if (kind === "invalid") throw new CallError("cannot index slice/array with nil");
  if (!isWhole(kind)) throw new CallError(`cannot index slice/array with type ${typeOf(index)}`);
  const at = integerOf(index);
  if (at < 0n || at > BigInt(capacity)) throw new CallError(`index out of range: ${at}`);
  return Number(at);
}

function index(item: GoValue, ...indexes: GoValue[]): GoValue {
  let value = unboxed(item);
  if (value === undefined) throw new CallError("index of untyped nil");
  let found: GoValue = item;
  for (const each of indexes.map(unboxed)) {
    if (value === undefined) throw new CallError("index of nil pointer");
    const kind = kindOf(value);
    if (kind === "string" || kind === "slice") {
      const list: ArrayLike<unknown> = kind === "string" ? encode(value as string) : (value as unknown[]);
      const at = position(each, list.length);
      const what = kind === "string" ? "string" : "slice";
      if (at === list.length) throw new CallError(`reflect: ${what} index out of range`);
      found = kind === "string" ? new Uint8(list[at] as number) : boxed(list[at]);
    } else if (kind === "map") {
      if (each === undefined) throw new CallError("value is nil; should be of type string");
      if (typeof each !== "string") throw new CallError(`value has type ${typeOf(each)}; should be string`);
      found = boxed(Object.hasOwn(value as object, each) ? (value as Record<string, unknown>)[each] : undefined);
    } else throw new CallError(`can't index item of type ${typeOf(value)}`);
    value = unboxed(found);
  }
  return found;
}

/** How much a list that was decoded element by element has room for: it doubles. */
function capacityOf(list: readonly unknown[]): number {
  let capacity = list.length === 0 ? 0 : 1;
  while (capacity < list.length) capacity *= 2;
  return capacity;
}

function slice(item: GoValue, ...indexes: GoValue[]): GoValue {
  const value = unboxed(item);
  if (value === undefined) throw new CallError("slice of untyped nil");
  if (indexes.length > 3) throw new CallError(`too many slice indexes: ${indexes.length}`);
  const isString = typeof value === "string";
  if (!isString && !Array.isArray(value)) throw new CallError(`can't slice item of type ${typeOf(value)}`);
  if (isString && indexes.length === 3) throw new CallError("cannot 3-index slice a string");
  const list = isString ? encode(value) : value;
  const capacity = isString ? list.length : capacityOf(value as unknown[]);
  const [from = 0, to = list.length, most = to] = indexes.map((each) => position(each, capacity));
  if (from > to) throw new CallError(`invalid slice index: ${from} > ${to}`);
  if (to > most) throw new CallError(`invalid slice index: ${to} > ${most}`);
  if (list instanceof Uint8Array) return decode(list.subarray(from, to));
  return Array.from({ length: to - from }, (_, i) => list[from + i]);
}

function callValue(name: GoValue, fn: GoValue): never {
  const value = unboxed(fn);
  if (value === undefined) throw new CallError("call of nil");
  throw new CallError(`non-function ${name} of type ${typeOf(value)}`);
}

// ---- kubectl's own --------------------------------------------------------------------------------------------------

/** `index` with these arguments would find something. */
function exists(item: GoValue, ...indexes: GoValue[]): boolean {
  let value = item;
  let isNil = false;
  for (const each of indexes) {
    const kind = kindOf(value);
    if (isNil || !["string", "slice", "map"].includes(kind)) return false;
    if (kind === "map") {
      const key = each ?? "";
      if (typeof key !== "string") return false;
      const map = value as Record<string, GoValue>;
      value = Object.hasOwn(map, key) ? (map[key] ?? undefined) : undefined;
    } else {
      const list: ArrayLike<unknown> = kind === "string" ? encode(value as string) : (value as unknown[]);
      if (!isWhole(kindOf(each))) return false;
      const at = integerOf(each);
      if (at < 0n || at >= BigInt(list.length)) return false;
      const found = list[Number(at)];
      value = kind === "string" ? new Uint8(found as number) : ((found ?? undefined) as GoValue);
    }
    isNil = value === undefined;
  }
  return !isNil;
}

function base64decode(text: string): string {
  const at = base64Mistake(text);
  if (at !== undefined) throw new CallError(`base64 decode failed: illegal base64 data at input byte ${at}`);
  return decode(decodeBase64(text.replace(/[\r\n]/g, "")) ?? new Uint8Array(0));
}
