import { type Field, type FieldType, type TypeSchema, typeOf } from "../../api/schema/types.ts";
import { deepEqual } from "../frozen.ts";
import { isMap } from "./merge.ts";

/** A patch whose directives or merge keys make no sense; the message is that of apimachinery pkg/util/strategicpatch. */
export class StrategicPatchError extends Error {}

type Map = Record<string, unknown>;

const ORDER = "$setElementOrder/";
const DELETE_PRIMITIVE = "$deleteFromPrimitiveList/";
const RETAIN = "$retainKeys";
const DIRECTIVE = "$patch";

/**
 * Strategic merge patch: lists merge by the key that the type names, directives replace, delete and order
 * (apimachinery pkg/util/strategicpatch/patch.go). Never writes to its arguments.
 */
export function applyStrategicPatch(target: unknown, patch: unknown, typeName: string): unknown {
  if (!isMap(patch)) return patch;
  return mergeMap(isMap(target) ? target : {}, patch, typeOf(typeName));
}

function mergeMap(original: Map, patch: Map, type: TypeSchema | undefined, values?: FieldType): Map {
  if (DIRECTIVE in patch) {
    const directive = patch[DIRECTIVE];
    const { [DIRECTIVE]: _, ...rest } = patch;
    if (directive === "replace") return clean(rest) as Map;
    if (directive === "delete") return {};
    if (directive !== "merge") throw new StrategicPatchError(`unknown patch type found: ${directive}`);
    return mergeMap(original, rest, type, values);
  }
  const result: Map = retain(original, patch);
  for (const key of Object.keys(patch)) {
    if (key === RETAIN || key.startsWith(ORDER)) continue;
    const value = patch[key];
    if (key.startsWith(DELETE_PRIMITIVE)) {
      const field = key.slice(DELETE_PRIMITIVE.length);
      const gone = value as unknown[];
      const list = result[field];
      if (Array.isArray(list)) result[field] = list.filter((item) => !gone.some((one) => deepEqual(one, item)));
      continue;
    }
    if (value === null) {
      delete result[key];
      continue;
    }
    const field = type?.fields.get(key);
    const order = patch[ORDER + key] as unknown[] | undefined;
    const before = result[key];
    if (isMap(value)) {
      const inner = structOf(field?.type ?? values);
      result[key] =
        isMap(before) || inDirective(value) ? mergeMap(isMap(before) ? before : {}, value, inner) : clean(value);
    } else if (Array.isArray(value) && field?.patchStrategy?.includes("merge")) {
      result[key] = mergeList(Array.isArray(before) ? before : [], value, field, order);
    } else result[key] = clean(value);
  }
  reorderOnly(result, patch, type);
  return result;
}

function inDirective(value: Map): boolean {
  return DIRECTIVE in value;
}

/** `$retainKeys` drops every other key of a union. */
function retain(original: Map, patch: Map): Map {
  const keys = patch[RETAIN];
  if (!Array.isArray(keys)) return { ...original };
  const result: Map = {};
  for (const key of Object.keys(original)) if (keys.includes(key)) result[key] = original[key];
  return result;
}

/** A patch may order a list that it does not change otherwise. */
function reorderOnly(result: Map, patch: Map, type: TypeSchema | undefined): void {
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(ORDER)) continue;
    const name = key.slice(ORDER.length);
    const list = result[name];
    if (name in patch || !Array.isArray(list)) continue;
    const mergeKey = type?.fields.get(name)?.patchMergeKey;
    result[name] = inOrder(list, list, patch[key] as unknown[], mergeKey);
  }
}

function structOf(type: FieldType | undefined): TypeSchema | undefined {
  return type?.kind === "ref" ? typeOf(type.name) : undefined;
}

function mergeList(
  original: readonly unknown[],
  patch: readonly unknown[],
  field: Field,
  order?: unknown[],
): unknown[] {
  const mergeKey = field.patchMergeKey;
  const merged = mergeKey === undefined ? mergeScalars(original, patch) : mergeItems(original, patch, field, mergeKey);
  return order === undefined ? merged : inOrder(merged, original, order, mergeKey);
}

function mergeScalars(original: readonly unknown[], patch: readonly unknown[]): unknown[] {
  const result = [...original];
  for (const value of patch) if (!result.some((one) => deepEqual(one, value))) result.push(value);
  return result;
}

function mergeItems(
  original: readonly unknown[],
  patch: readonly unknown[],
  field: Field,
  mergeKey: string,
): unknown[] {
  const type = field.type.kind === "array" ? structOf(field.type.items) : undefined;
  const items = patch as readonly Map[];
  if (items.some((item) => item[DIRECTIVE] === "replace")) {
    return items.filter((item) => item[DIRECTIVE] !== "replace").map(clean);
  }
  let result = [...original] as Map[];
  for (const item of items) {
    if (!isMap(item)) throw new StrategicPatchError("expected map");
    const key = item[mergeKey];
    if (key === undefined) {
      throw new StrategicPatchError(`map: ${goMap(item)} does not contain declared merge key: ${mergeKey}`);
    }
    if (item[DIRECTIVE] === "delete") {
      result = result.filter((one) => one[mergeKey] !== key);
      continue;
    }
    const at = result.findIndex((one) => deepEqual(one[mergeKey], key));
    if (at < 0) result.push(clean(item) as Map);
    else result[at] = mergeMap(result[at]!, item, type);
  }
  return result;
}

/**
 * Items that the patch orders come in its order; those only the server has keep their place among them as the live
 * list had it (strategicpatch normalizeElementOrder).
 */
function inOrder(
  merged: readonly unknown[],
  live: readonly unknown[],
  order: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const keyOf = (item: unknown) => (mergeKey === undefined ? item : (item as Map)[mergeKey]);
  const keys = order.map((item) => (mergeKey !== undefined && isMap(item) ? item[mergeKey] : item));
  const rank = (item: unknown) => keys.findIndex((key) => deepEqual(key, keyOf(item)));
  const place = (item: unknown) => live.findIndex((one) => deepEqual(keyOf(one), keyOf(item)));
  const ordered = merged.filter((item) => rank(item) >= 0).sort((a, b) => rank(a) - rank(b));
  let from = 0;
  for (const item of merged.filter((one) => rank(one) < 0)) {
    let at = from;
    while (at < ordered.length && !(place(ordered[at]) > place(item) && place(item) >= 0)) at++;
    ordered.splice(at, 0, item);
    from = at + 1;
  }
  return ordered;
}

/** A new part of the object: without nulls and directives. */
function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !(isMap(item) && item[DIRECTIVE] === "delete")).map(clean);
  if (!isMap(value)) return value;
  const result: Map = {};
  for (const key of Object.keys(value)) {
    const isDirective =
      key === DIRECTIVE || key === RETAIN || key.startsWith(ORDER) || key.startsWith(DELETE_PRIMITIVE);
    if (!isDirective && value[key] !== null) result[key] = clean(value[key]);
  }
  return result;
}

/** A value as Go's `%v` prints it: `map[name:x]`, `[a b]`. */
export function goMap(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goMap).join(" ")}]`;
  if (value === null || value === undefined) return "<nil>";
  if (!isMap(value)) return String(value);
  const keys = Object.keys(value).sort();
  return `map[${keys.map((key) => `${key}:${goMap(value[key])}`).join(" ")}]`;
}
