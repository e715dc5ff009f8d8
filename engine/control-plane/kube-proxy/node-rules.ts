import type { Kernel, KernelEvent } from "../../kernel/index.ts";
import { Ruleset, restore, saveRule, type TableName } from "../../netfilter/index.ts";
import type { NetNamespace } from "../../network/index.ts";
import type { Proxier } from "./proxier.ts";
import { CANARY, JUMPS, restoreLines } from "./restore-input.ts";

const PROGRAM = "kube-proxy";

/**
 * Writes a proxier's lines into its machine's netfilter tables, and notices when somebody flushes them. Nothing is
 * written before somebody looks: one iptables-restore then does what several syncs have done.
 */
export class NodeRules {
  private readonly kernel: Kernel;
  private readonly net: NetNamespace;
  private readonly proxier: Proxier;
  private readonly onFlush: () => void;
  private readonly onFailure: (message: string) => void;
  /** µs between two looks at the canary, the first one after a period from the start. */
  private readonly period: number;
  private readonly started: number;
  private jumps = false;
  private watching: KernelEvent | undefined;

  constructor(
    kernel: Kernel,
    net: NetNamespace,
    proxier: Proxier,
    period: number,
    on: { flush: () => void; failure: (message: string) => void },
  ) {
    this.kernel = kernel;
    this.net = net;
    this.proxier = proxier;
    this.period = period;
    this.started = kernel.now;
    this.onFlush = on.flush;
    this.onFailure = on.failure;
  }

  private ruleset(): Ruleset {
    this.net.netfilter ??= new Ruleset();
    return this.net.netfilter;
  }

  /** A sync has come to its end. */
  synced(full: boolean): void {
    const ruleset = this.ruleset();
    this.jumps ||= full;
    ruleset.onChange = () => this.watch();
    ruleset.defer(PROGRAM, () => this.write(ruleset));
  }

  stop(): void {
    this.kernel.cancel(this.watching);
    const ruleset = this.net.netfilter;
    if (ruleset !== undefined) ruleset.onChange = undefined;
  }

  private write(ruleset: Ruleset): void {
    if (this.jumps) {
      this.jumps = false;
      const missing = setupLines(ruleset);
      if (missing.length > 0) this.restore(ruleset, missing);
    }
    this.restore(ruleset, restoreLines(this.proxier.take(ruleset.table("nat").chains.keys())));
  }

  private restore(ruleset: Ruleset, lines: readonly string[]): void {
    const { status, error } = restore(ruleset, lines, { noflush: true, counters: true });
    if (status !== 0) this.onFailure(error);
  }

  /** Somebody changed the tables: is the canary still there when kube-proxy looks next? */
  private watch(): void {
    if (this.watching !== undefined && !this.watching.cancelled) return;
    const next = this.period - ((this.kernel.now - this.started) % this.period);
    this.watching = this.kernel.after(next, "kube-proxy canary", () => {
      const ruleset = this.net.netfilter;
      if (ruleset?.table(CANARY.tables[0]).chains.has(CANARY.chain)) return;
      this.onFlush();
    });
  }
}

/** Lines of iptables-restore that make the canaries and the jumps from built-in chains, as far as they are not there. */
export function setupLines(ruleset: Ruleset): string[] {
  return [...missingCanaries(ruleset), ...missingJumps(ruleset)];
}

function missingCanaries(ruleset: Ruleset): string[] {
  return CANARY.tables.flatMap((table) =>
    ruleset.table(table).chains.has(CANARY.chain) ? [] : [`*${table}`, `:${CANARY.chain} - [0:0]`, "COMMIT"],
  );
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

/** Lines that make the jumps which are not there, each before all other rules, and the chains that they lead to. */
function missingJumps(ruleset: Ruleset): string[] {
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
