import { type RandomStream, SECOND } from "../kernel/index.ts";
import type { Track } from "../netfilter/index.ts";
import { ipv4Number } from "../text/ipv4.ts";
import { nextServer, type Turn } from "./ipvs-schedulers.ts";
import type { NetNamespace } from "./namespace.ts";

/** How a virtual server hands packets on: masquerading, tunnelling or routing, by the letter of ipvsadm's option. */
export type Forwarding = "m" | "i" | "g";

/** A destination of a virtual server. */
export interface RealServer {
  address: string;
  port: number;
  weight: number;
  forwarding: Forwarding;
  /** Connections above which it gets no more, and below which it gets some again; 0 for none. */
  upper: number;
  lower: number;
  tunnel?: { type: "ipip" | "gue" | "gre"; port: number; checksum: 0 | 1 | 2 } | undefined;
  /** Times (µs) of the connections it was given lately. */
  given: number[];
  /** Connections since the counters were set to zero, for --stats. */
  total: number;
}

/** Bits of `VirtualServer.flags` that a scheduler gives a meaning (linux/ip_vs.h IP_VS_SVC_F_SCHED1 and on). */
export const SCHED1 = 8;
export const SCHED2 = 16;
export const SCHED3 = 32;

/** An address and port that the kernel spreads over real servers (ip_vs). */
export interface VirtualServer {
  /** A firewall mark instead of protocol, address and port. */
  mark?: number | undefined;
  protocol: "tcp" | "udp" | "sctp";
  address: string;
  port: number;
  scheduler: string;
  flags: number;
  /** Seconds that a client stays with its server. */
  persistent: number | undefined;
  /** Which clients count as one, where not each for itself: a mask. */
  netmask?: string | undefined;
  onePacket?: boolean;
  /** Persistence engine. */
  engine?: string | undefined;
  /** As the kernel has them: the newest first. */
  servers: RealServer[];
}

/** A sync daemon, as `ipvsadm --start-daemon` was asked for it. */
export interface SyncDaemon {
  device: string;
  id: number;
}

export const serverKey = (server: { mark?: number | undefined; protocol: string; address: string; port: number }) =>
  server.mark === undefined ? `${server.protocol} ${server.address}:${server.port}` : `mark ${server.mark}`;

/** A real server as it is before anybody has used it. */
export const realServer = (address: string, port: number, over: Partial<RealServer> = {}): RealServer => ({
  address,
  port,
  weight: 1,
  forwarding: "m",
  upper: 0,
  lower: 0,
  given: [],
  total: 0,
  ...over,
});

/** Senders of datagrams above which the ones that are silent are forgotten. */
const MOST_SENDERS = 256;

/** Connections of a real server that go on, and that ended a while ago and are still remembered. */
export interface Connections {
  active: number;
  inactive: number;
  /** Clients that are kept with it. */
  persistent: number;
}

/** The virtual servers of one network namespace. */
export class Ipvs {
  readonly services = new Map<string, VirtualServer>();
  /** Seconds that connections are remembered (`ipvsadm --set`). */
  timeouts = { tcp: 900, fin: 120, udp: 300 };
  readonly daemons: { master?: SyncDaemon; backup?: SyncDaemon } = {};
  private readonly net: NetNamespace;
  /** Where schedulers stand, by virtual server. */
  private readonly turns = new WeakMap<VirtualServer, Turn>();
  /** Whom clients were given, by virtual server and client. */
  private readonly clients = new Map<
    string,
    { service: VirtualServer; client: string; server: string; until: number }
  >();

  constructor(net: NetNamespace) {
    this.net = net;
  }

  /** Whom senders of datagrams were given, by their address and port, and whom they asked. */
  private readonly datagrams = new Map<string, { service: VirtualServer; server: RealServer; until: number }>();

