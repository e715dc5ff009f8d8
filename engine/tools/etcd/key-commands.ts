/** etcdctl get, put and del. */
import { type EtcdStore, prefixEnd } from "../../etcd/index.ts";
import { decode } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { quoteString } from "../../text/go-quote.ts";
import { kvFields, kvJson, kvText, noTable, printAnswer, printRange } from "./answer.ts";
import { EtcdctlError } from "./client.ts";
import type { Run, Subcommand } from "./command.ts";
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
  if ((r.on("prefix") || r.on("from-key")) && end !== undefined) {
    throw bad("too many arguments, only accept one argument when `--prefix` or `--from-key` is set");
  }
  if (r.on("prefix")) {
    return key === "" ? { key: "\0", rangeEnd: "\0" } : { key: key!, rangeEnd: prefixEnd(key!) };
  }
  if (r.on("from-key")) return { key: key === "" ? "\0" : key!, rangeEnd: "\0" };
  return end === undefined ? { key: key! } : { key: key!, rangeEnd: end };
}

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
  *run(r) {
    const range = rangeOf(r, "get");
    if (r.on("keys-only") && r.on("count-only")) {
      throw bad("`--keys-only` and `--count-only` cannot be set at the same time, choose one");
    }
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
    if (r.on("count-only") && r.format !== "fields") throw bad("--count-only is only for `--write-out=fields`");
    if (r.on("print-value-only") && r.format !== "simple") {
      throw bad("print-value-only is only for `--write-out=simple`");
    }
    yield* printRange(r, response);
  },
};

const put: Subcommand = {
  usage: "put [options] <key> <value> (<value> can also be given from stdin) [flags]",
  about: "Puts the given key into the store",
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
    const answer = yield* r.client.request(
      (store) => store.put({ key, value, lease, prevKv, ignoreValue, ignoreLease: r.on("ignore-lease") }),
      undefined,
      "change",
    );
    const before = prevKv ? answer.prevKv : undefined;
    if (r.format === "table") throw noTable();
    const told = before === undefined ? {} : { prev_kv: kvJson(before) };
    if (yield* printAnswer(r, told, before === undefined ? "" : kvFields(before, "Prev"))) return;
    yield* sys.print(r.p, "OK\n");
    if (before !== undefined) yield* sys.print(r.p, kvText(r, before));
  },
};

const del: Subcommand = {
  usage: "del [options] <key> [range_end] [flags]",
  about: "Removes the specified key or range of keys [key, range_end)",
  *run(r) {
    const range = rangeOf(r, "del");
    if (r.args.length === 2 && !r.on("range"))
      yield* sys.printError(
        r.p,
        "In etcd v3.6, the operation will be suspended for a few seconds to provide the user time to verify range.\n",
      );
    const { deleted, prevKvs } = yield* r.client.request(
      (store) => store.deleteRange({ ...range, prevKv: r.on("prev-kv") }),
      undefined,
      "change",
    );
    if (r.format === "table") throw noTable();
    const told = {
      ...(deleted > 0 && { deleted }),
      ...(prevKvs.length > 0 && { prev_kvs: prevKvs.map((kv) => kvJson(kv)) }),
    };
    const fields = `"Deleted" : ${deleted}\n${prevKvs.map((kv) => kvFields(kv, "")).join("")}`;
    if (yield* printAnswer(r, told, fields)) return;
    yield* sys.print(r.p, `${deleted}\n${prevKvs.map((kv) => kvText(r, kv)).join("")}`);
  },
};

export const keyCommands: Readonly<Record<string, Subcommand>> = { del, get, put };
