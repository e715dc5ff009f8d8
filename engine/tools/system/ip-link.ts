import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Interface, NetNamespace } from "../../network/index.ts";
import { peerOf } from "../../network/links.ts";
import { notPermitted, type Options } from "./ip.ts";
import { LINK_HELP } from "./ip-help.ts";
import { type LinkWords, readLink } from "./ip-link-words.ts";
import { list } from "./ip-list.ts";
import { KINDS, LinkError, readKind, refused } from "./link-kinds.ts";
import { numbered } from "./link-text.ts";

const VERBS: readonly [string, string[]][] = [
  ["add", ["add"]],
  ["set", ["set", "change"]],
  ["replace", ["replace"]],
  ["delete", ["delete"]],
  ["show", ["show", "lst", "list"]],
];

const networkOf = (cidr: string): string => {
  const [address = "", length = "32"] = cidr.split("/");
  const bits = Number(length);
  const number = address.split(".").reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0);
  const masked = bits === 0 ? 0 : (number & (0xffffffff << (32 - bits))) >>> 0;
  return `${[24, 16, 8, 0].map((shift) => (masked >>> shift) & 255).join(".")}/${bits}`;
};

/** The routes that a device's own addresses bring while it is up. */
export function connected(net: NetNamespace, one: Interface): void {
  for (const cidr of one.addresses) {
    const peer = one.facts?.get(cidr)?.peer;
    const destination = peer === undefined ? networkOf(cidr) : networkOf(`${peer}/${cidr.split("/")[1]}`);
    if ((cidr.endsWith("/32") && peer === undefined) || one.name === "lo") continue;
    const route = { destination: destination.replace(/\/32$/, ""), device: one.name, source: cidr.split("/")[0]! };
    if (net.routes.some((other) => other.destination === route.destination && other.device === one.name)) continue;
    net.routes.push(route);
  }
  net.network.changes++;
}

/** Takes away what an address brought, or a line's other end; without one, all routes of a device. */
export function disconnect(net: NetNamespace, one: Interface, cidr?: string): void {
  const goes = cidr === undefined ? undefined : networkOf(cidr).replace(/\/32$/, "");
  for (const routes of [net.routes, ...net.tables.values()]) {
    const left = routes.filter(
      ({ device, destination }) => device !== one.name || (goes !== undefined && destination !== goes),
    );
    routes.splice(0, routes.length, ...left);
  }
  net.network.changes++;
}

/** `ip link`: shows, adds, changes and deletes devices. */
export function* link(p: Process, words: readonly string[], options: Options): Gen<number> {
  const [word = "show", ...rest] = words;
  if (word === "help") {
    yield* sys.printError(p, LINK_HELP);
    return 255;
  }
  const verb = VERBS.find(([, names]) => names.some((name) => name.startsWith(word)))?.[0];
  if (verb === "show") return yield* list(p, "link", rest, options);
  try {
    if (verb === undefined) throw new LinkError(`Command "${word}" is unknown, try "ip link help".`, 255);
    const given = readLink(p, rest);
    const settings =
      given.type === undefined ? {} : readKind(given.type, given.type === "veth" ? [] : given.rest, p.ns.net);
    if (verb === "add") return yield* add(p, given, settings);
    if (given.dev === undefined && given.group === undefined) {
      const said = rest.length > 0 && !["up", "down", "type"].includes(rest[0]!) && verb === "set";
      throw new LinkError(said ? 'Command line is not complete. Try option "help"' : NEEDS_DEVICE, 255);
    }
    const chosen = given.dev === undefined ? members(p.ns.net, given.group!) : [deviceOf(p, given.dev)];
    for (const one of chosen) {
      const status = verb === "delete" ? yield* remove(p, one) : yield* change(p, one, given, settings);
      if (status !== 0) return status;
    }
    return 0;
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    yield* error.usage ? sys.print(p, `${error.message}\n`) : sys.printError(p, `${error.message}\n`);
    return error.status;
  }
}

const NEEDS_DEVICE = 'Not enough information: "dev" argument is required.';

