import { re2Mistake } from "../../text/regex/re2.ts";
import { type CelTypes, compileCel, compileMessage, environment, fromLibrary, renamed } from "./cel.ts";
import { CelError } from "./error.ts";
import type { LibraryError } from "./words.ts";

/** What an expression may name, and what it must come to. */
export interface CelContext {
  readonly variables: readonly string[];
  readonly wanted?: "bool" | "string";
}

const environments = new Map<string, ReturnType<typeof environment>>();

function declared(variables: readonly string[]): ReturnType<typeof environment> {
  const key = variables.join(",");
  let made = environments.get(key);
  if (made === undefined) {
    made = environment(variables);
    environments.set(key, made);
  }
  return made;
}

/** What cel-go says of an expression that does not compile; undefined when it does. */
function compileError(expression: string, variables: readonly string[]): { error?: CelError; type?: string } {
  try {
    compileCel(expression);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return { error };
  }
  const pattern = brokenPattern(expression);
  if (pattern !== undefined) return { error: pattern };
  const { valid, type = "dyn", error } = declared(variables).check(renamed(expression));
  if (valid) return { type };
  // What is to be printed may be of any types (ext/formatting.go).
  if ((error as { code?: string } | undefined)?.code === "heterogeneous_list_element" && /\.format\(/.test(expression))
    return {};
  const found = fromLibrary(error, expression);
  // A function of Kubernetes' libraries that is not ours: nothing is said of the rest.
  return found.code === "foreign" ? {} : { error: found };
}

function isParsed(expression: string): boolean {
  try {
    compileCel(expression);
    return true;
  } catch {
    return false;
  }
}

/** Patterns that stand in an expression are compiled with it. */
function brokenPattern(expression: string): CelError | undefined {
  for (const match of expression.matchAll(/\bmatches\(\s*(r?)("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')\s*\)/g)) {
    const [, raw, quoted = ""] = match;
    const inner = quoted.slice(1, -1);
    const text = raw ? inner : inner.replace(/\\(\\|"|')/g, "$1");
    if (re2Mistake(text) === undefined) continue;
    const before = expression.slice(0, match.index + match[0].indexOf(`${raw}${quoted}`)).split("\n");
    return new CelError("invalid matches argument", "regex", before.length, before.at(-1)!.length);
  }
  return undefined;
}

/**
 * What is wrong with an expression before anything runs, in cel-go's words: it does not parse, names what is not
 * declared, calls what does not fit, or comes to another type; undefined when nothing is.
 */
export function celMistake(expression: string, { variables, wanted }: CelContext): string | undefined {
  const { error, type } = compileError(expression, variables);
  if (error !== undefined) return `compilation failed: ${compileMessage(error, expression)}`;
  if (wanted === undefined || type === undefined || type === wanted) return undefined;
  return `must evaluate to ${wanted} but got ${goType(type)}`;
}

/** Types that a complaint of the interpreter's checker is believed about; objects it does not compare. */
const PLAIN = /^(null|string|int|uint|double|bool|bytes|google\.protobuf\.\w+|list<(string|int|double|bool)>)$/;

const typedEnvironments = new WeakMap<CelTypes, ReturnType<typeof environment>>();

/** What the types of a rule's variables tell: a field that is not there, or a value that does not fit. */
function typeMistake(rule: string, types: CelTypes): CelError | undefined {
  let env = typedEnvironments.get(types);
  if (env === undefined) typedEnvironments.set(types, (env = environment(["self", "oldSelf"], types)));
  const { valid, error } = env.check(renamed(rule));
  if (valid || error === undefined) return undefined;
  const { code, message, range } = error as LibraryError;
  const [head = ""] = message.split("\n");
  const dot = range === undefined ? 0 : rule.lastIndexOf(".", range.start);
  const at = (message: string, offset: number) => {
    const before = rule.slice(0, offset).split("\n");
    return new CelError(message, "type", before.length, before.at(-1)!.length);
  };
  const opened = code === "has_field" ? rule.indexOf("(", range?.start) : dot;
  const missing = /^No such key: (\w+)$/.exec(head)?.[1];
  if (missing !== undefined) return at(`undefined field '${missing}'`, opened);
  const indexed = /^Cannot index type '(\w+)'$/.exec(head)?.[1];
  if (indexed !== undefined && rule.slice(dot, range?.start).trim() === ".") return at(unselectable(indexed), dot);
  if (indexed !== undefined && code === "has_field") return at(unselectable(indexed), opened);
  const sides = /^no such overload: (.+) (?:==|!=|<=|>=|<|>|\+|-|\*|\/|%|in) (.+)$/.exec(head);
  const wrong = sides !== null && sides[1] !== sides[2] && PLAIN.test(sides[1]!) && PLAIN.test(sides[2]!);
  const denied = PLAIN.test(/^no such overload: [!-](.+)$/.exec(head)?.[1] ?? "");
  if (wrong || denied || isMisfit(head)) return fromLibrary(error, rule);
  if (code !== "invalid_logical_operand") return undefined;
  // The operand is named, by the last of its fields.
  const [, operand, last = ""] = /^((?:\w+\.)*(\w+))\s*(?:&&|\|\|)/.exec(rule.slice(range?.start)) ?? [];
  const named = operand !== undefined && env.check(renamed(operand)).type !== "bool";
  const found = fromLibrary(error, rule);
  if (!named || operand === last) return found;
  return at(found.message, (range?.start ?? 0) + operand.length - last.length - 1);
}

const unselectable = (type: string) => `type '${type}' does not support field selection`;

/** Functions of which the interpreter knows all that they take. */
const COMPLETE = new Set(
  "size startsWith endsWith re2Test contains quantity isQuantity isIP isCIDR isURL ip cidr url find split trim lowerAscii upperAscii".split(
    " ",
  ),
);

/** A call of one of them with plain values that it does not take. */
function isMisfit(head: string): boolean {
  const called = /^found no matching overload for '(?:(.+)\.)?(\w+)\((.*)\)'$/.exec(head);
  if (called === null || !COMPLETE.has(called[2]!)) return false;
  const types = [called[1] ?? [], called[3] === "" ? [] : called[3]!.split(", ")].flat();
  return types.every((type) => PLAIN.test(type));
}

/** The same for a rule of a schema. */
export function ruleMistake(rule: string, types?: CelTypes): string | undefined {
  const mistyped = types && isParsed(rule) ? typeMistake(rule, types) : undefined;
  if (mistyped !== undefined) return `compilation failed: ${compileMessage(mistyped, rule)}`;
  const { error, type } = compileError(rule, ["self", "oldSelf"]);
  if (error !== undefined) return `compilation failed: ${compileMessage(error, rule)}`;
  return type === undefined || type === "bool" || type === "dyn" ? undefined : "cel expression must evaluate to a bool";
}

/** `list<int>` is `list(int)` there. */
function goType(type: string): string {
  if (type === "list") return "list(dyn)";
  return type === "null" ? "null_type" : type.replaceAll("<", "(").replaceAll(">", ")");
}
