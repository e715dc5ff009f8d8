import { Kernel } from "../engine/kernel/index.ts";
import { Ruleset, restore } from "../engine/netfilter/index.ts";
import { Network } from "../engine/network/index.ts";
import { pathOf } from "../engine/network/path.ts";
import { cpuMs, type Figure, median } from "./measure.ts";

/** A chain's name with a hash's length. */
const hash = (n: number) => n.toString(36).toUpperCase().padStart(16, "A");
const address = (service: number) => `10.201.${service >> 8}.${service & 255}`;

interface Dump {
  /** Lines of the chain that all Services share. */
  common: string[];
  /** Lines of one Service's own chains: what makes them, and their rules. */
  own(service: number): { chains: string[]; rules: string[] };
  lines: string[];
}

/** Lines of kube-proxy's shape for iptables-restore. */
function dump(services: number, endpoints: number): Dump {
  const common = Array.from(
    { length: services },
    (_, s) =>
      `-A KUBE-SERVICES -m comment --comment "default/web-${s} cluster IP" -m tcp -p tcp -d ${address(s)} --dport 80 -j KUBE-SVC-${hash(s)}`,
  );
  const own = (s: number) => {
    const chains = [`:KUBE-SVC-${hash(s)} - [0:0]`];
    const rules = [
      `-A KUBE-SVC-${hash(s)} -m comment --comment "default/web-${s} cluster IP" -m tcp -p tcp -d ${address(s)} --dport 80 ! -s 10.200.0.0/16 -j KUBE-MARK-MASQ`,
    ];
    for (let e = 0; e < endpoints; e++) {
      const chain = `KUBE-SEP-${hash(s * 100 + e)}`;
      const at = `10.200.${s & 255}.${e + 1}`;
      const chance =
        e < endpoints - 1 ? `-m statistic --mode random --probability ${(1 / (endpoints - e)).toFixed(10)} ` : "";
      chains.push(`:${chain} - [0:0]`);
      rules.push(
        `-A KUBE-SVC-${hash(s)} -m comment --comment "default/web-${s} -> ${at}:80" ${chance}-j ${chain}`,
        `-A ${chain} -m comment --comment default/web-${s} -s ${at} -j KUBE-MARK-MASQ`,
        `-A ${chain} -m comment --comment default/web-${s} -m tcp -p tcp -j DNAT --to-destination ${at}:80`,
      );
    }
    return { chains, rules };
  };
  const all = Array.from({ length: services }, (_, s) => own(s));
  const lines = [
    "*nat",
    ":KUBE-SERVICES - [0:0]",
    ":KUBE-MARK-MASQ - [0:0]",
    ":KUBE-POSTROUTING - [0:0]",
    ...all.flatMap(({ chains }) => chains),
    "-A PREROUTING -j KUBE-SERVICES",
    "-A OUTPUT -j KUBE-SERVICES",
    "-A POSTROUTING -j KUBE-POSTROUTING",
    "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
    "-A KUBE-POSTROUTING -j MASQUERADE --random-fully",
    "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000",
    ...common,
    ...all.flatMap(({ rules }) => rules),
    "COMMIT",
  ];
  return { common, own, lines };
}

function load(ruleset: Ruleset, lines: readonly string[]): void {
  const { status, error } = restore(ruleset, lines, { noflush: true, trusted: true });
  if (status !== 0) throw new Error(error);
}

export const netfilterFigures: Figure[] = [
  {
    name: "iptables-restore of 5,000 Services x 10 endpoints",
    unit: "ms",
    limit: 700,
    measure: () => {
      const { lines } = dump(5000, 10);
      return median(5, () => cpuMs(() => load(new Ruleset(), lines)));
    },
  },
  {
    name: "iptables-restore of one endpoint among 5,000 Services",
    unit: "ms",
    limit: 2,
    measure: () => {
      const { lines, common, own } = dump(5000, 10);
      const ruleset = new Ruleset();
      load(ruleset, lines);
      const sync = (s: number) => {
        const { chains, rules } = own(s);
        const kept = rules.filter((line) => !line.includes(` ${chains.at(-1)!.slice(1, 26)}`));
        return ["*nat", ":KUBE-SERVICES - [0:0]", ...chains.slice(0, -1), ...common, ...kept, "COMMIT"];
      };
      load(ruleset, sync(0));
      return median(31, (run) => {
        const text = sync(run + 1);
        return cpuMs(() => load(ruleset, text));
      });
    },
  },
  {
    name: "10,000 packet walks through 1,000 Services",
    unit: "ms",
    limit: 1000,
    measure: () => {
      const network = new Network(new Kernel({ seed: 1, epochMs: 0 }));
      const node = network.namespace("node");
      const device = { name: "eth0", mac: "", up: true, mtu: 1500 };
      node.addInterface({ ...device, addresses: ["192.168.0.1/24"] });
      const pod = network.namespace("pod", node);
      pod.addInterface({ ...device, addresses: ["10.200.9.9/24"] });
      node.netfilter = new Ruleset();
      load(node.netfilter, dump(1000, 3).lines);
      return median(5, () =>
        cpuMs(() => {
          for (let i = 0; i < 10_000; i++) {
            const path = pathOf(network, pod, "tcp", address((i * 7919) % 1000), 80);
            if (!path?.address.startsWith("10.200.")) throw new Error("a walk that led nowhere");
          }
        }),
      );
    },
  },
];
