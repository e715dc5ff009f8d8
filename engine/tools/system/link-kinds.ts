import type { Interface, NetNamespace } from "../../network/index.ts";
import { ipv4Number } from "../../text/ipv4.ts";

/** Kinds of devices that `ip link add` makes: their own words, and what `ip -d link` tells of them (ip/iplink_*.c). */

/** Ends a command: what is said, and the exit status. */
export class LinkError extends Error {
  readonly status: number;
  /** It is a usage that goes to standard output. */
  readonly usage: boolean;

  constructor(message: string, status: number, usage = false) {
    super(message);
    this.status = status;
    this.usage = usage;
  }
}

export const incomplete = () => new LinkError('Command line is not complete. Try option "help"', 255);
export const refused = (why: string) => new LinkError(`RTNETLINK answers: ${why}`, 2);
const badKernel = (why: string) => new LinkError(`Error: ${why}`, 2);
export const badArgument = (word: string, why: string) =>
  new LinkError(`Error: argument "${word}" is wrong: ${why}`, 255);

type Settings = Record<string, string>;

/** How the words of a kind are read. */
export interface Kind {
  /** Begins the names of devices that nobody gave one. */
  stem?: string;
  /** Words with a value, and how they are judged. */
  words: Readonly<Record<string, (value: string, net: NetNamespace) => string>>;
  /** Words without one. */
  flags?: readonly string[];
  /** It needs another device below it. */
  below?: boolean;
  /** What is said to who leaves things out. */
  warning?: (settings: Settings) => string | undefined;
  /** What else stands in the way of it. */
  check?: (settings: Settings, net: NetNamespace, link: string | undefined) => void;
  /** Of `-d`: what stands behind the kind's name. */
  details: (settings: Settings, one: Interface) => string;
  mtu?: number;
  queue?: number;
}

const unsigned =
  (why: string, most = 0xffff_ffff) =>
  (value: string): string => {
    if (!/^(0x[0-9a-f]+|\d+)$/i.test(value) || Number(value) > most) throw badArgument(value, why);
    return `${Number(value)}`;
  };
