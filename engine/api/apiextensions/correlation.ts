import { deepEqual } from "../validation/value.ts";
import { fieldSchema, isMapping, type JsonSchema } from "./schema.ts";

/**
 * A value and what it was before an update, as far as the schema tells which old value a new one follows (apiserver
 * pkg/cel/common/equality.go). Items of a list are followed only where it is a map by `x-kubernetes-list-type`.
 */
export class Correlation {
  readonly value: unknown;
  readonly old: unknown;
  readonly schema: JsonSchema;
  private equal: boolean | undefined;

  constructor(value: unknown, old: unknown, schema: JsonSchema) {
    this.value = value;
    this.old = old;
    this.schema = schema;
  }

  /** That of a field; undefined where one of the two lacks it, or no schema speaks of it. */
  key(field: string): Correlation | undefined {
    if (!isMapping(this.value) || !isMapping(this.old)) return undefined;
    const value = this.value[field];
    const old = this.old[field];
    const schema = fieldSchema(this.schema, field);
    if (value === undefined || old === undefined || schema === undefined) return undefined;
    return new Correlation(value, old, schema);
  }

  index(at: number): Correlation | undefined {
    const { items } = this.schema;
    if (!Array.isArray(this.value) || !Array.isArray(this.old) || items === undefined) return undefined;
    const old = itemBefore(this.old, this.value[at], this.schema);
    return old === undefined || old === null ? undefined : new Correlation(this.value[at], old, items);
  }

  /** Whether nothing changed; fields of which no schema speaks count as changed. */
  unchanged(): boolean {
    this.equal ??= this.compare();
    return this.equal;
  }

  private compare(): boolean {
    const { value, old } = this;
    if (Array.isArray(value) && Array.isArray(old)) {
      if (value.length !== old.length) return false;
      if (this.schema["x-kubernetes-list-type"] !== "map") return deepEqual(value, old);
      return value.every((_, i) => this.index(i)?.unchanged() ?? false);
    }
    if (isMapping(value) && isMapping(old)) {
      const keys = Object.keys(value);
      return keys.length === Object.keys(old).length && keys.every((key) => this.key(key)?.unchanged() ?? false);
    }
    return deepEqual(value, old);
  }
}

/** The item of the old list that this one was: only lists that are maps can tell. */
export function itemBefore(old: unknown, item: unknown, schema: JsonSchema): unknown {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || !Array.isArray(old) || !isMapping(item) || !keys) return undefined;
  return old.find((one) => isMapping(one) && keys.every((key) => deepEqual(one[key], item[key])));
}
