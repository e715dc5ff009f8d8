import { decode, type RandomStream } from "../../kernel/index.ts";
import type { NetNamespace } from "../../network/index.ts";
import { ipv4Number, ipv4Text } from "../../text/ipv4.ts";
import { entriesOf, type Inode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import { putFile, removeEntry, sharedDir } from "../runtime/files.ts";
import { hostView } from "../runtime/host-view.ts";
import type { PortMapping } from "../runtime/types.ts";
import * as sys from "../sys.ts";
import { addMasquerade } from "./masquerade.ts";
import { addHostPorts, type HostPorts, removeHostPorts } from "./portmap.ts";

const CONF_DIR = "/etc/cni/net.d";
const SUBNET_ENV = "/run/flannel/subnet.env";
const BRIDGE = "cni0";
/** What calico-node leaves when it runs. */
const NODENAME = "/var/lib/calico/nodename";
/** The gateway of Pods that are routed to, which every machine answers for. */
const LINK_LOCAL = "169.254.1.1";

/** A failed plugin, in the words that end up in the event FailedCreatePodSandBox. */
export class CniError extends Error {}

interface Plugin {
  type?: string;
  bridge?: string;
  mtu?: number;
  ipMasq?: boolean;
  ipam?: { subnet?: string; ranges?: { subnet?: string }[][] };
}

type NetConf = { name?: string; plugins?: Plugin[] } & Plugin;

interface Conf {
  name: string;
  type: string;
  subnet: string;
  bridge: string;
  mtu: number;
  masquerade: boolean;
}

interface Attachment {
  ns: NetNamespace;
  address: string;
  veth: string;
  network: string;
  hostPorts: HostPorts | undefined;
}

/**
 * The container network of a machine: reads the configuration that a network add-on installed, gives each Pod an
 * address of the node's range (host-local), a veth pair on the bridge and a default route.
 */
export class Cni {
  private readonly machine: Machine;
  private readonly random: RandomStream;
  /** By sandbox id. */
  private readonly attached = new Map<string, Attachment>();

  constructor(machine: Machine) {
    this.machine = machine;
    this.random = machine.kernel.random(`cni ${machine.hostname}`);
  }

  /** Undefined when a network is configured; else what the runtime reports for NetworkReady=false. */
  notReady(): string | undefined {
    return this.confFile() === undefined ? "Network plugin returns error: cni plugin not initialized" : undefined;
  }

  /** The text of the configuration in force; undefined when there is none. */
  confText(): string | undefined {
    const file = this.confFile();
    return file === undefined ? undefined : sys.readText(hostView(this.machine), file);
  }

  /** ADD: addresses of the Pod. Throws CniError. */
  add(sandboxId: string, ns: NetNamespace, ports: readonly PortMapping[] = []): string[] {
    const file = this.confFile();
    if (file === undefined) throw new CniError("cni plugin not initialized");
    const addresses = this.attach(sandboxId, ns, ports, file);
    // The file is named by the first five groups; the namespace's own name has a number besides.
    const space = spaceName(ns);
    this.machine.net.spaces.set(space, ns);
    putFile(this.machine, sharedDir(this.machine, "/run/netns"), space, "", 0o444);
    return addresses;
  }

  /** ADD with the network that a file configures, for a namespace that has no name. Throws CniError. */
  attach(sandboxId: string, ns: NetNamespace, ports: readonly PortMapping[], file: string): string[] {
    const conf = this.readConf(sandboxId, file);
    const { address, prefix, gateway } = this.allocate(conf, sandboxId);
    const routed = conf.type === "calico";
    if (!routed) this.ensureBridge(conf, gateway, prefix);
    // A device's kind loads its module (rtnl-link-KIND).
    this.machine.modules.load("veth");
    const veth = routed ? `cali${this.random.hex(11)}` : `veth${this.random.hex(8)}`;
    ns.addInterface({
      name: "eth0",
      mac: this.mac(),
      addresses: [`${address}/${prefix}`],
      up: true,
      mtu: conf.mtu,
      peer: `${this.machine.hostname}/${veth}`,
    });
    ns.routes.push(
      { destination: "default", via: gateway, device: "eth0" },
      { destination: routed ? gateway : networkOf(gateway, prefix), device: "eth0", source: address },
    );
    if (routed) this.machine.net.routes.push({ destination: address, device: veth });
    this.machine.net.addInterface({
      name: veth,
      mac: this.mac(),
      addresses: [],
      up: true,
      mtu: conf.mtu,
      peer: `${ns.name}/eth0`,
      ...(conf.bridge && { master: conf.bridge }),
    });
    if (conf.masquerade)
      addMasquerade(this.machine.net, { network: conf.name, sandboxId, address, subnet: networkOf(gateway, prefix) });
    const hostPorts =
      ports.length === 0
        ? undefined
        : { network: conf.name, sandboxId, address, subnet: routed ? conf.subnet : networkOf(gateway, prefix), ports };
    if (hostPorts !== undefined) addHostPorts(this.machine.net, hostPorts);
    this.attached.set(sandboxId, { ns, address, veth, network: conf.name, hostPorts });
    return [address];
  }

  /** DEL: gives the address back. Harmless when nothing was added. */
  del(sandboxId: string): void {
    const found = this.attached.get(sandboxId);
    if (found === undefined) return;
    this.attached.delete(sandboxId);
    if (found.hostPorts !== undefined) removeHostPorts(this.machine.net, found.hostPorts);
    for (const link of found.ns.interfaces.values()) {
      if (link.name === "lo") continue;
      for (const cidr of [...link.addresses]) found.ns.removeAddress(link.name, cidr);
    }
    found.ns.interfaces.delete("eth0");
    const space = spaceName(found.ns);
    this.machine.net.spaces.delete(space);
    removeEntry(this.machine, sharedDir(this.machine, "/run/netns"), space);
    found.ns.routes.length = 0;
    this.machine.net.interfaces.delete(found.veth);
    const { routes } = this.machine.net;
    const own = routes.findIndex(({ device }) => device === found.veth);
    if (own >= 0) routes.splice(own, 1);
    removeEntry(this.machine, sharedDir(this.machine, `/var/lib/cni/networks/${found.network}`), found.address);
  }

  /** What a directory of configurations was last found to hold. */
  private seen: { dir: Inode; at: number; size: number; file: string | undefined } | undefined;

  private confFile(): string | undefined {
    // Asked often: a walk by hand costs less than a path resolution that fails.
    let dir: Inode | undefined = this.machine.root;
    for (const name of ["etc", "cni", "net.d"]) dir = dir?.kind === "dir" ? entriesOf(dir).get(name) : undefined;
    if (dir?.kind === "symlink") dir = sys.find(hostView(this.machine), CONF_DIR);
    if (dir?.kind !== "dir") return undefined;
    const entries = entriesOf(dir);
    const { seen } = this;
    if (seen?.dir === dir && seen.at === dir.mtime && seen.size === entries.size) return seen.file;
    let name: string | undefined;
    for (const file of entries.keys()) {
      if (!file.endsWith(".conf") && !file.endsWith(".conflist") && !file.endsWith(".json")) continue;
      if (name === undefined || file < name) name = file;
    }
    const file = name === undefined ? undefined : `${CONF_DIR}/${name}`;
    // Of this very instant more may come.
    this.seen = dir.mtime === this.machine.kernel.now ? undefined : { dir, at: dir.mtime, size: entries.size, file };
    return file;
  }

  private readConf(sandboxId: string, file: string): Conf {
    const parsed = this.parse(file);
    const plugin = parsed.plugins?.[0] ?? parsed;
    const type = plugin.type ?? "bridge";
    const name = parsed.name ?? "cbr0";
    if (type === "calico")
      return { name, type, subnet: this.block(sandboxId), bridge: "", mtu: 1480, masquerade: false };
    if (type !== "flannel") {
      const subnet = plugin.ipam?.subnet ?? plugin.ipam?.ranges?.[0]?.[0]?.subnet;
      if (subnet === undefined) throw pluginError(sandboxId, type, "no IP ranges specified");
      return {
        name,
        type,
        subnet,
        bridge: plugin.bridge ?? BRIDGE,
        mtu: plugin.mtu ?? 1500,
        masquerade: plugin.ipMasq ?? false,
      };
    }
    const env = sys.find(hostView(this.machine), SUBNET_ENV);
    if (env?.kind !== "file") {
      throw pluginError(
        sandboxId,
        type,
        `failed to load flannel 'subnet.env' file: open ${SUBNET_ENV}: no such file or directory. Check the flannel pod log for this node.`,
      );
    }
    const bytes = env.content.bytes();
    if (this.subnetEnv?.bytes !== bytes) this.subnetEnv = { bytes, ...parseSubnetEnv(decode(bytes)) };
    const { subnet, mtu } = this.subnetEnv;
    if (subnet === undefined) throw pluginError(sandboxId, type, "loadFlannelSubnetEnv failed: missing FLANNEL_SUBNET");
    return { name, type, subnet, bridge: BRIDGE, mtu, masquerade: false };
  }

  /** The block that calico-node holds for the machine. */
  private block(sandboxId: string): string {
    const { net } = this.machine;
    const member = net.network.overlay.get(net);
    if (
      sys.find(hostView(this.machine), NODENAME)?.kind !== "file" ||
      !/^(tunl0|vxlan\.calico)$/.test(member?.device ?? "")
    ) {
      throw pluginError(
        sandboxId,
        "calico",
        `stat ${NODENAME}: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/`,
      );
    }
    return member!.subnet;
  }

  /** flannel's subnet.env, as long as it has the same bytes. */
  private subnetEnv: { bytes: Uint8Array; subnet: string | undefined; mtu: number } | undefined;

  private parsed: { bytes: Uint8Array; conf: NetConf } | undefined;

  /** The file's JSON, kept as long as it has the same bytes. */
  private parse(file: string): NetConf {
    try {
      const bytes = sys.readBytes(hostView(this.machine), file);
      if (this.parsed?.bytes !== bytes) this.parsed = { bytes, conf: JSON.parse(decode(bytes)) };
      return this.parsed.conf;
    } catch {
      throw new CniError("cni plugin not initialized");
    }
  }

  /** host-local: the next address after the last one given, first come round when the range is used up. */
  private allocate(conf: Conf, sandboxId: string): { address: string; prefix: number; gateway: string } {
    const [base, bits] = conf.subnet.split("/") as [string, string];
    const prefix = Number(bits);
    const size = 2 ** (32 - prefix);
    const network = Math.floor(ipv4Number(base) / size) * size;
    const gateway = ipv4Text(network + 1);
    const dir = sharedDir(this.machine, `/var/lib/cni/networks/${conf.name}`);
    const entries = entriesOf(dir);
    const lastFile = entries.get("last_reserved_ip.0");
    const last = lastFile?.kind === "file" ? ipv4Number(decode(lastFile.content.bytes())) : network + 1;
    const first = network + 2;
    const count = size - 3;
    for (let step = 1; step <= count; step++) {
      const candidate = first + ((last - first + step + count) % count);
      const address = ipv4Text(candidate);
      if (entries.has(address)) continue;
      putFile(this.machine, dir, address, `${sandboxId}\r\neth0`);
      putFile(this.machine, dir, "last_reserved_ip.0", address);
      return conf.type === "calico" ? { address, prefix: 32, gateway: LINK_LOCAL } : { address, prefix, gateway };
    }
    throw pluginError(
      sandboxId,
      conf.type,
      `failed to allocate for range 0: no IP addresses available in range set: ${ipv4Text(network + 1)}-${ipv4Text(network + size - 2)}`,
    );
  }

  private ensureBridge(conf: Conf, gateway: string, prefix: number): void {
    const { net } = this.machine;
    if (net.interfaces.has(conf.bridge)) return;
    net.addInterface({
      name: conf.bridge,
      mac: this.mac(),
      addresses: [`${gateway}/${prefix}`],
      up: true,
      mtu: conf.mtu,
    });
    net.routes.push({ destination: networkOf(gateway, prefix), device: conf.bridge, source: gateway });
  }

  private mac(): string {
    const hex = this.random.hex(10);
    let mac = ["02", "0a", "4e", "86", "ca"][this.random.int(0, 4)]!;
    for (let i = 0; i < 10; i += 2) mac += `:${hex.slice(i, i + 2)}`;
    return mac;
  }
}

function parseSubnetEnv(text: string): { subnet: string | undefined; mtu: number } {
  const subnet = /^FLANNEL_SUBNET=(\S+)$/m.exec(text)?.[1];
  return { subnet, mtu: Number(/^FLANNEL_MTU=(\d+)$/m.exec(text)?.[1] ?? 1450) };
}

function pluginError(sandboxId: string, type: string, message: string): CniError {
  return new CniError(
    `failed to setup network for sandbox "${sandboxId}": plugin type="${type}" failed (add): ${message}`,
  );
}

function networkOf(address: string, prefix: number): string {
  const size = 2 ** (32 - prefix);
  return `${ipv4Text(Math.floor(ipv4Number(address) / size) * size)}/${prefix}`;
}

/** The name below /run/netns of a sandbox's network. */
export const spaceName = (ns: NetNamespace): string => ns.name.replace(/-\d+$/, "");
