import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type NetNamespace, type Route, routeTo } from "../../network/index.ts";
import { inNetwork, ipv4Number } from "../../text/ipv4.ts";
import { broadcast, notPermitted, type Options } from "./ip.ts";
import { show } from "./ip-show.ts";

/** `ip route` (ip/iproute.c): words, what the kernel says to them, and what it keeps. */

const LAST_TABLE = 0xffff_ffff;
/** Types whose packets go nowhere, and what is said to who asks for the way. */
const DEAD: Readonly<Record<string, string>> = {
  blackhole: "Invalid argument",
  unreachable: "No route to host",
  prohibit: "Permission denied",
};
const PROTOCOLS = ["kernel", "boot", "static", "ra", "dhcp", "bird", "zebra", "bgp"];
const SCOPES = ["global", "link", "host", "nowhere", "site"];
const TABLES: Readonly<Record<string, string>> = { "254": "main", "255": "local", "253": "default" };

/** Ends a command: what is said, and the exit status. */
class RouteError extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

const answers = (why: string) => new RouteError(`RTNETLINK answers: ${why}`, 2);
const kernel = (why: string) => new RouteError(`Error: ${why}`, 2);
const wrong = (word: string, why: string) => new RouteError(`Error: argument "${word}" is wrong: ${why}\n`, 255);

function prefixOf(destination: string): [number, number] {
  const [text = "0.0.0.0", length = "32"] = destination === "default" ? ["0.0.0.0", "0"] : destination.split("/");
  return [ipv4Number(text), Number(length)];
}

/** `10.0.0.0/8`, `10.1`, `default`: as it is kept. Throws for what is none. */
function prefix(text: string): string {
  if (["default", "any", "all"].includes(text)) return "default";
  const [address = "", length] = text.split("/");
  const parts = address.split(".");
  const bits = length === undefined ? (parts.length < 4 ? parts.length * 8 : 32) : Number(length);
  const sound = parts.length <= 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  if (!sound || (length !== undefined && !/^\d{1,2}$/.test(length)) || bits > 32) {
    throw new RouteError(`Error: any valid prefix is expected rather than "${text}".`, 1);
  }
  const whole = [...parts, "0", "0", "0"].slice(0, 4).join(".");
  return bits === 0 ? "default" : bits === 32 ? whole : `${whole}/${bits}`;
}

function host(text: string): string {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split(".").every((part) => Number(part) < 256)) return text;
  throw new RouteError(`Error: inet address is expected rather than "${text}".`, 1);
}

interface Given {
  destination: string | undefined;
  type?: Route["type"];
  via?: string;
  dev?: string;
  src?: string;
  metric?: number;
  scope?: string;
  proto?: string;
  mtu?: number;
  table?: string;
  onlink?: boolean;
  match?: "root" | "match" | "exact";
  from?: string;
  fibmatch?: boolean;
}

/** Reads what stands behind a verb; `lists`: that shows. Throws `RouteError`. */
function readWords(words: readonly string[], lists = false): Given {
  const out: Given = { destination: undefined };
  let to = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const next = (): string => {
      const value = words[++i];
      if (value === undefined) throw new RouteError('Command line is not complete. Try option "help"', 255);
      return value;
    };
    const number = (what: string): number => {
      const value = next();
      if (!/^\d+$/.test(value)) throw wrong(value, `"${what}" value is invalid`);
      return Number(value);
    };
    if (word === "via") {
      const value = next();
      out.via = host(value === "inet" ? next() : value);
    } else if (word === "dev" || word === "oif" || word === "iif") out.dev = next();
    else if (word === "src") out.src = host(next());
    else if (word === "from") out.from = prefix(next());
    else if (["metric", "priority", "preference"].includes(word)) out.metric = number("metric");
    else if (word === "mtu") out.mtu = number("mtu");
    else if (word === "scope") {
      out.scope = next();
      if (!SCOPES.includes(out.scope) && !/^\d+$/.test(out.scope)) throw wrong(out.scope, 'invalid "scope" value');
    } else if (word === "proto" || word === "protocol") {
      out.proto = next();
      if (!PROTOCOLS.includes(out.proto) && !/^\d+$/.test(out.proto))
        throw wrong(out.proto, '"protocol" value is invalid');
    } else if (word === "table") {
      const name = next();
      out.table = TABLES[name] ?? name;
      const known = ["main", "local", "default", "all", "cache"].includes(out.table);
      if (!known && !(/^\d+$/.test(name) && Number(name) <= LAST_TABLE))
        throw wrong(name, lists ? "table id value is invalid" : '"table" value is invalid');
    } else if (word === "type") out.type = next() as Route["type"];
    else if (word === "onlink") out.onlink = true;
    else if (word === "fibmatch") out.fibmatch = true;
    else if (word === "root" || word === "match" || word === "exact") {
      out.match = word;
      out.destination = prefix(next());
    } else if (Object.hasOwn(DEAD, word)) out.type = word as Route["type"];
    else if (word === "cache") out.table = word;
    else if (word === "unicast") continue;
    else {
      if (to) throw new RouteError(`Error: either "to" is duplicate, or "${word}" is garbage.`, 255);
      to = true;
      out.destination = prefix(word === "to" ? next() : word);
    }
  }
  return out;
}

