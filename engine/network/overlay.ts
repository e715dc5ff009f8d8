import type { NetNamespace } from "./namespace.ts";

/** A machine's part of a network that is laid over the machines' own: flannel's vxlan. */
export interface OverlayMember {
  /** The device that leads into it, e.g. `flannel.1`. */
  device: string;
  /** The machine's Pods, e.g. `10.200.3.0/24`. */
  subnet: string;
  /** The device's own address, and its Ethernet address. */
  address: string;
  mac: string;
}

/**
 * Makes a machine's device into the overlay, and the routes between it and the members there are
 * (flannel/pkg/backend/vxlan: one route and one permanent neighbour a peer).
 */
export function joinOverlay(ns: NetNamespace, member: OverlayMember, mtu: number): void {
  const { overlay } = ns.network;
  const { device, address, mac } = member;
  if (!ns.interfaces.has(device)) {
    ns.addInterface({ name: device, mac, addresses: [`${address}/32`], up: true, mtu });
  }
  overlay.set(ns, member);
  ns.network.tunnels.add(device);
  for (const [peer, other] of overlay) {
    if (peer === ns) continue;
    routeTo(ns, device, other);
    routeTo(peer, other.device, member);
  }
  ns.network.changes++;
}

function routeTo(ns: NetNamespace, device: string, { subnet, address }: OverlayMember): void {
  if (!ns.interfaces.has(device)) return;
  const old = ns.routes.findIndex(({ destination }) => destination === subnet);
  if (old >= 0) ns.routes.splice(old, 1);
  ns.routes.push({ destination: subnet, via: address, device });
}
