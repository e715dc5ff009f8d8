import type { Beat, BeatRequests, HttpHandler } from "../api/http.ts";
import type { Gen, Pipe, RandomStream } from "../kernel/index.ts";
import type { Counted, Ruleset } from "../netfilter/index.ts";
import type { Connection } from "./connection.ts";
import { NetError } from "./error.ts";
import type { Discipline } from "./netem.ts";
import type { Network } from "./network.ts";
import type { Path } from "./path.ts";
import type { PolicyQuestion, PolicyVerdict } from "./policy.ts";
import type { RoutingRule } from "./policy-routing.ts";

/** One end of a TCP connection as bytes. */
export interface Socket {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Bytes from the other side. */
  readonly input: Pipe;
  /** Bytes to the other side. */
  readonly output: Pipe;
  close(): void;
}

/** Something that answers on a port. At least one of `http`, `accept` and `datagram` is there. */
export interface Listener {
  readonly protocol: "tcp" | "udp";
  /** `0.0.0.0` for all addresses of the namespace. */
  readonly address: string;
  readonly port: number;
  /** Process name for ss and logs. */
  readonly program: string;
  readonly pid?: number | undefined;
  /** Speaks TLS: plain HTTP clients are told so. */
  readonly tls?: boolean;
  /** Its certificate is signed by an authority that every machine trusts. */
  readonly publicAuthority?: boolean;
  /** Server certificate PEM, made when asked for; `name`: the host that the client says it wants (SNI). */
  readonly certificate?: (name?: string) => string;
  readonly http?: HttpHandler;
  /** The beat of a Lease that is kept here. */
  readonly beat?: (requests: BeatRequests) => Beat | undefined;
  /** Versions of TLS that it speaks; 1.2 and 1.3 when absent. */
  readonly tlsVersions?: readonly string[];
  /** Whose TLS it is: OpenSSL's, or Go's when absent; and whether HTTP/1.1 is all that it agrees to. */
  readonly library?: "openssl";
  readonly http1?: boolean;
  /** It asks clients for a certificate. */
  readonly asksCertificate?: boolean;
  /** Answers plain HTTP on its TLS port; a Go server's words when absent. */
  readonly plain?: HttpHandler;
  /** What a load balancer's health check of it finds; always well when absent. */
  readonly healthy?: () => boolean;
  /**
   * Whether a plain GET of a path would be answered with success now; given only where answering leaves no trace, so
   * that a kubelet's probe that goes on succeeding need not be carried out.
   */
  readonly well?: (path: string) => boolean;
  /**
   * It hands connections on: opens the one that a client's is joined to (a TCP load balancer). `name`: the host that
   * the client says it wants (SNI). undefined: it serves this one itself. Throws NetError.
   */
  readonly proxy?: (name?: string) => Gen<Connection | undefined>;
  /** Whether it leaves an open connection to that server alone. */
  readonly keeps?: (onward: Connection) => boolean;
  /** A byte stream was opened; runs as a task of its own. */
  readonly accept?: (socket: Socket) => Gen<void>;
  /** A datagram and its answer, if any. */
  readonly datagram?: (payload: Uint8Array, from: { address: string; port: number }) => Gen<Uint8Array | undefined>;
}

export interface Interface {
  name: string;
  mac: string;
  /** CIDR form, e.g. `10.200.1.5/24`. */
  addresses: string[];
  up: boolean;
  mtu: number;
  /** Other end of a veth pair: `namespace/interface`. */
  peer?: string;
  /** The bridge that it is a port of. */
  master?: string;
  /** What somebody made it as; undefined for devices that came with the machine or its Pods. */
  kind?: string;
  index?: number;
  /** The device that it lies on: of a VLAN, or a macvlan. */
  link?: string;
  /** What its kind was told. */
  settings?: Record<string, string>;
  flags?: { promisc?: boolean; allmulti?: boolean; noarp?: boolean; nomulticast?: boolean };
  alias?: string;
  group?: number;
  /** How many packets may wait (txqueuelen), and the discipline that it was given. */
  queue?: number;
  queued?: string;
  /** The discipline that somebody gave it with tc(8). */
  discipline?: Discipline;
  /** Features that somebody has switched (ethtool -K). */
  features?: ReadonlyMap<string, boolean>;
  /** Its hardware address was asked for, not made up. */
  named?: boolean;
  /** What somebody has said of its addresses, by their CIDR form. */
  facts?: Map<string, AddressFacts>;
  /** Packets of new connections, and of the answers to them. */
  received?: Counted;
  sent?: Counted;
}

