/** etcdctl lease: grant, revoke, keep-alive, timetolive, list. */
import { type EtcdStore, leaseName } from "../../etcd/index.ts";
import { encode, encodeBase64, type Gen, SECOND, sleep } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { quoteString } from "../../text/go-quote.ts";
import { header, headFields, json, noTable } from "./answer.ts";
import { EtcdctlError } from "./client.ts";
import type { Run, Subcommand } from "./command.ts";

const bad = (text: string) => new EtcdctlError(text, 128);

/** A lease id in hexadecimal. */
export function leaseId(word: string, what = ""): bigint {
  if (!/^[0-9a-f]{1,16}$/i.test(word))
    throw bad(
      `bad lease ID${what} (strconv.ParseInt: parsing ${JSON.stringify(word)}: invalid syntax), expecting ID in Hex`,
    );
  return BigInt(`0x${word}`);
}

/** In the forms `json` and `fields`, an answer about leases; false for others. */
function* printed(r: Run, rest: string, fields: string): Gen<boolean> {
  if (r.format === "table") throw noTable();
  if (r.format !== "json" && r.format !== "fields") return false;
  const head = json(header(r)).slice(0, -2);
  yield* sys.print(r.p, r.format === "json" ? `${head},${rest}}\n` : headFields(r) + fields);
  return true;
}

const own = (r: Run, what: string) => {
  if (r.args.length !== 1) throw bad(`${what} command needs lease ID as argument`);
  return leaseId(r.args[0]!, " arg");
};

const grant: Subcommand = {
  usage: "lease grant <ttl> [flags]",
  about: "Creates leases",
  *run(r) {
    const [word] = r.args;
    if (word === undefined || r.args.length > 1) throw bad("lease grant command needs TTL argument");
    if (!/^[+-]?\d+$/.test(word))
      throw bad(`bad TTL (strconv.ParseInt: parsing ${JSON.stringify(word)}: invalid syntax)`);
    const lease = yield* r.client.request((store) => store.leaseGrant(Number(word)), "failed to grant lease");
    const fields = `"ID" : ${lease.id}\n"TTL" : ${lease.grantedTtl}\n`;
    if (yield* printed(r, `"ID":${lease.id},"TTL":${lease.grantedTtl},"Error":""`, fields)) return;
    yield* sys.print(r.p, `lease ${leaseName(lease.id)} granted with TTL(${lease.grantedTtl}s)\n`);
  },
};

const revoke: Subcommand = {
  usage: "lease revoke <leaseID> [flags]",
  about: "Revokes leases",
  *run(r) {
    if (r.args.length !== 1) throw bad("lease revoke command needs 1 argument");
    const id = leaseId(r.args[0]!, " arg");
    yield* r.client.request((store) => store.leaseRevoke(id), "failed to revoke lease");
    yield* sys.print(r.p, `lease ${leaseName(id)} revoked\n`);
  },
};

const timetolive: Subcommand = {
  usage: "lease timetolive <leaseID> [options] [flags]",
  about: "Get lease information",
  *run(r) {
    if (r.args.length !== 1) throw bad("lease timetolive command needs lease ID as argument");
    const id = leaseId(r.args[0]!, " arg");
    const found = yield* r.client.request((store) => find(store, id));
    if (found === undefined) {
      const rest = `"id":${id},"ttl":-1,"granted-ttl":0,"keys":null`;
      const fields = `"ID" : ${id}\n"TTL" : -1\n"GrantedTTL" : 0\n`;
      if (yield* printed(r, rest, fields)) return;
      yield* sys.print(r.p, `lease ${leaseName(id)} already expired\n`);
      return;
    }
    const { ttl, left, keys } = found;
    const list =
      r.on("keys") && keys.length > 0 ? JSON.stringify(keys.map((key) => encodeBase64(encode(key)))) : "null";
    const rest = `"id":${id},"ttl":${left},"granted-ttl":${ttl},"keys":${list}`;
    const shown = r.on("keys") ? keys.map((key) => `"Key" : ${quoteString(key)}\n`).join("") : "";
    const fields = `"ID" : ${id}\n"TTL" : ${left}\n"GrantedTTL" : ${ttl}\n${shown}`;
    if (yield* printed(r, rest, fields)) return;
    const attached = r.on("keys") ? `, attached keys([${keys.join(" ")}])` : "";
    yield* sys.print(r.p, `lease ${leaseName(id)} granted with TTL(${ttl}s), remaining(${left}s)${attached}\n`);
  },
};

function find(store: EtcdStore, id: bigint): { ttl: number; left: number; keys: string[] } | undefined {
  const lease = store.leases().find((one) => one.id === id);
  return lease && { ttl: lease.grantedTtl, left: store.leaseTimeToLive(id), keys: [...lease.keys].sort() };
}

const keepAlive: Subcommand = {
  usage: "lease keep-alive [options] <leaseID> [flags]",
  about: "Keeps leases alive (renew)",
  *run(r) {
    const id = own(r, "lease keep-alive");
    for (;;) {
      const ttl = yield* r.client.request((store) => (find(store, id) ? store.leaseKeepAlive(id) : undefined));
      if (ttl === undefined) {
        if (r.on("once")) throw new EtcdctlError("etcdserver: requested lease not found", 2);
        yield* sys.print(r.p, `lease ${leaseName(id)} expired or revoked.\n`);
        return;
      }
      yield* sys.print(r.p, `lease ${leaseName(id)} keepalived with TTL(${ttl})\n`);
      if (r.on("once")) return;
      yield* sleep(Math.max(1, Math.floor(ttl / 3)) * SECOND);
    }
  },
};

const list: Subcommand = {
  usage: "lease list [flags]",
  about: "List all active leases",
  *run(r): Gen {
    yield* r.client.first();
    const leases = r.client.store.leases().sort((a, b) => a.expiresAt - b.expiresAt);
    const ids = leases.map(({ id }) => `{"id":${id}}`).join(",");
    if (yield* printed(r, `"leases":[${ids}]`, leases.map(({ id }) => `"ID" : ${id}\n`).join(""))) return;
    const names = leases.map(({ id }) => `${leaseName(id)}\n`).join("");
    yield* sys.print(r.p, `found ${leases.length} leases\n${names}`);
  },
};

export const leaseCommands: Readonly<Record<string, Subcommand>> = {
  "lease grant": grant,
  "lease keep-alive": keepAlive,
  "lease list": list,
  "lease revoke": revoke,
  "lease timetolive": timetolive,
};
