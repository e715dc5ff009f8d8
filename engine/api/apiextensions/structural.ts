import { re2Mistake } from "../../text/regex/re2.ts";
import type { StatusCause } from "../status.ts";
import { child, forbidden, invalid, required } from "../validation/field.ts";
import { isMapping, type JsonSchema } from "./schema.ts";

type Level = "root" | "item" | "field";

/**
 * Whether a schema is structural (apiextensions-apiserver pkg/apiserver/schema/validation.go). One with parts that no
 * structural schema can have is not judged at all: what is said of those parts is enough.
 */
export function validateStructural(schema: JsonSchema, path: string): StatusCause[] {
  if (unsupported(schema)) return [];
  const causes = [...structural(schema, "root", path), ...complete(schema, schema, path, path)];
  return causes.sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

const text = ({ field, message }: StatusCause) => `${field}: ${message}`;

const UNSUPPORTED = ["id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions"];

/** Whether NewStructural refuses the schema, or one below it. */
export function unsupported(schema: JsonSchema): boolean {
  const { items, additionalProperties, not, properties = {}, allOf = [], anyOf = [], oneOf = [] } = schema;
  if (UNSUPPORTED.some((field) => field in schema)) return true;
  if (schema["x-kubernetes-preserve-unknown-fields"] === false || Array.isArray(items)) return true;
  const below = [...Object.values(properties), ...allOf, ...anyOf, ...oneOf];
  if (items) below.push(items);
  if (not) below.push(not);
  if (isMapping(additionalProperties)) below.push(additionalProperties as JsonSchema);
  return below.some(unsupported);
}

const NO_TYPE: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

function structural(schema: JsonSchema, level: Level, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { type = "", items, properties = {}, additionalProperties } = schema;
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const preserve = schema["x-kubernetes-preserve-unknown-fields"] === true;
  const intOrString = schema["x-kubernetes-int-or-string"] === true;
  const typeAt = child(path, "type");
  if (type === "array" && !items) causes.push(required(child(path, "items"), "must be specified"));
  if (items) causes.push(...structural(items, "item", child(path, "items")));
  for (const key of Object.keys(properties)) {
    causes.push(...structural(properties[key]!, "field", `${path}.properties[${key}]`));
  }
  if (additionalProperties !== undefined) {
    const at = child(path, "additionalProperties");
    if (level === "root") causes.push(forbidden(at, "must not be used at the root"));
    if (isMapping(additionalProperties)) causes.push(...structural(additionalProperties as JsonSchema, "field", at));
  }
  const notBoth = "must be false if x-kubernetes-int-or-string is true";
  if (intOrString && preserve) {
    causes.push(invalid(child(path, "x-kubernetes-preserve-unknown-fields"), true, notBoth));
  }
  if (intOrString && embedded) causes.push(invalid(child(path, "x-kubernetes-embedded-resource"), true, notBoth));
  causes.push(...values(schema, path));
  if (embedded && type !== "object") {
    const why = "must be object if x-kubernetes-embedded-resource is true";
    causes.push(type === "" ? required(typeAt, why) : invalid(typeAt, type, why));
  } else if (type === "" && !intOrString && !preserve) causes.push(required(typeAt, NO_TYPE[level]));
  if (embedded && additionalProperties !== undefined) {
    const why = "must not be used if x-kubernetes-embedded-resource is set";
    causes.push(forbidden(child(path, "additionalProperties"), why));
  }
  if (level === "root" && type !== "" && type !== "object") {
    causes.push(invalid(typeAt, type, "must be object at the root"));
  }
  if (level === "root" || embedded) {
    for (const key of ["kind", "apiVersion"]) {
      const found = properties[key];
      if (found && found.type !== "string")
        causes.push(invalid(`${path}.properties[${key}].type`, found.type ?? "", "must be string"));
    }
  }
  if (properties["metadata"]) {
    const at = `${path}.properties[metadata]`;
    causes.push(...metadata(properties["metadata"], level === "root", embedded, at));
  }
  if (embedded && !preserve && Object.keys(properties).length === 0) {
    const why =
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
    causes.push(required(child(path, "properties"), why));
  }
  return causes;
}

function metadata(schema: JsonSchema, isRoot: boolean, embedded: boolean, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if ((isRoot || embedded) && schema.type !== "object") {
    causes.push(invalid(child(path, "type"), schema.type ?? "", "must be object"));
  }
  if (!isRoot) return causes;
  const known = Object.keys(schema.properties ?? {});
  const { type: _type, properties: _properties, default: _default, ...others } = schema;
  if (known.some((key) => key !== "name" && key !== "generateName") || Object.keys(others).length > 0) {
    const why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
    causes.push(forbidden(path, why));
  }
  return causes;
}

const FORBIDDEN_INSIDE: readonly [keyof JsonSchema, string][] = [
  ["type", "must be empty to be structural"],
  ["default", "must be undefined to be structural"],
  ["title", "must be empty to be structural"],
  ["description", "must be empty to be structural"],
  ["nullable", "must be false to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be false to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
  ["x-kubernetes-validations", "must be empty to be structural"],
];

const isIntOrString = (list: readonly JsonSchema[] | undefined) =>
  list?.length === 2 &&
  list[0]!.type === "integer" &&
  list[1]!.type === "string" &&
  list.every((one) => Object.keys(one).length === 1);

/** Below anyOf, allOf, oneOf and not stand only values, no structure. */
function values(schema: JsonSchema, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!isIntOrString(schema.anyOf)) {
    for (const [i, one] of (schema.anyOf ?? []).entries()) causes.push(...nested(one, `${path}.anyOf[${i}]`));
  }
  for (const [i, one] of (schema.allOf ?? []).entries()) {
    const skip = i === 0 && isIntOrString(one.anyOf);
    causes.push(...nested(skip ? { ...one, anyOf: [] } : one, `${path}.allOf[${i}]`));
  }
  for (const [i, one] of (schema.oneOf ?? []).entries()) causes.push(...nested(one, `${path}.oneOf[${i}]`));
  if (schema.not) causes.push(...nested(schema.not, `${path}.not`));
  if (schema.pattern) causes.push(...regexWords(schema.pattern, child(path, "pattern")));
  return causes;
}

function regexWords(pattern: string, path: string): StatusCause[] {
  const mistake = re2Mistake(pattern);
  return mistake === undefined
    ? []
    : [invalid(path, pattern, `must be a valid regular expression, but isn't: ${mistake}`)];
}

function nested(schema: JsonSchema, path: string): StatusCause[] {
  const causes = values(schema, path);
  const { items, properties = {}, additionalProperties } = schema;
  if (items) causes.push(...nested(items, `${path}.items`));
  for (const key of Object.keys(properties)) causes.push(...nested(properties[key]!, `${path}.properties[${key}]`));
  if (additionalProperties !== undefined && additionalProperties !== false) {
    causes.push(forbidden(child(path, "additionalProperties"), "must be undefined to be structural"));
  }
  for (const [field, why] of FORBIDDEN_INSIDE) {
    if (schema[field] !== undefined) causes.push(forbidden(child(path, field), why));
  }
  if (properties["metadata"]) {
    causes.push(forbidden(`${path}.properties[metadata]`, "must not be specified in a nested context"));
  }
  return causes;
}

/** What a junctor judges must be there in the schema proper. */
function complete(value: JsonSchema, schema: JsonSchema | undefined, at: string, from: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (value.not) causes.push(...completeBelow(value.not, schema, at, `${from}.not`));
  for (const junctor of ["allOf", "anyOf", "oneOf"] as const) {
    for (const [i, one] of (value[junctor] ?? []).entries()) {
      causes.push(...completeBelow(one, schema, at, `${from}.${junctor}[${i}]`));
    }
  }
  return causes;
}

function completeBelow(value: JsonSchema, schema: JsonSchema | undefined, at: string, from: string): StatusCause[] {
  if (schema === undefined) return [required(at, `because it is defined in ${from}`)];
  const causes = complete(value, schema, at, from);
  if (value.items)
    causes.push(...completeBelow(value.items, schema.items ?? undefined, `${at}.items`, `${from}.items`));
  const { properties = {} } = value;
  for (const key of Object.keys(properties)) {
    const step = `.properties[${key}]`;
    causes.push(...completeBelow(properties[key]!, schema.properties?.[key], at + step, from + step));
  }
  return causes;
}
