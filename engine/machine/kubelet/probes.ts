import { type KernelEvent, MS, SECOND } from "../../kernel/index.ts";
import type { LocalTarget } from "../../network/index.ts";
import type { Container } from "../runtime/index.ts";
import type { KubeletContext } from "./context.ts";
import { goesWell, runHandler, targetOf } from "./handlers.ts";
import type { ProbeView } from "./status.ts";
import { type ContainerSpec, fieldPath, type Pod, type Probe, podKey } from "./types.ts";

type ProbeKind = "startup" | "liveness" | "readiness";
const KINDS: readonly ProbeKind[] = ["startup", "liveness", "readiness"];
const TITLE = { startup: "Startup", liveness: "Liveness", readiness: "Readiness" } as const;

interface Worker {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly podUid: string;
  readonly spec: ContainerSpec;
  readonly container: Container;
  /** Result in force: unknown until the threshold is reached for the first time. */
  result: boolean | undefined;
  last: boolean | undefined;
  run: number;
  /** A failed liveness or startup probe stops asking until the container is a new one. */
  onHold: boolean;
  /** The startup probe, if there is one, has succeeded: once is for good. */
  begun: boolean;
  /** The container is forgotten. */
  gone: boolean;
  readonly counts: { failed: number; successful: number; unknown: number };
  event: KernelEvent | undefined;
  /** Who answered it when it was last judged without being carried out. */
  target: LocalTarget | undefined;
  readonly wake: () => void;
  /** Names of its events and tasks. */
  readonly key: string;
  readonly task: string;
}

function probeOf(spec: ContainerSpec, kind: ProbeKind): Probe | undefined {
  return kind === "startup" ? spec.startupProbe : kind === "liveness" ? spec.livenessProbe : spec.readinessProbe;
}

/** Runs the probes of running containers (pkg/kubelet/prober). Each next run is an event of the kernel's queue. */
export class ProbeManager implements ProbeView {
  private readonly ctx: KubeletContext;
  /** By `container id kind`. */
  private readonly workers = new Map<string, Worker>();

  constructor(ctx: KubeletContext) {
    this.ctx = ctx;
  }

  /** Starts the probes of a container that runs. Harmless when they do already. */
  watch(pod: Pod, spec: ContainerSpec, container: Container): void {
    for (const kind of KINDS) {
      const probe = probeOf(spec, kind);
      const key = `${container.id} ${kind}`;
      if (probe === undefined || this.workers.has(key)) continue;
      const worker: Worker = {
        kind,
        probe,
        podUid: pod.metadata.uid,
        spec,
        container,
        result: kind === "liveness" ? true : undefined,
        last: undefined,
        run: 0,
        onHold: false,
        begun: false,
        gone: false,
        counts: { failed: 0, successful: 0, unknown: 0 },
        event: undefined,
        target: undefined,
        wake: () => this.fire(worker),
        key: `${kind} probe ${podKey(pod)} ${spec.name}`,
        task: `${kind} probe ${spec.name}`,
      };
      this.workers.set(key, worker);
      const initial = (probe.initialDelaySeconds ?? 0) * SECOND;
      const jitter = this.ctx.random.int(0, Math.min((probe.periodSeconds ?? 10) * 1000, 1000)) * MS;
      this.schedule(worker, initial + jitter);
    }
  }

  forget(containerId: string): void {
    for (const kind of KINDS) {
      const key = `${containerId} ${kind}`;
      const worker = this.workers.get(key);
      if (worker === undefined) continue;
      this.ctx.kernel.cancel(worker.event);
      worker.gone = true;
      this.workers.delete(key);
    }
  }

  stop(): void {
    for (const worker of this.workers.values()) this.ctx.kernel.cancel(worker.event);
    this.workers.clear();
  }

  /** The probes of the containers that run, and how often each came out how (prober_manager.go, metric ProberResults). */
  *counted(): Generator<{ pod: Pod; container: string; type: string; counts: Worker["counts"] }> {
    for (const { kind, podUid, spec, counts } of this.workers.values()) {
      const pod = this.ctx.pod(podUid);
      if (pod !== undefined) yield { pod, container: spec.name, type: TITLE[kind], counts };
    }
  }

  started(containerId: string, spec: ContainerSpec): boolean {
    return spec.startupProbe === undefined || this.workers.get(`${containerId} startup`)?.result === true;
  }

  ready(containerId: string, spec: ContainerSpec): boolean {
    return spec.readinessProbe === undefined || this.workers.get(`${containerId} readiness`)?.result === true;
  }

