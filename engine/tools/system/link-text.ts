import { hairpins } from "../../machine/base/sysfs-net.ts";
import type { Process } from "../../machine/process.ts";
import type { Interface } from "../../network/index.ts";
import { numbered, peerIndex, peerOf } from "../../network/links.ts";
import { ipv4Number, ipv4Text } from "../../text/ipv4.ts";
import { bridgeId, KINDS } from "./link-kinds.ts";

/** How ip(8) shows a device (ip/ipaddress.c print_linkinfo). */

export { numbered };

/** Kinds that others are asked for nothing on. */
const WITHOUT_ARP = ["dummy", "ifb", "vrf"];

export function flags(p: Process, one: Interface): string {
  // The dummy interface of kube-proxy's mode ipvs.
  if (one.name === "kube-ipvs0") return "BROADCAST,NOARP";
  const { flags: own = {}, up } = one;
  const silent = WITHOUT_ARP.includes(one.kind ?? "");
  const loop = isLoop(one);
  const near = one.peer?.startsWith(`${p.ns.net.name}/`) === true;
  const idle = up && !hasCarrier(p, one);
  return [
    [idle, "NO-CARRIER"],
    [loop, "LOOPBACK"],
    [!loop && one.kind !== "vrf", "BROADCAST"],
    [!loop && !silent && own.nomulticast !== true, "MULTICAST"],
    [one.kind === "vrf" || one.kind === "bond", "MASTER"],
    [silent || own.noarp === true, "NOARP"],
    [own.allmulti === true, "ALLMULTI"],
    [own.promisc === true, "PROMISC"],
    [up, "UP"],
    [up && !idle, "LOWER_UP"],
    [near && !peerOf({ ns: p.ns.net, device: one })?.device.up, "M-DOWN"],
  ]
    .filter(([is]) => is)
    .map(([, name]) => name)
    .join(",");
}

const isLoop = ({ name, mac, kind }: Interface): boolean =>
  name === "lo" || (kind === undefined && mac === "00:00:00:00:00:00");

export function state(p: Process, one: Interface): string {
  // Devices without a carrier of their own do not tell.
  const bare = one.kind === "bridge" && ![...p.ns.net.interfaces.values()].some(({ master }) => master === one.name);
  const virtual = ["dummy", "ifb", "vxlan"].includes(one.kind ?? "");
  const silent = isLoop(one) || virtual || bare || one.name.startsWith("flannel");
  if (!one.up) return "DOWN";
  if (silent) return "UNKNOWN";
  if (hasCarrier(p, one)) return "UP";
  return one.peer === undefined && one.link === undefined ? "DOWN" : "LOWERLAYERDOWN";
}

/** A pair has a carrier while its other end is up, a bridge while one of its ports has. */
function hasCarrier(p: Process, one: Interface): boolean {
  const { net } = p.ns;
  if (one.kind === "veth") return peerOf({ ns: net, device: one })?.device.up === true;
  if (one.link !== undefined && one.kind !== "vxlan") return net.interfaces.get(one.link)?.up === true;
  if (one.kind !== "bridge") return true;
  const ports = [...net.interfaces.values()].filter(({ master }) => master === one.name);
  return ports.length === 0 || ports.some((port) => port.up);
}

/** `eth0@if12` for a veth, whose other end lies elsewhere. */
export function shownName(p: Process, one: Interface): string {
  if (one.link !== undefined && one.kind !== "vxlan") return `${one.name}@${one.link}`;
  if (one.peer === undefined) return one.name;
  if (one.peer.startsWith(`${p.ns.net.name}/`)) return `${one.name}@${one.peer.slice(one.peer.lastIndexOf("/") + 1)}`;
  return `${one.name}@if${peerIndex(p.ns.net, one.peer)}`;
}

/** The discipline by which a device's packets wait. */
export function queueOf(one: Interface): string {
  const software = isLoop(one) || one.peer !== undefined || /^(cni|flannel|kube-|cilium)/.test(one.name);
  const made = one.kind !== undefined || isLoop(one);
  const used = one.kind === "ifb" ? "pfifo_fast" : "noqueue";
  const usual = made && !one.up ? "noop" : software || made ? used : one.up ? "fq_codel" : "noop";
  // Once it has been up, a device keeps its queue.
  return one.discipline?.kind ?? one.queued ?? usual;
}

