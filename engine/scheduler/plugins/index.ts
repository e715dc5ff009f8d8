import type { Plugin } from "../framework.ts";
import { imageLocality } from "./image-locality.ts";
import { interPodAffinity } from "./inter-pod-affinity.ts";
import { nodeAffinity } from "./node-affinity.ts";
import { nodeName } from "./node-name.ts";
import { nodePorts } from "./node-ports.ts";
import { nodeResourcesBalancedAllocation } from "./node-resources-balanced-allocation.ts";
import { nodeResourcesFit } from "./node-resources-fit.ts";
import { nodeUnschedulable } from "./node-unschedulable.ts";
import { podTopologySpread } from "./pod-topology-spread.ts";
import { taintToleration } from "./taint-toleration.ts";
import { volumeBinding } from "./volume-binding.ts";
import { volumeRestrictions } from "./volume-restrictions.ts";
import { volumeZone } from "./volume-zone.ts";

/** Where a plugin may be enabled, in the order in which a profile is put together (framework/runtime getExtensionPoints). */
export const EXTENSION_POINTS = [
  "preFilter",
  "filter",
  "postFilter",
  "reserve",
  "preScore",
  "score",
  "preBind",
  "bind",
  "postBind",
  "permit",
  "preEnqueue",
  "queueSort",
] as const;
export type ExtensionPoint = (typeof EXTENSION_POINTS)[number];

export interface Registered {
  /** What upstream's plugin of the name implements. */
  readonly at: readonly ExtensionPoint[];
  /** The plugin with its arguments; absent where the scheduler does itself what it is about. */
  // biome-ignore lint/suspicious/noExplicitAny: arguments of a configuration file, checked when it is read
  readonly make?: (args: any) => Plugin;
  /** Its weight in the default profile. */
  readonly weight?: number;
}

const FILTERS = ["preFilter", "filter"] as const;
const SCORES = ["preScore", "score"] as const;

/**
 * Plugins that there are (framework/plugins/registry.go), in the order of the default profile of 1.32
 * (apis/config/v1/default_plugins.go).
 */
export const REGISTRY: Readonly<Record<string, Registered>> = {
  SchedulingGates: { at: ["preEnqueue"] },
  PrioritySort: { at: ["queueSort"] },
  NodeUnschedulable: { at: ["filter"], make: () => nodeUnschedulable },
  NodeName: { at: ["filter"], make: () => nodeName },
  TaintToleration: { at: ["filter", ...SCORES], make: () => taintToleration, weight: 3 },
  NodeAffinity: { at: [...FILTERS, ...SCORES], make: nodeAffinity, weight: 2 },
  NodePorts: { at: FILTERS, make: () => nodePorts },
  NodeResourcesFit: { at: [...FILTERS, ...SCORES], make: nodeResourcesFit, weight: 1 },
  VolumeRestrictions: { at: FILTERS, make: () => volumeRestrictions },
  NodeVolumeLimits: { at: FILTERS },
  VolumeBinding: { at: [...FILTERS, "reserve", ...SCORES, "preBind"], make: () => volumeBinding },
  VolumeZone: { at: FILTERS, make: () => volumeZone },
  PodTopologySpread: { at: [...FILTERS, ...SCORES], make: podTopologySpread, weight: 2 },
  InterPodAffinity: { at: [...FILTERS, ...SCORES], make: interPodAffinity, weight: 2 },
  DefaultPreemption: { at: ["postFilter"] },
  NodeResourcesBalancedAllocation: { at: SCORES, make: nodeResourcesBalancedAllocation, weight: 1 },
  ImageLocality: { at: ["score"], make: () => imageLocality, weight: 1 },
  DefaultBinder: { at: ["bind"] },
};
