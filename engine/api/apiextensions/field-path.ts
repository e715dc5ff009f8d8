import { isMapping, type JsonSchema } from "./schema.ts";

/**
 * The schema that a path such as `.spec.hosts['a']` leads to, and the path as upstream prints it; a text says why there
 * is none (schema/cel ValidFieldPath).
 */
export function fieldIn(
  root: JsonSchema,
  path: string,
  brackets: boolean,
): { schema: JsonSchema; at: string } | string {
  const tokens = path.match(/[.[\]]|'(?:\\.|[^'\\])*'|[^.[\]]+/g) ?? [];
  let schema = root;
  let at = "";
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token !== "." && token !== "[") return `expected [ or . but got: ${token}`;
    if (token === "[" && !brackets) return "array notation is not allowed";
    let name = tokens[++i];
    if (name === undefined) return "unexpected end of JSON path";
    if (token === "[") {
      if (!/^'.*'$/s.test(name)) return `expected single quoted string but got ${name}`;
      name = name.slice(1, -1).replace(/\\(.)/g, "$1");
    }
    const { properties, additionalProperties } = schema;
    const named = properties !== undefined && Object.keys(properties).length > 0;
    const below = named ? (Object.hasOwn(properties, name) ? properties[name] : undefined) : additionalProperties;
    if (!isMapping(below)) return "does not refer to a valid field";
    schema = below as JsonSchema;
    at += named ? (at === "" ? name : `.${name}`) : `[${name}]`;
    if (token === ".") continue;
    const end = tokens[++i];
    if (end === undefined) return "unexpected end of JSON path";
    if (end !== "]") return `expected ] but got ${end}`;
  }
  return { schema, at };
}