const address = (value: string): string => {
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(value) && value.split(".").every((part) => Number(part) < 256)) return value;
  throw new LinkError(`Error: any valid address is expected rather than "${value}".`, 1);
};
const any = (value: string): string => value;
const oneOf =
  (option: string, names: readonly string[]) =>
  (value: string): string => {
    if (names.includes(value)) return value;
    const quoted = names.map((name) => `"${name}"`);
    const list = `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
    throw new LinkError(`Error: argument of "${option}" must be ${list}, not "${value}"`, 1);
  };

/** A bridge's own figures in the order that they are shown in, with what the kernel begins with. */
const BRIDGE: readonly (readonly [name: string, value: string])[] = [
  ["forward_delay", "1500"],
  ["hello_time", "200"],
  ["max_age", "2000"],
  ["ageing_time", "30000"],
  ["stp_state", "0"],
  ["priority", "32768"],
  ["vlan_filtering", "0"],
];
const BRIDGE_REST =
  "root_port 0 root_path_cost 0 topology_change 0 topology_change_detected 0 hello_timer    0.00 tcn_timer    0.00 topology_change_timer    0.00 gc_timer    0.00";
const BRIDGE_MULTICAST =
  "mcast_router 1 mcast_query_use_ifaddr 0 mcast_querier 0 mcast_hash_elasticity 16 mcast_hash_max 4096 mcast_last_member_count 2 mcast_startup_query_count 2 mcast_last_member_interval 100 mcast_membership_interval 26000 mcast_querier_interval 25500 mcast_query_interval 12500 mcast_query_response_interval 1000 mcast_startup_query_interval 3124 mcast_stats_enabled 0 mcast_igmp_version 2 mcast_mld_version 1 nf_call_iptables 0 nf_call_ip6tables 0 nf_call_arptables 0";

/** `8000.2:42:ac:11:0:1`: a bridge's priority and its address without zeros in front. */
export function bridgeId(priority: string, mac: string): string {
  const short = mac
    .split(":")
    .map((byte) => Number.parseInt(byte, 16).toString(16))
    .join(":");
  return `${Number(priority).toString(16).padStart(4, "0")}.${short}`;
}

export const KINDS: Readonly<Record<string, Kind>> = {
  veth: { words: {}, details: () => "" },
  dummy: { words: {}, details: () => "" },
  ifb: { words: {}, queue: 32, details: () => "" },
  bridge: {
    words: {
      ...Object.fromEntries(BRIDGE.map(([name]) => [name, unsigned(`invalid ${name}`)])),
      group_fwd_mask: unsigned("invalid group_fwd_mask"),
      mcast_snooping: unsigned("invalid mcast_snooping"),
      vlan_default_pvid: unsigned("invalid default pvid"),
      nf_call_iptables: unsigned("invalid nf_call_iptables"),
    },
    details: (settings, { mac }) => {
      const value = (name: string, first: string) => settings[name] ?? first;
      const id = bridgeId(value("priority", "32768"), settings["bare"] === undefined ? mac : "0:0:0:0:0:0");
      return `${BRIDGE.map(([name, first]) => `${name} ${value(name, first)}`).join(" ")} bridge_id ${id} designated_root ${id} ${BRIDGE_REST} group_fwd_mask ${value("group_fwd_mask", "0")} group_address 01:80:c2:00:00:00 mcast_snooping ${value("mcast_snooping", "1")} no_linklocal_learn 0 mcast_vlan_snooping 0 ${BRIDGE_MULTICAST} `;
    },
  },
  vlan: {
    below: true,
    words: {
      id: unsigned("id is invalid", 65_535),
      protocol: any,
      reorder_hdr: any,
      gvrp: any,
      mvrp: any,
      loose_binding: any,
      bridge_binding: any,
    },
    check: (settings, _net, link) => {
      if (link === undefined) throw badKernel("VLAN id not specified."); // net/8021q/vlan_netlink.c
      if (settings["id"] === undefined) throw badKernel("VLAN properties not specified.");
      if (Number(settings["id"]) > 4094) throw badKernel("Invalid VLAN id.");
    },
    details: ({ id, protocol = "802.1Q" }) => `protocol ${protocol} id ${id} <REORDER_HDR> `,
  },
  vxlan: {
    stem: "vxlan",
    words: {
      id: unsigned("invalid id", 0xff_ffff),
      vni: unsigned("invalid id", 0xff_ffff),
      group: address,
      remote: address,
      local: address,
      dev: (value, net) => {
        if (!net.interfaces.has(value)) throw new LinkError(`Cannot find device "${value}"`, 255);
        return value;
      },
      ttl: any,
      tos: any,
      ageing: unsigned("ageing timer"),
      dstport: unsigned("dst port", 65_535),
      port: unsigned("dst port", 65_535),
    },
    flags: ["learning", "nolearning", "proxy", "noproxy", "external", "noexternal", "gbp", "udpcsum", "noudpcsum"],
    check: (settings, net) => {
      const id = settings["id"];
      if (id === undefined) throw badKernel("Required attributes not provided to perform the operation.");
      for (const { kind, settings: other } of net.interfaces.values()) {
        if (
          kind === "vxlan" &&
          other?.["id"] === id &&
          (other["dstport"] ?? "8472") === (settings["dstport"] ?? "8472")
        )
          throw new LinkError("Error: A VXLAN device with the specified VNI already exists.", 2);
      }
    },
    warning: ({ id, dstport }) =>
      id === undefined || dstport !== undefined
        ? undefined
        : "vxlan: destination port not specified\nWill use Linux kernel default (non-standard value)\nUse 'dstport 4789' to get the IANA assigned value\nUse 'dstport 0' to get default and quiet this message\n",
    details: (settings) => {
      const { id, remote, group, local, dev, ttl, ageing = "300" } = settings;
      const port = settings["dstport"] === undefined || settings["dstport"] === "0" ? "8472" : settings["dstport"];
      const words = [`id ${id}`];
      if (remote !== undefined || group !== undefined)
        words.push(isMulticast(group ?? remote!) ? `group ${group ?? remote}` : `remote ${remote ?? group}`);
      if (local !== undefined) words.push(`local ${local}`);
      if (dev !== undefined) words.push(`dev ${dev}`);
      words.push(`srcport 0 0 dstport ${port}`);
      if (settings["nolearning"] !== undefined) words.push("nolearning");
      words.push(`ttl ${ttl === undefined || ttl === "0" ? "auto" : ttl}`, `ageing ${ageing}`);
      words.push("udpcsum noudp6zerocsumtx noudp6zerocsumrx");
      return `${words.join(" ")} `;
    },
  },
  macvlan: {
    below: true,
    words: { mode: oneOf("mode", ["private", "vepa", "bridge", "passthru", "source"]), bcqueuelen: any },
    details: ({ mode = "vepa" }) => `mode ${mode} bcqueuelen 1000 usedbcqueuelen 1000 `,
  },
  ipvlan: {
    below: true,
    words: { mode: oneOf("mode", ["l2", "l3", "l3s"]) },
    flags: ["bridge", "private", "vepa"],
    details: ({ mode = "l3" }) => ` mode ${mode} bridge `,
  },
  vrf: {
    words: { table: unsigned("invalid table ID\n") },
    mtu: 65_575,
    check: (settings) => {
      if (settings["table"] === undefined) throw badKernel("VRF table id is missing.");
    },
    details: ({ table }) => `table ${table} `,
  },
};

const isMulticast = (text: string): boolean => ipv4Number(text) >>> 28 === 14;

/** Reads the words behind `type KIND`; throws `LinkError`. */
export function readKind(kind: string, words: readonly string[], net: NetNamespace): Settings {
  const out: Settings = {};
  const known = KINDS[kind];
  if (known === undefined) {
    if (words.length > 0) throw new LinkError(`Garbage instead of arguments "${words[0]} ...". Try "ip link help".`, 1);
    return out;
  }
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const judge = Object.hasOwn(known.words, word) ? known.words[word] : undefined;
    if (judge !== undefined) {
      const value = words[++i];
      if (value === undefined) throw incomplete();
      const name = word === "vni" ? "id" : word === "port" ? "dstport" : word;
      out[name] = judge(value, net);
    } else if (known.flags?.includes(word)) out[word] = "";
    else throw new LinkError(`${kind}: unknown command "${word}"?`, 1);
  }
  return out;
}
