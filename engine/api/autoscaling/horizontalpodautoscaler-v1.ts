import { define } from "../define.ts";
import type { KubeObject } from "../types.ts";
import { cpuMetric, horizontalPodAutoscaler as v2 } from "./horizontalpodautoscaler.ts";

/**
 * autoscaling/v1, the older form in which CPU is the only metric; stored as v2 (pkg/apis/autoscaling/v1/conversion.go).
 * What it has no fields for stands in annotations.
 */

const PREFIX = "autoscaling.alpha.kubernetes.io/";
const METRICS = `${PREFIX}metrics`;
const CURRENT = `${PREFIX}current-metrics`;
const CONDITIONS = `${PREFIX}conditions`;
const BEHAVIOR = `${PREFIX}behavior`;

// biome-ignore lint/suspicious/noExplicitAny: metrics in the forms of several versions
type Any = any;

/** How the two versions name the values of a metric: in v1 beside its name, in v2 in `target` or `current`. */
const VALUES: Readonly<Record<string, readonly [v2: string, spec: string, status: string][]>> = {
  resource: [
    ["averageUtilization", "targetAverageUtilization", "currentAverageUtilization"],
    ["averageValue", "targetAverageValue", "currentAverageValue"],
  ],
  containerResource: [
    ["averageUtilization", "targetAverageUtilization", "currentAverageUtilization"],
    ["averageValue", "targetAverageValue", "currentAverageValue"],
  ],
  pods: [["averageValue", "targetAverageValue", "currentAverageValue"]],
  object: [
    ["value", "targetValue", "currentValue"],
    ["averageValue", "averageValue", "averageValue"],
  ],
  external: [
    ["value", "targetValue", "currentValue"],
    ["averageValue", "targetAverageValue", "currentAverageValue"],
  ],
};

const FIELDS: Readonly<Record<string, string>> = {
  Resource: "resource",
  ContainerResource: "containerResource",
  Pods: "pods",
  Object: "object",
  External: "external",
};

/** A metric of v2 as v1's annotations have it. `holder`: `target` of a spec, `current` of a status. */
function oldMetric(metric: Any, holder: "target" | "current"): Any {
  const field = FIELDS[metric.type];
  if (field === undefined || !metric[field]) return { type: metric.type };
  const { metric: about, describedObject, name, container, [holder]: values = {} } = metric[field];
  const out: Any = {};
  if (describedObject) out.target = describedObject;
  if (name !== undefined) out.name = name;
  if (container !== undefined) out.container = container;
  if (about) out.metricName = about.name;
  if (about?.selector) out[field === "external" ? "metricSelector" : "selector"] = about.selector;
  for (const [v2, spec, status] of VALUES[field]!) {
    if (values[v2] !== undefined) out[holder === "target" ? spec : status] = values[v2];
  }
  return { type: metric.type, [field]: out };
}

function newMetric(metric: Any, holder: "target" | "current"): Any {
  const field = FIELDS[metric.type];
  if (field === undefined || !metric[field]) return { type: metric.type };
  const { target, metricName, metricSelector, selector = metricSelector, name, container } = metric[field];
  const values: Any = {};
  for (const [v2, spec, status] of VALUES[field]!) {
    const value = metric[field][holder === "target" ? spec : status];
    if (value === undefined) continue;
    values[v2] = value;
    if (holder === "target") {
      values.type = v2 === "averageUtilization" ? "Utilization" : v2 === "value" ? "Value" : "AverageValue";
    }
  }
  const about = metricName === undefined ? undefined : { name: metricName, ...(selector && { selector }) };
  return {
    type: metric.type,
    [field]: {
      ...(about && { metric: about }),
      ...(target && { describedObject: target }),
      ...(name !== undefined && { name }),
      ...(container !== undefined && { container }),
      [holder]: values,
    },
  };
}

const isCpu = ({ type, resource }: Any): boolean =>
  type === "Resource" && resource?.name === "cpu" && resource.target?.averageUtilization !== undefined;

/** Go's names of a behavior's fields, under which the annotation has them. */
function goBehavior(value: Any): Any {
  if (Array.isArray(value)) return value.map(goBehavior);
  if (typeof value !== "object" || value === null) return value;
  const out: Any = {};
  for (const key of Object.keys(value)) out[key[0]!.toUpperCase() + key.slice(1)] = goBehavior(value[key]);
  if ("policies" in value && !("stabilizationWindowSeconds" in value)) {
    return { StabilizationWindowSeconds: null, ...out };
  }
  return out;
}

