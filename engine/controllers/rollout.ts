import type { KubeObject } from "../api/types.ts";

/** A whole number or percentage of `of` (intstr.GetScaledValueFromIntOrPercent). */
export function scaled(value: number | string | undefined, of: number, up: boolean): number {
  if (typeof value !== "string" || !value.endsWith("%")) return Number(value ?? 0);
  const exact = (Number(value.slice(0, -1)) * of) / 100;
  return up ? Math.ceil(exact) : Math.floor(exact);
}

/** maxSurge and maxUnavailable in Pods; both 0 would never move, so one Pod may then be missing. */
export function limits(deployment: KubeObject): { surge: number; unavailable: number } {
  const { strategy = {}, replicas = 1 } = deployment.spec;
  if (strategy.type === "Recreate") return { surge: 0, unavailable: 0 };
  const surge = scaled(strategy.rollingUpdate?.maxSurge ?? "25%", replicas, true);
  const unavailable = scaled(strategy.rollingUpdate?.maxUnavailable ?? "25%", replicas, false);
  return { surge, unavailable: surge === 0 && unavailable === 0 && replicas > 0 ? 1 : Math.min(unavailable, replicas) };
}
