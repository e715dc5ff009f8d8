import { userAgent } from "../api/build-info.ts";
import { klog } from "../api/klog.ts";
import { clientFromKubeconfig } from "../api/kubeconfig.ts";
import { cpu, type Gen } from "../kernel/index.ts";
import type { Process, Program } from "../machine/process.ts";
import { releaseOf } from "../machine/release.ts";
import { Scheduler } from "../scheduler/index.ts";
import { commandLine } from "./command-line.ts";
import { healthPages, listening, logger, rateOf, untilTerminated, verbosityOf } from "./daemon.ts";

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
  return yield* serve(p, scheduler, Number(flags.get("secure-port") ?? 10259));
};

/** Runs what starts and stops, with a health port on the loopback address, until the process is told to end. */
export function* serve(p: Process, part: { start(): void; stop(): void; release?(): Gen }, port: number): Gen<number> {
  const health = healthPages("/healthz", "/livez", "/readyz");
  part.start();
  try {
    yield* cpu(0);
    yield* listening(p, [{ protocol: "tcp", address: "127.0.0.1", port, tls: true, ...health }], untilTerminated(p));
    if (part.release) yield* part.release();
  } finally {
    part.stop();
  }
  return 0;
}
