import { describe, expect, it } from "vitest";
import type { MapItem } from "../../../../engine/index.ts";
import { destinationsOf, hexMark, listCommand, splitDestination, startsOf, targetOf } from "./walk-model.ts";

const pod = (namespace: string, name: string, address: string) =>
  ({ kind: "pod", key: `pod/${namespace}/${name}`, namespace, name, address }) as MapItem;
const items = new Map<string, MapItem>(
  [
    { kind: "machine", key: "machine/worker-1", name: "worker-1" } as MapItem,
    pod("kube-system", "coredns", "10.200.1.2"),
    pod("default", "web", "10.200.1.3"),
    pod("default", "late", ""),
    {
      kind: "service",
      key: "service/default/web",
      namespace: "default",
      name: "web",
      clusterIP: "10.201.0.5",
      ports: [],
    },
    { kind: "service", key: "service/default/db", namespace: "default", name: "db", clusterIP: "None", ports: [] },
  ].map((item) => [item.key, item as MapItem]),
);

describe("the packet's form", () => {
  it("offers Pods that have an address, a learner's own first", () => {
    expect(startsOf(items)).toEqual({
      machines: ["machine/worker-1"],
      pods: ["pod/default/web", "pod/kube-system/coredns"],
    });
  });

  it("offers Services with an address of their own, and Pods", () => {
    expect(destinationsOf(items).map(({ value }) => value)).toEqual(["web.default", "10.200.1.2", "10.200.1.3"]);
  });

  it.each([
    ["web:8000", { to: "web", port: 8000 }],
    [" 10.201.0.5:443 ", { to: "10.201.0.5", port: 443 }],
    ["web.default", { to: "web.default", port: 80 }],
  ])("reads %s", (to, expected) => {
    expect(splitDestination({ from: "machine/a", to, port: 80, protocol: "tcp" })).toMatchObject(expected);
  });
});

describe("the packet's picture", () => {
  it.each([
    ["-d 10.201.0.5/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-ABC", "KUBE-SVC-ABC"],
    ["-p tcp -m tcp -j DNAT --to-destination 10.200.1.3:80", "DNAT --to-destination 10.200.1.3:80"],
    ["-m mark --mark 0x4000/0x4000", "-m mark --mark 0x4000/0x4000"],
  ])("names the target of `%s`", (rule, target) => {
    expect(targetOf(rule)).toBe(target);
  });

  it("names the command that lists a chain", () => {
    const chain = { table: "nat", chain: "KUBE-SERVICES", compared: 1, total: 2, matched: [], left: "return" };
    expect(listCommand(chain)).toBe("sudo iptables -t nat -L KUBE-SERVICES -n -v --line-numbers");
    expect(hexMark(0x4000)).toBe("0x4000");
  });
});
