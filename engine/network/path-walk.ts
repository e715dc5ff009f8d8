import type { RandomStream } from "../kernel/index.ts";
import {
  formatAddress,
  type Hook,
  type Notes,
  type Packet,
  parseAddress,
  type Ruleset,
  runHook,
  type Track,
} from "../netfilter/index.ts";
import { cross, type Wire } from "./capture.ts";
import type { NetErrorCode } from "./error.ts";
import type { Tracks } from "./flows.ts";
import type { Interface, NetNamespace } from "./namespace.ts";
import type { Netem } from "./netem.ts";
import type { Network } from "./network.ts";
import type { Hop, Path, Protocol, Seen, Walk } from "./path.ts";
import { deviceFor, NamespaceSurroundings } from "./routes.ts";

const NUMBERS: Readonly<Record<Protocol, number>> = { icmp: 1, tcp: 6, udp: 17 };
/** Length of a first packet: a SYN with options, a short datagram, an echo request. */
const LENGTHS: Readonly<Record<Protocol, number>> = { icmp: 84, tcp: 60, udp: 60 };
/** Namespaces a packet may pass before its time to live is up. */
const MOST_HOPS = 8;

/** What a program hears of a REJECT, by `--reject-with` (net/ipv4/icmp.c icmp_err_convert). */
const REJECTIONS: Readonly<Record<string, NetErrorCode>> = {
  "icmp-net-unreachable": "ENETUNREACH",
  "icmp-host-unreachable": "EHOSTUNREACH",
  "icmp-port-unreachable": "ECONNREFUSED",
  "icmp-net-prohibited": "ENETUNREACH",
  "icmp-host-prohibited": "EHOSTUNREACH",
  "icmp-admin-prohibited": "EHOSTUNREACH",
  "tcp-reset": "ECONNREFUSED",
};

interface Crossing {
  device: Interface;
  way: "received" | "sent";
}

/** How the answer meets a device. */
const OTHER = { received: "sent", sent: "received" } as const;

/** What a sender hears of routes that lead nowhere (net/ipv4/route.c ip_error). */
const DEAD_ENDS = {
  blackhole: "dropped",
  unreachable: "EHOSTUNREACH",
  prohibit: "EHOSTUNREACH",
  throw: "ENETUNREACH",
} as const;

/** What a sender hears of a balancer's refusal. */
const REFUSALS = { refused: "ECONNREFUSED", dropped: "dropped" } as const;

export interface PathWalkOptions {
  /** Takes what the rules did, for a viewer. */
  hops?: Hop[];
  /** The first packet's path, when this is a later one. */
  first?: Path;
  /** Lots for a walk that shall leave no trace. */
  rehearsal?: RandomStream | undefined;
  /** Takes the devices on the way, for whoever listens there. */
  wires?: Wire[] | undefined;
  /** The port of a datagram's sender: what was sent from there before decides where it goes. */
  own?: number | undefined;
  /** What namespaces on the way know of the same packet, which was sent before in vain. */
  again?: Tracks | undefined;
}

/** One packet on its way from namespace to namespace, through the hooks of each. */
export class PathWalk {
  private readonly network: Network;
  private readonly from: NetNamespace;
  private readonly protocol: Protocol;
  private readonly address: string;
  private readonly port: number;
  private readonly hops: Hop[] | undefined;
  /** The first packet's path, when this is a later one. */
  private readonly first: Path | undefined;
  private readonly rehearsal: RandomStream | undefined;
  private readonly wires: Wire[] | undefined;
  private readonly own: number | undefined;
  private readonly again: Tracks | undefined;
  /** What the namespace that it is in knows of earlier datagrams. */
  private track: Track | undefined;
  private readonly local: string;
  private readonly packet: Packet;
  private readonly notes: Notes;
  private readonly seen: Seen[] = [];
  private readonly stamps: { ruleset: Ruleset; version: number }[] = [];
  private readonly passed: Path["passed"][number][] = [];
  private readonly owners: Path["owners"][number][] = [];
  /** Devices on the way, and how they met the packet. */
  private readonly crossings: Crossing[] = [];
  /** Machines that rewrote the destination, and those that rewrote the source. */
  private readonly redirected: NetNamespace[] = [];
  private readonly masked: NetNamespace[] = [];

