/** The functions and types that every program has. */
import { decode, type Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { attributeOf } from "./attributes.ts";
import { openFile } from "./files.ts";
import type { Interpreter } from "./interpreter.ts";
import { iterator } from "./iteration.ts";
import { binary } from "./operators.ts";
import { formatValue, repr, str } from "./text.ts";
import {
  type Body,
  EXCEPTIONS,
  isKind,
  type Named,
  numeric,
  order,
  PyDict,
  PyFunction,
  PyList,
  PyNative,
  PyObject,
  PyRange,
  PySet,
  PyTuple,
  PyType,
  Raised,
  raised,
  Scope,
  truthy,
  typeError,
  typeName,
  type Value,
} from "./values.ts";

/** In order, by `key` and `reverse`; a stable merge as Python's own sort. */
export function* sorted(items: Iterable<Value>, named: Named, py: Interpreter): Gen<Value[]> {
  const key = named.get("key") ?? null;
  const keyed: [Value, Value][] = [];
  for (const one of items) keyed.push([key === null ? one : yield* py.call(key, [one], new Map()), one]);
  const back = named.get("reverse");
  const way = back !== undefined && truthy(back) ? -1 : 1;
  return keyed.sort(([a], [b]) => way * order(a, b, "<")).map(([, one]) => one);
}

function* items(value: Value | undefined, py: Interpreter): Gen<Value[]> {
  return value === undefined ? [] : [...(yield* py.iterate(value))];
}

function toInt([value = 0n, base]: Value[]): Value {
  if (typeof value === "string") {
    const plain = value.trim().replaceAll("_", "");
    const radix = Number(base ?? 10n);
    const body = plain
      .replace(/^[-+]/, "")
      .toLowerCase()
      .replace(radix === 16 ? /^0x/ : /^(?!)/, "");
    const letters = "0123456789abcdefghijklmnopqrstuvwxyz".slice(0, radix);
    if (body === "" || [...body].some((one) => !letters.includes(one)))
      throw raised("ValueError", `invalid literal for int() with base ${radix}: ${repr(value)}`);
    let out = 0n;
    for (const one of body) out = out * BigInt(radix) + BigInt(letters.indexOf(one));
    return plain.startsWith("-") ? -out : out;
  }
  const number = numeric(value);
  if (number === undefined)
    throw typeError(`int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`);
  return typeof number === "number" ? BigInt(Math.trunc(number)) : number;
}

function toFloat([value = 0]: Value[]): Value {
  if (typeof value === "string") {
    if (!/^\s*[-+]?(?:(?:\d[\d_]*)?\.?\d[\d_]*\.?(?:e[-+]?\d+)?|inf|nan)\s*$/i.test(value))
      throw raised("ValueError", `could not convert string to float: ${repr(value)}`);
    if (/inf/i.test(value)) return value.includes("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    return Number(value.replaceAll("_", ""));
  }
  const number = numeric(value);
  if (number === undefined)
    throw typeError(`float() argument must be a string or a real number, not '${typeName(value)}'`);
  return Number(number);
}

/** Half to even, as Python rounds. */
function rounded([value, digits]: Value[]): Value {
  const number = numeric(value ?? null);
  if (number === undefined) throw typeError(`type ${typeName(value ?? null)} doesn't define __round__ method`);
  if (typeof number === "bigint") return number;
  if (digits !== undefined && digits !== null) return Number(number.toFixed(Number(digits)));
  const floor = Math.floor(number);
  const rest = number - floor;
  return BigInt(rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor);
}

function length([value = null]: Value[]): Value {
  if (typeof value === "string") return BigInt([...value].length);
  if (value instanceof PyList || value instanceof PyTuple) return BigInt(value.items.length);
  if (value instanceof PyDict || value instanceof PySet) return BigInt(value.entries.size);
  if (value instanceof PyRange) return value.length;
  if (value instanceof Uint8Array) return BigInt(value.length);
  throw typeError(`object of type '${typeName(value)}' has no len()`);
}

const extreme = (name: string, way: 1 | -1): Body =>
  function* (args, named, py) {
    const all = args.length > 1 ? args : yield* items(args[0], py);
    if (all.length === 0) {
      const otherwise = named.get("default");
      if (otherwise !== undefined) return otherwise;
      throw raised("ValueError", `${name}() arg is an empty sequence`);
    }
    const key = named.get("key") ?? null;
    let best: Value = all[0]!;
    let bestKey: Value = key === null ? best : yield* py.call(key, [best], new Map());
    for (const one of all.slice(1)) {
      const mine = key === null ? one : yield* py.call(key, [one], new Map());
      if (way * order(mine, bestKey, way > 0 ? ">" : "<") > 0) [best, bestKey] = [one, mine];
    }
    return best;
  };

function isInstance(value: Value, kind: Value): boolean {
  if (kind instanceof PyTuple) return kind.items.some((one) => isInstance(value, one));
  if (!(kind instanceof PyType)) throw typeError("isinstance() arg 2 must be a type, a tuple of types, or a union");
  if (value instanceof PyObject) return isKind(value.type, kind);
  const name = typeName(value);
  return name === kind.name || kind.name === "object" || (name === "bool" && kind.name === "int");
}

const TYPES: Readonly<Record<string, Body>> = {
  bool: ([value = false]) => truthy(value),
  bytes: ([value]) => (value instanceof Uint8Array ? value : new Uint8Array(0)),
  *dict([source], named, py) {
    const out = new PyDict(source instanceof PyDict ? source.entries.values() : []);
    if (source !== undefined && !(source instanceof PyDict)) {
      for (const pair of yield* py.iterate(source)) {
        const [key, value] = yield* items(pair, py);
        out.set(key!, value!);
      }
    }
    for (const [key, value] of named) out.set(key, value);
    return out;
  },
  float: toFloat,
  int: toInt,
  *list([source], _named, py) {
    return new PyList(yield* items(source, py));
  },
  object: () => new PyObject(new PyType("object", () => null)),
  range([first = 0n, second, step = 1n]) {
    for (const one of [first, second ?? 0n, step])
      if (typeof one !== "bigint") throw typeError(`'${typeName(one)}' object cannot be interpreted as an integer`);
    if (step === 0n) throw raised("ValueError", "range() arg 3 must not be zero");
    return second === undefined
      ? new PyRange(0n, first as bigint, 1n)
      : new PyRange(first as bigint, second as bigint, step as bigint);
  },
  *set([source], _named, py) {
    return new PySet(yield* items(source, py));
  },
  str: ([value = ""], _named) => (value instanceof Uint8Array ? decode(value) : str(value)),
  *tuple([source], _named, py) {
    return new PyTuple(yield* items(source, py));
  },
};

const types = new Map(Object.entries(TYPES).map(([name, make]) => [name, new PyType(name, make)]));

function typeOf([value = null]: Value[]): Value {
  if (value instanceof PyObject) return value.type;
  const name = typeName(value);
  return types.get(name) ?? new PyType(name, () => null);
}

const FUNCTIONS: Readonly<Record<string, Body>> = {
  abs([value = null]) {
    const number = numeric(value);
    if (number === undefined) throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
    return number < 0 ? -number : number;
  },
  *all([source], _named, py) {
    return (yield* items(source, py)).every(truthy);
  },
  *any([source], _named, py) {
    return (yield* items(source, py)).some(truthy);
  },
  bin: ([value]) => `0b${(value as bigint).toString(2)}`,
  callable: ([value = null]) => value instanceof PyNative || value instanceof PyFunction || value instanceof PyType,
  chr: ([value]) => String.fromCodePoint(Number(value)),
  divmod: ([a = 0n, b = 1n]) => new PyTuple([binary("//", a, b), binary("%", a, b)]),
  *enumerate([source, start], named, py) {
    const first = (start ?? named.get("start") ?? 0n) as bigint;
    return iterator((yield* items(source, py)).map((one, i) => new PyTuple([first + BigInt(i), one])));
  },
  exit: leave,
  *filter([test = null, source], _named, py) {
    const out: Value[] = [];
    for (const one of yield* items(source, py))
      if (truthy(test === null ? one : yield* py.call(test, [one], new Map()))) out.push(one);
    return iterator(out);
  },
  format: ([value = null, spec = ""]) => formatValue(value, str(spec)),
  getattr([value = null, name, otherwise]) {
    try {
      return attributeOf(value, str(name!));
    } catch (error) {
      if (otherwise !== undefined && error instanceof Raised) return otherwise;
      throw error;
    }
  },
  hasattr([value = null, name]) {
    try {
      attributeOf(value, str(name!));
      return true;
    } catch (error) {
      if (error instanceof Raised) return false;
      throw error;
    }
  },
  hex: ([value]) => `0x${(value as bigint).toString(16)}`,
  *input([prompt], _named, py) {
    if (prompt !== undefined) yield* sys.print(py.p, str(prompt));
    let line = "";
    for (;;) {
      const bytes = yield* sys.read(py.p, 0, 1);
      if (bytes.length === 0 && line === "") throw raised("EOFError", "EOF when reading a line");
      const one = decode(bytes);
      if (bytes.length === 0 || one === "\n") return line;
      line += one;
    }
  },
  isinstance: ([value = null, kind = null]) => isInstance(value, kind),
  *iter([source], _named, py) {
    return iterator(yield* items(source, py));
  },
  len: length,
  *map([test = null, ...sources], _named, py) {
    const all: Value[][] = [];
    for (const source of sources) all.push(yield* items(source, py));
    const out: Value[] = [];
    for (let i = 0; all.every((one) => i < one.length); i++)
      out.push(
        yield* py.call(
          test,
          all.map((one) => one[i]!),
          new Map(),
        ),
      );
    return iterator(out);
  },
  max: extreme("max", 1),
  min: extreme("min", -1),
  next([source = null, otherwise]) {
    const left = source instanceof PyObject ? source.attributes.get("__iter__") : undefined;
    if (!(left instanceof PyList)) throw typeError(`'${typeName(source)}' object is not an iterator`);
    if (left.items.length > 0) return left.items.shift()!;
    if (otherwise !== undefined) return otherwise;
    throw raised("StopIteration");
  },
  open: openFile,
  ord: ([value]) => BigInt(str(value!).codePointAt(0)!),
  pow: ([a = 0n, b = 0n]) => binary("**", a, b),
  *print(args, named, py) {
    const end = named.get("end") ?? null;
    const separator = named.get("sep") ?? null;
    const line = args.map(str).join(separator === null ? " " : str(separator)) + (end === null ? "\n" : str(end));
    const file = named.get("file") ?? null;
    if (file === null) yield* sys.print(py.p, line);
    else yield* py.call(attributeOf(file, "write"), [line], new Map());
    return null;
  },
  quit: leave,
  repr: ([value = null]) => repr(value),
  *reversed([source], _named, py) {
    return iterator((yield* items(source, py)).reverse());
  },
  round: rounded,
  *sorted([source], named, py) {
    return new PyList(yield* sorted(yield* items(source, py), named, py));
  },
  *sum([source, start = 0n], _named, py) {
    let out = start;
    for (const one of yield* items(source, py)) out = binary("+", out, one);
    return out;
  },
  type: typeOf,
  *zip(sources, _named, py) {
    const all: Value[][] = [];
    for (const source of sources) all.push(yield* items(source, py));
    const shortest = Math.min(...all.map((one) => one.length));
    return iterator(
      Array.from({ length: all.length === 0 ? 0 : shortest }, (_, i) => new PyTuple(all.map((one) => one[i]!))),
    );
  },
};

/** exit() and sys.exit(): an exception that nobody need catch. */
export function leave([status = null]: Value[]): never {
  throw raised("SystemExit", ...(status === null ? [] : [status]));
}

/** A scope of all of them, for one run. */
export function builtins(): Scope {
  const scope = new Scope();
  for (const [name, body] of Object.entries(FUNCTIONS)) scope.set(name, new PyNative(name, body));
  for (const [name, type] of types) scope.set(name, type);
  for (const [name, type] of EXCEPTIONS) if (!name.includes(".")) scope.set(name, type);
  scope.set("IOError", EXCEPTIONS.get("OSError")!);
  scope.set("__name__", "__main__");
  return scope;
}
