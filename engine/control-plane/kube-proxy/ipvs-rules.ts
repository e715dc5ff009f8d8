import { SCHED2 } from "../../network/ipvs.ts";
import type { Programmed } from "./proxier.ts";
import type { FrameOptions, Jump } from "./restore-input.ts";

/** A set of ipset that mode ipvs keeps: name, type and the comment of rules that ask it (pkg/proxy/ipvs/ipset.go). */
const hash = (type: string, comment: string) => ({ type: `hash:${type}`, comment });
const ports = (comment: string) => ({ type: "bitmap:port", comment });

export const IPVS_SETS = {
  "KUBE-LOOP-BACK": hash("ip,port,ip", "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose"),
  "KUBE-CLUSTER-IP": hash("ip,port", "Kubernetes service cluster ip + port for masquerade purpose"),
  "KUBE-EXTERNAL-IP": hash("ip,port", "Kubernetes service external ip + port for masquerade and filter purpose"),
  "KUBE-EXTERNAL-IP-LOCAL": hash("ip,port", "Kubernetes service external ip + port with externalTrafficPolicy=local"),
  "KUBE-LOAD-BALANCER": hash("ip,port", "Kubernetes service lb portal"),
  "KUBE-LOAD-BALANCER-FW": hash(
    "ip,port",
    "Kubernetes service load balancer ip + port for load balancer with sourceRange",
  ),
  "KUBE-LOAD-BALANCER-LOCAL": hash(
    "ip,port",
    "Kubernetes service load balancer ip + port with externalTrafficPolicy=local",
  ),
  "KUBE-LOAD-BALANCER-SOURCE-IP": hash(
    "ip,port,ip",
    "Kubernetes service load balancer ip + port + source IP for packet filter purpose",
  ),
  "KUBE-LOAD-BALANCER-SOURCE-CIDR": hash(
    "ip,port,net",
    "Kubernetes service load balancer ip + port + source cidr for packet filter purpose",
  ),
  "KUBE-NODE-PORT-TCP": ports("Kubernetes nodeport TCP port for masquerade purpose"),
  "KUBE-NODE-PORT-LOCAL-TCP": ports("Kubernetes nodeport TCP port with externalTrafficPolicy=local"),
  "KUBE-NODE-PORT-UDP": ports("Kubernetes nodeport UDP port for masquerade purpose"),
  "KUBE-NODE-PORT-LOCAL-UDP": ports("Kubernetes nodeport UDP port with externalTrafficPolicy=local"),
  "KUBE-NODE-PORT-SCTP-HASH": hash(
    "ip,port",
    "Kubernetes nodeport SCTP port for masquerade purpose with type 'hash ip:port'",
  ),
  "KUBE-NODE-PORT-LOCAL-SCTP-HASH": hash(
    "ip,port",
    "Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type 'hash ip:port'",
  ),
  "KUBE-HEALTH-CHECK-NODE-PORT": ports("Kubernetes health check node port"),
  "KUBE-IPVS-IPS": hash("ip", "Kubernetes ipvs ips"),
} as const;

export type SetName = keyof typeof IPVS_SETS;

/** What one sync of mode ipvs wants to stand: sets, virtual servers and addresses of kube-ipvs0. */
export interface IpvsPlan {
  sets: Map<SetName, Set<string>>;
  servers: {
    protocol: Programmed["port"]["protocol"];
    address: string;
    port: number;
    persistent: number | undefined;
    endpoints: readonly { address: string; port: number }[];
  }[];
  addresses: Set<string>;
  /** Load balancers that this node itself may not ask: none of the ranges holds its address. */
  barred: { address: string; protocol: string; port: number }[];
}

/** Maglev hashing looks at the port, too. */
export const schedulerFlags = (scheduler: string): number => (scheduler === "mh" ? SCHED2 : 0);

