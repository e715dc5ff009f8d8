import type { StatusCause } from "../status.ts";
import type { KubeObject, ObjectMeta, OwnerReference } from "../types.ts";
import { child, forbidden, invalid, invalidEach, invalidText, required, tooLong } from "./field.ts";
import { dns1123Label, labelValue, maskTrailingDash, qualifiedName } from "./names.ts";

/** ObjectMeta (apimachinery pkg/api/validation/objectmeta.go). */

/** Complaints about a name; the kinds differ in which format theirs has. */
export type NameCheck = (name: string) => string[];

const ANNOTATIONS_LIMIT = 256 * 1024;

export function validateLabels(labels: Record<string, string> | undefined, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const key in labels) {
    causes.push(...invalidEach(path, key, qualifiedName(key)));
    causes.push(...invalidEach(path, labels[key], labelValue(labels[key]!)));
  }
  return causes;
}

export function validateAnnotations(annotations: Record<string, string> | undefined, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  let size = 0;
  for (const key in annotations) {
    causes.push(...invalidEach(path, key, qualifiedName(key.toLowerCase())));
    size += key.length + annotations[key]!.length;
  }
  if (size > ANNOTATIONS_LIMIT) causes.push(tooLong(path, ANNOTATIONS_LIMIT));
  return causes;
}

function validateOwners(owners: readonly OwnerReference[] | undefined, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  let controller = "";
  for (const owner of owners ?? []) {
    if (!owner.apiVersion) causes.push(invalid(child(path, "apiVersion"), "", "version must not be empty"));
    if (!owner.kind) causes.push(invalid(child(path, "kind"), "", "kind must not be empty"));
    if (!owner.name) causes.push(invalid(child(path, "name"), "", "name must not be empty"));
    if (!owner.uid) causes.push(invalid(child(path, "uid"), "", "uid must not be empty"));
    if (owner.apiVersion === "v1" && owner.kind === "Event") {
      causes.push(invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner"));
    }
    if (!owner.controller) continue;
    const current = `${owner.kind}/${owner.name}`;
    if (controller === "") controller = current;
    else {
      causes.push(
        invalid(
          path,
          owners,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${current}`,
        ),
      );
    }
  }
  return causes;
}

function validateFinalizers(finalizers: readonly string[] | undefined, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const finalizer of finalizers ?? []) causes.push(...invalidEach(path, finalizer, qualifiedName(finalizer)));
  if (finalizers?.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    causes.push(invalid(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set"));
  }
  return causes;
}

/** ValidateObjectMeta; `name` is the kind's own check. */
export function validateMeta(
  object: KubeObject,
  namespaced: boolean,
  name: NameCheck,
  path = "metadata",
): StatusCause[] {
  const meta: Partial<ObjectMeta> = object.metadata ?? {};
  const causes = validateGenerateName(meta, name, path);
  if (!meta.name) causes.push(required(child(path, "name"), "name or generateName is required"));
  else causes.push(...invalidEach(child(path, "name"), meta.name, name(meta.name)));
  if (namespaced) {
    if (!meta.namespace) causes.push(required(child(path, "namespace"), ""));
    else causes.push(...invalidEach(child(path, "namespace"), meta.namespace, dns1123Label(meta.namespace)));
  } else if (meta.namespace) causes.push(forbidden(child(path, "namespace"), "not allowed on this type"));
  if ((meta.generation ?? 0) < 0) {
    causes.push(invalid(child(path, "generation"), meta.generation, "must be greater than or equal to 0"));
  }
  causes.push(...validateLabels(meta.labels, child(path, "labels")));
  causes.push(...validateAnnotations(meta.annotations, child(path, "annotations")));
  causes.push(...validateOwners(meta.ownerReferences, child(path, "ownerReferences")));
  causes.push(...validateFinalizers(meta.finalizers, child(path, "finalizers")));
  return causes;
}

/** What names are generated from begins as a name does. */
export function validateGenerateName(
  { generateName }: Partial<ObjectMeta>,
  name: NameCheck,
  path = "metadata",
): StatusCause[] {
  if (!generateName) return [];
  return invalidEach(child(path, "generateName"), generateName, name(maskTrailingDash(generateName)));
}

export const STANDARD_FINALIZERS: readonly string[] = ["kubernetes", "orphan", "foregroundDeletion"];

/** Finalizers of Kubernetes' own kinds are known or have a domain (pkg/apis/core/validation validateKubeFinalizerName). */
export function validateKubeFinalizers({ metadata }: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [i, finalizer] of (metadata?.finalizers ?? []).entries()) {
    if (finalizer.includes("/") || STANDARD_FINALIZERS.includes(finalizer)) continue;
    const why = "name is neither a standard finalizer name nor is it fully qualified";
    causes.push(invalid(`metadata.finalizers[${i}]`, finalizer, why));
  }
  return causes;
}

const IMMUTABLE_FIELDS = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"] as const;

/** ValidateObjectMetaUpdate. */
export function validateMetaUpdate(object: KubeObject, old: KubeObject, path = "metadata"): StatusCause[] {
  const meta = object.metadata;
  const before = old.metadata;
  if (meta === before) return [];
  const causes = validateFinalizers(meta.finalizers, child(path, "finalizers"));
  if (before.deletionTimestamp) {
    const extra = (meta.finalizers ?? []).filter((f) => !before.finalizers?.includes(f)).sort();
    if (extra.length > 0) {
      const list = `[]string{${extra.map((f) => JSON.stringify(f)).join(", ")}}`;
      causes.push(
        forbidden(
          child(path, "finalizers"),
          `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`,
        ),
      );
    }
  }
  if (!meta.resourceVersion) {
    causes.push(invalid(child(path, "resourceVersion"), "", "must be specified for an update"));
  }
  if ((meta.generation ?? 0) < (before.generation ?? 0)) {
    causes.push(invalid(child(path, "generation"), meta.generation ?? 0, "must not be decremented"));
  }
  for (const name of IMMUTABLE_FIELDS) {
    if ((meta[name] ?? "") === (before[name] ?? "")) continue;
    const value = meta[name];
    const isTime = name.endsWith("Timestamp");
    causes.push(
      isTime
        ? invalidText(child(path, name), value ? goTime(value) : "null", "field is immutable")
        : invalid(child(path, name), value ?? "", "field is immutable"),
    );
  }
  if ((meta.deletionGracePeriodSeconds ?? null) !== (before.deletionGracePeriodSeconds ?? null)) {
    causes.push(
      invalid(child(path, "deletionGracePeriodSeconds"), meta.deletionGracePeriodSeconds, "field is immutable"),
    );
  }
  causes.push(...validateLabels(meta.labels, child(path, "labels")));
  causes.push(...validateAnnotations(meta.annotations, child(path, "annotations")));
  causes.push(...validateOwners(meta.ownerReferences, child(path, "ownerReferences")));
  return causes;
}

/** `2025-03-01 09:00:00 +0000 UTC`: Time.String(). */
function goTime(text: string): string {
  return `${text.slice(0, 10)} ${text.slice(11, 19)} +0000 UTC`;
}
