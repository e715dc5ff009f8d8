import { CelError, compileCel } from "../cel/index.ts";
import type { Warn } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import { duplicate, forbidden, invalid, required } from "../validation/field.ts";
import { Correlation, itemBefore } from "./correlation.ts";
import { fieldSchema, isMapping, type JsonSchema, type Rule } from "./schema.ts";

/** What the object was before an update, and what hears of a rule that fails on what did not change. */
export interface Before {
  readonly old: unknown;
  readonly warn: Warn | undefined;
}

/** The value whose old one is known, and the nearest above it of which that is so; `warn` is missing when it is made. */
interface Place {
  readonly was: Correlation | undefined;
  readonly above: Correlation | undefined;
  readonly warn: Warn | undefined;
}

/**
 * `x-kubernetes-validations` over an object (apiextensions-apiserver pkg/apiserver/schema/cel/validation.go). A rule that
 * compares with `oldSelf` is judged only where there was a value; one that does not and fails where nothing changed is
 * but warned of.
 */
export function validateRules(
  value: unknown,
  before: Before | undefined,
  schema: JsonSchema,
  path = "",
): StatusCause[] {
  const causes: StatusCause[] = [];
  const was = before && new Correlation(value, before.old, schema);
  visit(value, before?.old, schema, path, causes, { was, above: undefined, warn: before?.warn });
  return causes;
}

const known = new WeakMap<JsonSchema, boolean>();

/** Whether there are rules on the way; those of `allOf` alone do not count (hasXValidations). */
export function hasRules(schema: JsonSchema): boolean {
  let has = known.get(schema);
  if (has === undefined) {
    const { properties = {}, items, additionalProperties } = schema;
    has =
      (schema["x-kubernetes-validations"]?.length ?? 0) > 0 ||
      Object.values(properties).some(hasRules) ||
      (items !== undefined && hasRules(items)) ||
      (isMapping(additionalProperties) && hasRules(additionalProperties as JsonSchema));
    known.set(schema, has);
  }
  return has;
}

function visit(
  value: unknown,
  old: unknown,
  schema: JsonSchema,
  path: string,
  causes: StatusCause[],
  place: Place,
): void {
  if (value === null || value === undefined) return;
  if (!hasRules(schema) && !schema.allOf) return;
  for (const rule of schema["x-kubernetes-validations"] ?? []) {
    const cause = judge(rule, value, old, schema, path);
    if (cause === undefined) continue;
    const ratchets = !cause.failed && !comparing(rule) && ((place.was ?? place.above)?.unchanged() ?? false);
    if (ratchets && place.warn) place.warn(`${cause.words.field}: ${cause.words.message}`);
    else causes.push(cause.words);
  }
  for (const one of schema.allOf ?? []) {
    visit(value, old, one, path, causes, { was: undefined, above: place.above, warn: place.warn });
  }
  const below = (was: Correlation | undefined): Place =>
    place.was === undefined ? place : { was, above: place.was, warn: place.warn };
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return;
    for (const [i, item] of value.entries()) {
      visit(item, itemBefore(old, item, schema), items, `${path}[${i}]`, causes, below(place.was?.index(i)));
    }
  } else if (isMapping(value)) {
    for (const key of Object.keys(value).sort()) {
      const part = fieldSchema(schema, key);
      if (part === undefined) continue;
      const named = schema.properties !== undefined && Object.hasOwn(schema.properties, key);
      const at = named ? child(path, key) : `${path}[${key}]`;
      visit(value[key], isMapping(old) ? old[key] : undefined, part, at, causes, below(place.was?.key(key)));
    }
  }
}

const comparing = (rule: Rule): boolean => /\boldSelf\b/.test(rule.rule);

const child = (path: string, name: string) => (path === "" ? name : `${path}.${name}`);

/** What a rule says; `failed` when it could not be judged. */
function judge(
  rule: Rule,
  value: unknown,
  old: unknown,
  schema: JsonSchema,
  path: string,
): { words: StatusCause; failed: boolean } | undefined {
  const compares = comparing(rule);
  const optional = rule.optionalOldSelf === true;
  const had = old !== undefined && old !== null;
  if (compares && !had && !optional) return undefined;
  const field = path === "" ? "<nil>" : path;
  const type = schema.type ?? "";
  const variables: Record<string, unknown> = { self: schemaToCel(value, schema) };
  if (compares) {
    const before = had ? schemaToCel(old, schema) : undefined;
    variables["oldSelf"] = optional ? optionalOf(before) : before;
  }
  const called = (rule.message ?? "") !== "" ? rule.message!.trim() : rule.rule.trim();
  try {
    if (compileCel(rule.rule).run(variables) === true) return undefined;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const { message } = error;
    const why = message.startsWith("no such overload")
      ? `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${called}`
      : `${message} evaluating rule: ${called}`;
    return { words: invalid(field, type, why), failed: true };
  }
  const where = rule.fieldPath ? fieldPath(path, rule.fieldPath) : field;
  return { words: complaint(rule, where, type, messageOf(rule, variables)), failed: false };
}

function optionalOf(value: unknown): unknown {
  const make = compileCel(value === undefined ? "optional.none()" : "optional.of(value)");
  return make.run({ value });
}

function messageOf(rule: Rule, variables: Record<string, unknown>): string {
  if (rule.messageExpression) {
    try {
      const text = compileCel(rule.messageExpression).run(variables);
      if (typeof text === "string" && text.trim() !== "" && !text.includes("\n")) return text.trim();
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
    }
  }
  return (rule.message ?? "") === "" ? `failed rule: ${rule.rule.trim()}` : rule.message!.trim();
}

function complaint(rule: Rule, field: string, type: string, message: string): StatusCause {
  switch (rule.reason) {
    case "FieldValueRequired":
      return required(field, message);
    case "FieldValueForbidden":
      return forbidden(field, message);
    case "FieldValueDuplicate":
      return duplicate(field, type);
    default:
      return invalid(field, type, message);
  }
}

function fieldPath(path: string, relative: string): string {
  const below = relative.replace(/\['((?:\\.|[^'])*)'\]/g, ".$1").replace(/^\./, "");
  return child(path, below);
}

const RESERVED = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

/** Field names that are no identifiers are reached by an escaped name (structured-merge escapes of cel-go's model). */
export function escaped(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`;
  if (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && !name.includes("__")) return undefined;
  if (!/^[a-zA-Z_.\-/][a-zA-Z0-9_.\-/]*$/.test(name)) return undefined;
  return name
    .replaceAll("__", "__underscores__")
    .replaceAll(".", "__dot__")
    .replaceAll("-", "__dash__")
    .replaceAll("/", "__slash__");
}

/** A JSON value as its schema says that CEL sees it. */
export function schemaToCel(value: unknown, schema: JsonSchema | undefined): unknown {
  if (typeof value === "number") {
    if (schema?.type === "number") return value;
    return Number.isInteger(value) ? BigInt(value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => schemaToCel(item, schema?.items));
  if (!isMapping(value)) return value;
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const part = schemaToCel(value[key], fieldSchema(schema, key));
    const other = schema?.properties && Object.hasOwn(schema.properties, key) ? escaped(key) : undefined;
    out[other ?? key] = part;
  }
  return out;
}
