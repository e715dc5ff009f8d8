import { Environment } from "@marcbachmann/cel-js";
import { compileRegex } from "../../text/regex/index.ts";
import { re2Mistake } from "../../text/regex/re2.ts";
import { compareQuantities, parseQuantity, type Quantity } from "../quantity.ts";
import { celWords, type LibraryError } from "./words.ts";

/**
 * The Common Expression Language with the functions that Kubernetes adds (apiserver pkg/cel/library). Patterns of
 * learners run on the engine's own regular expressions: `matches` is renamed before the library sees it.
 */
export type Variables = Record<string, unknown>;

/** A compiled expression; `run` throws CelError. */
export interface Program {
  readonly text: string;
  run(variables: Variables): unknown;
}

/** A compile or run-time failure. `column` counts from 0 on `line`, which counts from 1. */
export class CelError extends Error {
  readonly code: string;
  readonly line: number;
  readonly column: number;

  constructor(message: string, code: string, line = 1, column = 0) {
    super(message);
    this.code = code;
    this.line = line;
    this.column = column;
  }
}

class CelQuantity {
  readonly value: Quantity;

  constructor(value: Quantity) {
    this.value = value;
  }
}

/** Same length as `matches`, so that positions in messages stay. */
const MATCHES = "re2Test";
/** The library's `has` takes names alone, not `has(self.list[0].field)`; this one takes any value before the last field. */
const HAS = "hAs";

let made: Environment | undefined;

/** Made when the first expression comes, so that a boot without one pays nothing. */
function shared(): Environment {
  made ??= environment();
  return made;
}

/** Kubernetes' environment; with `variables`, one that knows these names and no other. */
export function environment(variables?: readonly string[]): Environment {
  const own = new Environment({
    unlistedVariablesAreDyn: variables === undefined,
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: variables !== undefined,
  });
  for (const name of variables ?? []) own.registerVariable(name, "dyn");
  return own
    .registerFunction(`${HAS}(ast): bool`, hasMacro)
    .registerType("kubernetes.Quantity", CelQuantity)
    .registerFunction(`string.${MATCHES}(string): bool`, test)
    .registerFunction(`${MATCHES}(string, string): bool`, test)
    .registerFunction("string.find(string): string", (text: string, pattern: string) => {
      return regex(pattern).exec(text)?.groups[0] ?? "";
    })
    .registerFunction("string.findAll(string): list<string>", (text: string, pattern: string) => {
      return findAll(text, pattern, -1);
    })
    .registerFunction("string.findAll(string, int): list<string>", (text: string, pattern: string, limit: bigint) =>
      findAll(text, pattern, Number(limit)),
    )
    .registerFunction("string.replace(string, string): string", (text: string, from: string, to: string) =>
      text.split(from).join(to),
    )
    .registerFunction("string.charAt(int): string", (text: string, at: bigint) => text.charAt(Number(at)))
    .registerFunction("string.format(list): string", format)
    .registerFunction("list.sum(): dyn", (list: unknown[]) =>
      list.reduce(
        (sum, one) => (typeof sum === "bigint" && typeof one === "bigint" ? sum + one : Number(sum) + Number(one)),
        0n,
      ),
    )
    .registerFunction("list.min(): dyn", (list: unknown[]) => extreme(list, "min", (a, b) => a < b))
    .registerFunction("list.max(): dyn", (list: unknown[]) => extreme(list, "max", (a, b) => a > b))
    .registerFunction("list.isSorted(): bool", (list: Comparable[]) =>
      list.every((one, i) => i === 0 || list[i - 1]! <= one),
    )
    .registerFunction("list.indexOf(dyn): int", (list: unknown[], value: unknown) => BigInt(list.indexOf(value)))
    .registerFunction("list.lastIndexOf(dyn): int", (list: unknown[], value: unknown) =>
      BigInt(list.lastIndexOf(value)),
    )
    .registerFunction("isQuantity(string): bool", (text: string) => !("error" in parseQuantity(text)))
    .registerFunction("quantity(string): kubernetes.Quantity", (text: string) => {
      const value = parseQuantity(text);
      if ("error" in value) throw new CelError(value.error, "quantity");
      return new CelQuantity(value);
    })
    .registerFunction("kubernetes.Quantity.compareTo(kubernetes.Quantity): int", (a: CelQuantity, b: CelQuantity) =>
      BigInt(compareQuantities(a.value, b.value)),
    )
    .registerFunction(
      "kubernetes.Quantity.isGreaterThan(kubernetes.Quantity): bool",
      (a: CelQuantity, b: CelQuantity) => compareQuantities(a.value, b.value) > 0,
    )
    .registerFunction(
      "kubernetes.Quantity.isLessThan(kubernetes.Quantity): bool",
      (a: CelQuantity, b: CelQuantity) => compareQuantities(a.value, b.value) < 0,
    )
    .registerFunction("isIP(string): bool", isIP)
    .registerFunction("isCIDR(string): bool", (text: string) => {
      const [address = "", bits = "", ...more] = text.split("/");
      return (
        more.length === 0 &&
        isIP(address) &&
        /^\d{1,3}$/.test(bits) &&
        Number(bits) <= (address.includes(":") ? 128 : 32)
      );
    })
    .registerFunction("isURL(string): bool", (text: string) => /^(\/|[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/\s]+)/.test(text))
    .registerFunction("list.last(): dyn", (list: unknown[]) => list.at(-1) ?? "")
    .registerFunction("extract(string, string): string", (text: string, pattern: string) => {
      return regex(pattern).exec(text)?.groups[1] ?? "";
    });
}

