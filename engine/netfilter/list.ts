import { formatAddress, formatMask } from "./address.ts";
import { protocolName } from "./protocols.ts";
import type { Chain, Table } from "./ruleset.ts";
import { countersText, saveRule } from "./save.ts";
import { INVERTED, type Rule } from "./types.ts";

export interface ListOptions {
  numeric?: boolean;
  /** With counters and interfaces (`-v`). */
  verbose?: boolean;
  /** Counters in full (`-x`). */
  exact?: boolean;
  lineNumbers?: boolean;
  /** Name of an address, where the machine knows one. */
  nameOf?: (address: string) => string | undefined;
}

/** Networks of Debian's /etc/networks, for addresses that have no name otherwise. */
const NETWORKS: Readonly<Record<string, string>> = {
  "0.0.0.0": "default",
  "127.0.0.0": "loopback",
  "169.254.0.0": "link-local",
};

/** Lines of `iptables -L` of one chain, the head among them. */
export function listChain(chain: Chain, options: ListOptions): string[] {
  const { verbose, lineNumbers, exact } = options;
  const counts = (value: number) => `${shortNumber(value, exact).trimStart()}`;
  const of =
    chain.policy === undefined
      ? `${chain.references} references`
      : `policy ${chain.policy}${verbose ? ` ${counts(chain.packets)} packets, ${counts(chain.bytes)} bytes` : ""}`;
  let columns = lineNumbers ? "num  " : "";
  if (verbose) columns += exact ? "    pkts      bytes " : " pkts bytes ";
  columns += "target     prot opt";
  if (verbose) columns += " in     out    ";
  columns += " source               destination         ";
  return [
    `Chain ${chain.name} (${of})`,
    columns,
    ...chain.rules.map((rule, index) => listRule(rule, index + 1, options)),
  ];
}

/** One line of a listing. */
export function listRule(rule: Rule, number: number, options: ListOptions): string {
  const { verbose, numeric = false, lineNumbers, exact } = options;
  const { body } = rule;
  let out = lineNumbers ? `${`${number}`.padEnd(4)} ` : "";
  if (verbose) out += `${shortNumber(rule.packets, exact)} ${shortNumber(rule.bytes, exact)} `;
  out += `${targetName(rule).padEnd(9)} ${not(body.inverted, INVERTED.protocol) || " "}`;
  out += `${protocolName(body.protocol, !numeric).padEnd(4)} `;
  out += `${not(body.inverted, INVERTED.fragment) || "-"}${body.fragment ? "f" : "-"} `;
  if (verbose) {
    const any = numeric ? "*" : "any";
    out += ` ${(not(body.inverted, INVERTED.input) + (body.input || any)).padEnd(6)} `;
    out += `${(not(body.inverted, INVERTED.output) + (body.output || any)).padEnd(6)} `;
  }
  out += not(body.inverted, INVERTED.source) || " ";
  out += `${network(body.source, body.sourceMask, options, body.six?.source).padEnd(19)} `;
  out += not(body.inverted, INVERTED.destination) || " ";
  out += `${network(body.destination, body.destinationMask, options, body.six?.destination).padEnd(19)} `;
  return out + details(rule, numeric);
}

/** What `-v` shows of a rule that was just added, inserted or deleted. */
export function describeRule(rule: Rule): string {
  const { body } = rule;
  const { inverted } = body;
  return (
    `${targetName(rule)} ${not(inverted, INVERTED.protocol) || " "}${protocolName(body.protocol)} ` +
    `opt ${not(inverted, INVERTED.fragment) || "-"}${body.fragment ? "f" : "-"} ` +
    `in ${not(inverted, INVERTED.input)}${body.input || "*"} out ${not(inverted, INVERTED.output)}${body.output || "*"} ` +
    `${not(inverted, INVERTED.source) || " "}${network(body.source, body.sourceMask, { numeric: true }, body.six?.source)} ` +
    `${not(inverted, INVERTED.destination) || " "}-> ${network(body.destination, body.destinationMask, { numeric: true }, body.six?.destination)}` +
    `  ${details(rule, true)}`
  );
}

function targetName(rule: Rule): string {
  return rule.chain?.name ?? rule.body.target?.listedAs ?? rule.body.target?.name ?? rule.body.jump;
}

function details({ body }: Rule, numeric: boolean): string {
  let out = body.goto ? "[goto] " : "";
  for (const match of body.matches) out += match.list(numeric);
  return out + (body.target?.list(numeric) ?? "");
}

function not(inverted: number, part: number): string {
  return (inverted & part) !== 0 ? "!" : "";
}

function network(address: number, mask: number, { numeric, nameOf }: ListOptions, six?: string): string {
  if (mask === 0 && !numeric) return "anywhere";
  if (six !== undefined) return six === "" ? "::/0" : six.replace(/\/128$/, "");
  const text = formatAddress(address);
  const name = numeric ? text : (nameOf?.(text) ?? NETWORKS[text] ?? text);
  return mask === -1 ? name : name + formatMask(mask);
}

/** A counter in five columns, thousands as K, M, G, T; in full with `exact` (xtables_print_num). */
function shortNumber(value: number, exact: boolean | undefined): string {
  if (exact) return `${value}`.padStart(8);
  if (value <= 99_999) return `${value}`.padStart(5);
  let rest = value;
  for (const unit of "KMG") {
    rest = Math.floor((rest + 500) / 1000);
    if (rest <= 9999) return `${rest}`.padStart(4) + unit;
  }
  return `${`${Math.floor((rest + 500) / 1000)}`.padStart(4)}T`;
}

/** Lines of `iptables -L` of a table. */
export function listTable(table: Table, options: ListOptions): string[] {
  return table.ordered().flatMap((chain, index) => [...(index === 0 ? [] : [""]), ...listChain(chain, options)]);
}

/** Line of `iptables -S` that makes a chain. */
export function chainLine(chain: Chain, counters: boolean): string {
  return chain.policy === undefined
    ? `-N ${chain.name}`
    : `-P ${chain.name} ${chain.policy}${counters ? countersText(chain) : ""}`;
}

/** Line of `iptables -S` of a rule. */
export function ruleLine(chain: Chain, rule: Rule, counters: boolean): string {
  return `-A ${chain.name}${saveRule(rule, counters ? countersText(rule) : "")}`;
}
