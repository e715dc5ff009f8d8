/** Packets in tcpdump's words (print-*.c of tcpdump 4.99). */
import { decode, type Gen } from "../../kernel/index.ts";
import { type DnsRecord, decodeDns, RCODES } from "../../network/dns.ts";
import { BROADCAST_MAC } from "../../network/frames.ts";
import { type Arp, type Decoded, decodeFrame, decodeIp, type Ip, innerFrame, u16, u32 } from "./decode.ts";

export interface PrintOptions {
  /** -v; 2 for -vv. */
  verbose: number;
  /** -n: no names for addresses. */
  numeric: boolean;
  /** -q. */
  quick: boolean;
  /** -S. */
  absolute: boolean;
  /** -e. */
  link: boolean;
  /** -x, -xx, -X, -XX or -A. */
  dump: "" | "x" | "xx" | "X" | "XX" | "A";
  port(port: number, protocol: "tcp" | "udp"): string;
}

const HTTP_PORTS = new Set([80, 8080, 3128]);
const FLAGS: readonly [number, string][] = [
  [1, "F"],
  [2, "S"],
  [4, "R"],
  [8, "P"],
  [16, "."],
  [32, "U"],
];

export class Printer {
  private readonly options: PrintOptions;
  private readonly names = new Map<string, string>();
  /** Initial sequence numbers of conversations, from the lower port's side. */
  private readonly conversations = new Map<string, { sequence: number; acknowledgment: number }>();

  constructor(options: PrintOptions) {
    this.options = options;
  }

  /** Finds names for a frame's addresses; without this they are printed as they are. */
  *learn({ ip, arp }: Decoded, nameOf: (address: string) => Gen<string>): Gen {
    const addresses = ip ? [ip.source, ip.destination] : arp ? [arp.target, arp.sender] : [];
    for (const address of addresses) {
      // Those to come print the address while one is being asked about: asking makes packets too.
      if (this.names.has(address)) continue;
      this.names.set(address, address);
      this.names.set(address, yield* nameOf(address));
    }
  }

  private host(address: string): string {
    return this.names.get(address) ?? address;
  }

  /** The text of a frame without its time, with the dump that follows it; no newline at the end. */
  print(frame: Decoded): string {
    const { ip, arp, etherType } = frame;
    const body = arp
      ? this.arp(arp)
      : ip === undefined
        ? `ethertype 0x${etherType.toString(16).padStart(4, "0")}`
        : this.ip(ip);
    return this.head(frame) + body + this.dump(frame);
  }

  /** @see print-arp.c */
  private arp({ operation, sender, senderMac, target, bytes }: Arp): string {
    const detail = this.options.verbose > 0 ? "Ethernet (len 6), IPv4 (len 4), " : "";
    const what =
      operation === 1
        ? `Request who-has ${this.host(target)} tell ${this.host(sender)}`
        : `Reply ${this.host(sender)} is-at ${senderMac}`;
    return `${detail}${what}, length ${bytes.length}`;
  }

  private head({ source, destination, frame, arp }: Decoded): string {
    if (!this.options.link) return arp ? "ARP, " : "IP ";
    if (arp) {
      const to = destination === BROADCAST_MAC && !this.options.numeric ? "Broadcast" : destination;
      return `${source} > ${to}, ethertype ARP (0x0806), length ${frame.length}: `;
    }
    return `${source} > ${destination}, ethertype IPv4 (0x0800), length ${frame.length}: `;
  }

  private dump({ frame, ip, arp }: Decoded): string {
    const { dump } = this.options;
    const packet = ip ?? arp;
    if (dump === "" || packet === undefined) return "";
    const bytes = dump === "xx" || dump === "XX" ? frame : packet.bytes;
    return dump === "A" ? `\n${ascii(bytes)}` : `\n${hex(bytes, dump.startsWith("X"))}`;
  }

  private ip(ip: Ip, quoted = false): string {
    const head = this.options.verbose > 0 ? `${ipHead(ip)}\n    ` : "";
    return head + this.transport(ip, quoted);
  }

