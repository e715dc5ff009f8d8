import { goDuration, goTime } from "../../api/go-time.ts";
import { SECRETS } from "../../api/resources.ts";
import { StatusError } from "../../api/status.ts";
import { formatTime, parseTime } from "../../api/time.ts";
import { type Gen, type KernelEvent, SECOND, type Task } from "../../kernel/index.ts";
import { isNetError } from "../../network/error.ts";
import { isCriError } from "../runtime/index.ts";
import { drawMs, type KubeletContext, SyncCancelled, SyncError } from "./context.ts";
import { KUBELET } from "./durations.ts";
import type { PodSync } from "./pod-sync.ts";
import type { ProbeManager } from "./probes.ts";
import { runtimePod } from "./runtime-view.ts";
import { podStatus, type WaitReason } from "./status.ts";
import type { StatusManager } from "./status-manager.ts";
import { type Condition, isStatic, type Pod, podFormat, podKey } from "./types.ts";
import type { VolumeManager } from "./volumes.ts";

/** What the workers of all Pods share. */
export interface WorkerParts {
  readonly ctx: KubeletContext;
  readonly sync: PodSync;
  readonly volumes: VolumeManager;
  readonly statuses: StatusManager;
  readonly probes: ProbeManager;
  /** When the Pod's first pull began and its last one ended, in µs. */
  pullTimes(uid: string): readonly [number | undefined, number | undefined];
  /** Makes or repairs the mirror of a static Pod. */
  ensureMirror(pod: Pod): Gen<void>;
  /** False while an older static Pod of the same name ends (allowStaticPodStart). */
  mayStart(pod: Pod): boolean;
  /** The worker has done all there is to do for this Pod. */
  finished(worker: PodWorker): void;
}

/**
 * The life of one Pod on this node, driven by level: `touch` says that something may be off, a task then looks at what
 * is wanted and what runs (pkg/kubelet/pod_workers.go). Terminating never turns back.
 */
export class PodWorker {
  pod: Pod;
  state: "sync" | "terminating" | "terminated" = "sync";
  /** Neither API nor manifest has it any more. */
  gone = false;
  /** A refused Pod: it never runs here. */
  rejected = false;
  private readonly parts: WorkerParts;
  private readonly reasons = new Map<string, WaitReason>();
  private grace: number | undefined;
  private dirty = false;
  private observed = false;
  private task: Task | undefined;
  /** The Pod's metadata as its volumes were last written from: a downward API volume shows them. */
  private mountedFor: Pod["metadata"] | undefined;
  /** The running sync may be broken off: it waits for an image or a volume. */
  private waiting = false;
  private retry: KernelEvent | undefined;
  private refresh: KernelEvent | undefined;
  private deadline: KernelEvent | undefined;

  constructor(parts: WorkerParts, pod: Pod) {
    this.parts = parts;
    this.pod = pod;
  }

  get uid(): string {
    return this.pod.metadata.uid;
  }

  /** Starts the Pod, or asks again later whether it may start. */
  begin(): void {
    if (this.parts.mayStart(this.pod)) this.touch();
    else this.touchWithin(KUBELET.resyncMs);
  }

  touch(): void {
    if (this.state === "terminated" && !this.dirty) return;
    this.dirty = true;
    if (this.task !== undefined) return;
    const { ctx } = this.parts;
    this.task = ctx.spawn(`sync ${podKey(this.pod)}`, this.work());
  }

  /** From now on the Pod only ends. `grace` in s; the Pod's own when undefined. */
  terminate(grace: number | undefined): void {
    if (grace !== undefined && (this.grace === undefined || grace < this.grace)) this.grace = grace;
    if (this.state === "sync") {
      this.state = "terminating";
      if (this.waiting && this.task) this.parts.ctx.kernel.interrupt(this.task);
    }
    this.touch();
  }

  /** Ends the Pod as failed, whatever its containers say. `grace` in s; the Pod's own when undefined. */
  fail(reason: string, message: string, grace?: number, condition?: Condition): void {
    const { ctx, statuses } = this.parts;
    const old = statuses.get(this.uid);
    if (old !== undefined) {
      const at = { lastTransitionTime: formatTime(ctx.kernel.wallMs) };
      const conditions =
        condition === undefined ? {} : { conditions: [{ ...condition, ...at }, ...(old.conditions ?? [])] };
      statuses.set(this.pod, { ...old, phase: "Failed", reason, message, ...conditions });
    }
    this.terminate(grace);
  }

