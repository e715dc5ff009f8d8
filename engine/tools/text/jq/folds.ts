/** `reduce` and `foreach`. */
import { bind } from "./bind.ts";
import { type Context, type Env, type Item, PAUSE, placed, plain, type Stream } from "./stream.ts";
import type { Ast } from "./syntax.ts";

type Fold = Ast & { t: "reduce" | "foreach" };

/** The variables of each turn: every item of the source, taken apart by the pattern. */
function* turns(
  run: Context["evaluate"],
  { source, pattern }: Fold,
  env: Env,
  input: Item,
): Generator<Env | typeof PAUSE, void, undefined> {
  for (const item of run(source, env, plain(input))) {
    if (item === PAUSE) yield PAUSE;
    else yield* bind(run, pattern, env, item.v);
  }
}

export function* reduce(run: Context["evaluate"], ast: Ast & { t: "reduce" }, env: Env, input: Item): Stream {
  for (const init of run(ast.init, env, input)) {
    if (init === PAUSE) {
      yield init;
      continue;
    }
    let state: Item = placed(init, input);
    for (const bound of turns(run, ast, env, input)) {
      if (bound === PAUSE) {
        yield bound;
        continue;
      }
      let last: Item = { v: null, p: undefined };
      for (const next of run(ast.update, bound, state)) {
        if (next === PAUSE) yield next;
        else last = placed(next, state);
      }
      state = last;
    }
    yield state;
  }
}

export function* foreach(run: Context["evaluate"], ast: Ast & { t: "foreach" }, env: Env, input: Item): Stream {
  for (const init of run(ast.init, env, input)) {
    if (init === PAUSE) {
      yield init;
      continue;
    }
    let state: Item = placed(init, input);
    for (const bound of turns(run, ast, env, input)) {
      if (bound === PAUSE) {
        yield bound;
        continue;
      }
      for (const next of run(ast.update, bound, state)) {
        if (next === PAUSE) {
          yield next;
          continue;
        }
        state = placed(next, state);
        if (ast.extract) yield* run(ast.extract, bound, state);
        else yield state;
      }
    }
  }
}