  private transport(ip: Ip, quoted: boolean): string {
    const { port } = this.options;
    const host = (address: string) => this.host(address);
    if (ip.protocol === 1) return `${host(ip.source)} > ${host(ip.destination)}: ${this.icmp(ip)}`;
    const protocol = ip.protocol === 6 ? "tcp" : "udp";
    if (ip.protocol !== 6 && ip.protocol !== 17) {
      return `${host(ip.source)} > ${host(ip.destination)}:  ip-proto-${ip.protocol} ${ip.body.length}`;
    }
    const [from, to] = [u16(ip.body, 0), u16(ip.body, 2)];
    const ends = `${host(ip.source)}.${port(from, protocol)} > ${host(ip.destination)}.${port(to, protocol)}: `;
    return ends + (protocol === "tcp" ? this.tcp(ip, from, to) : this.udp(ip, from, to, quoted));
  }

  private tcp(ip: Ip, from: number, to: number): string {
    const { body } = ip;
    const { verbose, quick, absolute } = this.options;
    const head = (body[12]! >> 4) * 4;
    const length = body.length - head;
    if (quick) return `tcp ${length}`;
    const flags = body[13]!;
    let sequence = u32(body, 4);
    let acknowledgment = u32(body, 8);
    if (!absolute && (flags & 16) !== 0)
      [sequence, acknowledgment] = this.relative(ip, from, to, flags, sequence, acknowledgment);
    const names = FLAGS.filter(([bit]) => flags & bit).map(([, name]) => name);
    let out = `Flags [${names.join("") || "none"}]`;
    if (verbose > 0) out += `, cksum 0x${u16(body, 16).toString(16).padStart(4, "0")} (correct)`;
    if (verbose > 1 || length > 0 || (flags & 7) !== 0)
      out += `, seq ${sequence}${length > 0 ? `:${(sequence + length) >>> 0}` : ""}`;
    if (flags & 16) out += `, ack ${acknowledgment}`;
    out += `, win ${u16(body, 14)}`;
    if (head > 20) out += `, options [${tcpOptionsText(body.subarray(20, head))}]`;
    out += `, length ${length}`;
    if (length === 0 || flags & 4) return out;
    const payload = body.subarray(head);
    if (HTTP_PORTS.has(from) || HTTP_PORTS.has(to)) return out + httpText(payload, verbose > 0);
    if ((from === 53 || to === 53) && length > 2) return `${out} ${dnsText(payload.subarray(2), verbose)}`;
    return out;
  }

  /** Numbers counted from a conversation's beginning (print-tcp.c). */
  private relative(
    ip: Ip,
    from: number,
    to: number,
    flags: number,
    sequence: number,
    acknowledgment: number,
  ): [number, number] {
    const reversed = from > to || (from === to && ip.source > ip.destination);
    const key = reversed
      ? `${ip.destination}:${to} ${ip.source}:${from}`
      : `${ip.source}:${from} ${ip.destination}:${to}`;
    const known = this.conversations.get(key);
    if (known === undefined || flags & 2) {
      const first = (acknowledgment - 1) >>> 0;
      this.conversations.set(
        key,
        reversed ? { sequence: first, acknowledgment: sequence } : { sequence, acknowledgment: first },
      );
      return [sequence, acknowledgment];
    }
    const [own, other] = reversed ? [known.acknowledgment, known.sequence] : [known.sequence, known.acknowledgment];
    return [(sequence - own) >>> 0, (acknowledgment - other) >>> 0];
  }

  private udp(ip: Ip, from: number, to: number, quoted: boolean): string {
    const { verbose, quick } = this.options;
    const payload = ip.body.subarray(8);
    const length = u16(ip.body, 4) - 8;
    if (quick) return `UDP, length ${length}`;
    const sum = verbose > 1 ? "[udp sum ok] " : "";
    const inner = quoted ? undefined : innerFrame(ip);
    if (inner !== undefined) {
      const instance = u32(ip.body, 12) >>> 8;
      const frame = decodeFrame(inner);
      const text = frame.ip === undefined ? "" : this.head(frame) + this.ip(frame.ip);
      return `OTV, flags [I] (0x08), overlay 0, instance ${instance}\n${text}`;
    }
    if (length > 0 && (from === 53 || to === 53)) return `${sum}${dnsText(payload, verbose)}`;
    return `${sum}UDP, length ${length}`;
  }

