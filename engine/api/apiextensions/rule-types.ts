import type { CelTypes } from "../cel/index.ts";
import { escaped } from "./rules.ts";
import { isMapping, type JsonSchema } from "./schema.ts";

/** Texts that CEL sees as more than a string. */
const FORMATS: Readonly<Record<string, string>> = {
  byte: "bytes",
  duration: "google.protobuf.Duration",
  date: "google.protobuf.Timestamp",
  "date-time": "google.protobuf.Timestamp",
};
const NAMED: JsonSchema = { type: "string" };
const RESOURCE: Readonly<Record<string, JsonSchema>> = {
  apiVersion: NAMED,
  kind: NAMED,
  metadata: { type: "object", properties: { name: NAMED, generateName: NAMED } },
};

/**
 * What rules may name below a schema, and of which types it is (apiserver pkg/cel/common/schemas.go SchemaDeclType).
 * `root`: of a whole resource; undefined where CEL sees nothing.
 */
export function ruleTypes(schema: JsonSchema, root: boolean): CelTypes | undefined {
  const objects = new Map<string, Record<string, string>>();
  const self = typeOf(schema, root, objects);
  return self === undefined ? undefined : { self, objects };
}

function typeOf(
  schema: JsonSchema,
  resource: boolean,
  objects: Map<string, Record<string, string>>,
): string | undefined {
  if (schema["x-kubernetes-int-or-string"]) return "dyn";
  switch (schema.type) {
    case "string":
      return FORMATS[schema.format ?? ""] ?? "string";
    case "boolean":
      return "bool";
    case "number":
      return "double";
    case "integer":
      return "int";
    case "array": {
      const item =
        schema.items && typeOf(schema.items, schema.items["x-kubernetes-embedded-resource"] === true, objects);
      return item && `list<${item}>`;
    }
    case "object": {
      if (isMapping(schema.additionalProperties)) {
        const values = schema.additionalProperties as JsonSchema;
        const value = typeOf(values, values["x-kubernetes-embedded-resource"] === true, objects);
        return value && `map<string, ${value}>`;
      }
      return objectType(schema, resource, objects);
    }
    default:
      return undefined;
  }
}

function objectType(schema: JsonSchema, resource: boolean, objects: Map<string, Record<string, string>>): string {
  const name = `object${objects.size}`;
  const fields: Record<string, string> = {};
  objects.set(name, fields);
  for (const [field, part] of Object.entries({ ...schema.properties, ...(resource && RESOURCE) })) {
    if (!/^[a-zA-Z_.\-/][a-zA-Z0-9_.\-/]*$/.test(field)) continue;
    const type = typeOf(part, part["x-kubernetes-embedded-resource"] === true, objects);
    if (type !== undefined) fields[escaped(field) ?? field] = type;
  }
  return name;
}
