import { describe, expect, it } from "vitest";
import type { KubeObject } from "../api/types.ts";
import { MERGE, start } from "./harness.ts";
import { type Endpoint, pack } from "./slice-packing.ts";

const CORE = "/api/v1/namespaces/default";
const SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

type Case = ReturnType<typeof start>;
const slices = (s: Case): KubeObject[] => s.json("GET", SLICES).items;
const addresses = (slice: KubeObject | undefined): string[] =>
  (slice?.["endpoints"] ?? []).flatMap((one: Endpoint) => one.addresses);

const pod = (s: Case, name: string, ip: string, nodeName?: string) => {
  const containers = [{ name: "c", image: "i" }];
  s.json("POST", `${CORE}/pods`, {
    metadata: { name, labels: { app: "web" } },
    spec: { containers, ...(nodeName && { nodeName }) },
  });
  const conditions = [{ type: "Ready", status: "True" }];
  s.json("PATCH", `${CORE}/pods/${name}/status`, { status: { phase: "Running", podIP: ip, conditions } }, MERGE);
};
const service = (s: Case, spec: object = {}) =>
  s.json("POST", `${CORE}/services`, {
    metadata: { name: "web" },
    spec: { selector: { app: "web" }, ports: [{ port: 80 }], ...spec },
  });

/** Restated from k8s.io/endpointslice reconciler_test.go: slices by their number of endpoints, before and after. */
describe("packing of endpoints", () => {
  const endpoint = (uid: string): Endpoint => ({ addresses: [uid], targetRef: { uid, name: uid } });
  const range = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => endpoint(`${prefix}${i}`));

  it.each([
    ["nothing changes", [100, 40], [], 0, [], [], 0],
    ["250 new ones", [], [], 250, [100, 100, 50], [], 0],
    ["few go into the slice that they fill best", [100, 62, 90], [], 10, [], ["s2:100"], 0],
    ["too many for any one slice make a new one", [90, 95], [], 20, [20], [], 0],
    ["a slice that changes anyway is filled first", [100, 50], ["s0/0"], 30, [], ["s0:100", "s1:79"], 0],
    ["one that loses all goes", [1, 100], ["s0/0"], 0, [], [], 1],
    ["one hundred new ones never share a slice", [0, 30], [], 100, [100], [], 0],
  ] as const)("%s", (_, before, gone, added, created, updated, removed) => {
    const stored = before.map((count, i) => ({ metadata: { name: `s${i}` }, endpoints: range(`s${i}/`, count) }));
    const wanted = new Map<string, Endpoint>();
    for (const { endpoints } of stored) for (const one of endpoints) wanted.set(one.addresses[0]!, one);
    for (const uid of gone) wanted.delete(uid);
    for (const one of range("new/", added)) wanted.set(one.addresses[0]!, one);
    const same = (a: readonly Endpoint[], b: readonly Endpoint[]) => a.every((one, i) => one === b[i]);
    const packing = pack(stored as unknown as KubeObject[], wanted, same, () => true);
    expect(packing.create.map((list) => list.length)).toEqual(created);
    expect(packing.update.map(({ slice, endpoints }) => `${slice.metadata.name}:${endpoints.length}`).sort()).toEqual(
      updated,
    );
    expect(packing.remove).toHaveLength(removed);
  });
});

