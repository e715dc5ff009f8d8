import type { Conntrack } from "../../netfilter/index.ts";
import type { Programmed } from "./proxier.ts";

/**
 * Forgets connections over UDP whose Service sends nobody to their endpoint any longer: such a client would stay with an
 * address that answers no more, since a connection's first packet alone is asked about (pkg/proxy/conntrack/cleanup.go).
 * Nothing is done for a Service that has no endpoint left: its clients stay where they are until it has one.
 */
export function forgetStaleFlows(conntrack: Conntrack, programmed: Iterable<Programmed>, now: number): void {
  if (conntrack.hasNoDatagrams) return;
  const byAddress = new Map<string, ReadonlySet<string>>();
  const byNodePort = new Map<number, ReadonlySet<string>>();
  for (const { port, endpoints } of programmed) {
    if (port.protocol !== "udp") continue;
    const serving = new Set(endpoints.list.flatMap((each) => (each.serving ? [each.address] : [])));
    if (serving.size === 0) continue;
    for (const address of [port.clusterIP, ...port.externalIPs, ...port.loadBalancerIPs]) {
      byAddress.set(`${address}:${port.number}`, serving);
    }
    if (port.nodePort !== 0) byNodePort.set(port.nodePort, serving);
  }
  conntrack.delete(now, ({ protocol, original, reply }) => {
    if (protocol !== "udp") return false;
    const { destination, destinationPort } = original;
    return [byAddress.get(`${destination}:${destinationPort}`), byNodePort.get(destinationPort)].some(
      (serving) => serving !== undefined && !serving.has(reply.source),
    );
  });
}

/** Whether a sync was about a Service with a UDP port. */
export function concernsUdp(changes: Iterable<{ before: readonly Programmed[]; now: readonly Programmed[] }>): boolean {
  for (const { before, now } of changes) {
    if (before.some(({ port }) => port.protocol === "udp") || now.some(({ port }) => port.protocol === "udp"))
      return true;
  }
  return false;
}
