import type { Packet, Surroundings } from "../packet.ts";
import type { Counted, Hook } from "../walk.ts";

/** nftables as nft(8) shows them: tables of chains and sets, in the order in which they were made. */

/** A datum of a packet: a number, or the name of a device. */
export type Datum = number | string;

/** How values of a type are read, shown and ordered. */
export type DataType =
  | "ipv4_addr"
  | "inet_proto"
  | "inet_service"
  | "mark"
  | "ifname"
  | "ct_state"
  | "fib_addrtype"
  | "icmp_type"
  | "icmpv6_type"
  | "ipv6_addr"
  | "ether_addr"
  | "tcp_flag"
  | "ct_status"
  | "ct_dir"
  | "nf_proto"
  | "pkt_type"
  | "dscp"
  | "uid"
  | "gid"
  | "integer";

/** What a rule reads of a packet. */
export interface Selector {
  readonly type: DataType;
  /** As nft prints it: `ip daddr`. */
  readonly text: string;
  /** undefined where the packet has no such thing: the rule does not match. */
  read(packet: Packet, on: Surroundings): Datum | undefined;
  /** Answers by more than addresses, ports and interfaces. */
  readonly volatile?: boolean;
}

/** Values from one to another; a device's name is both. */
export interface Interval {
  first: Datum;
  last: Datum;
}

export interface Verdict {
  kind: "accept" | "drop" | "return" | "continue" | "jump" | "goto";
  chain?: string;
}

/** An element of a set or map: an interval for each part of its key. */
export interface Element {
  key: readonly Interval[];
  verdict: Verdict | undefined;
  /** What a map of data leads to. */
  data?: readonly Interval[];
  comment: string | undefined;
  /** µs, when it is not the set's. */
  timeout?: number | undefined;
  /** Virtual time in µs at which it goes. */
  until: number | undefined;
}

export class NftSet {
  name: string;
  readonly handle: number;
  readonly types: readonly DataType[];
  /** A map from keys to verdicts. */
  readonly verdicts: boolean;
  /** A map to data of these types. */
  readonly data: readonly DataType[] | undefined;
  /** `typeof ip saddr`: the selectors that its types were taken from. */
  typeOf: { key: string; data: string | undefined } | undefined;
  autoMerge = false;
  /** µs between looks for elements that have ended. */
  gcInterval: number | undefined;
  flags: readonly string[] = [];
  /** µs. */
  timeout: number | undefined;
  size: number | undefined;
  comment: string | undefined;
  /** By the text of their key. */
  readonly elements = new Map<string, Element>();

  constructor(name: string, handle: number, types: readonly DataType[], verdicts: boolean, data?: readonly DataType[]) {
    this.name = name;
    this.data = data;
    this.handle = handle;
    this.types = types;
    this.verdicts = verdicts;
  }

  get isMap(): boolean {
    return this.verdicts || this.data !== undefined;
  }

  find(data: readonly Datum[], now: number): Element | undefined {
    return findElement(this.elements, data, now);
  }
}

export const keyText = (key: readonly Interval[]): string =>
  key.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(" . ");

/** The element that holds a key: most are single values and found at once. */
export function findElement(
  elements: ReadonlyMap<string, Element>,
  data: readonly Datum[],
  now: number,
): Element | undefined {
  const exact = elements.get(data.join(" . "));
  if (exact !== undefined) return exact.until === undefined || exact.until > now ? exact : undefined;
  for (const element of elements.values()) {
    if (element.key.every(({ first, last }) => first === last)) continue;
    if (element.key.every(({ first, last }, i) => data[i]! >= first && data[i]! <= last)) return element;
  }
  return undefined;
}

/** The right side of a comparison. */
export type Value =
  | { kind: "interval"; interval: Interval }
  /** Any of these bits: `ct state new,established`. */
  | { kind: "bits"; bits: number }
  | { kind: "elements"; elements: ReadonlyMap<string, Element> }
  | { kind: "set"; name: string };

