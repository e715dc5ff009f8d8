import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { invalid, required } from "../validation/field.ts";

const SHOWN = 2;

interface MetricSpec {
  type: string;
  resource?: { name: string; target: { averageUtilization?: number; averageValue?: string } };
}

interface MetricStatus {
  type: string;
  resource?: { current: { averageUtilization?: number; averageValue?: string } };
}

/** `cpu: 12%/80%`; a metric that nobody has measured yet reads `<unknown>` (printers.go formatHPAMetrics). */
function targets(specs: readonly MetricSpec[] | undefined, statuses: readonly MetricStatus[] | undefined): string {
  if (!specs || specs.length === 0) return "<none>";
  const list = specs.map((spec, i) => {
    if (spec.type !== "Resource" || !spec.resource) return "<unknown type>";
    const { name, target } = spec.resource;
    const current = statuses?.[i]?.resource?.current;
    if (target.averageValue !== undefined)
      return `${name}: ${current?.averageValue ?? "<unknown>"}/${target.averageValue}`;
    const measured = current?.averageUtilization === undefined ? "<unknown>" : `${current.averageUtilization}%`;
    return `${name}: ${measured}/${target.averageUtilization === undefined ? "<auto>" : `${target.averageUtilization}%`}`;
  });
  const shown = list.slice(0, SHOWN).join(", ");
  return list.length > SHOWN ? `${shown} + ${list.length - SHOWN} more...` : shown;
}

/** Utilization of CPU, in percent of what is requested, that is aimed at when nothing is said (autoscaling/v2 defaults.go). */
const DEFAULT_CPU = 80;

function defaults({ spec }: Draft): void {
  if (!spec) return;
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length) spec.metrics = [cpuMetric(DEFAULT_CPU)];
  if (!spec.behavior) return;
  spec.behavior.scaleUp = rules(spec.behavior.scaleUp, {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [
      { type: "Pods", value: 4, periodSeconds: 15 },
      { type: "Percent", value: 100, periodSeconds: 15 },
    ],
  });
  // Without a window of its own a scale-down waits as long as the controller is told to.
  spec.behavior.scaleDown = rules(spec.behavior.scaleDown, {
    selectPolicy: "Max",
    policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
  });
}

/** Rules as given, with those that are missing, in the order of upstream's type. */
function rules(given: Draft, usual: Draft): Draft {
  const all = { ...usual, ...given };
  const { stabilizationWindowSeconds, selectPolicy, policies } = all;
  return {
    ...(stabilizationWindowSeconds !== undefined && { stabilizationWindowSeconds }),
    selectPolicy,
    policies,
  };
}

/** ValidateHorizontalPodAutoscalerSpec without its metrics (pkg/apis/autoscaling/validation). */
function validateBody({ spec = {} }: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const { minReplicas, maxReplicas = 0, scaleTargetRef = {} } = spec;
  if (minReplicas !== undefined && minReplicas < 1) {
    causes.push(invalid("spec.minReplicas", minReplicas, "must be greater than or equal to 1"));
  }
  if (maxReplicas < 1) causes.push(invalid("spec.maxReplicas", maxReplicas, "must be greater than 0"));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    causes.push(invalid("spec.maxReplicas", maxReplicas, "must be greater than or equal to `minReplicas`"));
  }
  if (!scaleTargetRef.kind) causes.push(required("spec.scaleTargetRef.kind", ""));
  if (!scaleTargetRef.name) causes.push(required("spec.scaleTargetRef.name", ""));
  return causes;
}

/** A metric of type Resource: CPU, in percent of what is requested. */
export function cpuMetric(averageUtilization: number): object {
  return { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization } } };
}

export const horizontalPodAutoscaler = define({
  group: "autoscaling",
  version: "v2",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  namespaced: true,
  shortNames: ["hpa"],
  categories: ["all"],
  status: true,
  defaults,
  validateBody,
  columns: [
    NAME,
    column("Reference", "string", doc("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec#scaleTargetRef")),
    column("Targets", "string", doc("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec#metrics")),
    column("MinPods", "string", doc("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec#minReplicas")),
    column("MaxPods", "string", doc("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec#maxReplicas")),
    column("Replicas", "string", doc("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus#currentReplicas")),
    AGE,
  ],
  cells: (object, nowMs) => {
    const { spec = {}, status = {} } = object;
    return [
      object.metadata.name,
      `${spec.scaleTargetRef?.kind ?? ""}/${spec.scaleTargetRef?.name ?? ""}`,
      targets(spec.metrics, status.currentMetrics),
      spec.minReplicas !== undefined ? String(spec.minReplicas) : "<unset>",
      spec.maxReplicas ?? 0,
      status.currentReplicas ?? 0,
      age(object, nowMs),
    ];
  },
});
