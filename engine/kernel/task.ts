import { Answer } from "./answer.ts";
import type { KernelEvent } from "./heap.ts";
import type { Kernel } from "./kernel.ts";

/**
 * What a generator of the simulation may yield to the kernel. Never yield these yourself: use `sleep`, `cpu`, `wait`
 * and `call` of ops.ts with `yield*`.
 * - a generator: call it; its return value comes back, its exception is thrown here
 * - `SleepOp`, `CpuOp`, `WaitOp`: see ops.ts
 */
export type Op = Gen<unknown> | SleepOp | CpuOp | WaitOp;

/** A step-wise computation of the simulation: a program, a request handler, a reconcile. */
// biome-ignore lint/suspicious/noExplicitAny: what a step gets back depends on what it yielded; ops.ts types it
export type Gen<T = void> = Generator<Op, T, any>;

export interface SleepOp {
  readonly op: "sleep";
  readonly us: number;
}
export interface CpuOp {
  readonly op: "cpu";
  readonly us: number;
}
export interface WaitOp {
  readonly op: "wait";
  readonly queue: WaitQueue;
  /** Give up after this many µs. */
  readonly timeout?: number | undefined;
}

/** What slows a task down beyond the CPU time it uses: cpu.max of its control group. */
export interface Throttle {
  /** µs to wait after `us` µs of CPU that are used from `now` on. */
  charge(now: number, us: number): number;
}

/** CPU debt passes as virtual time once it reaches this many µs, so that small steps need no event each. */
export const QUANTUM = 1_000;

/** The task that runs now, of whichever session: only one ever does. */
export const running: { task: Task | undefined } = { task: undefined };

/** Why `wait` or `sleep` came back. */
export type Woken = "woken" | "timeout" | "interrupted";

export type TaskState = "ready" | "running" | "waiting" | "done";

export interface TaskOptions {
  /** Charged neither CPU nor modelled latency: a request from outside, which must complete within the instant. */
  instant?: boolean;
  /** Called once at the end, with the value or the error (`TaskKilled` after a kill). */
  onExit?: (task: Task) => void;
}

/** The error a killed task ends with. */
export class TaskKilled extends Answer {
  constructor() {
    super("task killed");
  }
}

/** A running generator with its call stack, owned by the kernel. */
export class Task {
  readonly id: number;
  readonly name: string;
  readonly kernel: Kernel;
  readonly instant: boolean;
  readonly stack: Gen<unknown>[] = [];
  state: TaskState = "ready";
  value: unknown = undefined;
  error: unknown = undefined;
  /** CPU time in µs that was used and not yet let pass. */
  debt = 0;
  /** All CPU time in µs that was charged. */
  used = 0;
  throttle: Throttle | undefined;
  /** `asked` once killed; `running` while the `finally` blocks run. */
  unwinding: "no" | "asked" | "running" = "no";
  /** Stopped (SIGSTOP): what would resume it is kept until it goes on. */
  suspended = false;
  /** A wake-up that came while it was suspended. */
  missed = false;
  readonly ended: WaitQueue = new WaitQueue();
  onExit: ((task: Task) => void) | undefined;
  /** The queue it waits in, and the event that will resume it. */
  waitingIn: WaitQueue | undefined;
  resumeEvent: KernelEvent | undefined;

  constructor(kernel: Kernel, id: number, name: string, body: Gen<unknown>, options: TaskOptions) {
    this.kernel = kernel;
    this.id = id;
    this.name = name;
    this.instant = options.instant ?? false;
    this.onExit = options.onExit;
    this.stack.push(body);
  }
}

/** Most queues never hold a task: they share this list, which is never written to. */
const NOBODY: Task[] = [];

/** Tasks waiting for something; whoever makes it true wakes them. FIFO. */
export class WaitQueue {
  private tasks: Task[] = NOBODY;

  get size(): number {
    return this.tasks.length;
  }

  add(task: Task): void {
    if (this.tasks === NOBODY) this.tasks = [task];
    else this.tasks.push(task);
  }

  remove(task: Task): void {
    const index = this.tasks.indexOf(task);
    if (index >= 0) this.tasks.splice(index, 1);
  }

  /** Lets every waiting task go on within this instant, in the order in which they came. */
  wakeAll(): void {
    if (this.tasks.length === 0) return;
    const tasks = this.tasks;
    this.tasks = NOBODY;
    for (const task of tasks) task.kernel.resume(task, "woken");
  }

  wakeOne(): void {
    const task = this.tasks.shift();
    if (task) task.kernel.resume(task, "woken");
  }
}
