import type { Gen } from "../../kernel/index.ts";
import { cpu } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Interface, NetNamespace } from "../../network/index.ts";
import { peerOf, spaceCalled } from "../../network/links.ts";
import { inNetwork, ipv4Number, ipv4Text } from "../../text/ipv4.ts";
import { linkDetails } from "./bridge.ts";
import { addressWords, ordered, scopeOf } from "./ip-address.ts";
import { connected, disconnect, link } from "./ip-link.ts";
import { neighbours } from "./ip-neighbour.ts";
import { netns, spaceOf } from "./ip-netns.ts";
import { route } from "./ip-route.ts";
import { rule } from "./ip-rule.ts";
import { show } from "./ip-show.ts";

const USAGE = `Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }
       ip [ -force ] -batch filename
where  OBJECT := { address | addrlabel | fou | help | ila | ioam | l2tp | link |
                   macsec | maddress | monitor | mptcp | mroute | mrule |
                   neighbor | neighbour | netconf | netns | nexthop | ntable |
                   ntbl | route | rule | sr | stats | tap | tcpmetrics |
                   token | tunnel | tuntap | vrf | xfrm }
       OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] | -r[esolve] |
                    -h[uman-readable] | -iec | -j[son] | -p[retty] |
                    -f[amily] { inet | inet6 | mpls | bridge | link } |
                    -4 | -6 | -M | -B | -0 |
                    -l[oops] { maximum-addr-flush-attempts } | -br[ief] |
                    -o[neline] | -t[imestamp] | -ts[hort] | -b[atch] [filename] |
                    -rc[vbuf] [size] | -n[etns] name | -N[umeric] | -a[ll] |
                    -c[olor]}
`;

/** What stands before the object. */
export interface Options {
  brief: boolean;
  oneline: boolean;
  json: boolean;
  pretty: boolean;
  color: "never" | "auto" | "always";
  details: boolean;
  statistics: boolean;
  family: "any" | "4" | "6";
  /** Of `ip netns exec`: in every namespace. */
  all: boolean;
}

/** ip(8) of iproute2: addresses, links, routes and neighbours of this network namespace. */
export const ip: Program = function* (p) {
  yield* cpu(500);
  const words = p.argv.slice(1);
  const options: Options = {
    brief: false,
    oneline: false,
    json: false,
    pretty: false,
    color: "never",
    details: false,
    statistics: false,
    family: "any",
    all: false,
  };
  let space: string | undefined;
  while (words[0]?.startsWith("-")) {
    const word = words.shift()!.replace(/^--/, "-");
    if ("-brief".startsWith(word) && word.startsWith("-br")) options.brief = true;
    else if (word === "-4") options.family = "4";
    else if (word === "-6") options.family = "6";
    else if (word === "-o" || word === "-oneline") options.oneline = true;
    else if (word === "-d" || word === "-details") options.details = true;
    else if (word === "-j" || word === "-json") options.json = true;
    else if (word === "-p" || word === "-pretty") options.pretty = true;
    else if (/^-c(olor)?(=(always|auto|never))?$/.test(word))
      options.color = (word.split("=")[1] ?? "always") as Options["color"];
    else if (word === "-V" || word === "-Version") {
      yield* sys.print(p, "ip utility, iproute2-6.1.0, libbpf 1.1.0\n");
      return 0;
    } else if (word === "-n" || word === "-netns") space = words.shift();
    else if (word === "-a" || word === "-all") options.all = true;
    else if (/^-s(tat(istic)?s?)?$/.test(word)) options.statistics = true;
    else if (!["-s", "-h", "-N"].includes(word) && !/^-[sdh]+$/.test(word)) {
      yield* sys.printError(p, `Option "${word}" is unknown, try "ip -help".\n`);
      return 255;
    }
  }
  if (space === undefined) return yield* objectOf(p, words, options);
  const there = spaceOf(p, space);
  if (there === undefined) {
    yield* sys.printError(p, `Cannot open network namespace "${space}": No such file or directory\n`);
    return 255;
  }
  if (p.cred.uid !== 0) {
    yield* sys.printError(p, `setting the network namespace "${space}" failed: Operation not permitted\n`);
    return 255;
  }
  p.ns = { ...p.ns, net: there };
  return yield* objectOf(p, words, options);
};

