import type { ApiClient } from "../../api/client.ts";
import { EventRecorder } from "../../api/event-recorder.ts";
import { type Change, Informer } from "../../api/informer.ts";
import type { Severity } from "../../api/klog.ts";
import type { LeaseKeeper } from "../../api/lease-keeper.ts";
import { ThrottleLog } from "../../api/rate-limiter.ts";
import { NODES, PODS, SERVICES } from "../../api/resources.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import {
  type Gen,
  type Kernel,
  type KernelEvent,
  type RandomStream,
  SECOND,
  sleep,
  type Task,
} from "../../kernel/index.ts";
import type { Machine } from "../machine.ts";
import type { Process } from "../process.ts";
import { releaseOf } from "../release.ts";
import { removeEntry, sharedDir } from "../runtime/files.ts";
import { type ContainerRuntime, isCriError, runtimeOf } from "../runtime/index.ts";
import { admit } from "./admission.ts";
import { logDirectory } from "./container-config.ts";
import type { KubeletContext } from "./context.ts";
import { CpuManager } from "./cpu-manager.ts";
import { KUBELET } from "./durations.ts";
import { serviceEnv } from "./env.ts";
import { EvictionManager } from "./eviction/manager.ts";
import { evictionConfig } from "./eviction/thresholds.ts";
import { ImageManager } from "./image-manager.ts";
import { kubeletRules } from "./iptables.ts";
import { type LogFields, writeLine } from "./log.ts";
import { ManifestSource } from "./manifests.ts";
import { Tally } from "./metrics.ts";
import { deleteOrphanedMirror, ensureMirror } from "./mirror.ts";
import { ensureCsiNode, nodeLease } from "./node-objects.ts";
import { NodeReporter } from "./node-status.ts";
import { ObjectCache } from "./object-cache.ts";
import type { KubeletOptions } from "./options.ts";
import { Pleg } from "./pleg.ts";
import { PodSync } from "./pod-sync.ts";
import { PodWorker, type WorkerParts } from "./pod-worker.ts";
import { ProbeManager } from "./probes.ts";
import { runtimeUids } from "./runtime-view.ts";
import { StatusManager } from "./status-manager.ts";
import { isMirror, isStatic, type Pod, type PodStatus, podKey, sameWish, type VolumeSpec } from "./types.ts";
import { VolumeManager } from "./volumes.ts";

/** A runtime that does not answer for this long makes the node NotReady (runtimeState baseRuntimeSyncThreshold). */
const RUNTIME_THRESHOLD = 30 * SECOND;

/** One running kubelet: sources of Pods, a worker for each, and the reporters of node and Pods. */
export class Kubelet implements KubeletContext {
  readonly kernel: Kernel;
  readonly machine: Machine;
  readonly runtime: ContainerRuntime;
  readonly options: KubeletOptions;
  readonly nodeName: string;
  readonly release: string;
  readonly client: ApiClient;
  readonly heartbeatClient: ApiClient;
  readonly recorder: EventRecorder;
  readonly objects: ObjectCache;
  readonly random: RandomStream;
  readonly tally = new Tally();
  readonly cpus: CpuManager | undefined;
  readonly workers = new Map<string, PodWorker>();
  readonly nodeReporter: NodeReporter;
  readonly process: Process;
  private readonly podInformer: Informer<Pod>;
  private readonly serviceInformer: Informer;
  private readonly serviceEnvs = new Map<string, ReadonlyMap<string, string>>();
  private readonly nodeInformer: Informer;
  private readonly statuses: StatusManager;
  readonly probes: ProbeManager;
  private readonly volumes: VolumeManager;
  private readonly sync: PodSync;
  private readonly pleg: Pleg;
  private readonly lease: LeaseKeeper;
  private readonly eviction: EvictionManager;
  private readonly parts: WorkerParts;
  /** Mirror Pods of the API by `namespace/name`. */
  private readonly mirrors = new Map<string, Pod>();
  private readonly tasks = new Set<Task>();
  private readonly events = new Set<KernelEvent>();
  private stopped = false;
  private unwatchRules: () => void = () => {};
  private runtimeSeenAt: number;