  constructor(
    network: Network,
    from: NetNamespace,
    protocol: Protocol,
    address: string,
    port: number,
    { hops, first, rehearsal, wires, own, again }: PathWalkOptions = {},
  ) {
    this.network = network;
    this.from = from;
    this.protocol = protocol;
    this.address = address;
    this.port = port;
    this.hops = hops;
    this.first = first;
    this.rehearsal = rehearsal;
    this.wires = wires;
    this.own = own;
    this.again = again;
    this.notes = { compared: 0, counted: [], volatile: false };
    const destination = parseAddress(address) ?? 0;
    const output = deviceFor(from, destination, address, {
      protocol: NUMBERS[protocol],
      ...(own === undefined ? {} : { sourcePort: own }),
      destinationPort: port,
    });
    this.local = formatAddress(output.source);
    this.packet = {
      protocol: NUMBERS[protocol],
      source: output.source,
      destination,
      sourcePort: protocol === "icmp" ? 0 : (own ?? from.nextPort()),
      destinationPort: port,
      input: "",
      output: output.device,
      mark: 0,
      length: LENGTHS[protocol],
      tcpFlags: protocol === "tcp" ? 2 : 0,
      icmpType: protocol === "icmp" ? 8 : 0,
      icmpCode: 0,
      state: first === undefined ? "NEW" : "ESTABLISHED",
      translated: 0,
    };
  }

  run(): Path {
    const { network, packet } = this;
    let ns = this.from;
    let text = this.address;
    for (let hop = 0; hop < MOST_HOPS; hop++) {
      const rules = ns.netfilter;
      this.passed.push({ ns, moves: ns.moves });
      const before = { source: packet.source, destination: packet.destination, port: packet.destinationPort };
      this.track = undefined;
      const enters = rules && this.enter(rules);
      if (hop === 0) {
        const refused = rules && this.hook(ns, rules, "OUTPUT");
        if (refused) return this.end(refused, packet);
      } else {
        const refused = rules && this.hook(ns, rules, "PREROUTING");
        if (refused) return this.end(refused, packet);
      }
      // A balancer has a memory of its own.
      const balanced = this.track && this.balance(ns, text);
      if (balanced === "refused" || balanced === "dropped") return this.end(REFUSALS[balanced], packet);
      const known = balanced ? undefined : this.known(rules);
      if (known !== undefined) {
        packet.destination = parseAddress(known.replySource) ?? packet.destination;
        packet.destinationPort = known.replyPort;
      }
      const untouched = packet.destination === before.destination && packet.destinationPort === before.port;
      if (untouched && this.track === undefined) {
        const refused = this.balance(ns, text);
        if (refused === "refused" || refused === "dropped") return this.end(REFUSALS[refused], packet);
      }
      if (packet.destination !== before.destination || packet.destinationPort !== before.port) {
        this.redirected.push(ns);
        text = formatAddress(packet.destination);
        if (hop === 0) packet.output = deviceFor(ns, packet.destination, text, packet).device;
      } else if (hop === 0 && packet.mark !== 0 && ns.rules !== undefined) {
        // Who is marked on the way out is looked up anew (ip_route_me_harder).
        packet.output = deviceFor(ns, packet.destination, text, packet).device;
      }
      const local = ns.owns(text);
      if (local) {
        if (hop === 0) this.loop(ns);
        const refused = rules && this.deliver(ns, rules, hop === 0);
        if (refused) return this.end(refused, packet);
        enters?.(packet);
        return this.end(this.answerable(ns) ? undefined : "dropped", packet);
      }
      if (hop > 0 && !ns.forwards) return this.end("dropped", packet);
      if (hop > 0 || ns.rules !== undefined) {
        const way = deviceFor(ns, packet.destination, text, { ...packet, input: hop === 0 ? "" : packet.input });
        if (way.dead !== undefined) return this.end(DEAD_ENDS[way.dead], packet);
        packet.output = way.device;
      }
      const refused = rules && this.leave(ns, rules, hop > 0, before.source);
      if (refused) return this.end(refused, packet);
      if (known !== undefined) {
        packet.source = parseAddress(known.replyDestination) ?? packet.source;
        if (this.track !== undefined && packet.source !== before.source) this.masked.push(ns);
      }
      enters?.(packet);
      const next = this.nextHop(ns, text);
      if (next === undefined) {
        this.cross(ns, undefined, hop, false);
        return this.end(undefined, packet);
      }
      const overlay = ns.host === ns ? network.overlay.get(next) : undefined;
      const inside = overlay !== undefined && network.tunnels.has(packet.output);
      // Without the overlay a Pod's address means nothing to the machines' own network.
      if (overlay !== undefined && !inside && network.ownerOf(text) !== next) return this.end("dropped", packet);
      if (next.host !== next) packet.input = "eth0";
      else packet.input = ns.host === next ? bridgeOf(next, ns) : inside ? overlay.device : deviceName(next);
      this.cross(ns, next, hop, inside);
      packet.output = "";
      packet.mark = 0;
      packet.translated = 0;
      packet.traced = false;
      packet.traceId = undefined;
      packet.settled = false;
      if (this.first === undefined) packet.state = "NEW";
      ns = next;
    }
    return this.end("dropped", packet);
  }

