import { describe, expect, it } from "vitest";
import { MERGE, start } from "./harness.ts";

const APPS = "/apis/apps/v1/namespaces/default";

type Case = ReturnType<typeof start>;
const image = (name: string) => ({ template: { spec: { containers: [{ name: "web", image: name }] } } });
const create = (s: Case, replicas: number, extra: object = {}) => {
  const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "a" }] } };
  const spec = { replicas, selector: { matchLabels: { app: "web" } }, template, ...extra };
  s.json("POST", `${APPS}/deployments`, { metadata: { name: "web" }, spec });
  settle(s);
};
const settle = (s: Case, rounds = 3) => {
  for (let i = 0; i < rounds; i++) {
    s.run(1);
    s.runPods();
  }
  s.run(1);
};
const patch = (s: Case, spec: object) => s.json("PATCH", `${APPS}/deployments/web`, { spec }, MERGE);
const sets = (s: Case): Record<string, number> =>
  Object.fromEntries(
    s
      .json("GET", `${APPS}/replicasets`)
      .items.map((set: { spec: { replicas: number; template: { spec: { containers: { image: string }[] } } } }) => [
        set.spec.template.spec.containers[0]!.image,
        set.spec.replicas,
      ]),
  );
const progressing = (s: Case) =>
  s.json("GET", `${APPS}/deployments/web`).status.conditions.find((c: { type: string }) => c.type === "Progressing");

describe("Deployment", () => {
  it("shares a new number out over its ReplicaSets in one step", () => {
    const s = start();
    create(s, 10);
    patch(s, image("b"));
    s.run(5);
    expect(sets(s)).toEqual({ a: 8, b: 5 });
    patch(s, { replicas: 20 });
    s.run(2);
    expect(sets(s)).toEqual({ a: 15, b: 10 });
    const told = s.events("web").slice(-2);
    expect(told.map((line: string) => line.replace(/set web-\w+/, "set")).sort()).toEqual([
      "ScalingReplicaSet Scaled up replica set from 5 to 10",
      "ScalingReplicaSet Scaled up replica set from 8 to 15",
    ]);
    expect(s.kernel.faults).toEqual([]);
  });

  it("gives up waiting after progressDeadlineSeconds", () => {
    const s = start();
    create(s, 2, { progressDeadlineSeconds: 30 });
    patch(s, image("b"));
    s.run(25);
    expect(progressing(s)).toMatchObject({ status: "True", reason: "ReplicaSetUpdated" });
    s.run(15);
    expect(progressing(s)).toMatchObject({ status: "False", reason: "ProgressDeadlineExceeded" });
  });

  it("does nothing but scale while paused", () => {
    const s = start();
    create(s, 2);
    patch(s, { paused: true, ...image("b") });
    settle(s);
    expect(sets(s)).toEqual({ a: 2 });
    expect(progressing(s)).toMatchObject({ status: "Unknown", reason: "DeploymentPaused" });
    patch(s, { replicas: 3 });
    settle(s);
    expect(sets(s)).toEqual({ a: 3 });
    patch(s, { paused: false });
    settle(s, 6);
    expect(sets(s)).toEqual({ a: 0, b: 3 });
  });

  it("keeps revisionHistoryLimit old ReplicaSets and raises a revision gone back to", () => {
    const s = start();
    create(s, 1, { revisionHistoryLimit: 2 });
    for (const name of ["b", "c", "d"]) {
      patch(s, image(name));
      settle(s);
    }
    expect(sets(s)).toEqual({ b: 0, c: 0, d: 1 });
    patch(s, image("b"));
    settle(s);
    expect(sets(s)).toEqual({ b: 1, c: 0, d: 0 });
    const { annotations } = s.json("GET", `${APPS}/deployments/web`).metadata;
    expect(annotations["deployment.kubernetes.io/revision"]).toBe("5");
    expect(s.kernel.faults).toEqual([]);
  });
});
