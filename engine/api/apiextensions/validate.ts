import { compileRegex } from "../../text/regex/index.ts";
import type { StatusCause } from "../status.ts";
import { invalidText, notSupportedText, required, tooLong, tooMany } from "../validation/field.ts";
import { deepEqual, goDynamic, goFloat64 } from "../validation/value.ts";
import type { Correlation } from "./correlation.ts";
import { formatAccepts, knownFormat } from "./formats.ts";
import { isMapping, type JsonSchema } from "./schema.ts";

/**
 * A custom resource against its schema, in the words of kube-openapi pkg/validation and apiserver/validation. Every
 * validator of a value speaks, even where its type is wrong; of `anyOf` and `oneOf` the branch with most matches does.
 */
export function validateValue(
  value: unknown,
  schema: JsonSchema,
  { at = "", was }: { at?: string; was?: Correlation | undefined } = {},
): StatusCause[] {
  const place = at === "" ? "" : `${at}.`;
  return judge(value, schema, "", was).errors.map(({ name, reason, message }) => ({
    reason,
    message,
    field: name === undefined || name === "" || name === "." ? at || "<nil>" : place + name.replace(/^\./, ""),
  }));
}

interface Found extends Omit<StatusCause, "field"> {
  /** Path of the value; undefined for what upstream prints without one. */
  name: string | undefined;
  /** What the finding says by itself: the same is not said twice. */
  text: string;
}

/** What was found, and how many checks spoke well of the value (validate/result.go). */
class Result {
  readonly errors: Found[] = [];
  matches = 0;

  add(found: Found): void {
    if (!this.errors.some(({ text }) => text === found.text)) this.errors.push(found);
  }

  merge(other: Result): void {
    for (const error of other.errors) this.add(error);
    this.matches += other.matches;
  }
}

/** Largest float that upstream takes for a whole number. */
const MAX_WHOLE = 2 ** 53 - 1;
const MAX_INT64 = 2 ** 63;

/** Go's JSON type of a value, and the format of its Go type. */
function goType(value: unknown): { type: string; format: string } {
  if (Array.isArray(value)) return { type: "array", format: "" };
  if (typeof value === "number") {
    const whole = Number.isInteger(value) && Math.abs(value) < MAX_INT64;
    return whole ? { type: "integer", format: "int64" } : { type: "number", format: "float64" };
  }
  return { type: typeof value, format: "" };
}

function judge(value: unknown, schema: JsonSchema, path: string, was?: Correlation): Result {
  const result = new Result();
  const { type = "", format = "" } = schema;
  const types = schema["x-kubernetes-int-or-string"] ? ["integer", "string"] : type === "" ? [] : [type];
  const known = knownFormat(format) ? format : "";
  if (value === null || value === undefined) {
    if (types.length > 0 && !schema.nullable) result.add(wrongType(path, types.join(","), "null"));
    else result.matches++;
    enumeration(null, schema, path, result);
  } else {
    if (types.length > 0 || known !== "") {
      judgeType(value, types, known, path, result);
      result.matches++;
    }
    junctors(value, schema, path, result);
    result.matches++;
    if (typeof value === "string") {
      text(value, schema, path, result);
      result.matches++;
      if (known !== "") {
        if (!formatAccepts(known, value)) result.add(wrongType(path, known, value));
        result.matches++;
      }
    } else if (typeof value === "number") {
      numbers(value, schema, path, result);
      result.matches += 2;
    } else if (Array.isArray(value)) {
      list(value, schema, path, result, was);
      result.matches += 2;
    }
    enumeration(value, schema, path, result);
    result.matches++;
    if (isMapping(value)) {
      mapping(value, schema, path, result, was);
      result.matches++;
    }
    result.matches++;
  }
  if (result.errors.length === 0 || !was?.unchanged()) return result;
  const kept = new Result();
  kept.matches = result.matches;
  return kept;
}

function judgeType(value: unknown, types: readonly string[], wanted: string, path: string, result: Result): void {
  const { type, format } = goType(value);
  const numeric = types.includes("number") || types.includes("integer");
  const whole =
    type === "number" && types.includes("integer") && Number.isInteger(value) && Math.abs(value as number) < MAX_WHOLE;
  const fits = types.includes(type) || whole || (type === "integer" && types.includes("number"));
  const loose = type === "string" || type === "array";
  if (!loose && wanted !== "" && !fits && format !== wanted) result.add(wrongType(path, wanted, format));
  else if (!numeric && wanted !== "" && loose) result.matches++;
  else if (!fits) result.add(wrongType(path, types.join(","), type));
  else result.matches++;
}