  private icmp({ body }: Ip): string {
    const [type, code] = [body[0]!, body[1]!];
    const tail = `, length ${body.length}`;
    if (type === 8 || type === 0) {
      return `ICMP echo ${type === 8 ? "request" : "reply"}, id ${u16(body, 4)}, seq ${u16(body, 6)}${tail}`;
    }
    const quoted = decodeIp(body.subarray(8));
    const { port, verbose } = this.options;
    const inner = quoted && verbose > 0 ? `\n\tIP ${this.ip(quoted, true)}` : "";
    if (type === 11) return `ICMP time exceeded in-transit${tail}${inner}`;
    if (type !== 3 || quoted === undefined) return `ICMP type-#${type}${tail}`;
    const where = this.host(quoted.destination);
    if (code === 3) {
      const protocol = quoted.protocol === 6 ? "tcp" : "udp";
      return `ICMP ${where} ${protocol} port ${port(u16(quoted.body, 2), protocol)} unreachable${tail}${inner}`;
    }
    const words: Record<number, string> = {
      0: `net ${where} unreachable`,
      1: `host ${where} unreachable`,
      9: `host ${where} unreachable - admin prohibited`,
      10: `host ${where} unreachable - admin prohibited`,
      13: `host ${where} unreachable - admin prohibited filter`,
    };
    return `ICMP ${words[code] ?? `${where} unreachable - #${code}`}${tail}${inner}`;
  }
}

function ipHead({ tos, ttl, id, dontFragment, protocol, length }: Ip): string {
  const names: Record<number, string> = { 1: "ICMP", 6: "TCP", 17: "UDP" };
  const flags = dontFragment ? "DF" : "none";
  return `(tos 0x${tos.toString(16)}, ttl ${ttl}, id ${id}, offset 0, flags [${flags}], proto ${names[protocol] ?? "unknown"} (${protocol}), length ${length})`;
}

function tcpOptionsText(bytes: Uint8Array): string {
  const out: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at]!;
    if (kind === 0) {
      out.push("eol");
      break;
    }
    if (kind === 1) {
      out.push("nop");
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    if (length < 2) break;
    if (kind === 2) out.push(`mss ${u16(bytes, at + 2)}`);
    else if (kind === 3) out.push(`wscale ${bytes[at + 2]}`);
    else if (kind === 4) out.push("sackOK");
    else if (kind === 8) out.push(`TS val ${u32(bytes, at + 2)} ecr ${u32(bytes, at + 6)}`);
    else out.push(`unknown-${kind}`);
    at += length;
  }
  return out.join(",");
}

/** The first line of a message, all lines of its head with -v (print.c txtproto_print). */
function httpText(payload: Uint8Array, all: boolean): string {
  const text = decode(payload);
  const starts = /^(GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|CONNECT|TRACE|HTTP\/)/.test(text);
  if (!starts) return ": HTTP";
  const [first = ""] = text.split("\r\n", 1);
  if (!all) return `: HTTP: ${first}`;
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return `: HTTP, length: ${payload.length}\n${lines.map((line) => `\t${line}`).join("\n")}`;
}

