import { describe, expect, it } from "vitest";
import { formatTime } from "../api/time.ts";
import { MERGE, start } from "./harness.ts";

const APPS = "/apis/apps/v1/namespaces/default";
const CORE = "/api/v1/namespaces/default";

const deployment = (replicas: number, image = "nginx:1.27", extra: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default", labels: { app: "web" } },
  spec: {
    replicas,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "web", image, ports: [{ name: "http", containerPort: 80 }] }] },
    },
    ...extra,
  },
});

describe("Deployment and ReplicaSet", () => {
  it("creates Pods through a ReplicaSet and reports", () => {
    const s = start();
    s.json("POST", `${APPS}/deployments`, deployment(3));
    s.run(1);
    expect(s.pods()).toHaveLength(3);
    s.runPods();
    s.run(1);
    const d = s.json("GET", `${APPS}/deployments/web`);
    expect(d.metadata.annotations["deployment.kubernetes.io/revision"]).toBe("1");
    expect(d.status).toMatchObject({ replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 });
    const [set] = s.json("GET", `${APPS}/replicasets`).items;
    expect(s.events("web")).toEqual([`ScalingReplicaSet Scaled up replica set ${set.metadata.name} from 0 to 3`]);
    expect(d.status.conditions.map((c: { type: string; reason: string }) => `${c.type} ${c.reason}`).sort()).toEqual([
      "Available MinimumReplicasAvailable",
      "Progressing NewReplicaSetAvailable",
    ]);
    expect(s.events(set.metadata.name)).toHaveLength(3);
    expect(s.kernel.faults).toEqual([]);
  });

  it("rolls to a new template within its limits, then scales", () => {
    const s = start();
    s.json("POST", `${APPS}/deployments`, deployment(4));
    s.run(1);
    s.runPods();
    s.run(1);
    const spec = { template: { spec: { containers: [{ name: "web", image: "nginx:1.28" }] } } };
    s.json("PATCH", `${APPS}/deployments/web`, { spec }, MERGE);
    for (let i = 0; i < 12; i++) {
      s.run(1);
      const alive = s.pods().filter((p: { metadata: { deletionTimestamp?: string } }) => !p.metadata.deletionTimestamp);
      expect(alive.length).toBeLessThanOrEqual(5);
      expect(alive.length).toBeGreaterThanOrEqual(3);
      s.runPods();
    }
    const sets = s.json("GET", `${APPS}/replicasets`).items;
    const summary = sets.map(
      (set: { spec: { replicas: number }; metadata: { annotations: Record<string, string> } }) => [
        set.metadata.annotations["deployment.kubernetes.io/revision"],
        set.spec.replicas,
      ],
    );
    expect(summary.sort()).toEqual([
      ["1", 0],
      ["2", 4],
    ]);
    s.json("PATCH", `${APPS}/deployments/web`, { spec: { replicas: 2 } }, MERGE);
    s.run(2);
    expect(s.pods()).toHaveLength(2);
    s.json("DELETE", `${APPS}/deployments/web`);
    s.run(3);
    expect(s.pods()).toHaveLength(0);
    expect(s.json("GET", `${APPS}/replicasets`).items).toHaveLength(0);
    expect(s.kernel.faults).toEqual([]);
  });

  it("recreates", () => {
    const s = start();
    s.json("POST", `${APPS}/deployments`, deployment(2, "nginx:1.27", { strategy: { type: "Recreate" } }));
    s.run(1);
    s.runPods();
    s.run(1);
    const spec = { template: { spec: { containers: [{ name: "web", image: "nginx:1.28" }] } } };
    s.json("PATCH", `${APPS}/deployments/web`, { spec }, MERGE);
    s.run(3);
    expect(s.pods().map((p: { spec: { containers: { image: string }[] } }) => p.spec.containers[0]!.image)).toEqual([
      "nginx:1.28",
      "nginx:1.28",
    ]);
  });

  it("makes 300 Pods without counting them anew for each", () => {
    const s = start();
    s.json("POST", `${APPS}/deployments`, deployment(300));
    s.run(30);
    expect(s.pods()).toHaveLength(300);
    expect(s.json("GET", `${APPS}/deployments/web`).status.replicas).toBe(300);
  });
});

describe("garbage collector", () => {
  const left = (s: ReturnType<typeof start>) => [s.json("GET", `${APPS}/replicasets`).items.length, s.pods().length];
  it.each([
    ["Background", [0, 0]],
    ["Foreground", [0, 0]],
    ["Orphan", [1, 2]],
  ])("deletes in the %s", (propagationPolicy, expected) => {
    const s = start();
    s.json("POST", `${APPS}/deployments`, deployment(2));
    s.run(1);
    s.json("DELETE", `${APPS}/deployments/web`, { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy });
    s.run(5);
    expect(s.json("GET", `${APPS}/deployments/web`).code).toBe(404);
    expect(left(s)).toEqual(expected);
    expect(s.kernel.faults).toEqual([]);
  });

  it("replaces a Pod that loses its labels and takes one that gains them", () => {
    const s = start();
    s.json("POST", `${APPS}/deployments`, deployment(2));
    s.run(1);
    const [first] = s.pods();
    s.json("PATCH", `${CORE}/pods/${first.metadata.name}`, { metadata: { labels: { app: "debug" } } }, MERGE);
    s.run(1);
    expect(s.pods()).toHaveLength(3);
    expect(s.json("GET", `${CORE}/pods/${first.metadata.name}`).metadata.ownerReferences).toBeUndefined();
    s.json("PATCH", `${CORE}/pods/${first.metadata.name}`, { metadata: { labels: { app: "web" } } }, MERGE);
    s.run(1);
    expect(s.pods()).toHaveLength(2);
    expect(s.kernel.faults).toEqual([]);
  });
});

