import { userAgent } from "../api/build-info.ts";
import type { HttpHandler } from "../api/http.ts";
import { klog } from "../api/klog.ts";
import { clientFromKubeconfig } from "../api/kubeconfig.ts";
import { cpu, type Gen } from "../kernel/index.ts";
import type { Process, Program } from "../machine/process.ts";
import { releaseOf } from "../machine/release.ts";
import { Scheduler } from "../scheduler/index.ts";
import type { Exposition } from "../text/exposition.ts";
import { commandLine } from "./command-line.ts";
import { listening, logger, rateOf, untilTerminated, verbosityOf } from "./daemon.ts";
import { componentMetrics, securePort } from "./secure-port.ts";

/** Processes of kube-scheduler by machine, for the grader and the pictures: their decision records. */
const running = new WeakMap<object, Map<string, Scheduler>>();

/** The schedulers that ever ran on a network, by machine name; the last one of each. */
export function schedulersOn(network: object): ReadonlyMap<string, Scheduler> {
  return running.get(network) ?? new Map();
}

export const kubeScheduler: Program = function* kubeScheduler(p) {
  const { kernel, hostname, network } = p.machine;
  const flags = commandLine(p, "kube-scheduler");
  const log = logger(p);
  const release = releaseOf(p);
  log(klog(kernel, p.nsPid, "I", "serving.go:386", "Generated self-signed cert in-memory"));
  const client = clientFromKubeconfig(
    p,
    flags.get("kubeconfig") ?? "/etc/kubernetes/scheduler.conf",
    `${userAgent("kube-scheduler", release)}/scheduler`,
  );
  const scheduler = new Scheduler({
    kernel,
    client,
    log,
    identity: hostname,
    release,
    pid: p.nsPid,
    verbosity: verbosityOf(flags),
    rate: rateOf(flags, { qps: 50, burst: 100 }),
    onExit: () => p.machine.signal(p, "KILL"),
  });
  const all = running.get(network) ?? new Map<string, Scheduler>();
  running.set(network, all.set(hostname, scheduler));
  log(klog(kernel, p.nsPid, "I", "server.go:166", "Starting Kubernetes Scheduler", { version: release }));
  const component = { name: "kube-scheduler", election: scheduler.election, release, startedMs: kernel.wallMs };
  const pages = securePort(p, {
    client,
    clientCa: flags.get("client-ca-file"),
    metrics: () => componentMetrics(component, (out) => schedulerFamilies(out, scheduler)),
  });
  return yield* serve(p, scheduler, flags, 10259, pages);
};

function schedulerFamilies(out: Exposition, scheduler: Scheduler): void {
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
      .map(([result, value]) => ({ labels: { profile: "default-scheduler", result }, value })),
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
