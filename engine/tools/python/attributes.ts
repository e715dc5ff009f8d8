/** Attributes and methods of values. */
import { decode, encode, type Gen } from "../../kernel/index.ts";
import { sorted } from "./builtins.ts";
import type { Interpreter } from "./interpreter.ts";
import { indexed } from "./operators.ts";
import { formatValue, repr, str } from "./text.ts";
import {
  equal,
  type Named,
  PyDict,
  PyList,
  PyModule,
  PyNative,
  PyObject,
  PySet,
  PyTuple,
  PyType,
  raised,
  truthy,
  typeError,
  typeName,
  type Value,
} from "./values.ts";

type Method<T> = (self: T, args: Value[], named: Named, py: Interpreter) => Value | Gen<Value>;
type Methods<T> = Readonly<Record<string, Method<T>>>;

const text = (value: Value | undefined, what = "argument"): string => {
  if (typeof value !== "string") throw typeError(`${what} must be str, not ${typeName(value ?? null)}`);
  return value;
};
const number = (value: Value | undefined, otherwise: number): number =>
  typeof value === "bigint" ? Number(value) : otherwise;

/** Takes characters of a set from the ends of a text. */
function strip(self: string, set: Value | undefined, left: boolean, right: boolean): string {
  const inside = new Set(typeof set === "string" ? set : " \t\n\r\f\v");
  let from = 0;
  let to = self.length;
  while (left && from < to && inside.has(self[from]!)) from++;
  while (right && to > from && inside.has(self[to - 1]!)) to--;
  return self.slice(from, to);
}

function split(self: string, args: Value[], named: Named): PyList {
  const separator = args[0] ?? named.get("sep") ?? null;
  const most = number(args[1] ?? named.get("maxsplit"), -1);
  const parts: string[] = [];
  let rest = self;
  if (separator === null) {
    rest = strip(rest, undefined, true, false);
    while (rest !== "") {
      const space = most >= 0 && parts.length >= most ? null : /[ \t\n\r\f\v]+/.exec(rest);
      if (space === null) {
        parts.push(most >= 0 && parts.length >= most ? strip(rest, undefined, false, true) : rest);
        break;
      }
      parts.push(rest.slice(0, space.index));
      rest = rest.slice(space.index + space[0].length);
    }
    return new PyList(parts);
  }
  const mark = text(separator);
  if (mark === "") throw raised("ValueError", "empty separator");
  for (;;) {
    const at = most >= 0 && parts.length >= most ? -1 : rest.indexOf(mark);
    if (at < 0) break;
    parts.push(rest.slice(0, at));
    rest = rest.slice(at + mark.length);
  }
  return new PyList([...parts, rest]);
}

function rsplit(self: string, args: Value[], named: Named): PyList {
  const all = split(self, args.slice(0, 1), named).items as string[];
  const most = number(args[1] ?? named.get("maxsplit"), -1);
  if (most < 0 || all.length <= most + 1) return new PyList(all);
  const mark = typeof args[0] === "string" ? args[0] : " ";
  const head = all.slice(0, all.length - most).join(mark);
  return new PyList([head, ...all.slice(all.length - most)]);
}

const either = (value: Value | undefined, test: (one: string) => boolean): boolean =>
  value instanceof PyTuple ? value.items.some((one) => test(text(one))) : test(text(value));

function found(place: number): bigint {
  return BigInt(place);
}

function partition(self: string, mark: string, at: number): PyTuple | undefined {
  return at < 0 ? undefined : new PyTuple([self.slice(0, at), mark, self.slice(at + mark.length)]);
}

function formatted(self: string, args: Value[], named: Named): string {
  let next = 0;
  return self.replace(/\{\{|\}\}|\{([^{}:!]*)(?:!([rs]))?(?::([^{}]*))?\}/g, (whole, field, conversion, spec = "") => {
    if (whole === "{{" || whole === "}}") return whole[0]!;
    const [, name, rest] = /^(\w*)(.*)$/s.exec(field)!;
    let value: Value | undefined = /^\d+$/.test(name!)
      ? args[Number(name)]
      : name === ""
        ? args[next++]
        : named.get(name!);
    if (value === undefined) {
      if (name === "" || /^\d+$/.test(name!))
        throw raised("IndexError", `Replacement index ${name || next - 1} out of range for positional args tuple`);
      throw raised("KeyError", name!);
    }
    for (const [, attribute, key] of rest!.matchAll(/\.(\w+)|\[([^\]]*)\]/g)) {
      if (attribute !== undefined) value = attributeOf(value!, attribute);
      else if (value instanceof PyDict) value = value.get(key!) ?? null;
      else if (value instanceof PyList) value = value.items[indexed(BigInt(key!), value.items.length, "list")]!;
    }
    return formatValue(conversion === "r" ? repr(value!) : conversion === "s" ? str(value!) : value!, spec);
  });
}

