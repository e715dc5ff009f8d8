import type { Draft } from "../api/kind.ts";
import { matchesLabels, type Requirement } from "./selectors.ts";

const OPERATORS: Readonly<Record<string, Requirement["operator"]>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
};

/** metav1.LabelSelector against labels; undefined selects nothing, an empty one everything. */
export function matchesSelector(selector: Draft, labels: Readonly<Record<string, string>> | undefined): boolean {
  if (selector === undefined || selector === null) return false;
  const requirements: Requirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push({ key, operator: "=", values: [value as string] });
  }
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    requirements.push({ key, operator: OPERATORS[operator]!, values });
  }
  return matchesLabels(requirements, labels);
}