function* objectOf(p: Process, words: string[], options: Options): Gen<number> {
  const object = words.shift();
  if (object === undefined || object === "help") {
    yield* sys.printError(p, USAGE);
    return object === undefined ? 255 : 0;
  }
  const is = (name: string) => name.startsWith(object);
  if (is("address")) return yield* address(p, words, options);
  if (is("link")) return yield* link(p, words, options);
  if (is("route")) return yield* route(p, words, options);
  if (is("neighbor") || is("neighbour")) return yield* neighbours(p, words, options);
  if (is("rule")) return yield* rule(p, words, options);
  if (is("netns")) return yield* netns(p, words, options.all);
  yield* sys.printError(p, `Object "${object}" is unknown, try "ip help".\n`);
  return 1;
}

/** Interfaces with their index: 1 is the loopback. */
export function numbered(net: NetNamespace): [number, Interface][] {
  return [...net.interfaces.values()].map((one, i) => [one.index ?? i + 1, one]);
}

export function flags(p: Process, one: Interface): string {
  if (one.name === "lo") return one.up ? "LOOPBACK,UP,LOWER_UP" : "LOOPBACK";
  // The dummy interface of kube-proxy's mode ipvs.
  if (one.name === "kube-ipvs0") return "BROADCAST,NOARP";
  if (one.peer?.startsWith(`${p.ns.net.name}/`) && !peerOf({ ns: p.ns.net, device: one })?.device.up)
    return `${one.up ? "NO-CARRIER," : ""}BROADCAST,MULTICAST,${one.up ? "UP," : ""}M-DOWN`;
  if (one.kind === "dummy") return one.up ? "BROADCAST,NOARP,UP,LOWER_UP" : "BROADCAST,NOARP";
  if (one.up && !hasCarrier(p, one)) return "NO-CARRIER,BROADCAST,MULTICAST,UP";
  return one.up ? "BROADCAST,MULTICAST,UP,LOWER_UP" : "BROADCAST,MULTICAST";
}

export function state(p: Process, one: Interface): string {
  // Devices without a carrier of their own do not tell.
  const bare = one.kind === "bridge" && ![...p.ns.net.interfaces.values()].some(({ master }) => master === one.name);
  const silent = one.name === "lo" || one.kind === "dummy" || bare || one.name.startsWith("flannel");
  if (!one.up) return "DOWN";
  return silent ? "UNKNOWN" : hasCarrier(p, one) ? "UP" : one.peer === undefined ? "DOWN" : "LOWERLAYERDOWN";
}

/** A pair has a carrier while its other end is up, a bridge while one of its ports has. */
function hasCarrier(p: Process, one: Interface): boolean {
  const { net } = p.ns;
  if (one.kind === "veth") return peerOf({ ns: net, device: one })?.device.up === true;
  if (one.kind !== "bridge") return true;
  const ports = [...net.interfaces.values()].filter(({ master }) => master === one.name);
  return ports.length === 0 || ports.some((port) => port.up);
}

/** `eth0@if12` for a veth, whose other end lies elsewhere. */
export function shownName(p: Process, one: Interface): string {
  if (one.peer === undefined) return one.name;
  if (one.peer.startsWith(`${p.ns.net.name}/`)) return `${one.name}@${one.peer.slice(one.peer.lastIndexOf("/") + 1)}`;
  return `${one.name}@if${peerIndex(p, one.peer)}`;
}

