import type { StatusCause } from "../status.ts";
import { invalidText } from "../validation/field.ts";
import { goDynamic } from "../validation/value.ts";
import { isMapping, type JsonSchema } from "./schema.ts";

/** Lists that are sets or maps by `x-kubernetes-list-type` hold nothing twice (schema/listtype/validation.go). */
export function validateLists(value: unknown, schema: JsonSchema | undefined, path = ""): StatusCause[] {
  if (schema === undefined) return [];
  const causes: StatusCause[] = [];
  if (Array.isArray(value)) {
    const type = schema["x-kubernetes-list-type"];
    if (type === "set") causes.push(...repeated(value, path));
    else if (type === "map") causes.push(...repeatedKeys(value, schema["x-kubernetes-list-map-keys"] ?? [], path));
    for (const [i, item] of value.entries()) causes.push(...validateLists(item, schema.items, `${path}[${i}]`));
  } else if (isMapping(value)) {
    const { properties = {}, additionalProperties } = schema;
    for (const key of Object.keys(value).sort()) {
      if (Object.hasOwn(properties, key)) {
        causes.push(...validateLists(value[key], properties[key], path === "" ? key : `${path}.${key}`));
      } else if (isMapping(additionalProperties)) {
        causes.push(...validateLists(value[key], additionalProperties as JsonSchema, `${path}[${key}]`));
      }
    }
  }
  return causes;
}

/** The second of several that are the same; `keys` stand for the items. */
function repeated(items: readonly unknown[], path: string, keys: readonly unknown[] = items): StatusCause[] {
  const causes: StatusCause[] = [];
  const seen = new Map<string, number>();
  for (const [i, key] of keys.entries()) {
    const id = JSON.stringify(key);
    const times = (seen.get(id) ?? 0) + 1;
    seen.set(id, times);
    if (times !== 2) continue;
    causes.push({
      reason: "FieldValueDuplicate",
      message: `Duplicate value: ${key === null ? '"null"' : goDynamic(key)}`,
      field: `${path}[${i}]`,
    });
  }
  return causes;
}

function repeatedKeys(items: readonly unknown[], keys: readonly string[], path: string): StatusCause[] {
  const odd = items.findIndex((item) => item !== null && !isMapping(item));
  if (odd >= 0) {
    const why = "must be an object for an array of list-type map";
    return [invalidText(`${path}[${odd}]`, goDynamic(items[odd]), why)];
  }
  const found = items.map((item) => {
    const given = (item ?? {}) as Record<string, unknown>;
    return Object.fromEntries(keys.filter((key) => given[key] !== undefined).map((key) => [key, given[key]]));
  });
  return repeated(items, path, found);
}
