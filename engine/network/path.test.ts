import { describe, expect, it } from "vitest";
import { Kernel } from "../kernel/index.ts";
import { iptables, Ruleset, restore } from "../netfilter/index.ts";
import { isNetError, type NetNamespace, Network } from "./index.ts";
import { walkOf } from "./path.ts";
import { FIRST_RULES, type RoutingRule } from "./policy-routing.ts";

const SERVICES = `*nat
:KUBE-SERVICES - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-SVC-WEB - [0:0]
:KUBE-EXT-WEB - [0:0]
:KUBE-SEP-A - [0:0]
:KUBE-SEP-B - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
-A KUBE-SERVICES -m comment --comment "default/web cluster IP" -m tcp -p tcp -d 10.201.0.5 --dport 80 -j KUBE-SVC-WEB
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-NODEPORTS -m tcp -p tcp --dport 30080 -j KUBE-EXT-WEB
-A KUBE-EXT-WEB -j KUBE-MARK-MASQ
-A KUBE-EXT-WEB -j KUBE-SVC-WEB
-A KUBE-SVC-WEB -m tcp -p tcp -d 10.201.0.5 --dport 80 ! -s 10.200.0.0/16 -j KUBE-MARK-MASQ
-A KUBE-SVC-WEB -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-A
-A KUBE-SVC-WEB -j KUBE-SEP-B
-A KUBE-SEP-A -s 10.200.1.2 -j KUBE-MARK-MASQ
-A KUBE-SEP-A -m tcp -p tcp -j DNAT --to-destination 10.200.1.2:8080
-A KUBE-SEP-B -s 10.200.2.2 -j KUBE-MARK-MASQ
-A KUBE-SEP-B -m tcp -p tcp -j DNAT --to-destination 10.200.2.2:8080
COMMIT
*filter
:KUBE-SERVICES - [0:0]
-A FORWARD -m conntrack --ctstate NEW -j KUBE-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -j KUBE-SERVICES
-A KUBE-SERVICES -m comment --comment "default/empty has no endpoints" -m tcp -p tcp -d 10.201.0.9 --dport 80 -j REJECT
COMMIT
`;

function device(name: string, address: string) {
  return { name, mac: "02:00:00:00:00:01", addresses: [address], up: true, mtu: 1500 };
}

/** Two nodes with a Pod each, and a workstation without rules. */
function world() {
  const kernel = new Kernel({ seed: 1, epochMs: 0 });
  const network = new Network(kernel);
  const machine = (name: string, address: string) => {
    const ns = network.namespace(name);
    ns.addInterface(device("eth0", `${address}/24`));
    return ns;
  };
  const nodes = [1, 2].map((n) => {
    const node = machine(`node-${n}`, `192.168.0.${n}`);
    node.addInterface(device("cni0", `10.200.${n}.1/24`));
    node.routes.push(
      { destination: "default", via: "192.168.0.254", device: "eth0" },
      { destination: `10.200.${n}.0/24`, device: "cni0", source: `10.200.${n}.1` },
    );
    node.netfilter = new Ruleset();
    expect(restore(node.netfilter, SERVICES)).toMatchObject({ status: 0 });
    return node;
  });
  const pods = nodes.map((node, i) => {
    const pod = network.namespace(`pod-${i + 1}`, node);
    pod.addInterface(device("eth0", `10.200.${i + 1}.2/24`));
    pod.listen({
      protocol: "tcp",
      address: "0.0.0.0",
      port: 8080,
      program: "nginx",
      *http({ remoteAddress }) {
        return { status: 200, headers: {}, body: { at: i + 1, from: remoteAddress } } as never;
      },
    });
    return pod;
  });
  const station = machine("workstation", "192.168.0.100");
  /** Who answered and whom it saw, or the error. */
  const ask = (from: NetNamespace, address: string, port: number): string => {
    let result = "still waiting";
    kernel.spawn(
      "client",
      (function* () {
        try {
          const connection = yield* network.connect(from, address, port);
          const { body } = yield* connection.http({
            method: "GET",
            path: "/",
            headers: {},
            remoteAddress: "",
          } as never);
          const { at, from: seen } = body as never as { at: number; from: string };
          result = `pod-${at} from ${seen}`;
        } catch (error) {
          result = isNetError(error) ? error.code : String(error);
        }
      })(),
    );
    kernel.runUntil(() => result !== "still waiting", kernel.now + 60_000_000);
    return result;
  };
  const rules = (node: number, line: string) => {
    const { status, error } = iptables(nodes[node - 1]!.netfilter!, line.split(" "));
    expect(error).toBe("");
    return status;
  };
  return { kernel, network, nodes, pods, station, ask, rules };
}

