import { type Gen, type Kernel, SECOND, sleep } from "../kernel/index.ts";
import { stoppedBy, type Tap } from "./capture.ts";
import { Established } from "./connection.ts";
import { NetError } from "./error.ts";
import { Flow } from "./flow.ts";
import { arrive, noted, type Tracks } from "./flows.ts";
import { handmadeWay, isHandmade } from "./links.ts";
import { type Listener, NetNamespace } from "./namespace.ts";
import { askInVain, meet, misled, UNANSWERED } from "./neighbours.ts";
import { onceAround, withRetries } from "./netem.ts";
import type { OverlayMember } from "./overlay.ts";
import { isTakenAgain, type Path, pathAgain, pathOf, type Walk } from "./path.ts";
import { policySteps } from "./policy.ts";
import { isRoutable } from "./routes.ts";

/** Round trips in µs: within a machine, and between machines of one rack. */
const LOCAL_RTT = 60;
const REMOTE_RTT = 400;
/** A SYN without an answer: client-go and curl give up later than this, but learners need not wait two minutes (tcp_syn_retries 6 is 127 s). */
const CONNECT_TIMEOUT = 30 * SECOND;

export interface ConnectOptions {
  protocol?: "tcp" | "udp";
  /** µs after which a silent destination is given up (ETIMEDOUT). */
  timeout?: number;
  /** The datagram that the connection is for, for whoever listens on the way. */
  payload?: Uint8Array;
  /** The host that a TLS client says it wants (SNI). */
  serverName?: string;
  /** The client's own port, where it has chosen one. */
  localPort?: number;
}

/** A connection that is being asked for. */
interface Attempt {
  readonly from: NetNamespace;
  readonly address: string;
  readonly port: number;
  readonly options: ConnectOptions;
  /** µs that are left. */
  patience: number;
  /** The client's port, once it is needed. */
  own: number | undefined;
  /** Its packets, once somebody listens. */
  flow?: Flow;
  /** What the namespaces on its way remember of it, once a packet was sent in vain. */
  tracks?: Tracks;
}

/** A connection from a Pod that was let in, as it was asked for: before any rule translated it. */
export interface Visit {
  /** The Pod's address. */
  readonly source: string;
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
  /** Virtual time in µs. */
  readonly at: number;
}

/** Who answers on an address of the same machine, and what that was found out from. */
export interface LocalTarget {
  readonly from: NetNamespace;
  readonly listener: Listener;
  readonly path: Path | "volatile" | undefined;
  readonly changes: number;
  readonly moves: number;
  readonly listenings: number;
  readonly shaped: number;
}

/** Seconds after the first at which a SYN without an answer is sent again (net.ipv4.tcp_syn_retries, doubling). */
const SYN_RETRIES = [1, 3, 7, 15, 31, 63];

/** Visits that are kept. */
const MOST_VISITS = 20_000;

/** All namespaces of a session and who owns which address. `connect` is how anything reaches anything. */
export class Network {
  readonly kernel: Kernel;
  private readonly owners = new Map<string, NetNamespace>();
  /** Networks of other racks, whose machines (but not their Pods) are reached through the router. */
  private readonly beyond: Network[] = [];
  /** Namespaces that are cut off: a machine that is down. */
  readonly dark = new Set<NetNamespace>();
  /** Grows when a namespace's rules come or go, or its devices: what was found out about paths is void. */
  changes = 0;
  /** Grows when an address comes or goes: paths that have to do with it, or with its owner, are void. */
  moves = 0;
  /** Grows when somebody begins to listen, or stops. */
  listenings = 0;
  /** Devices that make packets wait, or lose some. */
  shaped = 0;
  /** Namespaces that somebody made by hand. */
  handmade = 0;
  /** Called with every walk of a new connection through the rules, chain by chain; connections cost more then. */
  onWalk: ((walk: Walk) => void) | undefined;
  /** Who listens on devices: every connection's way is worked out anew then, and its packets are made. */
  readonly taps = new Set<Tap>();
  /** Time (µs) of the last packet that somebody was shown. */
  shownUntil = 0;
  /** Machines whose Pods are reached through a network over their own, and how. */
  readonly overlay = new Map<NetNamespace, OverlayMember>();
  /** Devices that lead into an overlay: a machine may still have one of a network that it had before. */
  readonly tunnels = new Set<string>();
  /** Listeners that have stopped: what was connected to them is cut. */
  readonly closed = new WeakSet<Listener>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** A new namespace: a machine's own, or (with `host`) one on a machine. */
  namespace(name: string, host?: NetNamespace): NetNamespace {
    return new NetNamespace(this, name, host);
  }

