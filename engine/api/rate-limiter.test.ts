import { expect, test } from "vitest";
import { Kernel, MS, SECOND } from "../kernel/index.ts";
import { RateLimiter, ThrottleLog } from "./rate-limiter.ts";

const SERVER = "https://192.168.108.10:6443";

function bucket(qps: number, burst: number, verbosity = 0) {
  const kernel = new Kernel({ seed: 1, epochMs: 0 });
  const lines: string[] = [];
  const log = new ThrottleLog(kernel, (_, place, text) => lines.push(`${place} ${text}`), verbosity);
  return { kernel, lines, limiter: new RateLimiter(kernel, { qps, burst }, SERVER, log) };
}

test("a full bucket lets a burst through, then one request after the other in turn", () => {
  const { kernel, limiter } = bucket(5, 3);
  expect([1, 2, 3, 4, 5, 6].map(() => limiter.take() / MS)).toEqual([0, 0, 0, 200, 400, 600]);
  kernel.run(600 * MS);
  expect(limiter.take() / MS).toBe(200);
});

test("it fills up again to the burst and no further", () => {
  const { kernel, limiter } = bucket(5, 3);
  for (let i = 0; i < 3; i++) limiter.take();
  kernel.run(60 * SECOND);
  expect([1, 2, 3, 4].map(() => limiter.take() / MS)).toEqual([0, 0, 0, 200]);
});

test("no rate: nobody waits", () => {
  const { limiter } = bucket(-1, 0);
  expect([1, 2, 3].map(() => limiter.take())).toEqual([0, 0, 0]);
});

test.each([
  { verbosity: 0, delays: [0, 60, 900, 1000, 1200, 1400], said: ["1.2s"] },
  { verbosity: 3, delays: [0, 50, 60, 900, 1200], said: ["60ms", "900ms", "1.2s", "1.2s"] },
])("waits that are told with -v=$verbosity", ({ verbosity, delays, said }) => {
  const { limiter, lines } = bucket(5, 10, verbosity);
  for (const delay of delays) limiter.waited(delay * MS, "GET", "/api/v1/pods");
  const why = "due to client-side throttling, not priority and fairness";
  expect(lines).toEqual(
    said.map((delay) => `request.go:729 Waited for ${delay} ${why}, request: GET:${SERVER}/api/v1/pods`),
  );
});

test.each([
  [0, 10],
  [2, 1],
])("with -v=%i one line in %i s", (verbosity, seconds) => {
  const { kernel, limiter, lines } = bucket(5, 10, verbosity);
  const count = () => {
    limiter.waited(2 * SECOND, "GET", "/");
    return lines.length;
  };
  expect([count(), count()]).toEqual([1, 1]);
  kernel.run(seconds * SECOND - 1);
  expect(count()).toBe(1);
  kernel.run(seconds * SECOND);
  expect(count()).toBe(2);
});
