import { ruleMistake } from "../cel/index.ts";
import { givenEmpty } from "../given-empty.ts";
import type { StatusCause } from "../status.ts";
import { child, forbidden, invalid, invalidText, notSupported, required } from "../validation/field.ts";
import { fieldIn } from "./field-path.ts";
import { ruleTypes } from "./rule-types.ts";
import { isMapping, type JsonSchema, type Rule } from "./schema.ts";

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];
const META = new Set(["metadata", "kind", "apiVersion"]);

interface Place {
  root: boolean;
  /** Inside the type or metadata of a resource, its own or an embedded one's. */
  meta: boolean;
  /** Why no default may stand here. */
  noDefault?: string | undefined;
}

/**
 * What upstream says of each schema on its way, structural or not (apiextensions validation.go,
 * ValidateCustomResourceDefinitionOpenAPISchema); rules are compiled where all else is well.
 */
export function schemaWords(schema: JsonSchema, path: string, compile: boolean): StatusCause[] {
  const rules: StatusCause[] = [];
  const causes = words(schema, path, { root: true, meta: false }, compile ? rules : undefined);
  return [...causes, ...rules];
}

function words(schema: JsonSchema, path: string, place: Place, compiled?: StatusCause[]): StatusCause[] {
  const causes = standard(schema, path, place);
  const at = (name: string) => child(path, name);
  const { properties = {}, items, additionalProperties } = schema;
  const inside: Place = { ...place, root: false };
  if (schema.uniqueItems) {
    const why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
    causes.push(forbidden(at("uniqueItems"), why));
  }
  if (additionalProperties !== undefined) {
    if (Object.keys(properties).length > 0 && additionalProperties !== true) {
      causes.push(forbidden(at("additionalProperties"), "additionalProperties and properties are mutual exclusive"));
    }
    if (isMapping(additionalProperties)) {
      const noDefault = place.meta ? "inside additionalProperties applying to object metadata" : place.noDefault;
      const below = additionalProperties as JsonSchema;
      causes.push(...words(below, at("additionalProperties"), { ...inside, noDefault }, compiled));
    }
  }
  for (const key of Object.keys(properties).sort()) {
    const meta = META.has(key) && (place.root || schema["x-kubernetes-embedded-resource"] === true);
    const noDefault = meta && place.root ? `in top-level ${key}` : place.noDefault;
    const below = { root: false, meta: place.meta || meta, noDefault };
    causes.push(...words(properties[key]!, `${path}.properties[${key}]`, below, compiled));
  }
  if (schema.not) causes.push(...words(schema.not, at("not"), inside));
  for (const junctor of ["allOf", "oneOf", "anyOf"] as const) {
    for (const [i, one] of (schema[junctor] ?? []).entries()) {
      causes.push(...words(one, `${at(junctor)}[${i}]`, inside));
    }
  }
  for (const key of Object.keys(schema.definitions ?? {}).sort()) {
    causes.push(...words(schema.definitions![key]!, `${at("definitions")}[${key}]`, inside));
  }
  if (Array.isArray(items)) {
    for (const [i, one] of items.entries()) causes.push(...words(one, `${at("items")}[${i}]`, inside, compiled));
  } else if (items) causes.push(...words(items, at("items"), inside, compiled));
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    causes.push(invalid(at("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined"));
  }
  causes.push(...listWords(schema, path));
  causes.push(...ruleSetWords(schema, path, causes.length === 0 ? compiled : undefined));
  return causes;
}

const NOT_SUPPORTED: readonly (keyof JsonSchema)[] = [
  "id",
  "additionalItems",
  "patternProperties",
  "definitions",
  "dependencies",
  "$ref",
];