  /** Notes the devices between two namespaces; a Pod's own machine counts as the first that forwards. */
  private cross(ns: NetNamespace, next: NetNamespace | undefined, hop: number, inside: boolean): void {
    this.countDevices(ns, this.packet.output, "sent");
    if (next !== undefined) this.countDevices(next, this.packet.input, "received");
    if (this.wires === undefined) return;
    const { source, destination, destinationPort: port, input, output } = this.packet;
    const ends = { source: formatAddress(source), destination: formatAddress(destination) };
    cross(this.wires, ns, next, { ...ends, port, input, output }, hop, inside);
  }

  /** A packet goes by a device; a Pod's goes through the machine's end of its pair as well. */
  private countDevices(ns: NetNamespace, name: string, way: Crossing["way"]): void {
    const device = ns.interfaces.get(name);
    if (device === undefined) return;
    this.crossings.push({ device, way });
    // What goes over an overlay leaves by the machine's own device.
    const carrier = this.network.tunnels.has(name) ? ns.interfaces.get(deviceName(ns)) : undefined;
    if (carrier !== undefined) this.crossings.push({ device: carrier, way });
    const { peer } = device;
    if (ns.host === ns || peer === undefined) return;
    const far = ns.host.interfaces.get(peer.slice(peer.indexOf("/") + 1));
    if (far !== undefined) this.crossings.push({ device: far, way: OTHER[way] });
  }

  /** What was crossed counts the packet, and the answer to it if there will be one. */
  private countCrossings(answered: boolean): void {
    const { length } = this.packet;
    const add = ({ device, way }: Crossing) => {
      const counted = (device[way] ??= { packets: 0, bytes: 0 });
      counted.packets++;
      counted.bytes += length;
      this.notes.counted.push(counted);
    };
    for (const { device, way } of this.crossings) {
      add({ device, way });
      if (answered) add({ device, way: OTHER[way] });
    }
  }

  /** A device that sends a packet, or the answer to it, may make it wait. */
  private shapes(): Netem[] {
    return this.crossings.flatMap(({ device }) => device.discipline?.netem ?? []);
  }

  private loop(ns: NetNamespace): void {
    this.countDevices(ns, "lo", "sent");
    this.countDevices(ns, "lo", "received");
    if (this.wires === undefined) return;
    const { source, destination, destinationPort: port } = this.packet;
    const at = {
      ns,
      device: "lo",
      source: formatAddress(source),
      destination: formatAddress(destination),
      port,
      hops: 0,
    };
    this.wires.push({ ...at, direction: "Out" }, { ...at, direction: "In" });
  }

