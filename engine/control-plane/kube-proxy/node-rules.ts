import type { Kernel } from "../../kernel/index.ts";
import { Canary, Ruleset, restore } from "../../netfilter/index.ts";
import type { NetNamespace } from "../../network/index.ts";
import { missingJumps } from "./jumps.ts";
import type { Proxier } from "./proxier.ts";
import { JUMPS, restoreInput6, restoreLines } from "./restore-input.ts";

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
  /** Whether the next write looks for stale chains, and when one last did. */
  private cleanup = false;
  private cleaned = Number.NEGATIVE_INFINITY;
  private readonly kernel: Kernel;
  private readonly period: number;

  /** @param period  µs between two looks whether the tables were flushed */
  constructor(
    kernel: Kernel,
    net: NetNamespace,
    proxier: Proxier,
    period: number,
    on: { flush: () => void; failure: (message: string) => void },
  ) {
    this.kernel = kernel;
    this.period = period;
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
    if (!this.proxier.isLarge || this.kernel.now - this.cleaned > this.period) {
      this.cleanup = true;
      this.cleaned = this.kernel.now;
    }
    this.canary.watch(ruleset);
    if (full) ruleset.six.defer(PROGRAM, () => this.write6(ruleset.six));
    ruleset.defer(PROGRAM, () => this.write(ruleset));
  }

  stop(): void {
    this.canary.stop();
  }

  private write(ruleset: Ruleset): void {
    if (this.setup) {
      this.setup = false;
      const missing = [...this.canary.lines(ruleset), ...missingJumps(ruleset, JUMPS)];
      if (missing.length > 0) this.restore(ruleset, missing);
    }
    const existing = this.cleanup ? ruleset.table("nat").chains.keys() : undefined;
    this.cleanup = false;
    this.restore(ruleset, restoreLines(this.proxier.take(existing)), true);
  }

  private write6(ruleset: Ruleset): void {
    this.restore(ruleset, [...this.canary.lines(ruleset), ...missingJumps(ruleset, JUMPS)]);
    this.restore(ruleset, restoreLines(restoreInput6(this.proxier.options)));
  }

  private restore(ruleset: Ruleset, lines: readonly string[], trusted = false): void {
    const { status, error } = restore(ruleset, lines, { noflush: true, counters: true, trusted });
    if (status !== 0) this.onFailure(error);
  }
}