/** print-domain.c: `4660+ A? name. (47)`, `4660* 1/0/0 A 10.201.0.1 (63)`. */
function dnsText(payload: Uint8Array, verbose: number): string {
  const message = decodeDns(payload);
  if (message === undefined) return `[|domain]`;
  const size = ` (${payload.length})`;
  const [question] = message.questions;
  const extra = (message.additionals?.length ?? 0) + (message.edns === undefined ? 0 : 1);
  const helping = [
    ...(message.additionals ?? []).map((record) => recordText(record, verbose).trimStart()),
    ...(message.edns === undefined
      ? []
      : [`. OPT UDPsize=${message.edns}${message.cookie ? ` [COOKIE ${message.cookie}]` : ""}`]),
  ];
  const beside = verbose > 1 && helping.length > 0 ? ` ar: ${helping.join(", ")}` : "";
  if (!message.response) {
    const more = extra > 0 ? ` [${extra}au]` : "";
    const asked = question ? `${more} ${question.type}? ${question.name}.` : "";
    return `${message.id}${message.recursionDesired ? "+" : ""}${asked}${beside}${size}`;
  }
  const codes: Record<string, string> = {
    SERVFAIL: " ServFail",
    NXDOMAIN: " NXDomain",
    REFUSED: " Refused",
    FORMERR: " FormErr",
    NOTIMP: " NotImp",
  };
  const code = RCODES.indexOf(message.rcode) > 0 ? (codes[message.rcode] ?? "") : "";
  const flags = `${message.authoritative ? "*" : ""}${message.recursionAvailable ? "" : "-"}`;
  const asked = verbose > 1 && question ? ` q: ${question.type}? ${question.name}.` : "";
  const counts = ` ${message.answers.length}/${message.authorities.length}/${extra}`;
  const records = message.answers.map((record) => recordText(record, verbose)).join(",");
  const owners =
    verbose > 1 && message.authorities.length > 0
      ? ` ns: ${message.authorities.map((record) => recordText(record, verbose).trimStart()).join(", ")}`
      : "";
  return `${message.id}${code}${flags}${asked}${counts}${records}${owners}${beside}${size}`;
}

function recordText({ name, type, ttl, data }: DnsRecord, verbose: number): string {
  const owner = verbose > 0 ? ` ${name}.${verbose > 2 ? ` [${duration(ttl)}]` : ""}` : "";
  if (type === "SRV") {
    const [priority, weight, port, target] = data.split(" ");
    return `${owner} SRV ${target}.:${port} ${priority} ${weight}`;
  }
  if (type === "SOA") {
    const [primary, mail, ...numbers] = data.split(" ");
    return `${owner} SOA${verbose > 0 ? ` ${primary}. ${mail}. ${numbers.join(" ")}` : ""}`;
  }
  const dotted = type === "CNAME" || type === "NS" || type === "PTR" ? "." : "";
  return type === "TXT" ? `${owner} TXT "${data}"` : `${owner} ${type} ${data}${dotted}`;
}

/** unsigned_relts_print: `30s`, `1m30s`. */
function duration(seconds: number): string {
  const units: [string, number][] = [
    ["w", 604_800],
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
    ["s", 1],
  ];
  if (seconds === 0) return "0s";
  let out = "";
  let rest = seconds;
  for (const [name, size] of units) {
    if (rest < size) continue;
    out += `${Math.floor(rest / size)}${name}`;
    rest %= size;
  }
  return out;
}

const graph = (byte: number): string => (byte > 32 && byte < 127 ? String.fromCharCode(byte) : ".");

/** ascii_print: the text as it stands, without the carriage returns at the ends of lines. */
function ascii(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === 13 && bytes[i + 1] === 10) continue;
    out += byte === 9 || byte === 32 || byte === 10 ? String.fromCharCode(byte) : graph(byte);
  }
  return out;
}

/** hex_print and hex_and_ascii_print. */
function hex(bytes: Uint8Array, withText: boolean): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    let text = "";
    for (let i = 0; i < row.length; i += 2) {
      text += ` ${row[i]!.toString(16).padStart(2, "0")}${i + 1 < row.length ? row[i + 1]!.toString(16).padStart(2, "0") : ""}`;
    }
    const head = `\t0x${at.toString(16).padStart(4, "0")}: ${text}`;
    lines.push(withText ? `${head}${" ".repeat(40 - text.length + 1)} ${[...row].map(graph).join("")}` : head);
  }
  return lines.join("\n");
}
