import { applyStrategicMergePatch } from "../engine/api/patch/index.ts";
import type { Harness } from "../engine/apiserver/harness.ts";
import { bootedHarness, PODS, podOf } from "../engine/apiserver/testing.ts";
import type { Figure } from "./measure.ts";

/** Figures of the API server alone: requests one after the other, without a network. */

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
const TABLE = { headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" } };
const AGGREGATED = { headers: { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" } };

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Median of several takes after some that warm up, as on a server that has run for a minute. */
function steady(takes: number, measure: () => number, warm = 1): number {
  for (let i = 0; i < warm; i++) measure();
  const values = Array.from({ length: takes }, measure).sort((a, b) => a - b);
  return values[Math.floor(takes / 2)]!;
}

function createConfigMaps(count: number): number {
  const h = bootedHarness();
  return cpuMs(() => {
    for (let i = 0; i < count; i++) {
      const metadata = { name: `c${i}`, labels: { app: `a${i % 50}` } };
      h.request("POST", `${CONFIG_MAPS}?fieldManager=bench`, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata,
        data: { a: "b" },
      });
    }
  });
}

function withPods(count: number): Harness {
  const h = bootedHarness();
  for (let i = 0; i < count; i++) h.request("POST", PODS, podOf(`p${i}`));
  return h;
}

const container = (i: number) => ({
  name: `c${i}`,
  image: "nginx:1",
  ports: [{ containerPort: 8000 + i }],
  env: Array.from({ length: 10 }, (_, j) => ({ name: `E${j}`, value: "1" })),
});

const DEPLOYMENT = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", labels: { app: "web" } },
  spec: { replicas: 1, template: { spec: { containers: Array.from({ length: 5 }, (_, i) => container(i)) } } },
};
const PATCH = { spec: { template: { spec: { containers: [{ name: "c3", env: [{ name: "E5", value: "2" }] }] } } } };

const PATCHES = 1000;
const EVENTS = 100;

export const apiFigures: readonly Figure[] = [
  {
    name: "2,000 ConfigMaps created",
    unit: "ms",
    limit: 150,
    measure: () => steady(5, () => createConfigMaps(2000), 4),
  },
  { name: "20,000 ConfigMaps created", unit: "ms", measure: () => createConfigMaps(20_000) },
  {
    name: "10,000 Pods listed as a Table",
    unit: "ms",
    limit: 60,
    measure: () => {
      const h = withPods(10_000);
      return steady(3, () => cpuMs(() => void h.request("GET", PODS, undefined, TABLE)));
    },
  },
  {
    name: "a watch event reaches 100 watchers, its write included",
    unit: "ms",
    limit: 1,
    measure: () => {
      const h = bootedHarness();
      for (let i = 0; i < 100; i++) h.request("GET", `${CONFIG_MAPS}?watch=true`);
      let made = 0;
      const write = () => {
        for (let i = 0; i < EVENTS; i++) h.request("POST", CONFIG_MAPS, { metadata: { name: `x${made++}` } });
      };
      return steady(3, () => cpuMs(write)) / EVENTS;
    },
  },
  {
    name: "a strategic merge patch of a Deployment",
    unit: "ms",
    limit: 0.1,
    measure: () => {
      const patch = () => {
        for (let i = 0; i < PATCHES; i++) applyStrategicMergePatch(DEPLOYMENT, PATCH, "io.k8s.api.apps.v1.Deployment");
      };
      return steady(3, () => cpuMs(patch)) / PATCHES;
    },
  },
  {
    name: "discovery answered",
    unit: "ms",
    limit: 2,
    measure: () => {
      const h = bootedHarness();
      return steady(5, () =>
        cpuMs(() => {
          h.request("GET", "/api", undefined, AGGREGATED);
          h.request("GET", "/apis", undefined, AGGREGATED);
        }),
      );
    },
  },
];
