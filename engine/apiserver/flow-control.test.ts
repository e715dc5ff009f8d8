import { describe, expect, it } from "vitest";
import { completed } from "../network/response-head.ts";
import { bootedHarness } from "./testing.ts";

const LEVELS = "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations";
const SCHEMAS = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas";

const h = bootedHarness();
const names = new Map<string, string>();
for (const list of [SCHEMAS, LEVELS])
  for (const { metadata } of h.json("GET", list).items) names.set(metadata.uid, metadata.name);

describe("answers tell which FlowSchema took the request", () => {
  it.each([
    ["kubernetes-admin", ["system:masters"], "/api/v1/nodes", "exempt", "exempt"],
    ["alice", ["system:authenticated"], "/api/v1/nodes", "global-default", "global-default"],
    ["alice", ["system:authenticated"], "/livez/ping", "probes", "exempt"],
    ["system:node:worker-1", ["system:nodes"], "/api/v1/nodes/worker-1", "system-node-high", "node-high"],
    ["system:node:worker-1", ["system:nodes"], "/api/v1/pods", "system-nodes", "system"],
    [
      "system:kube-scheduler",
      ["system:authenticated"],
      "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler",
      "system-leader-election",
      "leader-election",
    ],
    ["system:kube-scheduler", ["system:authenticated"], "/api/v1/pods", "kube-scheduler", "workload-high"],
    [
      "system:serviceaccount:kube-system:coredns",
      ["system:serviceaccounts", "system:authenticated"],
      "/api/v1/services",
      "kube-system-service-accounts",
      "workload-high",
    ],
    [
      "system:serviceaccount:default:default",
      ["system:serviceaccounts", "system:authenticated"],
      "/api/v1/services",
      "service-accounts",
      "workload-low",
    ],
  ])("%s %j %s: %s, %s", (name, groups, path, schema, level) => {
    const { headers } = h.request("GET", path, undefined, { user: { name, groups } });
    expect(names.get(headers["x-kubernetes-pf-flowschema-uid"]!)).toBe(schema);
    expect(names.get(headers["x-kubernetes-pf-prioritylevel-uid"]!)).toBe(level);
  });

  it("but not before it is known who asks", () => {
    const headers = { authorization: "Bearer nonsense", "audit-id": "mine" };
    const user = { name: "system:anonymous", groups: [] };
    expect(h.request("GET", "/api", undefined, { user, headers }).headers).toEqual({
      "audit-id": "mine",
      "cache-control": "no-cache, private",
      "content-type": "application/json",
    });
  });

  it("beside what every answer has, in Go's order", () => {
    const user = { name: "alice", groups: ["system:authenticated"] };
    const refused = h.request("GET", "/api/v1/secrets", undefined, { user });
    const pf = ["x-kubernetes-pf-flowschema-uid", "x-kubernetes-pf-prioritylevel-uid"];
    expect(Object.keys(completed(refused, 0, "GET", true).headers)).toEqual([
      ...["audit-id", "cache-control", "content-type", "x-content-type-options", ...pf, "content-length", "date"],
    ]);
    const large = h.request("GET", "/apis");
    expect(Object.keys(completed(large, 0, "GET", false).headers)).toEqual([
      ...["audit-id", "cache-control", "content-type", ...pf, "date", "transfer-encoding"],
    ]);
  });
});
