import { compileRegex } from "../../text/regex/index.ts";
import type { StatusCause } from "../status.ts";
import { duplicate, invalid, invalidText, notSupported, required, tooLong, tooMany } from "../validation/field.ts";
import { deepEqual } from "../validation/value.ts";
import { formatAccepts } from "./formats.ts";
import { fieldSchema, isMapping, type JsonSchema } from "./schema.ts";

/** A custom resource against its schema, in the words of kube-openapi pkg/validation/errors and apiserver/validation. */
export function validateValue(value: unknown, schema: JsonSchema, path = ""): StatusCause[] {
  const causes: StatusCause[] = [];
  visit(value, schema, path, causes);
  return causes;
}

/** Go's name for the JSON type of a value. */
function typeName(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function visit(value: unknown, schema: JsonSchema, path: string, causes: StatusCause[]): void {
  if (value === null && schema.nullable) return;
  const type = typeName(value);
  const wanted = schema["x-kubernetes-int-or-string"] ? ["integer", "string"] : schema.type ? [schema.type] : [];
  const fits = wanted.length === 0 || wanted.includes(type) || (type === "integer" && wanted.includes("number"));
  if (!fits) {
    causes.push(typeInvalid(path, type, `must be of type ${wanted.join(",")}: "${type}"`));
    return;
  }
  if (type === "string") {
    if (schema.format && !formatAccepts(schema.format, value as string)) {
      causes.push(typeInvalid(path, value, `must be of type ${schema.format}: ${JSON.stringify(value)}`));
    }
  }
  junctors(value, schema, path, causes);
  if (typeof value === "string") text(value, schema, path, causes);
  else if (typeof value === "number") numbers(value, schema, path, causes);
  else if (Array.isArray(value)) list(value, schema, path, causes);
  if (schema.enum && !schema.enum.some((one) => deepEqual(one, value))) {
    const shown = schema.enum.map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
    causes.push(notSupported(fieldOf(path), value, shown));
  }
  if (isMapping(value)) mapping(value, schema, path, causes);
}

/** Where the root has no name, Go prints the empty path. */
const fieldOf = (path: string) => (path === "" ? "<nil>" : path);

function inBody(path: string, why: string): string {
  return `${path} in body ${why}`;
}

function typeInvalid(path: string, value: unknown, why: string): StatusCause {
  return { ...invalid(fieldOf(path), value, inBody(path, why)), reason: "FieldValueTypeInvalid" };
}

function text(value: string, schema: JsonSchema, path: string, causes: StatusCause[]): void {
  const length = [...value].length;
  if (schema.maxLength !== undefined && length > schema.maxLength)
    causes.push(tooLong(fieldOf(path), schema.maxLength));
  if (schema.minLength !== undefined && length < schema.minLength) {
    causes.push(invalid(fieldOf(path), value, inBody(path, `should be at least ${schema.minLength} chars long`)));
  }
  if (schema.pattern && !patternTest(schema.pattern, value)) {
    causes.push(invalid(fieldOf(path), value, inBody(path, `should match '${schema.pattern}'`)));
  }
}

function patternTest(pattern: string, value: string): boolean {
  try {
    return compileRegex(pattern, { syntax: "perl" }).test(value);
  } catch {
    return true;
  }
}

function numbers(value: number, schema: JsonSchema, path: string, causes: StatusCause[]): void {
  const complain = (why: string) => causes.push(invalid(fieldOf(path), value, inBody(path, why)));
  const { multipleOf, maximum, minimum } = schema;
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf))
    complain(`should be a multiple of ${multipleOf}`);
  if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) {
    complain(`should be less than ${schema.exclusiveMaximum ? "" : "or equal to "}${maximum}`);
  }
  if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) {
    complain(`should be greater than ${schema.exclusiveMinimum ? "" : "or equal to "}${minimum}`);
  }
}

function list(value: readonly unknown[], schema: JsonSchema, path: string, causes: StatusCause[]): void {
  if (schema.items) for (let i = 0; i < value.length; i++) visit(value[i], schema.items, `${path}[${i}]`, causes);
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    causes.push(
      invalidText(fieldOf(path), String(value.length), inBody(path, `should have at least ${schema.minItems} items`)),
    );
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    causes.push(tooMany(fieldOf(path), value.length, schema.maxItems));
  }
}

