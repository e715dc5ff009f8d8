import { IpSet, Ruleset, restore } from "../../netfilter/index.ts";
import type { NetNamespace } from "../../network/index.ts";
import { type Ipvs, ipvsOf, serverKey } from "../../network/ipvs.ts";
import { inNetwork } from "../../text/ipv4.ts";
import type { ProxyConfig } from "./config.ts";
import { IPVS_JUMPS, IPVS_SETS, type IpvsPlan, ipvsPlan, ipvsRestoreLines, type SetName } from "./ipvs-rules.ts";
import { missingJumps } from "./jumps.ts";
import type { Proxier } from "./proxier.ts";

/** The dummy interface that makes Service addresses the node's own. */
const DEVICE = "kube-ipvs0";

/** Mode ipvs on one node: virtual servers, the dummy interface, sets and the few rules that ask them. */
export class IpvsNode {
  private readonly net: NetNamespace;
  private readonly proxier: Proxier;
  private readonly config: ProxyConfig;
  private readonly onFailure: (message: string) => void;

  constructor(net: NetNamespace, proxier: Proxier, config: ProxyConfig, onFailure: (message: string) => void) {
    this.net = net;
    this.proxier = proxier;
    this.config = config;
    this.onFailure = onFailure;
  }

  /** A sync has come to its end: what the Services need stands from now on. */
  synced(): void {
    const { net } = this;
    const addresses: string[] = [];
    for (const { name, addresses: own } of net.interfaces.values()) {
      if (name !== DEVICE && name !== "lo") for (const cidr of own) addresses.push(cidr.replace(/\/.*/, ""));
    }
    const { name, address } = this.proxier.node;
    const plan = ipvsPlan(this.proxier.programmed(), { name, address, addresses }, inNetwork);
    this.bind(plan);
    this.serve(plan, ipvsOf(net));
    net.netfilter ??= new Ruleset();
    const ruleset = net.netfilter;
    this.fill(plan, ruleset);
    const jumps = missingJumps(ruleset, IPVS_JUMPS);
    for (const lines of [jumps, ipvsRestoreLines(plan, this.config.frame)]) {
      if (lines.length === 0) continue;
      const { status, error } = restore(ruleset, lines, { noflush: true, counters: true });
      if (status !== 0) this.onFailure(error);
    }
    ruleset.version++;
  }

  private bind({ addresses }: IpvsPlan): void {
    const { interfaces, network } = this.net;
    const cidrs = [...addresses].map((address) => `${address}/32`);
    const device = interfaces.get(DEVICE);
    // Every node has these addresses: nobody outside is told of them.
    if (device === undefined) {
      const random = network.kernel.random(`${DEVICE} ${this.net.name}`);
      const byte = () => random.int(0, 255).toString(16).padStart(2, "0");
      const mac = `${["02", "06", "0a", "0e"][random.int(0, 3)]}:${byte()}:${byte()}:${byte()}:${byte()}:${byte()}`;
      interfaces.set(DEVICE, { name: DEVICE, mac, addresses: cidrs, up: false, mtu: 1500 });
    } else device.addresses = cidrs;
    network.changes++;
  }

  private serve({ servers }: IpvsPlan, ipvs: Ipvs): void {
    const { scheduler, excludeCIDRs } = this.config.ipvs;
    const wanted = new Set<string>();
    for (const { protocol, address, port, persistent, endpoints } of servers) {
      const key = serverKey({ protocol, address, port });
      wanted.add(key);
      const before = ipvs.services.get(key);
      const known = new Map(before?.servers.map((server) => [`${server.address}:${server.port}`, server]));
      const real = endpoints.map(
        (endpoint) =>
          known.get(`${endpoint.address}:${endpoint.port}`) ?? {
            address: endpoint.address,
            port: endpoint.port,
            weight: 1,
            given: [],
            total: 0,
          },
      );
      ipvs.services.set(key, { protocol, address, port, scheduler, persistent, servers: real });
    }
    for (const [key, { address }] of ipvs.services) {
      if (!wanted.has(key) && !excludeCIDRs.some((range) => inNetwork(range, address))) ipvs.services.delete(key);
    }
  }

  private fill({ sets }: IpvsPlan, ruleset: Ruleset): void {
    for (const [name, entries] of sets) {
      let set = ruleset.sets.get(name);
      if (set === undefined) {
        const { type } = IPVS_SETS[name as SetName];
        const seed = this.net.network.kernel.random(`ipset ${this.net.name}`).int(0, 0x7fff_ffff);
        set = new IpSet(name, type, type === "bitmap:port" ? { range: [0, 65_535] } : {}, seed);
        ruleset.sets.set(name, set);
      }
      for (const text of set.entries.keys()) if (!entries.has(text)) set.entries.delete(text);
      for (const text of entries) {
        if (!set.entries.has(text)) set.entries.set(text, { text, until: undefined, comment: undefined });
      }
    }
  }
}