const VERBS: readonly [string, string[]][] = [
  ["list", ["list", "show", "lst"]],
  ["get", ["get"]],
  ["add", ["add"]],
  ["change", ["change", "chg"]],
  ["replace", ["replace"]],
  ["append", ["append"]],
  ["prepend", ["prepend"]],
  ["delete", ["delete"]],
  ["flush", ["flush"]],
];

/** `ip route`: shows, finds, adds, changes and deletes routes. */
export function* route(p: Process, words: string[], options: Options): Gen<number> {
  const [word = "list", ...rest] = words;
  const verb = VERBS.find(([, names]) => names.some((name) => name.startsWith(word)))?.[0];
  try {
    if (verb === undefined) throw new RouteError(`Command "${word}" is unknown, try "ip route help".`, 255);
    // Nothing here has an IPv6 address, hence no way to one.
    if (options.family === "6" && verb === "list") yield* show(p, "", "route", options);
    else if (verb === "list") yield* show(p, listed(p.ns.net, readWords(rest, true)), "route", options);
    else if (verb === "get") yield* show(p, found(p, readWords(rest)), "get", options);
    else {
      if (rest.length === 0 && verb === "flush") throw new RouteError('"ip route flush" requires arguments.', 1);
      if (rest.length === 0) throw new RouteError("Usage: ip route { list | flush } SELECTOR", 255);
      const given = readWords(rest);
      checkDevice(p.ns.net, given.dev);
      if (p.cred.uid !== 0) return yield* notPermitted(p);
      if (verb === "flush") flush(p.ns.net, given);
      else if (verb === "delete") remove(p.ns.net, given);
      else put(p.ns.net, verb as "add", given);
      p.ns.net.network.changes++;
    }
    return 0;
  } catch (error) {
    if (!(error instanceof RouteError)) throw error;
    yield* sys.printError(p, `${error.message}\n`);
    return error.status;
  }
}

function checkDevice(net: NetNamespace, name: string | undefined): void {
  if (name !== undefined && !net.interfaces.has(name)) throw new RouteError(`Cannot find device "${name}"`, 1);
}

/** What the kernel keeps of a route, or why it does not (fib_create_info). */
function made(net: NetNamespace, { destination = "default", via, dev, src, ...more }: Given): Route {
  const { type, metric, proto, mtu, scope } = more;
  const [base, bits] = prefixOf(destination);
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  if ((base & ~mask) !== 0) throw kernel("Invalid prefix for given prefix length.");
  const kept: Route = { destination, device: dev ?? "lo" };
  if (metric !== undefined && metric !== 0) kept.metric = metric;
  if (proto !== undefined && proto !== "boot") kept.protocol = proto;
  if (mtu !== undefined) kept.mtu = mtu;
  if (type !== undefined) return { ...kept, type };
  const near = via === undefined ? undefined : routeTo(net, via);
  if (via !== undefined && !more.onlink) {
    const reached = near !== undefined && near.via === undefined && near.type === undefined;
    if (!reached || (dev !== undefined && near.device !== dev)) throw kernel("Nexthop has invalid gateway.");
  }
  const device = dev ?? near?.device;
  if (device === undefined) throw answers("No such device");
  if (net.interfaces.get(device)?.up === false) throw kernel("Device for nexthop is not up.");
  if (src !== undefined && !net.owns(src)) throw kernel("Invalid prefsrc address.");
  kept.device = device;
  if (via !== undefined) kept.via = via;
  if (src !== undefined) kept.source = src;
  if (more.onlink) kept.onlink = true;
  kept.scope = scope ?? (via === undefined ? "link" : "global");
  return kept;
}

