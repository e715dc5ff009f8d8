/** Destructuring: the variables that patterns bind to parts of a value. */
import { patternNames } from "./check.ts";
import { type Json, kind } from "./json.ts";
import { getIndex } from "./paths.ts";
import { type Env, type Item, JqError, PAUSE, type Stream } from "./stream.ts";
import type { Ast, Pattern } from "./syntax.ts";

type Run = (ast: Ast, env: Env, input: Item) => Stream;

export function* destructure(
  run: Run,
  patterns: Pattern[],
  i: number,
  body: Ast,
  env: Env,
  value: Json,
  input: Item,
): Stream {
  // With `?//` every variable of all patterns exists, null at first.
  let base = env;
  if (patterns.length > 1)
    for (const name of patterns.flatMap(patternNames)) base = { t: "var", name, value: null, up: base };
  const last = i === patterns.length - 1;
  const stream = bound(run, patterns[i]!, base, value, body, input);
  if (last) {
    yield* stream;
    return;
  }
  try {
    yield* stream;
  } catch (error) {
    if (!(error instanceof JqError)) throw error;
    yield* destructure(run, patterns, i + 1, body, env, value, input);
  }
}

function* bound(run: Run, pattern: Pattern, env: Env, value: Json, body: Ast, input: Item): Stream {
  for (const bound of bind(run, pattern, env, value)) {
    if (bound === PAUSE) yield PAUSE;
    else yield* run(body, bound, input);
  }
}

export function* bind(
  run: Run,
  pattern: Pattern,
  env: Env,
  value: Json,
): Generator<Env | typeof PAUSE, void, undefined> {
  if (pattern.t === "var") {
    yield { t: "var", name: pattern.name, value, up: env };
    return;
  }
  if (pattern.t === "array") {
    if (value !== null && !Array.isArray(value)) throw new JqError(`Cannot index ${kind(value)} with number`);
    yield* bindAll(
      run,
      pattern.items.map((item, i) => ({ pattern: item, value: () => (value as Json[] | null)?.[i] ?? null })),
      0,
      env,
    );
    return;
  }
  yield* bindEntries(run, pattern.entries, 0, env, value);
}

function* bindAll(
  run: Run,
  items: { pattern: Pattern; value: () => Json }[],
  i: number,
  env: Env,
): Generator<Env | typeof PAUSE, void, undefined> {
  if (i === items.length) {
    yield env;
    return;
  }
  for (const bound of bind(run, items[i]!.pattern, env, items[i]!.value())) {
    if (bound === PAUSE) yield PAUSE;
    else yield* bindAll(run, items, i + 1, bound);
  }
}

function* bindEntries(
  run: Run,
  entries: (Pattern & { t: "object" })["entries"],
  i: number,
  env: Env,
  value: Json,
): Generator<Env | typeof PAUSE, void, undefined> {
  const entry = entries[i];
  if (entry === undefined) {
    yield env;
    return;
  }
  for (const key of run(entry.key, env, { v: value, p: undefined })) {
    if (key === PAUSE) {
      yield PAUSE;
      continue;
    }
    if (typeof key.v !== "string") throw new JqError(`Cannot index ${kind(value)} with ${kind(key.v)}`);
    const found = getIndex(value, key.v);
    const start: Env = entry.bind === undefined ? env : { t: "var", name: entry.bind, value: found, up: env };
    if (entry.value === undefined) {
      yield* bindEntries(run, entries, i + 1, start, value);
      continue;
    }
    for (const bound of bind(run, entry.value, start, found)) {
      if (bound === PAUSE) yield PAUSE;
      else yield* bindEntries(run, entries, i + 1, bound, value);
    }
  }
}
