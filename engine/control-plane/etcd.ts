import type { HttpResponse } from "../api/http.ts";
import { pairProblem } from "../api/key-pair.ts";
import { formatMicroTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { withVersion } from "../apiserver/watch.ts";
import { readSnapshot, restore, snapshotBytes } from "../etcd/index.ts";
import { encode } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import type { Process, Program } from "../machine/process.ts";
import { releaseIn } from "../machine/release.ts";
import type { Signal } from "../machine/signal.ts";
import * as sys from "../machine/sys.ts";
import { Exposition } from "../text/exposition.ts";
import { clusterContext } from "./context.ts";
import { fail, flagsOf, healthPages, listening, logger, untilTerminated } from "./daemon.ts";
import { etcdMembers } from "./etcd-members.ts";

/**
 * One etcd member. All members of a cluster serve one store: electing a leader is not modelled yet, but a member that
 * does not run does not answer its API server, and without a quorum none does.
 */
export const etcd: Program = function* etcd(p) {
  const flags = flagsOf(p);
  if (flags.has("version")) {
    logger(p, 1)(`etcd Version: ${etcdRelease(p)}\nGit SHA: f20bbad\nGo Version: go1.22.7\nGo OS/Arch: linux/amd64`);
    return 0;
  }
  const store = clusterContext(p.machine.network).etcd;
  const log = zap(p);
  log("info", "etcdmain/etcd.go:73", "Running: ", { args: [...p.argv] });
  const name = flags.get("name") ?? "default";
  const address = hostOf(flags.get("advertise-client-urls") ?? "") ?? "127.0.0.1";
  log("info", "embed/etcd.go:310", "starting an etcd server", {
    "etcd-version": etcdRelease(p),
    "git-sha": "f20bbad",
    "go-version": "go1.22.7",
    name,
    "data-dir": flags.get("data-dir") ?? "default.etcd",
    "initial-cluster": flags.get("initial-cluster") ?? "",
  });
  refuseFiles(p, flags, log);
  const certificate = () => textOf(p, flags.get("cert-file"));
  const secured = { tls: true, asksCertificate: true, certificate };
  const listeners = [
    { protocol: "tcp" as const, address: "127.0.0.1", port: 2379, ...secured },
    ...(address === "127.0.0.1" ? [] : [{ protocol: "tcp" as const, address, port: 2379, ...secured }]),
    { protocol: "tcp" as const, address, port: 2380, tls: true },
    { protocol: "tcp" as const, address: "127.0.0.1", port: 2381, ...pages(p) },
  ];
  log("info", "embed/serve.go:187", "serving client traffic securely", {
    traffic: "grpc+http",
    address: "127.0.0.1:2379",
    revision: store.revision,
  });
  const size = (flags.get("initial-cluster") ?? "").split(",").length;
  const members = etcdMembers(p.machine.network);
  openData(p, flags.get("data-dir") ?? "default.etcd", size, log);
  const urls = (flag: string) => (flags.get(flag) ?? "").split(",").filter((url) => url !== "");
  const leave = members.join(
    {
      name: p.machine.hostname,
      peerUrls: urls("initial-advertise-peer-urls"),
      clientUrls: urls("advertise-client-urls"),
      clientCa: () => textOf(p, flags.get("client-cert-auth") === "true" ? flags.get("trusted-ca-file") : undefined),
    },
    size,
  );
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

/** The release of its image; one that machines were given by hand is the cluster's. */
const etcdRelease = (p: Process): string => releaseIn(p, p.exe) ?? "3.5.16";

/** Port 2381: health, and the few metrics that are known here (server/etcdserver/metrics.go, server/mvcc/metrics.go). */
function pages(p: Process): ReturnType<typeof healthPages> {
  const health = healthPages("/livez", "/readyz", "/health");
  const { etcd: store } = clusterContext(p.machine.network);
  const members = etcdMembers(p.machine.network);
  const page = (type: string, text: string): HttpResponse => ({
    status: 200,
    headers: { "content-type": type },
    body: { type: "bytes", bytes: encode(text) },
  });
  return {
    well: health.well,
    *http(request) {
      const path = request.path.replace(/\?.*/, "");
      const leader = members.leader;
      if (path === "/health") {
        const well = leader !== "";
        const text = `{"health":"${well}","reason":"${well ? "" : "RAFT NO LEADER"}"}`;
        return { ...page("application/json", text), status: well ? 200 : 503 };
      }
      if (path !== "/metrics") return yield* health.http(request);
      const out = new Exposition();
      // Pages of 4 KiB.
      const size = Math.ceil(snapshotBytes(store).length / 4096) * 4096;
      out.add("etcd_debugging_mvcc_current_revision", "gauge", "The current revision of store.", store.revision);
      out.add(
        "etcd_debugging_mvcc_keys_total",
        "gauge",
        "Total number of keys.",
        store.range({ key: "\0", rangeEnd: "\0", countOnly: true }).count,
      );
      out.add(
        "etcd_mvcc_db_total_size_in_bytes",
        "gauge",
        "Total size of the underlying database physically allocated in bytes.",
        size,
      );
      out.add(
        "etcd_server_has_leader",
        "gauge",
        "Whether or not a leader exists. 1 is existence, 0 is not.",
        leader === "" ? 0 : 1,
      );
      out.add(
        "etcd_server_is_leader",
        "gauge",
        "Whether or not this member is a leader. 1 if is, 0 otherwise.",
        leader === p.machine.hostname ? 1 : 0,
      );
      out.add(
        "etcd_server_leader_changes_seen_total",
        "counter",
        "The number of leader changes seen.",
        members.term - 1,
      );
      return page("text/plain; version=0.0.4; charset=utf-8", out.page());
    },
  };
}

/** Ends a member whose TLS cannot be set up: towards its peers before it starts, towards clients when it begins to serve. */
function refuseFiles(p: Process, flags: ReadonlyMap<string, string>, log: ReturnType<typeof zap>): void {
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

const LIVE = "etcd keeps its data in the memory of this simulation\n";

/**
 * Opens the data directory. One that `snapshot restore` made brings its contents; an empty one of a member that is
 * alone begins with nothing.
 */
function openData(p: Process, dir: string, size: number, log: ReturnType<typeof zap>): void {
  const store = clusterContext(p.machine.network).etcd;
  const db = `${dir}/member/snap/db`;
  try {
    const found = sys.find(p, db) === undefined ? undefined : sys.readBytes(p, db);
    const snapshot = found && readSnapshot(found);
    if (snapshot === "corrupt") {
      log("panic", "backend/backend.go:189", "failed to open database", { path: db, error: "invalid database" });
      fail(2);
    }
    if (snapshot) {
      log("info", "etcdserver/backend.go:81", "opened backend db", { path: db });
      restore(store, snapshot, (value, revision) => withVersion(frozen(value) as KubeObject, String(revision)));
    } else if (found === undefined && size <= 1 && !etcdMembers(p.machine.network).othersServe(p.machine.hostname)) {
      etcdMembers(p.machine.network).begin();
      restore(store, { revision: 1, hash: "", keys: [], size: 0 }, (value) => value);
    }
    if (found !== undefined && !snapshot) return;
    for (const part of ["", "/member", "/member/snap", "/member/wal"]) {
      if (sys.find(p, dir + part) === undefined) sys.mkdir(p, dir + part, 0o700);
    }
    sys.writeText(p, db, LIVE, 0o600);
    sys.writeText(p, `${dir}/member/wal/0000000000000000-0000000000000000.wal`, "", 0o600);
  } catch (error) {
    if (!isErrno(error)) throw error;
    log("fatal", "etcdmain/etcd.go:204", "discovery failed", {
      error: `cannot access data directory: ${error.message}`,
    });
    fail(1);
  }
}

/** Frozen all the way down, as everything in the store is. */
function frozen(value: unknown): unknown {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}

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
