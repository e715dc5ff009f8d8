/** kustomization.yaml: its fields, read as Go reads them, and what has become of old ones. */

import { KubectlError } from "../errors.ts";
import { compareStrings, quote } from "../go.ts";
import { readDocument } from "../yaml-documents.ts";
import type { Tree } from "./resource.ts";

export interface KvArgs {
  name?: string;
  namespace?: string;
  behavior?: string;
  literals?: string[];
  files?: string[];
  envs?: string[];
  env?: string;
  options?: GeneratorOptions;
  /** Of Secrets. */
  type?: string;
}

export interface GeneratorOptions {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  disableNameSuffixHash?: boolean;
  immutable?: boolean;
}

export interface PatchTarget {
  group?: string;
  version?: string;
  kind?: string;
  name?: string;
  namespace?: string;
  labelSelector?: string;
  annotationSelector?: string;
}

export interface Patch {
  path?: string;
  patch?: string;
  target?: PatchTarget;
  options?: { allowNameChange?: boolean; allowKindChange?: boolean };
}

export interface Image {
  name?: string;
  newName?: string;
  newTag?: string;
  tagSuffix?: string;
  digest?: string;
}

export interface Label {
  pairs?: Record<string, string>;
  includeSelectors?: boolean;
  includeTemplates?: boolean;
  fields?: { path: string; group?: string; version?: string; kind?: string; create?: boolean }[];
}

export interface ReplacementSource extends PatchTarget {
  fieldPath?: string;
  options?: ReplacementOptions;
}

export interface ReplacementOptions {
  delimiter?: string;
  index?: number;
  create?: boolean;
}

export interface Replacement {
  path?: string;
  source?: ReplacementSource;
  targets?: {
    select?: PatchTarget;
    reject?: PatchTarget[];
    fieldPaths?: string[];
    options?: ReplacementOptions;
  }[];
}

export interface Var {
  name: string;
  objref: { apiVersion?: string; kind?: string; name?: string; namespace?: string };
  fieldref?: { fieldPath?: string };
}

export interface Kustomization {
  apiVersion: string;
  kind: string;
  resources: string[];
  components: string[];
  namePrefix: string;
  nameSuffix: string;
  namespace: string;
  commonLabels: Record<string, string>;
  labels: Label[];
  commonAnnotations: Record<string, string>;
  patchesStrategicMerge: string[];
  patchesJson6902: Patch[];
  patches: Patch[];
  images: Image[];
  replicas: { name?: string; count?: number }[];
  replacements: Replacement[];
  configMapGenerator: KvArgs[];
  secretGenerator: KvArgs[];
  generatorOptions?: GeneratorOptions;
  vars: Var[];
  sortOptions?: { order?: string; legacySortOptions?: { orderFirst?: string[]; orderLast?: string[] } };
  helmCharts: unknown[];
  buildMetadata: string[];
  configurations: string[];
  generators: string[];
  transformers: string[];
  validators: string[];
}

/** A Go type: a scalar, `[]` and `map` of one, or a struct with a name. */
type Shape = "string" | "bool" | "int" | "any" | { list: Shape } | { map: Shape } | Struct;
interface Struct {
  name: string;
  fields: Record<string, Shape>;
}

const strings: Shape = { list: "string" };
const texts: Shape = { map: "string" };
const struct = (name: string, fields: Record<string, Shape>): Struct => ({ name, fields });

const SELECTOR = { group: "string", version: "string", kind: "string", name: "string", namespace: "string" } as const;
const selector = struct("Selector", { ...SELECTOR, labelSelector: "string", annotationSelector: "string" });
const patch = struct("Patch", {
  path: "string",
  patch: "string",
  target: selector,
  options: struct("PatchArgs", { allowNameChange: "bool", allowKindChange: "bool" }),
});
const options = struct("GeneratorOptions", {
  labels: texts,
  annotations: texts,
  disableNameSuffixHash: "bool",
  immutable: "bool",
});
const generator: Record<string, Shape> = {
  name: "string",
  namespace: "string",
  behavior: "string",
  literals: strings,
  files: strings,
  envs: strings,
  env: "string",
  options,
};
const image = struct("Image", {
  name: "string",
  newName: "string",
  newTag: "string",
  tagSuffix: "string",
  digest: "string",
});
const fieldOptions = struct("FieldOptions", { delimiter: "string", index: "int", encoding: "string", create: "bool" });
const fieldSpec = struct("FieldSpec", {
  group: "string",
  version: "string",
  kind: "string",
  path: "string",
  create: "bool",
});

