import { describe, expect, it } from "vitest";
import type { HttpRequest, HttpResponse } from "../api/http.ts";
import { encode, type Gen } from "../kernel/index.ts";
import { NetError } from "../network/error.ts";
import type { NodeProxy } from "./node-proxy.ts";
import { bootedHarness, PODS, podOf } from "./testing.ts";

const merge = { headers: { "content-type": "application/merge-patch+json" } };
const strategic = { headers: { "content-type": "application/strategic-merge-patch+json" } };
const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";

function withKubelet(answer: (request: Pick<HttpRequest, "method" | "path">) => HttpResponse) {
  const asked: string[] = [];
  const nodeProxy: NodeProxy = {
    *request(_node, request): Gen<HttpResponse> {
      asked.push(`${request.method} ${request.path}`);
      return answer(request);
    },
  };
  const h = bootedHarness({ nodeProxy });
  h.json("POST", "/api/v1/nodes", { metadata: { name: "n1" } });
  const status = { addresses: [{ type: "InternalIP", address: "192.168.108.21" }] };
  h.json("PATCH", "/api/v1/nodes/n1/status", { status }, merge);
  h.json("POST", PODS, podOf("web", { spec: { nodeName: "n1" } }));
  return { h, asked };
}

const bytes = (text: string, status = 200): HttpResponse => ({
  status,
  headers: {},
  body: { type: "bytes", bytes: encode(text) },
});

