/** What jq's evaluator passes around: items with their paths, names in scope, the context of a run. */
import type { Json, JsonObject } from "./json.ts";
import type { Ast } from "./syntax.ts";

/** An error that `try` catches. */
export class JqError extends Error {
  readonly value: Json;

  constructor(value: Json) {
    super(typeof value === "string" ? value : "");
    this.value = value;
  }
}

/** `break $name` on its way to its label. */
export class Break extends Error {
  readonly label: object;

  constructor(label: object) {
    super("break");
    this.label = label;
  }
}

/** In a stream: nothing yet, but let the machine's clock go on (or fetch input). */
export const PAUSE = Symbol("pause");

export type Path = readonly Json[] | undefined;

/** The path of a value that a path expression made instead of finding it. */
export const ASTRAY: readonly Json[] = Object.freeze([]);

/** A value and, in path expressions, where it is. */
export interface Item {
  v: Json;
  p: Path;
}

export type Stream = Generator<Item | typeof PAUSE, void, undefined>;

export interface Closure {
  body: Ast;
  env: Env;
}

export interface Definition {
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
  tell: (text: string) => void;
  named: JsonObject;
  /** Metadata of a module by its name. Throws CompileError. */
  moduleMeta?: (name: string) => Json;
  natives: ReadonlyMap<string, Native>;
  library: Env;
}

/** Recursion too deep to go on. */
export class StackOverflow extends Error {}

/** More values than a process has memory for. */
export class OutOfMemory extends Error {}

/** What a part of a path expression gave for `from`: where it stands, if it is a value of that place; else it is astray. */
export function placed(item: Item, from: Item): Item {
  if (from.p === undefined || item.p !== undefined) return item;
  const same = item.v === from.v && typeof item.v !== "number" && typeof item.v !== "string";
  return { v: item.v, p: same ? from.p : ASTRAY };
}

/** The value without its path: arguments are no part of a path expression. */
export function plain(item: Item): Item {
  return item.p === undefined ? item : { v: item.v, p: undefined };
}
