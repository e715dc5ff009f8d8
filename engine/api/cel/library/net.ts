import type { Environment } from "@marcbachmann/cel-js";
import { ipv6Groups, ipv6Network, ipv6Text } from "../../../text/ipv6.ts";
import { CelError } from "../error.ts";

/** Addresses and networks (apiserver pkg/cel/library/{ip,cidr}.go over Go's net/netip). */

class CelIP {
  /** Eight groups of 16 bits for IPv6, four of 8 for IPv4. */
  readonly groups: readonly number[];

  constructor(groups: readonly number[]) {
    this.groups = groups;
  }

  get text(): string {
    return this.groups.length === 4 ? this.groups.join(".") : ipv6Text(this.groups);
  }
}

class CelCIDR {
  readonly ip: CelIP;
  readonly bits: number;

  constructor(ip: CelIP, bits: number) {
    this.ip = ip;
    this.bits = bits;
  }

  get text(): string {
    return `${this.ip.text}/${this.bits}`;
  }
}

class IpNamespace {}

/** What netip.ParseAddr says of a text, or its groups. */
function parseAddress(text: string): number[] | string {
  const first = /[.:%]/.exec(text)?.[0];
  if (first === undefined) return "unable to parse IP";
  if (first === ".") return parseFour(text);
  if (first === "%") return "missing IPv6 address";
  return parseSix(text);
}

function parseFour(text: string): number[] | string {
  const out: number[] = [];
  let digits = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (/\d/.test(char)) {
      if (digits.length === 1 && digits === "0") return "IPv4 field has octet with leading zero";
      digits += char;
      if (Number(digits) > 255) return "IPv4 field has value >255";
    } else if (char === ".") {
      // A point at the beginning, at the end, or beside another.
      if (digits === "" || i === text.length - 1)
        return `IPv4 field must have at least one digit (at ${JSON.stringify(text.slice(i))})`;
      if (out.length === 3) return "IPv4 address too long";
      out.push(Number(digits));
      digits = "";
    } else return `unexpected character (at ${JSON.stringify(text.slice(i))})`;
  }
  if (out.length < 3) return "IPv4 address too short";
  return [...out, Number(digits)];
}

function parseSix(text: string): number[] | string {
  const groups = ipv6Groups(text);
  if (groups !== undefined) return groups;
  const at = (rest: string) => ` (at ${JSON.stringify(rest)})`;
  const again = text.indexOf("::", text.indexOf("::") + 1);
  if (text.includes("::") && again > 0) return `multiple :: in address${at(text.slice(again + 1))}`;
  let rest = text.startsWith("::") ? text.slice(2) : text;
  let count = 0;
  while (rest !== "") {
    const digits = /^[\da-fA-F]*/.exec(rest)![0];
    if (digits.length > 4) return `each group must have 4 or less digits${at(rest)}`;
    if (digits === "") return `each colon-separated field must have at least one digit${at(rest)}`;
    count++;
    rest = rest.slice(digits.length);
    if (rest === "") break;
    if (rest[0] !== ":") return `unexpected character, want colon${at(rest)}`;
    if (rest.length === 1) return `colon must be followed by more characters${at(rest)}`;
    rest = rest.startsWith("::") ? rest.slice(2) : rest.slice(1);
    if (count === 8) return `trailing garbage after address${at(rest)}`;
  }
  return "address string too short";
}

const isMapped = (groups: readonly number[]) =>
  groups.length === 8 && groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;

function addressOf(text: string): CelIP {
  const fail = (why: string) => new CelError(why, "ip");
  const zone = text.indexOf("%");
  if (zone > 0 && Array.isArray(parseAddress(text.slice(0, zone))) && text.includes(":"))
    throw fail(`IP address ${JSON.stringify(text)} with zone value is not allowed`);
  const groups = parseAddress(text);
  if (typeof groups === "string") {
    const shown = JSON.stringify(text);
    throw fail(`IP Address ${shown} parse error during conversion from string: ParseAddr(${shown}): ${groups}`);
  }
  if (isMapped(groups)) throw fail(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
  return new CelIP(groups);
}

function networkOf(text: string): CelCIDR {
  const fail = (why: string) => {
    const told = "network address parse error during conversion from string: ";
    return new CelError(`${told}${told}netip.ParsePrefix(${JSON.stringify(text)}): ${why}`, "cidr");
  };
  const slash = text.lastIndexOf("/");
  if (slash < 0) throw fail("no '/'");
  const groups = parseAddress(text.slice(0, slash));
  if (typeof groups === "string") throw fail(`ParseAddr(${JSON.stringify(text.slice(0, slash))}): ${groups}`);
  const bits = text.slice(slash + 1);
  if (!/^(0|[1-9]\d*)$/.test(bits)) throw fail(`bad bits after slash: ${JSON.stringify(bits)}`);
  if (Number(bits) > (groups.length === 4 ? 32 : 128)) throw fail("prefix length out of range");
  return new CelCIDR(new CelIP(groups), Number(bits));
}

function masked({ groups }: CelIP, bits: number): number[] {
  if (groups.length === 8) return ipv6Network(groups, bits);
  return groups.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - i * 8))));
}

