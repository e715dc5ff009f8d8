/**
 * Expressions that give exactly one value (or an error), made plain functions: no stream is needed for them, and most
 * of what filters do to each of many objects is such.
 */
import { brief } from "./dump.ts";
import { formatValue } from "./formats.ts";
import { isNumber, type Json, kind, numeric, truthy } from "./json.ts";
import { direct } from "./natives.ts";
import { binary } from "./operators.ts";
import { getIndex } from "./paths.ts";
import { type Context, type Env, JqError } from "./stream.ts";
import type { Ast } from "./syntax.ts";

export type Single = (v: Json, env: Env) => Json;

/** Native functions of the input alone that cost little, whatever they are given. */
const CHEAP = new Set(
  "length not type keys keys_unsorted add tostring tonumber tojson floor ceil round sqrt min max sort reverse explode implode utf8bytelength ltrimstr null true false now".split(
    " ",
  ),
);

/** The value of a variable. */
export function lookup(name: string, env: Env, context: Context): Json {
  for (let at = env; at.t !== "root"; at = at.up) if (at.t === "var" && at.name === name) return at.value;
  if (name === "ENV") return context.env;
  return null;
}

/** Finds such expressions; each is looked at once. */
export class Singles {
  private readonly known = new WeakMap<Ast, Single | null>();
  private readonly context: Context;
  /** Names that a program defines itself, with arities. */
  private shadowed: ReadonlySet<string> | undefined;

  constructor(context: Context) {
    this.context = context;
  }

  /** Notes the names that a program defines: before that no call counts as single. */
  program(ast: Ast): void {
    const names = new Set<string>();
    const walk = (node: unknown): void => {
      if (node === null || typeof node !== "object" || node instanceof Map) return;
      const { t, name, params } = node as { t?: string; name?: string; params?: string[] };
      if (t === "def") {
        names.add(`${name}/${params!.length}`);
        for (const param of params!) names.add(`${param}/0`);
      }
      for (const part of Object.values(node)) walk(part);
    };
    walk(ast);
    this.shadowed = names;
  }

  /** True when a call means the function of that name that jq has. */
  own(name: string): boolean {
    return this.shadowed !== undefined && !this.shadowed.has(name);
  }

  /** The function of an expression; undefined when it is (or may be) a stream. */
  of(ast: Ast): Single | undefined {
    let found = this.known.get(ast);
    if (found === undefined) {
      found = this.make(ast) ?? null;
      this.known.set(ast, found);
    }
    return found ?? undefined;
  }

  private make(ast: Ast): Single | undefined {
    switch (ast.t) {
      case "identity":
        return (v) => v;
      case "value": {
        const { value } = ast;
        return () => value;
      }
      case "var": {
        const { name } = ast;
        return (_v, env) => lookup(name, env, this.context);
      }
      case "format": {
        const { name } = ast;
        return (v) => formatValue(name, v);
      }
      case "string":
        return this.text(ast);
      case "index":
        return ast.quiet ? undefined : this.index(ast);
      case "neg": {
        const body = this.of(ast.body);
        return body && ((v, env) => negative(body(v, env)));
      }
      case "pipe": {
        const [left, right] = [this.of(ast.left), this.of(ast.right)];
        return left && right && ((v, env) => right(left(v, env), env));
      }
      case "binary": {
        const [left, right, op] = [this.of(ast.left), this.of(ast.right), ast.op];
        if (!left || !right) return undefined;
        return (v, env) => {
          const b = right(v, env);
          return binary(op, left(v, env), b);
        };
      }
      case "and":
      case "or": {
        const [left, right, any] = [this.of(ast.left), this.of(ast.right), ast.t === "or"];
        return left && right && ((v, env) => (truthy(left(v, env)) === any ? any : truthy(right(v, env))));
      }
      case "alternative": {
        const [left, right] = [this.of(ast.left), this.of(ast.right)];
        return left && right && ((v, env) => orElse(left, right, v, env));
      }
      case "if": {
        const [test, yes, no] = [this.of(ast.test), this.of(ast.yes), ast.no ? this.of(ast.no) : (v: Json) => v];
        return test && yes && no && ((v, env) => (truthy(test(v, env)) ? yes(v, env) : no(v, env)));
      }
      case "array":
        return this.list(ast.body);
      case "object":
        return this.object(ast);
      case "call":
        return this.call(ast);
      default:
        return undefined;
    }
  }

  private index(ast: Ast & { t: "index" }): Single | undefined {
    const [of, key] = [this.of(ast.of), this.of(ast.key)];
    if (!of || !key) return undefined;
    if (ast.key.t === "value" && typeof ast.key.value === "string") {
      const name = ast.key.value;
      return (v, env) => {
        const from = of(v, env);
        return from instanceof Map ? (from.get(name) ?? null) : getIndex(from, name);
      };
    }
    return (v, env) => getIndex(of(v, env), key(v, env));
  }

  private text(ast: Ast & { t: "string" }): Single | undefined {
    const parts = ast.parts.map((part) => (typeof part === "string" ? part : this.of(part)));
    if (parts.includes(undefined)) return undefined;
    const format = ast.format ?? "text";
    return (v, env) => {
      let out = "";
      for (const part of parts) out += typeof part === "string" ? part : formatValue(format, part!(v, env));
      return out;
    };
  }

  private list(body: Ast | undefined): Single | undefined {
    const items: Single[] = [];
    for (let at = body; at !== undefined; ) {
      const item = this.of(at.t === "comma" ? at.right : at);
      if (item === undefined) return undefined;
      items.unshift(item);
      at = at.t === "comma" ? at.left : undefined;
    }
    return (v, env) => items.map((item) => item(v, env));
  }

  private object(ast: Ast & { t: "object" }): Single | undefined {
    const entries: [Single, Single][] = [];
    for (const entry of ast.entries) {
      const [key, value] = [this.of(entry.key), this.of(entry.value)];
      if (!key || !value) return undefined;
      entries.push([key, value]);
    }
    return (v, env) => {
      const out = new Map<string, Json>();
      for (const [name, item] of entries) {
        const key = name(v, env);
        if (typeof key !== "string") throw new JqError("Object keys must be strings");
        out.set(key, item(v, env));
      }
      return out;
    };
  }

  private call(ast: Ast & { t: "call" }): Single | undefined {
    if (ast.args.length > 0 || !CHEAP.has(ast.name) || !this.own(`${ast.name}/0`)) return undefined;
    const compute = direct.get(ast.name);
    return compute && ((v) => compute(v, this.context));
  }
}

function negative(v: Json): Json {
  if (!isNumber(v)) throw new JqError(`${kind(v)} (${brief(v)}) cannot be negated`);
  return -numeric(v);
}

function orElse(left: Single, right: Single, v: Json, env: Env): Json {
  try {
    const found = left(v, env);
    if (truthy(found)) return found;
  } catch (error) {
    if (!(error instanceof JqError)) throw error;
  }
  return right(v, env);
}
