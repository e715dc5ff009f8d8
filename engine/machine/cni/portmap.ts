import { sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { encode } from "../../kernel/index.ts";
import { Ruleset, restore } from "../../netfilter/index.ts";
import type { NetNamespace } from "../../network/index.ts";
import type { PortMapping } from "../runtime/types.ts";

const DNAT = "CNI-HOSTPORT-DNAT";
const SETMARK = "CNI-HOSTPORT-SETMARK";
const MASQ = "CNI-HOSTPORT-MASQ";
/** Bit of the packet mark that asks for masquerading. */
const MARK = "0x2000/0x2000";
/** Longest name of a chain that the plugins make. */
const LONGEST = 28;

/** A Pod's host ports as the portmap plugin is told of them. */
export interface HostPorts {
  /** Name of the network configuration, e.g. `cbr0`. */
  network: string;
  sandboxId: string;
  /** The Pod's address, and its network in CIDR form. */
  address: string;
  subnet: string;
  ports: readonly PortMapping[];
}

/** Name of a Pod's own chain (FormatChainName of containernetworking/plugins pkg/utils). */
function chainOf({ network, sandboxId }: HostPorts): string {
  return `CNI-DN-${bytesToHex(sha512(encode(network + sandboxId)))}`.slice(0, LONGEST);
}

/** Rules that lead a machine's ports into a Pod (plugins/meta/portmap/portmap_iptables.go). */
export function addHostPorts(net: NetNamespace, pod: HostPorts): void {
  net.netfilter ??= new Ruleset();
  const ruleset = net.netfilter;
  const { chains } = ruleset.table("nat");
  const own = chainOf(pod);
  const lines = ["*nat", `:${own} - [0:0]`];
  if (!chains.has(DNAT)) {
    lines.push(
      `:${DNAT} - [0:0]`,
      `:${SETMARK} - [0:0]`,
      `:${MASQ} - [0:0]`,
      `-A PREROUTING -m addrtype --dst-type LOCAL -j ${DNAT}`,
      `-A OUTPUT -m addrtype --dst-type LOCAL -j ${DNAT}`,
      `-A ${SETMARK} -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark ${MARK}`,
      `-I POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j ${MASQ}`,
      `-A ${MASQ} -m mark --mark ${MARK} -j MASQUERADE`,
    );
  }
  for (const entry of entryRules(pod, own)) lines.push(`-A ${entry}`);
  for (const { protocol, hostPort, containerPort, hostIP } of pod.ports) {
    const only = hostIP === undefined || hostIP === "0.0.0.0" ? "" : ` -d ${hostIP}`;
    const port = `-p ${protocol} --dport ${hostPort}${only}`;
    lines.push(
      `-A ${own} ${port} -s ${pod.subnet} -j ${SETMARK}`,
      `-A ${own} ${port} -s 127.0.0.1 -j ${SETMARK}`,
      `-A ${own} ${port} -j DNAT --to-destination ${pod.address}:${containerPort}`,
    );
  }
  restore(ruleset, [...lines, "COMMIT"], { noflush: true });
}

/** Takes a Pod's rules away. Nothing happens where somebody did so before. */
export function removeHostPorts(net: NetNamespace, pod: HostPorts): void {
  const ruleset = net.netfilter;
  const own = chainOf(pod);
  if (!ruleset?.table("nat").chains.has(own)) return;
  for (const entry of entryRules(pod, own)) restore(ruleset, ["*nat", `-D ${entry}`, "COMMIT"], { noflush: true });
  restore(ruleset, ["*nat", `-F ${own}`, `-X ${own}`, "COMMIT"], { noflush: true });
}

/** One rule a protocol that leads its ports to the Pod's chain. */
function entryRules({ network, sandboxId, ports }: HostPorts, own: string): string[] {
  return [...new Set(ports.map(({ protocol }) => protocol))].map((protocol) => {
    const numbers = ports.filter((port) => port.protocol === protocol).map(({ hostPort }) => hostPort);
    const comment = `dnat name: \\"${network}\\" id: \\"${sandboxId}\\"`;
    return `${DNAT} -m comment --comment "${comment}" -m multiport -p ${protocol} --destination-ports ${numbers.join(",")} -j ${own}`;
  });
}
