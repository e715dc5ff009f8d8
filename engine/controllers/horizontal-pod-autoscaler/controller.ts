import { keyOf } from "../../api/informer.ts";
import { HORIZONTAL_POD_AUTOSCALERS } from "../../api/resources.ts";
import { matchesLabels, parseLabelSelector, type Selector } from "../../api/selector.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Gen, SECOND } from "../../kernel/index.ts";
import type { ControllerContext } from "../context.ts";
import type { Condition } from "../pods.ts";
import type { Reconciler, WorkQueue } from "../reconciler.ts";
import { type Computed, computeMetric, type Failed } from "./metrics.ts";
import { ScalingHistory } from "./scaling.ts";
import { rescale, type ScaleTarget, scaleTarget } from "./target.ts";

/** How often a HorizontalPodAutoscaler looks at its metrics (--horizontal-pod-autoscaler-sync-period). */
const SYNC_PERIOD = 15 * SECOND;

/** Type, status, reason and message of a condition. */
type Told = readonly [type: string, status: "True" | "False", reason: string, message: string];

/** A status that is being made; `old` is what stands there. */
interface Draft {
  readonly scaler: KubeObject;
  conditions: Condition[];
  currentReplicas: number | undefined;
  desiredReplicas: number;
  currentMetrics: readonly object[] | undefined;
  lastScaleTime: string | undefined;
}

/**
 * HorizontalPodAutoscaler: every 15 s what its metrics recommend becomes the target's scale, within bounds, rates and
 * stabilization windows (pkg/controller/podautoscaler/horizontal.go).
 */
