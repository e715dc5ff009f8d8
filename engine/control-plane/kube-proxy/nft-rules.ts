import type { Programmed } from "./proxier.ts";
import type { FrameOptions } from "./restore-input.ts";
import { externallyAccessible, type ServicePort, usesClusterEndpoints } from "./service-ports.ts";
import { shortHash } from "./short-hash.ts";

/** What kube-proxy's mode nftables has nft do for a node (pkg/proxy/nftables/proxier.go), in nft's language. */

export const TABLE = "ip kube-proxy";

/** Sets and maps whose elements follow the Services, by what they hold. */
export const STORES = [
  "cluster-ips",
  "service-ips",
  "firewall-ips",
  "no-endpoint-services",
  "no-endpoint-nodeports",
  "service-nodeports",
] as const;
export type Store = (typeof STORES)[number];

/** An element's verdict and comment, as they stand behind its key; "" for a plain set's. */
export interface StoredElement {
  verdict: string;
  comment: string;
}

export type Elements = Record<Store, Map<string, StoredElement>>;

export const noElements = (): Elements =>
  Object.fromEntries(STORES.map((store) => [store, new Map()])) as unknown as Elements;

/** Longest name of a chain or set, less the longest prefix (knftables NameLengthMax - chainNamePrefixLengthMax). */
const LONGEST = 240;

function named(text: string): string {
  const name = `${shortHash(text).slice(0, 8)}-${text}`;
  return name.length > LONGEST ? `${name.slice(0, LONGEST - 3)}...` : name;
}

/** `2QRHZV4L-default/kubernetes/tcp/https`: what the names of a port's chains end with. */
export const portName = ({ service, protocol, port }: ServicePort): string => named(`${service}/${protocol}/${port}`);

/** The same for one of its endpoints. */
export const endpointName = (
  { service, protocol, port }: ServicePort,
  endpoint: { address: string; port: number },
): string => named(`${service}/${protocol}/${port}__${endpoint.address}/${endpoint.port}`);

/** Whether a chain is one that is made for a Service, and goes with it: the names of all others have no slash. */
export const isServiceChain = (name: string): boolean => name.includes("/");
export const isAffinitySet = (name: string): boolean => name.startsWith("affinity-");

const BASE_CHAINS: readonly [name: string, type: string, hook: string, priority: string][] = [
  ["filter-prerouting", "filter", "prerouting", "-110"],
  ["filter-input", "filter", "input", "-110"],
  ["filter-forward", "filter", "forward", "-110"],
  ["filter-output", "filter", "output", "-110"],
  ["filter-output-post-dnat", "filter", "output", "-90"],
  ["nat-prerouting", "nat", "prerouting", "dstnat"],
  ["nat-output", "nat", "output", "-100"],
  ["nat-postrouting", "nat", "postrouting", "srcnat"],
];
/** Where each leads, from which base chain, and for which packets. */
const JUMPS: readonly [to: string, from: string, match: string][] = [
  ["nodeport-endpoints-check", "filter-input", "ct state new "],
  ["service-endpoints-check", "filter-input", "ct state new "],
  ["service-endpoints-check", "filter-forward", "ct state new "],
  ["service-endpoints-check", "filter-output", "ct state new "],
  ["firewall-check", "filter-prerouting", "ct state new "],
  ["firewall-check", "filter-output", "ct state new "],
  ["services", "nat-output", ""],
  ["services", "nat-prerouting", ""],
  ["masquerading", "nat-postrouting", ""],
  ["cluster-ips-check", "filter-forward", "ct state new "],
  ["cluster-ips-check", "filter-output-post-dnat", "ct state new "],
];

const VERDICTS = {
  "no-endpoint-services": "vmap to drop or reject packets to services with no endpoints",
  "no-endpoint-nodeports": "vmap to drop or reject packets to service nodeports with no endpoints",
  "firewall-ips": "destinations that are subject to LoadBalancerSourceRanges",
  "service-ips": "ClusterIP, ExternalIP and LoadBalancer IP traffic",
  "service-nodeports": "NodePort traffic",
} as const;

const rule = (chain: string, text: string, comment?: string): string =>
  `add rule ${TABLE} ${chain} ${text}${comment === undefined ? "" : ` comment "${comment}"`}`;

/** A chain that is there afterwards, and empty. */
const fresh = (chain: string, declaration = ""): string[] => [
  `add chain ${TABLE} ${chain}${declaration}`,
  `flush chain ${TABLE} ${chain}`,
];

const mapOf = (name: keyof typeof VERDICTS): string => {
  const key = name.endsWith("nodeports") ? "inet_proto . inet_service" : "ipv4_addr . inet_proto . inet_service";
  return `add map ${TABLE} ${name} { type ${key} : verdict ; comment "${VERDICTS[name]}" ; }`;
};