/** Works out what the Services of a node need (pkg/proxy/ipvs/proxier.go syncProxyRules). */
export function ipvsPlan(
  programmed: Iterable<Programmed>,
  node: { name: string; address: string; addresses: readonly string[]; nodePorts?: readonly string[] | undefined },
  contains: (range: string, address: string) => boolean,
): IpvsPlan {
  const sets = new Map<SetName, Set<string>>();
  for (const name of Object.keys(IPVS_SETS) as SetName[]) sets.set(name, new Set());
  const plan: IpvsPlan = { sets, servers: [], addresses: new Set(), barred: [] };
  const nodePorts = (node.nodePorts ?? node.addresses).filter((address) => !address.startsWith("127."));
  const put = (name: SetName, entry: string) => sets.get(name)!.add(entry);
  for (const { port, choice, endpoints } of programmed) {
    const { protocol } = port;
    const at = (address: string) => `${address},${protocol}:${port.number}`;
    const serve = (address: string, number: number, local: boolean) => {
      // Without endpoints here, those elsewhere are used: Pods of this node still get through.
      const chosen = local && choice.local.length > 0 ? choice.local : choice.cluster;
      plan.servers.push({ protocol, address, port: number, persistent: port.affinitySeconds, endpoints: chosen });
    };
    for (const { address, port: number, nodeName } of endpoints.list) {
      if (nodeName === node.name) put("KUBE-LOOP-BACK", `${address},${protocol}:${number},${address}`);
    }
    put("KUBE-CLUSTER-IP", at(port.clusterIP));
    serve(port.clusterIP, port.number, port.internalLocal);
    plan.addresses.add(port.clusterIP);
    for (const address of port.externalIPs) {
      put(port.externalLocal ? "KUBE-EXTERNAL-IP-LOCAL" : "KUBE-EXTERNAL-IP", at(address));
      serve(address, port.number, port.externalLocal);
      if (!node.addresses.includes(address)) plan.addresses.add(address);
    }
    for (const address of port.loadBalancerIPs) {
      put("KUBE-LOAD-BALANCER", at(address));
      if (port.externalLocal) put("KUBE-LOAD-BALANCER-LOCAL", at(address));
      if (port.sourceRanges.length > 0) {
        put("KUBE-LOAD-BALANCER-FW", at(address));
        for (const range of port.sourceRanges) put("KUBE-LOAD-BALANCER-SOURCE-CIDR", `${at(address)},${range}`);
        if (port.sourceRanges.some((range) => contains(range, node.address))) {
          put("KUBE-LOAD-BALANCER-SOURCE-IP", `${at(address)},${address}`);
        } else plan.barred.push({ address, protocol, port: port.number });
      }
      serve(address, port.number, port.externalLocal);
      if (!node.addresses.includes(address)) plan.addresses.add(address);
    }
    if (port.nodePort !== 0) {
      // Without an address of the node for them, what comes after is left out, too.
      if (nodePorts.length === 0) continue;
      const upper = protocol.toUpperCase();
      const suffix = protocol === "sctp" ? "SCTP-HASH" : upper;
      const entries =
        protocol === "sctp" ? nodePorts.map((address) => `${address},sctp:${port.nodePort}`) : [`${port.nodePort}`];
      for (const entry of entries) {
        put(`KUBE-NODE-PORT-${suffix}` as SetName, entry);
        if (port.externalLocal) put(`KUBE-NODE-PORT-LOCAL-${suffix}` as SetName, entry);
      }
      for (const address of nodePorts) serve(address, port.nodePort, port.externalLocal);
    }
    if (port.healthCheckNodePort !== 0) put("KUBE-HEALTH-CHECK-NODE-PORT", `${port.healthCheckNodePort}`);
  }
  for (const address of plan.addresses) put("KUBE-IPVS-IPS", address);
  return plan;
}

