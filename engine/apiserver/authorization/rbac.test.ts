import { describe, expect, it } from "vitest";
import type { User } from "../../api/user.ts";
import { bootedHarness, PODS, podOf } from "../testing.ts";

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const bob: User = { name: "bob", groups: ["dev"] };

describe("authorization", () => {
  it("follows bindings as they come and go", () => {
    const h = bootedHarness();
    const code = (method: string, path: string) => h.request(method, path, undefined, { user: bob }).status;
    expect(code("GET", PODS)).toBe(403);
    const binding = {
      metadata: { name: "dev" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "dev" }],
    };
    h.json("POST", `${RBAC}/namespaces/default/rolebindings`, binding);
    expect(code("GET", PODS)).toBe(200);
    expect(code("GET", "/api/v1/namespaces/default/secrets")).toBe(403);
    expect(code("GET", "/api/v1/namespaces/kube-system/pods")).toBe(403);
    expect(code("GET", "/api/v1/pods")).toBe(403);
    h.json("DELETE", `${RBAC}/namespaces/default/rolebindings/dev`);
    expect(code("GET", PODS)).toBe(403);
  });

  it("lets controllers, scheduler and kubelets do their work and no more", () => {
    const h = bootedHarness();
    h.json("POST", PODS, podOf("web", { spec: { nodeName: "n1" } }));
    const who = (name: string, ...groups: string[]): User => ({ name, groups });
    const account = (name: string) =>
      who(`system:serviceaccount:kube-system:${name}`, "system:serviceaccounts", "system:serviceaccounts:kube-system");
    const node = who("system:node:n1", "system:nodes");
    const table: [User, string, string, number][] = [
      [account("replicaset-controller"), "GET", "/apis/apps/v1/replicasets", 200],
      [account("replicaset-controller"), "GET", "/apis/apps/v1/deployments", 403],
      [who("system:kube-scheduler"), "GET", "/api/v1/pods", 200],
      [who("system:kube-scheduler"), "GET", "/api/v1/secrets", 403],
      [node, "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", 200],
      [node, "GET", "/api/v1/pods", 403],
      [node, "GET", `${PODS}/web`, 200],
      [who("system:node:n2", "system:nodes"), "GET", `${PODS}/web`, 403],
      [node, "DELETE", "/api/v1/nodes/n2", 403],
      [who("system:anonymous", "system:unauthenticated"), "GET", "/livez", 200],
      [who("system:anonymous", "system:unauthenticated"), "GET", "/api", 403],
    ];
    for (const [user, method, path, code] of table) {
      const groups = user.name === "system:anonymous" ? user.groups : [...user.groups, "system:authenticated"];
      const { status } = h.request(method, path, undefined, { user: { ...user, groups } });
      expect([user.name, path, status]).toEqual([user.name, path, code]);
    }
  });

  it("records who did what, and why it was allowed", () => {
    const lines: string[] = [];
    const h = bootedHarness({ auditSink: (line) => lines.push(line()) });
    lines.length = 0;
    h.json("POST", PODS, podOf("web"));
    h.json("GET", PODS, undefined, { user: bob });
    h.json("GET", PODS, undefined, { user: { name: "system:kube-scheduler", groups: [] } });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        kind: "Event",
        apiVersion: "audit.k8s.io/v1",
        level: "Metadata",
        stage: "ResponseComplete",
        requestURI: PODS,
        verb: "create",
        user: { username: "kubernetes-admin" },
        sourceIPs: ["192.168.108.10"],
        objectRef: { resource: "pods", namespace: "default", name: "web", apiVersion: "v1" },
        responseStatus: { metadata: {}, code: 201 },
        annotations: { "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "" },
      },
      {
        verb: "list",
        responseStatus: { status: "Failure", reason: "Forbidden", code: 403 },
        annotations: { "authorization.k8s.io/decision": "forbid" },
      },
    ]);
    expect(h.server.audit.entries.slice(-2).map(({ verb, code }) => [verb, code])).toEqual([
      ["create", 201],
      ["list", 403],
    ]);
  });

  it("acts as another user for those who may impersonate", () => {
    const h = bootedHarness();
    const headers = { "impersonate-user": "system:serviceaccount:default:default" };
    expect(h.json("GET", PODS, undefined, { headers }).message).toContain(
      'User "system:serviceaccount:default:default" cannot list',
    );
    expect(h.json("GET", PODS, undefined, { headers, user: bob }).message).toBe(
      'serviceaccounts "default" is forbidden: User "bob" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "default"',
    );
  });

  it("knows a ServiceAccount by its token until the account is gone", () => {
    const h = bootedHarness();
    const path = "/api/v1/namespaces/default/serviceaccounts/default";
    const { token } = h.json("POST", `${path}/token`, {}).status;
    const user = h.server.tokens.userOf(token);
    expect(user?.name).toBe("system:serviceaccount:default:default");
    const [header, payload, signature] = token.split(".");
    expect(h.server.tokens.userOf(`${header}.${payload}.${signature.slice(0, -6)}AAAAAA`)).toBeUndefined();
    h.json("DELETE", path);
    expect(h.server.tokens.userOf(token)).toBeUndefined();
  });
});
