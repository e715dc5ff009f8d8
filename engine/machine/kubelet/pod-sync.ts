import { goDuration } from "../../api/go-time.ts";
import type { Gen } from "../../kernel/index.ts";
import { join } from "../../kernel/index.ts";
import { type Container, isCriError, type Sandbox } from "../runtime/index.ts";
import { BackOff } from "./backoff.ts";
import { containerConfig, containerHash, SandboxConfigError, sandboxConfig } from "./container-config.ts";
import { type KubeletContext, SyncCancelled, SyncError } from "./context.ts";
import { KUBELET } from "./durations.ts";
import { runHandler } from "./handlers.ts";
import type { ImageManager } from "./image-manager.ts";
import type { ProbeManager } from "./probes.ts";
import { type RuntimePod, runtimePod } from "./runtime-view.ts";
import { podIps, type WaitReason, willRestart } from "./status.ts";
import { aggregate, failedTo } from "./sync-result.ts";
import { type ContainerSpec, fieldPath, isSidecar, type Pod, podFormat, podKey } from "./types.ts";

/** What the runtime has of a Pod, and what of it this sync has killed: `changed` for their definition. */
interface Found {
  view: RuntimePod;
  killed: ReadonlySet<string>;
  changed: ReadonlySet<string>;
}

/** Brings sandbox and containers of one Pod to what its specification wants (pkg/kubelet/kuberuntime SyncPod, KillPod). */
export class PodSync {
  private readonly ctx: KubeletContext;
  private readonly images: ImageManager;
  private readonly probes: ProbeManager;
  private readonly backOff = new BackOff();
  /** Containers whose first back-off was brought to their status early. */
  private readonly shown = new Set<string>();

  constructor(ctx: KubeletContext, images: ImageManager, probes: ProbeManager) {
    this.ctx = ctx;
    this.images = images;
    this.probes = probes;
  }

  /**
   * One sync. `reasons` is filled with why containers wait. Throws SyncError when something is to be tried again later,
   * SyncCancelled when the Pod is to end.
   */
  *sync(pod: Pod, reasons: Map<string, WaitReason>, cancelled: () => boolean): Gen<void> {
    let view = runtimePod(this.ctx.runtime, pod.metadata.uid);
    let sandbox = view.sandboxes[0];
    if (sandbox !== undefined && sandbox.state !== "ready") {
      if (!this.wantsSandbox(pod, view)) return;
      const words = "Pod sandbox changed, it will be killed and re-created.";
      this.ctx.recorder.event(pod, "Normal", "SandboxChanged", words);
      const failed = yield* this.killAll(pod, view, undefined, undefined);
      if (failed.length > 0) throw new SyncError("KillContainerError", aggregate(failed));
      yield* this.ctx.runtime.stopPodSandbox(sandbox.id);
    }
    if (sandbox === undefined || sandbox.state !== "ready") {
      if (!this.wantsSandbox(pod, view)) return;
      sandbox = yield* this.createSandbox(pod, (sandbox?.config.metadata.attempt ?? -1) + 1);
      view = runtimePod(this.ctx.runtime, pod.metadata.uid);
    }
    if (cancelled()) throw new SyncCancelled();
    const ended = yield* this.killUnwanted(pod, view);
    view = runtimePod(this.ctx.runtime, pod.metadata.uid);
    const failure = yield* this.startWanted(pod, sandbox, { view, ...ended }, reasons, cancelled);
    if (failure) throw failure;
  }

  /** A Pod all of whose containers have ended for good gets no new sandbox. */
  private wantsSandbox(pod: Pod, view: RuntimePod): boolean {
    if (view.containers.length === 0) return true;
    return pod.spec.containers.some((spec) => {
      const latest = view.latest(spec.name);
      return latest === undefined || latest.state === "running" || willRestart(pod, spec, latest, false);
    });
  }

