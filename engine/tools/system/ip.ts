import type { Gen } from "../../kernel/index.ts";
import { cpu } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Interface, NetNamespace, Route } from "../../network/index.ts";
import { linkDetails, neighbours } from "./neighbours.ts";

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

interface Options {
  brief: boolean;
  oneline: boolean;
  json: boolean;
  details: boolean;
  family: "any" | "4" | "6";
}

/** ip(8) of iproute2: addresses, links, routes and neighbours of this network namespace. */
export const ip: Program = function* (p) {
  yield* cpu(500);
  const words = p.argv.slice(1);
  const options: Options = { brief: false, oneline: false, json: false, details: false, family: "any" };
  while (words[0]?.startsWith("-")) {
    const word = words.shift()!.replace(/^--/, "-");
    if ("-brief".startsWith(word) && word.startsWith("-br")) options.brief = true;
    else if (word === "-4") options.family = "4";
    else if (word === "-6") options.family = "6";
    else if (word === "-o" || word === "-oneline") options.oneline = true;
    else if (word === "-d" || word === "-details") options.details = true;
    else if (word === "-j" || word === "-json") options.json = true;
    else if (word === "-V" || word === "-Version") {
      yield* sys.print(p, "ip utility, iproute2-6.1.0, libbpf 1.1.0\n");
      return 0;
    } else if (word === "-n" || word === "-netns") words.shift();
    else if (!["-s", "-c", "-color", "-h", "-p", "-N", "-c=auto"].includes(word) && !/^-[sdhp]+$/.test(word)) {
      yield* sys.printError(p, `Option "${word}" is unknown, try "ip -help".\n`);
      return 255;
    }
  }
  const object = words.shift();
  if (object === undefined || object === "help") {
    yield* sys.printError(p, USAGE);
    return object === undefined ? 255 : 0;
  }
  const is = (name: string) => name.startsWith(object);
  if (is("address")) return yield* address(p, words, options);
  if (is("link")) return yield* link(p, words, options);
  if (is("route")) return yield* route(p, words);
  if (is("neighbor") || is("neighbour")) return yield* neighbours(p, words);
  if (is("rule")) {
    yield* sys.print(p, "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n");
    return 0;
  }
  if (is("netns")) return 0;
  yield* sys.printError(p, `Object "${object}" is unknown, try "ip help".\n`);
  return 1;
};

/** Interfaces with their index: 1 is the loopback. */
function numbered(net: NetNamespace): [number, Interface][] {
  return [...net.interfaces.values()].map((one, i) => [i + 1, one]);
}

function flags(one: Interface): string {
  if (one.name === "lo") return "LOOPBACK,UP,LOWER_UP";
  // The dummy interface of kube-proxy's mode ipvs.
  if (one.name === "kube-ipvs0") return "BROADCAST,NOARP";
  return one.up ? "BROADCAST,MULTICAST,UP,LOWER_UP" : "BROADCAST,MULTICAST";
}

function state(one: Interface): string {
  // Devices without a carrier of their own do not tell.
  const silent = one.name === "lo" || (one.up && one.name.startsWith("flannel"));
  return silent ? "UNKNOWN" : one.up ? "UP" : "DOWN";
}

/** `eth0@if12` for a veth, whose other end lies elsewhere. */
function shownName(p: Process, one: Interface): string {
  if (one.peer === undefined) return one.name;
  return `${one.name}@if${peerIndex(p, one.peer)}`;
}

function peerIndex(p: Process, peer: string): number {
  const [space, device] = [peer.slice(0, peer.lastIndexOf("/")), peer.slice(peer.lastIndexOf("/") + 1)];
  for (const machineNet of [p.machine.net, p.ns.net]) {
    if (machineNet.name !== space) continue;
    const found = numbered(machineNet).find(([, one]) => one.name === device);
    if (found) return found[0];
  }
  return 2;
}

function linkLines(p: Process, index: number, one: Interface, mode: string, details = false): string[] {
  const kind = one.name === "lo" ? "loopback" : "ether";
  const software = one.name === "lo" || one.peer !== undefined || /^(cni|flannel|kube-|cilium)/.test(one.name);
  const queue = software ? "noqueue" : one.up ? "fq_codel" : "noop";
  const length = one.peer === undefined && !one.name.startsWith("flannel") ? " qlen 1000" : "";
  const broadcast = one.name === "lo" ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff";
  const netns = one.peer === undefined ? "" : " link-netnsid 0";
  if (p.applet) {
    return [
      `${index}: ${shownName(p, one)}: <${flags(one)}${one.peer === undefined ? "" : ",M-DOWN"}> mtu ${one.mtu} qdisc ${queue} ${length.trim()}`,
      `    link/${kind} ${one.mac} brd ${broadcast}`,
    ];
  }
  return [
    `${index}: ${shownName(p, one)}: <${flags(one)}> mtu ${one.mtu} qdisc ${queue} state ${state(one)}${mode} group default${length}`,
    `    link/${kind} ${one.mac} brd ${broadcast}${netns}${details ? linkDetails(p, one) : ""}`,
  ];
}

