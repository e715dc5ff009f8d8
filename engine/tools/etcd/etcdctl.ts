/** etcdctl and etcdutl 3.5.16. */

import {
  type KeyValue,
  leaseName,
  prefixEnd,
  type RangeResponse,
  snapshotBytes,
  valueBytes,
} from "../../etcd/index.ts";
import { decode, encode, encodeBase64, type Gen, MS, sleep } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { parseDuration } from "../kubectl/go.ts";
import { CLUSTER_ID, Client, EtcdctlError, memberId } from "./client.ts";
import { dbSize, snapshotRestore, snapshotStatus } from "./snapshot.ts";
import { gridTable } from "./table.ts";

type FlagKind = "bool" | "value";

const GLOBAL: Record<string, FlagKind> = {
  cacert: "value",
  cert: "value",
  key: "value",
  "command-timeout": "value",
  "dial-timeout": "value",
  "keepalive-time": "value",
  "keepalive-timeout": "value",
  debug: "bool",
  endpoints: "value",
  help: "bool",
  hex: "bool",
  "insecure-skip-tls-verify": "bool",
  "insecure-transport": "bool",
  "insecure-discovery": "bool",
  user: "value",
  password: "value",
  "write-out": "value",
  "discovery-srv": "value",
};
const SHORT: Record<string, string> = { w: "write-out", h: "help", d: "discovery-srv" };

export interface Run {
  p: Process;
  client: Client;
  args: readonly string[];
  flag(name: string): string | undefined;
  on(name: string): boolean;
  format: string;
}

interface Subcommand {
  usage: string;
  about: string;
  flags: Record<string, FlagKind>;
  run(r: Run): Gen;
}

const bad = (text: string) => new EtcdctlError(text, 128);

function rangeOf(r: Run, what: string): { key: string; rangeEnd?: string } {
  const [key, end] = r.args;
  if (r.args.length === 0 || r.args.length > 2) {
    throw bad(`${what} command needs one argument as key and an optional argument as range_end`);
  }
  if (r.on("prefix") && r.on("from-key")) {
    throw bad("`--prefix` and `--from-key` cannot be set at the same time, choose one");
  }
  if (r.on("prefix")) {
    if (end !== undefined) throw bad("too many arguments, only accept one argument when `--prefix` is set");
    return key === "" ? { key: "\0", rangeEnd: "\0" } : { key: key!, rangeEnd: prefixEnd(key!) };
  }
  if (r.on("from-key")) return { key: key === "" ? "\0" : key!, rangeEnd: "\0" };
  return end === undefined ? { key: key! } : { key: key!, rangeEnd: end };
}

const header = (r: Run, withRevision = true) => ({
  cluster_id: 0,
  member_id: 0,
  ...(withRevision ? { revision: r.client.store.revision } : {}),
  raft_term: r.client.members.term,
});

/** JSON with the 64-bit ids that JavaScript's numbers cannot hold. */
function json(value: object, member: bigint): string {
  return `${JSON.stringify(value).replace('"cluster_id":0,"member_id":0', `"cluster_id":${CLUSTER_ID},"member_id":${member}`)}\n`;
}

