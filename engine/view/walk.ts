import type { KubeObject } from "../api/types.ts";
import type { Cluster } from "../cluster.ts";
import { RandomStream } from "../kernel/index.ts";
import { isTableName, parseAddress, saveRule, showRule } from "../netfilter/index.ts";
import { type NetNamespace, policySteps } from "../network/index.ts";
import { type Hop, type Path, type Protocol, type Walk, walkOf } from "../network/path.ts";
import type { PolicyStep } from "../network/policy.ts";

/** A machine or a Pod on a packet's way. */
export interface WalkPlace {
  kind: "machine" | "pod";
  /** `worker-1`, or `default/web`. */
  name: string;
}

/** A chain as a packet met it; in table `policy` a NetworkPolicy, whose rules are JSON. */
export interface WalkChain {
  table: string;
  chain: string;
  /** Rules whose conditions were compared, of so many that the chain has. */
  compared: number;
  total: number;
  /** Those that matched: their number, and as `iptables -S` prints them without the chain. */
  matched: { number: number; rule: string }[];
  /** How the chain was left: a verdict, `policy ACCEPT`, or `return`. */
  left: string;
}

/** A hook of one namespace's rules, with the packet as it came there. */
export interface WalkHook {
  hook: string;
  source: string;
  destination: string;
  port: number;
  input: string;
  output: string;
  mark: number;
  chains: WalkChain[];
  /** Where the rules sent it instead, or whom they made it come from. */
  rewritten: { destination?: string; port?: number; source?: string };
  outcome: string;
}

export interface WalkStation {
  place: WalkPlace;
  addresses: string[];
  hooks: WalkHook[];
}

/**
 * How a walk ends. `arrived`: a program listens there; `closed`: nobody does, so it is refused at once; `rejected` and
 * `dropped`: by a rule; `unreachable`: nobody has that address, or its machine is off the network; `lost`: the answer
 * would go another way than the question.
 */
export type WalkEnd = "arrived" | "closed" | "rejected" | "dropped" | "unreachable" | "lost";

/** A new connection's first packet on its way through the rules, for a picture. */
export interface WalkPicture {
  /** Virtual time in µs. */
  at: number;
  protocol: Protocol;
  from: WalkPlace;
  /** As it was asked: an address, and the name that stood for it. */
  address: string;
  port: number;
  name: string | undefined;
  stations: WalkStation[];
  end: WalkEnd;
  /** Program that listens, if it arrived; what a program hears, if it did not. */
  detail: string;
  /** Address and port that it had in the end, and whom the other side sees. */
  finally: { address: string; port: number; source: string };
  /** Rules compared on the whole way. */
  compared: number;
  /** Chance had a part in it: the next connection may fare otherwise. */
  chance: boolean;
}

export interface WalkRequest {
  /** `machine/NAME` or `pod/NAMESPACE/NAME`. */
  from: string;
  /** An address, or the name of a Service (`web`, `web.shop`), a Pod or a machine. */
  to: string;
  port: number;
  protocol: Protocol;
  /** Whose Pods and names are meant, of a session with several clusters; the first one's without it. */
  cluster?: string | undefined;
}

/**
 * Follows a connection that somebody asks about. A string says what it could not find: `from` or `to`. `rehearsal`: lots
 * of its own, so that the session goes on as if nobody had asked.
 */
export function askedWalk(
  cluster: Cluster,
  request: WalkRequest,
  rehearsal?: RandomStream,
): WalkPicture | "from" | "to" {
  const { network } = cluster;
  const from = namespaceOf(cluster, request.from);
  if (from === undefined) return "from";
  const to = request.to.trim();
  const namespace = request.from.startsWith("pod/") ? request.from.split("/")[1]! : "default";
  const address = parseAddress(to) === undefined ? addressNamed(cluster, to, namespace) : to;
  if (address === undefined) return "to";
  const walk = walkOf(network, from, request.protocol, address, request.port, rehearsal);
  return pictureOf(cluster, walk, from, address === to ? undefined : to);
}

/** The same for whoever only reads: nothing of it stays in the session. Each `lot` may find another endpoint. */
export function rehearse(cluster: Cluster, request: WalkRequest, lot: number): WalkPicture | "from" | "to" {
  return askedWalk(cluster, request, new RandomStream(lot, "rehearsal"));
}

