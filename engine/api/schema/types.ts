import { DOCS, TYPES } from "../generated/schema.ts";

/**
 * Types of the built-in kinds, expanded one by one when somebody asks: the generated table is text, so that booting
 * costs nothing. Names are those of OpenAPI documents, e.g. `io.k8s.api.core.v1.Pod`.
 */
export type FieldType =
  | { readonly kind: ScalarKind }
  | { readonly kind: "array"; readonly items: FieldType }
  | { readonly kind: "map"; readonly values: FieldType }
  | { readonly kind: "ref"; readonly name: string };

export type ScalarKind =
  | "string"
  | "boolean"
  | "int32"
  | "int64"
  | "double"
  | "time"
  | "microTime"
  | "bytes"
  | "quantity"
  | "intOrString"
  /** Any JSON (RawExtension, FieldsV1, JSON). */
  | "any";

/** What Go writes for a field that holds its zero value: most leave it out, some must be there. */
export type Zero = undefined | null | "" | 0 | false | "0" | "object";

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly required: boolean;
  /** A pointer in Go: a zero value that was given stays. */
  readonly pointer: boolean;
  /** Written when absent; "object" stands for the zero struct. */
  readonly zero: Zero;
  /** Name of the Go type where it is no plain one: `v1.RestartPolicy`. */
  readonly goType?: string;
  readonly patchStrategy?: readonly string[];
  readonly patchMergeKey?: string;
  readonly listType?: string;
  readonly listMapKeys?: readonly string[];
  readonly mapType?: string;
  readonly enum?: readonly string[];
}

export interface TypeSchema {
  readonly name: string;
  readonly fields: ReadonlyMap<string, Field>;
  /** Fields that are written although absent, in order. */
  readonly zeros: readonly Field[];
  readonly mapType?: string;
}

const PREFIXES: readonly [string, string][] = [
  ["io.k8s.apimachinery.pkg.apis.", "+"],
  ["io.k8s.apiextensions-apiserver.pkg.apis.", "="],
  ["io.k8s.kube-aggregator.pkg.apis.", "-"],
];
const PLAIN = "io.k8s.api.";

const SCALARS: Record<string, ScalarKind> = {
  s: "string",
  b: "boolean",
  i: "int32",
  l: "int64",
  d: "double",
  t: "time",
  u: "microTime",
  y: "bytes",
  q: "quantity",
  x: "intOrString",
  j: "any",
};
const scalarTypes = new Map(Object.entries(SCALARS).map(([code, kind]) => [code, { kind } as FieldType]));
const ZEROS: Record<string, Zero> = { n: null, s: "", "0": 0, f: false, q: "0", o: "object" };

function shortName(name: string): string {
  if (name.startsWith(PLAIN)) return name.slice(PLAIN.length);
  for (const [prefix, sign] of PREFIXES) if (name.startsWith(prefix)) return sign + name.slice(prefix.length);
  return name;
}

function longName(short: string): string {
  for (const [prefix, sign] of PREFIXES) if (short.startsWith(sign)) return prefix + short.slice(1);
  return PLAIN + short;
}

const expanded = new Map<string, TypeSchema>();

/** The type of this name; undefined for one that is not built in. Memoized. */
export function typeOf(name: string): TypeSchema | undefined {
  const known = expanded.get(name);
  if (known) return known;
  const text = TYPES[shortName(name)];
  if (text === undefined) return undefined;
  const fields = new Map<string, Field>();
  let mapType: string | undefined;
  for (const line of text === "" ? [] : text.split("\n")) {
    if (line.startsWith(" ")) mapType = line.slice(3);
    else {
      const field = parseField(line);
      fields.set(field.name, field);
    }
  }
  const zeros = [...fields.values()].filter((f) => f.zero !== undefined);
  const type: TypeSchema = { name, fields, zeros, ...(mapType && { mapType }) };
  expanded.set(name, type);
  return type;
}

/** Names of every built-in type. */
export function typeNames(): string[] {
  return Object.keys(TYPES).map(longName);
}

function parseField(line: string): Field {
  const [head, ...words] = line.split(" ") as [string, ...string[]];
  const colon = head.indexOf(":");
  const required = head[colon - 1] === "!";
  const pointer = head[colon + 1] === "*";
  const field: { -readonly [K in keyof Field]: Field[K] } = {
    name: head.slice(0, required ? colon - 1 : colon),
    type: parseType(head.slice(pointer ? colon + 2 : colon + 1)),
    required,
    pointer,
    zero: undefined,
  };
  for (const word of words) {
    const value = word.slice(2);
    switch (word[0]) {
      case "p":
        field.patchStrategy = value.split(",");
        break;
      case "k":
        field.patchMergeKey = value;
        break;
      case "l":
        field.listType = value;
        break;
      case "m":
        field.listMapKeys = value.split(",");
        break;
      case "a":
        field.mapType = value;
        break;
      case "g":
        field.goType = value;
        break;
      case "z":
        field.zero = ZEROS[value];
        break;
      case "e":
        field.enum = value.split("|");
        break;
    }
  }
  return field;
}

function parseType(code: string): FieldType {
  if (code[0] === "[") return { kind: "array", items: parseType(code.slice(1)) };
  if (code[0] === "{") return { kind: "map", values: parseType(code.slice(1)) };
  if (code[0] === "#") return { kind: "ref", name: longName(code.slice(1)) };
  return scalarTypes.get(code)!;
}

/** Descriptions of a type: `type`, and by field; they are split only when somebody reads one. */
export function docsOf(name: string): { type: string; fields: ReadonlyMap<string, string> } {
  const known = docs.get(name);
  if (known) return known;
  const [type = "", ...texts] = (DOCS[shortName(name)] ?? "").split("\u0001");
  const fields = new Map<string, string>();
  let i = 0;
  for (const field of typeOf(name)?.fields.keys() ?? []) fields.set(field, texts[i++] ?? "");
  const found = { type, fields };
  docs.set(name, found);
  return found;
}

const docs = new Map<string, { type: string; fields: ReadonlyMap<string, string> }>();

/** Description of a type (`io.k8s.api.core.v1.Pod`) or a field (`io.k8s.api.core.v1.PodStatus#podIP`); "" when unknown. */
export function describe(ref: string): string {
  const [name, field] = ref.split("#") as [string, string?];
  const found = docsOf(name);
  return field === undefined ? found.type : (found.fields.get(field) ?? "");
}
