import { baseChainsOf, runBaseChain } from "./nft/evaluate.ts";
import type { Nftables } from "./nft/model.ts";
import type { Packet, Surroundings } from "./packet.ts";
import type { Chain, Ruleset, TableName } from "./ruleset.ts";
import { Tracing } from "./tracing.ts";
import { INVERTED, type RuleBody, type Verdict } from "./types.ts";

export type Hook = "PREROUTING" | "INPUT" | "FORWARD" | "OUTPUT" | "POSTROUTING";

/** Tables in the order that a hook asks them (linux/netfilter_ipv4.h, enum nf_ip_hook_priorities). */
export const HOOK_TABLES: Readonly<Record<Hook, readonly TableName[]>> = {
  PREROUTING: ["raw", "mangle", "nat"],
  INPUT: ["mangle", "filter", "security", "nat"],
  FORWARD: ["mangle", "filter", "security"],
  OUTPUT: ["raw", "mangle", "nat", "filter", "security"],
  POSTROUTING: ["mangle", "nat"],
};

/** Jumps that may be open at once (NFT_JUMP_STACK_SIZE); a packet that needs more is lost. */
const DEEPEST = 16;

/** Something with counters. */
export interface Counted {
  packets: number;
  bytes: number;
}

/** One chain as a packet met it. */
export interface ChainStep {
  /** Name of a table of iptables, or family and name of one of nft's. */
  table: string;
  chain: string;
  /** Rules that were compared, in order, by number. */
  rules: { number: number; matched: boolean }[];
  /** How the chain was left: a verdict, `policy ACCEPT`, or `return`. */
  left: string;
}

/** What a walk notes as it goes. */
export interface Notes {
  /** Rules whose conditions were compared. */
  compared: number;
  /** Counters that the packet moved: of rules that matched, and of chains whose policy judged it. */
  counted: Counted[];
  /** Something other than addresses, ports and interfaces decided: chance, time, lists. */
  volatile: boolean;
  /** Chains in the order they were entered; only when asked for. */
  steps?: ChainStep[];
  /** Tells of traced packets, while somebody listens. */
  tracing?: Tracing | undefined;
}

/**
 * Runs a packet through one hook of a namespace: every table's built-in chain and the chains it leads to, rule by rule,
 * as the kernel does. The nat table is asked for a connection's first packet only. Rewrites the packet where rules do;
 * counts what matched.
 */
export function runHook(ruleset: Ruleset, hook: Hook, packet: Packet, on: Surroundings, notes: Notes): Verdict {
  const { tables, nft } = ruleset;
  if (ruleset.tracers.size > 0 && !on.traceless) notes.tracing = new Tracing(ruleset.tracers, `${on.now} ${hook}`);
  else notes.tracing = undefined;
  if (nft !== undefined && nft.tables.size > 0) return runBoth(ruleset, nft, hook, packet, on, notes);
  for (const name of HOOK_TABLES[hook]) {
    if (name === "nat" && (packet.state !== "NEW" || packet.settled)) continue;
    const chain = tables.get(name)?.chains.get(hook);
    if (chain === undefined || isIdle(chain, packet, notes)) continue;
    const verdict = runTable(name, chain, packet, on, notes);
    if (verdict !== "accept") return verdict;
  }
  return "accept";
}

/** Whether a chain has nothing to say, and nobody wants to hear that. */
function isIdle(chain: Chain, packet: Packet, { steps, tracing }: Notes): boolean {
  if (chain.rules.length > 0 || chain.policy !== "ACCEPT" || steps !== undefined) return false;
  return !(tracing !== undefined && packet.traced && chain.real);
}

function runTable(name: TableName, chain: Chain, packet: Packet, on: Surroundings, notes: Notes): Verdict {
  notes.tracing?.enter();
  const verdict = traverse(name, chain, packet, on, notes, 0);
  if (verdict === "drop" || verdict === "reject" || verdict === "accept") return verdict;
  count(chain, packet, notes);
  notes.tracing?.policy({ family: "ip", table: name, chain: chain.name }, packet, chain.policy!.toLowerCase());
  return chain.policy === "DROP" ? "drop" : "accept";
}

/** Priorities of iptables' tables among nft's base chains (enum nf_ip_hook_priorities). */
function priorityOf(table: TableName, hook: Hook): number {
  if (table === "nat") return hook === "POSTROUTING" || hook === "INPUT" ? 100 : -100;
  return { raw: -300, mangle: -150, filter: 0, security: 50 }[table];
}

