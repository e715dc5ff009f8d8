import { describe, expect, it } from "vitest";
import { call, cpu, digest, type Gen, Kernel, MS, Pipe, SECOND, sleep, TaskKilled, WaitQueue, wait } from "./index.ts";

const kernel = (seed = 1) => new Kernel({ seed, epochMs: 0 });

describe("kernel", () => {
  it("runs events by time, then by the order in which they were queued", () => {
    const k = kernel();
    const seen: string[] = [];
    k.on("mark", (event) => seen.push(`${event.at}:${event.key}`));
    k.schedule(5, "mark", "c");
    k.schedule(0, "mark", "a");
    k.schedule(5, "mark", "d");
    k.cancel(k.schedule(1, "mark", "never"));
    k.schedule(0, "mark", "b");
    k.run(4);
    expect(seen).toEqual(["0:a", "0:b"]);
    expect(k.now).toBe(4);
    k.run(10);
    expect(seen.slice(2)).toEqual(["5:c", "5:d"]);
  });

  it("lets sleeping tasks take their time and returns their value", () => {
    const k = kernel();
    const task = k.spawn(
      "t",
      (function* () {
        yield* sleep(3 * SECOND);
        return k.now;
      })(),
    );
    k.run(10 * SECOND);
    expect(task.value).toBe(3 * SECOND);
    expect(k.faults).toEqual([]);
  });

  it("calls 100,000 deep through its own stack", () => {
    const k = kernel();
    function* depth(n: number): Gen<number> {
      return n === 0 ? 0 : 1 + (yield* call(depth(n - 1)));
    }
    const task = k.spawn("deep", depth(100_000));
    k.run(1);
    expect(task.value).toBe(100_000);
  });

  it("passes exceptions up through called generators", () => {
    const k = kernel();
    function* bad(): Gen {
      yield* sleep(1);
      throw new Error("inner");
    }
    const task = k.spawn(
      "t",
      (function* () {
        try {
          yield* call(bad());
        } catch (error) {
          return (error as Error).message;
        }
      })(),
    );
    k.run(5);
    expect(task.value).toBe("inner");
  });

  it("charges CPU in quanta, so that an endless loop advances the clock", () => {
    const k = kernel();
    let turns = 0;
    k.spawn(
      "spin",
      (function* (): Gen {
        for (;;) {
          turns++;
          yield* cpu(10);
        }
      })(),
    );
    k.run(10 * MS);
    expect(k.now).toBe(10 * MS);
    expect(turns).toBeGreaterThan(990);
    expect(turns).toBeLessThan(1_210);
  });

  it("kills a waiting task: finally blocks run innermost first, at this virtual time, and may yield", () => {
    const k = kernel();
    const seen: string[] = [];
    const never = new WaitQueue();
    function* inner(): Gen {
      try {
        yield* wait(never);
      } finally {
        seen.push(`inner ${k.now}`);
        yield* sleep(2);
        seen.push(`inner end ${k.now}`);
      }
    }
    const task = k.spawn(
      "t",
      (function* (): Gen {
        try {
          yield* call(inner());
          seen.push("not reached");
        } finally {
          seen.push(`outer ${k.now}`);
        }
      })(),
    );
    k.run(10);
    k.kill(task);
    k.run(20);
    expect(seen).toEqual(["inner 10", "inner end 12", "outer 12"]);
    expect(task.error).toBeInstanceOf(TaskKilled);
    expect(never.size).toBe(0);
  });

  it("lets a task that kills itself unwind at its next yield", () => {
    const k = kernel();
    const seen: string[] = [];
    const task = k.spawn(
      "t",
      (function* (): Gen {
        try {
          k.kill(k.current!);
          seen.push("still running");
          yield* sleep(1);
          seen.push("not reached");
        } finally {
          seen.push("finally");
        }
      })(),
    );
    k.run(5);
    expect(seen).toEqual(["still running", "finally"]);
    expect(task.state).toBe("done");
  });

  it("tells a waiter why it came back", () => {
    const k = kernel();
    const queue = new WaitQueue();
    const seen: string[] = [];
    const waiter = k.spawn(
      "w",
      (function* (): Gen {
        seen.push(yield* wait(queue, 5));
        seen.push(yield* wait(queue));
        seen.push(yield* sleep(SECOND));
      })(),
    );
    k.run(6);
    queue.wakeAll();
    k.run(8);
    k.interrupt(waiter);
    k.run(9);
    expect(seen).toEqual(["timeout", "woken", "interrupted"]);
  });

  it("gives the same digest for the same seed and another for another", () => {
    const run = (seed: number) => {
      const k = kernel(seed);
      const out: number[] = [];
      k.onDigest("out", () => out.join());
      k.spawn(
        "t",
        (function* (): Gen {
          for (let i = 0; i < 50; i++) {
            yield* sleep(k.random("t").int(1, 1000));
            out.push(k.now);
          }
        })(),
      );
      k.run(10_000);
      return digest(k);
    };
    expect(run(7)).toBe(run(7));
    expect(run(7)).not.toBe(run(8));
  });
});

describe("pipe", () => {
  it("holds a writer back at its capacity and tells it when the reader is gone", () => {
    const k = kernel();
    const pipe = new Pipe(4);
    pipe.readers = pipe.writers = 1;
    const got: string[] = [];
    const writer = k.spawn("w", pipe.write(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9])));
    k.spawn(
      "r",
      (function* (): Gen {
        yield* sleep(10);
        for (let i = 0; i < 2; i++) got.push(String(yield* pipe.read(100)));
        pipe.closeReader();
      })(),
    );
    k.run(5);
    expect(pipe.size).toBe(4);
    k.run(20);
    expect(got).toEqual(["1,2,3,4", "5,6,7,8"]);
    expect(writer.value).toBe("broken");
  });
});