  claim(address: string, owner: NetNamespace): void {
    this.moves++;
    owner.moves++;
    this.owners.set(address, owner);
  }

  release(address: string, owner: NetNamespace): void {
    this.moves++;
    owner.moves++;
    if (this.owners.get(address) === owner) this.owners.delete(address);
  }

  /** Puts a router between two networks. */
  join(other: Network): void {
    this.beyond.push(other);
    other.beyond.push(this);
  }

  ownerOf(address: string): NetNamespace | undefined {
    const own = this.owners.get(address);
    if (own !== undefined || this.beyond.length === 0) return own;
    for (const { owners } of this.beyond) {
      const found = owners.get(address);
      if (found !== undefined && found.host === found) return found;
    }
    return undefined;
  }

  /** Whether a machine's cable is out. */
  isDark(ns: NetNamespace): boolean {
    const { dark } = ns.network;
    return dark.size > 0 && dark.has(ns.host);
  }

  /** Somebody is in the same /24. */
  private hasNeighbours(address: string): boolean {
    const prefix = address.slice(0, address.lastIndexOf(".") + 1);
    for (const other of this.owners.keys()) if (other.startsWith(prefix)) return true;
    return false;
  }

  /**
   * Opens a connection from a namespace to an address (dotted quad) and port. Throws NetError: refused, timed out, no
   * route. A SYN that nobody answers is sent again, and may fare better then. Charged one round trip, nothing for an
   * `instant` task.
   */
  *connect(from: NetNamespace, address: string, port: number, options: ConnectOptions = {}): Gen<Established> {
    const patience = options.timeout ?? CONNECT_TIMEOUT;
    if (isHandmade(this, from, address)) yield* this.byHand(from, address, patience);
    else if (!isRoutable(this, from, address)) throw new NetError("ENETUNREACH");
    const attempt: Attempt = { from, address, port, options, patience, own: options.localPort };
    const since = this.kernel.now;
    const made = yield* this.knock(attempt);
    if (made !== undefined) return made;
    for (const seconds of options.protocol === "udp" ? [] : SYN_RETRIES) {
      if (seconds * SECOND >= patience) break;
      yield* sleep(since + seconds * SECOND - this.kernel.now);
      attempt.patience = since + patience - this.kernel.now;
      const late = yield* this.knock(attempt);
      if (late !== undefined) return late;
    }
    yield* sleep(Math.max(0, since + patience - this.kernel.now));
    throw new NetError("ETIMEDOUT");
  }

