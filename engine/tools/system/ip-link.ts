import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Interface, NetNamespace } from "../../network/index.ts";
import { peerOf } from "../../network/links.ts";
import { asked, flags, linkLines, missing, notPermitted, numbered, type Options, shownName, state } from "./ip.ts";
import { spaceOf } from "./ip-netns.ts";
import { show } from "./ip-show.ts";

const KINDS = new Set(["veth", "bridge", "dummy"]);
const FILTERS = new Set(["type", "master", "dev"]);

/** What a device is to `ip link show type`. */
function kindOf(one: Interface): string | undefined {
  if (one.kind !== undefined) return one.kind;
  if (one.peer !== undefined) return "veth";
  return /^cni|^docker|^br-/.test(one.name) ? "bridge" : one.name.startsWith("flannel") ? "vxlan" : undefined;
}

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
    const destination = networkOf(cidr);
    if (cidr.endsWith("/32") || one.name === "lo") continue;
    if (net.routes.some((route) => route.destination === destination && route.device === one.name)) continue;
    net.routes.push({ destination, device: one.name, source: cidr.split("/")[0]! });
  }
  net.network.changes++;
}

/** Takes away what an address brought; without one, all routes of a device. */
export function disconnect(net: NetNamespace, one: Interface, cidr?: string): void {
  const goes = cidr === undefined ? undefined : networkOf(cidr);
  const left = net.routes.filter(
    ({ device, destination }) => device !== one.name || (goes !== undefined && destination !== goes),
  );
  net.routes.splice(0, net.routes.length, ...left);
  net.network.changes++;
}

/** `ip link`: shows, adds, changes and deletes devices. */
export function* link(p: Process, words: string[], options: Options): Gen<number> {
  const { net } = p.ns;
  const [verb = "show"] = words;
  if (verb === "set") return yield* change(p, words.slice(1));
  if (verb === "add") return yield* add(p, words.slice(1));
  if (verb.startsWith("d") && "delete".startsWith(verb)) return yield* remove(p, words.slice(1));
  const rest = ["show", "list", "ls"].includes(words[0] ?? "") ? words.slice(1) : words;
  let name: string | undefined;
  try {
    name = asked(
      p,
      rest.filter((word, i) => !FILTERS.has(word) && !FILTERS.has(rest[i - 1] ?? "")),
    );
  } catch (error) {
    return yield* missing(p, error);
  }
  const after = (word: string) => (rest.includes(word) ? rest[rest.indexOf(word) + 1] : undefined);
  const [master, type, up] = [after("master"), after("type"), rest.includes("up")];
  let text = "";
  for (const [index, one] of numbered(net)) {
    if (name !== undefined && one.name !== name) continue;
    if (master !== undefined && one.master !== master) continue;
    if (type !== undefined && kindOf(one) !== type) continue;
    if (up && !one.up) continue;
    if (options.brief && !options.json)
      text += `${shownName(p, one).padEnd(16)} ${state(p, one).padEnd(14)} ${one.mac} <${flags(p, one)}> \n`;
    else
      text += `${linkLines(p, index, one, " mode DEFAULT", options.details).join(options.oneline && !options.json ? "\\" : "\n")}\n`;
  }
  yield* show(p, text, "link", options);
  return 0;
}