describe("connections through the rules", () => {
  it("reach every endpoint of a ClusterIP, from a Pod with its own address", () => {
    const { ask, pods } = world();
    const answers = new Set(Array.from({ length: 40 }, () => ask(pods[0]!, "10.201.0.5", 80)));
    // To itself through the Service a Pod is masqueraded: it would not answer its own address from outside.
    expect([...answers].sort()).toEqual(["pod-1 from 10.200.1.1", "pod-2 from 10.200.1.2"]);
  });

  it("are masqueraded from a node, and at a node port", () => {
    const { ask, nodes, station } = world();
    const own = new Set(Array.from({ length: 40 }, () => ask(nodes[0]!, "10.201.0.5", 80)));
    expect([...own].sort()).toEqual(["pod-1 from 10.200.1.1", "pod-2 from 192.168.0.1"]);
    const outside = new Set(Array.from({ length: 40 }, () => ask(station, "192.168.0.1", 30080)));
    expect([...outside].sort()).toEqual(["pod-1 from 10.200.1.1", "pod-2 from 192.168.0.1"]);
  });

  it("are refused at once by a Service without endpoints, and reach nobody where there is no rule", () => {
    const { ask, kernel, pods, station } = world();
    expect(ask(pods[0]!, "10.201.0.9", 80)).toBe("ECONNREFUSED");
    expect(kernel.now).toBe(0);
    expect(ask(station, "10.201.0.5", 80)).toBe("ETIMEDOUT");
  });

  it("fail once a rule is deleted by hand, on that node only", () => {
    const { ask, pods, rules } = world();
    rules(1, "-t nat -F KUBE-SVC-WEB");
    expect(ask(pods[0]!, "10.201.0.5", 80)).toMatch(/ETIMEDOUT|EHOSTUNREACH/);
    expect(ask(pods[1]!, "10.201.0.5", 80)).toMatch(/^pod-/);
  });

  it("get no answer when the answer goes another way than the question", () => {
    const { ask, station, rules } = world();
    rules(1, "-t nat -F KUBE-SEP-A");
    rules(1, "-t nat -A KUBE-SEP-A -p tcp -j DNAT --to-destination 10.200.2.2:8080");
    rules(1, "-t nat -F KUBE-MARK-MASQ");
    expect(ask(station, "192.168.0.1", 30080)).toBe("ETIMEDOUT");
  });

  it.each([
    ["-A FORWARD -d 10.200.1.2 -p tcp --dport 8080 -j DROP", "ETIMEDOUT"],
    ["-A FORWARD -d 10.200.1.2 -j REJECT", "ECONNREFUSED"],
    ["-A FORWARD -i eth0 -o cni0 -j REJECT --reject-with icmp-host-prohibited", "EHOSTUNREACH"],
    ["-A FORWARD -i cni0 -j DROP", "pod-1 from 10.200.2.2"],
    ["-P FORWARD DROP", "ETIMEDOUT"],
    ["-t raw -A PREROUTING -s 10.200.2.2 -j DROP", "ETIMEDOUT"],
  ])("obey `iptables %s` on the way: %s", (line, expected) => {
    const { ask, pods, rules } = world();
    rules(1, line);
    expect(ask(pods[1]!, "10.200.1.2", 8080)).toBe(expected);
  });

  it("move the counters of rules, remembered paths too", () => {
    const { ask, nodes, pods, rules } = world();
    rules(1, "-I FORWARD -d 10.200.1.2");
    for (let i = 0; i < 3; i++) ask(pods[1]!, "10.200.1.2", 8080);
    expect(nodes[0]!.netfilter!.table("filter").chains.get("FORWARD")!.rules[0]).toMatchObject({
      packets: 3,
      bytes: 180,
    });
  });

  it("stand in the tables of connections as they came and as answers come", () => {
    const { ask, kernel, nodes, station } = world();
    const answer = ask(station, "192.168.0.1", 30080);
    const [track] = nodes[0]!.netfilter!.conntrack.list(kernel.now);
    const to = answer.startsWith("pod-1") ? "10.200.1" : "10.200.2";
    expect(track).toMatchObject({
      protocol: "tcp",
      original: { source: "192.168.0.100", destination: "192.168.0.1", destinationPort: 30080 },
      reply: { source: `${to}.2`, sourcePort: 8080, destination: answer.split(" from ")[1] },
    });
  });

  it("can be followed rule by rule", () => {
    const { network, pods } = world();
    const walk = walkOf(network, pods[0]!, "tcp", "10.201.0.5", 80);
    expect(walk.hops.map(({ namespace, hook, outcome }) => `${namespace} ${hook} ${outcome}`).slice(0, 3)).toEqual([
      "node-1 PREROUTING accept",
      "node-1 FORWARD accept",
      "node-1 POSTROUTING accept",
    ]);
    const [, services, service] = walk.hops[0]!.chains;
    expect(services).toEqual({
      table: "nat",
      chain: "KUBE-SERVICES",
      rules: [{ number: 1, matched: true }],
      left: "ACCEPT",
    });
    expect(service!.chain).toBe("KUBE-SVC-WEB");
    expect(walk.path.port).toBe(8080);
    expect(walk.compared).toBeGreaterThan(8);
  });
});

