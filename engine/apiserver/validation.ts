import type { Draft, KindDef } from "../api/kind.ts";
import type { StatusCause } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";

/** Field errors of a new object: its metadata, then what its kind says. */
export function validateCreate(def: KindDef, draft: Draft): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!draft.metadata.name) {
    causes.push({
      reason: "FieldValueRequired",
      message: "Required value: name or generateName is required",
      field: "metadata.name",
    });
  }
  return causes.concat(def.validate?.(draft as KubeObject) ?? []);
}

export function validateUpdate(def: KindDef, draft: Draft, old: KubeObject, _subresource: string): StatusCause[] {
  return def.validateUpdate?.(draft as KubeObject, old) ?? def.validate?.(draft as KubeObject) ?? [];
}
