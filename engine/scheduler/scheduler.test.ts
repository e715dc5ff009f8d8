import { describe, expect, it } from "vitest";
import { ApiClient } from "../api/client.ts";
import { ADMIN, harness } from "../apiserver/harness.ts";
import { SECOND } from "../kernel/index.ts";
import { Scheduler } from "./scheduler.ts";

const MERGE = { headers: { "content-type": "application/merge-patch+json" } };
const PODS = "/api/v1/namespaces/default/pods";

function start(nodes: Record<string, object> = {}) {
  const h = harness();
  for (const name of ["default", "kube-system"]) h.json("POST", "/api/v1/namespaces", { metadata: { name } });
  h.json("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default", namespace: "default" } });
  const setNode = (
    name: string,
    extra: { labels?: object; taints?: object[]; cpu?: string; unschedulable?: boolean },
  ) => {
    const { labels, taints, cpu = "2", unschedulable } = extra;
    h.json("POST", "/api/v1/nodes", {
      metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
      spec: { unschedulable },
    });
    // Admission taints every new node as not ready; here it is ready at once.
    h.json("PATCH", `/api/v1/nodes/${name}`, { spec: { taints: taints ?? null } }, MERGE);
    h.json(
      "PATCH",
      `/api/v1/nodes/${name}/status`,
      { status: { allocatable: { cpu, memory: "4Gi", pods: "110" } } },
      MERGE,
    );
  };
  for (const [name, extra] of Object.entries(nodes)) setNode(name, extra);
  h.server.certificates.userOf = () => ADMIN;
  const client = new ApiClient({
    send: (request) => h.server.handle(request),
    userAgent: "kube-scheduler",
    clientCertificate: "test",
  });
  const lines: string[] = [];
  const scheduler = new Scheduler({
    kernel: h.kernel,
    client,
    log: (line) => lines.push(line),
    identity: "cp-1",
    verbosity: 2,
  });
  scheduler.start();
  const run = (seconds: number) => h.kernel.run(h.kernel.now + seconds * SECOND);
  const pod = (name: string, spec: object = {}, cpu?: string) =>
    h.json("POST", PODS, {
      metadata: { name, namespace: "default" },
      spec: {
        containers: [{ name: "c", image: "nginx", ...(cpu && { resources: { requests: { cpu } } }) }],
        ...spec,
      },
    });
  const get = (name: string) => h.json("GET", `${PODS}/${name}`);
  const events = (name: string) =>
    h
      .json("GET", "/api/v1/namespaces/default/events")
      .items.filter((event: { involvedObject: { name: string } }) => event.involvedObject.name === name);
  run(1);
  return { ...h, scheduler, lines, run, pod, get, events, setNode };
}

const CONTROL_PLANE = { taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }] };