  /**
   * A server for a new connection at a time (µs); `refused` when there is none, undefined when this is no virtual server.
   * `rehearsal`: lots for a choice that is not remembered. `clientPort`: of datagrams, whose sender stays with its server
   * until it has been silent for a while; `dropped` is the one for whom that server is gone (expire_nodest_conn, which
   * kube-proxy sets: the next may have another).
   */
  schedule(
    protocol: string,
    address: string,
    port: number,
    client: string | undefined,
    now: number,
    rehearsal?: RandomStream,
    mark = 0,
    clientPort?: number,
  ): RealServer | "refused" | "dropped" | undefined {
    const service =
      (mark === 0 ? undefined : this.services.get(`mark ${mark}`)) ??
      this.services.get(serverKey({ protocol, address, port })) ??
      this.services.get(serverKey({ protocol, address, port: 0 }));
    if (service === undefined) return undefined;
    const sender = clientPort === undefined ? undefined : `${client}:${clientPort} ${address}:${port}`;
    const held = sender === undefined ? undefined : this.datagrams.get(sender);
    if (held !== undefined && held.service === service && held.until > now) {
      if (!service.servers.includes(held.server)) {
        this.datagrams.delete(sender!);
        return "dropped";
      }
      held.until = now + this.timeouts.udp * SECOND;
      return held.server.port === 0 ? { ...held.server, port } : held.server;
    }
    const own = client === undefined ? undefined : masked(client, service.netmask);
    const sticky = `${serverKey(service)} ${own}`;
    const known = this.clients.get(sticky);
    let server = service.servers.find(
      (one) => known !== undefined && one.weight > 0 && known.until > now && known.server === nameOf(one),
    );
    if (rehearsal !== undefined) {
      const able = service.servers.filter(({ weight }) => weight > 0);
      return server ?? (able.length === 0 ? "refused" : rehearsal.pick(able));
    }
    server ??= this.next(service, client, now);
    if (server === undefined) return "refused";
    if (service.persistent !== undefined && own !== undefined) {
      const until = now + service.persistent * SECOND;
      this.clients.set(sticky, { service, client: own, server: nameOf(server), until });
    }
    if (sender !== undefined && !service.onePacket) {
      if (this.datagrams.size > MOST_SENDERS)
        for (const [name, { until }] of this.datagrams) if (until <= now) this.datagrams.delete(name);
      this.datagrams.set(sender, { service, server, until: now + this.timeouts.udp * SECOND });
    }
    server.total++;
    server.given.push(now);
    // A server of any port is asked on the port that the client asked for.
    return server.port === 0 ? { ...server, port } : server;
  }

  private next(service: VirtualServer, client: string | undefined, now: number): RealServer | undefined {
    let turn = this.turns.get(service);
    if (turn === undefined) this.turns.set(service, (turn = {}));
    const loads = new Map<RealServer, Connections>();
    const load = (server: RealServer) => {
      let found = loads.get(server);
      if (found === undefined) loads.set(server, (found = this.connections(service, server, now)));
      return found;
    };
    return nextServer(service, client, turn, load);
  }

  /** A real server has gone, or come, or weighs something else: the scheduler looks anew. */
  changed(service: VirtualServer, gone?: RealServer): void {
    const turn = this.turns.get(service);
    if (turn === undefined) return;
    // Round robin goes on behind the one that stood before the one that went.
    if (gone !== undefined && turn.last === gone) turn.last = service.servers[service.servers.indexOf(gone) - 1];
    delete turn.weighted;
  }

  /** What a real server has to do at a time (µs). */
  connections(service: VirtualServer, server: RealServer, now: number): Connections {
    const memory = (service.protocol === "udp" ? this.timeouts.udp : this.timeouts.fin) * SECOND;
    while (server.given.length > 0 && server.given[0]! < now - memory) server.given.shift();
    const name = nameOf(server);
    const kept = [...this.clients.values()];
    const persistent = kept.filter((one) => one.service === service && one.server === name && one.until > now).length;
    if (service.protocol !== "tcp") return { active: 0, inactive: server.given.length, persistent };
    const tracks = this.tracks(now).filter((track) => serves(track, service, server));
    // Without rules nobody keeps a table of connections.
    if (tracks.length === 0) return { active: 0, inactive: server.given.length, persistent };
    const active = tracks.filter(({ open }) => open).length;
    return { active, inactive: tracks.length - active, persistent };
  }

  /** Connections that go through virtual servers, of the table of connections. */
  flows(now: number): { service: VirtualServer; track: Track }[] {
    const out: { service: VirtualServer; track: Track }[] = [];
    for (const track of this.tracks(now)) {
      const { protocol, original } = track;
      const key = serverKey({ protocol, address: original.destination, port: original.destinationPort });
      const service = this.services.get(key);
      if (service?.servers.some((server) => serves(track, service, server))) out.push({ service, track });
    }
    return out;
  }

  /** Clients that stay with a server. */
  templates(now: number): { service: VirtualServer; client: string; server: string; until: number }[] {
    for (const [key, { until }] of this.clients) if (until <= now) this.clients.delete(key);
    return [...this.clients.values()].filter(({ service }) => this.services.get(serverKey(service)) === service);
  }

  private tracks(now: number): readonly Track[] {
    return this.net.netfilter?.conntrack.list(now) ?? [];
  }
}

function serves({ protocol, original, reply }: Track, service: VirtualServer, server: RealServer): boolean {
  return (
    protocol === service.protocol &&
    original.destination === service.address &&
    original.destinationPort === service.port &&
    reply.source === server.address &&
    reply.sourcePort === server.port
  );
}