const inBody = (path: string, why: string) => `${path} in body ${why}`;

function wrongType(path: string, wanted: string, value: string): Found {
  const text = inBody(path, `must be of type ${wanted}: ${JSON.stringify(value)}`);
  const { message } = invalidText("", JSON.stringify(value), text);
  return { name: path, text, message, reason: "FieldValueTypeInvalid" };
}

function wrong(path: string, shown: string, why: string): Found {
  const text = inBody(path, why);
  return { name: path, text, message: invalidText("", shown, text).message, reason: "FieldValueInvalid" };
}

function said(path: string, why: string, { message, reason }: StatusCause): Found {
  return { name: path, text: inBody(path, why), message, reason };
}

function enumeration(value: unknown, schema: JsonSchema, path: string, result: Result): void {
  const { enum: values = [] } = schema;
  if (values.length === 0 || (value !== null && values.some((one) => isOneOf(value, one)))) return;
  const shown = values.map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
  const cause = notSupportedText("", value === null ? '"null"' : goDynamic(value), shown);
  result.add(said(path, `should be one of [${shown.join(" ")}]`, cause));
}

/** Go converts a number to the type of what it is compared with: 2.5 is cut to 2, and 97 is a letter. */
function isOneOf(value: unknown, one: unknown): boolean {
  if (typeof value !== "number") return deepEqual(one, value);
  if (typeof one === "number") return one === (Number.isInteger(one) ? Math.trunc(value) : value);
  return typeof one === "string" && value > 0 && value <= 0x10ffff && one === String.fromCodePoint(Math.trunc(value));
}

/** Stops at the first that is wrong. */
function text(value: string, schema: JsonSchema, path: string, result: Result): void {
  const { maxLength, minLength, pattern } = schema;
  const length = [...value].length;
  if (maxLength !== undefined && length > maxLength) {
    result.add(said(path, `should be at most ${maxLength} chars long`, tooLong("", maxLength)));
  } else if (minLength !== undefined && length < minLength) {
    result.add(wrong(path, JSON.stringify(value), `should be at least ${minLength} chars long`));
  } else if (pattern && !patternTest(pattern, value)) {
    result.add(wrong(path, JSON.stringify(value), `should match '${pattern}'`));
  }
}

function patternTest(pattern: string, value: string): boolean {
  try {
    return compileRegex(pattern, { syntax: "perl" }).test(value);
  } catch {
    return true;
  }
}

/** The bounds of what Go read as an integer are cut to integers. */
function numbers(value: number, schema: JsonSchema, path: string, result: Result): void {
  const whole = goType(value).type === "integer";
  const bound = (limit: number) => (whole ? Math.trunc(limit) : limit);
  const shown = (limit: number) => (whole ? String(limit) : goFloat64(limit));
  const complain = (why: string) => result.add(wrong(path, goDynamic(value), why));
  const { multipleOf, maximum, minimum, exclusiveMaximum, exclusiveMinimum } = schema;
  if (multipleOf !== undefined) {
    const factor = bound(multipleOf);
    const quotient = factor < 1 ? (1 / factor) * value : value / factor;
    if (factor <= 0) {
      const text = `factor MultipleOf declared for ${path} must be positive: ${factor}`;
      const { message } = invalidText("", String(factor), text);
      result.add({ name: path, text, message, reason: "FieldValueInvalid" });
    } else if (!Number.isInteger(quotient)) complain(`should be a multiple of ${shown(factor)}`);
  }
  if (minimum !== undefined) {
    const limit = bound(minimum);
    if (exclusiveMinimum ? value <= limit : value < limit)
      complain(`should be greater than ${exclusiveMinimum ? "" : "or equal to "}${shown(limit)}`);
  }
  if (maximum !== undefined) {
    const limit = bound(maximum);
    if (exclusiveMaximum ? value >= limit : value > limit)
      complain(`should be less than ${exclusiveMaximum ? "" : "or equal to "}${shown(limit)}`);
  }
}

