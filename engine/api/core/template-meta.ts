import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import { child, forbidden, invalid } from "../validation/field.ts";
import { validateAnnotations, validateLabels } from "../validation/meta.ts";

/** Labels and annotations of a template alone. */
export function validateTemplateMeta(template: Draft, path: string): StatusCause[] {
  const meta = template.metadata ?? {};
  return [
    ...validateLabels(meta.labels, child(path, "labels")),
    ...validateAnnotations(meta.annotations, child(path, "annotations")),
    ...validateDeletionCost(meta.annotations, child(path, "annotations")),
  ];
}

/** Fields of metadata that are an object's own, as they are told; a template may not have them (validateFieldAllowList). */
const OWN: readonly [field: string, shown?: string][] = [
  ["name"],
  ["generateName"],
  ["namespace"],
  ["selfLink"],
  ["uid", "uID"],
  ["resourceVersion"],
  ["generation"],
  ["creationTimestamp"],
  ["deletionTimestamp"],
  ["deletionGracePeriodSeconds"],
  ["ownerReferences"],
  ["finalizers"],
  ["managedFields"],
];

/** Metadata of a template whose objects get names of their own (ValidateTemplateObjectMeta). */
export function validateOwnMeta(meta: Draft | undefined, path: string): StatusCause[] {
  if (!meta) return [];
  const causes = [
    ...validateAnnotations(meta.annotations, `${path}.annotations`),
    ...validateLabels(meta.labels, `${path}.labels`),
  ];
  for (const [field, shown = field] of OWN) {
    const value = meta[field];
    const unset = value === undefined || value === null || value === "" || value === 0;
    if (!unset) causes.push(forbidden(`${path}.${shown}`, "cannot be set"));
  }
  return causes;
}

const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

/** What annotations of Pods alone may say (ValidatePodSpecificAnnotations): no plus sign, no leading zero. */
export function validateDeletionCost(annotations: Record<string, string> | undefined, path: string): StatusCause[] {
  const cost = annotations?.[DELETION_COST];
  if (cost === undefined) return [];
  const number = /^(?:0|[1-9]\d*|-\d+)$/.test(cost) ? Number(cost) : Number.NaN;
  if (number >= -(2 ** 31) && number < 2 ** 31) return [];
  return [invalid(`${path}[${DELETION_COST}]`, cost, "must be a 32bit integer")];
}
