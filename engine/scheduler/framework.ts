import type { ApiClient } from "../api/client.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen, Kernel } from "../kernel/index.ts";
import type { NodeInfo } from "./node-info.ts";
import { type PodRequests, podRequests } from "./resources.ts";

export const MAX_NODE_SCORE = 100;

/** Why a node is out; `Unresolvable`: removing Pods from it would not help either. */
export interface Rejection {
  code: "Unschedulable" | "UnschedulableAndUnresolvable";
  reasons: string[];
}

/** What happened in the cluster, as plugins are asked whether it may help a Pod they rejected. */
export type ClusterEvent =
  | { type: "NodeAdd" | "NodeUpdate"; node: KubeObject; old?: KubeObject }
  | { type: "AssignedPodAdd" | "AssignedPodUpdate" | "AssignedPodDelete"; pod: KubeObject; old?: KubeObject }
  /** A volume, claim or storage class came or changed. */
  | { type: "VolumeChange"; object: KubeObject }
  /** The waiting Pod itself was changed. */
  | { type: "PodUpdate"; pod: KubeObject; old: KubeObject };

/** Things of the cluster besides nodes that plugins read. */
export interface ClusterView {
  nodes(): readonly NodeInfo[];
  services(namespace: string): readonly KubeObject[];
  /** The controller that owns a Pod, if it is of a kind that has a selector. */
  owner(pod: KubeObject): KubeObject | undefined;
  namespaceLabels(name: string): Record<string, string> | undefined;
  claim(namespace: string, name: string): KubeObject | undefined;
  volume(name: string): KubeObject | undefined;
  volumes(): Iterable<KubeObject>;
  storageClass(name: string): KubeObject | undefined;
  /** PodDisruptionBudgets. */
  budgets(): Iterable<KubeObject>;
}

/** What a plugin works with that prepares the binding of a Pod. */
export interface Binder {
  readonly kernel: Kernel;
  readonly client: ApiClient;
  readonly view: ClusterView;
}

/** One attempt to place one Pod. `memo` keeps what a plugin computes once and uses for every node. */
export class Cycle {
  readonly pod: KubeObject;
  readonly requests: PodRequests;
  readonly view: ClusterView;
  private readonly memo = new Map<string, unknown>();

  constructor(pod: KubeObject, view: ClusterView) {
    this.pod = pod;
    this.requests = podRequests(pod);
    this.view = view;
  }

  once<T>(key: string, compute: () => T): T {
    if (!this.memo.has(key)) this.memo.set(key, compute());
    return this.memo.get(key) as T;
  }

  forget(key: string): void {
    this.memo.delete(key);
  }
}

/**
 * A scheduler plugin; one file each in plugins/, listed in plugins/index.ts, made with the arguments that a profile gives
 * it. Functions must be pure but for `cycle.once`.
 */
export interface Plugin {
  readonly name: string;
  /** `nodes`: only these can do. A rejection ends the attempt. */
  preFilter?(cycle: Cycle): { nodes?: ReadonlySet<string>; rejection?: Rejection } | undefined;
  filter?(cycle: Cycle, node: NodeInfo): Rejection | undefined;
  /** False: nothing to score for this Pod. */
  preScore?(cycle: Cycle, nodes: readonly NodeInfo[]): boolean;
  score?(cycle: Cycle, node: NodeInfo): number;
  /** From raw scores, in the order of `nodes`, to 0 … 100. */
  normalize?(cycle: Cycle, scores: readonly number[], nodes: readonly NodeInfo[]): number[];
  /** Steps before the Pod is bound; a text says why it cannot be. */
  preBind?(pod: KubeObject, node: KubeObject, binder: Binder): Gen<string | undefined>;
  /** May this event make a Pod schedulable that this plugin rejected? (KEP-4247 queueing hints) */
  requeue?(pod: KubeObject, event: ClusterEvent): boolean;
}

/** What runs for the Pods of one scheduler name, each extension point in its own order. */
export interface Profile {
  readonly schedulerName: string;
  readonly preFilter: readonly Plugin[];
  readonly filter: readonly Plugin[];
  readonly score: readonly { plugin: Plugin; weight: number }[];
  readonly preBind: readonly Plugin[];
  /** Pods of lower priority may have to give way: DefaultPreemption is a PostFilter plugin here. */
  readonly preempts: boolean;
}

export function unschedulable(...reasons: string[]): Rejection {
  return { code: "Unschedulable", reasons };
}

export function unresolvable(...reasons: string[]): Rejection {
  return { code: "UnschedulableAndUnresolvable", reasons };
}

/** Stretches scores to 0 … 100; `reverse`: much is bad (plugins/helper/normalize_score.go). */
export function defaultNormalize(scores: readonly number[], reverse: boolean): number[] {
  const max = Math.max(0, ...scores);
  if (max === 0) return scores.map(() => (reverse ? MAX_NODE_SCORE : 0));
  return scores.map((score) => {
    const stretched = Math.floor((MAX_NODE_SCORE * score) / max);
    return reverse ? MAX_NODE_SCORE - stretched : stretched;
  });
}

export interface ScoreEntry {
  raw: number;
  normalized: number;
  weighted: number;
}

/** Everything an attempt found, for the grader and the pages. */
export interface Decision {
  /** Virtual time, µs. */
  at: number;
  /** `namespace/name`. */
  pod: string;
  uid: string;
  attempt: number;
  /** Nodes that were out, each with the first plugin that said so. */
  rejected: { node: string; plugin: string; reasons: readonly string[] }[];
  feasible: string[];
  /** Empty when a single node was feasible: then nothing is scored. */
  scores: { node: string; plugins: Record<string, ScoreEntry>; total: number }[];
  winner?: string;
  /** Why there is none, in the words of the event. */
  message?: string;
  nominated?: string;
}
