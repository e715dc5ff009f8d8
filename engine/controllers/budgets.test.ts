import { describe, expect, it } from "vitest";
import { MERGE, start } from "./harness.ts";

const APPS = "/apis/apps/v1/namespaces/default";
const CORE = "/api/v1/namespaces/default";
const BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

type Case = ReturnType<typeof start>;
const template = (requests?: object) => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "web", image: "nginx", ...(requests && { resources: { requests } }) }] },
});
const deploy = (s: Case, replicas: number) => {
  const spec = { replicas, selector: { matchLabels: { app: "web" } }, template: template() };
  s.json("POST", `${APPS}/deployments`, { metadata: { name: "web" }, spec });
  s.run(1);
  s.runPods();
  s.run(1);
};
const evict = (s: Case, name: string) => s.json("POST", `${CORE}/pods/${name}/eviction`, { metadata: { name } });

describe("PodDisruptionBudget", () => {
  it.each([
    [{ minAvailable: 2 }, { desiredHealthy: 2, disruptionsAllowed: 2, expectedPods: 4 }],
    [{ minAvailable: "50%" }, { desiredHealthy: 2, disruptionsAllowed: 2, expectedPods: 4 }],
    [{ maxUnavailable: 1 }, { desiredHealthy: 3, disruptionsAllowed: 1, expectedPods: 4 }],
    [{ maxUnavailable: "30%" }, { desiredHealthy: 2, disruptionsAllowed: 2, expectedPods: 4 }],
    [{ minAvailable: 4 }, { desiredHealthy: 4, disruptionsAllowed: 0, expectedPods: 4 }],
  ])("%j of four Pods", (spec, expected) => {
    const s = start();
    deploy(s, 4);
    s.json("POST", BUDGETS, {
      metadata: { name: "web" },
      spec: { ...spec, selector: { matchLabels: { app: "web" } } },
    });
    s.run(1);
    const { status } = s.json("GET", `${BUDGETS}/web`);
    expect(status).toMatchObject({ ...expected, currentHealthy: 4, observedGeneration: 1 });
    const [reason, state] =
      expected.disruptionsAllowed > 0 ? ["SufficientPods", "True"] : ["InsufficientPods", "False"];
    expect(status.conditions).toMatchObject([{ type: "DisruptionAllowed", status: state, reason }]);
    expect(s.kernel.faults).toEqual([]);
  });

  it("lets one eviction pass and refuses the next until the Pod is replaced", () => {
    const s = start();
    deploy(s, 2);
    const spec = { maxUnavailable: 1, selector: { matchLabels: { app: "web" } } };
    s.json("POST", BUDGETS, { metadata: { name: "web" }, spec });
    s.run(1);
    const [a, b] = s.pods();
    expect(evict(s, a.metadata.name).status).toBe("Success");
    const refused = evict(s, b.metadata.name);
    expect([refused.code, refused.message]).toEqual([
      429,
      "Cannot evict pod as it would violate the pod's disruption budget.",
    ]);
    s.run(1);
    s.runPods();
    s.run(1);
    expect(s.json("GET", `${BUDGETS}/web`).status.disruptionsAllowed).toBe(1);
    expect(evict(s, b.metadata.name).status).toBe("Success");
  });
});

describe("ReplicationController", () => {
  it("keeps its Pods", () => {
    const s = start();
    s.json("POST", `${CORE}/replicationcontrollers`, {
      metadata: { name: "old" },
      spec: { replicas: 2, template: template() },
    });
    s.run(1);
    expect(
      s.pods().map((p: { metadata: { ownerReferences: { kind: string }[] } }) => p.metadata.ownerReferences[0]!.kind),
    ).toEqual(["ReplicationController", "ReplicationController"]);
    s.json("PATCH", `${CORE}/replicationcontrollers/old`, { spec: { replicas: 1 } }, MERGE);
    s.run(1);
    expect(s.pods()).toHaveLength(1);
    expect(s.json("GET", `${CORE}/replicationcontrollers/old`).status.replicas).toBe(1);
    expect(s.kernel.faults).toEqual([]);
  });
});

describe("ResourceQuota", () => {
  it("counts, refuses and takes back", () => {
    const s = start();
    const hard = { pods: "2", "requests.cpu": "1", "count/configmaps": "5" };
    s.json("POST", `${CORE}/resourcequotas`, { metadata: { name: "q" }, spec: { hard } });
    s.run(3);
    const used = () => s.json("GET", `${CORE}/resourcequotas/q`).status.used;
    const pod = (name: string, cpu?: string) =>
      s.json("POST", `${CORE}/pods`, { metadata: { name }, spec: template(cpu ? { cpu } : undefined).spec });
    expect(pod("a").message).toBe('pods "a" is forbidden: failed quota: q: must specify requests.cpu for: web');
    expect(pod("a", "600m").kind).toBe("Pod");
    expect(used()).toMatchObject({ pods: "1", "requests.cpu": "600m" });
    expect(pod("b", "500m").message).toBe(
      'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
    );
    s.json("DELETE", `${CORE}/pods/a`);
    s.run(3);
    expect(used()).toMatchObject({ pods: "0", "requests.cpu": "0" });
    expect(s.kernel.faults).toEqual([]);
  });
});

describe("HorizontalPodAutoscaler", () => {
  it("says that nothing is measured", () => {
    const s = start();
    deploy(s, 1);
    const path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
    s.json("POST", path, {
      metadata: { name: "web" },
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
        metrics: [
          { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
        ],
      },
    });
    s.run(16);
    const { status } = s.json("GET", `${path}/web`);
    expect(status.conditions.map((c: { type: string; reason: string }) => `${c.type} ${c.reason}`)).toEqual([
      "AbleToScale SucceededGetScale",
      "ScalingActive FailedGetResourceMetric",
    ]);
    expect(status.currentReplicas).toBe(1);
    const version = s.json("GET", `${path}/web`).metadata.resourceVersion;
    s.run(60);
    expect(s.json("GET", `${path}/web`).metadata.resourceVersion).toBe(version);
    expect(s.kernel.faults).toEqual([]);
  });
});
