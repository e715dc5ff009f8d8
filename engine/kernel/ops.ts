import {
  type CpuOp,
  type Gen,
  QUANTUM,
  running,
  type SleepOp,
  type Task,
  type WaitOp,
  type WaitQueue,
  type Woken,
} from "./task.ts";

/** One microsecond is the unit of virtual time; these name the others. */
export const MS = 1_000;
export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** Lets `us` µs of virtual time pass. Comes back early with `interrupted` when a signal handler must run. */
export function* sleep(us: number): Gen<Woken> {
  const op: SleepOp = { op: "sleep", us };
  return (yield op) as Woken;
}

/**
 * Charges `us` µs of CPU. Small charges add up and pass in quanta of a millisecond, so an endless loop advances the
 * clock and can be interrupted. Free in an `instant` task.
 */
export function cpu(us: number): Gen<void> {
  const { task } = running;
  // Most charges only add to a debt: they need not go up through every generator on the way to the kernel.
  if (task !== undefined && task.unwinding === "no" && !task.suspended) {
    if (task.instant) return CHARGED;
    if (task.debt + us < QUANTUM) {
      task.debt += us;
      task.used += us;
      return CHARGED;
    }
  }
  return charge(us);
}

function* charge(us: number): Gen<void> {
  const op: CpuOp = { op: "cpu", us };
  yield op;
}

const DONE: IteratorReturnResult<void> = Object.freeze({ done: true, value: undefined });

/** A generator that has ended: nothing is left to wait for. */
const CHARGED = {
  next: () => DONE,
  [Symbol.iterator]: () => CHARGED,
} as unknown as Gen<void>;

/** Waits until `queue` is woken, `timeout` µs have passed, or a signal handler must run. Check your condition in a loop. */
export function* wait(queue: WaitQueue, timeout?: number): Gen<Woken> {
  const op: WaitOp = { op: "wait", queue, timeout };
  return (yield op) as Woken;
}

/**
 * Calls a generator through the kernel's own stack instead of `yield*`: use it where recursion can be deep, since a
 * chain of `yield*` costs its depth at every step and overflows the host's stack.
 */
export function* call<T>(gen: Gen<T>): Gen<T> {
  return (yield gen as Gen<unknown>) as T;
}

/** Waits for a task's end and returns its value; throws its error. */
export function* join<T>(task: Task): Gen<T> {
  while (task.state !== "done") yield* wait(task.ended);
  if (task.error !== undefined) throw task.error;
  return task.value as T;
}
