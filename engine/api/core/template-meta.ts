import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import { child, invalid } from "../validation/field.ts";
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

const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

/** What annotations of Pods alone may say (ValidatePodSpecificAnnotations): no plus sign, no leading zero. */
export function validateDeletionCost(annotations: Record<string, string> | undefined, path: string): StatusCause[] {
  const cost = annotations?.[DELETION_COST];
  if (cost === undefined) return [];
  const number = /^(?:0|[1-9]\d*|-\d+)$/.test(cost) ? Number(cost) : Number.NaN;
  if (number >= -(2 ** 31) && number < 2 ** 31) return [];
  return [invalid(`${path}[${DELETION_COST}]`, cost, "must be a 32bit integer")];
}