/** An address of those that the kernel makes up: locally administered. */
function madeUpMac(p: Process): string {
  const random = p.machine.kernel.random(`link ${p.machine.hostname}`);
  const bytes = Array.from({ length: 6 }, () => random.int(0, 255));
  bytes[0] = (bytes[0]! & 0xfc) | 2;
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function nextIndex(net: NetNamespace): number {
  return Math.max(...numbered(net).map(([index]) => index)) + 1;
}

function made(p: Process, net: NetNamespace, name: string, kind: string): Interface {
  // What was numbered by its place keeps its number.
  for (const [index, one] of numbered(net)) one.index ??= index;
  const one: Interface = { name, mac: madeUpMac(p), addresses: [], up: false, mtu: 1500, kind, index: nextIndex(net) };
  net.addInterface(one);
  return one;
}

function* say(p: Process, text: string, status: number): Gen<number> {
  yield* sys.printError(p, `${text}\n`);
  return status;
}

/** `add [name] NAME type KIND [peer name NAME]`. */
function* add(p: Process, words: readonly string[]): Gen<number> {
  const rest = words.filter((word) => word !== "dev");
  const typeAt = rest.indexOf("type");
  const kind = typeAt < 0 ? undefined : rest[typeAt + 1];
  const named = rest[0] === "name" ? rest[1] : rest[0];
  const name = named === "type" ? undefined : named;
  if (kind === undefined) return yield* say(p, 'Not enough information: "type" argument is required', 1);
  if (p.cred.uid !== 0) return yield* notPermitted(p);
  if (!KINDS.has(kind)) return yield* say(p, "Error: Unknown device type.", 2);
  const { net } = p.ns;
  if (name !== undefined && name.length > 15)
    return yield* say(p, `Error: argument "${name}" is wrong: "name" not a valid ifname`, 255);
  const free = (stem: string): string => {
    let i = 0;
    while (net.interfaces.has(`${stem}${i}`)) i++;
    return `${stem}${i}`;
  };
  const own = name ?? free(kind === "bridge" ? "bridge" : kind);
  if (net.interfaces.has(own)) return yield* say(p, "RTNETLINK answers: File exists", 2);
  if (kind !== "veth") {
    made(p, net, own, kind);
    return 0;
  }
  const peerAt = rest.indexOf("peer");
  const after = peerAt < 0 ? [] : rest.slice(peerAt + 1);
  const other = after[0] === "name" ? after[1] : after[0] === "netns" ? undefined : after[0];
  const spaceName = after.includes("netns") ? after[after.indexOf("netns") + 1] : undefined;
  const space = spaceName === undefined ? net : spaceOf(p, spaceName);
  if (space === undefined)
    return yield* say(p, `Error: argument "${spaceName}" is wrong: Invalid "netns" value\n`, 255);
  const peer = other ?? free("veth");
  if (space.interfaces.has(peer) || (space === net && peer === own))
    return yield* say(p, "RTNETLINK answers: File exists", 2);
  // The kernel makes the peer first.
  const second = made(p, space, peer, kind);
  const first = made(p, net, own, kind);
  first.peer = `${space.name}/${peer}`;
  second.peer = `${net.name}/${own}`;
  return 0;
}

function drop(net: NetNamespace, one: Interface): void {
  for (const cidr of [...one.addresses]) net.removeAddress(one.name, cidr);
  disconnect(net, one);
  for (const port of net.interfaces.values()) if (port.master === one.name) delete port.master;
  net.interfaces.delete(one.name);
}

function* remove(p: Process, words: readonly string[]): Gen<number> {
  const { net } = p.ns;
  const name = words.filter((word) => word !== "dev")[0] ?? "";
  const one = net.interfaces.get(name);
  if (one === undefined) return yield* say(p, `Cannot find device "${name}"`, 1);
  if (p.cred.uid !== 0) return yield* notPermitted(p);
  if (name === "lo") return yield* say(p, "RTNETLINK answers: Operation not supported", 2);
  const peer = peerOf({ ns: net, device: one });
  drop(net, one);
  if (peer !== undefined) drop(peer.ns, peer.device);
  return 0;
}

/** Changes with a value, and ones without (iplink_parse). */
const CHANGES = ["mtu", "address", "master", "netns", "name", "alias", "txqueuelen", "qlen", "txqlen", "group", "type"];
const SWITCHED = ["arp", "multicast", "allmulticast", "promisc", "dynamic", "trailers"];

/** What is wrong with the words of a change. */
function complaint(words: readonly string[]): string | undefined {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (["up", "down", "nomaster"].includes(word)) continue;
    if (!CHANGES.includes(word) && !SWITCHED.includes(word)) {
      return `Error: either "dev" is duplicate, or "${word}" is garbage.`;
    }
    const value = words[++i];
    if (value === undefined) return 'Command line is not complete. Try option "help"';
    if (word === "type") return undefined;
    if (word === "mtu" && !/^\d+$/.test(value)) return `Error: argument "${value}" is wrong: Invalid "mtu" value\n`;
  }
  return undefined;
}

/** `set [dev] NAME CHANGES…`. */
function* change(p: Process, words: readonly string[]): Gen<number> {
  const { net } = p.ns;
  const rest = words.filter((word) => word !== "dev");
  const [name] = rest;
  if (name === undefined) {
    return words.length > 0
      ? yield* say(p, 'Command line is not complete. Try option "help"', 255)
      : yield* say(p, 'Not enough information: "dev" argument is required.', 255);
  }
  const garbage = complaint(rest.slice(1));
  if (garbage !== undefined) return yield* say(p, garbage, 255);
  const one = net.interfaces.get(name);
  if (one === undefined) return yield* say(p, `Cannot find device "${name}"`, 1);
  if (p.cred.uid !== 0) return yield* notPermitted(p);
  const after = (word: string) => (rest.includes(word) ? rest[rest.indexOf(word) + 1] : undefined);
  const [mtu, mac, master, space, newName] = [
    after("mtu"),
    after("address"),
    after("master"),
    after("netns"),
    after("name"),
  ];
  if (mtu !== undefined) one.mtu = Number(mtu);
  if (mac !== undefined) net.interfaces.set(name, Object.assign(one, { mac }));
  if (master !== undefined) {
    if (!net.interfaces.has(master))
      return yield* say(p, `Error: argument "${master}" is wrong: Device does not exist\n`, 255);
    one.master = master;
  }
  if (rest.includes("nomaster")) delete one.master;
  if (newName !== undefined) rename(net, one, newName);
  if (rest.includes("up") || rest.includes("down")) {
    one.up = rest.includes("up");
    // The loopback device has its address while it is up.
    if (one.name === "lo" && one.up && one.addresses.length === 0) one.addresses = ["127.0.0.1/8"];
    for (const cidr of one.addresses) {
      if (one.up) net.network.claim(cidr.split("/")[0]!, net);
      else net.network.release(cidr.split("/")[0]!, net);
    }
    if (one.kind !== undefined && one.up) connected(net, one);
    else if (one.kind !== undefined) disconnect(net, one);
    net.network.changes++;
  }
  if (space !== undefined) {
    const to = /^\d+$/.test(space) ? p.machine.processes.get(Number(space))?.ns.net : spaceOf(p, space);
    if (to === undefined) return yield* say(p, `Error: argument "${space}" is wrong: Invalid "netns" value\n`, 255);
    move(net, to, one);
  }
  return 0;
}

function rename(net: NetNamespace, one: Interface, name: string): void {
  const peer = peerOf({ ns: net, device: one });
  if (peer !== undefined) peer.device.peer = `${net.name}/${name}`;
  net.interfaces.delete(one.name);
  net.interfaces.set(name, Object.assign(one, { name }));
}

/** Into another namespace: down, without addresses and routes. */
function move(from: NetNamespace, to: NetNamespace, one: Interface): void {
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
