import { formatAddress } from "../address.ts";
import { BITS, byKey, showBits, showDatum } from "./data.ts";
import type {
  DataType,
  Element,
  Interval,
  Limit,
  Lookup,
  NftChain,
  NftObject,
  NftRule,
  NftSet,
  NftTable,
  Selector,
  Statement,
  Value,
  Verdict,
} from "./model.ts";
import type { PrintOptions } from "./print.ts";

/** Listings of `nft -j` (src/json.c; libnftables-json(5)). */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

const METAINFO = {
  metainfo: { version: "1.1.3", release_name: "Commodore Bullmoose #4", json_schema_version: 1 },
};

/** The whole answer, as jansson writes it. */
export const nftJson = (items: readonly Json[]): string => `${dumps({ nftables: [METAINFO, ...items] })}\n`;

function dumps(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(dumps).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).filter(([, each]) => each !== undefined);
  return `{${pairs.map(([key, each]) => `${JSON.stringify(key)}: ${dumps(each as Json)}`).join(", ")}}`;
}

/** A table with all that it holds: whatever is named comes before what names it. */
export function tableJson(table: NftTable, options: PrintOptions): Json[] {
  const chains = [...table.chains.values()];
  return [
    tableHeadJson(table),
    ...chains.map((chain) => chainJson(table, chain)),
    ...[...table.objects.values()].map((object) => objectJson(table, object)),
    ...[...table.sets.values()].map((set) => setJson(table, set, options)),
    ...chains.flatMap((chain) => rulesJson(table, chain, options)),
  ];
}

export const tableHeadJson = ({ family, name, handle, comment }: NftTable): Json => ({
  table: { family, name, handle, comment },
});

export function chainJson({ family, name: table }: NftTable, { name, handle, base, comment }: NftChain): Json {
  const { type, hook, priority, policy } = base ?? {};
  return { chain: { family, table, name, handle, comment, type, hook: hook?.toLowerCase(), prio: priority, policy } };
}

export function rulesJson({ family, name: table }: NftTable, chain: NftChain, options: PrintOptions): Json[] {
  return chain.rules.map(({ handle, comment, statements }: NftRule) => ({
    rule: {
      family,
      table,
      chain: chain.name,
      handle,
      comment,
      expr: statements.map((each) => statementJson(each, family, options)),
    },
  }));
}

export function objectJson({ family, name: table }: NftTable, object: NftObject): Json {
  const { kind, name, handle, comment, counter, limit, quota } = object;
  const own = counter
    ? { packets: counter.packets, bytes: counter.bytes }
    : limit
      ? limitJson(limit)
      : { bytes: quota?.bytes ?? 0, used: quota?.used ?? 0, inv: quota?.over ?? false };
  return { [kind]: { family, name, table, handle, comment, ...(own as Record<string, Json>) } };
}

/** In the order of their bits. */
const FLAGS = ["constant", "interval", "timeout", "dynamic"];

export function setJson({ family, name: table }: NftTable, set: NftSet, options: PrintOptions): Json {
  const { name, handle, types, verdicts, data, flags, timeout, size, comment } = set;
  const one = (list: readonly string[]): Json => (list.length === 1 ? list[0]! : list);
  const elements = options.terse ? [] : elementsJson(set.elements.values(), types, options, data, timeout);
  const to = verdicts ? "verdict" : data && one(data);
  return {
    [to === undefined ? "set" : "map"]: {
      family,
      name,
      table,
      type: one(types),
      handle,
      comment,
      map: to,
      size,
      flags: flags.length > 0 ? FLAGS.filter((flag) => flags.includes(flag)) : undefined,
      "auto-merge": set.autoMerge || undefined,
      timeout: timeout === undefined ? undefined : Math.floor(timeout / 1_000_000),
      elem: elements.length > 0 ? elements : undefined,
    },
  };
}

function elementsJson(
  elements: Iterable<Element>,
  types: readonly DataType[],
  options: PrintOptions,
  to?: readonly DataType[],
  defaultTimeout?: number,
): Json[] {
  return [...sorted(elements, types, options)].map(({ key, verdict, data, comment, timeout, until }) => {
    let value = keyJson(key, types);
    const timed = until !== undefined && !options.stateless;
    const seconds = (us: number) => Math.floor(us / 1_000_000);
    if (comment !== undefined || timed) {
      const own = timed && timeout !== undefined && timeout !== defaultTimeout ? seconds(timeout) : undefined;
      const expires = timed ? seconds(until - options.now) : undefined;
      value = { elem: { val: value, timeout: own, expires, comment } };
    }
    if (verdict) return [value, verdictJson(verdict)];
    return data && to ? [value, keyJson(data, to)] : value;
  });
}

function sorted(elements: Iterable<Element>, types: readonly DataType[], options: PrintOptions): Element[] {
  const alive = [...elements].filter(({ until }) => until === undefined || until > options.now);
  const compare = byKey(types);
  return alive.sort((a, b) => compare(a.key, b.key));
}

function keyJson(key: readonly Interval[], types: readonly DataType[]): Json {
  const parts = key.map((part, i) => intervalJson(types[i]!, part));
  return parts.length === 1 ? parts[0]! : { concat: parts };
}

function intervalJson(type: DataType, { first, last }: Interval): Json {
  if (first === last) return datumJson(type, first);
  if (type === "ipv4_addr") {
    const size = (last as number) - (first as number) + 1;
    let bits = 32;
    for (let left = size; left > 1; left /= 2) bits--;
    if (size === 2 ** (32 - bits) && (first as number) % size === 0) {
      return { prefix: { addr: formatAddress((first as number) | 0), len: bits } };
    }
  }
  return { range: [datumJson(type, first), datumJson(type, last)] };
}

