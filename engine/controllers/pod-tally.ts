import { hasLabels, type LabelSelector, matchesSelector } from "../api/label-selector.ts";
import type { KubeObject } from "../api/types.ts";
import { isActive, isAvailable, isReady } from "./pods.ts";

/** How many Pods a set has: those that live and match its selector. */
export interface PodCount {
  readonly active: number;
  readonly ready: number;
  readonly available: number;
  /** With every label of the template. */
  readonly full: number;
}

/** Counts active Pods of a set at wall clock `nowMs`. */
export function countPods(set: KubeObject, pods: readonly KubeObject[], nowMs: number): PodCount {
  const minReady: number = set.spec.minReadySeconds ?? 0;
  const labels = set.spec.template.metadata?.labels;
  return {
    active: pods.length,
    ready: pods.filter(isReady).length,
    available: pods.filter((pod) => isAvailable(pod, minReady, nowMs)).length,
    full: pods.filter((pod) => hasLabels(labels, pod.metadata.labels)).length,
  };
}

const ACTIVE = 1;
const READY = 2;
const FULL = 4;
const STRANGER = 8;

/** A set's own Pods counted as they come, change and go, so that a look at the set does not walk them all. */
export class PodTally {
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** `spec.selector` of the set as it stood: with `labels`, what the count follows from. */
  readonly source: object | undefined;
  /** Owned Pods that the selector does not match. */
  strangers = 0;
  private readonly selector: LabelSelector | undefined;
  private active = 0;
  private ready = 0;
  private full = 0;
  /** As what each Pod was counted, by uid. */
  private readonly counted = new Map<string, number>();

  /** `labels`: those of the template. */
  constructor(
    selector: LabelSelector | undefined,
    labels: Readonly<Record<string, string>> | undefined,
    source: object | undefined,
  ) {
    this.selector = selector;
    this.labels = labels;
    this.source = source;
  }

  put(pod: KubeObject): void {
    const { uid, labels } = pod.metadata;
    let as = 0;
    if (!matchesSelector(this.selector, labels)) as = STRANGER;
    else if (isActive(pod)) as = ACTIVE | (isReady(pod) ? READY : 0) | (hasLabels(this.labels, labels) ? FULL : 0);
    const before = this.counted.get(uid) ?? 0;
    if (as === before) return;
    this.counted.set(uid, as);
    this.add(before, -1);
    this.add(as, 1);
  }

  drop(uid: string): void {
    this.add(this.counted.get(uid) ?? 0, -1);
    this.counted.delete(uid);
  }

  private add(as: number, by: number): void {
    if (as & ACTIVE) this.active += by;
    if (as & READY) this.ready += by;
    if (as & FULL) this.full += by;
    if (as & STRANGER) this.strangers += by;
  }

  /** Without a time to wait what is ready is available. */
  count(): PodCount {
    return { active: this.active, ready: this.ready, available: this.ready, full: this.full };
  }
}