  constructor(process: Process, options: KubeletOptions, client: ApiClient) {
    this.process = process;
    this.release = releaseOf(process);
    this.machine = process.machine;
    this.kernel = process.machine.kernel;
    this.options = options;
    this.heartbeatClient = client;
    const log = (severity: Severity, source: string, text: string) => this.log(severity, source, text);
    const throttled = new ThrottleLog(this.kernel, log, options.verbosity);
    this.client = client.limited(this.kernel, options.rates.objects, throttled);
    this.nodeName = (options.hostnameOverride ?? this.machine.hostname).toLowerCase();
    this.runtime = runtimeOf(this.machine);
    this.random = this.kernel.random(`kubelet ${this.nodeName}`);
    this.runtimeSeenAt = this.kernel.now;
    this.recorder = new EventRecorder({
      kernel: this.kernel,
      client: client.limited(this.kernel, options.rates.events, throttled),
      component: "kubelet",
      host: this.nodeName,
    });
    this.objects = new ObjectCache(this.kernel, this.client, (uid) => this.workers.get(uid)?.objectsChanged());
    this.podInformer = new Informer<Pod>(this.kernel, this.client, PODS, {
      fieldSelector: `spec.nodeName=${this.nodeName}`,
    });
    this.serviceInformer = new Informer(this.kernel, this.client, SERVICES);
    this.nodeInformer = new Informer(this.kernel, this.client, NODES, {
      fieldSelector: `metadata.name=${this.nodeName}`,
    });
    this.statuses = new StatusManager(this, (pod) => this.apiPod(pod));
    const { configuration } = options;
    if ((configuration as { cpuManagerPolicy?: string }).cpuManagerPolicy === "static")
      this.cpus = new CpuManager(process, this.runtime, configuration, () => this.activePods());
    this.probes = new ProbeManager(this);
    this.volumes = new VolumeManager(this);
    const images = new ImageManager(this);
    this.sync = new PodSync(this, images, this.probes);
    this.pleg = new Pleg(this);
    this.lease = nodeLease(this);
    const limits = evictionConfig(options.configuration);
    this.eviction = new EvictionManager(this, limits, {
      activePods: () => this.activePods(),
      putOut: (pod, message, grace, condition) =>
        this.workers.get(pod.metadata.uid)?.fail("Evicted", message, grace, condition),
      isEnded: ({ metadata }) => (this.workers.get(metadata.uid)?.state ?? "terminated") === "terminated",
    });
    this.nodeReporter = new NodeReporter(
      this,
      limits,
      () => this.notReady(),
      () => this.eviction.conditions,
    );
    this.parts = {
      ctx: this,
      sync: this.sync,
      volumes: this.volumes,
      statuses: this.statuses,
      probes: this.probes,
      pullTimes: (uid) => images.pullTimes(uid),
      ensureMirror: (pod) => this.ensureMirror(pod),
      mayStart: (pod) => !isStatic(pod) || this.workersNamed(pod, isStatic)[0]?.uid === pod.metadata.uid,
      finished: (worker) => this.finished(worker),
    };
  }

  // ---- what the parts share -----------------------------------------------------------------------------------------

  /** Bound, since the parts take it out of the context. */
  readonly log = (severity: Severity, source: string, message: string, kv: LogFields = {}, verbosity = 0): void => {
    if (verbosity > this.options.verbosity) return;
    writeLine(this.process, severity, source, message, kv);
  };

  spawn(name: string, body: Gen<unknown>): Task {
    const task = this.kernel.spawn(name, body, { instant: false, onExit: (ended) => this.tasks.delete(ended) });
    this.tasks.add(task);
    return task;
  }

  begin(name: string, body: Gen<unknown>): void {
    const task = this.kernel.begin(name, body, (ended) => this.tasks.delete(ended));
    if (task.state !== "done") this.tasks.add(task);
  }

  after(us: number, key: string, callback: () => void): KernelEvent {
    const event = this.kernel.after(us, key, () => {
      this.events.delete(event);
      if (!this.stopped) callback();
    });
    this.events.add(event);
    return event;
  }

  serviceEnv(namespace: string, links: boolean): ReadonlyMap<string, string> | undefined {
    if (!this.serviceInformer.synced) return undefined;
    const key = `${links} ${namespace}`;
    let env = this.serviceEnvs.get(key);
    if (env === undefined) {
      env = serviceEnv(this.serviceInformer.items.values(), namespace, links);
      this.serviceEnvs.set(key, env);
    }
    return env;
  }

  hostIps(): string[] {
    return [this.options.nodeIp ?? this.machine.net.firstAddress()];
  }

  node(): KubeObject | undefined {
    return this.nodeInformer.get(this.nodeName) ?? this.nodeReporter.created;
  }

