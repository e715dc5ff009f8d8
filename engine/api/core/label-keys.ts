import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import { forbidden, invalid, invalidEach } from "../validation/field.ts";
import { qualifiedName } from "../validation/names.ts";

/** Selectors that take values from the Pod's own labels: matchLabelKeys and mismatchLabelKeys (KEP-3243, KEP-3633). */

/** A new Pod's affinity names the values: `key in (value)`, `key notin (value)` (pkg/registry/core/pod/strategy.go mutatePodAffinity). */
export function applyLabelKeys(draft: Draft): void {
  const { podAffinity, podAntiAffinity } = draft.spec?.affinity ?? {};
  for (const affinity of [podAffinity, podAntiAffinity]) {
    for (const preferred of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      if (preferred.podAffinityTerm) applyToTerm(preferred.podAffinityTerm, draft.metadata.labels ?? {});
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])
      applyToTerm(term, draft.metadata.labels ?? {});
  }
}

function applyToTerm(term: Draft, labels: Readonly<Record<string, string>>): void {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  if (!labelSelector) return;
  const taken = [
    ...matchLabelKeys.map((key: string) => [key, "In"]),
    ...mismatchLabelKeys.map((key: string) => [key, "NotIn"]),
  ].filter(([key]) => labels[key] !== undefined);
  if (taken.length === 0) return;
  const added = taken.map(([key, operator]) => ({ key, operator, values: [labels[key]] }));
  term.labelSelector = { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...added] };
}

/** A term of Pod affinity, whose selector has what its keys gave already. */
export function validateTermKeys(term: Draft, path: string): StatusCause[] {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  const causes = [
    ...validateKeys(matchLabelKeys, labelSelector, `${path}.matchLabelKeys`),
    ...validateKeys(mismatchLabelKeys, labelSelector, `${path}.mismatchLabelKeys`),
  ];
  const seen = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const i = matchLabelKeys.lastIndexOf(key);
    if (i >= 0 && seen.has(key))
      causes.push(invalid(`${path}[${i}]`, key, "exists in both matchLabelKeys and labelSelector"));
    seen.add(key);
  }
  matchLabelKeys.forEach((key: string, i: number) => {
    if (mismatchLabelKeys.includes(key))
      causes.push(invalid(`${path}.matchLabelKeys[${i}]`, key, "exists in both matchLabelKeys and mismatchLabelKeys"));
  });
  return causes;
}

function validateKeys(keys: readonly string[], selector: unknown, path: string): StatusCause[] {
  if (keys.length === 0) return [];
  if (!selector) return [forbidden(path, "must not be specified when labelSelector is not set")];
  return keys.flatMap((key, i) => invalidEach(`${path}[${i}]`, key, qualifiedName(key)));
}

/** A spread constraint, whose keys may not be in its selector too. */
export function validateSpreadKeys({ labelSelector, matchLabelKeys = [] }: Draft, path: string): StatusCause[] {
  if (matchLabelKeys.length === 0) return [];
  const causes: StatusCause[] = labelSelector
    ? []
    : [forbidden(path, "must not be specified when labelSelector is not set")];
  const selected = new Set([
    ...Object.keys(labelSelector?.matchLabels ?? {}),
    ...(labelSelector?.matchExpressions ?? []).map((one: Draft) => one.key),
  ]);
  matchLabelKeys.forEach((key: string, i: number) => {
    causes.push(...invalidEach(`${path}[${i}]`, key, qualifiedName(key)));
    if (selected.has(key))
      causes.push(invalid(`${path}[${i}]`, key, "exists in both matchLabelKeys and labelSelector"));
  });
  return causes;
}
