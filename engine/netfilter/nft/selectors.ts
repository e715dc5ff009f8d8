import { DESTINATION_TRANSLATED, type Packet, SOURCE_TRANSLATED, type Surroundings } from "../packet.ts";
import { STATES } from "./data.ts";
import type { DataType, Datum, Selector } from "./model.ts";

/** What nft rules read of packets (src/payload.c, meta.c, ct.c, fib.c, numgen.c). */

type Read = (packet: Packet, on: Surroundings) => Datum | undefined;

const PORT_PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132, dccp: 33 };
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132]);
const FIB_TYPES: Readonly<Record<string, number>> = {
  UNSPEC: 0,
  UNICAST: 1,
  LOCAL: 2,
  BROADCAST: 3,
  MULTICAST: 5,
  BLACKHOLE: 6,
  UNREACHABLE: 7,
};

const make = (type: DataType, text: string, read: Read, volatile = false): Selector => ({
  type,
  text,
  read,
  ...(volatile && { volatile }),
});

/** Bits of a connection's status, as far as its packets show it (IPS_SEEN_REPLY, IPS_SRC_NAT, IPS_DST_NAT). */
function statusOf({ state, translated }: Packet): number {
  const natted =
    ((translated & SOURCE_TRANSLATED) !== 0 ? 16 : 0) | ((translated & DESTINATION_TRANSLATED) !== 0 ? 32 : 0);
  return natted | (state === "ESTABLISHED" ? 2 | 4 | 8 : 0);
}

const FIXED: readonly Selector[] = [
  make("ipv4_addr", "ip saddr", (packet) => packet.source >>> 0),
  make("ipv4_addr", "ip daddr", (packet) => packet.destination >>> 0),
  make("inet_proto", "ip protocol", (packet) => packet.protocol),
  make("inet_proto", "meta l4proto", (packet) => packet.protocol),
  make("mark", "meta mark", (packet) => packet.mark >>> 0),
  make("ifname", "iifname", (packet) => packet.input),
  make("ifname", "oifname", (packet) => packet.output),
  make("ifname", "iif", (packet) => packet.input),
  make("ifname", "oif", (packet) => packet.output),
  make("ct_state", "ct state", (packet) => STATES[packet.state.toLowerCase()] ?? 0),
  make("integer", "ip ttl", () => 64),
  make("integer", "ip length", (packet) => packet.length),
  make("integer", "ip version", () => 4),
  make("dscp", "ip dscp", () => 0),
  make("nf_proto", "meta nfproto", () => 2),
  make("integer", "meta length", (packet) => packet.length),
  make("pkt_type", "meta pkttype", () => 0),
  make("uid", "meta skuid", (packet) => (packet.input === "" ? 0 : undefined)),
  make("gid", "meta skgid", (packet) => (packet.input === "" ? 0 : undefined)),
  make("mark", "ct mark", () => 0),
  make("ct_status", "ct status", (packet) => statusOf(packet)),
  make("ct_dir", "ct direction", () => 0),
  make("tcp_flag", "tcp flags", (packet) => (packet.protocol === 6 ? packet.tcpFlags : undefined)),
  // Packets here are IPv4, and their frames are not asked.
  ...["ip6 saddr", "ip6 daddr"].map((text) => make("ipv6_addr", text, () => undefined)),
  ...["ether saddr", "ether daddr"].map((text) => make("ether_addr", text, () => undefined)),
  make("inet_proto", "ip6 nexthdr", () => undefined),
  make("icmpv6_type", "icmpv6 type", () => undefined),
  make("icmp_type", "icmp type", (packet) => (packet.protocol === 1 ? packet.icmpType : undefined)),
  make("fib_addrtype", "fib saddr type", (packet, on) => FIB_TYPES[on.addressType(packet.source)]),
  make("fib_addrtype", "fib daddr type", (packet, on) => FIB_TYPES[on.addressType(packet.destination)]),
  ...["tcp", "udp", "sctp", "dccp", "th"].flatMap((protocol) =>
    (["sport", "dport"] as const).map((field) =>
      make("inet_service", `${protocol} ${field}`, (packet) => {
        const fits = protocol === "th" ? WITH_PORTS.has(packet.protocol) : packet.protocol === PORT_PROTOCOLS[protocol];
        if (!fits) return undefined;
        return field === "sport" ? packet.sourcePort : packet.destinationPort;
      }),
    ),
  ),
];

const BY_TEXT = new Map(FIXED.map((selector) => [selector.text, selector]));
/** Other ways to write them. */
const ALIASES: Readonly<Record<string, string>> = {
  mark: "meta mark",
  l4proto: "meta l4proto",
  skuid: "meta skuid",
  skgid: "meta skgid",
  pkttype: "meta pkttype",
  nfproto: "meta nfproto",
  "meta iifname": "iifname",
  "meta oifname": "oifname",
  "meta iif": "iif",
  "meta oif": "oif",
};

/** Words that begin a selector, to say how many it has. */
const LENGTHS: Readonly<Record<string, number>> = {
  ip: 2,
  meta: 2,
  ct: 2,
  icmp: 2,
  ip6: 2,
  icmpv6: 2,
  ether: 2,
  skuid: 1,
  skgid: 1,
  pkttype: 1,
  l4proto: 1,
  fib: 3,
  tcp: 2,
  udp: 2,
  sctp: 2,
  dccp: 2,
  th: 2,
  mark: 1,
  iifname: 1,
  oifname: 1,
  iif: 1,
  oif: 1,
};

/** How many words the selector has that begins so; 0 when none does. */
export const selectorLength = (first: string): number => (Object.hasOwn(LENGTHS, first) ? LENGTHS[first]! : 0);

export function selectorOf(words: readonly string[]): Selector | undefined {
  const text = words.join(" ");
  return BY_TEXT.get(Object.hasOwn(ALIASES, text) ? ALIASES[text]! : text);
}

/** Counters of `numgen inc`, by the selector. */
export function numgen(mode: "random" | "inc", modulus: number, offset: number): Selector {
  let turn = 0;
  const text = `numgen ${mode} mod ${modulus}${offset === 0 ? "" : ` offset ${offset}`}`;
  const read: Read =
    mode === "random" ? (_packet, on) => offset + on.random.int(0, modulus - 1) : () => offset + (turn++ % modulus);
  return make("integer", text, read, true);
}