/** How many packets may wait on a device. */
export const queueLength = (one: Interface): number => one.queue ?? KINDS[one.kind ?? ""]?.queue ?? 1000;

/** What a listing shows besides. */
export interface Shown {
  /** ` mode DEFAULT` of links. */
  mode?: string;
  details?: boolean;
  /** How often `-s` was said. */
  statistics?: number;
}

export function linkLines(p: Process, index: number, one: Interface, shown: Shown = {}): string[] {
  const { mode = "", details = false, statistics = 0 } = shown;
  const kind = isLoop(one) ? "loopback" : "ether";
  const queue = queueOf(one);
  const plain = one.peer === undefined || one.kind !== undefined;
  const longest = queueLength(one);
  const length = plain && !one.name.startsWith("flannel") && longest > 0 ? ` qlen ${longest}` : "";
  const broadcast = isLoop(one) ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff";
  const netns = one.peer === undefined ? "" : linkSpace(p, one.peer);
  const master = one.master === undefined ? "" : ` master ${one.master}`;
  if (p.applet) {
    return [
      `${index}: ${shownName(p, one)}: <${flags(p, one)}${one.peer === undefined ? "" : ",M-DOWN"}> mtu ${one.mtu} qdisc ${queue} ${length.trim()}`,
      `    link/${kind} ${one.mac} brd ${broadcast}`,
    ];
  }
  return [
    `${index}: ${shownName(p, one)}: <${flags(p, one)}> mtu ${one.mtu} qdisc ${queue}${master} state ${state(p, one)}${mode} group ${one.group ? one.group : "default"}${length}`,
    `    link/${kind} ${one.mac} brd ${broadcast}${netns}${details ? linkDetails(p, one) : ""}`,
    ...(one.alias ? [`    alias ${one.alias}`] : []),
    ...(statistics > 0 ? counters(one, statistics) : []),
  ];
}

/** What a device has received and sent; errors by their kinds when asked for twice. */
function counters({ received, sent }: Interface, level: number): string[] {
  const figures = (counted: { bytes: number; packets: number } | undefined) => [
    counted?.bytes ?? 0,
    counted?.packets ?? 0,
    ...[0, 0, 0, 0],
  ];
  const [rx, tx] = [figures(received), figures(sent)];
  // Columns are as wide as the longest figure of both.
  const width = [10, 7, 6, 7, 7, 7].map((least, i) => Math.max(least, `${rx[i]}`.length, `${tx[i]}`.length));
  const row = (cells: readonly (string | number)[], from = 0) =>
    cells.map((cell, i) => `${cell}`.padStart(width[from + i]!)).join(" ");
  const head = (way: string, names: readonly string[]) =>
    `    ${way}: ${"bytes".padStart(width[0]! - 4)} ${row(names, 1)}${" ".repeat(11)}`;
  const errors = (way: string, names: readonly string[]) => [
    `    ${way} errors: ${row(names, 1)}`,
    `    ${" ".repeat(width[0]!)} ${row([0, 0, 0, 0, 0], 1)} `,
  ];
  return [
    head("RX", ["packets", "errors", "dropped", "missed", "mcast"]),
    `    ${row(rx)} `,
    ...(level > 1 ? errors("RX", ["length", "crc", "frame", "fifo", "overrun"]) : []),
    head("TX", ["packets", "errors", "dropped", "carrier", "collsns"]),
    `    ${row(tx)} `,
    ...(level > 1 ? errors("TX", ["aborted", "fifo", "window", "heartbt", "transns"]) : []),
  ];
}

/** What a device is to `type`. */
export function kindOf(one: Interface): string | undefined {
  if (one.kind !== undefined) return one.kind;
  if (one.peer !== undefined) return "veth";
  return /^cni|^docker|^br-/.test(one.name) ? "bridge" : one.name.startsWith("flannel") ? "vxlan" : undefined;
}

