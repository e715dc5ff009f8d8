import type { RandomStream } from "../kernel/index.ts";
import {
  type AddressType,
  type Credit,
  formatAddress,
  parseAddress,
  type Ruleset,
  type Surroundings,
} from "../netfilter/index.ts";
import type { NetNamespace, Route } from "./namespace.ts";
import type { Network } from "./network.ts";

const LOOPBACK = 0x7f00_0001;

/** Device and source address for a destination, by the longest prefix in the routing table. Addresses are signed 32-bit numbers. */
export function deviceFor(ns: NetNamespace, destination: number, text: string): { device: string; source: number } {
  if (ns.owns(text)) return { device: "lo", source: text.startsWith("127.") ? LOOPBACK : destination };
  let best = -1;
  let device = "";
  let source: string | undefined;
  for (const route of ns.routes) {
    if (ns.interfaces.get(route.device)?.up === false) continue;
    const slash = route.destination.indexOf("/");
    const prefix = route.destination === "default" ? 0 : slash < 0 ? 32 : Number(route.destination.slice(slash + 1));
    if (prefix <= best) continue;
    const mask = prefix === 0 ? 0 : -1 << (32 - prefix);
    const base =
      prefix === 0 ? 0 : (parseAddress(slash < 0 ? route.destination : route.destination.slice(0, slash)) ?? 0);
    if ((destination & mask) !== (base & mask)) continue;
    best = prefix;
    ({ device, source } = route);
  }
  if (best < 0) {
    // Without a routing table a namespace still has a device that leads out.
    device = [...ns.interfaces.keys()].find((name) => name !== "lo") ?? "lo";
  }
  return { device, source: source === undefined ? addressOn(ns, device) : (parseAddress(source) ?? 0) };
}

/** Whether the routing tables of a namespace, and of its machine for what leaves it, lead anywhere near an address. */
export function isRoutable(network: Network, from: NetNamespace, address: string): boolean {
  if (!leads(from, address)) return from.owns(address);
  const { host } = from;
  return host === from || leads(host, address) || network.ownerOf(address)?.host === host;
}

/** Whether the most exact route to an address is one that leads nowhere, or there is none. */
function endsIn(routes: readonly Route[], address: string): boolean {
  const number = parseAddress(address) ?? 0;
  let best = -1;
  let dead = true;
  for (const { destination, type } of routes) {
    const slash = destination.indexOf("/");
    const prefix = destination === "default" ? 0 : slash < 0 ? 32 : Number(destination.slice(slash + 1));
    const mask = prefix === 0 ? 0 : -1 << (32 - prefix);
    const base = prefix === 0 ? 0 : (parseAddress(slash < 0 ? destination : destination.slice(0, slash)) ?? 0);
    if (prefix > best && (number & mask) === (base & mask)) [best, dead] = [prefix, type !== undefined];
  }
  return dead;
}

/** A table without routes is that of a namespace nobody configured: it leads to all it is told of. */
function leads({ routes, interfaces, handmade }: NetNamespace, address: string): boolean {
  if (routes.length === 0) return !handmade;
  if (routes.some(({ type }) => type !== undefined)) return !endsIn(routes, address);
  let number: number | undefined;
  for (const { destination, device } of routes) {
    if (interfaces.get(device)?.up === false) continue;
    if (destination === "default") return true;
    const slash = destination.indexOf("/");
    const prefix = slash < 0 ? 32 : Number(destination.slice(slash + 1));
    const mask = prefix === 0 ? 0 : -1 << (32 - prefix);
    number ??= parseAddress(address) ?? 0;
    const base = parseAddress(slash < 0 ? destination : destination.slice(0, slash)) ?? 0;
    if ((number & mask) === (base & mask)) return true;
  }
  return false;
}

/** First address of a device; the namespace's own when it has none. */
function addressOn(ns: NetNamespace, device: string): number {
  const cidr = ns.interfaces.get(device)?.addresses[0];
  return parseAddress(cidr === undefined ? ns.firstAddress() : cidr.slice(0, cidr.indexOf("/"))) ?? 0;
}

/** What rules may ask of the namespace that they stand in. */
export class NamespaceSurroundings implements Surroundings {
  rejectedWith = "";
  readonly now: number;
  readonly sets: Ruleset["sets"];
  private readonly network: Network;
  private readonly ns: NetNamespace;
  private readonly ruleset: Ruleset;
  private readonly rehearsal: RandomStream | undefined;

  /** `rehearsal`: lots for a packet that shall leave no trace. */
  constructor(network: Network, ns: NetNamespace, ruleset: Ruleset, rehearsal?: RandomStream) {
    this.network = network;
    this.ns = ns;
    this.ruleset = ruleset;
    this.rehearsal = rehearsal;
    this.now = network.kernel.now;
    this.sets = ruleset.sets;
  }

  get wallMs(): number {
    return this.network.kernel.wallMs;
  }

  connections(address: number, mask: number, destination: boolean): number {
    let count = 0;
    for (const { open, original } of this.ruleset.conntrack.list(this.now)) {
      const own = parseAddress(destination ? original.destination : original.source) ?? 0;
      if (open && (own & mask) === address) count++;
    }
    return count;
  }

  get traceless(): boolean {
    return this.rehearsal !== undefined;
  }

  get random(): RandomStream {
    return this.rehearsal ?? this.network.kernel.random(`netfilter ${this.ns.name}`);
  }

  addressType(address: number): AddressType {
    const first = address >>> 24;
    if (address === -1) return "BROADCAST";
    if (first >= 224 && first < 240) return "MULTICAST";
    if (address === 0) return "UNSPEC";
    if (this.ns.owns(formatAddress(address))) return "LOCAL";
    return this.isBroadcast(address) ? "BROADCAST" : "UNICAST";
  }

  private isBroadcast(address: number): boolean {
    for (const { addresses } of this.ns.interfaces.values()) {
      for (const cidr of addresses) {
        const slash = cidr.indexOf("/");
        const prefix = Number(cidr.slice(slash + 1));
        if (prefix > 30) continue;
        const host = -1 >>> prefix;
        if (((parseAddress(cidr.slice(0, slash)) ?? 0) | host) === address) return true;
      }
    }
    return false;
  }

  addressOf(device: string): number {
    return device === "lo" ? LOOPBACK : addressOn(this.ns, device);
  }

  credits(list: string): Map<string, Credit> {
    const { credits } = this.ruleset;
    let found = credits.get(list);
    if (found === undefined) credits.set(list, (found = new Map()));
    return found;
  }

  recent(list: string): Map<number, number[]> {
    const { recent } = this.ruleset;
    if (this.rehearsal !== undefined) {
      return new Map([...(recent.get(list) ?? [])].map(([address, times]) => [address, [...times]]));
    }
    let seen = recent.get(list);
    if (seen === undefined) {
      seen = new Map();
      recent.set(list, seen);
    }
    return seen;
  }

  log(line: string): void {
    if (this.rehearsal === undefined) this.ns.kernelLog?.(line);
  }
}
