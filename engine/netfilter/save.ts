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
  const { body } = rule;
  const { inverted } = body;
  let out = "";
  if (body.sourceMask !== 0 || body.source !== 0) {
    const source = body.six?.source ?? `${formatAddress(body.source)}${formatMask(body.sourceMask)}`;
    out += `${(inverted & INVERTED.source) !== 0 ? " !" : ""} -s ${source}`;
  }
  if (body.destinationMask !== 0 || body.destination !== 0) {
    const destination =
      body.six?.destination ?? `${formatAddress(body.destination)}${formatMask(body.destinationMask)}`;
    out += `${(inverted & INVERTED.destination) !== 0 ? " !" : ""} -d ${destination}`;
  }
  if (body.input !== "") out += `${(inverted & INVERTED.input) !== 0 ? " !" : ""} -i ${body.input}`;
  if (body.output !== "") out += `${(inverted & INVERTED.output) !== 0 ? " !" : ""} -o ${body.output}`;
  if (body.protocol !== 0) {
    out += `${(inverted & INVERTED.protocol) !== 0 ? " !" : ""} -p ${protocolName(body.protocol)}`;
  }
  if (body.fragment) out += `${(inverted & INVERTED.fragment) !== 0 ? " !" : ""} -f`;
  for (const match of body.matches) out += ` -m ${match.name}${match.save()}`;
  out += between;
  if (rule.chain !== undefined) out += ` -${body.goto ? "g" : "j"} ${rule.chain.name}`;
  else if (body.target !== undefined) out += ` -j ${body.target.name}${body.target.save()}`;
  else if (body.jump !== "") out += ` -${body.goto ? "g" : "j"} ${body.jump}`;
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
    out.push(`:${chain.name} ${chain.policy ?? "-"} [${chain.packets}:${chain.bytes}]`);
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
