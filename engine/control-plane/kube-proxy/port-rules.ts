import { endpointChain, probability } from "./chains.ts";
import type { Choice, EndpointList } from "./endpoints.ts";
import { externallyAccessible, type ServicePort } from "./service-ports.ts";

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

/** Lines of one Service port on a node, in the words that iptables-restore reads. */
export interface PortRules {
  /** Of the filter table's common chains. */
  filter: readonly string[];
  /** Of nat's common chains: KUBE-SERVICES and KUBE-NODEPORTS. */
  nat: readonly string[];
  /** Chains of the port's own, e.g. `KUBE-SVC-…`. */
  chains: readonly string[];
  /** The rules in them. */
  rules: readonly string[];
}

/**
 * Rules of a Service port (pkg/proxy/iptables/proxier.go syncProxyRules).
 * @param fromNode  the node's address lies in the port's loadBalancerSourceRanges
 * @param large  comments are left out of the chains of a large cluster
 */
export function portRules(
  port: ServicePort,
  { cluster, local, reachable, any }: Choice,
  options: RuleOptions,
  fromNode: boolean,
  large: boolean,
): PortRules {
  const { name, protocol, chains: own, number } = port;
  const filter: string[] = [];
  const nat: string[] = [];
  const chains: string[] = [];
  const rules: string[] = [];
  const match = `-m ${protocol} -p ${protocol}`;
  const to = (address: string) => `${match} -d ${address} --dport ${number}`;

  const internalTarget = port.internalLocal ? own.local : own.cluster;
  const hasInternal = any && !(port.internalLocal && local.length === 0);
  const hasExternal = any && !(port.externalLocal && local.length === 0);
  const filtered = ` -m comment --comment "${name} has no ${any ? "local " : ""}endpoints"`;
  const verdict = any ? "DROP" : "REJECT";
  const fenced = any && port.loadBalancerIPs.length > 0 && port.sourceRanges.length > 0;

  const clusterComment = `-m comment --comment "${name} cluster IP" ${to(port.clusterIP)}`;
  if (hasInternal) nat.push(`-A KUBE-SERVICES ${clusterComment} -j ${internalTarget}`);
  else filter.push(`-A KUBE-SERVICES${filtered} ${to(port.clusterIP)} -j ${verdict}`);

  for (const address of port.externalIPs) {
    if (any) nat.push(`-A KUBE-SERVICES -m comment --comment "${name} external IP" ${to(address)} -j ${own.external}`);
    if (!hasExternal) filter.push(`-A KUBE-EXTERNAL-SERVICES${filtered} ${to(address)} -j ${verdict}`);
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
      filter.push(`-A KUBE-EXTERNAL-SERVICES${filtered} ${to(address)} -j ${verdict}`);
    }
  }
  if (port.nodePort !== 0) {
    const dport = `--dport ${port.nodePort}`;
    if (any) {
      const comment = `-A KUBE-NODEPORTS -m comment --comment ${name} ${match}`;
      if (options.localhostNodePorts && options.nfacct) {
        nat.push(
          `${comment} -d 127.0.0.0/8 ${dport} -m nfacct --nfacct-name localhost_nps_accepted_pkts -j ${own.external}`,
        );
      }
      nat.push(`${comment} ${dport} -j ${own.external}`);
    }
    if (!hasExternal) {
      filter.push(`-A KUBE-EXTERNAL-SERVICES${filtered} -m addrtype --dst-type LOCAL ${match} ${dport} -j ${verdict}`);
    }
  }
  if (port.healthCheckNodePort !== 0) {
    const comment = `-m comment --comment "${name} health check node port"`;
    filter.push(`-A KUBE-NODEPORTS ${comment} -m tcp -p tcp --dport ${port.healthCheckNodePort} -j ACCEPT`);
  }

  if (hasInternal) {
    const from = options.masqueradeAll ? "" : options.ifNotLocal && ` ${options.ifNotLocal}`;
    if (options.masqueradeAll || from !== "") {
      rules.push(`-A ${internalTarget} ${clusterComment}${from} -j KUBE-MARK-MASQ`);
    }
  }
  if (any && externallyAccessible(port)) {
    chains.push(own.external);
    externalRules(rules, port, options, hasExternal);
  }
  if (fenced) {
    chains.push(own.firewall);
    const accept = `-A ${own.firewall} -m comment --comment "${name} loadbalancer IP" -s`;
    const sources = fromNode ? [...port.sourceRanges, ...port.loadBalancerIPs] : port.sourceRanges;
    for (const source of sources) rules.push(`${accept} ${source} -j ${own.external}`);
    const comment = `"other traffic to ${name} will be dropped by KUBE-PROXY-FIREWALL"`;
    rules.push(`-A ${own.firewall} -m comment --comment ${comment}`);
  }

  const endpointChains = new Map(
    reachable.map(({ text }) => [text, endpointChain(name, protocol, text)] as [string, string]),
  );
  const policy = (chain: string, endpoints: EndpointList) => {
    if (endpoints.length === 0) return;
    chains.push(chain);
    balance(rules, port, chain, endpoints, endpointChains, large);
  };
  if (usesCluster(port)) policy(own.cluster, cluster);
  policy(own.local, local);
  for (const { text, address } of reachable) {
    const chain = endpointChains.get(text)!;
    chains.push(chain);
    const head = large ? `-A ${chain}` : `-A ${chain} -m comment --comment ${name}`;
    const remember = port.affinitySeconds === undefined ? "" : ` -m recent --name ${chain} --set`;
    rules.push(`${head} -s ${address} -j KUBE-MARK-MASQ`);
    rules.push(`${head}${remember} ${match} -j DNAT --to-destination ${text}`);
  }
  return { filter, nat, chains, rules };
}

function usesCluster(port: ServicePort): boolean {
  return !port.internalLocal || externallyAccessible(port);
}

/** KUBE-EXT: what all external destinations of a port jump to. */
function externalRules(rules: string[], port: ServicePort, options: RuleOptions, hasExternal: boolean): void {
  const { name, chains: own } = port;
  const line = (comment: string, rest: string) =>
    rules.push(`-A ${own.external} -m comment --comment "${comment} for ${name} external destinations" ${rest}`);
  if (!port.externalLocal) {
    // Endpoints on other nodes answer by way of this one.
    line("masquerade traffic", "-j KUBE-MARK-MASQ");
  } else {
    // Pods reach all endpoints, as if their packets had gone out to a load balancer and come back.
    if (options.ifLocal !== "") line("pod traffic", `${options.ifLocal} -j ${own.cluster}`);
    line("masquerade LOCAL traffic", "-m addrtype --src-type LOCAL -j KUBE-MARK-MASQ");
    line("route LOCAL traffic", `-m addrtype --src-type LOCAL -j ${own.cluster}`);
  }
  if (hasExternal) rules.push(`-A ${own.external} -j ${port.externalLocal ? own.local : own.cluster}`);
}

/** KUBE-SVC or KUBE-SVL: clients that are remembered first, then chances of 1/n, 1/(n-1), … which come out even. */
function balance(
  rules: string[],
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
      rules.push(
        `${head(text)} -m recent --name ${target} --rcheck --seconds ${port.affinitySeconds} --reap -j ${target}`,
      );
    }
  }
  const last = endpoints.length - 1;
  endpoints.forEach(({ text }, i) => {
    const chance = i < last ? ` -m statistic --mode random --probability ${probability(endpoints.length - i)}` : "";
    rules.push(`${head(text)}${chance} -j ${endpointChains.get(text)!}`);
  });
}