function peerIndex(p: Process, peer: string): number {
  const [space, device] = [peer.slice(0, peer.lastIndexOf("/")), peer.slice(peer.lastIndexOf("/") + 1)];
  const { net } = p.ns;
  for (const one of [p.machine.net, net, spaceCalled(net.host, space)]) {
    if (one?.name !== space) continue;
    const found = numbered(one).find(([, other]) => other.name === device);
    if (found) return found[0];
  }
  return 2;
}

export function linkLines(p: Process, index: number, one: Interface, mode: string, details = false): string[] {
  const kind = one.name === "lo" ? "loopback" : "ether";
  const software = one.name === "lo" || one.peer !== undefined || /^(cni|flannel|kube-|cilium)/.test(one.name);
  const made = one.kind !== undefined || one.name === "lo";
  const queue = made && !one.up ? "noop" : software || made ? "noqueue" : one.up ? "fq_codel" : "noop";
  const plain = one.peer === undefined || one.kind !== undefined;
  const length = plain && !one.name.startsWith("flannel") ? " qlen 1000" : "";
  const broadcast = one.name === "lo" ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff";
  const netns = one.peer === undefined ? "" : linkSpace(p, one.peer);
  const master = one.master === undefined ? "" : ` master ${one.master}`;
  if (p.applet) {
    return [
      `${index}: ${shownName(p, one)}: <${flags(p, one)}${one.peer === undefined ? "" : ",M-DOWN"}> mtu ${one.mtu} qdisc ${queue} ${length.trim()}`,
      `    link/${kind} ${one.mac} brd ${broadcast}`,
    ];
  }
  return [
    `${index}: ${shownName(p, one)}: <${flags(p, one)}> mtu ${one.mtu} qdisc ${queue}${master} state ${state(p, one)}${mode} group default${length}`,
    `    link/${kind} ${one.mac} brd ${broadcast}${netns}${details ? linkDetails(p, one) : ""}`,
  ];
}

/** Where the other end of a pair is, by the name of its namespace where that has one here. */
function linkSpace(p: Process, peer: string): string {
  const { net } = p.ns;
  const space = peer.slice(0, peer.lastIndexOf("/"));
  if (space === net.name) return "";
  if (p.ns.mnt === p.machine.ns.mnt)
    for (const [name, one] of net.host.spaces) if (one.name === space) return ` link-netns ${name}`;
  return " link-netnsid 0";
}

export function broadcast(cidr: string): string {
  const [text = "", length = "32"] = cidr.split("/");
  const bits = Number(length);
  if (bits >= 31) return "";
  const number = ipv4Number(text);
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  return ` brd ${ipv4Text(((number & mask) | ~mask) >>> 0)}`;
}

/** Words that choose by what comes after them. */
const CHOICES = new Set(["scope", "to", "label", "type", "master"]);

/** Which addresses `scope host` and `to 10.0.0.0/8` choose; undefined where neither is said. */
function chosenAddresses(words: readonly string[]): ((cidr: string, scope: string) => boolean) | undefined {
  const after = (word: string) => (words.includes(word) ? words[words.indexOf(word) + 1] : undefined);
  const scope = after("scope");
  const to = after("to");
  if (scope === undefined && to === undefined) return undefined;
  return (cidr, own) => {
    if (scope !== undefined && scope !== own && scope !== "all") return false;
    return to === undefined || inNetwork(to.includes("/") ? to : `${to}/32`, cidr.slice(0, cidr.indexOf("/")));
  };
}

/** The interface words ask for (`dev NAME`, or a bare name); throws a message when it does not exist. */
export function asked(p: Process, words: readonly string[]): string | undefined {
  const at = words.indexOf("dev");
  const name =
    at >= 0
      ? words[at + 1]
      : words.find(
          (word, i) =>
            !["show", "list", "ls", "up"].includes(word) && !CHOICES.has(word) && !CHOICES.has(words[i - 1] ?? ""),
        );
  if (name !== undefined && !p.ns.net.interfaces.has(name)) throw new MissingDevice(name);
  return name;
}

/** A device that is not there; its name. */
export class MissingDevice extends Error {}

