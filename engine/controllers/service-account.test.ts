import { describe, expect, it } from "vitest";
import type { KubeObject } from "../api/types.ts";
import { MERGE, start } from "./harness.ts";

const CORE = "/api/v1/namespaces/default";
const ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles";

const text = (base64: string) => Buffer.from(base64, "base64").toString();

/** Restated from pkg/controller/serviceaccount/tokens_controller_test.go. */
describe("Secrets of type service-account-token", () => {
  const secret = (account: string, extra: object = {}) => ({
    metadata: { name: "build", annotations: { "kubernetes.io/service-account.name": account, ...extra } },
    type: "kubernetes.io/service-account-token",
  });
  const prepare = () => {
    const s = start();
    s.json("POST", `${CORE}/serviceaccounts`, { metadata: { name: "robot" } });
    s.json("POST", `${CORE}/secrets`, secret("robot"));
    s.run(1);
    return s;
  };
  const get = (s: ReturnType<typeof start>) => s.json("GET", `${CORE}/secrets/build`);

  it("are filled with a token that the API server knows", () => {
    const s = prepare();
    const { data, metadata } = get(s);
    expect([text(data["ca.crt"]), text(data.namespace)]).toEqual(["CA", "default"]);
    const { uid } = s.json("GET", `${CORE}/serviceaccounts/robot`).metadata;
    expect(metadata.annotations["kubernetes.io/service-account.uid"]).toBe(uid);
    const token = text(data.token);
    const claims = JSON.parse(text(token.split(".")[1]!));
    expect(claims).toEqual({
      iss: "kubernetes/serviceaccount",
      "kubernetes.io/serviceaccount/namespace": "default",
      "kubernetes.io/serviceaccount/secret.name": "build",
      "kubernetes.io/serviceaccount/service-account.name": "robot",
      "kubernetes.io/serviceaccount/service-account.uid": uid,
      sub: "system:serviceaccount:default:robot",
    });
    expect(s.server.tokens.userOf(token)).toMatchObject({ name: "system:serviceaccount:default:robot", uid });
    s.json("DELETE", `${CORE}/secrets/build`);
    expect(s.server.tokens.userOf(token)).toBeUndefined();
    expect(s.kernel.faults).toEqual([]);
  });

  it("get another token when theirs is taken out, and the old one no longer holds", () => {
    const s = prepare();
    const before = get(s).data;
    s.json("PATCH", `${CORE}/secrets/build`, { data: { token: null, "ca.crt": null } }, MERGE);
    s.run(1);
    expect(get(s).data["ca.crt"]).toBe(before["ca.crt"]);
    expect(s.server.tokens.userOf(text(get(s).data.token))).toBeDefined();
  });

  it.each([
    ["their account goes", (s: ReturnType<typeof start>) => s.json("DELETE", `${CORE}/serviceaccounts/robot`)],
    [
      "they name another account's uid",
      (s: ReturnType<typeof start>) =>
        s.json(
          "PATCH",
          `${CORE}/secrets/build`,
          { metadata: { annotations: { "kubernetes.io/service-account.uid": "1" } } },
          MERGE,
        ),
    ],
  ])("go when %s", (_, change) => {
    const s = prepare();
    change(s);
    s.run(2);
    expect(get(s).code).toBe(404);
  });

  it("go when there is no such account", () => {
    const s = start();
    s.json("POST", `${CORE}/secrets`, secret("nobody"));
    s.run(1);
    expect(get(s).code).toBe(404);
  });
});

/** Restated from pkg/controller/clusterroleaggregation/clusterroleaggregation_controller_test.go. */
describe("ClusterRoles that gather others", () => {
  const rule = (resource: string) => ({ apiGroups: ["example.com"], resources: [resource], verbs: ["get"] });
  const role = (name: string, rules: object[], labels: object = {}) => ({ metadata: { name, labels }, rules });

  it("take the rules of labelled ones, in the order of their names, each once", () => {
    const s = start();
    const clusterRoleSelectors = [{ matchLabels: { "to-monitor": "true" } }];
    s.json("POST", ROLES, { metadata: { name: "monitor" }, aggregationRule: { clusterRoleSelectors } });
    const labels = { "to-monitor": "true" };
    s.json("POST", ROLES, role("b", [rule("beta"), rule("common")], labels));
    s.json("POST", ROLES, role("a", [rule("alpha"), rule("common")], labels));
    s.json("POST", ROLES, role("c", [rule("other")]));
    s.run(1);
    const resources = () =>
      s.json("GET", `${ROLES}/monitor`).rules.map((one: { resources: string[] }) => one.resources[0]);
    expect(resources()).toEqual(["alpha", "common", "beta"]);
    s.json("DELETE", `${ROLES}/a`);
    s.run(1);
    expect(resources()).toEqual(["beta", "common"]);
    const managers = s
      .json("GET", `${ROLES}/monitor`)
      .metadata.managedFields?.map((one: KubeObject) => `${one["manager"]} ${one["operation"]}`);
    if (managers) expect(managers).toContain("clusterrole-aggregation-controller Apply");
    expect(s.kernel.faults).toEqual([]);
  });
});
