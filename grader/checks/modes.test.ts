import { describe, expect, it } from "vitest";
import type { Session } from "../../engine/index.ts";
import { Stage } from "../../test/stage.ts";
import { Facts } from "../facts.ts";
import { expectedAnswers } from "./answer.ts";
import { runNetfilterCheck } from "./dump.ts";
import { runWalkCheck } from "./walk.ts";

/** A cluster whose kube-proxy runs in a mode, with a Service of two Pods and a Pod that asks. */
function world(mode: string) {
  const text = `kubectl -n kube-system get cm kube-proxy -o yaml | sed 's/mode: ""/mode: ${mode}/' | kubectl apply -f -
kubectl -n kube-system rollout restart ds kube-proxy; kubectl -n kube-system rollout status ds kube-proxy
kubectl create deploy web --image nginx --replicas 2; kubectl expose deploy web --port 80
kubectl run till --image busybox -- sleep 1d
kubectl wait --for=condition=available deploy/web; kubectl wait --for=condition=ready pod/till; sleep 5`;
  const stage = new Stage({ seed: 3, topology: { controlPlanes: 1, workers: 2, loadBalancers: 0 } });
  stage.run(text, { seconds: 300 });
  const { session } = stage;
  const facts = new Facts(session, session.cluster);
  facts.refresh();
  return { session, facts, now: session.kernel.now } as unknown as Parameters<
    ReturnType<typeof runWalkCheck>["look"]
  >[0] & { session: Session };
}

const SUBJECT = { resource: "services", namespace: "default", name: "web" };

describe.each([
  { mode: "iptables", line: "-A KUBE-SVC-", of: "default/web" },
  { mode: "ipvs", line: "-a -t ", of: " -m -w 1" },
  { mode: "nftables", line: "add element ip kube-proxy service-ips", of: "default/web/tcp/" },
])("kube-proxy in mode $mode", ({ mode, line, of }) => {
  const context = world(mode);

  it("shows its rules to checks of dumps", () => {
    const check = { kind: "netfilter" as const, machine: "worker-1", contains: [line, of], absent: false };
    expect(runNetfilterCheck(check).look(context)).toMatchObject({ passed: true });
    expect(runNetfilterCheck({ ...check, contains: ["default/nope"] }).look(context)).toMatchObject({ passed: false });
  });

  it("keeps the states of a Service's rules for answers", () => {
    const cel = `netfilter.filter(d, d.lines.exists(l, l.startsWith("${line}"))).map(d, d.machine)`;
    const answers = expectedAnswers({ kind: "answer", subject: SUBJECT, cel } as never, context, 0);
    expect(answers).toMatchObject({ right: expect.arrayContaining(["worker-1"]) });
  });

  it("lets a walk arrive, and one to nobody's port not", () => {
    const from = { namespace: "default", labels: { run: "till" } };
    const walk = { kind: "walk" as const, from, to: "web", port: 80, protocol: "tcp" as const };
    expect(runWalkCheck(walk).look(context)).toMatchObject({ passed: true });
    expect(runWalkCheck({ ...walk, port: 81 }).look(context)).toMatchObject({ passed: false });
  });
});