function deviceOf({ ns: { net } }: Process, name: string): Interface {
  const one = net.interfaces.get(name);
  if (one === undefined) throw new LinkError(`Cannot find device "${name}"`, 1);
  return one;
}

const members = (net: NetNamespace, group: number): Interface[] =>
  [...net.interfaces.values()].filter((one) => (one.group ?? 0) === group);

/** An address of those that the kernel makes up: locally administered. */
function madeUpMac(p: Process): string {
  const random = p.machine.kernel.random(`link ${p.machine.hostname}`);
  const bytes = Array.from({ length: 6 }, () => random.int(0, 255));
  bytes[0] = (bytes[0]! & 0xfc) | 2;
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** Numbers go up; those that were asked for are left out (dev_new_index). */
function nextIndex(net: NetNamespace): number {
  const taken = new Set(numbered(net).map(([index]) => index));
  let last = net.lastIndex ?? Math.max(...taken);
  do last++;
  while (taken.has(last));
  net.lastIndex = last;
  return last;
}

function made(p: Process, net: NetNamespace, name: string, kind: string, index?: number): Interface {
  // What was numbered by its place keeps its number.
  for (const [place, one] of numbered(net)) one.index ??= place;
  net.lastIndex ??= Math.max(...numbered(net).map(([place]) => place));
  const own = index ?? nextIndex(net);
  const mtu = KINDS[kind]?.mtu ?? 1500;
  const one: Interface = { name, mac: madeUpMac(p), addresses: [], up: false, mtu, kind, index: own };
  net.addInterface(one);
  return one;
}

/** The first name of a stem that nobody has, `besides` one that is about to be taken. */
function freeName(net: NetNamespace, stem: string, besides?: string): string {
  let i = 0;
  while (net.interfaces.has(`${stem}${i}`) || besides === `${stem}${i}`) i++;
  return `${stem}${i}`;
}

/** `add [link DEV] [name] NAME … type KIND …`. */
function* add(p: Process, given: LinkWords, settings: Record<string, string>): Gen<number> {
  const { net } = p.ns;
  const { type, link: below } = given;
  if (type === undefined) throw new LinkError('Not enough information: "type" argument is required', 1);
  if (below !== undefined && !net.interfaces.has(below)) throw new LinkError(`Cannot find device "${below}"`, 1);
  const peer = type === "veth" ? readPeer(p, given.rest) : undefined;
  if (p.cred.uid !== 0) return yield* notPermitted(p);
  const kind = KINDS[type];
  if (kind === undefined) throw new LinkError("Error: Unknown device type.", 2);
  const warning = kind.warning?.(settings);
  if (warning !== undefined) yield* sys.printError(p, warning);
  const target = given.space ?? net;
  const said = given.name ?? given.dev;
  if (said === "." || said === "..") throw refused("Invalid argument");
  if (said !== undefined && target.interfaces.has(said)) throw refused("File exists");
  if (given.index !== undefined && numbered(target).some(([index]) => index === given.index))
    throw refused("File exists");
  if (kind.below && below === undefined && type !== "vlan") throw refused("Invalid argument");
  kind.check?.(settings, net, below);
  if (peer !== undefined) return addPair(p, target, said, given, peer);
  const name = said ?? freeName(target, kind.stem ?? type);
  const one = made(p, target, name, type, given.index);
  if (below !== undefined) {
    one.link = below;
    const under = net.interfaces.get(below)!;
    one.mtu = under.mtu;
    if (type !== "macvlan" && type !== "vxlan") one.mac = under.mac;
  }
  const carrier = settings["dev"] === undefined ? undefined : net.interfaces.get(settings["dev"]);
  // What VXLAN puts in front of a packet (VXLAN_HEADROOM).
  if (carrier !== undefined) one.mtu = carrier.mtu - 50;
  if (Object.keys(settings).length > 0) one.settings = settings;
  apply(p, target, one, given);
  return 0;
}

/** The other end of a pair: `peer [name] NAME …`. */
function readPeer(p: Process, words: readonly string[]): LinkWords {
  if (words.length === 0) return { rest: [], flags: {} };
  if (words[0] !== "peer") {
    throw new LinkError(
      "Usage: ip link <options> type veth [peer <options>]\nTo get <options> type 'ip link add help'",
      1,
      true,
    );
  }
  const given = readLink(p, words.slice(1));
  const name = given.name ?? given.dev;
  return name === undefined ? given : { ...given, name };
}

function addPair(p: Process, net: NetNamespace, own: string | undefined, given: LinkWords, peer: LinkWords): number {
  const space = peer.space ?? net;
  // The kernel makes the peer first.
  const other = peer.name ?? freeName(space, "veth", own);
  const name = own ?? freeName(net, "veth", space === net ? other : undefined);
  if (net.interfaces.has(name) || space.interfaces.has(other) || (space === net && other === name))
    throw refused("File exists");
  const second = made(p, space, other, "veth");
  const first = made(p, net, name, "veth", given.index);
  first.peer = `${space.name}/${other}`;
  second.peer = `${net.name}/${name}`;
  // Who says nothing of the other end's packets means both.
  apply(p, space, second, { ...peer, ...(peer.mtu === undefined && given.mtu !== undefined && { mtu: given.mtu }) });
  apply(p, net, first, given);
  return 0;
}

/** What words say of a device besides its name and kind. */
function apply(p: Process, net: NetNamespace, one: Interface, given: LinkWords): void {
  const { mtu, mac, master, flags } = given;
  if (mtu !== undefined) {
    const virtual = one.name === "lo" || one.kind === "dummy" || one.kind === "ifb";
    if (mtu < 68 && !virtual) throw new LinkError("Error: mtu less than device minimum.", 2);
    if (mtu > 65_535 && !virtual) throw new LinkError("Error: mtu greater than device maximum.", 2);
    one.mtu = mtu;
  }
  if (mac !== undefined) {
    if (one.kind === "ifb" && one.up) throw refused("Operation not supported");
    one.mac = mac;
    one.named = true;
  }
  if (given.queue !== undefined) one.queue = given.queue;
  if (given.group !== undefined && given.dev !== undefined) one.group = given.group;
  if (given.alias !== undefined) one.alias = given.alias;
  if (Object.keys(flags).length > 0) one.flags = { ...one.flags, ...flags };
  if (master !== undefined) enslave(net, one, master);
  if (given.nomaster && one.master !== undefined) {
    const bridge = net.interfaces.get(one.master);
    delete one.master;
    if (bridge !== undefined) settleMac(net, bridge);
  }
  if (given.up !== undefined) raise(p, net, one, given.up);
}

function enslave(net: NetNamespace, one: Interface, master: string): void {
  const bridge = net.interfaces.get(master)!;
  const takes = bridge.kind === "bridge" || bridge.kind === "vrf" || bridge.kind === undefined;
  if (!takes || bridge === one || bridge.name === "lo") throw refused("Operation not supported");
  if (one.name === "lo") throw refused("Invalid argument");
  if (one.kind === "bridge" && bridge.kind === "bridge")
    throw new LinkError("Error: Can not enslave a bridge to a bridge.", 2);
  one.master = master;
  settleMac(net, bridge);
}

/** A bridge has the least address of its ports, unless somebody has given it one (br_stp_recalculate_bridge_id). */
function settleMac(net: NetNamespace, bridge: Interface): void {
  if (bridge.kind !== "bridge" || bridge.named) return;
  const macs = [...net.interfaces.values()].filter(({ master }) => master === bridge.name).map(({ mac }) => mac);
  const [least] = macs.sort();
  bridge.mac = least ?? "00:00:00:00:00:00";
}

function raise(p: Process, net: NetNamespace, one: Interface, up: boolean): void {
  if (one.kind === "vlan" && up && net.interfaces.get(one.link ?? "")?.up === false) throw refused("Network is down");
  const before = one.up;
  one.up = up;
  if (before && !up && (one.kind !== undefined || one.name === "lo"))
    one.queued = one.kind === "ifb" ? "pfifo_fast" : "noqueue";
  // The loopback device has its address while it is up.
  if (one.name === "lo" && up && one.addresses.length === 0) one.addresses = ["127.0.0.1/8"];
  for (const cidr of one.addresses) {
    if (up) net.network.claim(cidr.split("/")[0]!, net);
    else net.network.release(cidr.split("/")[0]!, net);
  }
  if (one.kind !== undefined && up) connected(net, one);
  else if (one.kind !== undefined && !up) disconnect(net, one);
  // What lies on it goes down with it.
  if (!up)
    for (const above of net.interfaces.values())
      if (above.kind === "vlan" && above.link === one.name && above.up) raise(p, net, above, false);
  net.network.changes++;
}

function drop(net: NetNamespace, one: Interface): void {
  for (const cidr of [...one.addresses]) net.removeAddress(one.name, cidr);
  disconnect(net, one);
  for (const port of net.interfaces.values()) if (port.master === one.name) delete port.master;
  const bridge = one.master === undefined ? undefined : net.interfaces.get(one.master);
  net.interfaces.delete(one.name);
  if (bridge !== undefined) settleMac(net, bridge);
  for (const above of [...net.interfaces.values()]) if (above.link === one.name) drop(net, above);
}

function* remove(p: Process, one: Interface): Gen<number> {
  const { net } = p.ns;
  if (p.cred.uid !== 0) return yield* notPermitted(p);
  if (one.name === "lo") throw refused("Operation not supported");
  const peer = peerOf({ ns: net, device: one });
  drop(net, one);
  if (peer !== undefined) drop(peer.ns, peer.device);
  return 0;
}

/** `set [dev] NAME CHANGES…`. */
function* change(p: Process, one: Interface, given: LinkWords, settings: Record<string, string>): Gen<number> {
  const { net } = p.ns;
  if (p.cred.uid !== 0) return yield* notPermitted(p);
  if (given.type !== undefined && given.rest.length > 0) {
    if (given.type !== (one.kind ?? "")) throw refused("Operation not supported");
    one.settings = { ...one.settings, ...settings };
  }
  if (given.name !== undefined && given.name !== one.name) {
    if (net.interfaces.has(given.name)) throw refused("File exists");
    rename(net, one, given.name);
  }
  apply(p, net, one, given);
  if (given.space !== undefined && given.space !== net) {
    if (one.name === "lo") throw refused("Invalid argument");
    move(net, given.space, one);
  }
  return 0;
}

function rename(net: NetNamespace, one: Interface, name: string): void {
  const peer = peerOf({ ns: net, device: one });
  if (peer !== undefined) peer.device.peer = `${net.name}/${name}`;
  const before = one.name;
  // Its place among the others is its number's.
  for (const [index, other] of numbered(net)) other.index ??= index;
  const all = [...net.interfaces.values()];
  net.interfaces.clear();
  one.name = name;
  for (const other of all) net.interfaces.set(other.name, other);
  for (const other of all) {
    if (other.master === before) other.master = name;
    if (other.link === before) other.link = name;
  }
  for (const routes of [net.routes, ...net.tables.values()])
    for (const route of routes) if (route.device === before) route.device = name;
  net.network.changes++;
}

/** Into another namespace: down, without addresses and routes. */
function move(from: NetNamespace, to: NetNamespace, one: Interface): void {
  if (to.interfaces.has(one.name)) throw refused("File exists");
  const peer = peerOf({ ns: from, device: one });
  for (const cidr of [...one.addresses]) from.removeAddress(one.name, cidr);
  disconnect(from, one);
  from.interfaces.delete(one.name);
  delete one.master;
  one.up = false;
  for (const [index, other] of numbered(to)) other.index ??= index;
  if (numbered(to).some(([index]) => index === one.index)) one.index = nextIndex(to);
  to.addInterface(one);
  if (peer !== undefined) peer.device.peer = `${to.name}/${one.name}`;
  from.network.changes++;
}
