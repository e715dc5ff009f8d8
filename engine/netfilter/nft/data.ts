import { formatAddress, parseAddress } from "../address.ts";
import { servicePort } from "../services.ts";
import type { DataType, Datum, Interval } from "./model.ts";

/** Values of nft's data types: read, shown, ordered (src/datatype.c, src/proto.c). */

const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  dccp: 33,
  esp: 50,
  ah: 51,
  sctp: 132,
  "ipv6-icmp": 58,
  udplite: 136,
};
export const STATES: Readonly<Record<string, number>> = {
  invalid: 1,
  established: 2,
  related: 4,
  new: 8,
  untracked: 64,
};
const ADDRESS_TYPES: Readonly<Record<string, number>> = {
  unspec: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
};
const ICMP_TYPES: Readonly<Record<string, number>> = {
  "echo-reply": 0,
  "destination-unreachable": 3,
  "source-quench": 4,
  redirect: 5,
  "echo-request": 8,
  "time-exceeded": 11,
  "parameter-problem": 12,
};

/** Bits of the TCP header's flags. */
const TCP_FLAGS = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 };
const CT_STATUS = {
  expected: 1,
  "seen-reply": 2,
  assured: 4,
  confirmed: 8,
  snat: 16,
  dnat: 32,
  dying: 512,
};
const DSCP = {
  cs0: 0,
  cs1: 8,
  cs2: 16,
  cs3: 24,
  cs4: 32,
  cs5: 40,
  cs6: 48,
  cs7: 56,
  af11: 10,
  af12: 12,
  af13: 14,
  af21: 18,
  af22: 20,
  af23: 22,
  af31: 26,
  af32: 28,
  af33: 30,
  af41: 34,
  af42: 36,
  af43: 38,
  ef: 46,
};
const ICMPV6_TYPES = {
  "destination-unreachable": 1,
  "packet-too-big": 2,
  "time-exceeded": 3,
  "parameter-problem": 4,
  "echo-request": 128,
  "echo-reply": 129,
  "nd-router-solicit": 133,
  "nd-router-advert": 134,
  "nd-neighbor-solicit": 135,
  "nd-neighbor-advert": 136,
};

/** Types whose values are bits, each with a name. */
export const BITS: ReadonlySet<DataType> = new Set(["ct_state", "tcp_flag", "ct_status"]);
/** Types whose values are kept as they are written. */
const TEXTS: ReadonlySet<DataType> = new Set(["ifname", "ipv6_addr", "ether_addr"]);

const NAMES: Partial<Record<DataType, Readonly<Record<string, number>>>> = {
  inet_proto: PROTOCOLS,
  ct_state: STATES,
  fib_addrtype: ADDRESS_TYPES,
  icmp_type: ICMP_TYPES,
  icmpv6_type: ICMPV6_TYPES,
  tcp_flag: TCP_FLAGS,
  ct_status: CT_STATUS,
  ct_dir: { original: 0, reply: 1 },
  nf_proto: { ipv4: 2, ipv6: 10 },
  pkt_type: { host: 0, unicast: 0, broadcast: 1, multicast: 2, other: 3 },
  dscp: DSCP,
};
const LARGEST: Partial<Record<DataType, number>> = { inet_proto: 255, inet_service: 65_535, icmp_type: 255 };

/** A value that does not fit its type, in nft's words. */
export class BadValue extends Error {}

/** Reads one value, range or prefix. Throws BadValue. */
export function readInterval(type: DataType, text: string): Interval {
  if (TEXTS.has(type)) {
    const name = text.replace(/^"(.*)"$/, "$1");
    return { first: name, last: name };
  }
  const slash = text.indexOf("/");
  if (type === "ipv4_addr" && slash >= 0) {
    const bits = Number(text.slice(slash + 1));
    if (bits > 32) throw new BadValue(`Prefix length ${bits} is invalid for type of 32 bits width`);
    const size = 2 ** (32 - bits);
    const first = Math.floor((readDatum(type, text.slice(0, slash)) as number) / size) * size;
    return { first, last: first + size - 1 };
  }
  const dash = text.indexOf("-", 1);
  if (dash >= 0 && NAMES[type]?.[text] === undefined && /^[\d.]/.test(text)) {
    const first = readDatum(type, text.slice(0, dash));
    const last = readDatum(type, text.slice(dash + 1));
    if (last < first) throw new BadValue("Range has zero or negative size");
    return { first, last };
  }
  const value = readDatum(type, text);
  return { first: value, last: value };
}

