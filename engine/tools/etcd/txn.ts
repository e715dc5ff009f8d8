/** etcdctl txn: conditions, and what to do when they hold or not, read from standard input. */
import { type Compare, prefixEnd, type RequestOp, type ResponseOp } from "../../etcd/index.ts";
import { decode } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { kvFields, kvJson, kvText, noTable, printAnswer, rangeFields, rangeJson } from "./answer.ts";
import { EtcdctlError } from "./client.ts";
import type { Run, Subcommand } from "./command.ts";
import { type Asked, OptionMistake, readLine } from "./command-line.ts";
import { leaseId } from "./lease.ts";

const TARGETS: Record<string, Compare["target"]> = {
  v: "VERSION",
  ver: "VERSION",
  version: "VERSION",
  c: "CREATE",
  create: "CREATE",
  m: "MOD",
  mod: "MOD",
  val: "VALUE",
  value: "VALUE",
  lease: "LEASE",
};
const RESULTS: Record<string, Compare["result"]> = { "=": "EQUAL", "!=": "NOT_EQUAL", ">": "GREATER", "<": "LESS" };

const wrong = (text: string) => new EtcdctlError(text, 3);

/** `value("key") = "x"`. */
function compareOf(line: string): Compare {
  const match = /^\s*(\w+)\s*\(\s*"((?:[^"\\]|\\.)*)"\s*\)\s*(!=|=|<|>)\s*"((?:[^"\\]|\\.)*)"\s*$/.exec(line);
  if (match === null) {
    const target = /^\s*(\w+)\s*\(/.exec(line)?.[1];
    throw wrong(`malformed comparison: ${line}${target === undefined ? "" : `; got ${target}("")  ""`}`);
  }
  const target = TARGETS[match[1]!];
  if (target === undefined) throw wrong(`malformed comparison: ${line} (unknown target ${match[1]})`);
  const plain = match[4]!.replace(/\\(.)/g, "$1");
  const number = () => {
    if (!/^[+-]?\d+$/.test(plain)) throw wrong(`invalid txn compare request: ${line}`);
    return Number(plain);
  };
  const value = target === "VALUE" ? plain : target === "LEASE" ? BigInt(number()) : number();
  return { key: match[2]!.replace(/\\(.)/g, "$1"), target, result: RESULTS[match[3]!]!, value };
}

/** Words of a line, in double or single quotes or bare. */
export function words(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(
    (one) => one[1]?.replace(/\\(.)/g, "$1") ?? one[2] ?? one[3]!,
  );
}

const NAMES: ReadonlySet<string> = new Set(["del", "get", "put"]);
const ORDERS = { "": undefined, ASCEND: "ASCEND", DESCEND: "DESCEND" } as const;

function operationOf(line: string): RequestOp {
  const parts = words(line);
  if (!NAMES.has(parts[0] ?? "")) throw wrong(`invalid txn request: ${line}`);
  let asked: Asked;
  try {
    asked = readLine("etcdctl", NAMES, parts);
  } catch (error) {
    if (error instanceof OptionMistake) throw wrong(`invalid txn request: ${line}`);
    throw error;
  }
  const { name, args, flags } = asked;
  const [key, second] = args;
  const on = (flag: string) => flags.get(flag) === "true";
  if (name === "put") {
    if (key === undefined || second === undefined) {
      throw new EtcdctlError("put command needs 1 argument and input from stdin or 2 arguments", 128);
    }
    return { put: { key, value: second, lease: leaseId(flags.get("lease") ?? "0") } };
  }
  if (key === undefined) throw wrong(`invalid txn compare request: ${line}`);
  const range = on("prefix")
    ? { key: key === "" ? "\0" : key, rangeEnd: key === "" ? "\0" : prefixEnd(key) }
    : on("from-key")
      ? { key: key === "" ? "\0" : key, rangeEnd: "\0" }
      : second === undefined
        ? { key }
        : { key, rangeEnd: second };
  if (name === "del") return { deleteRange: { ...range, prevKv: on("prev-kv") } };
  const sortOrder = ORDERS[(flags.get("order") ?? "").toUpperCase() as keyof typeof ORDERS];
  return {
    range: {
      ...range,
      limit: Number(flags.get("limit") ?? 0),
      revision: Number(flags.get("rev") ?? 0),
      keysOnly: on("keys-only"),
      countOnly: on("count-only"),
      ...(sortOrder === undefined ? {} : { sortOrder }),
    },
  };
}

const zeroHead = (revision: number) => `"ClusterID" : 0\n"MemberID" : 0\n"Revision" : ${revision}\n"RaftTerm" : 0\n`;

/** One answer in the three forms that there are. */
function shown(r: Run, response: ResponseOp, revision: number): { text: string; json: object; fields: string } {
  const head = { header: { revision } };
  if ("range" in response) {
    return {
      text: response.range.kvs.map((kv) => kvText(r, kv)).join(""),
      json: { response_range: { ...head, ...rangeJson(response.range) } },
      fields: zeroHead(revision) + rangeFields(response.range),
    };
  }
  if ("deleteRange" in response) {
    const { deleted, prevKvs } = response.deleteRange;
    const prev_kvs = prevKvs.map((kv) => kvJson(kv));
    return {
      text: `${deleted}\n${prevKvs.map((kv) => kvText(r, kv)).join("")}`,
      json: {
        response_delete_range: { ...head, ...(deleted > 0 && { deleted }), ...(prev_kvs.length > 0 && { prev_kvs }) },
      },
      fields: `${zeroHead(revision)}"Deleted" : ${deleted}\n${prevKvs.map((kv) => kvFields(kv, "")).join("")}`,
    };
  }
  return { text: "OK\n", json: { response_put: head }, fields: zeroHead(revision) };
}

export const txn: Subcommand = {
  usage: "txn [options] [flags]",
  about: "Txn processes all the requests in one transaction",
  *run(r: Run) {
    if (r.args.length > 0) throw new EtcdctlError("txn command does not accept argument", 128);
    const lines = decode(yield* sys.readAll(r.p, 0)).split("\n");
    // What has no end of line is none.
    lines.pop();
    // A line is judged when it has come.
    const section = <T>(read: (line: string) => T): T[] => {
      const out: T[] = [];
      for (;;) {
        const line = lines.shift();
        if (line === undefined) throw wrong("EOF");
        if (line === "") return out;
        out.push(read(line));
      }
    };
    const asks = r.on("interactive");
    if (asks) yield* sys.print(r.p, "compares:\n");
    const compare = section(compareOf);
    if (asks) yield* sys.print(r.p, "success requests (get, put, del):\n");
    const success = section(operationOf);
    if (asks) yield* sys.print(r.p, "failure requests (get, put, del):\n");
    const failure = section(operationOf);
    const request = { compare, success, failure };
    const { succeeded, responses, revision } = yield* r.client.request(
      (store) => store.txn(request),
      undefined,
      "change",
    );
    if (r.format === "table") throw noTable();
    const each = responses.map((response) => shown(r, response, revision));
    const told = { ...(succeeded ? { succeeded } : {}), responses: each.map((one) => ({ Response: one.json })) };
    const fields = `"Succeeded" : ${succeeded}\n${each.map((one) => one.fields).join("")}`;
    if (yield* printAnswer(r, told, fields)) return;
    yield* sys.print(r.p, `${succeeded ? "SUCCESS" : "FAILURE"}\n${each.map(({ text }) => `\n${text}`).join("")}`);
  },
};