describe("routes", () => {
  it("must lead to an address, those of the machine for a Pod, too", () => {
    const { ask, nodes, pods } = world();
    expect(ask(nodes[0]!, "10.200.2.2", 8080)).toBe("pod-2 from 192.168.0.1");
    nodes[0]!.routes.shift();
    expect(ask(nodes[0]!, "10.200.2.2", 8080)).toBe("ENETUNREACH");
    expect(ask(nodes[0]!, "10.200.1.2", 8080)).toBe("pod-1 from 10.200.1.1");
    expect(ask(pods[0]!, "10.200.2.2", 8080)).toBe("ENETUNREACH");
  });
});

describe("rules of policy routing", () => {
  const rule = (node: NetNamespace, over: Partial<RoutingRule>) => {
    node.rules = [...(over.priority === undefined ? [{ priority: 1, table: 100, ...over }] : []), ...FIRST_RULES];
    node.network.changes++;
  };

  it("say no to a Pod by its address, to others not", () => {
    const { ask, nodes, pods } = world();
    rule(nodes[0]!, { from: "10.200.1.2", action: "prohibit" });
    expect(ask(pods[0]!, "10.200.2.2", 8080)).toBe("EHOSTUNREACH");
    expect(ask(nodes[0]!, "10.200.2.2", 8080)).toBe("pod-2 from 192.168.0.1");
    rule(nodes[0]!, { to: "10.200.2.0/24", input: "cni0", action: "blackhole" });
    expect(ask(pods[0]!, "10.200.2.2", 8080)).toBe("ETIMEDOUT");
  });

  it("look marked packets up in another table, on the way out and on the way through", () => {
    const { ask, nodes, pods, rules } = world();
    const [node] = nodes as [NetNamespace, NetNamespace];
    node.addInterface(device("eth1", "192.168.7.1/24"));
    node.tables.set(100, [{ destination: "default", device: "eth1", via: "192.168.7.254" }]);
    rule(node, { mark: 5 });
    rules(1, "-A FORWARD -o eth1");
    rules(1, "-t mangle -A POSTROUTING -o eth1");
    const [through] = node.netfilter!.table("filter").chains.get("FORWARD")!.rules.slice(-1);
    const [out] = node.netfilter!.table("mangle").chains.get("POSTROUTING")!.rules;
    ask(pods[0]!, "10.200.2.2", 8080);
    expect([through!.packets, out!.packets]).toEqual([0, 0]);
    rules(1, "-t mangle -A PREROUTING -s 10.200.1.2 -j MARK --set-mark 5");
    rules(1, "-t mangle -A OUTPUT -p tcp -j MARK --set-mark 5");
    ask(pods[0]!, "10.200.2.2", 8080);
    expect([through!.packets, out!.packets]).toEqual([1, 1]);
    ask(node, "10.200.2.2", 8080);
    expect([through!.packets, out!.packets]).toEqual([1, 2]);
  });
});

describe("open connections", () => {
  it("end when rules stop their packets, and go on when what is established may pass", () => {
    const { kernel, network, pods, rules } = world();
    let alive: boolean[] = [];
    kernel.spawn(
      "client",
      (function* () {
        const connection = yield* network.connect(pods[0]!, "10.201.0.5", 80);
        alive = [connection.alive()];
        rules(1, "-t nat -F KUBE-SVC-WEB");
        alive.push(connection.alive());
        rules(1, "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT");
        rules(1, "-A FORWARD -p tcp -j DROP");
        rules(1, "-A INPUT -p tcp -j DROP");
        alive.push(connection.alive());
        rules(1, "-F FORWARD");
        rules(1, "-A FORWARD -p tcp -j DROP");
        alive.push(connection.alive());
      })(),
    );
    kernel.runUntil(() => alive.length === 4, 60_000_000);
    expect(alive).toEqual([true, true, true, false]);
  });

  it("write to the kernel's log where a LOG rule stands", () => {
    const { ask, nodes, pods, rules } = world();
    const lines: string[] = [];
    nodes[0]!.kernelLog = (line) => lines.push(line);
    rules(1, "-A FORWARD -d 10.200.1.2 -p tcp -j LOG --log-prefix seen:");
    ask(pods[1]!, "10.200.1.2", 8080);
    expect(lines[0]).toMatch(
      /^seen:IN=eth0 OUT=cni0 SRC=10\.200\.2\.2 DST=10\.200\.1\.2 LEN=60 .* PROTO=TCP SPT=\d+ DPT=8080/,
    );
  });
});
