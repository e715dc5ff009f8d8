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
import { byRules, MAIN_TABLE, type Routed } from "./policy-routing.ts";

const LOOPBACK = 0x7f00_0001;

/** Networks by how they are written: base, mask and prefix length. */
const networks = new Map<string, readonly [base: number, mask: number, prefix: number]>();

function networkOf(destination: string): readonly [base: number, mask: number, prefix: number] {
  let found = networks.get(destination);
  if (found === undefined) {
    const [address = "", length = "32"] = destination === "default" ? ["0.0.0.0", "0"] : destination.split("/");
    const prefix = Number(length);
    const mask = prefix === 0 ? 0 : -1 << (32 - prefix);
    found = [(parseAddress(address) ?? 0) & mask, mask, prefix];
    if (networks.size >= 4096) networks.clear();
    networks.set(destination, found);
  }
  return found;
}

const isWithin = (cidr: string, address: number): boolean => {
  const [base, mask] = networkOf(cidr);
  return (address & mask) === base;
};

/** The route to an address, by the rules of policy routing where somebody has made some; `packet`: what those may ask. */
export function routeTo(ns: NetNamespace, address: string, packet: Routed = {}): Route | undefined {
  return wayTo(ns, address, packet)?.route;
}

/** The same, and the table that it is in. */
export function wayTo(
  ns: NetNamespace,
  address: string,
  packet: Routed = {},
): { route: Route; table: number } | undefined {
  const number = parseAddress(address) ?? 0;
  if (ns.rules !== undefined)
    return byRules(ns, ns.rules, number, packet, (routes) => longest(ns, routes, number), isWithin);
  const found = longest(ns, ns.routes, number);
  return found && { route: found.route, table: MAIN_TABLE };
}

/** The route of a table to an address by the longest prefix, of several the first; those of devices that are down are none. */
function longest(
  { interfaces }: NetNamespace,
  routes: readonly Route[],
  number: number,
): { route: Route; prefix: number } | undefined {
  let best: Route | undefined;
  let longest = -1;
  for (const route of routes) {
    const [base, mask, prefix] = networkOf(route.destination);
    if (prefix <= longest || (number & mask) !== base) continue;
    if (route.type === undefined && interfaces.get(route.device)?.up === false) continue;
    best = route;
    longest = prefix;
  }
  return best && { route: best, prefix: longest };
}

/** Device and source address for a destination, by the routing tables. Addresses are signed 32-bit numbers. */
export function deviceFor(
  ns: NetNamespace,
  destination: number,
  text: string,
  packet: Routed = {},
): { device: string; source: number; dead?: Route["type"] } {
  if (ns.owns(text)) return { device: "lo", source: text.startsWith("127.") ? LOOPBACK : destination };
  // Without a routing table a namespace still has a device that leads out.
  const { device, source, type } = routeTo(ns, text, packet) ?? outward(ns);
  const own = source === undefined ? addressOn(ns, device) : (parseAddress(source) ?? 0);
  if (ns.rules === undefined || packet.source) return { device, source: own, ...(type && { dead: type }) };
  // Who has no address yet is looked up once more with the one it was given (ip_route_connect).
  const again = routeTo(ns, text, { ...packet, source: own }) ?? outward(ns);
  return { device: again.device, source: own, ...(again.type && { dead: again.type }) };
}

const outward = (ns: NetNamespace): Pick<Route, "device" | "source" | "type"> => ({
  device: [...ns.interfaces.keys()].find((name) => name !== "lo") ?? "lo",
});

/** Whether the routing tables of a namespace, and of its machine for what leaves it, lead anywhere near an address. */
export function isRoutable(network: Network, from: NetNamespace, address: string): boolean {
  if (!leads(from, address)) return from.owns(address);
  const { host } = from;
  return host === from || leads(host, address) || network.ownerOf(address)?.host === host;
}

/** A table without routes is that of a namespace nobody configured: it leads to all it is told of. */
function leads(ns: NetNamespace, address: string): boolean {
  if (ns.routes.length === 0) return !ns.handmade;
  const route = routeTo(ns, address);
  return route !== undefined && route.type === undefined;
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
