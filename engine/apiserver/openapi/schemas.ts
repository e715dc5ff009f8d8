import type { KindDef } from "../../api/kind.ts";
import { describe, docsOf, type Field, type FieldType, type TypeSchema, typeOf } from "../../api/schema/types.ts";

type Json = Record<string, unknown>;

const QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const TIME = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
const MICRO_TIME = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";
const RAW = "io.k8s.apimachinery.pkg.runtime.RawExtension";
const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const LIST_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

/** Types that are written as one JSON scalar, in the form of OpenAPI v3. */
const SCALARS: Readonly<Record<string, Json>> = {
  [QUANTITY]: { oneOf: [{ type: "string" }, { type: "number" }] },
  [INT_OR_STRING]: { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
  [TIME]: { format: "date-time", type: "string" },
  [MICRO_TIME]: { format: "date-time", type: "string" },
  [RAW]: { type: "object" },
};

/** `components.schemas` of a document: the kinds, their lists, and every type that these refer to. */
export function schemasOf(kinds: readonly KindDef[]): Json {
  const out = new Map<string, Json>();
  const waiting: string[] = [];
  const want = (name: string) => {
    if (out.has(name)) return;
    out.set(name, {});
    waiting.push(name);
  };
  for (const def of kinds) {
    want(def.schema);
    if (def.verbs.includes("list")) out.set(`${def.schema}List`, listSchema(def, want));
  }
  want("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
  want("io.k8s.apimachinery.pkg.apis.meta.v1.Status");
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const custom = kinds.find((def) => def.schema === name)?.custom;
    if (custom) {
      out.set(name, custom.openapi());
      want(OBJECT_META);
      continue;
    }
    const type = typeOf(name);
    const scalar = SCALARS[name];
    if (scalar) out.set(name, { description: describe(name), ...scalar });
    else out.set(name, type ? structSchema(type, want) : { type: "object" });
  }
  for (const def of kinds) {
    const schema = out.get(def.schema)!;
    schema["x-kubernetes-group-version-kind"] = [gvk(def)];
  }
  return Object.fromEntries([...out].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function gvk({ resource: { group, version, kind } }: KindDef, suffix = ""): Json {
  return { group, kind: kind + suffix, version };
}

export function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

type Want = (name: string) => void;

function structSchema(type: TypeSchema, want: Want): Json {
  const docs = docsOf(type.name);
  const properties: Json = {};
  const required: string[] = [];
  for (const field of type.fields.values()) {
    properties[field.name] = fieldSchema(field, docs.fields.get(field.name) ?? "", want);
    if (field.required) required.push(field.name);
  }
  return {
    description: docs.type,
    type: "object",
    ...(required.length > 0 && { required: required.sort() }),
    properties,
    ...(type.mapType && { "x-kubernetes-map-type": type.mapType }),
  };
}

function fieldSchema(field: Field, description: string, want: Want): Json {
  return {
    description,
    ...typeSchema(field.type, want, defaultOf(field)),
    ...(field.enum && { enum: [...field.enum].sort() }),
    ...(field.listType && { "x-kubernetes-list-type": field.listType }),
    ...(field.listMapKeys && { "x-kubernetes-list-map-keys": field.listMapKeys }),
    ...(field.mapType && { "x-kubernetes-map-type": field.mapType }),
    ...(field.patchStrategy && { "x-kubernetes-patch-strategy": field.patchStrategy.join(",") }),
    ...(field.patchMergeKey && { "x-kubernetes-patch-merge-key": field.patchMergeKey }),
  };
}

/** Required scalars say their zero value, as upstream's generator does. */
function defaultOf(field: Field): unknown {
  if (!field.required || field.pointer) return undefined;
  if (field.type.kind === "string") return "";
  if (field.type.kind === "boolean") return false;
  return field.type.kind === "int32" || field.type.kind === "int64" ? 0 : undefined;
}

function typeSchema(type: FieldType, want: Want, byDefault?: unknown): Json {
  const preset = byDefault === undefined ? {} : { default: byDefault };
  switch (type.kind) {
    case "string":
      return { type: "string", ...preset };
    case "boolean":
      return { type: "boolean", ...preset };
    case "int32":
    case "int64":
      return { type: "integer", format: type.kind, ...preset };
    case "double":
      return { type: "number", format: "double" };
    case "bytes":
      return { type: "string", format: "byte" };
    case "time":
      return pointTo(TIME, want);
    case "microTime":
      return pointTo(MICRO_TIME, want);
    case "quantity":
      return pointTo(QUANTITY, want);
    case "intOrString":
      return pointTo(INT_OR_STRING, want);
    case "any":
      return { type: "object" };
    case "ref":
      return { ...pointTo(type.name, want), default: {} };
    case "array":
      return { type: "array", items: element(type.items, want) };
    case "map":
      return { type: "object", additionalProperties: element(type.values, want) };
  }
}

function element(type: FieldType, want: Want): Json {
  if (type.kind === "string") return { type: "string", default: "" };
  return typeSchema(type, want);
}

function pointTo(name: string, want: Want): Json {
  want(name);
  return { allOf: [reference(name)] };
}

function listSchema(def: KindDef, want: Want): Json {
  want(LIST_META);
  const texts = docsOf("io.k8s.apimachinery.pkg.apis.meta.v1.Status").fields;
  return {
    description: `${def.resource.kind}List is a list of ${def.resource.kind}.`,
    type: "object",
    required: ["items"],
    properties: {
      apiVersion: { description: texts.get("apiVersion") ?? "", type: "string" },
      items: { type: "array", items: { allOf: [reference(def.schema)], default: {} } },
      kind: { description: texts.get("kind") ?? "", type: "string" },
      metadata: { allOf: [reference(LIST_META)], default: {} },
    },
    "x-kubernetes-group-version-kind": [gvk(def, "List")],
  };
}
