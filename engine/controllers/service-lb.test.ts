import { describe, expect, it } from "vitest";
import { ApiClient } from "../api/client.ts";
import { ADMIN, harness } from "../apiserver/harness.ts";
import { SECOND } from "../kernel/index.ts";
import { ControllerManager } from "./controller-manager.ts";
import { MERGE } from "./harness.ts";

const SERVICES = "/api/v1/namespaces/default/services";

/** An API server, the controllers, and two addresses for load balancers; `routes` is where packets for them go. */
function start() {
  const h = harness();
  for (const name of ["default", "kube-system"]) h.json("POST", "/api/v1/namespaces", { metadata: { name } });
  h.server.certificates.userOf = () => ADMIN;
  const routes = new Map<string, string>();
  const manager = new ControllerManager({
    kernel: h.kernel,
    client: () =>
      new ApiClient({ send: (request) => h.server.handle(request), userAgent: "test", clientCertificate: "test" }),
    log: () => {},
    identity: "cp-1",
    clusterCidr: "10.200.0.0/16",
    serviceCidr: "10.201.0.0/16",
    loadBalancers: {
      addresses: ["203.0.113.50", "203.0.113.51"],
      route: (address, node) => (node === undefined ? routes.delete(address) : routes.set(address, node)),
    },
  });
  manager.start();
  const run = (seconds = 1) => h.kernel.run(h.kernel.now + seconds * SECOND);
  run();
  for (const i of [1, 2]) {
    h.json("POST", "/api/v1/nodes", { metadata: { name: `worker-${i}` } });
    const status = {
      conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: "2030-03-01T09:00:00Z" }],
      addresses: [{ type: "InternalIP", address: `192.168.108.2${i}` }],
    };
    h.json("PATCH", `/api/v1/nodes/worker-${i}/status`, { status }, MERGE);
  }
  const create = (name: string, spec: object = {}) => {
    const ports = [{ port: 80 }];
    h.json("POST", SERVICES, { metadata: { name }, spec: { type: "LoadBalancer", ports, ...spec } });
    run();
  };
  const get = (name: string) => h.json("GET", `${SERVICES}/${name}`);
  const addressOf = (name: string) => get(name).status?.loadBalancer?.ingress?.[0]?.ip;
  const events = (name: string) =>
    h
      .json("GET", "/api/v1/namespaces/default/events")
      .items.filter((event: { involvedObject: { name: string } }) => event.involvedObject.name === name)
      .map((event: { reason: string }) => event.reason);
  return { h, run, routes, create, get, addressOf, events };
}

describe("load balancers", () => {
  it("get the lowest address that is free, and a node that answers for it", () => {
    const { create, addressOf, events, routes, get } = start();
    create("a");
    create("b");
    expect([addressOf("a"), addressOf("b")]).toEqual(["203.0.113.50", "203.0.113.51"]);
    expect(get("a").metadata.finalizers).toEqual(["service.kubernetes.io/load-balancer-cleanup"]);
    expect(events("a")).toEqual(["EnsuringLoadBalancer", "EnsuredLoadBalancer"]);
    expect([...routes.keys()]).toEqual(["203.0.113.50", "203.0.113.51"]);
  });

  it("wait when none is left, and get the one that is given back", () => {
    const { create, addressOf, events, h, run } = start();
    for (const name of ["a", "b", "c"]) create(name);
    expect(addressOf("c")).toBeUndefined();
    expect(events("c")).toContain("SyncLoadBalancerFailed");
    h.json("DELETE", `${SERVICES}/a`);
    run();
    expect(h.json("GET", `${SERVICES}/a`).reason).toBe("NotFound");
    expect(addressOf("c")).toBe("203.0.113.50");
  });

  it("are given back when a Service becomes another type", () => {
    const { create, get, h, run, routes } = start();
    create("a");
    h.json("PATCH", `${SERVICES}/a`, { spec: { type: "ClusterIP" } }, MERGE);
    run();
    expect(get("a").status).toEqual({ loadBalancer: {} });
    expect(get("a").metadata.finalizers).toBeUndefined();
    expect(routes.size).toBe(0);
  });

  it("take the address that is asked for, if it is one of theirs and free", () => {
    const { create, addressOf, events } = start();
    create("a", { loadBalancerIP: "203.0.113.51" });
    expect(addressOf("a")).toBe("203.0.113.51");
    create("b", { loadBalancerIP: "192.0.2.1" });
    expect(addressOf("b")).toBeUndefined();
    expect(events("b")).toContain("SyncLoadBalancerFailed");
  });

  it("of policy Local send to a node that has an endpoint", () => {
    const { create, h, run, routes } = start();
    create("a", { externalTrafficPolicy: "Local" });
    expect(routes.size).toBe(0);
    h.json("POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
      metadata: { name: "a-1", labels: { "kubernetes.io/service-name": "a" } },
      addressType: "IPv4",
      ports: [{ name: "", port: 80, protocol: "TCP" }],
      endpoints: [{ addresses: ["10.200.2.2"], nodeName: "worker-2", conditions: { ready: true } }],
    });
    run();
    expect(routes.get("203.0.113.50")).toBe("192.168.108.22");
  });

  it("of another class are somebody else's", () => {
    const { create, addressOf } = start();
    create("a", { loadBalancerClass: "example.com/other" });
    expect(addressOf("a")).toBeUndefined();
  });
});
