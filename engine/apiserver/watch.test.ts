import { describe, expect, it } from "vitest";
import type { HttpResponse } from "../api/http.ts";
import type { WatchStream } from "../api/types.ts";
import { MINUTE } from "../kernel/index.ts";
import { bootedHarness, PODS, podOf } from "./testing.ts";

const CM = "/api/v1/namespaces/default/configmaps";
const stream = (response: HttpResponse): WatchStream => (response.body as { watch: WatchStream }).watch;
const TABLE = { headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" } };

describe("lists and watches", () => {
  it("pages through one state, whatever changes meanwhile", () => {
    const h = bootedHarness();
    for (const name of ["a", "b", "c", "d"]) h.json("POST", CM, { metadata: { name } });
    const first = h.json("GET", `${CM}?limit=2`);
    expect(first.metadata).toMatchObject({ remainingItemCount: 2 });
    h.json("DELETE", `${CM}/c`);
    const second = h.json("GET", `${CM}?limit=2&continue=${first.metadata.continue}`);
    expect([...first.items, ...second.items].map((one) => one.metadata.name)).toEqual(["a", "b", "c", "d"]);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it("keeps the pages of several lists apart", () => {
    const h = bootedHarness();
    const names = Array.from({ length: 9 }, (_, i) => `c${i}`);
    for (const [i, name] of names.entries()) h.json("POST", CM, { metadata: { name, labels: { odd: String(i % 2) } } });
    const seen: Record<string, string[]> = { all: [], odd: [] };
    const queries = { all: "limit=2", odd: "limit=1&labelSelector=odd%3D1" };
    const tokens: Record<string, string> = { all: "", odd: "" };
    for (let round = 0; round < 5; round++) {
      for (const [list, query] of Object.entries(queries)) {
        if (round > 0 && tokens[list] === "") continue;
        const page = h.json("GET", `${CM}?${query}${tokens[list] && `&continue=${tokens[list]}`}`);
        for (const { metadata } of page.items) seen[list]!.push(metadata.name);
        tokens[list] = page.metadata.continue ?? "";
      }
      h.json("DELETE", `${CM}/c${8 - round}`);
    }
    expect(tokens).toEqual({ all: "", odd: "" });
    expect(seen).toEqual({ all: names, odd: names.filter((_, i) => i % 2 === 1) });
  });

  it("begins with what is there and says when that is told", () => {
    const h = bootedHarness();
    h.json("POST", CM, { metadata: { name: "a" } });
    const query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const { buffer } = stream(h.request("GET", `${CM}?${query}`));
    expect(buffer.map(({ type }) => type)).toEqual(["ADDED", "BOOKMARK"]);
    expect(buffer[1]!.object.metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
  });

  it("sends a bookmark each minute in which something else changed, and ends after its timeout", () => {
    const h = bootedHarness();
    const watch = stream(
      h.request("GET", `${CM}?watch=1&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=${h.store.revision}`),
    );
    h.json("POST", PODS, podOf("web"));
    h.kernel.run(h.kernel.now + 3 * MINUTE);
    expect(watch.buffer.map(({ type }) => type)).toEqual(["BOOKMARK"]);
    expect(watch.buffer[0]!.object.metadata.resourceVersion).toBe(String(h.store.revision));
    h.kernel.run(h.kernel.now + 3 * MINUTE);
    expect(watch.ended).toBe(true);
  });

  it("ends the watches of a server that stops", () => {
    const h = bootedHarness();
    const watch = stream(h.request("GET", `${CM}?watch=1`));
    let told = 0;
    watch.onReady = () => told++;
    h.server.stop();
    expect([watch.ended, told]).toEqual([true, 1]);
  });

  it("finds objects by label without looking at the others, in order of their names", () => {
    const h = bootedHarness();
    for (const name of ["c", "a", "b"])
      h.json("POST", CM, { metadata: { name, labels: { app: name === "b" ? "y" : "x" } } });
    const names = (query: string) =>
      h.json("GET", `${CM}?${query}`).items.map((one: { metadata: { name: string } }) => one.metadata.name);
    expect(names("labelSelector=app%3Dx")).toEqual(["a", "c"]);
    expect(names("labelSelector=app!%3Dx")).toEqual(["b"]);
    expect(names("labelSelector=app%20in%20(x,y)&fieldSelector=metadata.name%3Db")).toEqual(["b"]);
    expect(names("fieldSelector=metadata.name!%3Db")).toEqual(["a", "c"]);
  });

  it("prints Tables, on a watch with the columns in the first event only", () => {
    const h = bootedHarness();
    h.json("POST", PODS, podOf("web"));
    const table = h.json("GET", PODS, undefined, TABLE);
    expect(table).toMatchObject({ kind: "Table", rows: [{ object: { kind: "PartialObjectMetadata" } }] });
    expect(table.rows[0].cells.slice(0, 4)).toEqual(["web", "0/1", "Pending", "0"]);
    const watch = stream(h.request("GET", `${PODS}?watch=1&resourceVersion=0`, undefined, TABLE));
    h.json("DELETE", `${PODS}/web`);
    expect(watch.buffer.map(({ type, object }) => [type, object["columnDefinitions"] !== null])).toEqual([
      ["ADDED", true],
      ["DELETED", false],
    ]);
  });

  it("shows one Event in both groups' forms", () => {
    const h = bootedHarness();
    const path = "/api/v1/namespaces/default/events";
    h.json("POST", path, {
      metadata: { name: "e" },
      involvedObject: { kind: "Pod", name: "web", namespace: "default" },
      reason: "Scheduled",
      message: "Successfully assigned",
      type: "Normal",
    });
    const newer = h.json("GET", "/apis/events.k8s.io/v1/namespaces/default/events/e");
    expect(newer).toMatchObject({
      apiVersion: "events.k8s.io/v1",
      note: "Successfully assigned",
      regarding: { name: "web" },
    });
    expect(h.json("GET", `${path}?fieldSelector=involvedObject.name%3Dweb`).items).toHaveLength(1);
    h.kernel.run(h.kernel.now + 70 * MINUTE);
    expect(h.json("GET", path).items).toHaveLength(0);
  });
});
