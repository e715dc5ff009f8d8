import { pow } from "../../text/math.ts";
import { str } from "./text.ts";
import {
  equal,
  numeric,
  order,
  PyDict,
  PyList,
  PyModule,
  PyObject,
  PyRange,
  PySet,
  PyTuple,
  raised,
  truthy,
  typeError,
  typeName,
  type Value,
} from "./values.ts";

/** A place in a sequence by an int that may count from the end; throws IndexError. */
export function indexed(at: Value, length: number, what: string): number {
  const index = typeof at === "boolean" ? Number(at) : typeof at === "bigint" ? Number(at) : undefined;
  const kind = what.split(" ")[0]!;
  if (index === undefined) {
    const kinds =
      kind === "list" || kind === "tuple"
        ? `${kind} indices must be integers or slices`
        : `${kind} indices must be integers`;
    throw typeError(`${kinds}, not ${at instanceof PyObject ? "slice" : typeName(at)}`);
  }
  const place = index < 0 ? index + length : index;
  if (place < 0 || place >= length) throw raised("IndexError", `${what} index out of range`);
  return place;
}

/** The places of a slice: the first, how many there are, and the step. */
export function sliceOf(slice: PyObject, length: number): { from: number; count: number; step: number } {
  const part = (name: string) => {
    const value = slice.attributes.get(name) ?? null;
    return value === null ? undefined : Number(value);
  };
  const step = part("step") ?? 1;
  if (step === 0) throw raised("ValueError", "slice step cannot be zero");
  const clamp = (value: number) => {
    const place = value < 0 ? value + length : value;
    return Math.min(Math.max(place, step < 0 ? -1 : 0), step < 0 ? length - 1 : length);
  };
  const [from, to] = [part("from"), part("to")];
  const first = from === undefined ? (step < 0 ? length - 1 : 0) : clamp(from);
  const end = to === undefined ? (step < 0 ? -1 : length) : clamp(to);
  return { from: first, count: Math.max(0, Math.ceil((end - first) / step)), step };
}

function pick<T>(items: ArrayLike<T>, slice: PyObject): T[] {
  const { from, count, step } = sliceOf(slice, items.length);
  return Array.from({ length: count }, (_, i) => items[from + i * step]!);
}

function item(of: Value, at: Value): Value {
  if (of instanceof PyDict) {
    const value = of.get(at);
    if (value === undefined) throw raised("KeyError", at);
    return value;
  }
  const slice = at instanceof PyObject && at.type.name === "slice" ? at : undefined;
  if (of instanceof PyList)
    return slice ? new PyList(pick(of.items, slice)) : of.items[indexed(at, of.items.length, "list")]!;
  if (of instanceof PyTuple)
    return slice ? new PyTuple(pick(of.items, slice)) : of.items[indexed(at, of.items.length, "tuple")]!;
  if (typeof of === "string") {
    const letters = [...of];
    return slice ? pick(letters, slice).join("") : letters[indexed(at, letters.length, "string")]!;
  }
  if (of instanceof Uint8Array)
    return slice ? Uint8Array.from(pick(of, slice)) : BigInt(of[indexed(at, of.length, "index")]!);
  if (of instanceof PyRange) return [...of][indexed(at, Number(of.length), "range object")]!;
  const group = of instanceof PyObject ? of.attributes.get("__groups__") : undefined;
  if (group instanceof PyTuple) return group.items[indexed(at, group.items.length, "no such group")]!;
  throw typeError(`'${typeName(of)}' object is not subscriptable`);
}

const unsupported = (operator: string, a: Value, b: Value) =>
  typeError(`unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`);

/** Most elements of a list that is made at once, and most bits of a number: more there is no memory for. */
const MOST_ELEMENTS = 5_000_000;
const MOST_BITS = 20_000_000n;

