import { describe, expect, it } from "vitest";
import type { WatchStream } from "../api/types.ts";
import { harness } from "./harness.ts";

const configMap = (name: string, data: Record<string, string> = {}, labels?: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...(labels && { labels }) },
  data,
});
const CM = "/api/v1/namespaces/default/configmaps";

function start() {
  const h = harness();
  h.json("POST", "/api/v1/namespaces", { metadata: { name: "default" } });
  return h;
}

describe("storage through the pipeline", () => {
  it("creates, gets, lists, updates and deletes", () => {
    const h = start();
    const made = h.json("POST", CM, configMap("a", { x: "1" }));
    expect(made.metadata).toMatchObject({
      name: "a",
      namespace: "default",
      creationTimestamp: "2025-03-01T09:00:00Z",
      resourceVersion: "5",
    });
    expect(h.json("GET", `${CM}/a`)).toBe(made);
    const changed = h.json("PUT", `${CM}/a`, { ...made, data: { x: "2" } });
    expect(changed.metadata.resourceVersion).toBe("6");
    expect(h.json("PUT", `${CM}/a`, { ...made, data: { x: "3" } }).message).toBe(
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    );
    expect(h.json("PUT", `${CM}/a`, changed)).toBe(changed);
    expect(h.json("GET", CM)).toMatchObject({ kind: "ConfigMapList", metadata: { resourceVersion: "6" } });
    expect(h.json("DELETE", `${CM}/a`)).toMatchObject({
      status: "Success",
      details: { name: "a", kind: "configmaps" },
    });
    expect(h.json("GET", `${CM}/a`)).toMatchObject({ code: 404, message: 'configmaps "a" not found' });
    expect(h.kernel.faults).toEqual([]);
  });

  it("takes the namespace from what has none", () => {
    const h = start();
    const made = h.json("POST", "/api/v1/namespaces", { metadata: { name: "own", namespace: "default" } });
    expect(made).toMatchObject({ metadata: { name: "own" } });
    expect(made.metadata).not.toHaveProperty("namespace");
  });

  it("tells watches of a selection what enters, changes and leaves it", () => {
    const h = start();
    const response = h.request("GET", `${CM}?watch=true&labelSelector=app%3Da&resourceVersion=4`);
    const { watch } = response.body as { watch: WatchStream };
    const a = h.json("POST", CM, configMap("a", {}, { app: "a" }));
    h.json("POST", CM, configMap("b", {}, { app: "b" }));
    h.json("PUT", `${CM}/a`, configMap("a", { x: "1" }, { app: "a" }));
    h.json("PUT", `${CM}/a`, configMap("a", { x: "1" }, { app: "c" }));
    h.json("DELETE", `${CM}/a`);
    expect(watch.buffer.map((event) => event.type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
    expect(watch.buffer[0]!.object).toBe(a);
    expect(watch.buffer[2]!.object.metadata.labels).toEqual({ app: "a" });
    const again = h.request("GET", `${CM}?watch=1&resourceVersion=5`).body as { watch: WatchStream };
    expect(again.watch.buffer.map((event) => event.type)).toEqual(["ADDED", "MODIFIED", "MODIFIED", "DELETED"]);
  });
});
