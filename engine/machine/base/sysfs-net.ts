import { peerIndex } from "../../network/links.ts";
import type { Interface, NetNamespace } from "../../network/namespace.ts";
import { ComputedContent, type DirNode, dirNode, fileNode, type Inode, symlinkNode } from "../inode.ts";

/** /sys/class/net and what it leads to: a folder a device, with its place on a bridge, and a bridge's own figures. */

const folder = (load: () => Map<string, Inode>): DirNode => dirNode({ mode: 0o555 }, load);

function line(text: () => string | number, mode = 0o444): Inode {
  return fileNode(new ComputedContent(() => `${text()}\n`), { mode });
}

/** The devices of one kind of place: those that hang on hardware, and all others. */
export function netDevices(net: () => NetNamespace, inContainer: boolean, virtual: boolean): DirNode {
  const out = folder(() => {
    const found = new Map<string, Inode>();
    for (const [i, one] of [...net().interfaces.values()].entries())
      if (isVirtual(one, inContainer) === virtual)
        found.set(
          one.name,
          folder(() => deviceFiles(net(), one, i + 1)),
        );
    return found;
  });
  out.volatile = true;
  return out;
}

/** Where a machine's network card hangs. */
export const CARD = "pci0000:00/0000:00:01.0/virtio0";

/** The links of /sys/class/net. */
export function netLinks(net: () => NetNamespace, inContainer: boolean): DirNode {
  const out = folder(() => {
    const found = new Map<string, Inode>();
    for (const one of net().interfaces.values()) {
      const place = isVirtual(one, inContainer) ? "virtual" : CARD;
      found.set(one.name, symlinkNode(`../../devices/${place}/net/${one.name}`));
    }
    return found;
  });
  out.volatile = true;
  return out;
}

/** A container's devices are all made; of a machine's, the card is the one that nobody made. */
function isVirtual({ name, kind, peer }: Interface, inContainer: boolean): boolean {
  return inContainer || kind !== undefined || peer !== undefined || !/^(eth|en)/.test(name);
}

function deviceFiles(net: NetNamespace, one: Interface, place: number): Map<string, Inode> {
  const { name, mac, mtu, up, master } = one;
  const index = one.index ?? place;
  const out = new Map<string, Inode>([
    ["addr_len", line(() => 6)],
    ["address", line(() => mac)],
    ["broadcast", line(() => (name === "lo" ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff"))],
    ["carrier", line(() => (up ? 1 : 0), 0o644)],
    ["dev_id", line(() => "0x0")],
    ["dormant", line(() => 0)],
    ["ifalias", line(() => one.alias ?? "", 0o644)],
    ["ifindex", line(() => index)],
    // Of a pair, the number of the other end: so a Pod's device is found among its node's.
    ["iflink", line(() => (one.peer === undefined ? index : peerIndex(net, one.peer)))],
    ["mtu", line(() => mtu, 0o644)],
    ["operstate", line(() => (name === "lo" ? "unknown" : up ? "up" : "down"))],
    ["speed", line(() => (one.peer === undefined ? -1 : 10_000))],
    ["statistics", folder(() => statistics(one))],
    ["tx_queue_len", line(() => one.queue ?? 1000, 0o644)],
    ["type", line(() => (name === "lo" ? 772 : 1))],
  ]);
  if (isBridge(one)) {
    out.set(
      "bridge",
      folder(() => bridgeFiles(one)),
    );
    out.set(
      "brif",
      folder(() => bridgePorts(net, one)),
    );
  }
  if (master !== undefined && isBridge(net.interfaces.get(master))) {
    out.set(
      "brport",
      folder(() => portFiles(one)),
    );
    out.set("master", symlinkNode(`../${master}`));
  }
  return out;
}

/** Bridges that container networks make have no kind of their own. */
const isBridge = (one: Interface | undefined): boolean =>
  one !== undefined && (one.kind === "bridge" || (one.kind === undefined && /^(cni|docker|br-)/.test(one.name)));

function bridgeFiles({ mac, settings = {} }: Interface): Map<string, Inode> {
  const id = () => `${Number(settings["priority"] ?? 32_768).toString(16)}.${mac.replaceAll(":", "")}`;
  const set = (name: string, usual: string) => line(() => settings[name] ?? usual, 0o644);
  return new Map<string, Inode>([
    ["ageing_time", set("ageing_time", "30000")],
    ["bridge_id", line(id)],
    ["forward_delay", set("forward_delay", "1500")],
    ["hello_time", set("hello_time", "200")],
    ["max_age", set("max_age", "2000")],
    ["multicast_snooping", set("mcast_snooping", "1")],
    ["nf_call_arptables", line(() => 0, 0o644)],
    ["nf_call_ip6tables", line(() => 0, 0o644)],
    ["nf_call_iptables", set("nf_call_iptables", "0")],
    ["priority", set("priority", "32768")],
    ["root_id", line(id)],
    ["stp_state", set("stp_state", "0")],
    ["vlan_filtering", set("vlan_filtering", "0")],
  ]);
}

function bridgePorts(net: NetNamespace, { name }: Interface): Map<string, Inode> {
  const out = new Map<string, Inode>();
  for (const port of net.interfaces.values())
    if (port.master === name) out.set(port.name, symlinkNode(`../../${port.name}/brport`));
  return out;
}

/** The bridge plugin has its ports send back what came in by them, which a Pod that reaches itself by a Service needs. */
export const hairpins = ({ kind, peer }: Interface): boolean => kind === undefined && peer !== undefined;

function portFiles(one: Interface): Map<string, Inode> {
  return new Map<string, Inode>([
    ["hairpin_mode", line(() => (hairpins(one) ? 1 : 0), 0o644)],
    ["isolated", line(() => 0, 0o644)],
    ["learning", line(() => 1, 0o644)],
    ["multicast_flood", line(() => 1, 0o644)],
    ["path_cost", line(() => 2, 0o644)],
    ["priority", line(() => 32, 0o644)],
    ["state", line(() => (one.up ? 3 : 0))],
    ["unicast_flood", line(() => 1, 0o644)],
  ]);
}

function statistics({ received, sent }: Interface): Map<string, Inode> {
  return new Map([
    ["rx_bytes", line(() => received?.bytes ?? 0)],
    ["rx_packets", line(() => received?.packets ?? 0)],
    ["rx_errors", line(() => 0)],
    ["rx_dropped", line(() => 0)],
    ["tx_bytes", line(() => sent?.bytes ?? 0)],
    ["tx_packets", line(() => sent?.packets ?? 0)],
    ["tx_errors", line(() => 0)],
    ["tx_dropped", line(() => 0)],
  ]);
}
