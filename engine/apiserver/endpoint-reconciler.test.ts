import { expect, test } from "vitest";
import { type Gen, SECOND } from "../kernel/index.ts";
import { bootstrap } from "./bootstrap/bootstrap.ts";
import { EndpointReconciler } from "./endpoint-reconciler.ts";
import { harness } from "./harness.ts";

const IPS = ["192.168.108.11", "192.168.108.12", "192.168.108.13"];

/** Three API servers that have started. */
function start() {
  const h = harness();
  const run = (body: Gen) => {
    const task = h.kernel.spawn("test", body);
    h.kernel.runUntil(() => task.state === "done");
    if (task.error) throw task.error;
  };
  const servers = IPS.map((ip) => {
    run(bootstrap(h.registry, { serviceIp: "10.201.0.1", endpoints: [ip] }));
    const server = new EndpointReconciler(h.registry, ip, "10.201.0.1");
    run(server.reconcile());
    return server;
  });
  const wait = (seconds: number) => h.kernel.run(h.kernel.now + seconds * SECOND);
  const addresses = () =>
    (h.json("GET", "/api/v1/namespaces/default/endpoints/kubernetes").subsets?.[0]?.addresses ?? []).map(
      ({ ip }: { ip: string }) => ip,
    );
  const sliced = () =>
    h
      .json("GET", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes")
      .endpoints.flatMap((endpoint: { addresses: string[] }) => endpoint.addresses);
  const keys = () => h.store.range({ key: "/registry/masterleases/", rangeEnd: "/registry/masterleases0" }).kvs;
  return { h, run, servers, wait, addresses, sliced, keys };
}

test("each server has a key, and its address behind the Service", () => {
  const { addresses, sliced, keys } = start();
  expect(keys().map(({ key }) => key)).toEqual(IPS.map((ip) => `/registry/masterleases/${ip}`));
  expect(addresses()).toEqual(IPS);
  expect(sliced()).toEqual(IPS);
});

test("one that is heard of no more is taken out by the others once its lease is over", () => {
  const { run, servers, wait, addresses, sliced } = start();
  const [first, second] = servers as [EndpointReconciler, EndpointReconciler];
  wait(10);
  run(first.reconcile());
  run(second.reconcile());
  expect(addresses()).toEqual(IPS);
  wait(10);
  run(first.reconcile());
  run(second.reconcile());
  expect(addresses()).toEqual(IPS.slice(0, 2));
  expect(sliced()).toEqual(IPS.slice(0, 2));
});

test("one that shuts down takes itself out, and comes back with its next start", () => {
  const { h, run, servers, addresses } = start();
  run(servers[2]!.leave());
  expect(addresses()).toEqual(IPS.slice(0, 2));
  run(new EndpointReconciler(h.registry, IPS[2]!, "10.201.0.1").reconcile());
  expect(addresses()).toEqual(IPS);
});

test("a turn at rest is one write, of its own key", () => {
  const { h, run, servers, wait, keys } = start();
  wait(10);
  for (const server of servers) run(server.reconcile());
  const before = h.store.revision;
  run(servers[0]!.reconcile());
  expect(h.store.revision).toBe(before + 1);
  expect(keys()[0]).toMatchObject({ version: 3, value: { metadata: { generation: 3 } } });
});

test("what somebody else did to the Endpoints or to the key is put right", () => {
  const { h, run, servers, addresses, keys } = start();
  h.json("DELETE", "/api/v1/namespaces/default/endpoints/kubernetes");
  h.json("POST", "/api/v1/namespaces/default/endpoints", {
    metadata: { name: "kubernetes" },
    subsets: [{ addresses: [{ ip: "10.0.0.1" }], ports: [{ name: "https", port: 6443 }] }],
  });
  h.store.deleteRange({ key: `/registry/masterleases/${IPS[0]}` });
  run(servers[0]!.reconcile());
  expect(addresses()).toEqual(IPS);
  expect(keys()).toHaveLength(3);
});

test.each(["services", "endpoints"])("deleted %s are made again", (resource) => {
  const { h, run, servers, addresses } = start();
  h.json("DELETE", `/api/v1/namespaces/default/${resource}/kubernetes`);
  run(servers[0]!.reconcile());
  expect(h.json("GET", `/api/v1/namespaces/default/${resource}/kubernetes`).metadata.name).toBe("kubernetes");
  expect(addresses()).toEqual(IPS);
});
