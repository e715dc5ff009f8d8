import { describe, expect, it } from "vitest";
import { LiveDriver } from "./driver.ts";
import { cpu, type Gen, Kernel, MS, SECOND, sleep } from "./kernel/index.ts";

/** A wall clock that only moves when told, and by `perLook` ms whenever it is looked at (work takes time). */
function wall(perLook = 0) {
  let now = 0;
  return {
    read: () => {
      now += perLook;
      return now;
    },
    pass: (ms: number) => {
      now += ms;
    },
    get now() {
      return now;
    },
  };
}

const kernel = () => new Kernel({ seed: 1, epochMs: 0 });

function ticking(k: Kernel, every: number): () => number {
  let count = 0;
  k.spawn(
    "clockwork",
    (function* (): Gen {
      for (;;) {
        yield* sleep(every);
        count++;
      }
    })(),
  );
  return () => count;
}

describe("live driver", () => {
  it("keeps virtual time beside the wall clock, at any speed", () => {
    const k = kernel();
    const count = ticking(k, 100 * MS);
    const clock = wall();
    const driver = new LiveDriver(k, clock.read);
    expect(driver.tick()).toBe(100);
    clock.pass(1000);
    driver.tick();
    expect([k.now, count()]).toEqual([SECOND, 10]);
    driver.setSpeed(20);
    clock.pass(1000);
    driver.tick();
    expect(k.now).toBe(21 * SECOND);
  });

  it("stands still while paused, though what is asked now is done now", () => {
    const k = kernel();
    const count = ticking(k, 100 * MS);
    const clock = wall();
    const driver = new LiveDriver(k, clock.read);
    driver.tick();
    driver.pause();
    clock.pass(60_000);
    let asked = 0;
    k.spawn(
      "request",
      (function* (): Gen {
        yield* cpu(50_000);
        asked++;
      })(),
      { instant: true },
    );
    expect(driver.tick()).toBe(Number.POSITIVE_INFINITY);
    expect([k.now, count(), asked]).toEqual([0, 0, 1]);
    driver.resume();
    clock.pass(200);
    driver.tick();
    expect(k.now).toBe(200 * MS);
  });

  it("gives the thread back before 10 ms of work, however much is due", () => {
    const k = kernel();
    ticking(k, 10);
    // Every look at the clock costs half a millisecond: 16 events lie between two looks.
    const clock = wall(0.5);
    const driver = new LiveDriver(k, clock.read);
    clock.pass(10_000);
    let longest = 0;
    for (let i = 0; i < 200; i++) {
      const before = clock.now;
      driver.tick();
      longest = Math.max(longest, clock.now - before);
    }
    expect(longest).toBeLessThanOrEqual(11);
    // It falls behind rather than to owe ever more work.
    expect(k.now).toBeLessThan(10 * SECOND);
  });

  it("runs ahead when asked, then goes on at its speed", () => {
    const k = kernel();
    ticking(k, SECOND);
    const clock = wall();
    const driver = new LiveDriver(k, clock.read);
    driver.skipTo(300 * SECOND);
    while (driver.skipping) driver.tick();
    expect(k.now).toBe(300 * SECOND);
    clock.pass(500);
    driver.tick();
    expect(k.now).toBe(300 * SECOND + 500 * MS);
  });
});
