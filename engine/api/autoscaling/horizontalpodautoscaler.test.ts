import { expect, it } from "vitest";
import { harness } from "../../apiserver/harness.ts";

const V1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
const V2 = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
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
