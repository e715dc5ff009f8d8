import type { ApiClient } from "../api/client.ts";
import { EventRecorder } from "../api/event-recorder.ts";
import { klog, type Severity } from "../api/klog.ts";
import { LeaderElection } from "../api/leader-election.ts";
import { type RequestRate, ThrottleLog } from "../api/rate-limiter.ts";
import type { Gen, Kernel } from "../kernel/index.ts";
import type { Exposition } from "../text/exposition.ts";
import type { SigningAuthority } from "./certificate-signing.ts";
import type { ControllerContext } from "./context.ts";
import { SharedInformers } from "./informers.ts";
import { CONTROLLERS, startingAccounts } from "./list.ts";
import { WorkQueue } from "./reconciler.ts";
import type { LoadBalancers } from "./service-lb.ts";
import { WATCHED } from "./watched.ts";
import { queueFamilies } from "./work-counts.ts";

export interface ControllerManagerOptions {
  kernel: Kernel;
  /**
   * A client for a part of the process: undefined for kube-controller-manager itself (informers, lease), else a
   * controller's ServiceAccount in kube-system, e.g. `deployment-controller`.
   */
  client: (serviceAccount?: string) => ApiClient;
  log: (line: string) => void;
  /** Host name of the control-plane node. */
  identity: string;
  clusterCidr: string;
  serviceCidr: string;
  /** PEM for kube-root-ca.crt. */
  rootCa?: string;
  signing?: () => SigningAuthority | undefined;
  serviceAccountKey?: () => Uint8Array | undefined;
  /** Sees to it that a ServiceAccount of kube-system is there. */
  ensureAccount?: (name: string) => Gen;
  loadBalancers?: LoadBalancers;
  pid?: number;
  /** klog's -v. */
  verbosity?: number;
  /** What each of its clients may ask; 20 a second and 30 at once by default (pkg/controller/apis/config/v1alpha1). */
  rate?: RequestRate;
  /** The lease was lost: the real process exits. */
  onExit?: () => void;
}

/** kube-controller-manager: runs every controller of list.ts while it holds its leader lease. */
export class ControllerManager {
  readonly election: LeaderElection;
  private readonly options: ControllerManagerOptions;
  private informers: SharedInformers | undefined;
  private queues: WorkQueue[] = [];
  private running = false;

  constructor(options: ControllerManagerOptions) {
    this.options = options;
    const { kernel, log, identity, pid = 1 } = options;
    this.election = new LeaderElection({
      kernel,
      client: options.client(),
      name: "kube-controller-manager",
      identity,
      component: "kube-controller-manager",
      log,
      pid,
      onStartedLeading: () => {
        kernel.spawn("kube-controller-manager", this.lead(), { instant: false });
      },
      onStoppedLeading: () => {
        log(klog(kernel, pid, "E", "controllermanager.go:342", "leaderelection lost", {}));
        this.stop();
        options.onExit?.();
      },
    });
  }

  /** Asks for the lease; controllers start when it is held. */
  start(): void {
    this.running = true;
    this.election.start();
  }

  stop(): void {
    this.running = false;
    this.election.stop();
    for (const queue of this.queues) queue.stop();
    this.queues = [];
    this.informers?.stop();
    this.informers = undefined;
  }

  /** What its work queues count, for the page of metrics. */
  families(out: Exposition): void {
    queueFamilies(out, this.queues, this.options.kernel.now);
  }

  private *lead(): Gen {
    const { kernel, log, pid = 1, options } = { ...this.options, options: this.options };
    const { rate = { qps: 20, burst: 30 } } = options;
    const say = (severity: Severity, source: string, text: string) => log(klog(kernel, pid, severity, source, text));
    const throttled = new ThrottleLog(kernel, say, options.verbosity);
    const informers = new SharedInformers(kernel, options.client().limited(kernel, rate, throttled), WATCHED);
    this.informers = informers;
    yield* informers.sync();
    if (!this.running || this.informers !== informers) return;
    if (options.ensureAccount) for (const name of startingAccounts()) yield* options.ensureAccount(name);
    if (!this.running || this.informers !== informers) return;
    for (const { name, serviceAccount, component, faster, start } of CONTROLLERS) {
      const { qps = 1, burst = 1 } = faster ?? {};
      const own = { qps: rate.qps * qps, burst: rate.burst * burst };
      const client = options.client(serviceAccount).limited(kernel, own, throttled);
      const context: ControllerContext = {
        kernel,
        client,
        informers,
        recorder: new EventRecorder({ kernel, client, component: component ?? serviceAccount ?? name }),
        options: {
          clusterCidr: options.clusterCidr,
          serviceCidr: options.serviceCidr,
          rootCa: options.rootCa ?? "",
          signing: options.signing,
          serviceAccountKey: options.serviceAccountKey,
          loadBalancers: options.loadBalancers,
        },
        queue: (reconciler) => {
          const queue = new WorkQueue(kernel, reconciler);
          this.queues.push(queue);
          return queue;
        },
        stopped: () => this.informers !== informers,
      };
      start(context);
      log(klog(kernel, pid, "I", "controllermanager.go:796", "Started controller", { controller: name }));
    }
  }
}
