/** The data directory of an etcd member: whose it is, and what a member makes of it when it starts (server/etcdserver/server.go, NewServer). */
import type { KubeObject } from "../api/types.ts";
import { withVersion } from "../apiserver/watch.ts";
import {
  DEFAULT_TOKEN,
  hexId,
  initialCluster,
  type Member,
  memberId,
  readSnapshot,
  restore,
  type Snapshot,
} from "../etcd/index.ts";
import { isErrno } from "../machine/errno.ts";
import type { Process } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";
import { clusterContext } from "./context.ts";
import { fail } from "./daemon.ts";
import type { ZapLog } from "./etcd-log.ts";

const LIVE = "etcd keeps its data in the memory of this simulation\n";
const WAL = "0000000000000000-0000000000000000.wal";

/** What the log of a data directory says: whose it is, and who the members of its cluster are. */
export interface Identity {
  /** Of `RaftGroup.generation`. */
  readonly generation: string;
  /** The member's id, hexadecimal. */
  readonly id: string;
  /** The member began with nothing though it is known to have had entries: they are lost. */
  readonly isLost?: boolean;
  /** With whom a cluster begins that is made from a snapshot. */
  readonly members?: readonly { id: string; name: string; peerUrls: readonly string[] }[];
}

/** Writes a member's directory; `db`: a snapshot that it starts from. */
export function writeData(p: Process, dir: string, identity: Identity, db: Uint8Array | string = LIVE): void {
  sys.makeAbove(p, `${dir}/member/snap/`, 0o700);
  sys.makeAbove(p, `${dir}/member/wal/`, 0o700);
  sys.writeText(p, `${dir}/member/snap/db`, db, 0o600);
  sys.writeText(p, `${dir}/member/wal/${WAL}`, `${JSON.stringify(identity)}\n`, 0o600);
}

interface Found {
  readonly identity: Identity | undefined;
  readonly snapshot: Snapshot | undefined;
}

/** What a directory holds; undefined: nothing. */
function readData(p: Process, dir: string, log: ZapLog): Found | undefined {
  const db = `${dir}/member/snap/db`;
  if (sys.find(p, db) === undefined) return undefined;
  const snapshot = readSnapshot(sys.readBytes(p, db));
  if (snapshot === "corrupt") {
    log("panic", "backend/backend.go:189", "failed to open database", { path: db, error: "invalid database" });
    fail(2);
  }
  const wal = `${dir}/member/wal/${WAL}`;
  try {
    const text = sys.find(p, wal) === undefined ? "" : sys.readText(p, wal);
    return { identity: JSON.parse(text) as Identity, snapshot };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { identity: undefined, snapshot };
  }
}

/**
 * Opens the data directory and returns the member's id: of a member that returns, of one that was added and starts for
 * the first time, or of a cluster that begins, empty or from a snapshot. Ends the process where that cannot be.
 */
export function openData(p: Process, flags: ReadonlyMap<string, string>, log: ZapLog): bigint {
  const dir = flags.get("data-dir") ?? `${flags.get("name") ?? "default"}.etcd`;
  try {
    const found = readData(p, dir, log);
    log("info", "etcdserver/backend.go:81", "opened backend db", { path: `${dir}/member/snap/db`, took: "1.208705ms" });
    if (found === undefined) return firstStart(p, flags, dir, log);
    return nextStart(p, flags, dir, found, log);
  } catch (error) {
    if (!isErrno(error)) throw error;
    log("fatal", "etcdmain/etcd.go:204", "discovery failed", {
      error: `cannot access data directory: ${error.message}`,
    });
    return fail(1);
  }
}

const urlsOf = (flags: ReadonlyMap<string, string>): string[] =>
  (flags.get("initial-advertise-peer-urls") ?? "http://localhost:2380").split(",").filter((url) => url !== "");

function nextStart(
  p: Process,
  flags: ReadonlyMap<string, string>,
  dir: string,
  { identity, snapshot }: Found,
  log: ZapLog,
): bigint {
  const { raft } = clusterContext(p.machine.network);
  log("info", "etcdmain/etcd.go:116", "server has been already initialized", { "data-dir": dir, "dir-type": "member" });
  const id = identity === undefined ? memberId(urlsOf(flags)) : BigInt(`0x${identity.id}`);
  const generation = identity?.generation ?? raft.generation;
  if (snapshot !== undefined && generation !== raft.generation) {
    const members = identity?.members?.map((member) => ({ ...member, id: BigInt(`0x${member.id}`) }));
    begin(p, members ?? [{ id, name: flags.get("name") ?? "default", peerUrls: urlsOf(flags) }], generation, snapshot);
  }
  if (snapshot !== undefined) writeData(p, dir, { generation, id: hexId(id) });
  const { index } = raft.viewOf(id);
  const ids = { "cluster-id": hexId(raft.id), "local-member-id": hexId(id) };
  log("info", "etcdserver/raft.go:540", "restarting local member", { ...ids, "commit-index": index });
  if (generation === raft.generation && raft.isRemoved(id)) sayRemoved(log);
  if (identity?.isLost && generation === raft.generation && raft.leading !== 0n) return sayLost(raft.index, log);
  if (flags.get("force-new-cluster") === "true") raft.alone(id);
  return id;
}

