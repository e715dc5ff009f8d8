import { before, EventHeap, type KernelEvent } from "./heap.ts";
import { RandomStream } from "./random.ts";
import { type Gen, type Op, QUANTUM, running, Task, TaskKilled, type TaskOptions, type Woken } from "./task.ts";

export type EventHandler = (event: KernelEvent) => void;

export interface KernelOptions {
  seed: number;
  /** Wall-clock instant of virtual time 0, in ms since 1970-01-01 UTC. */
  epochMs: number;
}

/**
 * The synchronous heart of a session: a virtual clock, one queue of events ordered by (time, sequence), and the tasks
 * that those events resume. It has no Promise, no wall clock and no randomness of its own (docs/architecture.md).
 */
export class Kernel {
  readonly seed: number;
  readonly epochMs: number;
  /** Virtual time in µs since the session's start. */
  now = 0;
  /** How many events have run: with `now` it names an instant of the session exactly. */
  eventIndex = 0;
  /** The task that is running, if the current event resumed one. */
  current: Task | undefined;
  /** Bugs: exceptions that left a task. Tests expect this list to be empty. */
  readonly faults: { task: string; error: unknown; at: number }[] = [];

  /** Whether tasks spawned now are instant; see `instantly`. */
  private free = false;
  private seq = 0;
  private taskIds = 0;
  private readonly later = new EventHeap();
  /** Events of the current instant in the order of their sequence: most wake-ups, kept out of the heap. */
  private soon: KernelEvent[] = [];
  private soonHead = 0;
  private readonly handlers = new Map<string, EventHandler>();
  private readonly streams = new Map<string, RandomStream>();
  private readonly tasks = new Map<number, Task>();
  private readonly digests = new Map<string, () => string>();

  constructor(options: KernelOptions) {
    this.seed = options.seed;
    this.epochMs = options.epochMs;
    this.handlers.set("task", (event) => this.step(event.data as Task, event));
    this.handlers.set("call", (event) => (event.data as () => void)());
  }

  /** Wall-clock time of the simulation, in ms since 1970 (fractions are kept: µs resolution). */
  get wallMs(): number {
    return this.epochMs + this.now / 1000;
  }

  // ---- events -----------------------------------------------------------------------------------------------------

  /** Registers what runs the events of a kind. One handler a kind. */
  on(kind: string, handler: EventHandler): void {
    if (this.handlers.has(kind)) throw new Error(`kernel: a handler for ${kind} exists`);
    this.handlers.set(kind, handler);
  }

  /** Queues an event `delay` µs from now (0: within this instant, after what is queued already). */
  schedule(delay: number, kind: string, key: string, data?: unknown): KernelEvent {
    const event: KernelEvent = {
      at: this.now + Math.max(0, Math.floor(delay)),
      seq: this.seq++,
      kind,
      key,
      data,
      cancelled: false,
    };
    if (event.at === this.now) this.soon.push(event);
    else this.later.push(event);
    return event;
  }

  /** Queues a function call: for engine internals whose wake-up has no data worth naming. `key` says what it is. */
  after(delay: number, key: string, callback: () => void): KernelEvent {
    return this.schedule(delay, "call", key, callback);
  }

  cancel(event: KernelEvent | undefined): void {
    if (event) event.cancelled = true;
  }

  /** The next event that will run, or undefined. */
  next(): KernelEvent | undefined {
    for (;;) {
      const soon = this.soon[this.soonHead];
      const late = this.later.peek();
      const fromSoon = soon !== undefined && (late === undefined || before(soon, late));
      const event = fromSoon ? soon : late;
      if (event === undefined) return undefined;
      if (!event.cancelled) return event;
      this.drop(fromSoon);
    }
  }

  /** Queued events in order, for listing and for the digest. Costs a sort: not for the hot path. */
  pending(): KernelEvent[] {
    return [...this.soon.slice(this.soonHead), ...this.later.items]
      .filter((event) => !event.cancelled)
      .sort((a, b) => (before(a, b) ? -1 : 1));
  }

  private drop(fromSoon: boolean): void {
    if (!fromSoon) {
      this.later.pop();
      return;
    }
    this.soonHead++;
    if (this.soonHead === this.soon.length) {
      this.soon = [];
      this.soonHead = 0;
    } else if (this.soonHead > 4096) {
      this.soon = this.soon.slice(this.soonHead);
      this.soonHead = 0;
    }
  }

  /**
   * Runs every event up to and including virtual time `until` (µs), then sets the clock to it. With `until` equal to
   * `now` only the work of this instant runs: that is what a paused session does.
   * `stop` is asked after every event; when it says yes the clock stays where it is and `false` comes back.
   */
  run(until: number, stop?: () => boolean): boolean {
    for (;;) {
      const event = this.next();
      if (event === undefined || event.at > until) {
        if (until > this.now && Number.isFinite(until)) this.now = until;
        return true;
      }
      this.runOne(event);
      if (stop?.()) return false;
    }
  }

