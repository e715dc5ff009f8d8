import { describe, expect, it } from "vitest";
import { MERGE, start } from "./harness.ts";

const PODS = "/api/v1/namespaces/default/pods";
const NODE = "/api/v1/nodes/w1";

type Case = ReturnType<typeof start>;

function bound(phase = "Running"): Case {
  const s = start();
  s.node("w1");
  const spec = { nodeName: "w1", containers: [{ name: "c", image: "i" }] };
  s.json("POST", PODS, { metadata: { name: "web" }, spec });
  s.json("PATCH", `${PODS}/web/status`, { status: { phase } }, MERGE);
  s.run(1);
  return s;
}
const pod = (s: Case) => s.json("GET", `${PODS}/web`);
const taint = (s: Case) =>
  s.json(
    "PATCH",
    NODE,
    { spec: { taints: [{ key: "node.kubernetes.io/out-of-service", value: "down", effect: "NoExecute" }] } },
    MERGE,
  );
const unready = (s: Case) =>
  s.json("PATCH", `${NODE}/status`, { status: { conditions: [{ type: "Ready", status: "False" }] } }, MERGE);

/** Restated from pkg/controller/podgc/gc_controller_test.go. */
describe("Pod garbage collector", () => {
  it.each([
    ["Running", "Failed", "DeletionByPodGC PodGC: node no longer exists"],
    ["Succeeded", "Succeeded", undefined],
  ])("takes a %s Pod whose node has been gone for a while", (phase, ended, told) => {
    const s = bound(phase);
    s.json("PATCH", `${PODS}/web`, { metadata: { finalizers: ["example.com/hold"] } }, MERGE);
    s.json("DELETE", NODE);
    s.run(30);
    expect(pod(s).metadata.deletionTimestamp).toBeUndefined();
    s.run(15);
    const { metadata, status } = pod(s);
    expect(metadata.deletionTimestamp).toBeDefined();
    expect(status.phase).toBe(ended);
    const target = status.conditions?.find((c: { type: string }) => c.type === "DisruptionTarget");
    expect(target && `${target.reason} ${target.message}`).toBe(told);
    expect(s.kernel.faults).toEqual([]);
  });

  it.each([
    ["a node that is out of service", [unready, taint], true],
    ["one that still reports", [taint], false],
    ["one that nobody has given up", [unready], false],
  ])("of Pods that leave %s", (_, changes, gone) => {
    const s = bound();
    s.json("DELETE", `${PODS}/web`);
    for (const change of changes) change(s);
    s.run(25);
    expect(pod(s).code === 404).toBe(gone);
  });
});

it("Nodes say how long kubelets may believe what they know", () => {
  const s = start();
  s.node("w1");
  s.run(1);
  expect(s.json("GET", NODE).metadata.annotations["node.alpha.kubernetes.io/ttl"]).toBe("0");
});
