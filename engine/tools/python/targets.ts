/** Targets: names, attributes, items and lists of them that are assigned to or deleted. */
import type { Gen } from "../../kernel/index.ts";
import type { Interpreter } from "./interpreter.ts";
import { indexed, sliceOf } from "./operators.ts";
import type { Expression } from "./syntax.ts";
import { PyDict, PyList, PyObject, raised, type Scope, typeError, typeName, type Value } from "./values.ts";

/** What stands left of an `=`, in a `for` or after `as` takes a value. */
export function* assign(py: Interpreter, target: Expression, value: Value, scope: Scope): Gen {
  switch (target.type) {
    case "name":
      scope.set(target.name, value);
      return;
    case "attribute": {
      const of = yield* py.value(target.of, scope);
      if (!(of instanceof PyObject))
        throw raised("AttributeError", `'${typeName(of)}' object has no attribute '${target.name}'`);
      of.attributes.set(target.name, value);
      return;
    }
    case "index": {
      const of = yield* py.value(target.of, scope);
      yield* store(py, of, yield* py.value(target.at, scope), value);
      return;
    }
    case "tuple":
    case "list":
      return yield* unpack(py, target.items, yield* py.iterate(value), scope);
    default:
      throw raised("TypeError", "cannot assign to expression");
  }
}

function* unpack(py: Interpreter, targets: readonly Expression[], source: Iterable<Value>, scope: Scope): Gen {
  const values = [...source];
  const star = targets.findIndex(({ type }) => type === "star");
  if (star < 0 ? values.length < targets.length : values.length < targets.length - 1) {
    const expected = star < 0 ? `${targets.length}` : `at least ${targets.length - 1}`;
    throw raised("ValueError", `not enough values to unpack (expected ${expected}, got ${values.length})`);
  }
  if (star < 0 && values.length > targets.length)
    throw raised("ValueError", `too many values to unpack (expected ${targets.length})`);
  const spare = values.length - targets.length + 1;
  for (const [i, target] of targets.entries()) {
    if (target.type === "star") yield* assign(py, target.operand, new PyList(values.slice(i, i + spare)), scope);
    else yield* assign(py, target, values[star >= 0 && i > star ? i + spare - 1 : i]!, scope);
  }
}

function* store(py: Interpreter, of: Value, at: Value, value: Value): Gen {
  if (of instanceof PyDict) of.set(at, value);
  else if (of instanceof PyList && at instanceof PyObject) {
    const { from, count } = sliceOf(at, of.items.length);
    of.items.splice(from, count, ...(yield* py.iterate(value)));
  } else if (of instanceof PyList) of.items[indexed(at, of.items.length, "list assignment")] = value;
  else throw typeError(`'${typeName(of)}' object does not support item assignment`);
}

/** `del`. */
export function* remove(py: Interpreter, target: Expression, scope: Scope): Gen {
  if (target.type === "name") {
    if (!scope.variables.delete(target.name)) throw raised("NameError", `name '${target.name}' is not defined`);
    return;
  }
  if (target.type !== "index") throw typeError("cannot delete expression");
  const of = yield* py.value(target.of, scope);
  const at = yield* py.value(target.at, scope);
  if (of instanceof PyDict) {
    if (!of.delete(at)) throw raised("KeyError", at);
  } else if (of instanceof PyList) of.items.splice(indexed(at, of.items.length, "list assignment"), 1);
  else throw typeError(`'${typeName(of)}' object doesn't support item deletion`);
}
