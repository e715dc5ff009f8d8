import { endpointChain, probability } from "./chains.ts";
import type { Choice, EndpointList } from "./endpoints.ts";
import { externallyAccessible, type ServicePort, usesClusterEndpoints } from "./service-ports.ts";

/** What of kube-proxy's configuration shapes the rules of a Service: the same on all nodes of a cluster. */
export interface RuleOptions {
  /** Arguments that match packets of local Pods, e.g. `-s 10.200.0.0/16`; "" when that cannot be told. */
  ifLocal: string;
  /** The opposite. */
  ifNotLocal: string;
  masqueradeAll: boolean;
  /** `0x4000`: the bit that asks for source address translation. */
  masqueradeMark: string;
  /** NodePorts on 127.0.0.1 (route_localnet). */
  localhostNodePorts: boolean;
  /** The kernel has nfacct counters (xt_nfacct). */
  nfacct: boolean;
}

/** Lines of one Service port on a node, in the words that iptables-restore reads. Blocks are lines without the last end of line. */
export class PortRules {
  /** Lines of the filter table's common chains. */
  readonly filter: readonly string[];
  /** Lines of nat's common chains: KUBE-SERVICES and KUBE-NODEPORTS. */
  readonly nat: readonly string[];
  /** Chains of the port's own but for those of its endpoints, e.g. `KUBE-SVC-…`. */
  readonly chains: readonly string[];
  /** How many rules its own chains have, those of endpoints included. */
  readonly ownRules: number;
  private readonly port: ServicePort;
  private readonly choice: Choice;
  private readonly ownLines: () => string[];
  private endpoints: ReadonlyMap<string, string> | undefined;
  private block: string | undefined;

  constructor(
    port: ServicePort,
    choice: Choice,
    common: { filter: readonly string[]; nat: readonly string[]; chains: readonly string[] },
    ownRules: number,
    ownLines: (endpointChains: ReadonlyMap<string, string>) => string[],
  ) {
    this.port = port;
    this.choice = choice;
    this.filter = common.filter;
    this.nat = common.nat;
    this.chains = common.chains;
    this.ownRules = ownRules;
    this.ownLines = () => ownLines(this.endpointChains());
  }

  /** Chains of its endpoints by `address:port`; made when first asked for. */
  endpointChains(): ReadonlyMap<string, string> {
    if (this.endpoints === undefined) {
      const { name, protocol } = this.port;
      const chains = new Map<string, string>();
      for (const { text } of this.choice.reachable) chains.set(text, endpointChain(name, protocol, text));
      this.endpoints = chains;
    }
    return this.endpoints;
  }

  /** The rules of its own chains as one block; made when first asked for. */
  own(): string {
    if (this.block === undefined) this.block = this.ownLines().join("\n");
    return this.block;
  }
}

/**
 * Rules of a Service port (pkg/proxy/iptables/proxier.go syncProxyRules).
 * @param fromNode  the node's address lies in the port's loadBalancerSourceRanges
 * @param large  comments are left out of the chains of a large cluster
 */
