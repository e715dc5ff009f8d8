import type { Program } from "../../machine/process.ts";
import { conntrack } from "./conntrack.ts";
import { ipsetProgram } from "./ipset.ts";
import { iptablesProgram, iptablesRestore, iptablesSave } from "./iptables.ts";
import { ipvsadm, ipvsadmRestore, ipvsadmSave } from "./ipvsadm.ts";
import { nftProgram } from "./nft.ts";
import { iptablesTranslate } from "./translate.ts";
import { xtablesMonitor } from "./xtables-monitor.ts";

/** Programs that read and write a namespace's netfilter state, by name. */
export const netfilterPrograms: Record<string, Program> = {
  conntrack,
  ipset: ipsetProgram,
  ipvsadm,
  "ipvsadm-restore": ipvsadmRestore,
  "ipvsadm-save": ipvsadmSave,
  nft: nftProgram,
  "xtables-monitor": xtablesMonitor,
  iptables: iptablesProgram,
  "iptables-nft": iptablesProgram,
  "iptables-translate": iptablesTranslate,
  "iptables-save": iptablesSave,
  "iptables-nft-save": iptablesSave,
  "iptables-restore": iptablesRestore,
  "iptables-nft-restore": iptablesRestore,
  ip6tables: iptablesProgram,
  "ip6tables-save": iptablesSave,
  "ip6tables-restore": iptablesRestore,
};
