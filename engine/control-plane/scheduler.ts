import { userAgent } from "../api/build-info.ts";
import type { ApiClient } from "../api/client.ts";
import { parseDuration } from "../api/go-time.ts";
import type { HttpHandler } from "../api/http.ts";
import { type KeyValues, klog, type Severity } from "../api/klog.ts";
import { clientFromKubeconfig, inClusterClient, SERVICE_ACCOUNT_DIR } from "../api/kubeconfig.ts";
import { cpu, type Gen } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import { parseYaml } from "../machine/kubelet/yaml.ts";
import type { Process, Program } from "../machine/process.ts";
import { releaseOf } from "../machine/release.ts";
import * as sys from "../machine/sys.ts";
import {
  configurationProblem,
  defaultConfiguration,
  type Profile,
  profileOf,
  Scheduler,
  type SchedulerConfiguration,
  schedulerConfiguration,
} from "../scheduler/index.ts";
import type { Exposition } from "../text/exposition.ts";
import { commandLine } from "./command-line.ts";
import { fail, listening, logger, rateOf, untilTerminated, verbosityOf } from "./daemon.ts";
import { componentMetrics, securePort } from "./secure-port.ts";

/** Processes of kube-scheduler by machine, for the grader and the pictures: their decision records. */
const running = new WeakMap<object, Map<string, Scheduler>>();

/** The schedulers that ever ran on a network, by machine name; the last one of each. */
export function schedulersOn(network: object): ReadonlyMap<string, Scheduler> {
  return running.get(network) ?? new Map();
}

export const kubeScheduler: Program = function* kubeScheduler(p) {
  const { kernel, network } = p.machine;
  const flags = commandLine(p, "kube-scheduler");
  const log = logger(p);
  const say = (severity: Severity, source: string, message: string, kv?: KeyValues) =>
    log(klog(kernel, p.nsPid, severity, source, message, kv));
  const failed = (err: string): never => {
    say("E", "run.go:72", "command failed", { err });
    return fail(1);
  };
  const release = releaseOf(p);
  say("I", "serving.go:386", "Generated self-signed cert in-memory");
  const config = configuration(p, flags);
  if (typeof config === "string") return failed(config);
  const profiles: Profile[] = [];
  const agent = `${userAgent("kube-scheduler", release)}/scheduler`;
  const client = clientOf(p, config, agent, (message) => say("W", "client_config.go:659", message));
  if (typeof client === "string") return failed(client);
  for (const settings of config.profiles) {
    const profile = profileOf(settings);
    if (typeof profile === "string") {
      const { schedulerName } = settings;
      return failed(`initializing profiles: creating profile for scheduler name ${schedulerName}: ${profile}`);
    }
    profiles.push(profile);
  }
  const { leaderElect, leaseDuration, renewDeadline, retryPeriod, ...lock } = config.leaderElection;
  const { hostname } = p.ns.uts;
  const scheduler = new Scheduler({
    kernel,
    client,
    log,
    identity: hostname,
    profiles,
    backoff: { initial: config.podInitialBackoffSeconds, max: config.podMaxBackoffSeconds },
    lease: leaderElect && {
      namespace: lock.resourceNamespace,
      name: lock.resourceName,
      times: { lease: leaseDuration, renew: renewDeadline, retry: retryPeriod },
    },
    pid: p.nsPid,
    verbosity: verbosityOf(flags),
    rate: config.clientConnection,
    onExit: () => p.machine.signal(p, "KILL"),
  });
  const all = running.get(network) ?? new Map<string, Scheduler>();
  running.set(network, all.set(hostname, scheduler));
  say("I", "server.go:166", "Starting Kubernetes Scheduler", { version: release });
  say("I", "server.go:168", "Golang settings", { GOGC: "", GOMAXPROCS: "", GOTRACEBACK: "" });
  const component = { process: p, name: "kube-scheduler", election: scheduler.election, release };
  const pages = securePort(p, {
    client,
    clientCa: flags.get("client-ca-file"),
    metrics: () => componentMetrics(component, (out) => schedulerFamilies(out, scheduler, profiles)),
  });
  const address = flags.get("bind-address") ?? "0.0.0.0";
  const port = flags.get("secure-port") ?? "10259";
  const where = address === "0.0.0.0" ? "[::]" : address;
  say("I", "secure_serving.go:213", `Serving securely on ${where}:${port}`);
  return yield* serve(p, scheduler, flags, 10259, pages);
};

/**
 * The file that `--config` names, or what flags say without one; flags of the election count in both cases
 * (cmd/kube-scheduler/app/options ApplyTo). A text says why it cannot be used.
 */
