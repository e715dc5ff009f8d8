import type { KubeObject } from "../types.ts";

/**
 * The condition of a budget that may still lose `allowed` Pods; `old`: its conditions now, `now` in RFC 3339
 * (component-helpers apps/poddisruptionbudget UpdateDisruptionAllowedCondition).
 */
export function disruptionAllowed(
  old: readonly KubeObject["status"][] | undefined,
  allowed: number,
  observedGeneration: number,
  now: string,
): object {
  const was = old?.find((one) => one.type === "DisruptionAllowed");
  const status = allowed > 0 ? "True" : "False";
  return {
    type: "DisruptionAllowed",
    status,
    observedGeneration,
    lastTransitionTime: was?.status === status ? was.lastTransitionTime : now,
    reason: allowed > 0 ? "SufficientPods" : "InsufficientPods",
    message: "",
  };
}
