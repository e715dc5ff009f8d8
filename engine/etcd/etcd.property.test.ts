import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Kernel } from "../kernel/index.ts";
import { EtcdError, EtcdStore, type KeyValue, type RequestOp, type ResponseOp, type TxnRequest } from "./index.ts";

/**
 * The same random operations on the store and on the real etcd, over its JSON gateway: same revisions, same answers,
 * same errors. Keys have few letters, so that operations meet.
 */
const found = spawnSync("etcd", ["--version"]).status === 0;
if (!found)
  console.warn("etcd property test skipped: no etcd binary on the PATH (Debian: apt-get install etcd-server)");

let process_: ChildProcess;
let directory: string;
let url: string;

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

const text = (value: string) => Buffer.from(value).toString("base64");
const plain = (value: unknown) => Buffer.from(String(value ?? ""), "base64").toString();
const number = (value: unknown) => Number(value ?? 0);

// biome-ignore lint/suspicious/noExplicitAny: answers of the JSON gateway
type Any = any;

async function ask(path: string, body: object): Promise<Any> {
  const response = await fetch(`${url}/v3/${path}`, { method: "POST", body: JSON.stringify(body) });
  const answer = (await response.json()) as Any;
  return answer.message === undefined ? answer : { error: answer.message };
}

// ---- forms of the two sides, brought to one ----------------------------------------------------------------------

const ourKv = (kv: KeyValue) => [kv.key, String(kv.value ?? ""), kv.createRevision, kv.modRevision, kv.version];
const theirKv = (kv: Any) => [
  plain(kv.key),
  plain(kv.value),
  number(kv.create_revision),
  number(kv.mod_revision),
  number(kv.version),
];

function ourResponse(response: ResponseOp): unknown {
  if ("range" in response) {
    const { kvs, count, more } = response.range;
    return { kvs: kvs.map(ourKv), count, more };
  }
  if ("put" in response) return { prev: response.put.prevKv ? ourKv(response.put.prevKv) : null };
  if ("deleteRange" in response) {
    return { deleted: response.deleteRange.deleted, prev: response.deleteRange.prevKvs.map(ourKv) };
  }
  return { succeeded: response.txn.succeeded, responses: response.txn.responses.map(ourResponse) };
}

function theirResponse(response: Any): unknown {
  const { response_range: range, response_put: put, response_delete_range: deleted, response_txn: txn } = response;
  if (range) return { kvs: (range.kvs ?? []).map(theirKv), count: number(range.count), more: range.more ?? false };
  if (put) return { prev: put.prev_kv ? theirKv(put.prev_kv) : null };
  if (deleted) return { deleted: number(deleted.deleted), prev: (deleted.prev_kvs ?? []).map(theirKv) };
  return { succeeded: txn.succeeded ?? false, responses: (txn.responses ?? []).map(theirResponse) };
}

function theirOp(op: RequestOp): Any {
  if ("put" in op) {
    const { key, value, prevKv, ignoreValue } = op.put;
    const put = { key: text(key), prev_kv: prevKv, ignore_value: ignoreValue };
    return { request_put: value === undefined ? put : { ...put, value: text(String(value)) } };
  }
  if ("deleteRange" in op) {
    const { key, rangeEnd, prevKv } = op.deleteRange;
    return { request_delete_range: { key: text(key), range_end: text(rangeEnd ?? ""), prev_kv: prevKv } };
  }
  if ("txn" in op) return { request_txn: theirTxn(op.txn) };
  const { range } = op;
  return {
    request_range: {
      key: text(range.key),
      range_end: text(range.rangeEnd ?? ""),
      revision: range.revision,
      limit: range.limit,
      keys_only: range.keysOnly,
      count_only: range.countOnly,
      sort_order: range.sortOrder,
      sort_target: range.sortTarget,
      min_mod_revision: range.minModRevision,
      max_create_revision: range.maxCreateRevision,
    },
  };
}

const FIELD = { VERSION: "version", CREATE: "create_revision", MOD: "mod_revision", VALUE: "value", LEASE: "lease" };

function theirTxn(txn: TxnRequest): Any {
  return {
    compare: (txn.compare ?? []).map(({ key, rangeEnd, target, result, value }) => ({
      key: text(key),
      range_end: text(rangeEnd ?? ""),
      target,
      result,
      [FIELD[target]]: target === "VALUE" ? text(String(value)) : value,
    })),
    success: (txn.success ?? []).map(theirOp),
    failure: (txn.failure ?? []).map(theirOp),
  };
}

// ---- what is tried ------------------------------------------------------------------------------------------------

