import { fnv1a, SECOND } from "../kernel/index.ts";
import { overhear } from "./capture.ts";
import { arpFrame, BROADCAST_MAC } from "./frames.ts";
import type { NetNamespace } from "./namespace.ts";
import type { Network } from "./network.ts";
import { routeTo } from "./routes.ts";

/** Who has which address on the wires of a namespace: the kernel's neighbour table (net/core/neighbour.c, net/ipv4/arp.c). */

/** States as ip(8) calls them. */
export type NeighbourState =
  | "PERMANENT"
  | "NOARP"
  | "REACHABLE"
  | "STALE"
  | "DELAY"
  | "PROBE"
  | "INCOMPLETE"
  | "FAILED";

export interface Neighbour {
  readonly address: string;
  readonly device: string;
  /** undefined: nobody has answered. */
  mac: string | undefined;
  /** Times (µs) at which it was last heard of, and last sent to. */
  confirmed: number;
  used: number;
  /** Time (µs) until which it is being asked for. */
  until: number;
  /** Time (µs) at which it will be given up, since it does not answer any longer; its hardware address is used till then. */
  doubted: number | undefined;
  /** As somebody set it by hand. */
  fixed: NeighbourState | undefined;
  /** Where it comes back to when it was flushed and is heard of again; undefined while it stands there. */
  flushedFrom: Neighbours | undefined;
}

/** An address that nobody has is asked for three times, a second apart (mcast_solicit, retrans_time). */
const ASKED = [0, 1_024_000, 2_048_000];
/** µs after which it is given up. */
export const UNANSWERED = 3_072_000;
/** µs from the first doubt whether one is still there to asking for it, and to giving it up (delay_first_probe, ucast_solicit). */
const DELAYED = 5 * SECOND;
const GIVEN_UP = DELAYED + UNANSWERED;
/** Entries below which none is thrown away, and after which the oldest are (gc_thresh1, gc_thresh3). */
const FEW = 128;
const MOST = 1_024;
/** An entry that nobody has used for so long may go (gc_stale_time). */
const OLD = 60 * SECOND;
const MOST_HOPS = 4;

export class Neighbours {
  private readonly table = new Map<string, Neighbour>();
  /** µs that one is believed to be there after it was heard of: 15 to 45 s (base_reachable_time, randomised). */
  private readonly reachable: number;
  /** How many were set by hand. */
  byHand = 0;

  constructor(name: string) {
    this.reachable = (15 + ((fnv1a(name) >>> 0) % 30)) * SECOND;
  }

  get(device: string, address: string): Neighbour | undefined {
    return this.table.get(`${device} ${address}`);
  }

  /** Newest last. */
  list(): Iterable<Neighbour> {
    return this.table.values();
  }

  stateOf({ mac, until, fixed, confirmed, doubted }: Neighbour, now: number): NeighbourState {
    if (fixed !== undefined) return fixed;
    if (doubted !== undefined && now >= doubted) return "FAILED";
    if (doubted !== undefined && now >= doubted - UNANSWERED) return "PROBE";
    if (doubted !== undefined && now >= doubted - GIVEN_UP) return "DELAY";
    if (mac === undefined) return now < until ? "INCOMPLETE" : "FAILED";
    return now - confirmed < this.reachable ? "REACHABLE" : "STALE";
  }

  private make(device: string, address: string, now: number): Neighbour {
    if (this.table.size >= FEW) this.sweep(now);
    const made: Neighbour = {
      address,
      device,
      mac: undefined,
      confirmed: now,
      used: now,
      until: now,
      doubted: undefined,
      fixed: undefined,
      flushedFrom: undefined,
    };
    this.table.set(`${device} ${address}`, made);
    return made;
  }

  private sweep(now: number): void {
    for (const [key, { used, fixed }] of this.table) {
      const spare = this.table.size >= MOST || now - used > OLD;
      if (fixed === undefined && spare) this.table.delete(key);
      if (this.table.size < FEW) return;
    }
  }

  /** It was sent to, and has answered. */
  heard(device: string, address: string, mac: string, now: number): { entry: Neighbour; fresh: boolean } {
    const known = this.get(device, address);
    const entry = known ?? this.make(device, address, now);
    const fresh = entry.mac === undefined;
    entry.used = now;
    entry.doubted = undefined;
    if (entry.fixed === undefined || entry.fixed === "STALE") {
      entry.fixed = undefined;
      entry.mac = mac;
      entry.confirmed = now;
    }
    return { entry, fresh };
  }

  /** It was there, and is sent to, but has gone: when that will be noticed (µs). Then it is one that is asked for in vain. */
  vanished(device: string, address: string, now: number): number | undefined {
    const entry = this.get(device, address);
    if (entry?.mac === undefined || entry.fixed !== undefined) return undefined;
    entry.used = now;
    entry.doubted ??= Math.max(now, entry.confirmed + this.reachable) + GIVEN_UP;
    if (now < entry.doubted) return entry.doubted;
    entry.mac = undefined;
    entry.doubted = undefined;
    return undefined;
  }