function broadcast(cidr: string): string {
  const [text = "", length = "32"] = cidr.split("/");
  const bits = Number(length);
  if (bits >= 31) return "";
  const number = toNumber(text);
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  return ` brd ${toText(((number & mask) | ~mask) >>> 0)}`;
}

export function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0);
}

function toText(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}

/** The interface words ask for (`dev NAME`, or a bare name); throws a message when it does not exist. */
function asked(p: Process, words: readonly string[]): string | undefined {
  const at = words.indexOf("dev");
  const name =
    at >= 0 ? words[at + 1] : words.find((word) => !["show", "list", "ls", "up", "scope", "global"].includes(word));
  if (name !== undefined && !p.ns.net.interfaces.has(name)) throw new MissingDevice(name);
  return name;
}

class MissingDevice extends Error {}

function* address(p: Process, words: string[], options: Options): Gen<number> {
  const { net } = p.ns;
  const verb = words[0] ?? "show";
  if (["add", "a", "del", "delete", "d", "replace"].includes(verb)) return yield* changeAddress(p, words);
  const rest = ["show", "list", "ls", "s", "l"].includes(verb) ? words.slice(1) : words;
  let name: string | undefined;
  try {
    name = asked(p, rest);
  } catch (error) {
    return yield* missing(p, error);
  }
  const chosen = numbered(net).filter(([, one]) => name === undefined || one.name === name);
  let text = "";
  for (const [index, one] of chosen) {
    const own = options.family === "6" ? (one.name === "lo" ? [] : []) : one.addresses;
    if (options.brief) {
      text += `${shownName(p, one).padEnd(16)} ${state(one).padEnd(14)} ${own.map((cidr) => `${cidr} `).join("")}\n`;
      continue;
    }
    const scope = one.name === "lo" ? "host" : "global";
    if (options.oneline) {
      for (const cidr of own)
        text += `${index}: ${one.name}    inet ${cidr}${one.name === "lo" ? "" : broadcast(cidr)} scope ${scope} ${one.name}\\       valid_lft forever preferred_lft forever\n`;
      continue;
    }
    if (options.family === "6" && own.length === 0) continue;
    const head = linkLines(p, index, one, "");
    text += `${(options.family === "any" ? head : head.slice(0, 1)).join("\n")}\n`;
    own.forEach((cidr, i) => {
      const secondary = i > 0 && !cidr.endsWith("/32") ? " secondary" : "";
      text += `    inet ${cidr}${one.name === "lo" ? "" : broadcast(cidr)} scope ${scope}${secondary} ${one.name}\n       valid_lft forever preferred_lft forever\n`;
    });
  }
  yield* sys.print(p, text);
  return 0;
}

function* missing(p: Process, error: unknown): Gen<number> {
  if (!(error instanceof MissingDevice)) throw error;
  yield* sys.printError(p, `Device "${error.message}" does not exist.\n`);
  return 1;
}

function* notPermitted(p: Process): Gen<number> {
  yield* sys.printError(p, "RTNETLINK answers: Operation not permitted\n");
  return 2;
}

function* changeAddress(p: Process, words: readonly string[]): Gen<number> {
  const { net } = p.ns;
  const cidr = words[1] ?? "";
  const device = words[words.indexOf("dev") + 1];
  if (words.indexOf("dev") < 0) {
    yield* sys.printError(p, 'Not enough information: "dev" argument is required.\n');
    return 255;
  }
  if (!/^\d+\.\d+\.\d+\.\d+(\/\d+)?$/.test(cidr)) {
    yield* sys.printError(p, `Error: any valid prefix is expected rather than "${cidr}".\n`);
    return 1;
  }
  if (p.cred.uid !== 0) return yield* notPermitted(p);
  const one = net.interfaces.get(device!);
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
    net.removeAddress(device!, full);
  } else if (there) {
    if (words[0] === "replace") return 0;
    yield* sys.printError(p, "RTNETLINK answers: File exists\n");
    return 2;
  } else net.addAddress(device!, full);
  return 0;
}

