import { describe, expect, it } from "vitest";
import { formatTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { MERGE, start } from "./harness.ts";

const AGENT = "/apis/apps/v1/namespaces/default/daemonsets/agent";

function agent(rollingUpdate: object, extra: object = {}, prepare: (s: ReturnType<typeof start>) => void = () => {}) {
  const s = start();
  for (const name of ["w1", "w2", "w3"]) s.node(name);
  prepare(s);
  s.run(1);
  const labels = { app: "agent" };
  s.json("POST", AGENT.replace("/agent", ""), {
    metadata: { name: "agent" },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: "RollingUpdate", rollingUpdate },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "agent:1" }] } },
      ...extra,
    },
  });
  s.run(2);
  s.runPods();
  s.run(2);
  const images = () =>
    s
      .pods()
      .filter((pod: KubeObject) => !pod.metadata.deletionTimestamp)
      .map((pod: KubeObject) => pod["spec"].containers[0].image)
      .sort();
  const renew = (image = "agent:2") => {
    const spec = { template: { spec: { containers: [{ name: "c", image }] } } };
    s.json("PATCH", AGENT, { spec }, MERGE);
    s.run(2);
  };
  return { ...s, images, renew };
}

it("with surge a new Pod stands beside the old one until it is available", () => {
  const s = agent({ maxSurge: 1, maxUnavailable: 0 });
  expect(s.images()).toEqual(["agent:1", "agent:1", "agent:1"]);
  s.renew();
  expect(s.images()).toEqual(["agent:1", "agent:1", "agent:1", "agent:2"]);
  for (let i = 0; i < 4; i++) {
    s.runPods();
    s.run(3);
  }
  expect(s.images()).toEqual(["agent:2", "agent:2", "agent:2"]);
  expect(s.json("GET", AGENT).status).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3 });
  expect(s.kernel.faults).toEqual([]);
});

it("without, an old Pod goes before its successor comes", () => {
  const s = agent({ maxUnavailable: 1 });
  s.renew();
  expect(s.images().filter((image: string) => image === "agent:1")).toHaveLength(2);
});

