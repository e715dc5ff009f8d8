/**
 * The fields of JSONSchemaProps that are a schema or something else. Their readers are of apiextensions itself and start
 * a decoder of their own below: what it does not know goes without a word, and its errors name the way from there.
 */
export const SCHEMA_PROPS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

type Read = (value: unknown) => { object: unknown; error?: string };

/** The value of `field` (`.key` for one of `dependencies`) as Go keeps it; undefined where it is any JSON. */
export function readSchemaOr(
  field: string,
  value: unknown,
  read: Read,
): { value: unknown; error?: string } | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  switch (field) {
    case "items":
      if (isObject) return below(value, read);
      return { value: undefined, ...(Array.isArray(value) && value.length > 0 && list(value, read)) };
    case "additionalItems":
    case "additionalProperties":
      if (isObject) return below(value, read);
      return typeof value === "boolean" ? { value } : { value, error: "boolean or JSON schema expected" };
    default:
      if (field[0] !== ".") return undefined;
      return isObject ? below(value, read) : { value: Array.isArray(value) && value.length > 0 ? value : null };
  }
}

function below(value: unknown, read: Read): { value: unknown; error?: string } {
  const { object, error } = read(value);
  return { value: object, ...(error !== undefined && { error }) };
}

function list(values: readonly unknown[], read: Read): { value: unknown; error?: string } {
  const all = values.map((one) => below(one, read));
  const error = all.find((one) => one.error !== undefined)?.error;
  return { value: all.map((one) => one.value), ...(error !== undefined && { error }) };
}