  /** Runs events until `done` holds; false when nothing is left or virtual time `limit` (µs) is reached. */
  runUntil(done: () => boolean, limit = Number.POSITIVE_INFINITY): boolean {
    while (!done()) {
      const event = this.next();
      if (event === undefined || event.at > limit) return false;
      this.runOne(event);
    }
    return true;
  }

  /** Runs events until `index` of them have run since the session's start: for a replay, which knows the number. */
  runToIndex(index: number): void {
    while (this.eventIndex < index) {
      const event = this.next();
      if (event === undefined) throw new Error(`kernel: nothing left to run at event ${this.eventIndex} of ${index}`);
      this.runOne(event);
    }
  }

  /** Sets the clock forward without running anything; no event may be due before `at`. */
  advanceTo(at: number): void {
    const due = this.next()?.at ?? Number.POSITIVE_INFINITY;
    if (at < this.now || at > due)
      throw new Error(`kernel: cannot set the clock from ${this.now} to ${at}, next event ${due}`);
    this.now = at;
  }

  private runOne(event: KernelEvent): void {
    this.drop(this.soon[this.soonHead] === event);
    this.now = event.at;
    this.eventIndex++;
    // A handled event can no longer be cancelled; marking it makes a late cancel harmless.
    event.cancelled = true;
    const handler = this.handlers.get(event.kind);
    if (handler === undefined) throw new Error(`kernel: no handler for events of kind ${event.kind}`);
    handler(event);
  }

  // ---- tasks ------------------------------------------------------------------------------------------------------

  /** Starts a generator as a task of its own; it first runs within this instant, after what is queued already. */
  spawn(name: string, body: Gen<unknown>, options: TaskOptions = {}): Task {
    const inherited = options.instant ?? (this.free || (this.current?.instant ?? false));
    const task = new Task(this, ++this.taskIds, name, body, { ...options, instant: inherited });
    this.tasks.set(task.id, task);
    task.resumeEvent = this.schedule(0, "task", name, task);
    return task;
  }

  /**
   * Starts a generator as an instant task and runs it at once, within the event that asks for it: when this comes back
   * it is done, unless it had to wait for something. For heartbeats, whose few µs nobody could tell from none.
   */
  begin(name: string, body: Gen<unknown>, onExit?: (task: Task) => void): Task {
    const task = new Task(this, ++this.taskIds, name, body, { instant: true, ...(onExit && { onExit }) });
    this.tasks.set(task.id, task);
    this.step(task, undefined);
    return task;
  }

  /** Tasks that `start` spawns are charged nothing, and so are theirs: what they do completes within the instant. */
  instantly<T>(start: () => T): T {
    const outer = this.free;
    this.free = true;
    try {
      return start();
    } finally {
      this.free = outer;
    }
  }

  /** Does what was put off at `at` as if it were done then. It may neither wait nor wake anybody. */
  asOf<T>(at: number, act: () => T): T {
    const { now } = this;
    this.now = at;
    try {
      return act();
    } finally {
      this.now = now;
    }
  }

  /** Lets a waiting task go on within this instant; `why` is what its `wait` or `sleep` returns. */
  resume(task: Task, why: Woken): void {
    if (task.state !== "waiting") return;
    task.waitingIn = undefined;
    this.cancel(task.resumeEvent);
    task.state = "ready";
    task.value = why;
    task.resumeEvent = this.schedule(0, "task", task.name, task);
  }

  /** Ends a blocked `wait` or `sleep` early: a signal arrived that the program handles itself. */
  interrupt(task: Task): void {
    if (task.state !== "waiting") return;
    task.waitingIn?.remove(task);
    this.resume(task, "interrupted");
  }

  /**
   * Ends a task: its `finally` blocks run at this exact virtual time, innermost first. A task that kills itself
   * unwinds when it next yields.
   */
  kill(task: Task): void {
    if (task.state === "done" || task.unwinding !== "no") return;
    task.unwinding = "asked";
    task.waitingIn?.remove(task);
    task.waitingIn = undefined;
    if (task.state === "running") return;
    this.cancel(task.resumeEvent);
    task.state = "ready";
    task.resumeEvent = this.schedule(0, "task", task.name, task);
  }

  /** Freezes a task: it does not go on before `unsuspend`, whatever wakes it. */
  suspend(task: Task): void {
    task.suspended = true;
  }

