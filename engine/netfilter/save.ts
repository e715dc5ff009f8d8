import { formatAddress, formatMask } from "./address.ts";
import { protocolName } from "./protocols.ts";
import { type Chain, type Ruleset, TABLE_NAMES, type Table, type TableName } from "./ruleset.ts";
import { INVERTED, type Rule } from "./types.ts";

/** What comes between the matches and the target, for `-S -v`. */
export function countersText({ packets, bytes }: { packets: number; bytes: number }): string {
  return ` -c ${packets} ${bytes}`;
}

/** A rule's options as iptables-save writes them, with a blank before the first. */
export function saveRule(rule: Rule, between = ""): string {
  const { inverted } = rule;
  let out = "";
  if (rule.sourceMask !== 0 || rule.source !== 0) {
    out += `${(inverted & INVERTED.source) !== 0 ? " !" : ""} -s ${formatAddress(rule.source)}${formatMask(rule.sourceMask)}`;
  }
  if (rule.destinationMask !== 0 || rule.destination !== 0) {
    out += `${(inverted & INVERTED.destination) !== 0 ? " !" : ""} -d ${formatAddress(rule.destination)}${formatMask(rule.destinationMask)}`;
  }
  if (rule.input !== "") out += `${(inverted & INVERTED.input) !== 0 ? " !" : ""} -i ${rule.input}`;
  if (rule.output !== "") out += `${(inverted & INVERTED.output) !== 0 ? " !" : ""} -o ${rule.output}`;
  if (rule.protocol !== 0) {
    out += `${(inverted & INVERTED.protocol) !== 0 ? " !" : ""} -p ${protocolName(rule.protocol)}`;
  }
  if (rule.fragment) out += `${(inverted & INVERTED.fragment) !== 0 ? " !" : ""} -f`;
  for (const match of rule.matches) out += ` -m ${match.name}${match.save()}`;
  out += between;
  if (rule.chain !== undefined) out += ` -${rule.goto ? "g" : "j"} ${rule.chain.name}`;
  else if (rule.target !== undefined) out += ` -j ${rule.target.name}${rule.target.save()}`;
  else if (rule.jump !== "") out += ` -${rule.goto ? "g" : "j"} ${rule.jump}`;
  return out;
}

/** One rule as a line of iptables-save, e.g. `-A INPUT -p tcp -j ACCEPT`. */
export function saveLine(chain: Chain, rule: Rule, counters = false): string {
  const head = counters ? `[${rule.packets}:${rule.bytes}] ` : "";
  return `${head}-A ${chain.name}${saveRule(rule)}`;
}

/** Lines of a table: `*nat`, its chains, its rules, `COMMIT`. */
export function saveTable(table: Table, counters = false): string[] {
  const chains = table.ordered();
  const out = [`*${table.name}`];
  for (const chain of chains) {
    const [packets, bytes] = counters ? [chain.packets, chain.bytes] : [0, 0];
    out.push(`:${chain.name} ${chain.policy ?? "-"} [${packets}:${bytes}]`);
  }
  for (const chain of chains) for (const rule of chain.rules) out.push(saveLine(chain, rule, counters));
  out.push("COMMIT");
  return out;
}

/** Lines of iptables-save without the ones of comment, for all tables that were ever touched or for one. */
export function save(ruleset: Ruleset, options: { table?: TableName; counters?: boolean } = {}): string[] {
  return TABLE_NAMES.filter((name) => options.table === undefined || options.table === name).flatMap((name) => {
    const table = ruleset.tables.get(name);
    return table === undefined ? [] : saveTable(table, options.counters);
  });
}
