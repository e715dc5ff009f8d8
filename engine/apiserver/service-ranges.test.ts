import { describe, expect, it } from "vitest";
import { valueBytes } from "../etcd/index.ts";
import type { Gen } from "../kernel/index.ts";
import type { Harness } from "./harness.ts";
import { repairRanges } from "./services.ts";
import { bootedHarness } from "./testing.ts";

const SERVICES = "/api/v1/namespaces/default/services";
const IPS = "/registry/ranges/serviceips";
const PORTS = "/registry/ranges/servicenodeports";

function run(h: Harness, body: Gen): void {
  const task = h.kernel.spawn("test", body);
  h.kernel.runUntil(() => task.state === "done");
}

/** The numbers of a range's bitmap: `data` of the stored RangeAllocation. */
function places(h: Harness, key: string): number[] {
  const { data } = h.store.range({ key }).kvs[0]!.value as { data: string };
  const bytes = [...Buffer.from(data, "base64")].reverse();
  return bytes.flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1).map((b) => at * 8 + b),
  );
}

const offset = (ip: string) => {
  const [, , c, d] = ip.split(".").map(Number);
  return c! * 256 + d! - 1;
};

const service = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { ports: [{ port: 80 }], ...spec },
});

describe("the ranges of Services", () => {
  it("are kept in etcd as RangeAllocations", () => {
    const h = bootedHarness();
    const [kv] = h.store.range({ key: IPS }).kvs;
    expect(new TextDecoder().decode(valueBytes(kv!)).slice(0, 27)).toBe("k8s\0\n\x15\n\x02v1\x12\x0fRangeAllocation");
    expect(places(h, IPS)).toEqual([0]);
    expect(places(h, PORTS)).toEqual([]);
  });

  it("have what a Service holds until it is gone", () => {
    const h = bootedHarness();
    const { spec } = h.json("POST", SERVICES, service("a", { type: "NodePort" }));
    expect(places(h, IPS)).toEqual([0, offset(spec.clusterIP)]);
    expect(places(h, PORTS)).toEqual([spec.ports[0].nodePort - 30_000]);
    h.json("PATCH", `${SERVICES}/a`, { spec: { type: "ClusterIP" } }, { headers: MERGE });
    expect(places(h, PORTS)).toEqual([]);
    h.json("DELETE", `${SERVICES}/a`);
    expect(places(h, IPS)).toEqual([0]);
  });

  it("get back what a refused Service was given", () => {
    const h = bootedHarness();
    const before = h.store.revision;
    expect(h.json("POST", SERVICES, service("Bad_Name")).reason).toBe("Invalid");
    expect(places(h, IPS)).toEqual([0]);
    expect(h.store.revision).toBe(before + 2);
    h.json("POST", `${SERVICES}?dryRun=All`, service("dry"));
    expect(h.store.revision).toBe(before + 2);
  });

  it("can be full", () => {
    const h = bootedHarness({ nodePorts: "31000-31001" });
    run(h, repairRanges(h.registry));
    const asked = (name: string) => h.json("POST", SERVICES, service(name, { type: "NodePort" }));
    expect([asked("a"), asked("b")].map(({ spec }) => spec.ports[0].nodePort).sort()).toEqual([31_000, 31_001]);
    expect(asked("c").message).toBe("Internal error occurred: failed to allocate a nodePort: range is full");
  });

  it("give nothing while they are missing, and are made again by the repair", () => {
    const h = bootedHarness();
    h.json("POST", SERVICES, service("a"));
    run(h, h.registry.etcd.deleteRange({ key: IPS }) as unknown as Gen);
    expect(h.json("POST", SERVICES, service("b")).message).toBe(
      "Internal error occurred: failed to allocate a serviceIP: cannot allocate resources of type serviceipallocations at this time",
    );
    const told: string[] = [];
    run(
      h,
      repairRanges(h.registry, (object, _, reason) => told.push(`${object.metadata.name} ${reason}`)),
    );
    expect(told).toEqual(["a ClusterIPNotAllocated", "kubernetes ClusterIPNotAllocated"]);
    expect(h.json("POST", SERVICES, service("b")).spec.clusterIP).toMatch(/^10\.201\./);
  });

  it("are no objects that a history tells of", () => {
    const h = bootedHarness();
    const [kv] = h.store.range({ key: IPS }).kvs;
    expect(h.registry.objectOf(kv!)).toBeUndefined();
  });

  it("free what no Service has at the third look", () => {
    const h = bootedHarness();
    run(h, h.registry.ranges.ports.take(30_100) as unknown as Gen);
    const seen = [1, 2, 3].map(() => {
      run(h, repairRanges(h.registry));
      return places(h, PORTS);
    });
    expect(seen).toEqual([[100], [100], []]);
  });
});

const MERGE = { "content-type": "application/merge-patch+json" };
