import { Ruleset, restore, saveRule, type TableName } from "../../netfilter/index.ts";
import type { Jump } from "./restore-input.ts";

/** Jumps as iptables-save words them, to find those that are there; worked out once a list. */
const wordings = new WeakMap<readonly Jump[], readonly string[]>();

function wordingOf(jumps: readonly Jump[]): readonly string[] {
  const known = wordings.get(jumps);
  if (known !== undefined) return known;
  const scratch = new Ruleset();
  const lines = jumps.flatMap(({ table, from, to, match }) => [
    `*${table}`,
    `:${to} - [0:0]`,
    `-A ${from} ${match} -j ${to}`,
    "COMMIT",
  ]);
  restore(scratch, lines, { noflush: true });
  const met = new Map<string, number>();
  const words = jumps.map(({ table, from }) => {
    const place = `${table} ${from}`;
    const at = met.get(place) ?? 0;
    met.set(place, at + 1);
    return saveRule(scratch.table(table).chains.get(from)!.rules[at]!);
  });
  wordings.set(jumps, words);
  return words;
}

/** Lines of iptables-restore that make the jumps which are not there, each before all other rules, and the chains that they lead to. */
export function missingJumps(ruleset: Ruleset, jumps: readonly Jump[]): string[] {
  const words = wordingOf(jumps);
  const out: string[] = [];
  const made = new Set<string>();
  let open: TableName | undefined;
  for (const [i, { table, from, to, match }] of jumps.entries()) {
    const { chains } = ruleset.table(table);
    const lines: string[] = [];
    if (!chains.has(to) && !made.has(`${table} ${to}`)) {
      made.add(`${table} ${to}`);
      lines.push(`:${to} - [0:0]`);
    }
    const there = chains.get(from)!.rules.some((rule) => rule.chain?.name === to && saveRule(rule) === words[i]);
    if (!there) lines.push(`-I ${from} ${match} -j ${to}`);
    if (lines.length === 0) continue;
    if (open !== table) {
      if (open !== undefined) out.push("COMMIT");
      out.push(`*${table}`);
      open = table;
    }
    out.push(...lines);
  }
  if (open !== undefined) out.push("COMMIT");
  return out;
}