  touch(uid: string): void {
    this.workers.get(uid)?.touch();
  }

  volumePath(pod: Pod, volume: VolumeSpec): string {
    return this.volumes.path(pod, volume);
  }

  pod(uid: string): Pod | undefined {
    return this.workers.get(uid)?.pod;
  }

  private notReady(): string | undefined {
    if (this.runtime.daemon !== undefined) this.runtimeSeenAt = this.kernel.now;
    else if (this.kernel.now - this.runtimeSeenAt >= RUNTIME_THRESHOLD) return "container runtime is down";
    const problem = this.runtime.networkNotReady();
    if (problem === undefined) return undefined;
    return `container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:${problem}`;
  }

  /** Status as this kubelet last made it. */
  statusOf(uid: string): PodStatus | undefined {
    return this.statuses.get(uid);
  }

  // ---- start and end ------------------------------------------------------------------------------------------------

  start(): void {
    this.log("I", "server.go:520", "Kubelet version", { kubeletVersion: this.release });
    if (this.options.staticPodPath) {
      this.log("I", "kubelet.go:352", "Adding static pod path", { path: this.options.staticPodPath });
    }
    this.log("I", "kubelet.go:363", "Adding apiserver pod source");
    this.log("I", "kuberuntime_manager.go:269", "Container runtime initialized", {
      containerRuntime: "containerd",
      version: "1.7.27",
      apiVersion: "v1",
    });
    this.log("I", "server.go:1287", "Started kubelet");
    this.recorder.event(this.nodeReporter.reference, "Normal", "Starting", "Starting kubelet.");
    // Images are looked through at once, before the disks have been measured (images/image_gc_manager.go).
    const unmeasured = "invalid capacity 0 on image filesystem";
    this.recorder.event(this.nodeReporter.reference, "Warning", "InvalidDiskCapacity", unmeasured);
    this.pleg.start();
    this.podInformer.onChange((change) => this.changed(change));
    this.podInformer.start();
    this.serviceInformer.onChange(() => this.serviceEnvs.clear());
    this.serviceInformer.start();
    this.nodeInformer.onChange(() => {
      this.nodeReporter.created = undefined;
    });
    this.nodeInformer.start();
    const path = this.options.staticPodPath;
    if (path) {
      this.manifests = new ManifestSource(this, path, (pods) => this.takeStaticPods(pods));
      this.manifests.start();
    }
    this.machine.onOom = (victim, whole) => {
      if (!whole) return;
      const words = `System OOM encountered, victim process: ${victim.comm}, pid: ${victim.pid}`;
      this.recorder.event(this.nodeReporter.reference, "Warning", "SystemOOM", words);
    };
    this.unwatchRules = kubeletRules(this.kernel, this.machine.net);
    this.spawn(`register ${this.nodeName}`, this.register());
    this.after(KUBELET.housekeeping, `housekeeping ${this.nodeName}`, () => this.housekeeping());
    this.log("I", "kubelet.go:2337", "Starting kubelet main sync loop");
  }

  private *register(): Gen {
    yield* this.nodeReporter.register();
    this.recorder.event(
      this.nodeReporter.reference,
      "Normal",
      "NodeAllocatableEnforced",
      "Updated Node Allocatable limit across pods",
    );
    this.lease.start();
    this.spawn(`csinode ${this.nodeName}`, ensureCsiNode(this));
    this.eviction.start();
    for (const worker of this.workers.values()) if (isStatic(worker.pod)) worker.touch();
  }

  stop(): void {
    this.stopped = true;
    this.unwatchRules();
    this.machine.onOom = undefined;
    this.pleg.stop();
    this.probes.stop();
    this.podInformer.stop();
    this.serviceInformer.stop();
    this.nodeInformer.stop();
    this.objects.stop();
    for (const event of this.events) this.kernel.cancel(event);
    for (const task of [...this.tasks]) this.kernel.kill(task);
  }

  // ---- Pods from the API --------------------------------------------------------------------------------------------

  private changed({ type, object, old }: Change<Pod>): void {
    if (isMirror(object)) this.mirrorChanged(type, object);
    else if (type === "added") this.add(object, "api");
    else if (type === "updated") this.update(object, old!);
    else this.remove(object, "api");
  }

