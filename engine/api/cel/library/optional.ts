import { type Environment, Optional } from "@marcbachmann/cel-js";
import { CelError } from "../error.ts";

// biome-ignore lint/suspicious/noExplicitAny: the library's own nodes, checker and evaluator
type Any = any;

/** `optional.optMap(x, …)` and `optional.optFlatMap(x, …)`: what becomes of a value that is there (cel-go cel/library.go). */
export function registerOptional(environment: Environment): void {
  environment
    .registerFunction("optional.optMap(ast, ast): optional<dyn>", bound("optMap", false))
    .registerFunction("optional.optFlatMap(ast, ast): optional<dyn>", bound("optFlatMap", true));
}

function bound(name: string, flat: boolean): Any {
  return ({ ast, args, receiver }: Any) => {
    const [variable, body] = args;
    let inner: Any;
    return {
      ast,
      args,
      typeCheck(checker: Any, _macro: Any, context: Any): Any {
        if (variable.op !== "id") {
          throw checker.createError(
            "optional_variable",
            `${name}() variable name must be a simple identifier`,
            variable,
          );
        }
        const type = checker.check(receiver, context);
        const value = type.kind === "optional" ? type.valueType : checker.getType("dyn");
        inner = context.forkWithVariable(variable.args, value);
        const result = checker.check(body, inner);
        return flat ? result : checker.getType(`optional<${result}>`);
      },
      evaluate(evaluator: Any, _macro: Any, context: Any): unknown {
        const value: Optional = evaluator.run(receiver, context);
        if (!(value instanceof Optional)) throw new CelError("no such overload", "no_such_overload");
        if (!value.hasValue()) return Optional.none();
        const made = evaluator.run(body, inner.reuse(context).setIterValue(value.value(), evaluator));
        return flat ? made : Optional.of(made);
      },
    };
  };
}
