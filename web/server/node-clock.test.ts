import { MessageChannel } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { nodeClock } from "./node-clock.ts";

const work = (ms: number) => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

describe("the clock that sessions share", () => {
  it("calls back in order, not what was cancelled, and not before its time", async () => {
    const heard: string[] = [];
    const start = performance.now();
    let late = 0;
    nodeClock.after(0, () => heard.push("a"));
    nodeClock.after(0, () => heard.push("never"))();
    nodeClock.after(20, () => heard.push("never"))();
    nodeClock.after(0, () => {
      heard.push("b");
      nodeClock.after(0, () => heard.push("c"));
    });
    await new Promise<void>((resolve) => {
      nodeClock.after(30, () => {
        late = performance.now() - start;
        resolve();
      });
    });
    expect(heard).toEqual(["a", "b", "c"]);
    expect(late).toBeGreaterThanOrEqual(29);
  });

  it("lets a message through between the slices of sessions that compute without end", async () => {
    let slices = 0;
    let computing = true;
    const compute = () => {
      slices++;
      work(5);
      if (computing) nodeClock.after(0, compute);
    };
    for (let i = 0; i < 20; i++) nodeClock.after(0, compute);
    const { port1, port2 } = new MessageChannel();
    const counts: number[] = [];
    for (let i = 0; i < 5; i++) {
      const before = slices;
      await new Promise((resolve) => {
        port2.once("message", resolve);
        port1.postMessage("key");
      });
      counts.push(slices - before);
    }
    computing = false;
    port1.close();
    // Not one slice of each of the twenty.
    expect(Math.max(...counts)).toBeLessThan(10);
  });

  it("goes on when one of them fails", async () => {
    const errors: unknown[] = [];
    const hear = (error: unknown) => errors.push(error);
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.once("uncaughtException", hear);
    nodeClock.after(0, () => {
      throw new Error("a bug");
    });
    await new Promise<void>((resolve) => nodeClock.after(0, resolve));
    for (const other of others) process.on("uncaughtException", other);
    expect(errors).toHaveLength(1);
  });
});