function standard(schema: JsonSchema, path: string, { meta, noDefault }: Place): StatusCause[] {
  const causes: StatusCause[] = [];
  const at = (name: string) => child(path, name);
  const { type = "" } = schema;
  if (type !== "" && !TYPES.includes(type)) causes.push(notSupported(at("type"), type, TYPES));
  if (schema.default !== undefined && noDefault !== undefined) {
    causes.push(forbidden(at("default"), `must not be set ${noDefault}`));
  }
  for (const field of NOT_SUPPORTED) {
    const given = schema[field] !== undefined || (field === "dependencies" && givenEmpty(schema, field));
    if (given) causes.push(forbidden(at(field), `${field} is not supported`));
  }
  if (type === "null") {
    causes.push(forbidden(at("type"), "type cannot be set to null, use nullable as an alternative"));
  }
  if (Array.isArray(schema.items)) {
    causes.push(forbidden(at("items"), "items must be a schema object and not an array"));
  }
  if (meta && schema["x-kubernetes-embedded-resource"]) {
    causes.push(forbidden(at("x-kubernetes-embedded-resource"), "must not be used inside of resource meta"));
  }
  return causes;
}

function ruleSetWords(schema: JsonSchema, path: string, compiled: StatusCause[] | undefined): StatusCause[] {
  const rules = schema["x-kubernetes-validations"] ?? [];
  const causes = rules.flatMap((rule, i) => ruleWords(rule, schema, `${path}.x-kubernetes-validations[${i}]`));
  if (compiled === undefined || causes.length > 0) return causes;
  // Of a whole resource more can be named.
  const types = rules.length === 0 ? undefined : ruleTypes(schema, path.endsWith("openAPIV3Schema"));
  for (const [i, rule] of rules.entries()) {
    const why = ruleMistake(rule.rule, types);
    const at = `${path}.x-kubernetes-validations[${i}].rule`;
    if (why !== undefined) compiled.push(invalidText(at, ruleText(rule), why));
  }
  return causes;
}

/** `%#v` of the rule. */
function ruleText({ rule, message = "", messageExpression = "", fieldPath = "" }: Rule): string {
  return `apiextensions.ValidationRule{Rule:${JSON.stringify(rule)}, Message:${JSON.stringify(message)}, MessageExpression:${JSON.stringify(messageExpression)}, Reason:(*apiextensions.FieldValueErrorReason)(nil), FieldPath:${JSON.stringify(fieldPath)}, OptionalOldSelf:(*bool)(nil)}`;
}

function listWords(schema: JsonSchema, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const at = (name: string) => child(path, name);
  const { type = "", items } = schema;
  const listType = schema["x-kubernetes-list-type"];
  const mapType = schema["x-kubernetes-map-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const typed = (wanted: string, field: string) => {
    if (type === wanted) return;
    const why = `must be ${wanted} if ${field} is specified`;
    causes.push(type === "" ? required(at("type"), why) : invalid(at("type"), type, why));
  };
  if (mapType !== undefined) {
    typed("object", "x-kubernetes-map-type");
    if (mapType !== "atomic" && mapType !== "granular") {
      causes.push(notSupported(at("x-kubernetes-map-type"), mapType, ["atomic", "granular"]));
    }
  }
  if (listType !== undefined) {
    typed("array", "x-kubernetes-list-type");
    if (type === "array" && listType === "set" && items) causes.push(...setWords(items, at("items")));
    if (!["atomic", "set", "map"].includes(listType)) {
      causes.push(notSupported(at("x-kubernetes-list-type"), listType, ["atomic", "set", "map"]));
    }
  }
  if (keys.length > 0 && listType !== "map") {
    const why = "must be map if x-kubernetes-list-map-keys is non-empty";
    const field = at("x-kubernetes-list-type");
    causes.push(listType === undefined ? required(field, why) : invalid(field, listType, why));
  }
  if (listType === "map") causes.push(...mapWords(schema, keys, path));
  if ((listType === "map" || listType === "set") && items && !Array.isArray(items)) {
    if (items.nullable) {
      causes.push(forbidden(at("items.nullable"), `cannot be nullable when x-kubernetes-list-type is ${listType}`));
    }
    if (listType === "map") causes.push(...keyWords(items, keys, at("items")));
  }
  return causes;
}

