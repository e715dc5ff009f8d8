import { describe, expect, it } from "vitest";
import { MERGE, start } from "../harness.ts";

const CORE = "/api/v1/namespaces/default";
const VOLUMES = "/api/v1/persistentvolumes";
const CLAIMS = `${CORE}/persistentvolumeclaims`;

type Case = ReturnType<typeof start>;

function volume(s: Case, name: string, storage: string, more: object = {}, modes = ["ReadWriteOnce"]): void {
  const spec = { capacity: { storage }, accessModes: modes, hostPath: { path: `/mnt/${name}` }, ...more };
  s.json("POST", VOLUMES, { metadata: { name }, spec });
}

function claim(s: Case, name: string, storage: string, more: object = {}): void {
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } }, ...more };
  s.json("POST", CLAIMS, { metadata: { name }, spec });
}

const stateOf = (s: Case, name: string) => {
  const { spec, status } = s.json("GET", `${CLAIMS}/${name}`);
  return [status.phase, spec.volumeName ?? "", status.capacity?.storage ?? ""];
};
const phaseOf = (s: Case, name: string) => s.json("GET", `${VOLUMES}/${name}`).status.phase;

describe("binding of volumes", () => {
  it("takes the smallest that suits, and names both to each other", () => {
    const s = start();
    volume(s, "big", "10Gi");
    volume(s, "small", "1Gi");
    volume(s, "other", "2Gi", { storageClassName: "fast" });
    volume(s, "shared", "2Gi", {}, ["ReadOnlyMany"]);
    claim(s, "data", "2Gi", { storageClassName: "" });
    s.run(2);
    expect(stateOf(s, "data")).toEqual(["Bound", "big", "10Gi"]);
    expect(phaseOf(s, "big")).toBe("Bound");
    expect(phaseOf(s, "small")).toBe("Available");
    const bound = s.json("GET", `${VOLUMES}/big`);
    expect(bound.spec.claimRef).toMatchObject({ kind: "PersistentVolumeClaim", namespace: "default", name: "data" });
    expect(bound.metadata.annotations).toEqual({ "pv.kubernetes.io/bound-by-controller": "yes" });
    expect(s.json("GET", `${CLAIMS}/data`).metadata.annotations).toEqual({
      "pv.kubernetes.io/bind-completed": "yes",
      "pv.kubernetes.io/bound-by-controller": "yes",
    });
  });

  it.each([
    [
      "no class",
      { storageClassName: "" },
      "FailedBinding no persistent volumes available for this claim and no storage class is set",
    ],
    [
      "an unknown class",
      { storageClassName: "slow" },
      'ProvisioningFailed storageclass.storage.k8s.io "slow" not found',
    ],
    [
      "a class that waits",
      { storageClassName: "late" },
      "WaitForFirstConsumer waiting for first consumer to be created before binding",
    ],
  ])("says why a claim of %s waits, and binds once a volume comes", (_, more, event) => {
    const s = start();
    s.json("POST", "/apis/storage.k8s.io/v1/storageclasses", {
      metadata: { name: "late" },
      provisioner: "kubernetes.io/no-provisioner",
      volumeBindingMode: "WaitForFirstConsumer",
    });
    claim(s, "data", "1Gi", more);
    s.run(2);
    expect(stateOf(s, "data")).toEqual(["Pending", "", ""]);
    expect(s.events("data")).toEqual([event]);
    volume(s, "disk", "1Gi", more);
    s.run(2);
    expect(stateOf(s, "data")[0]).toBe(more.storageClassName === "late" ? "Pending" : "Bound");
  });

  it("keeps, releases and deletes by the reclaim policy; what is used stays", () => {
    const s = start();
    volume(s, "kept", "1Gi", { storageClassName: "a" });
    volume(s, "gone", "1Gi", {
      storageClassName: "b",
      persistentVolumeReclaimPolicy: "Delete",
      hostPath: { path: "/tmp/x" },
    });
    volume(s, "stuck", "1Gi", { storageClassName: "c", persistentVolumeReclaimPolicy: "Delete" });
    for (const name of ["a", "b", "c"]) claim(s, name, "1Gi", { storageClassName: name });
    s.json("POST", `${CORE}/pods`, {
      metadata: { name: "user" },
      spec: {
        nodeName: "n1",
        containers: [{ name: "c", image: "nginx" }],
        volumes: [{ name: "v", persistentVolumeClaim: { claimName: "a" } }],
      },
    });
    s.run(2);
    s.json("DELETE", `${VOLUMES}/kept`);
    for (const name of ["a", "b", "c"]) s.json("DELETE", `${CLAIMS}/${name}`);
    s.run(2);
    expect(s.json("GET", CLAIMS).items.map((c: { metadata: { name: string } }) => c.metadata.name)).toEqual(["a"]);
    expect(phaseOf(s, "kept")).toBe("Bound");
    expect(s.json("GET", `${VOLUMES}/stuck`).status).toMatchObject({
      phase: "Failed",
      message: "host_path deleter only supports /tmp/.+ but received provided /mnt/stuck",
    });
    s.json("PATCH", `${CORE}/pods/user/status`, { status: { phase: "Succeeded" } }, MERGE);
    s.run(2);
    expect(s.json("GET", CLAIMS).items).toEqual([]);
    // The volume was to be deleted already: it goes with its last user.
    expect(s.json("GET", VOLUMES).items.map((v: { metadata: { name: string } }) => v.metadata.name)).toEqual(["stuck"]);
  });
});