  private *createSandbox(pod: Pod, attempt: number): Gen<Sandbox> {
    const { runtime, recorder, log } = this.ctx;
    log("I", "util.go:48", "No ready sandbox for pod can be found. Need to start a new one", { pod: podKey(pod) });
    try {
      const sandbox = yield* runtime.runPodSandbox(sandboxConfig(this.ctx, pod, attempt));
      this.ctx.tally.started("podSandbox");
      this.ctx.tally.pods++;
      return sandbox;
    } catch (error) {
      const why = isCriError(error) ? error.rpc : error instanceof SandboxConfigError ? error.message : undefined;
      if (why === undefined) throw error;
      const words = `Failed to create pod sandbox: ${why}`;
      recorder.event(pod, "Warning", "FailedCreatePodSandBox", words);
      log("E", "kuberuntime_sandbox.go:72", "Failed to create sandbox for pod", { err: why, pod: podKey(pod) });
      throw new SyncError(
        "CreatePodSandboxError",
        failedTo("CreatePodSandbox", podFormat(pod), "CreatePodSandboxError", words),
      );
    }
  }

  /** Stops containers that failed their probes or whose definition changed; says which. */
  private *killUnwanted(pod: Pod, view: RuntimePod): Gen<Omit<Found, "view">> {
    const killed = new Set<string>();
    const changed = new Set<string>();
    for (const spec of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
      const container = view.latest(spec.name);
      if (container?.state !== "running") continue;
      const probe = this.probes.unhealthy(container.id);
      if (probe) {
        const grace = (probe === "liveness" ? spec.livenessProbe : spec.startupProbe)?.terminationGracePeriodSeconds;
        yield* this.kill(
          pod,
          spec,
          container,
          `Container ${spec.name} failed ${probe} probe${pod.spec.restartPolicy === "Never" ? "" : ", will be restarted"}`,
          grace,
        );
        killed.add(container.id);
      } else if (container.config.annotations["io.kubernetes.container.hash"] !== containerHash(spec)) {
        yield* this.kill(pod, spec, container, `Container ${spec.name} definition changed, will be restarted`);
        killed.add(container.id);
        changed.add(container.id);
      }
    }
    return { killed, changed };
  }

  private *startWanted(
    pod: Pod,
    sandbox: Sandbox,
    found: Found,
    reasons: Map<string, WaitReason>,
    cancelled: () => boolean,
  ): Gen<SyncError | undefined> {
    const { view } = found;
    // Debugging containers run once, whatever the others do (computePodActions EphemeralContainersToStart).
    for (const spec of pod.spec.ephemeralContainers ?? []) {
      if (view.latest(spec.name) === undefined) {
        yield* this.tryStart(pod, sandbox, spec, found, reasons, cancelled);
      }
    }
    for (const spec of pod.spec.initContainers ?? []) {
      const step = this.initStep(pod, spec, sandbox);
      if (step === "done") {
        reasons.delete(spec.name);
        continue;
      }
      if (step === "wait" || step === "failed") return undefined;
      const failure = yield* this.tryStart(pod, sandbox, spec, found, reasons, cancelled);
      if (failure) return failure;
      // A sidecar without a startup probe counts as started at once; the others are waited for.
      if (!isSidecar(spec) || spec.startupProbe) return undefined;
    }
    let failure: SyncError | undefined;
    for (const spec of pod.spec.containers) {
      const latest = view.latest(spec.name);
      if (latest?.state === "running") continue;
      // A changed definition starts anew whatever the restart policy says (computePodActions).
      const again = latest !== undefined && found.changed.has(latest.id);
      if (latest?.state === "exited" && !again && !willRestart(pod, spec, latest, false)) continue;
      failure = (yield* this.tryStart(pod, sandbox, spec, found, reasons, cancelled)) ?? failure;
    }
    return failure;
  }

