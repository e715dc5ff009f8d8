import { describe, expect, it } from "vitest";
import { formatTime } from "../api/time.ts";
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

  it("of several for one Pod one alone hears of it, and the Pod cannot be evicted", () => {
    const s = start();
    for (const name of ["p", "q"])
      s.json("POST", BUDGETS, {
        metadata: { name },
        spec: { minAvailable: 1, selector: { matchLabels: { app: "web" } } },
      });
    s.run(1);
    deploy(s, 1);
    const [pod] = s.pods();
    const message = 'Pod "default"/"NAME" matches multiple PodDisruptionBudgets.  Chose "p" arbitrarily.';
    expect(s.events(pod.metadata.name)).toContain(
      `MultiplePodDisruptionBudgets ${message.replace("NAME", pod.metadata.name)}`,
    );
    const healthy = (name: string) => s.json("GET", `${BUDGETS}/${name}`).status.currentHealthy;
    expect([healthy("p"), healthy("q")]).toEqual([1, 0]);
    const refused = evict(s, pod.metadata.name);
    expect([refused.code, refused.reason, refused.message]).toEqual([
      500,
      undefined,
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    ]);
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

/** Restated from pkg/registry/core/pod/storage/eviction_test.go. */
describe("Eviction", () => {
  const budget = (s: Case, spec: object) => {
    s.json("POST", BUDGETS, {
      metadata: { name: "web" },
      spec: { selector: { matchLabels: { app: "web" } }, ...spec },
    });
    s.run(1);
  };
  const unready = (s: Case, name: string) => {
    const conditions = [{ type: "Ready", status: "False" }];
    s.json("PATCH", `${CORE}/pods/${name}/status`, { status: { conditions } }, MERGE);
    s.run(1);
  };

  it.each([
    ["a ready Pod of a budget that is spent", undefined, "3 of 3", false, 429],
    ["a Pod that is not ready, of a budget that is short", undefined, "3 of 3", true, 429],
    ["the same where the policy always allows it", "AlwaysAllow", "3 of 3", true, 201],
    ["a Pod that is not ready, of a budget that has enough", "IfHealthyBudget", "2 of 3", true, 201],
    ["a ready Pod whatever the policy says", "AlwaysAllow", "3 of 3", false, 429],
  ])("of %s", (_, unhealthyPodEvictionPolicy, healthy, broken, code) => {
    const s = start();
    deploy(s, 3);
    budget(s, { minAvailable: Number(healthy[0]), ...(unhealthyPodEvictionPolicy && { unhealthyPodEvictionPolicy }) });
    const [pod] = s.pods();
    if (broken) unready(s, pod.metadata.name);
    expect(evict(s, pod.metadata.name).code).toBe(code);
    expect(s.kernel.faults).toEqual([]);
  });

  it("waits until the budget has been looked at, and says which way a Pod goes", () => {
    const s = start();
    deploy(s, 1);
    s.json("POST", BUDGETS, {
      metadata: { name: "web" },
      spec: { minAvailable: 0, selector: { matchLabels: { app: "web" } } },
    });
    const [{ metadata }] = s.pods();
    const early = evict(s, metadata.name);
    expect([early.code, early.details.retryAfterSeconds, early.details.causes[0].message]).toEqual([
      429,
      10,
      "The disruption budget web is still being processed by the server.",
    ]);
    s.run(1);
    s.json("PATCH", `${CORE}/pods/${metadata.name}`, { metadata: { finalizers: ["example.com/hold"] } }, MERGE);
    expect(evict(s, metadata.name).code).toBe(201);
    const { status } = s.json("GET", `${CORE}/pods/${metadata.name}`);
    expect(status.conditions.find((c: { type: string }) => c.type === "DisruptionTarget")).toMatchObject({
      status: "True",
      reason: "EvictionByEvictionAPI",
      message: "Eviction API: evicting",
    });
  });
});

/** Restated from pkg/controller/disruption/disruption_test.go. */
describe("PodDisruptionBudget whose Pods nobody scales", () => {
  const daemons = (s: Case) => {
    s.node("w1");
    const spec = { selector: { matchLabels: { app: "web" } }, template: template() };
    s.json("POST", `${APPS}/daemonsets`, { metadata: { name: "agent" }, spec });
    s.run(1);
  };
  const create = (s: Case, spec: object) => {
    s.json("POST", BUDGETS, {
      metadata: { name: "web" },
      spec: { ...spec, selector: { matchLabels: { app: "web" } } },
    });
    s.run(1);
    return s.json("GET", `${BUDGETS}/web`).status;
  };

  it("fails safe over a DaemonSet, unless it asks for a number", () => {
    const s = start();
    daemons(s);
    const message = "daemonsets.apps does not implement the scale subresource";
    expect(create(s, { maxUnavailable: 1 })).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [{ type: "DisruptionAllowed", status: "False", reason: "SyncFailed", message }],
    });
    expect(s.events("web")[0]).toBe(
      `CalculateExpectedPodCountFailed Failed to calculate the number of expected pods: ${message}`,
    );
    s.json("DELETE", `${BUDGETS}/web`);
    expect(create(s, { minAvailable: 1 })).toMatchObject({ expectedPods: 1, desiredHealthy: 1 });
    expect(s.kernel.faults).toEqual([]);
  });

  it("warns of Pods without a controller", () => {
    const s = start();
    s.json("POST", `${CORE}/pods`, { metadata: { name: "web", labels: { app: "web" } }, spec: template().spec });
    create(s, { maxUnavailable: "50%" });
    expect(s.events("web")[0]).toBe(
      'UnmanagedPods Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.',
    );
  });

  it("takes a mark back that nobody acted on for two minutes", () => {
    const s = start();
    deploy(s, 1);
    const [{ metadata }] = s.pods();
    const target = {
      type: "DisruptionTarget",
      status: "True",
      reason: "PreemptionByScheduler",
      lastTransitionTime: formatTime(s.kernel.wallMs),
    };
    const path = `${CORE}/pods/${metadata.name}`;
    s.json("PATCH", `${path}/status`, { status: { conditions: [target] } }, MERGE);
    const now = () => s.json("GET", path).status.conditions[0];
    s.run(110);
    expect(now()).toMatchObject({ status: "True", reason: "PreemptionByScheduler" });
    s.run(15);
    expect(now().status).toBe("False");
    expect(now().reason).toBeUndefined();
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