/** What `ip address add` may say of an address. */
export interface AddressFacts {
  broadcast?: string;
  label?: string;
  scope?: string;
  /** The other end of a line; the CIDR form's length is that of its network. */
  peer?: string;
}

export interface Route {
  /** CIDR, or `default`. */
  destination: string;
  via?: string;
  device: string;
  /** Preferred source address. */
  source?: string;
  /** Of routes to the same place, the one with the least is taken: they stand in that order. */
  metric?: number;
  /** Packets go nowhere by it. */
  type?: "blackhole" | "unreachable" | "prohibit" | "throw";
  /** Who made it, and how far it leads, where somebody has said so. */
  protocol?: string;
  scope?: string;
  onlink?: boolean;
  /** Figures of its packets, e.g. `mtu`: a number, behind `lock` if nobody may change it. */
  metrics?: Readonly<Record<string, string>>;
}

const FORWARDING = "net.ipv4.ip_forward";

/** Interfaces, routes and listening sockets that a set of processes shares: a machine's, or a Pod's. */
export class NetNamespace {
  readonly name: string;
  readonly network: Network;
  /** The machine it lives on; itself for a machine's own. */
  readonly host: NetNamespace;
  readonly interfaces = new Map<string, Interface>();
  /** The main table. */
  readonly routes: Route[] = [];
  /** Tables besides it, by number. */
  readonly tables = new Map<number, Route[]>();
  /** Rules of policy routing by priority, once somebody has changed them. */
  rules: RoutingRule[] | undefined;
  /** Of a machine: the namespaces that have a name there (/run/netns). */
  readonly spaces = new Map<string, NetNamespace>();
  /** The handle that a discipline was given last (tc). */
  lastHandle: number | undefined;
  /** The number of its youngest device, once somebody has made one by hand. */
  lastIndex: number | undefined;
  /** The Pod that the runtime made it for (what a CNI plug-in is told as K8S_POD_NAMESPACE and K8S_POD_NAME). */
  pod: { readonly namespace: string; readonly name: string } | undefined;
  /** Made by somebody with `ip netns add`. */
  handmade = false;
  /** By port; those of UDP below zero. */
  private readonly listeners = new Map<number, Listener[]>();
  /**
   * A balancer in the kernel besides the rules (ipvs): where a packet goes, by its own destination and sender.
   * `refused` when no server is behind it, undefined when it is no address of the balancer's; `source` when it puts
   * another address in the sender's place, `dropped` when the server that a sender had is gone. `rehearsal`: lots for a
   * choice that nobody shall remember. `clientPort`: where a sender of datagrams has perhaps sent from before.
   */
  translate:
    | ((
        protocol: string,
        address: string,
        port: number,
        client?: string,
        rehearsal?: RandomStream,
        mark?: number,
        clientPort?: number,
      ) => { address: string; port: number; source?: string } | "refused" | "dropped" | undefined)
    | undefined;
  /** Of a machine: whether a connection to or from one of its Pods is let through. Undefined: all are. */
  policy: ((question: PolicyQuestion) => PolicyVerdict) | undefined;
  /** Grows when an address of its own comes or goes. */
  moves = 0;
  /** Kernel settings (`net.…`) that were changed here, by their names; whoever changes one says so with `set`. */
  readonly settings = new Map<string, string>();
  private ruleset: Ruleset | undefined;
  /** Takes lines that LOG rules write. */
  kernelLog: ((line: string) => void) | undefined;
  /** What `pathOf` found out, by address and port. */
  readonly paths = new Map<string, Map<number, Path>>();
  private ephemeral = 32_768;

  constructor(network: Network, name: string, host?: NetNamespace) {
    this.network = network;
    this.name = name;
    this.host = host ?? this;
    this.interfaces.set("lo", {
      name: "lo",
      mac: "00:00:00:00:00:00",
      addresses: ["127.0.0.1/8"],
      up: true,
      mtu: 65_536,
    });
  }

