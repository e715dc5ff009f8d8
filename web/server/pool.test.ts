import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { Pool } from "./pool.ts";
import type { FromWorker } from "./worker-protocol.ts";

/** A worker that hangs for ever in the session whose key says so, once it is typed into. */
const WORKER = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, workerData } from "node:worker_threads";
    const busy = new Int32Array(workerData.busy);
    const slots = new Map();
    parentPort.on("message", (message) => {
      if (message.type === "ping") parentPort.postMessage({ type: "pong", id: message.id, heap: 0.1 });
      if (message.type === "open") {
        slots.set(message.key, message.slot);
        parentPort.postMessage({ type: "opened", key: message.key, ms: 1 });
      }
      if (message.type === "message" && message.key === "stuck") {
        Atomics.store(busy, 0, slots.get("stuck"));
        for (;;) {}
      }
      if (message.type === "attach") parentPort.postMessage({ type: "answer", id: message.id, value: message.key });
    });
  `)}`,
);

const request = (key: string) => ({
  key,
  lab: "playground",
  seed: 1,
  epoch: 0,
  engine: "",
  engineUrl: "",
  inputs: [],
  end: { at: 0, index: 0 },
  drifted: false,
  paused: false,
  speed: 1,
});

let pool: Pool;
afterEach(() => pool.stop());

describe("the watchdog", () => {
  it("ends a worker that does not answer, names who ran, and hosts its sessions elsewhere", async () => {
    const lost: { keys: string[]; culprit: string | undefined }[] = [];
    const heard: FromWorker["type"][] = [];
    const events = {
      message: (message: FromWorker) => heard.push(message.type),
      lost: (keys: string[], culprit: string | undefined) => lost.push({ keys, culprit }),
    };
    pool = new Pool(events, pino({ level: "silent" }), { size: 1, entry: WORKER, stuckAfter: 2_000, pingEvery: 50 });
    pool.open(request("stuck"));
    pool.open(request("fine"));
    expect(await pool.ask({ type: "attach", key: "fine" })).toBe("fine");
    pool.send({ type: "message", key: "stuck", message: { type: "run", us: 1 } });
    const asked = pool.ask({ type: "attach", key: "fine" });
    await expect(asked).rejects.toThrow(/ended/);
    expect(lost).toEqual([{ keys: ["stuck", "fine"], culprit: "stuck" }]);
    expect(pool.has("fine")).toBe(false);
    pool.open(request("fine"));
    expect(await pool.ask({ type: "attach", key: "fine" })).toBe("fine");
  });
});
