/** Evaluates jq programs: every expression is a stream of values, with the path each came from where one is asked for. */

import { formatValue } from "./formats.ts";
import { brief, compare, isNumber, type Json, type JsonObject, kind, Literal, numeric, truthy } from "./json.ts";
import { type Ast, CompileError, compileReport, type Pattern } from "./parser.ts";

/** An error that `try` catches. */
export class JqError extends Error {
  readonly value: Json;

  constructor(value: Json) {
    super(typeof value === "string" ? value : "");
    this.value = value;
  }
}

class Break extends Error {
  readonly label: object;

  constructor(label: object) {
    super("break");
    this.label = label;
  }
}

/** In a stream: nothing yet, but let the machine's clock go on (or fetch input). */
export const PAUSE = Symbol("pause");

export type Path = readonly Json[] | undefined;

/** A value and, in path expressions, where it is. */
export interface Item {
  v: Json;
  p: Path;
}

export type Stream = Generator<Item | typeof PAUSE, void, undefined>;

interface Closure {
  body: Ast;
  env: Env;
}

interface Definition {
  params: string[];
  body: Ast;
  env: Env | undefined;
}

/** Names in scope: a chain from the innermost out. */
export type Env =
  | { t: "var"; name: string; value: Json; up: Env }
  | { t: "def"; name: string; arity: number; def: Definition; up: Env }
  | { t: "closure"; name: string; closure: Closure; up: Env }
  | { t: "label"; name: string; label: object; up: Env }
  | { t: "root" };

export type Native = (context: Context, args: Ast[], env: Env, input: Item) => Stream;

export interface Context {
  evaluate: (ast: Ast, env: Env, input: Item) => Stream;
  /** Further inputs for `input`; undefined: wait (a PAUSE has been asked for); null: none left. */
  nextInput: () => { value: Json } | undefined | null;
  wantInput: boolean;
  env: JsonObject;
  now: () => number;
  inputFile: () => Json;
  inputLine: () => number;
  debug: (text: string) => void;
  named: JsonObject;
  natives: ReadonlyMap<string, Native>;
  library: Env;
}

const STEPS = 500;
/** Deepest nesting of evaluations: what the host's stack bears with room to spare. */
const MAX_DEPTH = 3_000;
/** Most values that one array collects. */
const MAX_COLLECTED = 4_000_000;

/** Recursion too deep to go on. */
export class StackOverflow extends Error {}

/** More values than a process has memory for. */
export class OutOfMemory extends Error {}

/** Natives without arguments that give one value at most. */
const ONE = new Set(
  "true false null length not tostring tonumber type keys keys_unsorted add floor sqrt min max unique sort reverse tojson fromjson input empty error now explode implode ascii_downcase ascii_upcase trim ltrim rtrim abs round ceil utf8bytelength infinite nan transpose flatten to_number isnan isinfinite isnormal".split(
    " ",
  ),
);

