import { PODS } from "../../api/resources.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import { deepEqual } from "../../api/validation/value.ts";
import type { Gen } from "../../kernel/index.ts";
import { isNetError } from "../../network/error.ts";
import { drawMs, type KubeletContext } from "./context.ts";
import { KUBELET } from "./durations.ts";
import type { Condition, Pod, PodStatus } from "./types.ts";
import { podKey } from "./types.ts";

interface Entry {
  pod: Pod;
  status: PodStatus;
  /** What the API was last told. */
  sent: PodStatus | undefined;
  /** The object as the last write left it. */
  last: Pod | undefined;
  working: boolean;
  /** All is stopped and cleaned up: the object may go. */
  finished: boolean;
}

const OWN = new Set(["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]);

/** Brings the statuses of this node's Pods to the API, each when it changed (pkg/kubelet/status/status_manager.go). */
export class StatusManager {
  private readonly ctx: KubeletContext;
  private readonly entries = new Map<string, Entry>();
  /** The Pod as the API knows it: the mirror of a static Pod. */
  private readonly apiPod: (pod: Pod) => Pod | undefined;

  constructor(ctx: KubeletContext, apiPod: (pod: Pod) => Pod | undefined) {
    this.ctx = ctx;
    this.apiPod = apiPod;
  }

  get(uid: string): PodStatus | undefined {
    return this.entries.get(uid)?.status;
  }

  set(pod: Pod, status: PodStatus): void {
    const { uid } = pod.metadata;
    let entry = this.entries.get(uid);
    if (entry === undefined) {
      entry = { pod, status, sent: undefined, last: undefined, working: false, finished: false };
      this.entries.set(uid, entry);
    }
    entry.pod = pod;
    const same = deepEqual(entry.status, status);
    if (!same) entry.status = status;
    else if (isSent(entry)) return;
    this.sync(entry);
  }

  /** Everything of the Pod is gone from the node: after the last status the object is deleted. */
  finish(pod: Pod): void {
    const entry = this.entries.get(pod.metadata.uid);
    if (entry === undefined) return;
    entry.finished = true;
    entry.pod = pod;
    this.sync(entry);
  }

  forget(uid: string): void {
    this.entries.delete(uid);
  }

  /** A mirror Pod has appeared, or the API has another state than this node. */
  refresh(uid: string): void {
    const entry = this.entries.get(uid);
    if (entry === undefined) return;
    entry.sent = undefined;
    entry.last = undefined;
    this.sync(entry);
  }

  private sync(entry: Entry): void {
    if (entry.working) return;
    entry.working = true;
    this.ctx.spawn(`status ${podKey(entry.pod)}`, this.work(entry));
  }

  private *work(entry: Entry): Gen {
    try {
      for (;;) {
        const pod = this.apiPod(entry.pod);
        if (pod === undefined) return;
        if (!isSent(entry)) {
          const { status } = entry;
          if (!(yield* this.send(entry, pod))) return;
          entry.sent = status;
          continue;
        }
        if (entry.finished && pod.metadata.deletionTimestamp) yield* this.remove(pod);
        return;
      }
    } catch (error) {
      if (!(error instanceof StatusError) && !isNetError(error)) throw error;
      const { log, random } = this.ctx;
      log("W", "status_manager.go:890", "Failed to update status for pod", {
        pod: podKey(entry.pod),
        err: error.message,
      });
      this.ctx.after(drawMs(random, KUBELET.resyncMs), `status retry ${podKey(entry.pod)}`, () => {
        if (this.entries.get(entry.pod.metadata.uid) === entry) this.sync(entry);
      });
    } finally {
      entry.working = false;
    }
  }

  /** False when the object is gone or another one has its name. */
  private *send(entry: Entry, pod: Pod): Gen<boolean> {
    const { client } = this.ctx;
    const { namespace, name, uid } = pod.metadata;
    let current = entry.last && version(entry.last) > version(pod) ? entry.last : pod;
    for (let fresh = false; ; fresh = true) {
      if (current.metadata.uid !== uid) return false;
      const { resourceVersion } = current.metadata;
      const patch = { metadata: { uid, resourceVersion }, status: merged(entry.status, current) };
      try {
        entry.last = yield* client.patch<Pod>(PODS, namespace, name, patch, "merge", "status");
        return true;
      } catch (error) {
        if (isStatus(error, "NotFound")) return false;
        if (!isStatus(error, "Conflict") || fresh) throw error;
      }
      // Somebody else wrote meanwhile: once more, on what there is now.
      try {
        current = yield* client.get<Pod>(PODS, namespace, name);
      } catch (error) {
        if (isStatus(error, "NotFound")) return false;
        throw error;
      }
    }
  }

  private *remove(pod: Pod): Gen<void> {
    const { namespace, name, uid } = pod.metadata;
    try {
      yield* this.ctx.client.delete(PODS, namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
    }
    this.ctx.log("I", "status_manager.go:900", "Pod fully terminated and removed from etcd", { pod: podKey(pod) }, 3);
  }
}

function isSent(entry: Entry): boolean {
  if (entry.sent !== entry.status && entry.sent !== undefined && deepEqual(entry.sent, entry.status)) {
    entry.sent = entry.status;
  }
  return entry.sent === entry.status;
}

function version(pod: Pod): number {
  return Number(pod.metadata.resourceVersion);
}

/** A merge patch of the status: lists whole, conditions of others kept, null for what is no longer so. */
function merged(status: PodStatus, current: Pod): Record<string, unknown> {
  const own = new Set(status.conditions?.map(({ type }) => type));
  const others = (current.status?.conditions ?? []).filter(({ type }: Condition) => !OWN.has(type) && !own.has(type));
  const patch: Record<string, unknown> = { ...status, conditions: [...(status.conditions ?? []), ...others] };
  for (const key of Object.keys(current.status ?? {})) {
    if (!(key in patch) && key !== "nominatedNodeName" && key !== "resize") patch[key] = null;
  }
  return patch;
}