const every = (self: string, pattern: RegExp): boolean => self !== "" && pattern.test(self);

const STRING: Methods<string> = {
  capitalize: (self) => self.slice(0, 1).toUpperCase() + self.slice(1).toLowerCase(),
  center: (self, [width, fill]) => formatValue(self, `${fill ?? " "}^${width}`),
  count: (self, [part]) => BigInt(self.split(text(part)).length - 1),
  encode: (self) => encode(self),
  endswith: (self, [end]) => either(end, (one) => self.endsWith(one)),
  find: (self, [part, from]) => found(self.indexOf(text(part), number(from, 0))),
  format: formatted,
  index(self, [part]) {
    const at = self.indexOf(text(part));
    if (at < 0) throw raised("ValueError", "substring not found");
    return found(at);
  },
  isalnum: (self) => every(self, /^[\p{L}\p{N}]+$/u),
  isalpha: (self) => every(self, /^\p{L}+$/u),
  isdigit: (self) => every(self, /^\p{Nd}+$/u),
  islower: (self) => self !== self.toUpperCase() && self === self.toLowerCase(),
  isspace: (self) => every(self, /^\s+$/),
  isupper: (self) => self !== self.toLowerCase() && self === self.toUpperCase(),
  *join(self, [items], _named, py) {
    const parts: string[] = [];
    for (const one of yield* py.iterate(items ?? null)) {
      if (typeof one !== "string")
        throw typeError(`sequence item ${parts.length}: expected str instance, ${typeName(one)} found`);
      parts.push(one);
    }
    return parts.join(self);
  },
  ljust: (self, [width, fill]) => self.padEnd(number(width, 0), typeof fill === "string" ? fill : " "),
  lower: (self) => self.toLowerCase(),
  lstrip: (self, [set]) => strip(self, set, true, false),
  partition: (self, [mark]) => partition(self, text(mark), self.indexOf(text(mark))) ?? new PyTuple([self, "", ""]),
  removeprefix: (self, [part]) => (self.startsWith(text(part)) ? self.slice(text(part).length) : self),
  removesuffix: (self, [part]) =>
    text(part) !== "" && self.endsWith(text(part)) ? self.slice(0, -text(part).length) : self,
  replace(self, [from, to, count]) {
    const parts = self.split(text(from));
    const most = number(count, -1);
    if (most < 0 || parts.length - 1 <= most) return parts.join(text(to));
    return parts.slice(0, most + 1).join(text(to)) + text(from) + parts.slice(most + 1).join(text(from));
  },
  rfind: (self, [part]) => found(self.lastIndexOf(text(part))),
  rjust: (self, [width, fill]) => self.padStart(number(width, 0), typeof fill === "string" ? fill : " "),
  rpartition: (self, [mark]) =>
    partition(self, text(mark), self.lastIndexOf(text(mark))) ?? new PyTuple(["", "", self]),
  rsplit,
  rstrip: (self, [set]) => strip(self, set, false, true),
  split,
  splitlines(self, [keep]) {
    const lines = self.match(/[^\n\r]*(?:\r\n|\n|\r|$)/g)!.slice(0, -1);
    return new PyList(keep !== undefined && truthy(keep) ? lines : lines.map((line) => line.replace(/[\r\n]+$/, "")));
  },
  startswith: (self, [start]) => either(start, (one) => self.startsWith(one)),
  strip: (self, [set]) => strip(self, set, true, true),
  swapcase: (self) =>
    [...self].map((one) => (one === one.toUpperCase() ? one.toLowerCase() : one.toUpperCase())).join(""),
  title: (self) => self.toLowerCase().replace(/\p{L}+/gu, (word) => word[0]!.toUpperCase() + word.slice(1)),
  upper: (self) => self.toUpperCase(),
  zfill: (self, [width]) =>
    self.replace(/^[-+]?/, (sign) => sign + "0".repeat(Math.max(0, number(width, 0) - self.length))),
};

const LIST: Methods<PyList> = {
  append(self, [value]) {
    self.items.push(value!);
    return null;
  },
  clear(self) {
    self.items = [];
    return null;
  },
  copy: (self) => new PyList([...self.items]),
  count: (self, [value]) => BigInt(self.items.filter((one) => equal(one, value!)).length),
  *extend(self, [items], _named, py) {
    self.items.push(...(yield* py.iterate(items!)));
    return null;
  },
  index(self, [value]) {
    const at = self.items.findIndex((one) => equal(one, value!));
    if (at < 0) throw raised("ValueError", `${repr(value!)} is not in list`);
    return BigInt(at);
  },
  insert(self, [at, value]) {
    self.items.splice(number(at, 0), 0, value!);
    return null;
  },
  pop(self, [at]) {
    if (self.items.length === 0) throw raised("IndexError", "pop from empty list");
    return self.items.splice(at === undefined ? -1 : indexed(at, self.items.length, "pop"), 1)[0]!;
  },
  remove(self, [value]) {
    const at = self.items.findIndex((one) => equal(one, value!));
    if (at < 0) throw raised("ValueError", "list.remove(x): x not in list");
    self.items.splice(at, 1);
    return null;
  },
  reverse(self) {
    self.items.reverse();
    return null;
  },
  *sort(self, _args, named, py) {
    self.items = yield* sorted(self.items, named, py);
    return null;
  },
};