function readDatum(type: DataType, text: string): Datum {
  if (type === "ipv4_addr") {
    const address = /^\d+\.\d+\.\d+\.\d+$/.test(text) ? parseAddress(text) : undefined;
    if (address === undefined) throw new BadValue("Could not resolve hostname: Name or service not known");
    return address >>> 0;
  }
  const named = NAMES[type]?.[type === "inet_proto" && text === "icmpv6" ? "ipv6-icmp" : text];
  if (named !== undefined) return named;
  if (/^(0x[0-9a-f]+|\d+)$/i.test(text)) {
    const value = Number(text);
    if (value > (LARGEST[type] ?? 0xffff_ffff))
      throw new BadValue(type === "inet_service" ? "Service out of range" : "Value exceeds valid range");
    return value;
  }
  if (type === "inet_service") {
    const port = servicePort(text);
    if (port !== undefined) return port;
    throw new BadValue("Could not resolve service: Servname not supported for ai_socktype");
  }
  if (type === "inet_proto") throw new BadValue("Could not resolve protocol name");
  throw new BadValue(`Could not parse ${type.replace("_", " ")} value`);
}

/** @param numeric  `nft -n`: no names */
export function showInterval(type: DataType, { first, last }: Interval, numeric = false): string {
  if (first === last) return showDatum(type, first, numeric);
  if (type === "ipv4_addr") {
    const size = (last as number) - (first as number) + 1;
    const bits = 32 - Math.round(logarithm(size));
    if (size === 2 ** (32 - bits) && (first as number) % size === 0) return `${showDatum(type, first)}/${bits}`;
  }
  return `${showDatum(type, first, numeric)}-${showDatum(type, last, numeric)}`;
}

/** log2 of a whole number, rounded down. */
function logarithm(n: number): number {
  let bits = 0;
  for (let left = n; left > 1; left = Math.floor(left / 2)) bits++;
  return bits;
}

export function showDatum(type: DataType, value: Datum, numeric = false): string {
  if (typeof value === "string") return type === "ifname" ? `"${value}"` : value;
  if (type === "ipv4_addr") return formatAddress(value | 0);
  if (type === "mark") return hex(value);
  const name = Object.entries(NAMES[type] ?? {}).find(([, number]) => number === value)?.[0];
  if (!numeric && name !== undefined) return name;
  return type === "ct_state" ? `0x${value.toString(16)}` : String(value);
}

export const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, "0")}`;

/** `established,related`: names of the bits, in their order. */
export function showBits(type: DataType, bits: number, numeric = false, between = ","): string {
  const set = Object.values(NAMES[type] ?? {}).filter((bit) => (bits & bit) !== 0);
  return set.map((bit) => showDatum(type, bit, numeric)).join(between);
}

/** Bytes of a key as the kernel keeps it: each part padded to four. */
function bytesOf(type: DataType, value: Datum): number[] {
  if (typeof value === "string") {
    const bytes = [...value].map((char) => char.charCodeAt(0));
    return [...bytes, ...new Array<number>(Math.max(0, 16 - bytes.length)).fill(0)];
  }
  const big = [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
  switch (type) {
    case "ipv4_addr":
      return big;
    case "inet_service":
      return [big[2]!, big[3]!, 0, 0];
    case "inet_proto":
    case "icmp_type":
      return [big[3]!, 0, 0, 0];
    default:
      return big.reverse();
  }
}

/**
 * The order of elements in a listing. nft compares keys as numbers: those of one part in their own byte order, those of
 * several, and names, in the host's, in which the last byte counts most (src/mergesort.c).
 */
export function byKey(types: readonly DataType[]): (a: readonly Interval[], b: readonly Interval[]) => number {
  if (types.length === 1 && types[0] !== "ifname") return (a, b) => (a[0]!.first as number) - (b[0]!.first as number);
  const bytes = (key: readonly Interval[]) => key.flatMap(({ first }, i) => bytesOf(types[i]!, first));
  return (a, b) => {
    const [x, y] = [bytes(a), bytes(b)];
    for (let i = x.length - 1; i >= 0; i--) if (x[i] !== y[i]) return x[i]! - y[i]!;
    return 0;
  };
}

/** `3h`, `9m59s996ms`: µs as nft shows times. */
export function showTime(us: number): string {
  let left = Math.floor(us / 1000);
  let out = "";
  for (const [unit, size] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
    ["ms", 1],
  ] as const) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) out += `${count}${unit}`;
  }
  return out === "" ? "0s" : out;
}

/** µs of `1d2h`, `30s`, `100ms` or plain seconds; undefined for anything else. */
export function readTime(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1_000_000;
  if (!/^(\d+(ms|[dhms]))+$/.test(text)) return undefined;
  const units: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1, ms: 0.001 };
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[dhms])/g)) sum += Number(count) * units[unit!]!;
  return Math.round(sum * 1_000_000);
}