describe("EndpointSlices", () => {
  it("of a Service without endpoints are one placeholder, which is put to use", () => {
    const s = start();
    service(s);
    s.run(1);
    const [empty] = slices(s);
    expect([slices(s).length, addresses(empty)]).toEqual([1, []]);
    pod(s, "a", "10.200.0.5");
    s.run(1);
    expect(slices(s).map((one) => [one.metadata.name, addresses(one)])).toEqual([
      [empty?.metadata.name, ["10.200.0.5"]],
    ]);
    s.json("DELETE", `${CORE}/pods/a?gracePeriodSeconds=0`);
    s.run(1);
    expect(slices(s).map((one) => [one.metadata.name, addresses(one)])).toEqual([[empty?.metadata.name, []]]);
    expect(s.kernel.faults).toEqual([]);
  });

  it("of a Service show empty lists as null, ports by their hashes, and a trigger only while there is one", () => {
    const s = start();
    const ports = [
      { name: "http", port: 80 },
      { name: "m", port: 91, targetPort: 9090, appProtocol: "example.com/x" },
    ];
    service(s, { ports });
    s.run(1);
    const TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time";
    const shown = () => slices(s).map(({ metadata, endpoints, ports }: KubeObject) => ({ metadata, endpoints, ports }));
    expect(shown()).toMatchObject([{ endpoints: null, ports: null }]);
    expect(slices(s)[0]!.metadata.annotations).toHaveProperty([TRIGGER]);
    pod(s, "a", "10.200.0.5");
    s.run(1);
    expect(shown()).toMatchObject([{ ports: [{ name: "m", appProtocol: "example.com/x" }, { name: "http" }] }]);
    s.json("DELETE", `${CORE}/pods/a?gracePeriodSeconds=0`);
    s.run(1);
    expect(shown()).toMatchObject([{ endpoints: null, ports: null }]);
    expect(slices(s)[0]!.metadata.annotations ?? {}).not.toHaveProperty([TRIGGER]);
    const endpoints = s.json("GET", `${CORE}/endpoints/web`);
    expect(endpoints.metadata.annotations ?? {}).not.toHaveProperty([TRIGGER]);
    expect(s.kernel.faults).toEqual([]);
  });

  // Restated from trafficdist_test.go.
  it.each([
    ["PreferClose", {}, [["a"], ["b"], [""]]],
    [undefined, {}, [undefined, undefined, undefined]],
    ["PreferClose", { "service.kubernetes.io/topology-mode": "Auto" }, [undefined, undefined, undefined]],
  ])("with trafficDistribution %s and %j hint at zones", (trafficDistribution, annotations, hints) => {
    const s = start();
    for (const zone of ["a", "b"]) {
      s.node(`n${zone}`);
      const labels = { "topology.kubernetes.io/zone": zone };
      s.json("PATCH", `/api/v1/nodes/n${zone}`, { metadata: { labels } }, MERGE);
    }
    s.run(1);
    service(s, trafficDistribution ? { trafficDistribution } : {});
    s.json("PATCH", `${CORE}/services/web`, { metadata: { annotations } }, MERGE);
    pod(s, "a", "10.200.0.5", "na");
    pod(s, "b", "10.200.0.6", "nb");
    pod(s, "c", "10.200.0.7");
    s.run(1);
    const [slice] = slices(s);
    const zones = slice?.["endpoints"].map((one: KubeObject) =>
      one["hints"]?.forZones.map((zone: { name: string }) => zone.name),
    );
    expect(zones).toEqual(hints);
  });
});

/** Restated from topologycache_test.go and the cases of utils_test.go. */
describe("topology-mode Auto", () => {
  const MODE = { "service.kubernetes.io/topology-mode": "Auto" };
  /** Nodes by zone and CPUs, Pods by node; `zones`: hints by Pod, in the Pods' order. */
  const prepare = (nodes: readonly [string, string][], pods: readonly number[]) => {
    const s = start();
    for (const [i, [zone, cpu]] of nodes.entries()) {
      s.node(`n${i}`);
      if (zone)
        s.json(
          "PATCH",
          `/api/v1/nodes/n${i}`,
          { metadata: { labels: { "topology.kubernetes.io/zone": zone } } },
          MERGE,
        );
      s.json("PATCH", `/api/v1/nodes/n${i}/status`, { status: { allocatable: { cpu } } }, MERGE);
    }
    s.run(1);
    for (const [i, node] of pods.entries()) pod(s, `p${i}`, `10.200.0.${i + 5}`, `n${node}`);
    service(s);
    s.json("PATCH", `${CORE}/services/web`, { metadata: { annotations: MODE } }, MERGE);
    s.run(1);
    return s;
  };
  const zones = (s: Case) =>
    slices(s)[0]
      ?.["endpoints"].map((one: KubeObject) => one["hints"]?.forZones[0].name ?? "-")
      .join("");
  const said = "Insufficient number of endpoints (1 endpoints, 2 zones), addressType: IPv4";
  const share =
    "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 2 zones), addressType: IPv4";
  const nodeless =
    "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, addressType: IPv4";

  it.each<[string, [string, string][], number[], string, string]>([
    [
      "even",
      [
        ["a", "2"],
        ["b", "2"],
      ],
      [0, 0, 1, 1],
      "aabb",
      "TopologyAwareHintsEnabled Topology Aware Hints has been enabled, addressType: IPv4",
    ],
    [
      "all in one zone: some serve the other",
      [
        ["a", "2"],
        ["b", "2"],
      ],
      [0, 0, 0, 0],
      "bbaa",
      "TopologyAwareHintsEnabled Topology Aware Hints has been enabled, addressType: IPv4",
    ],
    [
      "a zone with more CPUs gets more",
      [
        ["a", "6"],
        ["b", "2"],
      ],
      [0, 0, 1, 1],
      "aaab",
      "TopologyAwareHintsEnabled Topology Aware Hints has been enabled, addressType: IPv4",
    ],
    [
      "fewer endpoints than zones",
      [
        ["a", "2"],
        ["b", "2"],
      ],
      [0],
      "-",
      `TopologyAwareHintsDisabled ${said}`,
    ],
    [
      "no fair division",
      [
        ["a", "2"],
        ["b", "2"],
      ],
      [0, 0, 1],
      "---",
      `TopologyAwareHintsDisabled ${share}`,
    ],
    [
      "a node without a zone",
      [
        ["a", "2"],
        ["b", "2"],
        ["", "2"],
      ],
      [0, 1],
      "--",
      `TopologyAwareHintsDisabled ${nodeless}`,
    ],
    [
      "one zone",
      [
        ["a", "2"],
        ["a", "2"],
      ],
      [0, 1],
      "--",
      `TopologyAwareHintsDisabled ${nodeless}`,
    ],
  ])("%s", (_, nodes, pods, hints, event) => {
    const s = prepare(nodes, pods);
    expect(zones(s)).toBe(hints);
    expect(s.events("web")).toContain(event);
    expect(s.kernel.faults).toEqual([]);
  });

  it("goes when the annotation goes, and when a zone is lost", () => {
    const s = prepare(
      [
        ["a", "2"],
        ["b", "2"],
      ],
      [0, 0, 1, 1],
    );
    const off = { "service.kubernetes.io/topology-mode": null };
    s.json("PATCH", `${CORE}/services/web`, { metadata: { annotations: off } }, MERGE);
    s.run(1);
    expect(zones(s)).toBe("----");
    expect(s.events("web").at(-1)).toBe(
      "TopologyAwareHintsDisabled Topology Aware Hints has been disabled, addressType: IPv4",
    );
    s.json("PATCH", `${CORE}/services/web`, { metadata: { annotations: MODE } }, MERGE);
    s.run(1);
    expect(zones(s)).toBe("aabb");
    s.json("DELETE", "/api/v1/nodes/n1");
    s.run(1);
    expect(zones(s)).toBe("----");
  });
});

