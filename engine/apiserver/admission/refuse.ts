import type { StatusError } from "../../api/status.ts";
import { forbidden } from "../errors.ts";
import type { Attributes } from "./admission.ts";

/** A plugin's refusal: `pods "x" is forbidden: …` (apiserver pkg/admission/errors.go). */
export function refuse({ def, name, object }: Attributes, why: string): StatusError {
  const { group, resource } = def.resource;
  return forbidden(group, resource, name || object?.metadata?.name || object?.metadata?.generateName || "Unknown", why);
}

/** The request is about this kind itself, not a subresource. */
export function isResource({ def, subresource }: Attributes, group: string, resource: string): boolean {
  return subresource === "" && def.resource.resource === resource && def.resource.group === group;
}

export const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

/** Adds an annotation to the request's audit event (apiserver pkg/audit AddAuditAnnotation). */
export function annotateAudit({ context }: Attributes, key: string, value: string): void {
  context.auditAnnotations ??= {};
  context.auditAnnotations[key] ??= value;
}
