import type { MapItem, WalkChain, WalkEnd, WalkPicture, WalkRequest } from "../../../../engine/index.ts";
import type { TextKey } from "../../i18n.ts";

/** Words for how a walk ends. */
export const ENDS: Record<WalkEnd, TextKey> = {
  arrived: "packetArrived",
  closed: "packetClosed",
  rejected: "packetRejected",
  dropped: "packetDropped",
  unreachable: "packetUnreachable",
  lost: "packetLost",
};

/** Where a connection can start: Pods with an address, and machines. */
export function startsOf(items: ReadonlyMap<string, MapItem>): { machines: string[]; pods: string[] } {
  const machines: string[] = [];
  const pods: string[] = [];
  for (const item of items.values()) {
    if (item.kind === "machine") machines.push(item.key);
    else if (item.kind === "pod" && item.address !== "") pods.push(item.key);
  }
  // A learner's own Pods first.
  const rank = (key: string) => (key.startsWith("pod/kube-") ? 1 : 0);
  pods.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return { machines, pods };
}

/** Destinations to choose from: Services and Pods, by address and name. */
export function destinationsOf(items: ReadonlyMap<string, MapItem>): { value: string; label: string; port: number }[] {
  const out: { value: string; label: string; port: number }[] = [];
  for (const item of items.values()) {
    if (item.kind === "service" && item.clusterIP !== "" && item.clusterIP !== "None")
      out.push({
        value: `${item.name}.${item.namespace}`,
        label: `Service ${item.clusterIP}`,
        port: item.ports[0]?.port ?? 80,
      });
  }
  for (const item of items.values())
    if (item.kind === "pod" && item.address !== "")
      out.push({ value: item.address, label: `Pod ${item.namespace}/${item.name}`, port: 80 });
  return out;
}

/** `web:8000` or `10.201.0.5:80` written into one field becomes destination and port. */
export function splitDestination({ to, port, ...rest }: WalkRequest): WalkRequest {
  const match = /^([^:]+):(\d{1,5})$/.exec(to.trim());
  return match ? { ...rest, to: match[1]!, port: Number(match[2]) } : { ...rest, to: to.trim(), port };
}

/** `default/client → web 10.201.12.36:8000/tcp`. */
export function walkTitle({ from, name, address, port, protocol }: WalkPicture): string {
  const to = protocol === "icmp" ? address : `${address}:${port}`;
  return `${from.name} → ${name ? `${name} ` : ""}${to}/${protocol}`;
}

/** `KUBE-SVC-ABC` of `… -j KUBE-SVC-ABC`, with what a target adds. */
export function targetOf(rule: string): string {
  return /(?:^| )-[jg] (.+)$/.exec(rule)?.[1] ?? rule;
}

/** The command that lists a chain, or shows a NetworkPolicy, as it is now. */
export function listCommand({ table, chain }: WalkChain): string {
  if (table !== POLICY_TABLE) return `sudo iptables -t ${table} -L ${chain} -n -v --line-numbers`;
  const [namespace, name] = chain.split("/");
  return `kubectl describe networkpolicy ${name} -n ${namespace}`;
}

/** The table under which NetworkPolicies stand among the chains. */
export const POLICY_TABLE = "policy";

export const hexMark = (mark: number): string => `0x${mark.toString(16)}`;
