import type { KubeObject } from "../api/types.ts";
import { parseAddress, saveRule } from "../netfilter/index.ts";
import { type NetNamespace, policySteps } from "../network/index.ts";
import { type Hop, type Path, type Protocol, type Walk, walkOf } from "../network/path.ts";
import type { PolicyStep } from "../network/policy.ts";
import type { Session } from "../session.ts";

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
}

/** Follows a connection that somebody asks about. A string says what it could not find: `from` or `to`. */
export function askedWalk(session: Session, request: WalkRequest): WalkPicture | "from" | "to" {
  const { network } = session.cluster;
  const from = namespaceOf(session, request.from);
  if (from === undefined) return "from";
  const to = request.to.trim();
  const namespace = request.from.startsWith("pod/") ? request.from.split("/")[1]! : "default";
  const address = parseAddress(to) === undefined ? addressNamed(session, to, namespace) : to;
  if (address === undefined) return "to";
  const walk = walkOf(network, from, request.protocol, address, request.port);
  return pictureOf(session, walk, from, address === to ? undefined : to);
}

function namespaceOf(session: Session, key: string): NetNamespace | undefined {
  const [kind, ...name] = key.split("/");
  const { machines, network } = session.cluster;
  if (kind === "machine") return machines.get(name.join("/"))?.net;
  const pod = session.objects("", "pods", name[0]).find(({ metadata }) => metadata.name === name[1]);
  if (pod === undefined) return undefined;
  if (pod["spec"]?.hostNetwork) return machines.get(pod["spec"].nodeName ?? "")?.net;
  const address: string | undefined = pod["status"]?.podIP;
  return address === undefined ? undefined : network.ownerOf(address);
}

/** What a name stands for in the cluster's state, without asking DNS. */
function addressNamed(session: Session, name: string, namespace: string): string | undefined {
  const machine = session.cluster.specs.find((spec) => spec.name === name);
  if (machine) return machine.address;
  if (name === "localhost") return "127.0.0.1";
  const [first, second = namespace] = name.includes("/") ? name.split("/").reverse() : name.split(".");
  const named = (resource: string): KubeObject | undefined =>
    session.objects("", resource, second).find(({ metadata }) => metadata.name === first);
  const cluster: string | undefined = named("services")?.["spec"]?.clusterIP;
  if (cluster !== undefined && cluster !== "None" && cluster !== "") return cluster;
  return named("pods")?.["status"]?.podIP;
}

