import type { StatusCause } from "../status.ts";
import { child, invalidText } from "../validation/field.ts";
import { goDynamic } from "../validation/value.ts";
import { validateEmbedded } from "./embedded.ts";
import { hasRules, validateRules } from "./rules.ts";
import { isMapping, type JsonSchema, pruneValue } from "./schema.ts";
import { validateValue } from "./validate.ts";

/** Defaults must be what the schema accepts, with nothing in them that it would prune (schema/defaulting/validation.go). */
export function validateDefaults(schema: JsonSchema, path: string): StatusCause[] {
  const { default: value, properties = {}, items } = schema;
  const causes: StatusCause[] = value === undefined ? [] : judge(value, schema, child(path, "default"));
  for (const key of Object.keys(properties).sort()) {
    causes.push(...validateDefaults(properties[key]!, `${path}.properties[${key}]`));
  }
  if (items) causes.push(...validateDefaults(items, `${path}.items`));
  return causes;
}

function judge(value: unknown, schema: JsonSchema, at: string): StatusCause[] {
  const gone: string[] = [];
  pruneValue(JSON.parse(JSON.stringify(value)), schema, "", gone);
  const unknown = gone.length > 0 ? [invalidText(at, goDynamic(value), "must not have unknown fields")] : [];
  const embedded = validateEmbedded(value, schema, at);
  if (embedded.length > 0) return [...unknown, ...embedded];
  const wrong = validateValue(value, untyped(schema), { at });
  if (wrong.length > 0 || !hasRules(schema)) return [...unknown, ...wrong];
  // Rules see it as an update that changes nothing, then as what is new.
  const stays = validateRules(value, { old: value, warn: undefined }, schema, at);
  return [...unknown, ...(stays.length > 0 ? stays : validateRules(value, undefined, schema, at))];
}

/** Without what `x-kubernetes-int-or-string` says of types, as upstream converts a schema to judge a default by it. */
function untyped(schema: JsonSchema): JsonSchema {
  const { properties, items, additionalProperties, "x-kubernetes-int-or-string": _, ...rest } = schema;
  return {
    ...rest,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, untyped(one)])),
    }),
    ...(items && { items: untyped(items) }),
    ...(isMapping(additionalProperties)
      ? { additionalProperties: untyped(additionalProperties as JsonSchema) }
      : additionalProperties !== undefined && { additionalProperties }),
  };
}