function namespaceOf(cluster: Cluster, key: string): NetNamespace | undefined {
  const [kind, ...name] = key.split("/");
  const { machines, network } = cluster;
  if (kind === "machine") return machines.get(name.join("/"))?.net;
  const pod = cluster.objects("", "pods", name[0]).find(({ metadata }) => metadata.name === name[1]);
  if (pod === undefined) return undefined;
  if (pod["spec"]?.hostNetwork) return machines.get(pod["spec"].nodeName ?? "")?.net;
  const address: string | undefined = pod["status"]?.podIP;
  return address === undefined ? undefined : network.ownerOf(address);
}

/** What a name stands for in the cluster's state, without asking DNS. */
function addressNamed(cluster: Cluster, name: string, namespace: string): string | undefined {
  const machine = cluster.specs.find((spec) => spec.name === name);
  if (machine) return machine.address;
  if (name === "localhost") return "127.0.0.1";
  const [first, second = namespace] = name.includes("/") ? name.split("/").reverse() : name.split(".");
  const named = (resource: string): KubeObject | undefined =>
    cluster.objects("", resource, second).find(({ metadata }) => metadata.name === first);
  const clusterIP: string | undefined = named("services")?.["spec"]?.clusterIP;
  if (clusterIP !== undefined && clusterIP !== "None" && clusterIP !== "") return clusterIP;
  return named("pods")?.["status"]?.podIP;
}

/** A walk as a picture shows it, with the rules' own words. */
export function pictureOf(
  cluster: Cluster,
  { protocol, address, port, hops, path, compared }: Walk,
  from: NetNamespace,
  name?: string,
): WalkPicture {
  const { network } = cluster;
  const owner = from.owns(path.address) ? from : network.ownerOf(path.address);
  const known = new Map<string, NetNamespace>([[from.name, from]]);
  if (owner) known.set(owner.name, owner);
  const stations: WalkStation[] = [stationOf(cluster, from)];
  let last = from;
  for (let i = 0; i < hops.length; i++) {
    const hop = hops[i]!;
    const ns = known.get(hop.namespace) ?? cluster.machines.get(hop.namespace)?.net;
    if (ns === undefined) continue;
    if (ns !== last) stations.push(stationOf(cluster, ns));
    last = ns;
    stations.at(-1)!.hooks.push(hookOf(ns, hop, hops[i + 1], path));
  }
  let { end, detail } = ending(cluster, from, owner, path, protocol, hops.at(-1));
  if (path.outcome === "pass" && owner !== undefined && owner !== last) {
    if (owner.host !== owner && owner.host !== last && owner.host !== from.host)
      stations.push(stationOf(cluster, owner.host));
    stations.push(stationOf(cluster, owner));
  }
  const source = path.source ?? hops.at(-1)?.source ?? (owner === from ? path.address : from.firstAddress());
  if (path.outcome === "pass" && owner !== undefined && end !== "unreachable") {
    const steps = policySteps(from, owner, { protocol, source, address: path.address, port: path.port });
    for (const step of steps) addPolicy(cluster, stations, step, { source, address: path.address, port: path.port });
    if (steps.at(-1)?.allowed === false) [end, detail] = ["dropped", "ETIMEDOUT"];
  }
  return {
    at: cluster.kernel.now,
    protocol,
    from: placeOf(cluster, from),
    address,
    port,
    name,
    stations,
    end,
    detail,
    finally: { address: path.address, port: path.port, source },
    compared,
    chance: path.volatile,
  };
}

function stationOf(cluster: Cluster, ns: NetNamespace): WalkStation {
  const addresses = ns.addresses().filter((address) => !address.startsWith("127."));
  return { place: placeOf(cluster, ns), addresses, hooks: [] };
}

function placeOf(cluster: Cluster, ns: NetNamespace): WalkPlace {
  if (ns.host === ns) return { kind: "machine", name: ns.name };
  const own = ns.firstAddress();
  const pod = cluster.objects("", "pods").find((each) => each["status"]?.podIP === own && !each["spec"]?.hostNetwork);
  return { kind: "pod", name: pod ? `${pod.metadata.namespace}/${pod.metadata.name}` : own };
}

