import { describe, expect, it } from "vitest";
import type { KubeObject } from "../api/types.ts";
import { MERGE, start } from "./harness.ts";

const maps = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`;

type Case = ReturnType<typeof start>;

const owner = (s: Case, namespace = "default", name = "owner") =>
  s.json("POST", maps(namespace), { metadata: { name } }).metadata.uid as string;
const reference = (uid: string, extra: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: "owner",
  uid,
  ...extra,
});
const dependent = (s: Case, ownerReferences: object[], name = "dependent") =>
  s.json("POST", maps("default"), { metadata: { name, ownerReferences } });
const names = (s: Case) =>
  s
    .json("GET", maps("default"))
    .items.map((one: KubeObject) => one.metadata.name)
    .filter((name: string) => !name.startsWith("kube-"));
const remove = (s: Case, name: string, propagationPolicy: string) =>
  s.json("DELETE", `${maps("default")}/${name}`, { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy });
const references = (s: Case, name = "dependent") =>
  s.json("GET", `${maps("default")}/${name}`).metadata.ownerReferences?.map((one: { uid: string }) => one.uid);

/** Restated from pkg/controller/garbagecollector/garbagecollector_test.go and test/integration/garbagecollector. */
describe("garbage collector", () => {
  it.each([
    ["Background", []],
    ["Foreground", []],
    ["Orphan", ["dependent"]],
  ])("%s", (policy, left) => {
    const s = start();
    const uid = owner(s);
    dependent(s, [reference(uid)]);
    s.run(1);
    remove(s, "owner", policy);
    s.run(1);
    expect(names(s)).toEqual(left);
    if (left.length > 0) expect(references(s)).toBeUndefined();
    expect(s.kernel.faults).toEqual([]);
  });

  it.each([
    ["waits for dependents that block it", true, ["dependent", "owner"]],
    ["does not wait for others", undefined, ["dependent"]],
  ])("in the foreground an owner %s", (_, blockOwnerDeletion, left) => {
    const s = start();
    const uid = owner(s);
    dependent(s, [reference(uid, blockOwnerDeletion ? { blockOwnerDeletion } : {})]);
    const held = { metadata: { finalizers: ["example.com/hold"] } };
    s.json("PATCH", `${maps("default")}/dependent`, held, MERGE);
    s.run(1);
    remove(s, "owner", "Foreground");
    s.run(2);
    expect(names(s)).toEqual(left);
    s.json("PATCH", `${maps("default")}/dependent`, { metadata: { finalizers: null } }, MERGE);
    s.run(2);
    expect(names(s)).toEqual([]);
  });

  it("in the foreground two that own each other do not wait for ever", () => {
    const s = start();
    const uid = owner(s);
    const other = dependent(s, [reference(uid, { blockOwnerDeletion: true })]).metadata.uid;
    const back = reference(other, { name: "dependent", blockOwnerDeletion: true });
    s.json("PATCH", `${maps("default")}/owner`, { metadata: { ownerReferences: [back] } }, MERGE);
    s.run(1);
    remove(s, "owner", "Foreground");
    s.run(3);
    expect(names(s)).toEqual([]);
    expect(s.kernel.faults).toEqual([]);
  });

  it("keeps what another owner still holds, without the one that is gone", () => {
    const s = start();
    const gone = owner(s);
    const stays = owner(s, "default", "other");
    dependent(s, [reference(gone), { ...reference(stays), name: "other" }]);
    s.run(1);
    remove(s, "owner", "Background");
    s.run(1);
    expect(names(s)).toEqual(["dependent", "other"]);
    expect(references(s)).toEqual([stays]);
  });

  it.each([
    ["never was", () => [reference("11111111-1111-1111-1111-111111111111")]],
    [
      "is another by that name",
      (s: Case) => {
        owner(s);
        return [reference("11111111-1111-1111-1111-111111111111")];
      },
    ],
    ["has another name", (s: Case) => [reference(owner(s), { name: "misspelt" })]],
  ])("deletes what names an owner that %s", (_, make) => {
    const s = start();
    dependent(s, make(s));
    s.run(1);
    expect(names(s)).not.toContain("dependent");
  });

  it("deletes what names an owner of another namespace, and says so", () => {
    const s = start();
    const uid = owner(s, "kube-system");
    s.run(1);
    dependent(s, [reference(uid)]);
    s.run(1);
    expect(names(s)).toEqual([]);
    expect(s.events("dependent")).toEqual([
      `OwnerRefInvalidNamespace ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: ${uid}] does not exist in namespace "default"`,
    ]);
    expect(s.kernel.faults).toEqual([]);
  });

  it("leaves what has no namespace and names an owner that has", () => {
    const s = start();
    const uid = owner(s);
    s.run(1);
    s.json("POST", "/apis/storage.k8s.io/v1/storageclasses", {
      metadata: { name: "slow", ownerReferences: [reference(uid)] },
      provisioner: "example.com/slow",
    });
    s.run(1);
    remove(s, "owner", "Background");
    s.run(2);
    expect(s.json("GET", "/apis/storage.k8s.io/v1/storageclasses/slow").metadata.name).toBe("slow");
    expect(s.events("slow")[0]).toContain('does not exist in namespace ""');
  });
});