function* link(p: Process, words: string[], options: Options): Gen<number> {
  const { net } = p.ns;
  if (words[0] === "set") {
    const rest = words.slice(1).filter((word) => word !== "dev");
    const one = net.interfaces.get(rest[0] ?? "");
    if (one === undefined) {
      yield* sys.printError(p, `Cannot find device "${rest[0]}"\n`);
      return 1;
    }
    if (p.cred.uid !== 0) return yield* notPermitted(p);
    if (rest.includes("up") || rest.includes("down")) {
      one.up = rest.includes("up");
      for (const cidr of one.addresses) {
        if (one.up) net.network.claim(cidr.split("/")[0]!, net);
        else net.network.release(cidr.split("/")[0]!, net);
      }
    }
    const mtu = rest.indexOf("mtu");
    if (mtu >= 0) one.mtu = Number(rest[mtu + 1]);
    return 0;
  }
  const rest = ["show", "list", "ls"].includes(words[0] ?? "") ? words.slice(1) : words;
  let name: string | undefined;
  try {
    name = asked(
      p,
      rest.filter((word, i) => word !== "type" && rest[i - 1] !== "type"),
    );
  } catch (error) {
    return yield* missing(p, error);
  }
  let text = "";
  for (const [index, one] of numbered(net)) {
    if (name !== undefined && one.name !== name) continue;
    if (options.brief) text += `${shownName(p, one).padEnd(16)} ${state(one).padEnd(14)} ${one.mac} <${flags(one)}> \n`;
    else text += `${linkLines(p, index, one, " mode DEFAULT", options.details).join("\n")}\n`;
  }
  yield* sys.print(p, text);
  return 0;
}

function prefixOf(destination: string): [number, number] {
  const [text = "0.0.0.0", length = "32"] = destination === "default" ? ["0.0.0.0", "0"] : destination.split("/");
  return [toNumber(text), Number(length)];
}

/** The most exact route to an address. */
export function routeTo(net: NetNamespace, address: string): Route | undefined {
  const number = toNumber(address);
  let best: Route | undefined;
  let bits = -1;
  for (const one of net.routes) {
    const [network, length] = prefixOf(one.destination);
    const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
    if (((number ^ network) & mask) === 0 && length > bits) {
      best = one;
      bits = length;
    }
  }
  return best;
}

function* route(p: Process, words: string[]): Gen<number> {
  const { net } = p.ns;
  const verb = words[0] ?? "show";
  if (verb === "get") {
    const target = words[1] ?? "";
    const local = net.owns(target);
    const found = routeTo(net, target);
    if (!local && found === undefined) {
      yield* sys.printError(p, "RTNETLINK answers: Network is unreachable\n");
      return 2;
    }
    const own = net.interfaces.get(found?.device ?? "")?.addresses[0];
    const source = found?.source ?? own?.replace(/\/.*$/, "") ?? net.addresses()[0]!;
    const line = local
      ? `local ${target} dev lo src ${target} uid ${p.cred.uid} `
      : `${target}${found!.via ? ` via ${found!.via}` : ""} dev ${found!.device} src ${source} uid ${p.cred.uid} `;
    yield* sys.print(p, `${line}\n    cache \n`);
    return 0;
  }
  if (["add", "del", "delete", "replace"].includes(verb)) {
    if (p.cred.uid !== 0) return yield* notPermitted(p);
    net.network.changes++;
    const destination = words[1] ?? "default";
    const value = (key: string) => (words.includes(key) ? words[words.indexOf(key) + 1] : undefined);
    const at = net.routes.findIndex((one) => one.destination === destination);
    if (verb.startsWith("del")) {
      if (at < 0) {
        yield* sys.printError(p, "RTNETLINK answers: No such process\n");
        return 2;
      }
      net.routes.splice(at, 1);
      return 0;
    }
    if (at >= 0 && verb === "add") {
      yield* sys.printError(p, "RTNETLINK answers: File exists\n");
      return 2;
    }
    if (at >= 0) net.routes.splice(at, 1);
    const via = value("via");
    const device = value("dev") ?? (via === undefined ? undefined : routeTo(net, via)?.device) ?? "eth0";
    net.routes.push({ destination, device, ...(via === undefined ? {} : { via }) });
    return 0;
  }
  const order = [...net.routes].sort((a, b) => {
    const [x, i] = prefixOf(a.destination);
    const [y, j] = prefixOf(b.destination);
    return x - y || i - j;
  });
  yield* sys.print(p, order.map((one) => `${routeLine(net, one)}\n`).join(""));
  return 0;
}

function routeLine(net: NetNamespace, one: Route): string {
  if (one.via !== undefined) {
    const flannel = one.device.startsWith("flannel");
    return `${one.destination} via ${one.via} dev ${one.device} ${flannel ? "onlink " : ""}`;
  }
  const own = net.interfaces.get(one.device)?.addresses[0]?.split("/")[0];
  const source = one.source ?? (one.destination.endsWith("/32") || !one.destination.includes("/") ? undefined : own);
  return `${one.destination} dev ${one.device} ${source === undefined ? "scope link " : `proto kernel scope link src ${source} `}`;
}
