import type { Kernel, KernelEvent } from "../kernel/index.ts";
import type { Ruleset } from "./ruleset.ts";

/** Tables in which a canary stands; its absence from the first one is what counts (util/iptables Monitor). */
export const CANARY_TABLES = ["mangle", "nat", "filter"] as const;

/**
 * An empty chain by whose absence a program learns that somebody flushed the tables. It looks once a period; nothing is
 * queued as long as nobody changes the rules.
 */
export class Canary {
  private readonly kernel: Kernel;
  private readonly chain: string;
  /** µs. */
  private readonly period: number;
  private readonly started: number;
  private readonly onFlush: () => void;
  private ruleset: Ruleset | undefined;
  private look: KernelEvent | undefined;

  constructor(kernel: Kernel, chain: string, period: number, onFlush: () => void) {
    this.kernel = kernel;
    this.chain = chain;
    this.period = period;
    this.started = kernel.now;
    this.onFlush = onFlush;
  }

  /** Lines of iptables-restore that make it where it is missing. */
  lines(ruleset: Ruleset): string[] {
    return CANARY_TABLES.flatMap((table) =>
      ruleset.table(table).chains.has(this.chain) ? [] : [`*${table}`, `:${this.chain} - [0:0]`, "COMMIT"],
    );
  }

  watch(ruleset: Ruleset): void {
    if (this.ruleset === ruleset) return;
    this.stop();
    this.ruleset = ruleset;
    ruleset.watchers.add(this.changed);
  }

  stop(): void {
    this.kernel.cancel(this.look);
    this.ruleset?.watchers.delete(this.changed);
    this.ruleset = undefined;
  }

  private readonly changed = (): void => {
    if (this.look !== undefined && !this.look.cancelled) return;
    const next = this.period - ((this.kernel.now - this.started) % this.period);
    this.look = this.kernel.after(next, `canary ${this.chain}`, () => {
      if (this.ruleset?.table(CANARY_TABLES[0]).chains.has(this.chain) === false) this.onFlush();
    });
  };
}
