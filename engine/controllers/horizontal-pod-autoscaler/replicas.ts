import { milliUnits } from "../../api/quantity.ts";
import { parseTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Condition } from "../pods.ts";

/** A ratio of use within this of 1 changes nothing (--horizontal-pod-autoscaler-tolerance). */
const TOLERANCE = 0.1;
/** How long after its start a Pod's CPU is not trusted, and an unready one not waited for, in ms. */
const INITIALIZATION_PERIOD = 300_000;
const INITIAL_READINESS_DELAY = 30_000;

/** What the resource metrics API said of a Pod: thousandths of a core or of a byte. */
export interface PodMetric {
  value: number;
  /** ms since 1970. */
  at: number;
  windowMs: number;
}

export type PodMetrics = Map<string, PodMetric>;

/** A metric could not be turned into a number of replicas. */
export class MetricError extends Error {}

export interface Proposal {
  replicas: number;
  /** Percent of what is requested; undefined where the target is a value. */
  utilization?: number;
  /** Average of a Pod, in thousandths. */
  average: number;
}

interface Groups {
  ready: number;
  /** Not ready yet, or too young to be trusted. */
  unready: string[];
  missing: string[];
}

const within = (ratio: number): boolean => Math.abs(1 - ratio) <= TOLERANCE;

/** Sorts the Pods (replica_calculator.go groupPods) and takes the metrics of those away that do not count. */
function group(pods: readonly KubeObject[], metrics: PodMetrics, resource: string, nowMs: number): Groups {
  const groups: Groups = { ready: 0, unready: [], missing: [] };
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const phase = pod["status"]?.phase;
    const metric = metrics.get(name);
    if (deletionTimestamp || phase === "Failed") metrics.delete(name);
    else if (phase === "Pending" || (metric !== undefined && resource === "cpu" && isUntrusted(pod, metric, nowMs))) {
      groups.unready.push(name);
      metrics.delete(name);
    } else if (metric === undefined) groups.missing.push(name);
    else groups.ready++;
  }
  return groups;
}

/** CPU of a Pod that is not ready, or was not for the whole window, says little. */
function isUntrusted(pod: KubeObject, metric: PodMetric, nowMs: number): boolean {
  const { conditions = [], startTime } = pod["status"] ?? {};
  const ready = (conditions as readonly Condition[]).find(({ type }) => type === "Ready");
  const started = parseTime(startTime ?? "");
  if (ready === undefined || started === undefined) return true;
  const since = parseTime(ready.lastTransitionTime ?? "") ?? 0;
  if (started + INITIALIZATION_PERIOD > nowMs) return ready.status === "False" || metric.at < since + metric.windowMs;
  return ready.status === "False" && started + INITIAL_READINESS_DELAY > since;
}

/** What the Pods ask for of a resource, in thousandths; `container` "" for all. */
function requestsOf(pods: readonly KubeObject[], resource: string, container: string): Map<string, number> {
  const out = new Map<string, number>();
  for (const pod of pods) {
    let sum = 0;
    const { containers, initContainers = [] } = pod["spec"];
    const sidecars = initContainers.filter((one: { restartPolicy?: string }) => one.restartPolicy === "Always");
    for (const one of [...containers, ...sidecars]) {
      if (container !== "" && one.name !== container) continue;
      const request = one.resources?.requests?.[resource];
      if (request === undefined) {
        throw new MetricError(`missing request for ${resource} in container ${one.name} of Pod ${pod.metadata.name}`);
      }
      sum += milliUnits(request);
    }
    out.set(pod.metadata.name, sum);
  }
  return out;
}

const sumOf = (metrics: PodMetrics): number => {
  let sum = 0;
  for (const { value } of metrics.values()) sum += value;
  return sum;
};

/** How a set of metrics stands to what is aimed at. */
interface Measure {
  ratio: number;
  utilization?: number;
  average: number;
}

/** In percent of what is requested (metrics/utilization.go GetResourceUtilizationRatio). */
function byRequest(requests: ReadonlyMap<string, number>, target: number): (metrics: PodMetrics) => Measure {
  return (metrics) => {
    let used = 0;
    let requested = 0;
    let count = 0;
    for (const [name, { value }] of metrics) {
      const request = requests.get(name);
      if (request === undefined) continue;
      used += value;
      requested += request;
      count++;
    }
    if (requested === 0) throw new MetricError("no metrics returned matched known pods");
    const utilization = Math.trunc((used * 100) / requested);
    return { ratio: utilization / target, utilization, average: Math.trunc(used / count) };
  };
}

/** In absolute numbers (GetMetricUsageRatio). */
function byValue(target: number): (metrics: PodMetrics) => Measure {
  return (metrics) => {
    const average = Math.trunc(sumOf(metrics) / metrics.size);
    return { ratio: average / target, average };
  };
}

/** Replicas for a target in percent of the requests (GetResourceReplicas). Throws MetricError. */
export function replicasForUtilization(
  pods: readonly KubeObject[],
  metrics: PodMetrics,
  current: number,
  target: number,
  resource: string,
  container: string,
  nowMs: number,
): Proposal {
  requirePods(pods);
  const groups = group(pods, metrics, resource, nowMs);
  const requests = requestsOf(pods, resource, container);
  requireMetrics(metrics);
  // What is missing is taken to use all it asked for, or the target where that is more.
  const fallback = (name: string) => Math.trunc(((requests.get(name) ?? 0) * Math.max(100, target)) / 100);
  return propose(groups, metrics, current, byRequest(requests, target), fallback);
}

/** Replicas for a target in thousandths of a core or a byte a Pod (GetRawResourceReplicas). Throws MetricError. */
export function replicasForValue(
  pods: readonly KubeObject[],
  metrics: PodMetrics,
  current: number,
  target: number,
  resource: string,
  nowMs: number,
): Proposal {
  requirePods(pods);
  const groups = group(pods, metrics, resource, nowMs);
  requireMetrics(metrics);
  return propose(groups, metrics, current, byValue(target), () => target);
}

function requirePods(pods: readonly KubeObject[]): void {
  if (pods.length === 0) throw new MetricError("no pods returned by selector while calculating replica count");
}

function requireMetrics(metrics: PodMetrics): void {
  if (metrics.size === 0) {
    throw new MetricError("did not receive metrics for targeted pods (pods might be unready)");
  }
}

/** The number that brings the average to the target, cautious where Pods are not measured. */
function propose(
  groups: Groups,
  metrics: PodMetrics,
  current: number,
  measure: (metrics: PodMetrics) => Measure,
  fallback: (name: string) => number,
): Proposal {
  const { ratio, ...told } = measure(metrics);
  const rebalance = groups.unready.length > 0 && ratio > 1;
  if (!rebalance && groups.missing.length === 0) {
    return { ...told, replicas: within(ratio) ? current : Math.ceil(ratio * groups.ready) };
  }
  const assume = (names: readonly string[], value: (name: string) => number): void => {
    for (const name of names) metrics.set(name, { value: value(name), at: 0, windowMs: 0 });
  };
  if (ratio < 1) assume(groups.missing, fallback);
  else if (ratio > 1) assume(groups.missing, () => 0);
  if (rebalance) assume(groups.unready, () => 0);
  const { ratio: next } = measure(metrics);
  const turned = (ratio < 1 && next > 1) || (ratio > 1 && next < 1);
  if (within(next) || turned) return { ...told, replicas: current };
  const replicas = Math.ceil(next * metrics.size);
  const odd = (next < 1 && replicas > current) || (next > 1 && replicas < current);
  return { ...told, replicas: odd ? current : replicas };
}
