import { describe, expect, it } from "vitest";
import type { Gen } from "../../kernel/index.ts";
import { type Harness, harness } from "../harness.ts";
import { bootstrap } from "./bootstrap.ts";

function run(h: Harness, body: Gen): void {
  const task = h.kernel.spawn("bootstrap", body);
  h.kernel.runUntil(() => task.state === "done");
  if (task.error) throw task.error;
}

const SERVICE_IP = "10.201.0.1";

describe("what API servers make when they start", () => {
  it("is made once, however many start", () => {
    const h = harness();
    run(h, bootstrap(h.registry, { serviceIp: SERVICE_IP, endpoints: ["192.168.108.11"] }));
    const revision = h.store.revision;
    run(h, bootstrap(h.registry, { serviceIp: SERVICE_IP, endpoints: ["192.168.108.11"] }));
    expect(h.store.revision).toBe(revision);
    const names = h
      .json("GET", "/api/v1/namespaces")
      .items.map((one: { metadata: { name: string } }) => one.metadata.name);
    expect(names).toEqual(["default", "kube-node-lease", "kube-public", "kube-system"]);
    const roles = h.json("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles").items;
    expect(roles.length).toBeGreaterThan(60);
    const view = roles.find((one: { metadata: { name: string } }) => one.metadata.name === "view");
    expect(view.rules.length).toBeGreaterThan(5);
  });

  it("puts each server behind the Service kubernetes", () => {
    const h = harness();
    for (const ip of ["192.168.108.12", "192.168.108.11"]) {
      run(h, bootstrap(h.registry, { serviceIp: SERVICE_IP, endpoints: [ip] }));
    }
    const path = "/api/v1/namespaces/default/endpoints/kubernetes";
    expect(h.json("GET", path).subsets[0].addresses).toEqual([{ ip: "192.168.108.11" }, { ip: "192.168.108.12" }]);
    const slice = h.json("GET", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes");
    expect(slice.endpoints.map(({ addresses }: { addresses: string[] }) => addresses[0])).toEqual([
      "192.168.108.11",
      "192.168.108.12",
    ]);
  });
});
