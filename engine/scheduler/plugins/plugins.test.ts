import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../api/types.ts";
import { type ClusterView, Cycle, type Plugin } from "../framework.ts";
import { NodeInfo } from "../node-info.ts";
import { nodeAffinity } from "./node-affinity.ts";
import { nodePorts } from "./node-ports.ts";
import { nodeResourcesBalancedAllocation } from "./node-resources-balanced-allocation.ts";
import { nodeResourcesFit } from "./node-resources-fit.ts";
import { naturalLog } from "./pod-topology-spread.ts";
import { taintToleration } from "./taint-toleration.ts";

let uid = 0;
const pod = (spec: object, labels = {}): KubeObject =>
  ({
    metadata: { name: `p${++uid}`, namespace: "default", uid: String(uid), labels },
    spec: { containers: [], ...spec },
  }) as unknown as KubeObject;
const asking = (...requests: object[]) => pod({ containers: requests.map((r) => ({ resources: { requests: r } })) });
const node = (name: string, allocatable: object = {}, spec: object = {}, labels: object = {}) =>
  new NodeInfo({ metadata: { name, labels }, spec, status: { allocatable } } as unknown as KubeObject);
const cycleOf = (p: KubeObject, nodes: NodeInfo[]) => {
  const view: ClusterView = {
    nodes: () => nodes,
    services: () => [],
    owner: () => undefined,
    namespaceLabels: () => undefined,
    claim: () => undefined,
    volume: () => undefined,
    volumes: () => [],
    storageClass: () => undefined,
    budgets: () => [],
  };
  return new Cycle(p, view);
};

/** Raw scores, or normalized ones where the plugin normalizes. */
function scores(plugin: Plugin, p: KubeObject, nodes: NodeInfo[]): number[] {
  const cycle = cycleOf(p, nodes);
  plugin.preScore?.(cycle, nodes);
  const raw = nodes.map((n) => plugin.score!(cycle, n));
  return plugin.normalize?.(cycle, raw, nodes) ?? raw;
}

describe("scores", () => {
  const resources = asking({ cpu: "1000m", memory: "2000" }, { cpu: "2000m", memory: "3000" });
  const sizes = () => [
    node("node1", { cpu: "4000m", memory: "10000" }),
    node("node2", { cpu: "6000m", memory: "10000" }),
  ];
  const soft = (value: string) => ({ taints: [{ key: "foo", value, effect: "PreferNoSchedule" }] });
  const tolerating = pod({
    tolerations: [{ key: "foo", operator: "Equal", value: "bar", effect: "PreferNoSchedule" }],
  });
  const cases: [string, Plugin, KubeObject, NodeInfo[], number[]][] = [
    // pkg/scheduler/framework/plugins/noderesources/least_allocated_test.go
    ["least allocated: nothing asked, nothing there", nodeResourcesFit(), pod({}), sizes(), [100, 100]],
    ["least allocated: differently sized nodes", nodeResourcesFit(), resources, sizes(), [37, 50]],
    [
      "most allocated: differently sized nodes",
      nodeResourcesFit({ scoringStrategy: { type: "MostAllocated" } }),
      resources,
      sizes(),
      [62, 50],
    ],
    [
      "by a ratio: differently sized nodes",
      nodeResourcesFit({
        scoringStrategy: {
          type: "RequestedToCapacityRatio",
          requestedToCapacityRatio: {
            shape: [
              { utilization: 0, score: 10 },
              { utilization: 100, score: 0 },
            ],
          },
        },
      }),
      resources,
      sizes(),
      [38, 50],
    ],
    // pkg/scheduler/framework/plugins/noderesources/balanced_allocation_test.go
    ["balanced: differently sized nodes", nodeResourcesBalancedAllocation(), resources, sizes(), [87, 100]],
    // pkg/scheduler/framework/plugins/tainttoleration/taint_toleration_test.go
    [
      "taints: a tolerated one costs nothing",
      taintToleration,
      tolerating,
      [node("nodeA", {}, soft("bar")), node("nodeB", {}, soft("blah"))],
      [100, 0],
    ],
    ["taints: none at all", taintToleration, pod({}), [node("nodeA"), node("nodeB", {}, soft("x"))], [100, 0]],
  ];
  it.each(cases)("%s", (_name, plugin, p, nodes, expected) => {
    expect(scores(plugin, p, nodes)).toEqual(expected);
  });
});

