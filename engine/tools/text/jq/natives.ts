/** The register of functions that the host computes. */
import { brief } from "./dump.ts";
import { type Json, kind } from "./json.ts";
import { type Context, type Env, type Item, type Native, PAUSE, type Stream } from "./stream.ts";
import type { Ast } from "./syntax.ts";

/** Functions that the host computes, by `name/arity`. */
export const natives = new Map<string, Native>();

export function* one(v: Json): Stream {
  yield { v, p: undefined };
}

/** Those of the input alone, by name, as plain functions. */
export const direct = new Map<string, (v: Json, context: Context) => Json>();

/** A function of the input alone. */
export function unary(name: string, compute: (v: Json, context: Context) => Json): void {
  direct.set(name, compute);
  natives.set(`${name}/0`, function* (context, _args, _env, input) {
    yield* one(compute(input.v, context));
  });
}

/** A function of the input and of every combination of its arguments' values. */
export function valued(name: string, arity: number, compute: (v: Json, args: Json[], context: Context) => Json): void {
  natives.set(`${name}/${arity}`, function* (context, args, env, input) {
    yield* combine(context, args, env, input, [], (values) => compute(input.v, values, context));
  });
}

/** Every combination of the arguments' values. */
export function* combine(
  context: Context,
  args: Ast[],
  env: Env,
  input: Item,
  done: Json[],
  compute: (values: Json[]) => Json,
): Stream {
  if (done.length === args.length) {
    yield* one(compute([...done].reverse()));
    return;
  }
  // The last argument varies slowest, as jq's cartesian functions have it.
  for (const item of context.evaluate(args[args.length - 1 - done.length]!, env, { v: input.v, p: undefined })) {
    if (item === PAUSE) yield item;
    else yield* combine(context, args, env, input, [...done, item.v], compute);
  }
}

/** Kind and beginning of a value, for messages. */
export const show = (v: Json) => `${kind(v)} (${brief(v)})`;
