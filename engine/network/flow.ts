import { encodeBody } from "../api/encode.ts";
import type { HttpBody, HttpRequest, HttpResponse } from "../api/http.ts";
import { concat, encode, MS } from "../kernel/index.ts";
import { show, type Wire } from "./capture.ts";
import type { NetErrorCode } from "./error.ts";
import { packetBytes, TCP, type Transport, tcpOptions } from "./frames.ts";
import type { Network } from "./network.ts";
import type { Protocol } from "./path.ts";
import { reasonOf } from "./reason.ts";

/** Header bytes besides the payload of a segment: what an MTU leaves is the MSS. */
const HEADERS = 40;
/** TCP option bytes of an ordinary segment. */
const STAMPS = 12;
const EMPTY = new Uint8Array(0);
/** TLS 1.3: what a handshake takes on each side, and what a record adds. */
const CLIENT_HELLO = 517;
const SERVER_HELLO = 1_229;
const CLIENT_FINISHED = 80;
const RECORD = 22;
/** ICMP code of what a machine says instead of a connection, by the error that it comes to. */
const UNREACHABLE: Partial<Record<NetErrorCode, number>> = { ENETUNREACH: 0, EHOSTUNREACH: 10, ECONNREFUSED: 3 };

/** The packets of one connection, for those who listen: made only while somebody does. */
export class Flow {
  readonly port: number;
  private readonly network: Network;
  /** Where its packets go: a SYN that is sent again may find another way. */
  wires: readonly Wire[];
  private readonly protocol: Protocol;
  private readonly mss: number;
  /** What the client's sequence numbers begin with. */
  private readonly start: number;
  /** Next sequence number of client and server. */
  private readonly next: [number, number];
  private readonly stampBase: [number, number];
  private id: number;
  private greeted = false;
  private readonly closed: [boolean, boolean] = [false, false];

  constructor(network: Network, wires: readonly Wire[], protocol: Protocol, port: number) {
    this.network = network;
    this.wires = wires;
    this.protocol = protocol;
    this.port = port;
    const random = network.kernel.random("capture");
    this.next = [random.uint32(), random.uint32()];
    this.start = this.next[0];
    this.stampBase = [random.uint32(), random.uint32()];
    this.id = random.int(1, 60_000);
    const [first] = wires;
    const mtu = first?.ns.interfaces.get(first.device)?.mtu ?? 1500;
    this.mss = Math.min(mtu, 65_535) - HEADERS;
  }

  private stamp(side: 0 | 1): number {
    return (this.stampBase[side] + Math.floor(this.network.kernel.now / MS)) >>> 0;
  }

  /** The window that Linux tells, without and with its scale of 2^7. */
  private window(flags: number, side: 0 | 1): number {
    // Whole segments of 64 KiB less one; the server counts their timestamps.
    const size = side === 0 ? this.mss : this.mss - STAMPS;
    const whole = Math.floor(65_535 / size) * size;
    if (flags & TCP.RST) return 0;
    return flags & TCP.SYN ? Math.min(whole, 65_535) : Math.ceil(whole / 128);
  }

  private segment(side: 0 | 1, flags: number, payload: Uint8Array = EMPTY, last?: number): void {
    const { wires, port } = this;
    const sequence = this.next[side];
    const reset = (flags & TCP.RST) !== 0;
    const acknowledgment = flags & TCP.ACK ? this.next[(1 - side) as 0 | 1] : 0;
    const echo = flags & TCP.ACK ? this.stamp((1 - side) as 0 | 1) : 0;
    const options = reset ? EMPTY : tcpOptions(this.stamp(side), echo, flags & TCP.SYN ? this.mss : undefined);
    const window = this.window(flags, side);
    const id = reset || flags === (TCP.SYN | TCP.ACK) ? 0 : (this.id = (this.id + 1) & 0xffff);
    const make = ({ port: server }: { port: number }): Transport => ({
      kind: "tcp",
      sourcePort: side === 0 ? port : server,
      destinationPort: side === 0 ? server : port,
      sequence: reset ? 0 : sequence,
      acknowledgment,
      flags,
      window,
      options,
      payload,
    });
    show(this.network, wires, side === 1, id, make, last === undefined ? {} : { last });
    this.next[side] = (sequence + payload.length + (flags & (TCP.SYN | TCP.FIN) ? 1 : 0)) >>> 0;
  }

  private datagram(side: 0 | 1, payload: Uint8Array, last?: number): void {
    const { port } = this;
    const make = ({ port: server }: { port: number }): Transport => ({
      kind: "udp",
      sourcePort: side === 0 ? port : server,
      destinationPort: side === 0 ? server : port,
      payload,
    });
    this.id = (this.id + 1) & 0xffff;
    show(this.network, this.wires, side === 1, this.id, make, last === undefined ? {} : { last });
  }