export function portRules(
  port: ServicePort,
  choice: Choice,
  options: RuleOptions,
  fromNode: boolean,
  large: boolean,
): PortRules {
  const { cluster, local, reachable, any } = choice;
  const { chains: own } = port;
  const hasInternal = any && !(port.internalLocal && local.length === 0);
  const hasExternal = any && !(port.externalLocal && local.length === 0);
  const external = any && externallyAccessible(port);
  const fenced = any && port.loadBalancerIPs.length > 0 && port.sourceRanges.length > 0;
  const toCluster = usesClusterEndpoints(port) ? cluster : [];
  const masquerade = hasInternal && (options.masqueradeAll || options.ifNotLocal !== "");

  const chains: string[] = [];
  if (external) chains.push(own.external);
  if (fenced) chains.push(own.firewall);
  if (toCluster.length > 0) chains.push(own.cluster);
  if (local.length > 0) chains.push(own.local);

  const sources = fenced ? [...port.sourceRanges, ...(fromNode ? port.loadBalancerIPs : [])] : [];
  let count = (masquerade ? 1 : 0) + (fenced ? sources.length + 1 : 0);
  if (external) count += (port.externalLocal ? (options.ifLocal === "" ? 2 : 3) : 1) + (hasExternal ? 1 : 0);
  count += (toCluster.length + local.length) * (port.affinitySeconds === undefined ? 1 : 2) + 2 * reachable.length;

  const ownLines = (endpointChains: ReadonlyMap<string, string>): string[] => {
    const lines: string[] = [];
    if (masquerade) {
      const from = options.masqueradeAll ? "" : ` ${options.ifNotLocal}`;
      const chain = port.internalLocal ? own.local : own.cluster;
      lines.push(`-A ${chain} ${clusterMatch(port)}${from} -j KUBE-MARK-MASQ`);
    }
    if (external) externalRules(lines, port, options, hasExternal);
    if (fenced) firewallRules(lines, port, sources);
    balance(lines, port, own.cluster, toCluster, endpointChains, large);
    balance(lines, port, own.local, local, endpointChains, large);
    for (const { text, address } of reachable)
      endpointRules(lines, port, endpointChains.get(text)!, text, address, large);
    return lines;
  };
  const common = { ...commonRules(port, any, hasInternal, hasExternal, fenced, options), chains };
  return new PortRules(port, choice, common, count, ownLines);
}

function clusterMatch({ name, protocol, clusterIP, number }: ServicePort): string {
  return `-m comment --comment "${name} cluster IP" -m ${protocol} -p ${protocol} -d ${clusterIP} --dport ${number}`;
}

/** What stands in the chains that all Services share. */
function commonRules(
  port: ServicePort,
  any: boolean,
  hasInternal: boolean,
  hasExternal: boolean,
  fenced: boolean,
  options: RuleOptions,
): { filter: string[]; nat: string[] } {
  const { name, protocol, chains: own, number } = port;
  const filter: string[] = [];
  const nat: string[] = [];
  const match = `-m ${protocol} -p ${protocol}`;
  const to = (address: string) => `${match} -d ${address} --dport ${number}`;
  const missing = `-m comment --comment "${name} has no ${any ? "local " : ""}endpoints"`;
  const verdict = any ? "DROP" : "REJECT";

  if (hasInternal) {
    nat.push(`-A KUBE-SERVICES ${clusterMatch(port)} -j ${port.internalLocal ? own.local : own.cluster}`);
  } else filter.push(`-A KUBE-SERVICES ${missing} ${to(port.clusterIP)} -j ${verdict}`);

  for (const address of port.externalIPs) {
    if (any) nat.push(`-A KUBE-SERVICES -m comment --comment "${name} external IP" ${to(address)} -j ${own.external}`);
    if (!hasExternal) filter.push(`-A KUBE-EXTERNAL-SERVICES ${missing} ${to(address)} -j ${verdict}`);
  }
  for (const address of port.loadBalancerIPs) {
    const target = fenced ? own.firewall : own.external;
    if (any) nat.push(`-A KUBE-SERVICES -m comment --comment "${name} loadbalancer IP" ${to(address)} -j ${target}`);
    if (fenced) {
      const comment = `-m comment --comment "${name} traffic not accepted by ${own.firewall}"`;
      filter.push(`-A KUBE-PROXY-FIREWALL ${comment} ${to(address)} -j DROP`);
    }
  }
  if (!hasExternal) {
    for (const address of port.loadBalancerIPs) {
      filter.push(`-A KUBE-EXTERNAL-SERVICES ${missing} ${to(address)} -j ${verdict}`);
    }
  }
  if (port.nodePort !== 0) {
    const dport = `--dport ${port.nodePort}`;
    const head = `-A KUBE-NODEPORTS -m comment --comment ${name} ${match}`;
    if (any && options.localhostNodePorts && options.nfacct) {
      const counted = "-m nfacct --nfacct-name localhost_nps_accepted_pkts";
      nat.push(`${head} -d 127.0.0.0/8 ${dport} ${counted} -j ${own.external}`);
    }
    if (any) nat.push(`${head} ${dport} -j ${own.external}`);
    if (!hasExternal) {
      const local = "-m addrtype --dst-type LOCAL";
      filter.push(`-A KUBE-EXTERNAL-SERVICES ${missing} ${local} ${match} ${dport} -j ${verdict}`);
    }
  }
  if (port.healthCheckNodePort !== 0) {
    const comment = `-m comment --comment "${name} health check node port"`;
    filter.push(`-A KUBE-NODEPORTS ${comment} -m tcp -p tcp --dport ${port.healthCheckNodePort} -j ACCEPT`);
  }
  return { filter, nat };
}

