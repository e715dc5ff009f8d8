import type { KubeObject } from "../../api/types.ts";
import { KubectlError } from "./errors.ts";
import { compareStrings, sprint } from "./go.ts";
import { JsonPath, JsonPathError, relaxedPath } from "./printers/jsonpath.ts";
import type { Table } from "./printers/table.ts";
import { parseQuantityOrder } from "./quantity-order.ts";

/** Objects by the field that `--sort-by` names (cmd/get/sorter.go); stable. Throws when no object has it. */
export function sortObjects<T extends KubeObject>(objects: readonly T[], field: string): T[] {
  return sortBy(objects, field, (object) => object);
}

/** Rows of a table by a field of their objects. */
export function sortTable(table: Table, field: string): Table {
  return { ...table, rows: sortBy(table.rows ?? [], field, (row) => row.object) };
}

function sortBy<T>(items: readonly T[], field: string, objectOf: (item: T) => unknown): T[] {
  let text = field;
  let path: JsonPath;
  try {
    text = relaxedPath(field);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
  }
  try {
    path = new JsonPath(text, true);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new KubectlError(`sorting error: ${error.message}\n`);
  }
  const keys = new Map<T, unknown>();
  let found = false;
  for (const item of items) {
    const values = path.find(objectOf(item));
    keys.set(item, values[0]?.[0]);
    if ((values[0]?.length ?? 0) > 0) found = true;
  }
  if (!found && items.length > 0)
    throw new KubectlError(`couldn't find any field with path ${JSON.stringify(text)} in the list of objects`);
  return [...items].sort((a, b) => compareValues(keys.get(a), keys.get(b)));
}

function compareValues(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (typeof a === "string" && typeof b === "string") {
    const order = parseQuantityOrder(a, b);
    return order ?? naturalCompare(a, b);
  }
  return compareStrings(sprint(a), sprint(b));
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
