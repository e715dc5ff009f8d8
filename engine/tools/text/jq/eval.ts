/** Evaluates jq programs: every expression is a stream of values, with the path each came from where one is asked for. */
import { assign } from "./assign.ts";
import { atMostOne } from "./at-most-one.ts";
import { destructure } from "./bind.ts";
import { checkNames } from "./check.ts";
import { brief } from "./dump.ts";
import { foreach, reduce } from "./folds.ts";
import { formatValue } from "./formats.ts";
import { isNumber, type Json, type JsonObject, kind, numeric, truthy } from "./json.ts";
import { binary } from "./operators.ts";
import { indexItem, iterate, quietly } from "./paths.ts";
import { lookup, type Single, Singles } from "./single.ts";
import {
  Break,
  type Context,
  type Definition,
  type Env,
  type Item,
  JqError,
  OutOfMemory,
  PAUSE,
  placed,
  plain,
  StackOverflow,
  type Stream,
} from "./stream.ts";
import type { Ast } from "./syntax.ts";

const STEPS = 500;
/** Deepest nesting of evaluations: what the host's stack bears with room to spare. */
const MAX_DEPTH = 3_000;
/** Most values that one array collects. */
const MAX_COLLECTED = 4_000_000;

export class Evaluator {
  readonly context: Context;
  private steps = 0;
  /** Evaluations that are open, one within another or waiting to go on. */
  private depth = 0;

  private readonly singles: Singles;
  private readonly evaluate = (ast: Ast, env: Env, input: Item) => this.run(ast, env, input);

  constructor(context: Context) {
    this.context = context;
    this.singles = new Singles(context);
  }

  /** Looks a program over for names nobody defined. Throws `CompileError`. */
  check(ast: Ast, source: string, variables: readonly string[]): void {
    checkNames(ast, source, variables, (name) => this.known(name));
    this.singles.program(ast);
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
        const single = item.p === undefined ? this.singles.of(node) : undefined;
        if (single !== undefined) {
          yield { v: single(item.v, names), p: undefined };
          return;
        }
        if (node.t === "call") {
          const only = this.onlyArgument(node);
          if (only !== undefined && node.name === "select") {
            if (truthy(only(item.v, names))) yield item;
            return;
          }
          if (only !== undefined && Array.isArray(item.v)) {
            const out: Json[] = [];
            for (const value of item.v) {
              if (++this.steps % STEPS === 0) yield PAUSE;
              out.push(only(value, names));
            }
            yield { v: out, p: undefined };
            return;
          }
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
            else got = placed(found, item);
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

  /** The argument of `select(f)` and `map(f)` where it gives one value. */
  private onlyArgument(ast: Ast & { t: "call" }): Single | undefined {
    if (ast.args.length !== 1 || (ast.name !== "select" && ast.name !== "map") || !this.singles.own(`${ast.name}/1`))
      return undefined;
    return this.singles.of(ast.args[0]!);
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
    const right = this.singles.of(ast.right);
    for (const item of this.run(ast.left, env, input)) {
      if (item === PAUSE) yield item;
      else if (right === undefined || input.p !== undefined) yield* this.run(ast.right, env, placed(item, input));
      else {
        if (++this.steps % STEPS === 0) yield PAUSE;
        yield { v: right(item.v, env), p: undefined };
      }
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
            else if (!ast.quiet) yield indexItem(placed(of, input), ast.key.value);
            else yield* quietly(indexItem, placed(of, input), ast.key.value);
          }
          return;
        }
        for (const of of this.run(ast.of, env, input)) {
          if (of === PAUSE) yield of;
          else
            for (const key of this.run(ast.key, env, plain(input))) {
              if (key === PAUSE) yield key;
              else if (!ast.quiet) yield indexItem(placed(of, input), key.v);
              else yield* quietly(indexItem, placed(of, input), key.v);
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
              if (!ast.quiet) yield indexItem(placed(of, input), range);
              else yield* quietly(indexItem, placed(of, input), range);
            }
          }
        }
        return;
      case "iterate":
        for (const of of this.run(ast.of, env, input)) {
          if (of === PAUSE) yield of;
          else if (!ast.quiet || Array.isArray(of.v) || of.v instanceof Map) yield* iterate(placed(of, input));
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
        yield* assign(this.evaluate, ast, env, plain(input));
        return;
      case "if":
        for (const test of this.run(ast.test, env, plain(input))) {
          if (test === PAUSE) yield test;
          else if (truthy(test.v)) yield* this.run(ast.yes, env, input);
          else if (ast.no) yield* this.run(ast.no, env, input);
          else yield input;
        }
        return;
      case "reduce":
        yield* reduce(this.evaluate, ast, env, input);
        return;
      case "foreach":
        yield* foreach(this.evaluate, ast, env, input);
        return;
      case "as":
        for (const item of this.run(ast.source, env, plain(input))) {
          if (item === PAUSE) yield item;
          else yield* destructure(this.evaluate, ast.patterns, 0, ast.body, env, item.v, input);
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
}
