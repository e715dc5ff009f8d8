import type { HttpResponse } from "../api/http.ts";
import { hexId } from "../etcd/index.ts";
import { encode, type Gen } from "../kernel/index.ts";
import type { Process } from "../machine/process.ts";
import { releaseIn } from "../machine/release.ts";
import { Exposition } from "../text/exposition.ts";
import { clusterContext } from "./context.ts";
import type { healthPages } from "./daemon.ts";

/** What /livez and /readyz look at (server/etcdserver/api/etcdhttp/health.go). */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  livez: ["serializable_read"],
  readyz: ["data_corruption", "serializable_read", "linearizable_read"],
};

const page = (status: number, text: string, type = "text/plain; charset=utf-8"): HttpResponse => ({
  status,
  headers: { "content-type": type },
  body: { type: "bytes", bytes: encode(text) },
});

/** Port 2381 of a member: health, and the metrics that are known here (server/etcdserver/metrics.go, server/mvcc/metrics.go). */
export function etcdPages(p: Process, id: bigint): ReturnType<typeof healthPages> {
  const { network, hostname } = p.machine;
  const { etcd, raft } = clusterContext(network);
  const answer = (path: string, query: string): HttpResponse => {
    const answers = raft.answers(hostname);
    if (path === "/health") {
      const asked = new URLSearchParams(query);
      // Alarms are looked at first, whatever is asked for (health.go, NewHealthHandler).
      const isFull = etcd.space.active().length > 0 && !asked.getAll("exclude").includes("NOSPACE");
      const isLed = answers || asked.get("serializable") === "true";
      const reason = isFull ? "ALARM NOSPACE" : isLed ? "" : "RAFT NO LEADER";
      return page(reason === "" ? 200 : 503, `{"health":"${reason === ""}","reason":"${reason}"}`);
    }
    if (path === "/metrics") return page(200, metrics(p, id), "text/plain; version=0.0.4; charset=utf-8");
    const [, kind = "", one] = path.split("/");
    const all = CHECKS[kind];
    const checks = one === undefined ? all : all?.filter((check) => check === one);
    if (checks === undefined || checks.length === 0) return page(404, "404 page not found\n");
    const lines = checks.map((check) =>
      check === "linearizable_read" && !answers
        ? `[-]${check} failed: etcdserver: request timed out\n`
        : `[+]${check} ok\n`,
    );
    const isWell = answers || !checks.includes("linearizable_read");
    return page(
      isWell ? 200 : 503,
      isWell ? `${/(^|&)verbose/.test(query) ? lines.join("") : ""}ok\n` : lines.join(""),
    );
  };
  const of = (path: string): HttpResponse => {
    const [where = "", query = ""] = path.split("?");
    return answer(where, query);
  };
  return {
    well: (path) => {
      // What the kubelet's probes ask, time and again.
      if (path === "/livez") return true;
      if (path === "/readyz") return raft.answers(hostname);
      return !path.startsWith("/metrics") && of(path).status === 200;
    },
    *http(request): Gen<HttpResponse> {
      return of(request.path);
    },
  };
}

function metrics(p: Process, id: bigint): string {
  const { etcd: store, raft } = clusterContext(p.machine.network);
  const { lead, index, revision } = raft.viewOf(id);
  const others = raft.members().filter((member) => member.id !== id);
  const local = hexId(id);
  const { size, inUse } = store.space.sizeOf(id);
  const keys = store.range({ key: "\0", rangeEnd: "\0", countOnly: true }).count;
  const out = new Exposition();
  const gauge = (name: string, help: string, value: number) => out.add(name, "gauge", help, value);
  const counter = (name: string, help: string, value: number) => out.add(name, "counter", help, value);
  gauge("etcd_debugging_mvcc_current_revision", "The current revision of store.", revision);
  gauge("etcd_debugging_mvcc_keys_total", "Total number of keys.", keys);
  gauge(
    "etcd_mvcc_db_total_size_in_bytes",
    "Total size of the underlying database physically allocated in bytes.",
    size,
  );
  gauge(
    "etcd_mvcc_db_total_size_in_use_in_bytes",
    "Total size of the underlying database logically in use in bytes.",
    inUse,
  );
  out.add(
    "etcd_network_active_peers",
    "gauge",
    "The current number of active peer connections.",
    others.map((other) => ({
      labels: { Local: local, Remote: hexId(other.id) },
      value: raft.inTouch(id, other.id) ? 1 : 0,
    })),
  );
  out.add(
    "etcd_network_known_peers",
    "gauge",
    "The current number of known peers.",
    others.map((other) => ({ labels: { Local: local, Remote: hexId(other.id) }, value: 1 })),
  );
  gauge("etcd_server_has_leader", "Whether or not a leader exists. 1 is existence, 0 is not.", lead === 0n ? 0 : 1);
  out.add(
    "etcd_server_id",
    "gauge",
    "Server or member ID in hexadecimal format. 1 for 'server_id' label with current ID.",
    [{ labels: { server_id: local }, value: 1 }],
  );
  gauge("etcd_server_is_leader", "Whether or not this member is a leader. 1 if is, 0 otherwise.", lead === id ? 1 : 0);
  gauge(
    "etcd_server_is_learner",
    "Whether or not this member is a learner. 1 if is, 0 otherwise.",
    raft.member(id)?.isLearner ? 1 : 0,
  );
  counter("etcd_server_leader_changes_seen_total", "The number of leader changes seen.", raft.leaderChanges);
  gauge("etcd_server_proposals_applied_total", "The total number of consensus proposals applied.", index);
  gauge("etcd_server_proposals_committed_total", "The total number of consensus proposals committed.", index);
  gauge("etcd_server_proposals_pending", "The current number of pending proposals to commit.", 0);
  gauge("etcd_server_quota_backend_bytes", "Current backend storage quota size in bytes.", store.space.quotaOf(id));
  out.add(
    "etcd_server_version",
    "gauge",
    "Which version is running. 1 for 'server_version' label with current version.",
    [{ labels: { server_version: releaseIn(p, p.exe) ?? "3.5.16" }, value: 1 }],
  );
  return out.page();
}
