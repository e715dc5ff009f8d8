import { describe, expect, it } from "vitest";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { type PodMetrics, replicasForUtilization, replicasForValue } from "./replicas.ts";

const NOW = 1_740_819_600_000;

interface Brief {
  /** Millicores used; undefined: not measured. */
  used?: number;
  ready?: boolean;
  phase?: string;
  /** Seconds since it started. */
  age?: number;
  request?: string;
  deleted?: boolean;
}

function world(briefs: readonly Brief[]): { pods: KubeObject[]; metrics: PodMetrics } {
  const metrics: PodMetrics = new Map();
  const pods = briefs.map(({ used, ready = true, phase = "Running", age = 3600, request = "1", deleted }, i) => {
    const name = `p${i}`;
    if (used !== undefined) metrics.set(name, { value: used, at: NOW - 5000, windowMs: 15_000 });
    const started = formatTime(NOW - age * 1000);
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, ...(deleted && { deletionTimestamp: started }) },
      spec: { containers: [{ name: "c", resources: request === "" ? {} : { requests: { cpu: request } } }] },
      status: {
        phase,
        startTime: started,
        conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: started }],
      },
    } as unknown as KubeObject;
  });
  return { pods, metrics };
}

const each = (count: number, brief: Brief): Brief[] => Array.from({ length: count }, () => brief);

/** Cases of upstream's replica_calculator_test.go, by their names there. */
describe("replicas for a target in percent of the requests", () => {
  it.each<[string, Brief[], number, number, number]>([
    ["ScaleUp", [{ used: 300 }, { used: 500 }, { used: 700 }], 30, 5, 50],
    ["ScaleUpUnreadyLessScale", [{ used: 300, ready: false, age: 20 }, { used: 500 }, { used: 700 }], 30, 4, 60],
    ["ScaleUpHotCpuLessScale", [{ used: 300, age: 10 }, { used: 500 }, { used: 700 }], 30, 4, 60],
    ["ScaleUpIgnoresFailedPods", [{ used: 500 }, { used: 700 }, ...each(2, { phase: "Failed" })], 30, 4, 60],
    ["ScaleUpIgnoresDeletionPods", [{ used: 500 }, { used: 700 }, ...each(2, { used: 1, deleted: true })], 30, 4, 60],
    ["ScaleDown", [{ used: 100 }, { used: 300 }, { used: 500 }, { used: 250 }, { used: 250 }], 50, 3, 28],
    [
      "ScaleDownIncludeUnreadyPods",
      [{ used: 100 }, { used: 300 }, { used: 500 }, { used: 250 }, { used: 250, ready: false, age: 20 }],
      50,
      3,
      28,
    ],
    ["Tolerance", [{ used: 1010 }, { used: 1030 }, { used: 1020 }], 100, 3, 102],
    ["MissingMetricsUnreadyScaleUp-like: missing counts as nothing", [{ used: 1000 }, {}], 50, 2, 100],
    ["MissingMetricsNoChangeEq", [{ used: 1000 }, {}], 100, 2, 100],
    ["MissingMetrics down: missing counts as all it asked for", [{ used: 100 }, {}], 50, 2, 10],
  ])("%s", (_name, briefs, target, replicas, utilization) => {
    const { pods, metrics } = world(briefs);
    const found = replicasForUtilization(pods, metrics, pods.length, target, "cpu", "", NOW);
    expect([found.replicas, found.utilization]).toEqual([replicas, utilization]);
  });

  it.each<[string, Brief[], string]>([
    ["EmptyCPURequest", [{ used: 200, request: "" }], "missing request for cpu in container c of Pod p0"],
    ["no Pods", [], "no pods returned by selector while calculating replica count"],
    [
      "AllUnready",
      [{ used: 200, ready: false, age: 5 }],
      "did not receive metrics for targeted pods (pods might be unready)",
    ],
  ])("says why not: %s", (_name, briefs, message) => {
    const { pods, metrics } = world(briefs);
    expect(() => replicasForUtilization(pods, metrics, pods.length, 50, "cpu", "", NOW)).toThrow(message);
  });
});

it("takes an absolute target too", () => {
  const { pods, metrics } = world([{ used: 300 }, { used: 500 }, { used: 700 }]);
  expect(replicasForValue(pods, metrics, 3, 250, "cpu", NOW)).toEqual({ replicas: 6, average: 500 });
});