/** What `ip -d link` says besides of a device. */
function linkDetails(p: Process, one: Interface): string {
  const { name, peer, kind } = one;
  const virtual = isLoop(one) || kind === "dummy" || kind === "ifb";
  const pair = peer !== undefined && (kind === undefined || kind === "veth");
  const queues = pair ? p.machine.hardware.cpus : 1;
  const tail = `addrgenmode eui64 numtxqueues ${queues} numrxqueues ${queues} gso_max_size 65536 gso_max_segs 65535 tso_max_size ${isLoop(one) || pair ? 524_280 : 65_536} tso_max_segs 65535 gro_max_size 65536 `;
  const head = ` promiscuity ${one.flags?.promisc || isPort(p, one) ? 1 : 0}  allmulti ${one.flags?.allmulti || isPort(p, one) ? 1 : 0} minmtu ${virtual ? 0 : 68} maxmtu ${virtual ? 0 : 65_535} `;
  if (name.startsWith("flannel") && kind === undefined) {
    const local = p.ns.net.firstAddress();
    return `${head}\n    vxlan id 1 local ${local} dev eth0 srcport 0 0 dstport 8472 nolearning ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx ${tail}`;
  }
  const shown = kindOf(one);
  const port = bridgePort(p, one);
  if (shown === undefined) return head + port + tail;
  return `${head}\n    ${shown} ${KINDS[shown]?.details(detailed(p, one), one) ?? ""}${port}${tail}`;
}

/** What comes to a bridge's port is for anybody. */
const isPort = (p: Process, { master = "" }: Interface): boolean => {
  const bridge = p.ns.net.interfaces.get(master);
  return bridge !== undefined && kindOf(bridge) === "bridge";
};

/** What a bridge keeps of its port (iplink_bridge_slave.c); ports are numbered as they came. */
function bridgePort(p: Process, one: Interface): string {
  const { interfaces } = p.ns.net;
  const bridge = interfaces.get(one.master ?? "");
  if (bridge === undefined || kindOf(bridge) !== "bridge") return "";
  const ports = numbered(p.ns.net).filter(([, { master }]) => master === bridge.name);
  const number = ports.findIndex(([, port]) => port === one) + 1;
  const id = bridgeId(bridge.settings?.["priority"] ?? "32768", bridge.mac);
  const state = one.up ? "forwarding" : "disabled";
  const hairpin = hairpins(one) ? "on" : "off";
  const hex = (value: number) => `0x${value.toString(16)}`;
  return (
    `\n    bridge_slave state ${state} priority 32 cost 2 hairpin ${hairpin} guard off root_block off fastleave off learning on flood on ` +
    `port_id ${hex(0x8000 + number)} port_no ${hex(number)} designated_port ${0x8000 + number} designated_cost 0 designated_bridge ${id} ` +
    `designated_root ${id} hold_timer    0.00 message_age_timer    0.00 forward_delay_timer    0.00 topology_change_ack 0 config_pending 0 ` +
    "proxy_arp off proxy_arp_wifi off mcast_router 1 mcast_fast_leave off mcast_flood on bcast_flood on mcast_to_unicast off " +
    "neigh_suppress off group_fwd_mask 0 group_fwd_mask_str 0x0 vlan_tunnel off isolated off locked off "
  );
}

/** A bridge without ports has no address to be known by. */
function detailed(p: Process, one: Interface): Record<string, string> {
  const bare = one.kind === "bridge" && ![...p.ns.net.interfaces.values()].some(({ master }) => master === one.name);
  return { ...one.settings, ...(bare && { bare: "" }) };
}

/** Where the other end of a pair is, by the name of its namespace where that has one here. */
function linkSpace(p: Process, peer: string): string {
  const { net } = p.ns;
  const space = peer.slice(0, peer.lastIndexOf("/"));
  if (space === net.name) return "";
  if (p.ns.mnt === p.machine.ns.mnt)
    for (const [name, one] of net.host.spaces) if (one.name === space) return ` link-netns ${name}`;
  return " link-netnsid 0";
}

export function broadcast(cidr: string): string {
  const [text = "", length = "32"] = cidr.split("/");
  const bits = Number(length);
  if (bits >= 31) return "";
  const number = ipv4Number(text);
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  return ` brd ${ipv4Text(((number & mask) | ~mask) >>> 0)}`;
}