function repeated(a: Value, times: bigint): Value | undefined {
  const count = Math.max(0, Number(times));
  const length = a instanceof PyList || a instanceof PyTuple ? a.items.length : 0;
  if (length * count > MOST_ELEMENTS) throw raised("MemoryError", "");
  if (typeof a === "string") return a.repeat(Math.min(count, 10_000_000));
  if (a instanceof PyList) return new PyList(Array.from({ length: count }, () => a.items).flat());
  if (a instanceof PyTuple) return new PyTuple(Array.from({ length: count }, () => a.items).flat());
  return undefined;
}

/** `a operator b`; `[]` is an item. */
export function binary(operator: string, a: Value, b: Value): Value {
  if (operator === "[]") return item(a, b);
  if (operator === "%" && typeof a === "string") return percent(a, b);
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== undefined && y !== undefined) {
    if (typeof a === "boolean" && typeof b === "boolean" && "&|^".includes(operator)) {
      if (operator === "&") return a && b;
      return operator === "|" ? a || b : a !== b;
    }
    return typeof x === "bigint" && typeof y === "bigint"
      ? integers(operator, x, y)
      : floats(operator, Number(x), Number(y), a, b);
  }
  if (operator === "*") {
    const made = typeof y === "bigint" ? repeated(a, y) : typeof x === "bigint" ? repeated(b, x) : undefined;
    if (made !== undefined) return made;
  }
  if (operator === "+") {
    if (typeof a === "string" && typeof b === "string") return a + b;
    if (a instanceof PyList && b instanceof PyList) return new PyList([...a.items, ...b.items]);
    if (a instanceof PyTuple && b instanceof PyTuple) return new PyTuple([...a.items, ...b.items]);
    if (a instanceof Uint8Array && b instanceof Uint8Array) return Uint8Array.from([...a, ...b]);
    if (typeof a === "string") throw typeError(`can only concatenate str (not "${typeName(b)}") to str`);
    if (a instanceof PyList) throw typeError(`can only concatenate list (not "${typeName(b)}") to list`);
  }
  if (a instanceof PySet && b instanceof PySet) {
    const [mine, theirs] = [[...a.entries.values()], [...b.entries.values()]];
    if (operator === "|") return new PySet([...mine, ...theirs]);
    if (operator === "&") return new PySet(mine.filter((one) => b.has(one)));
    if (operator === "-") return new PySet(mine.filter((one) => !b.has(one)));
    if (operator === "^")
      return new PySet([...mine.filter((one) => !b.has(one)), ...theirs.filter((one) => !a.has(one))]);
  }
  if (operator === "|" && a instanceof PyDict && b instanceof PyDict)
    return new PyDict([...a.entries.values(), ...b.entries.values()]);
  const own =
    (a instanceof PyObject ? a.binary?.(operator, b, false) : undefined) ??
    (b instanceof PyObject ? b.binary?.(operator, a, true) : undefined);
  if (own !== undefined) return own;
  throw unsupported(operator, a, b);
}

function integers(operator: string, x: bigint, y: bigint): Value {
  switch (operator) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "/":
      if (y === 0n) throw raised("ZeroDivisionError", "division by zero");
      return Number(x) / Number(y);
    case "//":
    case "%": {
      if (y === 0n)
        throw raised(
          "ZeroDivisionError",
          operator === "%" ? "integer modulo by zero" : "integer division or modulo by zero",
        );
      const rest = ((x % y) + y) % y;
      return operator === "%" ? rest : (x - rest) / y;
    }
    case "**":
      if (y > 100_000n) throw raised("OverflowError", "int too large");
      return y < 0n ? 1 / Number(x ** -y) : x ** y;
    case "&":
      return x & y;
    case "|":
      return x | y;
    case "^":
      return x ^ y;
    case "<<":
      if (y < 0n) throw raised("ValueError", "negative shift count");
      if (y > MOST_BITS) throw raised("MemoryError", "");
      return x << y;
    case ">>":
      return x >> y;
    default:
      throw unsupported(operator, x, y);
  }
}

