import type { NetNamespace, Route } from "./namespace.ts";

/** Policy routing: which tables a packet is looked up in (net/core/fib_rules.c, net/ipv4/fib_rules.c). */

export const LOCAL_TABLE = 255;
export const MAIN_TABLE = 254;
export const DEFAULT_TABLE = 253;

/** A rule that sends packets to a table, or says no to them. */
export interface RoutingRule {
  priority: number;
  /** Networks in CIDR form. */
  from?: string;
  to?: string;
  not?: boolean;
  tos?: number;
  mark?: number;
  mask?: number;
  input?: string;
  output?: string;
  users?: readonly [number, number];
  transport?: number;
  sourcePorts?: readonly [number, number];
  destinationPorts?: readonly [number, number];
  /** What is done; `table` without one. */
  action?: "blackhole" | "unreachable" | "prohibit" | "goto" | "nop";
  table: number;
  goto?: number;
  /** Routes of so short a prefix do not count. */
  suppress?: number;
  /** The table of a VRF's device. */
  vrf?: boolean;
  /** Who made it (RTPROT_*). */
  protocol?: string;
}

/** What rules ask of a packet. */
export interface Routed {
  /** Signed 32-bit number; 0 before its sender has chosen one. */
  source?: number;
  /** Device that it came in by; empty for the namespace's own. */
  input?: string;
  mark?: number;
  protocol?: number;
  sourcePort?: number;
  destinationPort?: number;
  /** Of whom asks with `ip route get`. */
  output?: string;
  user?: number;
}

/** What the kernel begins with. */
export const FIRST_RULES: readonly RoutingRule[] = [
  { priority: 0, table: LOCAL_TABLE, protocol: "kernel" },
  { priority: 32_766, table: MAIN_TABLE, protocol: "kernel" },
  { priority: 32_767, table: DEFAULT_TABLE, protocol: "kernel" },
];

/** The routes of a table, by its number; undefined where nobody has made it. */
export function routesIn(ns: NetNamespace, table: number): Route[] | undefined {
  return table === MAIN_TABLE ? ns.routes : ns.tables.get(table);
}

/** Tables besides the kernel's own local one that hold routes, by number. */
export function tablesOf(ns: NetNamespace): [number, Route[]][] {
  const out: [number, Route[]][] = [[MAIN_TABLE, ns.routes], ...ns.tables];
  return out.filter(([, routes]) => routes.length > 0).sort(([a], [b]) => a - b);
}

/**
 * The route that rules find for a packet, and its table; undefined where none does. `best` looks an address up in a table,
 * `within` says whether an address, a signed number, is in a network.
 */
export function byRules(
  ns: NetNamespace,
  rules: readonly RoutingRule[],
  destination: number,
  packet: Routed,
  best: (routes: readonly Route[]) => { route: Route; prefix: number } | undefined,
  within: (cidr: string, address: number) => boolean,
): { route: Route; table: number } | undefined {
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i]!;
    if (fits(rule, destination, packet, within) === (rule.not === true)) continue;
    if (rule.action === "nop" || rule.vrf) continue;
    if (rule.action === "goto") {
      const target = rules.findIndex(({ priority }) => priority === rule.goto);
      if (target > i) i = target - 1;
      continue;
    }
    if (rule.action !== undefined) {
      // Nobody looks at its device. Of a rule, "unreachable" is said of the network (fib4_rule_action).
      const type = rule.action === "unreachable" ? "throw" : rule.action;
      return { route: { destination: "default", device: "lo", type }, table: rule.table };
    }
    const found = best(routesIn(ns, rule.table) ?? []);
    if (found === undefined || found.route.type === "throw") continue;
    if (rule.suppress !== undefined && found.prefix <= rule.suppress) continue;
    return { route: found.route, table: rule.table };
  }
  return undefined;
}

function fits(
  rule: RoutingRule,
  destination: number,
  packet: Routed,
  within: (cidr: string, address: number) => boolean,
): boolean {
  const { source = 0, input = "", mark = 0 } = packet;
  if (rule.from !== undefined && !within(rule.from, source)) return false;
  if (rule.to !== undefined && !within(rule.to, destination)) return false;
  // Nothing here is sent with a type of service.
  if (rule.tos) return false;
  if (rule.mark !== undefined && ((mark ^ rule.mark) & (rule.mask ?? -1)) !== 0) return false;
  if (rule.input !== undefined && rule.input !== (input === "" ? "lo" : input)) return false;
  if (rule.output !== undefined && rule.output !== packet.output) return false;
  if (rule.transport !== undefined && rule.transport !== packet.protocol) return false;
  const inRange = (range: readonly [number, number] | undefined, port: number | undefined) =>
    range === undefined || (port !== undefined && port >= range[0] && port <= range[1]);
  if (!inRange(rule.sourcePorts, packet.sourcePort)) return false;
  return inRange(rule.destinationPorts, packet.destinationPort) && inRange(rule.users, packet.user);
}
