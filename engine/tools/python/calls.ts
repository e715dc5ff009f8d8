import { PyDict, type PyFunction, PyTuple, type Scope, typeError, type Value } from "./values.ts";

/** Gives a function's parameters their values, as CPython complains where that does not work out. */
export function bind(
  callee: PyFunction,
  args: readonly Value[],
  named: ReadonlyMap<string, Value>,
  scope: Scope,
): void {
  const { name, parameters, defaults } = callee;
  const left = new Map(named);
  let next = 0;
  const missing: string[] = [];
  for (const one of parameters) {
    if (one.kind === "rest") {
      scope.variables.set(one.name, new PyTuple(args.slice(next)));
      next = args.length;
    } else if (one.kind === "named") {
      scope.variables.set(one.name, new PyDict([...left]));
      left.clear();
    } else if (one.kind === "plain" && next < args.length) {
      if (left.has(one.name)) throw typeError(`${name}() got multiple values for argument '${one.name}'`);
      scope.variables.set(one.name, args[next++]!);
    } else {
      const value = left.get(one.name) ?? defaults.get(one.name);
      left.delete(one.name);
      if (value === undefined) missing.push(`'${one.name}'`);
      else scope.variables.set(one.name, value);
    }
  }
  const plain = parameters.filter(({ kind }) => kind === "plain").length;
  if (next < args.length) {
    const some = plain === 1 ? "argument" : "arguments";
    throw typeError(
      `${name}() takes ${plain} positional ${some} but ${args.length} ${args.length === 1 ? "was" : "were"} given`,
    );
  }
  for (const word of left.keys()) throw typeError(`${name}() got an unexpected keyword argument '${word}'`);
  if (missing.length > 0) {
    const some = missing.length === 1 ? "argument" : "arguments";
    const last = missing.pop()!;
    const list = missing.length === 0 ? last : `${missing.join(", ")}${missing.length > 1 ? "," : ""} and ${last}`;
    throw typeError(`${name}() missing ${missing.length + 1} required positional ${some}: ${list}`);
  }
}