class HorizontalPodAutoscaler implements Reconciler {
  readonly name = "horizontal-pod-autoscaler";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  private readonly histories = new Map<string, ScalingHistory>();
  /** By the autoscaler's key: whom it was last seen to scale. */
  private readonly selectors = new Map<string, Selector>();

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    context.informers.handle(HORIZONTAL_POD_AUTOSCALERS, ({ type, object, old }) => {
      if (type === "deleted") this.forget(keyOf(object));
      // A status write of its own is no news.
      else if (old === undefined || old["spec"] !== object["spec"]) this.queue.addAfter(keyOf(object), SYNC_PERIOD);
    });
  }

  private forget(key: string): void {
    this.histories.delete(key);
    this.selectors.delete(key);
  }

  *reconcile(key: string): Gen {
    const scaler = this.context.informers.get(HORIZONTAL_POD_AUTOSCALERS, key);
    if (scaler === undefined || scaler.metadata.deletionTimestamp) return;
    try {
      yield* this.look(key, scaler);
    } finally {
      // From the end of a look on: what was scaled in it is then older than a policy's period of 15 s.
      this.queue.addAfter(key, SYNC_PERIOD);
    }
  }

  private *look(key: string, scaler: KubeObject): Gen {
    const { recorder, client } = this.context;
    const draft = draftOf(scaler);
    const namespace = scaler.metadata.namespace ?? "";
    const target = yield* scaleTarget(client, namespace, scaler["spec"].scaleTargetRef);
    if (typeof target === "string") {
      recorder.event(scaler, "Warning", "FailedGetScale", target);
      const message = `the HPA controller was unable to get the target's current scale: ${target}`;
      this.tell(draft, "AbleToScale", "False", "FailedGetScale", message);
      return yield* this.write(draft);
    }
    const able = "the HPA controller was able to get the target's current scale";
    this.tell(draft, "AbleToScale", "True", "SucceededGetScale", able);
    yield* this.scale(key, draft, target);
  }

  private *scale(key: string, draft: Draft, target: ScaleTarget): Gen {
    const { kernel } = this.context;
    const { minReplicas = 1, maxReplicas, behavior } = draft.scaler["spec"];
    const current: number = target.scale["spec"]?.replicas ?? 0;
    draft.currentReplicas = current;
    const history = this.history(key);
    history.begin(kernel.now, current);
    if (current === 0 && minReplicas !== 0) {
      const message = "scaling is disabled since the replica count of the target is zero";
      this.tell(draft, "ScalingActive", "False", "ScalingDisabled", message);
      draft.desiredReplicas = 0;
      draft.currentMetrics = undefined;
      return yield* this.write(draft);
    }
    let desired: number;
    let why: string;
    if (current > maxReplicas) {
      [desired, why] = [maxReplicas, "Current number of replicas above Spec.MaxReplicas"];
      draft.currentMetrics = undefined;
    } else if (current < minReplicas) {
      [desired, why] = [minReplicas, "Current number of replicas below Spec.MinReplicas"];
      draft.currentMetrics = undefined;
    } else {
      const wanted = yield* this.recommend(draft, target, current);
      if (wanted === undefined) return yield* this.write(draft);
      why = wanted.replicas > current ? `${wanted.name} above target` : "All metrics below target";
      const decision = history.decide(kernel.now, current, wanted.replicas, minReplicas, maxReplicas, behavior);
      this.tell(draft, "AbleToScale", "True", ...decision.able);
      this.tell(draft, "ScalingLimited", ...decision.limited);
      desired = decision.replicas;
    }
    if (desired !== current) yield* this.rescale(key, draft, target, current, desired, why);
    draft.desiredReplicas = desired;
    yield* this.write(draft);
  }

  private *rescale(key: string, draft: Draft, target: ScaleTarget, current: number, desired: number, why: string): Gen {
    const { kernel, recorder, client } = this.context;
    const { scaler } = draft;
    try {
      yield* rescale(client, scaler.metadata.namespace ?? "", target, desired);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const text = `New size: ${desired}; reason: ${why}; error: ${error.message}`;
      recorder.event(scaler, "Warning", "FailedRescale", text);
      const message = `the HPA controller was unable to update the target scale: ${error.message}`;
      this.tell(draft, "AbleToScale", "False", "FailedUpdateScale", message);
      yield* this.write(draft);
      throw error;
    }
    const message = `the HPA controller was able to update the target scale to ${desired}`;
    this.tell(draft, "AbleToScale", "True", "SucceededRescale", message);
    recorder.event(scaler, "Normal", "SuccessfulRescale", `New size: ${desired}; reason: ${why}`);
    this.history(key).scaled(kernel.now, current, desired, scaler["spec"].behavior);
    draft.lastScaleTime = formatTime(kernel.wallMs);
  }

  private history(key: string): ScalingHistory {
    let history = this.histories.get(key);
    if (history === undefined) this.histories.set(key, (history = new ScalingHistory()));
    return history;
  }

  /** The largest number that a metric asks for; undefined when they may not be trusted, which the draft then says. */
  private *recommend(draft: Draft, target: ScaleTarget, current: number): Gen<Computed | undefined> {
    const { kernel, recorder, client } = this.context;
    const { scaler } = draft;
    const selector = this.selectorOf(draft, target);
    if (selector === undefined) return undefined;
    const specs: readonly object[] = scaler["spec"].metrics ?? [];
    const pods = this.podsOf(scaler, selector);
    if (this.isAmbiguous(draft, target, selector, pods)) return undefined;
    const namespace = scaler.metadata.namespace ?? "";
    const measuring = { client, namespace, selector, pods, current, nowMs: kernel.wallMs };
    let best: Computed | undefined;
    let first: Failed | undefined;
    let invalid = 0;
    const statuses: object[] = [];
    for (const spec of specs) {
      const found = yield* computeMetric(measuring, spec);
      if ("whole" in found) {
        recorder.event(scaler, "Warning", found.reason, found.message);
        first ??= found;
        invalid++;
        statuses.push({ type: "" });
        continue;
      }
      statuses.push(found.status);
      if (best === undefined || found.replicas > best.replicas) best = found;
    }
    draft.currentMetrics = statuses;
    if (first !== undefined && (best === undefined || best.replicas < current)) {
      const message = `the HPA was unable to compute the replica count: ${first.message}`;
      this.tell(draft, "ScalingActive", "False", first.reason, message);
      const whole = `invalid metrics (${invalid} invalid out of ${specs.length}), first error is: ${first.whole}`;
      recorder.event(scaler, "Warning", "FailedComputeMetricsReplicas", whole);
      return undefined;
    }
    if (best === undefined) return undefined;
    const message = `the HPA was able to successfully calculate a replica count from ${best.name}`;
    this.tell(draft, "ScalingActive", "True", "ValidMetricFound", message);
    return best;
  }

  private selectorOf(draft: Draft, { scale }: ScaleTarget): Selector | undefined {
    const { recorder } = this.context;
    const text: string = scale["status"]?.selector ?? "";
    const selector = parseLabelSelector(text);
    if (text !== "" && !("error" in selector)) return selector;
    const [reason, message] =
      text === ""
        ? ["SelectorRequired", "selector is required"]
        : ["InvalidSelector", `couldn't convert selector into a corresponding internal selector object: ${text}`];
    recorder.event(draft.scaler, "Warning", reason!, text === "" ? "" : message!);
    const told = text === "" ? "the HPA target's scale is missing a selector" : message!;
    this.tell(draft, "ScalingActive", "False", "InvalidSelector", told);
    recorder.event(draft.scaler, "Warning", "FailedComputeMetricsReplicas", message!);
    return undefined;
  }

  /** Says so when Pods have several autoscalers (hpasControllingPodsUnderSelector). */
  private isAmbiguous(draft: Draft, target: ScaleTarget, selector: Selector, pods: readonly KubeObject[]): boolean {
    const { recorder } = this.context;
    const key = keyOf(draft.scaler);
    this.selectors.set(key, selector);
    const prefix = `${draft.scaler.metadata.namespace}/`;
    const rivals = [...this.selectors].filter(
      ([other, theirs]) =>
        other !== key &&
        other.startsWith(prefix) &&
        pods.some(({ metadata }) => matchesLabels(theirs, metadata.labels ?? {})),
    );
    if (rivals.length === 0) return false;
    const names = [key, ...rivals.map(([other]) => other)].join(" ");
    const text = `pods by selector ${target.scale["status"].selector} are controlled by multiple HPAs: [${names}]`;
    recorder.event(draft.scaler, "Warning", "AmbiguousSelector", text);
    this.tell(draft, "ScalingActive", "False", "AmbiguousSelector", text);
    recorder.event(draft.scaler, "Warning", "FailedComputeMetricsReplicas", text);
    return true;
  }

  private podsOf(scaler: KubeObject, selector: Selector): KubeObject[] {
    const all = this.context.informers.pods.inNamespace(scaler.metadata.namespace ?? "");
    return [...all].filter(({ metadata }) => matchesLabels(selector, metadata.labels ?? {}));
  }

  private tell(draft: Draft, ...[type, status, reason, message]: Told): void {
    const at = draft.conditions.findIndex((one) => one.type === type);
    const before = draft.conditions[at];
    const since = before?.status === status ? before.lastTransitionTime : formatTime(this.context.kernel.wallMs);
    const condition = { type, status, lastTransitionTime: since, reason, message } as Condition;
    if (at < 0) draft.conditions.push(condition);
    else draft.conditions[at] = condition;
  }

  private *write({ scaler, ...made }: Draft): Gen {
    const { conditions, currentMetrics = null, currentReplicas, desiredReplicas, lastScaleTime } = made;
    const old = scaler["status"] ?? {};
    const status = {
      ...(lastScaleTime !== undefined && { lastScaleTime }),
      ...(currentReplicas !== undefined && { currentReplicas }),
      desiredReplicas,
      currentMetrics,
      conditions,
    };
    const face = (s: KubeObject["status"]) =>
      JSON.stringify([s.conditions, s.currentReplicas, s.desiredReplicas, s.currentMetrics ?? null, s.lastScaleTime]);
    if (face(status) === face(old)) return;
    try {
      yield* this.context.client.update(HORIZONTAL_POD_AUTOSCALERS, { ...scaler, status }, "status");
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
}

function draftOf(scaler: KubeObject): Draft {
  const {
    conditions = [],
    currentReplicas,
    desiredReplicas = 0,
    currentMetrics,
    lastScaleTime,
  } = scaler["status"] ?? {};
  return {
    scaler,
    conditions: [...conditions],
    currentReplicas,
    desiredReplicas,
    currentMetrics: currentMetrics ?? undefined,
    lastScaleTime,
  };
}

export function startHorizontalPodAutoscaler(context: ControllerContext): void {
  new HorizontalPodAutoscaler(context);
}
