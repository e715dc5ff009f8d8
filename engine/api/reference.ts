import type { KubeObject } from "./types.ts";

/** core/v1 ObjectReference, as events name what they are about. */
export interface ObjectReference {
  kind?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  apiVersion?: string;
  resourceVersion?: string;
  fieldPath?: string;
}

/** The reference to an object at its present version (client-go tools/reference/ref.go); references pass through. */
export function referenceTo(object: KubeObject | ObjectReference, fieldPath?: string): ObjectReference {
  const { metadata } = object as KubeObject;
  const ref: ObjectReference = {};
  const { kind, apiVersion } = object;
  const { namespace, name, uid, resourceVersion } = metadata ?? (object as ObjectReference);
  if (kind) ref.kind = kind;
  if (namespace) ref.namespace = namespace;
  if (name) ref.name = name;
  if (uid) ref.uid = uid;
  if (apiVersion) ref.apiVersion = apiVersion;
  if (resourceVersion) ref.resourceVersion = resourceVersion;
  const path = fieldPath ?? (metadata ? undefined : (object as ObjectReference).fieldPath);
  if (path) ref.fieldPath = path;
  return ref;
}

/** A text that two references share exactly when they are equal. */
export function referenceKey(ref: ObjectReference): string {
  return [ref.kind, ref.namespace, ref.name, ref.uid, ref.apiVersion, ref.resourceVersion, ref.fieldPath].join("\0");
}
