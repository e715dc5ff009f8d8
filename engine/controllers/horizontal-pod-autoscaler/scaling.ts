import { SECOND } from "../../kernel/index.ts";

/** Rules of a direction, defaults filled in (autoscaling/v2 HPAScalingRules). */
export interface ScalingRules {
  stabilizationWindowSeconds?: number;
  selectPolicy?: "Max" | "Min" | "Disabled";
  policies?: readonly { type: "Pods" | "Percent"; value: number; periodSeconds: number }[];
}

export interface Behavior {
  scaleUp?: ScalingRules;
  scaleDown?: ScalingRules;
}

/** How long a scale-down waits by default (--horizontal-pod-autoscaler-downscale-stabilization), in seconds. */
const DOWNSCALE_WINDOW = 300;
/** Without behavior a target grows to at most the double, or to four (scaleUpLimitFactor, scaleUpLimitMinimum). */
const UP_FACTOR = 2;
const UP_MINIMUM = 4;

interface Sample {
  /** µs of virtual time. */
  at: number;
  value: number;
}

export interface Decision {
  replicas: number;
  /** Reason and message of AbleToScale. */
  able: readonly [string, string];
  /** Status, reason and message of ScalingLimited. */
  limited: readonly ["True" | "False", string, string];
}

const READY = ["ReadyForNewScale", "recommended size matches current size"] as const;
const UP_STABILIZED = [
  "ScaleUpStabilized",
  "recent recommendations were lower than current one, applying the lowest recent recommendation",
] as const;
const DOWN_STABILIZED = [
  "ScaleDownStabilized",
  "recent recommendations were higher than current one, applying the highest recent recommendation",
] as const;
const WITHIN = ["DesiredWithinRange", "the desired count is within the acceptable range"] as const;
const TOO_MANY = ["TooManyReplicas", "the desired replica count is more than the maximum replica count"] as const;
const TOO_FEW = ["TooFewReplicas", "the desired replica count is less than the minimum replica count"] as const;
const UP_LIMIT = [
  "ScaleUpLimit",
  "the desired replica count is increasing faster than the maximum scale rate",
] as const;
const DOWN_LIMIT = [
  "ScaleDownLimit",
  "the desired replica count is decreasing faster than the maximum scale rate",
] as const;

/** What one autoscaler recommended and did lately, and how that tames what it recommends now (pkg/controller/podautoscaler). */
export class ScalingHistory {
  private recommendations: Sample[] = [];
  private ups: Sample[] = [];
  private downs: Sample[] = [];

  /** The first recommendation is the size there was. */
  begin(now: number, replicas: number): void {
    if (this.recommendations.length === 0) this.recommendations.push({ at: now, value: replicas });
  }

  /** Notes a change that was made, for the rates of `behavior`. */
  scaled(now: number, before: number, after: number, behavior: Behavior | undefined): void {
    if (behavior === undefined) return;
    const up = after > before;
    const rules = up ? behavior.scaleUp : behavior.scaleDown;
    const longest = Math.max(0, ...(rules?.policies ?? []).map(({ periodSeconds }) => periodSeconds));
    const kept = (up ? this.ups : this.downs).filter(({ at }) => at >= now - longest * SECOND);
    kept.push({ at: now, value: Math.abs(after - before) });
    if (up) this.ups = kept;
    else this.downs = kept;
  }

  /** What becomes of a recommendation. */
  decide(now: number, current: number, wanted: number, min: number, max: number, behavior?: Behavior): Decision {
    return behavior === undefined
      ? this.decideByDefault(now, current, wanted, min, max)
      : this.decideByRules(now, current, wanted, min, max, behavior);
  }