type Comparable = string | number | bigint | boolean;

function regex(pattern: string): ReturnType<typeof compileRegex> {
  const mistake = re2Mistake(pattern);
  if (mistake !== undefined) throw new CelError(mistake, "regex");
  return compileRegex(pattern, { syntax: "perl" });
}

// biome-ignore lint/suspicious/noExplicitAny: the library's own nodes and evaluator
type Any = any;

/** `has(value.field)`: steps from the value down, each of them a field. */
function hasMacro({ args, ast }: Any): Any {
  const fields: Any[] = [];
  let base = args[0];
  while (base.op === "." || base.op === ".?") {
    fields.push(base);
    base = base.args[0];
  }
  const [last] = fields;
  return {
    args,
    ast,
    typeCheck(checker: Any, _macro: Any, context: Any): Any {
      if (last === undefined || last.op !== ".") {
        throw checker.createError("invalid_macro_argument", "invalid argument to has() macro", args[0]);
      }
      checker.check(base, context);
      return checker.getType("bool");
    },
    evaluate(evaluator: Any, _macro: Any, context: Any): boolean {
      let value = evaluator.run(base, context);
      for (let i = fields.length - 1; i >= 0; i--) {
        const node = fields[i];
        value = evaluator.debugType(value).fieldLazy(value, node.args[1], node, evaluator);
        if (value !== undefined) continue;
        if (i === 0 || node.op === ".?") return false;
        throw new CelError(`no such key: ${node.args[1]}`, "no_such_key");
      }
      return true;
    },
  };
}

function test(text: string, pattern: string): boolean {
  return regex(pattern).test(text);
}

function findAll(text: string, pattern: string, limit: number): string[] {
  const compiled = regex(pattern);
  const found: string[] = [];
  let at = 0;
  while (at <= text.length && (limit < 0 || found.length < limit)) {
    const match = compiled.exec(text, at);
    if (match === null) break;
    found.push(match.groups[0] ?? "");
    at = match.end > match.index ? match.end : match.end + 1;
  }
  return found;
}

function extreme(list: unknown[], name: string, better: (a: Comparable, b: Comparable) => boolean): unknown {
  if (list.length === 0) throw new CelError(`${name} called on empty list`, "empty_list");
  return (list as Comparable[]).reduce((best, one) => (better(one, best) ? one : best));
}

function isIP(text: string): boolean {
  const parts = text.split(".");
  if (parts.length === 4) return parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  return text.includes(":") && /^[0-9a-fA-F:]+$/.test(text) && text.split("::").length <= 2;
}

