import type { Draft, KindDef, Warn } from "../api/kind.ts";
import type { StatusCause } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { invalidEach } from "../api/validation/field.ts";
import { pathSegment } from "../api/validation/names.ts";

/** Field errors of a new object: every kind validates its metadata and what is its own. */
export function validateCreate(def: KindDef, draft: Draft): StatusCause[] {
  const causes = def.validate?.(draft as KubeObject) ?? [];
  const name = draft.metadata?.name;
  // What every name must be, whatever its kind asks for (apiserver pkg/registry/rest BeforeCreate).
  return causes.length > 0 || !name ? causes : invalidEach("metadata.name", name, pathSegment(name));
}

export function validateUpdate(def: KindDef, draft: Draft, old: KubeObject, warn: Warn): StatusCause[] {
  return def.validateUpdate?.(draft as KubeObject, old, warn) ?? validateCreate(def, draft);
}
