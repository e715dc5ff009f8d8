import { type Kernel, type KernelEvent, SECOND } from "../kernel/index.ts";
import { Ruleset, restore } from "../netfilter/index.ts";
import type { NetNamespace } from "../network/index.ts";

/** How often flanneld looks whether its rules stand (--iptables-resync). */
const RESYNC = 5 * SECOND;

/**
 * flanneld's chains (pkg/trafficmngr/iptables, v0.26): Pods' packets are forwarded, and masqueraded where they leave the
 * Pod network. Put back within five seconds when somebody removes them; the returned function ends that.
 */
export function flannelRules(kernel: Kernel, net: NetNamespace, cluster: string, own: string): () => void {
  return keepRules(kernel, net, "flanneld", rulesOf(cluster, own));
}

/** Keeps an agent's chains in place; the returned function ends that. */
export function keepRules(kernel: Kernel, net: NetNamespace, agent: string, wanted: readonly Wanted[]): () => void {
  net.netfilter ??= new Ruleset();
  const ruleset = net.netfilter;
  const sync = () => ruleset.defer(agent, () => write(ruleset, wanted));
  const started = kernel.now;
  let look: KernelEvent | undefined;
  const changed = () => {
    if (look !== undefined && !look.cancelled) return;
    look = kernel.after(RESYNC - ((kernel.now - started) % RESYNC), `${agent} iptables`, sync);
  };
  ruleset.watchers.add(changed);
  sync();
  return () => {
    ruleset.watchers.delete(changed);
    kernel.cancel(look);
  };
}

interface Wanted {
  table: "nat" | "filter";
  hook: string;
  chain: string;
  jump: string;
  rules: string[];
}

function rulesOf(cluster: string, own: string): Wanted[] {
  const masq = '-m comment --comment "flanneld masq" -j';
  const forward = '-m comment --comment "flanneld forward" -j';
  return [
    {
      table: "nat",
      hook: "POSTROUTING",
      chain: "FLANNEL-POSTRTG",
      jump: `${masq} FLANNEL-POSTRTG`,
      rules: [
        // What kube-proxy marked is masqueraded there.
        `-m mark --mark 0x4000/0x4000 ${masq} RETURN`,
        `-s ${own} -d ${cluster} ${masq} RETURN`,
        `-s ${cluster} -d ${own} ${masq} RETURN`,
        `! -s ${cluster} -d ${own} ${masq} RETURN`,
        `-s ${cluster} ! -d 224.0.0.0/4 ${masq} MASQUERADE --random-fully`,
        `! -s ${cluster} -d ${cluster} ${masq} MASQUERADE --random-fully`,
      ],
    },
    {
      table: "filter",
      hook: "FORWARD",
      chain: "FLANNEL-FWD",
      jump: `${forward} FLANNEL-FWD`,
      rules: [`-s ${cluster} ${forward} ACCEPT`, `-d ${cluster} ${forward} ACCEPT`],
    },
  ];
}

function write(ruleset: Ruleset, wanted: readonly Wanted[]): void {
  for (const { table, hook, chain, jump, rules } of wanted) {
    const { chains } = ruleset.table(table);
    const lines: string[] = [];
    if (chains.get(chain)?.rules.length !== rules.length) {
      lines.push(`:${chain} - [0:0]`, ...rules.map((rule) => `-A ${chain} ${rule}`));
    }
    if (!chains.get(hook)!.rules.some((rule) => rule.chain?.name === chain)) lines.push(`-A ${hook} ${jump}`);
    if (lines.length > 0) restore(ruleset, [`*${table}`, ...lines, "COMMIT"], { noflush: true });
  }
}