  private mirrorChanged(type: Change<Pod>["type"], mirror: Pod): void {
    const key = podKey(mirror);
    this.log(
      "I",
      SYNC_LINE[type],
      `SyncLoop ${SYNC_WORD[type]}`,
      { source: "api", pods: [key] },
      type === "updated" ? 4 : 2,
    );
    if (type === "deleted") this.mirrors.delete(key);
    else this.mirrors.set(key, mirror);
    const worker = this.workersNamed(mirror, isStatic).at(-1);
    if (worker === undefined) {
      // A mirror without its static Pod is left over.
      if (type === "added" && this.staticRead) this.spawn(`mirror ${key}`, deleteOrphanedMirror(this, mirror));
      return;
    }
    if (type === "added") this.statuses.refresh(worker.uid);
    if (type === "deleted" || mirror.metadata.deletionTimestamp) worker.touch();
  }

  /** Workers of Pods of this name and namespace, the oldest first. */
  private workersNamed(pod: Pod, fits: (pod: Pod) => boolean = () => true): PodWorker[] {
    const { name, namespace } = pod.metadata;
    const out: PodWorker[] = [];
    for (const worker of this.workers.values()) {
      const { metadata } = worker.pod;
      if (metadata.name === name && metadata.namespace === namespace && fits(worker.pod)) out.push(worker);
    }
    return out;
  }

  private add(pod: Pod, source: "api" | "file"): void {
    this.log("I", "kubelet.go:2412", "SyncLoop ADD", { source, pods: [podKey(pod)] }, 2);
    if (this.workers.has(pod.metadata.uid)) return;
    const worker = new PodWorker(this.parts, pod);
    const { phase } = pod.status ?? { phase: "" };
    const over = phase === "Succeeded" || phase === "Failed";
    if (!over && !pod.metadata.deletionTimestamp) {
      const pressure = this.eviction.refusal(pod);
      const refusal =
        pressure === undefined
          ? (admit(pod, this.node(), this.activePods(), this.options.unsafeSysctls) ?? this.cpus?.admit(pod))
          : { reason: "Evicted", message: pressure };
      if (refusal) {
        this.refuse(worker, refusal.reason, refusal.message);
        return;
      }
    }
    this.workers.set(pod.metadata.uid, worker);
    this.eviction.admit(pod);
    this.objects.register(pod);
    if (pod.metadata.deletionTimestamp) worker.terminate(pod.metadata.deletionGracePeriodSeconds);
    else worker.begin();
  }

  /** Pods that hold resources of the node. */
  private activePods(): Pod[] {
    const out: Pod[] = [];
    for (const one of this.workers.values()) if (one.state !== "terminated" && !one.rejected) out.push(one.pod);
    return out;
  }

  private refuse(worker: PodWorker, reason: string, message: string): void {
    const { pod } = worker;
    worker.rejected = true;
    worker.state = "terminated";
    this.workers.set(pod.metadata.uid, worker);
    this.recorder.event(pod, "Warning", reason, message);
    this.statuses.set(pod, {
      phase: "Failed",
      reason,
      message: `Pod was rejected: ${message}`,
      startTime: formatTime(this.kernel.wallMs),
      ...(pod.status?.conditions ? { conditions: pod.status.conditions } : {}),
      ...(pod.status?.qosClass ? { qosClass: pod.status.qosClass } : {}),
    });
  }

  private update(pod: Pod, old: Pod): void {
    const { uid } = pod.metadata;
    if (old.metadata.uid !== uid) {
      this.remove(old, "api");
      this.add(pod, "api");
      return;
    }
    const worker = this.workers.get(uid);
    if (worker === undefined) {
      this.add(pod, "api");
      return;
    }
    worker.pod = pod;
    const pods = [podKey(pod)];
    if (pod.metadata.deletionTimestamp) {
      const again = old.metadata.deletionTimestamp !== undefined;
      const graceChanged = old.metadata.deletionGracePeriodSeconds !== pod.metadata.deletionGracePeriodSeconds;
      if (again && !graceChanged) return;
      this.log("I", "kubelet.go:2428", "SyncLoop DELETE", { source: "api", pods }, 2);
      if (worker.state === "terminated") this.statuses.finish(pod);
      else worker.terminate(pod.metadata.deletionGracePeriodSeconds);
      return;
    }
    if (sameWish(pod, old)) {
      this.log("I", "kubelet.go:2437", "SyncLoop RECONCILE", { source: "api", pods }, 4);
      return;
    }
    this.log("I", "kubelet.go:2419", "SyncLoop UPDATE", { source: "api", pods }, 2);
    worker.touch();
  }