describe("Services", () => {
  it("follow the readiness of their Pods in Endpoints and EndpointSlices", () => {
    const s = start();
    s.json("POST", `${APPS}/deployments`, deployment(2));
    s.json("POST", `${CORE}/services`, {
      metadata: { name: "web" },
      spec: { selector: { app: "web" }, clusterIP: "10.201.0.9", ports: [{ port: 80, targetPort: "http" }] },
    });
    s.run(1);
    s.runPods();
    s.run(1);
    expect(s.json("GET", `${CORE}/endpoints/web`).subsets).toMatchObject([
      { addresses: [{ ip: "10.200.0.2" }, { ip: "10.200.0.3" }], ports: [{ port: 80, protocol: "TCP" }] },
    ]);
    const slices = s.json("GET", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices").items;
    expect(slices).toHaveLength(1);
    expect(slices[0]).toMatchObject({
      addressType: "IPv4",
      metadata: { generateName: "web-", labels: { "kubernetes.io/service-name": "web" } },
    });
    expect(slices[0].endpoints).toHaveLength(2);
    expect(slices[0].endpoints[0].conditions).toEqual({ ready: true, serving: true, terminating: false });
    const version = slices[0].metadata.resourceVersion;
    s.run(60);
    const later = s.json("GET", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices").items;
    expect(later[0].metadata.resourceVersion).toBe(version);
    expect(s.kernel.faults).toEqual([]);
  });
});

describe("nodes", () => {
  it("get addresses, daemon Pods, and taints when silent", () => {
    const s = start();
    s.node("worker-1");
    s.node("worker-2");
    const template = deployment(1).spec.template;
    s.json("POST", `${APPS}/daemonsets`, {
      metadata: { name: "agent" },
      spec: { selector: { matchLabels: { app: "web" } }, template },
    });
    s.run(2);
    expect(s.json("GET", "/api/v1/nodes/worker-1").spec.podCIDR).toBe("10.200.0.0/24");
    expect(s.json("GET", "/api/v1/nodes/worker-2").spec.podCIDRs).toEqual(["10.200.1.0/24"]);
    expect(s.pods()).toHaveLength(2);
    s.runPods();
    s.run(1);
    expect(s.json("GET", `${APPS}/daemonsets/agent`).status).toMatchObject({
      desiredNumberScheduled: 2,
      numberReady: 2,
    });
    s.run(40);
    const beat = [{ type: "Ready", status: "True", lastHeartbeatTime: "2025-03-01T09:00:40Z" }];
    s.json("PATCH", "/api/v1/nodes/worker-2/status", { status: { conditions: beat } }, MERGE);
    s.run(30);
    const silent = s.json("GET", "/api/v1/nodes/worker-1");
    expect(silent.status.conditions[0]).toMatchObject({
      type: "Ready",
      status: "Unknown",
      reason: "NodeStatusUnknown",
    });
    expect(silent.spec.taints).toMatchObject([
      { key: "node.kubernetes.io/unreachable", effect: "NoSchedule" },
      { key: "node.kubernetes.io/unreachable", effect: "NoExecute" },
    ]);
    expect(s.events("worker-1")).toContain("NodeNotReady Node worker-1 status is now: NodeNotReady");
    expect(s.kernel.faults).toEqual([]);
  });
});

describe("namespaces", () => {
  it("get a ServiceAccount and the root CA, and are emptied before they go", () => {
    const s = start();
    s.json("POST", "/api/v1/namespaces", { metadata: { name: "team" } });
    s.run(1);
    expect(s.json("GET", "/api/v1/namespaces/team/serviceaccounts/default").kind).toBe("ServiceAccount");
    expect(s.json("GET", "/api/v1/namespaces/team/configmaps/kube-root-ca.crt").data).toEqual({ "ca.crt": "CA" });
    s.json("DELETE", "/api/v1/namespaces/team");
    s.run(20);
    expect(s.json("GET", "/api/v1/namespaces/team").code).toBe(404);
    expect(s.kernel.faults).toEqual([]);
  });
});

it("counts a Pod as available after minReadySeconds though another never gets ready", () => {
  const s = start();
  const apps = "/apis/apps/v1/namespaces/default/replicasets";
  const labels = { app: "web" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "web", image: "nginx" }] } };
  s.json("POST", apps, {
    metadata: { name: "web" },
    spec: { replicas: 2, minReadySeconds: 5, selector: { matchLabels: labels }, template },
  });
  s.run(1);
  const conditions = [{ type: "Ready", status: "True", lastTransitionTime: formatTime(s.kernel.wallMs) }];
  const path = `/api/v1/namespaces/default/pods/${s.pods()[0].metadata.name}/status`;
  s.json("PATCH", path, { status: { phase: "Running", conditions } }, MERGE);
  s.run(3);
  const status = () => s.json("GET", `${apps}/web`).status;
  expect([status().readyReplicas, status().availableReplicas]).toEqual([1, undefined]);
  s.run(6);
  expect([status().readyReplicas, status().availableReplicas]).toEqual([1, 1]);
});
