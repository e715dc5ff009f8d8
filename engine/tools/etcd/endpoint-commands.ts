/** etcdctl endpoint, defrag and move-leader. */
import { EtcdError, hashKv, hexId, sizeText } from "../../etcd/index.ts";
import { type Gen, MS, sleep } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { quoteString } from "../../text/go-quote.ts";
import { alarmText } from "./alarm-commands.ts";
import { header, headFields, json } from "./answer.ts";
import { EtcdctlError } from "./client.ts";
import type { Run, Subcommand } from "./command.ts";
import { gridTable } from "./table.ts";

/** Endpoints of the command line, or with `--cluster` of every member. */
function* endpointsOf(r: Run): Gen<readonly string[]> {
  if (!r.on("cluster")) return r.client.options.endpoints;
  try {
    yield* r.client.first();
  } catch (error) {
    if (!(error instanceof EtcdctlError) || error.status !== 1) throw error;
    throw new EtcdctlError(`failed to fetch endpoints from etcd cluster member list: ${error.message}`);
  }
  return r.client.raft.members().flatMap(({ clientUrls }) => clientUrls);
}

const endpointHealth: Subcommand = {
  usage: "endpoint health [flags]",
  about: "Checks the healthiness of endpoints specified in `--endpoints` flag",
  *run(r) {
    const { kernel } = r.p.machine;
    const rows: { endpoint: string; ok: boolean; took: string; error: string }[] = [];
    const endpoints = yield* endpointsOf(r);
    // All are asked at once: one that is silent takes no time of the others.
    const since = kernel.now;
    for (const endpoint of endpoints) {
      const start = kernel.now;
      const took = (from: number) => {
        // What the request itself takes is not modelled.
        const ms = (kernel.now - from) / 1000 + 2.1;
        const text = (value: number) => value.toFixed(6).replace(/\.?0+$/, "");
        return ms >= 1000 ? `${text(ms / 1000)}s` : `${text(ms)}ms`;
      };
      try {
        yield* r.client.member([endpoint], "linearizable", "client", since);
        const full = r.client.store.space.alarms().map(() => "NOSPACE ");
        const error = full.length === 0 ? "" : `Active Alarm(s): ${full.join("")}`;
        rows.push({ endpoint, ok: error === "", took: took(start), error });
      } catch (error) {
        if (!(error instanceof EtcdctlError) || error.status !== 1) throw error;
        rows.push({ endpoint, ok: false, took: took(since), error: error.message });
      }
    }
    // As they came back.
    rows.sort((a, b) => Number(b.ok) - Number(a.ok));
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
    } else if (r.format === "fields") {
      const lines = rows.map(
        ({ endpoint, ok, took, error }) =>
          `"Endpoint" : "${endpoint}"\n"Health" : ${ok}\n"Took" : ${took}\n"Error" : ${error}\n\n`,
      );
      yield* sys.print(r.p, lines.join(""));
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
  *run(r) {
    const { client } = r;
    const rows: string[][] = [];
    const texts: string[] = [];
    const fields: string[] = [];
    let failed: EtcdctlError | undefined;
    for (const endpoint of yield* endpointsOf(r)) {
      try {
        const id = yield* client.member([endpoint], "serializable");
        const { index, lead, term } = client.view;
        const isLearner = client.raft.member(id)?.isLearner ?? false;
        const { size, inUse } = client.store.space.sizeOf(id);
        const errors = lead === 0n ? ["etcdserver: no leader"] : [];
        for (const member of client.store.space.active()) errors.push(alarmText(member));
        rows.push([
          endpoint,
          hexId(id),
          "3.5.16",
          sizeText(size),
          String(lead === id),
          String(isLearner),
          String(term),
          String(index),
          String(index),
          errors.join(", "),
        ]);
        const head = json({ header: header(r) })
          .trim()
          .slice(0, -1);
        fields.push(
          `${headFields(r)}"Version" : "3.5.16"\n"DBSize" : ${size}\n"Leader" : ${lead}\n"IsLearner" : ${isLearner}\n` +
            `"RaftIndex" : ${index}\n"RaftTerm" : ${term}\n"RaftAppliedIndex" : ${index}\n"Errors" : [${errors.map((each) => quoteString(each)).join(" ")}]\n"Endpoint" : "${endpoint}"\n\n`,
        );
        const leader = lead === 0n ? "" : `,"leader":${lead}`;
        const wrong = errors.length === 0 ? "" : `,"errors":${JSON.stringify(errors)}`;
        texts.push(
          `{"Endpoint":${JSON.stringify(endpoint)},"Status":${head},"version":"3.5.16","dbSize":${size}` +
            `${leader},"raftIndex":${index},"raftTerm":${term},"raftAppliedIndex":${index}${wrong},"dbSizeInUse":${inUse}${isLearner ? ',"isLearner":true' : ""}}}`,
        );
      } catch (error) {
        if (!(error instanceof EtcdctlError) || error.status !== 1) throw error;
        yield* sys.printError(r.p, `Failed to get the status of endpoint ${endpoint} (${error.message})\n`);
        failed = error;
      }
    }
    if (r.format === "json") yield* sys.print(r.p, `[${texts.join(",")}]\n`);
    else if (r.format === "fields") yield* sys.print(r.p, fields.join(""));
    else if (r.format === "table") {
      const head = ["ENDPOINT", "ID", "VERSION", "DB SIZE", "IS LEADER", "IS LEARNER", "RAFT TERM", "RAFT INDEX"];
      yield* sys.print(r.p, gridTable([...head, "RAFT APPLIED INDEX", "ERRORS"], rows));
    } else yield* sys.print(r.p, rows.map((row) => `${row.join(", ")}\n`).join(""));
    if (failed) throw new EtcdctlError("", 1);
  },
};

const defrag: Subcommand = {
  usage: "defrag [flags]",
  about: "Defragments the storage of the etcd members with given endpoints",
  *run(r) {
    let failures = 0;
    for (const endpoint of yield* endpointsOf(r)) {
      try {
        const id = yield* r.client.member([endpoint], "change");
        r.client.store.space.defragment(id);
        yield* sys.print(r.p, `Finished defragmenting etcd member[${endpoint}]\n`);
      } catch (error) {
        if (!(error instanceof EtcdctlError) || error.status !== 1) throw error;
        yield* sys.print(r.p, `Failed to defragment etcd member[${endpoint}] (${error.message})\n`);
        failures++;
      }
    }
    if (failures > 0) throw new EtcdctlError("", 1);
  },
};

const moveLeader: Subcommand = {
  usage: "move-leader <transferee-member-id> [flags]",
  about: "Transfers leadership to another etcd cluster member.",
  *run(r) {
    if (r.args.length !== 1) throw new EtcdctlError("move-leader command needs 1 argument", 128);
    const word = r.args[0]!;
    if (!/^[0-9a-f]{1,16}$/i.test(word))
      throw new EtcdctlError(`strconv.ParseUint: parsing ${quoteString(word)}: invalid syntax`, 128);
    const { raft, options } = r.client;
    const asked: bigint[] = [];
    for (const endpoint of options.endpoints) asked.push(yield* r.client.member([endpoint]));
    const from = raft.leading;
    if (!asked.includes(from))
      throw new EtcdctlError(`no leader endpoint given at [${options.endpoints.join(" ")}]`, 128);
    const to = BigInt(`0x${word}`);
    if (!raft.transfer(to)) {
      yield* r.client.warn("rpc error: code = FailedPrecondition desc = etcdserver: bad leader transferee");
      throw new EtcdctlError("etcdserver: bad leader transferee");
    }
    yield* sys.print(r.p, `Leadership transferred from ${hexId(from)} to ${hexId(to)}\n`);
  },
};

const endpointHashKv: Subcommand = {
  usage: "endpoint hashkv [flags]",
  about: "Prints the KV history hash for each endpoint in --endpoints",
  *run(r) {
    const rows: [endpoint: string, hash: number][] = [];
    const texts: string[] = [];
    const fields: string[] = [];
    const { store } = r.client;
    for (const endpoint of yield* endpointsOf(r)) {
      yield* r.client.member([endpoint], "serializable");
      const hash = yield* hashed(r, endpoint);
      rows.push([endpoint, hash]);
      const compacted = store.compactRevision;
      texts.push(
        `{"Endpoint":${JSON.stringify(endpoint)},"HashKV":${json({ header: header(r) }).slice(0, -2)},"hash":${hash},"compact_revision":${compacted}}}`,
      );
      fields.push(`${headFields(r)}"Endpoint" : "${endpoint}"\n"Hash" : ${hash}\n\n`);
    }
    if (r.format === "table") {
      const cells = rows.map(([endpoint, hash]) => [endpoint, String(hash)]);
      yield* sys.print(r.p, gridTable(["ENDPOINT", "HASH"], cells));
    } else if (r.format === "json") yield* sys.print(r.p, `[${texts.join(",")}]\n`);
    else if (r.format === "fields") yield* sys.print(r.p, fields.join(""));
    else yield* sys.print(r.p, rows.map(([endpoint, hash]) => `${endpoint}, ${hash}\n`).join(""));
  },
};

/** The hash of the member that was asked last, up to `--rev` or what it has. */
function* hashed(r: Run, endpoint: string): Gen<number> {
  const hashing = hashKv(r.client.store, Number(r.flag("rev") ?? 0) || r.client.view.revision);
  try {
    for (;;) {
      const step = hashing.next();
      if (step.done) return step.value;
      yield* sleep(MS);
    }
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    yield* r.client.warn(`rpc error: code = OutOfRange desc = ${error.message}`);
    yield* sys.printError(r.p, `Failed to get the hash of endpoint ${endpoint} (${error.message})\n`);
    throw new EtcdctlError(error.message);
  }
}

export const endpointCommands: Readonly<Record<string, Subcommand>> = {
  defrag,
  "endpoint hashkv": endpointHashKv,
  "endpoint health": endpointHealth,
  "endpoint status": endpointStatus,
  "move-leader": moveLeader,
};
