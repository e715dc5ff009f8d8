import { describe, expect, it } from "vitest";
import type { MapItem, MapMachine, MapPod, MapService } from "../../../../engine/index.ts";
import { applyUpdate, arrange, commandsFor, namespacesOf, portText } from "./map-model.ts";

const machine = (name: string, role: MapMachine["role"], state: MapMachine["state"] = "ready"): MapMachine => ({
  kind: "machine",
  key: `machine/${name}`,
  name,
  role,
  address: "192.168.108.1",
  state,
  cordoned: false,
  taints: [],
});
const pod = (namespace: string, name: string, node: string, owner?: MapPod["owner"]): MapPod => ({
  kind: "pod",
  key: `pod/${namespace}/${name}`,
  namespace,
  name,
  node,
  address: "",
  owner,
  state: node ? "running" : "pending",
  status: node ? "Running" : "Pending",
  ready: "1/1",
  restarts: 0,
});
const service = (namespace: string, name: string): MapService => ({
  kind: "service",
  key: `service/${namespace}/${name}`,
  namespace,
  name,
  type: "ClusterIP",
  clusterIP: "10.201.0.5",
  external: [],
  ports: [{ name: "", port: 80, protocol: "TCP", target: "8080", nodePort: undefined }],
  endpoints: [],
  more: 0,
});
const itemsOf = (...items: MapItem[]) => new Map(items.map((item) => [item.key, item]));

describe("the map's picture", () => {
  const web = { kind: "Deployment", name: "web" };
  const items = itemsOf(
    machine("cp-1", "control-plane"),
    machine("worker-10", "worker"),
    machine("worker-9", "worker"),
    machine("lb-1", "load-balancer", "none"),
    pod("default", "web-b", "worker-9", web),
    pod("default", "web-a", "worker-9", web),
    pod("default", "alone", "worker-9"),
    pod("default", "late", ""),
    pod("kube-system", "etcd-cp-1", "cp-1", { kind: "Node", name: "cp-1" }),
    service("kube-system", "kube-dns"),
    service("default", "web"),
  );

  it("groups Pods by owner on their machine, and leaves the system's out", () => {
    const { nodes, others, waiting, services, counts } = arrange(items, "own");
    expect(nodes.map(({ machine: { name }, hidden }) => [name, hidden])).toEqual([
      ["worker-9", 0],
      ["worker-10", 0],
      ["cp-1", 1],
    ]);
    expect(nodes[0]!.groups.map(({ kind, name, pods }) => [kind, name, pods.map((each) => each.name)])).toEqual([
      ["Pod", "alone", ["alone"]],
      ["Deployment", "web", ["web-a", "web-b"]],
    ]);
    expect(others.map(({ name }) => name)).toEqual(["lb-1"]);
    expect(waiting.map(({ name }) => name)).toEqual(["late"]);
    expect(services.map(({ name }) => name)).toEqual(["web"]);
    expect(counts).toEqual({ running: 3, pending: 1 });
  });

  it("shows everything, or one namespace, when asked", () => {
    expect(arrange(items, "all").services).toHaveLength(2);
    const system = arrange(items, { namespace: "kube-system" });
    expect(system.nodes.map(({ groups, hidden }) => [groups.length, hidden])).toEqual([
      [0, 3],
      [0, 0],
      [1, 0],
    ]);
    expect(namespacesOf(items)).toEqual(["default", "kube-system"]);
  });

  it("changes with updates", () => {
    const next = applyUpdate(items, {
      full: false,
      items: [pod("default", "late", "worker-10")],
      gone: ["pod/default/alone"],
      left: 0,
    });
    expect(next.get("pod/default/late")).toMatchObject({ node: "worker-10" });
    expect(next.has("pod/default/alone")).toBe(false);
    expect(items.has("pod/default/alone")).toBe(true);
    expect(applyUpdate(items, { full: true, items: [], gone: [], left: 0 }).size).toBe(0);
  });

  it("names the commands that show the same", () => {
    expect(commandsFor(service("default", "web"))[1]).toBe(
      "kubectl get endpointslices -n default -l kubernetes.io/service-name=web",
    );
    expect(commandsFor(machine("lb-1", "load-balancer", "none"))).toEqual([]);
    expect(portText(service("default", "web").ports[0]!)).toBe("80/TCP → 8080");
  });
});