  private remove(pod: Pod, source: "api" | "file"): void {
    this.log("I", "kubelet.go:2422", "SyncLoop REMOVE", { source, pods: [podKey(pod)] }, 2);
    const worker = this.workers.get(pod.metadata.uid);
    if (worker === undefined) return;
    worker.gone = true;
    if (worker.state === "terminated") this.cleanUp(worker);
    else worker.terminate(undefined);
  }

  /** A worker has ended its Pod: what is left of it goes once nobody asks for it any more. */
  private finished(worker: PodWorker): void {
    this.cpus?.release(worker.pod);
    if (worker.gone) this.cleanUp(worker);
  }

  private cleanUp(worker: PodWorker): void {
    const { uid } = worker;
    if (this.workers.get(uid) === worker) this.workers.delete(uid);
    this.objects.unregister(uid);
    this.eviction.forget(uid);
    this.statuses.forget(uid);
    this.pleg.forget(uid);
    this.spawn(`remove ${podKey(worker.pod)}`, this.removeFromRuntime(worker.pod));
  }

  private *removeFromRuntime(pod: Pod): Gen {
    const mirror = isStatic(pod) ? this.mirrors.get(podKey(pod)) : undefined;
    if (mirror && this.workersNamed(pod).length === 0)
      this.spawn(`mirror ${podKey(pod)}`, deleteOrphanedMirror(this, mirror));
    yield* this.removeRuns(pod.metadata.uid);
    const directory = logDirectory(pod);
    const slash = directory.lastIndexOf("/");
    removeEntry(this.machine, sharedDir(this.machine, directory.slice(0, slash)), directory.slice(slash + 1));
    // Its manifest may be back since: a static Pod of the same uid begins when the old one has ended (pod_workers.go).
    if (isStatic(pod) && !this.stopped) this.manifests?.tell();
  }

  /** Takes what has ended of a Pod out of the runtime, as soon as that answers. */
  private *removeRuns(uid: string): Gen {
    for (;;) {
      try {
        yield* this.sync.removePod(uid);
        return;
      } catch (error) {
        if (!isCriError(error)) throw error;
        this.log("E", "kuberuntime_gc.go:180", "Failed to remove container", { err: error.rpc });
        yield* sleep(KUBELET.housekeeping);
      }
    }
  }

  /** Runs of Pods that nobody wants any more, e.g. deleted while the kubelet was away. */
  private housekeeping(): void {
    if (!this.podInformer.synced) {
      this.after(KUBELET.housekeeping, `housekeeping ${this.nodeName}`, () => this.housekeeping());
      return;
    }
    for (const uid of runtimeUids(this.runtime)) {
      if (!this.workers.has(uid)) this.spawn(`orphan ${uid}`, this.removeRuns(uid));
    }
  }

  /**
   * The Pod as the API has it: itself, or the mirror of a static one. A mirror stands for the newest static Pod of its
   * name, so what becomes of an older one is told to nobody (TranslatePodUID).
   */
  private apiPod(pod: Pod): Pod | undefined {
    if (!isStatic(pod)) return this.workers.get(pod.metadata.uid)?.pod ?? pod;
    const newest = this.workersNamed(pod, isStatic).at(-1);
    if (newest !== undefined && newest.uid !== pod.metadata.uid) return undefined;
    const mirror = this.mirrors.get(podKey(pod));
    return mirror?.metadata.deletionTimestamp ? undefined : mirror;
  }

  // ---- static Pods --------------------------------------------------------------------------------------------------

  private manifests: ManifestSource | undefined;
  private staticRead = false;

  private takeStaticPods(pods: readonly Pod[]): void {
    const wanted = new Map(pods.map((pod) => [pod.metadata.uid, pod]));
    for (const worker of [...this.workers.values()]) {
      if (isStatic(worker.pod) && !wanted.has(worker.uid) && !worker.gone) this.remove(worker.pod, "file");
    }
    for (const [uid, pod] of wanted) if (!this.workers.has(uid)) this.add(pod, "file");
    this.staticRead = true;
  }

  private *ensureMirror(pod: Pod): Gen<void> {
    if (!this.nodeReporter.registered) return;
    yield* ensureMirror(this, pod, this.mirrors.get(podKey(pod)));
  }
}

const SYNC_LINE = { added: "kubelet.go:2412", updated: "kubelet.go:2437", deleted: "kubelet.go:2422" } as const;
const SYNC_WORD = { added: "ADD", updated: "RECONCILE", deleted: "REMOVE" } as const;
