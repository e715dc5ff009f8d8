import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { parseAddress } from "../../netfilter/index.ts";
import { type NetNamespace, type Route, routeTo } from "../../network/index.ts";
import { LOCAL_TABLE, MAIN_TABLE, type Routed, routesIn, tablesOf } from "../../network/policy-routing.ts";
import { wayTo } from "../../network/routes.ts";
import { inNetwork } from "../../text/ipv4.ts";
import { notPermitted, type Options } from "./ip.ts";
import { ROUTE_HELP } from "./ip-help.ts";
import {
  answers,
  DEAD,
  type Given,
  kernel,
  METRICS,
  prefixOf,
  RouteError,
  readWords,
  tableName,
} from "./ip-route-words.ts";
import { show } from "./ip-show.ts";
import { broadcast } from "./link-text.ts";

/** `ip route` (ip/iproute.c): words, what the kernel says to them, and what it keeps. */

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
  if (word === "help") {
    yield* sys.printError(p, ROUTE_HELP);
    return 255;
  }
  const verb = VERBS.find(([, names]) => names.some((name) => name.startsWith(word)))?.[0];
  try {
    if (verb === undefined) throw new RouteError(`Command "${word}" is unknown, try "ip route help".`, 255);
    // Nothing here has an IPv6 address, hence no way to one.
    if (options.family === "6" && verb === "list") yield* show(p, "", "route", options);
    else if (verb === "list") yield* show(p, listed(p, readWords(p, rest, true), options.details), "route", options);
    else if (verb === "get") yield* show(p, found(p, readWords(p, rest)), "get", options);
    else {
      if (rest.length === 0 && verb === "flush") throw new RouteError('"ip route flush" requires arguments.', 1);
      if (rest.length === 0) throw new RouteError(ROUTE_HELP.trimEnd(), 255);
      const given = readWords(p, rest, verb === "flush");
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
  const { type, metric, proto, metrics, scope } = more;
  const [base, bits] = prefixOf(destination);
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  if ((base & ~mask) !== 0) throw kernel("Invalid prefix for given prefix length.");
  const kept: Route = { destination, device: dev ?? "lo" };
  if (metric !== undefined && metric !== 0) kept.metric = metric;
  if (proto !== undefined && proto !== "boot") kept.protocol = proto;
  if (metrics !== undefined) kept.metrics = metrics;
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
  const routes = tableFor(net, given);
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

const isDead = ({ type }: Listed): boolean => type !== undefined && Object.hasOwn(DEAD, type);

/** Whether a route is what words ask for. */
function fits(one: Listed, { via, dev, src, metric, type, proto, scope }: Given): boolean {
  return (
    (via === undefined || one.via === via) &&
    (dev === undefined || (one.device === dev && !isDead(one))) &&
    (src === undefined || one.source === src) &&
    (metric === undefined || (one.metric ?? 0) === metric) &&
    (type === undefined || one.type === type) &&
    (proto === undefined || protocolOf(one) === proto) &&
    (scope === undefined || scopeOf(one) === scope)
  );
}

/** The table that words name, made when it is not there. */
function tableFor(net: NetNamespace, { table }: Given): Route[] {
  const number = typeof table === "number" && table !== 0 ? table : MAIN_TABLE;
  const there = routesIn(net, number);
  if (there !== undefined) return there;
  const routes: Route[] = [];
  net.tables.set(number, routes);
  return routes;
}

function remove(net: NetNamespace, given: Given): void {
  const routes = routesIn(net, typeof given.table === "number" ? given.table : MAIN_TABLE) ?? [];
  const at = routes.findIndex((one) => one.destination === (given.destination ?? "default") && fits(one, given));
  if (at < 0) throw answers("No such process");
  routes.splice(at, 1);
}

function flush(net: NetNamespace, given: Given): void {
  const { table = MAIN_TABLE } = given;
  for (const [number, routes] of tablesOf(net)) {
    if (table !== "all" && table !== number) continue;
    const left = routes.filter((one) => !chosen(one, given));
    routes.splice(0, routes.length, ...left);
  }
}

/** The way to an address, as `get` tells it. */
function found(p: Process, given: Given): string {
  const { net } = p.ns;
  const { destination, dev, from, mark, input } = given;
  if (destination === undefined) throw new RouteError("need at least a destination address", 1);
  checkDevice(net, dev);
  checkDevice(net, input);
  const target = destination.replace(/\/.*/, "");
  const marked = mark === undefined || mark === 0 ? "" : `mark ${mark > 15 ? `0x${mark.toString(16)}` : mark} `;
  const user = `${marked}uid ${given.uid ?? p.cred.uid} `;
  if (net.owns(target)) return `local ${target} dev lo src ${target} ${user}\n    cache <local> \n`;
  const asked: Routed = {
    source: from === undefined ? 0 : (parseAddress(from) ?? 0),
    mark: mark ?? 0,
    user: given.uid ?? p.cred.uid,
    ...(input !== undefined && { input }),
    ...(dev !== undefined && { output: dev }),
    ...(given.ipproto !== undefined && { protocol: given.ipproto }),
    ...(given.sport !== undefined && { sourcePort: given.sport }),
    ...(given.dport !== undefined && { destinationPort: given.dport }),
  };
  const found = wayTo(net, target, asked);
  if (found === undefined) throw answers("Network is unreachable");
  const { route: way, table } = found;
  if (way.type !== undefined) throw answers(DEAD[way.type]!);
  const own = net.interfaces.get(way.device)?.addresses ?? [];
  const source = way.source ?? own[0]?.replace(/\/.*$/, "") ?? net.addresses()[0]!;
  const ends = own.some((cidr) => broadcast(cidr) === ` brd ${target}`);
  if (ends) return `broadcast ${target} dev ${way.device} src ${source} ${user}\n    cache <local,brd> \n`;
  const start = `${target}${from === undefined ? "" : ` from ${from}`}${way.via ? ` via ${way.via}` : ""} dev ${way.device}`;
  const where = table === MAIN_TABLE ? "" : ` table ${tableName(p, table)}`;
  return `${start}${where}${from === undefined ? ` src ${source}` : ""} ${user}\n    cache \n`;
}

function chosen(one: Listed, given: Given): boolean {
  const { destination, match = "exact" } = given;
  if (!fits(one, given)) return false;
  if (destination === undefined) return true;
  if (match === "exact") return one.destination === destination;
  const [wide, narrow] = match === "root" ? [destination, one.destination] : [one.destination, destination];
  if (wide === "default") return true;
  if (narrow === "default" || prefixOf(narrow)[1] < prefixOf(wide)[1]) return false;
  return inNetwork(wide.includes("/") ? wide : `${wide}/32`, narrow.replace(/\/.*/, ""));
}

const NO_TABLE = "Error: ipv4: FIB table does not exist.\nDump terminated";

/** The place of a table among all: the kernel keeps them in 256 lists (fib_table_hash). */
const listOf = (table: number): number => table & 255;

/** Routes as they are listed: by address, prefix and metric. */
function listed(p: Process, given: Given, details: boolean): string {
  const { net } = p.ns;
  const { table = MAIN_TABLE } = given;
  if (given.dev !== undefined) checkDevice(net, given.dev);
  if (table === "cache") return "";
  if (table !== "all" && table !== MAIN_TABLE && table !== LOCAL_TABLE && !net.tables.has(table))
    throw new RouteError(NO_TABLE, 2);
  const lines = (number: number): string[] => {
    const named = table === "all" && number !== MAIN_TABLE ? tableName(p, number) : undefined;
    const routes = [...(routesIn(net, number) ?? []), ...(number === LOCAL_TABLE ? localRoutes(net) : [])];
    return inOrder(net, routes, given).map((one) => routeLine(net, one, given, named, details));
  };
  const numbers = table === "all" ? [...new Set([LOCAL_TABLE, ...tablesOf(net).map(([number]) => number)])] : [table];
  return numbers
    .sort((a, b) => listOf(a) - listOf(b))
    .flatMap(lines)
    .map((line) => `${line}\n`)
    .join("");
}

/** All routes, for who watches them. */
export const routeLines = (p: Process): string[] =>
  listed(p, { destination: undefined, table: "all" }, false).split("\n").filter(Boolean);

function inOrder(net: NetNamespace, routes: readonly Listed[], given: Given): Listed[] {
  return routes
    .filter((one) => (one.type !== undefined || net.interfaces.get(one.device)?.up !== false) && chosen(one, given))
    .map((one, i) => ({ one, i }))
    .sort((a, b) => {
      const [x, m] = prefixOf(a.one.destination);
      const [y, n] = prefixOf(b.one.destination);
      return x - y || m - n || (a.one.metric ?? 0) - (b.one.metric ?? 0) || a.i - b.i;
    })
    .map(({ one }) => one);
}

/** A route as it is listed; addresses of the namespace itself are no routes that anybody keeps. */
type Listed = Omit<Route, "type"> & { type?: Route["type"] | "local" | "broadcast" };

/** The kernel's own table: addresses of the machine, and broadcasts. */
function localRoutes(net: NetNamespace): Listed[] {
  const out: Listed[] = [];
  for (const { name, addresses, up } of net.interfaces.values()) {
    // An address that comes to a device which is down is the machine's all the same; kube-proxy's never comes up.
    if (!up && name !== "lo" && name !== "kube-ipvs0") continue;
    for (const cidr of addresses) {
      const [own = ""] = cidr.split("/");
      const add = (type: "local" | "broadcast", destination: string, scope: string) =>
        out.push({ destination, device: name, type, protocol: "kernel", scope, source: own });
      if (name === "lo" && own.startsWith("127.")) add("local", "127.0.0.0/8", "host");
      add("local", own, "host");
      const last = name === "lo" && own.startsWith("127.") ? "127.255.255.255" : broadcast(cidr).replace(" brd ", "");
      if (last !== "") add("broadcast", last, "link");
    }
  }
  return out;
}

/** Of a route that an address brought with it: its own address is the source. */
function sourceOf(net: NetNamespace, one: Listed): string | undefined {
  if (one.source !== undefined || one.scope !== undefined || one.via !== undefined || one.type !== undefined)
    return one.source;
  const single = one.destination.endsWith("/32") || !one.destination.includes("/");
  return single ? undefined : net.interfaces.get(one.device)?.addresses[0]?.split("/")[0];
}

function protocolOf(one: Listed): string {
  if (one.protocol !== undefined) return one.protocol;
  const brought = one.scope === undefined && one.via === undefined && one.type === undefined;
  return brought && (one.source !== undefined || one.destination.includes("/")) ? "kernel" : "boot";
}

const scopeOf = (one: Listed): string =>
  one.scope ?? (one.via === undefined && one.type === undefined ? "link" : "global");

/** A line without what all lines share because it was asked for; `details`: with what goes without saying. */
function routeLine(net: NetNamespace, one: Listed, given: Given, table: string | undefined, details: boolean): string {
  const source = sourceOf(net, one);
  const protocol =
    source === undefined && one.scope === undefined && one.protocol === undefined ? "boot" : protocolOf(one);
  const scope = scopeOf(one);
  const parts: [string, string | number | undefined, boolean][] = [
    ["via", one.via, given.via !== undefined],
    ["dev", isDead(one) ? undefined : one.device, given.dev !== undefined],
    ["table", table, false],
    ["proto", protocol === "boot" && !details ? undefined : protocol, given.proto !== undefined],
    ["scope", scope === "global" && !details ? undefined : scope, given.scope !== undefined],
    ["src", source, given.src !== undefined],
    ["metric", one.metric, given.metric !== undefined],
    ...METRICS.map((name): [string, string | undefined, boolean] => [name, one.metrics?.[name], false]),
  ];
  const shown = parts
    .filter(([, value, asked]) => value !== undefined && !asked)
    .map(([name, value]) => `${name} ${value} `);
  const onlink = one.onlink || (one.via !== undefined && one.device.startsWith("flannel")) ? "onlink " : "";
  const type = one.type ?? (details ? "unicast" : undefined);
  return `${type === undefined ? "" : `${type} `}${one.destination} ${shown.join("")}${onlink}`;
}
