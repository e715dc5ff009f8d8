import { decodeObject } from "../../api/decode.ts";
import { schemaName } from "../../api/define.ts";
import { withManagedFields } from "../../api/managed-fields/index.ts";
import { type FieldType, typeOf } from "../../api/schema/types.ts";
import type { KubeObject } from "../../api/types.ts";
import { compareStrings } from "./go.ts";
import orders from "./struct-order.json";

/** Fields of Go structs whose order is not the alphabet's, by the type's name without `io.k8s.api.`. */
const ORDERS = orders as Record<string, string>;
const PREFIX = /^io\.k8s\.(api|apimachinery\.pkg\.apis)\./;
const positions = new Map<string, Map<string, number> | undefined>();

function positionsOf(type: string): Map<string, number> | undefined {
  if (!positions.has(type)) {
    const words = ORDERS[type.replace(PREFIX, "")]?.split(" ");
    positions.set(type, words && new Map(words.map((word, i) => [word, i])));
  }
  return positions.get(type);
}

/** An object as Go writes it after reading it into its struct; one without a built-in type as it is. */
export function typed(object: KubeObject): KubeObject {
  const slash = object.apiVersion.indexOf("/");
  const group = slash < 0 ? "" : object.apiVersion.slice(0, slash);
  const gvk = { group, version: object.apiVersion.slice(slash + 1), kind: object.kind };
  const { object: read, error } = decodeObject(withManagedFields(object), gvk);
  if (error !== undefined) return object;
  return ordered(read, { kind: "ref", name: schemaName(gvk.group, gvk.version, gvk.kind) }) as KubeObject;
}

function ordered(value: unknown, type: FieldType | undefined): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = type?.kind === "array" ? type.items : undefined;
    return value.map((item) => ordered(item, items));
  }
  const map = value as Record<string, unknown>;
  const keys = Object.keys(map).sort(compareStrings);
  const schema = type?.kind === "ref" ? typeOf(type.name) : undefined;
  const place = type?.kind === "ref" ? positionsOf(type.name) : undefined;
  if (place) keys.sort((a, b) => (place.get(a) ?? 999) - (place.get(b) ?? 999));
  const out: Record<string, unknown> = {};
  for (const key of keys) {
    out[key] = ordered(map[key], type?.kind === "map" ? type.values : schema?.fields.get(key)?.type);
  }
  return out;
}

/** The same for a list and its items. */
export function typedList(list: KubeObject): KubeObject {
  const { kind, apiVersion, metadata, items, ...rest } = list as KubeObject & { items: KubeObject[] };
  const own = kind.replace(/List$/, "");
  const shown = items.map((item) => {
    const { kind: _, apiVersion: __, ...bare } = typed({ ...withManagedFields(item), apiVersion, kind: own });
    return bare;
  });
  return { kind, apiVersion, metadata, items: shown, ...rest } as unknown as KubeObject;
}
