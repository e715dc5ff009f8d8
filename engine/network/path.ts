import type { RandomStream } from "../kernel/index.ts";
import type { ChainStep, Counted, Hook, Ruleset, Track } from "../netfilter/index.ts";
import type { Wire } from "./capture.ts";
import type { NetErrorCode } from "./error.ts";
import type { Tracks } from "./flows.ts";
import type { NetNamespace } from "./namespace.ts";
import type { Netem } from "./netem.ts";
import type { Network } from "./network.ts";
import { PathWalk } from "./path-walk.ts";

export type Protocol = "tcp" | "udp" | "icmp";

/** Where the rules on its way take a connection's first packet. */
export interface Path {
  /** `pass`: it arrives, if somebody is there; an error: it was refused; `dropped`: nobody will answer. */
  readonly outcome: "pass" | "dropped" | NetErrorCode;
  readonly protocol: Protocol;
  /** Where the client sent it. */
  readonly asked: string;
  readonly askedPort: number;
  /** Where it was going when it left the last rules. */
  readonly address: string;
  readonly port: number;
  /** Address that the client's end has. */
  readonly local: string;
  /** Address the other end sees, where rules rewrote it. */
  readonly source: string | undefined;
  /** Something else than addresses decided: the next connection may fare otherwise. */
  readonly volatile: boolean;
  readonly counted: readonly Counted[];
  readonly length: number;
  /** What each namespace with rules will know of the connection. */
  readonly seen: readonly Seen[];
  readonly stamps: readonly { ruleset: Ruleset; version: number }[];
  /** `Network.changes` that it was worked out for. */
  readonly changes: number;
  /** `Network.moves` at which it was last found to hold. */
  moves: number;
  /** Namespaces on the way with their `moves`, and whom the addresses on the way led to. */
  readonly passed: readonly { ns: NetNamespace; moves: number }[];
  readonly owners: readonly { address: string; owner: NetNamespace | undefined }[];
  /** What devices on the way do to packets, there and back. */
  readonly shapes?: readonly Netem[];
  /** Devices on the way, up to where it ends; only while somebody listens on some. */
  readonly wires?: readonly Wire[];
}

/** A connection as one namespace on the way sees it: as it came in and as it left. Without a client's port yet. */
export interface Seen {
  ruleset: Ruleset;
  source: string;
  destination: string;
  destinationPort: number;
  replySource: string;
  replyDestination: string;
  replyPort: number;
  /** The entry that it belongs to already. */
  track?: Track | undefined;
}

/** One hook on the way, for a viewer. */
export interface Hop {
  namespace: string;
  hook: Hook;
  /** As it came to the hook. */
  source: string;
  destination: string;
  port: number;
  input: string;
  output: string;
  mark: number;
  chains: ChainStep[];
  outcome: string;
}

/** A connection's way through all rules. */
export interface Walk {
  protocol: Protocol;
  from: string;
  address: string;
  port: number;
  hops: Hop[];
  path: Path;
  /** Rules compared on the whole way. */
  compared: number;
}

/**
 * What netfilter rules make of a new connection: undefined where no namespace on its way has any. A path that depends on
 * addresses and ports only is remembered until rules or addresses change; its counters move all the same. `own`: the port of
 * a datagram's sender, who has perhaps sent from there before.
 */
export function pathOf(
  network: Network,
  from: NetNamespace,
  protocol: Protocol,
  address: string,
  port: number,
  own?: number,
): Path | undefined {
  if (network.taps.size > 0) return watched(network, from, protocol, address, port, own);
  if (network.shaped > 0) {
    // What nobody has rules for is delayed all the same.
  } else if (address.startsWith("127.")) {
    if (isPlain(from)) return undefined;
  } else if (isPlain(from) && isPlain(from.host)) {
    const owner = network.ownerOf(address);
    if (owner === undefined || (isPlain(owner) && isPlain(owner.host))) return undefined;
  }
  if (network.onWalk !== undefined) return watched(network, from, protocol, address, port, own);
  if (own !== undefined) return new PathWalk(network, from, protocol, address, port, { own }).run();
  const key = protocol === "tcp" ? port : protocol === "udp" ? port + 65_536 : -1;
  let byPort = from.paths.get(address);
  const known = byPort?.get(key);
  if (known !== undefined && isTakenAgain(known, network)) return known;
  const path = new PathWalk(network, from, protocol, address, port).run();
  if (path.volatile) byPort?.delete(key);
  else {
    if (byPort === undefined) {
      // Addresses come and go: what is old is worked out again when somebody asks.
      if (from.paths.size > 256) from.paths.clear();
      byPort = new Map();
      from.paths.set(address, byPort);
    }
    byPort.set(key, path);
  }
  return path;
}

