import type { ApiClient } from "../api/client.ts";
import { conditionPatch } from "../api/condition-patch.ts";
import { PODS } from "../api/resources.ts";
import { isStatus, StatusError } from "../api/status.ts";
import { formatTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen, Kernel } from "../kernel/index.ts";
import { isNetError } from "../network/error.ts";

export interface Unscheduled {
  client: ApiClient;
  kernel: Kernel;
  pod: KubeObject;
  reason: "Unschedulable" | "SchedulerError";
  message: string;
  /** The node that was promised; empty: none any more, absent: as before. */
  nominated: string | undefined;
}

/** Says in a Pod's condition PodScheduled why it has no node (schedule_one.go updatePod). Returns what went wrong with that. */
export function* tellUnscheduled({
  client,
  kernel,
  pod,
  reason,
  message,
  nominated,
}: Unscheduled): Gen<string | undefined> {
  const before = (pod.status?.conditions ?? []).find((c: { type: string }) => c.type === "PodScheduled");
  const promised: string = pod.status?.nominatedNodeName ?? "";
  const named = nominated ?? promised;
  const same = before?.status === "False" && before.reason === reason && before.message === message;
  if (same && named === promised) return undefined;
  const condition = {
    type: "PodScheduled",
    status: "False",
    reason,
    message,
    lastProbeTime: null,
    lastTransitionTime: before?.status === "False" ? before.lastTransitionTime : formatTime(kernel.wallMs),
  };
  const status = {
    ...conditionPatch(pod, condition),
    ...(named || promised ? { nominatedNodeName: named || null } : {}),
  };
  try {
    yield* client.patch(PODS, pod.metadata.namespace, pod.metadata.name, { status }, "strategic", "status");
  } catch (error) {
    if (!(error instanceof StatusError) && !isNetError(error)) throw error;
    if (!isStatus(error, "NotFound")) return error.message;
  }
  return undefined;
}