const NAT = ["KUBE-SERVICES", "KUBE-POSTROUTING", "KUBE-NODE-PORT", "KUBE-LOAD-BALANCER", "KUBE-MARK-MASQ"];
const FILTER = [
  "KUBE-FORWARD",
  "KUBE-NODE-PORT",
  "KUBE-PROXY-FIREWALL",
  "KUBE-SOURCE-RANGES-FIREWALL",
  "KUBE-IPVS-FILTER",
  "KUBE-IPVS-OUT-FILTER",
];

/** The sets that rules ask for as long as they hold something: table, chain, target, sides, protocol. */
const ASKED: readonly [SetName, "nat" | "filter", string, string, string, string?][] = [
  ["KUBE-LOOP-BACK", "nat", "KUBE-POSTROUTING", "MASQUERADE", "dst,dst,src"],
  ["KUBE-LOAD-BALANCER", "nat", "KUBE-SERVICES", "KUBE-LOAD-BALANCER", "dst,dst"],
  ["KUBE-LOAD-BALANCER-LOCAL", "nat", "KUBE-LOAD-BALANCER", "RETURN", "dst,dst"],
  ["KUBE-NODE-PORT-LOCAL-TCP", "nat", "KUBE-NODE-PORT", "RETURN", "dst", "tcp"],
  ["KUBE-NODE-PORT-TCP", "nat", "KUBE-NODE-PORT", "KUBE-MARK-MASQ", "dst", "tcp"],
  ["KUBE-NODE-PORT-LOCAL-UDP", "nat", "KUBE-NODE-PORT", "RETURN", "dst", "udp"],
  ["KUBE-NODE-PORT-UDP", "nat", "KUBE-NODE-PORT", "KUBE-MARK-MASQ", "dst", "udp"],
  ["KUBE-NODE-PORT-LOCAL-SCTP-HASH", "nat", "KUBE-NODE-PORT", "RETURN", "dst,dst", "sctp"],
  ["KUBE-NODE-PORT-SCTP-HASH", "nat", "KUBE-NODE-PORT", "KUBE-MARK-MASQ", "dst,dst", "sctp"],
  ["KUBE-LOAD-BALANCER-FW", "filter", "KUBE-PROXY-FIREWALL", "KUBE-SOURCE-RANGES-FIREWALL", "dst,dst"],
  ["KUBE-LOAD-BALANCER-SOURCE-CIDR", "filter", "KUBE-SOURCE-RANGES-FIREWALL", "RETURN", "dst,dst,src"],
  ["KUBE-LOAD-BALANCER-SOURCE-IP", "filter", "KUBE-SOURCE-RANGES-FIREWALL", "RETURN", "dst,dst,src"],
];

