import { describe, expect, it } from "vitest";
import { harness } from "../harness.ts";

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const jane = { name: "jane", groups: ["system:authenticated"] };
const roles = `${RBAC}/namespaces/default/roles`;
const bindings = `${RBAC}/namespaces/default/rolebindings`;

const role = (name: string, ...rules: object[]) => ({ metadata: { name }, rules });
const PODS = { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] };
const NODES = { apiGroups: [""], resources: ["nodes"], verbs: ["get", "delete"] };
const MANAGE = { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles", "rolebindings"], verbs: ["*"] };

/** A server on which jane may read Pods and manage roles in `default`, no more than `more` says. */
function served(more: object[] = [], manage = { ...MANAGE, verbs: ["create", "update", "get"] }) {
  const h = harness();
  h.json("POST", "/api/v1/namespaces", { metadata: { name: "default" } });
  h.json("POST", roles, role("held", PODS, manage, ...more));
  h.json("POST", bindings, {
    metadata: { name: "held" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "held" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "jane" }],
  });
  return h;
}

describe("granting", () => {
  it("lets anybody grant what they hold", () => {
    const h = served();
    expect(h.request("POST", roles, role("same", PODS), { user: jane }).status).toBe(201);
    expect(h.request("POST", roles, role("less", { ...PODS, resourceNames: ["a"] }), { user: jane }).status).toBe(201);
  });

  it("names what is not held", () => {
    const refused = served().json("POST", roles, role("more", PODS, NODES), { user: jane });
    expect(refused.code).toBe(403);
    expect(refused.message).toBe(
      'roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" (groups=["system:authenticated"]) is attempting to ' +
        'grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get" "delete"]}',
    );
  });

  it("judges an update of the rules and a binding by what it gives", () => {
    const h = served();
    h.json("POST", roles, role("powerful", NODES));
    expect(h.request("PUT", `${roles}/powerful`, role("powerful", NODES, PODS), { user: jane }).status).toBe(403);
    const labelled = { metadata: { name: "powerful", labels: { a: "b" } }, rules: [NODES] };
    expect(h.request("PUT", `${roles}/powerful`, labelled, { user: jane }).status).toBe(200);
    const binding = {
      metadata: { name: "to-joe" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "powerful" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "joe" }],
    };
    expect(h.request("POST", bindings, binding, { user: jane }).status).toBe(403);
  });

  it("lets those pass who may escalate", () => {
    const h = served([], MANAGE);
    expect(h.request("POST", roles, role("more", NODES), { user: jane }).status).toBe(201);
  });
});

describe("PUT of what is not there", () => {
  it("creates kinds that allow it, for those who may create", () => {
    const h = served();
    expect(h.request("PUT", `${roles}/late`, role("late", PODS), { user: jane }).status).toBe(201);
    const secret = { metadata: { name: "late" } };
    expect(h.request("PUT", "/api/v1/namespaces/default/secrets/late", secret).status).toBe(404);
    const lease = { metadata: { name: "late" }, spec: {} };
    const path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/late";
    expect(h.request("PUT", path, lease, { user: jane }).status).toBe(403);
    expect(h.request("PUT", path, lease).status).toBe(201);
  });
});