  private initStep(pod: Pod, spec: ContainerSpec, sandbox: Sandbox): "done" | "wait" | "start" | "failed" {
    // What ran in an earlier sandbox does not count: a new one initializes anew (podStatus.ActiveContainerStatuses).
    const active = (name: string): Container | undefined =>
      sandbox.containers.findLast((one) => one.config.metadata.name === name);
    const latest = active(spec.name);
    const mainRan = pod.spec.containers.some((one) => active(one.name) !== undefined);
    if (isSidecar(spec)) {
      if (latest?.state === "running") return this.probes.started(latest.id, spec) ? "done" : "wait";
      return "start";
    }
    if (mainRan) return "done";
    if (latest === undefined) return "start";
    if (latest.state === "running") return "wait";
    if (latest.state === "exited" && latest.exitCode === 0) return "done";
    return pod.spec.restartPolicy === "Never" ? "failed" : "start";
  }

  private *tryStart(
    pod: Pod,
    sandbox: Sandbox,
    spec: ContainerSpec,
    { view, killed }: Found,
    reasons: Map<string, WaitReason>,
    cancelled: () => boolean,
  ): Gen<SyncError | undefined> {
    const latest = view.latest(spec.name);
    try {
      this.checkBackOff(
        pod,
        spec,
        view.runs(spec.name).find((run) => run.state === "exited" && !killed.has(run.id)),
      );
      yield* this.start(pod, sandbox, spec, latest, cancelled);
      reasons.delete(spec.name);
      return undefined;
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      reasons.set(spec.name, { reason: error.reason, message: error.message });
      this.ctx.log("E", "pod_workers.go:1301", "Error syncing pod, skipping", {
        err: failedTo("StartContainer", spec.name, error.reason, error.message),
        pod: podKey(pod),
        podUID: pod.metadata.uid,
      });
      return error;
    }
  }

  /**
   * Throws SyncError CrashLoopBackOff while the container's delay lasts. `latest` is the run that had ended when the
   * sync began: one that this sync killed for its probe counts with the next end only (kuberuntime doBackOff).
   */
  private checkBackOff(pod: Pod, spec: ContainerSpec, latest: Container | undefined): void {
    if (latest === undefined) return;
    const { kernel, recorder } = this.ctx;
    const key = `${pod.metadata.uid}_${spec.name}_${containerHash(spec)}`;
    if (this.backOff.waitsSince(key, latest.finishedAt, kernel.now)) {
      const format = podFormat(pod);
      recorder.event(
        pod,
        "Warning",
        "BackOff",
        `Back-off restarting failed container ${spec.name} in pod ${format}`,
        fieldPath(pod, spec.name),
      );
      // After its first restart a container that fails at once is looked at again with the PLEG's next events; later
      // ones show their back-off with the sync that follows in 10 s to 15 s.
      if (latest.config.metadata.attempt === 1 && !this.shown.has(latest.id)) {
        this.shown.add(latest.id);
        this.ctx.after(KUBELET.plegPeriod, `pleg ${podKey(pod)}`, () => this.ctx.touch(pod.metadata.uid));
      }
      const delay = goDuration(this.backOff.delay(key));
      throw new SyncError(
        "CrashLoopBackOff",
        `back-off ${delay} restarting failed container=${spec.name} pod=${format}`,
      );
    }
    this.backOff.next(key, latest.finishedAt, kernel.now);
  }

