import { expect, it } from "vitest";
import { decode } from "../kernel/index.ts";
import { harness } from "./harness.ts";

it("/metrics counts requests by what they were and how they ended, and stored objects", () => {
  const { request } = harness();
  request("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "x" } });
  for (let i = 0; i < 3; i++) request("GET", "/api/v1/namespaces/x/pods");
  request("GET", "/api/v1/namespaces/x/pods/none");
  request("GET", "/healthz");
  const { headers, body } = request("GET", "/metrics");
  expect(headers["content-type"]).toContain("version=0.0.4");
  const lines = (body.type === "bytes" ? decode(body.bytes) : "").split("\n");
  const total = (labels: string, n: number) => `apiserver_request_total{${labels}} ${n}`;
  const pods = 'component="apiserver",dry_run="",group="",resource="pods"';
  expect(lines).toEqual(
    expect.arrayContaining([
      total(`code="200",${pods},scope="namespace",subresource="",verb="LIST",version="v1"`, 3),
      total(`code="404",${pods},scope="resource",subresource="",verb="GET",version="v1"`, 1),
      total(
        'code="201",component="apiserver",dry_run="",group="",resource="namespaces",scope="resource",subresource="",verb="POST",version="v1"',
        1,
      ),
      total(
        'code="200",component="apiserver",dry_run="",group="",resource="",scope="",subresource="/healthz",verb="GET",version=""',
        1,
      ),
      'apiserver_storage_objects{resource="namespaces"} 1',
    ]),
  );
});
