import { type Kernel, type KernelEvent, SECOND } from "../../kernel/index.ts";

/** Syncs that may follow each other at once (proxier.go burstSyncs). */
const BURST = 2;

/**
 * Runs a function when asked, at most `BURST` times in a row and then once a period, and at least once in an hour
 * (pkg/util/async BoundedFrequencyRunner). A run takes virtual time; asking meanwhile means another run afterwards.
 */
export class SyncRunner {
  private readonly kernel: Kernel;
  private readonly name: string;
  /** µs. */
  private readonly period: number;
  private readonly longest: number;
  private readonly start: () => number;
  private readonly end: () => void;
  private tokens = BURST;
  private refilled = 0;
  private busy = false;
  private asked = false;
  private stopped = false;
  private timer: KernelEvent | undefined;

  /**
   * @param period,longest  least and most µs between runs
   * @param start  begins a run and gives the µs it takes; `end` is called when they have passed
   */
  constructor(kernel: Kernel, name: string, period: number, longest: number, start: () => number, end: () => void) {
    this.kernel = kernel;
    this.name = name;
    this.period = period;
    this.longest = longest;
    this.start = start;
    this.end = end;
    this.refilled = kernel.now;
  }

  /** Asks for a run as soon as the limits let it. */
  run(): void {
    if (this.stopped) return;
    if (this.busy) {
      this.asked = true;
      return;
    }
    this.refill();
    if (this.tokens >= 1) this.begin();
    else this.arm(Math.ceil((1 - this.tokens) * this.period));
  }

  /** Asks for a run after `delay` µs at the latest. */
  retryAfter(delay: number): void {
    if (!this.stopped) this.kernel.after(delay, `${this.name} retry`, () => this.run());
  }

  stop(): void {
    this.stopped = true;
    this.kernel.cancel(this.timer);
  }

  private refill(): void {
    this.tokens = Math.min(BURST, this.tokens + (this.kernel.now - this.refilled) / this.period);
    this.refilled = this.kernel.now;
  }

  private arm(delay: number): void {
    this.kernel.cancel(this.timer);
    this.timer = this.kernel.after(delay, this.name, () => {
      if (this.stopped) return;
      this.refill();
      this.begin();
    });
  }

  private begin(): void {
    this.kernel.cancel(this.timer);
    this.tokens = Math.max(0, this.tokens - 1);
    this.busy = true;
    this.asked = false;
    this.kernel.after(this.start(), `${this.name} done`, () => {
      this.busy = false;
      if (this.stopped) return;
      this.end();
      if (this.asked) this.run();
      else this.arm(this.longest);
    });
  }
}

/** Most µs between two runs (proxyutil.FullSyncPeriod). */
export const HOUR = 3_600 * SECOND;
