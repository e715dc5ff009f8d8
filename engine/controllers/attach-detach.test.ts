import { describe, expect, it } from "vitest";
import { MERGE, start } from "./harness.ts";

const STORAGE = "/apis/storage.k8s.io/v1";
const CORE = "/api/v1/namespaces/default";

type Case = ReturnType<typeof start>;

function cluster(driver?: object): Case {
  const s = start();
  for (const name of ["n1", "n2"]) s.json("POST", "/api/v1/nodes", { metadata: { name } });
  if (driver) s.json("POST", `${STORAGE}/csidrivers`, { metadata: { name: "d.io" }, spec: driver });
  s.json("POST", "/api/v1/persistentvolumes", {
    metadata: { name: "v" },
    spec: {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteOnce"],
      storageClassName: "csi",
      csi: { driver: "d.io", volumeHandle: "h" },
    },
  });
  s.json("POST", `${CORE}/persistentvolumeclaims`, {
    metadata: { name: "c" },
    spec: { accessModes: ["ReadWriteOnce"], storageClassName: "csi", resources: { requests: { storage: "1Gi" } } },
  });
  s.run(1);
  return s;
}

function pod(s: Case, name: string, nodeName: string): void {
  const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "c" } }];
  s.json("POST", `${CORE}/pods`, {
    metadata: { name },
    spec: { nodeName, containers: [{ name: "c", image: "x" }], volumes },
  });
  s.run(1);
}

const attachments = (s: Case) => s.json("GET", `${STORAGE}/volumeattachments`).items;
const eventsOf = (s: Case, name: string): string[] =>
  s
    .json("GET", `${CORE}/events`)
    .items.filter((event: { involvedObject: { name: string } }) => event.involvedObject.name === name)
    .map((event: { reason: string; message: string }) => `${event.reason} ${event.message}`);

describe("attachment of CSI volumes", () => {
  it("is asked for on the Pod's node, told of when nobody does it, and noted when it is done", () => {
    const s = cluster();
    pod(s, "a", "n1");
    const [one] = attachments(s);
    // sha256 of handle, driver and node, as external-attachers and people look it up.
    expect(one).toMatchObject({
      metadata: { name: "csi-202c2f4c47134aaed0758f8535f7b9fb0e1cb22d855172b2a00ba063f1c3d2b7" },
      spec: { attacher: "d.io", nodeName: "n1", source: { persistentVolumeName: "v" } },
      status: { attached: false },
    });
    s.run(121);
    expect(eventsOf(s, "a")).toEqual([
      'FailedAttachVolume AttachVolume.Attach failed for volume "v" : timed out waiting for external-attacher of d.io CSI driver to attach volume h',
    ]);
    s.json("PATCH", `${STORAGE}/volumeattachments/${one.metadata.name}/status`, { status: { attached: true } }, MERGE);
    s.run(1);
    expect(s.json("GET", "/api/v1/nodes/n1").status.volumesAttached).toEqual([
      { name: "kubernetes.io/csi/d.io^h", devicePath: "" },
    ]);
    expect(eventsOf(s, "a")).toContain('SuccessfulAttachVolume AttachVolume.Attach succeeded for volume "v" ');
  });

  it("of a volume for one node waits until the other node's Pod has gone", () => {
    const s = cluster({ attachRequired: true });
    pod(s, "a", "n1");
    pod(s, "b", "n2");
    expect(attachments(s)).toHaveLength(1);
    expect(eventsOf(s, "b")).toEqual([
      'FailedAttachVolume Multi-Attach error for volume "v" Volume is already used by pod(s) a',
    ]);
    s.json("DELETE", `${CORE}/pods/a?gracePeriodSeconds=0`);
    s.run(2);
    expect(attachments(s).map((one: { spec: { nodeName: string } }) => one.spec.nodeName)).toEqual(["n2"]);
  });

  it("is left to drivers that need one", () => {
    const s = cluster({ attachRequired: false });
    pod(s, "a", "n1");
    expect(attachments(s)).toEqual([]);
  });
});
