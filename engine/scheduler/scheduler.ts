import type { ApiClient } from "../api/client.ts";
import { conditionPatch } from "../api/condition-patch.ts";
import { EventSeriesRecorder } from "../api/event-series-recorder.ts";
import { type Change, Informer, keyOf } from "../api/informer.ts";
import { type KeyValues, klog, type Severity } from "../api/klog.ts";
import { LeaderElection } from "../api/leader-election.ts";
import { type RequestRate, ThrottleLog } from "../api/rate-limiter.ts";
import {
  NAMESPACES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  POD_DISRUPTION_BUDGETS,
  PODS,
  REPLICA_SETS,
  SERVICES,
  STATEFUL_SETS,
  STORAGE_CLASSES,
} from "../api/resources.ts";
import { StatusError } from "../api/status.ts";
import { formatTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { cpu, type Gen, type Kernel, MS, SECOND, sleep } from "../kernel/index.ts";
import { isNetError } from "../network/error.ts";
import { exponentialBounds, Histogram } from "../text/histogram.ts";
import { choose, type Placement } from "./algorithm.ts";
import { SchedulerCache } from "./cache.ts";
import { FitError } from "./fit-error.ts";
import { type ClusterView, Cycle, type Decision, type Profile } from "./framework.ts";
import { type NodeInfo, nodeChanged } from "./node-info.ts";
import { tellUnscheduled } from "./pod-condition.ts";
import { findPreemption, type Preemption } from "./preemption.ts";
import { defaultProfile } from "./profile.ts";
import { type Backoff, type QueuedPod, SchedulingQueue } from "./queue.ts";

export interface SchedulerOptions {
  kernel: Kernel;
  client: ApiClient;
  log: (line: string) => void;
  /** Host name of the control-plane node. */
  identity: string;
  /** Whose Pods it places, and how; by default those of `default-scheduler`. */
  profiles?: readonly Profile[];
  backoff?: Backoff;
  /** The lease that it leads by, `kube-system/kube-scheduler` by default; `false`: it places Pods whoever else does. */
  lease?: { namespace: string; name: string; times: { lease: number; renew: number; retry: number } } | false;
  pid?: number;
  /** klog's -v. */
  verbosity?: number;
  /** What each of its clients may ask; 50 a second and 100 at once by default (pkg/scheduler/apis/config/v1). */
  rate?: RequestRate;
  /** The lease was lost: the real process exits. */
  onExit?: () => void;
}

/** CPU of one attempt in µs: a part of its own and a part per node. */
const ATTEMPT_COST = 150;
/** Seconds (metrics/metrics.go). */
const ATTEMPT_BOUNDS = exponentialBounds(0.001, 2, 15);
const NODE_COST = 20;
/** Decisions that are kept. */
const MAX_DECISIONS = 2000;
/** How often caches are looked at until they are filled (client-go WaitForCacheSync). */
const SYNC_TICK = 100 * MS;
/** Longest note of an event (core validation NoteLengthLimit). */
const NOTE_LIMIT = 1024;

/** kube-scheduler: gives each Pod a node (pkg/scheduler). Works only while it holds its leader lease. */
export class Scheduler {
  /** The last attempts, oldest first, each with what was found about every node. */
  readonly decisions: Decision[] = [];
  /** Attempts since the process began, by how they ended. */
  readonly attempts = { error: 0, scheduled: 0, unschedulable: 0 };
  /** How long they took, binding included, in seconds. */
  readonly durations = {
    error: new Histogram(ATTEMPT_BOUNDS),
    scheduled: new Histogram(ATTEMPT_BOUNDS),
    unschedulable: new Histogram(ATTEMPT_BOUNDS),
  };
  /** How many tries it took until a Pod had a node, and how many Pods had to go at once for another. */
  readonly tries = new Histogram(exponentialBounds(1, 2, 5));
  readonly victims = new Histogram(exponentialBounds(1, 2, 7));
  preemptions = 0;
  /** Absent where it does not take part in one. */
  readonly election: LeaderElection | undefined;
  private readonly kernel: Kernel;
  private readonly client: ApiClient;
  private readonly options: SchedulerOptions;
  private readonly profiles: ReadonlyMap<string, Profile>;
  private readonly recorders: ReadonlyMap<string, EventSeriesRecorder>;
  private readonly cache = new SchedulerCache();
  private readonly queue: SchedulingQueue;
  private readonly nominated = new Map<string, { pod: KubeObject; node: string }>();
  private readonly pods: Informer;
  private readonly nodes: Informer;
  private readonly services: Informer;
  private readonly owners: Record<string, Informer>;
  private readonly namespaces: Informer;
  private readonly volumes: Informer;
  private readonly claims: Informer;
  private readonly storageClasses: Informer;
  private readonly budgets: Informer;
  private readonly view: ClusterView;
  private leading = false;
  private stopped = false;
  private busy = false;

  constructor(options: SchedulerOptions) {
    const { kernel, rate = { qps: 50, burst: 100 }, profiles = [defaultProfile()], lease } = options;
    const say = (severity: Severity, source: string, message: string) =>
      options.log(klog(kernel, options.pid ?? 1, severity, source, message));
    const throttled = new ThrottleLog(kernel, say, options.verbosity);
    const limited = () => options.client.limited(kernel, rate, throttled);
    const client = limited();
    this.options = options;
    this.kernel = kernel;
    this.client = client;
    this.profiles = new Map(profiles.map((profile) => [profile.schedulerName, profile]));
    this.queue = new SchedulingQueue(kernel, profiles, options.backoff);
    this.queue.onReady = () => this.pump();
    const events = limited();
    const host = options.identity;
    this.recorders = new Map(
      profiles.map(({ schedulerName }) => [
        schedulerName,
        new EventSeriesRecorder({ kernel, client: events, controller: schedulerName, host }),
      ]),
    );
    this.pods = new Informer(kernel, client, PODS, { fieldSelector: "status.phase!=Succeeded,status.phase!=Failed" });
    this.nodes = new Informer(kernel, client, NODES);
    this.services = new Informer(kernel, client, SERVICES);
    this.owners = {
      ReplicaSet: new Informer(kernel, client, REPLICA_SETS),
      StatefulSet: new Informer(kernel, client, STATEFUL_SETS),
    };
    this.namespaces = new Informer(kernel, client, NAMESPACES);
    this.volumes = new Informer(kernel, client, PERSISTENT_VOLUMES);
    this.claims = new Informer(kernel, client, PERSISTENT_VOLUME_CLAIMS);
    this.storageClasses = new Informer(kernel, client, STORAGE_CLASSES);
    this.budgets = new Informer(kernel, client, POD_DISRUPTION_BUDGETS);
    for (const informer of [this.volumes, this.claims, this.storageClasses]) {
      informer.onChange(({ object }) => this.queue.cluster({ type: "VolumeChange", object }));
    }
    this.pods.onChange((change) => this.onPod(change));
    this.nodes.onChange((change) => this.onNode(change));
    this.view = {
      nodes: () => this.cache.list(),
      services: (namespace) => [...this.services.items.values()].filter((s) => s.metadata.namespace === namespace),
      owner: (pod) => this.ownerOf(pod),
      namespaceLabels: (name) => this.namespaces.get(name)?.metadata.labels,
      claim: (namespace, name) => this.claims.get(`${namespace}/${name}`),
      volume: (name) => this.volumes.get(name),
      volumes: () => this.volumes.items.values(),
      storageClass: (name) => this.storageClasses.get(name),
      budgets: () => this.budgets.items.values(),
    };
    if (lease === false) return;
    this.election = new LeaderElection({
      kernel,
      client: options.client,
      name: "kube-scheduler",
      ...lease,
      identity: options.identity,
      component: profiles[0]!.schedulerName,
      log: options.log,
      pid: options.pid ?? 1,
      onStartedLeading: () => {
        this.leading = true;
        this.pump();
      },
      onStoppedLeading: () => {
        this.say("E", "server.go:310", "Leaderelection lost");
        this.stop();
        options.onExit?.();
      },
    });
  }

  /** Starts informers and asks for the lease. */
  start(): void {
    for (const informer of this.informers()) informer.start();
    if (this.election) this.election.start();
    else this.kernel.spawn("scheduler", this.leadAlone(), { instant: false });
  }

  /** Without an election it works as soon as it knows the cluster. */
  private *leadAlone(): Gen {
    while (!this.informers().every((informer) => informer.synced)) {
      if (this.stopped) return;
      yield* sleep(SYNC_TICK);
    }
    if (this.stopped) return;
    this.leading = true;
    this.pump();
  }

  /** Told to end: the lease is given up at once. */
  *release(): Gen {
    if (this.election) yield* this.election.release();
  }

  stop(): void {
    this.stopped = true;
    this.leading = false;
    this.election?.stop();
    for (const informer of this.informers()) informer.stop();
  }

  /** How many Pods wait in each of the queues. */
  get pending(): Readonly<Record<"active" | "backoff" | "gated" | "unschedulable", number>> {
    return this.queue.pending;
  }

  private informers(): Informer[] {
    const storage = [this.volumes, this.claims, this.storageClasses, this.budgets];
    return [this.nodes, this.pods, this.services, ...Object.values(this.owners), this.namespaces, ...storage];
  }

  private say(severity: Severity, source: string, message: string, kv: KeyValues = {}, level = 0): void {
    if (level > (this.options.verbosity ?? 0)) return;
    this.options.log(klog(this.kernel, this.options.pid ?? 1, severity, source, message, kv));
  }

  private profileOf(pod: KubeObject): Profile | undefined {
    return this.profiles.get(pod.spec.schedulerName ?? "default-scheduler");
  }

  private recorderOf(pod: KubeObject): EventSeriesRecorder {
    return this.recorders.get(this.profileOf(pod)!.schedulerName)!;
  }

  private ownerOf(pod: KubeObject): KubeObject | undefined {
    const owner = pod.metadata.ownerReferences?.find((reference) => reference.controller);
    return owner && this.owners[owner.kind]?.get(`${pod.metadata.namespace}/${owner.name}`);
  }

  // ---- what happens in the cluster --------------------------------------------------------------------------------

  private onNode({ type, object, old }: Change<KubeObject>): void {
    if (type === "deleted") {
      this.cache.removeNode(object.metadata.name);
      return;
    }
    this.cache.setNode(object);
    if (type === "added") this.queue.cluster({ type: "NodeAdd", node: object });
    else if (old !== undefined && nodeChanged(old, object))
      this.queue.cluster({ type: "NodeUpdate", node: object, old });
  }

  private onPod({ type, object: pod, old }: Change<KubeObject>): void {
    const finished = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    if (type === "deleted" || finished) {
      this.onPodGone(pod);
      return;
    }
    // A Pod of the same name is another Pod.
    if (old !== undefined && old.metadata.uid !== pod.metadata.uid) this.onPodGone(old);
    if (pod.spec.nodeName) {
      this.queue.delete(pod);
      this.nominated.delete(pod.metadata.uid);
      const known = old?.spec.nodeName === pod.spec.nodeName;
      this.cache.setPod(pod);
      if (known) this.queue.cluster({ type: "AssignedPodUpdate", pod, old: old! });
      else this.queue.cluster({ type: "AssignedPodAdd", pod });
      return;
    }
    if (this.profileOf(pod) === undefined || this.cache.isAssumed(pod.metadata.uid)) return;
    const node = pod.status?.nominatedNodeName;
    if (node) this.nominated.set(pod.metadata.uid, { pod, node });
    if (pod.metadata.deletionTimestamp) {
      this.queue.delete(pod);
      return;
    }
    this.queue.update(pod);
  }

  private onPodGone(pod: KubeObject): void {
    this.queue.delete(pod);
    this.nominated.delete(pod.metadata.uid);
    if (!pod.spec.nodeName) {
      this.cache.forget(pod);
      return;
    }
    this.cache.removePod(pod);
    this.queue.cluster({ type: "AssignedPodDelete", pod });
  }

  // ---- attempts ---------------------------------------------------------------------------------------------------

  private pump(): void {
    if (!this.leading || this.busy) return;
    this.busy = true;
    this.kernel.spawn("schedule", this.scheduleAll(), { instant: false });
  }

  private *scheduleAll(): Gen {
    try {
      while (this.leading) {
        yield* cpu(ATTEMPT_COST + NODE_COST * this.cache.list().length);
        const queued = this.queue.pop();
        if (queued === undefined) return;
        yield* this.scheduleOne(queued);
      }
    } finally {
      this.busy = false;
    }
  }

  private *scheduleOne(queued: QueuedPod): Gen {
    const { pod } = queued;
    queued.poppedAt = this.kernel.now;
    const decision = this.newDecision(queued);
    const nodes = this.view.nodes();
    if (nodes.length === 0) {
      // No plugin has said no: it is tried again and again.
      yield* this.fail(queued, "no nodes available to schedule pods", new Set(), decision);
      return;
    }
    const cycle = new Cycle(pod, this.view);
    const profile = this.profileOf(pod)!;
    const found = choose(profile, cycle, this.kernel.random("scheduler"), decision, (node) =>
      this.withNominated(pod, node),
    );
    if (!(found instanceof FitError)) {
      decision.winner = found.winner;
      this.cache.assume(pod, found.winner);
      this.kernel.spawn(`bind ${keyOf(pod)}`, this.bind(queued, found), { instant: false });
      return;
    }
    let nominated: string | undefined;
    if (!profile.preempts) {
      yield* this.fail(queued, found.message, found.plugins, decision);
      return;
    }
    this.preemptions++;
    const preemption = findPreemption(profile.filter, pod, this.view, found, (node) => this.withNominated(pod, node));
    if ("why" in preemption) {
      found.postFilterMessage = `preemption: ${preemption.why}`;
      // Who finds no place to make gives up the one that was promised.
      if (preemption.eligible) nominated = "";
    } else {
      this.victims.observe(preemption.victims.length);
      yield* this.preempt(pod, preemption);
      nominated = preemption.node;
      decision.nominated = nominated;
    }
    yield* this.fail(queued, found.message, found.plugins, decision, nominated);
  }

  private attempted({ poppedAt }: QueuedPod, result: "error" | "scheduled" | "unschedulable"): void {
    this.attempts[result]++;
    this.durations[result].observe((this.kernel.now - poppedAt) / SECOND);
  }

  private newDecision(queued: QueuedPod): Decision {
    const { pod, attempts } = queued;
    const decision: Decision = {
      at: this.kernel.now,
      pod: keyOf(pod),
      uid: pod.metadata.uid,
      attempt: attempts,
      rejected: [],
      feasible: [],
      scores: [],
    };
    this.decisions.push(decision);
    if (this.decisions.length > MAX_DECISIONS) this.decisions.splice(0, MAX_DECISIONS / 2);
    return decision;
  }

  /** The node with those Pods on it that were promised a place there and matter as much. */
  private withNominated(pod: KubeObject, node: NodeInfo): NodeInfo {
    let crowded = node;
    for (const [uid, promise] of this.nominated) {
      if (promise.node !== node.name || uid === pod.metadata.uid || node.pods.has(uid)) continue;
      if ((promise.pod.spec.priority ?? 0) < (pod.spec.priority ?? 0)) continue;
      if (crowded === node) crowded = node.clone();
      crowded.addPod(promise.pod);
    }
    return crowded;
  }

  /** Tells the API server the node, then the world. */
  private *bind(queued: QueuedPod, placement: Placement): Gen {
    const { pod } = queued;
    const { name, namespace, uid } = pod.metadata;
    try {
      const refused = yield* this.preBind(pod, placement.winner);
      if (refused !== undefined) {
        this.cache.forget(pod);
        yield* this.fail(
          queued,
          `running PreBind plugin ${refused}`,
          new Set(),
          undefined,
          undefined,
          "SchedulerError",
        );
        return;
      }
      yield* this.client.create(
        PODS,
        {
          apiVersion: "v1",
          kind: "Binding",
          metadata: { name, namespace, uid },
          target: { kind: "Node", name: placement.winner },
        },
        { name, path: "binding" },
      );
    } catch (error) {
      if (!(error instanceof StatusError) && !isNetError(error)) throw error;
      this.cache.forget(pod);
      const message = `running Bind plugin "DefaultBinder": ${error.message}`;
      this.say("E", "schedule_one.go:1002", "Error scheduling pod; retrying", { err: message, pod: keyOf(pod) });
      yield* this.fail(queued, message, new Set(), undefined, undefined, "SchedulerError");
      return;
    }
    this.attempted(queued, "scheduled");
    this.tries.observe(queued.attempts);
    this.queue.delete(pod);
    this.nominated.delete(uid);
    this.say(
      "I",
      "schedule_one.go:314",
      "Successfully bound pod to node",
      {
        pod: keyOf(pod),
        node: placement.winner,
        evaluatedNodes: placement.evaluated,
        feasibleNodes: placement.feasible,
      },
      2,
    );
    const note = `Successfully assigned ${keyOf(pod)} to ${placement.winner}`;
    this.recorderOf(pod).event(pod, "Normal", "Scheduled", "Binding", note);
  }

  /** Why the Pod cannot be bound, with the plugin's name. */
  private *preBind(pod: KubeObject, winner: string): Gen<string | undefined> {
    const { kernel, client, view } = this;
    for (const { name, preBind } of this.profileOf(pod)!.preBind) {
      if (preBind === undefined) continue;
      const node = this.nodes.get(winner);
      const why = node && (yield* preBind(pod, node, { kernel, client, view }));
      if (why !== undefined) return `"${name}": ${why}`;
    }
    return undefined;
  }

  private *preempt(pod: KubeObject, { node, victims }: Preemption): Gen {
    for (const victim of victims) {
      const { namespace, name, uid } = victim.metadata;
      try {
        const condition = {
          type: "DisruptionTarget",
          status: "True",
          reason: "PreemptionByScheduler",
          message: `${this.profileOf(pod)!.schedulerName}: preempting to accommodate a higher priority pod`,
          lastProbeTime: null,
          lastTransitionTime: formatTime(this.kernel.wallMs),
        };
        const status = conditionPatch(victim, condition);
        yield* this.client.patch(PODS, namespace, name, { status }, "strategic", "status");
        yield* this.client.delete(PODS, namespace, name, { preconditions: { uid } });
      } catch (error) {
        if (!(error instanceof StatusError) && !isNetError(error)) throw error;
        continue;
      }
      this.say(
        "I",
        "preemption.go:227",
        "Preemptor Pod preempted victim Pod",
        { preemptor: keyOf(pod), victim: keyOf(victim), node },
        2,
      );
      const note = `Preempted by pod ${pod.metadata.uid} on node ${node}`;
      this.recorderOf(pod).event(victim, "Normal", "Preempted", "Preempting", note, pod);
    }
  }

  /** handleSchedulingFailure: back to the queue, an event, and the condition PodScheduled. `nominated` empty: no node any more. */
  private *fail(
    queued: QueuedPod,
    message: string,
    rejectedBy: ReadonlySet<string>,
    decision?: Decision,
    nominated?: string,
    reason: "Unschedulable" | "SchedulerError" = "Unschedulable",
  ): Gen {
    const { pod } = queued;
    if (decision) decision.message = message;
    this.attempted(queued, reason === "Unschedulable" ? "unschedulable" : "error");
    if (reason === "Unschedulable")
      this.say(
        "I",
        "schedule_one.go:1053",
        "Unable to schedule pod; no fit; waiting",
        { pod: keyOf(pod), err: message },
        2,
      );
    if (nominated) this.nominated.set(pod.metadata.uid, { pod, node: nominated });
    else if (nominated === "") this.nominated.delete(pod.metadata.uid);
    this.queue.failed(queued, rejectedBy);
    const note = message.length > NOTE_LIMIT ? `${message.slice(0, NOTE_LIMIT - 4)} ...` : message;
    this.recorderOf(pod).event(pod, "Warning", "FailedScheduling", "Scheduling", note);
    const { client, kernel } = this;
    const trouble = yield* tellUnscheduled({ client, kernel, pod, reason, message, nominated });
    if (trouble) this.say("E", "schedule_one.go:1108", "Error updating pod", { err: trouble, pod: keyOf(pod) });
  }
}
