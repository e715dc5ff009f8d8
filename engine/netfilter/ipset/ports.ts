import { icmpName, icmpPair } from "../matches/icmp.ts";
import { protocolName, protocolNumber } from "../protocols.ts";
import { servicePort } from "../services.ts";
import { numberOf, SetError, syntax, syntaxText } from "./problem.ts";
import type { Family } from "./set.ts";

const ICMP = 1;
const ICMP6 = 58;
/** Types that iptables has names for and ipset has not. */
const NAMELESS = ["beyond-scope", "failed-policy", "reject-route"];
/** Protocols whose port means one. */
const WITH_PORTS = ["tcp", "udp", "sctp", "udplite"];

/** `tcp:80`, `icmp:echo-request`, as entries have it. */
export function portText(protocol: number, port: number): string {
  const name = protocolName(protocol, true);
  if (protocol !== ICMP && protocol !== ICMP6) return `${name}:${port}`;
  const [type, code] = [port >> 8, port & 255];
  const known = icmpName(protocol === ICMP6, type, code);
  return `${name}:${known === undefined || NAMELESS.includes(known) ? `${type}/${code}` : known}`;
}

/** The parts of `tcp:80-82`; a colon at an end is none. */
function withProtocol(text: string): [protocol: string | undefined, ports: string] {
  const colon = text.indexOf(":");
  return colon <= 0 || colon === text.length - 1 ? [undefined, text] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** A port by number or name (ipset_parse_port); says of a name that is none what it is not. */
function onePort(text: string, protocol: string): number {
  const name = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  const known = servicePort(name, protocol);
  if (known !== undefined) return known;
  try {
    return numberOf(text, 0, 65_535);
  } catch (error) {
    const said = (error as Error).message;
    throw new SetError(
      `${said}\n${syntaxText(`'${protocol}' is invalid as number`)}\ncannot parse '${text}' as a ${protocol} port`,
    );
  }
}

/** First and last of `80`, `http-https`; a dash within brackets is the name's. */
function portRange(text: string, protocol: string): [number, number] {
  const dash = /^\[[^\]]*\]/.test(text) ? text.indexOf("-", text.indexOf("]")) : text.indexOf("-");
  if (dash <= 0 || dash === text.length - 1) {
    const known = onePort(text, protocol);
    return [known, known];
  }
  const whole = servicePort(text, protocol);
  if (whole !== undefined) return [whole, whole];
  const first = onePort(text.slice(0, dash), protocol);
  const last = onePort(text.slice(dash + 1), protocol);
  return [Math.min(first, last), Math.max(first, last)];
}

export interface Ports {
  protocol: number;
  first: number;
  last: number;
}

/** `[PROTO:]PORT[-PORT]` of bitmap:port: the protocol only says whose names are meant. */
export function bitmapPorts(text: string): Ports {
  const [protocol = "tcp", ports] = withProtocol(text);
  if (protocol !== "tcp" && protocol !== "udp") throw syntax("Only protocols TCP and UDP are valid");
  const [first, last] = portRange(ports, protocol);
  return { protocol: 0, first, last };
}

/** `[PROTO:]PORT[-PORT]` of a set of a family (ipset_parse_proto_port). */
export function protocolPorts(text: string, family: Family): Ports {
  const [given, ports] = withProtocol(text);
  if (given === undefined) {
    const [first, last] = portRange(ports, "tcp");
    return { protocol: 6, first, last };
  }
  const name = given.toLowerCase() === "icmpv6" ? "ipv6-icmp" : given.toLowerCase();
  const protocol = name === "all" ? undefined : (protocolNumber(name) ?? protocolOfNumber(name));
  if (protocol === undefined) throw syntax(`cannot parse '${given}' as a protocol`);
  if (protocol === 0 && !/^\d/.test(given)) throw syntax(`Unsupported protocol '${given}'`);
  if (protocol === ICMP || protocol === ICMP6) {
    const six = protocol === ICMP6;
    if (six !== (family === "inet6")) {
      const only = six ? "ICMPv6 can be used with family inet6" : "ICMP can be used with family inet";
      throw new SetError(`${syntaxText(`Protocol ${only} only`)}\nInvalid add command: missing setname`);
    }
    const port = icmpType(ports, six);
    return { protocol, first: port, last: port };
  }
  const own = protocolName(protocol, true);
  if (WITH_PORTS.includes(own)) {
    const [first, last] = portRange(ports, own);
    return { protocol, first, last };
  }
  if (ports !== "0") throw syntax(`Protocol ${given} can be used with pseudo port value 0 only.`);
  if (protocol === 0) throw new SetError("Invalid protocol specified");
  return { protocol, first: 0, last: 0 };
}

function protocolOfNumber(text: string): number | undefined {
  return /^\d{1,3}$/.test(text) && Number(text) < 256 ? Number(text) : undefined;
}

function icmpType(text: string, six: boolean): number {
  const pair = icmpPair(six, text);
  if (pair !== undefined) return pair[0] * 256 + pair[1];
  const slash = text.indexOf("/");
  if (slash < 0) throw new SetError(`Cannot parse ${text} as an ICMP${six ? "v6" : ""} type/code.`);
  return numberOf(text.slice(0, slash), 0, 255) * 256 + numberOf(text.slice(slash + 1), 0, 255);
}