  /** How answers come to a connection that a namespace knows already. */
  private known(rules: Ruleset | undefined): Pick<Seen, "replySource" | "replyDestination" | "replyPort"> | undefined {
    const { track } = this;
    if (track === undefined) return this.first?.seen.find(({ ruleset }) => ruleset === rules);
    const { source, destination, sourcePort } = track.reply;
    return { replySource: source, replyDestination: destination, replyPort: sourcePort };
  }

  /** Notes that a namespace with rules sees the packet; the function is called when it leaves. */
  private enter(ruleset: Ruleset): ((packet: Packet) => void) | undefined {
    this.stamps.push({ ruleset, version: ruleset.version });
    if (!ruleset.tables.has("nat")) return undefined;
    const { packet } = this;
    const track = this.own === undefined ? this.again?.get(ruleset) : this.earlier(ruleset, this.own);
    if (track !== undefined) {
      this.track = track;
      packet.settled = true;
      if (track.replied) packet.state = "ESTABLISHED";
    }
    const [source, destination, port] = [packet.source, packet.destination, packet.destinationPort];
    return (after) => {
      if (after.state === "UNTRACKED") return;
      this.seen.push({
        ruleset,
        source: formatAddress(source),
        destination: formatAddress(destination),
        destinationPort: port,
        replySource: formatAddress(after.destination),
        replyDestination: formatAddress(after.source),
        replyPort: after.destinationPort,
        track,
      });
    };
  }

  /** What a table of connections has of datagrams from the sender's port. */
  private earlier(ruleset: Ruleset, own: number): Track | undefined {
    const { source, destination, destinationPort } = this.packet;
    const flow = { source: formatAddress(source), destination: formatAddress(destination) };
    return ruleset.conntrack.datagram({ ...flow, sourcePort: own, destinationPort }, this.network.kernel.now);
  }

  /** A hook's verdict, if the packet does not go on. */
  private hook(ns: NetNamespace, ruleset: Ruleset, hook: Hook): "dropped" | NetErrorCode | undefined {
    const { packet, notes, hops } = this;
    const on = new NamespaceSurroundings(this.network, ns, ruleset, this.rehearsal);
    const hop = hops && this.note(ns, hook, hops);
    const verdict = runHook(ruleset, hook, packet, on, notes);
    if (hop) {
      delete notes.steps;
      hop.outcome = verdict === "reject" ? `reject ${on.rejectedWith}` : verdict;
    }
    if (verdict === "drop") return "dropped";
    return verdict === "reject" ? (REJECTIONS[on.rejectedWith] ?? "ECONNREFUSED") : undefined;
  }

  private note(ns: NetNamespace, hook: Hook, hops: Hop[]): Hop {
    const { packet } = this;
    const hop: Hop = {
      namespace: ns.name,
      hook,
      source: formatAddress(packet.source),
      destination: formatAddress(packet.destination),
      port: packet.destinationPort,
      input: packet.input,
      output: packet.output,
      mark: packet.mark,
      chains: [],
      outcome: "",
    };
    hops.push(hop);
    this.notes.steps = hop.chains;
    return hop;
  }

  /** The packet ends here. What a machine sends itself passes the loopback device. */
  private deliver(ns: NetNamespace, ruleset: Ruleset, own: boolean): "dropped" | NetErrorCode | undefined {
    const { packet } = this;
    if (own) {
      packet.output = "lo";
      const refused = this.hook(ns, ruleset, "POSTROUTING");
      if (refused) return refused;
      packet.input = "lo";
      packet.output = "";
      packet.traceId = undefined;
    }
    return this.hook(ns, ruleset, "INPUT");
  }

  /** The packet goes on to another namespace. */
  private leave(
    ns: NetNamespace,
    ruleset: Ruleset,
    forwarded: boolean,
    source: number,
  ): "dropped" | NetErrorCode | undefined {
    if (forwarded) this.packet.ttl = (this.packet.ttl ?? 64) - 1;
    const refused =
      (forwarded ? this.hook(ns, ruleset, "FORWARD") : undefined) ?? this.hook(ns, ruleset, "POSTROUTING");
    if (refused === undefined && this.packet.source !== source) this.masked.push(ns);
    return refused;
  }

