import { describe, expect, it } from "vitest";
import { Kernel, SECOND } from "../kernel/index.ts";
import { EtcdStore, type Event, prefixEnd } from "./index.ts";

const make = () => {
  const kernel = new Kernel({ seed: 1, epochMs: 0 });
  return { kernel, store: new EtcdStore(kernel) };
};

describe("etcd store", () => {
  it("keeps create revision, mod revision and version of a key, and reads it at any revision", () => {
    const { store } = make();
    store.put({ key: "a", value: "1" });
    store.put({ key: "b", value: "x" });
    store.put({ key: "a", value: "2" });
    expect(store.get("a")).toMatchObject({ value: "2", createRevision: 2, modRevision: 4, version: 2 });
    expect(store.range({ key: "a", revision: 3 }).kvs).toMatchObject([{ value: "1", version: 1 }]);
    store.deleteRange({ key: "a" });
    store.put({ key: "a", value: "3" });
    expect(store.get("a")).toMatchObject({ createRevision: 6, version: 1 });
    expect(store.range({ key: "a", rangeEnd: prefixEnd("a"), revision: 5 }).kvs).toEqual([]);
  });

  it("applies a transaction at one revision", () => {
    const { store } = make();
    const events: Event[][] = [];
    store.watch({ key: "", rangeEnd: "\0", prevKv: true }, { events: (batch) => events.push([...batch]) });
    const request = {
      compare: [{ key: "a", target: "MOD" as const, result: "EQUAL" as const, value: 0 }],
      success: [{ put: { key: "a", value: 1 } }, { put: { key: "b", value: 2 } }],
      failure: [{ range: { key: "a" } }],
    };
    expect(store.txn(request)).toMatchObject({ succeeded: true, revision: 2 });
    expect(store.txn(request)).toMatchObject({
      succeeded: false,
      revision: 2,
      responses: [{ range: { kvs: [{ value: 1 }] } }],
    });
    expect(events.map((batch) => batch.map((event) => event.kv.modRevision))).toEqual([[2, 2]]);
  });

  it("replays the past to a watch, and cancels one that begins before the compaction", () => {
    const { store } = make();
    for (const value of [1, 2, 3, 4]) store.put({ key: "k", value });
    const seen: unknown[] = [];
    store.watch({ key: "k", startRevision: 4 }, { events: (batch) => seen.push(...batch.map((e) => e.kv.value)) });
    store.put({ key: "k", value: 5 });
    expect(seen).toEqual([3, 4, 5]);
    store.compact(4);
    let cancelled = 0;
    store.watch({ key: "k", startRevision: 3 }, { events: () => undefined, cancelled: (at) => (cancelled = at) });
    expect(cancelled).toBe(4);
    expect(() => store.range({ key: "k", revision: 3 })).toThrow("required revision has been compacted");
    expect(store.range({ key: "k", revision: 4 }).kvs).toMatchObject([{ value: 3 }]);
    expect(() => store.range({ key: "k", revision: 99 })).toThrow("required revision is a future revision");
  });

  it("deletes the keys of a lease when it expires, at one revision", () => {
    const { kernel, store } = make();
    const lease = store.leaseGrant(10);
    store.put({ key: "a", value: 1, lease: lease.id });
    store.put({ key: "b", value: 1, lease: lease.id });
    kernel.run(9 * SECOND);
    store.leaseKeepAlive(lease.id);
    kernel.run(18 * SECOND);
    expect(store.get("a")).toBeDefined();
    kernel.run(19 * SECOND);
    expect(store.get("a")).toBeUndefined();
    expect(store.revision).toBe(4);
    expect(() => store.put({ key: "a", value: 1, lease: lease.id })).toThrow("requested lease not found");
  });

  it("keeps 20,000 keys in order", () => {
    const { store } = make();
    for (let i = 0; i < 20_000; i++) store.put({ key: `k${(i * 7919) % 20_000}`.padEnd(8, "x"), value: i });
    const keys = store.range({ key: "k", rangeEnd: "l" }).kvs.map((kv) => kv.key);
    expect(keys).toEqual(keys.toSorted());
    expect(keys.length).toBe(20_000);
  });
});
