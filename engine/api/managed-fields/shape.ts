import { fieldSchema, type JsonSchema } from "../apiextensions/schema.ts";
import type { KindDef } from "../kind.ts";
import { type Field, type FieldType, typeOf } from "../schema/types.ts";
import { zeroOf } from "../schema/zero.ts";

/** How a value merges: what structured-merge-diff's schema says of a type (kube-openapi pkg/schemaconv). */
export type Shape = ScalarShape | MapShape | ListShape;

export interface ScalarShape {
  readonly kind: "scalar";
  /** What it must be, in the words of structured-merge-diff; undefined: any scalar. */
  readonly type?: "string" | "boolean" | "numeric (int or float)";
}

export interface MapShape {
  readonly kind: "map";
  readonly atomic: boolean;
  /** Shape of a field's value. */
  field(name: string): Shape;
  /** The name is a field of a struct, not a key of a map. */
  named(name: string): boolean;
  /** The name may stand here. */
  declared(name: string): boolean;
}

export interface ListShape {
  readonly kind: "list";
  /** Undefined: the list is atomic; without keys it is a set. */
  readonly keys: readonly string[] | undefined;
  /** What stands for a key that an item leaves out. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  readonly item: Shape;
}

const SCALAR: ScalarShape = { kind: "scalar" };
const STRING: ScalarShape = { kind: "scalar", type: "string" };
const BOOLEAN: ScalarShape = { kind: "scalar", type: "boolean" };
const NUMERIC: ScalarShape = { kind: "scalar", type: "numeric (int or float)" };
const anything = () => true;
const nothing = () => false;
const ATOMIC_LIST: ListShape = { kind: "list", keys: undefined, item: SCALAR };
/** Where no type is known: maps are granular, lists atomic. */
const UNTYPED: MapShape = { kind: "map", atomic: false, field: () => UNTYPED, named: nothing, declared: anything };
const ATOMIC: MapShape = { kind: "map", atomic: true, field: () => UNTYPED, named: nothing, declared: anything };

const TYPE_META = new Set(["apiVersion", "kind", "metadata"]);
const META: FieldType = { kind: "ref", name: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" };

/** The shape that a value has, where the type leaves it open or the value is of another kind than the type. */
export function shapeFor(value: unknown, shape: Shape): Shape {
  if (value === null || value === undefined) return shape;
  if (Array.isArray(value)) return shape.kind === "list" ? shape : ATOMIC_LIST;
  if (typeof value === "object") return shape.kind === "map" ? shape : UNTYPED;
  return SCALAR;
}

const kinds = new WeakMap<KindDef, Shape>();

/** Shape of a kind's objects. */
export function shapeOfKind(def: KindDef): Shape {
  let shape = kinds.get(def);
  if (shape === undefined) {
    shape = def.custom ? customShape(def.custom.jsonSchema) : shapeOf({ kind: "ref", name: def.schema }, undefined);
    kinds.set(def, shape);
  }
  return shape;
}

function customShape(schema: JsonSchema): Shape {
  const body = schemaShape(schema) as MapShape;
  return {
    kind: "map",
    atomic: false,
    field: (name) =>
      name === "metadata" ? shapeOf(META, undefined) : body.kind === "map" ? body.field(name) : UNTYPED,
    named: (name) => name === "metadata" || (body.kind === "map" && body.named(name)),
    declared: (name) => TYPE_META.has(name) || body.kind !== "map" || body.declared(name),
  };
}

const schemas = new WeakMap<JsonSchema, Shape>();

function schemaShape(schema: JsonSchema | undefined): Shape {
  if (schema === undefined) return UNTYPED;
  let shape = schemas.get(schema);
  if (shape === undefined) schemas.set(schema, (shape = readSchema(schema)));
  return shape;
}

function readSchema(schema: JsonSchema): Shape {
  if (schema["x-kubernetes-int-or-string"]) return SCALAR;
  if (schema.type === "array") {
    const type = schema["x-kubernetes-list-type"];
    const keys = type === "map" ? (schema["x-kubernetes-list-map-keys"] ?? []) : type === "set" ? [] : undefined;
    const defaults: Record<string, unknown> = {};
    for (const key of keys ?? []) {
      const value = schema.items?.properties?.[key]?.default;
      if (value !== undefined) defaults[key] = value;
    }
    return { kind: "list", keys, defaults, item: schemaShape(schema.items) };
  }
  if (schema.type === "string") return STRING;
  if (schema.type === "boolean") return BOOLEAN;
  if (schema.type === "integer" || schema.type === "number") return NUMERIC;
  const open = schema["x-kubernetes-preserve-unknown-fields"] || schema.type === undefined;
  return {
    kind: "map",
    atomic: schema["x-kubernetes-map-type"] === "atomic",
    field: (name) => schemaShape(fieldSchema(schema, name)),
    named: (name) => schema.properties !== undefined && Object.hasOwn(schema.properties, name),
    declared: (name) =>
      open === true ||
      (schema["x-kubernetes-embedded-resource"] === true && TYPE_META.has(name)) ||
      fieldSchema(schema, name) !== undefined ||
      schema.additionalProperties === true,
  };
}

const fields = new WeakMap<Field, Shape>();
const types = new Map<string, Shape>();

function shapeOfField(field: Field): Shape {
  let shape = fields.get(field);
  if (shape === undefined) fields.set(field, (shape = shapeOf(field.type, field)));
  return shape;
}

function shapeOf(type: FieldType, field: Field | undefined): Shape {
  switch (type.kind) {
    case "ref": {
      if (field?.mapType === "atomic") return ATOMIC;
      const known = types.get(type.name);
      if (known) return field?.mapType === "granular" ? { ...(known as MapShape), atomic: false } : known;
      const struct = typeOf(type.name);
      const shape: Shape =
        struct === undefined
          ? UNTYPED
          : {
              kind: "map",
              atomic: struct.mapType === "atomic",
              field: (name) => {
                const found = struct.fields.get(name);
                return found ? shapeOfField(found) : UNTYPED;
              },
              named: (name) => struct.fields.has(name),
              declared: (name) => struct.fields.has(name),
            };
      types.set(type.name, shape);
      return shapeOf(type, field);
    }
    case "map": {
      const item = shapeOf(type.values, undefined);
      return {
        kind: "map",
        atomic: field?.mapType === "atomic",
        field: () => item,
        named: nothing,
        declared: anything,
      };
    }
    case "array":
      return {
        kind: "list",
        keys: field && listKeys(field),
        defaults:
          type.items.kind === "ref" ? keyDefaults(type.items.name, (field && listKeys(field)) ?? []) : KEY_DEFAULTS,
        item: shapeOf(type.items, undefined),
      };
    case "any":
      return ATOMIC;
    case "string":
    case "bytes":
      return STRING;
    case "boolean":
      return BOOLEAN;
    case "int32":
    case "int64":
    case "double":
      return NUMERIC;
    default:
      return SCALAR;
  }
}

function listKeys(field: Field): readonly string[] | undefined {
  if (field.listType === "map") return field.listMapKeys ?? [];
  if (field.listType === "set") return [];
  if (field.listType !== undefined) return undefined;
  if (!field.patchStrategy?.includes("merge")) return undefined;
  return field.patchMergeKey ? [field.patchMergeKey] : [];
}

/** Of Kubernetes' own kinds. */
const KEY_DEFAULTS: Readonly<Record<string, unknown>> = { protocol: "TCP" };

/** What a key is that an item does not have: what Go always writes has its zero value as default. */
function keyDefaults(struct: string, keys: readonly string[]): Readonly<Record<string, unknown>> {
  const defaults: Record<string, unknown> = { ...KEY_DEFAULTS };
  for (const key of keys) {
    const field = typeOf(struct)?.fields.get(key);
    if (field?.zero !== undefined && defaults[key] === undefined) defaults[key] = zeroOf(field);
  }
  return defaults;
}

/** The path element of a list's item; undefined when it lacks a key. */
export function elementOf(item: unknown, { keys = [], defaults = {} }: ListShape): string | undefined {
  if (keys.length === 0) {
    return typeof item === "object" ? undefined : `v:${JSON.stringify(item)}`;
  }
  if (typeof item !== "object" || item === null) return undefined;
  const out: Record<string, unknown> = {};
  for (const key of [...keys].sort()) {
    const value = (item as Record<string, unknown>)[key] ?? defaults[key];
    if (value === undefined) return undefined;
    out[key] = value;
  }
  return `k:${JSON.stringify(out)}`;
}