function hookOf(ns: NetNamespace, hop: Hop, next: Hop | undefined, path: Path): WalkHook {
  const { hook, source, destination, port, input, output, mark, outcome } = hop;
  const after = next ?? {
    source: path.source ?? source,
    destination: path.outcome === "pass" ? path.address : destination,
    port: path.outcome === "pass" ? path.port : port,
  };
  return {
    hook,
    source,
    destination,
    port,
    input,
    output,
    mark,
    outcome,
    chains: hop.chains.flatMap(({ table, chain, rules, left }) => {
      const present = rulesOf(ns, table, chain);
      // A built-in chain that nobody has written to is only asked because somebody watches.
      if (present.length === 0 && left === "policy ACCEPT") return [];
      const matched = rules.filter((rule) => rule.matched);
      const met = {
        table,
        chain,
        compared: rules.length,
        total: present.length,
        matched: matched.map(({ number }) => {
          return { number, rule: present[number - 1]?.() ?? "" };
        }),
        left,
      };
      return [met];
    }),
    rewritten: {
      ...(after.destination === destination ? {} : { destination: after.destination }),
      ...(after.destination === destination && after.port === port
        ? {}
        : { destination: after.destination, port: after.port }),
      ...(after.source === source ? {} : { source: after.source }),
    },
  };
}

/** The rules of a chain, each as a function that gives its text; a table of nft is named with its family. */
function rulesOf(ns: NetNamespace, table: string, chain: string): (() => string)[] {
  const { netfilter } = ns;
  if (netfilter === undefined) return [];
  if (isTableName(table))
    return (netfilter.table(table).chains.get(chain)?.rules ?? []).map((rule) => () => saveRule(rule).trim());
  const own = netfilter.nft?.tables.get(table)?.chains.get(chain)?.rules ?? [];
  return own.map((rule) => () => showRule(rule, { now: ns.network.kernel.now }));
}

/** Shows a verdict of NetworkPolicies as a hook of the machine that enforces it; where it refuses, the way ends there. */
function addPolicy(
  cluster: Cluster,
  stations: WalkStation[],
  { machine, direction, allowed, met }: PolicyStep,
  { source, address, port }: { source: string; address: string; port: number },
): void {
  // A Pod that no policy selects is not isolated: there is nothing to see.
  if (met.length === 0) return;
  // The way out of a machine comes first, the way into one last: a connection within one machine has both in one place.
  let at = stations.findLastIndex(({ place }) => place.kind === "machine" && place.name === machine.name);
  if (at < 0) {
    at = direction === "Egress" ? 1 : stations.length - 1;
    stations.splice(at, 0, stationOf(cluster, machine));
  }
  stations[at]!.hooks.push({
    hook: `NetworkPolicy ${direction}`,
    source: direction === "Egress" ? (stations[0]!.addresses[0] ?? source) : source,
    destination: address,
    port,
    input: "",
    output: "",
    mark: 0,
    chains: met.map(({ policy, total, compared, matched }) => ({
      table: "policy",
      chain: policy,
      compared,
      total,
      matched: matched ? [matched] : [],
      left: matched ? "ACCEPT" : "return",
    })),
    rewritten: {},
    outcome: allowed ? "accept" : "drop",
  });
  if (!allowed) stations.length = at + 1;
}

/** What `connect` makes of a path (network.ts). */
function ending(
  cluster: Cluster,
  from: NetNamespace,
  owner: NetNamespace | undefined,
  { outcome, address, port }: Path,
  protocol: Protocol,
  last: Hop | undefined,
): { end: WalkEnd; detail: string } {
  const { network } = cluster;
  if (outcome === "dropped") return { end: last?.outcome === "drop" ? "dropped" : "lost", detail: "ETIMEDOUT" };
  if (outcome !== "pass") return { end: "rejected", detail: outcome };
  if (owner === undefined) return { end: "unreachable", detail: "EHOSTUNREACH" };
  const dark = owner.host !== from.host && (network.isDark(from) || network.isDark(owner));
  if (dark) return { end: "unreachable", detail: "ETIMEDOUT" };
  if (protocol === "icmp") return { end: "arrived", detail: "ICMP" };
  const listener = owner.listenerFor(protocol, address, port);
  return listener ? { end: "arrived", detail: listener.program } : { end: "closed", detail: "ECONNREFUSED" };
}
