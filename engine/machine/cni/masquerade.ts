import { sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { encode } from "../../kernel/index.ts";
import { Ruleset, restore } from "../../netfilter/index.ts";
import type { NetNamespace } from "../../network/index.ts";
import type { HostPorts } from "./portmap.ts";

/**
 * Rules that give what leaves a container's network the machine's address (pkg/ip/ipmasq_linux.go of
 * containernetworking/plugins). They stay when the container ends: DEL is told of no namespace then.
 */
export function addMasquerade(
  net: NetNamespace,
  { network, sandboxId, address, subnet }: Omit<HostPorts, "ports">,
): void {
  net.netfilter ??= new Ruleset();
  const chain = `CNI-${bytesToHex(sha512(encode(network + sandboxId)))}`.slice(0, 28);
  const comment = `-m comment --comment "name: \\"${network}\\" id: \\"${sandboxId}\\""`;
  const known = net.netfilter.table("nat").chains.has(chain);
  const own = known
    ? []
    : [
        `:${chain} - [0:0]`,
        `-A ${chain} -d ${subnet} ${comment} -j ACCEPT`,
        `-A ${chain} ! -d 224.0.0.0/4 ${comment} -j MASQUERADE`,
      ];
  const lines = ["*nat", ...own, `-A POSTROUTING -s ${address}/32 ${comment} -j ${chain}`, "COMMIT"];
  restore(net.netfilter, lines, { noflush: true });
}