function nameOf({ address, port }: RealServer): string {
  return `${address}:${port}`;
}

function masked(client: string, mask: string | undefined): string {
  if (mask === undefined) return client;
  const bits = mask.split(".").map(Number);
  return client
    .split(".")
    .map((byte, i) => Number(byte) & bits[i]!)
    .join(".");
}

const tables = new WeakMap<NetNamespace, Ipvs>();

/** The virtual servers of a namespace; the first call installs the balancer there. */
export function ipvsOf(net: NetNamespace): Ipvs {
  let found = tables.get(net);
  // A machine that was switched off has forgotten them.
  if (found === undefined || net.translate === undefined) {
    const made = new Ipvs(net);
    tables.set(net, (found = made));
    net.translate = (protocol, address, port, client, rehearsal, mark, clientPort) =>
      made.schedule(protocol, address, port, client, net.network.kernel.now, rehearsal, mark, clientPort);
  }
  return found;
}

/** The same, undefined where nobody asked for virtual servers. */
export function ipvsIn(net: NetNamespace): Ipvs | undefined {
  return net.translate === undefined ? undefined : tables.get(net);
}

/** Virtual servers as ipvsadm sorts them. */
export function inOrder(services: Iterable<VirtualServer>): VirtualServer[] {
  const rank = { tcp: 6, udp: 17, sctp: 132 };
  const key = ({ mark, protocol, address, port }: VirtualServer) =>
    mark === undefined ? [0, rank[protocol], ipv4Number(address), port] : [mark, 0, 0, 0];
  return [...services].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    return x[0]! - y[0]! || x[1]! - y[1]! || x[2]! - y[2]! || x[3]! - y[3]!;
  });
}

/** Real servers as ipvsadm sorts them. */
export const serversInOrder = (servers: readonly RealServer[]): RealServer[] =>
  [...servers].sort((a, b) => ipv4Number(a.address) - ipv4Number(b.address) || a.port - b.port);

/** What the bits of a scheduler are called, separated by commas (ipvsadm.c print_sched_flags). */
export function flagNames({ scheduler, flags }: VirtualServer): string {
  const own = scheduler === "sh" || scheduler === "mh";
  const names: [number, string][] = own
    ? [
        [SCHED1, `${scheduler}-fallback`],
        [SCHED2, `${scheduler}-port`],
      ]
    : [
        [SCHED1, "flag-1"],
        [SCHED2, "flag-2"],
        [SCHED3, "flag-3"],
      ];
  return names
    .filter(([bit]) => (flags & bit) !== 0)
    .map(([, name]) => name)
    .join(",");
}

/** Lines of `ipvsadm -S -n`. */
export const savedServers = (
  services: Iterable<VirtualServer>,
  name: (address: string, port: number, protocol: string) => string = (address, port) => `${address}:${port}`,
  sorted = true,
): string[] => (sorted ? inOrder(services) : [...services]).flatMap((service) => saved(service, name, sorted));

function saved(
  service: VirtualServer,
  name: (address: string, port: number, protocol: string) => string,
  sorted: boolean,
) {
  const { protocol, address, port, mark } = service;
  const letter = { tcp: "-t", udp: "-u", sctp: "--sctp-service" }[protocol];
  const place = mark === undefined ? `${letter} ${name(address, port, protocol)}` : `-f ${mark}`;
  const mask = service.netmask === undefined ? "" : ` -M ${service.netmask}`;
  const persistent = service.persistent === undefined ? "" : ` -p ${service.persistent}${mask}`;
  const engine = service.engine === undefined ? "" : ` --pe ${service.engine}`;
  const bits = (service.flags & (SCHED1 | SCHED2 | SCHED3)) === 0 ? "" : ` -b ${flagNames(service)}`;
  return [
    `-A ${place} -s ${service.scheduler}${persistent}${engine}${service.onePacket ? " -o" : ""}${bits}`,
    ...(sorted ? serversInOrder(service.servers) : service.servers).map(
      (server) =>
        `-a ${place} -r ${name(server.address, server.port, protocol)} -${server.forwarding} -w ${server.weight}${tunnelled(server)}`,
    ),
  ];
}

const SUMS = ["--tun-nocsum", "--tun-csum", "--tun-remcsum"];

function tunnelled({ forwarding, tunnel }: RealServer): string {
  if (forwarding !== "i") return "";
  const { type = "ipip", port = 0, checksum = 0 } = tunnel ?? {};
  if (type === "ipip") return " --tun-type ipip";
  return ` --tun-type ${type}${type === "gue" ? ` --tun-port ${port}` : ""} ${SUMS[checksum]}`;
}