function floats(operator: string, x: number, y: number, a: Value, b: Value): Value {
  switch (operator) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "/":
      if (y === 0) throw raised("ZeroDivisionError", "float division by zero");
      return x / y;
    case "//":
    case "%": {
      if (y === 0)
        throw raised("ZeroDivisionError", operator === "%" ? "float modulo" : "float floor division by zero");
      return operator === "%" ? x - y * Math.floor(x / y) : Math.floor(x / y);
    }
    case "**":
      return pow(x, y);
    default:
      throw unsupported(operator, a, b);
  }
}

export function unary(operator: string, value: Value): Value {
  if (operator === "not") return !truthy(value);
  const number = numeric(value);
  if (number === undefined || (operator === "~" && typeof number !== "bigint"))
    throw typeError(`bad operand type for unary ${operator}: '${typeName(value)}'`);
  if (operator === "-") return -number;
  return operator === "~" ? ~(number as bigint) : number;
}

function contains(container: Value, value: Value): boolean {
  if (typeof container === "string") {
    if (typeof value !== "string")
      throw typeError(`'in <string>' requires string as left operand, not ${typeName(value)}`);
    return container.includes(value);
  }
  if (container instanceof PyDict) return container.get(value) !== undefined;
  if (container instanceof PySet) return container.has(value);
  if (container instanceof PyList || container instanceof PyTuple)
    return container.items.some((one) => equal(one, value));
  if (container instanceof PyRange) return [...container].some((one) => equal(one, value));
  const items = container instanceof PyObject ? container.attributes.get("__iter__") : undefined;
  if (items instanceof PyList) return items.items.some((one) => equal(one, value));
  throw typeError(`argument of type '${typeName(container)}' is not iterable`);
}

const same = (a: Value, b: Value): boolean => a === b || (a instanceof PyModule && a === b);

/** One step of a comparison chain. */
export function compare(operator: string, a: Value, b: Value): boolean {
  switch (operator) {
    case "==":
      return equal(a, b);
    case "!=":
      return !equal(a, b);
    case "is":
      return same(a, b);
    case "is not":
      return !same(a, b);
    case "in":
      return contains(b, a);
    case "not in":
      return !contains(b, a);
    default: {
      if (a instanceof PySet && b instanceof PySet) return subset(operator, a, b);
      const way = order(a, b, operator);
      if (operator === "<") return way < 0;
      if (operator === ">") return way > 0;
      return operator === "<=" ? way <= 0 : way >= 0;
    }
  }
}

function subset(operator: string, a: PySet, b: PySet): boolean {
  if (operator.startsWith(">")) return subset(operator.replace(">", "<"), b, a);
  const within = [...a.entries.values()].every((one) => b.has(one));
  return within && (operator === "<=" || a.entries.size < b.entries.size);
}

/** `"%s %d" % values`, for the conversions that people use. */
function percent(format: string, values: Value): string {
  const all = values instanceof PyTuple ? [...values.items] : [values];
  let next = 0;
  const text = format.replace(
    /%(?:\((\w+)\))?([-+ 0]*)(\d+)?(?:\.(\d+))?([sdifrx%])/g,
    (_, key, flags, width, precision, type) => {
      if (type === "%") return "%";
      const value = key !== undefined ? item(values, key) : all[next++];
      if (value === undefined) throw typeError("not enough arguments for format string");
      let body: string;
      if (type === "d" || type === "i" || type === "x") {
        const number = numeric(value);
        if (number === undefined) throw typeError(`%${type} format: a real number is required, not ${typeName(value)}`);
        body = BigInt(typeof number === "number" ? Math.trunc(number) : number).toString(type === "x" ? 16 : 10);
      } else if (type === "f") body = Number(numeric(value)).toFixed(Number(precision ?? 6));
      else body = str(value).slice(0, precision === undefined ? undefined : Number(precision));
      const room = Number(width ?? 0);
      if (flags.includes("-")) return body.padEnd(room);
      return body.padStart(room, flags.includes("0") && type !== "s" ? "0" : " ");
    },
  );
  if (!(values instanceof PyDict) && next < all.length)
    throw typeError("not all arguments converted during string formatting");
  return text;
}
