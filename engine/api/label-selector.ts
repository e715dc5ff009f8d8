/** metav1.LabelSelector as objects carry it. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** A requirement as label selectors and node selectors know it (`Gt`, `Lt` occur in node selectors only). */
export interface SelectorRequirement {
  key: string;
  operator: string;
  values?: string[];
}

/** One requirement against a set of labels; an unknown operator matches nothing. */
export function matchesRequirement(
  requirement: SelectorRequirement,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  const value = labels?.[requirement.key];
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return isInteger(value) && isInteger(values[0]) && Number(value) > Number(values[0]);
    case "Lt":
      return isInteger(value) && isInteger(values[0]) && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

function isInteger(text: string | undefined): boolean {
  return text !== undefined && /^[-+]?[0-9]+$/.test(text);
}

/** A selector object against labels: undefined matches nothing, an empty one everything (metav1.LabelSelectorAsSelector). */
export function matchesSelector(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  if (!selector) return false;
  if (selector.matchLabels) {
    for (const key in selector.matchLabels) if (labels?.[key] !== selector.matchLabels[key]) return false;
  }
  return (selector.matchExpressions ?? []).every((requirement) => matchesRequirement(requirement, labels));
}

/** True when every pair of `wanted` is in `labels`: the selector form of Services and nodeSelector. */
export function hasLabels(
  wanted: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  for (const key in wanted) if (labels?.[key] !== wanted[key]) return false;
  return true;
}