/** A walk as a picture shows it, with the rules' own words. */
export function pictureOf(
  session: Session,
  { protocol, address, port, hops, path, compared }: Walk,
  from: NetNamespace,
  name?: string,
): WalkPicture {
  const { network } = session.cluster;
  const owner = from.owns(path.address) ? from : network.ownerOf(path.address);
  const known = new Map<string, NetNamespace>([[from.name, from]]);
  if (owner) known.set(owner.name, owner);
  const stations: WalkStation[] = [stationOf(session, from)];
  let last = from;
  for (let i = 0; i < hops.length; i++) {
    const hop = hops[i]!;
    const ns = known.get(hop.namespace) ?? session.cluster.machines.get(hop.namespace)?.net;
    if (ns === undefined) continue;
    if (ns !== last) stations.push(stationOf(session, ns));
    last = ns;
    stations.at(-1)!.hooks.push(hookOf(ns, hop, hops[i + 1], path));
  }
  let { end, detail } = ending(session, from, owner, path, protocol, hops.at(-1));
  if (path.outcome === "pass" && owner !== undefined && owner !== last) {
    if (owner.host !== owner && owner.host !== last && owner.host !== from.host)
      stations.push(stationOf(session, owner.host));
    stations.push(stationOf(session, owner));
  }
  const source = path.source ?? hops.at(-1)?.source ?? (owner === from ? path.address : from.firstAddress());
  if (path.outcome === "pass" && owner !== undefined && end !== "unreachable") {
    const steps = policySteps(from, owner, { protocol, source, address: path.address, port: path.port });
    for (const step of steps) addPolicy(session, stations, step, { source, address: path.address, port: path.port });
    if (steps.at(-1)?.allowed === false) [end, detail] = ["dropped", "ETIMEDOUT"];
  }
  return {
    at: session.kernel.now,
    protocol,
    from: placeOf(session, from),
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

function stationOf(session: Session, ns: NetNamespace): WalkStation {
  const addresses = ns.addresses().filter((address) => !address.startsWith("127."));
  return { place: placeOf(session, ns), addresses, hooks: [] };
}

function placeOf(session: Session, ns: NetNamespace): WalkPlace {
  if (ns.host === ns) return { kind: "machine", name: ns.name };
  const own = ns.firstAddress();
  const pod = session.objects("", "pods").find((each) => each["status"]?.podIP === own && !each["spec"]?.hostNetwork);
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
      const present = ns.netfilter?.table(table).chains.get(chain)?.rules ?? [];
      // A built-in chain that nobody has written to is only asked because somebody watches.
      if (present.length === 0 && left === "policy ACCEPT") return [];
      const matched = rules.filter((rule) => rule.matched);
      const met = {
        table,
        chain,
        compared: rules.length,
        total: present.length,
        matched: matched.map(({ number }) => {
          const rule = present[number - 1];
          return { number, rule: rule ? saveRule(rule).trim() : "" };
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

/** Shows a verdict of NetworkPolicies as a hook of the machine that enforces it; where it refuses, the way ends there. */
function addPolicy(
  session: Session,
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
    stations.splice(at, 0, stationOf(session, machine));
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
  session: Session,
  from: NetNamespace,
  owner: NetNamespace | undefined,
  { outcome, address, port }: Path,
  protocol: Protocol,
  last: Hop | undefined,
): { end: WalkEnd; detail: string } {
  const { network } = session.cluster;
  if (outcome === "dropped") return { end: last?.outcome === "drop" ? "dropped" : "lost", detail: "ETIMEDOUT" };
  if (outcome !== "pass") return { end: "rejected", detail: outcome };
  if (owner === undefined) return { end: "unreachable", detail: "EHOSTUNREACH" };
  const dark = owner.host !== from.host && (network.isDark(from) || network.isDark(owner));
  if (dark) return { end: "unreachable", detail: "ETIMEDOUT" };
  if (protocol === "icmp") return { end: "arrived", detail: "ICMP" };
  const listener = owner.listenerFor(protocol, address, port);
  return listener ? { end: "arrived", detail: listener.program } : { end: "closed", detail: "ECONNREFUSED" };
}

/** Walks kept until they are told. */
const KEPT = 20;
/** Ports by which the cluster's own parts speak to each other. */
const SYSTEM_PORTS: ReadonlySet<number> = new Set([6443, 2379, 2380, 10250]);

/** The walks of connections that programs really open, while somebody looks. */
export class WalkFeed {
  private readonly session: Session;
  private readonly changed: () => void;
  private waiting: WalkPicture[] = [];
  /** Namespaces of Pods, by name. */
  private readonly pods = new Map<string, NetNamespace>();

  /** `changed`: called within the connection that is the first since the last `take`. */
  constructor(session: Session, changed: () => void) {
    this.session = session;
    this.changed = changed;
    session.cluster.network.onWalk = (walk) => this.note(walk);
  }

  stop(): void {
    this.session.cluster.network.onWalk = undefined;
  }

  /** Those since the last time, oldest first. */
  take(): WalkPicture[] {
    const { waiting } = this;
    this.waiting = [];
    return waiting;
  }

  private note(walk: Walk): void {
    const { address, path } = walk;
    if (SYSTEM_PORTS.has(walk.port) || SYSTEM_PORTS.has(path.port)) return;
    const machine = this.session.cluster.machines.get(walk.from)?.net;
    // What machines ask their own Pods are probes.
    if (machine && path.outcome === "pass" && path.address === address && this.isLocal(machine, address)) return;
    const from = machine ?? this.podNamespace(walk.from);
    if (from === undefined) return;
    const picture = pictureOf(this.session, walk, from);
    if (picture.from.name.startsWith("kube-")) return;
    if (this.waiting.length === 0) this.changed();
    this.waiting.push(picture);
    if (this.waiting.length > KEPT) this.waiting.shift();
  }

  private isLocal(machine: NetNamespace, address: string): boolean {
    return machine.owns(address) || this.session.cluster.network.ownerOf(address)?.host === machine;
  }

  private podNamespace(name: string): NetNamespace | undefined {
    const known = this.pods.get(name);
    if (known) return known;
    for (const pod of this.session.objects("", "pods")) {
      const address: string | undefined = pod["status"]?.podIP;
      const ns = address === undefined ? undefined : this.session.cluster.network.ownerOf(address);
      if (ns && ns.host !== ns) this.pods.set(ns.name, ns);
    }
    return this.pods.get(name);
  }
}