  unsuspend(task: Task): void {
    if (!task.suspended) return;
    task.suspended = false;
    if (!task.missed) return;
    task.missed = false;
    if (task.state === "waiting") this.resume(task, "timeout");
    else task.resumeEvent = this.schedule(0, "task", task.name, task);
  }

  private step(task: Task, event: KernelEvent | undefined): void {
    if (task.state === "done") return;
    if (task.suspended && task.unwinding === "no") {
      task.missed = true;
      return;
    }
    const wakeValue = event === task.resumeEvent && task.state === "waiting" ? "timeout" : task.value;
    task.resumeEvent = undefined;
    task.waitingIn?.remove(task);
    task.waitingIn = undefined;
    task.state = "running";
    const outer = this.current;
    const before = running.task;
    this.current = running.task = task;
    try {
      this.advance(task, wakeValue);
    } finally {
      this.current = outer;
      running.task = before;
    }
  }

  /** Drives the top of the task's stack until it blocks or ends. */
  private advance(task: Task, first: unknown): void {
    const stack = task.stack;
    let value: unknown = first;
    let throwing = false;
    // A killed task returns from each frame in turn; frames whose `finally` yields go on as usual in between.
    let returning = beginUnwinding(task);
    for (;;) {
      const frame = stack[stack.length - 1];
      if (frame === undefined) {
        this.finish(task, throwing ? undefined : value, throwing ? value : undefined);
        return;
      }
      let result: IteratorResult<Op, unknown>;
      try {
        if (throwing) result = frame.throw(value);
        else if (returning) result = frame.return(undefined as never);
        else result = frame.next(value);
      } catch (error) {
        stack.pop();
        value = error;
        throwing = true;
        returning = false;
        continue;
      }
      throwing = false;
      if (result.done) {
        stack.pop();
        value = result.value;
        returning = task.unwinding !== "no";
        continue;
      }
      // Killed while it ran (by itself or by what it called): unwind from its first yield on.
      returning = beginUnwinding(task);
      if (returning) continue;
      const op = result.value;
      if (isFrame(op)) {
        stack.push(op);
        value = undefined;
        continue;
      }
      if (op.op === "cpu") {
        value = undefined;
        if (task.instant) continue;
        task.debt += op.us;
        task.used += op.us;
        // A task that was stopped stops here, not after its slice.
        if (task.debt < QUANTUM && !task.suspended) continue;
        this.block(task, takeDebt(task));
        return;
      }
      if (op.op === "sleep") {
        this.block(task, op.us + takeDebt(task));
        return;
      }
      task.waitingIn = op.queue;
      op.queue.add(task);
      this.block(task, op.timeout === undefined ? undefined : op.timeout + takeDebt(task));
      return;
    }
  }

  private block(task: Task, delay: number | undefined): void {
    task.state = "waiting";
    if (delay !== undefined) task.resumeEvent = this.schedule(delay, "task", task.name, task);
  }

  private finish(task: Task, value: unknown, error: unknown): void {
    task.state = "done";
    this.tasks.delete(task.id);
    task.value = value;
    task.error = error ?? (task.unwinding === "no" ? undefined : new TaskKilled());
    if (error !== undefined) this.faults.push({ task: task.name, error, at: this.now });
    const { onExit } = task;
    task.onExit = undefined;
    onExit?.(task);
    task.ended.wakeAll();
  }

  // ---- randomness and digest --------------------------------------------------------------------------------------

  /** The random stream of a component; the same object at every call. */
  random(component: string): RandomStream {
    let stream = this.streams.get(component);
    if (stream === undefined) {
      stream = new RandomStream(this.seed, component);
      this.streams.set(component, stream);
    }
    return stream;
  }

  /** Adds a part of the state to the digest: a function that returns a text which names that state wholly. */
  onDigest(name: string, text: () => string): void {
    this.digests.set(name, text);
  }

  /** What `digest` hashes: clock, queue, streams and every registered part of the state. */
  *digestParts(): Generator<string> {
    yield `clock ${this.now} ${this.eventIndex} ${this.seq} ${this.taskIds}`;
    for (const event of this.pending()) yield `event ${event.at} ${event.seq} ${event.kind} ${event.key}`;
    for (const [name, stream] of [...this.streams].sort(byName)) yield `random ${name} ${stream.state()}`;
    for (const [name, text] of [...this.digests].sort(byName)) yield `${name} ${text()}`;
  }
}

function beginUnwinding(task: Task): boolean {
  if (task.unwinding !== "asked") return false;
  task.unwinding = "running";
  return true;
}

function takeDebt(task: Task): number {
  const debt = task.debt;
  task.debt = 0;
  return task.throttle === undefined ? debt : debt + task.throttle.charge(task.kernel.now, debt);
}

function isFrame(op: Op): op is Gen<unknown> {
  return typeof (op as Gen<unknown>).next === "function";
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}
