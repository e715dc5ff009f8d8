import type { Kernel } from "../../kernel/index.ts";
import { Canary, Ruleset, restore, saveRule, type TableName } from "../../netfilter/index.ts";
import type { NetNamespace } from "../../network/index.ts";
import type { Proxier } from "./proxier.ts";
import { JUMPS, restoreLines } from "./restore-input.ts";

const PROGRAM = "kube-proxy";

/**
 * Writes a proxier's lines into its machine's netfilter tables, and notices when somebody flushes them. Nothing is
 * written before somebody looks: one iptables-restore then does what several syncs have done.
 */
export class NodeRules {
  private readonly net: NetNamespace;
  private readonly proxier: Proxier;
  private readonly canary: Canary;
  private readonly onFailure: (message: string) => void;
  private setup = false;

  /** @param period  µs between two looks whether the tables were flushed */
  constructor(
    kernel: Kernel,
    net: NetNamespace,
    proxier: Proxier,
    period: number,
    on: { flush: () => void; failure: (message: string) => void },
  ) {
    this.net = net;
    this.proxier = proxier;
    this.canary = new Canary(kernel, "KUBE-PROXY-CANARY", period, on.flush);
    this.onFailure = on.failure;
  }

  private ruleset(): Ruleset {
    this.net.netfilter ??= new Ruleset();
    return this.net.netfilter;
  }

  /** A sync has come to its end. */
  synced(full: boolean): void {
    const ruleset = this.ruleset();
    this.setup ||= full;
    this.canary.watch(ruleset);
    ruleset.defer(PROGRAM, () => this.write(ruleset));
  }

  stop(): void {
    this.canary.stop();
  }

  private write(ruleset: Ruleset): void {
    if (this.setup) {
      this.setup = false;
      const missing = [...this.canary.lines(ruleset), ...missingJumps(ruleset)];
      if (missing.length > 0) this.restore(ruleset, missing);
    }
    this.restore(ruleset, restoreLines(this.proxier.take(ruleset.table("nat").chains.keys())), true);
  }

  private restore(ruleset: Ruleset, lines: readonly string[], trusted = false): void {
    const { status, error } = restore(ruleset, lines, { noflush: true, counters: true, trusted });
    if (status !== 0) this.onFailure(error);
  }
}

/** The jumps as iptables-save words them, to find those that are there; worked out once. */
let wording: readonly string[] | undefined;

function words(): readonly string[] {
  if (wording === undefined) {
    const scratch = new Ruleset();
    const lines = JUMPS.flatMap(({ table, from, to, match }) => [
      `*${table}`,
      `:${to} - [0:0]`,
      `-A ${from} ${match} -j ${to}`,
      "COMMIT",
    ]);
    restore(scratch, lines, { noflush: true });
    const met = new Map<string, number>();
    wording = JUMPS.map(({ table, from }) => {
      const place = `${table} ${from}`;
      const at = met.get(place) ?? 0;
      met.set(place, at + 1);
      return saveRule(scratch.table(table).chains.get(from)!.rules[at]!);
    });
  }
  return wording;
}

/** Lines of iptables-restore that make the jumps which are not there, each before all other rules, and the chains that they lead to. */
export function missingJumps(ruleset: Ruleset): string[] {
  const out: string[] = [];
  const made = new Set<string>();
  let open: TableName | undefined;
  for (const [i, { table, from, to, match }] of JUMPS.entries()) {
    const { chains } = ruleset.table(table);
    const lines: string[] = [];
    if (!chains.has(to) && !made.has(`${table} ${to}`)) {
      made.add(`${table} ${to}`);
      lines.push(`:${to} - [0:0]`);
    }
    const there = chains.get(from)!.rules.some((rule) => rule.body.jump === to && saveRule(rule) === words()[i]);
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