const key = fc.constantFrom("a", "aa", "ab", "b", "ba", "c", "/r/x", "/r/y");
const range = fc.oneof(
  fc.record({ key }),
  fc.record({ key, rangeEnd: fc.constantFrom("b", "c", "d", "\0", "/s") }),
  fc.constant({ key: "\0", rangeEnd: "\0" }),
);
const value = fc.constantFrom("", "1", "2", "10", "한글");
/** Revisions relative to the present, so that past, present, future and compacted ones come up. */
const past = fc.integer({ min: -6, max: 1 });

type Step =
  | { do: "op"; op: RequestOp; ago: number | undefined }
  | { do: "txn"; txn: TxnRequest }
  | { do: "compact"; ago: number };

const rangeOp = fc
  .tuple(
    range,
    fc.record(
      {
        limit: fc.integer({ min: 0, max: 3 }),
        keysOnly: fc.boolean(),
        countOnly: fc.boolean(),
        sortOrder: fc.constantFrom("NONE", "ASCEND", "DESCEND"),
        sortTarget: fc.constantFrom("KEY", "CREATE", "MOD"),
        minModRevision: fc.integer({ min: 0, max: 9 }),
        maxCreateRevision: fc.integer({ min: 0, max: 9 }),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([where, rest]) => ({ range: { ...where, ...rest } }) as RequestOp);
const plainPut = fc.record({ key, value, prevKv: fc.boolean() }).map((put): RequestOp => ({ put }));
const putOp = fc.oneof(
  plainPut,
  fc.record({ key, prevKv: fc.boolean(), ignoreValue: fc.constant(true) }).map((put): RequestOp => ({ put })),
);
const deleteOp = fc
  .tuple(range, fc.boolean())
  .map(([where, prevKv]): RequestOp => ({ deleteRange: { ...where, prevKv } }));
const compare = fc
  .tuple(
    range,
    fc.constantFrom("VERSION", "CREATE", "MOD", "VALUE"),
    fc.constantFrom("EQUAL", "GREATER", "LESS", "NOT_EQUAL"),
    fc.integer({ min: 0, max: 8 }),
  )
  .map(([where, target, result, to]) => ({
    ...where,
    target: target as "MOD",
    result: result as "EQUAL",
    value: target === "VALUE" ? String(to) : to,
  }));
const { txn } = fc.letrec<{ txn: TxnRequest; op: RequestOp }>((tie) => ({
  // Without ignoreValue: one that finds its key deleted by the same transaction makes the real etcd 3.5 panic.
  op: fc.oneof(
    { maxDepth: 1, depthSize: "small" },
    rangeOp,
    plainPut,
    deleteOp,
    tie("txn").map((inner) => ({ txn: inner })),
  ),
  txn: fc.record({
    compare: fc.array(compare, { maxLength: 2 }),
    success: fc.array(tie("op"), { maxLength: 3 }),
    failure: fc.array(tie("op"), { maxLength: 3 }),
  }),
}));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: putOp.map((op): Step => ({ do: "op", op, ago: undefined })) },
  {
    weight: 3,
    arbitrary: fc.tuple(rangeOp, fc.option(past)).map(([op, ago]): Step => ({ do: "op", op, ago: ago ?? undefined })),
  },
  { weight: 2, arbitrary: deleteOp.map((op): Step => ({ do: "op", op, ago: undefined })) },
  { weight: 4, arbitrary: txn.map((one): Step => ({ do: "txn", txn: one })) },
  { weight: 1, arbitrary: past.map((ago): Step => ({ do: "compact", ago })) },
);

// ---- both sides ---------------------------------------------------------------------------------------------------

/** Revisions are told relative to `base`, since the real etcd serves one run after another. */
async function real(step: Step, current: number): Promise<unknown> {
  if (step.do === "compact") {
    const answer = await ask("kv/compaction", { revision: Math.max(0, current + step.ago) });
    return answer.error === undefined ? "compacted" : { error: answer.error };
  }
  if (step.do === "txn") {
    const answer = await ask("kv/txn", theirTxn(step.txn));
    if (answer.error !== undefined) return answer;
    return { revision: number(answer.header.revision), ...(theirResponse({ response_txn: answer }) as object) };
  }
  const { op } = step;
  const [path, name] =
    "put" in op ? ["put", "put"] : "deleteRange" in op ? ["deleterange", "delete_range"] : ["range", "range"];
  const request = theirOp(
    step.ago === undefined ? op : { range: { ...(op as Any).range, revision: current + step.ago } },
  );
  const answer = await ask(`kv/${path}`, request[`request_${name}`]);
  if (answer.error !== undefined) return answer;
  return { revision: number(answer.header.revision), ...(theirResponse({ [`response_${name}`]: answer }) as object) };
}