function configuration(p: Process, flags: ReadonlyMap<string, string>): SchedulerConfiguration | string {
  const path = flags.get("config");
  let config: SchedulerConfiguration | string;
  if (path === undefined) {
    const { qps, burst } = rateOf(flags, { qps: 50, burst: 100 });
    const kubeconfig = flags.get("kubeconfig") ?? "";
    config = { ...defaultConfiguration(), clientConnection: { kubeconfig, qps, burst } };
  } else {
    config = fromFile(p, path);
    if (typeof config === "string") return config;
  }
  const { leaderElection: file } = config;
  const elect = flags.get("leader-elect");
  const duration = (name: string, usual: number) => {
    const given = flags.get(`leader-elect-${name}`);
    return given === undefined ? usual : Number(parseDuration(given)) / 1000;
  };
  const leaderElection = {
    leaderElect: elect === undefined ? file.leaderElect : !/^(0|f)/i.test(elect),
    leaseDuration: duration("lease-duration", file.leaseDuration),
    renewDeadline: duration("renew-deadline", file.renewDeadline),
    retryPeriod: duration("retry-period", file.retryPeriod),
    resourceLock: flags.get("leader-elect-resource-lock") ?? file.resourceLock,
    resourceName: flags.get("leader-elect-resource-name") ?? file.resourceName,
    resourceNamespace: flags.get("leader-elect-resource-namespace") ?? file.resourceNamespace,
  };
  const whole = { ...config, leaderElection };
  return configurationProblem(whole) ?? whole;
}

function fromFile(p: Process, path: string): SchedulerConfiguration | string {
  try {
    return schedulerConfiguration(parseYaml(sys.readText(p, path)));
  } catch (error) {
    if (isErrno(error)) return `open ${path}: ${error.message.toLowerCase()}`;
    return (error as Error).message;
  }
}

/** Who it is to the API server: a kubeconfig, else the Pod's ServiceAccount (clientcmd BuildConfigFromFlags). */
function clientOf(
  p: Process,
  { clientConnection: { kubeconfig } }: SchedulerConfiguration,
  agent: string,
  warn: (message: string) => void,
): ApiClient | string {
  if (kubeconfig !== "") {
    try {
      return clientFromKubeconfig(p, kubeconfig, agent);
    } catch (error) {
      if (!isErrno(error)) throw error;
      return `stat ${kubeconfig}: ${error.message.toLowerCase()}`;
    }
  }
  warn("Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.");
  const client = inClusterClient(p, agent);
  if (client !== undefined) return client;
  const why = p.env.get("KUBERNETES_SERVICE_HOST")
    ? `open ${SERVICE_ACCOUNT_DIR}/token: no such file or directory`
    : "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined";
  warn(`error creating inClusterConfig, falling back to default config: ${why}`);
  return "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable";
}

function schedulerFamilies(out: Exposition, scheduler: Scheduler, profiles: readonly Profile[]): void {
  const STABLE = "[STABLE] ";
  const results = Object.entries(scheduler.attempts).flatMap(([result, count]) => (count > 0 ? [result] : []));
  out.add(
    "scheduler_pod_scheduling_attempts",
    "histogram",
    `${STABLE}Number of attempts to successfully schedule a pod.`,
    scheduler.tries.samples(),
  );
  out.add(
    "scheduler_preemption_attempts_total",
    "counter",
    `${STABLE}Total preemption attempts in the cluster till now`,
    scheduler.preemptions,
  );
  out.add(
    "scheduler_preemption_victims",
    "histogram",
    `${STABLE}Number of selected preemption victims`,
    scheduler.victims.samples(),
  );
  out.add(
    "scheduler_scheduling_attempt_duration_seconds",
    "histogram",
    `${STABLE}Scheduling attempt latency in seconds (scheduling algorithm + binding)`,
    results.flatMap((result) =>
      scheduler.durations[result as keyof typeof scheduler.durations].samples({
        profile: profiles[0]!.schedulerName,
        result,
      }),
    ),
  );
  out.add(
    "scheduler_pending_pods",
    "gauge",
    "[STABLE] Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in unschedulablePods that the scheduler attempted to schedule and failed; 'gated' is the number of unschedulable pods that the scheduler never attempted to schedule because they are gated.",
    Object.entries(scheduler.pending).map(([queue, value]) => ({ labels: { queue }, value })),
  );
  out.add(
    "scheduler_schedule_attempts_total",
    "counter",
    "[STABLE] Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.",
    Object.entries(scheduler.attempts)
      .filter(([, value]) => value > 0)
      .map(([result, value]) => ({ labels: { profile: profiles[0]!.schedulerName, result }, value })),
  );
}

/** Runs what starts and stops, with a port for who may ask, until the process is told to end. */
export function* serve(
  p: Process,
  part: { start(): void; stop(): void; release?(): Gen },
  flags: ReadonlyMap<string, string>,
  usualPort: number,
  pages: { http: HttpHandler; well: (path: string) => boolean },
): Gen<number> {
  const address = flags.get("bind-address") ?? "0.0.0.0";
  const port = Number(flags.get("secure-port") ?? usualPort);
  const listener = { protocol: "tcp", address, port, tls: true, asksCertificate: true, ...pages } as const;
  part.start();
  try {
    yield* cpu(0);
    yield* listening(p, [listener], untilTerminated(p));
    if (part.release) yield* part.release();
  } finally {
    part.stop();
  }
  return 0;
}
