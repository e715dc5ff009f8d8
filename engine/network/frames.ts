/** Packets as bytes: Ethernet, IPv4, TCP, UDP, ICMP and VXLAN (RFC 791, 768, 792, 9293, 7348), checksums included. */
import { concat } from "../kernel/index.ts";

export interface TcpSegment {
  kind: "tcp";
  sourcePort: number;
  destinationPort: number;
  sequence: number;
  acknowledgment: number;
  /** Bits of RFC 9293: FIN 1, SYN 2, RST 4, PSH 8, ACK 16. */
  flags: number;
  window: number;
  options: Uint8Array;
  payload: Uint8Array;
}

export interface UdpDatagram {
  kind: "udp";
  sourcePort: number;
  destinationPort: number;
  payload: Uint8Array;
}

export interface IcmpMessage {
  kind: "icmp";
  type: number;
  code: number;
  /** The four bytes after the checksum. */
  rest: number;
  payload: Uint8Array;
}

export type Transport = TcpSegment | UdpDatagram | IcmpMessage;

export const TCP = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16 } as const;
/** The port of Linux' VXLAN devices, flannel's among them. */
export const VXLAN_PORT = 8472;

const PROTOCOLS = { icmp: 1, tcp: 6, udp: 17 } as const;

const u16 = (value: number): [number, number] => [(value >> 8) & 255, value & 255];
const u32 = (value: number): [number, number, number, number] => [
  (value >>> 24) & 255,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];

export const addressBytes = (address: string): number[] => address.split(".").map(Number);
const macBytes = (mac: string): number[] => mac.split(":").map((part) => Number.parseInt(part, 16));

/** One's complement sum of 16-bit words (RFC 1071). */
function checksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const bytes of parts) {
    for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Options of a SYN as Linux sends them, or of any other segment: timestamps in ms. */
export function tcpOptions(stamp: number, echo: number, mss?: number): Uint8Array {
  const times = [8, 10, ...u32(stamp), ...u32(echo)];
  if (mss === undefined) return Uint8Array.from([1, 1, ...times]);
  return Uint8Array.from([2, 4, ...u16(mss), 4, 2, ...times, 1, 3, 3, 7]);
}

function transportBytes(transport: Transport, source: string, destination: string): Uint8Array {
  if (transport.kind === "icmp") {
    const { type, code, rest, payload } = transport;
    const out = Uint8Array.from([type, code, 0, 0, ...u32(rest), ...payload]);
    out.set(u16(checksum(out)), 2);
    return out;
  }
  const { sourcePort, destinationPort, payload } = transport;
  const ports = [...u16(sourcePort), ...u16(destinationPort)];
  let head: number[];
  if (transport.kind === "udp") head = [...ports, ...u16(8 + payload.length), 0, 0];
  else {
    const { sequence, acknowledgment, flags, window, options } = transport;
    const offset = (5 + options.length / 4) << 4;
    head = [...ports, ...u32(sequence), ...u32(acknowledgment), offset, flags, ...u16(window), 0, 0, 0, 0, ...options];
  }
  const out = concat([Uint8Array.from(head), payload]);
  const number = PROTOCOLS[transport.kind];
  const pseudo = Uint8Array.from([
    ...addressBytes(source),
    ...addressBytes(destination),
    0,
    number,
    ...u16(out.length),
  ]);
  const sum = checksum(pseudo, out);
  out.set(u16(sum === 0 && transport.kind === "udp" ? 0xffff : sum), transport.kind === "udp" ? 6 : 16);
  return out;
}

/** An IPv4 packet. `fragment`: whether it may be taken apart (TCP's may not). */
export function packetBytes(
  transport: Transport,
  ip: { source: string; destination: string; id: number; ttl: number; fragment: boolean },
): Uint8Array {
  const body = transportBytes(transport, ip.source, ip.destination);
  const head = Uint8Array.from([
    0x45,
    0,
    ...u16(20 + body.length),
    ...u16(ip.id),
    ip.fragment ? 0 : 0x40,
    0,
    ip.ttl,
    PROTOCOLS[transport.kind],
    0,
    0,
    ...addressBytes(ip.source),
    ...addressBytes(ip.destination),
  ]);
  head.set(u16(checksum(head)), 10);
  return concat([head, body]);
}

export function ethernet(source: string, destination: string, packet: Uint8Array, type = 0x0800): Uint8Array {
  return concat([Uint8Array.from([...macBytes(destination), ...macBytes(source), ...u16(type)]), packet]);
}

export const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff";
const ARP = 0x0806;

/** ARP for IPv4 over Ethernet (RFC 826). @param operation  1: a request, 2: a reply; `receiver`: whom the frame is for */
export function arpFrame(
  operation: 1 | 2,
  senderMac: string,
  sender: string,
  targetMac: string,
  target: string,
  receiver: string,
): Uint8Array {
  const body = [
    ...[0, 1, 8, 0, 6, 4],
    ...u16(operation),
    ...macBytes(senderMac),
    ...addressBytes(sender),
    ...macBytes(targetMac),
    ...addressBytes(target),
  ];
  return ethernet(senderMac, receiver, Uint8Array.from(body), ARP);
}

/** A frame within a datagram of the machines' own network (VXLAN network 1). */
export function encapsulated(inner: Uint8Array, sourcePort: number): UdpDatagram {
  const payload = concat([Uint8Array.from([8, 0, 0, 0, 0, 0, 1, 0]), inner]);
  return { kind: "udp", sourcePort, destinationPort: VXLAN_PORT, payload };
}