/** `%s`, `%d`, `%f` and `%%`, as the strings extension has them. */
function format(pattern: string, values: unknown[]): string {
  let next = 0;
  return pattern.replace(/%(\.\d+)?([sdfxeb%])/g, (_all, precision: string | undefined, verb: string) => {
    if (verb === "%") return "%";
    if (next >= values.length) throw new CelError(`index ${next} out of range`, "format");
    const value = values[next++];
    if (verb === "f") return Number(value).toFixed(precision ? Number(precision.slice(1)) : 6);
    if (verb === "x") return typeof value === "bigint" ? value.toString(16) : String(value);
    return text(value);
  });
}

function text(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([key, one]) => `${key}: ${text(one)}`)
      .join(", ")}}`;
  }
  return String(value);
}

const STRING =
  /(?:[rR]?[bB]?|[bB][rR])("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\b(?:matches|(?<![.\w])has)(?=\s*\()/g;

/** The expression with `matches` and `has` under their other names; strings stay as they are. */
export function renamed(expression: string): string {
  return expression.replace(STRING, (found) => (found === "matches" ? MATCHES : found === "has" ? HAS : found));
}

const MAX_PROGRAMS = 2000;
const programs = new Map<string, Program>();

/** Compiles an expression. Throws CelError with the position of a syntax error. Remembered by its text. */
export function compileCel(expression: string): Program {
  let program = programs.get(expression);
  if (program !== undefined) return program;
  let run: (variables: Variables) => unknown;
  try {
    run = shared().parse(renamed(expression)) as unknown as (variables: Variables) => unknown;
  } catch (error) {
    throw fromLibrary(error, expression);
  }
  program = {
    text: expression,
    run(variables) {
      try {
        return run(variables);
      } catch (error) {
        throw fromLibrary(error, expression);
      }
    },
  };
  if (programs.size >= MAX_PROGRAMS) programs.clear();
  programs.set(expression, program);
  return program;
}

/** cel-go's words for the library's. */
export function fromLibrary(error: unknown, expression: string): CelError {
  if (error instanceof CelError) return error;
  const { code = "", message } = error as LibraryError;
  const [head = ""] = message.split("\n");
  const caret = message.split("\n").find((line) => /^\s*\^/.test(line));
  const shown = message.split("\n").find((line) => line.startsWith(">"));
  const line = Number(/^>\s*(\d+) \|/.exec(shown ?? "")?.[1] ?? 1);
  const column =
    caret === undefined || shown === undefined ? 0 : Math.max(0, caret.indexOf("^") - shown.indexOf("|") - 2);
  const words = celWords(error as LibraryError, expression);
  if (words !== undefined) {
    if (words.at === undefined) return new CelError(words.message, words.code, line, column);
    const before = expression.slice(0, words.at).split("\n");
    return new CelError(words.message, words.code, before.length, before.at(-1)!.length);
  }
  const outside = /index out of bounds, index (-?\d+)/.exec(head)?.[1];
  if (outside !== undefined) return new CelError(`index out of bounds: ${outside}`, "out_of_bounds", line, column);
  if (/^No such key: /.test(head)) return new CelError(`no such key: ${head.slice(13)}`, "no_such_key", line, column);
  if (/division|modulo/.test(head)) return new CelError("division by zero", "division_by_zero", line, column);
  return new CelError(head, code, line, column);
}

/** `ERROR: <input>:1:5: undeclared reference …` with the line and a caret, as cel-go prints an issue. */
export function compileMessage(error: CelError, expression: string): string {
  const source = expression.split("\n")[error.line - 1] ?? "";
  return `ERROR: <input>:${error.line}:${error.column + 1}: ${error.message}\n | ${source}\n | ${".".repeat(error.column)}^`;
}

/** JSON as CEL sees it: whole numbers are int (BigInt), others double. */
export function toCel(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value === "object" && value !== null) {
    const out: Record<string, unknown> = {};
    for (const key of Object.keys(value)) out[key] = toCel((value as Record<string, unknown>)[key]);
    return out;
  }
  return value;
}
