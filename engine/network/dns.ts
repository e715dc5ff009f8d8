/** DNS messages in their wire format (RFC 1035), with name compression on reading. */
import { encode } from "../kernel/index.ts";

export const DNS_TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  HINFO: 13,
  SRV: 33,
  NAPTR: 35,
  DS: 43,
  RRSIG: 46,
  DNSKEY: 48,
  SVCB: 64,
  HTTPS: 65,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
} as const;
export type DnsType = keyof typeof DNS_TYPES;

/** The pseudo-record of EDNS0, and its option for cookies. */
const OPT = 41;
const COOKIE = 10;

export const RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"] as const;
export type Rcode = (typeof RCODES)[number];

/** Classes besides the Internet's, which is meant where none stands. */
export const DNS_CLASSES = { IN: 1, CH: 3, HS: 4, ANY: 255 } as const;
export type DnsClass = keyof typeof DNS_CLASSES;

/** The class that a word means: `ch`, `CHAOS`; undefined for other words (lib/dns/rdata.c dns_rdataclass_fromtext). */
export function classOf(word: string): DnsClass | undefined {
  const upper = word.toUpperCase();
  const name = upper === "CHAOS" ? "CH" : upper === "HESIOD" ? "HS" : upper;
  return name in DNS_CLASSES ? (name as DnsClass) : undefined;
}

export interface DnsQuestion {
  /** Without the final dot. */
  name: string;
  type: DnsType;
  class?: DnsClass;
}

/** A resource record. `data` is text: an address, a name, `priority weight port target` (SRV), SOA's seven words. */
export interface DnsRecord {
  name: string;
  type: DnsType;
  class?: DnsClass;
  /** Seconds. */
  ttl: number;
  data: string;
}

export interface DnsMessage {
  id: number;
  response: boolean;
  authoritative: boolean;
  recursionDesired: boolean;
  recursionAvailable: boolean;
  rcode: Rcode;
  questions: readonly DnsQuestion[];
  answers: readonly DnsRecord[];
  authorities: readonly DnsRecord[];
  /** What helps with the answers: addresses of the names in them. */
  additionals?: readonly DnsRecord[];
  /** Largest datagram that the sender takes (EDNS0), if it says so, and its cookie (RFC 7873) in hexadecimal. */
  edns?: number | undefined;
  cookie?: string | undefined;
}

/** A question as a resolver sends it. */
export function query(id: number, name: string, type: DnsType, ofClass: DnsClass = "IN"): DnsMessage {
  return {
    id,
    response: false,
    authoritative: false,
    recursionDesired: true,
    recursionAvailable: false,
    rcode: "NOERROR",
    questions: [{ name, type, ...(ofClass !== "IN" && { class: ofClass }) }],
    answers: [],
    authorities: [],
  };
}

/** An answer to a question. */
export function answer(
  to: DnsMessage,
  rcode: Rcode,
  answers: readonly DnsRecord[] = [],
  options: { authoritative?: boolean; authorities?: readonly DnsRecord[]; recursion?: boolean } = {},
): DnsMessage {
  return {
    ...to,
    response: true,
    authoritative: options.authoritative ?? false,
    recursionAvailable: options.recursion ?? true,
    rcode,
    answers,
    authorities: options.authorities ?? [],
  };
}