/** `tcp dport map @ports`: what a packet's own data lead to. */
export interface Lookup {
  left: readonly Selector[];
  map: ReadonlyMap<string, Element> | string;
}

/** So many packets or bytes a time. */
export interface Limit {
  rate: number;
  unit: "packets" | "bytes" | "kbytes" | "mbytes";
  /** `second`, `minute`, … and how long that is. */
  per: string;
  seconds: number;
  burst: number;
  burstUnit: Limit["unit"];
  /** Matches what is beyond it. */
  over: boolean;
  /** What is left of it, in parts of a rate's period, and when that was (µs). */
  left?: number;
  at?: number;
}

export interface Quota {
  over: boolean;
  bytes: number;
  used: number;
}

/** Something that several rules share by its name. */
export interface NftObject {
  kind: "counter" | "limit" | "quota";
  name: string;
  handle: number;
  comment: string | undefined;
  counter?: Counted;
  limit?: Limit;
  quota?: Quota;
}

export type NatFamily = "ip" | "ip6";

export type Statement =
  | { kind: "match"; left: readonly Selector[]; not: boolean; value: Value; mask?: number; equal?: boolean }
  | { kind: "verdict"; verdict: Verdict }
  | { kind: "vmap"; left: readonly Selector[]; map: ReadonlyMap<string, Element> | string }
  | { kind: "reject"; with: string }
  | { kind: "counter"; counter: Counted }
  | {
      kind: "nat";
      to: "dnat" | "snat" | "redirect" | "masquerade";
      address?: Interval;
      port?: Interval;
      map?: Lookup;
      /** Where it is shown: in tables of several families. */
      family?: NatFamily;
      flags: string[];
    }
  | {
      kind: "mark";
      of: "meta" | "ct";
      op: "set" | "or" | "and" | "xor";
      bits: number;
      /** Taken from there instead. */
      from?: Selector;
      map?: Lookup;
    }
  | { kind: "limit"; limit: Limit }
  | { kind: "quota"; quota: Quota }
  | { kind: "object"; what: NftObject["kind"]; name: string }
  | { kind: "notrack" }
  | { kind: "nftrace"; on: boolean }
  | { kind: "update"; op: "add" | "update" | "delete"; set: string; left: readonly Selector[] }
  | { kind: "log"; prefix: string | undefined; level: string | undefined; group?: number; flags?: string };

export interface NftRule {
  readonly handle: number;
  readonly statements: readonly Statement[];
  readonly comment: string | undefined;
}

/** What makes a chain the kernel's: where it is asked, and when among others. */
export interface BaseChain {
  type: "filter" | "nat" | "route";
  hook: Hook;
  priority: number;
  policy: "accept" | "drop";
}

export class NftChain {
  name: string;
  readonly handle: number;
  base: BaseChain | undefined;
  comment: string | undefined;
  rules: NftRule[] = [];

  constructor(name: string, handle: number, base?: BaseChain) {
    this.name = name;
    this.handle = handle;
    this.base = base;
  }
}

export class NftTable {
  readonly family: string;
  readonly name: string;
  readonly handle: number;
  comment: string | undefined;
  readonly sets = new Map<string, NftSet>();
  /** Named counters, limits and quotas by kind and name. */
  readonly objects = new Map<string, NftObject>();
  readonly chains = new Map<string, NftChain>();
  private handles = 0;

  constructor(family: string, name: string, handle: number) {
    this.family = family;
    this.name = name;
    this.handle = handle;
  }

  nextHandle(): number {
    return ++this.handles;
  }
}

/** All tables of a network namespace that nft made. */
export class Nftables {
  readonly tables = new Map<string, NftTable>();
  /** Grows with every transaction. */
  generation = 1;
  private handles = 0;

  table(family: string, name: string): NftTable | undefined {
    return this.tables.get(`${family} ${name}`);
  }

  add(family: string, name: string): NftTable {
    const key = `${family} ${name}`;
    let table = this.tables.get(key);
    if (table === undefined) this.tables.set(key, (table = new NftTable(family, name, ++this.handles)));
    return table;
  }
}
