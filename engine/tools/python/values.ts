/** Values of Python: ints are bigints, floats numbers; the rest of what is no JavaScript value of its own are classes. */
import type { Gen } from "../../kernel/index.ts";
import type { Interpreter } from "./interpreter.ts";
import type { Expression, Parameter, Statement } from "./syntax.ts";

export type Value =
  | bigint
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | PyList
  | PyTuple
  | PyDict
  | PySet
  | PyRange
  | PyType
  | PyNative
  | PyFunction
  | PyObject
  | PyModule;

export class PyList {
  items: Value[];
  constructor(items: Value[]) {
    this.items = items;
  }
}

export class PyTuple {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

export class PyDict {
  readonly entries = new Map<string | bigint, [Value, Value]>();
  /** What makes a value for a key that is missing (collections.defaultdict). */
  missing: Value | undefined;

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  get(key: Value): Value | undefined {
    return this.entries.get(hash(key))?.[1];
  }

  set(key: Value, value: Value): void {
    const id = hash(key);
    const old = this.entries.get(id);
    if (old) old[1] = value;
    else this.entries.set(id, [key, value]);
  }

  delete(key: Value): boolean {
    return this.entries.delete(hash(key));
  }

  keys(): Value[] {
    return [...this.entries.values()].map(([key]) => key);
  }
}

export class PySet {
  readonly entries = new Map<string | bigint, Value>();
  constructor(items: Iterable<Value> = []) {
    for (const item of items) this.add(item);
  }

  add(item: Value): void {
    const id = hash(item);
    if (!this.entries.has(id)) this.entries.set(id, item);
  }

  has(item: Value): boolean {
    return this.entries.has(hash(item));
  }
}

export class PyRange {
  readonly start: bigint;
  readonly stop: bigint;
  readonly step: bigint;
  constructor(start: bigint, stop: bigint, step: bigint) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }

  *[Symbol.iterator](): Generator<bigint> {
    const up = this.step > 0n;
    for (let i = this.start; up ? i < this.stop : i > this.stop; i += this.step) yield i;
  }

  get length(): bigint {
    const span = this.step > 0n ? this.stop - this.start : this.start - this.stop;
    const step = this.step > 0n ? this.step : -this.step;
    return span <= 0n ? 0n : (span + step - 1n) / step;
  }
}

export type Named = ReadonlyMap<string, Value>;
export type Body = (args: Value[], named: Named, py: Interpreter) => Value | Gen<Value>;

/** A function of the interpreter's own. */
export class PyNative {
  readonly name: string;
  readonly body: Body;
  constructor(name: string, body: Body) {
    this.name = name;
    this.body = body;
  }
}

/** A type, which makes values when it is called; exceptions have parents. */
export class PyType {
  readonly name: string;
  readonly make: Body;
  readonly parent: PyType | undefined;
  /** Of a class that is written in Python itself: others have it in their names. */
  readonly module: string | undefined;
  constructor(name: string, make: Body, parent?: PyType, module?: string) {
    this.name = name;
    this.make = make;
    this.parent = parent;
    this.module = module;
  }
}

export class Scope {
  readonly variables = new Map<string, Value>();
  readonly parent: Scope | undefined;
  /** Names that a `global` or `nonlocal` statement gave to an outer scope. */
  readonly outer = new Set<string>();
  constructor(parent?: Scope) {
    this.parent = parent;
  }