function mapping(value: Record<string, unknown>, schema: JsonSchema, path: string, causes: StatusCause[]): void {
  const count = Object.keys(value).length;
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    causes.push(
      invalidText(
        fieldOf(path),
        String(count),
        inBody(path, `should have at least ${schema.minProperties} properties`),
      ),
    );
  }
  if (schema.maxProperties !== undefined && count > schema.maxProperties) {
    causes.push(tooMany(fieldOf(path), count, schema.maxProperties));
  }
  const at = (key: string) => (path === "" ? key : `${path}.${key}`);
  for (const key of schema.required ?? []) if (value[key] === undefined) causes.push(required(at(key), ""));
  for (const key of Object.keys(value).sort()) {
    const part = fieldSchema(schema, key);
    if (part) visit(value[key], part, at(key), causes);
  }
}

/** Whether the value satisfies a schema: what the junctors ask. */
function fits(value: unknown, schema: JsonSchema, path: string): boolean {
  return validateValue(value, schema, path).length === 0;
}

/** These complaints carry no field, so their path is printed as Go prints none. */
function junctors(value: unknown, schema: JsonSchema, path: string, causes: StatusCause[]): void {
  const complain = (why: string) => causes.push({ ...invalid("<nil>", "", `"${path}" ${why}`) });
  if (schema.anyOf && schema.anyOf.length > 0) {
    const failed: StatusCause[][] = [];
    for (const one of schema.anyOf) {
      const found = validateValue(value, one, path);
      if (found.length === 0) {
        failed.length = 0;
        break;
      }
      failed.push(found);
    }
    if (failed.length > 0) {
      complain("must validate at least one schema (anyOf)");
      causes.push(...failed.reduce((best, one) => (one.length < best.length ? one : best)));
    }
  }
  if (schema.oneOf && schema.oneOf.length > 0) {
    const valid = schema.oneOf.filter((one) => fits(value, one, path)).length;
    if (valid !== 1) {
      complain(
        `must validate one and only one schema (oneOf). ${valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`}`,
      );
      if (valid === 0) {
        const failures = schema.oneOf.map((one) => validateValue(value, one, path));
        causes.push(...failures.reduce((best, one) => (one.length < best.length ? one : best)));
      }
    }
  }
  for (const one of schema.allOf ?? []) visit(value, one, path, causes);
  if (schema.not && fits(value, schema.not, path)) complain("must not validate the schema (not)");
}

/** Lists that are sets or maps by `x-kubernetes-list-type` hold nothing twice (schema/listtype/validation.go). */
export function validateLists(value: unknown, schema: JsonSchema | undefined, path = ""): StatusCause[] {
  if (schema === undefined) return [];
  const causes: StatusCause[] = [];
  if (Array.isArray(value)) {
    const type = schema["x-kubernetes-list-type"];
    const keys = schema["x-kubernetes-list-map-keys"] ?? [];
    if (type === "set" || type === "map") {
      const seen = new Map<string, number>();
      for (const [i, item] of value.entries()) {
        const key = type === "set" ? item : keyOf(item, keys);
        const id = JSON.stringify(key);
        const times = (seen.get(id) ?? 0) + 1;
        seen.set(id, times);
        if (times === 2)
          causes.push(type === "set" ? duplicate(`${path}[${i}]`, key) : duplicateKey(`${path}[${i}]`, key));
      }
    }
    for (const [i, item] of value.entries()) causes.push(...validateLists(item, schema.items, `${path}[${i}]`));
  } else if (isMapping(value)) {
    for (const key of Object.keys(value).sort()) {
      causes.push(...validateLists(value[key], fieldSchema(schema, key), path === "" ? key : `${path}.${key}`));
    }
  }
  return causes;
}

function keyOf(item: unknown, keys: readonly string[]): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  if (isMapping(item)) for (const key of keys) if (item[key] !== undefined) out[key] = item[key];
  return out;
}

function duplicateKey(path: string, key: unknown): StatusCause {
  const parts = Object.entries(key as object)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return {
    reason: "FieldValueDuplicate",
    message: `Duplicate value: map[string]interface {}{${parts.join(", ")}}`,
    field: path,
  };
}
