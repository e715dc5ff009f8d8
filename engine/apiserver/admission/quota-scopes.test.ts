import { expect, it } from "vitest";
import { bootedHarness, PODS, podOf } from "../testing.ts";

const CORE = "/api/v1/namespaces/default";
const MERGE = { headers: { "content-type": "application/merge-patch+json" } };

it("a quota with scopes counts Pods that fit, and nothing else", () => {
  const h = bootedHarness();
  const quota = (name: string, spec: object) => {
    h.json("POST", `${CORE}/resourcequotas`, { metadata: { name }, spec });
    const { hard } = spec as { hard: object };
    h.json("PATCH", `${CORE}/resourcequotas/${name}/status`, { status: { hard, used: { pods: "0" } } }, MERGE);
  };
  quota("idle", { hard: { pods: "1" }, scopes: ["BestEffort"] });
  quota("high", {
    hard: { pods: "0" },
    scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["high"] }] },
  });
  h.json("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", { metadata: { name: "high" }, value: 10 });
  expect(h.json("POST", PODS, podOf("a")).kind).toBe("Pod");
  expect(h.json("POST", PODS, podOf("b")).message).toBe(
    'pods "b" is forbidden: exceeded quota: idle, requested: pods=1, used: pods=1, limited: pods=1',
  );
  const containers = [{ name: "c", image: "nginx", resources: { requests: { cpu: "1m" } } }];
  expect(h.json("POST", PODS, podOf("c", { spec: { containers } })).kind).toBe("Pod");
  expect(h.json("POST", PODS, podOf("d", { spec: { containers, priorityClassName: "high" } })).message).toContain(
    "exceeded quota: high",
  );
});

it.each<[object, string]>([
  [
    { hard: { foo: "1" } },
    "[spec.hard[foo]: Invalid value: foo: must be a standard resource type or fully qualified, spec.hard[foo]: Invalid value: foo: must be a standard resource for quota]",
  ],
  [{ hard: { pods: "-1" } }, 'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0'],
  [
    { hard: { pods: "1" }, scopes: ["Nothing"] },
    'spec.scopes: Invalid value: []core.ResourceQuotaScope{"Nothing"}: unsupported scope',
  ],
  [
    { hard: { pods: "1" }, scopes: ["BestEffort", "NotBestEffort"] },
    'spec.scopes: Invalid value: []core.ResourceQuotaScope{"BestEffort", "NotBestEffort"}: conflicting scopes',
  ],
])("a quota %j makes no sense", (spec, words) => {
  const { message } = bootedHarness().json("POST", `${CORE}/resourcequotas`, { metadata: { name: "q" }, spec });
  expect(message).toBe(`ResourceQuota "q" is invalid: ${words}`);
});
