/** Capture filters in libpcap's language (pcap-filter(7)), as far as it names what travels here. */
import { BROADCAST_MAC } from "../../network/frames.ts";
import { ipv4Number } from "../../text/ipv4.ts";
import { type Decoded, type Ip, u16, u32 } from "./decode.ts";

export type Filter = (frame: Decoded) => boolean;

/** What is wrong with an expression, in libpcap's words. */
export class FilterError extends Error {}

export interface Names {
  /** Addresses of a host name. */
  host(name: string): readonly string[] | undefined;
  port(name: string): number | undefined;
}

const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17 };
const CONSTANTS: Readonly<Record<string, number>> = {
  tcpflags: 13,
  icmptype: 0,
  icmpcode: 1,
  "tcp-fin": 1,
  "tcp-syn": 2,
  "tcp-rst": 4,
  "tcp-push": 8,
  "tcp-ack": 16,
  "tcp-urg": 32,
  "icmp-echoreply": 0,
  "icmp-unreach": 3,
  "icmp-echo": 8,
  "icmp-timxceed": 11,
};

/** Compiles an expression; "" matches everything. Throws FilterError. */
export function compileFilter(text: string, names: Names): Filter {
  const parser = new Parser(tokens(text), names);
  return parser.whole();
}

function tokens(text: string): string[] {
  const found = text.match(/&&|\|\||[<>=!]=|<<|>>|[()[\]:=<>!&|+*]|[^\s()[\]:=<>!&|+*]+/g) ?? [];
  return [...found];
}

/** What a primitive without a qualifier of its own takes over from the one before. */
interface Qualifiers {
  protocol: number | undefined;
  /** `arp`, `ip` or `ether`: whose addresses are meant. */
  link: string | undefined;
  direction: "src" | "dst" | "both" | undefined;
  kind: "host" | "net" | "port" | "portrange" | undefined;
}

class Parser {
  private at = 0;
  private readonly words: readonly string[];
  private readonly names: Names;
  private last: Qualifiers = { protocol: undefined, link: undefined, direction: undefined, kind: undefined };

  constructor(words: readonly string[], names: Names) {
    this.words = words;
    this.names = names;
  }

  private get word(): string | undefined {
    return this.words[this.at];
  }

  private take(...words: string[]): string | undefined {
    const { word } = this;
    if (word === undefined || !words.includes(word)) return undefined;
    this.at++;
    return word;
  }

  whole(): Filter {
    if (this.words.length === 0) return () => true;
    const filter = this.or();
    if (this.word !== undefined) throw new FilterError("can't parse filter expression: syntax error");
    return filter;
  }

  /** `and` and `or` bind alike in libpcap, from left to right. */
  private or(): Filter {
    let left = this.not();
    for (;;) {
      if (this.take("and", "&&")) {
        const [a, b] = [left, this.not()];
        left = (frame) => a(frame) && b(frame);
      } else if (this.take("or", "||")) {
        const [a, b] = [left, this.not()];
        left = (frame) => a(frame) || b(frame);
      } else return left;
    }
  }

  private not(): Filter {
    if (this.take("not", "!")) {
      const inner = this.not();
      return (frame) => !inner(frame);
    }
    if (this.isComparison()) return this.comparison();
    if (this.take("(")) {
      const inner = this.or();
      if (!this.take(")")) throw new FilterError("can't parse filter expression: syntax error");
      return inner;
    }
    return this.primitive();
  }

