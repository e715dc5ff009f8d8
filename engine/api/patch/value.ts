/** JSON values as patches see them. Nothing here writes to a value it was given. */
// biome-ignore lint/suspicious/noExplicitAny: documents have no fixed shape
export type Doc = any;
export type JsonMap = Record<string, Doc>;

export function isMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `map`, `slice`, `string`, `number`, `bool` or `nil`: what decides whether two values can be merged. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nil";
  if (Array.isArray(value)) return "slice";
  if (typeof value === "object") return "map";
  return typeof value;
}

/** Own keys only, so that a key named like something of Object's prototype is a key like any other. */
export const has = (map: JsonMap, key: string): boolean => Object.hasOwn(map, key);

/** Sets a key, `__proto__` too. */
export function put(map: JsonMap, key: string, value: Doc): void {
  if (key === "__proto__") {
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  } else map[key] = value;
}

/** `%v` of a value, as Go prints it inside messages: maps as `map[a:1 b:2]`, lists as `[1 2]`. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([k, v]) => `${k}:${goText(v)}`).join(" ")}]`;
  }
  return String(value);
}
