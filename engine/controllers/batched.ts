import type { Kernel } from "../kernel/index.ts";
import type { WorkQueue } from "./reconciler.ts";

/** Adds keys to a queue after a pause, once for all that came meanwhile (client-go's delaying queue). */
export class Batched {
  private readonly waiting = new Set<string>();
  private readonly kernel: Kernel;
  private readonly queue: WorkQueue;
  private readonly name: string;
  private readonly pause: number;

  /** `pause` in µs. */
  constructor(kernel: Kernel, queue: WorkQueue, name: string, pause: number) {
    this.kernel = kernel;
    this.queue = queue;
    this.name = name;
    this.pause = pause;
  }

  add(key: string): void {
    if (this.waiting.has(key)) return;
    this.waiting.add(key);
    this.kernel.after(this.pause, `reconcile ${this.name} ${key}`, () => {
      this.waiting.delete(key);
      this.queue.add(key);
    });
  }
}

/** One timer a key: a later time is ignored while an earlier one is set, as the delaying queue does. */
export class Wakes {
  private readonly due = new Map<string, number>();
  private readonly kernel: Kernel;
  private readonly queue: WorkQueue;
  private readonly name: string;

  constructor(kernel: Kernel, queue: WorkQueue, name: string) {
    this.kernel = kernel;
    this.queue = queue;
    this.name = name;
  }

  /** Looks at the key again in `us`. */
  in(key: string, us: number): void {
    const at = this.kernel.now + us;
    const set = this.due.get(key);
    if (set !== undefined && set <= at && set > this.kernel.now) return;
    this.due.set(key, at);
    this.kernel.after(us, `reconcile ${this.name} ${key}`, () => {
      if (this.due.get(key) !== at) return;
      this.due.delete(key);
      this.queue.add(key);
    });
  }
}
