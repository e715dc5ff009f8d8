import { formatAddress, parseAddress } from "./address.ts";
import type { Packet } from "./packet.ts";
import { protocolName } from "./protocols.ts";

/** One entry of a set. */
export interface Entry {
  /** As `ipset list` prints it: `10.0.0.1,tcp:80`. */
  text: string;
  /** µs of virtual time when it ends by itself; undefined for never. */
  until: number | undefined;
  comment: string | undefined;
}

export interface SetOptions {
  /** Seconds that entries stay unless they say otherwise. */
  timeout?: number;
  /** Entries may bear comments. */
  comment?: boolean;
  /** Of bitmap types: first and last. */
  range?: [number, number];
}

/** A set of ipset(8): entries by their text. */
export class IpSet {
  name: string;
  /** E.g. `hash:ip,port`. */
  readonly type: string;
  readonly options: SetOptions;
  readonly entries = new Map<string, Entry>();
  /** Seed of the kernel's hash, shown in the header. */
  readonly seed: number;

  constructor(name: string, type: string, options: SetOptions = {}, seed = 0) {
    this.name = name;
    this.type = type;
    this.options = options;
    this.seed = seed;
  }

  /** How many parts an entry has. */
  get dimensions(): number {
    return this.parts.length;
  }

  /** `ip`, `net`, `port`, `mac`, `iface`, `mark` or `set`, in the order of an entry. */
  get parts(): string[] {
    return this.type.slice(this.type.indexOf(":") + 1).split(",");
  }

  /** Entries that have not ended at a time (µs). */
  alive(now: number): Entry[] {
    const out: Entry[] = [];
    for (const [text, entry] of this.entries) {
      if (entry.until !== undefined && entry.until <= now) this.entries.delete(text);
      else out.push(entry);
    }
    return out;
  }

  has(text: string, now: number): boolean {
    const entry = this.entries.get(text);
    return entry !== undefined && (entry.until === undefined || entry.until > now);
  }

  /** Whether an entry of it stands for the given one: itself, or a network around it. */
  covers(text: string, now: number): boolean {
    if (this.has(text, now)) return true;
    if (!this.parts.includes("net")) return false;
    const values = text.split(",").map((part) => parseAddress(part.replace(/\/.*$/, "")) ?? part);
    return this.alive(now).some((entry) => entry.text.split(",").every((part, i) => samePart(part, values[i])));
  }

  /** Whether a packet is in it, each part taken from its source or destination. */
  matches(packet: Packet, sides: readonly ("src" | "dst")[], now: number): boolean {
    const { parts } = this;
    if (sides.length < parts.length && !this.type.startsWith("bitmap:port")) return false;
    const values = parts.map((part, i) => {
      const source = sides[i] === "src";
      if (part === "port") {
        const port = source ? packet.sourcePort : packet.destinationPort;
        return this.type === "bitmap:port" ? `${port}` : `${protocolName(packet.protocol)}:${port}`;
      }
      return source ? packet.source : packet.destination;
    });
    // Without networks there is but one entry that fits.
    if (parts.every((part) => part === "ip" || part === "port")) {
      const texts = values.map((value, i) => (parts[i] === "ip" ? formatAddress(value as number) : value));
      return this.has(texts.join(","), now);
    }
    for (const entry of this.alive(now)) {
      const own = entry.text.split(",");
      if (own.every((part, i) => samePart(part, values[i]))) return true;
    }
    return false;
  }
}

/** The entry of a set that a packet's parts make; undefined when sides are missing. */
export function setMembers(set: IpSet, packet: Packet, sides: readonly ("src" | "dst")[]): string | undefined {
  const { parts } = set;
  if (sides.length < parts.length) return undefined;
  return parts
    .map((part, i) => {
      const source = sides[i] === "src";
      if (part !== "port") return formatAddress(source ? packet.source : packet.destination);
      const port = source ? packet.sourcePort : packet.destinationPort;
      return set.type === "bitmap:port" ? `${port}` : `${protocolName(packet.protocol)}:${port}`;
    })
    .join(",");
}

function samePart(part: string, value: string | number | undefined): boolean {
  if (typeof value !== "number") return part === value;
  const slash = part.indexOf("/");
  const prefix = slash < 0 ? 32 : Number(part.slice(slash + 1));
  const mask = prefix === 0 ? 0 : -1 << (32 - prefix);
  const address = parseAddress(slash < 0 ? part : part.slice(0, slash));
  return address !== undefined && (address & mask) === (value & mask);
}
