import { SECOND } from "../../kernel/index.ts";
import {
  flagNames,
  type Ipvs,
  inOrder,
  type RealServer,
  SCHED1,
  SCHED2,
  SCHED3,
  serversInOrder,
  type VirtualServer,
} from "../../network/ipvs.ts";

export type Format = ReadonlySet<string>;

/** How an address and a port are written: numeric or by names. */
export type Name = (address: string, port: number, protocol: string) => string;

const FORWARD = { m: "Masq", i: "Tunnel", g: "Route" };
const SUMS = ["-c", "+c", "r+c"];
/** Over so many µs the kernel's rates go (estimates of 8 seconds). */
const RATE = 8 * SECOND;

const column = (text: string | number, width: number) => `${text}`.padEnd(width);
const counter = (text: string | number) => `${text}`.padStart(8);

function title(format: Format): string[] {
  const wide = "Prot LocalAddress:Port".padEnd(33);
  const remote = "  -> RemoteAddress:Port";
  if (format.has("stats")) {
    return [`${wide} ${["Conns", "InPkts", "OutPkts", "InBytes", "OutBytes"].map(counter).join(" ")}`, remote];
  }
  if (format.has("rate")) {
    return [`${wide} ${["CPS", "InPPS", "OutPPS", "InBPS", "OutBPS"].map(counter).join(" ")}`, remote];
  }
  const ten = (...names: string[]) => names.map((name) => column(name, 10)).join(" ");
  if (format.has("thresholds"))
    return [`${wide} ${ten("Uthreshold", "Lthreshold", "ActiveConn", "InActConn")}`, remote];
  if (format.has("persistent-conn")) {
    return [`${wide} ${column("Weight", 9)} ${column("PersistConn", 11)} ${ten("ActiveConn", "InActConn")}`, remote];
  }
  const tunnel = format.has("tun-info") ? "TunnelInfo    " : "";
  return ["Prot LocalAddress:Port Scheduler Flags", `${remote}           Forward ${tunnel}Weight ActiveConn InActConn`];
}

/** A number as ipvsadm shortens it (print_largenum). */
function large(value: number, exact: boolean): string {
  if (exact) return `${value}`.padStart(Math.max(9, `${value}`.length + 1));
  if (value < 1e8) return `${value}`.padStart(9);
  const [unit, by] = value < 1e9 ? ["K", 1e3] : value < 1e11 ? ["M", 1e6] : value < 1e14 ? ["G", 1e9] : ["T", 1e12];
  return `${`${Math.floor(value / (by as number))}`.padStart(8)}${unit}`;
}

/** Lines of `ipvsadm -L`, without the line that tells the version. */
export function listing(
  ipvs: Ipvs,
  services: readonly VirtualServer[],
  format: Format,
  name: Name,
  now: number,
): string[] {
  const sorted = format.has("nosort") ? services : inOrder(services);
  return [...title(format), ...sorted.flatMap((service) => entry(ipvs, service, format, name, now))];
}

function counts(server: RealServer, format: Format, now: number): number[] {
  if (format.has("stats")) return [server.total, server.total, 0, server.total * 60, 0];
  const lately = server.given.filter((at) => at > now - RATE).length;
  const rate = Math.round((lately * SECOND) / RATE);
  return [rate, rate, 0, rate * 60, 0];
}

function entry(ipvs: Ipvs, service: VirtualServer, format: Format, name: Name, now: number): string[] {
  const { mark, protocol, address, port } = service;
  const where =
    mark === undefined
      ? `${column(protocol.toUpperCase(), 4)} ${name(address, port, protocol)}`.slice(0, 33)
      : `FWM  ${mark}`;
  const counted = format.has("stats") || format.has("rate");
  const exact = format.has("exact");
  const figures = (values: readonly number[]) => values.map((value) => large(value, exact)).join("");
  const servers = format.has("nosort") ? service.servers : serversInOrder(service.servers);
  const out: string[] = [];
  if (counted) {
    const sum = servers
      .map((server) => counts(server, format, now))
      .reduce((a, b) => a.map((v, i) => v + b[i]!), [0, 0, 0, 0, 0]);
    out.push(`${column(where, 33)}${figures(sum)}`);
  } else out.push(`${where} ${described(service)}`);
  for (const server of servers) {
    const at = `  -> ${column(name(server.address, server.port, protocol).slice(0, 28), 28)}`;
    if (format.has("stats")) out.push(`${at}${figures(counts(server, format, now))}`);
    else if (format.has("rate")) {
      const [a, b, c, ...bytes] = counts(server, format, now);
      out.push(`${at} ${[a!, b!, c!].map(counter).join(" ")}${figures(bytes)}`);
    } else out.push(`${at} ${serverText(ipvs, service, server, format, now)}`);
  }
  return out;
}

