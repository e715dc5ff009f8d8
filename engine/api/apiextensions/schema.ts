/**
 * The schema of a custom resource as its CustomResourceDefinition has it (apiextensions v1 JSONSchemaProps): what it
 * keeps, what it fills in. Functions here write to the draft they are given.
 */
export interface JsonSchema {
  type?: string;
  format?: string;
  title?: string;
  description?: string;
  nullable?: boolean;
  default?: unknown;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  maxProperties?: number;
  required?: readonly string[];
  properties?: Readonly<Record<string, JsonSchema>>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  allOf?: readonly JsonSchema[];
  anyOf?: readonly JsonSchema[];
  oneOf?: readonly JsonSchema[];
  not?: JsonSchema;
  /** Fields that a definition may not use. */
  id?: string;
  $ref?: string;
  additionalItems?: JsonSchema | boolean;
  definitions?: Readonly<Record<string, JsonSchema>>;
  dependencies?: object;
  patternProperties?: object;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-embedded-resource"?: boolean;
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-list-type"?: string;
  "x-kubernetes-list-map-keys"?: readonly string[];
  "x-kubernetes-map-type"?: string;
  "x-kubernetes-validations"?: readonly Rule[];
}

/** One of `x-kubernetes-validations`. */
export interface Rule {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

type Value = unknown;
type Mapping = Record<string, Value>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Schema of a field: of its property, or what holds for all others. */
export function fieldSchema(schema: JsonSchema | undefined, field: string): JsonSchema | undefined {
  if (schema === undefined) return undefined;
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, field)) return properties[field];
  return isMapping(additionalProperties) ? (additionalProperties as JsonSchema) : undefined;
}

const META = new Set(["apiVersion", "kind", "metadata"]);

/**
 * Removes what the schema does not know; returns the paths of what went, sorted (`spec.foo`, `spec.list[0].bar`). The
 * root is a resource: its type and metadata stay (apiextensions-apiserver pkg/apiserver/schema/pruning).
 */
export function prune(draft: Mapping, schema: JsonSchema | undefined): string[] {
  const gone: string[] = [];
  pruneValue(draft, { ...schema, "x-kubernetes-embedded-resource": true }, "", gone);
  return gone.sort();
}

/** Removes from a value, whose own path is given, what the schema does not know; without a schema, all fields. */
export function pruneValue(value: Value, schema: JsonSchema | undefined, path: string, gone: string[]): void {
  const keep = schema?.["x-kubernetes-preserve-unknown-fields"] === true;
  walk(value, schema, path, gone, keep);
}

/** `keep`: of what is not known everything stays. */
function walk(value: Value, schema: JsonSchema | undefined, path: string, gone: string[], keep: boolean): void {
  if (keep && schema === undefined) return;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      if (keep) walk(item, schema?.items, `${path}[${i}]`, gone, true);
      else pruneValue(item, schema?.items, `${path}[${i}]`, gone);
    }
    return;
  }
  if (!isMapping(value)) return;
  const { properties = {}, additionalProperties } = schema ?? {};
  for (const key of Object.keys(value)) {
    if (schema?.["x-kubernetes-embedded-resource"] && META.has(key)) continue;
    const below = path === "" ? key : `${path}.${key}`;
    if (Object.hasOwn(properties, key) || additionalProperties !== undefined) {
      pruneValue(value[key], fieldSchema(schema, key), below, gone);
    } else if (!keep) {
      gone.push(below);
      delete value[key];
    }
  }
}

/** Removes nulls where neither null nor a default may stand (defaulting/prunenulls.go). */
export function pruneNulls(value: Value, schema: JsonSchema | undefined): void {
  if (Array.isArray(value)) {
    for (const item of value) pruneNulls(item, schema?.items);
  } else if (isMapping(value)) {
    for (const key of Object.keys(value)) {
      const part = fieldSchema(schema, key);
      if (value[key] === null && part !== undefined && !part.nullable && part.default === undefined) delete value[key];
      else pruneNulls(value[key], part);
    }
  }
}

/** Fills in defaults where a value is missing, or null where null may not stand (defaulting/algorithm.go). */
export function setDefaults(value: Value, schema: JsonSchema | undefined): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      if (value[i] === null && schema.items && !schema.items.nullable && schema.items.default !== undefined) {
        value[i] = clone(schema.items.default);
      }
      setDefaults(value[i], schema.items);
    }
    return;
  }
  if (!isMapping(value)) return;
  for (const key in schema.properties) {
    const part = schema.properties[key]!;
    if (part.default === undefined) continue;
    if (value[key] === undefined || (value[key] === null && !part.nullable)) value[key] = clone(part.default);
  }
  for (const key of Object.keys(value)) setDefaults(value[key], fieldSchema(schema, key));
}

function clone(value: Value): Value {
  if (Array.isArray(value)) return value.map(clone);
  if (!isMapping(value)) return value;
  const out: Mapping = {};
  for (const key of Object.keys(value)) out[key] = clone(value[key]);
  return out;
}

/** A mutable copy whose keys are sorted, as Go writes maps. */
export function sortedCopy(value: Value): Value {
  if (Array.isArray(value)) return value.map(sortedCopy);
  if (!isMapping(value)) return value;
  const out: Mapping = {};
  for (const key of Object.keys(value).sort()) {
    const part = sortedCopy(value[key]);
    if (key === "__proto__")
      Object.defineProperty(out, key, { value: part, enumerable: true, configurable: true, writable: true });
    else out[key] = part;
  }
  return out;
}
