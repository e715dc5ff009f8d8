import { atMostAll, validateIntOrPercent } from "../apps/validation.ts";
import { address } from "../core/go-struct.ts";
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
    const amount = (value: unknown) => `(*intstr.IntOrString)(${address(value)})`;
    const text = `policy.PodDisruptionBudgetSpec{MinAvailable:${amount(minAvailable)}, Selector:(*v1.LabelSelector)(${address(selector)}), MaxUnavailable:${amount(maxUnavailable)}, UnhealthyPodEvictionPolicy:(*policy.UnhealthyPodEvictionPolicyType)(${address(policy)})}`;
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