function described({ scheduler, persistent, netmask, engine, flags, onePacket, ...rest }: VirtualServer): string {
  const mask = netmask === undefined ? "" : ` mask ${netmask}`;
  const pe = engine === undefined ? "" : ` pe ${engine}`;
  const bits =
    (flags & (SCHED1 | SCHED2 | SCHED3)) === 0 ? "" : ` (${flagNames({ scheduler, flags, ...rest } as VirtualServer)})`;
  const stays = persistent === undefined ? "" : ` persistent ${persistent}${mask}${pe}`;
  return `${scheduler}${bits}${stays}${onePacket ? " ops" : ""}`;
}

function serverText(ipvs: Ipvs, service: VirtualServer, server: RealServer, format: Format, now: number): string {
  const { active, inactive, persistent } = ipvs.connections(service, server, now);
  const ends = `${column(active, 10)} ${column(inactive, 10)}`;
  if (format.has("thresholds")) return `${column(server.upper, 10)} ${column(server.lower, 10)} ${ends}`;
  if (format.has("persistent-conn")) return `${column(server.weight, 9)} ${column(persistent, 11)} ${ends}`;
  const tunnel = format.has("tun-info") ? `${column(tunnelText(server), 13)} ` : "";
  return `${column(FORWARD[server.forwarding], 7)} ${tunnel}${column(server.weight, 6)} ${ends}`;
}

function tunnelText({ forwarding, tunnel }: RealServer): string {
  if (forwarding !== "i") return "n/a";
  const { type = "ipip", port = 0, checksum = 0 } = tunnel ?? {};
  return type === "ipip" ? type : `${type}:${type === "gue" ? `${port}:` : ""}${SUMS[checksum]}`;
}

/** Lines of `ipvsadm -L -c`: connections, and the clients that stay with a server (ip_vs_conn.c). */
export function connectionLines(ipvs: Ipvs, format: Format, name: Name, now: number): string[] {
  const long = format.has("persistent-conn");
  const row = (cells: readonly string[]) => {
    const [protocol, expires, state, source, virtual, destination, pe = "", data = ""] = cells as [string, ...string[]];
    const head = `${column(protocol, 3)} ${column(expires!, 6)} ${column(state!, 11)} ${column(source!, 18)} ${column(virtual!, 18)}`;
    return long && pe !== ""
      ? `${head} ${column(destination!, 16)} ${column(pe, 18)} ${data}`
      : `${head} ${destination}`;
  };
  const out = [
    "IPVS connection entries",
    `pro expire ${column("state", 11)} ${column("source", 18)} ${column("virtual", 18)} ${
      long ? `${column("destination", 18)} ${column("pe name", 16)} pe_data` : "destination"
    }`,
  ];
  const left = (until: number) => {
    const seconds = Math.max(0, Math.floor((until - now) / SECOND));
    const two = (value: number) => `${value}`.padStart(2, "0");
    return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
  };
  const { timeouts } = ipvs;
  for (const { track } of ipvs.flows(now)) {
    const { protocol, original, reply, open, last } = track;
    const [state, stays] =
      protocol === "udp" ? ["UDP", timeouts.udp] : open ? ["ESTABLISHED", timeouts.tcp] : ["FIN_WAIT", timeouts.fin];
    out.push(
      row([
        protocol.toUpperCase(),
        left(last + (stays as number) * SECOND),
        state as string,
        name(original.source, original.sourcePort, protocol),
        name(original.destination, original.destinationPort, protocol),
        name(reply.source, reply.sourcePort, protocol),
      ]),
    );
  }
  for (const { service, client, server, until } of ipvs.templates(now)) {
    const { protocol, address, port } = service;
    const [to, on] = server.split(":") as [string, string];
    out.push(
      row([
        protocol.toUpperCase(),
        left(until),
        protocol === "udp" ? "UDP" : "ASSURED",
        name(client, 0, protocol),
        name(address, port, protocol),
        name(to, Number(on), protocol),
      ]),
    );
  }
  return out;
}