describe("scheduler", () => {
  it("binds a Pod to a node that fits, says so, and keeps the decision", () => {
    const s = start({ "cp-1": CONTROL_PLANE, "worker-1": {}, "worker-2": { labels: { disk: "ssd" } } });
    s.pod("web", { nodeSelector: { disk: "ssd" } });
    s.run(1);
    expect(s.get("web").spec.nodeName).toBe("worker-2");
    expect(s.get("web").status.conditions).toMatchObject([{ type: "PodScheduled", status: "True" }]);
    expect(s.events("web")).toMatchObject([
      {
        reason: "Scheduled",
        message: "Successfully assigned default/web to worker-2",
        action: "Binding",
        reportingComponent: "default-scheduler",
        reportingInstance: "default-scheduler-cp-1",
        firstTimestamp: null,
        type: "Normal",
      },
    ]);
    expect(s.scheduler.decisions).toMatchObject([
      {
        pod: "default/web",
        attempt: 1,
        winner: "worker-2",
        rejected: [
          { node: "cp-1", plugin: "TaintToleration" },
          { node: "worker-1", plugin: "NodeAffinity" },
        ],
      },
    ]);
    expect(s.lines.some((line) => line.includes("successfully acquired lease kube-system/kube-scheduler"))).toBe(true);
    expect(s.kernel.faults).toEqual([]);
  });

  it("says why no node does, and tries again when a node changes", () => {
    const s = start({
      "cp-1": CONTROL_PLANE,
      "cp-2": CONTROL_PLANE,
      "cp-3": CONTROL_PLANE,
      "worker-1": { labels: { disk: "ssd" }, cpu: "1" },
      "worker-2": {},
      "worker-3": {},
    });
    s.pod("big", { nodeSelector: { disk: "ssd" } }, "1500m");
    s.run(1);
    const message =
      "0/6 nodes are available: 1 Insufficient cpu, 2 node(s) didn't match Pod's node affinity/selector, " +
      "3 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }. preemption: 0/6 nodes are available: " +
      "1 No preemption victims found for incoming pod, 5 Preemption is not helpful for scheduling.";
    expect(s.events("big")).toMatchObject([{ type: "Warning", reason: "FailedScheduling", message }]);
    expect(s.get("big").status.conditions).toMatchObject([
      { type: "PodScheduled", status: "False", reason: "Unschedulable", message },
    ]);
    s.run(20);
    expect(s.scheduler.decisions).toHaveLength(1);
    s.json("PATCH", "/api/v1/nodes/worker-2", { metadata: { labels: { disk: "ssd" } } }, MERGE);
    s.run(1);
    expect(s.get("big").spec.nodeName).toBe("worker-2");
    expect(s.kernel.faults).toEqual([]);
  });

  it("spreads Pods over equal nodes", () => {
    const s = start({ "worker-1": {}, "worker-2": {}, "worker-3": {} });
    for (let i = 0; i < 9; i++) s.pod(`p${i}`);
    s.run(2);
    const counts: Record<string, number> = {};
    for (let i = 0; i < 9; i++) counts[s.get(`p${i}`).spec.nodeName] = (counts[s.get(`p${i}`).spec.nodeName] ?? 0) + 1;
    expect(counts).toEqual({ "worker-1": 3, "worker-2": 3, "worker-3": 3 });
  });

  it("preempts a Pod of lower priority", () => {
    const s = start({ "worker-1": {} });
    s.json("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", { metadata: { name: "high" }, value: 1000 });
    s.pod("low", {}, "1500m");
    s.run(1);
    s.pod("vip", { priorityClassName: "high" }, "1");
    s.run(1);
    expect(s.events("low").map((event: { reason: string }) => event.reason)).toEqual(["Scheduled", "Preempted"]);
    expect(s.events("low").at(-1).related).toMatchObject({ kind: "Pod", name: "vip" });
    expect(s.get("vip").status.nominatedNodeName).toBe("worker-1");
    expect(s.get("vip").status.conditions[0].message).toBe("0/1 nodes are available: 1 Insufficient cpu.");
    expect(s.kernel.faults).toEqual([]);
  });

  it("spares whom a budget guards, and gives up a promised node once nobody is left to give way", () => {
    const s = start({ "worker-1": {}, "worker-2": {} });
    for (const [name, value] of Object.entries({ high: 1000, higher: 2000 }))
      s.json("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", { metadata: { name }, value });
    const on = (node: string) => ({ nodeSelector: { "kubernetes.io/hostname": node } });
    s.json("POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", {
      metadata: { name: "p" },
      spec: { minAvailable: 1, selector: { matchLabels: { app: "guarded" } } },
    });
    s.pod("guarded", on("worker-1"), "1500m");
    s.json("PATCH", `${PODS}/guarded`, { metadata: { labels: { app: "guarded" } } }, MERGE);
    s.pod("free", on("worker-2"), "1500m");
    s.run(1);
    s.pod("vip", { priorityClassName: "high" }, "1");
    s.run(1);
    expect(s.get("vip").status.nominatedNodeName).toBe("worker-2");
    expect(s.events("guarded").map((event: { reason: string }) => event.reason)).toEqual(["Scheduled"]);
    // Others take both places.
    s.json("DELETE", `${PODS}/guarded?gracePeriodSeconds=0`);
    s.json("DELETE", `${PODS}/free?gracePeriodSeconds=0`);
    for (const node of ["worker-1", "worker-2"]) s.pod(node, { ...on(node), priorityClassName: "higher" }, "2");
    s.run(30);
    expect(s.get("vip").status).not.toHaveProperty("nominatedNodeName");
    expect(s.kernel.faults).toEqual([]);
  });

  it("promises nobody a place that is promised to a Pod that matters more", () => {
    const s = start({ "worker-1": {} });
    for (const [name, value] of Object.entries({ high: 1000, low: 10 }))
      s.json("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", { metadata: { name }, value });
    s.pod("old", { priorityClassName: "low" }, "1300m");
    // Its end alone would make room for the next one, were the place not promised.
    s.pod("least", {}, "600m");
    s.run(1);
    s.pod("vip", { priorityClassName: "high" }, "1");
    s.run(0.2);
    expect(s.get("vip").status.nominatedNodeName).toBe("worker-1");
    // The place is free now, and who waits for it looks again in a moment only.
    s.json("DELETE", `${PODS}/old?gracePeriodSeconds=0`);
    s.pod("next", { priorityClassName: "low" }, "1500m");
    s.run(0.2);
    expect(s.get("vip").spec).not.toHaveProperty("nodeName");
    expect(s.get("next").status).not.toHaveProperty("nominatedNodeName");
    s.run(10);
    expect(s.get("vip").spec.nodeName).toBe("worker-1");
    expect(s.events("least").map((event: { reason: string }) => event.reason)).toEqual(["Scheduled"]);
    expect(s.kernel.faults).toEqual([]);
  });

  it("lets one Pod alone use a claim that is for one Pod", () => {
    const s = start({ "worker-1": {}, "worker-2": {} });
    s.json("POST", "/api/v1/persistentvolumes", {
      metadata: { name: "v" },
      spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOncePod"], hostPath: { path: "/x" } },
    });
    s.json("POST", "/api/v1/namespaces/default/persistentvolumeclaims", {
      metadata: { name: "c", annotations: { "pv.kubernetes.io/bind-completed": "yes" } },
      spec: {
        accessModes: ["ReadWriteOncePod"],
        storageClassName: "",
        volumeName: "v",
        resources: { requests: { storage: "1Gi" } },
      },
    });
    const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "c" } }];
    for (const name of ["a", "b"]) {
      s.pod(name, { volumes });
      s.run(1);
    }
    expect(s.get("a").spec.nodeName).toBeDefined();
    expect(s.get("b").status.conditions[0].message).toBe(
      "0/2 nodes are available: 2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.",
    );
    s.json("DELETE", `${PODS}/a?gracePeriodSeconds=0`);
    s.run(15);
    expect(s.get("b").spec.nodeName).toBeDefined();
    expect(s.kernel.faults).toEqual([]);
  });

  it("does not try a Pod again for what cannot help it", () => {
    const s = start({ "worker-1": {} });
    const podAffinityTerm = { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app: "x" } } };
    s.pod("near", { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [podAffinityTerm] } } });
    const constraint = { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" };
    const labelSelector = { matchLabels: { app: "x" } };
    s.pod("spread", { topologySpreadConstraints: [{ ...constraint, labelSelector }] });
    s.pod("gated", { schedulingGates: [{ name: "a.b/c" }] });
    s.run(5);
    for (const name of ["other", "third"]) {
      s.pod(name);
      s.run(20);
    }
    expect(s.events("near")).toHaveLength(1);
    expect(s.events("spread")).toHaveLength(1);
    expect(s.get("gated").status.conditions).toMatchObject([
      {
        type: "PodScheduled",
        status: "False",
        reason: "SchedulingGated",
        message: "Scheduling is blocked due to non-empty scheduling gates",
      },
    ]);
    s.json("PATCH", `${PODS}/other`, { metadata: { labels: { app: "x" } } }, MERGE);
    s.run(15);
    expect(s.get("near").spec.nodeName).toBe("worker-1");
    expect(s.kernel.faults).toEqual([]);
  });
});
