/** Snapshot files: what they hold, and data directories made of them (etcdutl). */
import { formatTime } from "../../api/time.ts";
import { writeData } from "../../control-plane/etcd-data.ts";
import {
  byId,
  clusterId,
  DEFAULT_TOKEN,
  hexId,
  initialCluster,
  memberId,
  readSnapshot,
  sizeText,
} from "../../etcd/index.ts";
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { EtcdctlError } from "./client.ts";
import type { Run } from "./command.ts";
import { gridTable } from "./table.ts";

function load(p: Process, path: string): Uint8Array {
  try {
    return sys.readBytes(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new EtcdctlError(`open ${path}: ${error.message.toLowerCase()}`);
  }
}

export function* snapshotStatus(r: Run): Gen {
  const [path] = r.args;
  if (path === undefined || r.args.length !== 1)
    throw new EtcdctlError("snapshot status requires exactly one argument", 128);
  let bytes: Uint8Array;
  try {
    bytes = sys.readBytes(r.p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new EtcdctlError(`stat ${path}: ${error.message.toLowerCase()}`);
  }
  const found = readSnapshot(bytes);
  if (found === undefined || found === "corrupt")
    throw new EtcdctlError("snapshot file integrity check failed. invalid database");
  const { hash, revision, keys, size } = found;
  const pages = Math.ceil(size / 4096) * 4096;
  if (r.format === "json") {
    const value = { hash: Number.parseInt(hash, 16), revision, totalKey: keys.length, totalSize: pages };
    yield* sys.print(r.p, `${JSON.stringify(value)}\n`);
    return;
  }
  const row = [hash, String(revision), String(keys.length), sizeText(pages)];
  if (r.format === "table") yield* sys.print(r.p, gridTable(["HASH", "REVISION", "TOTAL KEYS", "TOTAL SIZE"], [row]));
  else yield* sys.print(r.p, `${row.join(", ")}\n`);
}

export function* snapshotRestore(r: Run): Gen {
  const [path] = r.args;
  if (path === undefined || r.args.length !== 1)
    throw new EtcdctlError("snapshot restore requires exactly one argument", 128);
  const name = r.flag("name") ?? "default";
  const dir = r.flag("data-dir") ?? `${name}.etcd`;
  const existing = sys.find(r.p, dir);
  if (existing !== undefined && (existing.kind !== "dir" || sys.readDir(r.p, dir).size > 0)) {
    throw new EtcdctlError(`data-dir "${dir}" not empty or could not be read`);
  }
  const { kernel } = r.p.machine;
  const log = (source: string, message: string, fields?: object) => {
    const text = fields ? `\t${JSON.stringify(fields).replace(/":/g, '": ').replace(/,"/g, ', "')}` : "";
    return sys.printError(r.p, `${formatTime(kernel.wallMs)}\tinfo\t${source}\t${message}${text}\n`);
  };
  const fields = { path, "wal-dir": `${dir}/member/wal`, "data-dir": dir, "snap-dir": `${dir}/member/snap` };
  yield* log("snapshot/v3_snapshot.go:265", "restoring snapshot", { ...fields, "initial-memory-map-size": 0 });
  const bytes = load(r.p, path);
  const found = readSnapshot(bytes);
  if (found === undefined) throw new EtcdctlError("snapshot missing hash but --skip-hash-check=false");
  if (found === "corrupt" && r.flag("skip-hash-check") !== "true") {
    throw new EtcdctlError("expected sha256 [...], got [...]");
  }
  yield* log("membership/store.go:141", "Trimming membership information from the backend...");
  const cluster = r.flag("initial-cluster") ?? `${name}=http://localhost:2380`;
  const token = r.flag("initial-cluster-token") ?? DEFAULT_TOKEN;
  const members = [...initialCluster(cluster)]
    .map(([each, peerUrls]) => ({ id: memberId(peerUrls, token), name: each, peerUrls }))
    .sort(byId);
  const own = members.find((member) => member.name === name);
  if (own === undefined)
    throw new EtcdctlError(`couldn't find local name "${name}" in the initial cluster configuration`);
  const ids = clusterId(members.map(({ id }) => id));
  for (const { id, peerUrls } of members) {
    yield* log("membership/cluster.go:421", "added member", {
      "cluster-id": hexId(ids),
      "local-member-id": "0",
      "added-peer-id": hexId(id),
      "added-peer-peer-urls": peerUrls,
    });
  }
  try {
    // Members that are made of one snapshot are one cluster.
    const generation = `${found === "corrupt" ? "" : found.hash} ${hexId(ids)}`;
    const listed = members.map((member) => ({ ...member, id: hexId(member.id) }));
    writeData(r.p, dir, { generation, id: hexId(own.id), members: listed }, bytes);
    sys.writeText(r.p, `${dir}/member/snap/0000000000000001-0000000000000001.snap`, "", 0o600);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new EtcdctlError(`mkdir ${dir}: ${error.message.toLowerCase()}`);
  }
  yield* log("snapshot/v3_snapshot.go:293", "restored snapshot", { ...fields, "initial-memory-map-size": 0 });
}