/** KUBE-EXT: what all external destinations of a port jump to. */
function externalRules(lines: string[], port: ServicePort, options: RuleOptions, hasExternal: boolean): void {
  const { name, chains: own } = port;
  const add = (comment: string, rest: string) =>
    lines.push(`-A ${own.external} -m comment --comment "${comment} for ${name} external destinations" ${rest}`);
  if (!port.externalLocal) {
    // Endpoints on other nodes answer by way of this one.
    add("masquerade traffic", "-j KUBE-MARK-MASQ");
  } else {
    // Pods reach all endpoints, as if their packets had gone out to a load balancer and come back.
    if (options.ifLocal !== "") add("pod traffic", `${options.ifLocal} -j ${own.cluster}`);
    add("masquerade LOCAL traffic", "-m addrtype --src-type LOCAL -j KUBE-MARK-MASQ");
    add("route LOCAL traffic", `-m addrtype --src-type LOCAL -j ${own.cluster}`);
  }
  if (hasExternal) lines.push(`-A ${own.external} -j ${port.externalLocal ? own.local : own.cluster}`);
}

/** KUBE-FW: who may come by a load balancer's address. */
function firewallRules(lines: string[], { name, chains: own }: ServicePort, sources: readonly string[]): void {
  const head = `-A ${own.firewall} -m comment --comment`;
  for (const source of sources) lines.push(`${head} "${name} loadbalancer IP" -s ${source} -j ${own.external}`);
  lines.push(`${head} "other traffic to ${name} will be dropped by KUBE-PROXY-FIREWALL"`);
}

/** KUBE-SVC or KUBE-SVL: clients that are remembered first, then chances of 1/n, 1/(n-1), … which come out even. */
function balance(
  lines: string[],
  port: ServicePort,
  chain: string,
  endpoints: EndpointList,
  endpointChains: ReadonlyMap<string, string>,
  large: boolean,
): void {
  const head = (text: string) => (large ? `-A ${chain}` : `-A ${chain} -m comment --comment "${port.name} -> ${text}"`);
  if (port.affinitySeconds !== undefined) {
    for (const { text } of endpoints) {
      const target = endpointChains.get(text)!;
      const recent = `-m recent --name ${target} --rcheck --seconds ${port.affinitySeconds} --reap`;
      lines.push(`${head(text)} ${recent} -j ${target}`);
    }
  }
  const last = endpoints.length - 1;
  endpoints.forEach(({ text }, i) => {
    const chance = i < last ? ` -m statistic --mode random --probability ${probability(endpoints.length - i)}` : "";
    lines.push(`${head(text)}${chance} -j ${endpointChains.get(text)!}`);
  });
}

/** KUBE-SEP: masquerade what a Pod sends to itself, then rewrite the destination. */
function endpointRules(
  lines: string[],
  { name, protocol, affinitySeconds }: ServicePort,
  chain: string,
  text: string,
  address: string,
  large: boolean,
): void {
  const head = large ? `-A ${chain}` : `-A ${chain} -m comment --comment ${name}`;
  const remember = affinitySeconds === undefined ? "" : ` -m recent --name ${chain} --set`;
  lines.push(`${head} -s ${address} -j KUBE-MARK-MASQ`);
  lines.push(`${head}${remember} -m ${protocol} -p ${protocol} -j DNAT --to-destination ${text}`);
}
