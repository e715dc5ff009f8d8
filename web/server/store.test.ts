import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SessionRow, Store } from "./store.ts";

let dir: string;
let store: Store;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kubetude-store-"));
  store = new Store(dir);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

const row = (id: string, lab = "01-pod-trace"): SessionRow => ({
  id,
  person: "p",
  lab,
  seed: 7,
  engine: "e1",
  epoch: 1_772_000_000_000,
  created: 1,
  seen: 1,
  left: 0,
  at: 0,
  event_index: 0,
  paused: 0,
  speed: 1,
  marks: "{}",
  passed: 0,
  tasks: 6,
  score: 0,
  max_score: 14,
});

describe("the store", () => {
  it("keeps inputs in order over a reopening", async () => {
    await store.addSession(row("s1"));
    store.appendInputs("s1", 0, [{ type: "keys", id: "t1", text: "한글\r", at: 5, index: 2 }]);
    store.appendInputs("s1", 1, [{ type: "close", id: "t1", at: 6_000_000_000_000, index: 3 }]);
    await store.close();
    store = new Store(dir);
    expect((await store.inputsOf("s1")).inputs).toEqual([
      { type: "keys", id: "t1", text: "한글\r", at: 5, index: 2 },
      { type: "close", id: "t1", at: 6_000_000_000_000, index: 3 },
    ]);
    expect(await store.session("s1")).toEqual(row("s1"));
  });

  it("refuses a second input in the same place, and keeps none of that batch", async () => {
    store.appendInputs("s1", 0, [{ type: "close", id: "a", at: 1, index: 1 }]);
    expect(() => store.appendInputs("s1", 0, [{ type: "close", id: "b", at: 1, index: 1 }])).toThrow(/UNIQUE/);
    expect((await store.inputsOf("s1")).inputs).toHaveLength(1);
  });

  it("has one present session a lab", async () => {
    await store.addSession(row("s1"));
    await store.addSession(row("s2"));
    await store.addSession(row("s3", "playground"));
    expect((await store.sessionsOf("p")).map(({ id }) => id).sort()).toEqual(["s2", "s3"]);
  });
});
