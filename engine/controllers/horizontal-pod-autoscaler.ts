import { keyOf } from "../api/informer.ts";
import { DEPLOYMENTS, HORIZONTAL_POD_AUTOSCALERS, REPLICA_SETS, STATEFUL_SETS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import { formatTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, SECOND } from "../kernel/index.ts";
import { Wakes } from "./batched.ts";
import type { ControllerContext } from "./context.ts";
import type { Condition } from "./pods.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";

/** How often a HorizontalPodAutoscaler looks at its metrics (--horizontal-pod-autoscaler-sync-period). */
const SYNC_PERIOD = 15 * SECOND;
/** What a cluster without metrics-server answers. */
const NO_METRICS = "the server could not find the requested resource (get pods.metrics.k8s.io)";

/**
 * HorizontalPodAutoscalers of a cluster that measures nothing: metrics.k8s.io is not served, so each of them finds its
 * target, fails to get metrics and says so (pkg/controller/podautoscaler). Looks again every 15 s only while there are any.
 */
class HorizontalPodAutoscaler implements Reconciler {
  readonly name = "horizontal-pod-autoscaler";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  private readonly wakes: Wakes;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    this.wakes = new Wakes(context.kernel, this.queue, this.name);
    context.informers.handle(HORIZONTAL_POD_AUTOSCALERS, ({ type, object, old }) => {
      if (type === "deleted") return;
      // A status write of its own is no news.
      if (old === undefined || old["spec"] !== object["spec"]) this.wakes.in(keyOf(object), SYNC_PERIOD);
    });
  }

  *reconcile(key: string): Gen {
    const { informers, recorder } = this.context;
    const scaler = informers.get(HORIZONTAL_POD_AUTOSCALERS, key);
    if (scaler === undefined || scaler.metadata.deletionTimestamp) return;
    this.wakes.in(key, SYNC_PERIOD);
    const { scaleTargetRef } = scaler.spec;
    const target = this.target(scaler);
    if (target === undefined) {
      const plural = `${scaleTargetRef.kind.toLowerCase()}s`;
      const group = scaleTargetRef.apiVersion?.includes("/") ? `.${scaleTargetRef.apiVersion.split("/")[0]}` : "";
      const why = `${plural}${group} "${scaleTargetRef.name}" not found`;
      recorder.event(scaler, "Warning", "FailedGetScale", why);
      const message = `the HPA controller was unable to get the target's current scale: ${why}`;
      return yield* this.write(scaler, [["AbleToScale", "False", "FailedGetScale", message]]);
    }
    const able: Told = [
      "AbleToScale",
      "True",
      "SucceededGetScale",
      "the HPA controller was able to get the target's current scale",
    ];
    const now: number = target.spec.replicas ?? 1;
    if (now === 0) {
      const message = "scaling is disabled since the replica count of the target is zero";
      return yield* this.write(scaler, [able, ["ScalingActive", "False", "ScalingDisabled", message]], now);
    }
    const name: string = scaler.spec.metrics?.[0]?.resource?.name ?? "cpu";
    const reason = scaler.spec.metrics?.[0]?.type === "Resource" ? "FailedGetResourceMetric" : "FailedGetObjectMetric";
    const why = `unable to get metrics for resource ${name}: unable to fetch metrics from resource metrics API: ${NO_METRICS}`;
    const failed = `failed to get ${name} utilization: ${why}`;
    recorder.event(scaler, "Warning", reason, failed);
    const whole = `invalid metrics (1 invalid out of ${scaler.spec.metrics?.length ?? 1}), first error is: failed to get ${name} resource metric value: ${failed}`;
    recorder.event(scaler, "Warning", "FailedComputeMetricsReplicas", whole);
    const message = `the HPA was unable to compute the replica count: ${failed}`;
    yield* this.write(scaler, [able, ["ScalingActive", "False", reason, message]], now);
  }

  private target(scaler: KubeObject): KubeObject | undefined {
    const { kind, name } = scaler.spec.scaleTargetRef;
    const resource = { Deployment: DEPLOYMENTS, ReplicaSet: REPLICA_SETS, StatefulSet: STATEFUL_SETS }[
      kind as "Deployment"
    ];
    return resource && this.context.informers.get(resource, `${scaler.metadata.namespace}/${name}`);
  }

  private *write(scaler: KubeObject, told: readonly Told[], currentReplicas?: number): Gen {
    const { kernel, client } = this.context;
    const old = scaler.status ?? {};
    const before: readonly Condition[] = old.conditions ?? [];
    const fresh = told.map(([type, status, reason, message]) => {
      const was = before.find((c) => c.type === type);
      const time = was?.status === status ? was.lastTransitionTime : formatTime(kernel.wallMs);
      return { type, status, lastTransitionTime: time, reason, message };
    });
    const kept = before.filter((c) => !fresh.some((f) => f.type === c.type));
    const status = {
      ...old,
      conditions: [...fresh, ...kept],
      currentMetrics: null,
      ...(currentReplicas !== undefined && { currentReplicas }),
      desiredReplicas: old.desiredReplicas ?? 0,
    };
    const face = (s: KubeObject) => JSON.stringify([s["conditions"], s["currentReplicas"], s["desiredReplicas"]]);
    if (face(status) === face(old)) return;
    try {
      yield* client.update(HORIZONTAL_POD_AUTOSCALERS, { ...scaler, status }, "status");
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
}

/** Type, status, reason and message of a condition. */
type Told = readonly [string, string, string, string];

export function startHorizontalPodAutoscaler(context: ControllerContext): void {
  new HorizontalPodAutoscaler(context);
}