function ours(store: EtcdStore, step: Step): unknown {
  try {
    if (step.do === "compact") {
      store.compact(Math.max(0, store.revision + step.ago));
      return "compacted";
    }
    if (step.do === "txn") {
      const response = store.txn(step.txn);
      return { revision: response.revision, ...(ourResponse({ txn: response }) as object) };
    }
    const { op, ago } = step;
    if ("put" in op) {
      const response = store.put(op.put);
      return { revision: response.revision, ...(ourResponse({ put: response }) as object) };
    }
    if ("deleteRange" in op) {
      const response = store.deleteRange(op.deleteRange);
      return { revision: response.revision, ...(ourResponse({ deleteRange: response }) as object) };
    }
    const request = (op as Any).range;
    const response = store.range(ago === undefined ? request : { ...request, revision: store.revision + ago });
    return { revision: response.revision, ...(ourResponse({ range: response }) as object) };
  } catch (error) {
    if (error instanceof EtcdError) return { error: error.message };
    throw error;
  }
}

describe.skipIf(!found)("etcd store against the real etcd", () => {
  beforeAll(async () => {
    const [client, peer] = [await freePort(), await freePort()];
    directory = mkdtempSync(join(tmpdir(), "etcd-"));
    url = `http://127.0.0.1:${client}`;
    const peerUrl = `http://127.0.0.1:${peer}`;
    process_ = spawn(
      "etcd",
      [
        ["--data-dir", directory],
        ["--listen-client-urls", url],
        ["--advertise-client-urls", url],
        ["--listen-peer-urls", peerUrl],
        ["--initial-advertise-peer-urls", peerUrl],
        ["--initial-cluster", `default=${peerUrl}`],
        ["--unsafe-no-fsync"],
        ["--log-level", "error"],
      ].flat(),
      { stdio: "ignore" },
    );
    for (let attempt = 0; attempt < 100; attempt++) {
      try {
        const answer = await ask("kv/range", { key: text("x") });
        if (answer.header !== undefined) return;
      } catch {
        // Not up yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("etcd did not start");
  });

  afterAll(() => {
    process_?.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  it("gives the same revisions, answers and errors", async () => {
    // One long history on both sides: the real store cannot be emptied without going on in its revisions.
    const store = new EtcdStore(new Kernel({ seed: 1, epochMs: 0 }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        for (const one of steps) {
          const current = store.revision;
          const theirs = await real(one, current);
          expect({ step: one, answer: ours(store, one) }).toEqual({ step: one, answer: theirs });
        }
      }),
      { numRuns: 200, seed: 1, endOnFailure: true },
    );
    expect(store.revision).toBeGreaterThan(200);
  });

  it("replays the same events to a watch from a past revision", async () => {
    const store = new EtcdStore(new Kernel({ seed: 1, epochMs: 0 }));
    const { header } = await ask("kv/range", { key: text("w") });
    const base = number(header.revision) - store.revision;
    const steps: Step[] = fc
      .sample(fc.oneof(putOp, deleteOp), { numRuns: 60, seed: 3 })
      .map((op) => ({ do: "op", op, ago: undefined }));
    await ask("kv/deleterange", { key: text("\0"), range_end: text("\0") });
    const start = number((await ask("kv/range", { key: text("w") })).header.revision);
    const offset = start - store.revision;
    for (const one of steps) {
      await real(one, 0);
      ours(store, one);
    }
    expect(base).toBeGreaterThan(0);
    const seen: unknown[] = [];
    store.watch(
      { key: "a", rangeEnd: "b", startRevision: 2, prevKv: true },
      {
        events: (events) => {
          for (const { type, kv, prevKv } of events) {
            seen.push([type, kv.key, String(kv.value ?? ""), kv.modRevision + offset, prevKv ? prevKv.version : 0]);
          }
        },
      },
    );
    expect(await realEvents(offset + 2, seen.length)).toEqual(seen);
  });
});

async function realEvents(from: number, count: number): Promise<unknown[]> {
  const controller = new AbortController();
  const response = await fetch(`${url}/v3/watch`, {
    method: "POST",
    body: JSON.stringify({
      create_request: { key: text("a"), range_end: text("b"), start_revision: from, prev_kv: true },
    }),
    signal: controller.signal,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const seen: unknown[] = [];
  let buffer = "";
  while (seen.length < count) {
    const { value: chunk, done } = await reader.read();
    if (done) break;
    buffer += chunk;
    for (let end = buffer.indexOf("\n"); end >= 0; end = buffer.indexOf("\n")) {
      const { result } = JSON.parse(buffer.slice(0, end)) as Any;
      buffer = buffer.slice(end + 1);
      for (const { type = "PUT", kv, prev_kv } of result.events ?? []) {
        seen.push([type, plain(kv.key), plain(kv.value), number(kv.mod_revision), number(prev_kv?.version)]);
      }
    }
  }
  controller.abort();
  return seen;
}