/** Of routes to the same place, the cheaper ones are asked first. */
function put(net: NetNamespace, verb: "add" | "change" | "replace" | "append" | "prepend", given: Given): void {
  const one = made(net, given);
  const { routes } = net;
  const same = (other: Route) => other.destination === one.destination && (other.metric ?? 0) === (one.metric ?? 0);
  const at = routes.findIndex(same);
  if (verb === "add" && at >= 0) throw answers("File exists");
  if (verb === "change" && at < 0) throw answers("No such file or directory");
  if ((verb === "change" || verb === "replace") && at >= 0) {
    routes[at] = one;
    return;
  }
  const dearer = routes.findIndex(
    (other) =>
      other.destination === one.destination &&
      ((other.metric ?? 0) > (one.metric ?? 0) || (verb === "prepend" && same(other))),
  );
  routes.splice(dearer < 0 ? routes.length : dearer, 0, one);
}

/** Whether a route is what words ask for. */
function fits(one: Route, { via, dev, src, metric, type, proto, scope }: Given): boolean {
  return (
    (via === undefined || one.via === via) &&
    (dev === undefined || (one.device === dev && one.type === undefined)) &&
    (src === undefined || one.source === src) &&
    (metric === undefined || (one.metric ?? 0) === metric) &&
    (type === undefined || one.type === type) &&
    (proto === undefined || protocolOf(one) === proto) &&
    (scope === undefined || scopeOf(one) === scope)
  );
}

function remove(net: NetNamespace, given: Given): void {
  const at = net.routes.findIndex((one) => one.destination === (given.destination ?? "default") && fits(one, given));
  if (at < 0) throw answers("No such process");
  net.routes.splice(at, 1);
}

function flush(net: NetNamespace, given: Given): void {
  const left = net.routes.filter((one) => !chosen(one, given));
  net.routes.splice(0, net.routes.length, ...left);
}

/** The way to an address, as `get` tells it. */
function found(p: Process, given: Given): string {
  const { net } = p.ns;
  const { destination, dev, from } = given;
  if (destination === undefined) throw new RouteError("need at least a destination address", 1);
  checkDevice(net, dev);
  const target = destination.replace(/\/.*/, "");
  const user = `uid ${p.cred.uid} `;
  if (net.owns(target)) return `local ${target} dev lo src ${target} ${user}\n    cache <local> \n`;
  const way = routeTo(net, target);
  if (way === undefined) throw answers("Network is unreachable");
  if (way.type !== undefined) throw answers(DEAD[way.type]!);
  const own = net.interfaces.get(way.device)?.addresses ?? [];
  const source = way.source ?? own[0]?.replace(/\/.*$/, "") ?? net.addresses()[0]!;
  const ends = own.some((cidr) => broadcast(cidr) === ` brd ${target}`);
  if (ends) return `broadcast ${target} dev ${way.device} src ${source} ${user}\n    cache <local,brd> \n`;
  const start = `${target}${from === undefined ? "" : ` from ${from}`}${way.via ? ` via ${way.via}` : ""} dev ${way.device}`;
  return `${start}${from === undefined ? ` src ${source}` : ""} ${user}\n    cache \n`;
}

function chosen(one: Route, given: Given): boolean {
  const { destination, match = "exact" } = given;
  if (!fits(one, given)) return false;
  if (destination === undefined) return true;
  if (match === "exact") return one.destination === destination;
  const [wide, narrow] = match === "root" ? [destination, one.destination] : [one.destination, destination];
  if (wide === "default") return true;
  if (narrow === "default" || prefixOf(narrow)[1] < prefixOf(wide)[1]) return false;
  return inNetwork(wide.includes("/") ? wide : `${wide}/32`, narrow.replace(/\/.*/, ""));
}