const hexed = (text: string) => [...encode(text)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");

function kvJson(kv: KeyValue, keysOnly: boolean): object {
  return {
    key: encodeBase64(encode(kv.key)),
    create_revision: kv.createRevision,
    mod_revision: kv.modRevision,
    version: kv.version,
    ...(keysOnly ? {} : { value: encodeBase64(valueBytes(kv)) }),
    ...(kv.lease === 0n ? {} : { lease: Number(kv.lease) }),
  };
}

function* printRange(r: Run, response: RangeResponse): Gen {
  const { kvs, count, more } = response;
  const own = memberId((yield* r.client.first()).name);
  const keysOnly = r.on("keys-only");
  if (r.format === "json") {
    const list = kvs.length > 0 ? { kvs: kvs.map((kv) => kvJson(kv, keysOnly)) } : {};
    yield* sys.print(
      r.p,
      json({ header: header(r), ...list, ...(more ? { more } : {}), ...(count > 0 ? { count } : {}) }, own),
    );
    return;
  }
  if (r.format === "fields") {
    const lines = kvs.map(
      (kv) =>
        `"Key" : ${JSON.stringify(kv.key)}\n"CreateRevision" : ${kv.createRevision}\n"ModRevision" : ${kv.modRevision}\n` +
        `"Version" : ${kv.version}\n"Value" : ${JSON.stringify(keysOnly ? "" : decode(valueBytes(kv)))}\n"Lease" : ${kv.lease}\n`,
    );
    yield* sys.print(
      r.p,
      `"ClusterID" : ${CLUSTER_ID}\n"MemberID" : ${own}\n"Revision" : ${r.client.store.revision}\n` +
        `"RaftTerm" : ${r.client.members.term}\n${lines.join("")}"More" : ${more}\n"Count" : ${count}\n`,
    );
    return;
  }
  if (r.on("count-only")) return;
  for (const kv of kvs) {
    const show = (text: string) => (r.on("hex") ? hexed(text) : text);
    const value = keysOnly ? "" : r.on("hex") ? hexed(decode(valueBytes(kv))) : decode(valueBytes(kv));
    yield* sys.print(r.p, r.on("print-value-only") ? `${value}\n` : `${show(kv.key)}\n${value}\n`);
  }
}

const RANGE_FLAGS: Record<string, FlagKind> = { prefix: "bool", "from-key": "bool" };
const SORTS: Record<string, "KEY" | "VERSION" | "CREATE" | "MOD" | "VALUE"> = {
  KEY: "KEY",
  CREATE: "CREATE",
  MODIFY: "MOD",
  VALUE: "VALUE",
  VERSION: "VERSION",
};

const get: Subcommand = {
  usage: "get [options] <key> [range_end] [flags]",
  about: "Gets the key or a range of keys",
  flags: {
    ...RANGE_FLAGS,
    consistency: "value",
    "count-only": "bool",
    "keys-only": "bool",
    limit: "value",
    order: "value",
    "print-value-only": "bool",
    rev: "value",
    "sort-by": "value",
  },
  *run(r) {
    const range = rangeOf(r, "get");
    const order = (r.flag("order") ?? "").toUpperCase();
    if (order !== "" && order !== "ASCEND" && order !== "DESCEND") throw bad(`bad sort order ${r.flag("order")}`);
    const target = SORTS[(r.flag("sort-by") ?? "KEY").toUpperCase()];
    if (target === undefined) throw bad(`bad sort target ${r.flag("sort-by")}`);
    const response = yield* r.client.request((store) =>
      store.range({
        ...range,
        revision: Number(r.flag("rev") ?? 0),
        limit: Number(r.flag("limit") ?? 0),
        keysOnly: r.on("keys-only"),
        countOnly: r.on("count-only"),
        sortTarget: target,
        ...(order === "" ? {} : { sortOrder: order as "ASCEND" | "DESCEND" }),
      }),
    );
    yield* printRange(r, response);
  },
};

const put: Subcommand = {
  usage: "put [options] <key> <value> (<value> can also be given from stdin) [flags]",
  about: "Puts the given key into the store",
  flags: { "ignore-lease": "bool", "ignore-value": "bool", lease: "value", "prev-kv": "bool" },
  *run(r) {
    const [key, given] = r.args;
    if (key === undefined) throw bad("put command needs 1 argument and input from stdin or 2 arguments");
    const value = given ?? decode(yield* sys.readAll(r.p, 0));
    if (key.startsWith("/registry/")) throw new EtcdctlError("etcdserver: permission denied");
    yield* r.client.request((store) => store.put({ key, value, lease: BigInt(`0x${r.flag("lease") ?? "0"}`) }));
    yield* sys.print(r.p, "OK\n");
  },
};

const del: Subcommand = {
  usage: "del [options] <key> [range_end] [flags]",
  about: "Removes the specified key or range of keys [key, range_end)",
  flags: { ...RANGE_FLAGS, "prev-kv": "bool", range: "bool" },
  *run(r) {
    const range = rangeOf(r, "del");
    const { deleted, prevKvs } = yield* r.client.request((store) =>
      store.deleteRange({ ...range, prevKv: r.on("prev-kv") }),
    );
    const previous = prevKvs.map((kv) => `${kv.key}\n${decode(valueBytes(kv))}\n`).join("");
    yield* sys.print(r.p, `${deleted}\n${previous}`);
  },
};

const hex = (id: bigint) => id.toString(16);

const memberList: Subcommand = {
  usage: "member list [flags]",
  about: "Lists all members in the cluster",
  flags: { consistency: "value" },
  *run(r) {
    const own = yield* r.client.first();
    const { members } = r.client;
    const list = [...members.all()].sort((a, b) => (memberId(a.name) < memberId(b.name) ? -1 : 1));
    if (r.format === "json") {
      const text = list
        .map(
          ({ name, peerUrls, clientUrls }) =>
            `{"ID":${memberId(name)},"name":${JSON.stringify(name)},"peerURLs":${JSON.stringify(peerUrls)},"clientURLs":${JSON.stringify(clientUrls)}}`,
        )
        .join(",");
      const head = json({ header: header(r, false) }, memberId(own.name)).slice(0, -2);
      yield* sys.print(r.p, `${head},"members":[${text}]}\n`);
      return;
    }
    const rows = list.map(({ name, peerUrls, clientUrls }) => [
      hex(memberId(name)),
      "started",
      name,
      peerUrls.join(","),
      clientUrls.join(","),
      "false",
    ]);
    if (r.format === "table") {
      yield* sys.print(r.p, gridTable(["ID", "STATUS", "NAME", "PEER ADDRS", "CLIENT ADDRS", "IS LEARNER"], rows));
    } else yield* sys.print(r.p, rows.map((row) => `${row.join(", ")}\n`).join(""));
  },
};

/** Endpoints of the command line, or with `--cluster` of every member. */
function* endpointsOf(r: Run): Gen<readonly string[]> {
  if (!r.on("cluster")) return r.client.options.endpoints;
  yield* r.client.first();
  return r.client.members.all().flatMap(({ clientUrls }) => clientUrls);
}

const CLUSTER_FLAG: Record<string, FlagKind> = { cluster: "bool" };

const endpointHealth: Subcommand = {
  usage: "endpoint health [flags]",
  about: "Checks the healthiness of endpoints specified in `--endpoints` flag",
  flags: CLUSTER_FLAG,
  *run(r) {
    const { kernel } = r.p.machine;
    const rows: { endpoint: string; ok: boolean; took: string; error: string }[] = [];
    for (const endpoint of yield* endpointsOf(r)) {
      const start = kernel.now;
      const took = () => `${((kernel.now - start) / 1000 + 2.1).toFixed(6).replace(/0+$/, "")}ms`;
      try {
        yield* r.client.member(endpoint, "client");
        rows.push({ endpoint, ok: true, took: took(), error: "" });
      } catch (error) {
        if (!(error instanceof EtcdctlError) || error.status === 128) throw error;
        rows.push({ endpoint, ok: false, took: took(), error: error.message });
      }
    }
    if (r.format === "table") {
      const cells = rows.map(({ endpoint, ok, took, error }) => [endpoint, String(ok), took, error]);
      yield* sys.print(r.p, gridTable(["ENDPOINT", "HEALTH", "TOOK", "ERROR"], cells));
    } else if (r.format === "json") {
      const list = rows.map(({ endpoint, ok, took, error }) => ({
        endpoint,
        health: ok,
        took,
        ...(error ? { error } : {}),
      }));
      yield* sys.print(r.p, `${JSON.stringify(list)}\n`);
    } else {
      for (const { endpoint, ok, took, error } of rows) {
        if (ok) yield* sys.print(r.p, `${endpoint} is healthy: successfully committed proposal: took = ${took}\n`);
        else yield* sys.printError(r.p, `${endpoint} is unhealthy: failed to commit proposal: ${error}\n`);
      }
    }
    if (rows.some(({ ok }) => !ok)) throw new EtcdctlError("unhealthy cluster");
  },
};

const endpointStatus: Subcommand = {
  usage: "endpoint status [flags]",
  about: "Prints out the status of endpoints specified in `--endpoints` flag",
  flags: CLUSTER_FLAG,
  *run(r) {
    const { members, store } = r.client;
    const rows: string[][] = [];
    const texts: string[] = [];
    let failed: EtcdctlError | undefined;
    for (const endpoint of yield* endpointsOf(r)) {
      try {
        const member = yield* r.client.member(endpoint);
        const index = String(store.revision + 8);
        const id = memberId(member.name);
        const leads = member.name === members.leader;
        const size = dbSize(store);
        rows.push([
          endpoint,
          hex(id),
          "3.5.16",
          size.text,
          String(leads),
          "false",
          String(members.term),
          index,
          index,
          "",
        ]);
        const head = json({ header: header(r) }, id)
          .trim()
          .slice(0, -1);
        texts.push(
          `{"Endpoint":${JSON.stringify(endpoint)},"Status":${head},"version":"3.5.16","dbSize":${size.bytes},` +
            `"leader":${memberId(members.leader)},"raftIndex":${index},"raftTerm":${members.term},"raftAppliedIndex":${index},"dbSizeInUse":${size.bytes}}}`,
        );
      } catch (error) {
        if (!(error instanceof EtcdctlError) || error.status === 128) throw error;
        yield* sys.printError(r.p, `Failed to get the status of endpoint ${endpoint} (${error.message})\n`);
        failed = error;
      }
    }
    if (r.format === "json") yield* sys.print(r.p, `[${texts.join(",")}]\n`);
    else if (r.format === "table") {
      const head = ["ENDPOINT", "ID", "VERSION", "DB SIZE", "IS LEADER", "IS LEARNER", "RAFT TERM", "RAFT INDEX"];
      yield* sys.print(r.p, gridTable([...head, "RAFT APPLIED INDEX", "ERRORS"], rows));
    } else yield* sys.print(r.p, rows.map((row) => `${row.join(", ")}\n`).join(""));
    if (failed) throw new EtcdctlError("", 1);
  },
};

const snapshotSave: Subcommand = {
  usage: "snapshot save <filename> [flags]",
  about: "Stores an etcd node backend snapshot to a given file",
  flags: {},
  *run(r) {
    if (r.args.length !== 1) throw bad("snapshot save expects one argument");
    const path = r.args[0]!;
    const { client } = r;
    const { endpoints } = client.options;
    if (endpoints.length !== 1) {
      throw bad(
        `snapshot must be requested to one selected node, not multiple ${JSON.stringify(endpoints).replaceAll(",", " ")}`,
      );
    }
    const part = `${path}.part`;
    const caller = (line: number) => `snapshot/v3_snapshot.go:${line}`;
    try {
      sys.writeText(r.p, part, "", 0o600);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new EtcdctlError(`could not open ${part} (open ${part}: ${error.message.toLowerCase()})`, 5);
    }
    yield* client.log("info", caller(65), "created temporary db file", { path: part });
    yield* client.first();
    yield* client.log("info", "v3@v3.5.16/maintenance.go:212", "opened snapshot stream; downloading", {}, "client");
    yield* client.log("info", caller(73), "fetching snapshot", { endpoint: endpoints[0] });
    const bytes = snapshotBytes(client.store);
    sys.writeText(r.p, part, bytes, 0o600);
    yield* client.log("info", "v3@v3.5.16/maintenance.go:220", "completed snapshot read; closing", {}, "client");
    const size = dbSize(client.store, bytes).text;
    yield* client.log("info", caller(88), "fetched snapshot", { endpoint: endpoints[0], size, took: "now" });
    sys.rename(r.p, part, path);
    yield* client.log("info", caller(97), "saved", { path });
    yield* sys.print(r.p, `Snapshot saved at ${path}\n`);
  },
};

const status: Subcommand = {
  usage: "snapshot status <filename> [flags]",
  about: "[deprecated] Gets backend snapshot status of a given file",
  flags: {},
  run: snapshotStatus,
};

const restoreCommand: Subcommand = {
  usage: "snapshot restore <filename> --data-dir {output dir} [options] [flags]",
  about: "Restores an etcd member snapshot to an etcd directory",
  flags: {
    "data-dir": "value",
    "initial-advertise-peer-urls": "value",
    "initial-cluster": "value",
    "initial-cluster-token": "value",
    name: "value",
    "skip-hash-check": "bool",
    "wal-dir": "value",
    "bump-revision": "value",
    "mark-compacted": "bool",
  },
  run: snapshotRestore,
};

const simple = (usage: string, about: string, text: (r: Run) => string): Subcommand => ({
  usage: `${usage} [flags]`,
  about,
  flags: CLUSTER_FLAG,
  *run(r) {
    yield* r.client.first();
    yield* sys.print(r.p, text(r));
  },
});

const compaction: Subcommand = {
  usage: "compaction [options] <revision> [flags]",
  about: "Compacts the event history in etcd",
  flags: { physical: "bool" },
  *run(r) {
    if (r.args.length !== 1) throw bad("compaction command needs 1 argument");
    yield* r.client.request((store) => store.compact(Number(r.args[0])));
    yield* sys.print(r.p, `compacted revision ${r.args[0]}\n`);
  },
};

const leaseList: Subcommand = simple("lease list", "List all active leases", (r) => {
  const leases = r.client.store.leases();
  return `found ${leases.length} leases\n${leases.map(({ id }) => `${leaseName(id)}\n`).join("")}`;
});

const watch: Subcommand = {
  usage: "watch [options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...] [flags]",
  about: "Watches events stream on keys or prefixes",
  flags: { ...RANGE_FLAGS, interactive: "bool", "prev-kv": "bool", "progress-notify": "bool", rev: "value" },
  *run(r) {
    const range = rangeOf(r, "watch");
    yield* r.client.first();
    const lines: string[] = [];
    const revision = Number(r.flag("rev") ?? 0);
    const watcher = r.client.store.watch(
      { ...range, startRevision: revision },
      {
        events: (events) => {
          for (const { type, kv } of events)
            lines.push(`${type}\n${kv.key}\n${type === "PUT" ? decode(valueBytes(kv)) : ""}\n`);
        },
      },
    );
    try {
      for (;;) {
        if (lines.length > 0) yield* sys.print(r.p, lines.splice(0).join(""));
        yield* sleep(20 * MS);
      }
    } finally {
      watcher.cancel();
    }
  },
};

const version: Subcommand = {
  usage: "version [flags]",
  about: "Prints the version of etcdctl",
  flags: {},
  *run(r) {
    const name = r.p.argv[0]?.replace(/^.*\//, "") ?? "etcdctl";
    yield* sys.print(r.p, `${name} version: 3.5.16\nAPI version: 3.5\n`);
  },
};

const COMMANDS: Readonly<Record<string, Subcommand>> = {
  "alarm disarm": simple("alarm disarm", "Disarms all alarms", () => ""),
  "alarm list": simple("alarm list", "Lists all alarms", () => ""),
  compaction,
  compact: compaction,
  defrag: simple("defrag", "Defragments the storage of the etcd members with given endpoints", (r) =>
    r.client.options.endpoints.map((one) => `Finished defragmenting etcd member[${one}]\n`).join(""),
  ),
  del,
  "endpoint hashkv": simple("endpoint hashkv", "Prints the KV history hash for each endpoint in --endpoints", (r) =>
    r.client.options.endpoints
      .map((one) => `${one}, ${(r.client.store.revision * 2_654_435_761) % 4_294_967_296}\n`)
      .join(""),
  ),
  "endpoint health": endpointHealth,
  "endpoint status": endpointStatus,
  get,
  "lease list": leaseList,
  "member list": memberList,
  put,
  "snapshot restore": restoreCommand,
  "snapshot save": snapshotSave,
  "snapshot status": status,
  version,
  watch,
};

const UTIL = ["snapshot restore", "snapshot status", "version"];

interface Parsed {
  name: string;
  command: Subcommand;
  args: string[];
  flags: Map<string, string>;
}

/** Finds the subcommand (one or two words) and reads flags, wherever they stand. Throws EtcdctlError. */
function parse(program: string, words: readonly string[]): Parsed | "help" {
  const flags = new Map<string, string>();
  const plain: string[] = [];
  const unknown: string[] = [];
  const kinds = { ...GLOBAL };
  for (const one of Object.values(COMMANDS)) Object.assign(kinds, one.flags);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") {
      plain.push(...words.slice(i + 1));
      break;
    }
    const match = /^(?:--([a-z-]+)|-([a-z]))(?:=(.*))?$/s.exec(word);
    if (match === null) {
      plain.push(word);
      continue;
    }
    const name = match[1] ?? SHORT[match[2]!] ?? match[2]!;
    const kind = kinds[name];
    if (kind === undefined) {
      unknown.push(
        match[1] === undefined ? `unknown shorthand flag: '${match[2]}' in ${word}` : `unknown flag: --${name}`,
      );
      continue;
    }
    const value = match[3] ?? (kind === "bool" ? "true" : words[++i]);
    if (value === undefined) throw new EtcdctlError(`flag needs an argument: --${name}`);
    flags.set(name, value);
  }
  const two = plain.slice(0, 2).join(" ");
  const name = two in COMMANDS ? two : (plain[0] ?? "");
  const command = program === "etcdutl" && !UTIL.includes(name) ? undefined : COMMANDS[name];
  if (command === undefined) {
    if (name === "" || name === "help") return "help";
    if (["snapshot", "endpoint", "member", "alarm", "lease"].includes(name)) return "help";
    throw new EtcdctlError(`unknown command ${JSON.stringify(name)} for "${program}"`);
  }
  if (unknown.length > 0) throw new EtcdctlError(unknown[0]!);
  return { name, command, args: plain.slice(name.split(" ").length), flags };
}

