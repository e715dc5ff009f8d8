import type { Ruleset, TableName } from "../../netfilter/index.ts";
import type { NetNamespace } from "../../network/index.ts";
import { ipvsIn } from "../../network/ipvs.ts";
import { TABLE } from "./nft-rules.ts";

/** Chains of kube-proxy in iptables' tables, without the canary, which stays. */
const CHAIN =
  /^KUBE-(SERVICES|EXTERNAL-SERVICES|FORWARD|NODEPORTS|PROXY-FIREWALL|POSTROUTING|MARK-MASQ|LOAD-BALANCER|NODE-PORT|IPVS-FILTER|SOURCE-RANGES-FIREWALL|(SVC|SVL|EXT|FW|SEP)-\w+)$/;

/**
 * Takes away what a kube-proxy in another mode left: mode nftables the rules of iptables and ipvs, those two the table of
 * mode nftables. iptables and ipvs leave each other's alone (cmd/kube-proxy/app/server_linux.go platformCleanup).
 */
export function removeLeftovers(net: NetNamespace, mode: "iptables" | "ipvs" | "nftables"): void {
  const ruleset = net.netfilter;
  if (mode !== "nftables") {
    if (ruleset?.nft?.tables.delete(TABLE)) ruleset.version++;
    return;
  }
  if (ruleset !== undefined) {
    for (const table of ["nat", "filter"] as const) if (ruleset.tables.has(table)) clean(ruleset, table);
    for (const name of [...ruleset.sets.keys()]) if (name.startsWith("KUBE-")) ruleset.sets.delete(name);
    ruleset.version++;
  }
  ipvsIn(net)?.services.clear();
  if (net.interfaces.delete("kube-ipvs0")) net.network.changes++;
}

function clean(ruleset: Ruleset, name: TableName): void {
  const { chains } = ruleset.table(name);
  const own = [...chains.values()].filter((chain) => CHAIN.test(chain.name));
  const gone = new Set(own);
  for (const chain of chains.values()) {
    const stay = gone.has(chain) ? [] : chain.rules.filter((rule) => !rule.chain || !gone.has(rule.chain));
    for (const rule of chain.rules) if (!stay.includes(rule) && rule.chain) rule.chain.references--;
    chain.rules = stay;
  }
  for (const chain of own) {
    chains.delete(chain.name);
    chain.alive = false;
  }
}