describe("subresources", () => {
  it("passes logs and commands to the kubelet of the Pod's node", () => {
    const { h, asked } = withKubelet(() => bytes("hello\n"));
    const response = h.request("GET", `${PODS}/web/log?tailLines=5&follow=true`);
    expect(response.body).toEqual({ type: "bytes", bytes: encode("hello\n") });
    h.request("POST", `${PODS}/web/exec?command=sh&command=-c&command=ls%20%2F&stdin=true&stdout=true&tty=true`);
    expect(asked).toEqual([
      "GET /containerLogs/default/web/c?follow=true&tailLines=5",
      "POST /exec/default/web/c?command=sh&command=-c&command=ls%20%2F&input=1&output=1&tty=1",
    ]);
  });

  it("tells what the kubelet complains about, and when it cannot be reached", () => {
    const waiting = 'container "c" in pod "web" is waiting to start: ContainerCreating';
    const one = withKubelet(() => bytes(waiting, 400));
    expect(one.h.json("GET", `${PODS}/web/log`)).toMatchObject({ code: 400, reason: "BadRequest", message: waiting });
    const other = withKubelet(() => {
      throw new NetError("ECONNREFUSED");
    });
    expect(other.h.json("GET", `${PODS}/web/log`).message).toBe(
      'Get "https://192.168.108.21:10250/containerLogs/default/web/c": dial tcp 192.168.108.21:10250: connect: connection refused',
    );
  });

  it("scales: only the replicas change, and the generation with them", () => {
    const h = bootedHarness();
    const selector = { matchLabels: { app: "web" } };
    const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "nginx" }] } };
    h.json("POST", DEPLOYMENTS, { metadata: { name: "web" }, spec: { replicas: 2, selector, template } });
    expect(h.json("GET", `${DEPLOYMENTS}/web/scale`)).toMatchObject({
      kind: "Scale",
      spec: { replicas: 2 },
      status: { replicas: 0, selector: "app=web" },
    });
    h.json("PATCH", `${DEPLOYMENTS}/web/scale`, { spec: { replicas: 5 } }, merge);
    expect(h.json("GET", `${DEPLOYMENTS}/web`)).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 5 } });
    h.json("PATCH", `${DEPLOYMENTS}/web/status`, { status: { replicas: 5 } }, merge);
    expect(h.json("GET", `${DEPLOYMENTS}/web`).metadata.generation).toBe(2);
  });

  it("refuses patches in the words of their reader", () => {
    const h = bootedHarness();
    h.json("POST", PODS, podOf("web"));
    expect(h.json("PATCH", `${PODS}/web`, { spec: { activeDeadlineSeconds: "x" } }, strategic).message).toBe(
      ' "" is invalid: patch: Invalid value: "map[spec:map[activeDeadlineSeconds:x]]": unrecognized type: int64',
    );
    expect(h.json("PATCH", `${PODS}/web`, { spec: { containers: { a: 1 } } }, merge).message).toMatch(
      /: json: cannot unmarshal object into Go struct field PodSpec\.spec\.containers of type \[\]v1\.Container$/,
    );
  });

  it("evicts as far as the disruption budget allows", () => {
    const h = bootedHarness();
    h.json("POST", PODS, podOf("web", { metadata: { labels: { app: "web" } }, spec: { nodeName: "n1" } }));
    h.json("PATCH", `${PODS}/web/status`, { status: { phase: "Running" } }, merge);
    const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    const selector = { matchLabels: { app: "web" } };
    h.json("POST", budgets, { metadata: { name: "b" }, spec: { minAvailable: 1, selector } });
    const evict = () => h.json("POST", `${PODS}/web/eviction`, { metadata: { name: "web" } });
    expect(evict()).toMatchObject({
      code: 429,
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
    });
    h.json("PATCH", `${budgets}/b/status`, { status: { observedGeneration: 1, disruptionsAllowed: 1 } }, merge);
    expect(evict()).toMatchObject({ status: "Success" });
    expect(h.json("GET", `${PODS}/web`).metadata.deletionTimestamp).toBeDefined();
  });

  it("keeps a namespace until it is finalized", () => {
    const h = bootedHarness();
    h.json("POST", "/api/v1/namespaces", { metadata: { name: "x" } });
    expect(h.json("DELETE", "/api/v1/namespaces/x")).toMatchObject({ status: { phase: "Terminating" } });
    const refused = h.json("POST", "/api/v1/namespaces/x/configmaps", { metadata: { name: "a" } });
    expect(refused.message).toBe(
      'configmaps "a" is forbidden: unable to create new content in namespace x because it is being terminated',
    );
    h.json("PUT", "/api/v1/namespaces/x/finalize", { metadata: { name: "x" }, spec: {} });
    expect(h.json("GET", "/api/v1/namespaces/x").code).toBe(404);
  });

  it("gives Services their addresses, and no address twice", () => {
    const h = bootedHarness();
    const path = "/api/v1/namespaces/default/services";
    const spec = { selector: { app: "web" }, ports: [{ port: 80 }] };
    const made = h.json("POST", path, { metadata: { name: "a" }, spec: { ...spec, type: "NodePort" } });
    expect(made.spec.clusterIP).toMatch(/^10\.201\./);
    expect(made.spec.ports[0].nodePort).toBeGreaterThanOrEqual(30_000);
    const again = { metadata: { name: "b" }, spec: { ...spec, clusterIP: made.spec.clusterIP } };
    expect(h.json("POST", path, again).message).toContain("provided IP is already allocated");
    expect(
      h.json("POST", path, { metadata: { name: "c" }, spec: { ...spec, clusterIP: "None" } }).spec.clusterIPs,
    ).toEqual(["None"]);
  });

  it("serves discovery, OpenAPI and health to whoever asks", () => {
    const h = bootedHarness();
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    const list = h.json("GET", "/apis", undefined, { headers: { accept } });
    expect(list.kind).toBe("APIGroupDiscoveryList");
    expect(h.json("GET", "/api/v1").resources.map((one: { name: string }) => one.name)).toContain("pods/log");
    expect(Object.keys(h.json("GET", "/openapi/v3").paths)).toContain("apis/apps/v1");
    const { body } = h.request("GET", "/openapi/v3/apis/apps/v1");
    const document = JSON.parse(new TextDecoder().decode((body as { bytes: Uint8Array }).bytes));
    expect(document.components.schemas["io.k8s.api.apps.v1.Deployment"]).toBeDefined();
    h.server.setFailing("etcd", "context deadline exceeded");
    expect(h.request("GET", "/livez").status).toBe(500);
    expect(h.json("GET", "/version").gitVersion).toBe("v1.32.3");
  });
});
