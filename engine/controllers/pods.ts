import { parseTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";

/** Neither finished nor being deleted (controller.IsPodActive). */
export function isActive(pod: KubeObject): boolean {
  const phase = pod.status?.phase;
  return phase !== "Succeeded" && phase !== "Failed" && !pod.metadata.deletionTimestamp;
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastUpdateTime?: string;
}

export function condition(object: KubeObject, type: string): Condition | undefined {
  const conditions = object.status?.conditions as readonly Condition[] | undefined;
  if (conditions) for (const one of conditions) if (one.type === type) return one;
  return undefined;
}

export function isReady(pod: KubeObject): boolean {
  return condition(pod, "Ready")?.status === "True";
}

/** Ready for at least `minReadySeconds` at wall clock `nowMs`. */
export function isAvailable(pod: KubeObject, minReadySeconds: number, nowMs: number): boolean {
  const ready = condition(pod, "Ready");
  if (ready?.status !== "True") return false;
  return minReadySeconds === 0 || parseTime(ready.lastTransitionTime ?? "") + minReadySeconds * 1000 <= nowMs;
}

/** Labels, annotations and spec of a template as a new Pod of `owner`. */
export function podFromTemplate(template: KubeObject, owner: KubeObject): KubeObject {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const metadata = {
    generateName: `${owner.metadata.name}-`,
    namespace: owner.metadata.namespace,
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(finalizers && { finalizers }),
    ownerReferences: [controllerRef(owner)],
  };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: template["spec"] } as unknown as KubeObject;
}

export function controllerRef(owner: KubeObject) {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}