/** Restated from pkg/controller/endpointslicemirroring: reconciler_test.go, endpointslicemirroring_controller_test.go. */
describe("Endpoints of a Service without selector", () => {
  const subsets = [
    {
      addresses: [{ ip: "192.0.2.42" }],
      notReadyAddresses: [{ ip: "192.0.2.43" }],
      ports: [{ name: "http", port: 9376 }],
    },
  ];
  const prepare = () => {
    const s = start();
    s.json("POST", `${CORE}/services`, {
      metadata: { name: "outside" },
      spec: { ports: [{ name: "http", port: 80, targetPort: 9376 }] },
    });
    const annotations = { note: "x", "endpoints.kubernetes.io/last-change-trigger-time": "2025-03-01T09:00:00Z" };
    s.json("POST", `${CORE}/endpoints`, {
      metadata: { name: "outside", labels: { team: "a" }, annotations },
      subsets,
    });
    s.run(1);
    return s;
  };

  it("are mirrored, followed and taken away with them", () => {
    const s = prepare();
    const [slice] = slices(s);
    expect(slice).toMatchObject({
      metadata: {
        annotations: { note: "x" },
        labels: {
          team: "a",
          "kubernetes.io/service-name": "outside",
          "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
        },
        ownerReferences: [{ kind: "Endpoints", name: "outside" }],
      },
      addressType: "IPv4",
      ports: [{ name: "http", port: 9376, protocol: "TCP" }],
      endpoints: [
        { addresses: ["192.0.2.42"], conditions: { ready: true } },
        { addresses: ["192.0.2.43"], conditions: { ready: false } },
      ],
    });
    expect(slice?.metadata.name).toMatch(/^outside-\w{5}$/);
    expect(slice?.metadata.annotations).toEqual({ note: "x" });
    const moved = [{ addresses: [{ ip: "192.0.2.50" }], ports: [{ name: "http", port: 9377 }] }];
    s.json("PATCH", `${CORE}/endpoints/outside`, { subsets: moved }, MERGE);
    s.run(1);
    expect(slices(s).map((one) => [one.metadata.name, addresses(one)])).toEqual([
      [slice?.metadata.name, ["192.0.2.50"]],
    ]);
    s.json("DELETE", `${CORE}/endpoints/outside`);
    s.run(1);
    expect(slices(s)).toEqual([]);
    expect(s.kernel.faults).toEqual([]);
  });

  it.each([
    [
      "have a label that says no",
      (s: Case) => patch(s, { labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } }),
    ],
    [
      "are of a leader election",
      (s: Case) => patch(s, { annotations: { "control-plane.alpha.kubernetes.io/leader": "x" } }),
    ],
    [
      "are of a Service with a selector",
      (s: Case) => s.json("PATCH", `${CORE}/services/outside`, { spec: { selector: { app: "x" } } }, MERGE),
    ],
    ["have no Service", (s: Case) => s.json("DELETE", `${CORE}/services/outside`)],
  ])("are not mirrored when they %s", (_, change) => {
    const s = prepare();
    change(s);
    s.run(2);
    const mirrored = slices(s).filter((one) =>
      one.metadata.labels?.["endpointslice.kubernetes.io/managed-by"]?.startsWith("endpointslicemirroring"),
    );
    expect(mirrored).toEqual([]);
  });

  const patch = (s: Case, metadata: object) => s.json("PATCH", `${CORE}/endpoints/outside`, { metadata }, MERGE);
});