  private decideByDefault(now: number, current: number, wanted: number, min: number, max: number): Decision {
    const cutoff = now - DOWNSCALE_WINDOW * SECOND;
    let stable = wanted;
    for (const { at, value } of this.recommendations) if (at >= cutoff && value > stable) stable = value;
    this.remember(now, wanted, cutoff);
    const able = stable === wanted ? READY : DOWN_STABILIZED;
    const upLimit = Math.max(UP_FACTOR * current, UP_MINIMUM);
    const [most, why] = max > upLimit ? ([upLimit, UP_LIMIT] as const) : ([max, TOO_MANY] as const);
    if (stable < min) return { replicas: min, able, limited: ["True", ...TOO_FEW] };
    if (stable > most) return { replicas: most, able, limited: ["True", ...why] };
    return { replicas: stable, able, limited: ["False", ...WITHIN] };
  }

  private decideByRules(
    now: number,
    current: number,
    wanted: number,
    min: number,
    max: number,
    { scaleUp = {}, scaleDown = {} }: Behavior,
  ): Decision {
    const stable = this.stabilize(now, current, wanted, scaleUp, scaleDown);
    const able = stable === wanted ? READY : wanted >= current ? UP_STABILIZED : DOWN_STABILIZED;
    if (stable > current) {
      const limit = Math.max(current, this.upLimit(now, current, scaleUp));
      const [most, why] = max > limit ? ([limit, UP_LIMIT] as const) : ([max, TOO_MANY] as const);
      if (stable > most) return { replicas: most, able, limited: ["True", ...why] };
    } else if (stable < current) {
      const limit = Math.min(current, this.downLimit(now, current, scaleDown));
      const [least, why] = min < limit ? ([limit, DOWN_LIMIT] as const) : ([min, TOO_FEW] as const);
      if (stable < least) return { replicas: least, able, limited: ["True", ...why] };
    }
    return { replicas: stable, able, limited: ["False", ...WITHIN] };
  }

  /** Between the lowest recommendation of the window upwards and the highest of the window downwards. */
  private stabilize(now: number, current: number, wanted: number, up: ScalingRules, down: ScalingRules): number {
    const upCutoff = now - (up.stabilizationWindowSeconds ?? 0) * SECOND;
    const downCutoff = now - (down.stabilizationWindowSeconds ?? DOWNSCALE_WINDOW) * SECOND;
    let lowest = wanted;
    let highest = wanted;
    for (const { at, value } of this.recommendations) {
      if (at > upCutoff && value < lowest) lowest = value;
      if (at > downCutoff && value > highest) highest = value;
    }
    this.remember(now, wanted, Math.min(upCutoff, downCutoff));
    return Math.min(Math.max(current, lowest), highest);
  }

  private remember(now: number, value: number, cutoff: number): void {
    this.recommendations = this.recommendations.filter(({ at }) => at >= cutoff);
    this.recommendations.push({ at: now, value });
  }

  /** The size at the start of a policy's period. */
  private startSize(now: number, current: number, periodSeconds: number): number {
    const since = (samples: readonly Sample[]) =>
      samples.reduce((sum, { at, value }) => (at > now - periodSeconds * SECOND ? sum + value : sum), 0);
    return current - since(this.ups) + since(this.downs);
  }

  private upLimit(now: number, current: number, { selectPolicy, policies = [] }: ScalingRules): number {
    if (selectPolicy === "Disabled") return current;
    const limits = policies.map(({ type, value, periodSeconds }) => {
      const start = this.startSize(now, current, periodSeconds);
      return type === "Pods" ? start + value : Math.ceil(start * (1 + value / 100));
    });
    return selectPolicy === "Min" ? Math.min(...limits) : Math.max(0, ...limits);
  }

  private downLimit(now: number, current: number, { selectPolicy, policies = [] }: ScalingRules): number {
    if (selectPolicy === "Disabled") return current;
    const limits = policies.map(({ type, value, periodSeconds }) => {
      const start = this.startSize(now, current, periodSeconds);
      return type === "Pods" ? start - value : Math.trunc(start * (1 - value / 100));
    });
    return selectPolicy === "Min" ? Math.max(...limits) : Math.min(...limits);
  }
}