  private primitive(): Filter {
    const { word } = this;
    if (word === undefined) throw new FilterError("can't parse filter expression: syntax error");
    if (this.take("greater", "less")) {
      const size = Number(this.words[this.at++]);
      return ({ frame }) => (word === "greater" ? frame.length >= size : frame.length <= size);
    }
    const cast = this.take("broadcast", "multicast");
    if (cast !== undefined) return castFilter(cast, "ether");
    const own: Qualifiers = { protocol: undefined, link: undefined, direction: undefined, kind: undefined };
    let named = false;
    let filter: Filter | undefined;
    const protocol = this.take("tcp", "udp", "icmp", "arp", "ip", "ip6", "icmp6", "ether");
    if (protocol !== undefined) {
      if (protocol in PROTOCOLS) own.protocol = PROTOCOLS[protocol];
      else own.link = protocol;
      const cast = this.take("broadcast", "multicast");
      if (cast !== undefined) return castFilter(cast, protocol);
      filter = protocolFilter(protocol);
      named = true;
    }
    const direction = this.take("src", "dst");
    if (direction === "src" || direction === "dst") {
      own.direction = direction;
      named = true;
      if (this.take("or", "and")) {
        this.take("src", "dst");
        own.direction = undefined;
      }
    }
    const kind = this.take("host", "net", "port", "portrange") as Qualifiers["kind"];
    if (kind !== undefined) {
      own.kind = kind;
      named = true;
    }
    if (filter !== undefined && own.direction === undefined && kind === undefined) return filter;
    if (!named) {
      // `port 80 or 443`: an identifier by itself takes the qualifiers of the primitive before.
      if (this.last.kind === undefined && !/^[\d.]+$/.test(word)) {
        throw new FilterError("can't parse filter expression: syntax error");
      }
      return this.identified(this.last);
    }
    this.last = own;
    return this.identified(own);
  }

  private identified({ protocol, link, direction, kind = "host" }: Qualifiers): Filter {
    const value = this.words[this.at++];
    if (value === undefined || /^[()[\]=<>!&|]/.test(value)) {
      throw new FilterError("can't parse filter expression: syntax error");
    }
    const fits = (test: (ip: Ip, end: "source" | "destination") => boolean): Filter => {
      return ({ ip }) => {
        if (ip === undefined || (protocol !== undefined && ip.protocol !== protocol)) return false;
        if (direction === "src") return test(ip, "source");
        if (direction === "dst") return test(ip, "destination");
        return test(ip, "source") || test(ip, "destination");
      };
    };
    if (kind === "port" || kind === "portrange") {
      const [low, high] = this.ports(value, kind);
      return fits((ip, end) => {
        if (ip.protocol !== 6 && ip.protocol !== 17) return false;
        const port = u16(ip.body, end === "source" ? 0 : 2);
        return port >= low && port <= high;
      });
    }
    if (link === "ether") {
      const wanted = value.toLowerCase();
      return ({ source, destination }) =>
        (direction !== "dst" && source === wanted) || (direction !== "src" && destination === wanted);
    }
    // Addresses stand in ARP, too.
    const between = (test: (address: string) => boolean): Filter => {
      return ({ ip, arp }) => {
        if (protocol !== undefined && ip?.protocol !== protocol) return false;
        const ends =
          ip && link !== "arp"
            ? ip
            : arp && link !== "ip"
              ? { source: arp.sender, destination: arp.target }
              : undefined;
        if (ends === undefined) return false;
        return (direction !== "dst" && test(ends.source)) || (direction !== "src" && test(ends.destination));
      };
    };
    if (kind === "net" || /^\d+(\.\d+){0,3}\/\d+$/.test(value)) {
      const [network, bits] = netOf(value);
      return between(
        (address) => ipv4Number(address) >>> (32 - bits || 0) === network >>> (32 - bits || 0) || bits === 0,
      );
    }
    const addresses = /^\d+(\.\d+){3}$/.test(value) ? [value] : this.names.host(value);
    if (addresses === undefined) throw new FilterError(`unknown host '${value}'`);
    return between((address) => addresses.includes(address));
  }

  private ports(value: string, kind: "port" | "portrange"): [number, number] {
    const one = (text: string): number => {
      const port = /^\d+$/.test(text) ? Number(text) : this.names.port(text);
      if (port === undefined) throw new FilterError(`unknown port '${text}'`);
      if (port > 65_535) throw new FilterError(`illegal port number ${port} > 65535`);
      return port;
    };
    if (kind === "port") return [one(value), one(value)];
    const [low = "", high = low] = value.split("-");
    return [one(low), one(high)];
  }

  /** `tcp[tcpflags] & (tcp-syn|tcp-ack) != 0` and its kin begin with a protocol and a bracket, or are in parentheses. */
  private isComparison(): boolean {
    let at = this.at;
    while (this.words[at] === "(") at++;
    const [first, second] = [this.words[at], this.words[at + 1]];
    return (second === "[" && ["tcp", "udp", "icmp", "ip", "ether"].includes(first ?? "")) || first === "len";
  }

