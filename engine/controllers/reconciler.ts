import { StatusError } from "../api/status.ts";
import { type Gen, type Kernel, type KernelEvent, MS, SECOND } from "../kernel/index.ts";
import { isNetError } from "../network/error.ts";
import { WorkCounts } from "./work-counts.ts";

export interface ReconcileResult {
  /** Look at the key again after this many µs, whatever happens until then. */
  requeueAfter?: number;
}

/**
 * A level-triggered controller: it is told *which* object may be off, never *what* happened, and brings the world
 * nearer to what the object asks for. Being called twice, late, or after missed events must do no harm.
 */
export interface Reconciler {
  readonly name: string;
  /** How long a failing key waits; without it from 5 ms to 1000 s. */
  readonly retry?: RetryTimes;
  reconcile(key: string): Gen<ReconcileResult | void>;
}

/** Back-off of a failing key in µs: the first wait, and what it doubles to. */
export interface RetryTimes {
  first: number;
  last: number;
}

/** client-go util/workqueue default rate limiter. */
const RETRY: RetryTimes = { first: 5 * MS, last: 1000 * SECOND };
/** What the controllers of EndpointSlices wait (defaultSyncBackOff, maxSyncBackOff). */
export const SYNC_RETRY: RetryTimes = { first: SECOND, last: 1000 * SECOND };

/**
 * The work queue of one reconciler. A key is worked on by one task at a time; adding it meanwhile makes it run once
 * more. Wake-ups are kernel events of kind `reconcile` with key `<name> <key>`, so that the queue shows them.
 */
export class WorkQueue {
  private readonly kernel: Kernel;
  private readonly reconciler: Reconciler;
  private readonly waiting = new Set<string>();
  /** Keys that are worked on, and since when. */
  private readonly active = new Map<string, number>();
  private readonly failures = new Map<string, number>();
  /** Keys that wait for a time. */
  private readonly planned = new Map<string, KernelEvent>();
  readonly counts = new WorkCounts();
  private stopped = false;

  constructor(kernel: Kernel, reconciler: Reconciler) {
    this.kernel = kernel;
    this.reconciler = reconciler;
  }

  get name(): string {
    return this.reconciler.name;
  }

  /** Keys that wait. */
  get depth(): number {
    return this.waiting.size;
  }

  /** When the work that is under way began, in µs. */
  get underway(): Iterable<number> {
    return this.active.values();
  }

  add(key: string): void {
    if (this.stopped || this.waiting.has(key)) return;
    this.waiting.add(key);
    this.counts.added(key, this.kernel.now);
    if (!this.active.has(key)) this.start(key);
  }

  /** A key waits once: for the soonest of the times it was given (client-go util/workqueue delaying_queue.go). */
  addAfter(key: string, us: number): void {
    const planned = this.planned.get(key);
    if (planned !== undefined) {
      if (planned.at <= this.kernel.now + us) return;
      this.kernel.cancel(planned);
    }
    const event = this.kernel.after(us, `reconcile ${this.reconciler.name} ${key}`, () => {
      this.planned.delete(key);
      this.add(key);
    });
    this.planned.set(key, event);
  }

  /** Nothing starts any more: the process ended or lost its leader lease. */
  stop(): void {
    this.stopped = true;
  }

  private start(key: string): void {
    this.kernel.spawn(`reconcile ${this.reconciler.name} ${key}`, this.work(key), { instant: false });
  }

  private *work(key: string): Gen {
    if (this.stopped) return;
    this.waiting.delete(key);
    const began = this.kernel.now;
    this.active.set(key, began);
    this.counts.begun(key, began);
    try {
      const result = yield* this.reconciler.reconcile(key);
      this.failures.delete(key);
      if (result?.requeueAfter !== undefined) this.addAfter(key, result.requeueAfter);
    } catch (error) {
      // A StatusError is an answer of the server, a NetError one of the network; anything else is a bug to be seen.
      if (!(error instanceof StatusError) && !isNetError(error)) {
        this.kernel.faults.push({ task: `reconcile ${this.reconciler.name} ${key}`, error, at: this.kernel.now });
      }
      const failures = this.failures.get(key) ?? 0;
      this.failures.set(key, failures + 1);
      this.counts.retries++;
      const { first, last } = this.reconciler.retry ?? RETRY;
      this.addAfter(key, Math.min(first * 2 ** Math.min(failures, 30), last));
    } finally {
      this.active.delete(key);
      this.counts.work.observe((this.kernel.now - began) / SECOND);
      if (this.waiting.has(key) && !this.stopped) this.start(key);
    }
  }
}
