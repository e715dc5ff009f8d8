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

/** Restated from pkg/controller/deployment: progress_test.go, sync_test.go, recreate_test.go. */
describe("Deployment's conditions", () => {
  it("tell each step of a rollout", () => {
    const s = start();
    create(s, 1);
    const first = sets(s);
    expect(progressing(s)).toMatchObject({ status: "True", reason: "NewReplicaSetAvailable" });
    patch(s, image("b"));
    const told = ["NewReplicaSetAvailable"];
    const look = () => {
      const { reason } = progressing(s);
      if (told.at(-1) !== reason) told.push(reason);
    };
    for (let i = 0; i < 50; i++) {
      s.run(0.0005);
      look();
    }
    settle(s);
    look();
    expect(told).toEqual([
      "NewReplicaSetAvailable",
      "NewReplicaSetCreated",
      "ReplicaSetUpdated",
      "NewReplicaSetAvailable",
    ]);
    expect(Object.keys(sets(s)).length).toBe(Object.keys(first).length + 1);
    const generation = () => s.json("GET", `${APPS}/deployments/web`).metadata.generation;
    expect(generation()).toBe(2);
    // strategy.go PrepareForUpdate: annotations that others write count as a change, the controller's do not.
    s.json("PATCH", `${APPS}/deployments/web`, { metadata: { annotations: { note: "x" } } }, MERGE);
    expect(generation()).toBe(3);
    expect(s.kernel.faults).toEqual([]);
  });

  it("time out when a quota lets no new Pod come", () => {
    const s = start();
    create(s, 2, { progressDeadlineSeconds: 30 });
    s.json("POST", "/api/v1/namespaces/default/resourcequotas", {
      metadata: { name: "q" },
      spec: { hard: { pods: "2" } },
    });
    s.run(3);
    patch(s, { ...image("b"), strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    s.run(20);
    expect(progressing(s)).toMatchObject({ status: "True", reason: "NewReplicaSetCreated" });
    const conditions = () => s.json("GET", `${APPS}/deployments/web`).status.conditions;
    expect(conditions().find((c: { type: string }) => c.type === "ReplicaFailure")).toMatchObject({
      status: "True",
      reason: "FailedCreate",
    });
    s.run(15);
    expect(progressing(s)).toMatchObject({ status: "False", reason: "ProgressDeadlineExceeded" });
    expect(progressing(s).message).toMatch(/^ReplicaSet "web-\w+" has timed out progressing\.$/);
  });

  it("say so when not even the ReplicaSet may be made", () => {
    const s = start();
    const hard = { "count/replicasets.apps": "0" };
    s.json("POST", "/api/v1/namespaces/default/resourcequotas", { metadata: { name: "q" }, spec: { hard } });
    s.run(3);
    create(s, 1);
    const { status, reason, message } = progressing(s);
    expect([status, reason]).toEqual(["False", "ReplicaSetCreateError"]);
    expect(message).toMatch(
      /^Failed to create new replica set "web-\w+": replicasets\.apps "web-\w+" is forbidden: exceeded quota: q, /,
    );
    expect(s.events("web")[0]).toBe(`ReplicaSetCreateError ${message}`);
  });

  it.each([
    ["paused, then resumed", 600, "DeploymentResumed"],
    ["not of what has timed out", 10, "ProgressDeadlineExceeded"],
  ])("of a pause: %s", (_, progressDeadlineSeconds, resumed) => {
    const s = start();
    create(s, 2, { progressDeadlineSeconds });
    // A template that never gets ready, and no Pod that may be missing: the rollout waits.
    patch(s, { ...image("b"), strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    s.run(15);
    patch(s, { paused: true });
    s.run(1);
    if (resumed === "DeploymentResumed") {
      expect(progressing(s)).toMatchObject({
        status: "Unknown",
        reason: "DeploymentPaused",
        message: "Deployment is paused",
      });
    }
    patch(s, { paused: false });
    s.run(1);
    expect(progressing(s).reason).toBe(resumed);
    if (resumed === "DeploymentResumed") expect(progressing(s).message).toBe("Deployment is resumed");
  });
});

describe("Deployment's ReplicaSets", () => {
  const only = (s: Case) => s.json("GET", `${APPS}/replicasets`).items[0];

  it("are let go when their labels no longer match, and taken back when they do", () => {
    const s = start();
    create(s, 1);
    const { name } = only(s).metadata;
    const relabel = (app: string) =>
      s.json("PATCH", `${APPS}/replicasets/${name}`, { metadata: { labels: { app } } }, MERGE);
    relabel("other");
    s.run(1);
    const released = s.json("GET", `${APPS}/replicasets/${name}`);
    expect(released.metadata.ownerReferences).toBeUndefined();
    relabel("web");
    s.run(1);
    expect(s.json("GET", `${APPS}/replicasets/${name}`).metadata.ownerReferences).toHaveLength(1);
    expect(s.kernel.faults).toEqual([]);
  });

  it("are of the next hash when the name is another's", () => {
    const s = start();
    create(s, 1);
    const { name, labels } = only(s).metadata;
    s.json("DELETE", `${APPS}/deployments/web`);
    s.run(5);
    const template = { metadata: { labels: { app: "x" } }, spec: { containers: [{ name: "x", image: "x" }] } };
    s.json("POST", `${APPS}/replicasets`, {
      metadata: { name },
      spec: { replicas: 0, selector: { matchLabels: { app: "x" } }, template },
    });
    create(s, 1);
    const { status } = s.json("GET", `${APPS}/deployments/web`);
    expect(status).toMatchObject({ collisionCount: 1, availableReplicas: 1 });
    const mine = s
      .json("GET", `${APPS}/replicasets`)
      .items.find((set: { metadata: { ownerReferences?: object[] } }) => set.metadata.ownerReferences);
    expect(mine.metadata.labels["pod-template-hash"]).not.toBe(labels["pod-template-hash"]);
    expect(s.kernel.faults).toEqual([]);
  });

  it("of Recreate come only when the last old Pod is gone", () => {
    const s = start();
    create(s, 2, { strategy: { type: "Recreate" } });
    const pods = s.pods().map((pod: { metadata: { name: string } }) => pod.metadata.name);
    const held = { metadata: { finalizers: ["example.com/hold"] } };
    s.json("PATCH", `/api/v1/namespaces/default/pods/${pods[0]}`, held, MERGE);
    patch(s, image("b"));
    s.run(60);
    expect(sets(s)).toEqual({ a: 0 });
    s.json("PATCH", `/api/v1/namespaces/default/pods/${pods[0]}`, { metadata: { finalizers: null } }, MERGE);
    settle(s);
    expect(sets(s)).toEqual({ a: 0, b: 2 });
    expect(s.kernel.faults).toEqual([]);
  });
});
