import type { PortRules, RuleOptions } from "./port-rules.ts";

/** One table's part of what iptables-restore reads. */
export interface TableInput {
  table: "filter" | "nat";
  /** Chains to make, or to empty when they exist. */
  chains: readonly string[];
  /** `-A …` and `-X …` lines in order, one or more a string. */
  rules: readonly string[];
}

export interface FrameOptions extends RuleOptions {
  /** iptables knows `--random-fully` (since 1.6.2). */
  randomFully: boolean;
  /** Packets in conntrack state INVALID may pass (nf_conntrack_tcp_be_liberal). */
  liberal: boolean;
  /** Addresses that serve NodePorts; undefined for all of the node's. */
  nodePortAddresses: readonly string[] | undefined;
}

const FILTER_CHAINS = [
  "KUBE-SERVICES",
  "KUBE-EXTERNAL-SERVICES",
  "KUBE-FORWARD",
  "KUBE-NODEPORTS",
  "KUBE-PROXY-FIREWALL",
];
const NAT_CHAINS = ["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ"];

/**
 * The input of `iptables-restore --noflush --counters` for one sync: the common chains are always written whole, a
 * port's own chains only when asked for (proxier.go syncProxyRules, partial syncs since 1.26).
 * @param ports  all Service ports; `rewrite`: whether the port's own chains are written
 * @param stale  chains to delete
 */
export function restoreInput(
  ports: Iterable<{ rules: PortRules; rewrite: boolean }>,
  stale: Iterable<string>,
  options: FrameOptions,
): [TableInput, TableInput] {
  const { masqueradeMark: mark } = options;
  const filterChains = [...FILTER_CHAINS];
  const filterRules: string[] = [];
  const natChains = [...NAT_CHAINS];
  const natRules = [
    `-A KUBE-POSTROUTING -m mark ! --mark ${mark}/${mark} -j RETURN`,
    `-A KUBE-POSTROUTING -j MARK --xor-mark ${mark}`,
    `-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE${
      options.randomFully ? " --random-fully" : ""
    }`,
    `-A KUBE-MARK-MASQ -j MARK --or-mark ${mark}`,
  ];
  if (options.localhostNodePorts) {
    // The kubelet keeps the same rule: route_localnet must not let others in (CVE-2020-8558).
    filterChains.push("KUBE-FIREWALL");
    filterRules.push(
      '-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 ' +
        "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
    );
  }
  for (const { rules, rewrite } of ports) {
    append(filterRules, rules.filter);
    append(natRules, rules.nat);
    if (!rewrite) continue;
    append(natChains, rules.chains);
    for (const chain of rules.endpointChains().values()) natChains.push(chain);
    const own = rules.own();
    if (own !== "") natRules.push(own);
  }
  for (const chain of stale) {
    natChains.push(chain);
    natRules.push(`-X ${chain}`);
  }
  const last =
    '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain"';
  if (options.nodePortAddresses === undefined) {
    const not = options.localhostNodePorts ? "" : " ! -d 127.0.0.0/8";
    natRules.push(`${last} -m addrtype --dst-type LOCAL${not} -j KUBE-NODEPORTS`);
  } else {
    for (const address of options.nodePortAddresses) {
      if (address.startsWith("127.") && !options.localhostNodePorts) continue;
      natRules.push(`${last} -d ${address} -j KUBE-NODEPORTS`);
    }
  }
  if (!options.liberal) {
    const counted = options.nfacct ? " -m nfacct --nfacct-name ct_state_invalid_dropped_pkts" : "";
    filterRules.push(`-A KUBE-FORWARD -m conntrack --ctstate INVALID${counted} -j DROP`);
  }
  filterRules.push(
    `-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark ${mark}/${mark} -j ACCEPT`,
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  );
  return [
    { table: "filter", chains: filterChains, rules: filterRules },
    { table: "nat", chains: natChains, rules: natRules },
  ];
}

/**
 * The same of the proxier for IPv6, which runs beside the one for IPv4 wherever there is an ip6tables, and has no
 * Services in a cluster without such addresses (proxier.go NewDualStackProxier).
 */
export function restoreInput6(options: FrameOptions): [TableInput, TableInput] {
  const own = { ...options, localhostNodePorts: false, nodePortAddresses: undefined };
  const [filter, nat] = restoreInput([], [], own);
  const rules = nat.rules.map((line) => line.replace("! -d 127.0.0.0/8", "! -d ::1/128"));
  return [filter, { ...nat, rules }];
}

function append(to: string[], lines: readonly string[]): void {
  for (const line of lines) to.push(line);
}

/** The lines that iptables-restore reads. */
export function restoreLines(tables: readonly TableInput[]): string[] {
  const out: string[] = [];
  for (const { table, chains, rules } of tables) {
    out.push(`*${table}`);
    for (const chain of chains) out.push(`:${chain} - [0:0]`);
    for (const block of rules) {
      if (block.includes("\n")) append(out, block.split("\n"));
      else out.push(block);
    }
    out.push("COMMIT");
  }
  return out;
}

/** The bytes that iptables-restore reads. */
export function restoreText(tables: readonly TableInput[]): string {
  return `${restoreLines(tables).join("\n")}\n`;
}

/** A jump from a built-in chain to one of kube-proxy's. */
export interface Jump {
  table: "filter" | "nat";
  from: string;
  to: string;
  /** Arguments between chain and target. */
  match: string;
}

const NEW = "-m conntrack --ctstate NEW ";
const jump = (table: Jump["table"], from: string, to: string, comment: string, match = ""): Jump => ({
  table,
  from,
  to,
  match: `${match}-m comment --comment "${comment}"`,
});

/** Ensured by every full sync, each put before all other rules (proxier.go iptablesJumpChains). */
export const JUMPS: readonly Jump[] = [
  jump("filter", "INPUT", "KUBE-EXTERNAL-SERVICES", "kubernetes externally-visible service portals", NEW),
  jump("filter", "FORWARD", "KUBE-EXTERNAL-SERVICES", "kubernetes externally-visible service portals", NEW),
  jump("filter", "INPUT", "KUBE-NODEPORTS", "kubernetes health check service ports"),
  jump("filter", "FORWARD", "KUBE-SERVICES", "kubernetes service portals", NEW),
  jump("filter", "OUTPUT", "KUBE-SERVICES", "kubernetes service portals", NEW),
  jump("filter", "FORWARD", "KUBE-FORWARD", "kubernetes forwarding rules"),
  jump("filter", "INPUT", "KUBE-PROXY-FIREWALL", "kubernetes load balancer firewall", NEW),
  jump("filter", "OUTPUT", "KUBE-PROXY-FIREWALL", "kubernetes load balancer firewall", NEW),
  jump("filter", "FORWARD", "KUBE-PROXY-FIREWALL", "kubernetes load balancer firewall", NEW),
  jump("nat", "OUTPUT", "KUBE-SERVICES", "kubernetes service portals"),
  jump("nat", "PREROUTING", "KUBE-SERVICES", "kubernetes service portals"),
  jump("nat", "POSTROUTING", "KUBE-POSTROUTING", "kubernetes postrouting rules"),
  { table: "filter", from: "INPUT", to: "KUBE-FIREWALL", match: "" },
  { table: "filter", from: "OUTPUT", to: "KUBE-FIREWALL", match: "" },
];
