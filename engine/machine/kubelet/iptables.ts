import { type Kernel, MINUTE } from "../../kernel/index.ts";
import { Canary, Ruleset, restore } from "../../netfilter/index.ts";
import type { NetNamespace } from "../../network/index.ts";

const FIREWALL = "KUBE-FIREWALL";
/** Tells other programs which of the two iptables this machine uses. */
const HINT = "KUBE-IPTABLES-HINT";

/**
 * The kubelet's own chains (pkg/kubelet/kubelet_network_linux.go): a hint, a canary, and a rule against packets that
 * come from outside for 127.0.0.1. Made at its start and after a flush, once somebody looks; the returned function ends
 * the watch.
 */
export function kubeletRules(kernel: Kernel, net: NetNamespace): () => void {
  net.netfilter ??= new Ruleset();
  const ruleset = net.netfilter;
  const sync = () =>
    ruleset.defer("kubelet", () => {
      const lines = [...canary.lines(ruleset), ...hint(ruleset), ...missing(ruleset)];
      if (lines.length > 0) restore(ruleset, lines, { noflush: true });
    });
  // Of IPv6 it has only the chains that are signs.
  const { six } = ruleset;
  six.defer("kubelet", () => restore(six, [...canary.lines(six), ...hint(six)], { noflush: true }));
  const canary = new Canary(kernel, "KUBE-KUBELET-CANARY", MINUTE, sync);
  canary.watch(ruleset);
  sync();
  return () => canary.stop();
}

function hint(ruleset: Ruleset): string[] {
  return ruleset.table("mangle").chains.has(HINT) ? [] : ["*mangle", `:${HINT} - [0:0]`, "COMMIT"];
}

function missing(ruleset: Ruleset): string[] {
  const out: string[] = [];
  const { chains } = ruleset.table("filter");
  const firewall = chains.get(FIREWALL);
  const lines: string[] = [];
  if (firewall === undefined) lines.push(`:${FIREWALL} - [0:0]`);
  if (firewall === undefined || firewall.rules.length === 0) {
    lines.push(
      `-A ${FIREWALL} -m comment --comment "block incoming localnet connections" --dst 127.0.0.0/8 ! --src 127.0.0.0/8 ` +
        "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
    );
  }
  for (const hook of ["OUTPUT", "INPUT"]) {
    if (!chains.get(hook)!.rules.some((rule) => rule.chain !== undefined && rule.chain === firewall)) {
      lines.push(`-I ${hook} -j ${FIREWALL}`);
    }
  }
  if (lines.length > 0) out.push("*filter", ...lines, "COMMIT");
  return out;
}
