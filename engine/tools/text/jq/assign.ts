/** jq's assignments: `=`, `|=`, `+=` and their kin. */
import { brief } from "./dump.ts";
import { type Json, truthy } from "./json.ts";
import { binary } from "./operators.ts";
import { deletePaths, getPath, setPath } from "./paths.ts";
import { ASTRAY, type Context, type Env, type Item, JqError, PAUSE, type Stream } from "./stream.ts";
import type { Ast } from "./syntax.ts";

/** Every path that an expression gives. */
function* paths(
  run: Context["evaluate"],
  ast: Ast,
  env: Env,
  input: Item,
): Generator<{ path: readonly Json[]; v: Json } | typeof PAUSE, void, undefined> {
  for (const item of run(ast, env, { v: input.v, p: [] })) {
    if (item === PAUSE) yield item;
    else {
      if (item.p === undefined || item.p === ASTRAY)
        throw new JqError(`Invalid path expression with result ${brief(item.v, 29)}`);
      yield { path: item.p, v: item.v };
    }
  }
}

export function* assign(run: Context["evaluate"], ast: Ast & { t: "assign" }, env: Env, input: Item): Stream {
  if (ast.op === "|=") {
    let value = input.v;
    const deletions: Json[][] = [];
    for (const found of paths(run, ast.left, env, input)) {
      if (found === PAUSE) {
        yield found;
        continue;
      }
      let result: Item | undefined;
      for (const item of run(ast.right, env, { v: getPath(value, found.path), p: undefined })) {
        if (item === PAUSE) {
          yield item;
          continue;
        }
        result = item;
        break;
      }
      if (result) value = setPath(value, found.path, 0, result.v);
      else deletions.push([...found.path]);
    }
    yield { v: deletions.length > 0 ? deletePaths(value, deletions) : value, p: undefined };
    return;
  }
  for (const right of run(ast.right, env, input)) {
    if (right === PAUSE) {
      yield right;
      continue;
    }
    let value = input.v;
    for (const found of paths(run, ast.left, env, input)) {
      if (found === PAUSE) {
        yield found;
        continue;
      }
      let result = right.v;
      if (ast.op !== "=") {
        const old = getPath(value, found.path);
        result = ast.op === "//=" ? (truthy(old) ? old : right.v) : binary(ast.op.slice(0, -1), old, right.v);
      }
      value = setPath(value, found.path, 0, result);
    }
    yield { v: value, p: undefined };
  }
}