function list(value: readonly unknown[], schema: JsonSchema, path: string, result: Result, was?: Correlation): void {
  const { items, minItems, maxItems } = schema;
  if (items)
    for (let i = 0; i < value.length; i++) result.merge(judge(value[i], items, `${path}[${i}]`, was?.index(i)));
  if (minItems !== undefined && value.length < minItems) {
    result.add(wrong(path, String(value.length), `should have at least ${minItems} items`));
  }
  if (maxItems !== undefined && value.length > maxItems) {
    result.add(said(path, `should have at most ${maxItems} items`, tooMany("", value.length, maxItems)));
  }
  if (schema.uniqueItems && value.some((one, i) => value.slice(0, i).some((other) => deepEqual(one, other)))) {
    result.add(wrong(path, '""', "shouldn't contain duplicates"));
  }
}

function mapping(
  value: Record<string, unknown>,
  schema: JsonSchema,
  path: string,
  result: Result,
  was?: Correlation,
): void {
  const { minProperties, maxProperties, properties = {}, additionalProperties } = schema;
  const keys = Object.keys(value).sort();
  if (minProperties !== undefined && keys.length < minProperties) {
    result.add(wrong(path, String(keys.length), `should have at least ${minProperties} properties`));
  }
  if (maxProperties !== undefined && keys.length > maxProperties) {
    const cause = tooMany("", keys.length, maxProperties);
    result.add(said(path, `should have at most ${maxProperties} properties`, cause));
  }
  const followed = (key: string) =>
    path === "" && (key === "kind" || key === "apiVersion") ? undefined : was?.key(key);
  for (const key of keys) {
    if (Object.hasOwn(properties, key)) continue;
    if (additionalProperties === false) {
      const text = `${path}.${key} in body is a forbidden property`;
      const { message } = invalidText("", JSON.stringify(key), text);
      result.add({ name: path, text, message, reason: "FieldValueInvalid" });
    } else if (isMapping(additionalProperties)) {
      result.merge(judge(value[key], additionalProperties as JsonSchema, `${path}.${key}`, followed(key)));
    }
  }
  for (const key of keys) {
    if (!Object.hasOwn(properties, key)) continue;
    result.merge(judge(value[key], properties[key]!, path === "" ? key : `${path}.${key}`, followed(key)));
  }
  for (const key of schema.required ?? []) {
    if (value[key] === undefined) result.add(said(`${path}.${key}`, "is required", required("", "")));
  }
}

/** These complaints carry no field. What the branches judge is not compared with what it was. */
function junctors(value: unknown, schema: JsonSchema, path: string, result: Result): void {
  const complain = (why: string) => {
    const text = `${JSON.stringify(path)} ${why}`;
    result.add({ name: undefined, text, message: invalidText("", '""', text).message, reason: "FieldValueInvalid" });
  };
  const { anyOf = [], oneOf = [], allOf = [], not } = schema;
  if (anyOf.length > 0) {
    const { valid, first, best } = branches(value, anyOf, path, true);
    if (valid === 0) complain("must validate at least one schema (anyOf)");
    result.merge(first ?? best!);
  }
  if (oneOf.length > 0) {
    const { valid, first, best } = branches(value, oneOf, path, false);
    if (valid === 1) result.merge(first!);
    else {
      const found = valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`;
      complain(`must validate one and only one schema (oneOf). ${found}`);
      if (best) result.merge(best);
    }
  }
  if (allOf.length > 0) {
    const all = allOf.map((one) => judge(value, one, path));
    const valid = all.filter(({ errors }) => errors.length === 0).length;
    for (const one of all) result.merge(one);
    if (valid < all.length) complain(`must validate all the schemas (allOf)${valid === 0 ? ". None validated" : ""}`);
  }
  if (not && judge(value, not, path).errors.length === 0) complain("must not validate the schema (not)");
  result.matches++;
}

interface Branches {
  valid: number;
  first: Result | undefined;
  /** Of the failures that came before any success, the one with most matches. */
  best: Result | undefined;
}

function branches(value: unknown, schemas: readonly JsonSchema[], path: string, stop: boolean): Branches {
  const out: Branches = { valid: 0, first: undefined, best: undefined };
  for (const schema of schemas) {
    const one = judge(value, schema, path);
    if (one.errors.length === 0) {
      out.valid++;
      out.first ??= one;
      out.best = undefined;
      if (stop) return out;
    } else if (out.valid === 0 && (out.best === undefined || one.matches > out.best.matches)) out.best = one;
  }
  return out;
}