function plainBehavior(value: Any): Any {
  if (Array.isArray(value)) return value.map(plainBehavior);
  if (typeof value !== "object" || value === null) return value;
  const out: Any = {};
  for (const key of Object.keys(value)) {
    if (value[key] !== null) out[key[0]!.toLowerCase() + key.slice(1)] = plainBehavior(value[key]);
  }
  return out;
}

function parsed(text: string | undefined): Any {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The v2 form of a v1 object. */
export function toV2(object: KubeObject): KubeObject {
  const { targetCPUUtilizationPercentage: target, ...spec } = object["spec"] ?? {};
  const { currentCPUUtilizationPercentage: current, ...status } = object["status"] ?? {};
  const {
    [METRICS]: other,
    [CURRENT]: measured,
    [CONDITIONS]: conditions,
    [BEHAVIOR]: behavior,
    ...annotations
  } = object.metadata.annotations ?? {};
  const metrics = [
    ...(parsed(other) ?? []).map((one: Any) => newMetric(one, "target")),
    ...(target === undefined ? [] : [cpuMetric(target)]),
  ];
  const old: Any[] | undefined =
    parsed(measured) ??
    (current === undefined
      ? undefined
      : [{ type: "Resource", resource: { name: "cpu", currentAverageUtilization: current } }]);
  const { annotations: _, ...metadata } = object.metadata;
  const rules = parsed(behavior);
  const told = parsed(conditions);
  return {
    ...object,
    apiVersion: "autoscaling/v2",
    metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata,
    spec: { ...spec, ...(metrics.length > 0 && { metrics }), ...(rules && { behavior: plainBehavior(rules) }) },
    status: {
      ...status,
      ...(old && { currentMetrics: old.map((one) => newMetric(one, "current")) }),
      ...(told && { conditions: told }),
    },
  };
}

/** The v1 form of a v2 object. */
export function fromV2(object: KubeObject): KubeObject {
  const { metrics = [], behavior, ...spec } = object["spec"] ?? {};
  const { currentMetrics, conditions = [], ...status } = object["status"] ?? {};
  const target = metrics.find(isCpu)?.resource.target.averageUtilization;
  const cpu = (currentMetrics ?? []).find((one: Any) => one.type === "Resource" && one.resource?.name === "cpu");
  const current = cpu?.resource.current?.averageUtilization;
  const other = metrics.filter((one: Any) => !isCpu(one)).map((one: Any) => oldMetric(one, "target"));
  const kept: Record<string, string> = {};
  const keep = (name: string, value: Any): void => {
    kept[name] = JSON.stringify(value);
  };
  if (behavior) keep(BEHAVIOR, goBehavior({ scaleUp: null, scaleDown: null, ...behavior }));
  if (conditions.length > 0) keep(CONDITIONS, conditions.map(conditionInOrder));
  if (currentMetrics?.length > 0)
    keep(
      CURRENT,
      currentMetrics.map((one: Any) => oldMetric(one, "current")),
    );
  if (other.length > 0) keep(METRICS, other);
  const { annotations, ...metadata } = object.metadata;
  const all = { ...annotations, ...kept };
  const old: KubeObject = {
    ...object,
    apiVersion: "autoscaling/v1",
    metadata: Object.keys(all).length > 0 ? { ...metadata, annotations: all } : metadata,
    spec: target === undefined ? spec : { ...spec, targetCPUUtilizationPercentage: target },
    status: {
      currentReplicas: 0,
      ...status,
      ...(current !== undefined && { currentCPUUtilizationPercentage: current }),
    },
  };
  newForm.set(old, object);
  return old;
}

/** The v2 objects of v1 objects that were made of one: tables are printed from those, in which metrics keep their order. */
const newForm = new WeakMap<KubeObject, KubeObject>();

function conditionInOrder({ type, status, lastTransitionTime, reason, message }: Any): Any {
  return { type, status, lastTransitionTime, reason, message };
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
  cells: (object, nowMs) => cells(newForm.get(object) ?? toV2(object), nowMs),
});
