/** What etcdctl's answers begin with, and how keys are shown. */
import { type Event, type KeyValue, type RangeResponse, valueBytes } from "../../etcd/index.ts";
import { decode, encode, encodeBase64, type Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { quoteString } from "../../text/go-quote.ts";
import { EtcdctlError } from "./client.ts";
import type { Run } from "./command.ts";

export const header = (r: Run, withRevision = true) => ({
  cluster_id: r.client.raft.id,
  member_id: r.client.asked,
  ...(withRevision ? { revision: r.client.view.revision } : {}),
  raft_term: r.client.view.term,
});

/** What answers in the form `fields` begin with. */
export function headFields(r: Run, withRevision = true): string {
  const { asked, raft, view } = r.client;
  const revision = withRevision ? view.revision : 0;
  return `"ClusterID" : ${raft.id}\n"MemberID" : ${asked}\n"Revision" : ${revision}\n"RaftTerm" : ${view.term}\n`;
}

/** Answers about keys and leases cannot be drawn as tables. */
export const noTable = (): EtcdctlError => new EtcdctlError("table not supported as output format", 4);

/** A line of JSON, in which ids of 64 bits are numbers. */
export function json(value: object): string {
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? `\u0001${each}` : each));
  return `${text.replace(/"\\u0001(\d+)"/g, "$1")}\n`;
}

const hexed = (bytes: Uint8Array) => [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");

/** A key as JSON has it; what is empty is left out. */
export function kvJson(kv: KeyValue, keysOnly = false): object {
  const value = keysOnly || kv.version === 0 ? "" : encodeBase64(valueBytes(kv));
  return {
    key: encodeBase64(encode(kv.key)),
    ...(kv.createRevision === 0 ? {} : { create_revision: kv.createRevision }),
    mod_revision: kv.modRevision,
    ...(kv.version === 0 ? {} : { version: kv.version }),
    ...(value === "" ? {} : { value }),
    ...(kv.lease === 0n ? {} : { lease: kv.lease }),
  };
}

export function kvFields(kv: KeyValue, pfx: "" | "Prev", keysOnly = false): string {
  const value = keysOnly || kv.version === 0 ? "" : decode(valueBytes(kv));
  return (
    `"${pfx}Key" : ${quoteString(kv.key)}\n"${pfx}CreateRevision" : ${kv.createRevision}\n"${pfx}ModRevision" : ${kv.modRevision}\n` +
    `"${pfx}Version" : ${kv.version}\n"${pfx}Value" : ${quoteString(value)}\n"${pfx}Lease" : ${kv.lease}\n`
  );
}

/** Key and value, each on a line; with `--hex` as hexadecimal bytes. */
export function kvText(r: Run, kv: KeyValue, valueOnly = false, keysOnly = false): string {
  const show = (bytes: Uint8Array) => (r.on("hex") ? hexed(bytes) : decode(bytes));
  const value = keysOnly || kv.version === 0 ? "" : show(valueBytes(kv));
  return valueOnly ? `${value}\n` : `${show(encode(kv.key))}\n${value}\n`;
}

/** In the forms `json` and `fields`, what a request was answered with; false for others, which are told otherwise. */
export function* printAnswer(r: Run, rest: object, fields: string): Gen<boolean> {
  if (r.format !== "json" && r.format !== "fields") return false;
  const text = r.format === "json" ? json({ header: header(r), ...rest }) : headFields(r) + fields;
  yield* sys.print(r.p, text);
  return true;
}

/** What a range request found, in the words of its answer. */
export const rangeJson = ({ kvs, count, more }: RangeResponse, keysOnly = false): object => ({
  ...(kvs.length > 0 ? { kvs: kvs.map((kv) => kvJson(kv, keysOnly)) } : {}),
  ...(more ? { more } : {}),
  ...(count > 0 ? { count } : {}),
});

export const rangeFields = ({ kvs, count, more }: RangeResponse, keysOnly = false): string =>
  `${kvs.map((kv) => kvFields(kv, "", keysOnly)).join("")}"More" : ${more}\n"Count" : ${count}\n`;

export function* printRange(r: Run, response: RangeResponse): Gen {
  if (r.format === "table") throw noTable();
  const keysOnly = r.on("keys-only");
  if (yield* printAnswer(r, rangeJson(response, keysOnly), rangeFields(response, keysOnly))) return;
  if (r.on("count-only")) return;
  yield* sys.print(r.p, response.kvs.map((kv) => kvText(r, kv, r.on("print-value-only"), keysOnly)).join(""));
}

/** Events of one answer of a watch. */
export function* printEvents(r: Run, events: readonly Event[], revision: number): Gen {
  if (r.format === "table") throw noTable();
  if (r.format === "json") {
    const Events = events.map(({ type, kv, prevKv }) => ({
      ...(type === "DELETE" ? { type: 1 } : {}),
      kv: kvJson(kv),
      ...(prevKv === undefined ? {} : { prev_kv: kvJson(prevKv) }),
    }));
    const Header = { ...header(r), revision };
    yield* sys.print(r.p, json({ Header, Events, CompactRevision: 0, Canceled: false, Created: false }));
    return;
  }
  if (r.format === "fields") yield* sys.print(r.p, headFields(r));
  for (const { type, kv, prevKv } of events) {
    const before = prevKv === undefined ? "" : r.format === "fields" ? kvFields(prevKv, "Prev") : kvText(r, prevKv);
    const text =
      r.format === "fields" ? `"Type" : ${type}\n${before}${kvFields(kv, "")}` : `${type}\n${before}${kvText(r, kv)}`;
    yield* sys.print(r.p, text);
  }
}