  /** Sends a connection's first packet, perhaps again; undefined: nobody answers. Throws NetError where somebody refuses. */
  private *knock(attempt: Attempt): Gen<Established | undefined> {
    const { from, address, port, options, patience } = attempt;
    const protocol = options.protocol ?? "tcp";
    const asks = protocol === "udp" ? options.localPort : undefined;
    const path = attempt.tracks
      ? pathAgain(this, from, address, port, attempt.tracks)
      : pathOf(this, from, protocol, address, port, asks);
    const ownPort = () => (attempt.own ??= from.ephemeralPort());
    if (path?.wires !== undefined) {
      if (attempt.flow === undefined) attempt.flow = new Flow(this, path.wires, protocol, ownPort());
      else attempt.flow.wires = path.wires;
    }
    const { flow } = attempt;
    const { payload } = options;
    // Machines that the first packet has passed wait for an answer as well, and remember where they have sent it.
    const noteSilence = (stopped?: NetNamespace) => {
      const seen = path?.seen.filter(({ ruleset }) => ruleset !== stopped?.netfilter) ?? [];
      if (seen.length > 0) attempt.tracks = noted(seen, protocol, ownPort(), this.kernel.now, false);
    };
    if (path !== undefined && path.outcome !== "pass") {
      if (path.outcome !== "dropped") {
        flow?.refused(path.outcome, payload);
        throw new NetError(path.outcome);
      }
      flow?.ask(payload);
      noteSilence();
      return undefined;
    }
    const remoteAddress = path?.address ?? address;
    const remotePort = path?.port ?? port;
    const owner = from.owns(remoteAddress) ? from : this.ownerOf(remoteAddress);
    const local = owner?.host === from.host;
    if (owner === undefined || (!local && (this.isDark(from) || this.isDark(owner)))) {
      // Where others are, nobody answers the question for this address: the last router knows soon.
      const asked = askInVain(this, from, remoteAddress);
      const near = asked !== undefined || this.hasNeighbours(remoteAddress);
      const known = asked === undefined ? UNANSWERED : asked.until - this.kernel.now;
      const unreachable = (owner === undefined || asked !== undefined) && patience >= known && near;
      flow?.ask(payload);
      noteSilence();
      if (!unreachable) return undefined;
      yield* sleep(known);
      throw new NetError("EHOSTUNREACH");
    }
    if (from.host.policy !== undefined || owner.host.policy !== undefined) {
      const source = path?.source ?? path?.local ?? sourceFor(from, owner, remoteAddress);
      const steps = policySteps(from, owner, { protocol, source, address: remoteAddress, port: remotePort });
      const refusal = steps.at(-1);
      if (refusal?.allowed === false) {
        const last = path?.wires && stoppedBy(path.wires, refusal.machine);
        flow?.ask(payload, last);
        // Whoever drops it does so before it is known there.
        noteSilence(refusal.machine);
        return undefined;
      }
    }
    if (misled(this, from, remoteAddress)) {
      flow?.ask(payload);
      noteSilence();
      return undefined;
    }
    const back = path?.source ?? path?.local ?? sourceFor(from, owner, remoteAddress);
    const neighbours = meet(this, from, remoteAddress, owner, back);
    flow?.ask(payload);
    const waits = protocol === "udp" ? onceAround(this, path?.shapes ?? []) : withRetries(this, path, true);
    if (waits === undefined || waits > patience) {
      if (waits === undefined) noteSilence();
      yield* sleep(patience);
      throw new NetError("ETIMEDOUT");
    }
    if (!this.kernel.current?.instant) yield* sleep(waits + (local ? LOCAL_RTT : REMOTE_RTT));
    const listener = owner.listenerFor(protocol, remoteAddress, remotePort);
    if (listener === undefined) {
      flow?.refused("ECONNREFUSED", payload, true);
      if (protocol === "udp") noteSilence();
      throw new NetError("ECONNREFUSED");
    }
    flow?.established();
    const onward = listener.proxy && ((yield* listener.proxy(options.serverName)) as Established | undefined);
    const addresses = {
      local: path?.local ?? sourceFor(from, owner, remoteAddress),
      localPort: ownPort(),
      remote: remoteAddress,
      remotePort,
      seen: path?.source,
    };
    const tracks = path && arrive(path, protocol, addresses.localPort, this.kernel.now);
    if (from.host !== from) this.noteVisit(from, protocol, address, port);
    return new Established(
      this,
      { from, owner, listener },
      local ? LOCAL_RTT : REMOTE_RTT,
      addresses,
      onward,
      tracks,
      path,
      flow,
      neighbours,
    );
  }

