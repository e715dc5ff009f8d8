import type { KubeObject } from "../../api/types.ts";
import { Exit, KubectlError } from "./errors.ts";
import { compareStrings } from "./go.ts";
import { goSort } from "./go-sort.ts";
import type { Invocation } from "./invocation.ts";
import { klog } from "./klog.ts";
import { JsonPath, JsonPathError, relaxedPath } from "./printers/jsonpath.ts";
import type { Table } from "./printers/table.ts";
import { parseQuantityOrder } from "./quantity-order.ts";

/** What klog says of where it stands, and what Go's `%T` says of what was sorted. */
const IN_OBJECTS = { place: "sorter.go:329", type: "*unstructured.Unstructured" };
const IN_TABLE = { place: "sorter.go:375", type: "[][][]reflect.Value" };

/** Objects by the field that `--sort-by` names (cmd/get/sorter.go). Throws when no object has it, or it has no order. */
export function sortObjects<T extends KubeObject>(k: Invocation, objects: readonly T[], field: string): T[] {
  return sortBy(k, objects, field, IN_OBJECTS, (object) => object);
}

/** Rows of a table by a field of their objects. */
export function sortTable(k: Invocation, table: Table, field: string): Table {
  return { ...table, rows: sortBy(k, table.rows ?? [], field, IN_TABLE, (row) => row.object) };
}

/** The path of `--sort-by` as JSONPath. */
export function sortPath(field: string): string {
  try {
    return relaxedPath(field);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new KubectlError(error.message);
  }
}

/** No object has the field. */
export function noField(path: string): KubectlError {
  return new KubectlError(`couldn't find any field with path ${JSON.stringify(path)} in the list of objects`);
}

function sortBy<T>(
  k: Invocation,
  items: readonly T[],
  field: string,
  where: typeof IN_TABLE,
  objectOf: (item: T) => unknown,
): T[] {
  if (items.length < 2 && where === IN_TABLE) return [...items];
  let text = field;
  let path: JsonPath;
  try {
    text = relaxedPath(field);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    if (where === IN_OBJECTS) throw new KubectlError(error.message);
  }
  try {
    path = new JsonPath(text, true);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new KubectlError(where === IN_TABLE ? `sorting error: ${error.message}\n` : error.message);
  }
  const keys = new Map<T, unknown>();
  let found = false;
  for (const item of items) {
    const values = valuesAt(path, objectOf(item));
    keys.set(item, values[0]?.[0]);
    if ((values[0]?.length ?? 0) > 0) found = true;
  }
  if (!found && items.length > 0) throw noField(text);
  return goSort(items, (a, b) => {
    const [x, y] = [keys.get(a), keys.get(b)];
    // What has no such field comes first, even before its like.
    if (x === undefined) return true;
    if (y === undefined) return false;
    // Then come those of which it is null: when an event was last seen, told by those that are seen once.
    if (x === null) return y !== null;
    if (y === null) return false;
    if (typeof x === "string") {
      const [one, other] = [x, String(y)];
      return (parseQuantityOrder(one, other) ?? naturalCompare(one, other)) < 0;
    }
    if (typeof x === "number") return x < Number(y);
    const kind = typeof x === "boolean" ? "bool" : Array.isArray(x) ? "[]interface {}" : "map[string]interface {}";
    const fault = `Field ${text} in ${where.type} is an unsortable type: interface, err: unsortable type: ${kind}`;
    throw new Exit(1, klog(k, "F", where.place, fault));
  });
}

function valuesAt(path: JsonPath, object: unknown): unknown[][] {
  try {
    return path.find(object);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new KubectlError(error.message);
  }
}

/** sortorder.NaturalLess: runs of digits by value. */
export function naturalCompare(a: string, b: string): number {
  const parts = (text: string) => text.match(/\d+|\D+/g) ?? [];
  const x = parts(a);
  const y = parts(b);
  for (let i = 0; i < x.length && i < y.length; i++) {
    const p = x[i]!;
    const q = y[i]!;
    if (p === q) continue;
    if (/^\d/.test(p) && /^\d/.test(q)) {
      const v = p.replace(/^0+/, "");
      const w = q.replace(/^0+/, "");
      if (v.length !== w.length) return v.length - w.length;
      if (v !== w) return v < w ? -1 : 1;
      return p.length - q.length;
    }
    return compareStrings(p, q);
  }
  return x.length - y.length || a.length - b.length;
}