function datumJson(type: DataType, value: Interval["first"]): Json {
  if (typeof value === "string" || type === "mark") return value;
  const text = showDatum(type, value);
  return /^\d+$/.test(text) ? value : text;
}

function bitsJson(type: DataType, bits: number): Json {
  const names = showBits(type, bits).split(",");
  return names.length === 1 ? names[0]! : names;
}

function selectorJson({ text }: Selector): Json {
  const words = text.split(" ");
  const [first = "", second = "", third] = words;
  if (first === "numgen") {
    return { numgen: { mode: second, mod: Number(words[3]), offset: Number(words[5] ?? 0) } };
  }
  if (first === "fib") return { fib: { result: third!, flags: [second] } };
  if (first === "meta" || words.length === 1) return { meta: { key: second || first } };
  if (first === "ct") return { ct: { key: second } };
  return { payload: { protocol: first, field: second } };
}

function leftJson(left: readonly Selector[]): Json {
  const parts = left.map(selectorJson);
  return parts.length === 1 ? parts[0]! : { concat: parts };
}

function valueJson(value: Value, left: readonly Selector[], options: PrintOptions): Json {
  const types = left.map(({ type }) => type);
  switch (value.kind) {
    case "interval":
      return intervalJson(types[0]!, value.interval);
    case "bits":
      return bitsJson(types[0]!, value.bits);
    case "set":
      return `@${value.name}`;
    case "elements": {
      const elements = elementsJson(value.elements.values(), types, options);
      return { set: elements };
    }
  }
}

function verdictJson({ kind, chain }: Verdict): Json {
  return { [kind]: chain === undefined ? null : { target: chain } };
}

function lookupJson({ left, map }: Lookup, to: readonly DataType[], options: PrintOptions): Json {
  const types = left.map(({ type }) => type);
  const data = typeof map === "string" ? `@${map}` : { set: elementsJson(map.values(), types, options, to) };
  return { map: { key: leftJson(left), data } };
}

function limitJson({ rate, unit, per, burst, burstUnit, over }: Limit): Json {
  if (unit === "packets") return { rate, burst, per, inv: over ? true : undefined };
  return {
    rate,
    burst,
    per,
    rate_unit: unit,
    burst_unit: burst === 0 ? "bytes" : burstUnit,
    inv: over ? true : undefined,
  };
}

function statementJson(statement: Statement, family: string, options: PrintOptions): Json {
  switch (statement.kind) {
    case "match": {
      const { left, not, value, mask, equal } = statement;
      const { type } = left[0]!;
      const bitwise = BITS.has(type) && value.kind === "bits" && !not && !equal;
      const op = not ? "!=" : bitwise ? "in" : "==";
      const right = valueJson(value, left, options);
      if (mask === undefined) return { match: { op, left: leftJson(left), right } };
      const masked = BITS.has(type) ? bitsJson(type, mask) : mask;
      return { match: { op, left: { "&": [leftJson(left), masked] }, right } };
    }
    case "verdict":
      return verdictJson(statement.verdict);
    case "vmap": {
      const { left, map } = statement;
      const types = left.map(({ type }) => type);
      const data = typeof map === "string" ? `@${map}` : { set: elementsJson(map.values(), types, options) };
      return { vmap: { key: leftJson(left), data } };
    }
    case "reject": {
      const [type = "", expr] = statement.with === "tcp reset" ? ["tcp reset"] : statement.with.split(" ");
      if (type === "") return { reject: { type: family === "inet" ? "icmpx" : "icmp", expr: "port-unreachable" } };
      return { reject: { type, expr } };
    }
    case "counter":
      return {
        counter: options.stateless ? null : { packets: statement.counter.packets, bytes: statement.counter.bytes },
      };
    case "nat": {
      const { to, address, port, flags, map, family } = statement;
      const where = map ? lookupJson(map, ["ipv4_addr"], options) : address && intervalJson("ipv4_addr", address);
      const one = flags.length === 0 ? undefined : flags.length === 1 ? flags[0]! : flags;
      const body = { family, addr: where, port: port && intervalJson("inet_service", port), flags: one };
      return { [to]: Object.values(body).every((each) => each === undefined) ? null : body };
    }
    case "mark": {
      const { of, op, bits, from, map } = statement;
      const key = { [of]: { key: "mark" } };
      const sign = { set: "", or: "|", and: "&", xor: "^" }[op];
      const value: Json = map
        ? lookupJson(map, ["mark"], options)
        : from
          ? selectorJson(from)
          : sign === ""
            ? bits
            : { [sign]: [key, bits] };
      return { mangle: { key, value } };
    }
    case "update": {
      const { op, set, left } = statement;
      return { set: { op, elem: leftJson(left), set: `@${set}` } };
    }
    case "log": {
      const { prefix, level, group, flags } = statement;
      const body = { prefix, group, level: level === "warn" ? undefined : level, flags: flags?.split(/ |,/) };
      const list = body.flags?.length === 1 ? body.flags[0] : body.flags;
      const empty = [prefix, group, body.level, flags].every((each) => each === undefined);
      return { log: empty ? null : { ...body, flags: list } };
    }
    case "limit":
      return { limit: limitJson(statement.limit) };
    case "quota": {
      const { bytes, used, over } = statement.quota;
      return { quota: { val: bytes, val_unit: "bytes", used, inv: over ? true : undefined } };
    }
    case "object":
      return { [statement.what]: statement.name };
    case "notrack":
      return { notrack: null };
    case "nftrace":
      return { mangle: { key: { meta: { key: "nftrace" } }, value: statement.on ? 1 : 0 } };
  }
}