  /** Throws NetError where hand-made wiring does not lead to an address, or nothing would come back. */
  private *byHand(from: NetNamespace, address: string, patience: number): Gen {
    const way = handmadeWay(from, address);
    if (way === "no-route") throw new NetError("ENETUNREACH");
    const back = way === "there" && this.comesBack(from, address);
    if (back) return;
    yield* sleep(way === "silent" ? Math.min(patience, UNANSWERED) : patience);
    throw new NetError(way === "silent" && patience >= UNANSWERED ? "EHOSTUNREACH" : "ETIMEDOUT");
  }

  /** Whether answers to a hand-made namespace, or from one, find their way. */
  comesBack(from: NetNamespace, address: string): boolean {
    const owner = this.ownerOf(address);
    const path = pathOf(this, from, "icmp", address, 0);
    const source = path?.source ?? path?.local ?? from.firstAddress();
    if (owner === from) return true;
    if (owner?.handmade) return handmadeWay(owner, source) === "there";
    // Other machines know nothing of addresses that somebody gave away here.
    return path?.source !== undefined || owner?.host === from.host;
  }

  /** What Pods have connected to, by namespace and what was asked for: the first time that it was let in. */
  readonly visits = new Map<string, Visit>();

  private noteVisit(from: NetNamespace, protocol: "tcp" | "udp", address: string, port: number): void {
    const key = `${from.name} ${protocol} ${address}:${port}`;
    if (this.visits.has(key) || this.visits.size >= MOST_VISITS) return;
    this.visits.set(key, { source: from.firstAddress(), protocol, address, port, at: this.kernel.now });
  }

  /**
   * Who would answer a TCP connection that does not leave the machine, as `connect` finds it; undefined where only
   * `connect` itself can tell.
   */
  localTarget(from: NetNamespace, address: string, port: number): LocalTarget | undefined {
    const owner = address.startsWith("127.") ? from : this.owners.get(address);
    if (owner === undefined || owner.host !== from.host) return undefined;
    if (from.host.translate !== undefined) return undefined;
    const path = pathOf(this, from, "tcp", address, port);
    if (path !== undefined && (path.outcome !== "pass" || path.address !== address || path.port !== port)) {
      return undefined;
    }
    const listener = owner.listenerFor("tcp", address, port);
    if (listener === undefined) return undefined;
    const { changes, moves, listenings, shaped } = this;
    return { from, listener, path: path?.volatile ? "volatile" : path, changes, moves, listenings, shaped };
  }

  /** Whether a connection would come to the same target now; its first packet is counted then. */
  holds({ from, path, changes, moves, listenings, shaped }: LocalTarget): boolean {
    if (changes !== this.changes || moves !== this.moves || listenings !== this.listenings) return false;
    if (shaped !== this.shaped || from.host.translate !== undefined || path === "volatile") return false;
    if (this.taps.size > 0 || this.onWalk !== undefined) return false;
    return path === undefined || isTakenAgain(path, this);
  }

  /** Sends a datagram and waits for its answer; ETIMEDOUT after `timeout` µs when none comes. `own`: from this port. */
  *exchange(
    from: NetNamespace,
    address: string,
    port: number,
    payload: Uint8Array,
    timeout = 5 * SECOND,
    own?: number,
  ): Gen<Uint8Array> {
    const options: ConnectOptions = { protocol: "udp", timeout, payload };
    if (own !== undefined) options.localPort = own;
    const connection: Established = yield* this.connect(from, address, port, options);
    const { listener, seenFrom, localPort } = connection;
    const answer = yield* listener.datagram!(payload, { address: seenFrom, port: localPort });
    if (answer !== undefined) {
      connection.flow?.answered(answer);
      connection.answered();
      return answer;
    }
    yield* sleep(timeout);
    throw new NetError("ETIMEDOUT");
  }
}

function sourceFor(from: NetNamespace, owner: NetNamespace, address: string): string {
  if (owner === from) return address.startsWith("127.") ? "127.0.0.1" : address;
  return from.firstAddress();
}