/** What stands whatever the Services are, and emptied sets (setupNFTables). */
export function setupLines({ masqueradeMark: mark, nodePortAddresses }: FrameOptions): string[] {
  const made = new Set<string>();
  const once = (chain: string): string[] => {
    if (made.has(chain)) return [];
    made.add(chain);
    return fresh(chain);
  };
  const port = "meta l4proto . th dport vmap";
  const nodePorts = nodePortAddresses === undefined ? "ip daddr != 127.0.0.0/8" : "ip daddr @nodeport-ips";
  const addresses = (nodePortAddresses ?? []).filter((address) => !address.startsWith("127."));
  return [
    `add table ${TABLE} { comment "rules for kube-proxy" ; }`,
    ...BASE_CHAINS.flatMap(([name, type, hook, priority]) =>
      fresh(name, ` { type ${type} hook ${hook} priority ${priority} ; }`),
    ),
    ...JUMPS.flatMap(([to, from, match]) => [...once(to), rule(from, `${match}jump ${to}`)]),
    ...once("mark-for-masquerade"),
    rule("mark-for-masquerade", `mark set mark or ${mark}`),
    rule("masquerading", `mark and ${mark} == 0 return`),
    rule("masquerading", `mark set mark xor ${mark}`),
    rule("masquerading", "masquerade fully-random"),
    `add set ${TABLE} cluster-ips { type ipv4_addr ; comment "Active ClusterIPs" ; }`,
    rule("cluster-ips-check", "ip daddr @cluster-ips reject", "Reject traffic to invalid ports of ClusterIPs"),
    ...(nodePortAddresses === undefined
      ? []
      : [
          `add set ${TABLE} nodeport-ips { type ipv4_addr ; comment "IPs that accept NodePort traffic" ; }`,
          `flush set ${TABLE} nodeport-ips`,
          ...addresses.map((address) => `add element ${TABLE} nodeport-ips { ${address} }`),
        ]),
    mapOf("no-endpoint-services"),
    mapOf("no-endpoint-nodeports"),
    ...fresh("reject-chain", ' { comment "helper for @no-endpoint-services / @no-endpoint-nodeports" ; }'),
    rule("reject-chain", "reject"),
    rule("service-endpoints-check", `ip daddr . ${port} @no-endpoint-services`),
    rule("nodeport-endpoints-check", `${nodePorts} ${port} @no-endpoint-nodeports`),
    mapOf("firewall-ips"),
    rule("firewall-check", `ip daddr . ${port} @firewall-ips`),
    mapOf("service-ips"),
    mapOf("service-nodeports"),
    rule("services", `ip daddr . ${port} @service-ips`),
    rule(
      "services",
      `${nodePortAddresses === undefined ? "fib daddr type local " : ""}${nodePorts} ${port} @service-nodeports`,
    ),
    ...STORES.map((store) => `flush ${store === "cluster-ips" ? "set" : "map"} ${TABLE} ${store}`),
  ];
}

/** Which of a port's chains there are. */
interface Shape {
  internal: boolean;
  external: boolean;
  reachedFromOutside: boolean;
  fenced: boolean;
}

function shapeOf({ port, choice: { any, local } }: Programmed): Shape {
  return {
    internal: any && !(port.internalLocal && local.length === 0),
    external: any && !(port.externalLocal && local.length === 0),
    reachedFromOutside: any && externallyAccessible(port),
    fenced: port.loadBalancerIPs.length > 0 && port.sourceRanges.length > 0,
  };
}

/** Adds what a port has in the shared sets and maps. */
export function addElements(to: Elements, programmed: Programmed): void {
  const { port, choice } = programmed;
  const { internal, external, fenced } = shapeOf(programmed);
  const base = portName(port);
  const { protocol, number } = port;
  const at = (address: string) => `${address} . ${protocol} . ${number}`;
  const goTo = (chain: string): StoredElement => ({ verdict: `goto ${chain}`, comment: "" });
  const none: StoredElement = { verdict: choice.any ? "drop" : "goto reject-chain", comment: port.name };
  to["cluster-ips"].set(port.clusterIP, { verdict: "", comment: "" });
  if (internal) to["service-ips"].set(at(port.clusterIP), goTo(`${port.internalLocal ? "local" : "service"}-${base}`));
  else to["no-endpoint-services"].set(at(port.clusterIP), none);
  for (const address of [...port.externalIPs, ...port.loadBalancerIPs]) {
    if (choice.any) to["service-ips"].set(at(address), goTo(`external-${base}`));
    if (!external) to["no-endpoint-services"].set(at(address), none);
  }
  if (fenced) for (const address of port.loadBalancerIPs) to["firewall-ips"].set(at(address), goTo(`firewall-${base}`));
  if (port.nodePort === 0) return;
  const nodePort = `${protocol} . ${port.nodePort}`;
  if (choice.any) to["service-nodeports"].set(nodePort, goTo(`external-${base}`));
  if (!external) to["no-endpoint-nodeports"].set(nodePort, none);
}

/** What turns elements as they were into those that are wanted. */
export function elementLines(before: Elements, wanted: Elements): string[] {
  const added: string[] = [];
  const removed: string[] = [];
  for (const store of STORES) {
    for (const [key, { verdict, comment }] of wanted[store]) {
      const known = before[store].get(key);
      if (known?.verdict === verdict && known.comment === comment) continue;
      if (known) added.push(`delete element ${TABLE} ${store} { ${key} }`);
      const told = comment === "" ? "" : ` comment "${comment}"`;
      added.push(`add element ${TABLE} ${store} { ${key}${told}${verdict === "" ? "" : ` : ${verdict}`} }`);
    }
    for (const key of before[store].keys())
      if (!wanted[store].has(key)) removed.push(`delete element ${TABLE} ${store} { ${key} }`);
  }
  return [...added, ...removed];
}