/** What stands in a set is compared as a whole. */
function setWords(items: JsonSchema, path: string): StatusCause[] {
  const why = "must be atomic as item of a list with x-kubernetes-list-type=set";
  const listType = items["x-kubernetes-list-type"];
  const shown = JSON.stringify(listType ?? "null");
  if (items.type === "array" && listType !== undefined && listType !== "atomic") {
    return [invalidText(child(path, "x-kubernetes-list-type"), shown, why)];
  }
  if (items.type === "object" && items["x-kubernetes-map-type"] !== "atomic") {
    return [invalidText(child(path, "x-kubernetes-map-type"), shown, why)];
  }
  return [];
}

function mapWords({ items }: JsonSchema, keys: readonly string[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const at = (name: string) => child(path, name);
  if (keys.length === 0) {
    causes.push(required(at("x-kubernetes-list-map-keys"), "must not be empty if x-kubernetes-list-type is map"));
  }
  if (items === undefined) causes.push(required(at("items"), "must have a schema if x-kubernetes-list-type is map"));
  if (!items || Array.isArray(items)) return causes;
  if (items.type !== "object") {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    return [...causes, invalid(at("items.type"), items.type ?? "", why)];
  }
  for (const [i, key] of keys.entries()) {
    const found = items.properties?.[key];
    if (found === undefined) {
      causes.push(invalid(at("x-kubernetes-list-map-keys"), keys, "entries must all be names of item properties"));
    } else if (found.type === "array" || found.type === "object") {
      const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      causes.push(invalid(at(`items.properties[${key}].type`), items.type, why));
    }
    if (keys.indexOf(key) < i) {
      causes.push(invalid(at("x-kubernetes-list-map-keys"), keys, "must not contain duplicate entries"));
    }
  }
  return causes;
}

function keyWords(items: JsonSchema, keys: readonly string[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const head = "this property is in x-kubernetes-list-map-keys, so it";
  for (const key of keys) {
    const found = items.properties?.[key];
    if (found === undefined) continue;
    const at = `${path}.properties[${key}]`;
    if (found.default === undefined && !items.required?.includes(key)) {
      causes.push(required(child(at, "default"), `${head} must have a default or be a required property`));
    }
    if (found.nullable) causes.push(forbidden(child(at, "nullable"), `${head} cannot be nullable`));
  }
  return causes;
}

const REASONS = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

function ruleWords(rule: Rule, schema: JsonSchema, path: string): StatusCause[] {
  const { message = "", messageExpression = "", reason } = rule;
  const body = (rule.rule ?? "").trim();
  const causes: StatusCause[] = [];
  if (body === "") causes.push(required(`${path}.rule`, "rule is not specified"));
  else if (message.length > 0 && message.trim() === "") {
    causes.push(invalid(`${path}.message`, message, "message must be non-empty if specified"));
  } else if (/[\n\r]/.test(message.trim())) {
    causes.push(invalid(`${path}.message`, message, "message must not contain line breaks"));
  } else if (/[\n\r]/.test(body) && message.trim() === "") {
    causes.push(required(`${path}.message`, "message must be specified if rule contains line breaks"));
  }
  if (messageExpression.length > 0 && messageExpression.trim() === "") {
    causes.push(required(`${path}.messageExpression`, "messageExpression must be non-empty if specified"));
  }
  if (reason !== undefined && !REASONS.includes(reason)) causes.push(notSupported(`${path}.reason`, reason, REASONS));
  const { fieldPath = "" } = rule;
  const at = `${path}.fieldPath`;
  if (fieldPath !== "" && fieldPath.trim() === "") {
    causes.push(invalid(at, fieldPath, "fieldPath must be non-empty if specified"));
  }
  if (/[\n\r]/.test(fieldPath)) causes.push(invalid(at, fieldPath, "fieldPath must not contain line breaks"));
  if (fieldPath !== "" && typeof fieldIn(schema, fieldPath, true) === "string") {
    causes.push(invalid(at, fieldPath, "fieldPath must be a valid path"));
  }
  return causes;
}
