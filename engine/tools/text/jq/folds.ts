/** `reduce` and `foreach`. */
import { bind } from "./bind.ts";
import { type Context, type Env, type Item, PAUSE, placed, plain, type Stream } from "./stream.ts";
import type { Ast } from "./syntax.ts";

export function* reduce(run: Context["evaluate"], ast: Ast & { t: "reduce" }, env: Env, input: Item): Stream {
  for (const init of run(ast.init, env, input)) {
    if (init === PAUSE) {
      yield init;
      continue;
    }
    let state: Item = placed(init, input);
    for (const item of run(ast.source, env, plain(input))) {
      if (item === PAUSE) {
        yield item;
        continue;
      }
      for (const bound of bind(run, ast.pattern, env, item.v)) {
        if (bound === PAUSE) {
          yield PAUSE;
          continue;
        }
        let last: Item = { v: null, p: undefined };
        for (const next of run(ast.update, bound, state)) {
          if (next === PAUSE) yield next;
          else last = placed(next, state);
        }
        state = last;
      }
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
    for (const item of run(ast.source, env, plain(input))) {
      if (item === PAUSE) {
        yield item;
        continue;
      }
      for (const bound of bind(run, ast.pattern, env, item.v)) {
        if (bound === PAUSE) {
          yield PAUSE;
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
}
