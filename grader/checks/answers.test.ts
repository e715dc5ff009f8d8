import { describe, expect, it } from "vitest";
import { Stage } from "../../test/stage.ts";
import { Facts } from "../facts.ts";
import { expectedAnswers } from "./answer.ts";
import { runAuditCheck } from "./audit.ts";
import { eventOrderCheck, runEventOrderCheck } from "./events.ts";

const stage = new Stage({ seed: 5, topology: { controlPlanes: 1, workers: 1, loadBalancers: 0 } });
stage.run(
  `kubectl create deploy web --image nginx; kubectl scale deploy web --replicas 2; kubectl rollout status deploy web
kubectl create ns tower; kubectl create sa thief; kubectl create clusterrole thief --verb get --resource deployments
kubectl create clusterrolebinding thief --clusterrole thief --serviceaccount default:thief
kubectl get deploy web --as system:serviceaccount:default:thief; sleep 5`,
  { seconds: 200 },
);
const facts = new Facts(stage.session, stage.session.cluster);
facts.refresh();
const context = { facts, session: stage.session, answers: [] } as never;

const asked = (cel: string, subject = { resource: "deployments.apps", name: "web" }) =>
  expectedAnswers({ kind: "answer", subject, cel } as never, context, Number.MAX_SAFE_INTEGER);

describe("checks of an object that goes without its namespace", () => {
  it("answers come from its audited requests, by whomever they were made", () => {
    expect(
      asked('audit.filter(a, a.verb == "get" && a.impersonated != "").map(a, a.user + " " + a.impersonated)'),
    ).toEqual({
      right: ["kubernetes-admin system:serviceaccount:default:thief"],
    });
  });

  it("say what an expression asked in vain", () => {
    expect(asked("object.spec.nothing")).toMatchObject({ missing: expect.stringContaining("nothing") });
    expect(asked("uid", { resource: "pods", name: "nobody" })).toMatchObject({ missing: "there was no nobody" });
  });

  it("want as many events of a reason as they name", () => {
    const order = (...reasons: string[]) =>
      runEventOrderCheck(
        eventOrderCheck.parse({ kind: "event-order", resource: "deployments", name: "web", reasons }),
      ).look(context).passed;
    const scaled = "ScalingReplicaSet";
    expect([order(scaled), order(scaled, scaled), order(scaled, scaled, scaled)]).toEqual([true, true, false]);
  });

  it.each([
    ["deployments.apps", "web", true],
    ["deployments", "web", true],
    ["deployments.extensions", "web", false],
    ["namespaces", "tower", true],
  ])("audit logs are asked about %s/%s", (resource, name, found) => {
    const check = {
      kind: "audit",
      verb: "create",
      resource,
      subresource: "",
      namespace: "default",
      name,
      dryRun: false,
    };
    expect(runAuditCheck(check as never).look(context).passed).toBe(found);
  });
});
