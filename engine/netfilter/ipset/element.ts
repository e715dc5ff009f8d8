import { ipv6Groups } from "../../text/ipv6.ts";
import { formatAddress, maskOf, parseAddress, shortAddress } from "../address.ts";
import { bitmapPorts, type Ports, portText, protocolPorts } from "./ports.ts";
import { numberOf, SetError, syntax, wrong } from "./problem.ts";
import { type Address, type Family, type IpSet, markText, networkText, type Value, wholeOf } from "./set.ts";
import type { Part } from "./types.ts";

const LONGEST_NAME = 31;
const LONGEST_DEVICE = 15;
const PLACES = ["Second", "Third"];
const COUNTS = ["", "Two ", "Three "];
const SUPPORTED = ["none", "one", "two"];

/** A part of an element as it was given. */
interface Given {
  part: Part;
  /** As entries have it, and as `test` says it again where that is another. */
  text: string;
  said?: string;
  address?: Address;
  prefix?: number;
  last?: Address;
  ports?: Ports;
}

/** What stands for one or several entries. */
export interface Element {
  readonly parts: readonly Given[];
  /** As `test` speaks of it. */
  readonly text: string;
}

const familyName = (family: Family) => (family === "inet6" ? "IPv6" : "IPv4");

/** An address as getaddrinfo(3) takes it: dotted with one to four parts, or of IPv6. */
export function addressOf(text: string, family: Family): Address {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  const address = family === "inet6" ? ipv6Groups(bare) : (parseAddress(bare) ?? shortAddress(bare));
  if (address !== undefined) return address;
  if (bare === "localhost") return family === "inet6" ? [0, 0, 0, 0, 0, 0, 0, 1] : 0x7f00_0001;
  throw syntax(`cannot parse ${text}: resolving to ${familyName(family)} address failed`);
}

/** An address, a network or a range, as far as a part of a set takes them. */
function addressPart(part: Part, text: string, family: Family): Given {
  const slash = text.indexOf("/");
  const dash = text.startsWith("[") ? text.indexOf("-", text.indexOf("]")) : text.indexOf("-");
  const ranged = dash > 0 && dash < text.length - 1;
  const netted = slash > 0 && slash < text.length - 1;
  if (family === "inet6" && ranged) {
    throw syntax(
      part.kind === "net"
        ? `IP address or IP/cidr must be specified: ${text}`
        : `plain IP address must be supplied: ${text}`,
    );
  }
  const plain = !(part.kind === "net" || (part.many && family === "inet"));
  if (plain && (netted || ranged)) throw syntax(`plain IP address must be supplied: ${text}`);
  if (netted) {
    const prefix = numberOf(text.slice(slash + 1), 0, family === "inet6" ? 128 : 32);
    const address = addressOf(text.slice(0, slash), family);
    return {
      part,
      text: prefix === wholeOf(address) ? showAddress(address) : `${showAddress(address)}/${prefix}`,
      address,
      prefix,
    };
  }
  if (!ranged) {
    const address = addressOf(text, family);
    return { part, text: showAddress(address), address };
  }
  const [address, last] = [addressOf(text.slice(0, dash), family), addressOf(text.slice(dash + 1), family)];
  return { part, text: `${showAddress(address)}-${showAddress(last)}`, address, last };
}

const showAddress = (address: Address) => networkText(address);

function macOf(text: string): string {
  const bytes = text.split(":");
  if (bytes.length !== 6 || bytes.some((byte) => !/^[\da-fA-F]{1,2}$/.test(byte))) {
    throw syntax(`cannot parse '${text}' as ethernet address`);
  }
  return bytes.map((byte) => byte.padStart(2, "0").toUpperCase()).join(":");
}

