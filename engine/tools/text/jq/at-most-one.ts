/** Which expressions give one value at most: what comes behind them can be done in a loop. */
import type { Context, Env } from "./stream.ts";
import type { Ast } from "./syntax.ts";

/** Natives without arguments that give one value at most. */
const ONE = new Set(
  "true false null length not tostring tonumber type keys keys_unsorted add floor sqrt min max unique sort reverse tojson fromjson input empty error now explode implode ascii_downcase ascii_upcase trim ltrim rtrim abs round ceil utf8bytelength infinite nan transpose flatten to_number isnan isinfinite isnormal".split(
    " ",
  ),
);

/** True when an expression is known to give no more than one value; errs to false. */
export function atMostOne(ast: Ast, env: Env, context: Context, depth: number): boolean {
  if (depth > 12) return false;
  const one = (part: Ast | undefined) => part === undefined || atMostOne(part, env, context, depth + 1);
  switch (ast.t) {
    case "identity":
    case "value":
    case "var":
    case "format":
    case "array":
    case "reduce":
      return ast.t !== "reduce" || one(ast.init);
    case "index":
      return one(ast.of) && one(ast.key);
    case "neg":
      return one(ast.body);
    case "binary":
    case "and":
    case "or":
    case "pipe":
      return one(ast.left) && one(ast.right);
    case "if":
      return one(ast.test) && one(ast.yes) && one(ast.no);
    case "object":
      return ast.entries.every((entry) => one(entry.key) && one(entry.value));
    case "call": {
      for (let at = env; at.t !== "root"; at = at.up) {
        if (at.t === "closure" && ast.args.length === 0 && at.name === ast.name)
          return atMostOne(at.closure.body, at.closure.env, context, depth + 1);
        if (at.t === "def" && at.arity === ast.args.length && at.name === ast.name) return false;
      }
      return ast.args.length === 0 && ONE.has(ast.name);
    }
    default:
      return false;
  }
}