  /** Its netfilter rules; undefined until somebody writes some. */
  get netfilter(): Ruleset | undefined {
    return this.ruleset;
  }

  set netfilter(ruleset: Ruleset | undefined) {
    this.ruleset = ruleset;
    if (ruleset !== undefined) ruleset.conntrack.settings = this.settings;
    this.network.changes++;
  }

  /** Changes a kernel setting. */
  set(name: string, value: string): void {
    this.settings.set(name, value);
    if (name === FORWARDING) this.network.changes++;
  }

  /** Whether packets for others pass through it. */
  get forwards(): boolean {
    return this.settings.get(FORWARDING) !== "0";
  }

  /** Adds an interface; its addresses become reachable for others. */
  addInterface(added: Interface): void {
    this.interfaces.set(added.name, added);
    for (const cidr of added.addresses) this.network.claim(withoutPrefix(cidr), this);
  }

  addAddress(device: string, cidr: string): void {
    const found = this.interfaces.get(device);
    if (found === undefined) throw new NetError("EADDRNOTAVAIL");
    found.addresses.push(cidr);
    this.network.claim(withoutPrefix(cidr), this);
  }

  removeAddress(device: string, cidr: string): void {
    const found = this.interfaces.get(device);
    if (found === undefined || !found.addresses.includes(cidr)) return;
    found.addresses.splice(found.addresses.indexOf(cidr), 1);
    this.network.release(withoutPrefix(cidr), this);
  }

  /** The address that connections come from unless a route says otherwise. */
  firstAddress(): string {
    for (const { name, addresses } of this.interfaces.values()) {
      const [cidr] = addresses;
      if (name !== "lo" && cidr !== undefined) return withoutPrefix(cidr);
    }
    return "127.0.0.1";
  }

  /** All own addresses without prefix length, loopback last. */
  addresses(): string[] {
    const out: string[] = [];
    for (const { name, addresses } of this.interfaces.values()) {
      if (name !== "lo") for (const cidr of addresses) out.push(withoutPrefix(cidr));
    }
    return [...out, "127.0.0.1"];
  }

  owns(address: string): boolean {
    if (address.startsWith("127.")) return true;
    for (const { addresses } of this.interfaces.values()) {
      for (const cidr of addresses) {
        if (cidr.startsWith(address) && cidr[address.length] === "/") return true;
      }
    }
    return false;
  }

  /** Throws EADDRINUSE when something else has the address and port. The returned function closes it. */
  listen(listener: Listener): () => void {
    const key = slot(listener.protocol, listener.port);
    const there = this.listeners.get(key) ?? [];
    for (const other of there) {
      if (other.address === listener.address || other.address === "0.0.0.0" || listener.address === "0.0.0.0") {
        throw new NetError("EADDRINUSE");
      }
    }
    this.listeners.set(key, [...there, listener]);
    this.network.listenings++;
    return () => {
      this.network.listenings++;
      this.network.closed.add(listener);
      const rest = (this.listeners.get(key) ?? []).filter((other) => other !== listener);
      if (rest.length === 0) this.listeners.delete(key);
      else this.listeners.set(key, rest);
    };
  }

  /** Who answers for that address and port here. */
  listenerFor(protocol: string, address: string, port: number): Listener | undefined {
    const there = this.listeners.get(slot(protocol, port));
    if (there === undefined) return undefined;
    for (const one of there) if (one.address === "0.0.0.0" || one.address === address) return one;
    return undefined;
  }

  /** Every listening socket, for ss. */
  listening(): Listener[] {
    return [...this.listeners.values()].flat();
  }

  /** The port that `ephemeralPort` will give next. */
  nextPort(): number {
    return this.ephemeral >= 60_999 ? 32_769 : this.ephemeral + 1;
  }

  ephemeralPort(): number {
    if (++this.ephemeral > 60_999) this.ephemeral = 32_768;
    return this.ephemeral;
  }
}

function slot(protocol: string, port: number): number {
  return protocol === "tcp" ? port : -1 - port;
}

/** `10.200.1.5` of `10.200.1.5/24`. */
function withoutPrefix(cidr: string): string {
  const slash = cidr.indexOf("/");
  return slash < 0 ? cidr : cidr.slice(0, slash);
}
