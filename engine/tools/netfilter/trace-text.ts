import type { Process } from "../../machine/process.ts";
import { formatAddress, type Packet } from "../../netfilter/index.ts";
import { macToward } from "../../network/index.ts";

const SYN = 2;

/** Hardware addresses of sender and receiver of a packet that came in by a device with such. */
export function macsOf(p: Process, packet: Readonly<Packet>): { from: string; to: string } | undefined {
  const { input } = packet;
  const own = p.ns.net.interfaces.get(input)?.mac;
  if (own === undefined || input === "" || input === "lo") return undefined;
  const from = macToward(p.machine.network, p.ns.net, formatAddress(packet.source), input);
  return { from: from ?? "00:00:00:00:00:00", to: own };
}

/** The number that IP has for a packet: any will do that is the same on all of its way. */
export const ipId = (id: string): number => Number.parseInt(id.slice(0, 4), 16);

/** Window of a SYN: whole segments of 64 KiB less one. */
export function windowOf(p: Process, { input, output }: Readonly<Packet>): number {
  const mtu = p.ns.net.interfaces.get(input || output)?.mtu ?? 1500;
  const segment = Math.min(mtu, 65_535) - 40;
  return Math.floor(65_535 / segment) * segment;
}

/** `PACKET: 2 33f7cd05 OUT=lo SRC=127.0.0.1 …`, as xtables-monitor has it (trace_print_packet of xtables-monitor.c). */
export function packetWords(p: Process, packet: Readonly<Packet>, id: string): string {
  const { input, output, protocol, mark } = packet;
  const out: string[] = [];
  if (input !== "") out.push(`IN=${input}`);
  if (output !== "") out.push(`OUT=${output}`);
  const macs = macsOf(p, packet);
  const short = (mac: string) =>
    mac
      .split(":")
      .map((byte) => Number.parseInt(byte, 16).toString(16))
      .join(":");
  if (input === "lo") out.push("LOOPBACK");
  else if (macs) out.push(`MACSRC=${short(macs.from)}`, `MACDST=${short(macs.to)}`, "MACPROTO=0800");
  out.push(`SRC=${formatAddress(packet.source)}`, `DST=${formatAddress(packet.destination)}`, `LEN=${packet.length}`);
  out.push("TOS=0x0", `TTL=${packet.ttl ?? 64}`, `ID=${ipId(id)}`, "DF");
  if (protocol === 6 || protocol === 17) out.push(`SPORT=${packet.sourcePort}`, `DPORT=${packet.destinationPort}`);
  if (protocol === 6 && packet.tcpFlags & SYN) out.push("SYN");
  if (mark !== 0) out.push(`MARK=0x${mark.toString(16)}`);
  return `${out.join(" ")} `;
}

/** The same in nft's words: `iif "v0" ether saddr … ip saddr … tcp dport 80 …` (trace_print_packet of src/netlink.c). */
export function packetExpressions(p: Process, packet: Readonly<Packet>, id: string): string {
  const { input, output, protocol, sourcePort: from, destinationPort: to } = packet;
  const out: string[] = [];
  if (input !== "") out.push(`iif "${input}"`);
  if (output !== "") out.push(`oif "${output}"`);
  const macs = macsOf(p, packet);
  if (macs) out.push(`ether saddr ${macs.from} ether daddr ${macs.to}`);
  out.push(`ip saddr ${formatAddress(packet.source)} ip daddr ${formatAddress(packet.destination)}`);
  out.push(`ip dscp cs0 ip ecn not-ect ip ttl ${packet.ttl ?? 64} ip id ${ipId(id)} ip length ${packet.length}`);
  if (protocol === 6) out.push(`tcp sport ${from} tcp dport ${to} tcp flags == syn tcp window ${windowOf(p, packet)}`);
  else if (protocol === 17) out.push(`udp sport ${from} udp dport ${to} udp length ${packet.length - 20}`);
  else if (protocol === 1) out.push("icmp type echo-request icmp code 0 icmp id 1 icmp sequence 1");
  return `${out.join(" ")} `;
}
