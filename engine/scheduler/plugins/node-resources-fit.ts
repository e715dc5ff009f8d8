import type { KubeObject } from "../../api/types.ts";
import { type Cycle, MAX_NODE_SCORE, type Plugin, unschedulable } from "../framework.ts";
import { NodeInfo } from "../node-info.ts";
import { podRequests } from "../resources.ts";

export interface ScoringStrategy {
  type?: "LeastAllocated" | "MostAllocated" | "RequestedToCapacityRatio";
  resources?: readonly { name: string; weight?: number }[];
  requestedToCapacityRatio?: { shape?: readonly ShapePoint[] };
}

export interface ShapePoint {
  /** Per cent. */
  utilization: number;
  /** 0 to 10. */
  score: number;
}

export interface FitArgs {
  ignoredResources?: readonly string[];
  ignoredResourceGroups?: readonly string[];
  scoringStrategy?: ScoringStrategy;
}

const USUAL = [{ name: "cpu" }, { name: "memory" }];

/** What is missing on the node, in upstream's order and words (fitsRequest). */
export function insufficient(pod: KubeObject, node: NodeInfo, args: FitArgs = {}): string[] {
  const { requests } = podRequests(pod);
  const missing: string[] = [];
  if (node.pods.size + 1 > (node.allocatable["pods"] ?? 0)) missing.push("Too many pods");
  const lacks = (name: string) => {
    const wanted = requests[name] ?? 0;
    return wanted > 0 && wanted > (node.allocatable[name] ?? 0) - (node.requested[name] ?? 0);
  };
  for (const name of ["cpu", "memory", "ephemeral-storage"]) if (lacks(name)) missing.push(`Insufficient ${name}`);
  for (const name in requests) {
    if (name === "cpu" || name === "memory" || name === "ephemeral-storage") continue;
    if (isIgnored(name, args)) continue;
    if (lacks(name)) missing.push(`Insufficient ${name}`);
  }
  return missing;
}

/** Of extended resources alone: some other scheduler extender minds them. */
function isIgnored(name: string, { ignoredResources = [], ignoredResourceGroups = [] }: FitArgs): boolean {
  return ignoredResources.includes(name) || ignoredResourceGroups.includes(name.replace(/\/.*/s, ""));
}

/** What one resource earns, of `requested` of `capacity`. */
type Earning = (requested: number, capacity: number) => number;

/** 0 when full, 100 when empty. */
const least: Earning = (requested, capacity) =>
  requested > capacity ? 0 : Math.floor(((capacity - requested) * MAX_NODE_SCORE) / capacity);

/** 100 when full, 0 when empty. */
const most: Earning = (requested, capacity) => Math.floor((Math.min(requested, capacity) * MAX_NODE_SCORE) / capacity);

/** A line through the points, level before the first and behind the last (helper/shape_score.go). */
function ratio(shape: readonly ShapePoint[]): Earning {
  const points = shape.map(({ utilization, score }) => ({ at: utilization, score: (score * MAX_NODE_SCORE) / 10 }));
  const raw = (used: number) => {
    for (const [i, point] of points.entries()) {
      if (used > point.at) continue;
      const before = points[i - 1];
      if (before === undefined) return point.score;
      return before.score + Math.trunc(((point.score - before.score) * (used - before.at)) / (point.at - before.at));
    }
    return points.at(-1)?.score ?? 0;
  };
  return (requested, capacity) => raw(requested > capacity ? 100 : Math.floor((requested * 100) / capacity));
}

function weigh({ type, resources = USUAL, requestedToCapacityRatio }: ScoringStrategy) {
  const byRatio = type === "RequestedToCapacityRatio";
  const earning = byRatio ? ratio(requestedToCapacityRatio?.shape ?? []) : type === "MostAllocated" ? most : least;
  return (cycle: Cycle, node: NodeInfo): number => {
    let sum = 0;
    let weights = 0;
    for (const { name, weight = 1 } of resources) {
      const capacity = node.allocatable[name] ?? 0;
      const usual = name === "cpu" || name === "memory";
      const wanted = usual ? cycle.requests.nonZero[name] : (cycle.requests.requests[name] ?? 0);
      // An extended resource that the Pod does not ask for says nothing about the node.
      if (capacity === 0 || (!usual && wanted === 0)) continue;
      const score = earning((usual ? node.nonZero[name] : (node.requested[name] ?? 0)) + wanted, capacity);
      if (byRatio && score <= 0) continue;
      sum += score * weight;
      weights += weight;
    }
    if (weights === 0) return 0;
    return byRatio ? Math.round(sum / weights) : Math.floor(sum / weights);
  };
}

/** Requests must fit; by default the emptier node is better: strategy LeastAllocated over cpu and memory (plugins/noderesources). */
export function nodeResourcesFit(args: FitArgs = {}): Plugin {
  return {
    name: "NodeResourcesFit",
    filter: (cycle, node) => {
      const missing = insufficient(cycle.pod, node, args);
      return missing.length > 0 ? unschedulable(...missing) : undefined;
    },
    score: weigh(args.scoringStrategy ?? {}),
    requeue: (pod, event) => {
      switch (event.type) {
        case "AssignedPodDelete":
          return true;
        case "AssignedPodUpdate":
          return event.pod.spec !== event.old?.spec;
        case "NodeAdd":
        case "NodeUpdate":
          return insufficient(pod, new NodeInfo(event.node), args).length === 0;
        case "PodUpdate":
          return true;
        default:
          return false;
      }
    },
  };
}
