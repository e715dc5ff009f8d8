import { encode } from "../../../../kernel/index.ts";
import { sprint } from "../../../kubectl/go.ts";
import { sprintf as goSprintf } from "../../../kubectl/template/fmt.ts";
import type { GoValue } from "../../../kubectl/template/values.ts";
import { FunctionError, goType, isMap, Refusal, type TemplateFunction, truth, type Value } from "../exec.ts";

/** Text of a value as sprig's strval has it. */
export const text = (value: Value): string => (value === null || value === undefined ? "" : sprint(value));

/** A list, or an error as sprig's of a value that is none. */
export function list(value: Value, name: string): Value[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new FunctionError(`Cannot ${name} on type ${goType(value)}`);
  return value;
}

function order(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  throw new FunctionError("incompatible types for comparison");
}

function equal(a: Value, b: Value): boolean {
  const basic = (value: Value) => typeof value !== "object" || value === null;
  if (!basic(a) || !basic(b)) throw new FunctionError("non-comparable type");
  if (a === undefined || b === undefined || a === null || b === null) return (a ?? null) === (b ?? null);
  if (typeof a !== typeof b) throw new FunctionError("incompatible types for comparison");
  return a === b;
}

/** fmt.Sprintf: a whole number of a template is an int. */
function sprintf([format, ...values]: readonly Value[]): string {
  const args = values.map((value) => (Number.isInteger(value) ? BigInt(value as number) : (value ?? undefined)));
  return goSprintf(String(format), args as GoValue[]);
}

function index(from: Value, keys: readonly Value[]): Value {
  let at = from;
  for (const key of keys) {
    if (at === null || at === undefined) throw new FunctionError("index of untyped nil");
    if (Array.isArray(at) || typeof at === "string") {
      if (typeof key !== "number") throw new FunctionError(`cannot index slice/array with type ${goType(key)}`);
      if (key < 0 || key >= at.length) throw new FunctionError(`index out of range: ${key}`);
      at = at[key] as Value;
    } else if (isMap(at)) {
      if (typeof key !== "string") throw new FunctionError(`value has type ${goType(key)}; should be string`);
      at = Object.hasOwn(at, key) ? at[key] : undefined;
    } else throw new FunctionError(`can't index item of type ${goType(at)}`);
  }
  return at;
}

const HTML: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };

/** fmt.Sprint: a space between operands of which neither is a string. */
function print(args: readonly Value[]): string {
  return args
    .map(
      (value, i) => (i > 0 && typeof value !== "string" && typeof args[i - 1] !== "string" ? " " : "") + sprint(value),
    )
    .join("");
}