function listed(net: NetNamespace, given: Given): string {
  const { table = "main" } = given;
  if (given.dev !== undefined) checkDevice(net, given.dev);
  if (table === "local")
    return localLines(net)
      .map((line) => `${line}\n`)
      .join("");
  if (table === "cache" || table === "default") return "";
  if (table !== "main" && table !== "all") {
    throw new RouteError("Error: ipv4: FIB table does not exist.\nDump terminated", 2);
  }
  const own = net.routes
    .filter((one) => (one.type !== undefined || net.interfaces.get(one.device)?.up !== false) && chosen(one, given))
    .map((one, i) => ({ one, i }))
    .sort((a, b) => {
      const [x, m] = prefixOf(a.one.destination);
      const [y, n] = prefixOf(b.one.destination);
      return x - y || m - n || (a.one.metric ?? 0) - (b.one.metric ?? 0) || a.i - b.i;
    })
    .map(({ one }) => `${routeLine(net, one, given)}\n`)
    .join("");
  return (
    own +
    (table === "all"
      ? localLines(net)
          .map((line) => `${line.replace(/( dev \S+)/, "$1 table local")}\n`)
          .join("")
      : "")
  );
}

/** The kernel's own table: addresses of the machine, and broadcasts. */
function localLines(net: NetNamespace): string[] {
  const out: string[] = [];
  for (const { name, addresses, up } of net.interfaces.values()) {
    if (!up && name !== "lo") continue;
    for (const cidr of addresses) {
      const [own = ""] = cidr.split("/");
      const rest = `dev ${name} proto kernel scope`;
      if (name === "lo") out.push(`local 127.0.0.0/8 ${rest} host src ${own} `);
      out.push(`local ${own} ${rest} host src ${own} `);
      const last = name === "lo" ? "127.255.255.255" : broadcast(cidr).replace(" brd ", "");
      if (last !== "") out.push(`broadcast ${last} ${rest} link src ${own} `);
    }
  }
  return out;
}

/** Of a route that an address brought with it: its own address is the source. */
function sourceOf(net: NetNamespace, one: Route): string | undefined {
  if (one.source !== undefined || one.scope !== undefined || one.via !== undefined || one.type !== undefined)
    return one.source;
  const single = one.destination.endsWith("/32") || !one.destination.includes("/");
  return single ? undefined : net.interfaces.get(one.device)?.addresses[0]?.split("/")[0];
}

function protocolOf(one: Route): string {
  if (one.protocol !== undefined) return one.protocol;
  const brought = one.scope === undefined && one.via === undefined && one.type === undefined;
  return brought && (one.source !== undefined || one.destination.includes("/")) ? "kernel" : "boot";
}

const scopeOf = (one: Route): string =>
  one.scope ?? (one.via === undefined && one.type === undefined ? "link" : "global");

/** A line without what all lines share because it was asked for. */
function routeLine(net: NetNamespace, one: Route, given: Given): string {
  const source = sourceOf(net, one);
  const protocol =
    source === undefined && one.scope === undefined && one.protocol === undefined ? "boot" : protocolOf(one);
  const parts: [string, string | number | undefined, boolean][] = [
    ["via", one.via, given.via !== undefined],
    ["dev", one.type === undefined ? one.device : undefined, given.dev !== undefined],
    ["proto", protocol === "boot" ? undefined : protocol, given.proto !== undefined],
    ["scope", scopeOf(one) === "global" ? undefined : scopeOf(one), given.scope !== undefined],
    ["src", source, given.src !== undefined],
    ["metric", one.metric, given.metric !== undefined],
    ["mtu", one.mtu, false],
  ];
  const shown = parts
    .filter(([, value, asked]) => value !== undefined && !asked)
    .map(([name, value]) => `${name} ${value} `);
  const onlink = one.onlink || (one.via !== undefined && one.device.startsWith("flannel")) ? "onlink " : "";
  return `${one.type === undefined ? "" : `${one.type} `}${one.destination} ${shown.join("")}${onlink}`;
}
