import { type RandomStream, SECOND } from "../kernel/index.ts";
import type { NetNamespace } from "./namespace.ts";

/** A destination of a virtual server, in mode masquerading (NAT). */
export interface RealServer {
  address: string;
  port: number;
  weight: number;
  /** Times (µs) of the connections it was given lately. */
  given: number[];
  /** Connections ever, for --stats. */
  total: number;
}

/** An address and port that the kernel spreads over real servers (ip_vs). */
export interface VirtualServer {
  protocol: "tcp" | "udp" | "sctp";
  address: string;
  port: number;
  scheduler: string;
  /** Seconds that a client stays with its server. */
  persistent: number | undefined;
  servers: RealServer[];
}

/** How long a TCP connection that ended is remembered (ip_vs tcp timeouts FIN_WAIT: 120 s), in µs; UDP: 300 s. */
const MEMORY = { tcp: 120 * SECOND, udp: 300 * SECOND, sctp: 120 * SECOND };

export const serverKey = (server: { protocol: string; address: string; port: number }): string =>
  `${server.protocol} ${server.address}:${server.port}`;

/** The virtual servers of one network namespace. */
export class Ipvs {
  readonly services = new Map<string, VirtualServer>();
  /** Where round robin stands, by virtual server. */
  private readonly turn = new Map<string, number>();
  /** Whom clients were given: server by `virtual server, client`. */
  private readonly clients = new Map<string, { server: string; until: number }>();

  /** A server for a new connection at a time (µs); `refused` when there is none, undefined when this is no virtual server. `rehearsal`: lots for a choice that is not remembered. */
  schedule(
    protocol: string,
    address: string,
    port: number,
    client: string | undefined,
    now: number,
    rehearsal?: RandomStream,
  ): RealServer | "refused" | undefined {
    const key = serverKey({ protocol, address, port });
    const service = this.services.get(key);
    if (service === undefined) return undefined;
    const servers = service.servers.filter(({ weight }) => weight > 0);
    if (servers.length === 0) return "refused";
    const sticky = `${key} ${client}`;
    const known = this.clients.get(sticky);
    let server = servers.find((one) => known !== undefined && known.until > now && known.server === nameOf(one));
    if (rehearsal !== undefined) return server ?? rehearsal.pick(servers);
    server ??= this.next(service, key, servers, client);
    if (service.persistent !== undefined && client !== undefined) {
      this.clients.set(sticky, { server: nameOf(server), until: now + service.persistent * SECOND });
    }
    server.total++;
    server.given.push(now);
    return server;
  }

  private next(service: VirtualServer, key: string, servers: RealServer[], client: string | undefined): RealServer {
    if (service.scheduler === "lc" || service.scheduler === "wlc" || service.scheduler === "sed") {
      return servers.reduce((least, one) =>
        one.given.length / one.weight < least.given.length / least.weight ? one : least,
      );
    }
    if ((service.scheduler === "sh" || service.scheduler === "mh") && client !== undefined) {
      const sum = client.split(".").reduce((total, byte) => total * 31 + Number(byte), 7);
      return servers[sum % servers.length]!;
    }
    const turn = (this.turn.get(key) ?? -1) + 1;
    this.turn.set(key, turn % servers.length);
    return servers[turn % servers.length]!;
  }

  /** Connections of a server that ended a while ago and are still remembered. */
  inactive(service: VirtualServer, server: RealServer, now: number): number {
    const oldest = now - MEMORY[service.protocol];
    while (server.given.length > 0 && server.given[0]! < oldest) server.given.shift();
    return server.given.length;
  }
}

function nameOf({ address, port }: RealServer): string {
  return `${address}:${port}`;
}

const tables = new WeakMap<NetNamespace, Ipvs>();

/** The virtual servers of a namespace; the first call installs the balancer there. */
export function ipvsOf(net: NetNamespace): Ipvs {
  let found = tables.get(net);
  // A machine that was switched off has forgotten them.
  if (found === undefined || net.translate === undefined) {
    const made = new Ipvs();
    tables.set(net, (found = made));
    net.translate = (protocol, address, port, client, rehearsal) =>
      made.schedule(protocol, address, port, client, net.network.kernel.now, rehearsal);
  }
  return found;
}

/** The same, undefined where nobody asked for virtual servers. */
export function ipvsIn(net: NetNamespace): Ipvs | undefined {
  return net.translate === undefined ? undefined : tables.get(net);
}

/** Virtual servers in the order in which the kernel lists them. */
export function inOrder(services: Iterable<VirtualServer>): VirtualServer[] {
  const rank = { tcp: 0, udp: 1, sctp: 2 };
  return [...services].sort(
    (a, b) => rank[a.protocol] - rank[b.protocol] || compareAddresses(a.address, b.address) || a.port - b.port,
  );
}

function compareAddresses(a: string, b: string): number {
  const [x, y] = [a, b].map((address) => address.split(".").map(Number));
  for (let i = 0; i < 4; i++) if (x![i] !== y![i]) return x![i]! - y![i]!;
  return 0;
}

/** Lines of `ipvsadm -S -n`. */
export const savedServers = (services: Iterable<VirtualServer>): string[] => inOrder(services).flatMap(saved);

function saved(service: VirtualServer): string[] {
  const place = `-${service.protocol === "udp" ? "u" : "t"} ${service.address}:${service.port}`;
  const persistent = service.persistent === undefined ? "" : ` -p ${service.persistent}`;
  return [
    `-A ${place} -s ${service.scheduler}${persistent}`,
    ...service.servers.map((server) => `-a ${place} -r ${server.address}:${server.port} -m -w ${server.weight}`),
  ];
}
