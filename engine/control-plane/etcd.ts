import { pairProblem } from "../api/key-pair.ts";
import { DEFAULT_QUOTA, hexId } from "../etcd/index.ts";
import { type Gen, WaitQueue, wait } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import type { Process, Program } from "../machine/process.ts";
import { releaseIn } from "../machine/release.ts";
import type { Signal } from "../machine/signal.ts";
import * as sys from "../machine/sys.ts";
import { clusterContext } from "./context.ts";
import { fail, flagsOf, listening, logger } from "./daemon.ts";
import { openData, sayRemoved } from "./etcd-data.ts";
import { type ZapLog, zap } from "./etcd-log.ts";
import { etcdPages } from "./etcd-pages.ts";
import { PeerLinks } from "./etcd-peers.ts";

/** One etcd member. What all members agree on is one store; `RaftGroup` knows who is in touch with whom. */
export const etcd: Program = function* etcd(p) {
  const flags = flagsOf(p);
  if (flags.has("version")) {
    logger(p, 1)(`etcd Version: ${etcdRelease(p)}\nGit SHA: f20bbad\nGo Version: go1.22.7\nGo OS/Arch: linux/amd64`);
    return 0;
  }
  const { etcd: store, raft } = clusterContext(p.machine.network);
  const log = zap(p);
  log("info", "etcdmain/etcd.go:73", "Running: ", { args: [...p.argv] });
  const name = flags.get("name") ?? "default";
  const address = hostOf(flags.get("advertise-client-urls") ?? "") ?? "127.0.0.1";
  const dir = flags.get("data-dir") ?? `${name}.etcd`;
  log("info", "embed/etcd.go:311", "starting an etcd server", {
    "etcd-version": etcdRelease(p),
    "git-sha": "f20bbad",
    "go-version": "go1.22.7",
    "member-initialized": sys.find(p, `${dir}/member`) !== undefined,
    name,
    "data-dir": dir,
    "heartbeat-interval": "100ms",
    "election-timeout": "1s",
    "initial-cluster": flags.get("initial-cluster") ?? "",
    "initial-cluster-state": flags.get("initial-cluster-state") ?? "new",
    "initial-cluster-token": flags.get("initial-cluster-token") ?? "etcd-cluster",
    "pre-vote": true,
  });
  refuseFiles(p, flags, log);
  const id = openData(p, flags, log);
  const certificate = () => textOf(p, flags.get("cert-file"));
  const secured = { tls: true, asksCertificate: true, certificate };
  const listeners = [
    { protocol: "tcp" as const, address: "127.0.0.1", port: 2379, ...secured },
    ...(address === "127.0.0.1" ? [] : [{ protocol: "tcp" as const, address, port: 2379, ...secured }]),
    { protocol: "tcp" as const, address, port: 2380, tls: true },
    { protocol: "tcp" as const, address: "127.0.0.1", port: 2381, ...etcdPages(p, id) },
  ];
  log("info", "mvcc/kvstore.go:423", "kvstore restored", { "current-rev": raft.viewOf(id).revision });
  log("info", "etcdserver/server.go:873", "starting etcd server", {
    "local-member-id": hexId(id),
    "local-server-version": etcdRelease(p),
    "cluster-version": "to_be_decided",
  });
  log("info", "embed/serve.go:187", "serving client traffic securely", {
    traffic: "grpc+http",
    address: "127.0.0.1:2379",
    revision: store.revision,
  });
  const links = new PeerLinks(p, raft, id, log);
  const ended = new WaitQueue();
  let isRemoved = false;
  const stop = raft.start({
    id,
    name,
    host: p.machine.hostname,
    clientUrls: (flags.get("advertise-client-urls") ?? "").split(",").filter((url) => url !== ""),
    clientCa: () => textOf(p, flags.get("client-cert-auth") === "true" ? flags.get("trusted-ca-file") : undefined),
    quota: quotaOf(flags),
    reaches: (peer) => links.reaches(peer),
    isStopped: () => p.stopped,
    pulse: () => links.pulse(),
    notice: () => links.notice(),
    raft: (message, level = "info") =>
      log(level, `etcdserver/zap_raft.go:${level === "warn" ? 85 : 77}`, message, {}, "raft"),
    log,
    removed: () => {
      isRemoved = true;
      ended.wakeAll();
    },
  });
  let signal: Signal | undefined;
  try {
    signal = yield* listening(
      p,
      listeners,
      untilEnded(p, ended, () => isRemoved),
    );
    if (signal !== undefined) {
      log("info", "osutil/interrupt_unix.go:64", "received signal; shutting down", {
        signal: signal === "TERM" ? "terminated" : "interrupt",
      });
      log("info", "embed/etcd.go:378", "closing etcd server", { name, "data-dir": dir });
    }
  } finally {
    stop(signal === undefined ? "lost" : "terminated");
  }
  if (isRemoved) sayRemoved(log);
  log("info", "embed/etcd.go:380", "closed etcd server", { name, "data-dir": dir });
  return 0;
};

/** Waits for a signal to end, or for the cluster to do without it. */
function* untilEnded(p: Process, ended: WaitQueue, isRemoved: () => boolean): Gen<Signal | undefined> {
  p.dispositions.set("TERM", "catch");
  p.dispositions.set("INT", "catch");
  for (;;) {
    const signal = p.takeSignal();
    if (signal === "TERM" || signal === "INT") return signal;
    if (isRemoved()) return undefined;
    if (signal === undefined) yield* wait(ended);
  }
}

/** `--quota-backend-bytes`: 0 is the default one, and less than that none. */
const quotaOf = (flags: ReadonlyMap<string, string>): number =>
  Number(flags.get("quota-backend-bytes") ?? 0) || DEFAULT_QUOTA;

/** The release of its image; one that machines were given by hand is the cluster's. */
const etcdRelease = (p: Process): string => releaseIn(p, p.exe) ?? "3.5.16";

/** Ends a member whose TLS cannot be set up: towards its peers before it starts, towards clients when it begins to serve. */
function refuseFiles(p: Process, flags: ReadonlyMap<string, string>, log: ZapLog): void {
  const peers = fileProblem(p, flags, "peer-");
  if (peers !== undefined) {
    const rest = { error: peers };
    log("error", "embed/etcd.go:539", "creating peer listener failed", rest);
    log("warn", "etcdmain/etcd.go:146", "failed to start etcd", rest);
    log("fatal", "etcdmain/etcd.go:204", "discovery failed", rest);
    fail(1);
  }
  const clients = fileProblem(p, flags, "");
  if (clients === undefined) return;
  log("error", "embed/serve.go:124", "registerGateway failed", { error: clients });
  log("fatal", "etcdmain/etcd.go:219", "listener failed", { error: clients });
  fail(1);
}

/** A file that is not there, or a key of another certificate. */
function fileProblem(p: Process, flags: ReadonlyMap<string, string>, kind: "" | "peer-"): string | undefined {
  const paths = ["cert-file", "key-file", "trusted-ca-file"].map((name) => flags.get(kind + name));
  const missing = paths.find((path) => path !== undefined && sys.find(p, path)?.kind !== "file");
  if (missing !== undefined) return `open ${missing}: no such file or directory`;
  const [certificate, key] = paths;
  return certificate && key ? pairProblem(textOf(p, certificate), textOf(p, key)) : undefined;
}

/** Text of a file, or nothing where there is none. */
function textOf(p: Process, path: string | undefined): string {
  try {
    return path === undefined ? "" : sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    return "";
  }
}

function hostOf(url: string): string | undefined {
  return /^https?:\/\/([^:/]+)/.exec(url)?.[1];
}
