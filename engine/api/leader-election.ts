import { type Gen, join, type Kernel, type KernelEvent, MS, SECOND, type Task } from "../kernel/index.ts";
import type { ApiClient } from "./client.ts";
import { EventRecorder } from "./event-recorder.ts";
import type { Beat } from "./http.ts";
import { klog } from "./klog.ts";
import { LEASES } from "./resources.ts";
import { isStatus } from "./status.ts";
import { formatMicroTime } from "./time.ts";
import type { KubeObject } from "./types.ts";

export interface LeaderElectionOptions {
  kernel: Kernel;
  client: ApiClient;
  /** Lease's name: `kube-scheduler`. */
  name: string;
  /** kube-system when absent. */
  namespace?: string;
  /** Host name; `_<uuid>` is added, since a restarted process is another holder, unless `exactIdentity`. */
  identity: string;
  exactIdentity?: boolean;
  /** µs that the lease lasts, that renewing it is tried, and between two tries. */
  times?: { lease: number; renew: number; retry: number };
  /** Component that records `became leader`. */
  component: string;
  log: (line: string) => void;
  pid?: number;
  onStartedLeading: () => void;
  /** The lease is lost: the real process ends itself now. */
  onStoppedLeading: () => void;
}

/** Defaults of kube-scheduler and kube-controller-manager, in µs. */
const TIMES = { lease: 15 * SECOND, renew: 10 * SECOND, retry: 2 * SECOND };
/** client-go: acquiring waits 1 to 2.2 times the retry period. */
const JITTER_FACTOR = 1.2;

/**
 * Leader election over a Lease (client-go tools/leaderelection/leaderelection.go). The lease's age is judged by when
 * this process saw it change, never by the other's clock. Wake-ups are kernel events, an attempt is a short task.
 */
export class LeaderElection {
  readonly holderIdentity: string;
  leading = false;
  private readonly options: LeaderElectionOptions;
  private readonly namespace: string;
  private readonly times: { lease: number; renew: number; retry: number };
  private readonly kernel: Kernel;
  private readonly recorder: EventRecorder;
  private observed: KubeObject | undefined;
  /** µs of virtual time when the observed record last changed. */
  private observedAt = 0;
  private renewedAt = 0;
  private running = false;
  private readonly beat: Beat | undefined;
  private readonly event: string;
  private readonly due = () => this.turn();
  private wake: KernelEvent | undefined;

  constructor(options: LeaderElectionOptions) {
    this.options = options;
    this.kernel = options.kernel;
    this.namespace = options.namespace ?? "kube-system";
    this.times = options.times ?? TIMES;
    const suffix = options.exactIdentity
      ? ""
      : `_${options.kernel.random(`leader election ${options.identity}`).uuid()}`;
    this.holderIdentity = options.identity + suffix;
    this.event = `lease ${options.name} ${this.holderIdentity}`;
    this.beat = options.client.beat(this.namespace, options.name);
    this.recorder = new EventRecorder({
      kernel: options.kernel,
      client: options.client,
      component: options.component,
    });
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    this.say("leaderelection.go:257", `attempting to acquire leader lease ${this.lock}...`);
    this.next(0);
  }

  /** The process ended: the lease is left to expire, as a killed process leaves it. */
  stop(): void {
    this.running = false;
    this.leading = false;
    this.kernel.cancel(this.wake);
  }

  /** Gives the lease up, as a scheduler that is told to end does (ReleaseOnCancel): others need not wait for its end. */
  *release(): Gen {
    const lease = this.observed;
    if (!this.leading || lease === undefined) return;
    this.stop();
    const now = formatMicroTime(this.micros);
    const { leaseTransitions } = lease["spec"];
    const spec = { holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaseTransitions };
    try {
      yield* this.options.client.update(LEASES, { ...lease, spec });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.say("leaderelection.go:341", `Failed to release lock: ${text}`, "E");
    }
  }

  /** µs since 1970, now. */
  private get micros(): number {
    return this.kernel.epochMs * 1000 + this.kernel.now;
  }

  private get lock(): string {
    return `${this.namespace}/${this.options.name}`;
  }

  private say(source: string, message: string, severity: "I" | "E" = "I"): void {
    this.options.log(klog(this.kernel, this.options.pid ?? 1, severity, source, message));
  }

  private next(delay: number): void {
    this.wake = this.kernel.after(delay, this.event, this.due);
  }

  /** An attempt is due. As long as the record holds, it is one request over an open connection. */
  private turn(): void {
    const { name } = this.options;
    if (this.observed === undefined || !this.fresh()) {
      this.kernel.spawn(`lease ${name}`, this.attempt(), { instant: false });
      return;
    }
    let seen: KubeObject | undefined;
    if (this.leading) {
      const renewed = this.beat?.renew(this.observed, this.micros);
      if (renewed !== undefined) {
        this.observe(renewed);
        this.settle(true);
        return;
      }
    } else {
      seen = this.beat?.look();
      if (seen !== undefined && this.isTaken(seen)) {
        this.settle(false);
        return;
      }
    }
    const heartbeat = this.kernel.begin(`lease ${name}`, this.tryAcquireOrRenew(seen));
    if (heartbeat.state === "done") this.settle(heartbeat.value === true);
    else this.kernel.spawn(`lease ${name}`, this.settleAfter(heartbeat), { instant: false });
  }