const KUSTOMIZATION = struct("Kustomization", {
  apiVersion: "string",
  kind: "string",
  metadata: struct("ObjectMeta", { name: "string", namespace: "string", labels: texts, annotations: texts }),
  openapi: texts,
  namePrefix: "string",
  nameSuffix: "string",
  namespace: "string",
  commonLabels: texts,
  labels: {
    list: struct("Label", {
      pairs: texts,
      includeSelectors: "bool",
      includeTemplates: "bool",
      fields: { list: fieldSpec },
    }),
  },
  commonAnnotations: texts,
  patchesStrategicMerge: strings,
  patchesJson6902: { list: patch },
  patches: { list: patch },
  images: { list: image },
  imageTags: { list: image },
  replacements: {
    list: struct("ReplacementField", {
      path: "string",
      source: struct("SourceSelector", { ...SELECTOR, fieldPath: "string", options: fieldOptions }),
      targets: {
        list: struct("TargetSelector", {
          select: selector,
          reject: { list: selector },
          fieldPaths: strings,
          options: fieldOptions,
        }),
      },
    }),
  },
  replicas: { list: struct("Replica", { name: "string", count: "int" }) },
  vars: {
    list: struct("Var", {
      name: "string",
      objref: struct("Target", { apiVersion: "string", ...SELECTOR }),
      fieldref: struct("FieldSelector", { fieldPath: "string" }),
    }),
  },
  sortOptions: struct("SortOptions", {
    order: "string",
    legacySortOptions: struct("LegacySortOptions", { orderFirst: strings, orderLast: strings }),
  }),
  resources: strings,
  components: strings,
  crds: strings,
  bases: strings,
  configMapGenerator: { list: struct("ConfigMapArgs", generator) },
  secretGenerator: { list: struct("SecretArgs", { ...generator, type: "string" }) },
  helmGlobals: "any",
  helmCharts: { list: "any" },
  helmChartInflationGenerator: { list: "any" },
  generatorOptions: options,
  configurations: strings,
  generators: strings,
  transformers: strings,
  validators: strings,
  buildMetadata: strings,
});

function goType(shape: Shape): string {
  if (typeof shape === "string") return shape === "int" ? "int64" : shape;
  if ("list" in shape) return `[]${goType(shape.list)}`;
  if ("map" in shape) return `map[string]${goType(shape.map)}`;
  return `types.${shape.name}`;
}

const jsonKind = (value: unknown) =>
  Array.isArray(value)
    ? "array"
    : value !== null && typeof value === "object"
      ? "object"
      : typeof value === "boolean"
        ? "bool"
        : typeof value;

/** encoding/json with DisallowUnknownFields: the first thing that does not fit; keys in the order of a Go map's JSON. */
class Reader {
  fault = "";

  read(value: unknown, shape: Shape, path: readonly string[], owner: string): Tree {
    if (value === null || value === undefined || shape === "any") return value ?? undefined;
    if (typeof shape === "string") {
      const kind = jsonKind(value);
      const wanted = shape === "int" ? "number" : shape;
      if (kind === wanted && (shape !== "int" || Number.isInteger(value))) return value;
      const what = kind === "number" && shape === "int" ? `number ${String(value)}` : kind;
      return this.mismatch(what, shape, path, owner);
    }
    if ("list" in shape) {
      if (!Array.isArray(value)) return this.mismatch(jsonKind(value), shape, path, owner);
      return value.map((item) => this.read(item, shape.list, path, owner));
    }
    if (typeof value !== "object" || Array.isArray(value)) return this.mismatch(jsonKind(value), shape, path, owner);
    const out: Record<string, unknown> = {};
    for (const key of Object.keys(value).sort(compareStrings)) {
      const item = (value as Record<string, unknown>)[key];
      if ("map" in shape) {
        out[key] = this.read(item, shape.map, path, owner) ?? "";
        continue;
      }
      const field = shape.fields[key] !== undefined ? key : sameLetters(shape, key);
      if (field === undefined) {
        this.fault ||= `json: unknown field ${quote(key)}`;
        continue;
      }
      const read = this.read(item, shape.fields[field]!, [...path, field], shape.name);
      if (read !== undefined) out[field] = read;
    }
    return out;
  }

