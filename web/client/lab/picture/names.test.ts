import { describe, expect, it } from "vitest";
import type { MapItem } from "../../../../engine/index.ts";
import { mentionsIn, namesOf, touchedBy } from "./names.ts";

const machine = (name: string, address: string) => ({ kind: "machine", key: `machine/${name}`, name, address });
const pod = (name: string, address: string, owner?: string) => ({
  kind: "pod",
  key: `pod/default/${name}`,
  name,
  namespace: "default",
  address,
  owner: owner ? { kind: "Deployment", name: owner } : undefined,
});
const service = (name: string, clusterIP: string) => ({
  kind: "service",
  key: `service/default/${name}`,
  name,
  namespace: "default",
  clusterIP,
  external: [],
});
const items = new Map(
  [
    machine("worker-1", "192.168.108.21"),
    pod("web-65d846d465-mbw9r", "10.200.3.3", "web"),
    pod("proxy", "192.168.108.21"),
    service("web", "10.201.123.78"),
    service("headless", "None"),
  ].map((item) => [item.key, item as unknown as MapItem]),
);
const names = namesOf(items);
const found = (text: string) => mentionsIn(text, names).map(({ start, end, key }) => [text.slice(start, end), key]);

describe("names in a text", () => {
  it.each([
    ["web-65d846d465-mbw9r   1/1", [["web-65d846d465-mbw9r", "pod/default/web-65d846d465-mbw9r"]]],
    [
      "service/web   ClusterIP   10.201.123.78   80/TCP",
      [
        ["web", "service/default/web"],
        ["10.201.123.78", "service/default/web"],
      ],
    ],
    ["10.200.3.3:80,10.200.3.30:80", [["10.200.3.3", "pod/default/web-65d846d465-mbw9r"]]],
    ["curl -s web.default.svc.cluster.local.", [["web", "service/default/web"]]],
    ["learner@worker-1:~$ ssh worker-11", [["worker-1", "machine/worker-1"]]],
    ["192.168.108.21", [["192.168.108.21", "machine/worker-1"]]],
    ["None webby my-web", []],
    ["한글 web은", [["web", "service/default/web"]]],
  ])("%j", (text, mentions) => {
    expect(found(text)).toEqual(mentions);
  });

  it("are touched by a command that names them or their owner", () => {
    expect([...touchedBy("kubectl scale deployment/web --replicas=5", items)]).toEqual([
      "pod/default/web-65d846d465-mbw9r",
      "service/default/web",
    ]);
    expect([...touchedBy("kubectl cordon worker-1; kubectl get pods", items)]).toEqual(["machine/worker-1"]);
    expect([...touchedBy("ls", items)]).toEqual([]);
  });
});
