import { ipv6Network, ipv6Text } from "../../text/ipv6.ts";
import { formatAddress, maskOf } from "../address.ts";
import type { Packet } from "../packet.ts";
import { portText } from "./ports.ts";
import { type SetType, setType } from "./types.ts";

/** One entry of a set. */
export interface Entry {
  /** As `ipset list` prints it: `10.0.0.1,tcp:80`. */
  readonly text: string;
  /** µs of virtual time when it ends by itself; undefined for never. */
  until?: number | undefined;
  comment?: string | undefined;
  /** Packets that it stands for are not in the set, though a network around it be. */
  nomatch?: boolean | undefined;
  /** Its interface is how names begin. */
  wildcard?: boolean | undefined;
  packets?: bigint | undefined;
  bytes?: bigint | undefined;
  /** What `-j SET --map-set` gives to packets. */
  skbmark?: readonly [mark: number, mask: number] | undefined;
  skbprio?: readonly [major: number, minor: number] | undefined;
  skbqueue?: number | undefined;
}

export type Family = "inet" | "inet6";
/** An IPv4 address as a signed 32-bit number, an IPv6 one as its groups. */
export type Address = number | readonly number[];

export interface SetOptions {
  family?: Family;
  hashsize?: number;
  maxelem?: number;
  bucketsize?: number;
  /** Seed of the kernel's hash, shown in the header. */
  initval?: number;
  /** Of addresses, only these bits are kept: a prefix length, or any mask. */
  netmask?: number;
  bitmask?: Address;
  markmask?: number;
  /** Of list:set. */
  size?: number;
  /** Of bitmap types: first and last. */
  range?: readonly [number, number];
  /** Seconds that entries stay unless they say otherwise. */
  timeout?: number;
  /** Entries may bear comments, count packets, and say what those get. */
  comment?: boolean;
  counters?: boolean;
  skbinfo?: boolean;
}

export type Side = "src" | "dst";
/** A part of what is looked for: an address, or the text of anything else. */
export type Value = Address | string;

/** Bits of a whole address. */
export const wholeOf = (address: Address): number => (typeof address === "number" ? 32 : 128);

/** An address, or the network around it, as entries have it. */
export function networkText(address: Address, prefix = wholeOf(address)): string {
  const text =
    typeof address === "number"
      ? formatAddress(address & maskOf(prefix))
      : ipv6Text(prefix === 128 ? address : ipv6Network(address, prefix));
  return prefix === wholeOf(address) ? text : `${text}/${prefix}`;
}

/** A set of ipset(8): entries by their text. */
export class IpSet {
  name: string;
  readonly type: string;
  readonly is: SetType;
  readonly options: SetOptions;
  /** Its place among the kernel's sets. */
  index = 0;
  private readonly members = new Map<string, Entry>();
  /** How many entries have a prefix length, by part. */
  private readonly prefixes: Map<number, number>[];

  /** Throws for a type that is none. */
  constructor(name: string, type: string, options: SetOptions = {}) {
    const is = setType(type);
    if (is === undefined) throw new Error(`no type of ipset: ${type}`);
    this.name = name;
    this.is = is;
    this.type = is.name;
    this.options = options;
    this.prefixes = is.parts.map(() => new Map());
  }

  get family(): Family {
    return this.options.family ?? "inet";
  }

  /** How many parts an entry has. */
  get dimensions(): number {
    return this.is.parts.length;
  }

  get entries(): ReadonlyMap<string, Entry> {
    return this.members;
  }

  put(entry: Entry): void {
    const key = this.keyOf(entry.text);
    if (!this.members.has(key)) this.count(entry.text, 1);
    this.members.set(key, entry);
  }

  remove(text: string): void {
    if (this.members.delete(this.keyOf(text))) this.count(text, -1);
  }

  /** A bitmap has one entry for an address, whatever hardware address that is to have. */
  private keyOf(text: string): string {
    return this.type === "bitmap:ip,mac" ? text.replace(/,.*/, "") : text;
  }

  clear(): void {
    this.members.clear();
    for (const counts of this.prefixes) counts.clear();
  }

  /** Puts the entries into another order, in which `list:set` asks them. */
  reorder(entries: readonly Entry[]): void {
    this.members.clear();
    for (const entry of entries) this.members.set(entry.text, entry);
  }

  private count(text: string, by: 1 | -1): void {
    if (!this.is.parts.some(({ kind }) => kind === "net")) return;
    for (const [i, part] of text.split(",").entries()) {
      if (this.is.parts[i]!.kind !== "net") continue;
      const counts = this.prefixes[i]!;
      const slash = part.indexOf("/");
      const prefix = slash < 0 ? (this.family === "inet" ? 32 : 128) : Number(part.slice(slash + 1));
      const left = (counts.get(prefix) ?? 0) + by;
      if (left === 0) counts.delete(prefix);
      else counts.set(prefix, left);
    }
  }