function helpText(program: string): string {
  const list = Object.entries(COMMANDS)
    .filter(([name]) => name !== "compact" && (program === "etcdctl" || UTIL.includes(name)))
    .map(([name, { about }]) => `\t${name}${"\t".repeat(Math.max(1, 3 - (name.length >> 3)))}${about}\n`)
    .join("");
  return (
    `NAME:\n\t${program} - A simple command line client for etcd3.\n\nUSAGE:\n\t${program} [flags]\n\n` +
    `VERSION:\n\t3.5.16\n\nAPI VERSION:\n\t3.5\n\n\nCOMMANDS:\n${list}\n`
  );
}

function main(program: "etcdctl" | "etcdutl"): Program {
  return function* (p): Gen<number> {
    try {
      const parsed = parse(program, p.argv.slice(1));
      if (parsed === "help" || parsed.flags.get("help") === "true") {
        yield* sys.print(p, helpText(program));
        return 0;
      }
      const { command, args, flags } = parsed;
      const value = (name: string) =>
        flags.get(name) ?? (p.env.get(`ETCDCTL_${name.replaceAll("-", "_").toUpperCase()}`) || undefined);
      const timeout = parseDuration(value("command-timeout") ?? "5s");
      const client = new Client(p, {
        endpoints: (value("endpoints") ?? "127.0.0.1:2379").split(","),
        cacert: value("cacert") ?? "",
        cert: value("cert") ?? "",
        key: value("key") ?? "",
        insecure: value("insecure-skip-tls-verify") === "true",
        timeout: typeof timeout === "number" ? timeout / 1000 : 5_000_000,
      });
      const format = value("write-out") ?? "simple";
      if (program === "etcdctl" && /^snapshot (restore|status)$/.test(parsed.name)) {
        yield* sys.printError(p, `Deprecated: Use \`etcdutl ${parsed.name}\` instead.\n\n`);
      }
      yield* command.run({
        p,
        client,
        args,
        flag: (name) => flags.get(name),
        on: (name) => flags.get(name) === "true",
        format,
      });
      return 0;
    } catch (error) {
      if (isErrno(error)) {
        yield* sys.printError(p, `Error: ${error.message.toLowerCase()}\n`);
        return 1;
      }
      if (!(error instanceof EtcdctlError)) throw error;
      if (error.message !== "") yield* sys.printError(p, `Error: ${error.message}\n`);
      if (error.message.startsWith("unknown command")) {
        yield* sys.printError(p, `Run '${program} --help' for usage.\nError: ${error.message}\n`);
      }
      return error.status;
    }
  };
}

export const etcdPrograms: Record<string, Program> = { etcdctl: main("etcdctl"), etcdutl: main("etcdutl") };