const DICT: Methods<PyDict> = {
  clear(self) {
    self.entries.clear();
    return null;
  },
  copy: (self) => new PyDict(self.entries.values()),
  get: (self, [key, otherwise]) => self.get(key!) ?? otherwise ?? null,
  items: (self) => new PyList([...self.entries.values()].map((pair) => new PyTuple([...pair]))),
  keys: (self) => new PyList(self.keys()),
  most_common(self, [count]) {
    const pairs = [...self.entries.values()].sort(([, a], [, b]) => Number(b) - Number(a));
    return new PyList(pairs.slice(0, number(count, pairs.length)).map((pair) => new PyTuple([...pair])));
  },
  pop(self, [key, otherwise]) {
    const value = self.get(key!) ?? otherwise;
    if (value === undefined) throw raised("KeyError", key!);
    self.delete(key!);
    return value;
  },
  setdefault(self, [key, otherwise = null]) {
    if (self.get(key!) === undefined) self.set(key!, otherwise);
    return self.get(key!)!;
  },
  update(self, [more], named) {
    if (more instanceof PyDict) for (const [key, value] of more.entries.values()) self.set(key, value);
    for (const [key, value] of named) self.set(key, value);
    return null;
  },
  values: (self) => new PyList([...self.entries.values()].map(([, value]) => value)),
};

const SET: Methods<PySet> = {
  add(self, [value]) {
    self.add(value!);
    return null;
  },
  discard(self, [value]) {
    for (const [id, one] of self.entries) if (equal(one, value!)) self.entries.delete(id);
    return null;
  },
  *issubset(self, [other], _named, py) {
    const all = new PySet(yield* py.iterate(other!));
    return [...self.entries.values()].every((one) => all.has(one));
  },
  *issuperset(self, [other], _named, py) {
    return [...(yield* py.iterate(other!))].every((one) => self.has(one));
  },
  *union(self, others, _named, py) {
    const out = new PySet(self.entries.values());
    for (const other of others) for (const one of yield* py.iterate(other)) out.add(one);
    return out;
  },
  *difference(self, [other], _named, py) {
    const all = new PySet(yield* py.iterate(other!));
    return new PySet([...self.entries.values()].filter((one) => !all.has(one)));
  },
  *intersection(self, [other], _named, py) {
    const all = new PySet(yield* py.iterate(other!));
    return new PySet([...self.entries.values()].filter((one) => all.has(one)));
  },
  *update(self, [other], _named, py) {
    for (const one of yield* py.iterate(other!)) self.add(one);
    return null;
  },
};

const BYTES: Methods<Uint8Array> = {
  decode: (self) => decode(self),
  hex: (self) => [...self].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
  strip: (self) => encode(strip(decode(self), undefined, true, true)),
};

function methodOf<T extends Value>(methods: Methods<T>, self: T, name: string): PyNative | undefined {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return method && new PyNative(name, (args, named, py) => method(self, args, named, py));
}

/** `value.name`; throws AttributeError. */
export function attributeOf(value: Value, name: string): Value {
  let found: Value | undefined;
  if (typeof value === "string") found = methodOf(STRING, value, name);
  else if (value instanceof PyList) found = methodOf(LIST, value, name);
  else if (value instanceof PyDict) found = methodOf(DICT, value, name);
  else if (value instanceof PySet) found = methodOf(SET, value, name);
  else if (value instanceof Uint8Array) found = methodOf(BYTES, value, name);
  else if (value instanceof PyModule) {
    found = value.members.get(name);
    if (found === undefined) throw raised("AttributeError", `module '${value.name}' has no attribute '${name}'`);
  } else if (value instanceof PyObject) found = name === "__class__" ? value.type : value.attributes.get(name);
  else if (value instanceof PyType && name === "__name__") found = value.name.split(".").pop()!;
  else if (value instanceof PyType && value.name === "dict" && name === "fromkeys") {
    found = new PyNative(name, function* ([keys, fill = null], _named, py) {
      return new PyDict([...(yield* py.iterate(keys!))].map((key) => [key, fill] as const));
    });
  }
  if (found !== undefined) return found;
  const what = value instanceof PyType ? `type object '${value.name}'` : `'${typeName(value)}' object`;
  throw raised("AttributeError", `${what} has no attribute '${name}'`);
}
