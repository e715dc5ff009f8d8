import type { RandomStream } from "../../kernel/index.ts";
import type { NetNamespace } from "../../network/index.ts";
import type { Endpoint } from "../kube-proxy/endpoints.ts";
import type { Programmed } from "../kube-proxy/proxier.ts";

export type FrontendType = "ClusterIP" | "NodePort" | "ExternalIPs" | "LoadBalancer";

/** One address of a Service in the maps of the eBPF programs. */
export interface Frontend {
  id: number;
  type: FrontendType;
  /** Upper case. */
  protocol: string;
  address: string;
  port: number;
  backends: { id: number; address: string; port: number }[];
  /** The client's address is kept. */
  keepsSource: boolean;
  affinitySeconds: number | undefined;
}

/** A frontend as a machine's maps had it from some time on. */
export interface FrontendState {
  machine: string;
  /** µs of virtual time. */
  at: number;
  id: number;
  type: FrontendType;
  protocol: string;
  address: string;
  port: number;
  /** `address:port`, in the order of their slots. */
  backends: readonly string[];
}

/** States that are kept of a cluster; the oldest go first. */
const MOST = 5_000;
const records = new WeakMap<object, FrontendState[]>();

/** Every state of frontends in the maps of a network's machines, in order of time. */
export function frontendStates(network: object): readonly FrontendState[] {
  return records.get(network) ?? [];
}

/** The load balancing maps of a node's Cilium agent, and their numbers: an id stays as long as what it stands for. */
export class LbMap {
  readonly frontends = new Map<string, Frontend>();
  private readonly backendIds = new Map<string, number>();
  private readonly clients = new Map<string, { backend: string; until: number }>();
  private lastFrontend = 0;
  private lastBackend = 0;
  private readonly net: NetNamespace;
  private readonly random: RandomStream;

  constructor(net: NetNamespace, random: RandomStream) {
    this.net = net;
    this.random = random;
  }

  /** Makes the maps say what the Services are now. `nodeAddress`: where node ports are. */
  update(programmed: Iterable<Programmed>, nodeAddress: string): void {
    const wanted = new Set<string>();
    for (const { port, choice } of programmed) {
      const cluster = port.internalLocal ? choice.local : choice.cluster;
      const outside = port.externalLocal ? choice.local : choice.cluster;
      const put = (type: FrontendType, address: string, number: number, endpoints: readonly Endpoint[]) => {
        const protocol = port.protocol.toUpperCase();
        const key = `${address}:${number}/${protocol}`;
        wanted.add(key);
        const before = this.frontends.get(key);
        const frontend: Frontend = {
          id: before?.id ?? ++this.lastFrontend,
          type,
          protocol,
          address,
          port: number,
          backends: endpoints.map((endpoint) => ({
            id: this.backendId(`${endpoint.text}/${protocol}`),
            address: endpoint.address,
            port: endpoint.port,
          })),
          keepsSource: type === "ClusterIP" || port.externalLocal,
          affinitySeconds: port.affinitySeconds,
        };
        this.frontends.set(key, frontend);
        this.note(frontend, before);
      };
      put("ClusterIP", port.clusterIP, port.number, cluster);
      for (const address of port.externalIPs) put("ExternalIPs", address, port.number, outside);
      for (const address of port.loadBalancerIPs) put("LoadBalancer", address, port.number, outside);
      if (port.nodePort !== 0) {
        put("NodePort", nodeAddress, port.nodePort, outside);
        put("NodePort", "0.0.0.0", port.nodePort, outside);
      }
    }
    for (const key of this.frontends.keys()) if (!wanted.has(key)) this.frontends.delete(key);
  }

  private note({ id, type, protocol, address, port, backends }: Frontend, before: Frontend | undefined): void {
    const texts = backends.map((one) => `${one.address}:${one.port}`);
    if (
      before?.backends.length === texts.length &&
      before.backends.every((one, i) => `${one.address}:${one.port}` === texts[i])
    ) {
      return;
    }
    const { network, name } = this.net;
    let states = records.get(network);
    if (states === undefined) records.set(network, (states = []));
    states.push({ machine: name, at: network.kernel.now, id, type, protocol, address, port, backends: texts });
    if (states.length > MOST) states.splice(0, states.length - MOST);
  }

  private backendId(key: string): number {
    let id = this.backendIds.get(key);
    if (id === undefined) this.backendIds.set(key, (id = ++this.lastBackend));
    return id;
  }

  /** Where a connection goes; `source` when the node puts its own address in the client's place. `rehearsal`: lots for a choice that is not remembered. */
  lookup(
    protocol: string,
    address: string,
    port: number,
    client: string | undefined,
    now: number,
    rehearsal?: RandomStream,
  ): { address: string; port: number; source?: string } | "refused" | undefined {
    const rest = `:${port}/${protocol.toUpperCase()}`;
    const frontend =
      this.frontends.get(address + rest) ?? (this.net.owns(address) ? this.frontends.get(`0.0.0.0${rest}`) : undefined);
    if (frontend === undefined) return undefined;
    if (frontend.backends.length === 0) return "refused";
    const key = `${frontend.id} ${client}`;
    const known = this.clients.get(key);
    const sticky = frontend.backends.find(
      (one) => known !== undefined && known.until > now && known.backend === `${one.address}:${one.port}`,
    );
    const backend = sticky ?? (rehearsal ?? this.random).pick(frontend.backends);
    if (frontend.affinitySeconds !== undefined && rehearsal === undefined) {
      const until = now + frontend.affinitySeconds * 1_000_000;
      this.clients.set(key, { backend: `${backend.address}:${backend.port}`, until });
    }
    const masked = !frontend.keepsSource && client !== undefined && !this.net.owns(client);
    return { address: backend.address, port: backend.port, ...(masked ? { source: this.net.firstAddress() } : {}) };
  }
}

const maps = new WeakMap<NetNamespace, LbMap>();

/** The maps of a machine; they outlive the agent. */
export function lbMapOf(net: NetNamespace): LbMap | undefined {
  return net.translate === undefined ? undefined : maps.get(net);
}

/** The maps of a machine, made and put to work when there are none. */
export function ensureLbMap(net: NetNamespace): LbMap {
  const found = lbMapOf(net);
  if (found !== undefined) return found;
  const { kernel } = net.network;
  const made = new LbMap(net, kernel.random(`cilium ${net.name}`));
  maps.set(net, made);
  net.translate = (protocol, address, port, client, rehearsal) =>
    made.lookup(protocol, address, port, client, kernel.now, rehearsal);
  return made;
}