/** True when an expression is known to give no more than one value; errs to false. */
function atMostOne(ast: Ast, env: Env, context: Context, depth: number): boolean {
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

export class Evaluator {
  readonly context: Context;
  private steps = 0;
  /** Evaluations that are open, one within another or waiting to go on. */
  private depth = 0;

  constructor(context: Context) {
    this.context = context;
  }

  /** Looks a program over for names nobody defined. Throws `CompileError`. */
  check(ast: Ast, source: string, variables: readonly string[]): void {
    const walk = (node: unknown, names: ReadonlySet<string>, vars: ReadonlySet<string>): void => {
      if (Array.isArray(node)) {
        for (const item of node) walk(item, names, vars);
        return;
      }
      if (node === null || typeof node !== "object" || node instanceof Map || node instanceof Literal) return;
      const ast = node as Ast;
      switch (ast.t) {
        case "def": {
          const own = `${ast.name}/${ast.params.length}`;
          const inner = new Set([...names, own, ...ast.params.map((param) => `${param}/0`)]);
          walk(ast.body, inner, vars);
          walk(ast.rest, new Set([...names, own]), vars);
          return;
        }
        case "call": {
          const name = `${ast.name}/${ast.args.length}`;
          if (!names.has(name) && !this.known(name))
            throw new CompileError(compileReport(source, `${name} is not defined`, ast.at));
          walk(ast.args, names, vars);
          return;
        }
        case "var":
          if (!vars.has(ast.name)) throw new CompileError(compileReport(source, `$${ast.name} is not defined`, ast.at));
          return;
        case "break":
          if (!vars.has(`*label-${ast.name}`))
            throw new CompileError(compileReport(source, `$*label-${ast.name} is not defined`, ast.at));
          return;
        case "label":
          walk(ast.body, names, new Set([...vars, `*label-${ast.name}`]));
          return;
        case "as": {
          walk(ast.source, names, vars);
          const bound = new Set([...vars, ...ast.patterns.flatMap(patternNames)]);
          walk(ast.patterns, names, bound);
          walk(ast.body, names, bound);
          return;
        }
        case "reduce":
        case "foreach": {
          walk(ast.source, names, vars);
          walk(ast.init, names, vars);
          const bound = new Set([...vars, ...patternNames(ast.pattern)]);
          walk(ast.update, names, bound);
          if (ast.t === "foreach") walk(ast.extract, names, bound);
          return;
        }
        case "object":
          for (const entry of ast.entries) {
            if (entry.key.t === "value" && typeof entry.key.value !== "string")
              throw new CompileError(
                compileReport(
                  source,
                  `Cannot use ${kind(entry.key.value)} (${brief(entry.key.value)}) as object key`,
                  source.length - 1,
                ),
              );
          }
          walk(
            ast.entries.map((entry) => [entry.key, entry.value]),
            names,
            vars,
          );
          return;
        default:
          // Binding sites of patterns are no uses.
          if ((ast as { t: string }).t === "var") return;
          for (const value of Object.values(ast)) walk(value, names, vars);
      }
    };
    walk(ast, new Set(), new Set([...variables, "ENV", "__prog_args"]));
  }

  private known(name: string): boolean {
    if (this.context.natives.has(name)) return true;
    for (let env = this.context.library; env.t !== "root"; env = env.up)
      if (env.t === "def" && `${env.name}/${env.arity}` === name) return true;
    return false;
  }

  /** Evaluates; what comes last (a call, a branch, the right of a comma) is done in a loop, so that recursion there is flat. */
  *run(start: Ast, scope: Env, from: Item): Stream {
    let [node, names, item] = [start, scope, from];
    if (this.depth >= MAX_DEPTH) throw new StackOverflow();
    this.depth++;
    try {
      for (;;) {
        if (++this.steps % STEPS === 0) yield PAUSE;
        if (node.t === "call") {
          const next = this.callee(node, names);
          if (next === undefined) break;
          [node, names] = next;
        } else if (node.t === "comma") {
          yield* this.run(node.left, names, item);
          node = node.right;
        } else if (node.t === "pipe" && atMostOne(node.left, names, this.context, 0)) {
          let got: Item | undefined;
          for (const found of this.run(node.left, names, item)) {
            if (found === PAUSE) yield found;
            else got = found;
          }
          if (got === undefined) {
            return;
          }
          [node, item] = [node.right, got];
        } else if (node.t === "if" && atMostOne(node.test, names, this.context, 0)) {
          let test: Item | undefined;
          for (const found of this.run(node.test, names, plain(item))) {
            if (found === PAUSE) yield found;
            else test = found;
          }
          const branch: Ast | undefined = test === undefined ? undefined : truthy(test.v) ? node.yes : node.no;
          if (branch === undefined) {
            if (test !== undefined) yield item;
            return;
          }
          node = branch;
        } else break;
      }
      if (node.t === "binary") yield* this.binary(node, names, item);
      else if (node.t === "pipe") yield* this.pipe(node, names, item);
      else yield* this.step(node, names, item);
    } finally {
      this.depth--;
    }
  }

  // What programs recurse through has a function of its own: small frames let the host's stack go deeper.

  private *binary(ast: Ast & { t: "binary" }, env: Env, input: Item): Stream {
    for (const right of this.run(ast.right, env, plain(input))) {
      if (right === PAUSE) {
        yield right;
        continue;
      }
      for (const left of this.run(ast.left, env, plain(input)))
        yield left === PAUSE ? left : { v: binary(ast.op, left.v, right.v), p: undefined };
    }
  }

  private *pipe(ast: Ast & { t: "pipe" }, env: Env, input: Item): Stream {
    for (const item of this.run(ast.left, env, input)) {
      if (item === PAUSE) yield item;
      else yield* this.run(ast.right, env, item);
    }
  }

  private *step(ast: Exclude<Ast, { t: "comma" | "binary" | "pipe" }>, env: Env, input: Item): Stream {
    switch (ast.t) {
      case "identity":
        yield input;
        return;
      case "recurse":
        yield* this.recurse(input);
        return;
      case "value":
        yield { v: ast.value, p: undefined };
        return;
      case "string":
        yield* this.interpolate(ast, 0, "", env, input);
        return;
      case "format":
        yield { v: formatValue(ast.name, input.v), p: undefined };
        return;
      case "index":
        if (ast.key.t === "value") {
          for (const of of this.run(ast.of, env, input)) {
            if (of === PAUSE) yield of;
            else if (!ast.quiet) yield indexItem(of, ast.key.value);
            else yield* quietly(indexItem, of, ast.key.value);
          }
          return;
        }
        for (const of of this.run(ast.of, env, input)) {
          if (of === PAUSE) yield of;
          else
            for (const key of this.run(ast.key, env, plain(input))) {
              if (key === PAUSE) yield key;
              else if (!ast.quiet) yield indexItem(of, key.v);
              else yield* quietly(indexItem, of, key.v);
            }
        }
        return;
      case "slice":
        for (const of of this.run(ast.of, env, input)) {
          if (of === PAUSE) {
            yield of;
            continue;
          }
          for (const to of this.optional(ast.to, env, plain(input))) {
            if (to === PAUSE) {
              yield to;
              continue;
            }
            for (const from of this.optional(ast.from, env, plain(input))) {
              if (from === PAUSE) {
                yield from;
                continue;
              }
              const range = new Map<string, Json>([
                ["start", from.v],
                ["end", to.v],
              ]);
              if (!ast.quiet) yield indexItem(of, range);
              else yield* quietly(indexItem, of, range);
            }
          }
        }
        return;
      case "iterate":
        for (const of of this.run(ast.of, env, input)) {
          if (of === PAUSE) yield of;
          else if (!ast.quiet || Array.isArray(of.v) || of.v instanceof Map) yield* iterate(of);
        }
        return;
      case "optional":
      case "try":
        yield* this.tryIt(ast.body, ast.t === "try" ? ast.handler : undefined, env, input);
        return;
      case "array": {
        const out: Json[] = [];
        if (ast.body) {
          for (const item of this.run(ast.body, env, plain(input))) {
            if (item === PAUSE) yield item;
            else {
              out.push(item.v);
              if (++this.steps % STEPS === 0) yield PAUSE;
              if (out.length > MAX_COLLECTED) throw new OutOfMemory();
            }
          }
        }
        yield { v: out, p: undefined };
        return;
      }
      case "object":
        yield* this.object(ast.entries, 0, new Map(), env, plain(input));
        return;
      case "neg":
        for (const item of this.run(ast.body, env, plain(input))) {
          if (item === PAUSE) yield item;
          else {
            if (!isNumber(item.v)) throw new JqError(`${kind(item.v)} (${brief(item.v)}) cannot be negated`);
            yield { v: -numeric(item.v), p: undefined };
          }
        }
        return;
      case "and":
      case "or":
        for (const left of this.run(ast.left, env, plain(input))) {
          if (left === PAUSE) yield left;
          else if (truthy(left.v) === (ast.t === "or")) yield { v: ast.t === "or", p: undefined };
          else
            for (const right of this.run(ast.right, env, plain(input)))
              yield right === PAUSE ? right : { v: truthy(right.v), p: undefined };
        }
        return;
      case "alternative": {
        let any = false;
        try {
          for (const item of this.run(ast.left, env, input)) {
            if (item === PAUSE) yield item;
            else if (truthy(item.v)) {
              any = true;
              yield item;
            }
          }
        } catch (error) {
          if (!(error instanceof JqError)) throw error;
          if (any) return;
        }
        if (!any) yield* this.run(ast.right, env, input);
        return;
      }
      case "assign":
        yield* this.assign(ast, env, plain(input));
        return;
      case "if":
        for (const test of this.run(ast.test, env, plain(input))) {
          if (test === PAUSE) yield test;
          else if (truthy(test.v)) yield* this.run(ast.yes, env, input);
          else if (ast.no) yield* this.run(ast.no, env, input);
          else yield input;
        }
        return;
      case "reduce": {
        for (const init of this.run(ast.init, env, input)) {
          if (init === PAUSE) {
            yield init;
            continue;
          }
          let state: Item = init;
          for (const item of this.run(ast.source, env, plain(input))) {
            if (item === PAUSE) {
              yield item;
              continue;
            }
            for (const bound of this.bind(ast.pattern, env, item.v)) {
              if (bound === PAUSE) {
                yield PAUSE;
                continue;
              }
              let last: Item = { v: null, p: undefined };
              for (const next of this.run(ast.update, bound, state)) {
                if (next === PAUSE) yield next;
                else last = next;
              }
              state = last;
            }
          }
          yield state;
        }
        return;
      }
      case "foreach":
        for (const init of this.run(ast.init, env, input)) {
          if (init === PAUSE) {
            yield init;
            continue;
          }
          let state: Item = init;
          for (const item of this.run(ast.source, env, plain(input))) {
            if (item === PAUSE) {
              yield item;
              continue;
            }
            for (const bound of this.bind(ast.pattern, env, item.v)) {
              if (bound === PAUSE) {
                yield PAUSE;
                continue;
              }
              for (const next of this.run(ast.update, bound, state)) {
                if (next === PAUSE) {
                  yield next;
                  continue;
                }
                state = next;
                if (ast.extract) yield* this.run(ast.extract, bound, state);
                else yield state;
              }
            }
          }
        }
        return;
      case "as":
        for (const item of this.run(ast.source, env, plain(input))) {
          if (item === PAUSE) yield item;
          else yield* this.destructure(ast.patterns, 0, ast.body, env, item.v, input);
        }
        return;
      case "def": {
        const def: Definition = { params: ast.params, body: ast.body, env: undefined };
        const inner: Env = { t: "def", name: ast.name, arity: ast.params.length, def, up: env };
        def.env = inner;
        yield* this.run(ast.rest, inner, input);
        return;
      }
      case "call":
        yield* this.call(ast, env, input);
        return;
      case "var":
        yield { v: lookup(ast.name, env, this.context), p: undefined };
        return;
      case "label": {
        const label = {};
        try {
          yield* this.run(ast.body, { t: "label", name: ast.name, label, up: env }, input);
        } catch (error) {
          if (!(error instanceof Break) || error.label !== label) throw error;
        }
        return;
      }
      case "break":
        for (let at = env; at.t !== "root"; at = at.up)
          if (at.t === "label" && at.name === ast.name) throw new Break(at.label);
        throw new JqError("break");
      case "loc":
        yield {
          v: new Map<string, Json>([
            ["file", "<top-level>"],
            ["line", ast.line],
          ]),
          p: undefined,
        };
    }
  }

  private *optional(ast: Ast | undefined, env: Env, input: Item): Stream {
    if (ast === undefined) yield { v: null, p: undefined };
    else yield* this.run(ast, env, input);
  }

  private *recurse(input: Item): Stream {
    if (++this.steps % STEPS === 0) yield PAUSE;
    yield input;
    if (Array.isArray(input.v) || input.v instanceof Map) {
      for (const child of iterate(input)) yield* this.recurse(child as Item);
    }
  }

  private *interpolate(ast: Ast & { t: "string" }, i: number, text: string, env: Env, input: Item): Stream {
    if (i === ast.parts.length) {
      yield { v: text, p: undefined };
      return;
    }
    const part = ast.parts[i]!;
    if (typeof part === "string") {
      yield* this.interpolate(ast, i + 1, text + part, env, input);
      return;
    }
    for (const item of this.run(part, env, plain(input))) {
      if (item === PAUSE) yield item;
      else
        yield* this.interpolate(ast, i + 1, text + (formatValue(ast.format ?? "text", item.v) as string), env, input);
    }
  }

  private *tryIt(body: Ast, handler: Ast | undefined, env: Env, input: Item): Stream {
    const stream = this.run(body, env, input);
    for (;;) {
      let result: IteratorResult<Item | typeof PAUSE, void>;
      // Only errors of the body count, not those of whoever takes its values.
      try {
        result = stream.next();
      } catch (error) {
        if (!(error instanceof JqError)) throw error;
        if (error.value instanceof Map && error.value.get("__jq") !== undefined) return;
        if (handler) yield* this.run(handler, env, { v: error.value, p: undefined });
        return;
      }
      if (result.done) return;
      yield result.value as Item;
    }
  }

  private *object(entries: { key: Ast; value: Ast }[], i: number, built: JsonObject, env: Env, input: Item): Stream {
    if (i === entries.length) {
      yield { v: built, p: undefined };
      return;
    }
    const entry = entries[i]!;
    for (const key of this.run(entry.key, env, input)) {
      if (key === PAUSE) {
        yield key;
        continue;
      }
      if (typeof key.v !== "string") throw new JqError(`Object keys must be strings`);
      for (const value of this.run(entry.value, env, input)) {
        if (value === PAUSE) yield value;
        else yield* this.object(entries, i + 1, new Map(built).set(key.v, value.v), env, input);
      }
    }
  }

  private *destructure(patterns: Pattern[], i: number, body: Ast, env: Env, value: Json, input: Item): Stream {
    // With `?//` every variable of all patterns exists, null at first.
    let base = env;
    if (patterns.length > 1)
      for (const name of patterns.flatMap(patternNames)) base = { t: "var", name, value: null, up: base };
    const last = i === patterns.length - 1;
    const stream = this.bound(patterns[i]!, base, value, body, input);
    if (last) {
      yield* stream;
      return;
    }
    try {
      yield* stream;
    } catch (error) {
      if (!(error instanceof JqError)) throw error;
      yield* this.destructure(patterns, i + 1, body, env, value, input);
    }
  }

  private *bound(pattern: Pattern, env: Env, value: Json, body: Ast, input: Item): Stream {
    for (const bound of this.bind(pattern, env, value)) {
      if (bound === PAUSE) yield PAUSE;
      else yield* this.run(body, bound, input);
    }
  }

  private *bind(pattern: Pattern, env: Env, value: Json): Generator<Env | typeof PAUSE, void, undefined> {
    if (pattern.t === "var") {
      yield { t: "var", name: pattern.name, value, up: env };
      return;
    }
    if (pattern.t === "array") {
      if (value !== null && !Array.isArray(value)) throw new JqError(`Cannot index ${kind(value)} with number`);
      yield* this.bindAll(
        pattern.items.map((item, i) => ({ pattern: item, value: () => (value as Json[] | null)?.[i] ?? null })),
        0,
        env,
      );
      return;
    }
    yield* this.bindEntries(pattern.entries, 0, env, value);
  }

  private *bindAll(
    items: { pattern: Pattern; value: () => Json }[],
    i: number,
    env: Env,
  ): Generator<Env | typeof PAUSE, void, undefined> {
    if (i === items.length) {
      yield env;
      return;
    }
    for (const bound of this.bind(items[i]!.pattern, env, items[i]!.value())) {
      if (bound === PAUSE) yield PAUSE;
      else yield* this.bindAll(items, i + 1, bound);
    }
  }

  private *bindEntries(
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
    for (const key of this.run(entry.key, env, { v: value, p: undefined })) {
      if (key === PAUSE) {
        yield PAUSE;
        continue;
      }
      if (typeof key.v !== "string") throw new JqError(`Cannot index ${kind(value)} with ${kind(key.v)}`);
      const found = getIndex(value, key.v);
      const start: Env = entry.bind === undefined ? env : { t: "var", name: entry.bind, value: found, up: env };
      if (entry.value === undefined) {
        yield* this.bindEntries(entries, i + 1, start, value);
        continue;
      }
      for (const bound of this.bind(entry.value, start, found)) {
        if (bound === PAUSE) yield PAUSE;
        else yield* this.bindEntries(entries, i + 1, bound, value);
      }
    }
  }

  /** The body of what is called and its names; undefined for a native. */
  private callee(ast: Ast & { t: "call" }, env: Env): [Ast, Env] | undefined {
    const arity = ast.args.length;
    for (let at = env; at.t !== "root"; at = at.up) {
      if (at.t === "closure" && arity === 0 && at.name === ast.name) return [at.closure.body, at.closure.env];
      if (at.t !== "def" || at.arity !== arity || at.name !== ast.name) continue;
      let inner: Env = at.def.env!;
      at.def.params.forEach((name, i) => {
        inner = { t: "closure", name, closure: { body: ast.args[i]!, env }, up: inner };
      });
      return [at.def.body, inner];
    }
    return undefined;
  }

  private *call(ast: Ast & { t: "call" }, env: Env, input: Item): Stream {
    const arity = ast.args.length;
    const native = this.context.natives.get(`${ast.name}/${arity}`);
    if (native === undefined) throw new JqError(`${ast.name}/${arity} is not defined`);
    yield* native(this.context, ast.args, env, input);
  }

  // ---- assignment ---------------------------------------------------------------------------------------------------

  /** Every path that an expression gives. */
  *paths(
    ast: Ast,
    env: Env,
    input: Item,
  ): Generator<{ path: readonly Json[]; v: Json } | typeof PAUSE, void, undefined> {
    for (const item of this.run(ast, env, { v: input.v, p: [] })) {
      if (item === PAUSE) yield item;
      else {
        if (item.p === undefined) throw new JqError(`Invalid path expression with result ${brief(item.v)}`);
        yield { path: item.p, v: item.v };
      }
    }
  }

  private *assign(ast: Ast & { t: "assign" }, env: Env, input: Item): Stream {
    if (ast.op === "|=") {
      let value = input.v;
      const deletions: Json[][] = [];
      for (const found of this.paths(ast.left, env, input)) {
        if (found === PAUSE) {
          yield found;
          continue;
        }
        let result: Item | undefined;
        for (const item of this.run(ast.right, env, { v: getPath(value, found.path), p: undefined })) {
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
    for (const right of this.run(ast.right, env, input)) {
      if (right === PAUSE) {
        yield right;
        continue;
      }
      let value = input.v;
      for (const found of this.paths(ast.left, env, input)) {
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
}

function lookup(name: string, env: Env, context: Context): Json {
  for (let at = env; at.t !== "root"; at = at.up) if (at.t === "var" && at.name === name) return at.value;
  if (name === "ENV") return context.env;
  return null;
}

function patternNames(pattern: Pattern): string[] {
  if (pattern.t === "var") return [pattern.name];
  if (pattern.t === "array") return pattern.items.flatMap(patternNames);
  return pattern.entries.flatMap((entry) => [
    ...(entry.bind ? [entry.bind] : []),
    ...(entry.value ? patternNames(entry.value) : []),
  ]);
}

/** The value without its path: arguments are no part of a path expression. */
export function plain(item: Item): Item {
  return item.p === undefined ? item : { v: item.v, p: undefined };
}

function indexItem(of: Item, key: Json): Item {
  return { v: getIndex(of.v, key), p: of.p && [...of.p, key] };
}

/** A step with a `?`: nothing where it fails. */
function* quietly(step: (of: Item, key: Json) => Item, of: Item, key: Json): Stream {
  let found: Item;
  try {
    found = step(of, key);
  } catch (error) {
    if (error instanceof JqError) return;
    throw error;
  }
  yield found;
}

export function* iterate(of: Item): Stream {
  if (Array.isArray(of.v)) {
    for (let i = 0; i < of.v.length; i++) yield { v: of.v[i]!, p: of.p && [...of.p, i] };
  } else if (of.v instanceof Map) {
    for (const [key, v] of of.v) yield { v, p: of.p && [...of.p, key] };
  } else throw new JqError(`Cannot iterate over ${kind(of.v)} (${brief(of.v)})`);
}

function sliceBounds(length: number, range: JsonObject): [number, number] {
  const from = range.get("start") ?? null;
  const to = range.get("end") ?? null;
  if ((from !== null && !isNumber(from)) || (to !== null && !isNumber(to)))
    throw new JqError("Array/string slice indices must be integers");
  let start = from === null ? 0 : numeric(from);
  let end = to === null ? length : numeric(to);
  if (start < 0) start += length;
  if (end < 0) end += length;
  start = Math.min(length, Math.max(0, Math.floor(start)));
  end = Math.min(length, Math.max(start, Math.ceil(end)));
  return [start, end];
}

export function getIndex(v: Json, key: Json): Json {
  if (v instanceof Map && typeof key === "string") return v.get(key) ?? null;
  if (Array.isArray(v)) {
    if (isNumber(key)) {
      const index = Math.floor(numeric(key));
      return v[index < 0 ? index + v.length : index] ?? null;
    }
    if (key instanceof Map) {
      const [from, to] = sliceBounds(v.length, key);
      return v.slice(from, to);
    }
    if (Array.isArray(key)) return indices(v, key);
  }
  if (typeof v === "string" && key instanceof Map) {
    const chars = [...v];
    const [from, to] = sliceBounds(chars.length, key);
    return chars.slice(from, to).join("");
  }
  if (v === null && (typeof key === "string" || isNumber(key) || key instanceof Map)) return null;
  if (typeof key === "string" && !(v instanceof Map)) throw new JqError(`Cannot index ${kind(v)} with string "${key}"`);
  throw new JqError(`Cannot index ${kind(v)} with ${kind(key)}`);
}

/** Where a list occurs within another. */
export function indices(v: Json[], part: Json[]): Json[] {
  const out: Json[] = [];
  if (part.length === 0) return out;
  for (let i = 0; i + part.length <= v.length; i++) {
    if (part.every((item, k) => compare(v[i + k]!, item) === 0)) out.push(i);
  }
  return out;
}

export function getPath(v: Json, path: readonly Json[]): Json {
  let at = v;
  for (const key of path) {
    if (at === null) return null;
    at = getIndex(at, key);
  }
  return at;
}

/** A copy of `v` with another value at a path. */
export function setPath(v: Json, path: readonly Json[], i: number, value: Json): Json {
  if (i === path.length) return value;
  const key = path[i]!;
  if (typeof key === "string") {
    if (v !== null && !(v instanceof Map)) throw new JqError(`Cannot index ${kind(v)} with "${key}"`);
    const out: JsonObject = new Map(v ?? []);
    out.set(key, setPath(v?.get(key) ?? null, path, i + 1, value));
    return out;
  }
  if (isNumber(key)) {
    if (v !== null && !Array.isArray(v)) throw new JqError(`Cannot index ${kind(v)} with number`);
    const out = v === null ? [] : [...v];
    let index = Math.floor(numeric(key));
    if (index < 0) index += out.length;
    if (index < 0) throw new JqError("Out of bounds negative array index");
    if (index > 536_870_911) throw new JqError("Array index too large");
    while (out.length < index) out.push(null);
    out[index] = setPath(out[index] ?? null, path, i + 1, value);
    return out;
  }
  if (key instanceof Map) {
    if (v !== null && !Array.isArray(v)) throw new JqError(`Cannot update field at object index of ${kind(v)}`);
    const list = v ?? [];
    const [from, to] = sliceBounds(list.length, key);
    const part = setPath(v === null ? null : list.slice(from, to), path, i + 1, value);
    if (!Array.isArray(part)) throw new JqError("A slice of an array can only be assigned another array");
    return [...list.slice(0, from), ...part, ...list.slice(to)];
  }
  throw new JqError(`Invalid path component: ${kind(key)}`);
}

export function deletePaths(v: Json, paths: Json[][]): Json {
  const sorted = [...paths].sort((a, b) => compare(b, a));
  let out = v;
  for (const path of sorted) out = deletePath(out, path, 0);
  return out;
}

function deletePath(v: Json, path: readonly Json[], i: number): Json {
  if (path.length === 0) return null;
  if (v === null) return null;
  const key = path[i]!;
  if (i < path.length - 1) {
    const inner = getIndex(v, key);
    if (inner === null) return v;
    return setPath(v, [key], 0, deletePath(inner, path, i + 1));
  }
  if (v instanceof Map) {
    if (typeof key !== "string")
      throw new JqError(`Cannot delete field at object index of ${kind(v) === "object" ? "object" : kind(v)}`);
    const out = new Map(v);
    out.delete(key);
    return out;
  }
  if (Array.isArray(v)) {
    if (isNumber(key)) {
      const index = numeric(key) < 0 ? numeric(key) + v.length : numeric(key);
      return v.filter((_, k) => k !== index);
    }
    if (key instanceof Map) {
      const [from, to] = sliceBounds(v.length, key);
      return [...v.slice(0, from), ...v.slice(to)];
    }
    throw new JqError(`Cannot delete field at object index of array`);
  }
  throw new JqError(`Cannot delete field at ${typeof key === "string" ? "object" : "array"} index of ${kind(v)}`);
}

/** Two values under an operator, with jq's rules for every pair of kinds. */
export function binary(op: string, a: Json, b: Json): Json {
  switch (op) {
    case "==":
      return compare(a, b) === 0;
    case "!=":
      return compare(a, b) !== 0;
    case "<":
      return compare(a, b) < 0;
    case "<=":
      return compare(a, b) <= 0;
    case ">":
      return compare(a, b) > 0;
    case ">=":
      return compare(a, b) >= 0;
    default:
  }
  const both = `${kind(a)} (${brief(a)}) and ${kind(b)} (${brief(b)})`;
  const numbers = isNumber(a) && isNumber(b);
  switch (op) {
    case "+":
      if (a === null) return b;
      if (b === null) return a;
      if (numbers) return numeric(a) + numeric(b);
      if (typeof a === "string" && typeof b === "string") return a + b;
      if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
      if (a instanceof Map && b instanceof Map) return new Map([...a, ...b]);
      throw new JqError(`${both} cannot be added`);
    case "-":
      if (numbers) return numeric(a) - numeric(b);
      if (Array.isArray(a) && Array.isArray(b))
        return a.filter((item) => !b.some((other) => compare(item, other) === 0));
      throw new JqError(`${both} cannot be subtracted`);
    case "*": {
      if (numbers) return numeric(a) * numeric(b);
      const [text, count] = typeof a === "string" ? [a, b] : [b, a];
      if (typeof text === "string" && isNumber(count)) {
        const times = numeric(count);
        return times <= 0
          ? times === 0 && typeof a === "string"
            ? ""
            : null
          : text.repeat(Math.max(1, Math.ceil(times)));
      }
      if (a instanceof Map && b instanceof Map) return merge(a, b);
      throw new JqError(`${both} cannot be multiplied`);
    }
    case "/":
      if (numbers) {
        if (numeric(b) === 0) throw new JqError(`${both} cannot be divided because the divisor is zero`);
        return numeric(a) / numeric(b);
      }
      if (typeof a === "string" && typeof b === "string") return a === "" ? [] : b === "" ? [...a] : a.split(b);
      throw new JqError(`${both} cannot be divided`);
    case "%": {
      if (!numbers) throw new JqError(`${both} cannot be divided`);
      const [x, y] = [Math.trunc(numeric(a)), Math.trunc(numeric(b))];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
      if (y === 0) throw new JqError(`${both} cannot be divided (remainder) because the divisor is zero`);
      const result = Math.abs(x) % Math.abs(y);
      return x < 0 ? -result : result;
    }
    default:
      throw new JqError(`unknown operator ${op}`);
  }
}

function merge(a: JsonObject, b: JsonObject): JsonObject {
  const out: JsonObject = new Map(a);
  for (const [key, value] of b) {
    const old = out.get(key);
    out.set(key, old instanceof Map && value instanceof Map ? merge(old, value) : value);
  }
  return out;
}