/** Restated from pkg/controller/daemon: daemon_controller_test.go, update_test.go. */
describe("DaemonSet", () => {
  const living = (s: { pods: () => KubeObject[] }) => s.pods().filter((pod) => !pod.metadata.deletionTimestamp);
  const status = (s: ReturnType<typeof agent>) => s.json("GET", AGENT).status;
  const core = "/api/v1/namespaces/default";

  it("keeps revisionHistoryLimit old revisions and makes one gone back to the newest", () => {
    const s = agent({ maxUnavailable: 3 }, { revisionHistoryLimit: 2 });
    const revisions = () =>
      s
        .json("GET", "/apis/apps/v1/namespaces/default/controllerrevisions")
        .items.map((one: KubeObject) => [
          one["data"].spec.template.spec.containers[0].image as string,
          one["revision"] as number,
        ])
        .sort((a: [string, number], b: [string, number]) => a[1] - b[1]);
    for (const image of ["agent:2", "agent:3", "agent:4"]) {
      s.renew(image);
      s.runPods();
      s.run(2);
    }
    expect(revisions()).toEqual([
      ["agent:2", 2],
      ["agent:3", 3],
      ["agent:4", 4],
    ]);
    s.renew("agent:3");
    s.runPods();
    s.run(2);
    expect(revisions()).toEqual([
      ["agent:2", 2],
      ["agent:4", 4],
      ["agent:3", 5],
    ]);
    expect(s.images()).toEqual(["agent:3", "agent:3", "agent:3"]);
    expect(s.kernel.faults).toEqual([]);
  });

  it("counts Pods as available after minReadySeconds", () => {
    const s = agent({ maxUnavailable: 1 }, { minReadySeconds: 20 });
    for (const pod of s.pods()) {
      const conditions = [{ type: "Ready", status: "True", lastTransitionTime: formatTime(s.kernel.wallMs) }];
      s.json("PATCH", `${core}/pods/${pod.metadata.name}/status`, { status: { conditions } }, MERGE);
    }
    s.run(10);
    expect(status(s)).toMatchObject({ numberReady: 3, numberUnavailable: 3 });
    // Looked at when the first of them may be, and then once more.
    s.run(35);
    expect(status(s)).toMatchObject({ numberReady: 3, numberAvailable: 3 });
  });

  it.each([
    ["Failed", "FailedDaemonPod Found failed daemon pod default/", "will try to kill it"],
    ["Succeeded", "SucceededDaemonPod Found succeeded daemon pod default/", "will try to delete it"],
  ])("replaces a Pod that has %s", (phase, first, last) => {
    const s = agent({ maxUnavailable: 1 });
    const victim = s.pods()[0].metadata.name;
    s.json("PATCH", `${core}/pods/${victim}/status`, { status: { phase } }, MERGE);
    s.run(2);
    expect(living(s)).toHaveLength(3);
    expect(living(s).map((pod) => pod.metadata.name)).not.toContain(victim);
    const told = s.events("agent").find((line: string) => line.startsWith(first));
    expect(told).toBe(`${first}${victim} on node w1, ${last}`);
  });

  it("waits longer and longer for a node that refuses its Pod", () => {
    const s = agent({ maxUnavailable: 1 });
    const refuse = () => {
      for (const pod of living(s))
        if (
          pod["spec"].affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]
            .matchFields[0].values[0] === "w1"
        )
          s.json("PATCH", `${core}/pods/${pod.metadata.name}/status`, { status: { phase: "Failed" } }, MERGE);
    };
    let seconds = 0;
    const removals: number[] = [];
    const told = () => s.events("agent").filter((line: string) => line.startsWith("FailedDaemonPod")).length;
    for (; seconds < 40; seconds++) {
      refuse();
      const before = told();
      s.run(1);
      if (told() > before) removals.push(seconds);
    }
    const gaps = removals.slice(1).map((at, i) => at - removals[i]!);
    expect(gaps.length).toBeGreaterThan(2);
    expect([...gaps].sort((a, b) => a - b)).toEqual(gaps);
    expect(gaps.at(-1)).toBeGreaterThan(2 * gaps[0]!);
  });

  it("tries again soon when a quota let only some Pods come", () => {
    const quota = { metadata: { name: "q" }, spec: { hard: { pods: "1" } } };
    const s = agent({ maxUnavailable: 1 }, {}, (c) => {
      c.json("POST", `${core}/resourcequotas`, quota);
      c.run(3);
    });
    expect(s.pods()).toHaveLength(1);
    expect(s.events("agent").some((line: string) => line.startsWith("FailedCreate Error creating: pods "))).toBe(true);
    s.json("DELETE", `${core}/resourcequotas/q`);
    s.run(30);
    expect(s.pods()).toHaveLength(3);
  });

  it("with surge does not wait for a new Pod where the old one is not ready", () => {
    const s = agent({ maxSurge: 1, maxUnavailable: 0 });
    const old = s.pods()[0].metadata.name;
    const conditions = [{ type: "Ready", status: "False" }];
    s.json("PATCH", `${core}/pods/${old}/status`, { status: { conditions } }, MERGE);
    s.run(1);
    s.renew();
    expect(s.pods().some((pod: KubeObject) => pod.metadata.name === old)).toBe(false);
  });

  it("forgets Pods that wait for a node that is gone", () => {
    const s = agent({ maxUnavailable: 1 });
    s.json("DELETE", "/api/v1/nodes/w3");
    s.run(2);
    // That a node goes is no news to it.
    expect(living(s)).toHaveLength(3);
    s.json("PATCH", AGENT, { metadata: { labels: { looked: "at" } } }, MERGE);
    s.run(2);
    expect(living(s)).toHaveLength(2);
    expect(status(s).desiredNumberScheduled).toBe(2);
  });
});
