import { decodeAs } from "../decode.ts";
import type { StatusCause } from "../status.ts";
import { child, invalid, invalidText, required } from "../validation/field.ts";
import { validateMeta } from "../validation/meta.ts";
import { dns1035Label, pathSegment } from "../validation/names.ts";
import { goDynamic } from "../validation/value.ts";
import { fieldSchema, isMapping, type JsonSchema } from "./schema.ts";

const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** Objects within the object have a type and metadata of their own (schema/objectmeta/validation.go). */
export function validateEmbedded(value: unknown, schema: JsonSchema | undefined, path = ""): StatusCause[] {
  if (schema === undefined) return [];
  if (Array.isArray(value))
    return value.flatMap((item, i) => validateEmbedded(item, schema.items ?? undefined, `${path}[${i}]`));
  if (!isMapping(value)) return [];
  const causes: StatusCause[] = schema["x-kubernetes-embedded-resource"] ? embedded(value, path) : [];
  for (const key of Object.keys(value).sort()) {
    causes.push(...validateEmbedded(value[key], fieldSchema(schema, key), below(path, key, schema)));
  }
  return causes;
}

/**
 * Gives the metadata of objects within the object Go's form; returns the paths of what was dropped, and the first
 * complaint of a field that has another type (schema/objectmeta/coerce.go). Writes to the value.
 */
export function coerceEmbedded(
  value: unknown,
  schema: JsonSchema | undefined,
  path = "",
): { dropped: string[]; error?: string } {
  const dropped: string[] = [];
  if (schema === undefined || typeof value !== "object" || value === null) return { dropped };
  if (!Array.isArray(value) && schema["x-kubernetes-embedded-resource"]) {
    const own = coerce(value as Record<string, unknown>, path);
    if (own.error !== undefined) return own;
    dropped.push(...own.dropped);
  }
  const parts: [string, unknown, JsonSchema | undefined][] = Array.isArray(value)
    ? value.map((item, i) => [`${path}[${i}]`, item, schema.items])
    : Object.entries(value).map(([key, part]) => [below(path, key, schema), part, fieldSchema(schema, key)]);
  for (const [at, part, partSchema] of parts) {
    const found = coerceEmbedded(part, partSchema, at);
    if (found.error !== undefined) return found;
    dropped.push(...found.dropped);
  }
  return { dropped };
}

function coerce(value: Record<string, unknown>, path: string): { dropped: string[]; error?: string } {
  const wrong = (key: string, why: string) => {
    const { field, message } = invalidText(child(path, key), goDynamic(value[key]), why);
    return { dropped: [], error: `${field}: ${message}` };
  };
  for (const key of ["apiVersion", "kind"]) {
    if (value[key] !== undefined && typeof value[key] !== "string") return wrong(key, "must be a string");
  }
  if (value["metadata"] === undefined) return { dropped: [] };
  const { object, error, strictErrors } = decodeAs(value["metadata"], OBJECT_META);
  if (error !== undefined) return wrong("metadata", error);
  value["metadata"] = object;
  const names = strictErrors.flatMap((one) => /^unknown field "(.*)"$/.exec(one)?.[1] ?? []);
  return { dropped: names.map((name) => `${child(path, "metadata")}.${name}`) };
}

function below(path: string, key: string, schema: JsonSchema): string {
  const named = schema.properties !== undefined && Object.hasOwn(schema.properties, key);
  return named ? child(path, key) : `${path}[${key}]`;
}

function embedded(value: Record<string, unknown>, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { apiVersion, kind, metadata } = value;
  for (const key of ["apiVersion", "kind"]) {
    const at = child(path, key);
    if (value[key] === undefined) causes.push(required(at, "must not be empty"));
    else if (typeof value[key] !== "string") causes.push(invalidText(at, goDynamic(value[key]), "must be a string"));
    else if (value[key] === "") causes.push(invalid(at, "", "must not be empty"));
  }
  if (typeof apiVersion === "string" && apiVersion.split("/").length > 2) {
    causes.push(invalid(child(path, "apiVersion"), apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  }
  if (typeof kind === "string" && kind !== "") {
    const errors = dns1035Label(kind.toLowerCase());
    const why = `may have mixed case, but should otherwise match: ${errors.join(",")}`;
    if (errors.length > 0) causes.push(invalid(child(path, "kind"), kind, why));
  }
  if (metadata === undefined) return causes;
  const at = child(path, "metadata");
  const meta = decodeAs(metadata, OBJECT_META);
  if (meta.error !== undefined) return [...causes, invalidText(at, goDynamic(metadata), meta.error)];
  const { name = "", ...rest } = meta.object as { name?: string; namespace?: string };
  const object = { metadata: { ...rest, name: name === "" ? "fakename" : name } };
  return [...causes, ...validateMeta(object as never, Boolean(rest.namespace), pathSegment, at)];
}