  /** The first packet, perhaps not for the first time: a SYN, or the datagram itself. `last`: it gets no further than that many devices. */
  ask(payload: Uint8Array = EMPTY, last?: number): void {
    if (this.protocol === "udp") this.datagram(0, payload, last);
    else {
      // Perhaps again, as nobody has answered the one before.
      this.next[0] = this.start;
      this.segment(0, TCP.SYN, EMPTY, last);
    }
  }

  /** A machine on the way, or nobody at its end, says no. */
  refused(code: NetErrorCode, payload: Uint8Array = EMPTY, own = false): void {
    const { wires, network, port } = this;
    const last = wires.at(-1);
    const original = this.start;
    if (!own) this.ask(payload);
    if (last === undefined) return;
    if (this.protocol === "tcp" && (own || code === "ECONNRESET")) {
      this.segment(1, TCP.RST | TCP.ACK);
      return;
    }
    const { source, destination, port: server } = last;
    const asked: Transport =
      this.protocol === "tcp"
        ? {
            kind: "tcp",
            sourcePort: port,
            destinationPort: server,
            sequence: original,
            acknowledgment: 0,
            flags: TCP.SYN,
            window: this.window(TCP.SYN, 0),
            options: tcpOptions(this.stamp(0), 0, this.mss),
            payload: EMPTY,
          }
        : { kind: "udp", sourcePort: port, destinationPort: server, payload };
    const quoted = packetBytes(asked, { source, destination, id: this.id, ttl: 64, fragment: this.protocol !== "tcp" });
    const refuser = own ? destination : addressOf(last);
    const make = (): Transport => ({
      kind: "icmp",
      type: 3,
      code: UNREACHABLE[code] ?? 3,
      rest: 0,
      payload: quoted.subarray(0, 548),
    });
    show(network, wires, true, network.kernel.random("capture").int(1, 65_535), make, { source: refuser });
  }

  /** SYN-ACK and ACK. */
  established(): void {
    if (this.protocol !== "tcp") return;
    this.segment(1, TCP.SYN | TCP.ACK);
    this.segment(0, TCP.ACK);
  }

  /** Bytes of one side in segments, each acknowledged by the other. */
  data(side: 0 | 1, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const most = this.mss - STAMPS;
    for (let at = 0; at < bytes.length; at += most) {
      const whole = at + most >= bytes.length;
      this.segment(side, whole ? TCP.PSH | TCP.ACK : TCP.ACK, bytes.subarray(at, at + most));
    }
    this.segment((1 - side) as 0 | 1, TCP.ACK);
  }

  answered(payload: Uint8Array): void {
    this.datagram(1, payload);
  }

  request(request: HttpRequest, tls: boolean): void {
    if (tls && !this.greeted) {
      this.data(0, opaque(CLIENT_HELLO));
      this.data(1, opaque(SERVER_HELLO));
      this.data(0, opaque(CLIENT_FINISHED));
    }
    this.greeted = true;
    const { method, path, headers, body } = request;
    this.message(0, `${method} ${path} HTTP/1.1`, headers, body, tls);
  }

  response(answer: HttpResponse, tls: boolean): void {
    const { status, headers, body } = answer;
    this.message(1, `HTTP/1.1 ${status} ${reasonOf(answer)}`, headers, body, tls);
  }

  private message(
    side: 0 | 1,
    line: string,
    headers: Readonly<Record<string, string>>,
    body: HttpBody | undefined,
    tls: boolean,
  ): void {
    const fields = Object.entries(headers).map(([name, value]) => `${headerName(name)}: ${value}\r\n`);
    const head = encode(`${line}\r\n${fields.join("")}\r\n`);
    const content = body?.type === "bytes" ? body.bytes : body?.type === "object" ? encode(encodeBody(body)) : EMPTY;
    this.data(side, tls ? opaque(head.length + content.length + RECORD) : concat([head, content]));
  }

  /** One side has no more to say; once both have, the connection is over. */
  finish(side: 0 | 1): void {
    if (this.protocol !== "tcp" || this.closed[side]) return;
    this.closed[side] = true;
    this.segment(side, TCP.FIN | TCP.ACK);
    const other = (1 - side) as 0 | 1;
    if (!this.closed[other]) {
      this.closed[other] = true;
      this.segment(other, TCP.FIN | TCP.ACK);
    }
    this.segment(side, TCP.ACK);
  }
}

/** What nobody can read: TLS application data. */
function opaque(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set([0x17, 3, 3, ((length - 5) >> 8) & 255, (length - 5) & 255]);
  return bytes;
}

function headerName(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}

/** The address of the device that a packet came in by. */
function addressOf({ ns, device }: Wire): string {
  const cidr = ns.interfaces.get(device)?.addresses[0];
  return cidr === undefined ? ns.firstAddress() : cidr.slice(0, cidr.indexOf("/"));
}
