import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Interface } from "../../network/index.ts";
import type { ParsedOptions } from "../options.ts";
import { tool, UsageError } from "../tool.ts";

const NO_DEVICE = "netlink error: no device matches name (offset 24)\nnetlink error: No such device\n";
const UNSUPPORTED = "netlink error: Operation not supported\n";

/** Features in the order of the kernel's names; those of a group are indented. `f`: off for good. */
const FEATURES = `
rx-checksumming on
tx-checksumming = tx-checksum-ip-generic
>tx-checksum-ipv4 f
>tx-checksum-ip-generic on
>tx-checksum-ipv6 f
>tx-checksum-fcoe-crc f
>tx-checksum-sctp on
scatter-gather = tx-scatter-gather
>tx-scatter-gather on
>tx-scatter-gather-fraglist on
tcp-segmentation-offload = tx-tcp-segmentation
>tx-tcp-segmentation on
>tx-tcp-ecn-segmentation on
>tx-tcp-mangleid-segmentation on
>tx-tcp6-segmentation on
generic-segmentation-offload on
generic-receive-offload off
large-receive-offload f
rx-vlan-offload on
tx-vlan-offload on
ntuple-filters f
receive-hashing f
highdma on
rx-vlan-filter f
vlan-challenged f
tx-lockless f
netns-local f
tx-gso-robust f
tx-fcoe-segmentation f
tx-gre-segmentation on
tx-gre-csum-segmentation on
tx-ipxip4-segmentation on
tx-ipxip6-segmentation on
tx-udp_tnl-segmentation on
tx-udp_tnl-csum-segmentation on
tx-gso-partial f
tx-tunnel-remcsum-segmentation f
tx-sctp-segmentation on
tx-esp-segmentation f
tx-udp-segmentation on
tx-gso-list on
fcoe-mtu f
tx-nocache-copy off
loopback f
rx-fcs f
rx-all f
tx-vlan-stag-hw-insert on
rx-vlan-stag-hw-parse on
rx-vlan-stag-filter f
l2-fwd-offload f
hw-tc-offload f
esp-hw-offload f
esp-tx-csum-hw-offload f
rx-udp_tunnel-port-offload f
tls-hw-tx-offload f
tls-hw-rx-offload f
rx-gro-hw f
tls-hw-record f
rx-gro-list off
macsec-hw-offload f
rx-udp-gro-forwarding off
hsr-tag-ins-offload f
hsr-tag-rm-offload f
hsr-fwd-offload f
hsr-dup-offload f`
  .trim()
  .split("\n");

/** Short names of groups (ethtool.8). */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  rx: ["rx-checksumming"],
  tx: ["tx-checksum-ip-generic", "tx-checksum-sctp"],
  sg: ["tx-scatter-gather", "tx-scatter-gather-fraglist"],
  tso: ["tx-tcp-segmentation", "tx-tcp-ecn-segmentation", "tx-tcp-mangleid-segmentation", "tx-tcp6-segmentation"],
  gso: ["generic-segmentation-offload"],
  gro: ["generic-receive-offload"],
  rxvlan: ["rx-vlan-offload"],
  txvlan: ["tx-vlan-offload"],
};
/** What a device does not do without checksums (netdev_fix_features). */
const NEEDS_CHECKSUM = [...GROUPS["tso"]!, "tx-udp-segmentation"];

/** Drivers receive in large pieces, pairs of devices do not unless told. */
const usual = (name: string, told: string, driver: string): boolean =>
  name === "generic-receive-offload" ? driver !== "veth" : told === "on";

interface Feature {
  name: string;
  fixed: boolean;
  on: boolean;
}

function featuresOf(device: Interface, driver: string): (Feature & { indent: boolean; of: string | undefined })[] {
  return FEATURES.map((line) => {
    const indent = line.startsWith(">");
    const [name = "", told = "", of] = line.replace(">", "").split(" ");
    const on = device.features?.get(of ?? name) ?? (of !== undefined || usual(name, told, driver));
    return { name, indent, of, fixed: told === "f", on: told !== "f" && on };
  });
}

/** Words behind -K: features and groups with what they shall be. */
function* change(p: Process, name: string, device: Interface, driver: string, words: readonly string[]): Gen<number> {
  const known = featuresOf(device, driver);
  const wanted = new Map<string, boolean>();
  for (let i = 0; i < words.length; i += 2) {
    const on = words[i + 1] === "on";
    if (!on && words[i + 1] !== "off") {
      yield* sys.printError(
        p,
        `ethtool (-K): flag '${words[i]}' for parameter 'features' is not followed by 'on' or 'off'\n`,
      );
      return 1;
    }
    for (const each of GROUPS[words[i]!] ?? [words[i]!]) {
      if (!known.some((one) => one.name === each)) {
        yield* sys.printError(
          p,
          "netlink error: bit name not found (offset 52)\nnetlink error: Operation not supported\n",
        );
        return 75;
      }
      wanted.set(each, on);
    }
  }
  const before = new Map(known.map((one) => [one.name, one.on]));
  const fixed = known.filter((one) => wanted.has(one.name) && one.fixed && wanted.get(one.name) !== one.on);
  if (fixed.length > 0) {
    yield* sys.printError(p, `Could not change any device features\n`);
    return 1;
  }
  const now = new Map(device.features ?? []);
  for (const [each, on] of wanted) now.set(each, on);
  const checksum = wanted.get("tx-checksum-ip-generic");
  if (checksum !== undefined) for (const each of NEEDS_CHECKSUM) now.set(each, wanted.get(each) ?? checksum);
  device.features = now;
  const after = featuresOf(device, driver).filter((one) => one.of === undefined && one.on !== before.get(one.name));
  const asked = after.filter((one) => wanted.has(one.name));
  const more = after.filter((one) => !wanted.has(one.name));
  if (more.length > 0) {
    const line = (one: Feature, note: string) => `${one.name}: ${one.on ? "on" : "off"}${note}\n`;
    const first = asked.filter((one) => one.name !== "tx-checksum-sctp");
    const last = asked.filter((one) => one.name === "tx-checksum-sctp");
    yield* sys.print(
      p,
      `Actual changes:\n${first.map((one) => line(one, "")).join("")}${more.map((one) => line(one, " [not requested]")).join("")}${last.map((one) => line(one, "")).join("")}`,
    );
  } else if (name === "") return 1;
  return 0;
}