  private *work(): Gen {
    const { ctx } = this.parts;
    try {
      while (this.dirty) {
        this.dirty = false;
        ctx.kernel.cancel(this.retry);
        try {
          yield* this.once();
        } catch (error) {
          this.failed(error);
        }
      }
    } finally {
      this.task = undefined;
    }
  }

  private failed(error: unknown): void {
    const { ctx } = this.parts;
    if (error instanceof SyncCancelled) return;
    const passing = isCriError(error) || error instanceof StatusError || isNetError(error);
    if (!(error instanceof SyncError) && !passing) throw error;
    const transient = error instanceof SyncError && error.reason === "NetworkNotReady";
    if (passing) {
      ctx.log("E", "pod_workers.go:1301", "Error syncing pod, skipping", {
        err: isCriError(error) ? error.rpc : (error as Error).message,
        pod: podKey(this.pod),
        podUID: this.uid,
      });
    }
    this.touchWithin(transient ? KUBELET.transientMs : KUBELET.resyncMs);
  }

  private touchWithin(range: readonly [number, number]): void {
    const { ctx } = this.parts;
    this.retry = ctx.after(drawMs(ctx.random, range), `resync ${podKey(this.pod)}`, () => this.touch());
  }

  private *once(): Gen<void> {
    if (this.state === "sync" && !this.parts.mayStart(this.pod)) return this.touchWithin(KUBELET.resyncMs);
    if (this.state === "sync") yield* this.syncPod();
    if (this.state === "terminating") yield* this.terminatePod();
  }

  private publish(terminal = false): string {
    const { ctx, statuses, probes } = this.parts;
    const status = podStatus(ctx, {
      pod: this.pod,
      runtime: runtimePod(ctx.runtime, this.uid),
      reasons: this.reasons,
      probes,
      old: statuses.get(this.uid) ?? (this.pod.status?.startTime ? this.pod.status : undefined),
      terminal,
    });
    statuses.set(this.pod, status);
    if (!this.observed && status.phase === "Running") this.observeStart();
    return status.phase;
  }

  /** The line by which a Pod's way to Running is measured (pod_startup_latency_tracker.go). */
  private observeStart(): void {
    this.observed = true;
    const { ctx } = this.parts;
    const created = parseTime(this.pod.metadata.creationTimestamp ?? "");
    if (Number.isNaN(created)) return;
    const now = ctx.kernel.wallMs;
    const [from, to] = this.parts.pullTimes(this.uid);
    const whole = Math.max(0, now - created);
    const { pod } = this;
    const stamp = (us: number | undefined): string =>
      us === undefined ? "0001-01-01 00:00:00 +0000 UTC" : goTime(ctx.kernel.epochMs + us / 1000);
    ctx.log("I", "pod_startup_latency_tracker.go:104", "Observed pod startup duration", () => ({
      pod: podKey(pod),
      podStartSLOduration: (whole - (from !== undefined && to !== undefined ? (to - from) / 1000 : 0)) / 1000,
      podStartE2EDuration: goDuration(whole * 1000),
      podCreationTimestamp: goTime(created),
      firstStartedPulling: stamp(from),
      lastFinishedPulling: stamp(to),
      observedRunningTime: goTime(now),
      watchObservedRunningTime: goTime(now),
    }));
  }

