/** An event in the kernel's queue: plain data, so that the queue can be listed, digested and shown to a learner. */
export interface KernelEvent {
  /** Virtual time at which the event runs, in µs since the session's start. */
  readonly at: number;
  /** Order among events of the same instant; unique in a session. */
  readonly seq: number;
  /** Names the handler that runs it, e.g. `task`, `controller`, `lease`. */
  readonly kind: string;
  /** What it is about, e.g. a task id or `namespace/name`. */
  readonly key: string;
  /** Extra for the handler; plain data, or a reference that `key` already names. */
  readonly data?: unknown;
  cancelled: boolean;
}

/** Binary min-heap of events ordered by (at, seq). */
export class EventHeap {
  readonly items: KernelEvent[] = [];

  get size(): number {
    return this.items.length;
  }

  peek(): KernelEvent | undefined {
    return this.items[0];
  }

  push(event: KernelEvent): void {
    const items = this.items;
    const { at, seq } = event;
    let i = items.length;
    items.push(event);
    // `before` is written out: this is the simulation's innermost loop.
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = items[parent]!;
      if (at > above.at || (at === above.at && seq > above.seq)) break;
      items[i] = above;
      i = parent;
    }
    items[i] = event;
  }

  pop(): KernelEvent | undefined {
    const items = this.items;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    const { at, seq } = last;
    const size = items.length;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      let below = items[child]!;
      if (child + 1 < size) {
        const other = items[child + 1]!;
        if (other.at < below.at || (other.at === below.at && other.seq < below.seq)) {
          below = other;
          child++;
        }
      }
      if (at < below.at || (at === below.at && seq < below.seq)) break;
      items[i] = below;
      i = child;
    }
    items[i] = last;
    return top;
  }
}

export function before(a: KernelEvent, b: KernelEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq);
}