  /** What else rewrites destinations: a balancer that is not rules. */
  private balance(ns: NetNamespace, text: string): "refused" | "dropped" | "sent" | undefined {
    const { packet, protocol } = this;
    if (ns.translate === undefined) return undefined;
    // Its services come and go without the rules changing.
    this.notes.volatile = true;
    const { source, destinationPort, mark } = packet;
    const client = formatAddress(source);
    const to = ns.translate(protocol, text, destinationPort, client, this.rehearsal, mark, this.own);
    if (to === undefined || to === "refused" || to === "dropped") return to;
    packet.destination = parseAddress(to.address) ?? packet.destination;
    packet.destinationPort = to.port;
    if ("source" in to && to.source !== undefined) {
      packet.source = parseAddress(to.source) ?? packet.source;
      this.masked.push(ns);
    }
    return "sent";
  }

  /** Whether answers find their way back through every machine that rewrote the destination. */
  private answerable(owner: NetNamespace): boolean {
    if (this.redirected.length === 0) return true;
    const { from, packet } = this;
    const back = formatAddress(packet.source);
    const asked = back.startsWith("127.") ? owner : this.ownerOf(back);
    // A Pod does not answer packets that bear its own address and come from outside.
    if (asked === owner && this.masked.length === 0 && this.redirected.some((ns) => ns !== owner)) return false;
    const passes = new Set([owner, owner.host, asked, asked?.host]);
    if (this.masked.length > 0) {
      for (const ns of this.masked) passes.add(ns);
      passes.add(from.host).add(from);
    }
    return this.redirected.every((ns) => passes.has(ns));
  }

  /** The namespace a packet comes to next: a Pod's machine, a Pod of this machine, another machine. */
  private nextHop(ns: NetNamespace, address: string): NetNamespace | undefined {
    if (ns.host !== ns) return ns.host;
    const owner = this.ownerOf(address);
    return owner === undefined || owner.host === ns ? owner : owner.host;
  }

  private ownerOf(address: string): NetNamespace | undefined {
    const owner = this.network.ownerOf(address);
    this.owners.push({ address, owner });
    return owner;
  }

  private end(outcome: "dropped" | NetErrorCode | undefined, packet: Packet): Path {
    this.countCrossings(outcome === undefined);
    return {
      outcome: outcome ?? "pass",
      protocol: this.protocol,
      asked: this.address,
      askedPort: this.port,
      address: this.redirected.length === 0 ? this.address : formatAddress(packet.destination),
      port: packet.destinationPort,
      local: this.local,
      source: this.masked.length === 0 ? undefined : formatAddress(packet.source),
      volatile: this.notes.volatile,
      counted: this.notes.counted,
      length: packet.length,
      seen: this.seen,
      stamps: this.stamps,
      changes: this.network.changes,
      moves: this.network.moves,
      passed: this.passed,
      owners: this.owners,
      ...(this.network.shaped > 0 && { shapes: this.shapes() }),
      ...(this.wires ? { wires: this.wires } : {}),
    };
  }

  report(path: Path): Walk {
    const { protocol, from, address, port, hops = [], notes } = this;
    return { protocol, from: from.name, address, port, hops, path, compared: notes.compared };
  }
}

/** The bridge that a Pod's packets come in by, or its own end of the pair. */
function bridgeOf(host: NetNamespace, pod: NetNamespace): string {
  for (const { peer } of pod.interfaces.values()) {
    if (peer === undefined) continue;
    const name = peer.slice(peer.indexOf("/") + 1);
    return host.interfaces.get(name)?.master ?? name;
  }
  return "cni0";
}

/** The device that others reach a machine by. */
function deviceName(ns: NetNamespace): string {
  for (const { name } of ns.interfaces.values()) if (name !== "lo") return name;
  return "lo";
}
