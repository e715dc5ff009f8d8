import { define } from "../define.ts";
import type { KubeObject } from "../types.ts";
import { cpuMetric, horizontalPodAutoscaler as v2 } from "./horizontalpodautoscaler.ts";

/**
 * autoscaling/v1, the older form in which CPU is the only metric; stored as v2 (pkg/apis/autoscaling/v1/conversion.go).
 * Other metrics of a v2 object do not show in it.
 */

interface Metric {
  type: string;
  resource?: { name: string; target?: { averageUtilization?: number }; current?: { averageUtilization?: number } };
}

const cpuOf = (metrics: readonly Metric[] | undefined) =>
  metrics?.find(({ type, resource }) => type === "Resource" && resource?.name === "cpu")?.resource;

/** The v2 form of a v1 object. */
export function toV2(object: KubeObject): KubeObject {
  const { targetCPUUtilizationPercentage: target, ...spec } = object["spec"] ?? {};
  const { currentCPUUtilizationPercentage: current, ...status } = object["status"] ?? {};
  const currentMetrics = [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: current } } }];
  return {
    ...object,
    apiVersion: "autoscaling/v2",
    spec: target === undefined ? spec : { ...spec, metrics: [cpuMetric(target)] },
    status: current === undefined ? status : { ...status, currentMetrics },
  };
}

/** The v1 form of a v2 object. */
export function fromV2(object: KubeObject): KubeObject {
  const { metrics, behavior: _, ...spec } = object["spec"] ?? {};
  const { currentMetrics, conditions: __, ...status } = object["status"] ?? {};
  const target = cpuOf(metrics)?.target?.averageUtilization;
  const current = cpuOf(currentMetrics)?.current?.averageUtilization;
  return {
    ...object,
    apiVersion: "autoscaling/v1",
    spec: target === undefined ? spec : { ...spec, targetCPUUtilizationPercentage: target },
    status: {
      currentReplicas: 0,
      ...status,
      ...(current !== undefined && { currentCPUUtilizationPercentage: current }),
    },
  };
}

const { columns, cells, defaults, validate, validateUpdate } = v2;

export const horizontalPodAutoscalerV1 = define({
  group: "autoscaling",
  version: "v1",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  namespaced: true,
  shortNames: ["hpa"],
  categories: ["all"],
  status: true,
  ...(defaults && { defaults }),
  ...(validate && { validate }),
  ...(validateUpdate && { validateUpdate }),
  columns,
  cells: (object, nowMs) => cells(toV2(object), nowMs),
});