  private comparison(): Filter {
    const left = this.sum();
    const operator = this.take("=", "==", "!=", "<", ">", "<=", ">=");
    if (operator === undefined) throw new FilterError("can't parse filter expression: syntax error");
    const right = this.sum();
    return (frame) => {
      const [a, b] = [left(frame), right(frame)];
      if (a === undefined || b === undefined) return false;
      switch (operator) {
        case "!=":
          return a !== b;
        case "<":
          return a < b;
        case ">":
          return a > b;
        case "<=":
          return a <= b;
        case ">=":
          return a >= b;
        default:
          return a === b;
      }
    };
  }

  private sum(): (frame: Decoded) => number | undefined {
    let left = this.factor();
    for (;;) {
      const operator = this.take("&", "|", "+", "-", "*", "<<", ">>");
      if (operator === undefined) return left;
      const [a, b] = [left, this.factor()];
      left = (frame) => {
        const [x, y] = [a(frame), b(frame)];
        if (x === undefined || y === undefined) return undefined;
        return calculate(operator, x, y);
      };
    }
  }

  private factor(): (frame: Decoded) => number | undefined {
    if (this.take("(")) {
      const inner = this.sum();
      if (!this.take(")")) throw new FilterError("can't parse filter expression: syntax error");
      return inner;
    }
    if (this.take("len")) return ({ frame }) => frame.length;
    const word = this.words[this.at++] ?? "";
    if (word in CONSTANTS) return () => CONSTANTS[word];
    if (/^(0x[\da-f]+|\d+)$/i.test(word)) return () => Number(word);
    if (!this.take("[")) throw new FilterError("can't parse filter expression: syntax error");
    const offset = this.sum();
    const size = this.take(":") ? Number(this.words[this.at++]) : 1;
    if (!this.take("]")) throw new FilterError("can't parse filter expression: syntax error");
    return (frame) => {
      const bytes = layer(frame, word);
      const at = offset(frame);
      if (bytes === undefined || at === undefined || at + size > bytes.length) return undefined;
      return size === 1 ? bytes[at] : size === 2 ? u16(bytes, at) : u32(bytes, at);
    };
  }
}

function calculate(operator: string, x: number, y: number): number {
  switch (operator) {
    case "&":
      return (x & y) >>> 0;
    case "|":
      return (x | y) >>> 0;
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "<<":
      return (x << y) >>> 0;
    default:
      return x >>> y;
  }
}

function layer({ frame, ip }: Decoded, name: string): Uint8Array | undefined {
  if (name === "ether") return frame;
  if (name === "ip") return ip?.bytes;
  return ip?.protocol === PROTOCOLS[name] ? ip?.body : undefined;
}

function castFilter(cast: string, protocol: string): Filter {
  if (protocol === "ip") {
    const first = (ip: Ip | undefined) => Number(ip?.destination.split(".")[0]);
    return ({ ip }) => (cast === "multicast" ? first(ip) >= 224 : (ip?.destination.endsWith(".255") ?? false));
  }
  if (cast === "broadcast") return ({ destination }) => destination === BROADCAST_MAC;
  return ({ destination }) => (Number.parseInt(destination.slice(0, 2), 16) & 1) === 1;
}

function protocolFilter(name: string): Filter {
  if (name === "ip") return ({ ip }) => ip !== undefined;
  if (name === "arp") return ({ etherType }) => etherType === 0x806;
  if (name === "ip6" || name === "icmp6") return ({ etherType }) => etherType === 0x86dd;
  return ({ ip }) => ip?.protocol === PROTOCOLS[name];
}

/** `10.200.0.0/16`, or `10.200`: as many bits as it has bytes. */
function netOf(text: string): [number, number] {
  const [address = "", length] = text.split("/");
  const parts = address.split(".");
  if (!parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    throw new FilterError(`unknown network '${text}'`);
  }
  const padded = [...parts, "0", "0", "0"].slice(0, 4).join(".");
  return [ipv4Number(padded), length === undefined ? parts.length * 8 : Number(length)];
}
