/** etcdctl get, put, del and watch. */
import { type EtcdStore, type KeyValue, prefixEnd, type RangeResponse, valueBytes } from "../../etcd/index.ts";
import { decode, encode, encodeBase64, type Gen, MS, sleep } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { quoteString } from "../../text/go-quote.ts";
import { header, headFields, json, noTable } from "./answer.ts";
import { EtcdctlError } from "./client.ts";
import type { FlagKind, Run, Subcommand } from "./etcdctl.ts";
import { leaseId } from "./lease.ts";

const bad = (text: string) => new EtcdctlError(text, 128);
/** ExitBadFeature. */
const feature = (text: string) => new EtcdctlError(text, 4);

function rangeOf(r: Run, what: string): { key: string; rangeEnd?: string } {
  const [key, end] = r.args;
  if (r.args.length === 0 || (what === "del" && r.args.length > 2)) {
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

function kvFields(kv: KeyValue, pfx: "" | "Prev", keysOnly = false): string {
  const value = keysOnly ? "" : decode(valueBytes(kv));
  return (
    `"${pfx}Key" : ${quoteString(kv.key)}\n"${pfx}CreateRevision" : ${kv.createRevision}\n"${pfx}ModRevision" : ${kv.modRevision}\n` +
    `"${pfx}Version" : ${kv.version}\n"${pfx}Value" : ${quoteString(value)}\n"${pfx}Lease" : ${kv.lease}\n`
  );
}

/** In the forms `json` and `fields`, what a request was answered with; false for others, which are told otherwise. */
function* printAnswer(r: Run, rest: object, fields: string): Gen<boolean> {
  if (r.format !== "json" && r.format !== "fields") return false;
  const text = r.format === "json" ? json(r, { header: header(r), ...rest }) : headFields(r) + fields;
  yield* sys.print(r.p, text);
  return true;
}

function* printRange(r: Run, response: RangeResponse): Gen {
  const { kvs, count, more } = response;
  if (r.format === "table") throw noTable();
  const keysOnly = r.on("keys-only");
  if (r.format === "json") {
    const list = kvs.length > 0 ? { kvs: kvs.map((kv) => kvJson(kv, keysOnly)) } : {};
    yield* sys.print(
      r.p,
      json(r, { header: header(r), ...list, ...(more ? { more } : {}), ...(count > 0 ? { count } : {}) }),
    );
    return;
  }
  if (r.format === "fields") {
    const lines = kvs.map((kv) => kvFields(kv, "", keysOnly)).join("");
    yield* sys.print(r.p, `${headFields(r)}${lines}"More" : ${more}\n"Count" : ${count}\n`);
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
    if (order !== "" && order !== "ASCEND" && order !== "DESCEND") throw feature(`bad sort order ${r.flag("order")}`);
    const target = SORTS[(r.flag("sort-by") ?? "KEY").toUpperCase()];
    if (target === undefined) throw feature(`bad sort target ${r.flag("sort-by")}`);
    const consistency = r.flag("consistency") ?? "l";
    if (consistency !== "l" && consistency !== "s")
      throw new EtcdctlError(`unknown consistency flag ${quoteString(consistency)}`, 4);
    const isSerializable = consistency === "s";
    const read = (store: EtcdStore) =>
      store.range({
        ...range,
        // A member that is cut off has nothing newer.
        revision: Number(r.flag("rev") ?? 0) || (isSerializable ? r.client.view.revision : 0),
        limit: Number(r.flag("limit") ?? 0),
        keysOnly: r.on("keys-only"),
        countOnly: r.on("count-only"),
        sortTarget: target,
        ...(order === "" ? {} : { sortOrder: order as "ASCEND" | "DESCEND" }),
      });
    const response = yield* r.client.request(read, undefined, isSerializable ? "serializable" : "linearizable");
    yield* printRange(r, response);
  },
};

const put: Subcommand = {
  usage: "put [options] <key> <value> (<value> can also be given from stdin) [flags]",
  about: "Puts the given key into the store",
  flags: { "ignore-lease": "bool", "ignore-value": "bool", lease: "value", "prev-kv": "bool" },
  *run(r) {
    const [key, given] = r.args;
    const wrong = bad("put command needs 1 argument and input from stdin or 2 arguments");
    if (key === undefined) throw wrong;
    const ignoreValue = r.on("ignore-value");
    if (ignoreValue && given !== undefined) throw bad("put command needs only 1 argument when 'ignore-value' is set");
    const value = ignoreValue ? undefined : (given ?? decode(yield* sys.readAll(r.p, 0)));
    if (value === "" && given === undefined) throw wrong;
    const lease = leaseId(r.flag("lease") ?? "0");
    const prevKv = r.on("prev-kv");
    const answer = yield* r.client.request((store) =>
      store.put({ key, value, lease, prevKv, ignoreValue, ignoreLease: r.on("ignore-lease") }),
    );
    const before = prevKv ? answer.prevKv : undefined;
    if (r.format === "table") throw noTable();
    const told = before === undefined ? {} : { prev_kv: kvJson(before, false) };
    if (yield* printAnswer(r, told, before === undefined ? "" : kvFields(before, "Prev"))) return;
    yield* sys.print(r.p, "OK\n");
    if (before !== undefined) yield* sys.print(r.p, `${before.key}\n${decode(valueBytes(before))}\n`);
  },
};

const del: Subcommand = {
  usage: "del [options] <key> [range_end] [flags]",
  about: "Removes the specified key or range of keys [key, range_end)",
  flags: { ...RANGE_FLAGS, "prev-kv": "bool", range: "bool" },
  *run(r) {
    const range = rangeOf(r, "del");
    if (r.args.length === 2 && !r.on("range"))
      yield* sys.printError(
        r.p,
        "In etcd v3.6, the operation will be suspended for a few seconds to provide the user time to verify range.\n",
      );
    const { deleted, prevKvs } = yield* r.client.request((store) =>
      store.deleteRange({ ...range, prevKv: r.on("prev-kv") }),
    );
    if (r.format === "table") throw noTable();
    const told = {
      ...(deleted > 0 && { deleted }),
      ...(prevKvs.length > 0 && { prev_kvs: prevKvs.map((kv) => kvJson(kv, false)) }),
    };
    const fields = `"Deleted" : ${deleted}\n${prevKvs.map((kv) => kvFields(kv, "")).join("")}`;
    if (yield* printAnswer(r, told, fields)) return;
    const previous = prevKvs.map((kv) => `${kv.key}\n${decode(valueBytes(kv))}\n`).join("");
    yield* sys.print(r.p, `${deleted}\n${previous}`);
  },
};

const watch: Subcommand = {
  usage: "watch [options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...] [flags]",
  about: "Watches events stream on keys or prefixes",
  flags: { ...RANGE_FLAGS, interactive: "bool", "prev-kv": "bool", "progress-notify": "bool", rev: "value" },
  *run(r) {
    if (r.args.length === 0) throw bad("bad number of arguments");
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

export const keyCommands: Readonly<Record<string, Subcommand>> = { del, get, put, watch };