/**
 * Follows a new connection through all rules without moving a counter that stays, for a viewer. `rehearsal`: lots drawn
 * from there, and no trace left in lists, balancers or logs either.
 */
export function walkOf(
  network: Network,
  from: NetNamespace,
  protocol: Protocol,
  address: string,
  port: number,
  rehearsal?: RandomStream,
): Walk {
  const walk = new PathWalk(network, from, protocol, address, port, { hops: [], rehearsal });
  const path = walk.run();
  for (const what of path.counted) {
    what.packets--;
    what.bytes -= path.length;
  }
  return walk.report(path);
}

/** The way of a SYN that is sent again: namespaces that let the first one pass have not forgotten where they sent it. */
export function pathAgain(network: Network, from: NetNamespace, address: string, port: number, again: Tracks): Path {
  const hops = network.onWalk === undefined ? undefined : [];
  const wires = network.taps.size > 0 ? [] : undefined;
  const walk = new PathWalk(network, from, "tcp", address, port, { again, wires, ...(hops && { hops }) });
  const path = walk.run();
  network.onWalk?.(walk.report(path));
  return path;
}

function watched(
  network: Network,
  from: NetNamespace,
  protocol: Protocol,
  address: string,
  port: number,
  own: number | undefined,
): Path {
  const wires = network.taps.size > 0 ? [] : undefined;
  const walk = new PathWalk(network, from, protocol, address, port, { hops: [], wires, own });
  const path = walk.run();
  network.onWalk?.(walk.report(path));
  return path;
}

/** The way of a packet that is sent now, with the devices on it; counters move. */
export function wiresOf(
  network: Network,
  from: NetNamespace,
  protocol: Protocol,
  address: string,
  port: number,
): { path: Path; wires: readonly Wire[] } {
  const wires: Wire[] = [];
  return { path: new PathWalk(network, from, protocol, address, port, { wires }).run(), wires };
}

/** Nothing in this namespace looks at packets. */
function isPlain({ netfilter, translate }: NetNamespace): boolean {
  return netfilter === undefined && translate === undefined;
}

/** Whether a connection's first packet takes a path that is known; it is counted then. */
export function isTakenAgain(path: Path, network: Network): boolean {
  if (!isCurrent(path, network)) return false;
  for (const what of path.counted) {
    what.packets++;
    what.bytes += path.length;
  }
  return true;
}

function isCurrent(path: Path, network: Network): boolean {
  if (path.changes !== network.changes) return false;
  for (const { ruleset, version } of path.stamps) if (ruleset.version !== version) return false;
  if (path.moves !== network.moves) {
    for (const { ns, moves } of path.passed) if (ns.moves !== moves) return false;
    for (const { address, owner } of path.owners) if (network.ownerOf(address) !== owner) return false;
    path.moves = network.moves;
  }
  return true;
}

/**
 * The path of an open connection as it is now: undefined once rules stop its packets. Address translation stays as the
 * first packet got it. Changes that programs have left undone do not count: none of them is about open connections.
 */
export function pathNow(network: Network, from: NetNamespace, path: Path): Path | undefined {
  let isAsBefore = true;
  for (const { ruleset, version } of path.stamps) if (ruleset.settledVersion !== version) isAsBefore = false;
  if (isAsBefore) return path;
  const { protocol, asked, askedPort } = path;
  const now = new PathWalk(network, from, protocol, asked, askedPort, { first: path }).run();
  if (now.outcome !== "pass") return undefined;
  return { ...path, stamps: now.stamps.map(({ ruleset }) => ({ ruleset, version: ruleset.settledVersion })) };
}