  private mismatch(kind: string, shape: Shape, path: readonly string[], owner: string): undefined {
    this.fault ||=
      owner === ""
        ? `json: cannot unmarshal ${kind} into Go value of type ${goType(shape)}`
        : `json: cannot unmarshal ${kind} into Go struct field ${owner}.${path.join(".")} of type ${goType(shape)}`;
    return undefined;
  }
}

/** Go takes a field's name in any case. */
function sameLetters(shape: Struct, key: string): string | undefined {
  const lower = key.toLowerCase();
  return Object.keys(shape.fields).find((field) => field.toLowerCase() === lower);
}

const FIX = "Run 'kustomize edit fix' to update your Kustomization automatically.";
const DEPRECATED: readonly [field: string, instead: string, fix: string][] = [
  ["bases", "resources", FIX],
  ["commonLabels", "labels", FIX],
  ["imageTags", "images", FIX],
  ["patchesJson6902", "patches", FIX],
  ["patchesStrategicMerge", "patches", FIX],
  ["vars", "replacements", `[EXPERIMENTAL] ${FIX}`],
];

/** Reads the text of a kustomization file; `warn` takes the lines about old fields. */
export function readKustomization(text: string, root: string, warn: (line: string) => void): Kustomization {
  let value: unknown;
  try {
    value = readDocument(text);
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    throw new KubectlError(`invalid Kustomization: ${error.message}`);
  }
  const reader = new Reader();
  const read = (reader.read(value, KUSTOMIZATION, [], "") ?? {}) as Record<string, Tree>;
  if (reader.fault !== "") throw new KubectlError(`invalid Kustomization: ${reader.fault}`);
  for (const [field, instead, fix] of DEPRECATED) {
    if (read[field] !== undefined) warn(`# Warning: '${field}' is deprecated. Please use '${instead}' instead. ${fix}`);
  }
  if (Object.keys(read).every((key) => key === "apiVersion" || key === "kind")) {
    throw new KubectlError("kustomization.yaml is empty");
  }
  const kind = (read["kind"] as string | undefined) || "Kustomization";
  const wanted = `kustomize.config.k8s.io/${kind === "Component" ? "v1alpha1" : "v1beta1"}`;
  const apiVersion = (read["apiVersion"] as string | undefined) || wanted;
  const errors: string[] = [];
  if (kind !== "Kustomization" && kind !== "Component") errors.push("kind should be Kustomization or Component");
  if (apiVersion !== wanted) errors.push(`apiVersion for ${kind} should be ${wanted}`);
  if (errors.length > 0) {
    throw new KubectlError(`Failed to read kustomization file under ${root}:\n${errors.join("\n")}`);
  }
  const list = (field: string): Tree[] => (read[field] as Tree[] | undefined) ?? [];
  const withEnvs = (args: KvArgs): KvArgs => (args.env ? { ...args, envs: [...(args.envs ?? []), args.env] } : args);
  const kustomization: Kustomization = {
    apiVersion,
    kind,
    resources: [...list("resources"), ...list("bases")],
    components: list("components"),
    namePrefix: read["namePrefix"] ?? "",
    nameSuffix: read["nameSuffix"] ?? "",
    namespace: read["namespace"] ?? "",
    commonLabels: read["commonLabels"] ?? {},
    labels: list("labels"),
    commonAnnotations: read["commonAnnotations"] ?? {},
    patchesStrategicMerge: list("patchesStrategicMerge"),
    patchesJson6902: list("patchesJson6902"),
    patches: list("patches"),
    images: [...list("images"), ...list("imageTags")],
    replicas: list("replicas"),
    replacements: list("replacements"),
    configMapGenerator: list("configMapGenerator").map(withEnvs),
    secretGenerator: list("secretGenerator").map(withEnvs),
    vars: list("vars"),
    helmCharts: [...list("helmCharts"), ...list("helmChartInflationGenerator")],
    buildMetadata: list("buildMetadata"),
    configurations: list("configurations"),
    generators: list("generators"),
    transformers: list("transformers"),
    validators: list("validators"),
  };
  if (read["generatorOptions"]) kustomization.generatorOptions = read["generatorOptions"];
  if (read["sortOptions"]) kustomization.sortOptions = read["sortOptions"];
  return kustomization;
}