  private *syncPod(): Gen<void> {
    const { ctx, volumes, sync, probes } = this.parts;
    const { pod } = this;
    const view = runtimePod(ctx.runtime, this.uid);
    for (const spec of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
      const container = view.latest(spec.name);
      if (container?.state === "running") probes.watch(pod, spec, container);
    }
    const phase = this.publish();
    if (phase === "Succeeded" || phase === "Failed") {
      this.state = "terminating";
      return;
    }
    this.watchDeadline();
    const problem = ctx.runtime.networkNotReady();
    if (problem !== undefined && !pod.spec.hostNetwork) {
      const words = `container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:${problem}`;
      ctx.recorder.event(pod, "Warning", "NetworkNotReady", `network is not ready: ${words}`);
      throw new SyncError("NetworkNotReady", words);
    }
    if (isStatic(pod)) yield* this.parts.ensureMirror(pod);
    const cancelled = (): boolean => this.state !== "sync";
    this.waiting = true;
    try {
      yield* volumes.mountAll(pod, cancelled);
      const { labels, annotations } = this.mountedFor ?? pod.metadata;
      const told = labels !== pod.metadata.labels || annotations !== pod.metadata.annotations;
      const from = volumes.staleFrom(pod) ?? Number.POSITIVE_INFINITY;
      if (from <= ctx.kernel.now || told) yield* volumes.refresh(pod);
      this.mountedFor = pod.metadata;
      this.planRefresh();
      yield* this.lookForPullSecrets();
      yield* sync.sync(pod, this.reasons, cancelled);
    } finally {
      this.waiting = false;
    }
  }

  /** Secrets for pulling images are asked for at every sync; those that are not there are told (kubelet_pods.go getPullSecretsForPod). */
  private *lookForPullSecrets(): Gen {
    const { ctx } = this.parts;
    const { namespace } = this.pod.metadata;
    const lacking: string[] = [];
    for (const { name } of this.pod.spec.imagePullSecrets ?? [])
      if (name && (yield* ctx.objects.get(SECRETS, namespace!, name)) === undefined) lacking.push(name);
    if (lacking.length === 0) return;
    const words = `Unable to retrieve some image pull secrets (${lacking.join(", ")}); attempting to pull the image may not succeed.`;
    ctx.recorder.event(this.pod, "Warning", "FailedToRetrieveImagePullSecret", words);
  }

  /** Something that the Pod refers to has changed. */
  objectsChanged(): void {
    if (this.mountedFor !== undefined) this.planRefresh();
  }

  /**
   * Mounted configMaps and the like are looked at every 60 s to 90 s. Of these looks only the next one that will find
   * something takes place: a change comes anywhere between two of them.
   */
  private planRefresh(looked?: number): void {
    const { ctx, volumes } = this.parts;
    const from = this.state === "sync" ? volumes.staleFrom(this.pod) : undefined;
    if (from === undefined) return;
    const period = drawMs(ctx.random, KUBELET.volumeRefreshMs);
    const at = Math.max(from + ctx.random.int(0, period), looked === undefined ? ctx.kernel.now : looked + period);
    if (this.refresh !== undefined && this.refresh.at <= at) return;
    ctx.kernel.cancel(this.refresh);
    this.refresh = ctx.after(at - ctx.kernel.now, `refresh ${podKey(this.pod)}`, () => {
      this.refresh = undefined;
      if (this.state === "sync") ctx.spawn(`refresh ${podKey(this.pod)}`, this.refreshVolumes());
    });
  }

  private *refreshVolumes(): Gen {
    const { ctx, volumes } = this.parts;
    const { now } = ctx.kernel;
    if ((volumes.staleFrom(this.pod) ?? Number.POSITIVE_INFINITY) <= now) yield* volumes.refresh(this.pod);
    this.planRefresh(now);
  }

  /** spec.activeDeadlineSeconds: the Pod fails when its time is over. */
  private watchDeadline(): void {
    const { ctx } = this.parts;
    const seconds = this.pod.spec.activeDeadlineSeconds;
    if (seconds === undefined || this.deadline !== undefined) return;
    this.deadline = ctx.after(seconds * SECOND, `deadline ${podKey(this.pod)}`, () => {
      if (this.state !== "sync") return;
      const message = "Pod was active on the node longer than the specified deadline";
      ctx.recorder.event(this.pod, "Normal", "DeadlineExceeded", message);
      this.fail("DeadlineExceeded", message);
    });
  }

  private *terminatePod(): Gen<void> {
    const { ctx, volumes, sync, statuses } = this.parts;
    ctx.kernel.cancel(this.refresh);
    ctx.kernel.cancel(this.deadline);
    this.publish();
    yield* sync.killPod(this.pod, this.grace);
    this.publish(true);
    volumes.unmountAll(this.pod);
    this.state = "terminated";
    statuses.finish(this.pod);
    ctx.log("I", "pod_workers.go:1210", "Pod termination", { pod: podFormat(this.pod), podUID: this.uid }, 3);
    this.parts.finished(this);
  }
}
