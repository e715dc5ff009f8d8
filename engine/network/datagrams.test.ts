import { describe, expect, it } from "vitest";
import { decode, encode, Kernel, SECOND } from "../kernel/index.ts";
import { iptables, Ruleset, restore } from "../netfilter/index.ts";
import { isNetError, type NetNamespace, Network } from "./index.ts";
import { ipvsOf, realServer } from "./ipvs.ts";

const RULES = `*nat
:SVC - [0:0]
-A PREROUTING -p udp -d 10.201.0.10 --dport 53 -j SVC
-A OUTPUT -p udp -d 10.201.0.10 --dport 53 -j SVC
-A SVC -m statistic --mode random --probability 0.5000000000 -j DNAT -p udp --to-destination 10.200.1.2:5353
-A SVC -j DNAT -p udp --to-destination 10.200.2.2:5353
-A POSTROUTING -p udp --dport 5353 -s 192.168.0.0/24 -j MASQUERADE
COMMIT
`;

/** Two nodes with a server of datagrams each, which say their number; the first node has the rules, or virtual servers. */
function world(mode: "iptables" | "ipvs") {
  const kernel = new Kernel({ seed: 3, epochMs: 0 });
  const network = new Network(kernel);
  const device = (name: string, address: string) => ({
    name,
    mac: "02:00:00:00:00:01",
    addresses: [address],
    up: true,
    mtu: 1500,
  });
  const nodes = [1, 2].map((n) => {
    const node = network.namespace(`node-${n}`);
    node.addInterface(device("eth0", `192.168.0.${n}/24`));
    node.addInterface(device("cni0", `10.200.${n}.1/24`));
    node.routes.push(
      { destination: "default", via: "192.168.0.254", device: "eth0" },
      { destination: `10.200.${n}.0/24`, device: "cni0", source: `10.200.${n}.1` },
    );
    return node;
  });
  const [node] = nodes as [NetNamespace, NetNamespace];
  node.netfilter = new Ruleset();
  expect(
    restore(node.netfilter, mode === "iptables" ? RULES : "*nat\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n"),
  ).toMatchObject({ status: 0 });
  const ipvs = ipvsOf(node);
  const servers = [realServer("10.200.2.2", 5353), realServer("10.200.1.2", 5353)];
  if (mode === "ipvs") {
    const service = { protocol: "udp", address: "10.201.0.10", port: 53, scheduler: "rr", flags: 0 } as const;
    ipvs.services.set("udp 10.201.0.10:53", { ...service, persistent: undefined, servers });
  }
  const closes = nodes.map((one, i) => {
    const pod = network.namespace(`pod-${i + 1}`, one);
    pod.addInterface(device("eth0", `10.200.${i + 1}.2/24`));
    return pod.listen({
      protocol: "udp",
      address: "0.0.0.0",
      port: 5353,
      program: "dns",
      *datagram() {
        return encode(`${i + 1}`);
      },
    });
  });
  const client = network.namespace("client", node);
  client.addInterface(device("eth0", "10.200.1.9/24"));
  /** Who answered a datagram from a port, or why nobody did. */
  const ask = (own?: number): string => {
    let result: string | undefined;
    kernel.spawn(
      "client",
      (function* () {
        try {
          result = decode(yield* network.exchange(client, "10.201.0.10", 53, encode("?"), SECOND, own));
        } catch (error) {
          result = isNetError(error) ? error.code : String(error);
        }
      })(),
    );
    kernel.runUntil(() => result !== undefined, kernel.now + 60 * SECOND);
    return result!;
  };
  const pass = (seconds: number) => {
    let over = false;
    kernel.after(seconds * SECOND, "pause", () => (over = true));
    kernel.runUntil(() => over, kernel.now + 2 * seconds * SECOND);
  };
  const tracks = () => node.netfilter!.conntrack.list(kernel.now);
  return { kernel, node, ipvs, closes, ask, pass, tracks };
}

describe.each(["iptables", "ipvs"] as const)("datagrams to a Service, mode %s", (mode) => {
  it("from one port go where the first went, from new ports anywhere", () => {
    const { ask, tracks } = world(mode);
    for (const port of [4001, 4002, 4003]) {
      const first = ask(port);
      for (let i = 0; i < 10; i++) expect(ask(port)).toBe(first);
    }
    expect(tracks()).toHaveLength(3);
    expect(new Set(Array.from({ length: 30 }, () => ask())).size).toBe(2);
  });

  it("stay with a server that has gone until it is known to have", () => {
    const { ask, closes, ipvs, node, kernel } = world(mode);
    const first = ask(4001);
    const other = first === "1" ? "2" : "1";
    closes[Number(first) - 1]!();
    expect(ask(4001)).toBe("ECONNREFUSED");
    expect(ask(4001)).toBe("ECONNREFUSED");
    // As kube-proxy does it.
    if (mode === "ipvs") {
      const service = ipvs.services.get("udp 10.201.0.10:53")!;
      service.servers = service.servers.filter(({ address }) => address === `10.200.${other}.2`);
      expect(ask(4001)).toBe("ETIMEDOUT");
    } else {
      const rules = node.netfilter!;
      iptables(rules, "-t nat -F SVC".split(" "));
      iptables(rules, `-t nat -A SVC -p udp -j DNAT --to-destination 10.200.${other}.2:5353`.split(" "));
      expect(ask(4001)).toBe("ECONNREFUSED");
      rules.conntrack.delete(kernel.now, ({ reply }) => reply.source === `10.200.${first}.2`);
    }
    expect(ask(4001)).toBe(other);
  });
});

describe("entries of datagrams", () => {
  it("last 30 s, 120 s once both sides have kept talking for 2 s", () => {
    const { ask, pass, tracks } = world("iptables");
    ask(4001);
    expect(tracks()).toMatchObject([{ replied: true }]);
    pass(29);
    expect(tracks()).toHaveLength(1);
    pass(2);
    expect(tracks()).toHaveLength(0);
    ask(4001);
    pass(3);
    ask(4001);
    expect(tracks()).toMatchObject([{ stream: true }]);
    pass(100);
    expect(tracks()).toHaveLength(1);
    pass(30);
    expect(tracks()).toHaveLength(0);
  });

  it("are there for a datagram that nobody answered", () => {
    const { ask, tracks, closes } = world("iptables");
    for (const close of closes) close();
    expect(ask(4001)).toBe("ECONNREFUSED");
    expect(tracks()).toMatchObject([{ replied: false, original: { sourcePort: 4001 } }]);
  });

  it("are NEW to rules until an answer has come, and do not ask nat again", () => {
    const { ask, node, closes } = world("iptables");
    const rules = node.netfilter!;
    iptables(rules, "-A FORWARD -p udp -m conntrack --ctstate NEW".split(" "));
    iptables(rules, "-A FORWARD -p udp -m conntrack --ctstate ESTABLISHED".split(" "));
    const [fresh, known] = rules.table("filter").chains.get("FORWARD")!.rules;
    const nat = rules.table("nat").chains.get("SVC")!.rules[1]!;
    ask(4001);
    ask(4001);
    expect([fresh!.packets, known!.packets]).toEqual([1, 1]);
    for (const close of closes) close();
    const before = nat.packets;
    ask(4002);
    ask(4002);
    expect([fresh!.packets, known!.packets]).toEqual([3, 1]);
    expect(nat.packets - before).toBeLessThanOrEqual(1);
  });
});