function partOf(set: IpSet, part: Part, text: string): Given {
  switch (part.kind) {
    case "ip":
    case "net":
      return addressPart(part, text, set.family);
    case "port": {
      const ports = set.type === "bitmap:port" ? bitmapPorts(text) : protocolPorts(text, set.family);
      return {
        part,
        ports,
        text: set.type === "bitmap:port" ? `${ports.first}` : portText(ports.protocol, ports.first),
      };
    }
    case "mac":
      return { part, text: macOf(text) };
    case "mark":
      return { part, text: markText(numberOf(text), set.options.markmask) };
    case "iface": {
      const name = text.replace(/^physdev:/, "");
      if (name.length > LONGEST_DEVICE)
        throw syntax(`interface name '${name}' is longer than ${LONGEST_DEVICE} characters`);
      return { part, text, said: name };
    }
    default:
      if (text.length > LONGEST_NAME) throw syntax(`setname '${text}' is longer than ${LONGEST_NAME} characters`);
      return { part, text };
  }
}

/** Reads `10.0.0.1,tcp:80` for a set (ipset_parse_elem). */
export function elementOf(set: IpSet, text: string): Element {
  const { parts } = set.is;
  const words = text.split(",");
  const optional = set.type === "bitmap:ip,mac";
  const given: Given[] = [];
  for (const [i, part] of parts.entries()) {
    const word = words[i];
    if (i > 0 && (word === undefined || word === "")) {
      if (optional && word === undefined) break;
      throw syntax(`${PLACES[i - 1]} element is missing from ${text}.`);
    }
    if (i === parts.length - 1 && words.length > parts.length) {
      const separators = COUNTS[parts.length - 1];
      const many = parts.length === 1 ? "Elem separator" : `${separators}elem separators`;
      throw syntax(`${many} in ${text}, but settype ${set.type} supports ${SUPPORTED[parts.length - 1]}.`);
    }
    given.push(partOf(set, part, word!));
  }
  const said = given.map((part, i) => part.said ?? (i > 0 ? part.text.replace(/-[\d.]+$/, "") : part.text));
  return { parts: given, text: said.join(",") };
}

/** Refuses forms that `test` does not take for a type. */
export function testable(set: IpSet, element: Element): void {
  const family = set.type.startsWith("bitmap:port") ? "unspec" : set.family;
  const refuse = (what: string) =>
    new SetError(`${what} range is not allowed in command test with set type ${set.type} and family ${family}`);
  const { tests } = set.is;
  for (const [i, { prefix, last, ports, address }] of element.parts.entries()) {
    if (i === 0 && prefix !== undefined && prefix < wholeOf(address!) && !tests.includes("cidr"))
      throw refuse("IP/CIDR");
    if (i === 0 && last !== undefined && !tests.includes("range")) throw refuse("FROM-TO IP");
    if (ports !== undefined && ports.last !== ports.first) throw refuse("FROM-TO port");
  }
}

/** What `test` looks for: a network that is given with its prefix is itself, not what it lies in. */
export function soughtIn(set: IpSet, element: Element): Value[] {
  return element.parts.map(({ part, text, address, prefix }) => {
    if (address === undefined) return text;
    const whole = part.kind !== "net" || prefix === undefined || prefix === wholeOf(address);
    return whole ? (part.kind === "ip" ? set.masked(address) : address) : networkText(address, prefix);
  });
}

/**
 * Texts of the entries that an element stands for, in the kernel's order: ranges are taken apart into addresses or
 * networks. Lazy: a set may be full before the last one.
 */
export function* entriesOf(set: IpSet, element: Element): Iterable<string> {
  yield* expand(set, element.parts, 0, "");
}

function* expand(set: IpSet, parts: readonly Given[], i: number, head: string): Iterable<string> {
  const given = parts[i];
  if (given === undefined) {
    yield head;
    return;
  }
  for (const text of textsOf(set, given)) yield* expand(set, parts, i + 1, head === "" ? text : `${head},${text}`);
}

