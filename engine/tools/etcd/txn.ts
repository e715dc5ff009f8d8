/** etcdctl txn: conditions, and what to do when they hold or not, read from standard input. */
import { type Compare, prefixEnd, type RequestOp, valueBytes } from "../../etcd/index.ts";
import { decode } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { EtcdctlError } from "./client.ts";
import type { Run, Subcommand } from "./etcdctl.ts";

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
  if (match === null) throw wrong(`malformed comparison: ${line}`);
  const target = TARGETS[match[1]!];
  if (target === undefined) throw wrong(`malformed comparison: ${line} (unknown target ${match[1]})`);
  const plain = match[4]!.replace(/\\(.)/g, "$1");
  const number = () => {
    if (!/^[+-]?\d+$/.test(plain))
      throw wrong(`invalid txn compare request: strconv.ParseInt: parsing ${JSON.stringify(plain)}: invalid syntax`);
    return Number(plain);
  };
  const value = target === "VALUE" ? plain : target === "LEASE" ? BigInt(number()) : number();
  return { key: match[2]!.replace(/\\(.)/g, "$1"), target, result: RESULTS[match[3]!]!, value };
}

/** Words of a line, in double or single quotes or bare. */
function words(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(
    (one) => one[1]?.replace(/\\(.)/g, "$1") ?? one[2] ?? one[3]!,
  );
}

function operationOf(line: string): RequestOp {
  const [verb, ...rest] = words(line);
  const options = rest.filter((word) => word.startsWith("--"));
  const [key = "", second] = rest.filter((word) => !word.startsWith("--"));
  const prefix = options.some((word) => word.startsWith("--prefix"));
  const range = prefix
    ? { key: key === "" ? "\0" : key, rangeEnd: key === "" ? "\0" : prefixEnd(key) }
    : second === undefined
      ? { key }
      : { key, rangeEnd: second };
  if (verb === "put") {
    if (second === undefined) throw wrong("put command needs 1 argument and input from stdin or 2 arguments");
    return { put: { key, value: second } };
  }
  if (verb === "get") return { range };
  if (verb === "del") return { deleteRange: { ...range, prevKv: options.includes("--prev-kv") } };
  throw wrong(`invalid txn request: ${line}`);
}

export const txn: Subcommand = {
  usage: "txn [options] [flags]",
  about: "Txn processes all the requests in one transaction",
  flags: { interactive: "bool" },
  *run(r: Run) {
    if (r.args.length > 0) throw new EtcdctlError("txn command does not accept argument", 128);
    const lines = decode(yield* sys.readAll(r.p, 0)).split("\n");
    const section = () => {
      const out: string[] = [];
      for (let line = lines.shift(); line !== undefined && line !== ""; line = lines.shift()) out.push(line);
      return out;
    };
    const asks = r.on("interactive");
    if (asks) yield* sys.print(r.p, "compares:\n");
    const compare = section().map(compareOf);
    if (asks) yield* sys.print(r.p, "success requests (get, put, del):\n");
    const success = section().map(operationOf);
    if (asks) yield* sys.print(r.p, "failure requests (get, put, del):\n");
    const failure = section().map(operationOf);
    const { succeeded, responses } = yield* r.client.request((store) => store.txn({ compare, success, failure }));
    let out = succeeded ? "SUCCESS\n" : "FAILURE\n";
    for (const response of responses) {
      out += "\n";
      if ("put" in response) out += "OK\n";
      else if ("deleteRange" in response) out += `${response.deleteRange.deleted}\n`;
      else if ("range" in response)
        out += response.range.kvs.map((kv) => `${kv.key}\n${decode(valueBytes(kv))}\n`).join("");
    }
    yield* sys.print(r.p, out);
  },
};