  private *start(
    pod: Pod,
    sandbox: Sandbox,
    spec: ContainerSpec,
    latest: Container | undefined,
    cancelled: () => boolean,
  ): Gen<void> {
    const { runtime, recorder } = this.ctx;
    const path = fieldPath(pod, spec.name);
    const tell = (type: "Normal" | "Warning", reason: string, message: string): void =>
      recorder.event(pod, type, reason, message, path);
    let image: { def: { user?: string } };
    try {
      image = yield* this.images.ensure(pod, spec, cancelled);
    } catch (error) {
      if (error instanceof SyncError) tell("Warning", "Failed", `Error: ${error.reason}`);
      throw error;
    }
    if (cancelled()) throw new SyncCancelled();
    const attempt = latest === undefined ? 0 : latest.config.metadata.attempt + 1;
    const view = runtimePod(runtime, pod.metadata.uid);
    yield* this.removeOld(view, spec.name);
    let container: Container;
    try {
      const ips = podIps(this.ctx, pod, view);
      const config = yield* containerConfig(this.ctx, pod, spec, attempt, ips, { user: image.def.user ?? "" });
      container = yield* runtime.createContainer(sandbox.id, config);
    } catch (error) {
      if (error instanceof SyncError) {
        tell("Warning", "Failed", `Error: ${error.message}`);
        throw error;
      }
      if (!isCriError(error)) throw error;
      tell("Warning", "Failed", `Error: ${error.message}`);
      throw new SyncError("CreateContainerError", error.message);
    }
    tell("Normal", "Created", `Created container: ${spec.name}`);
    try {
      yield* runtime.startContainer(container.id);
    } catch (error) {
      if (!isCriError(error)) throw error;
      tell("Warning", "Failed", `Error: ${error.message}`);
      throw new SyncError("RunContainerError", error.message);
    }
    this.ctx.tally.started(typeOf(pod, spec));
    tell("Normal", "Started", `Started container ${spec.name}`);
    yield* this.postStart(pod, spec, container);
  }

  private *postStart(pod: Pod, spec: ContainerSpec, container: Container): Gen<void> {
    const hook = spec.lifecycle?.postStart;
    if (hook === undefined) return;
    const { outcome, output } = yield* runHandler(this.ctx, pod, spec, container, hook, 600_000_000);
    if (outcome === "success") return;
    this.ctx.log("E", "kuberuntime_container.go:333", "Failed to execute PostStartHook", {
      err: output,
      pod: podKey(pod),
      containerName: spec.name,
    });
    this.ctx.recorder.event(pod, "Warning", "FailedPostStartHook", "PostStartHook failed", fieldPath(pod, spec.name));
    yield* this.kill(pod, spec, container, "FailedPostStartHook");
    throw new SyncError("PostStartHookError", "PostStartHook failed");
  }

  /** Keeps one ended run of a container, for `logs --previous` (MaxPerPodContainer 1). */
  private *removeOld(view: RuntimePod, name: string): Gen<void> {
    const runs = view.runs(name).filter((run) => run.state !== "running");
    for (const old of runs.slice(1)) {
      this.probes.forget(old.id);
      old.log.dir.entries?.delete(old.log.name);
      yield* this.ctx.runtime.removeContainer(old.id);
    }
  }

  /** preStop, stop signal, SIGKILL after the grace period (kuberuntime killContainer). `grace` in s. */
  *kill(pod: Pod, spec: ContainerSpec, container: Container, message: string, grace?: number): Gen<void> {
    if (container.state !== "running") return;
    const { ctx } = this;
    let left = grace ?? pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
    const words = message || `Stopping container ${spec.name}`;
    ctx.recorder.event(pod, "Normal", "Killing", words, fieldPath(pod, spec.name));
    ctx.log("I", "kuberuntime_container.go:808", "Killing container with a grace period", {
      pod: podKey(pod),
      podUID: pod.metadata.uid,
      containerName: spec.name,
      containerID: `containerd://${container.id}`,
      gracePeriod: left,
    });
    this.probes.forget(container.id);
    container.stopping = true;
    const hook = spec.lifecycle?.preStop;
    if (hook && left > 0) {
      const began = ctx.kernel.now;
      const { outcome, output } = yield* runHandler(ctx, pod, spec, container, hook, left * 1_000_000);
      if (outcome !== "success") {
        ctx.log("E", "kuberuntime_container.go:753", "PreStop hook failed", {
          err: output,
          pod: podKey(pod),
          containerName: spec.name,
        });
        ctx.recorder.event(pod, "Warning", "FailedPreStopHook", "PreStopHook failed", fieldPath(pod, spec.name));
      }
      left -= Math.floor((ctx.kernel.now - began) / 1_000_000);
    }
    if (left < KUBELET.minimumGraceSeconds) left = KUBELET.minimumGraceSeconds;
    yield* ctx.runtime.stopContainer(container.id, left);
    ctx.log(
      "I",
      "kuberuntime_container.go:779",
      "Container exited normally",
      { pod: podKey(pod), containerName: spec.name },
      3,
    );
  }