  /** Entries that have not ended at a time (µs); those of a bitmap by number. */
  alive(now: number): Entry[] {
    const out: Entry[] = [];
    for (const entry of this.members.values()) {
      if (entry.until !== undefined && entry.until <= now) this.remove(entry.text);
      else out.push(entry);
    }
    return this.options.range === undefined ? out : out.sort((a, b) => placeOf(a.text) - placeOf(b.text));
  }

  /** The entry of a text, unless it has ended. */
  get(text: string, now: number): Entry | undefined {
    const entry = this.members.get(this.keyOf(text));
    return entry !== undefined && (entry.until === undefined || entry.until > now) ? entry : undefined;
  }

  /**
   * The entry that stands for the given parts, from the narrowest network to the widest, `nomatch` or not.
   * A part that says its prefix asks for just that network.
   */
  find(values: readonly Value[], now: number): Entry | undefined {
    const found = this.look(values, 0, "", now);
    if (this.type !== "bitmap:ip,mac" || values.length < 2 || !found?.text.includes(",")) return found;
    return found.text.endsWith(`,${values[1]}`) ? found : undefined;
  }

  private look(values: readonly Value[], i: number, head: string, now: number): Entry | undefined {
    const value = values[i];
    if (value === undefined) return this.get(head, now);
    const on = (text: string) => this.look(values, i + 1, head === "" ? text : `${head},${text}`, now);
    const { kind } = this.is.parts[i]!;
    if (kind === "iface") return this.device(value as string, head, now);
    if (typeof value === "string") return on(value);
    if (kind !== "net") return on(networkText(this.masked(value)));
    for (const prefix of [...this.prefixes[i]!.keys()].sort((a, b) => b - a)) {
      const found = on(networkText(value, prefix));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private device(name: string, head: string, now: number): Entry | undefined {
    const exact = this.get(`${head},${name}`, now);
    if (exact !== undefined) return exact;
    for (let length = name.length - 1; length > 0; length--) {
      const entry = this.get(`${head},${name.slice(0, length)}`, now);
      if (entry?.wildcard) return entry;
    }
    return undefined;
  }

  /** What the set keeps of an address. */
  masked(address: Address): Address {
    const { netmask, bitmask } = this.options;
    if (netmask !== undefined) {
      return typeof address === "number" ? address & maskOf(netmask) : ipv6Network(address, netmask);
    }
    if (bitmask === undefined) return address;
    if (typeof address === "number") return address & (bitmask as number);
    return address.map((group, i) => group & (bitmask as readonly number[])[i]!);
  }

  /** The parts of a packet that the set asks; undefined when it cannot be asked about it. */
  values(packet: Packet, sides: readonly Side[]): Value[] | undefined {
    const { parts } = this.is;
    if (sides.length < parts.length || this.options.family === "inet6") return undefined;
    const out: Value[] = [];
    for (const [i, { kind }] of parts.entries()) {
      const source = sides[i] === "src";
      if (kind === "mac" && this.options.range === undefined) return undefined;
      // Packets are not known by their hardware addresses here: a bitmap is asked for the address alone.
      if (kind === "mac") continue;
      if (kind === "port") {
        const icmp = packet.protocol === 1 ? packet.icmpType * 256 + packet.icmpCode : undefined;
        const port = icmp ?? (source ? packet.sourcePort : packet.destinationPort);
        out.push(this.type === "bitmap:port" ? `${port}` : portText(packet.protocol, port));
      } else if (kind === "iface") out.push(source ? packet.input : packet.output);
      else if (kind === "mark") out.push(markText(packet.mark, this.options.markmask));
      else out.push(source ? packet.source : packet.destination);
    }
    return out;
  }

  /** The entry that a packet is in, each part taken from its source or destination; of a list, that of one of its sets. */
  entryOf(
    packet: Packet,
    sides: readonly Side[],
    on: { now: number; sets: ReadonlyMap<string, IpSet> },
  ): Entry | undefined {
    if (this.type === "list:set") {
      for (const { text } of this.alive(on.now)) {
        const found = on.sets.get(text)?.entryOf(packet, sides, on);
        if (found !== undefined && !found.nomatch) return found;
      }
      return undefined;
    }
    const values = this.values(packet, sides);
    return values === undefined ? undefined : this.find(values, on.now);
  }
}

/** `0x00000064`, of what a mask leaves. */
export function markText(mark: number, mask = 0xffff_ffff): string {
  return `0x${((mark & mask) >>> 0).toString(16).padStart(8, "0")}`;
}

/** The entry of a set that a packet's parts make; undefined when sides are missing. */
export function setMembers(set: IpSet, packet: Packet, sides: readonly Side[]): string | undefined {
  const values = set.type === "list:set" ? undefined : set.values(packet, sides);
  return values?.map((value) => (typeof value === "string" ? value : networkText(set.masked(value)))).join(",");
}

/** Where an entry of a bitmap stands. */
function placeOf(text: string): number {
  const octets = text.replace(/,.*/, "").split(".");
  return octets.reduce((value, octet) => value * 256 + Number(octet), 0);
}