/** Why a member that was taken out ends, and cannot begin again (server/etcdserver/server.go, run). */
export function sayRemoved(log: ZapLog): never {
  log("warn", "etcdserver/server.go:1154", "server error", {
    error: "the member has been permanently removed from the cluster",
  });
  log("warn", "etcdserver/server.go:1155", "data-dir used by this member must be removed");
  return fail(0);
}

/** Why a member without the entries that the leader has agreed on with it cannot follow (raft/log.go, commitTo). */
function sayLost(index: number, log: ZapLog): never {
  const words = "Was the raft log corrupted, truncated, or lost?";
  const message = `tocommit(${index}) is out of range [lastIndex(0)]. ${words}`;
  log("panic", "etcdserver/zap_raft.go:101", message, {}, "raft");
  return fail(2);
}

function firstStart(p: Process, flags: ReadonlyMap<string, string>, dir: string, log: ZapLog): bigint {
  const { raft } = clusterContext(p.machine.network);
  const urls = urlsOf(flags);
  const name = flags.get("name") ?? "default";
  const cluster = initialCluster(flags.get("initial-cluster") ?? `${name}=${urls[0] ?? ""}`);
  const known = raft.memberAt(urls);
  const refuse = (error: string): never => {
    log("warn", "etcdmain/etcd.go:146", "failed to start etcd", { error });
    log("fatal", "etcdmain/etcd.go:204", "discovery failed", { error });
    return fail(1);
  };
  const join = ({ id }: Member, isLost = false): bigint => {
    log("info", "etcdserver/raft.go:505", "starting local member", {
      "local-member-id": hexId(id),
      "cluster-id": hexId(raft.id),
    });
    writeData(p, dir, { generation: raft.generation, id: hexId(id), ...(isLost && { isLost }) });
    return id;
  };
  const isFresh = known !== undefined && !raft.hasLog(known.id);
  const isExisting = flags.get("initial-cluster-state") === "existing";
  if (isFresh && (raft.isOfSetUp(known.id) || !isExisting)) return join(known);
  if (isExisting) {
    const others = [...cluster.values()].some((peers) => {
      const member = raft.memberAt(peers);
      return member !== undefined && member.id !== known?.id && raft.isRunning(member.id);
    });
    if (!others) {
      return refuse(
        "cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs",
      );
    }
    if (known === undefined || cluster.size !== raft.members().length) {
      return refuse(`error validating peerURLs ${described(raft)}: member count is unequal`);
    }
    if (isFresh) return join(known);
    // A member that is known to have had entries comes without any: what the leader has agreed on is not there.
    join(known, true);
    return sayLost(raft.index, log);
  }
  const token = flags.get("initial-cluster-token") ?? DEFAULT_TOKEN;
  const members = [...cluster].map(([each, peerUrls]) => ({ id: memberId(peerUrls, token), name: each, peerUrls }));
  const own = members.find((member) => member.name === name);
  if (own === undefined) {
    const error = `couldn't find local name "${name}" in the initial cluster configuration`;
    log("warn", "etcdmain/etcd.go:146", "failed to verify flags", { error });
    return fail(1);
  }
  if (raft.members().some(({ id }) => raft.isRunning(id) && id !== own.id)) {
    // The network has one cluster: who begins another beside it is no member of that one, and stays without a leader.
    log("warn", "rafthttp/http.go:500", "request cluster ID mismatch", {
      "local-member-id": hexId(own.id),
      "local-member-cluster-id": hexId(raft.id),
      "remote-peer-cluster-id": hexId(raft.id),
    });
    writeData(p, dir, { generation: `${raft.generation} beside`, id: hexId(own.id) });
    return own.id;
  }
  const generation = `${Number.parseInt(raft.generation, 10) + 1}`;
  begin(p, members, generation, { revision: 1, hash: "", keys: [], size: 0 });
  return join({ ...own, clientUrls: [], isLearner: false });
}

/** `{ClusterID:… Members:[&{ID:… RaftAttributes:{PeerURLs:[…] IsLearner:false} Attributes:{Name:… ClientURLs:[…]}}] …}`, as Go prints it. */
function described(raft: { id: bigint; members(): Member[] }): string {
  const each = raft
    .members()
    .map(
      ({ id, peerUrls, isLearner, name, clientUrls }) =>
        `&{ID:${hexId(id)} RaftAttributes:{PeerURLs:[${peerUrls.join(" ")}] IsLearner:${isLearner}} Attributes:{Name:${name} ClientURLs:[${clientUrls.join(" ")}]}}`,
    );
  return `{ClusterID:${hexId(raft.id)} Members:[${each.join(" ")}] RemovedMemberIDs:[]}`;
}

/** A cluster begins with what a snapshot holds: changes that come after all others, so that those who watch learn of them. */
function begin(
  p: Process,
  members: readonly Pick<Member, "id" | "name" | "peerUrls">[],
  generation: string,
  snapshot: Snapshot,
): void {
  const { raft, etcd } = clusterContext(p.machine.network);
  raft.begin(
    members.map((member) => ({ ...member, name: "", clientUrls: [], isLearner: false })),
    generation,
  );
  restore(etcd, snapshot, (value, revision) => withVersion(frozen(value) as KubeObject, String(revision)));
}

/** Frozen all the way down, as everything in the store is. */
function frozen(value: unknown): unknown {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}