  /** It is asked for, and nobody answers; says whether the question is a new one. */
  unheard(device: string, address: string, now: number): boolean {
    const entry = this.get(device, address) ?? this.make(device, address, now);
    entry.used = now;
    if (entry.fixed !== undefined || (entry.mac === undefined && now < entry.until)) return false;
    entry.mac = undefined;
    entry.until = now + UNANSWERED;
    return true;
  }

  /** Somebody sets it. */
  set(device: string, address: string, mac: string, fixed: NeighbourState, now: number): void {
    const entry = this.get(device, address) ?? this.make(device, address, now);
    if (entry.fixed === undefined) this.byHand++;
    entry.mac = mac;
    entry.fixed = fixed === "REACHABLE" ? undefined : fixed;
    if (fixed === "REACHABLE") this.byHand--;
    entry.confirmed = now;
  }

  delete(device: string, address: string): void {
    const entry = this.get(device, address);
    if (entry === undefined) return;
    if (entry.fixed !== undefined) this.byHand--;
    entry.flushedFrom = this;
    this.table.delete(`${device} ${address}`);
  }

  /** A conversation goes on with one that was flushed. */
  revive(entry: Neighbour): void {
    entry.flushedFrom = undefined;
    const key = `${entry.device} ${entry.address}`;
    if (entry.fixed === undefined && !this.table.has(key)) this.table.set(key, entry);
  }
}

const tables = new WeakMap<NetNamespace, Neighbours>();

export function neighboursOf(ns: NetNamespace): Neighbours {
  let found = tables.get(ns);
  if (found === undefined) tables.set(ns, (found = new Neighbours(ns.name)));
  return found;
}

/** A machine that boots knows nobody. */
export function forgetNeighbours(ns: NetNamespace): void {
  tables.delete(ns);
}

/** What a namespace knows of those on its wires, the overlay's peers among them: flanneld enters those itself. */
export function knownTo(
  ns: NetNamespace,
): { address: string; device: string; mac: string | undefined; state: NeighbourState; entry: Neighbour | undefined }[] {
  const { overlay, kernel } = ns.network;
  const table = neighboursOf(ns);
  const out = [...table.list()].map((entry) => {
    const { address, device, mac } = entry;
    return { address, device, mac, state: table.stateOf(entry, kernel.now), entry: entry as Neighbour | undefined };
  });
  const own = overlay.get(ns);
  for (const [peer, { address, mac }] of own === undefined ? [] : overlay) {
    if (peer !== ns) out.push({ address, device: own!.device, mac, state: "PERMANENT", entry: undefined });
  }
  return out;
}

/** Where a namespace sends what is for an address: the device, and whom it asks for there. */
function nextStop(ns: NetNamespace, address: string): { device: string; to: string } | undefined {
  const best = routeTo(ns, address);
  return best && best.type === undefined ? { device: best.device, to: best.via ?? address } : undefined;
}

/** The hardware address behind an address. */
export function macBehind(network: Network, address: string): string | undefined {
  for (const { addresses, mac } of network.ownerOf(address)?.interfaces.values() ?? []) {
    for (const cidr of addresses) if (cidr.startsWith(address) && cidr[address.length] === "/") return mac;
  }
  return undefined;
}

/** One step of a packet, and the namespace that it comes to by it. */
interface Step {
  ns: NetNamespace;
  device: string;
  to: string;
}

function* steps(network: Network, from: NetNamespace, address: string): Iterable<Step> {
  let ns = from;
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    if (ns.owns(address)) return;
    const stop = nextStop(ns, address);
    if (stop === undefined) return;
    const { device, to } = stop;
    const owner = network.ownerOf(to);
    const inside = network.tunnels.has(device);
    // The overlay's own neighbours stand fast: frames to the machine behind it go over the machines' network.
    if (!inside) yield { ns, device, to };
    else if (owner !== undefined) {
      const machine = owner.host.firstAddress();
      const outer = nextStop(ns, machine);
      if (outer !== undefined) yield { ns, ...outer };
    }
    if (owner === undefined) return;
    ns = owner;
  }
}

/** Who forwards packets to an address that nobody has, by the addresses that each hands them to. */
export function forwardersTo(network: Network, from: NetNamespace, address: string): string[] {
  const out: string[] = [];
  let ns: NetNamespace | undefined = from;
  for (let hop = 0; ns !== undefined && hop < MOST_HOPS; hop++) {
    const to: string | undefined = nextStop(ns, address)?.to;
    if (to === undefined || to === address) break;
    ns = network.ownerOf(to);
    if (ns === undefined && macBehind(network, to) === undefined) break;
    out.push(to);
  }
  return out;
}

/** The hardware address of whoever hands a namespace packets from an address, by one of its devices. */
export function macToward(network: Network, ns: NetNamespace, address: string, device: string): string | undefined {
  const host = network.ownerOf(address)?.host;
  if (network.tunnels.has(device)) return host && network.overlay.get(host)?.mac;
  for (const { to } of steps(network, ns, address)) return macBehind(network, to);
  return undefined;
}

/**
 * Packets go between two ends: every machine on the way knows whom it hands them to. `back`: the address that answers
 * go to. Gives the entries, to be told of later packets.
 */
