import { formatMicroTime } from "../api/time.ts";
import type { Process, Program } from "../machine/process.ts";
import type { Signal } from "../machine/signal.ts";
import { clusterContext } from "./context.ts";
import { flagsOf, healthPages, listening, logger, untilTerminated } from "./daemon.ts";
import { etcdMembers } from "./etcd-members.ts";

/**
 * One etcd member. All members of a cluster serve one store: electing a leader is not modelled yet, but a member that
 * does not run does not answer its API server, and without a quorum none does.
 */
export const etcd: Program = function* etcd(p) {
  const flags = flagsOf(p);
  const { store } = { store: clusterContext(p.machine.network).etcd };
  const log = zap(p);
  log("info", "etcdmain/etcd.go:73", "Running: ", { args: [...p.argv] });
  const name = flags.get("name") ?? "default";
  const address = hostOf(flags.get("advertise-client-urls") ?? "") ?? "127.0.0.1";
  log("info", "embed/etcd.go:310", "starting an etcd server", {
    "etcd-version": "3.5.16",
    "git-sha": "f20bbad",
    "go-version": "go1.22.7",
    name,
    "data-dir": flags.get("data-dir") ?? "default.etcd",
    "initial-cluster": flags.get("initial-cluster") ?? "",
  });
  const listeners = [
    { protocol: "tcp" as const, address: "127.0.0.1", port: 2379, tls: true },
    ...(address === "127.0.0.1" ? [] : [{ protocol: "tcp" as const, address, port: 2379, tls: true }]),
    { protocol: "tcp" as const, address, port: 2380, tls: true },
    { protocol: "tcp" as const, address: "127.0.0.1", port: 2381, ...healthPages("/livez", "/readyz", "/health") },
  ];
  log("info", "embed/serve.go:187", "serving client traffic securely", {
    traffic: "grpc+http",
    address: "127.0.0.1:2379",
    revision: store.revision,
  });
  const size = (flags.get("initial-cluster") ?? "").split(",").length;
  const leave = etcdMembers(p.machine.network).join(p.machine.hostname, size);
  let signal: Signal;
  try {
    signal = yield* listening(p, listeners, untilTerminated(p));
  } finally {
    leave();
  }
  log("info", "osutil/interrupt_unix.go:64", "received signal; shutting down", {
    signal: signal === "TERM" ? "terminated" : "interrupt",
  });
  return 0;
};

function hostOf(url: string): string | undefined {
  return /^https?:\/\/([^:/]+)/.exec(url)?.[1];
}

/** etcd's JSON log lines (zap). */
function zap(p: Process): (level: string, caller: string, msg: string, rest?: object) => void {
  const write = logger(p);
  const { kernel } = p.machine;
  return (level, caller, msg, rest = {}) => {
    const ts = formatMicroTime(kernel.epochMs * 1000 + kernel.now);
    write(JSON.stringify({ level, ts, caller, msg, ...rest }));
  };
}