export function encodeDns(message: DnsMessage): Uint8Array {
  const out: number[] = [];
  const u16 = (n: number) => out.push((n >> 8) & 255, n & 255);
  const u32 = (n: number) => out.push((n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255);
  const name = (text: string) => writeName(out, text);
  u16(message.id);
  const flags =
    (message.response ? 0x8000 : 0) |
    (message.authoritative ? 0x0400 : 0) |
    (message.recursionDesired ? 0x0100 : 0) |
    (message.recursionAvailable ? 0x0080 : 0) |
    RCODES.indexOf(message.rcode);
  u16(flags);
  u16(message.questions.length);
  u16(message.answers.length);
  u16(message.authorities.length);
  const { additionals = [] } = message;
  u16(additionals.length + (message.edns === undefined ? 0 : 1));
  for (const question of message.questions) {
    name(question.name);
    u16(DNS_TYPES[question.type]);
    u16(DNS_CLASSES[question.class ?? "IN"]);
  }
  for (const record of [...message.answers, ...message.authorities, ...additionals]) {
    name(record.name);
    u16(DNS_TYPES[record.type]);
    u16(DNS_CLASSES[record.class ?? "IN"]);
    u32(record.ttl);
    const data = recordData(record);
    u16(data.length);
    out.push(...data);
  }
  if (message.edns !== undefined) {
    out.push(0);
    u16(OPT);
    u16(message.edns);
    u32(0);
    const cookie = (message.cookie?.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
    u16(cookie.length === 0 ? 0 : 4 + cookie.length);
    if (cookie.length > 0) {
      u16(COOKIE);
      u16(cookie.length);
      out.push(...cookie);
    }
  }
  return Uint8Array.from(out);
}

function writeName(out: number[], text: string): void {
  for (const label of text.replace(/\.$/, "").split(".")) {
    if (label === "") continue;
    const bytes = encode(label).subarray(0, 63);
    out.push(bytes.length, ...bytes);
  }
  out.push(0);
}

function recordData({ type, data }: DnsRecord): number[] {
  const out: number[] = [];
  const u16 = (n: number) => out.push((n >> 8) & 255, n & 255);
  const u32 = (n: number) => out.push((n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255);
  switch (type) {
    case "A":
      return data.split(".").map(Number);
    case "AAAA":
      return ipv6Bytes(data);
    case "SRV": {
      const [priority, weight, port, target] = data.split(" ");
      for (const n of [priority, weight, port]) u16(Number(n));
      writeName(out, target ?? "");
      return out;
    }
    case "MX": {
      const [preference, host] = data.split(" ");
      u16(Number(preference));
      writeName(out, host ?? "");
      return out;
    }
    case "SOA": {
      const [primary, mail, ...numbers] = data.split(" ");
      writeName(out, primary ?? "");
      writeName(out, mail ?? "");
      for (const n of numbers) u32(Number(n));
      return out;
    }
    case "HINFO":
      return [...data.matchAll(/"([^"]*)"/g)].length === 2
        ? [...data.matchAll(/"([^"]*)"/g)].flatMap(([, text]) => [text!.length, ...encode(text!)])
        : [0, 0];
    case "TXT": {
      const bytes = encode(data).subarray(0, 255);
      return [bytes.length, ...bytes];
    }
    default:
      writeName(out, data);
      return out;
  }
}

function ipv6Bytes(text: string): number[] {
  const [head = "", tail] = text.split("::");
  const words = (part: string) => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)));
  const front = words(head);
  const back = tail === undefined ? [] : words(tail);
  const middle = tail === undefined ? [] : new Array<number>(8 - front.length - back.length).fill(0);
  return [...front, ...middle, ...back].flatMap((word) => [word >> 8, word & 255]);
}