export function meet(
  network: Network,
  from: NetNamespace,
  address: string,
  owner: NetNamespace,
  back: string,
): readonly Neighbour[] {
  if (from === owner) return [];
  const out: Neighbour[] = [];
  const { now } = network.kernel;
  for (const [start, target, asks] of [
    [from, address, true],
    [owner, back, false],
  ] as const) {
    for (const { ns, device, to } of steps(network, start, target)) {
      const mac = macBehind(network, to);
      if (mac === undefined) continue;
      const { entry, fresh } = neighboursOf(ns).heard(device, to, mac, now);
      out.push(entry);
      // Whoever is asked learns from the question who asks.
      if (fresh && asks && network.taps.size > 0) showQuestion(network, { ns, device, to }, mac);
    }
  }
  return out;
}

/** The same conversation goes on. */
export function stillThere(entries: readonly Neighbour[], now: number): void {
  for (const entry of entries) {
    entry.confirmed = now;
    entry.used = now;
    if (entry.flushedFrom !== undefined) entry.flushedFrom.revive(entry);
  }
}

/**
 * Packets go to an address that nobody has: who on the way asks for it in vain (by its address), and until when (µs).
 * undefined: they are lost elsewhere. `sent`: they go out all the same, to a machine that has only just gone.
 */
export function askInVain(
  network: Network,
  from: NetNamespace,
  address: string,
): { by: string; until: number; sent: boolean } | undefined {
  let last: Step | undefined;
  for (const step of steps(network, from, address)) {
    last = step;
    // A machine without power answers nothing; nor does it hand anything on.
    if (isGone(network, step)) break;
  }
  if (last === undefined || last.device === "lo") return undefined;
  const { ns, device, to } = last;
  const gone = isGone(network, last);
  // What an overlay carries is lost in silence.
  if (gone ? to !== address : macBehind(network, to) !== undefined) return undefined;
  const { kernel } = network;
  const table = neighboursOf(ns);
  const noticed = gone ? table.vanished(device, to, kernel.now) : undefined;
  const fresh = noticed === undefined && table.unheard(device, to, kernel.now);
  const entry = table.get(device, to)!;
  // Errors go out under the address of the way back (net/ipv4/icmp.c icmp_route_lookup).
  const back = ns === from ? device : (nextStop(ns, from.firstAddress())?.device ?? device);
  const found = {
    by: ns.interfaces.get(back)?.addresses[0]?.split("/")[0] ?? ns.firstAddress(),
    until: entry.until,
    sent: false,
  };
  if (noticed !== undefined) return { ...found, until: noticed, sent: true };
  if (entry.fixed !== undefined) return undefined;
  if (!fresh || network.taps.size === 0) return found;
  for (const after of ASKED) {
    if (after === 0) showQuestion(network, last, undefined);
    else kernel.after(after, "arp request", () => showQuestion(network, { ns, device, to }, undefined));
  }
  return found;
}

function isGone(network: Network, { ns, to }: Step): boolean {
  const owner = network.ownerOf(to);
  return owner !== undefined && owner.host !== ns.host && network.isDark(owner) && !network.isDark(ns);
}

/** Whether somebody has told a namespace another hardware address than the one that has the address it sends to. */
export function misled(network: Network, from: NetNamespace, address: string): boolean {
  const table = tables.get(from);
  if (table === undefined || table.byHand === 0) return false;
  const stop = nextStop(from, address);
  const entry = stop && table.get(stop.device, stop.to);
  return entry?.fixed === "PERMANENT" && entry.mac !== macBehind(network, entry.address);
}

/** An ARP request, and the answer if there is one, for those who listen on either end. */
export function showQuestion(network: Network, { ns, device, to }: Step, answer: string | undefined): void {
  const own = ns.interfaces.get(device);
  const address = own?.addresses[0]?.split("/")[0];
  if (own === undefined || address === undefined) return;
  const question = arpFrame(1, own.mac, address, "00:00:00:00:00:00", to, BROADCAST_MAC);
  const owner = answer === undefined ? undefined : network.ownerOf(to);
  const other = owner && [...owner.interfaces.values()].find(({ mac }) => mac === answer);
  const ends: [NetNamespace, string][] = [[ns, device]];
  for (const [end, veth] of [
    [ns, vethOf(ns)],
    [owner, owner && vethOf(owner)],
  ] as const)
    if (end && veth && end.host !== end) ends.push([end.host, veth]);
  if (owner && other) ends.push([owner, other.name]);
  ends.forEach(([where, name], i) => void overhear(network, where, name, i === 0 ? "Out" : "In", question));
  if (answer === undefined || owner === undefined) return;
  const reply = arpFrame(2, answer, to, own.mac, address, own.mac);
  ends.reverse().forEach(([where, name], i) => void overhear(network, where, name, i === 0 ? "Out" : "In", reply));
}

/** The machine's end of a Pod's pair of devices. */
function vethOf(pod: NetNamespace): string | undefined {
  for (const { peer } of pod.interfaces.values()) if (peer !== undefined) return peer.slice(peer.indexOf("/") + 1);
  return undefined;
}
