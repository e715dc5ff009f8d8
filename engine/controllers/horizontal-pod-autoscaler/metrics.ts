import type { ApiClient } from "../../api/client.ts";
import { formatQuantity, milliUnits, type Quantity } from "../../api/quantity.ts";
import { formatSelector, type Selector } from "../../api/selector.ts";
import { StatusError } from "../../api/status.ts";
import { parseTime } from "../../api/time.ts";
import type { KubeList, KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import {
  MetricError,
  type PodMetric,
  type PodMetrics,
  type Proposal,
  replicasForUtilization,
  replicasForValue,
} from "./replicas.ts";

/** What one metric of an autoscaler says. */
export interface Computed {
  replicas: number;
  /** `cpu resource utilization (percentage of request)`. */
  name: string;
  /** Its entry in status.currentMetrics. */
  status: object;
}

/** Why a metric says nothing: reason of event and condition, their words, and those of the whole. */
export interface Failed {
  reason: string;
  message: string;
  whole: string;
}

// biome-ignore lint/suspicious/noExplicitAny: fields as the API has them
type Any = any;

export interface Measuring {
  client: ApiClient;
  namespace: string;
  /** The target's Pods and how they are selected. */
  selector: Selector;
  pods: readonly KubeObject[];
  current: number;
  nowMs: number;
}

/** `305m`, `15052800`: a value in thousandths as status.currentMetrics has it. */
const milli = (value: number): string => {
  const quantity: Quantity = { nano: BigInt(value) * 1_000_000n, format: "DecimalSI" };
  return formatQuantity(quantity);
};

/** Judges one metric (horizontal.go computeReplicasForMetric). */
export function* computeMetric(measuring: Measuring, spec: Any): Gen<Computed | Failed> {
  switch (spec.type) {
    case "Resource":
      return yield* resourceMetric(measuring, spec.resource, "");
    case "ContainerResource":
      return yield* resourceMetric(measuring, spec.containerResource, spec.containerResource.container);
    case "Pods":
      return podsMetric(spec.pods);
    case "Object":
      return objectMetric(measuring, spec.object);
    case "External":
      return externalMetric(measuring, spec.external);
    default: {
      const message = `unknown metric source type ${JSON.stringify(spec.type)}`;
      return { reason: "InvalidMetricSourceType", message, whole: message };
    }
  }
}

function* resourceMetric(measuring: Measuring, source: Any, container: string): Gen<Computed | Failed> {
  const { name, target } = source;
  const { pods, current, nowMs } = measuring;
  const kind = container === "" ? "resource" : "container resource";
  const field = container === "" ? "resource" : "containerResource";
  const type = container === "" ? "Resource" : "ContainerResource";
  const byValue = target.averageValue !== undefined;
  const failed = (why: string): Failed => {
    const message = `failed to get ${name} ${byValue ? "usage" : "utilization"}: ${why}`;
    const whole = `failed to get ${name} ${container === "" ? "resource" : "container"} metric value: ${message}`;
    return { reason: `FailedGet${type}Metric`, message, whole };
  };
  const about = { name, ...(container && { container }) };
  try {
    const metrics = yield* fetchMetrics(measuring, name, container);
    const { replicas, utilization, average }: Proposal = byValue
      ? replicasForValue(pods, metrics, current, milliUnits(target.averageValue), name, nowMs)
      : replicasForUtilization(pods, metrics, current, target.averageUtilization, name, container, nowMs);
    const value = { ...(!byValue && { averageUtilization: utilization }), averageValue: milli(average) };
    return {
      replicas,
      name: `${name} ${kind}${byValue ? "" : " utilization (percentage of request)"}`,
      status: { type, [field]: { ...about, current: value } },
    };
  } catch (error) {
    if (!(error instanceof MetricError)) throw error;
    return failed(error.message);
  }
}

/** Asks metrics.k8s.io for the Pods that the selector names (metrics/client.go GetResourceMetric). Throws MetricError. */
function* fetchMetrics(measuring: Measuring, resource: string, container: string): Gen<PodMetrics> {
  const { client, namespace, selector } = measuring;
  const failed = (why: string) => new MetricError(`unable to get metrics for resource ${resource}: ${why}`);
  const query = `labelSelector=${encodeURIComponent(formatSelector(selector))}`;
  let items: readonly KubeObject[];
  try {
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods?${query}`;
    ({ items } = (yield* client.object("GET", path)) as KubeList);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    // An answer that is no Status gets the request named by the client (client-go rest transformResponse).
    const { code, message } = error.status;
    const bare = code === 404 || code === 503;
    throw failed(
      `unable to fetch metrics from resource metrics API: ${message}${bare ? " (get pods.metrics.k8s.io)" : ""}`,
    );
  }
  if (items.length === 0) throw failed("no metrics returned from resource metrics API");
  const metrics: PodMetrics = new Map();
  for (const item of items) {
    const metric = metricOf(item, resource, container);
    if (metric !== undefined) metrics.set(item.metadata.name, metric);
  }
  return metrics;
}

function metricOf(item: KubeObject, resource: string, container: string): PodMetric | undefined {
  const all: { name: string; usage: Record<string, string> }[] = item["containers"] ?? [];
  const own = container === "" ? all : all.filter(({ name }) => name === container);
  if (own.length === 0) return undefined;
  let value = 0;
  for (const { usage } of own) {
    const used = usage[resource];
    if (used === undefined) return undefined;
    value += milliUnits(used);
  }
  const windowMs = Number.parseFloat(item["window"] ?? "0") * 1000;
  return { value, at: parseTime(item["timestamp"] ?? "") ?? 0, windowMs };
}

const NO_CUSTOM =
  "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered";

function podsMetric({ metric }: Any): Failed {
  const message = `unable to get metric ${metric.name}: ${NO_CUSTOM}`;
  return { reason: "FailedGetPodsMetric", message, whole: `failed to get pods metric value: ${message}` };
}

function objectMetric({ namespace }: Measuring, { metric, describedObject }: Any): Failed {
  const { kind, name } = describedObject;
  const message = `unable to get metric ${metric.name}: ${kind} on ${namespace} ${name}/${NO_CUSTOM}`;
  return { reason: "FailedGetObjectMetric", message, whole: `failed to get object metric value: ${message}` };
}

function externalMetric({ namespace }: Measuring, { metric, target }: Any): Failed {
  const selector = metric.selector === undefined ? "nil" : goSelector(metric.selector);
  const where = `the server could not find the requested resource (get ${metric.name}.external.metrics.k8s.io)`;
  const message = `unable to get external metric ${namespace}/${metric.name}/${selector}: unable to fetch metrics from external metrics API: ${where}`;
  const head =
    target.averageValue !== undefined
      ? `failed to get ${metric.name} external metric`
      : `failed to get external metric ${metric.name}`;
  return {
    reason: "FailedGetExternalMetric",
    message,
    whole: `failed to get ${metric.name} external metric value: ${head}: ${message}`,
  };
}

/** `%+v` of a metav1.LabelSelector. */
function goSelector({ matchLabels = {}, matchExpressions = [] }: Any): string {
  const labels = Object.keys(matchLabels)
    .sort()
    .map((key) => `${key}: ${matchLabels[key]},`);
  const terms = matchExpressions.map(
    ({ key, operator, values = [] }: Any) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join("")}},MatchExpressions:[]LabelSelectorRequirement{${terms.join("")}},}`;
}