/** Chains and affinity sets that a port uses. */
export function namesOf(programmed: Programmed): { chains: string[]; sets: string[] } {
  const { port, choice } = programmed;
  const { reachedFromOutside, fenced } = shapeOf(programmed);
  const base = portName(port);
  const endpoints = choice.reachable.map((endpoint) => endpointName(port, endpoint));
  const chains = endpoints.map((name) => `endpoint-${name}`);
  if (choice.cluster.length > 0 && usesClusterEndpoints(port)) chains.push(`service-${base}`);
  if (choice.local.length > 0) chains.push(`local-${base}`);
  if (reachedFromOutside) chains.push(`external-${base}`);
  if (fenced) chains.push(`firewall-${base}`);
  return { chains, sets: port.affinitySeconds === undefined ? [] : endpoints.map((name) => `affinity-${name}`) };
}

/** A port's own chains with their rules, written anew. */
export function portLines(programmed: Programmed, options: FrameOptions, fromNode: boolean): string[] {
  const { port, choice } = programmed;
  const { internal, external, reachedFromOutside, fenced } = shapeOf(programmed);
  const base = portName(port);
  const { chains, sets } = namesOf(programmed);
  const lines = chains.flatMap((chain) => fresh(chain));
  const notLocal = nftMatch(options.ifNotLocal);
  const local = nftMatch(options.ifLocal);
  if (internal && (options.masqueradeAll || notLocal !== "")) {
    const from = options.masqueradeAll ? "" : `${notLocal} `;
    const match = `ip daddr ${port.clusterIP} ${port.protocol} dport ${port.number} ${from}`;
    lines.push(rule(`${port.internalLocal ? "local" : "service"}-${base}`, `${match}jump mark-for-masquerade`));
  }
  if (reachedFromOutside) {
    const chain = `external-${base}`;
    if (port.externalLocal) {
      // Pods and the node itself reach all endpoints, as if their packets had gone out and come back.
      if (local !== "") lines.push(rule(chain, `${local} goto service-${base}`, "short-circuit pod traffic"));
      lines.push(rule(chain, "fib saddr type local jump mark-for-masquerade", "masquerade local traffic"));
      lines.push(rule(chain, `fib saddr type local goto service-${base}`, "short-circuit local traffic"));
    } else lines.push(rule(chain, "jump mark-for-masquerade"));
    if (external) lines.push(rule(chain, `goto ${port.externalLocal ? "local" : "service"}-${base}`));
  }
  if (fenced) {
    const sources = [...port.sourceRanges, ...(fromNode ? port.loadBalancerIPs : [])];
    lines.push(rule(`firewall-${base}`, `ip saddr != { ${sources.join(", ")} } drop`));
  }
  for (const set of sets) {
    const seconds = port.affinitySeconds;
    lines.push(`add set ${TABLE} ${set} { type ipv4_addr ; flags dynamic,timeout ; timeout ${seconds}s ; }`);
  }
  if (usesClusterEndpoints(port)) lines.push(...balance(port, `service-${base}`, choice.cluster));
  lines.push(...balance(port, `local-${base}`, choice.local));
  for (const endpoint of choice.reachable) {
    const name = endpointName(port, endpoint);
    const chain = `endpoint-${name}`;
    lines.push(rule(chain, `ip saddr ${endpoint.address} jump mark-for-masquerade`));
    if (port.affinitySeconds !== undefined) lines.push(rule(chain, `update @affinity-${name} { ip saddr }`));
    lines.push(rule(chain, `meta l4proto ${port.protocol} dnat to ${endpoint.text}`));
  }
  return lines;
}

/** Clients that are remembered first, then a lot among all. */
function balance(port: ServicePort, chain: string, endpoints: Programmed["choice"]["cluster"]): string[] {
  if (endpoints.length === 0) return [];
  const names = endpoints.map((endpoint) => endpointName(port, endpoint));
  const remembered = port.affinitySeconds === undefined ? [] : names;
  const lots = names.map((name, i) => `${i} : goto endpoint-${name}`).join(", ");
  return [
    ...remembered.map((name) => rule(chain, `ip saddr @affinity-${name} goto endpoint-${name}`)),
    rule(chain, `numgen random mod ${names.length} vmap { ${lots} }`),
  ];
}

/** How local Pods are told, from iptables' arguments (pkg/proxy/util/localdetector.go). */
function nftMatch(args: string): string {
  const match = /^(! )?-([si]) (\S+)$/.exec(args);
  if (match === null) return "";
  const [, not, what, value = ""] = match;
  const op = not === undefined ? "" : "!= ";
  if (what === "s") return `ip saddr ${op}${value}`;
  return value.endsWith("+") ? `iifname ${op}"${value.slice(0, -1)}*"` : `iif ${op}"${value}"`;
}
