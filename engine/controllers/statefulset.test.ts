import { describe, expect, it } from "vitest";
import type { KubeObject } from "../api/types.ts";
import { MERGE, start } from "./harness.ts";
import { goJson } from "./revisions.ts";

const APPS = "/apis/apps/v1/namespaces/default";
const CORE = "/api/v1/namespaces/default";

const set = (extra: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name: "db", namespace: "default" },
  spec: {
    serviceName: "db",
    replicas: 3,
    selector: { matchLabels: { app: "db" } },
    template: { metadata: { labels: { app: "db" } }, spec: { containers: [{ name: "db", image: "postgres:16" }] } },
    ...extra,
  },
});
const image = (name: string) => ({ template: { spec: { containers: [{ name: "db", image: name }] } } });

type Case = ReturnType<typeof start>;
const alive = (s: Case) =>
  s.pods().filter((p: { metadata: { deletionTimestamp?: string } }) => !p.metadata.deletionTimestamp);
const names = (s: Case) => alive(s).map((p: { metadata: { name: string } }) => p.metadata.name);
const images = (s: Case) =>
  alive(s).map((p: { spec: { containers: { image: string }[] } }) => p.spec.containers[0]!.image);
const status = (s: Case) => s.json("GET", `${APPS}/statefulsets/db`).status;
const patch = (s: Case, spec: object) => s.json("PATCH", `${APPS}/statefulsets/db`, { spec }, MERGE);
const settle = (s: Case, rounds = 5) => {
  for (let i = 0; i < rounds; i++) {
    s.run(1);
    s.runPods();
  }
  s.run(1);
};