  private *attempt(): Gen {
    this.settle(yield* this.tryAcquireOrRenew());
  }

  private *settleAfter(heartbeat: Task): Gen {
    this.settle((yield* join<boolean>(heartbeat)) === true);
  }

  /** An attempt has ended: the lease is ours now, or not. */
  private settle(got: boolean): void {
    if (!this.running) return;
    if (this.leading) this.renewed(got);
    else this.acquired(got);
  }

  private acquired(got: boolean): void {
    if (!got) {
      const jitter = Math.floor((this.times.retry * JITTER_FACTOR) / MS);
      this.next(this.times.retry + this.kernel.random("leader election").int(0, jitter) * MS);
      return;
    }
    this.leading = true;
    this.renewedAt = this.kernel.now;
    this.say("leaderelection.go:271", `successfully acquired lease ${this.lock}`);
    this.recorder.event(this.observed!, "Normal", "LeaderElection", `${this.holderIdentity} became leader`);
    this.options.onStartedLeading();
    this.next(this.times.retry);
  }

  private renewed(kept: boolean): void {
    if (kept) {
      this.renewedAt = this.kernel.now;
      this.next(this.times.retry);
      return;
    }
    const left = this.renewedAt + this.times.renew - this.kernel.now;
    if (left > 0) {
      this.next(Math.min(this.times.retry, left));
      return;
    }
    this.running = false;
    this.leading = false;
    this.recorder.event(
      this.observed ?? {
        kind: "Lease",
        apiVersion: "coordination.k8s.io/v1",
        namespace: "kube-system",
        name: this.options.name,
      },
      "Normal",
      "LeaderElection",
      `${this.holderIdentity} stopped leading`,
    );
    this.say("leaderelection.go:297", `failed to renew lease ${this.lock}: context deadline exceeded`, "E");
    this.options.onStoppedLeading();
  }

  private observe(lease: KubeObject): void {
    this.observed = lease;
    this.observedAt = this.kernel.now;
  }

  /** The record was seen to change so lately that it holds. */
  private fresh(): boolean {
    return this.observedAt + this.times.lease > this.kernel.now;
  }

  /** Notes the record as it was read now: whether somebody else holds it. */
  private isTaken(lease: KubeObject): boolean {
    if (lease.metadata.resourceVersion !== this.observed?.metadata.resourceVersion) this.observe(lease);
    const holder: string = lease.spec?.holderIdentity ?? "";
    return holder !== "" && holder !== this.holderIdentity && this.fresh();
  }

  /** True when the lease is ours now. `seen`: the record as it was read just now. */
  private *tryAcquireOrRenew(seen?: KubeObject): Gen<boolean> {
    const now = formatMicroTime(this.micros);
    const { client, name } = this.options;
    try {
      // A leader whose record still holds writes at once, without reading.
      if (this.leading && this.observed !== undefined && this.fresh()) {
        try {
          const spec = { ...this.observed.spec, renewTime: now };
          this.observe(yield* client.update(LEASES, { ...this.observed, spec }));
          return true;
        } catch (error) {
          if (!isStatus(error, "Conflict")) throw error;
        }
      }
      let lease: KubeObject;
      try {
        lease = seen ?? (yield* client.get(LEASES, this.namespace, name));
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
        this.observe(yield* client.create<KubeObject>(LEASES, this.newLease(now)));
        return true;
      }
      if (this.isTaken(lease)) return false;
      const mine = lease.spec?.holderIdentity === this.holderIdentity;
      const transitions: number = lease.spec?.leaseTransitions ?? 0;
      const spec = {
        ...lease.spec,
        holderIdentity: this.holderIdentity,
        leaseDurationSeconds: this.times.lease / SECOND,
        renewTime: now,
        acquireTime: mine ? lease.spec.acquireTime : now,
        leaseTransitions: mine ? transitions : transitions + 1,
      };
      this.observe(yield* client.update(LEASES, { ...lease, spec }));
      return true;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (isStatus(error, "Conflict") || isStatus(error, "AlreadyExists"))
        this.say(
          "leaderelection.go:429",
          `Failed to update lock optimistically: ${text}, falling back to slow path`,
          "E",
        );
      else this.say("leaderelection.go:436", `error retrieving resource lock ${this.lock}: ${text}`, "E");
      return false;
    }
  }

  private newLease(now: string): object {
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace: this.namespace, name: this.options.name },
      spec: {
        holderIdentity: this.holderIdentity,
        leaseDurationSeconds: this.times.lease / SECOND,
        acquireTime: now,
        renewTime: now,
        leaseTransitions: 0,
      },
    };
  }
}