  /** Stops every running container at once; sidecars after the others, the last one first. Says what failed. */
  *killAll(pod: Pod, view: RuntimePod, message: string | undefined, grace: number | undefined): Gen<string[]> {
    const failed: string[] = [];
    const kill = (spec: ContainerSpec): void => {
      const container = view.latest(spec.name);
      if (container?.state !== "running") return;
      const name = `kill ${podKey(pod)} ${spec.name}`;
      tasks.push(this.ctx.spawn(name, this.tryKill(failed, pod, spec, container, message ?? "", grace)));
    };
    let tasks: ReturnType<KubeletContext["spawn"]>[] = [];
    const inits = pod.spec.initContainers ?? [];
    const debugging = pod.spec.ephemeralContainers ?? [];
    for (const spec of [...pod.spec.containers, ...debugging, ...inits.filter((one) => !isSidecar(one))]) kill(spec);
    for (const task of tasks) yield* join(task);
    for (const spec of inits.filter(isSidecar).reverse()) {
      tasks = [];
      kill(spec);
      for (const task of tasks) yield* join(task);
    }
    return failed;
  }

  /** One of several that are killed: that it could not be is added to `failed` (killContainersWithSyncResult). */
  private *tryKill(failed: string[], ...[pod, spec, container, ...rest]: Parameters<PodSync["kill"]>): Gen<void> {
    try {
      yield* this.kill(pod, spec, container, ...rest);
    } catch (error) {
      if (!isCriError(error)) throw error;
      this.ctx.log("E", "kuberuntime_container.go:853", "Kill container failed", {
        err: error.rpc,
        pod: podKey(pod),
        podUID: pod.metadata.uid,
        containerName: spec.name,
        containerID: `{"Type":"containerd","ID":"${container.id}"}`,
      });
      failed.push(failedTo("KillContainer", spec.name, "KillContainerError", error.rpc));
    }
  }

  /** Stops everything of the Pod and its sandboxes (killPodWithSyncResult); SyncError where the runtime did not do it. */
  *killPod(pod: Pod, grace: number | undefined): Gen<void> {
    const { runtime, recorder, log } = this.ctx;
    const view = runtimePod(runtime, pod.metadata.uid);
    const failed = yield* this.killAll(pod, view, undefined, grace);
    for (const sandbox of view.sandboxes) {
      if (sandbox.state !== "ready") continue;
      try {
        yield* runtime.stopPodSandbox(sandbox.id);
      } catch (error) {
        if (!isCriError(error)) throw error;
        log("E", "kuberuntime_manager.go:1479", "Failed to stop sandbox", { podSandboxID: sandbox.id });
        failed.push(failedTo("KillPodSandbox", pod.metadata.uid, "KillPodSandboxError", error.rpc));
      }
    }
    if (failed.length === 0) return;
    recorder.event(pod, "Warning", "FailedKillPod", `error killing pod: ${aggregate(failed)}`);
    throw new SyncError("KillPodError", aggregate(failed));
  }

  /** Removes containers and sandboxes that have ended. */
  *removePod(uid: string): Gen<void> {
    const view = runtimePod(this.ctx.runtime, uid);
    for (const container of view.containers) {
      this.probes.forget(container.id);
      this.shown.delete(container.id);
      yield* this.ctx.runtime.removeContainer(container.id);
    }
    for (const sandbox of view.sandboxes) yield* this.ctx.runtime.removePodSandbox(sandbox.id);
    this.backOff.forget(`${uid}_`);
    this.images.forget(uid);
  }
}

/** The kind of a container, as metrics call it. */
function typeOf({ spec }: Pod, { name }: ContainerSpec): "container" | "ephemeral_container" | "init_container" {
  if (spec.containers.some((one) => one.name === name)) return "container";
  return spec.initContainers?.some((one) => one.name === name) ? "init_container" : "ephemeral_container";
}
