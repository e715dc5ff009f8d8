import type { RandomStream } from "../kernel/index.ts";
import type { IpSet } from "./ipset/set.ts";
import type { Credit } from "./rates.ts";

/** What a walk asks about a packet. Targets rewrite addresses, ports and mark as it goes. */
export interface Packet {
  /** IP protocol number: 1 icmp, 6 tcp, 17 udp. */
  protocol: number;
  /** Signed 32-bit numbers. */
  source: number;
  destination: number;
  sourcePort: number;
  destinationPort: number;
  /** Interface it came in by; empty when made here. */
  input: string;
  /** Interface it leaves by; empty when not known yet or when it ends here. */
  output: string;
  /** fwmark (skb->mark), an unsigned 32-bit number. */
  mark: number;
  /** Whole length in bytes, IP header included. */
  length: number;
  /** Bits of the TCP header: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32. */
  tcpFlags: number;
  icmpType: number;
  icmpCode: number;
  /** What conntrack knows of its connection. */
  state: "NEW" | "ESTABLISHED" | "RELATED" | "INVALID" | "UNTRACKED";
  /** Where its connection goes was decided before: the nat table is not asked, answered or not. */
  settled?: boolean;
  /** Destination or source was rewritten by the connection's first packet. */
  translated: number;
  /** What rules do with it is told to who listens (skb->nf_trace), under an id. */
  traced?: boolean;
  traceId?: string | undefined;
  /** Machines that it may still pass; 64 when not said. */
  ttl?: number;
}

/** `Packet.translated`: the ctstates DNAT and SNAT. */
export const SOURCE_TRANSLATED = 1;
export const DESTINATION_TRANSLATED = 2;

/** Kinds of an address for -m addrtype (linux/rtnetlink.h). */
export type AddressType = "UNSPEC" | "UNICAST" | "LOCAL" | "BROADCAST" | "MULTICAST" | "BLACKHOLE" | "UNREACHABLE";

/** What matches and targets may ask besides the packet. */
export interface Surroundings {
  /** µs of virtual time. */
  readonly now: number;
  /** Wall clock in ms. */
  readonly wallMs?: number;
  /** Open connections of addresses that are one under a mask, by source or destination. */
  connections?(address: number, mask: number, destination: boolean): number;
  readonly random: RandomStream;
  readonly sets: ReadonlyMap<string, IpSet>;
  addressType(address: number): AddressType;
  /** Source address for MASQUERADE on packets leaving by an interface. */
  addressOf(device: string): number;
  /** Times (µs) that a list of -m recent saw an address. */
  recent(list: string): Map<number, number[]>;
  /** Credits of the clients that a list of -m hashlimit knows: rules of one name share it. */
  credits(list: string): Map<string, Credit>;
  /** What a REJECT answers with, and other verdicts' details, for the caller of the walk. */
  rejectedWith: string;
  /** The packet is only thought of: nothing may remember it. */
  readonly traceless?: boolean;
  /** Lines of LOG targets. */
  log(line: string): void;
}
