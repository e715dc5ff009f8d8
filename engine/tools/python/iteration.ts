/** What `for` goes through. */
import type { Gen } from "../../kernel/index.ts";
import type { Interpreter } from "./interpreter.ts";
import {
  PyDict,
  PyList,
  PyObject,
  PyRange,
  PySet,
  PyTuple,
  PyType,
  typeError,
  typeName,
  type Value,
} from "./values.ts";

/** The items of what can be gone through. */
export function* itemsOf(py: Interpreter, value: Value): Gen<Iterable<Value>> {
  if (value instanceof PyList) return live(value);
  if (value instanceof PyTuple) return value.items;
  if (value instanceof PyDict) return value.keys();
  if (value instanceof PySet) return [...value.entries.values()];
  if (value instanceof PyRange) return value;
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return [...value].map(BigInt);
  if (value instanceof PyObject) {
    const lines = value.attributes.get("__iter__");
    if (lines instanceof PyList) return drained(lines);
    if (lines !== undefined) return yield* itemsOf(py, yield* py.call(lines, [], new Map()));
  }
  throw typeError(`'${typeName(value)}' object is not iterable`);
}

const ITERATOR = new PyType("generator", () => null);

/** What is gone through once. */
export function iterator(items: Value[]): PyObject {
  return new PyObject(ITERATOR, [["__iter__", new PyList(items)]]);
}

function* live(list: PyList): Generator<Value> {
  for (let i = 0; i < list.items.length; i++) yield list.items[i]!;
}

function* drained(list: PyList): Generator<Value> {
  while (list.items.length > 0) yield list.items.shift()!;
}