  find(name: string): Value | undefined {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) {
      const value = scope.variables.get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  set(name: string, value: Value): void {
    if (!this.outer.has(name)) {
      this.variables.set(name, value);
      return;
    }
    let scope = this.parent!;
    while (scope.parent !== undefined && !scope.variables.has(name)) scope = scope.parent;
    scope.variables.set(name, value);
  }
}

export class PyFunction {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly defaults: ReadonlyMap<string, Value>;
  readonly body: Statement[] | Expression;
  readonly scope: Scope;
  constructor(
    name: string,
    parameters: readonly Parameter[],
    defaults: ReadonlyMap<string, Value>,
    body: Statement[] | Expression,
    scope: Scope,
  ) {
    this.name = name;
    this.parameters = parameters;
    this.defaults = defaults;
    this.body = body;
    this.scope = scope;
  }
}

/** What has attributes: exceptions, files, matches, results of programs. */
export class PyObject {
  readonly type: PyType;
  readonly attributes: Map<string, Value>;
  /** What those of one type are compared and found by, where they are. */
  key: string | undefined;
  /** What an operator makes of it and another value, which stands before it when `reversed`. */
  binary: ((operator: string, other: Value, reversed: boolean) => Value | undefined) | undefined;
  constructor(type: PyType, attributes: Iterable<[string, Value]> = []) {
    this.type = type;
    this.attributes = attributes instanceof Map ? attributes : new Map(attributes);
  }
}

export class PyModule {
  readonly name: string;
  readonly members: ReadonlyMap<string, Value>;
  constructor(name: string, members: Iterable<[string, Value]>) {
    this.name = name;
    this.members = new Map(members);
  }
}

/** A Python exception on its way. */
export class Raised extends Error {
  readonly value: PyObject;
  /** Frames it went through, the innermost first. */
  readonly frames: { line: number; name: string }[] = [];
  constructor(value: PyObject) {
    super(value.type.name);
    this.value = value;
  }
}

const kinds = new Map<string, PyType>();

function kind(name: string, parent?: string): void {
  const type: PyType = new PyType(
    name,
    (args) => new PyObject(type, [["args", new PyTuple(args)]]),
    kinds.get(parent ?? ""),
  );
  kinds.set(name, type);
}

kind("BaseException");
for (const name of ["SystemExit", "KeyboardInterrupt", "Exception"]) kind(name, "BaseException");
for (const name of [
  "ArithmeticError",
  "AssertionError",
  "AttributeError",
  "EOFError",
  "ImportError",
  "LookupError",
  "MemoryError",
])
  kind(name, "Exception");
for (const name of ["NameError", "OSError", "RuntimeError", "StopIteration", "TypeError", "ValueError"])
  kind(name, "Exception");
for (const [name, parent] of [
  ["ZeroDivisionError", "ArithmeticError"],
  ["OverflowError", "ArithmeticError"],
  ["ModuleNotFoundError", "ImportError"],
  ["IndexError", "LookupError"],
  ["KeyError", "LookupError"],
  ["FileNotFoundError", "OSError"],
  ["FileExistsError", "OSError"],
  ["PermissionError", "OSError"],
  ["IsADirectoryError", "OSError"],
  ["NotADirectoryError", "OSError"],
  ["NotImplementedError", "RuntimeError"],
  ["RecursionError", "RuntimeError"],
  ["UnicodeDecodeError", "ValueError"],
  ["json.decoder.JSONDecodeError", "ValueError"],
  ["subprocess.CalledProcessError", "Exception"],
  ["yaml.error.YAMLError", "Exception"],
  ["yaml.scanner.ScannerError", "yaml.error.YAMLError"],
  ["yaml.parser.ParserError", "yaml.error.YAMLError"],
  ["yaml.composer.ComposerError", "yaml.error.YAMLError"],
] as const)
  kind(name, parent);

/** Exceptions by name; `IOError` is OSError's old name. */
export const EXCEPTIONS: ReadonlyMap<string, PyType> = kinds;

export function isKind(type: PyType | undefined, of: PyType): boolean {
  for (let one = type; one !== undefined; one = one.parent) if (one === of) return true;
  return false;
}

/** An exception to throw. */
export function raised(name: string, ...args: Value[]): Raised {
  const type = kinds.get(name)!;
  return new Raised(new PyObject(type, [["args", new PyTuple(args)]]));
}

export const typeError = (text: string): Raised => raised("TypeError", text);

export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "float";
  if (typeof value === "string") return "str";
  if (typeof value === "boolean") return "bool";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof PyList) return "list";
  if (value instanceof PyTuple) return "tuple";
  if (value instanceof PyDict) return value.missing === undefined ? "dict" : "collections.defaultdict";
  if (value instanceof PySet) return "set";
  if (value instanceof PyRange) return "range";
  if (value instanceof PyType) return "type";
  if (value instanceof PyNative) return "builtin_function_or_method";
  if (value instanceof PyFunction) return "function";
  if (value instanceof PyModule) return "module";
  return value.type.name;
}

/** What a dictionary knows a key by: 1, 1.0 and True are one key. */
function hash(value: Value): string | bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : `f${value}`;
  if (typeof value === "string") return `s${value}`;
  if (value === null) return "n";
  if (value instanceof PyTuple) return `t${value.items.map((item) => String(hash(item))).join("\0")}`;
  if (value instanceof PyType) return `y${value.name}`;
  if (value instanceof PyObject && value.key !== undefined) return `o${value.type.name} ${value.key}`;
  throw typeError(`unhashable type: '${typeName(value)}'`);
}

export function truthy(value: Value): boolean {
  if (value === null || value === false || value === "" || value === 0n || value === 0) return false;
  if (value instanceof PyList || value instanceof PyTuple) return value.items.length > 0;
  if (value instanceof PyDict || value instanceof PySet) return value.entries.size > 0;
  if (value instanceof PyRange) return value.length > 0n;
  if (value instanceof Uint8Array) return value.length > 0;
  return true;
}

const isNumber = (value: Value): value is bigint | number | boolean =>
  typeof value === "bigint" || typeof value === "number" || typeof value === "boolean";

/** Ints and floats as arithmetic takes them: a bool is an int. */
export function numeric(value: Value): bigint | number | undefined {
  if (typeof value === "boolean") return value ? 1n : 0n;
  return isNumber(value) ? value : undefined;
}

export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  const [x, y] = [numeric(a), numeric(b)];
  // biome-ignore lint/suspicious/noDoubleEquals: an int and a float are compared by value
  if (x !== undefined && y !== undefined) return x == y;
  const lists = (a instanceof PyList && b instanceof PyList) || (a instanceof PyTuple && b instanceof PyTuple);
  if (lists) return a.items.length === b.items.length && a.items.every((item, i) => equal(item, b.items[i]!));
  if (a instanceof PyDict && b instanceof PyDict) {
    if (a.entries.size !== b.entries.size) return false;
    return [...a.entries].every(([id, [, value]]) => b.entries.has(id) && equal(value, b.entries.get(id)![1]));
  }
  if (a instanceof PySet && b instanceof PySet)
    return a.entries.size === b.entries.size && [...a.entries.keys()].every((id) => b.entries.has(id));
  if (a instanceof Uint8Array && b instanceof Uint8Array)
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
  if (a instanceof PyObject && b instanceof PyObject && a.key !== undefined)
    return a.type === b.type && a.key === b.key;
  return false;
}

/** Negative, zero or positive; throws for what has no order, naming the operator. */
export function order(a: Value, b: Value, operator: string): number {
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : 0;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  if ((a instanceof PyList && b instanceof PyList) || (a instanceof PyTuple && b instanceof PyTuple)) {
    for (const [i, item] of a.items.entries()) {
      const other = b.items[i];
      if (other === undefined) return 1;
      if (!equal(item, other)) return order(item, other, operator);
    }
    return a.items.length - b.items.length;
  }
  if (a instanceof PyObject && b instanceof PyObject && a.type === b.type && a.key !== undefined && b.key !== undefined)
    return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
  throw typeError(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}
