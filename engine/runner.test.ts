import { expect, it } from "vitest";
import { SessionRunner } from "./runner.ts";

it("does all that is due at an instant though a session is paused and one slice is too short for it", () => {
  let now = 0;
  let due: (() => void)[] = [];
  // Every look at the clock takes longer than a slice may.
  const clock = {
    now: () => (now += 20),
    after: (_ms: number, callback: () => void) => {
      due.push(callback);
      return () => {
        due = due.filter((one) => one !== callback);
      };
    },
  };
  let status: number | undefined;
  const events = { ended: (_id: string, code: number) => void (status = code) };
  const runner = new SessionRunner({ lab: "playground", seed: 1, epochMs: 0 }, events, clock);
  runner.open();
  const { kernel } = runner.session;
  const at = kernel.now;
  runner.start(true);
  const script = { machine: "workstation", user: "learner", name: "a.sh", text: "seq 100 | wc -l", instant: true };
  runner.apply({ type: "script", id: "s", ...script });
  expect(status).toBeUndefined();
  for (let turns = 0; due.length > 0 && turns < 1000; turns++) due.shift()!();
  expect([status, kernel.now, due.length]).toEqual([0, at, 0]);
});