describe("StatefulSet", () => {
  it("makes Pods one after the other and removes them from the end", () => {
    const s = start();
    s.json("POST", `${APPS}/statefulsets`, set());
    for (const expected of [["db-0"], ["db-0", "db-1"], ["db-0", "db-1", "db-2"]]) {
      s.run(1);
      expect(names(s)).toEqual(expected);
      s.runPods();
    }
    s.run(1);
    const [pod] = s.pods();
    expect(pod.spec).toMatchObject({ hostname: "db-0", subdomain: "db" });
    expect(pod.metadata.labels).toMatchObject({
      "apps.kubernetes.io/pod-index": "0",
      "statefulset.kubernetes.io/pod-name": "db-0",
      "controller-revision-hash": status(s).currentRevision,
    });
    expect(status(s)).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      availableReplicas: 3,
      collisionCount: 0,
    });
    expect(s.events("db")[0]).toBe("SuccessfulCreate create Pod db-0 in StatefulSet db successful");
    patch(s, { replicas: 1 });
    s.run(2);
    expect(names(s)).toEqual(["db-0"]);
    expect(s.events("db").slice(-2)).toEqual([
      "SuccessfulDelete delete Pod db-2 in StatefulSet db successful",
      "SuccessfulDelete delete Pod db-1 in StatefulSet db successful",
    ]);
    expect(s.kernel.faults).toEqual([]);
  });

  it("makes them all at once when Parallel", () => {
    const s = start();
    s.json("POST", `${APPS}/statefulsets`, set({ podManagementPolicy: "Parallel" }));
    s.run(1);
    expect(names(s)).toEqual(["db-0", "db-1", "db-2"]);
  });

  it.each([
    ["all, from the end", {}, ["b", "b", "b"]],
    ["those from the partition on", { type: "RollingUpdate", rollingUpdate: { partition: 2 } }, ["a", "a", "b"]],
    ["none by itself", { type: "OnDelete" }, ["a", "a", "a"]],
  ])("updates %s", (_, updateStrategy, expected) => {
    const s = start();
    s.json(
      "POST",
      `${APPS}/statefulsets`,
      set({ updateStrategy, ...image("a"), template: { ...set().spec.template, ...image("a").template } }),
    );
    settle(s);
    patch(s, image("b"));
    settle(s, 8);
    expect(images(s)).toEqual(expected);
    const { currentRevision, updateRevision } = status(s);
    expect(currentRevision === updateRevision).toBe(expected[0] === "b");
    expect(s.json("GET", `${APPS}/controllerrevisions`).items).toHaveLength(2);
    expect(s.kernel.faults).toEqual([]);
  });

  it("stops at a Pod that does not get ready, and goes back to an old revision", () => {
    const s = start();
    s.json("POST", `${APPS}/statefulsets`, set());
    settle(s);
    const before = status(s).currentRevision;
    patch(s, image("broken"));
    s.run(10);
    expect(images(s)).toEqual(["postgres:16", "postgres:16", "broken"]);
    patch(s, image("postgres:16"));
    s.run(2);
    // Upstream leaves a broken Pod of the old rollout to the administrator when it is replaced in order.
    s.json("DELETE", `${CORE}/pods/db-2`);
    settle(s);
    expect(images(s)).toEqual(["postgres:16", "postgres:16", "postgres:16"]);
    expect(status(s).currentRevision).toBe(before);
    const revisions = s.json("GET", `${APPS}/controllerrevisions`).items;
    expect(revisions.map((r: { revision: number }) => r.revision).sort()).toEqual([2, 3]);
  });

  it("makes claims that outlive its Pods", () => {
    const s = start();
    const claim = {
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    };
    s.json("POST", `${APPS}/statefulsets`, set({ replicas: 1, volumeClaimTemplates: [claim] }));
    s.run(1);
    expect(s.pods()[0].spec.volumes[0]).toEqual({ name: "data", persistentVolumeClaim: { claimName: "data-db-0" } });
    const [made] = s.json("GET", `${CORE}/persistentvolumeclaims`).items;
    expect([made.metadata.name, made.status.phase]).toEqual(["data-db-0", "Pending"]);
    expect(s.events("db")[0]).toBe("SuccessfulCreate create Claim data-db-0 Pod db-0 in StatefulSet db success");
    s.json("DELETE", `${APPS}/statefulsets/db`);
    s.run(3);
    expect(s.json("GET", `${CORE}/persistentvolumeclaims`).items).toHaveLength(1);
  });

  const claim = {
    metadata: { name: "data" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  };
  const claims = (s: Case) =>
    s
      .json("GET", `${CORE}/persistentvolumeclaims`)
      .items.map((one: KubeObject) => [
        one.metadata.name,
        one.metadata.ownerReferences?.map((owner) => owner.kind).join() ?? "",
      ]);

  // Restated from pkg/controller/statefulset/stateful_set_utils_test.go, stateful_pod_control_test.go (KEP-1847).
  it.each([
    ["Retain", "Retain", ["", ""], ["data-db-0", "data-db-1"], ["data-db-0", "data-db-1"]],
    ["Delete", "Retain", ["StatefulSet", "StatefulSet"], ["data-db-0", "data-db-1"], []],
    ["Retain", "Delete", ["", ""], ["data-db-0"], ["data-db-0"]],
    ["Delete", "Delete", ["StatefulSet", "StatefulSet"], ["data-db-0"], []],
  ])("claims: whenDeleted %s, whenScaled %s", (whenDeleted, whenScaled, owners, scaled, deleted) => {
    const s = start();
    const persistentVolumeClaimRetentionPolicy = { whenDeleted, whenScaled };
    s.json(
      "POST",
      `${APPS}/statefulsets`,
      set({ replicas: 2, volumeClaimTemplates: [claim], persistentVolumeClaimRetentionPolicy }),
    );
    settle(s);
    const names = (list: [string, string][]) => list.map(([name]) => name);
    expect(claims(s).map(([, owner]: [string, string]) => owner)).toEqual(owners);
    patch(s, { replicas: 1 });
    settle(s);
    expect(names(claims(s))).toEqual(scaled);
    patch(s, { replicas: 2 });
    settle(s);
    expect(names(claims(s))).toEqual(["data-db-0", "data-db-1"]);
    patch(s, { replicas: 1 });
    settle(s);
    s.json("DELETE", `${APPS}/statefulsets/db`);
    s.run(5);
    expect(names(claims(s))).toEqual(deleted);
    expect(s.kernel.faults).toEqual([]);
  });

  it("gives claims another owner when the policy changes, and its Pods their labels back", () => {
    const s = start();
    s.json("POST", `${APPS}/statefulsets`, set({ replicas: 1, volumeClaimTemplates: [claim] }));
    settle(s);
    expect(claims(s)).toEqual([["data-db-0", ""]]);
    patch(s, { persistentVolumeClaimRetentionPolicy: { whenDeleted: "Delete" } });
    s.run(1);
    expect(claims(s)).toEqual([["data-db-0", "StatefulSet"]]);
    expect(s.events("db").at(-1)).toBe("SuccessfulUpdate update Pod db-0 in StatefulSet db successful");
    const label = "statefulset.kubernetes.io/pod-name";
    s.json("PATCH", `${CORE}/pods/db-0`, { metadata: { labels: { [label]: null } } }, MERGE);
    s.run(1);
    expect(s.pods()[0].metadata.labels[label]).toBe("db-0");
  });

  it("leaves a claim to somebody else who controls it, and says so", () => {
    const s = start();
    const persistentVolumeClaimRetentionPolicy = { whenDeleted: "Delete" };
    s.json(
      "POST",
      `${APPS}/statefulsets`,
      set({ replicas: 1, volumeClaimTemplates: [claim], persistentVolumeClaimRetentionPolicy }),
    );
    settle(s);
    const owner = s.json("POST", `${CORE}/configmaps`, { metadata: { name: "other" } }).metadata;
    const path = `${CORE}/persistentvolumeclaims/data-db-0`;
    const [own] = s.json("GET", path).metadata.ownerReferences;
    const other = { apiVersion: "v1", kind: "ConfigMap", name: "other", uid: owner.uid, controller: true };
    s.json("PATCH", path, { metadata: { ownerReferences: [{ ...own, controller: false }, other] } }, MERGE);
    patch(s, { minReadySeconds: 0, replicas: 1, template: { metadata: { annotations: { a: "b" } } } });
    settle(s);
    expect(claims(s)).toEqual([["data-db-0", "ConfigMap"]]);
    expect(
      s
        .events("db")
        .some((line: string) => line.startsWith("ConflictingController PersistentVolumeClaim data-db-0 has")),
    ).toBe(true);
  });

  it("says why a claim or a Pod cannot be made", () => {
    const s = start();
    const hard = { persistentvolumeclaims: "0" };
    s.json("POST", `${CORE}/resourcequotas`, { metadata: { name: "q" }, spec: { hard } });
    s.run(3);
    s.json("POST", `${APPS}/statefulsets`, set({ replicas: 1, volumeClaimTemplates: [claim] }));
    s.run(1);
    const why =
      'persistentvolumeclaims "data-db-0" is forbidden: exceeded quota: q, requested: persistentvolumeclaims=1, used: persistentvolumeclaims=0, limited: persistentvolumeclaims=0';
    expect(s.events("db").slice(0, 2)).toEqual([
      `FailedCreate create Claim data-db-0 for Pod db-0 in StatefulSet db failed error: ${why}`,
      `FailedCreate create Pod db-0 in StatefulSet db failed error: failed to create PVC data-db-0: ${why}`,
    ]);
    expect(s.kernel.faults).toEqual([]);
  });

  it("lets a Pod go whose labels no longer match", () => {
    const s = start();
    s.json("POST", `${APPS}/statefulsets`, set({ replicas: 1 }));
    settle(s);
    s.json("PATCH", `${CORE}/pods/db-0`, { metadata: { labels: { app: "mine" } } }, MERGE);
    s.run(1);
    expect(s.pods()[0].metadata.ownerReferences).toBeUndefined();
    expect(status(s).replicas).toBe(0);
  });

  it("counts from ordinals.start and replaces what is out of its range", () => {
    const s = start();
    s.json("POST", `${APPS}/statefulsets`, set({ replicas: 2, ordinals: { start: 3 } }));
    settle(s);
    expect(names(s)).toEqual(["db-3", "db-4"]);
    patch(s, { ordinals: { start: 4 } });
    settle(s);
    expect(names(s)).toEqual(["db-4", "db-5"]);
  });

  it("writes JSON as Go does", () => {
    expect(goJson({ b: "a<b>&", a: [1, null], c: undefined })).toBe('{"a":[1,null],"b":"a\\u003cb\\u003e\\u0026"}');
  });
});
