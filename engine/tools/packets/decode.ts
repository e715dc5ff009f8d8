/** Ethernet frames back into what they say. */
import { VXLAN_PORT } from "../../network/frames.ts";

export interface Ip {
  tos: number;
  id: number;
  ttl: number;
  dontFragment: boolean;
  protocol: number;
  length: number;
  source: string;
  destination: string;
  /** The whole packet, and what it carries. */
  bytes: Uint8Array;
  body: Uint8Array;
  checksum: number;
}

export interface Decoded {
  source: string;
  destination: string;
  etherType: number;
  frame: Uint8Array;
  ip: Ip | undefined;
  arp: Arp | undefined;
}

/** A question for an address, or its answer. */
export interface Arp {
  operation: number;
  senderMac: string;
  sender: string;
  targetMac: string;
  target: string;
  bytes: Uint8Array;
}

export const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
export const u32 = (bytes: Uint8Array, at: number): number => (u16(bytes, at) * 65_536 + u16(bytes, at + 2)) >>> 0;

export const macText = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");

/** A frame of Ethernet. */
export function decodeFrame(frame: Uint8Array): Decoded {
  const etherType = u16(frame, 12);
  return {
    destination: macText(frame.subarray(0, 6)),
    source: macText(frame.subarray(6, 12)),
    etherType,
    frame,
    ip: etherType === 0x800 ? decodeIp(frame.subarray(14)) : undefined,
    arp: etherType === 0x806 ? decodeArp(frame.subarray(14)) : undefined,
  };
}

/** ARP for IPv4 over Ethernet; undefined when it is something else. */
function decodeArp(bytes: Uint8Array): Arp | undefined {
  if (bytes.length < 28 || u16(bytes, 2) !== 0x800 || bytes[4] !== 6 || bytes[5] !== 4) return undefined;
  return {
    operation: u16(bytes, 6),
    senderMac: macText(bytes.subarray(8, 14)),
    sender: [...bytes.subarray(14, 18)].join("."),
    targetMac: macText(bytes.subarray(18, 24)),
    target: [...bytes.subarray(24, 28)].join("."),
    bytes,
  };
}

/** An IPv4 packet; undefined when the bytes are none. */
export function decodeIp(bytes: Uint8Array): Ip | undefined {
  if (bytes.length < 20 || bytes[0]! >> 4 !== 4) return undefined;
  const head = (bytes[0]! & 15) * 4;
  const length = u16(bytes, 2);
  return {
    tos: bytes[1]!,
    id: u16(bytes, 4),
    ttl: bytes[8]!,
    dontFragment: (bytes[6]! & 0x40) !== 0,
    protocol: bytes[9]!,
    length,
    source: [...bytes.subarray(12, 16)].join("."),
    destination: [...bytes.subarray(16, 20)].join("."),
    bytes: bytes.subarray(0, length),
    body: bytes.subarray(head, length),
    checksum: u16(bytes, 10),
  };
}

/** The frame within a VXLAN datagram. */
export function innerFrame(ip: Ip): Uint8Array | undefined {
  if (ip.protocol !== 17 || u16(ip.body, 2) !== VXLAN_PORT || ip.body.length < 30) return undefined;
  return ip.body.subarray(16);
}
