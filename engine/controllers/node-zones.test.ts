import { describe, expect, it } from "vitest";
import type { KubeObject } from "../api/types.ts";
import { SECOND } from "../kernel/index.ts";
import { MERGE, start } from "./harness.ts";
import { evictionRate, NodeZones, zoneState } from "./node-zones.ts";

const node = (zone: string, status: string): KubeObject =>
  ({
    metadata: { name: "n", labels: { "topology.kubernetes.io/zone": zone } },
    status: { conditions: [{ type: "Ready", status }] },
  }) as unknown as KubeObject;
const nodes = (zone: string, ready: number, off: number) => [
  ...Array.from({ length: ready }, () => node(zone, "True")),
  ...Array.from({ length: off }, () => node(zone, "Unknown")),
];

describe("zones of nodes", () => {
  // By the documentation of kube-controller-manager's flags and node_lifecycle_controller.go ComputeZoneState.
  it.each([
    [0, 1, "FullDisruption"],
    [0, 5, "FullDisruption"],
    [3, 3, "Normal"],
    [1, 2, "Normal"],
    [2, 3, "PartialDisruption"],
    [9, 11, "PartialDisruption"],
    [10, 10, "Normal"],
  ] as const)("%i ready and %i not are %s", (ready, off, state) => expect(zoneState(ready, off)).toBe(state));

  it.each([
    ["Normal", 3, 0.1],
    ["PartialDisruption", 50, 0],
    ["PartialDisruption", 51, 0.01],
    ["FullDisruption", 3, 0.1],
  ] as const)("%s with %i nodes taints %d a second", (state, size, rate) =>
    expect(evictionRate(state, size)).toBe(rate),
  );

  it("take turns by zone; a zone that is off alone goes on, all of them together stop", () => {
    const zones = new NodeZones();
    expect(zones.look([...nodes("a", 2, 2), ...nodes("b", 0, 3)], 0)).toBeUndefined();
    expect(zones.take(node("a", "Unknown"), 0)).toBe(0);
    expect(zones.take(node("a", "Unknown"), SECOND)).toBe(9 * SECOND);
    expect(zones.take(node("b", "Unknown"), SECOND)).toBe(0);
    expect(zones.look([...nodes("a", 0, 4), ...nodes("b", 0, 3)], 2 * SECOND)).toBe("entered");
    expect(zones.take(node("b", "Unknown"), 60 * SECOND)).toBe(Number.POSITIVE_INFINITY);
    expect(zones.look([...nodes("a", 1, 3), ...nodes("b", 0, 3)], 60 * SECOND)).toBe("left");
    expect(zones.take(node("a", "Unknown"), 60 * SECOND)).toBe(Number.POSITIVE_INFINITY);
    expect(zones.take(node("b", "Unknown"), 60 * SECOND)).toBe(10 * SECOND);
  });
});

describe("nodes that fall silent", () => {
  const prepare = (count: number) => {
    const s = start();
    for (let i = 0; i < count; i++) s.node(`n${i}`);
    s.run(1);
    return s;
  };
  const beat = (s: ReturnType<typeof start>, names: readonly string[], at: number) => {
    const conditions = [{ type: "Ready", status: "True", lastHeartbeatTime: `2025-03-01T09:00:${10 + at}Z` }];
    for (const name of names) s.json("PATCH", `/api/v1/nodes/${name}/status`, { status: { conditions } }, MERGE);
  };
  const evicted = (s: ReturnType<typeof start>) =>
    s
      .json("GET", "/api/v1/nodes")
      .items.filter((one: KubeObject) =>
        one["spec"].taints?.some(
          (taint: { key: string; effect: string }) =>
            taint.effect === "NoExecute" && taint.key === "node.kubernetes.io/unreachable",
        ),
      )
      .map((one: KubeObject) => one.metadata.name);

  it.each([
    ["one of three at once", 3, ["n0", "n1"], [1, 1]],
    ["two of four one after the other", 4, ["n0", "n1"], [1, 2]],
    ["four of six: a small zone in trouble keeps its Pods", 6, ["n0", "n1"], [0, 0]],
    ["all", 3, [], [0, 0]],
  ] as const)("%s", (_, count, alive, [soon, later]) => {
    const s = prepare(count);
    for (let i = 0; i < 11; i++) {
      beat(s, alive, i);
      s.run(5);
    }
    beat(s, alive, 11);
    s.run(2);
    expect(evicted(s)).toHaveLength(soon);
    beat(s, alive, 12);
    s.run(12);
    expect(evicted(s)).toHaveLength(later);
    expect(s.kernel.faults).toEqual([]);
  });
});