/** Reads a message; undefined when the bytes are none. */
export function decodeDns(bytes: Uint8Array): DnsMessage | undefined {
  if (bytes.length < 12) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 12;
  const flags = view.getUint16(2);
  const readName = (): string => {
    const [name, next] = nameAt(bytes, at);
    at = next;
    return name;
  };
  try {
    const questions: DnsQuestion[] = [];
    for (let i = view.getUint16(4); i > 0; i--) {
      const name = readName();
      questions.push({ name, type: typeName(view.getUint16(at)), ...classAt(view, at + 2) });
      at += 4;
    }
    const records = (count: number): DnsRecord[] => {
      const out: DnsRecord[] = [];
      for (let i = 0; i < count; i++) {
        const name = readName();
        const type = typeName(view.getUint16(at));
        const start = at + 2;
        const ttl = view.getUint32(at + 4);
        const length = view.getUint16(at + 8);
        at += 10;
        out.push({ name, type, ...classAt(view, start), ttl, data: dataText(bytes, view, type, at, length) });
        at += length;
      }
      return out;
    };
    const answers = records(view.getUint16(6));
    const authorities = records(view.getUint16(8));
    let more = view.getUint16(10);
    const additionals: DnsRecord[] = [];
    let extended: { edns: number; cookie?: string } | undefined;
    for (; more > 0; more--) {
      // An OPT's class is a size (RFC 6891).
      if (bytes[at] === 0 && view.getUint16(at + 1) === OPT) {
        const length = view.getUint16(at + 9);
        extended = { edns: view.getUint16(at + 3) };
        if (length > 4 && view.getUint16(at + 11) === COOKIE) {
          const value = bytes.subarray(at + 15, at + 15 + view.getUint16(at + 13));
          extended.cookie = [...value].map((byte) => byte.toString(16).padStart(2, "0")).join("");
        }
        at += 11 + length;
      } else additionals.push(...records(1));
    }
    return {
      id: view.getUint16(0),
      response: (flags & 0x8000) !== 0,
      authoritative: (flags & 0x0400) !== 0,
      recursionDesired: (flags & 0x0100) !== 0,
      recursionAvailable: (flags & 0x0080) !== 0,
      rcode: RCODES[flags & 15] ?? "SERVFAIL",
      questions,
      answers,
      authorities,
      ...(additionals.length > 0 ? { additionals } : {}),
      ...extended,
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function typeName(number: number): DnsType {
  for (const [name, own] of Object.entries(DNS_TYPES)) if (own === number) return name as DnsType;
  return "ANY";
}

function classAt(view: DataView, at: number): { class?: DnsClass } {
  const number = view.getUint16(at);
  for (const [name, own] of Object.entries(DNS_CLASSES))
    if (own === number && number !== 1) return { class: name as DnsClass };
  return {};
}

function nameAt(bytes: Uint8Array, start: number): [string, number] {
  const labels: string[] = [];
  let at = start;
  let end = -1;
  for (let hops = 0; hops < 128; hops++) {
    const length = bytes[at];
    if (length === undefined) throw new RangeError("dns");
    if (length === 0) return [labels.join("."), end < 0 ? at + 1 : end];
    if ((length & 0xc0) === 0xc0) {
      if (end < 0) end = at + 2;
      at = ((length & 0x3f) << 8) | (bytes[at + 1] ?? 0);
      continue;
    }
    labels.push(String.fromCharCode(...bytes.subarray(at + 1, at + 1 + length)));
    at += length + 1;
  }
  throw new RangeError("dns");
}

function dataText(bytes: Uint8Array, view: DataView, type: DnsType, at: number, length: number): string {
  switch (type) {
    case "A":
      return [...bytes.subarray(at, at + 4)].join(".");
    case "AAAA":
      return ipv6Text(view, at);
    case "SRV":
      return `${view.getUint16(at)} ${view.getUint16(at + 2)} ${view.getUint16(at + 4)} ${nameAt(bytes, at + 6)[0]}`;
    case "MX":
      return `${view.getUint16(at)} ${nameAt(bytes, at + 2)[0]}`;
    case "SOA": {
      const [primary, next] = nameAt(bytes, at);
      const [mail, rest] = nameAt(bytes, next);
      const numbers = [0, 4, 8, 12, 16].map((step) => view.getUint32(rest + step));
      return `${primary} ${mail} ${numbers.join(" ")}`;
    }
    case "HINFO": {
      const text = (from: number) => String.fromCharCode(...bytes.subarray(from + 1, from + 1 + bytes[from]!));
      return `"${text(at)}" "${text(at + 1 + bytes[at]!)}"`;
    }
    case "TXT":
      return String.fromCharCode(...bytes.subarray(at + 1, at + length));
    default:
      return nameAt(bytes, at)[0];
  }
}

function ipv6Text(view: DataView, at: number): string {
  const words = Array.from({ length: 8 }, (_, i) => view.getUint16(at + 2 * i).toString(16));
  return words.join(":").replace(/(^|:)0(:0)+(:|$)/, "::");
}

/** Whether a text is an IPv6 address, as far as the tools care. */
export function isIpv6(text: string): boolean {
  return /^[0-9a-f:]*:[0-9a-f:.]*$/i.test(text);
}

/** Name under which an address is asked for with PTR: `4.3.2.1.in-addr.arpa`, or of 32 digits in ip6.arpa. */
export function reverseName(address: string): string {
  if (!isIpv6(address)) return `${address.split(".").reverse().join(".")}.in-addr.arpa`;
  const digits = ipv6Bytes(address).map((byte) => byte.toString(16).padStart(2, "0"));
  return `${[...digits.join("")].reverse().join(".")}.ip6.arpa`;
}