/** Lines of `iptables-restore --noflush --counters` for sets that stand already (proxier.go writeIptablesRules). */
export function ipvsRestoreLines({ sets, barred }: IpvsPlan, options: FrameOptions): string[] {
  const { masqueradeMark: mark } = options;
  const nat: string[] = ["-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN"];
  const filter: string[] = [];
  const holds = (name: SetName) => sets.get(name)!.size > 0;
  const ask = (name: SetName, sides: string) =>
    `-m comment --comment "${IPVS_SETS[name].comment}" -m set --match-set ${name} ${sides}`;
  for (const [name, table, chain, target, sides, protocol] of ASKED) {
    if (!holds(name)) continue;
    const line = `-A ${chain}${protocol === undefined ? "" : ` -p ${protocol}`} ${ask(name, sides)} -j ${target}`;
    (table === "nat" ? nat : filter).push(line);
  }
  if (holds("KUBE-CLUSTER-IP")) {
    const from = options.masqueradeAll ? "" : ` ${options.ifNotLocal}`;
    const sides = options.masqueradeAll || options.ifNotLocal !== "" ? "dst,dst" : "src,dst";
    nat.push(`-A KUBE-SERVICES ${ask("KUBE-CLUSTER-IP", sides)}${from.trimEnd()} -j KUBE-MARK-MASQ`);
  }
  for (const name of ["KUBE-EXTERNAL-IP", "KUBE-EXTERNAL-IP-LOCAL"] as const) {
    if (!holds(name)) continue;
    const asked = `-A KUBE-SERVICES ${ask(name, "dst,dst")}`;
    if (name === "KUBE-EXTERNAL-IP") nat.push(`${asked} -j KUBE-MARK-MASQ`);
    nat.push(`${asked} -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT`);
    nat.push(`${asked} -m addrtype --dst-type LOCAL -j ACCEPT`);
  }
  nat.push(
    "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT",
    "-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ",
  );
  filter.push("-A KUBE-SOURCE-RANGES-FIREWALL -j DROP");
  for (const { address, protocol, port } of barred) {
    const server = `-m ipvs --vaddr ${address} --vproto ${protocol} --vport ${port}`;
    filter.push(`-A KUBE-IPVS-OUT-FILTER -s ${address} ${server} -j DROP`);
  }
  for (const name of ["KUBE-CLUSTER-IP", "KUBE-LOAD-BALANCER"] as const) {
    if (holds(name)) nat.push(`-A KUBE-SERVICES -m set --match-set ${name} dst,dst -j ACCEPT`);
  }
  filter.push(
    `-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark ${mark}/${mark} -j ACCEPT`,
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    `-A KUBE-NODE-PORT ${ask("KUBE-HEALTH-CHECK-NODE-PORT", "dst")} -j ACCEPT`,
  );
  for (const name of ["KUBE-LOAD-BALANCER", "KUBE-CLUSTER-IP", "KUBE-EXTERNAL-IP", "KUBE-EXTERNAL-IP-LOCAL"]) {
    filter.push(`-A KUBE-IPVS-FILTER -m set --match-set ${name} dst,dst -j RETURN`);
  }
  filter.push(
    "-A KUBE-IPVS-FILTER -m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j RETURN",
    "-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set KUBE-IPVS-IPS dst -j REJECT",
  );
  nat.push(
    `-A KUBE-POSTROUTING -m mark ! --mark ${mark}/${mark} -j RETURN`,
    `-A KUBE-POSTROUTING -j MARK --xor-mark ${mark}`,
    `-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE${
      options.randomFully ? " --random-fully" : ""
    }`,
    `-A KUBE-MARK-MASQ -j MARK --or-mark ${mark}`,
  );
  const chains = (names: readonly string[]) => names.map((name) => `:${name} - [0:0]`);
  return ["*nat", ...chains(NAT), ...nat, "COMMIT", "*filter", ...chains(FILTER), ...filter, "COMMIT"];
}

const jump = (table: Jump["table"], from: string, to: string, comment: string): Jump => ({
  table,
  from,
  to,
  match: `-m comment --comment "${comment}"`,
});

/** Ensured by every sync, each put before all other rules (iptablesJumpChain). */
export const IPVS_JUMPS: readonly Jump[] = [
  jump("nat", "OUTPUT", "KUBE-SERVICES", "kubernetes service portals"),
  jump("nat", "PREROUTING", "KUBE-SERVICES", "kubernetes service portals"),
  jump("nat", "POSTROUTING", "KUBE-POSTROUTING", "kubernetes postrouting rules"),
  jump("filter", "FORWARD", "KUBE-FORWARD", "kubernetes forwarding rules"),
  jump("filter", "INPUT", "KUBE-NODE-PORT", "kubernetes health check rules"),
  jump("filter", "INPUT", "KUBE-PROXY-FIREWALL", "kube-proxy firewall rules"),
  jump("filter", "FORWARD", "KUBE-PROXY-FIREWALL", "kube-proxy firewall rules"),
  jump("filter", "INPUT", "KUBE-IPVS-FILTER", "kubernetes ipvs access filter"),
  jump("filter", "OUTPUT", "KUBE-IPVS-OUT-FILTER", "kubernetes ipvs access filter"),
];