function driverOf({ name, peer, kind }: Interface): string {
  if (name === "lo") return "";
  if (peer !== undefined || kind === "veth") return "veth";
  if (kind !== undefined) return kind;
  if (name.startsWith("flannel") || name.startsWith("vxlan")) return "vxlan";
  return name.startsWith("cni") || name.startsWith("br") ? "bridge" : "virtio_net";
}

/** What a device says of its link: pairs are ten gigabits, a virtio card says nothing. */
function settings(name: string, device: Interface, driver: string): string {
  const link = `\tLink detected: ${device.up ? "yes" : "no"}\n`;
  if (driver === "") return `Settings for ${name}:\n${link}`;
  const speed = driver === "virtio_net" || driver === "bridge" ? "Unknown!" : "10000Mb/s";
  const known = speed !== "Unknown!";
  return (
    `Settings for ${name}:\n\tSupported ports: [  ]\n\tSupported link modes:   Not reported\n\tSupported pause frame use: No\n\tSupports auto-negotiation: No\n\tSupported FEC modes: Not reported\n` +
    `\tAdvertised link modes:  Not reported\n\tAdvertised pause frame use: No\n\tAdvertised auto-negotiation: No\n\tAdvertised FEC modes: Not reported\n` +
    `\tSpeed: ${speed}\n\tDuplex: ${known ? "Full" : "Unknown! (255)"}\n\tAuto-negotiation: off\n\tPort: ${known ? "Twisted Pair" : "Other"}\n\tPHYAD: 0\n\tTransceiver: internal\n${known ? "\tMDI-X: Unknown\n" : ""}${link}`
  );
}

/** ethtool(8): what a device is and does. */
export const ethtool = tool(
  {
    name: "ethtool",
    usage: "[ FLAGS ] DEVNAME",
    about: "",
    version: "ethtool version 6.1",
    short: "+ikKSgcalP",
    long: "driver=i show-features=k show-offload=k features=K offload=K statistics=S show-ring=g show-coalesce=c show-pause=a show-channels=l show-permaddr=P",
    hint: "For more information run ethtool -h",
  },
  function* (t, o: ParsedOptions) {
    const [name, ...words] = o.operands;
    if (name === undefined) throw new UsageError("bad command line argument(s)");
    const { p } = t;
    const device = p.ns.net.interfaces.get(name);
    if (device === undefined) {
      yield* sys.printError(p, o.has("i") ? "Cannot get driver information: No such device\n" : NO_DEVICE);
      return o.has("i") ? 71 : 75;
    }
    const driver = driverOf(device);
    if (o.has("i")) {
      const version =
        driver === "virtio_net" ? "1.0.0" : driver === "vxlan" ? "0.1" : driver === "bridge" ? "2.3" : "1.0";
      t.out.add(
        `driver: ${driver}\nversion: ${version}\nfirmware-version: ${driver === "bridge" ? "N/A" : ""}\nexpansion-rom-version: \nbus-info: ${driver === "virtio_net" ? "0000:00:03.0" : driver === "bridge" ? "N/A" : ""}\nsupports-statistics: ${driver === "veth" || driver === "virtio_net" ? "yes" : "no"}\nsupports-test: no\nsupports-eeprom-access: no\nsupports-register-dump: no\nsupports-priv-flags: no\n`,
      );
    } else if (o.has("S")) {
      const peer = device.peer === undefined ? "" : "     peer_ifindex: 2\n";
      t.out.add(
        `NIC statistics:\n${peer}     rx_queue_0_packets: 0\n     rx_queue_0_bytes: 0\n     tx_queue_0_packets: 0\n     tx_queue_0_bytes: 0\n`,
      );
    } else if (o.has("k")) {
      const lines = featuresOf(device, driver).map(
        (one) => `${one.indent ? "\t" : ""}${one.name}: ${one.on ? "on" : "off"}${one.fixed ? " [fixed]" : ""}\n`,
      );
      t.out.add(`Features for ${name}:\n${lines.join("")}`);
    } else if (o.has("K")) return yield* change(p, name, device, driver, words);
    else if (o.has("P")) t.out.add(`Permanent address: ${device.mac}\n`);
    else if (o.has("g", "c", "a", "l") && driver !== "virtio_net") {
      yield* sys.printError(p, UNSUPPORTED);
      return 1;
    } else t.out.add(settings(name, device, driver));
    return 0;
  },
);
