import type { Draft, KindDef } from "../api/kind.ts";
import type { StatusCause } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";

/** Field errors of a new object: every kind validates its metadata and what is its own. */
export function validateCreate(def: KindDef, draft: Draft): StatusCause[] {
  return def.validate?.(draft as KubeObject) ?? [];
}

export function validateUpdate(def: KindDef, draft: Draft, old: KubeObject): StatusCause[] {
  return def.validateUpdate?.(draft as KubeObject, old) ?? validateCreate(def, draft);
}
