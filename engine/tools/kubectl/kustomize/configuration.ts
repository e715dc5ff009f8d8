/** `configurations`: where kustomize writes beyond its defaults (api/internal/plugins/builtinconfig). */
import { readDocument } from "../yaml-documents.ts";
import type { Loader } from "./loader.ts";
import type { Tree } from "./resource.ts";
import type { FieldSpec, NameReference } from "./specs.ts";

const FIELDS = [
  "namePrefix",
  "nameSuffix",
  "namespace",
  "commonLabels",
  "templateLabels",
  "commonAnnotations",
  "images",
  "replicas",
  "varReference",
] as const;

/** What a kustomization adds to the defaults, and what those below it have added. */
export type Configuration = Record<(typeof FIELDS)[number], FieldSpec[]> & { nameReference: NameReference[] };

export function noConfiguration(): Configuration {
  const out = { nameReference: [] } as unknown as Configuration;
  for (const field of FIELDS) out[field] = [];
  return out;
}

/** What a base has added counts above it as well. */
export function mergeConfiguration(into: Configuration, from: Configuration): void {
  for (const field of FIELDS) for (const spec of from[field]) addSpec(into[field], spec);
  into.nameReference.push(...from.nameReference);
}

function addSpec(list: FieldSpec[], spec: FieldSpec): void {
  const same = (other: FieldSpec) =>
    other.path === spec.path &&
    other.kind === spec.kind &&
    other.group === spec.group &&
    other.version === spec.version;
  if (!list.some(same)) list.push(spec);
}

export function readConfigurations(loader: Loader, paths: readonly string[], into: Configuration): void {
  for (const path of paths) {
    const value = readDocument(loader.text(path)) as Tree;
    for (const field of FIELDS) for (const spec of value?.[field] ?? []) addSpec(into[field], fieldSpec(spec));
    for (const { kind = "", group, version, fieldSpecs = [] } of value?.nameReference ?? [])
      into.nameReference.push({
        kind,
        ...(group && { group }),
        ...(version && { version }),
        fields: fieldSpecs.map(fieldSpec),
      });
  }
}

export function fieldSpec({ path = "", group, version, kind, create }: Tree): FieldSpec {
  return {
    path,
    ...(group && { group }),
    ...(version && { version }),
    ...(kind && { kind }),
    ...(create && { create }),
  };
}