/** Functions of text/template itself, and of sprig about defaults, types and numbers. */
export const BASIC: Readonly<Record<string, TemplateFunction>> = {
  and: () => undefined,
  or: () => undefined,
  not: ([value]) => !truth(value),
  eq: ([first, ...others]) => {
    if (others.length === 0) throw new FunctionError("missing argument for comparison");
    return others.some((other) => equal(first, other));
  },
  ne: ([a, b]) => !equal(a, b),
  lt: ([a, b]) => order(a, b) < 0,
  le: ([a, b]) => order(a, b) <= 0,
  gt: ([a, b]) => order(a, b) > 0,
  ge: ([a, b]) => order(a, b) >= 0,
  len: ([value]) => {
    if (typeof value === "string" || Array.isArray(value))
      return typeof value === "string" ? encode(value).length : value.length;
    if (isMap(value)) return Object.keys(value).length;
    throw new FunctionError(
      value === null || value === undefined ? "len of nil pointer" : `len of type ${goType(value)}`,
    );
  },
  index: ([from, ...keys]) => index(from, keys),
  slice: ([from, start, end]) =>
    (from as string | Value[]).slice(Number(start ?? 0), end === undefined ? undefined : Number(end)),
  print: (args) => print(args),
  println: (args) => `${args.map(sprint).join(" ")}\n`,
  printf: sprintf,
  html: (args) => print(args).replace(/[&<>"']/g, (char) => HTML[char]!),
  js: (args) =>
    print(args)
      .replace(/[\\'"]/g, "\\$&")
      .replace(/[<>&=]/g, (char) => `\\u00${char.charCodeAt(0).toString(16).toUpperCase()}`)
      .replace(/\n/g, "\\n"),
  urlquery: (args) => encodeURIComponent(print(args)).replace(/%20/g, "+"),
  call: ([callee, ...args]) => (callee as (...given: Value[]) => Value)(...args),

  default: (args) => (args.length > 1 && truth(args[1]) ? args[1] : args[0]),
  empty: ([value]) => !truth(value),
  coalesce: (args) => args.find(truth) ?? null,
  all: (args) => args.every(truth),
  any: (args) => args.some(truth),
  ternary: ([yes, no, test]) => (test === true ? yes : no),
  required: ([message, value]) => {
    if (value === null || value === undefined || value === "") throw new Refusal(text(message));
    return value;
  },
  fail: ([message]) => {
    throw new Refusal(text(message));
  },

  kindOf: ([value]) => kind(value),
  kindIs: ([name, value]) => kind(value) === name,
  typeOf: ([value]) => (value === null || value === undefined ? "<nil>" : goType(value)),
  typeIs: ([name, value]) => goType(value) === name,
  typeIsLike: ([name, value]) => goType(value) === name || `*${goType(value)}` === name,
  deepEqual: ([a, b]) => same(a, b),

  toString: ([value]: Value[]) => text(value),
  int: ([value]) => whole(value),
  int64: ([value]) => whole(value),
  float64: ([value]) => number(value),
  atoi: ([value]) => whole(value),
  toDecimal: ([value]) => Number.parseInt(text(value), 8) || 0,
  add: (args) => args.reduce<number>((sum, value) => sum + whole(value), 0),
  add1: ([value]) => whole(value) + 1,
  sub: ([a, b]) => whole(a) - whole(b),
  mul: (args) => args.reduce<number>((product, value) => product * whole(value), 1),
  div: ([a, b]) => divided(a, b, (x, y) => Math.trunc(x / y)),
  mod: ([a, b]) => divided(a, b, (x, y) => x % y),
  max: (args) => Math.max(...args.map(whole)),
  biggest: (args) => Math.max(...args.map(whole)),
  min: (args) => Math.min(...args.map(whole)),
  addf: (args) => args.reduce<number>((sum, value) => sum + number(value), 0),
  add1f: ([value]) => number(value) + 1,
  subf: ([first, ...rest]) => rest.reduce<number>((left, value) => left - number(value), number(first)),
  mulf: (args) => args.reduce<number>((product, value) => product * number(value), 1),
  divf: ([first, ...rest]) => rest.reduce<number>((left, value) => left / number(value), number(first)),
  maxf: (args) => Math.max(...args.map(number)),
  minf: (args) => Math.min(...args.map(number)),
  ceil: ([value]) => Math.ceil(number(value)),
  floor: ([value]) => Math.floor(number(value)),
  round: ([value, digits]) => {
    const scale = Number(`1e${Math.min(15, Math.max(0, whole(digits)))}`);
    return Math.round(number(value) * scale) / scale;
  },
  until: ([count]) => range(0, whole(count), whole(count) < 0 ? -1 : 1),
  untilStep: ([start, stop, step]) => range(whole(start), whole(stop), whole(step)),
  seq: (args) => {
    const [a = 0, b, c] = args.map(whole);
    if (args.length === 0) return "";
    const [start, step, stop] =
      c === undefined ? (b === undefined ? [1, a < 1 ? -1 : 1, a] : [a, b < a ? -1 : 1, b]) : [a, b!, c];
    return range(start, stop + Math.sign(step), step).join(" ");
  },
};

function divided(a: Value, b: Value, by: (x: number, y: number) => number): number {
  if (whole(b) === 0) throw new FunctionError("runtime error: integer divide by zero");
  return by(whole(a), whole(b));
}

const MOST_NUMBERS = 100_000;

function range(start: number, stop: number, step: number): number[] {
  const out: number[] = [];
  if (step === 0 || (step > 0 ? stop < start : stop > start)) return out;
  if ((stop - start) / step > MOST_NUMBERS) throw new FunctionError("too many numbers");
  for (let i = start; step > 0 ? i < stop : i > stop; i += step) out.push(i);
  return out;
}

/** spf13/cast ToInt64: what is no number counts as 0. */
export function whole(value: Value): number {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string") {
    const trimmed = /^[+-]?\d+$/.test(value) ? Number(value) : /^0[xX][\da-fA-F]+$/.test(value) ? Number(value) : 0;
    return /^[+-]?0\d+$/.test(value) ? Number.parseInt(value, /[89]/.test(value) ? 10 : 8) : trimmed;
  }
  return typeof value === "number" && Number.isFinite(value) ? Math.trunc(value) : 0;
}

function number(value: Value): number {
  if (typeof value === "string") return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : 0;
  return typeof value === "number" ? value : value === true ? 1 : 0;
}

function kind(value: Value): string {
  if (value === null || value === undefined) return "invalid";
  if (Array.isArray(value)) return "slice";
  return typeof value === "object" ? "map" : goType(value);
}

/** Whether two values are alike all through. */
export function same(a: Value, b: Value): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (isMap(a) && isMap(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
  }
  return (a ?? null) === (b ?? null);
}
