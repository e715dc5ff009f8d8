import { atMostAll, goIntOrString, validateIntOrPercent } from "../apps/validation.ts";
import { validateLabelSelector } from "../selector.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { invalidText, notSupported } from "../validation/field.ts";

const POLICIES = ["AlwaysAllow", "IfHealthyBudget"];

/** PodDisruptionBudgets (pkg/apis/policy/validation). */
export function validateBudget(object: KubeObject): StatusCause[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = object["spec"] ?? {};
  const causes: StatusCause[] = [];
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const text = `policy.PodDisruptionBudgetSpec{MinAvailable:${goIntOrString(minAvailable)}, MaxUnavailable:${goIntOrString(maxUnavailable)}}`;
    causes.push(invalidText("spec", text, "minAvailable and maxUnavailable cannot be both set"));
  }
  for (const [name, value] of [
    ["minAvailable", minAvailable],
    ["maxUnavailable", maxUnavailable],
  ] as const) {
    if (value === undefined) continue;
    causes.push(...validateIntOrPercent(value, `spec.${name}`), ...atMostAll(value, `spec.${name}`));
  }
  causes.push(...validateLabelSelector(selector, "spec.selector"));
  if (policy !== undefined && !POLICIES.includes(policy)) {
    causes.push(notSupported("spec.unhealthyPodEvictionPolicy", policy, POLICIES));
  }
  return causes;
}
