import { SECOND } from "../../kernel/index.ts";
import { IpSet, Ruleset, restore } from "../../netfilter/index.ts";
import type { NetNamespace } from "../../network/index.ts";
import { type Ipvs, ipvsOf, type RealServer, realServer, serverKey, type VirtualServer } from "../../network/ipvs.ts";
import { inNetwork } from "../../text/ipv4.ts";
import type { ProxyConfig } from "./config.ts";
import {
  IPVS_JUMPS,
  IPVS_SETS,
  type IpvsPlan,
  ipvsPlan,
  ipvsRestoreLines,
  type SetName,
  schedulerFlags,
} from "./ipvs-rules.ts";
import { missingJumps } from "./jumps.ts";
import type { Proxier } from "./proxier.ts";

/** The dummy interface that makes Service addresses the node's own. */
const DEVICE = "kube-ipvs0";
/** µs between two looks at real servers that are to go (rsCheckDeleteInterval). */
const LOOK = 60 * SECOND;

const placeOf = ({ address, port }: { address: string; port: number }): string => `${address}:${port}`;

/** Mode ipvs on one node: virtual servers, the dummy interface, sets and the few rules that ask them. */
export class IpvsNode {
  private readonly net: NetNamespace;
  private readonly proxier: Proxier;
  private readonly config: ProxyConfig;
  private readonly onFailure: (message: string) => void;
  private readonly since: number;
  /** The first sync since kube-proxy started. */
  private first = true;
  /** Real servers without an endpoint whose connections have not ended. */
  private readonly leaving = new Map<RealServer, VirtualServer>();
  private looking: ReturnType<NetNamespace["network"]["kernel"]["after"]> | undefined;

  constructor(net: NetNamespace, proxier: Proxier, config: ProxyConfig, onFailure: (message: string) => void) {
    this.net = net;
    this.proxier = proxier;
    this.config = config;
    this.onFailure = onFailure;
    this.since = net.network.kernel.now;
  }

  /** A sync has come to its end: what the Services need stands from now on. */
  synced(): void {
    const { net } = this;
    const addresses: string[] = [];
    for (const { name, addresses: own } of net.interfaces.values()) {
      if (name !== DEVICE && name !== "lo") for (const cidr of own) addresses.push(cidr.replace(/\/.*/, ""));
    }
    const { name, address } = this.proxier.node;
    const nodePorts = this.config.frame.nodePortAddresses;
    const plan = ipvsPlan(this.proxier.programmed(), { name, address, addresses, nodePorts }, inNetwork);
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
      const flags = schedulerFlags(scheduler);
      let service = ipvs.services.get(key);
      if (service === undefined) {
        service = { protocol, address, port, scheduler, flags, persistent, servers: [] };
        ipvs.services.set(key, service);
      } else Object.assign(service, { scheduler, flags, persistent });
      this.serveBy(ipvs, service, endpoints);
    }
    for (const [key, { address }] of ipvs.services) {
      if (!wanted.has(key) && !excludeCIDRs.some((range) => inNetwork(range, address))) ipvs.services.delete(key);
    }
    this.first = false;
  }

  private serveBy(ipvs: Ipvs, service: VirtualServer, endpoints: readonly { address: string; port: number }[]): void {
    const known = new Map(service.servers.map((server) => [placeOf(server), server]));
    const wanted = new Set<string>();
    for (const { address, port } of endpoints) {
      const place = placeOf({ address, port });
      wanted.add(place);
      const server = known.get(place);
      if (server === undefined) service.servers.unshift(realServer(address, port));
      // What somebody gave another weight keeps it, until kube-proxy starts anew or had given it up itself.
      else if (this.first || this.leaving.has(server)) server.weight = 1;
      else continue;
      if (server !== undefined) this.leaving.delete(server);
      ipvs.changed(service);
    }
    for (const [place, server] of known) {
      if (wanted.has(place) || this.leaving.has(server) || this.dismiss(ipvs, service, server)) continue;
      server.weight = 0;
      ipvs.changed(service);
      this.leaving.set(server, service);
    }
    if (this.leaving.size > 0) this.lookLater(ipvs);
  }

  /** Takes a real server away unless TCP connections of it go on, or are remembered. */
  private dismiss(ipvs: Ipvs, service: VirtualServer, server: RealServer): boolean {
    const { active, inactive } = ipvs.connections(service, server, this.net.network.kernel.now);
    if (service.protocol === "tcp" && active + inactive > 0) return false;
    ipvs.changed(service, server);
    service.servers = service.servers.filter((one) => one !== server);
    return true;
  }

  /** Those that still had connections are looked at again every minute (graceful_termination.go). */
  private lookLater(ipvs: Ipvs): void {
    if (this.looking !== undefined) return;
    const { kernel } = this.net.network;
    this.looking = kernel.after(LOOK - ((kernel.now - this.since) % LOOK), "ipvs graceful termination", () => {
      this.looking = undefined;
      for (const [server, service] of this.leaving) {
        const gone = ipvs.services.get(serverKey(service)) !== service || !service.servers.includes(server);
        if (gone || this.dismiss(ipvs, service, server)) this.leaving.delete(server);
      }
      if (this.leaving.size > 0) this.lookLater(ipvs);
    });
  }

  /** kube-proxy ends: who waits to be taken away stays, with weight 0. */
  stop(): void {
    if (this.looking !== undefined) this.net.network.kernel.cancel(this.looking);
  }

  private fill({ sets }: IpvsPlan, ruleset: Ruleset): void {
    for (const [name, entries] of sets) {
      let set = ruleset.sets.get(name);
      if (set === undefined) {
        const { type } = IPVS_SETS[name as SetName];
        const seed = this.net.network.kernel.random(`ipset ${this.net.name}`).int(0, 0x7fff_ffff);
        set = new IpSet(
          name,
          type,
          type === "bitmap:port"
            ? { range: [0, 65_535] }
            : { family: "inet", hashsize: 1024, maxelem: 65_536, initval: seed },
        );
        set.index = ruleset.sets.size;
        ruleset.sets.set(name, set);
      }
      for (const text of set.entries.keys()) if (!entries.has(text)) set.remove(text);
      for (const text of entries) if (!set.entries.has(text)) set.put({ text });
    }
  }
}