const SHOWS = ["show", "list", "lst", "ls"];

function* address(p: Process, words: string[], options: Options): Gen<number> {
  const { net } = p.ns;
  const verb = words[0] ?? "show";
  if (["add", "a", "del", "delete", "d", "replace"].includes(verb)) return yield* changeAddress(p, words);
  if (!SHOWS.some((name) => name.startsWith(verb))) {
    yield* sys.printError(p, `Command "${verb}" is unknown, try "ip address help".\n`);
    return 255;
  }
  const rest = words.slice(1);
  let name: string | undefined;
  try {
    name = asked(p, rest);
  } catch (error) {
    return yield* missing(p, error);
  }
  const chosen = numbered(net).filter(([, one]) => name === undefined || one.name === name);
  const wanted = chosenAddresses(rest);
  let text = "";
  for (const [index, one] of chosen) {
    const all = options.family === "6" ? [] : one.addresses;
    const own = wanted === undefined ? all : all.filter((cidr) => wanted(cidr, scopeOf(cidr)));
    if (wanted !== undefined && own.length === 0) continue;
    if (options.brief && !options.json) {
      text += `${shownName(p, one).padEnd(16)} ${state(p, one).padEnd(14)} ${ordered(own)
        .map(({ cidr }) => `${cidr} `)
        .join("")}\n`;
      continue;
    }
    if (options.oneline && !options.json) {
      for (const { cidr, secondary } of ordered(own))
        text += `${index}: ${one.name}    inet ${cidr}${one.name === "lo" || one.kind !== undefined ? "" : broadcast(cidr)} scope ${scopeOf(cidr)}${secondary} ${one.name}\\       valid_lft forever preferred_lft forever\n`;
      continue;
    }
    if (options.family === "6" && own.length === 0) continue;
    const head = linkLines(p, index, one, "");
    text += `${(options.family === "any" ? head : head.slice(0, 1)).join("\n")}\n`;
    for (const { cidr, secondary } of ordered(own)) {
      text += `    inet ${cidr}${one.name === "lo" || one.kind !== undefined ? "" : broadcast(cidr)} scope ${scopeOf(cidr)}${secondary} ${one.name}\n       valid_lft forever preferred_lft forever\n`;
    }
  }
  yield* show(p, text, "address", options);
  return 0;
}

export function* missing(p: Process, error: unknown): Gen<number> {
  if (!(error instanceof MissingDevice)) throw error;
  yield* sys.printError(p, `Device "${error.message}" does not exist.\n`);
  return 1;
}

export function* notPermitted(p: Process): Gen<number> {
  yield* sys.printError(p, "RTNETLINK answers: Operation not permitted\n");
  return 2;
}

function* changeAddress(p: Process, words: readonly string[]): Gen<number> {
  const { net } = p.ns;
  const given = addressWords(words);
  if (Array.isArray(given)) {
    yield* sys.printError(p, `${given[0]}\n`);
    return given[1];
  }
  const { cidr, device } = given;
  if (p.cred.uid !== 0) return yield* notPermitted(p);
  const one = net.interfaces.get(device);
  if (one === undefined) {
    yield* sys.printError(p, `Cannot find device "${device}"\n`);
    return 1;
  }
  const full = cidr.includes("/") ? cidr : `${cidr}/32`;
  const there = one.addresses.includes(full);
  if (words[0]!.startsWith("d")) {
    if (!there) {
      yield* sys.printError(p, "RTNETLINK answers: Cannot assign requested address\n");
      return 2;
    }
    net.removeAddress(device, full);
    if (one.kind !== undefined) disconnect(net, one, full);
  } else if (there) {
    if (words[0] === "replace") return 0;
    yield* sys.printError(p, "RTNETLINK answers: File exists\n");
    return 2;
  } else {
    net.addAddress(device, full);
    if (one.kind !== undefined && one.up) connected(net, one);
  }
  return 0;
}