describe("filters", () => {
  const full = () => {
    const n = node("m1", { cpu: "10m", memory: "20", pods: "32" });
    n.addPod(asking({ cpu: "8m", memory: "19" }));
    return n;
  };
  const port = (hostPort: number, hostIP?: string, protocol?: string) =>
    pod({ containers: [{ ports: [{ hostPort, hostIP, protocol }] }] });
  const holding = (p: KubeObject) => {
    const n = node("m1");
    n.addPod(p);
    return n;
  };
  const selecting = (nodeSelector: object) => pod({ nodeSelector });
  const requiring = (...matchExpressions: object[]) =>
    pod({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
        },
      },
    });
  const labelled = node("node1", {}, {}, { foo: "bar", gpu: "3" });
  const mismatch = ["node(s) didn't match Pod's node affinity/selector"];
  const taken = ["node(s) didn't have free ports for the requested pod ports"];
  const tainted = node("nodeA", {}, { taints: [{ key: "dedicated", value: "user1", effect: "NoSchedule" }] });
  const cases: [string, Plugin, KubeObject, NodeInfo, string[] | undefined][] = [
    // pkg/scheduler/framework/plugins/noderesources/fit_test.go
    ["no resources requested always fits", nodeResourcesFit(), pod({}), full(), undefined],
    [
      "both are missing",
      nodeResourcesFit(),
      asking({ cpu: "3m", memory: "2" }),
      full(),
      ["Insufficient cpu", "Insufficient memory"],
    ],
    ["one resource fits", nodeResourcesFit(), asking({ cpu: "2m", memory: "2" }), full(), ["Insufficient memory"]],
    ["equal edge case", nodeResourcesFit(), asking({ cpu: "2m", memory: "1" }), full(), undefined],
    ["no place for another Pod", nodeResourcesFit(), pod({}), node("m1", { pods: "0" }), ["Too many pods"]],
    // pkg/scheduler/framework/plugins/nodeports/node_ports_test.go
    ["other port", nodePorts, port(8080, "127.0.0.1"), holding(port(9090, "127.0.0.1")), undefined],
    ["same port", nodePorts, port(8080, "127.0.0.1"), holding(port(8080, "127.0.0.1")), taken],
    ["same port, other address", nodePorts, port(8001, "127.0.0.1"), holding(port(8001, "127.0.0.2")), undefined],
    ["same port, every address", nodePorts, port(8001, "0.0.0.0"), holding(port(8001, "127.0.0.1")), taken],
    [
      "same port, other protocol",
      nodePorts,
      port(8001, "127.0.0.1", "UDP"),
      holding(port(8001, "127.0.0.1")),
      undefined,
    ],
    // pkg/scheduler/framework/plugins/nodeaffinity/node_affinity_test.go
    ["missing label", nodeAffinity(), selecting({ foo: "bar", baz: "blah" }), labelled, mismatch],
    ["same labels", nodeAffinity(), selecting({ foo: "bar" }), labelled, undefined],
    ["In", nodeAffinity(), requiring({ key: "foo", operator: "In", values: ["bar", "value2"] }), labelled, undefined],
    ["Gt", nodeAffinity(), requiring({ key: "gpu", operator: "Gt", values: ["2"] }), labelled, undefined],
    ["Lt", nodeAffinity(), requiring({ key: "gpu", operator: "Lt", values: ["3"] }), labelled, mismatch],
    ["NotIn", nodeAffinity(), requiring({ key: "foo", operator: "NotIn", values: ["bar"] }), labelled, mismatch],
    ["an empty term matches nothing", nodeAffinity(), requiring(), labelled, mismatch],
    // pkg/scheduler/framework/plugins/tainttoleration/taint_toleration_test.go
    ["untolerated taint", taintToleration, pod({}), tainted, ["node(s) had untolerated taint {dedicated: user1}"]],
    [
      "tolerated taint",
      taintToleration,
      pod({ tolerations: [{ key: "dedicated", operator: "Exists" }] }),
      tainted,
      undefined,
    ],
  ];
  it.each(cases)("%s", (_name, plugin, p, n, expected) => {
    expect(plugin.filter!(cycleOf(p, [n]), n)?.reasons).toEqual(expected);
  });
});

it.each([
  [2, 0.6931471805599453],
  [3, 1.0986122886681098],
  [8, 2.0794415416798357],
  [100, 4.605170185988092],
  [5000, 8.517193191416238],
])("knows ln %d without the host's Math", (n, expected) => {
  expect(naturalLog(n)).toBeCloseTo(expected, 12);
});
