import type { Kernel } from "./kernel/index.ts";

/** Longest stretch of work without giving the thread back, in ms. */
export const SLICE_MS = 8;
/** A clock that was asked for and cannot be kept up with is not caught up for longer than this, in ms of wall clock. */
const MAX_LAG_MS = 250;

/**
 * Runs a session beside the wall clock. It has no timer of its own: the host calls `tick`, waits as long as it says,
 * and calls it again; whoever puts an input in calls it at once.
 */
export class LiveDriver {
  private readonly kernel: Kernel;
  private readonly wallMs: () => number;
  private anchorWall: number;
  private anchorVirtual: number;
  private rate = 1;
  private stopped = false;
  /** Virtual time to which it runs as fast as it can, µs, and what ends that sooner. */
  private target = 0;
  private reached: (() => boolean) | undefined;

  /** `wallMs`: a monotonic clock in ms, e.g. `performance.now`. */
  constructor(kernel: Kernel, wallMs: () => number) {
    this.kernel = kernel;
    this.wallMs = wallMs;
    this.anchorWall = wallMs();
    this.anchorVirtual = kernel.now;
  }

  get paused(): boolean {
    return this.stopped;
  }

  get speed(): number {
    return this.rate;
  }

  pause(): void {
    this.stopped = true;
  }

  resume(): void {
    this.stopped = false;
    this.anchor();
  }

  /** Virtual seconds a wall second. */
  setSpeed(rate: number): void {
    this.anchor();
    this.rate = rate;
  }

  /** Runs ahead to a virtual time as fast as it can, or until `reached` holds, which is asked after every event. */
  skipTo(at: number, reached?: () => boolean): void {
    this.target = reached ? at : Math.max(this.target, at);
    this.reached = reached;
  }

  /** Goes on at its speed from where it has come. */
  stopSkipping(): void {
    this.target = 0;
    this.reached = undefined;
    this.anchor();
  }

  get skipping(): boolean {
    return this.target > this.kernel.now;
  }

  private anchor(): void {
    this.anchorWall = this.wallMs();
    this.anchorVirtual = this.kernel.now;
  }

  /** The virtual time that should be now. */
  private due(): number {
    if (this.target > this.kernel.now) return this.target;
    if (this.stopped) return this.kernel.now;
    return Math.floor(this.anchorVirtual + (this.wallMs() - this.anchorWall) * this.rate * 1000);
  }

  /**
   * Runs what is due, for a slice of some milliseconds at most. Returns how many ms the host may wait before the next
   * call: 0 when there is more to do, Infinity when nothing will happen by itself.
   */
  tick(): number {
    const { kernel } = this;
    const deadline = this.wallMs() + SLICE_MS;
    const skipping = this.skipping;
    const due = Math.max(this.due(), kernel.now);
    let there = false;
    const finished = kernel.run(due, () => {
      there = skipping && (this.reached?.() ?? false);
      return there || this.wallMs() >= deadline;
    });
    if (skipping && (there || finished)) this.stopSkipping();
    else if (skipping) this.anchor();
    if (!finished) {
      // Too much to do for the speed that was asked for: let the virtual clock fall behind, rather than never rest.
      if (!skipping && (this.due() - kernel.now) / (1000 * this.rate) > MAX_LAG_MS) this.anchor();
      return 0;
    }
    if (this.stopped) return Number.POSITIVE_INFINITY;
    const next = kernel.next();
    if (next === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(0, (next.at - kernel.now) / (1000 * this.rate));
  }
}
