/** etcdctl member and endpoint. */
import type { Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { quoteString } from "../../text/go-quote.ts";
import { header, headFields, json } from "./answer.ts";
import { EtcdctlError, memberId } from "./client.ts";
import type { FlagKind, Run, Subcommand } from "./etcdctl.ts";
import { dbSize } from "./snapshot.ts";
import { gridTable } from "./table.ts";

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
    if (r.format === "fields") {
      const each = list.map(
        ({ name, peerUrls, clientUrls }) =>
          `"ID" : ${memberId(name)}\n"Name" : ${quoteString(name)}\n` +
          peerUrls.map((url) => `"PeerURL" : ${quoteString(url)}\n`).join("") +
          clientUrls.map((url) => `"ClientURL" : ${quoteString(url)}\n`).join("") +
          `"IsLearner" : false\n\n`,
      );
      yield* sys.print(r.p, headFields(r, memberId(own.name), false) + each.join(""));
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
  flags: CLUSTER_FLAG,
  *run(r) {
    const { members, store } = r.client;
    const rows: string[][] = [];
    const texts: string[] = [];
    const fields: string[] = [];
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
        fields.push(
          `${headFields(r, id)}"Version" : "3.5.16"\n"DBSize" : ${size.bytes}\n"Leader" : ${memberId(members.leader)}\n"IsLearner" : false\n` +
            `"RaftIndex" : ${index}\n"RaftTerm" : ${members.term}\n"RaftAppliedIndex" : ${index}\n"Errors" : []\n"Endpoint" : "${endpoint}"\n\n`,
        );
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
    else if (r.format === "fields") yield* sys.print(r.p, fields.join(""));
    else if (r.format === "table") {
      const head = ["ENDPOINT", "ID", "VERSION", "DB SIZE", "IS LEADER", "IS LEARNER", "RAFT TERM", "RAFT INDEX"];
      yield* sys.print(r.p, gridTable([...head, "RAFT APPLIED INDEX", "ERRORS"], rows));
    } else yield* sys.print(r.p, rows.map((row) => `${row.join(", ")}\n`).join(""));
    if (failed) throw new EtcdctlError("", 1);
  },
};

/** Prints what is wrong with the arguments; the members of a cluster are those that kubeadm made. */
function change(verb: string, about: string, missing: string): Subcommand {
  return {
    usage: `member ${verb} ${verb === "add" ? "<memberName> [options]" : "<memberID>"} [flags]`,
    about,
    flags:
      verb === "add" ? { "peer-urls": "value", learner: "bool" } : verb === "update" ? { "peer-urls": "value" } : {},
    *run(r) {
      const [word] = r.args;
      if (word === undefined) throw new EtcdctlError(missing, 128);
      if (verb !== "add") {
        if (!/^[0-9a-f]{1,16}$/i.test(word))
          throw new EtcdctlError(
            `bad member ID arg (strconv.ParseUint: parsing ${JSON.stringify(word)}: invalid syntax), expecting ID in Hex`,
            128,
          );
      }
      if ((verb === "add" || verb === "update") && r.flag("peer-urls") === undefined)
        throw new EtcdctlError("member peer urls not provided", 128);
      yield* r.client.first();
      const known = r.client.members.all().some(({ name }) => hex(memberId(name)) === word.toLowerCase());
      throw new EtcdctlError(
        verb !== "add" && !known
          ? "etcdserver: member not found"
          : verb === "promote"
            ? "etcdserver: can only promote a learner member"
            : "etcdserver: re-configuration failed due to not enough started members",
      );
    },
  };
}

const defrag: Subcommand = {
  usage: "defrag [flags]",
  about: "Defragments the storage of the etcd members with given endpoints",
  flags: { ...CLUSTER_FLAG, "data-dir": "value" },
  *run(r) {
    let failures = 0;
    for (const endpoint of yield* endpointsOf(r)) {
      try {
        yield* r.client.member(endpoint);
        yield* sys.print(r.p, `Finished defragmenting etcd member[${endpoint}]\n`);
      } catch (error) {
        if (!(error instanceof EtcdctlError) || error.status === 128) throw error;
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
  flags: {},
  *run(r) {
    if (r.args.length !== 1) throw new EtcdctlError("move-leader command needs 1 argument", 128);
    const word = r.args[0]!;
    if (!/^[0-9a-f]{1,16}$/i.test(word))
      throw new EtcdctlError(`strconv.ParseUint: parsing ${quoteString(word)}: invalid syntax`, 128);
    const { members, options } = r.client;
    const from = members.leader;
    const asked: string[] = [];
    for (const endpoint of options.endpoints) asked.push((yield* r.client.member(endpoint)).name);
    if (!asked.includes(from))
      throw new EtcdctlError(`no leader endpoint given at [${options.endpoints.join(" ")}]`, 128);
    const to = members.all().find(({ name }) => hex(memberId(name)) === word.toLowerCase() && members.isServing(name));
    if (to === undefined) throw new EtcdctlError("etcdserver: bad leader transferee");
    members.lead(to.name);
    yield* sys.print(r.p, `Leadership transferred from ${hex(memberId(from))} to ${hex(memberId(to.name))}\n`);
  },
};

export const memberCommands: Readonly<Record<string, Subcommand>> = {
  defrag,
  "move-leader": moveLeader,
  "endpoint hashkv": {
    usage: "endpoint hashkv [flags]",
    about: "Prints the KV history hash for each endpoint in --endpoints",
    flags: { ...CLUSTER_FLAG, rev: "value" },
    *run(r) {
      const rows: [endpoint: string, hash: number, member: bigint][] = [];
      for (const endpoint of yield* endpointsOf(r)) {
        const { name } = yield* r.client.member(endpoint);
        rows.push([endpoint, (r.client.store.revision * 2_654_435_761) % 4_294_967_296, memberId(name)]);
      }
      if (r.format === "table") {
        const cells = rows.map(([endpoint, hash]) => [endpoint, String(hash)]);
        yield* sys.print(r.p, gridTable(["ENDPOINT", "HASH"], cells));
      } else if (r.format === "json") {
        const compacted = r.client.store.compactRevision || -1;
        const each = rows.map(([endpoint, hash, member]) => {
          const head = json({ header: header(r) }, member).slice(0, -2);
          return `{"Endpoint":${JSON.stringify(endpoint)},"HashKV":${head},"hash":${hash},"compact_revision":${compacted}}}`;
        });
        yield* sys.print(r.p, `[${each.join(",")}]\n`);
      } else if (r.format === "fields") {
        const each = rows.map(
          ([endpoint, hash, member]) => `${headFields(r, member)}"Endpoint" : "${endpoint}"\n"Hash" : ${hash}\n\n`,
        );
        yield* sys.print(r.p, each.join(""));
      } else yield* sys.print(r.p, rows.map(([endpoint, hash]) => `${endpoint}, ${hash}\n`).join(""));
    },
  },
  "endpoint health": endpointHealth,
  "endpoint status": endpointStatus,
  "member add": change("add", "Adds a member into the cluster", "member name not provided"),
  "member list": memberList,
  "member promote": change("promote", "Promotes a non-voting member in the cluster", "member ID is not provided"),
  "member remove": change("remove", "Removes a member from the cluster", "member ID is not provided"),
  "member update": change("update", "Updates a member in the cluster", "member ID is not provided"),
};
