import { Environment, Optional } from "@marcbachmann/cel-js";
import { compileRegex } from "../../text/regex/index.ts";
import { re2Mistake } from "../../text/regex/re2.ts";
import { CelError } from "./error.ts";
import { registerFormat } from "./library/format.ts";
import { registerNet } from "./library/net.ts";
import { registerOptional } from "./library/optional.ts";
import { registerQuantity } from "./library/quantity.ts";
import { registerSets } from "./library/sets.ts";
import { registerStrings, shown } from "./library/strings.ts";
import { registerUrl } from "./library/url.ts";
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

/** Same length as `matches`, so that positions in messages stay. */
const MATCHES = "re2Test";
/** The library's `has` takes names alone, not `has(self.list[0].field)`; this one takes any value before the last field. */
const HAS = "hAs";

const LIBRARIES = [
  registerFormat,
  registerNet,
  registerOptional,
  registerQuantity,
  registerSets,
  registerStrings,
  registerUrl,
];

let made: Environment | undefined;

/** Made when the first expression comes, so that a boot without one pays nothing. */
function shared(): Environment {
  made ??= environment();
  return made;
}

/** Types of what rules of a schema name: fields of objects by the names of their types, and the type of the value itself. */
export interface CelTypes {
  readonly self: string;
  readonly objects: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** Kubernetes' environment; with `variables`, one that knows these names and no other, all of the type of `types`. */
export function environment(variables?: readonly string[], types?: CelTypes): Environment {
  const own = new Environment({
    unlistedVariablesAreDyn: variables === undefined,
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: variables !== undefined,
  });
  // What an object's type is made of is known before it.
  for (const [name, schema] of [...(types?.objects ?? [])].reverse()) own.registerType({ name, schema });
  for (const name of variables ?? []) own.registerVariable(name, types?.self ?? "dyn");
  for (const register of LIBRARIES) register(own);
  return own
    .registerFunction(`${HAS}(ast): bool`, hasMacro)
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
    .registerFunction("string(google.protobuf.Timestamp): string", shown)
    .registerFunction("string(google.protobuf.Duration): string", shown)
    .registerFunction("int(google.protobuf.Timestamp): int", (at: { getTime(): number }) =>
      BigInt(Math.floor(at.getTime() / 1000)),
    )
    .registerOperator("optional == null", () => false)
    .registerFunction("OptionalNamespace.ofNonZeroValue(dyn): optional<dyn>", (_: unknown, value: unknown) =>
      isZero(value) ? Optional.none() : Optional.of(value),
    )
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
      try {
        checker.check(args[0], context);
      } catch (error) {
        throw checker.createError("has_field", (error as Error).message.split("\n")[0], ast);
      }
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

/** What Go's zero value of a type is to CEL. */
function isZero(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== "object" || value === null) return !value;
  return Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length === 0;
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

const ARITHMETIC: readonly (readonly [RegExp, string])[] = [
  [/modulo/, "modulus by zero"],
  [/division/, "division by zero"],
  [/^integer overflow/, "integer overflow"],
];
const TYPES: Readonly<Record<string, string>> = {
  timestamp: "google.protobuf.Timestamp",
  duration: "google.protobuf.Duration",
};

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
  const arithmetic = ARITHMETIC.find(([pattern]) => pattern.test(head))?.[1];
  if (arithmetic !== undefined) return new CelError(arithmetic, code, line, column);
  const conversion = /^(int|uint|double|bool|timestamp|duration)\(\) /.exec(head)?.[1];
  if (conversion !== undefined && /conver|invalid|error/.test(head)) {
    const type = TYPES[conversion] ?? conversion;
    return new CelError(`type conversion error from 'string' to '${type}'`, code, line, column);
  }
  const written = /^(timestamp)\(\) requires|^Invalid (duration) string/.exec(head);
  if (written !== null) {
    const type = TYPES[written[1] ?? written[2] ?? ""];
    return new CelError(`type conversion error from 'string' to '${type}'`, code, line, column);
  }
  if (code === "optional_value_missing") return new CelError("optional.none() dereference", code, line, column);
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
