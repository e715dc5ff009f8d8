import { expect, it } from "vitest";
import { harness } from "../../apiserver/harness.ts";

const V1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
const V2 = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
const TABLE = { headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" } };
const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "api" };

function served() {
  const h = harness();
  h.json("POST", "/api/v1/namespaces", { metadata: { name: "default" } });
  return h;
}

it("shows one object in both versions", () => {
  const h = served();
  const spec = { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 60 };
  const made = h.json("POST", V1, { metadata: { name: "a" }, spec });
  expect(made).toMatchObject({ apiVersion: "autoscaling/v1", spec: { ...spec, minReplicas: 1 } });
  const metric = {
    type: "Resource",
    resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } },
  };
  expect(h.json("GET", `${V2}/a`)).toMatchObject({ apiVersion: "autoscaling/v2", spec: { metrics: [metric] } });
  expect(h.json("GET", V1).items[0].spec.targetCPUUtilizationPercentage).toBe(60);
});

it("aims at 80% of the CPU that is requested when nothing is said", () => {
  const h = served();
  const made = h.json("POST", V2, { metadata: { name: "a" }, spec: { scaleTargetRef, maxReplicas: 3 } });
  expect(made.spec.metrics[0].resource.target).toEqual({ type: "Utilization", averageUtilization: 80 });
});

it("refuses bounds that contradict each other", () => {
  const h = served();
  const spec = { scaleTargetRef: { kind: "Deployment" }, minReplicas: 4, maxReplicas: 3 };
  expect(h.json("POST", V1, { metadata: { name: "a" }, spec }).message).toBe(
    'HorizontalPodAutoscaler.autoscaling "a" is invalid: [spec.maxReplicas: Invalid value: 3: must be greater than or ' +
      "equal to `minReplicas`, spec.scaleTargetRef.name: Required value]",
  );
});

it.each([
  [
    { metrics: [{ type: "Resource" }] },
    "spec.metrics[0].resource: Required value: must populate information for the given metric source",
  ],
  [
    { metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization" } } }] },
    "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization",
  ],
  [
    { metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Value", averageUtilization: 0 } } }] },
    "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
  ],
  [
    {
      metrics: [
        { type: "Pods", pods: { metric: { name: "rps" }, target: { type: "AverageValue", averageValue: "0" } } },
      ],
    },
    'spec.metrics[0].pods.target.averageValue: Invalid value: resource.Quantity{i:resource.int64Amount{value:0, scale:0}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"0", Format:"DecimalSI"}: must be positive',
  ],
  [
    { behavior: { scaleDown: { policies: [{ type: "Pods", value: 0, periodSeconds: 1801 }] } } },
    "[spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero, spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800]",
  ],
  [
    { behavior: { scaleUp: { stabilizationWindowSeconds: 4000, selectPolicy: "Most" } } },
    '[spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600, spec.behavior.scaleUp.selectPolicy: Unsupported value: "Most": supported values: "Disabled", "Max", "Min"]',
  ],
])("judges metrics and behavior: %j", (extra, message) => {
  const h = served();
  const spec = { scaleTargetRef, maxReplicas: 3, ...extra };
  expect(h.json("POST", V2, { metadata: { name: "a" }, spec }).message).toBe(
    `HorizontalPodAutoscaler.autoscaling "a" is invalid: ${message}`,
  );
});

it("shows every type of metric as far as it is measured", () => {
  const h = served();
  const target = { type: "AverageValue", averageValue: "1k" };
  const metrics = [
    {
      type: "ContainerResource",
      containerResource: { name: "cpu", container: "app", target: { type: "Utilization", averageUtilization: 60 } },
    },
    { type: "Pods", pods: { metric: { name: "rps" }, target } },
    { type: "External", external: { metric: { name: "queue" }, target } },
  ];
  h.json("POST", V2, { metadata: { name: "a" }, spec: { scaleTargetRef, maxReplicas: 3, metrics } });
  const table = h.json("GET", V2, undefined, TABLE);
  expect(table.rows[0].cells[2]).toBe("cpu: <unknown>/60%, <unknown>/1k + 1 more...");
});