  /** Which probe says that the container must be restarted. */
  unhealthy(containerId: string): "liveness" | "startup" | undefined {
    if (this.workers.get(`${containerId} liveness`)?.result === false) return "liveness";
    if (this.workers.get(`${containerId} startup`)?.result === false) return "startup";
    return undefined;
  }

  private schedule(worker: Worker, delay: number): void {
    if (this.ctx.pod(worker.podUid) === undefined) return;
    worker.event = this.ctx.kernel.after(delay, worker.key, worker.wake);
  }

  private fire(worker: Worker): void {
    const { container, kind, spec, probe } = worker;
    if (container.state !== "running" || worker.gone) return;
    // The others wait for the startup probe; it is silent once it has succeeded.
    const waiting = kind !== "startup" && !worker.begun && !this.started(container.id, spec);
    worker.begun = !waiting;
    const over = worker.onHold || (kind === "startup" && worker.result === true);
    if (over) return;
    if (waiting) {
      this.schedule(worker, (probe.periodSeconds ?? 10) * SECOND);
      return;
    }
    // Most probes go on succeeding: where that can be seen, nothing else comes of asking.
    if (worker.result && worker.last && !container.stopping && this.goesOn(worker)) {
      worker.counts.successful++;
      worker.event = this.ctx.kernel.after((probe.periodSeconds ?? 10) * SECOND, worker.key, worker.wake);
      return;
    }
    this.ctx.spawn(worker.task, this.run(worker));
  }

  private goesOn(worker: Worker): boolean {
    const { ctx } = this;
    const pod = ctx.pod(worker.podUid);
    if (pod === undefined) return false;
    if (worker.target === undefined || !ctx.machine.network.holds(worker.target)) {
      worker.target = targetOf(ctx, pod, worker.spec, worker.container, worker.probe);
    }
    return worker.target !== undefined && goesWell(worker.target, worker.probe);
  }

  private *run(worker: Worker) {
    const { ctx } = this;
    const { kind, probe, spec, container } = worker;
    const began = ctx.kernel.now;
    const pod = ctx.pod(worker.podUid);
    if (pod === undefined) return;
    const timeout = (probe.timeoutSeconds ?? 1) * SECOND;
    const { outcome, output } = yield* runHandler(ctx, pod, spec, container, probe, timeout);
    if (container.state !== "running" || container.stopping) return;
    worker.counts[outcome === "success" ? "successful" : outcome === "error" ? "unknown" : "failed"]++;
    if (outcome !== "success") {
      const words = `${TITLE[kind]} probe ${outcome === "error" ? "errored" : "failed"}: ${output}`;
      ctx.recorder.event(pod, "Warning", "Unhealthy", words, fieldPath(pod, spec.name));
      ctx.log(
        "I",
        "prober.go:107",
        "Probe failed",
        {
          probeType: TITLE[kind],
          pod: podKey(pod),
          podUID: worker.podUid,
          containerName: spec.name,
          probeResult: "failure",
          output,
        },
        1,
      );
    }
    // What could not be asked says nothing of the container (worker.go doProbe).
    if (outcome !== "error") this.note(worker, outcome === "success");
    this.schedule(worker, Math.max(0, (probe.periodSeconds ?? 10) * SECOND - (ctx.kernel.now - began)));
  }

  private note(worker: Worker, success: boolean): void {
    const { probe } = worker;
    if (worker.last === success) worker.run++;
    else {
      worker.last = success;
      worker.run = 1;
    }
    const threshold = success ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (worker.run < threshold || worker.result === success) return;
    worker.result = success;
    if (!success && worker.kind !== "readiness") worker.onHold = true;
    const status =
      worker.kind === "readiness"
        ? success
          ? "ready"
          : "not ready"
        : success
          ? worker.kind === "startup"
            ? "started"
            : "healthy"
          : "unhealthy";
    const pod = this.ctx.pod(worker.podUid);
    if (pod) {
      this.ctx.log("I", "kubelet.go:2542", "SyncLoop (probe)", { probe: worker.kind, status, pod: podKey(pod) });
    }
    // The others begin as soon as the container counts as started.
    if (worker.kind === "startup" && success) {
      for (const kind of ["liveness", "readiness"] as const) {
        const other = this.workers.get(`${worker.container.id} ${kind}`);
        if (other === undefined) continue;
        this.ctx.kernel.cancel(other.event);
        this.schedule(other, 0);
      }
    }
    this.ctx.touch(worker.podUid);
  }
}