/** Refuses what the kernel does not store, whatever is in the set. */
export function storable(set: IpSet, element: Element): void {
  const zero = (address: Address | undefined) =>
    address === 0 || (Array.isArray(address) && address.every((group) => group === 0));
  for (const { part, address, prefix, last, text } of element.parts) {
    const mayBeAll = set.type === "hash:net,iface" || set.type === "hash:net,net" || set.type === "hash:net,port,net";
    if (prefix === 0 && !(part.kind === "net" && mayBeAll)) {
      throw new SetError("The value of the CIDR parameter of the IP address is invalid");
    }
    const all =
      typeof address === "number" && typeof last === "number" && unsigned(last) - unsigned(address) === 0xffff_ffff;
    if (all && part.kind === "net") throw new SetError("Invalid range, covers the whole address space");
    const nothing = (set.type === "hash:ip" && zero(address)) || (part.kind === "mac" && text === "00:00:00:00:00:00");
    if (nothing && set.type.startsWith("hash")) {
      throw new SetError("Null-valued element, cannot be stored in a hash type of set");
    }
    const { range } = set.options;
    if (range === undefined) continue;
    const [first, end] = boundsOf(part, element.parts[0]!);
    if (first < range[0] || end > range[1]) throw new SetError("Element is out of the range of the set");
  }
}

const unsigned = (address: number) => address >>> 0;

/** First and last number of an element of a bitmap. */
function boundsOf(part: Part, given: Given): [number, number] {
  if (part.kind === "port") return [given.ports!.first, given.ports!.last];
  return addressBounds(given);
}

/** First and last address of a network or a range. */
function addressBounds({ address, prefix, last }: Given): [number, number] {
  const first = address as number;
  if (last !== undefined) {
    const ends = [unsigned(first), unsigned(last as number)];
    return [Math.min(...ends), Math.max(...ends)];
  }
  const mask = maskOf(prefix ?? 32);
  return [unsigned(first & mask), unsigned((first & mask) | ~mask)];
}

function* textsOf(set: IpSet, given: Given): Iterable<string> {
  const { part, address, prefix, last, ports, text } = given;
  if (ports !== undefined) {
    for (let port = ports.first; port <= ports.last; port++) {
      yield set.type === "bitmap:port" ? `${port}` : portText(ports.protocol, port);
    }
  } else if (part.kind === "net" && last !== undefined) {
    yield* networksOf(...addressBounds(given));
  } else if (part.kind === "net") yield networkText(address!, prefix);
  else if (address !== undefined && typeof address === "number") {
    const [first, end] = addressBounds(given);
    const step = 2 ** (32 - (set.options.netmask ?? 32));
    let before: number | undefined;
    for (let at = set.options.netmask === undefined ? first : unsigned(first & -step); at <= end; at += step) {
      const kept = set.masked(at | 0) as number;
      if (kept !== before) yield formatAddress(kept);
      before = kept;
    }
  } else if (address !== undefined) yield networkText(set.masked(address));
  else yield text;
}

/** The networks that make up a range (ip_set_range_to_cidr). */
function* networksOf(first: number, last: number): Iterable<string> {
  let at = first;
  while (at <= last) {
    let prefix = 32;
    while (prefix > 1) {
      const size = 2 ** (33 - prefix);
      if (at % size !== 0 || at + size - 1 > last) break;
      prefix--;
    }
    yield networkText(at | 0, prefix);
    at += 2 ** (32 - prefix);
  }
}

/** First and last of the `range` of a bitmap. */
export function rangeOf(set: string, text: string): [number, number] {
  if (set === "bitmap:port") {
    const dash = text.indexOf("-");
    if (dash <= 0) {
      bitmapPorts(text);
      throw wrong("Mandatory option `to' is missing");
    }
    const { first, last } = bitmapPorts(text);
    return [first, last];
  }
  const slash = text.indexOf("/");
  if (slash <= 0 && text.indexOf("-") <= 0) throw syntax(`IP/cidr or IP-IP range must be specified: ${text}`);
  return addressBounds(addressPart({ kind: "ip", many: true }, text, "inet"));
}
