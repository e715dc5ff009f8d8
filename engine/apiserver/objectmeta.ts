import type { Draft, KindDef } from "../api/kind.ts";
import type { KubeObject } from "../api/types.ts";
import type { Kernel } from "../kernel/index.ts";
import { nowTime } from "./time.ts";

/** Longest generateName that leaves room for its suffix (apiserver pkg/storage/names/generate.go). */
const LONGEST_BASE = 58;

/** A name from generateName: five random characters. */
export function generateName(kernel: Kernel, base: string): string {
  return base.slice(0, LONGEST_BASE) + kernel.random("apiserver names").string(5);
}

/** Fills the metadata that the server owns (apiserver pkg/registry/rest/meta.go FillObjectMetaSystemFields). */
export function fillMeta(kernel: Kernel, def: KindDef, draft: Draft, namespace: string): void {
  const { metadata } = draft;
  if (metadata.deletionTimestamp !== undefined) delete metadata.deletionTimestamp;
  if (metadata.deletionGracePeriodSeconds !== undefined) delete metadata.deletionGracePeriodSeconds;
  metadata.uid = kernel.random("apiserver uids").uuid();
  metadata.creationTimestamp = nowTime(kernel);
  if (def.resource.namespaced) metadata.namespace = namespace;
  else if (metadata.namespace !== undefined) delete metadata.namespace;
  if (def.hasGeneration) metadata.generation = 1;
  else if (metadata.generation === 0) delete metadata.generation;
}

/**
 * Puts the metadata that a client may not change back to what they were; identity and the end only where the client left
 * them out, since validation refuses others (apiserver pkg/registry/rest/update.go).
 */
export function keepMeta(draft: Draft, old: KubeObject): void {
  const { metadata } = draft;
  const before = old.metadata;
  metadata.name = before.name;
  metadata.uid ||= before.uid;
  metadata.creationTimestamp = before.creationTimestamp;
  metadata.resourceVersion = before.resourceVersion;
  keep(metadata, "namespace", before.namespace);
  keep(metadata, "generation", before.generation);
  if (!metadata.deletionTimestamp) keep(metadata, "deletionTimestamp", before.deletionTimestamp);
  if (metadata.deletionGracePeriodSeconds === undefined) {
    keep(metadata, "deletionGracePeriodSeconds", before.deletionGracePeriodSeconds);
  }
}

function keep(metadata: Draft, field: string, value: unknown): void {
  if (value !== undefined) metadata[field] = value;
  else if (metadata[field] !== undefined) delete metadata[field];
}

const ORDER = [
  "name",
  "generateName",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "ownerReferences",
  "finalizers",
  "managedFields",
] as const;

/** The draft as Go encodes it: fields of the metadata in the order of upstream's struct, empty maps and lists left out. */
export function inOrder(draft: Draft): KubeObject {
  const from = draft.metadata;
  // What is stored is in order.
  return inOrderWith(draft, Object.isFrozen(from) ? from : metaInOrder(from));
}

/** The same of metadata alone. */
export function metaInOrder(from: Readonly<Record<string, unknown>>): KubeObject["metadata"] {
  const metadata: Record<string, unknown> = {};
  for (const field of ORDER) {
    const value = from[field];
    // Storage puts it right: the field keeps its place.
    if (field === "resourceVersion") metadata["resourceVersion"] = value ?? "";
    if (value === undefined || value === null || value === "") continue;
    if (typeof value === "object" && isEmpty(value)) continue;
    metadata[field] = value;
  }
  return metadata as unknown as KubeObject["metadata"];
}

function inOrderWith(draft: Draft, metadata: object): KubeObject {
  const object: Record<string, unknown> = { kind: draft.kind, apiVersion: draft.apiVersion, metadata };
  for (const field in draft) if (!(field in object)) object[field] = draft[field];
  return object as unknown as KubeObject;
}

function isEmpty(value: object): boolean {
  for (const _ in value) return false;
  return true;
}
