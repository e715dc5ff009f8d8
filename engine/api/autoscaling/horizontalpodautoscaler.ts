import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { givenEmpty } from "../given-empty.ts";
import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { forbidden, invalid, invalidEach, required } from "../validation/field.ts";
import { pathSegment } from "../validation/names.ts";
import { behaviorProblems, metricsProblems } from "./hpa-validation.ts";

const SHOWN = 2;

interface Target {
  averageUtilization?: number;
  averageValue?: string;
  value?: string;
}

/** A metric of spec or status: its type, and the field of that name in camel case. */
type Metric = { type: string } & { [field: string]: { name: string; target: Target; current: Target } };

const UNKNOWN = "<unknown>";
const percent = (n: number | undefined, otherwise: string) => (n === undefined ? otherwise : `${n}%`);

/** `cpu: 12%/80%`; a metric that nobody has measured yet reads `<unknown>` (printers.go formatHPAMetrics). */
function targets(specs: readonly Metric[] | undefined, statuses: readonly Metric[] | undefined): string {
  if (!specs || specs.length === 0) return "<none>";
  const list = specs.map((spec, i) => {
    const field = spec.type.slice(0, 1).toLowerCase() + spec.type.slice(1);
    const source = spec[field];
    if (source === undefined) return "<unknown type>";
    const { name, target } = source;
    const current = statuses?.[i]?.[field]?.current;
    const average = `${current?.averageValue ?? UNKNOWN}/${target.averageValue}`;
    switch (spec.type) {
      case "Resource":
      case "ContainerResource":
        if (target.averageValue !== undefined) return `${name}: ${average}`;
        return `${name}: ${percent(current?.averageUtilization, UNKNOWN)}/${percent(target.averageUtilization, "<auto>")}`;
      case "Pods":
        return average;
      case "Object":
      case "External":
        return target.averageValue !== undefined ? `${average} (avg)` : `${current?.value ?? UNKNOWN}/${target.value}`;
      default:
        return "<unknown type>";
    }
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
  if (givenEmpty(given, "policies")) all.policies = [];
  const { stabilizationWindowSeconds, selectPolicy, policies } = all;
  return {
    ...(stabilizationWindowSeconds !== undefined && { stabilizationWindowSeconds }),
    selectPolicy,
    policies,
  };
}

/** ValidateHorizontalPodAutoscalerSpec (pkg/apis/autoscaling/validation). */
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
  for (const field of ["kind", "name"]) {
    const path = `spec.scaleTargetRef.${field}`;
    const value: string = scaleTargetRef[field] ?? "";
    causes.push(...(value === "" ? [required(path, "")] : invalidEach(path, value, pathSegment(value))));
  }
  causes.push(...metricsProblems(spec.metrics));
  const scalesFromNothing = ({ type }: { type?: string }) => type === "Object" || type === "External";
  if (minReplicas === 0 && !(spec.metrics ?? []).some(scalesFromNothing)) {
    const why = "must specify at least one Object or External metric to support scaling to zero replicas";
    causes.push(forbidden("spec.metrics", why));
  }
  return [...causes, ...behaviorProblems(spec.behavior)];
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
  metadataOnce: true,
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