/** A hook that tables of nft are asked at, too: all by priority; a connection is translated by one of them. */
function runBoth(
  { tables }: Ruleset,
  nft: Nftables,
  hook: Hook,
  packet: Packet,
  on: Surroundings,
  notes: Notes,
): Verdict {
  const asked: { priority: number; nat: boolean; run: () => Verdict }[] = [];
  for (const name of HOOK_TABLES[hook]) {
    const chain = tables.get(name)?.chains.get(hook);
    if (chain === undefined || isIdle(chain, packet, notes)) continue;
    const run = () => runTable(name, chain, packet, on, notes);
    asked.push({ priority: priorityOf(name, hook), nat: name === "nat", run });
  }
  for (const { table, chain } of baseChainsOf(nft.tables.values(), hook)) {
    const { priority, type } = chain.base!;
    asked.push({ priority, nat: type === "nat", run: () => runBaseChain(table, chain, packet, on, notes) });
  }
  asked.sort((a, b) => a.priority - b.priority);
  let translated = packet.state !== "NEW" || packet.settled === true;
  for (const { nat, run } of asked) {
    if (nat && translated) continue;
    const { source, destination, sourcePort, destinationPort } = packet;
    const verdict = run();
    if (verdict !== "accept") return verdict;
    translated ||=
      packet.source !== source ||
      packet.destination !== destination ||
      packet.sourcePort !== sourcePort ||
      packet.destinationPort !== destinationPort;
  }
  return "accept";
}

function traverse(
  table: TableName,
  chain: Chain,
  packet: Packet,
  on: Surroundings,
  notes: Notes,
  depth: number,
): Verdict {
  const { rules } = chain;
  const step = notes.steps && noteChain(notes.steps, table, chain);
  const { tracing } = notes;
  const place = tracing && { family: "ip", table, chain: chain.name };
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i]!;
    const found = matches(rule.body, packet, on, notes);
    step?.rules.push({ number: i + 1, matched: found });
    if (!found) continue;
    count(rule, packet, notes);
    const { chain: to, body } = rule;
    let verdict: Verdict = "continue";
    const before = tracing && { ...packet };
    if (to !== undefined) {
      tracing?.rule(place!, before!, packet, rule, `${body.goto ? "goto" : "jump"} ${to.name}`);
      if (depth >= DEEPEST) return "drop";
      verdict = traverse(table, to, packet, on, notes, depth + 1);
      if (verdict === "return") {
        if (!body.goto) continue;
      }
    } else if (body.target !== undefined) {
      verdict = body.target.act(packet, on);
      tracing?.rule(place!, before!, packet, rule, verdict);
      if (body.target.volatile) notes.volatile = true;
      if (verdict === "continue") continue;
    } else {
      tracing?.rule(place!, before!, packet, rule, "continue");
      continue;
    }
    notes.compared += i + 1;
    if (step) step.left = verdict === "return" ? "return" : verdict.toUpperCase();
    return verdict;
  }
  notes.compared += rules.length;
  if (step) step.left = chain.policy === undefined ? "return" : `policy ${chain.policy}`;
  return "return";
}

function count(what: Counted, packet: Packet, notes: Notes): void {
  what.packets++;
  what.bytes += packet.length;
  notes.counted.push(what);
}

function noteChain(steps: ChainStep[], table: TableName, chain: Chain): ChainStep {
  const step: ChainStep = { table, chain: chain.name, rules: [], left: "" };
  steps.push(step);
  return step;
}

/** Whether a packet fits all conditions of a rule. */
function matches(body: RuleBody, packet: Packet, on: Surroundings, notes: Notes): boolean {
  const { inverted } = body;
  if (inverted === 0) {
    if ((packet.destination & body.destinationMask) !== body.destination) return false;
    if (body.protocol !== 0 && packet.protocol !== body.protocol) return false;
    if ((packet.source & body.sourceMask) !== body.source) return false;
    if (body.input !== "" && !sameInterface(body.input, packet.input)) return false;
    if (body.output !== "" && !sameInterface(body.output, packet.output)) return false;
    // Nothing here is ever sent in fragments.
    if (body.fragment) return false;
  } else if (!matchesInverted(body, packet, inverted)) return false;
  const { matches: tests } = body;
  for (let i = 0; i < tests.length; i++) {
    const test = tests[i]!;
    if (test.volatile) notes.volatile = true;
    if (!test.test(packet, on)) return false;
  }
  return true;
}

function matchesInverted(body: RuleBody, packet: Packet, inverted: number): boolean {
  const not = (part: number) => (inverted & part) !== 0;
  return (
    ((packet.destination & body.destinationMask) === body.destination) !== not(INVERTED.destination) &&
    ((packet.source & body.sourceMask) === body.source) !== not(INVERTED.source) &&
    (body.protocol === 0 || (packet.protocol === body.protocol) !== not(INVERTED.protocol)) &&
    (body.input === "" || sameInterface(body.input, packet.input) !== not(INVERTED.input)) &&
    (body.output === "" || sameInterface(body.output, packet.output) !== not(INVERTED.output)) &&
    (!body.fragment || not(INVERTED.fragment))
  );
}

/** Whether a device has a name, or begins as a name that ends with `+` does. */
function sameInterface(wanted: string, device: string): boolean {
  return wanted.endsWith("+") ? device.startsWith(wanted.slice(0, -1)) : wanted === device;
}
