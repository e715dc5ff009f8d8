import { CelError, compileCel } from "../cel/index.ts";
import type { StatusCause } from "../status.ts";
import { duplicate, forbidden, invalid, required } from "../validation/field.ts";
import { deepEqual } from "../validation/value.ts";
import { fieldSchema, isMapping, type JsonSchema, type Rule } from "./schema.ts";

/**
 * `x-kubernetes-validations` over an object (apiextensions-apiserver pkg/apiserver/schema/cel/validation.go). A rule that
 * compares with `oldSelf` is judged only where there was a value; on an update what did not change is let be.
 */
export function validateRules(value: unknown, old: unknown, schema: JsonSchema): StatusCause[] {
  if (!hasRules(schema)) return [];
  const causes: StatusCause[] = [];
  visit(value, old, schema, "", causes);
  return causes;
}

const known = new WeakMap<JsonSchema, boolean>();

function hasRules(schema: JsonSchema): boolean {
  let has = known.get(schema);
  if (has === undefined) {
    const { properties = {}, items, additionalProperties } = schema;
    has =
      (schema["x-kubernetes-validations"]?.length ?? 0) > 0 ||
      Object.values(properties).some(hasRules) ||
      (items !== undefined && hasRules(items)) ||
      (isMapping(additionalProperties) && hasRules(additionalProperties as JsonSchema)) ||
      (schema.allOf ?? []).some(hasRules);
    known.set(schema, has);
  }
  return has;
}

function visit(value: unknown, old: unknown, schema: JsonSchema, path: string, causes: StatusCause[]): void {
  if (value === null || value === undefined) return;
  if (!hasRules(schema)) return;
  for (const rule of schema["x-kubernetes-validations"] ?? []) {
    const cause = judge(rule, value, old, schema, path);
    if (cause) causes.push(cause);
  }
  for (const one of schema.allOf ?? []) visit(value, old, one, path, causes);
  if (Array.isArray(value)) {
    if (schema.items === undefined) return;
    for (let i = 0; i < value.length; i++)
      visit(value[i], itemOf(old, value[i], schema), schema.items, `${path}[${i}]`, causes);
  } else if (isMapping(value)) {
    for (const key of Object.keys(value).sort()) {
      const part = fieldSchema(schema, key);
      const before = isMapping(old) ? old[key] : undefined;
      const named = schema.properties !== undefined && Object.hasOwn(schema.properties, key);
      if (part) visit(value[key], before, part, named ? child(path, key) : `${path}[${key}]`, causes);
    }
  }
}

const child = (path: string, name: string) => (path === "" ? name : `${path}.${name}`);

/** The item of the old list that this one was: only lists that are maps can tell. */
function itemOf(old: unknown, item: unknown, schema: JsonSchema): unknown {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || !Array.isArray(old) || !isMapping(item) || !keys) return undefined;
  return old.find((one) => isMapping(one) && keys.every((key) => deepEqual(one[key], item[key])));
}

function judge(rule: Rule, value: unknown, old: unknown, schema: JsonSchema, path: string): StatusCause | undefined {
  const comparing = /\boldSelf\b/.test(rule.rule);
  const optional = rule.optionalOldSelf === true;
  if (comparing && old === undefined && !optional) return undefined;
  if (!comparing && old !== undefined && deepEqual(value, old)) return undefined;
  const field = path === "" ? "<nil>" : path;
  const type = schema.type ?? "";
  const variables: Record<string, unknown> = { self: schemaToCel(value, schema) };
  if (comparing) {
    const before = old === undefined ? undefined : schemaToCel(old, schema);
    variables["oldSelf"] = optional ? optionalOf(before) : before;
  }
  const called = (rule.message ?? "") !== "" ? rule.message!.trim() : rule.rule.trim();
  try {
    if (compileCel(rule.rule).run(variables) === true) return undefined;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const { message } = error;
    return message.startsWith("no such overload")
      ? invalid(
          field,
          type,
          `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${called}`,
        )
      : invalid(field, type, `${message} evaluating rule: ${called}`);
  }
  const where = rule.fieldPath ? fieldPath(path, rule.fieldPath) : field;
  return complaint(rule, where, type, messageOf(rule, variables));
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
function escaped(name: string): string | undefined {
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