function holds(network: CelCIDR, { groups }: CelIP): boolean {
  if (groups.length !== network.ip.groups.length) return false;
  const own = masked(network.ip, network.bits);
  return masked(new CelIP(groups), network.bits).every((group, i) => group === own[i]);
}

/** An address of a text among the arguments counts like one that was read. */
function within(network: CelCIDR, text: string): boolean {
  const groups = parseAddress(text);
  if (typeof groups === "string") throw new CelError("no such overload", "no_such_overload");
  return holds(network, new CelIP(groups));
}

const contains = (outer: CelCIDR, inner: CelCIDR) => outer.bits <= inner.bits && holds(outer, inner.ip);

/** What is so of an IPv4 address by its bytes, of an IPv6 one by its groups. */
const IS: Readonly<Record<string, (groups: readonly number[]) => boolean>> = {
  isUnspecified: (groups) => groups.every((group) => group === 0),
  isLoopback: (groups) =>
    groups.length === 4 ? groups[0] === 127 : groups.slice(0, 7).every((group) => group === 0) && groups[7] === 1,
  isLinkLocalMulticast: (groups) =>
    groups.length === 4 ? groups[0] === 224 && groups[1] === 0 && groups[2] === 0 : (groups[0]! & 0xff0f) === 0xff02,
  isLinkLocalUnicast: (groups) =>
    groups.length === 4 ? groups[0] === 169 && groups[1] === 254 : (groups[0]! & 0xffc0) === 0xfe80,
  isGlobalUnicast: (groups) => {
    const four = groups.length === 4;
    const multicast = four ? (groups[0]! & 0xf0) === 0xe0 : groups[0]! >> 8 === 0xff;
    const broadcast = four && groups.every((byte) => byte === 255);
    const near = IS["isUnspecified"]!(groups) || IS["isLoopback"]!(groups) || IS["isLinkLocalUnicast"]!(groups);
    return !(multicast || broadcast || near);
  },
};

export function isIP(text: string): boolean {
  const groups = parseAddress(text);
  return typeof groups !== "string" && !isMapped(groups);
}

export function isCIDR(text: string): boolean {
  try {
    return !isMapped(networkOf(text).ip.groups);
  } catch {
    return false;
  }
}

export function registerNet(env: Environment): void {
  env
    .registerType("net.IP", CelIP)
    .registerType("net.CIDR", CelCIDR)
    .registerType("IpNamespace", IpNamespace)
    .registerConstant("ip", "IpNamespace", new IpNamespace())
    .registerFunction("isIP(string): bool", isIP)
    .registerFunction("isCIDR(string): bool", isCIDR)
    .registerFunction("ip(string): net.IP", addressOf)
    .registerFunction("cidr(string): net.CIDR", networkOf)
    .registerFunction("string(net.IP): string", (ip: CelIP) => ip.text)
    .registerFunction("string(net.CIDR): string", (network: CelCIDR) => network.text)
    .registerFunction("IpNamespace.isCanonical(string): bool", (_: IpNamespace, text: string) => {
      return addressOf(text).text === text;
    })
    .registerFunction("net.IP.family(): int", ({ groups }: CelIP) => (groups.length === 4 ? 4n : 6n))
    .registerFunction("net.CIDR.ip(): net.IP", ({ ip }: CelCIDR) => ip)
    .registerFunction("net.CIDR.prefixLength(): int", ({ bits }: CelCIDR) => BigInt(bits))
    .registerFunction("net.CIDR.masked(): net.CIDR", ({ ip, bits }: CelCIDR) => {
      return new CelCIDR(new CelIP(masked(ip, bits)), bits);
    })
    .registerFunction("net.CIDR.containsIP(net.IP): bool", holds)
    .registerFunction("net.CIDR.containsIP(string): bool", within)
    .registerFunction("net.CIDR.containsCIDR(net.CIDR): bool", contains)
    .registerFunction("net.CIDR.containsCIDR(string): bool", (outer: CelCIDR, inner: string) => {
      return contains(outer, networkOf(inner));
    })
    .registerOperator("net.IP == net.IP", (a: CelIP, b: CelIP) => a.text === b.text)
    .registerOperator("net.CIDR == net.CIDR", (a: CelCIDR, b: CelCIDR) => a.text === b.text);
  for (const [name, is] of Object.entries(IS))
    env.registerFunction(`net.IP.${name}(): bool`, ({ groups }: CelIP) => is(groups));
}
